/*
 * tests/unit/test_apps_hotplug_slots.c - controllers whose removal is asked for: by the command, by
 * the platform, by the button of a slot; and what slots do with their power.
 */
#include "tests/unit/hotplug_world.h"

#include "tests/model/model_spec.h"

/* --- by request ------------------------------------------------------------------------------- */

static void test_eject(void **state)
{
    (void)state;
    run("arm nvme1n1 BBB ; cd nvme1n1:/", -ENOTSUP, NULL);
    run("eject nvme1", 0, "nvme1 is out of service; its slot is switched off");
    said("nvme1: removed: Carillon model drive, serial BBB, was shut down in order", 1);
    assert_int_equal(model_counters(ha->hosts[1]->model)->shutdowns, 1);
    assert_int_equal(model_counters(ha->hosts[1]->model)->shutdowns_with_queues, 0);
    assert_int_equal(ejects, 1);
    gives_nothing_to(1);
    run("list", 0, "nvme0n1");
    assert_null(strstr(ha->text, "nvme1"));
    run("eject nvme1", -ENODEV, "no controller called 'nvme1'");
    run("eject", -EINVAL, NULL);
    run("read nvme0n1 0 1", 0, NULL);
}

/* In a slot that cannot be switched off it stays, out of service, until somebody asks. */
static void test_eject_without_a_switch(void **state)
{
    (void)state;
    restart(1, true);
    struct hotplug_ops ops = {.accepts = accepts, .attach = attach, .detach = detach,
                              .holes = &holes, .any_place = true};
    hotplug_destroy(&ha->app);
    assert_int_equal(hotplug_create(&ha->app, &ops), 0);
    run("eject nvme0", 0, "its slot cannot be switched off. Not pulled out, it comes back");
    idle(5 * NS_PER_S);
    assert_int_equal(attaches, 0);
    next_drive.serial = "AAA";
    run("rescan", 0, "1 controller was added");
    said("nvme0: added:", 1);
    hotplug_destroy(&ha->app);
    run("eject nvme0", -ENOTSUP, "do not come and go");
}

static void test_shutdown_that_does_not_end(void **state)
{
    static const struct model_rule stuck = {.on = MODEL_ON_REG_WRITE, .match = REG_CC,
                                            .count = MODEL_FOREVER,
                                            .action = MODEL_DO_SHST_STUCK};

    (void)state;
    model_add_rule(ha->hosts[0]->model, &stuck);
    asked[5] = true;
    idle(20 * NS_PER_S);
    said("nvme0: stays: it has not said in time that everything is stored", 1);
    assert_int_equal(ejects, 0);
    run("list", 0, "nvme0n1");
    run("eject nvme0", 0, "is switched off"); /* asked for again */
    said("nvme0: removed: Carillon model drive, serial AAA, without an orderly shutdown", 1);
    assert_int_equal(ejects, 1);
    gives_nothing_to(0);
}

static void test_asked_by_the_platform(void **state)
{
    (void)state;
    fake_add(&pci, 0, 9, 0, 0x100e8086, 0x02000000);
    idle(2 * NS_PER_S);
    asked[5] = asked[9] = true;
    hotplug_check(&ha->app); /* as a command does that runs */
    host_clock_run_until(&ha->clock, host_clock_peek(&ha->clock) + 2 * NS_PER_S);
    hotplug_check(&ha->app);
    said("nvme0: its removal is asked for", 1);
    assert_int_equal(ejects, 0);
    assert_int_equal(model_counters(ha->hosts[0]->model)->shutdowns, 0);
    idle(NS_PER_S);
    said("nvme0: its removal is asked for", 1);
    said("nvme0: removed: Carillon model drive, serial AAA, was shut down in order", 1);
    assert_int_equal(ejects, 2); /* and what is not used goes, too */
    assert_int_equal(model_counters(ha->hosts[0]->model)->shutdowns, 1);
    gives_nothing_to(0);
}

/* --- a slot of its own ------------------------------------------------------------------------ */

static void insert_card(void)
{
    put(1, 0, 0);
    port()->reg[PORT_SLOT] |=
        STATUS(PCI_EXP_SLOT_STATUS_PRESENT | PCI_EXP_SLOT_STATUS_PRESENCE_CHANGED);
    port()->reg[PORT_LINK] |= STATUS(PCI_EXP_LINK_STATUS_ACTIVE);
}

static void test_slot(void **state)
{
    (void)state;
    restart(1, false);
    idle(2 * NS_PER_S);
    insert_card();
    idle(2500 * NS_PER_MS);
    said("nvme2: added: Carillon model drive, serial CCC, at 01:00.0", 1);
    assert_int_equal(port()->reg[PORT_SLOT] & 0x0700, 0x0100); /* power, and its light */
    assert_int_equal(pci_bus_find(&bus, 1, 0, 0)->bar[0].addr, 0xfe5fc000);

    /* The button, and again: it stays. */
    port()->reg[PORT_SLOT] |= STATUS(PCI_EXP_SLOT_STATUS_BUTTON);
    idle(2 * NS_PER_S);
    said("slot 7: its button was pressed: nvme2 is removed in 5 s", 1);
    assert_int_equal(port()->reg[PORT_SLOT] & 0x0700, 0x0200); /* blinks */
    port()->reg[PORT_SLOT] |= STATUS(PCI_EXP_SLOT_STATUS_BUTTON);
    idle(8 * NS_PER_S);
    said("slot 7: its button was pressed again: nvme2 stays", 1);
    assert_int_equal(port()->reg[PORT_SLOT] & 0x0700, 0x0100);
    assert_int_equal(model_counters(ha->hosts[2]->model)->shutdowns, 0);

    /* Once: it goes in order, and the power after it. */
    port()->reg[PORT_SLOT] |= STATUS(PCI_EXP_SLOT_STATUS_BUTTON);
    idle(3 * NS_PER_S);
    assert_int_equal(detaches, 0);
    idle(5 * NS_PER_S);
    said("nvme2: removed: Carillon model drive, serial CCC, was shut down in order", 1);
    said("slot 7 is switched off", 1);
    assert_int_equal(model_counters(ha->hosts[2]->model)->shutdowns, 1);
    assert_int_equal(port()->reg[PORT_SLOT] & 0x0700, 0x0700);
    gives_nothing_to(2);
    assert_int_equal(attaches, 1);

    /* Still in the slot, and wanted back: the same name. */
    run("rescan", 0, "1 controller was added");
    said("nvme2: added:", 2);
    assert_int_equal(port()->reg[PORT_SLOT] & 0x0700, 0x0100);
}

/* A card that was exchanged faster than anybody looks is not the one that was there. */
static void test_exchanged_in_a_slot(void **state)
{
    (void)state;
    restart(1, false);
    insert_card();
    idle(2500 * NS_PER_MS);
    said("nvme2: added: Carillon model drive, serial CCC, at 01:00.0", 1);
    next_drive.serial = "EEE";
    pull(1, 0);
    insert_card();
    hotplug_check(&ha->app);
    idle(3 * NS_PER_S);
    said("nvme2: removed: Carillon model drive, serial CCC, is gone", 1);
    said("nvme3: added: Carillon model drive, serial EEE, at 01:00.0", 1);

    /* Pulled out for good: the slot is switched off. */
    model_unplug(ha->hosts[3]->model, true);
    pull(1, 0);
    port()->reg[PORT_SLOT] &= ~STATUS(PCI_EXP_SLOT_STATUS_PRESENT);
    port()->reg[PORT_SLOT] |= STATUS(PCI_EXP_SLOT_STATUS_PRESENCE_CHANGED);
    port()->reg[PORT_LINK] = 0;
    idle(3 * NS_PER_S);
    said("nvme3: removed:", 1);
    assert_int_equal(port()->reg[PORT_SLOT] & SLOT_OFF, SLOT_OFF);
    run("list", 0, "nvme1n1");
}

static void test_eject_from_a_slot(void **state)
{
    (void)state;
    insert_card();
    idle(2500 * NS_PER_MS);
    said("nvme2: added:", 1);
    run("eject nvme2", 0, "nvme2 is out of service; its slot is switched off");
    assert_int_equal(port()->reg[PORT_SLOT] & SLOT_OFF, SLOT_OFF);
    pull(1, 0); /* without power it does not answer */
    idle(3 * NS_PER_S);
    assert_int_equal(attaches, 1);
    said("nvme2: removed:", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_eject),
        TEST(test_eject_without_a_switch),
        TEST(test_shutdown_that_does_not_end),
        TEST(test_asked_by_the_platform),
        TEST(test_slot),
        TEST(test_exchanged_in_a_slot),
        TEST(test_eject_from_a_slot),
    };
    return cmocka_run_group_tests_name("apps hotplug slots", tests, NULL, NULL);
}
