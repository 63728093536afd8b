/*
 * drivers/pci/slot.h - slots of PCI Express ports in which cards come and go while the machine runs
 * (PCIe 5.0 §6.7, §7.5.3.9 to 11). Looked at, not interrupted by: events stay in the slot's status
 * until they are read.
 */
#pragma once

#include "drivers/pci/pci.h"
#include "lib/compiler.h"

struct pci_slot {
    struct pci_function port; /* the root or downstream port */
    unsigned number;          /* physical, as written beside it */
    bool has_power;           /* it can be switched off */
    bool has_button;
    bool reports_link;
    bool confirms;            /* each command is confirmed by Command Completed */
};

struct pci_slot_state {
    bool occupied, powered, link; /* link: up, or not reported */
    /* since the last look */
    bool button;  /* was pressed */
    bool changed; /* a card was put in or pulled out; a link that came and went is no event: resets
                     do that */
    bool fault;   /* of its power */
};

/* False: f has no slot that is hot-plug capable. */
bool pci_slot_init(const struct pci_function *f, struct pci_slot *out);

/* Reads the state and clears the events. Of a port that is gone itself: all false. */
struct pci_slot_state pci_slot_look(const struct pci_slot *slot);

/* Switches power and the power indicator. On: also waits for the link, then for what a card may
 * take (PCIe 5.0 §6.6.1). Off: clears the events of that, and waits a second, after which it may be
 * switched on again. 0; -ENOTSUP (no power controller, or no delay_ns: nothing is done); -ETIMEDOUT
 * (no link). */
int pci_slot_power(const struct pci_slot *slot, bool on) must_check;

/* Makes the power indicator blink, or shine again. */
void pci_slot_blink(const struct pci_slot *slot, bool on);
