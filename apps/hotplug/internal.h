/*
 * apps/hotplug/internal.h - what the files of apps/hotplug share.
 */
#pragma once

#include "apps/hotplug/hotplug.h"

#define HOTPLUG_MAX_SLOTS 64
#define HOTPLUG_MAX_NUMBER 999 /* "nvme999" fits a name */

struct hotplug_slot {
    struct pci_slot slot;
    struct pci_slot_state state; /* events are kept until they are acted upon */
    uint64_t out_at_ns;          /* its button was pressed: when it is emptied; 0: not */
};

/* A drive that has had the number that is its place in the list. */
struct hotplug_drive {
    char serial[21], model[41];
};

struct hotplug {
    struct appliance *app;
    struct hotplug_ops ops;
    struct hotplug_slot slots[HOTPLUG_MAX_SLOTS];
    unsigned slot_count;
    struct hotplug_drive *drives;
    unsigned drive_count, drive_room;
    uint64_t next_check_ns, next_slots_ns, next_requests_ns, next_look_ns;
};

uint64_t hotplug_now_ns(const struct hotplug *h);
/* The controller is gone: says so, and nothing is sent to it any more. */
void hotplug_note_removed(struct appliance_ctrlr *ctrlr);
/* Its volumes, its disks and its entry. */
void hotplug_take_out(struct hotplug *h, struct appliance_ctrlr *ctrlr);

/* names.c: notes who has a number; the number for a drive: its old one, or a new one. serial NULL:
 * it is not known. -ENOSPC, -ENOMEM. */
int hotplug_name_note(struct hotplug *h, unsigned number, const char *serial, const char *model)
    must_check;
int hotplug_name_choose(struct hotplug *h, const char *serial, const char *model) must_check;

/* look.c: functions that are not there any more leave the list of the bus; new ones are added.
 * everywhere: also where none is expected, and what is known but out of service is tried again.
 * Returns how many controllers were added. */
void hotplug_forget_absent(struct hotplug *h);
/* f, or NULL, leaves the list in any case: what is found at its place is new. */
void hotplug_forget_function(struct hotplug *h, const struct pci_function *f);
unsigned hotplug_look(struct hotplug *h, bool everywhere);

/* slots.c */
void hotplug_slots_find(struct hotplug *h);
/* Notes what has happened to slots; a command may run. */
void hotplug_slots_check(struct hotplug *h);
/* Does what that asks for; none runs. */
void hotplug_slots_act(struct hotplug *h);
/* Switches a slot on. As pci_slot_power. */
int hotplug_slot_on(struct hotplug *h, struct hotplug_slot *s);
