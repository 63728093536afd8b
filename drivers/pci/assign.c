/*
 * drivers/pci/assign.c - addresses for the memory of a function that was added at run time.
 *
 * Searched from the top of a window down, the largest BAR first. Firmware tends to fill windows
 * from either end, and to what it has given out in them nothing is done.
 */
#include "drivers/pci/assign.h"

#include "lib/errno.h"
#include "lib/log.h"

#include "drivers/pci/pci_internal.h"
#include "drivers/pci/pci_regs.h"

#define WINDOW_UNIT  MIB
#define SMALLEST     UINT64_C(4096) /* no two functions share a page */
#define END_OF_32BIT (4 * GIB)

struct span {
    uint64_t base, end;
};

struct assignment {
    const struct pci_bus *bus;
    const struct rangeset *holes;
    struct pci_function *f;
    const struct pci_function *bridge; /* NULL: f is on a root bus */
};

/* --- windows of a bridge ---------------------------------------------------------------------- */

static struct span window_of(uint32_t reg, uint64_t base_high, uint64_t limit_high)
{
    uint64_t base = base_high << 32 | FIELD_GET(PCI_WINDOW_BASE, reg) << 20;
    uint64_t last = limit_high << 32 | FIELD_GET(PCI_WINDOW_LIMIT, reg) << 20;

    /* Not set up: the limit lies below the base, or both are as after a reset. */
    if (reg == UINT32_MAX || base == 0 || last < base || last > UINT64_MAX - WINDOW_UNIT) {
        return (struct span){0, 0};
    }
    return (struct span){base, last + WINDOW_UNIT};
}

static struct span memory_window(const struct pci_function *bridge)
{
    return window_of(pci_read32(bridge, PCI_MEMORY), 0, 0);
}

static struct span prefetch_window(const struct pci_function *bridge)
{
    uint32_t reg = pci_read32(bridge, PCI_PREFETCH);

    if (FIELD_GET(PCI_WINDOW_TYPE, reg) != PCI_WINDOW_64) {
        return window_of(reg, 0, 0);
    }
    return window_of(reg, pci_read32(bridge, PCI_PREFETCH_BASE_HIGH),
                     pci_read32(bridge, PCI_PREFETCH_LIMIT_HIGH));
}

/* bridge, or one that it leads to, leads to f. */
static bool is_above(const struct pci_function *bridge, const struct pci_function *f)
{
    return bridge->bridge && bridge->secondary_bus != 0 && bridge->secondary_bus <= f->bus &&
           f->bus <= bridge->subordinate_bus;
}

/* --- what is taken ---------------------------------------------------------------------------- */

static bool is_memory(const struct pci_bar *bar)
{
    return bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64;
}

static bool overlaps(struct span a, struct span b)
{
    return a.base < b.end && b.base < a.end;
}

static struct span span_of(const struct pci_bar *bar)
{
    if (!is_memory(bar) || bar->addr == 0 || bar->bytes > UINT64_MAX - bar->addr) {
        return (struct span){0, 0};
    }
    return (struct span){bar->addr, bar->addr + bar->bytes};
}

/* The first address, as far as it is lower than *lowest, of what other overlaps of wanted. */
static void note_overlap(struct span wanted, struct span other, uint64_t *lowest)
{
    if (overlaps(wanted, other)) {
        *lowest = MIN(*lowest, other.base);
    }
}

/* Where what is taken of wanted begins; UINT64_MAX: all of it is free. except: a BAR of f's. */
static uint64_t first_taken(const struct assignment *a, struct span wanted,
                            const struct pci_bar *except)
{
    uint64_t lowest = UINT64_MAX;

    for (unsigned i = 0; i < a->bus->count; i++) {
        const struct pci_function *other = &a->bus->functions[i];

        for (unsigned j = 0; j < ARRAY_SIZE(other->bar); j++) {
            note_overlap(wanted, span_of(&other->bar[j]), &lowest);
        }
        if (other->bridge && !is_above(other, a->f)) {
            note_overlap(wanted, memory_window(other), &lowest);
            note_overlap(wanted, prefetch_window(other), &lowest);
        }
    }
    for (unsigned j = 0; j < ARRAY_SIZE(a->f->bar); j++) {
        if (&a->f->bar[j] != except) {
            note_overlap(wanted, span_of(&a->f->bar[j]), &lowest);
        }
    }
    return lowest;
}

/* The highest free address for bar in window, or 0. */
static uint64_t place_in(const struct assignment *a, struct span window, const struct pci_bar *bar)
{
    uint64_t bytes = MAX(bar->bytes, SMALLEST);

    if (bar->kind == PCI_BAR_MEM32) {
        window.end = MIN(window.end, END_OF_32BIT);
    }
    uint64_t end = window.end;
    while (end > window.base && end - window.base >= bytes) {
        uint64_t at = ALIGN_DOWN(end - bytes, bytes);

        if (at < window.base || at == 0) {
            return 0;
        }
        uint64_t taken = first_taken(a, (struct span){at, at + bytes}, bar);
        if (taken == UINT64_MAX) {
            return at;
        }
        end = MIN(taken, at + bytes - 1);
    }
    return 0;
}

/* The firmware has put memory of some function into hole. */
static bool leads_to_pci(const struct pci_bus *bus, struct span hole)
{
    for (unsigned i = 0; i < bus->count; i++) {
        const struct pci_function *f = &bus->functions[i];

        for (unsigned j = 0; j < ARRAY_SIZE(f->bar); j++) {
            struct span span = span_of(&f->bar[j]);

            if (span.base >= hole.base && span.end <= hole.end && span.base < span.end) {
                return true;
            }
        }
        struct span window = f->bridge ? memory_window(f) : (struct span){0, 0};
        if (window.base >= hole.base && window.end <= hole.end && window.base < window.end) {
            return true;
        }
    }
    return false;
}

static uint64_t place_on_root(const struct assignment *a, const struct pci_bar *bar)
{
    for (unsigned i = a->holes ? a->holes->count : 0; i-- > 0;) {
        struct span hole = {a->holes->ranges[i].base, a->holes->ranges[i].end};
        uint64_t at = leads_to_pci(a->bus, hole) ? place_in(a, hole, bar) : 0;

        if (at != 0) {
            return at;
        }
    }
    return 0;
}

/* In a prefetchable window may also lie what is not prefetchable, if all between here and there is
 * PCI Express, where no bridge reads ahead, and the BAR can be told an address that high. */
static uint64_t place_behind(const struct assignment *a, const struct pci_bar *bar)
{
    struct span memory = memory_window(a->bridge);
    struct span prefetch = prefetch_window(a->bridge);
    bool express = a->f->cap_pcie && a->bridge->cap_pcie && bar->kind == PCI_BAR_MEM64;
    uint64_t at = bar->prefetchable ? place_in(a, prefetch, bar) : 0;

    at = at != 0 ? at : place_in(a, memory, bar);
    return at != 0 || !express ? at : place_in(a, prefetch, bar);
}

static bool lies_in(struct span inner, struct span outer)
{
    return inner.base >= outer.base && inner.end <= outer.end;
}

/* The address it came with leads to it, and to nothing else. */
static bool may_stay(const struct assignment *a, const struct pci_bar *bar)
{
    struct span span = span_of(bar);

    if (span.base == span.end || first_taken(a, span, bar) != UINT64_MAX) {
        return false;
    }
    return !a->bridge || lies_in(span, memory_window(a->bridge)) ||
           lies_in(span, prefetch_window(a->bridge));
}

/* --- putting it into force -------------------------------------------------------------------- */

static void open_bridges(const struct assignment *a)
{
    for (unsigned i = 0; i < a->bus->count; i++) {
        const struct pci_function *bridge = &a->bus->functions[i];

        if (is_above(bridge, a->f)) {
            pci_write16(bridge, PCI_COMMAND,
                        pci_read16(bridge, PCI_COMMAND) | PCI_COMMAND_MEMORY |
                            PCI_COMMAND_BUS_MASTER);
        }
    }
}

/* A packet that is larger than the other end can take is malformed: the port above was set up by
 * the firmware, the function is as after power-on. (PCIe 5.0 §7.5.3.4) */
static void match_payload(const struct assignment *a)
{
    if (!a->bridge || !a->bridge->cap_pcie || !a->f->cap_pcie) {
        return;
    }
    uint8_t above = (uint8_t)(a->bridge->cap_pcie + PCI_EXP_DEVICE_CONTROL);
    uint8_t own = (uint8_t)(a->f->cap_pcie + PCI_EXP_DEVICE_CONTROL);
    uint16_t control_above = pci_read16(a->bridge, above);
    uint64_t wanted = FIELD_GET(PCI_EXP_DEVICE_CONTROL_PAYLOAD, control_above);
    uint64_t most =
        FIELD_GET(PCI_EXP_DEVICE_CAP_PAYLOAD,
                  pci_read32(a->f, (uint8_t)(a->f->cap_pcie + PCI_EXP_DEVICE_CAP)));
    uint16_t control = pci_read16(a->f, own) & (uint16_t)~PCI_EXP_DEVICE_CONTROL_PAYLOAD;

    if (most < wanted) {
        wanted = most;
        control_above &= (uint16_t)~PCI_EXP_DEVICE_CONTROL_PAYLOAD;
        pci_write16(a->bridge, above,
                    (uint16_t)(control_above | FIELD_PREP(PCI_EXP_DEVICE_CONTROL_PAYLOAD, wanted)));
    }
    pci_write16(a->f, own,
                (uint16_t)(control | FIELD_PREP(PCI_EXP_DEVICE_CONTROL_PAYLOAD, wanted)));
}

static struct pci_bar *largest_without_address(struct pci_function *f)
{
    struct pci_bar *largest = NULL;

    for (unsigned i = 0; i < ARRAY_SIZE(f->bar); i++) {
        struct pci_bar *bar = &f->bar[i];

        if (is_memory(bar) && bar->addr == 0 && (!largest || bar->bytes > largest->bytes)) {
            largest = bar;
        }
    }
    return largest;
}

int pci_assign(const struct pci_bus *bus, const struct rangeset *holes, struct pci_function *f)
{
    struct assignment a = {bus, holes, f, pci_bus_bridge(bus, f->bus)};
    struct pci_bar *bar;

    for (unsigned i = 0; i < ARRAY_SIZE(f->bar); i++) {
        if (is_memory(&f->bar[i]) && !may_stay(&a, &f->bar[i])) {
            f->bar[i].addr = 0;
        }
    }
    while ((bar = largest_without_address(f)) != NULL) {
        bar->addr = a.bridge ? place_behind(&a, bar) : place_on_root(&a, bar);
        if (bar->addr == 0) {
            log_error("%02x:%02x.%x: no room for the %llu KiB of BAR%u %s", f->bus, f->dev, f->fn,
                      (unsigned long long)(bar->bytes / KIB), (unsigned)(bar - f->bar),
                      a.bridge ? "in the windows of the bridge above" : "on its bus");
            return -ENOSPC;
        }
    }
    pci_restore_bars(f);
    match_payload(&a);
    open_bridges(&a);
    return 0;
}
