/*
 * apps/appliance.h - everything an application can reach, in one place. boot/kmain.c fills it in
 * the kernel; tests fill it with the software controller and a RAM disk. No application has
 * state of its own that another one reads.
 */
#pragma once

#include <stddef.h>

#include "drivers/block/block.h"
#include "drivers/console/console.h"
#include "drivers/machine.h"
#include "drivers/nvme/nvme.h"
#include "drivers/pci/pci.h"
#include "fs/fs.h"
#include "lib/compiler.h"

#define APPLIANCE_MAX_CTRLRS 64

/* What was said of a controller's events, and what they ask for. */
struct appliance_watch {
    uint64_t since_ns;  /* the first of lines */
    unsigned lines;
    uint64_t untold;    /* events that got no line */
    bool rescan_wanted; /* its namespaces have changed */
};

/* A controller that was found, whether or not it came up. */
struct appliance_ctrlr {
    char name[8];            /* "nvme0": the number is its place in PCI order, or the next one for
                                what was added since (apps/hotplug/hotplug.h) */
    struct nvme_ctrlr *nvme; /* NULL when it did not come up */
    int err;                 /* why: a negative errno */
    const struct pci_function *pci; /* function, or NULL in tests */
    struct pci_function function;
    bool removed;            /* the device is gone; taken out after the running command */
    bool removal_asked;      /* its removal is asked for, and this was said */
    bool overdue;            /* it was, and the controller did not shut down in time */
    struct appliance_watch watch;
};

/* A file that the boot loader has put into memory beside the kernel. */
struct appliance_module {
    const char *name; /* what the boot loader's configuration says after its path; may be "" */
    const char *data;
    size_t len;
};

#define APPLIANCE_MAX_MODULES 16

struct hotplug;

struct appliance {
    const struct machine *machine;
    struct console *console;
    struct pci_bus *pci; /* NULL in tests that have none */
    struct block_registry *blocks;
    struct fs *fs;
    struct appliance_ctrlr ctrlrs[APPLIANCE_MAX_CTRLRS];
    unsigned ctrlr_count;
    struct hotplug *hotplug; /* NULL: controllers neither come nor go */
    bool quiet_events; /* somebody shows the events himself: they get no lines of the log */
    struct appliance_module modules[APPLIANCE_MAX_MODULES];
    unsigned module_count;
};

/* The controller called name ("nvme0", "/dev/nvme0"), or the one that namespace "nvme0n1" is of. */
struct appliance_ctrlr *appliance_find_ctrlr(struct appliance *app, const char *name);

/* Takes the entry of a controller, which is detached, out of the list. Pointers to entries are void
 * afterwards. */
void appliance_drop_ctrlr(struct appliance *app, struct appliance_ctrlr *ctrlr);

/* From now on the events of every controller become lines of the log. Once, when all are there. */
void appliance_watch_events(struct appliance *app);
/* The same for one that was added later. */
void appliance_watch_ctrlr(struct appliance *app, struct appliance_ctrlr *ctrlr);
/* Takes what events there are, and notices controllers that were pulled out. Cheap; commands that
 * last call it now and then (shell_interrupted does). Changes nothing that a command could hold. */
void appliance_poll(struct appliance *app);
/* The same while nobody types: namespaces that have changed are looked at, controllers come and
 * go. */
void appliance_settle(struct appliance *app);

/* Asks a controller for its namespaces again, after a command that changes them: its volumes are
 * forgotten, its disks follow (nvme_rescan_namespaces, block_nvme_refresh). No file of them may be
 * open, no I/O be outstanding. Returns how many namespaces were added, taken out or changed, or a
 * negative errno. */
int appliance_rescan_namespaces(struct appliance *app, struct nvme_ctrlr *nvme) must_check;

/* Forgets the volumes on the disks of a controller (fs_forget). */
void appliance_forget_volumes(struct appliance *app, const struct nvme_ctrlr *nvme);

/* Orderly NVMe shutdown of every controller; before reboot and power-off. Says what it does. */
void appliance_shutdown(struct appliance *app, struct out *out);
