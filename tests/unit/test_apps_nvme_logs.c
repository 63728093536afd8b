/*
 * tests/unit/test_apps_nvme_logs.c - the commands that show log pages, typed into a shell: text,
 * JSON, what is not offered, and what the device refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/nvme/logs.h"
#include "lib/errno.h"
#include "tests/unit/typed_lines.h"

static const struct model_patch everything[] = {
    {.cns = 1, .offset = 256, .len = 2, .value = 1 << 4}, /* OACS: self-test */
    {.cns = 1, .offset = 328, .len = 4, .value = 7},      /* SANICAP */
};
static const struct model_patch nothing[] = {
    {.cns = 1, .offset = 92, .len = 4, .value = 0}, /* OAES */
    {.cns = 1, .offset = 256, .len = 2, .value = 0},
    {.cns = 1, .offset = 328, .len = 4, .value = 0},
};

static int start(bool all)
{
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    drive.patches = all ? everything : nothing;
    drive.patch_count = all ? ARRAY_SIZE(everything) : ARRAY_SIZE(nothing);
    drive.lpa = all ? 0x1f : 0;
    drive.endurance_group = all;
    drive.ns_count = 2;
    drive.ns[1] = (struct model_ns_config){.nsid = 2, .blocks = 1 << 18, .lbads = 12};
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    return 0;
}

static int all_offered(void **state)
{
    (void)state;
    return start(true);
}

static int none_offered(void **state)
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

static void test_smart_log(void **state)
{
    (void)state;
    says("nvme smart-log nvme0", "Smart Log for NVME device:nvme0 namespace-id:ffffffff\n");
    says("nvme smart-log nvme0",
         "\ntemperature                             : 40 C (313 K, 104 F)\n");
    says("nvme smart-log nvme0", "\navailable_spare_threshold               : 10%\n");
    says("nvme smart-log nvme0", "\npower_on_hours                          : 100\n");
    says("nvme smart-log nvme0",
         "\nTemperature Sensor 2                    : 45 C (318 K, 113 F)\n");
    says("read nvme0n1 0 8", "");
    says("nvme smart-log /dev/nvme0n1", "\nhost_read_commands                      : 5\n");
    /* Four more than that one: the partition tables were looked for. */
    says("nvme smart-log nvme0", "\nData Units Read                         : 1 (512.00  kB)\n");
    says("nvme smart-log nvme0 -n 2", "namespace-id:2\n");
    says("nvme smart-log nvme0 -n 2", "\nhost_read_commands                      : 2\n");
    refuses("nvme smart-log nvme0 -n 9", -ENXIO, "nvme0 refused Get Log Page 02h");
    refuses("nvme smart-log nvme0n1 -n 2", -EINVAL, "is namespace 1");
    refuses("nvme smart-log nvme7", -ENODEV, "nvme7");
    refuses("nvme smart-log nvme0 -o xml", -EINVAL, "normal or json");
}

static void test_smart_log_json(void **state)
{
    static const char *const keys[] = {
        "\"critical_warning\" : 4,", "\"temperature\" : 313,", "\"avail_spare\" : 100,",
        "\"spare_thresh\" : 10,", "\"percent_used\" : 1,",
        "\"endurance_grp_critical_warning_summary\" : 0,", "\"data_units_read\" : 1,",
        "\"data_units_written\" : 0,", "\"host_read_commands\" : 4,",
        "\"host_write_commands\" : 0,", "\"controller_busy_time\" : 0,", "\"power_cycles\" : 7,",
        "\"power_on_hours\" : 100,", "\"unsafe_shutdowns\" : 0,", "\"media_errors\" : 3,",
        "\"num_err_log_entries\" : 0,", "\"warning_temp_time\" : 0,",
        "\"critical_comp_time\" : 0,", "\"temperature_sensor_1\" : 313,",
        "\"temperature_sensor_2\" : 318,", "\"thm_temp1_trans_count\" : 0,",
        "\"thm_temp2_trans_count\" : 0,", "\"thm_temp1_total_time\" : 0,",
        "\"thm_temp2_total_time\" : 0\n}\n",
    };

    (void)state;
    model_health(model())->critical_warning = 4;
    model_health(model())->media_errors = 3;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        says("nvme smart-log nvme0 -o json", keys[i]);
    }
    assert_true(ha->text[0] == '{');
    assert_null(strstr(ha->text, "Smart Log"));
    says("nvme smart-log nvme0 -H", "[2:2] : 0x1\treliability is degraded");
    says("nvme smart-log nvme0 -H", "[0:0] : 0\tspare capacity");
}

static const struct model_rule bad_identify = {
    .on = MODEL_ON_ADMIN, .match = 0x06, .sub = MODEL_ANY, .action = MODEL_DO_STATUS,
    .value = 0x4002, .count = 1};

static void test_error_log(void **state)
{
    (void)state;
    says("nvme error-log nvme0", "Error Log Entries for device:nvme0 entries:0\n");
    model_add_rule(model(), &bad_identify);
    refuses("nvme id-ctrl nvme0", -EIO, "Invalid Field");
    refuses("nvme get-log nvme0 -i 0xc1 -l 4", -EIO, "Invalid Log Page");
    says("nvme error-log nvme0", "entries:2\n");
    says("nvme error-log nvme0", "Entry[ 0]\n    error_count     : 2\n    sqid            : 0\n");
    says("nvme error-log nvme0", "status_field    : 0x4109 (Invalid Log Page)\n");
    says("nvme error-log nvme0", "parm_err_loc    : 0x28 (CDW10, byte 40 bit 0)\n");
    says("nvme error-log nvme0", "parm_err_loc    : 0xffff\n");
    says("nvme error-log nvme0 -e 1", "entries:1\n");
    says("nvme error-log nvme0 -o json", "{\n  \"errors\" : [\n    {\n      \"error_count\" : 2,\n"
                                         "      \"sqid\" : 0,\n");
    says("nvme error-log nvme0 -o json", "\"parm_error_location\" : 40,");
    says("nvme error-log nvme0 -o json", "\"status_field\" : 16649,");
    refuses("nvme error-log nvme0 -e 0", -EINVAL, "1 to 256");
    refuses("nvme error-log nvme0 -e 257", -ERANGE, "256");
}

/* A refusal says what the status means, and what the error log adds, with one more command. */
static void test_refusals_are_explained(void **state)
{
    static const struct model_rule media = {.on = MODEL_ON_ADMIN, .match = 0x06, .sub = MODEL_ANY,
                                            .action = MODEL_DO_STATUS, .value = 0x281};
    static const struct model_rule forgetful = {.on = MODEL_ON_ADMIN, .match = 0x02, .sub = 1,
                                                .action = MODEL_DO_STATUS, .value = 0x006,
                                                .nth = 1, .count = 1};
    unsigned before = model_counters(model())->by_opcode[0][0x02];

    (void)state;
    model_add_rule(model(), &bad_identify);
    refuses("nvme id-ns nvme0n1", -EIO,
            "nvme0 refused Identify: Invalid Field in Command (sct 0, sc 02h, do not retry)\n"
            "  A parameter of the command has a value that the drive does not accept.\n"
            "  Error 1 of its error log; namespace 0x1.\n");
    assert_int_equal(model_counters(model())->by_opcode[0][0x02], before + 1);
    refuses("nvme get-log nvme0 -i 0xc1 -l 4", -EIO,
            "  The drive does not have this log page.\n"
            "  Error 2 of its error log; the parameter is CDW10, byte 40 bit 0; namespace ");
    model_clear_rules(model());
    model_add_rule(model(), &media);
    refuses("nvme id-ctrl nvme0", -ENODATA, "Error 3 of its error log; the first block is 0.\n");
    model_clear_rules(model());
    model_add_rule(model(), &bad_identify);
    model_add_rule(model(), &forgetful); /* the error log cannot be read: nothing is added */
    refuses("nvme id-ctrl nvme0", -EIO, "the drive does not accept.\n");
    assert_null(strstr(ha->text, "its error log"));
}

static void test_explain_status(void **state)
{
    (void)state;
    says("nvme explain-status 0x4080",
         "LBA Out of Range (sct 0, sc 80h, do not retry)\n"
         "The blocks lie beyond the end of the namespace.\n");
    says("nvme explain-status 0x7c1", "Only the drive's vendor knows");
    refuses("nvme explain-status 0x8000", -ERANGE, "32767");
}

static void test_fw_log(void **state)
{
    (void)state;
    says("nvme fw-log nvme0", "Firmware Log for device:nvme0\nafi  : 0x1\nfrs1 : 1.0\n");
    assert_null(strstr(ha->text, "frs2"));
    says("nvme fw-log nvme0 -o json", "\"Active Firmware Slot (afi)\" : 1,\n"
                                      "  \"Firmware Rev Slot 1\" : \"1.0\"\n");
}

static void test_changed_namespaces(void **state)
{
    struct model_ns_config ns = {.nsid = 3, .blocks = 4096, .lbads = 9};

    (void)state;
    says("nvme changed-ns-list-log nvme0", "Changed Namespace List Log for NVME device:nvme0\n");
    assert_null(strstr(ha->text, "0x3"));
    model_ns_set(model(), &ns);
    says("nvme changed-ns-list-log nvme0 -o json", "\"namespaces\" : [\n    3\n  ]");
    says("nvme changed-ns-list-log nvme0", "nvme0\n"); /* reading has emptied it */
    assert_null(strstr(ha->text, "0x3"));
}

static void test_effects_log(void **state)
{
    (void)state;
    says("nvme effects-log nvme0", "Command Effects Log for device:nvme0\nAdmin Command Set\n");
    says("nvme effects-log nvme0", "  ACS      6 [Identify]");
    says("nvme effects-log nvme0",
         "  IOCS     1 [Write]                                : 00000003\n");
    says("nvme effects-log nvme0 -H", "[1:1] : 0x1\tmay change the contents of logical blocks\n");
    says("nvme effects-log nvme0 -o json", "\"io_cmd_set\" : {\n    \"IOCS_0\" : 1,\n"
                                           "    \"IOCS_1\" : 3,\n");
}

static void test_self_test_log(void **state)
{
    static const uint8_t failed[28] = {0x27, 3, 0x0f, 0, 99, 0, 0, 0, 0, 0, 0, 0, 1, 0,
                                       0,    0, 0x34, 0x12, 0, 0, 0, 0, 0, 0, 2, 0x81};

    (void)state;
    says("nvme self-test-log nvme0", "Current operation           : 0 (none is running)\n");
    model_put_self_test(model(), 2, 42, failed);
    says("nvme self-test-log nvme0", "Current operation           : 0x2 (extended)\n"
                                     "Current Completion          : 42%\n");
    says("nvme self-test-log nvme0", "Operation Result            : 0x7 (failed in the segment");
    says("nvme self-test-log nvme0", "Failing LBA                 : 0x1234\n");
    says("nvme self-test-log nvme0", "Status Code                 : 0x81 (Unrecovered Read Error)");
    says("nvme self-test-log nvme0 -o json",
         "\"Current Device Self-Test Operation\" : 2,\n"
         "  \"Current Device Self-Test Completion\" : 42,\n"
         "  \"List of Valid Reports\" : [\n    {\n      \"Self test result\" : 7,\n");
}

static void test_sanitize_log(void **state)
{
    static const uint32_t estimates[6] = {10, 20, 30, 40, 50, UINT32_MAX};

    (void)state;
    says("nvme sanitize-log nvme0", "[2:0] : 0\tnever sanitized\n");
    model_put_sanitize(model(), 0x8000, 0x102, 0x12, estimates);
    says("nvme sanitize-log nvme0", ": 32768 (50%)\n");
    says("nvme sanitize-log nvme0", "[2:0] : 0x2\tin progress\n");
    says("nvme sanitize-log nvme0", "Estimated Time For Block Erase               : 20 s\n");
    says("nvme sanitize-log nvme0",
         "Estimated Time For Crypto Erase (No-Deallocate): 4294967295 (no time");
    says("nvme sanitize-log nvme0 -o json",
         "\"sstat\" : {\n    \"status\" : \"in progress\",\n    \"global_erased\" : 1,\n"
         "    \"no_cmplted_passes\" : 0\n  },\n  \"cdw10_info\" : 18,\n"
         "  \"time_over_write\" : 10,\n");
}

static void test_endurance_log(void **state)
{
    (void)state;
    says("nvme endurance-log nvme0", "Endurance Group Log for NVME device:nvme0 Group ID:1\n");
    says("nvme endurance-log nvme0", "endurance_estimate                      : 600000\n");
    says("nvme endurance-log nvme0 -g 1 -o json", "\"avail_spare\" : 100,");
    refuses("nvme endurance-log nvme0 -g 2", -EIO, "Invalid Field");
}

static void test_get_log(void **state)
{
    (void)state;
    says("nvme get-log nvme0 -i 0xc0 -l 18",
         "00000000  00 07 0e 15 1c 23 2a 31  38 3f 46 4d 54 5b 62 "
                                             "69  |");
    says("nvme get-log nvme0 -i 0xc0 -l 18", "\n00000010  70 77 ");
    says("nvme get-log nvme0 -i 0xc0 -l 18", "\n00000012\n");
    says("nvme get-log nvme0 -i 0xc0 -l 8 -L 256", "00000100  01 08 0f ");
    says("nvme get-log nvme0 --log-id=0xc0 --log-len=18 -o json",
         "\"log-id\" : 192,\n  \"offset\" : 0,\n  \"data\" : [\n"
         "    \"00070e151c232a31383f464d545b6269\",\n    \"7077\"\n  ]");
    refuses("nvme get-log nvme0 -l 4", -EINVAL, "--log-id=2 --log-len=512");
    refuses("nvme get-log nvme0 -i 2", -EINVAL, "--log-id=2 --log-len=512");
    refuses("nvme get-log nvme0 -i 2 -l 4 -L 2", -EINVAL, "multiple of 4");
    refuses("nvme get-log nvme0 -i 0x80 -l 64", -ENOTSUP, "ONCS bit 5 of Identify Controller is 0");
    refuses("nvme get-log nvme0 -i 0xc0 -l 4 -L 4096", -EIO, "vendor specific");
}

static void test_telemetry_log(void **state)
{
    (void)state;
    says("nvme telemetry-log nvme0", "Telemetry Host-Initiated Log for NVME device:nvme0\n");
    says("nvme telemetry-log nvme0", "Data Area 3 Last Block                      : 300 (153600 "
                                     "bytes)\n");
    says("nvme telemetry-log nvme0", "Reason Identifier                           : asked for\n");
    says("nvme telemetry-log nvme0 -c",
         "Reason Identifier                           : self check\n");
    says("nvme telemetry-log nvme0 -g --offset=153596 --length=4", "\n00025800\n");
    says("nvme telemetry-log nvme0 -g -o json", "\"data_area_1_last_block\" : 2,");
    refuses("nvme telemetry-log nvme0 --offset=153600 --length=4", -EINVAL, "153600 bytes");
    refuses("nvme telemetry-log nvme0 -g -c", -EINVAL, "exclude each other");
}

static void test_persistent_event_log(void **state)
{
    (void)state;
    says("nvme persistent-event-log nvme0", "Persistent Event Log for device: nvme0\n");
    says("nvme persistent-event-log nvme0", "Serial Number (SN)      : CAR0001\n");
    says("nvme persistent-event-log nvme0", "Event Type Field        : 0x4 (Power-on or Reset)\n");
    says("nvme persistent-event-log nvme0", "Firmware Revision       : 1.0\n");
    says("nvme persistent-event-log nvme0", "Event Type Field        : 0x1 (SMART / Health Log");
    assert_null(strstr(ha->text, "makes no sense"));
    says("nvme persistent-event-log nvme0 -l 600", "makes no sense");
    says("nvme persistent-event-log nvme0 -l 512", "\n0 of 4 events are shown");
    says("nvme persistent-event-log nvme0 -o json", "\"list_of_event_entries\" : [\n    {\n"
                                                    "      \"event_type\" : ");
    says("nvme persistent-event-log nvme0 -b", "00000200  ");
    refuses("nvme persistent-event-log nvme0 -a 0", -EIO, "Command Sequence Error");
    says("nvme persistent-event-log nvme0 -a 1", "nvme0\n");
    says("nvme persistent-event-log nvme0 -a 0", "nvme0\n");
    says("nvme persistent-event-log nvme0 -a 2", "was released");
    refuses("nvme persistent-event-log nvme0 -a 0", -EIO, "Command Sequence Error");
    refuses("nvme persistent-event-log nvme0 -a 3", -ERANGE, "2");
}

/* An event whose own length makes no sense ends the list: here the second one is half zeros. */
static void test_persistent_event_log_with_wrong_lengths(void **state)
{
    static const struct model_rule cut = {
        .on = MODEL_ON_ADMIN, .match = 0x02, .sub = 0x0d, .nth = 2, .action = MODEL_DO_SHORT,
        .count = 1};

    (void)state;
    says("nvme persistent-event-log nvme0 -l 588", "2 of 4 events are shown");
    model_add_rule(model(), &cut);
    says("nvme persistent-event-log nvme0 -l 588", "1 of 4 events are shown");
}

/* Nothing that is not offered reaches the drive, and each refusal names its field. */
static void test_not_offered(void **state)
{
    static const struct {
        const char *line, *field;
    } rows[] = {
        {"nvme changed-ns-list-log nvme0", "OAES bit 8 of Identify Controller is 0"},
        {"nvme effects-log nvme0", "LPA bit 1"},
        {"nvme self-test-log nvme0", "OACS bit 4"},
        {"nvme sanitize-log nvme0", "SANICAP bits 2:0"},
        {"nvme endurance-log nvme0", "CTRATT bit 4"},
        {"nvme persistent-event-log nvme0", "LPA bit 4"},
        {"nvme telemetry-log nvme0", "LPA bit 3"},
        {"nvme smart-log nvme0 -n 1", "LPA bit 0"},
        {"nvme get-log nvme0 -i 2 -l 4 -L 4", "LPA bit 2"},
    };
    unsigned before = model_counters(model())->by_opcode[0][0x02];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        refuses(rows[i].line, -ENOTSUP, rows[i].field);
    }
    assert_int_equal(model_counters(model())->by_opcode[0][0x02], before);
    assert_int_equal(model_errors(model()), 0);
}

int main(void)
{
#define WITH(test, setup) cmocka_unit_test_setup_teardown(test, setup, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_smart_log, all_offered),
        WITH(test_smart_log_json, all_offered),
        WITH(test_error_log, all_offered),
        WITH(test_refusals_are_explained, all_offered),
        WITH(test_explain_status, all_offered),
        WITH(test_fw_log, all_offered),
        WITH(test_changed_namespaces, all_offered),
        WITH(test_effects_log, all_offered),
        WITH(test_self_test_log, all_offered),
        WITH(test_sanitize_log, all_offered),
        WITH(test_endurance_log, all_offered),
        WITH(test_get_log, all_offered),
        WITH(test_telemetry_log, all_offered),
        WITH(test_persistent_event_log, all_offered),
        WITH(test_persistent_event_log_with_wrong_lengths, all_offered),
        WITH(test_not_offered, none_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
