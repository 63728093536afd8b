/*
 * tests/unit/test_apps_power.c - `power` typed into a shell: the table of power states, transitions
 * in words, temperatures, and changes that need an armed drive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/model_spec.h"
#include "tests/unit/typed_lines.h"

static int start(bool every_feature)
{
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    drive.serial = "SERIAL7";
    drive.every_feature = every_feature;
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    return 0;
}

static int full_drive(void **state)
{
    (void)state;
    return start(true);
}

static int plain_drive(void **state)
{
    (void)state;
    return start(false);
}

static int tear_down(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

static void test_table(void **state)
{
    (void)state;
    says("power nvme0", "nvme0, Carillon model drive, serial SERIAL7: power state 0 "
                        "(operational)\n");
    says("power nvme0",
         "*     0     8.00W         -         -          0          0    0    0    0    0  "
         "operational\n"
         "      1     6.00W         -         -          0          0    1    1    1    1  "
         "operational\n");
    says("power nvme0",
         "      4   0.0050W         -         -      50000      60000    4    4    4    4  "
         "non-operational\n");
    says("power nvme0", "Autonomous transitions (APST) are off.\n");
    says("power nvme0", "  warning (WCTEMP)                  : 70 C (343 K)\n"
                        "  critical (CCTEMP)                 : 80 C (353 K)\n"
                        "  slows down a little from (TMT1)   : not set\n");
    says("power nvme0", "lowest that may be set (MNTMT)    : 30 C (303 K)\n");
}

static void test_plain(void **state)
{
    (void)state;
    says("power nvme0", "*     0     9.00W ");
    says("power nvme0", "not offered (APSTA bit 0 of Identify Controller is 0)");
    says("power nvme0", "host controlled thermal management is not offered (HCTMA bit 0)");
    refuses("power nvme0 --apst=on", -ENOTSUP, "APSTA bit 0");
    refuses("power nvme0 --state=1", -EINVAL, "has power states 0 to 0 (NPSS), not 1");
}

static void test_json(void **state)
{
    (void)state;
    says("power nvme0 -o json", "{\n"
                                "  \"controller\" : \"nvme0\",\n"
                                "  \"serial\" : \"SERIAL7\",\n"
                                "  \"state\" : 0,\n"
                                "  \"states\" : [\n"
                                "    {\n"
                                "      \"state\" : 0,\n"
                                "      \"max_power_uw\" : 8000000,\n"
                                "      \"operational\" : 1,\n");
    says("power nvme0 -o json", "\"max_power_uw\" : 5000,\n"
                                "      \"operational\" : 0,\n"
                                "      \"entry_latency_us\" : 50000,\n");
    says("power nvme0 -o json", "  \"apst\" : 0,\n"
                                "  \"transitions\" : [\n"
                                "  ],\n"
                                "  \"warning_k\" : 343,\n");
}

static void test_change_state(void **state)
{
    unsigned before = model_counters(ha->hosts[0]->model)->by_opcode[0][ADM_SET_FEATURES];

    (void)state;
    refuses("power nvme0 --state=2", -EROFS, "nvme0 is not armed");
    refuses("power nvme0 --state=2 --serial=NO", -EROFS, "nothing was done");
    refuses("power nvme0 --state=5 --serial=SERIAL7", -EINVAL, "0 to 4 (NPSS), not 5");
    refuses("power nvme0 --apst=on", -EROFS, "nvme0 is not armed");
    refuses("power nvme0 --apst=maybe", -EINVAL, "--apst is on or off");
    assert_int_equal(model_counters(ha->hosts[0]->model)->by_opcode[0][ADM_SET_FEATURES], before);
    says("power nvme0 --state=2 --serial=SERIAL7",
         "Power state 2 (operational) instead of 0 (operational)");
    assert_non_null(strstr(ha->text, "serial SERIAL7: power state 2 (operational)"));
    says("power nvme0 --state=4 --serial=SERIAL7", "power state 4 (non-operational)");
    says("crc32 nvme0n1 0 1", "");
    says("power nvme0", "power state 2 (operational)"); /* the I/O has woken it up */
}

static void test_change_transitions(void **state)
{
    (void)state;
    says("power nvme0 --apst=on --serial=SERIAL7",
         "Autonomous transitions (APST) are on.\n"
         "  from state 0 to state 3 after 250 ms without I/O\n"
         "  from state 1 to state 3 after 250 ms without I/O\n"
         "  from state 2 to state 3 after 250 ms without I/O\n"
         "  from state 3 to state 4 after 5500 ms without I/O\n");
    says("power nvme0 -o json", "\"apst\" : 1,\n"
                                "  \"transitions\" : [\n"
                                "    {\n"
                                "      \"from\" : 0,\n"
                                "      \"to\" : 3,\n"
                                "      \"idle_ms\" : 250\n"
                                "    },\n");
    says("power nvme0 --apst=off --serial=SERIAL7", "Autonomous transitions (APST) are off.\n"
                                                    "  from state 0 to state 3");
}

static void test_device_refuses(void **state)
{
    static const struct model_rule refuse = {
        .on = MODEL_ON_ADMIN, .match = ADM_GET_FEATURES, .sub = 2,
        .action = MODEL_DO_STATUS, .value = 0x4002};

    (void)state;
    model_add_rule(ha->hosts[0]->model, &refuse);
    refuses("power nvme0", -EIO, "nvme0 refused Get Features: Invalid Field in Command");
    says("power nvme0", "power state 0");
}

#define WITH(drive, test) cmocka_unit_test_setup_teardown(test, drive, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(full_drive, test_table),          WITH(plain_drive, test_plain),
        WITH(full_drive, test_json),           WITH(full_drive, test_change_state),
        WITH(full_drive, test_change_transitions), WITH(full_drive, test_device_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
