/*
 * tests/unit/test_apps_nvme_counters.c - log pages whose every field is as large as it can be, or
 * one less, or one: the commands show them and lose no digit, in text and in JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_appliance.h"

#define PAGES 6
#define WORDS 64 /* of 512 bytes */

static struct model_log_patch patches[PAGES * WORDS];

static struct host_appliance *start(uint64_t value)
{
    static const uint8_t lids[PAGES] = { 0x01, 0x02, 0x03, 0x06, 0x09, 0x81 };
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    for (unsigned i = 0; i < PAGES * WORDS; i++) {
        patches[i] = (struct model_log_patch){ .lid = lids[i / WORDS], .len = 8, .value = value,
                                               .offset = (uint16_t)(i % WORDS * 8) };
    }
    drive.log_patches = patches;
    drive.log_patch_count = ARRAY_SIZE(patches);
    drive.endurance_group = true;
    drive.offer.self_test = true;
    drive.offer.sanicap = 7;
    drive.offer.frmw = 0x0e;
    cfg.drives = &drive;
    return host_appliance_create(&cfg);
}

static const char *const lines[] = {
    "nvme smart-log nvme0",          "nvme smart-log nvme0 -o json",
    "nvme error-log nvme0",          "nvme error-log nvme0 -o json",
    "nvme fw-log nvme0",             "nvme fw-log nvme0 -o json",
    "nvme self-test-log nvme0",      "nvme self-test-log nvme0 -o json",
    "nvme sanitize-log nvme0",       "nvme sanitize-log nvme0 -o json",
    "nvme endurance-log nvme0 -g 1", "nvme endurance-log nvme0 -g 1 -o json",
    "health nvme0",
};

/* Nothing is cut off, nothing stops, nothing overflows (UBSan watches). */
static void every_page_is_shown(void **state)
{
    static const uint64_t values[] = { UINT64_MAX, UINT64_MAX - 1, INT64_MAX, 1,
                                       0x8080808080808080 };
    (void)state;

    for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
        struct host_appliance *ha = start(values[v]);
        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
            int err = host_appliance_run(ha, lines[i]);
            if ((err && strncmp(lines[i], "health", 6) != 0) || !ha->text[0] ||
                strstr(ha->text, "is no command")) {
                fail_msg("\"%s\": %d\n%s", lines[i], err, ha->text);
            }
        }
        host_appliance_destroy(ha);
    }
}

static void two_to_the_128th_less_one(void **state)
{
    struct host_appliance *ha = start(UINT64_MAX);
    (void)state;

    assert_int_equal(host_appliance_run(ha, "nvme smart-log nvme0"), 0);
    assert_non_null(strstr(ha->text, "power_on_hours                          : "
                                     "340282366920938463463374607431768211455\n"));
    assert_int_equal(host_appliance_run(ha, "nvme smart-log nvme0 -o json"), 0);
    assert_non_null(strstr(ha->text, "340282366920938463463374607431768211455"));
    host_appliance_destroy(ha);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_is_shown),
        cmocka_unit_test(two_to_the_128th_less_one),
    };
    return cmocka_run_group_tests_name("apps nvme counters", tests, NULL, NULL);
}
