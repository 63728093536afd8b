/*
 * tests/unit/test_pci_assign.c - addresses for functions that were added at run time, on a made-up
 * bus: a port with windows, a root bus, and whatever firmware can leave behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_pci.h"

#include "drivers/pci/assign.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "tests/model/host_heap.h"

#define NVME_CLASS   0x01080202
#define NVME_ID      0x00101b36
#define BRIDGE_CLASS 0x06040000
#define PORT_ID      0x000c1b36

static struct fake_pci pci;
static struct pci_bus bus;
static struct rangeset holes;

static int set_up(void **state)
{
    (void)state;
    memset(&pci, 0, sizeof(pci));
    memset(&holes, 0, sizeof(holes));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pci_release(&bus);
    return heap_used_bytes() == 0 ? 0 : -1;
}

/* A root port at 00:dev.0 to bus secondary; windows as the registers hold them. */
static struct fake_function *add_port(uint8_t dev, uint8_t secondary, uint32_t memory,
                                      uint32_t prefetch)
{
    struct fake_function *port = fake_add(&pci, 0, dev, 0, PORT_ID, BRIDGE_CLASS);

    port->reg[PCI_HEADER / 4] = PCI_HEADER_TYPE_BRIDGE << 16;
    port->reg[PCI_BUS_NUMBERS / 4] = (uint32_t)secondary << 16 | (uint32_t)secondary << 8;
    port->reg[PCI_MEMORY / 4] = memory;
    port->reg[PCI_PREFETCH / 4] = prefetch;
    fake_cap(port, 0x40, PCI_CAP_ID_PCIE, 0x0142);
    port->writable[0x48 / 4] = 0xffff;
    return port;
}

static struct fake_function *add_nvme(uint8_t number, uint64_t bytes)
{
    struct fake_function *f = fake_add(&pci, number, number ? 0 : 9, 0, NVME_ID, NVME_CLASS);

    f->reg[PCI_COMMAND / 4] = 0;
    fake_cap(f, 0x40, PCI_CAP_ID_PCIE, 0x0002);
    f->writable[0x48 / 4] = 0xffff;
    fake_bar64(f, 0, 0, bytes);
    return f;
}

/* The bus is scanned without the newest function, which is then probed and given addresses. */
static int assign(struct pci_function *f)
{
    struct pci_access access = fake_access(&pci);
    const struct fake_function *newest = &pci.functions[pci.count - 1];

    pci.count--;
    pci_release(&bus);
    assert_int_equal(pci_scan(&bus, &access), 0);
    pci.count++;
    assert_true(pci_probe(&bus.access, newest->bus, newest->dev, newest->fn, f));
    int err = pci_assign(&bus, &holes, f);
    assert_int_equal(pci.bar_writes_while_decoding, 0);
    return err;
}

static uint64_t bar64(const struct fake_function *f, unsigned bar)
{
    return ((uint64_t)f->reg[PCI_BAR0 / 4 + bar + 1] << 32 | f->reg[PCI_BAR0 / 4 + bar]) &
           ~UINT64_C(15);
}

static void test_in_the_window_of_a_port(void **state)
{
    struct fake_function *port = add_port(3, 1, 0xfe50fe40, 0xfeb1fea1);
    struct fake_function *nvme = add_nvme(1, 16384);
    struct pci_function f;

    (void)state;
    port->reg[PCI_COMMAND / 4] = 0; /* nothing was behind it at the start */
    assert_int_equal(assign(&f), 0);
    assert_int_equal(f.bar[0].addr, 0xfe5fc000);
    assert_int_equal(bar64(nvme, 0), 0xfe5fc000);
    assert_int_equal(port->reg[PCI_COMMAND / 4] & 6, 6); /* it forwards both ways */
    assert_int_equal(nvme->reg[PCI_COMMAND / 4] & 6, 0); /* that is the caller's */
}

/* Each next one finds its own place, until the window is full; then one goes and makes room. */
static void test_window_fills(void **state)
{
    struct pci_function f, second = {0};

    (void)state;
    add_port(3, 1, 0xfe40fe40, 0x0001fff1); /* 1 MiB; no prefetchable window */
    for (unsigned i = 0; i < 4; i++) {
        struct fake_function *nvme = add_nvme(1, 256 * KIB);

        nvme->dev = (uint8_t)i;
        assert_int_equal(assign(&f), 0);
        assert_int_equal(f.bar[0].addr, 0xfe4c0000 - i * 256 * KIB);
        second = i == 1 ? f : second;
    }
    struct fake_function *fifth = add_nvme(1, 16384);
    fifth->dev = 4;
    assert_int_equal(assign(&f), -ENOSPC);
    assert_int_equal(bar64(fifth, 0), 0);
    for (unsigned i = 0; i < bus.count; i++) {
        if (bus.functions[i].dev == second.dev && bus.functions[i].bus == 1) {
            pci_bus_drop(&bus, i);
        }
    }
    assert_true(pci_probe(&bus.access, 1, 4, 0, &f));
    assert_int_equal(pci_assign(&bus, &holes, &f), 0);
    assert_int_equal(f.bar[0].addr, second.bar[0].addr + 256 * KIB - 16384);
}

static void test_windows_that_are_none(void **state)
{
    static const struct {
        const char *name;
        uint32_t memory, prefetch;
    } cases[] = {
        {"limit below base", 0xfe40fe50, 0x0001fff1},
        {"as after a reset", 0, 0},
        {"all ones", 0xffffffff, 0xffffffff},
        {"base zero", 0x00100000, 0x00110001},
    };
    struct pci_function f;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        set_up(NULL);
        add_port(3, 1, cases[i].memory, cases[i].prefetch);
        const struct fake_function *nvme = add_nvme(1, 16384);
        if (assign(&f) != -ENOSPC || bar64(nvme, 0) != 0) {
            fail_msg("%s", cases[i].name);
        }
    }
}

/* The first MiB of a window is never used when it is that at zero; a window below 4 GiB does for 64
 * bits, one above it does not for 32. */
static void test_high_windows(void **state)
{
    struct fake_function *port = add_port(3, 1, 0xfe40fe50, 0x00110001);
    struct fake_function *nvme = add_nvme(1, 16384);
    struct pci_function f;

    (void)state;
    port->reg[PCI_PREFETCH_BASE_HIGH / 4] = 0x80;
    port->reg[PCI_PREFETCH_LIMIT_HIGH / 4] = 0x80;
    assert_int_equal(assign(&f), 0); /* not prefetchable, but all is PCI Express */
    assert_int_equal(f.bar[0].addr, UINT64_C(0x80001fc000));
    assert_int_equal(bar64(nvme, 0), UINT64_C(0x80001fc000));
    assert_int_equal(f.bar[0].prefetchable, 0);

    nvme->reg[PCI_BAR0 / 4] = nvme->reg[PCI_BAR0 / 4 + 1] = nvme->writable[PCI_BAR0 / 4 + 1] = 0;
    fake_bar32(nvme, 0, 0, 16384);
    assert_int_equal(assign(&f), -ENOSPC);

    nvme->writable[PCI_BAR0 / 4] = 0;
    fake_bar64(nvme, 0, 0, 16384);
    nvme->reg[PCI_CAP_POINTER / 4] = 0; /* conventional PCI */
    assert_int_equal(assign(&f), -ENOSPC);
}

/* The largest first; a prefetchable one where it belongs; a 32-bit one below 4 GiB. */
static void test_several_bars(void **state)
{
    struct fake_function *port = add_port(3, 1, 0xfe50fe40, 0x4ff14001);
    struct fake_function *nvme = add_nvme(1, 16384);
    struct pci_function f;

    (void)state;
    (void)port;
    fake_bar64(nvme, 2, 8, 64 * MIB); /* a controller memory buffer */
    fake_bar32(nvme, 4, 0, 1024);
    fake_bar32(nvme, 5, 1, 64); /* ports are not assigned */
    assert_int_equal(assign(&f), 0);
    assert_int_equal(f.bar[2].addr, 0x4c000000);
    assert_int_equal(f.bar[0].addr, 0xfe5fc000);
    assert_int_equal(f.bar[4].addr, 0xfe5fb000); /* a page of its own */
    assert_int_equal(f.bar[5].addr, 0);
    assert_int_equal(nvme->reg[PCI_BAR0 / 4 + 4], 0xfe5fb000);

    nvme->reg[PCI_BAR0 / 4] &= 15; /* where they are they may stay, and the lost one comes back */
    assert_int_equal(assign(&f), 0);
    assert_int_equal(f.bar[0].addr, 0xfe5fc000);
    assert_int_equal(f.bar[2].addr, 0x4c000000);

    nvme->reg[PCI_BAR0 / 4] = 0x12340004; /* an address that does not lead here */
    assert_int_equal(assign(&f), 0);
    assert_int_equal(f.bar[0].addr, 0xfe5fc000);
}

/* One that has no room fails as a whole: nothing is written. */
static void test_all_or_nothing(void **state)
{
    struct pci_function f;

    (void)state;
    add_port(3, 1, 0xfe50fe40, 0x0001fff1);
    struct fake_function *nvme = add_nvme(1, 16384);
    fake_bar64(nvme, 2, 8, 64 * MIB);
    assert_int_equal(assign(&f), -ENOSPC);
    assert_int_equal(bar64(nvme, 0), 0);
    assert_int_equal(bar64(nvme, 2), 0);
}

static void test_on_a_root_bus(void **state)
{
    struct pci_function f;

    (void)state;
    struct fake_function *vga = fake_add(&pci, 0, 2, 0, 0x11111234, 0x03000000);
    fake_bar32(vga, 0, 0xfd000008, 16 * MIB);
    struct fake_function *old = fake_add(&pci, 0, 5, 0, NVME_ID, NVME_CLASS);
    fake_bar64(old, 0, 0xfebfc000, 16384);
    add_port(3, 1, 0xfea0fea0, 0x0001fff1);
    add_nvme(0, 16384);
    assert_int_equal(assign(&f), -ENOSPC); /* nobody says what is free */
    rangeset_add(&holes, 0x20000000, 0x30000000); /* nothing of the firmware's lies there */
    assert_int_equal(assign(&f), -ENOSPC);
    rangeset_add(&holes, 0xe0000000, 0xfec00000);
    assert_int_equal(assign(&f), 0);
    assert_int_equal(f.bar[0].addr, 0xfebf8000);
    assert_int_equal(pci_assign(&bus, NULL, &f), 0); /* it has one, and keeps it */

    pci.functions[pci.count - 1].reg[PCI_BAR0 / 4] &= 15;
    pci.functions[pci.count - 1].writable[PCI_BAR0 / 4] = ~(4 * (uint32_t)MIB - 1);
    assert_int_equal(assign(&f), 0); /* not where the window of the port is */
    assert_int_equal(f.bar[0].addr, 0xfe400000);
}

/* Sizes and numbers that no device has. */
static void test_hostile_sizes(void **state)
{
    struct pci_function f;

    (void)state;
    add_port(3, 1, 0xfff0fff0, 0xfff1fff1);
    struct fake_function *port = &pci.functions[0];
    port->reg[PCI_PREFETCH_BASE_HIGH / 4] = 0xffffffff;
    port->reg[PCI_PREFETCH_LIMIT_HIGH / 4] = 0xffffffff;
    struct fake_function *nvme = add_nvme(1, UINT64_C(1) << 63);
    assert_int_equal(assign(&f), -ENOSPC);
    nvme->writable[PCI_BAR0 / 4] = nvme->writable[PCI_BAR0 / 4 + 1] = 0;
    fake_bar64(nvme, 0, UINT64_C(1) << 63, UINT64_C(1) << 63); /* its end is no address */
    assert_int_equal(assign(&f), -ENOSPC);
    nvme->writable[PCI_BAR0 / 4] = nvme->writable[PCI_BAR0 / 4 + 1] = 0;
    nvme->reg[PCI_BAR0 / 4] = nvme->reg[PCI_BAR0 / 4 + 1] = 0;
    fake_bar64(nvme, 0, 0, 16);
    assert_int_equal(assign(&f), 0); /* the last MiB below 4 GiB */
    assert_int_equal(f.bar[0].addr, 0xfffff000);
}

static unsigned payload(const struct fake_function *f)
{
    return (unsigned)FIELD_GET(PCI_EXP_DEVICE_CONTROL_PAYLOAD, f->reg[0x48 / 4]);
}

static void test_payload(void **state)
{
    struct fake_function *port = add_port(3, 1, 0xfe50fe40, 0x0001fff1);
    struct fake_function *nvme = add_nvme(1, 16384);
    struct pci_function f;

    (void)state;
    port->reg[0x48 / 4] = 1 << 5; /* 256 bytes */
    nvme->reg[0x44 / 4] = 2;      /* up to 512 */
    nvme->reg[0x48 / 4] = 0x2010; /* the rest stays */
    assert_int_equal(assign(&f), 0);
    assert_int_equal(payload(nvme), 1);
    assert_int_equal(nvme->reg[0x48 / 4], 0x2010 | 1 << 5);
    assert_int_equal(payload(port), 1);

    nvme->reg[0x44 / 4] = 0; /* 128 at most: the port sends no larger ones then */
    nvme->reg[PCI_BAR0 / 4] &= 15;
    assert_int_equal(assign(&f), 0);
    assert_int_equal(payload(nvme), 0);
    assert_int_equal(payload(port), 0);
}

static void test_list_of_functions(void **state)
{
    struct pci_access access = fake_access(&pci);
    struct pci_function f;

    (void)state;
    add_port(3, 2, 0xfe50fe40, 0x0001fff1);
    fake_add(&pci, 0, 1, 0, NVME_ID, NVME_CLASS);
    fake_add(&pci, 2, 0, 1, NVME_ID, NVME_CLASS);
    struct fake_function *first = fake_add(&pci, 2, 0, 0, NVME_ID, NVME_CLASS);
    assert_int_equal(pci_scan(&bus, &access), 0); /* function 1 is not found: 0 says it is alone */
    assert_int_equal(bus.count, 3);
    assert_false(pci_probe(&bus.access, 2, 1, 0, &f));
    first->reg[PCI_HEADER / 4] = (uint32_t)PCI_HEADER_MULTIFUNCTION;
    assert_true(pci_probe(&bus.access, 2, 0, 0, &f));
    assert_true(f.multifunction);
    assert_true(pci_probe(&bus.access, 2, 0, 1, &f));
    host_heap_fail_at(1);
    assert_int_equal(pci_bus_add(&bus, &f), -ENOMEM);
    host_heap_fail_at(0);
    assert_int_equal(bus.count, 3);
    assert_int_equal(pci_bus_add(&bus, &f), 0);
    assert_int_equal(bus.count, 4);
    assert_int_equal(bus.functions[3].fn, 1);
    assert_ptr_equal(bus.functions[3].access, &bus.access);
    f.bus = f.dev = f.fn = 0;
    assert_int_equal(pci_bus_add(&bus, &f), 0);
    assert_ptr_equal(pci_bus_find(&bus, 0, 0, 0), &bus.functions[0]);
    assert_ptr_equal(pci_bus_find(&bus, 2, 0, 1), &bus.functions[4]);
    assert_null(pci_bus_find(&bus, 2, 1, 0));
    assert_ptr_equal(pci_bus_bridge(&bus, 2), pci_bus_find(&bus, 0, 3, 0));
    assert_null(pci_bus_bridge(&bus, 0));
    assert_null(pci_bus_bridge(&bus, 1));
    pci_bus_drop(&bus, 0);
    pci_bus_drop(&bus, 3);
    assert_int_equal(bus.count, 3);
    assert_null(pci_bus_find(&bus, 2, 0, 1));
    assert_non_null(pci_bus_find(&bus, 2, 0, 0));
    first->reg[0] = 0xffff0001; /* not ready yet */
    assert_false(pci_probe(&bus.access, 2, 0, 0, &f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_in_the_window_of_a_port, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_window_fills, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_windows_that_are_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_high_windows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several_bars, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_or_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_on_a_root_bus, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_payload, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_of_functions, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("pci assign", tests, NULL, NULL);
}
