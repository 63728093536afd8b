/*
 * tests/unit/test_apps_nvme_health.c - the rules of `health` one by one, and the command on a drive
 * whose state is made up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/nvme/health.h"
#include "lib/errno.h"
#include "tests/unit/typed_lines.h"

static struct nvme_smart_log good_smart(void)
{
    return (struct nvme_smart_log){
        .temperature = {313 & 0xff, 313 >> 8}, .avail_spare = 100, .spare_thresh = 10};
}

static void expect_smart(const struct nvme_smart_log *log, enum health_verdict verdict,
                         const char *text)
{
    static struct nvme_id_ctrl id = {.wctemp = 343, .cctemp = 353};
    struct health h = {0};

    health_judge_smart(&h, log, &id);
    if (h.verdict != verdict || (text && (h.count == 0 || !strstr(h.findings[0].text, text)))) {
        fail_msg("verdict %d, not %d; %u findings, the first \"%s\", not \"%s\"", h.verdict,
                 verdict, h.count, h.findings[0].text, text ? text : "");
    }
    if (!text) {
        assert_int_equal(h.count, 0);
    }
}

static void test_critical_warnings(void **state)
{
    static const enum health_verdict levels[] = {HEALTH_REPLACE, HEALTH_WATCH,   HEALTH_REPLACE,
                                                 HEALTH_REPLACE, HEALTH_REPLACE, HEALTH_WATCH};

    (void)state;
    for (unsigned bit = 0; bit < ARRAY_SIZE(levels); bit++) {
        struct nvme_smart_log log = good_smart();

        log.critical_warning = (uint8_t)(1 << bit);
        expect_smart(&log, levels[bit], "");
    }
    struct nvme_smart_log log = good_smart();
    log.critical_warning = 8;
    expect_smart(&log, HEALTH_REPLACE, "read-only");
}

static void test_spare_and_life(void **state)
{
    static const struct {
        uint8_t spare, threshold, used;
        enum health_verdict verdict;
        const char *text;
    } rows[] = {
        {100, 10, 0, HEALTH_OK, NULL},
        {20, 10, 79, HEALTH_OK, NULL},
        {19, 10, 0, HEALTH_WATCH, "19 % left, near"},
        {10, 10, 0, HEALTH_WATCH, "10 % left, near"},
        {9, 10, 0, HEALTH_REPLACE, "9 % left, below"},
        {0, 0, 0, HEALTH_OK, NULL},     /* not reported */
        {5, 0, 0, HEALTH_OK, NULL},
        {100, 100, 0, HEALTH_OK, NULL}, /* a threshold that says nothing */
        {100, 10, 80, HEALTH_WATCH, "80 % of the rated endurance"},
        {100, 10, 99, HEALTH_WATCH, "99 %"},
        {100, 10, 100, HEALTH_REPLACE, "100 %"},
        {100, 10, 255, HEALTH_REPLACE, "255 %"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct nvme_smart_log log = good_smart();

        log.avail_spare = rows[i].spare;
        log.spare_thresh = rows[i].threshold;
        log.percent_used = rows[i].used;
        expect_smart(&log, rows[i].verdict, rows[i].text);
    }
}

static void test_temperature(void **state)
{
    static const struct {
        unsigned kelvin;
        enum health_verdict verdict;
        const char *text;
    } rows[] = {
        {342, HEALTH_OK, NULL},
        {343, HEALTH_WATCH, "70 C, at or above the warning level of 70 C"},
        {352, HEALTH_WATCH, "79 C, at or above the warning"},
        {353, HEALTH_WATCH, "80 C, at or above the critical 80 C"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct nvme_smart_log log = good_smart();

        log.temperature[0] = (uint8_t)rows[i].kelvin;
        log.temperature[1] = (uint8_t)(rows[i].kelvin >> 8);
        expect_smart(&log, rows[i].verdict, rows[i].text);
    }
    struct nvme_smart_log log = good_smart();
    log.critical_minutes = 7;
    expect_smart(&log, HEALTH_WATCH, "for 7 minutes");
}

static void test_counters(void **state)
{
    struct nvme_smart_log log = good_smart();

    (void)state;
    log.media_errors[0] = 1;
    expect_smart(&log, HEALTH_WATCH, "1 times data was found damaged");
    log = good_smart();
    log.power_cycles[0] = 19;
    log.unsafe_shutdowns[0] = 19;
    expect_smart(&log, HEALTH_OK, NULL); /* too few to say anything */
    log.power_cycles[0] = 40;
    log.unsafe_shutdowns[0] = 20;
    expect_smart(&log, HEALTH_OK, NULL);
    log.unsafe_shutdowns[0] = 21;
    expect_smart(&log, HEALTH_WATCH, "21 times in 40 power cycles");
}

static void test_error_entries(void **state)
{
    static const struct {
        uint16_t status;
        enum health_verdict verdict;
    } rows[] = {
        {NVME_SC_UNRECOVERED_READ_ERROR, HEALTH_WATCH}, {NVME_SC_WRITE_FAULT, HEALTH_WATCH},
        {NVME_SC_GUARD_CHECK_ERROR, HEALTH_WATCH},      {NVME_SC_INTERNAL_ERROR, HEALTH_WATCH},
        {NVME_SC_COMPARE_FAILURE, HEALTH_OK},           {NVME_SC_ACCESS_DENIED, HEALTH_OK},
        {NVME_SC_DEALLOCATED_OR_UNWRITTEN, HEALTH_OK},  {NVME_SC_INVALID_FIELD, HEALTH_OK},
        {NVME_SC_INVALID_LOG_PAGE, HEALTH_OK},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct nvme_error_entry e = {.error_count = 1, .nsid = 2, .lba = 77};
        struct health h = {0};

        e.status = (uint16_t)((rows[i].status | 0x4000) << 1);
        health_judge_errors(&h, &e, 1);
        assert_int_equal(h.verdict, rows[i].verdict);
        assert_int_equal(h.count, rows[i].verdict != HEALTH_OK);
        health_judge_errors(&h, &e, 0); /* none is used */
        assert_int_equal(h.count, rows[i].verdict != HEALTH_OK);
    }
}

static void test_self_test(void **state)
{
    (void)state;
    for (unsigned result = 0; result < 16; result++) {
        struct nvme_self_test_log log = {.results[0].status = (uint8_t)(0x20 | result)};
        bool failed = result >= 5 && result <= 7;
        struct health h = {0};

        health_judge_self_test(&h, &log);
        assert_int_equal(h.verdict, failed ? HEALTH_REPLACE : HEALTH_OK);
        assert_int_equal(h.count, failed || result == 0);
    }
}

static void test_link(void **state)
{
    static const struct {
        struct pci_link link;
        enum health_verdict verdict;
    } rows[] = {
        {{true, 16000, 16000, 4, 4}, HEALTH_OK},  {{true, 8000, 16000, 4, 4}, HEALTH_WATCH},
        {{true, 16000, 16000, 2, 4}, HEALTH_WATCH}, {{false, 0, 0, 0, 0}, HEALTH_OK},
        {{false, 2500, 8000, 1, 4}, HEALTH_OK},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct health h = {0};

        health_judge_link(&h, &rows[i].link);
        assert_int_equal(h.verdict, rows[i].verdict);
    }
    struct health h = {0};
    health_judge_link(&h, &(struct pci_link){true, 2500, 16000, 2, 4});
    assert_string_equal(h.findings[0].text,
                        "PCI Express link: x2 at 2.5 GT/s, the drive can x4 at 16.0 GT/s");
}

static void test_firmware(void **state)
{
    struct health h = {0};

    (void)state;
    health_judge_firmware(&h, "Samsung SSD 980 PRO 2TB", "5B2QGXA7");
    health_judge_firmware(&h, "Samsung SSD 970 PRO 1TB", "3B2QGXA7");
    assert_int_equal(h.count, 0);
    health_judge_firmware(&h, "Samsung SSD 980 PRO 2TB", "3B2QGXA7");
    assert_int_equal(h.verdict, HEALTH_WATCH);
    assert_non_null(strstr(h.findings[0].text, "update to 5B2QGXA7"));
}

/* --- the command ------------------------------------------------------------------------------ */

static void test_command(void **state)
{
    static const struct model_patch self_test = {.cns = 1, .offset = 256, .len = 2, .value = 16};
    static const uint8_t failed[28] = {0x17, 3};
    static const struct model_rule unreadable = {.on = MODEL_ON_IO, .match = 0x02, .sub = 8,
                                                 .action = MODEL_DO_STATUS, .value = 0x4281};
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drive.patches = &self_test;
    drive.patch_count = 1;
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    struct nvme_model *m = ha->hosts[0]->model;
    says("health nvme0n1", "nvme0 (Carillon model drive, serial CAR0001, firmware 1.0): OK\n"
                           "  Spare 100 %, life used 1 %: ");
    says("health nvme0 -o json", "\"verdict\" : \"OK\",\n  \"findings\" : [");
    model_health(m)->percent_used = 85;
    says("health nvme0", "firmware 1.0): WATCH\n  WATCH   life: 85 % of the rated endurance");
    model_add_rule(m, &unreadable);
    assert_int_equal(host_appliance_run(ha, "read nvme0n1 8 1"), -ENODATA);
    says("health nvme0",
         "error log: 1 media errors; the last: Unrecovered Read Error, namespace 1 block 8");
    says("health nvme0", "WATCH   1 times data was found damaged");
    model_put_self_test(m, 0, 0, failed);
    says("health nvme0", "firmware 1.0): REPLACE\n");
    says("health nvme0", "  REPLACE the last self-test failed in segment 3\n");
    says("health nvme0 -o json", "\"verdict\" : \"REPLACE\",");
    says("health nvme0 -o json",
         "{\n      \"level\" : \"WATCH\",\n      \"text\" : \"life: 85 %");
    assert_int_equal(host_appliance_run(ha, "health nvme5"), -ENODEV);
    host_appliance_destroy(ha);
}

/* The example that `help health` shows reads nothing that is not offered. */
static void test_command_asks_only_for_what_is_offered(void **state)
{
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drive.lpa = 0;
    drive.oaes = 0;
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    says("health nvme0", "): OK\n");
    assert_int_equal(model_errors(ha->hosts[0]->model), 0);
    host_appliance_destroy(ha);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_critical_warnings), cmocka_unit_test(test_spare_and_life),
        cmocka_unit_test(test_temperature),       cmocka_unit_test(test_counters),
        cmocka_unit_test(test_error_entries),     cmocka_unit_test(test_self_test),
        cmocka_unit_test(test_link),              cmocka_unit_test(test_firmware),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_command_asks_only_for_what_is_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
