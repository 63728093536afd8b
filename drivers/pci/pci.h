/*
 * drivers/pci/pci.h - PCI functions found by port-I/O configuration access (PCI 3.0 §3.2.2.3).
 *
 * Portable: configuration space is reached through struct pci_access, so that the enumeration runs
 * in host tests on a made-up bus. All 256 buses are scanned, because a second root bus cannot be
 * reached by walking the bridges of bus 0. Nothing here is trusted: lists that loop end the walk.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

/* Configuration access, dwords, off a multiple of 4 in 0..252. Absent functions read all-ones.
 * The implementation serialises concurrent callers. */
struct pci_access {
    void *ctx;
    uint32_t (*read32)(void *ctx, uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off);
    void (*write32)(void *ctx, uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off, uint32_t val);
    /* Waits, for the recovery times the specification demands. NULL: there is no time to wait for.
     */
    void (*delay_ns)(void *ctx, uint64_t ns);
};

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEM32, PCI_BAR_MEM64 };

struct pci_bar {
    enum pci_bar_kind kind;
    bool prefetchable;
    uint64_t addr;  /* 0: the firmware assigned none */
    uint64_t bytes; /* size, a power of two; 0 for PCI_BAR_NONE */
};

struct pci_function {
    const struct pci_access *access;
    uint8_t bus, dev, fn;
    uint16_t vendor_id, device_id;
    uint16_t subsystem_vendor_id, subsystem_id;
    uint8_t base_class, sub_class, prog_if, revision;
    bool multifunction; /* of function 0: the device has more functions */
    bool bridge;
    uint8_t secondary_bus, subordinate_bus; /* bridges only */
    struct pci_bar bar[6]; /* index = BAR number; the upper half of a 64-bit BAR is PCI_BAR_NONE */
    uint8_t cap_pm, cap_msi, cap_msix, cap_pcie; /* offsets of the capabilities, 0: none */
};

struct pci_bus {
    struct pci_access access;
    struct pci_function *functions; /* in order of bus, device, function; owned by the bus */
    unsigned count;
};

/* Calls found(arg, f) for every function in order of bus, device, function; f lives until found
 * returns. Allocates nothing, so that it can run before there is an allocator. Otherwise as
 * pci_scan. found returns 0 to go on; anything else ends the walk and is returned. */
int pci_walk(const struct pci_access *access, int (*found)(void *arg, const struct pci_function *f),
             void *arg) must_check;

/* The one scan of a boot, before there is an allocator: as pci_walk, and each function is also kept
 * in storage, which has room for that many and is borrowed for the life of bus (no pci_release).
 * 0; -ENOSPC: there are more than room: found has seen all of them, bus is empty, and pci_scan is
 * to be called once there is memory; or what found returned. */
int pci_scan_early(struct pci_bus *bus, const struct pci_access *access,
                   struct pci_function *storage, unsigned room,
                   int (*found)(void *arg, const struct pci_function *f), void *arg) must_check;

/* Finds every function; sizes BARs with decoding switched off and restores them.
 * 0 or -ENOMEM. access is copied. */
int pci_scan(struct pci_bus *bus, const struct pci_access *access) must_check;
void pci_release(struct pci_bus *bus);

/* Looks at one place. True: there is a function, described in *out as pci_scan does it. A function
 * that is not ready yet (PCIe 5.0 §2.3.2) is not there. access is borrowed for the life of *out. */
bool pci_probe(const struct pci_access *access, uint8_t bus, uint8_t dev, uint8_t fn,
               struct pci_function *out);

/* bus.c: keeps the list of a bus of pci_scan() true. Adds f, which has come, in its place (0 or
 * -ENOMEM); takes out what has gone. Pointers to functions of the bus are void afterwards. */
int pci_bus_add(struct pci_bus *bus, const struct pci_function *f) must_check;
void pci_bus_drop(struct pci_bus *bus, unsigned index);
/* The function at an address, or NULL. */
const struct pci_function *pci_bus_find(const struct pci_bus *bus, uint8_t number, uint8_t dev,
                                        uint8_t fn);
/* The bridge to bus number, or NULL: it is a root bus. */
const struct pci_function *pci_bus_bridge(const struct pci_bus *bus, uint8_t number);

uint8_t pci_read8(const struct pci_function *f, uint8_t off);
uint16_t pci_read16(const struct pci_function *f, uint8_t off);
uint32_t pci_read32(const struct pci_function *f, uint8_t off);
void pci_write16(const struct pci_function *f, uint8_t off, uint16_t val);
void pci_write32(const struct pci_function *f, uint8_t off, uint32_t val);

/* Offset of the first capability with this id (PCI 3.0 §6.7), or 0. */
uint8_t pci_find_cap(const struct pci_function *f, uint8_t id);

/* Power state D0 (BARs that are lost on the way are written again), memory decoding on, INTx off.
 * Bus mastering stays as it is. */
void pci_enable_memory(const struct pci_function *f);
/* Lets the function reach memory, or forbids it. */
void pci_set_bus_master(const struct pci_function *f, bool on);
/* Both: power state D0, memory decoding and bus mastering on, INTx off. */
void pci_enable(const struct pci_function *f);

/* Function level reset (PCIe 5.0 §6.6.2): the last means against a function that does not stop.
 * BARs, command register and link settings are written again afterwards; everything else is as
 * after power-on. 0; -ENOTSUP (it has no such reset, or there is no delay_ns); -ENODEV (it did not
 * come back). */
int pci_reset_function(const struct pci_function *f) must_check;

/* What of a function's configuration does not survive a reset, but the BARs, which are known. */
struct pci_saved {
    uint16_t command, device_control, link_control;
};
void pci_save(const struct pci_function *f, struct pci_saved *out);
/* After a reset that was not ours: waits for the function to answer, at most a second, and puts
 * back BARs, command register and link settings. 0, -ENODEV (it did not come back), -ENOTSUP (no
 * delay_ns). */
int pci_restore(const struct pci_function *f, const struct pci_saved *saved) must_check;
/* Nobody has taken away what the command register allows: registers in memory, DMA. */
bool pci_is_enabled(const struct pci_function *f, const struct pci_saved *saved);

struct pci_link {
    bool present;                        /* the function has a PCI Express capability with a link */
    unsigned speed_mtps, speed_max_mtps; /* megatransfers per second: 2500, 5000, 8000, ... */
    unsigned width, width_max;           /* lanes */
};
void pci_link_info(const struct pci_function *f, struct pci_link *out);

/* MSI-X table geometry (PCI 3.0 §6.8.2). */
struct pci_msix {
    unsigned count;     /* vectors, 1..2048 */
    unsigned bar;       /* BAR that holds the table */
    uint32_t table_off; /* bytes from the start of that BAR */
};
/* 0, -ENOTSUP (no MSI-X), -EPROTO (table outside its BAR, or that BAR unassigned). */
int pci_msix_info(const struct pci_function *f, struct pci_msix *out) must_check;
/* Enables MSI-X with every vector masked in the table by the caller; function mask as given. */
void pci_msix_control(const struct pci_function *f, bool enable, bool function_mask);

/* "Non-Volatile memory controller" for class 01.08; a general word when the class is unknown. */
const char *pci_class_name(uint8_t base_class, uint8_t sub_class, uint8_t prog_if);
