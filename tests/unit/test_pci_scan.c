/*
 * tests/unit/test_pci_scan.c - PCI enumeration on a made-up bus.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_pci.h"

#include "lib/errno.h"
#include "lib/heap.h"
#include "tests/model/host_heap.h"

#define NVME_CLASS 0x01080202
#define NVME_ID    0x00101b36

static struct fake_pci pci;

static int clear_bus(void **state)
{
    (void)state;
    memset(&pci, 0, sizeof(pci));
    return 0;
}

static void scan(struct pci_bus *bus)
{
    struct pci_access access = fake_access(&pci);
    assert_int_equal(pci_scan(bus, &access), 0);
    assert_int_equal(pci.bar_writes_while_decoding, 0);
}

static void test_empty(void **state)
{
    struct pci_bus bus;

    (void)state;
    scan(&bus);
    assert_int_equal(bus.count, 0);
    assert_int_equal(pci.reads, 256 * 32);
    pci_release(&bus);
    assert_int_equal(heap_used_bytes(), 0);
}

static void test_bars(void **state)
{
    struct fake_function *fake = fake_add(&pci, 0, 3, 0, NVME_ID, NVME_CLASS);
    struct fake_function before;
    struct pci_bus bus;

    (void)state;
    fake->reg[PCI_SUBSYSTEM / 4] = 0x11001af4;
    fake_bar64(fake, 0, UINT64_C(0xe000000000), 16384);
    fake_bar32(fake, 2, 0xc001, 64);
    fake_bar32(fake, 3, 0xfebf0008, 4096);
    fake_bar64(fake, 4, UINT64_C(0x800000000), 8 * GIB);
    before = *fake;
    scan(&bus);

    assert_int_equal(bus.count, 1);
    const struct pci_function *f = &bus.functions[0];
    assert_int_equal(f->vendor_id, 0x1b36);
    assert_int_equal(f->device_id, 0x0010);
    assert_int_equal(f->subsystem_vendor_id, 0x1af4);
    assert_int_equal(f->subsystem_id, 0x1100);
    assert_int_equal(f->base_class, 1);
    assert_int_equal(f->sub_class, 8);
    assert_int_equal(f->prog_if, 2);
    assert_int_equal(f->revision, 2);
    assert_int_equal(f->bar[0].kind, PCI_BAR_MEM64);
    assert_int_equal(f->bar[0].addr, UINT64_C(0xe000000000));
    assert_int_equal(f->bar[0].bytes, 16384);
    assert_int_equal(f->bar[1].kind, PCI_BAR_NONE);
    assert_int_equal(f->bar[2].kind, PCI_BAR_IO);
    assert_int_equal(f->bar[2].addr, 0xc000);
    assert_int_equal(f->bar[2].bytes, 64);
    assert_int_equal(f->bar[3].kind, PCI_BAR_MEM32);
    assert_true(f->bar[3].prefetchable);
    assert_int_equal(f->bar[3].addr, 0xfebf0000);
    assert_int_equal(f->bar[3].bytes, 4096);
    assert_int_equal(f->bar[4].kind, PCI_BAR_MEM64);
    assert_int_equal(f->bar[4].bytes, 8 * GIB);
    assert_int_equal(f->bar[5].kind, PCI_BAR_NONE);
    assert_memory_equal(before.reg, fake->reg, sizeof(before.reg));
    pci_release(&bus);
}

static void test_bad_bars(void **state)
{
    struct fake_function *fake = fake_add(&pci, 0, 1, 0, NVME_ID, NVME_CLASS);
    struct fake_function *host = fake_add(&pci, 0, 2, 0, 0x12378086, 0x06000002);
    struct pci_bus bus;

    (void)state;
    fake_bar64(fake, 0, 0, 16384);            /* the firmware assigned nothing */
    fake->reg[PCI_BAR0 / 4 + 5] = 0xfe000004; /* 64 bits wide, but the last register */
    fake->writable[PCI_BAR0 / 4 + 5] = 0xffff0000;
    fake->reg[PCI_BAR0 / 4 + 4] = 0xfd000000; /* no bit can be set beyond its own */
    fake_bar32(host, 0, 0xe0000000, 4096);    /* a host bridge is left alone */
    scan(&bus);

    assert_int_equal(bus.count, 2);
    assert_int_equal(bus.functions[0].bar[0].kind, PCI_BAR_MEM64);
    assert_int_equal(bus.functions[0].bar[0].addr, 0);
    assert_int_equal(bus.functions[0].bar[0].bytes, 16384);
    assert_int_equal(bus.functions[0].bar[5].kind, PCI_BAR_NONE);
    assert_int_equal(bus.functions[1].bar[0].kind, PCI_BAR_NONE);
    pci_release(&bus);
}

static void test_topology(void **state)
{
    struct pci_bus bus;

    (void)state;
    /* Functions 0, 2 and 7 of one device; function 1 of a device that says it has one function. */
    fake_add(&pci, 0, 31, 7, 0x29308086, 0x0c050002);
    fake_add(&pci, 0, 31, 0, 0x29188086, 0x06010002)->reg[PCI_HEADER / 4] =
        PCI_HEADER_MULTIFUNCTION;
    fake_add(&pci, 0, 31, 2, 0x29228086, 0x01060102);
    fake_add(&pci, 0, 5, 0, 0x00051b36, 0x00ff0000);
    fake_add(&pci, 0, 5, 1, 0x00051b36, 0x00ff0000);
    struct fake_function *port = fake_add(&pci, 0, 2, 0, 0x000c1b36, 0x06040000);
    port->reg[PCI_HEADER / 4] = FIELD_PREP(PCI_HEADER_TYPE, PCI_HEADER_TYPE_BRIDGE);
    port->reg[PCI_BUS_NUMBERS / 4] = 0x00030100;
    fake_bar32(port, 0, 0xfea00000, 4096);
    fake_add(&pci, 1, 0, 0, NVME_ID, NVME_CLASS);
    fake_add(&pci, 0x80, 9, 0, NVME_ID, NVME_CLASS); /* behind no bridge */
    fake_add(&pci, 0xff, 31, 0, NVME_ID, NVME_CLASS);
    fake_add(&pci, 0, 7, 0, 0x00000000, 0); /* what broken bridges answer */
    fake_add(&pci, 0, 8, 0, 0x00010001, 0); /* "not ready" */
    scan(&bus);

    static const uint8_t places[][3] = {{0, 2, 0},  {0, 5, 0}, {0, 31, 0},   {0, 31, 2},
                                        {0, 31, 7}, {1, 0, 0}, {0x80, 9, 0}, {0xff, 31, 0}};
    assert_int_equal(bus.count, ARRAY_SIZE(places));
    for (unsigned i = 0; i < bus.count; i++) {
        assert_int_equal(bus.functions[i].bus, places[i][0]);
        assert_int_equal(bus.functions[i].dev, places[i][1]);
        assert_int_equal(bus.functions[i].fn, places[i][2]);
        assert_ptr_equal(bus.functions[i].access, &bus.access);
    }
    assert_true(bus.functions[0].bridge);
    assert_int_equal(bus.functions[0].secondary_bus, 1);
    assert_int_equal(bus.functions[0].subordinate_bus, 3);
    assert_int_equal(bus.functions[0].bar[0].bytes, 4096);
    assert_int_equal(bus.functions[0].bar[2].kind, PCI_BAR_NONE);
    assert_false(bus.functions[2].bridge);
    pci_release(&bus);
}

static void test_many_functions(void **state)
{
    struct pci_bus bus;
    unsigned n;

    (void)state;
    /* More than the first room of the table, and an allocation that fails at each growth. */
    for (n = 0; n < FAKE_PCI_MAX; n++) {
        fake_add(&pci, (uint8_t)n, 0, 0, NVME_ID, NVME_CLASS);
    }
    struct pci_access access = fake_access(&pci);
    host_heap_fail_at(1);
    assert_int_equal(pci_scan(&bus, &access), -ENOMEM);
    host_heap_fail_at(0);
    assert_int_equal(bus.count, 0);
    assert_int_equal(heap_used_bytes(), 0);
    scan(&bus);
    assert_int_equal(bus.count, FAKE_PCI_MAX);
    pci_release(&bus);
    assert_int_equal(heap_used_bytes(), 0);
}

static void test_caps(void **state)
{
    struct fake_function *fake = fake_add(&pci, 0, 3, 0, NVME_ID, NVME_CLASS);
    struct pci_bus bus;

    (void)state;
    fake_cap(fake, 0x40, PCI_CAP_ID_MSIX, 0x0040);
    fake_cap(fake, 0x80, PCI_CAP_ID_PCIE, 0x0002);
    fake_cap(fake, 0x60, PCI_CAP_ID_PM, 0x0003);
    fake_cap(fake, 0x50, PCI_CAP_ID_MSI, 0x0080);
    fake->reg[PCI_CAP_POINTER / 4] |= 3; /* reserved bits */
    scan(&bus);
    assert_int_equal(bus.functions[0].cap_msix, 0x40);
    assert_int_equal(bus.functions[0].cap_pcie, 0x80);
    assert_int_equal(bus.functions[0].cap_pm, 0x60);
    assert_int_equal(bus.functions[0].cap_msi, 0x50);
    assert_int_equal(pci_find_cap(&bus.functions[0], 0x09), 0);
    pci_release(&bus);

    /* The same list, but the status register denies that there is one. */
    fake->reg[PCI_COMMAND / 4] &= ~((uint32_t)PCI_STATUS_CAP_LIST << 16);
    scan(&bus);
    assert_int_equal(bus.functions[0].cap_msix, 0);
    pci_release(&bus);
}

static void test_bad_caps(void **state)
{
    struct fake_function *loop = fake_add(&pci, 0, 1, 0, NVME_ID, NVME_CLASS);
    struct fake_function *low = fake_add(&pci, 0, 2, 0, NVME_ID, NVME_CLASS);
    struct fake_function *end = fake_add(&pci, 0, 3, 0, NVME_ID, NVME_CLASS);
    struct pci_bus bus;

    (void)state;
    fake_cap(loop, 0x40, 0x09, 0);
    fake_cap(loop, 0x48, PCI_CAP_ID_PM, 0);
    loop->reg[0x40 / 4] = 0x4809; /* back to the first */
    fake_cap(low, 0x40, 0x09, 0);
    low->reg[0x40 / 4] = 0x1009; /* into the BARs */
    low->reg[0x10 / 4] = PCI_CAP_ID_MSIX;
    fake_cap(end, 0xfc, PCI_CAP_ID_MSIX, 0); /* its table register would lie outside */
    pci.reads = 0;
    scan(&bus);
    assert_int_equal(bus.count, 3);
    assert_int_equal(bus.functions[0].cap_pm, 0x48);
    assert_int_equal(bus.functions[0].cap_msix, 0);
    assert_int_equal(bus.functions[1].cap_msix, 0);
    assert_int_equal(bus.functions[2].cap_msix, 0);
    assert_true(pci.reads < 256 * 32 + 1000);
    pci_release(&bus);
}

static void test_all_ones(void **state)
{
    struct fake_function *gone = fake_add(&pci, 0, 4, 0, NVME_ID, NVME_CLASS);
    struct pci_bus bus;

    (void)state;
    memset(&gone->reg[1], 0xff, sizeof(gone->reg) - 4); /* went away after its identifier */
    scan(&bus);
    assert_int_equal(bus.count, 1);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(bus.functions[0].bar[i].kind, PCI_BAR_NONE);
    }
    assert_int_equal(bus.functions[0].cap_msix, 0);
    pci_release(&bus);
}

static void test_msix(void **state)
{
    static const struct {
        const char *name;
        uint16_t control;
        uint32_t table;
        uint64_t bar_addr;
        int err;
        unsigned count;
    } cases[] = {
        {"64 vectors", 0x003f, 0x00002000, 0xfebf0000, 0, 64},
        {"ends with the bar", 0x003f, 0x00003c00, 0xfebf0000, 0, 64},
        {"one too many", 0x0040, 0x00003c00, 0xfebf0000, -EPROTO, 0},
        {"2048 vectors", 0x07ff, 0x00000000, 0xfebf0000, -EPROTO, 0},
        {"bar without memory", 0x0000, 0x00000002, 0xfebf0000, -EPROTO, 0},
        {"upper half of a bar", 0x0000, 0x00000001, 0xfebf0000, -EPROTO, 0},
        {"no such bar", 0x0000, 0x00000007, 0xfebf0000, -EPROTO, 0},
        {"offset far outside", 0x0000, 0xfffffff8, 0xfebf0000, -EPROTO, 0},
        {"unassigned", 0x0000, 0x00002000, 0, -EPROTO, 0},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct pci_bus bus;
        struct pci_msix msix;

        memset(&pci, 0, sizeof(pci));
        struct fake_function *fake = fake_add(&pci, 0, 3, 0, NVME_ID, NVME_CLASS);
        fake_bar64(fake, 0, cases[i].bar_addr, 16384);
        fake_bar32(fake, 2, 0xc001, 64);
        fake_cap(fake, 0x40, PCI_CAP_ID_MSIX, cases[i].control);
        fake->reg[0x44 / 4] = cases[i].table;
        scan(&bus);
        int err = pci_msix_info(&bus.functions[0], &msix);
        if (err != cases[i].err) {
            fail_msg("%s: %d", cases[i].name, err);
        }
        if (err == 0) {
            assert_int_equal(msix.count, cases[i].count);
            assert_int_equal(msix.bar, 0);
            assert_int_equal(msix.table_off, cases[i].table);
        }
        pci_release(&bus);
    }
}

static void test_msix_control(void **state)
{
    struct fake_function *fake = fake_add(&pci, 0, 3, 0, NVME_ID, NVME_CLASS);
    struct fake_function *plain = fake_add(&pci, 0, 4, 0, NVME_ID, NVME_CLASS);
    struct pci_bus bus;
    struct pci_msix msix;

    (void)state;
    (void)plain;
    fake_cap(fake, 0x40, PCI_CAP_ID_MSIX, 0x0007);
    fake->writable[0x40 / 4] = 0xc0000000;
    scan(&bus);
    pci_msix_control(&bus.functions[0], true, true);
    assert_int_equal(fake->reg[0x40 / 4] >> 16, 0xc007);
    pci_msix_control(&bus.functions[0], true, false);
    assert_int_equal(fake->reg[0x40 / 4] >> 16, 0x8007);
    pci_msix_control(&bus.functions[0], false, true);
    assert_int_equal(fake->reg[0x40 / 4] >> 16, 0x4007);
    pci_msix_control(&bus.functions[1], true, true);
    assert_int_equal(pci_msix_info(&bus.functions[1], &msix), -ENOTSUP);
    pci_release(&bus);
}

static void test_enable(void **state)
{
    struct fake_function *fake = fake_add(&pci, 0, 3, 0, NVME_ID, NVME_CLASS);
    struct pci_bus bus;

    (void)state;
    fake_bar64(fake, 0, UINT64_C(0xe000004000), 16384);
    fake_cap(fake, 0x60, PCI_CAP_ID_PM, 0x0003);
    fake->reg[PCI_COMMAND / 4] &= ~7U;
    fake->reg[0x64 / 4] = 0x00008003; /* D3hot, a PME pending */
    fake->writable[0x64 / 4] = 0x3;
    fake->clear_by_one[0x64 / 4] = 0x8000;
    scan(&bus);
    /* Leaving D3hot without "no soft reset" loses the BARs. */
    fake->reg[PCI_BAR0 / 4] = 4;
    fake->reg[PCI_BAR0 / 4 + 1] = 0;
    /* A status bit that writing one would clear, and nobody asked for that. */
    fake->reg[PCI_COMMAND / 4] |= 0x20000000;
    pci_enable_memory(&bus.functions[0]);
    assert_int_equal(fake->reg[0x64 / 4], 0x00008000);
    assert_int_equal(pci.delayed_ns, 10 * NS_PER_MS);
    assert_int_equal(fake->reg[PCI_BAR0 / 4], 0x00004004);
    assert_int_equal(fake->reg[PCI_BAR0 / 4 + 1], 0xe0);
    assert_int_equal(fake->reg[PCI_COMMAND / 4] & 0xffff,
                     PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
    pci_enable(&bus.functions[0]);
    assert_int_equal(fake->reg[PCI_COMMAND / 4], 0x20100406);
    assert_int_equal(pci.delayed_ns, 10 * NS_PER_MS);
    pci_set_bus_master(&bus.functions[0], false);
    assert_int_equal(fake->reg[PCI_COMMAND / 4], 0x20100402);
    pci_release(&bus);
}

static void test_link(void **state)
{
    static const struct {
        uint16_t flags;
        uint32_t cap;
        uint16_t status;
        struct pci_link link;
    } cases[] = {
        {0x0002, 0x00400044, 0x1041, {true, 2500, 16000, 4, 4}},
        {0x0002, 0x00400043, 0x1023, {true, 8000, 8000, 2, 4}},
        {0x0042, 0x00000105, 0x0105, {true, 32000, 32000, 16, 16}},
        {0x0002, 0x0000004f, 0x0040, {true, 0, 0, 4, 4}}, /* codes that mean nothing */
        {0x0092, 0x00400044, 0x1041, {.present = false}}, /* part of the root complex */
        {0x0002, 0x00000004, 0x0001, {.present = false}}, /* no lanes */
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct pci_bus bus;
        struct pci_link link;

        memset(&pci, 0, sizeof(pci));
        struct fake_function *fake = fake_add(&pci, 0, 3, 0, NVME_ID, NVME_CLASS);
        fake_cap(fake, 0x80, PCI_CAP_ID_PCIE, cases[i].flags);
        fake->reg[0x8c / 4] = cases[i].cap;
        fake->reg[0x90 / 4] = (uint32_t)cases[i].status << 16;
        scan(&bus);
        pci_link_info(&bus.functions[0], &link);
        assert_int_equal(link.present, cases[i].link.present);
        assert_int_equal(link.speed_mtps, cases[i].link.speed_mtps);
        assert_int_equal(link.speed_max_mtps, cases[i].link.speed_max_mtps);
        assert_int_equal(link.width, cases[i].link.width);
        assert_int_equal(link.width_max, cases[i].link.width_max);
        pci_release(&bus);
    }
}

static void test_reset(void **state)
{
    struct fake_function *fake = fake_add(&pci, 0, 3, 0, NVME_ID, NVME_CLASS);
    struct pci_bus bus;

    (void)state;
    fake_bar64(fake, 0, UINT64_C(0xe000004000), 16384);
    fake_cap(fake, 0x80, PCI_CAP_ID_PCIE, 0x0002);
    fake->reg[0x84 / 4] = (uint32_t)PCI_EXP_DEVICE_CAP_FLR;
    fake->reg[0x88 / 4] = 0x0020002f;  /* a transaction that never ends */
    fake->writable[0x88 / 4] = 0x7fff; /* the reset bit reads as zero */
    fake->writable[0x90 / 4] = 0x1ff;
    scan(&bus);
    fake->reg[PCI_BAR0 / 4 + 1] = 0; /* as the reset leaves it */
    assert_int_equal(pci_reset_function(&bus.functions[0]), 0);
    assert_int_equal(pci.delayed_ns, 200 * NS_PER_MS);
    assert_int_equal(fake->reg[PCI_BAR0 / 4 + 1], 0xe0);
    assert_int_equal(fake->reg[0x88 / 4], 0x0020002f);
    assert_int_equal(fake->reg[PCI_COMMAND / 4] & 7, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);

    fake->reg[0] = UINT32_MAX; /* it does not come back */
    assert_int_equal(pci_reset_function(&bus.functions[0]), -ENODEV);
    fake->reg[0x84 / 4] = 0;
    assert_int_equal(pci_reset_function(&bus.functions[0]), -ENOTSUP);
    bus.functions[0].cap_pcie = 0;
    assert_int_equal(pci_reset_function(&bus.functions[0]), -ENOTSUP);
    pci_release(&bus);
}

static int stop_at_second(void *arg, const struct pci_function *f)
{
    unsigned *seen = arg;

    (void)f;
    return ++*seen == 2 ? -EBUSY : 0;
}

static void test_walk_stops(void **state)
{
    struct pci_access access = fake_access(&pci);
    unsigned seen = 0;

    (void)state;
    fake_add(&pci, 0, 1, 0, NVME_ID, NVME_CLASS);
    fake_add(&pci, 0, 2, 0, NVME_ID, NVME_CLASS);
    fake_add(&pci, 0, 3, 0, NVME_ID, NVME_CLASS);
    assert_int_equal(pci_walk(&access, stop_at_second, &seen), -EBUSY);
    assert_int_equal(seen, 2);
}

static void test_scan_early(void **state)
{
    struct pci_access access = fake_access(&pci);
    struct pci_function storage[3];
    struct pci_bus bus;
    unsigned seen = 100;

    (void)state;
    fake_add(&pci, 0, 1, 0, NVME_ID, NVME_CLASS);
    fake_add(&pci, 0, 2, 0, NVME_ID, NVME_CLASS);
    fake_add(&pci, 7, 3, 0, NVME_ID, NVME_CLASS);
    assert_int_equal(pci_scan_early(&bus, &access, storage, 3, stop_at_second, &seen), 0);
    assert_int_equal(seen, 103);
    assert_int_equal(bus.count, 3);
    assert_ptr_equal(bus.functions, storage);
    assert_ptr_equal(bus.functions[2].access, &bus.access);
    assert_int_equal(bus.functions[2].bus, 7);

    assert_int_equal(pci_scan_early(&bus, &access, storage, 2, stop_at_second, &seen), -ENOSPC);
    assert_int_equal(seen, 106); /* each was shown, though the last was not kept */
    assert_int_equal(bus.count, 0);
    seen = 0;
    assert_int_equal(pci_scan_early(&bus, &access, storage, 3, stop_at_second, &seen), -EBUSY);
    assert_int_equal(bus.count, 0);
}

static void test_class_names(void **state)
{
    (void)state;
    assert_string_equal(pci_class_name(1, 8, 2), "Non-Volatile memory controller");
    assert_string_equal(pci_class_name(1, 8, 3), "NVMe administrative controller");
    assert_string_equal(pci_class_name(1, 6, 1), "SATA controller (AHCI)");
    assert_string_equal(pci_class_name(1, 0x55, 0), "Mass storage controller");
    assert_string_equal(pci_class_name(0x77, 1, 1), "Device of an unknown class");
    assert_string_equal(pci_class_name(0xff, 0xff, 0xff), "Device of an unknown class");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty, clear_bus),
        cmocka_unit_test_setup(test_bars, clear_bus),
        cmocka_unit_test_setup(test_bad_bars, clear_bus),
        cmocka_unit_test_setup(test_topology, clear_bus),
        cmocka_unit_test_setup(test_many_functions, clear_bus),
        cmocka_unit_test_setup(test_caps, clear_bus),
        cmocka_unit_test_setup(test_bad_caps, clear_bus),
        cmocka_unit_test_setup(test_all_ones, clear_bus),
        cmocka_unit_test_setup(test_msix, clear_bus),
        cmocka_unit_test_setup(test_msix_control, clear_bus),
        cmocka_unit_test_setup(test_enable, clear_bus),
        cmocka_unit_test_setup(test_reset, clear_bus),
        cmocka_unit_test_setup(test_link, clear_bus),
        cmocka_unit_test_setup(test_walk_stops, clear_bus),
        cmocka_unit_test_setup(test_scan_early, clear_bus),
        cmocka_unit_test_setup(test_class_names, clear_bus),
    };
    return cmocka_run_group_tests_name("pci scan", tests, NULL, NULL);
}
