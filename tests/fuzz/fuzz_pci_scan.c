/*
 * tests/fuzz/fuzz_pci_scan.c - PCI enumeration over functions whose configuration space, and whose
 * answer to writes, are the fuzzer's; and the last of them as one that was added later.
 *
 * The input is a list of functions: bus, device and function, which bits of each register can be
 * written (a rotation), and 256 bytes of configuration space; a short one is filled with zeroes.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "drivers/pci/assign.h"
#include "drivers/pci/pci.h"
#include "drivers/pci/pci_regs.h"
#include "drivers/pci/slot.h"
#include "lib/assert.h"
#include "lib/heap.h"

#define MAX_FUNCTIONS 8
#define HEAD_BYTES    3

struct function {
    uint8_t bus, devfn;
    uint32_t writable;
    uint32_t reg[PCI_CONFIG_BYTES / 4];
};

struct machine {
    struct function functions[MAX_FUNCTIONS];
    unsigned count;
    unsigned accesses;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct function *find(struct machine *m, uint8_t bus, uint8_t dev, uint8_t fn)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (m->functions[i].bus == bus && m->functions[i].devfn == (dev << 3 | fn)) {
            return &m->functions[i];
        }
    }
    return NULL;
}

static uint32_t read32(void *ctx, uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off)
{
    struct machine *m = ctx;

    assert(dev < 32 && fn < 8 && off % 4 == 0);
    m->accesses++;
    struct function *f = find(m, bus, dev, fn);
    return f ? f->reg[off / 4] : UINT32_MAX;
}

static void write32(void *ctx, uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off, uint32_t val)
{
    struct machine *m = ctx;

    assert(dev < 32 && fn < 8 && off % 4 == 0);
    m->accesses++;
    struct function *f = find(m, bus, dev, fn);
    assert(f); /* nothing is ever written to a place that is empty */
    uint32_t writable = f->writable << (off / 4 % 16);
    f->reg[off / 4] = (f->reg[off / 4] & ~writable) | (val & writable);
}

static void parse(struct machine *m, const uint8_t *data, size_t size)
{
    while (size >= HEAD_BYTES && m->count < MAX_FUNCTIONS) {
        struct function *f = &m->functions[m->count++];
        f->bus = data[0];
        f->devfn = data[1];
        f->writable = UINT32_MAX << data[2] % 32;
        data += HEAD_BYTES;
        size -= HEAD_BYTES;
        size_t len = MIN(size, sizeof(f->reg));
        memcpy(f->reg, data, len);
        data += len;
        size -= len;
    }
}

static void check(const struct pci_function *f)
{
    struct pci_link link;
    struct pci_msix msix;

    for (unsigned i = 0; i < 6; i++) {
        const struct pci_bar *bar = &f->bar[i];
        assert((bar->kind == PCI_BAR_NONE) == (bar->bytes == 0));
        assert(bar->bytes == 0 || IS_POWER_OF_TWO(bar->bytes));
        assert(bar->kind != PCI_BAR_MEM64 || (i < 5 && f->bar[i + 1].kind == PCI_BAR_NONE));
    }
    pci_link_info(f, &link);
    assert(!link.present || link.width_max > 0);
    if (pci_msix_info(f, &msix) == 0) {
        const struct pci_bar *bar = &f->bar[msix.bar];
        assert(msix.count >= 1 && msix.count <= 2048);
        assert(bar->addr && msix.table_off + msix.count * 16ULL <= bar->bytes);
    }
    assert(pci_class_name(f->base_class, f->sub_class, f->prog_if));
    pci_msix_control(f, true, true);
    pci_enable(f);
    pci_set_bus_master(f, false);
}

static bool is_memory(const struct pci_bar *bar)
{
    return bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64;
}

/* No two BARs of f overlap, and none overlaps one of other's. */
static void check_apart(const struct pci_function *f, const struct pci_function *other)
{
    for (unsigned i = 0; i < 6; i++) {
        for (unsigned j = 0; j < 6; j++) {
            const struct pci_bar *a = &f->bar[i], *b = &other->bar[j];

            if (a == b || !is_memory(a) || !is_memory(b) || b->addr == 0 ||
                b->bytes > UINT64_MAX - b->addr) {
                continue;
            }
            assert(a->addr != 0 && a->addr <= UINT64_MAX - a->bytes);
            assert(a->addr + a->bytes <= b->addr || b->addr + b->bytes <= a->addr);
        }
    }
}

/* The last function of the list is one that was added. */
static void add_last(struct pci_bus *bus, struct machine *m)
{
    static struct rangeset holes;
    struct pci_function f = bus->functions[bus->count - 1];
    struct pci_slot slot;

    holes.count = 0;
    rangeset_add(&holes, 0x10000000, 0xfec00000);
    pci_bus_drop(bus, bus->count - 1);
    m->accesses = 0;
    if (pci_assign(bus, &holes, &f) == 0) {
        check_apart(&f, &f);
        for (unsigned i = 0; i < bus->count; i++) {
            check_apart(&f, &bus->functions[i]);
        }
    }
    for (unsigned i = 0; i < bus->count; i++) {
        if (pci_slot_init(&bus->functions[i], &slot)) {
            (void)pci_slot_look(&slot);
            assert(pci_slot_power(&slot, true) < 0); /* there is no time to wait for */
            pci_slot_blink(&slot, true);
        }
    }
    assert(pci_bus_add(bus, &f) == 0);
    assert(pci_bus_find(bus, f.bus, f.dev, f.fn));
    assert(m->accesses < 1000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct machine m;
    struct pci_bus bus;

    memset(&m, 0, sizeof(m));
    parse(&m, data, size);
    struct pci_access access = {.ctx = &m, .read32 = read32, .write32 = write32};
    if (pci_scan(&bus, &access)) {
        return 0;
    }
    assert(bus.count <= m.count);
    for (unsigned i = 0; i < bus.count; i++) {
        check(&bus.functions[i]);
    }
    /* A walk that does not end is a bug, however the lists are tied. */
    assert(m.accesses < 256 * 32 + MAX_FUNCTIONS * 1000);
    if (bus.count > 0) {
        add_last(&bus, &m);
    }
    pci_release(&bus);
    assert(heap_used_bytes() == 0);
    return 0;
}
