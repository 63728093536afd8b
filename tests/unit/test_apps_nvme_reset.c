/*
 * tests/unit/test_apps_nvme_reset.c - `nvme reset`, `subsystem-reset`, `shutdown`, `resume` and
 * `events`, typed into a shell whose drives are software controllers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/unit/typed_lines.h"

static int set_up(void **state)
{
    struct model_config drives[2] = {model_default_config(), model_default_config()};
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drives[0].nssrs = true;
    drives[0].nssr_unplugs = true;
    drives[1].serial = "CAR0002"; /* of the same subsystem, as SUBNQN says */
    cfg.drives = drives;
    cfg.drive_count = 2;
    ha = host_appliance_create(&cfg);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

static const struct model_counters *counters(unsigned drive)
{
    return model_counters(ha->hosts[drive]->model);
}

static void reset(void **state)
{
    (void)state;
    says("arm nvme0n1 CAR0001", "is armed");
    says("nvme reset nvme0", "nvme0 was reset, and was ready after 2 ms\n");
    assert_int_equal(counters(0)->enables, 2);
    assert_int_equal(counters(1)->enables, 1);
    refuses("write nvme0n1 0 1 --pattern=0x00", -EROFS, "arm");
    says("crc32 nvme0n1 0 1", "");
    refuses("nvme reset nvme7", -ENODEV, "no controller called 'nvme7'");
}

static void namespaces_after_a_reset(void **state)
{
    (void)state;
    struct model_ns_config more = {.nsid = 3, .blocks = 64, .lbads = 12};
    model_ns_set(ha->hosts[0]->model, &more);
    says("nvme reset nvme0", "1 namespace has changed");
    says("crc32 nvme0n3 63 1", "");
}

static void reset_of_a_drive_that_stays_away(void **state)
{
    (void)state;
    model_unplug(ha->hosts[0]->model, true);
    refuses("nvme reset nvme0", -ENODEV, "nvme0 did not come back");
    refuses("nvme reset nvme0", -ENODEV, "nvme0 did not come back");
}

static void shutdown_and_resume(void **state)
{
    (void)state;
    refuses("nvme resume nvme0", -EINVAL, "nvme0 is not shut down");
    says("nvme shutdown nvme0", "nvme0 has stored what it had and is shut down");
    says("nvme shutdown nvme0", "was shut down already");
    assert_int_equal(counters(0)->shutdowns, 1);
    assert_true(host_appliance_run(ha, "crc32 nvme0n1 0 1") < 0);
    refuses("nvme reset nvme0", -EIO, "`nvme resume nvme0` brings it back");
    refuses("nvme subsystem-reset nvme0", -ESHUTDOWN, "nvme0 is shut down");
    says("events nvme0 --counts", "cannot report events now (it is shut down)");
    says("nvme resume nvme0", "nvme0 is in service again");
    says("crc32 nvme0n1 0 1", "");
}

static void the_whole_subsystem(void **state)
{
    (void)state;
    refuses("nvme subsystem-reset nvme1", -ENOTSUP, "CAP.NSSRS is 0");
    assert_int_equal(counters(1)->subsystem_resets, 0);
    says("nvme subsystem-reset nvme0", "nvme1 belongs to the same subsystem");
    assert_non_null(strstr(ha->text, "the subsystem of nvme0 was reset\n"));
    assert_int_equal(counters(0)->subsystem_resets, 1);
    assert_int_equal(counters(1)->shutdowns, 1); /* it lost nothing */
    assert_int_equal(counters(1)->enables, 2);
    says("crc32 nvme0n1 0 1", "");
    says("crc32 nvme1n1 0 1", "");
}

static void a_sibling_that_cannot_be_shut_down(void **state)
{
    (void)state;
    model_add_rule(ha->hosts[1]->model, &(struct model_rule){
        .on = MODEL_ON_REG_WRITE, .match = 0x14, .action = MODEL_DO_SHST_STUCK});
    refuses("nvme subsystem-reset nvme0", -ETIMEDOUT, "nothing was reset");
    assert_int_equal(counters(0)->subsystem_resets, 0);
    says("crc32 nvme1n1 0 1", "");
}

static void queues(void **state)
{
    (void)state;
    says("nvme queues nvme0", "queue pairs             : 8\n");
    says("nvme queues nvme0 -o json", "{\n  \"queue_pairs\" : 8,\n  \"with_interrupt\" : 7,\n");
    assert_non_null(strstr(ha->text, "  \"entries_max\" : 1024,\n  \"depth\" : 255\n}\n"));
    says("nvme queues nvme0 --count=2 --entries=16", "queue pairs             : 2\n");
    assert_non_null(strstr(ha->text, "commands at a time      : 15\n"));
    assert_int_equal(counters(0)->io_sqs, 2);
    says("crc32 nvme0n1 0 1000", "");
    says("cpus", "nvme0");
    refuses("nvme queues nvme0 --count=9", -ERANGE, "--count is 1 to 8");
    refuses("nvme queues nvme0 --count=0", -ERANGE, "--count is 1 to 8");
    refuses("nvme queues nvme0 --entries=1", -ERANGE, "2 to 1024");
    refuses("nvme queues nvme0 --entries=1025", -ERANGE, "2 to 1024");
    says("nvme shutdown nvme0", "");
    refuses("nvme queues nvme0 --count=1", -ESHUTDOWN, "could not be changed");
    assert_int_equal(counters(0)->enables, 1);
}

static void event_counts(void **state)
{
    (void)state;
    says("events --counts", "nvme0: no events yet\nnvme1: no events yet\n");
    for (unsigned i = 0; i < 3; i++) {
        model_raise_event(ha->hosts[1]->model, 1, 1, 2);
        for (unsigned turn = 0; turn < 20; turn++) {
            appliance_settle(&ha->app);
            host_clock_relax(&ha->clock);
        }
    }
    says("events nvme1 -c", "nvme1: 3 times, last at 0.");
    assert_null(strstr(ha->text, "nvme0"));
    says("events --clear", "");
    says("events nvme1 --counts", "nvme1: no events yet\n");
}

/* A person who presses Ctrl-C after a second. */
static uint64_t ctrl_c_ns;

static void press_when_due(void *ctx, uint64_t now_ns)
{
    (void)ctx;
    if (now_ns >= ctrl_c_ns) {
        ctrl_c_ns = UINT64_MAX;
        console_input(&ha->console, 0x03);
    }
}

static uint64_t next_press(void *ctx)
{
    (void)ctx;
    return ctrl_c_ns;
}

static void events_until_ctrl_c(void **state)
{
    (void)state;
    ctrl_c_ns = host_clock_peek(&ha->clock) + NS_PER_S;
    host_clock_join(&ha->clock, &(struct host_clock_member){&ctrl_c_ns, press_when_due,
                                                            next_press});
    model_raise_event(ha->hosts[0]->model, 1, 2, 2);
    assert_int_equal(host_appliance_run(ha, "events"), -EINTR);
    assert_non_null(strstr(ha->text, "Events are shown as they come; Ctrl-C ends.\n["));
    assert_non_null(strstr(ha->text, "nvme0: health: available spare is below its threshold"));
    assert_non_null(strstr(ha->text, "1 event\n"));
    host_clock_leave(&ha->clock, &ctrl_c_ns);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reset),
        TEST(namespaces_after_a_reset),
        TEST(reset_of_a_drive_that_stays_away),
        TEST(shutdown_and_resume),
        TEST(the_whole_subsystem),
        TEST(a_sibling_that_cannot_be_shut_down),
        TEST(queues),
        TEST(event_counts),
        TEST(events_until_ctrl_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
