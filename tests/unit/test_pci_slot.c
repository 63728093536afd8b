/*
 * tests/unit/test_pci_slot.c - slots of PCI Express ports on a made-up bus.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_pci.h"

#include "drivers/pci/slot.h"
#include "lib/errno.h"

#define CAP   0x40
#define LINK  ((CAP + PCI_EXP_LINK_CONTROL) / 4)
#define SLOT  ((CAP + PCI_EXP_SLOT_CONTROL) / 4)
#define EVENT(bit) ((uint32_t)(bit) << 16)
#define EVENTS_MASK EVENT(0x011f)

static struct fake_pci pci;
static struct fake_function *port;
static struct pci_slot slot;
static struct pci_access access;

static struct pci_function probe(void)
{
    struct pci_function f;

    assert_true(pci_probe(&access, 0, 3, 0, &f));
    return f;
}

static int set_up(void **state)
{
    (void)state;
    memset(&pci, 0, sizeof(pci));
    port = fake_add(&pci, 0, 3, 0, 0x000c1b36, 0x06040000);
    port->reg[PCI_HEADER / 4] = PCI_HEADER_TYPE_BRIDGE << 16;
    port->reg[PCI_BUS_NUMBERS / 4] = 0x00010100;
    fake_cap(port, CAP, PCI_CAP_ID_PCIE, 0x0142); /* root port with a slot */
    port->reg[(CAP + PCI_EXP_LINK_CAP) / 4] = PCI_EXP_LINK_CAP_ACTIVE;
    port->reg[(CAP + PCI_EXP_SLOT_CAP) / 4] = 7 << 19 | 0x7b;
    port->reg[LINK] = EVENT(PCI_EXP_LINK_STATUS_ACTIVE);
    port->reg[SLOT] = EVENT(PCI_EXP_SLOT_STATUS_PRESENT) | 0x01c0;
    port->writable[SLOT] = 0xffff;
    port->clear_by_one[SLOT] = EVENTS_MASK;
    port->set_by_write[SLOT] = EVENT(PCI_EXP_SLOT_STATUS_COMPLETED);
    access = fake_access(&pci);
    struct pci_function f = probe();
    return pci_slot_init(&f, &slot) ? 0 : -1;
}

static void test_what_is_a_slot(void **state)
{
    struct pci_function f = probe();

    (void)state;
    assert_int_equal(slot.number, 7);
    assert_true(slot.has_power && slot.has_button && slot.reports_link && slot.confirms);
    static const struct {
        const char *name;
        unsigned reg;
        uint32_t value;
        bool is;
    } cases[] = {
        {"not hot-plug capable", (CAP + PCI_EXP_SLOT_CAP) / 4, 7 << 19 | 0x3b, false},
        {"no slot", CAP / 4, 0x0042 << 16 | PCI_CAP_ID_PCIE, false},
        {"an upstream port", CAP / 4, 0x0152 << 16 | PCI_CAP_ID_PCIE, false},
        {"a downstream port", CAP / 4, 0x0162 << 16 | PCI_CAP_ID_PCIE, true},
        {"all ones", (CAP + PCI_EXP_SLOT_CAP) / 4, UINT32_MAX, false},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        set_up(NULL);
        port->reg[cases[i].reg] = cases[i].value;
        if (pci_slot_init(&f, &slot) != cases[i].is) {
            fail_msg("%s", cases[i].name);
        }
    }
    f.cap_pcie = 0xf0; /* it would reach beyond the header */
    assert_false(pci_slot_init(&f, &slot));
    f.cap_pcie = 0;
    assert_false(pci_slot_init(&f, &slot));
    f = probe();
    f.bridge = false;
    assert_false(pci_slot_init(&f, &slot));
}

static void test_state_and_events(void **state)
{
    struct pci_slot_state s = pci_slot_look(&slot);

    (void)state;
    assert_true(s.occupied && s.powered && s.link);
    assert_false(s.button || s.changed || s.fault);
    port->reg[SLOT] |= EVENT(PCI_EXP_SLOT_STATUS_BUTTON | PCI_EXP_SLOT_STATUS_FAULT);
    s = pci_slot_look(&slot);
    assert_true(s.button && s.fault && !s.changed);
    assert_int_equal(port->reg[SLOT] & 0xffff, 0x01c0); /* nothing was switched by that */
    s = pci_slot_look(&slot);
    assert_false(s.button || s.fault);

    port->reg[SLOT] &= ~EVENT(PCI_EXP_SLOT_STATUS_PRESENT);
    port->reg[SLOT] |= EVENT(PCI_EXP_SLOT_STATUS_PRESENCE_CHANGED) | 0x0400;
    port->reg[LINK] = 0;
    s = pci_slot_look(&slot);
    assert_true(s.changed && !s.occupied && !s.powered && !s.link);

    port->reg[SLOT] |= EVENT(PCI_EXP_SLOT_STATUS_LINK_CHANGED);
    s = pci_slot_look(&slot);
    assert_false(s.changed); /* resets do that */
    assert_int_equal(port->reg[SLOT] & EVENT(PCI_EXP_SLOT_STATUS_LINK_CHANGED), 0);

    pci.count = 0; /* the port itself is gone */
    s = pci_slot_look(&slot);
    assert_false(s.occupied || s.powered || s.link || s.button || s.changed || s.fault);
}

static void test_power(void **state)
{
    (void)state;
    assert_int_equal(pci_slot_power(&slot, false), 0);
    assert_int_equal(port->reg[SLOT] & 0xffff, 0x07c0); /* off, its light too */
    assert_in_range(pci.delayed_ns, NS_PER_S, 2 * NS_PER_S);
    pci.delayed_ns = 0;
    assert_int_equal(pci_slot_power(&slot, true), 0);
    assert_int_equal(port->reg[SLOT] & 0xffff, 0x01c0);
    assert_in_range(pci.delayed_ns, 100 * NS_PER_MS, 200 * NS_PER_MS);
    pci_slot_blink(&slot, true);
    assert_int_equal(port->reg[SLOT] & 0xffff, 0x02c0);
    pci_slot_blink(&slot, false);
    assert_int_equal(port->reg[SLOT] & 0xffff, 0x01c0);
    port->reg[LINK] = 0;
    pci.delayed_ns = 0;
    assert_int_equal(pci_slot_power(&slot, true), -ETIMEDOUT);
    assert_in_range(pci.delayed_ns, 900 * NS_PER_MS, 2 * NS_PER_S);
}

/* A slot that never confirms costs a second a command, and no more. */
static void test_bounds(void **state)
{
    (void)state;
    port->set_by_write[SLOT] = 0;
    pci_slot_blink(&slot, true);
    assert_in_range(pci.delayed_ns, 900 * NS_PER_MS, 1100 * NS_PER_MS);
    slot.confirms = false;
    pci.delayed_ns = 0;
    pci_slot_blink(&slot, true);
    assert_int_equal(pci.delayed_ns, 0);
    slot.has_power = false;
    uint32_t before = port->reg[SLOT];
    assert_int_equal(pci_slot_power(&slot, false), -ENOTSUP);
    assert_int_equal(port->reg[SLOT], before);
    slot.has_power = true;
    access.delay_ns = NULL;
    assert_int_equal(pci_slot_power(&slot, true), -ENOTSUP);
    assert_int_equal(port->reg[SLOT], before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_is_a_slot, set_up),
        cmocka_unit_test_setup(test_state_and_events, set_up),
        cmocka_unit_test_setup(test_power, set_up),
        cmocka_unit_test_setup(test_bounds, set_up),
    };
    return cmocka_run_group_tests_name("pci slot", tests, NULL, NULL);
}
