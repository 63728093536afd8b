/*
 * apps/hotplug/hotplug.h - controllers that come and go while the machine runs.
 *
 * Two moments are told apart. While a command runs, a device that is gone is only noticed and named
 * (hotplug_check): handles of it stay valid, everything on it ends with an error. When no command
 * runs, it is taken out: its volumes and disks disappear, its memory comes back, and what was
 * added gets its addresses and comes into service (hotplug_between, hotplug_settle).
 *
 * Names. A drive that comes back (same serial number and model) gets the name it had. Any other
 * gets a number that none has had since power-on. So a name never means two drives. What is added
 * is read-only, whatever was armed before.
 *
 * Removal that is asked for (`eject`, a slot's button, the hypervisor) waits for the end of the
 * running command: an orderly shutdown has nothing outstanding. A slot's button gives five seconds
 * to think again, as the specification has it (PCIe 5.0 §6.7.1.5).
 *
 * Threads: CPU 0 only.
 */
#pragma once

#include "apps/appliance.h"
#include "drivers/pci/slot.h"
#include "lib/compiler.h"
#include "lib/memmap.h"

struct hotplug_ops {
    void *ctx;
    bool (*accepts)(const struct pci_function *f); /* it is a controller for attach */
    /* Brings a controller into service; f is copied. As nvme_attach. */
    int (*attach)(void *ctx, const char *name, const struct pci_function *f,
                  struct nvme_ctrlr **out);
    void (*detach)(void *ctx, struct nvme_ctrlr *nvme);
    /* Slots that are switched by the platform and not by their port; NULL: there are none.
     * asks: somebody wants the device of f removed. eject: it may be; 0 or -ENOTSUP (no such
     * slot). */
    bool (*slot_asks)(void *ctx, const struct pci_function *f);
    int (*slot_eject)(void *ctx, const struct pci_function *f);
    const struct rangeset *holes; /* as for pci_assign(); NULL: none */
    bool any_place; /* devices appear also where no slot is: on root buses, behind old bridges */
};

/* app->hotplug. The controllers and the bus of app are there already. ops is copied; what it points
 * to is borrowed for ever. 0 or -ENOMEM. */
int hotplug_create(struct appliance *app, const struct hotplug_ops *ops) must_check;
void hotplug_destroy(struct appliance *app);

/* All three do nothing when app->hotplug is NULL. */
/* Anywhere, often: twice a second it looks whether every controller is still there. */
void hotplug_check(struct appliance *app);
/* Between two commands: looks, and takes out what is gone. */
void hotplug_between(struct appliance *app);
/* While the shell is idle: the same, does what was asked for, and once a second looks for what is
 * new. */
void hotplug_settle(struct appliance *app);

/* Looks everywhere for what has gone and what is new, and tries again what did not come up or was
 * ejected and is still there. Returns how many controllers were added. */
unsigned hotplug_rescan(struct appliance *app);

/* Takes a controller, and those in the same slot, out of service in order, and switches the slot
 * off where that can be done. Says what it does on out. ctrlr is void afterwards. 0; -ETIMEDOUT (it
 * was not shut down in time: taken out all the same, and the slot is left on); -ENOTSUP (nothing
 * can be removed here). */
int hotplug_eject(struct appliance *app, struct appliance_ctrlr *ctrlr, struct out *out)
    must_check;
