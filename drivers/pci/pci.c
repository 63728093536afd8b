/*
 * drivers/pci/pci.c - finds PCI functions, sizes their BARs, walks their capabilities.
 *
 * Every bus number is tried, because a root bus of its own (a second socket, pxb-pcie) is behind no
 * bridge. On a bus, functions 1 to 7 are tried only where function 0 says there are more: that is
 * 8192 reads instead of 65536.
 */
#include "drivers/pci/pci.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#include "drivers/pci/pci_internal.h"
#include "drivers/pci/pci_regs.h"

#define PCI_BUSES            256
#define PCI_DEVICES          32
#define PCI_FUNCTIONS        8
#define PCI_BAR_COUNT        6
#define PCI_BRIDGE_BAR_COUNT 2

/* (256 - 64) / 4: a list with more entries than this visits one of them twice. */
#define PCI_MAX_CAPS 48

#define PCI_D0_RECOVERY_NS (10 * NS_PER_MS) /* PCI PM 1.2 §5.6.1, D3hot to D0 */

#define PCI_CLASS_BRIDGE    0x06
#define PCI_SUB_HOST_BRIDGE 0x00

/* --- access ---------------------------------------------------------------------------------- */

uint32_t pci_read32(const struct pci_function *f, uint8_t off)
{
    assert(IS_ALIGNED(off, 4));
    return f->access->read32(f->access->ctx, f->bus, f->dev, f->fn, off);
}

uint16_t pci_read16(const struct pci_function *f, uint8_t off)
{
    assert(IS_ALIGNED(off, 2));
    return (uint16_t)(pci_read32(f, ALIGN_DOWN(off, 4)) >> (off % 4 * 8));
}

uint8_t pci_read8(const struct pci_function *f, uint8_t off)
{
    return (uint8_t)(pci_read32(f, ALIGN_DOWN(off, 4)) >> (off % 4 * 8));
}

void pci_write32(const struct pci_function *f, uint8_t off, uint32_t val)
{
    assert(IS_ALIGNED(off, 4));
    f->access->write32(f->access->ctx, f->bus, f->dev, f->fn, off, val);
}

/* The upper half of this dword is a status register whose ones are cleared by writing ones. */
static bool has_status_above(const struct pci_function *f, uint8_t dword)
{
    if (dword == PCI_COMMAND || (f->bridge && dword == PCI_SECONDARY)) {
        return true;
    }
    return f->cap_pcie && (dword == f->cap_pcie + PCI_EXP_DEVICE_CONTROL ||
                           dword == f->cap_pcie + PCI_EXP_LINK_CONTROL ||
                           dword == f->cap_pcie + PCI_EXP_SLOT_CONTROL);
}

void pci_write16(const struct pci_function *f, uint8_t off, uint16_t val)
{
    uint8_t dword = ALIGN_DOWN(off, 4);

    assert(IS_ALIGNED(off, 2));
    if (off != dword) {
        pci_write32(f, dword, (uint32_t)val << 16 | (pci_read32(f, dword) & 0xffff));
    } else if (has_status_above(f, dword)) {
        pci_write32(f, dword, val);
    } else {
        pci_write32(f, dword, val | (pci_read32(f, dword) & 0xffff0000));
    }
}

/* --- capabilities ---------------------------------------------------------------------------- */

uint8_t pci_find_cap(const struct pci_function *f, uint8_t id)
{
    if (!(pci_read16(f, PCI_STATUS) & PCI_STATUS_CAP_LIST)) {
        return 0;
    }
    /* The two low bits of a pointer are reserved and must be masked (PCI 3.0 §6.7). */
    uint8_t off = ALIGN_DOWN(pci_read8(f, PCI_CAP_POINTER), 4);
    for (unsigned i = 0; i < PCI_MAX_CAPS && off >= PCI_CAP_FIRST; i++) {
        uint32_t head = pci_read32(f, off);
        if (FIELD_GET(PCI_CAP_ID, head) == id) {
            return off;
        }
        if (head == UINT32_MAX) {
            return 0; /* the function has gone */
        }
        off = ALIGN_DOWN((uint8_t)FIELD_GET(PCI_CAP_NEXT, head), 4);
    }
    return 0;
}

/* A capability of len bytes, or 0 when the function has none or it would leave the header. */
static uint8_t find_whole_cap(const struct pci_function *f, uint8_t id, unsigned len)
{
    uint8_t off = pci_find_cap(f, id);
    return off + len <= PCI_CONFIG_BYTES ? off : 0;
}

static void find_caps(struct pci_function *f)
{
    f->cap_pm = find_whole_cap(f, PCI_CAP_ID_PM, 8);
    f->cap_msi = find_whole_cap(f, PCI_CAP_ID_MSI, 12);
    f->cap_msix = find_whole_cap(f, PCI_CAP_ID_MSIX, 12);
    f->cap_pcie = find_whole_cap(f, PCI_CAP_ID_PCIE, 20);
}

/* --- base address registers ------------------------------------------------------------------ */

/* Which bits of a BAR can be set: writes all ones, reads, restores. */
static uint32_t probe_bar(const struct pci_function *f, uint8_t off, uint32_t original)
{
    pci_write32(f, off, UINT32_MAX);
    uint32_t settable = pci_read32(f, off);
    pci_write32(f, off, original);
    return settable;
}

/* The size of an address decoder is its lowest address bit that can be set. */
static uint64_t lowest_bit(uint64_t mask)
{
    return mask & -mask;
}

/* Fills the BAR at index and returns how many registers it takes. Decoding is off. */
static unsigned size_bar(struct pci_function *f, unsigned index, unsigned count)
{
    struct pci_bar *bar = &f->bar[index];
    uint8_t off = (uint8_t)(PCI_BAR0 + 4 * index);
    uint32_t low = pci_read32(f, off);

    if (low == UINT32_MAX) {
        return 1; /* the function has gone */
    }
    uint64_t mask = probe_bar(f, off, low);
    if (mask == 0 || mask == UINT32_MAX) {
        return 1;
    }
    if (mask & PCI_BAR_IS_IO) {
        bar->kind = PCI_BAR_IO;
        bar->addr = low & PCI_BAR_IO_ADDR;
        bar->bytes = lowest_bit(mask & PCI_BAR_IO_ADDR);
        return 1;
    }
    bar->prefetchable = mask & PCI_BAR_PREFETCHABLE;
    if (FIELD_GET(PCI_BAR_TYPE, mask) != PCI_BAR_TYPE_64) {
        bar->kind = PCI_BAR_MEM32;
        bar->addr = low & PCI_BAR_MEM_ADDR;
        bar->bytes = lowest_bit(mask & PCI_BAR_MEM_ADDR);
        return 1;
    }
    if (index + 1 == count) {
        return 1; /* there is no register for its upper half */
    }
    uint32_t high = pci_read32(f, (uint8_t)(off + 4));
    mask |= (uint64_t)probe_bar(f, (uint8_t)(off + 4), high) << 32;
    bar->kind = PCI_BAR_MEM64;
    bar->addr = ((uint64_t)high << 32 | low) & PCI_BAR_MEM_ADDR;
    bar->bytes = lowest_bit(mask & PCI_BAR_MEM_ADDR);
    return 2;
}

static void size_bars(struct pci_function *f, unsigned count)
{
    /* Some host bridges stop decoding RAM with their memory bit, and none has a BAR of use. */
    if (f->base_class == PCI_CLASS_BRIDGE && f->sub_class == PCI_SUB_HOST_BRIDGE) {
        return;
    }
    /* While a BAR holds all ones the function must not answer there. */
    uint16_t command = pci_read16(f, PCI_COMMAND);
    pci_write16(f, PCI_COMMAND, command & (uint16_t) ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
    for (unsigned i = 0; i < count;) {
        unsigned taken = size_bar(f, i, count);
        if (f->bar[i].bytes == 0) {
            f->bar[i] = (struct pci_bar){.kind = PCI_BAR_NONE};
        }
        i += taken;
    }
    pci_write16(f, PCI_COMMAND, command);
}

/* --- enumeration ----------------------------------------------------------------------------- */

/* An empty slot reads all ones; 0 comes from broken bridges, 1 from a function that is not ready
 * yet (PCIe 5.0 §2.3.2). */
static bool is_present(uint32_t id)
{
    uint64_t vendor = FIELD_GET(PCI_ID_VENDOR, id);
    return vendor != 0xffff && vendor > 1;
}

static void describe(struct pci_function *f, uint32_t id, uint32_t header)
{
    uint32_t class_code = pci_read32(f, PCI_CLASS);
    uint64_t type = FIELD_GET(PCI_HEADER_TYPE, header);

    f->vendor_id = (uint16_t)FIELD_GET(PCI_ID_VENDOR, id);
    f->device_id = (uint16_t)FIELD_GET(PCI_ID_DEVICE, id);
    f->base_class = (uint8_t)FIELD_GET(PCI_CLASS_BASE, class_code);
    f->sub_class = (uint8_t)FIELD_GET(PCI_CLASS_SUB, class_code);
    f->prog_if = (uint8_t)FIELD_GET(PCI_CLASS_PROG_IF, class_code);
    f->revision = (uint8_t)FIELD_GET(PCI_CLASS_REVISION, class_code);
    if (type == PCI_HEADER_TYPE_DEVICE) {
        uint32_t subsystem = pci_read32(f, PCI_SUBSYSTEM);
        f->subsystem_vendor_id = (uint16_t)FIELD_GET(PCI_ID_VENDOR, subsystem);
        f->subsystem_id = (uint16_t)FIELD_GET(PCI_ID_DEVICE, subsystem);
        size_bars(f, PCI_BAR_COUNT);
        find_caps(f);
    } else if (type == PCI_HEADER_TYPE_BRIDGE) {
        uint32_t buses = pci_read32(f, PCI_BUS_NUMBERS);
        f->bridge = true;
        f->secondary_bus = (uint8_t)FIELD_GET(PCI_BUS_SECONDARY, buses);
        f->subordinate_bus = (uint8_t)FIELD_GET(PCI_BUS_SUBORDINATE, buses);
        size_bars(f, PCI_BRIDGE_BAR_COUNT);
        find_caps(f);
    }
}

bool pci_probe(const struct pci_access *access, uint8_t bus, uint8_t dev, uint8_t fn,
               struct pci_function *out)
{
    *out = (struct pci_function){.access = access, .bus = bus, .dev = dev, .fn = fn};
    uint32_t id = pci_read32(out, PCI_ID);

    if (!is_present(id)) {
        return false;
    }
    uint32_t header = pci_read32(out, PCI_HEADER);
    out->multifunction = header & PCI_HEADER_MULTIFUNCTION;
    describe(out, id, header);
    return true;
}

int pci_walk(const struct pci_access *access, int (*found)(void *arg, const struct pci_function *f),
             void *arg)
{
    for (unsigned bus = 0; bus < PCI_BUSES; bus++) {
        for (unsigned dev = 0; dev < PCI_DEVICES; dev++) {
            unsigned count = 1;
            for (unsigned fn = 0; fn < count; fn++) {
                struct pci_function f;
                if (!pci_probe(access, (uint8_t)bus, (uint8_t)dev, (uint8_t)fn, &f)) {
                    continue;
                }
                int err = found(arg, &f);
                if (err) {
                    return err;
                }
                if (fn == 0 && f.multifunction) {
                    count = PCI_FUNCTIONS;
                }
            }
        }
    }
    return 0;
}

struct scan {
    struct pci_bus *bus;
    unsigned room; /* functions that fit bus->functions */
};

static int append(void *arg, const struct pci_function *f)
{
    struct scan *scan = arg;
    struct pci_bus *bus = scan->bus;

    if (bus->count == scan->room) {
        unsigned room = MAX(2 * scan->room, 32U);
        struct pci_function *bigger = heap_alloc(room, sizeof(*bigger));
        if (!bigger) {
            return -ENOMEM;
        }
        if (bus->count) {
            memcpy(bigger, bus->functions, bus->count * sizeof(*bigger));
        }
        heap_free(bus->functions);
        bus->functions = bigger;
        scan->room = room;
    }
    bus->functions[bus->count] = *f;
    bus->functions[bus->count].access = &bus->access;
    bus->count++;
    return 0;
}

int pci_scan(struct pci_bus *bus, const struct pci_access *access)
{
    struct scan scan = {.bus = bus};

    *bus = (struct pci_bus){.access = *access};
    int err = pci_walk(access, append, &scan);
    if (err) {
        pci_release(bus);
    }
    return err;
}

struct early_scan {
    struct pci_bus *bus;
    unsigned room;
    bool overflow;
    int (*found)(void *arg, const struct pci_function *f);
    void *arg;
};

static int keep(void *arg, const struct pci_function *f)
{
    struct early_scan *scan = arg;
    struct pci_bus *bus = scan->bus;

    if (bus->count == scan->room) {
        scan->overflow = true;
    } else {
        bus->functions[bus->count] = *f;
        bus->functions[bus->count].access = &bus->access;
        bus->count++;
    }
    return scan->found(scan->arg, f);
}

int pci_scan_early(struct pci_bus *bus, const struct pci_access *access,
                   struct pci_function *storage, unsigned room,
                   int (*found)(void *arg, const struct pci_function *f), void *arg)
{
    struct early_scan scan = {.bus = bus, .room = room, .found = found, .arg = arg};

    *bus = (struct pci_bus){.access = *access, .functions = storage};
    int err = pci_walk(access, keep, &scan);
    if (!err && scan.overflow) {
        err = -ENOSPC;
    }
    if (err) {
        *bus = (struct pci_bus){.access = *access};
    }
    return err;
}

void pci_release(struct pci_bus *bus)
{
    heap_free(bus->functions);
    bus->functions = NULL;
    bus->count = 0;
}

/* --- switching on ---------------------------------------------------------------------------- */

void pci_restore_bars(const struct pci_function *f)
{
    for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
        const struct pci_bar *bar = &f->bar[i];
        uint8_t off = (uint8_t)(PCI_BAR0 + 4 * i);
        if (bar->kind == PCI_BAR_NONE) {
            continue;
        }
        pci_write32(f, off, (uint32_t)bar->addr);
        if (bar->kind == PCI_BAR_MEM64) {
            pci_write32(f, (uint8_t)(off + 4), (uint32_t)(bar->addr >> 32));
        }
    }
}

static void power_on(const struct pci_function *f)
{
    if (!f->cap_pm) {
        return;
    }
    uint8_t off = (uint8_t)(f->cap_pm + PCI_PM_CSR);
    uint16_t csr = pci_read16(f, off);
    if (FIELD_GET(PCI_PM_CSR_STATE, csr) == PCI_PM_STATE_D0) {
        return;
    }
    pci_write16(f, off, csr & (uint16_t) ~(PCI_PM_CSR_STATE | PCI_PM_CSR_PME_STATUS));
    if (f->access->delay_ns) {
        f->access->delay_ns(f->access->ctx, PCI_D0_RECOVERY_NS);
    }
    if (!(csr & PCI_PM_CSR_NO_SOFT_RESET)) {
        pci_restore_bars(f);
    }
}

void pci_enable_memory(const struct pci_function *f)
{
    power_on(f);
    pci_write16(f, PCI_COMMAND,
                pci_read16(f, PCI_COMMAND) | PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
}

void pci_set_bus_master(const struct pci_function *f, bool on)
{
    uint16_t command = pci_read16(f, PCI_COMMAND) & (uint16_t)~PCI_COMMAND_BUS_MASTER;
    pci_write16(f, PCI_COMMAND, on ? command | PCI_COMMAND_BUS_MASTER : command);
}

void pci_enable(const struct pci_function *f)
{
    pci_enable_memory(f);
    pci_set_bus_master(f, true);
}
