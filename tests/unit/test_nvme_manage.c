/*
 * tests/unit/test_nvme_manage.c - Format, Sanitize, Firmware, Self-test and Namespace Management:
 * the real driver on the software controller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_firmware.h"
#include "drivers/nvme/nvme_format.h"
#include "drivers/nvme/nvme_gate.h"
#include "drivers/nvme/nvme_log.h"
#include "drivers/nvme/nvme_nsmgmt.h"
#include "drivers/nvme/nvme_sanitize.h"
#include "drivers/nvme/nvme_selftest.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/model/host_rig.h"

#define LBAF(ms, lbads, rp) ((ms) | (uint32_t)(lbads) << 16 | (uint32_t)(rp) << 24)
#define MIB_OF_512 2048
#define SECOND UINT64_C(1000000000)

static struct rig r;

/* A drive that offers everything. */
static void offer_all(struct model_offer *o)
{
    *o = (struct model_offer){
        .format = true,
        .lbafs = {LBAF(0, 9, 2), LBAF(8, 9, 3), LBAF(0, 12, 0), LBAF(64, 12, 1)},
        .lbaf_count = 4,
        .mc = 3,
        .dpc = 0x1f,
        .fna = 4,
        .format_ns = 30 * SECOND,
        .sanicap = 7,
        .sanitize_ns = 20 * SECOND,
        .frmw = 1 | 3 << 1 | 1 << 4,
        .fwug = 1,
        .mtfa = 10,
        .self_test = true,
        .edstt = 1,
        .short_ns = 5 * SECOND,
        .extended_ns = 60 * SECOND,
        .namespaces = true,
        .capacity_bytes = UINT64_C(256) << 20,
        .granularity_bytes = 1 << 20,
    };
}

static int start(void **state)
{
    (void)state;
    rig_init(&r);
    offer_all(&r.cfg.offer);
    r.cfg.nn = 8;
    r.cfg.ns_count = 2;
    r.cfg.ns[1] = (struct model_ns_config){.nsid = 3, .blocks = 4096, .lbads = 9};
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(rig_close(&r), 0);
    return 0;
}

static void arm_all(void)
{
    assert_int_equal(nvme_ctrlr_arm(r.ctrlr, r.cfg.serial), 0);
}

static unsigned sent(uint8_t opcode)
{
    return model_counters(r.hp->model)->by_opcode[0][opcode];
}

static void put_byte(uint32_t nsid, uint64_t at, uint8_t value)
{
    model_media_write(r.hp->model, nsid, at, &value, 1);
}

static uint8_t get_byte(uint32_t nsid, uint64_t at)
{
    uint8_t value;

    model_media_read(r.hp->model, nsid, at, &value, 1);
    return value;
}

/* --- format ----------------------------------------------------------------------------------- */

struct ticks {
    unsigned count;
    int first, last; /* per cent that remained */
};

static void note_tick(void *arg, struct nvme_ctrlr *ctrlr)
{
    struct ticks *t = arg;
    int remaining = nvme_format_progress(ctrlr, 1);

    if (t->count++ == 0) {
        t->first = remaining;
    }
    t->last = remaining;
}

static void test_format_changes_the_block_size_and_shows_progress(void **state)
{
    const struct nvme_format format = {.lbaf = 2};
    struct ticks ticks = {0};
    const struct nvme_patience patience = {
        .timeout_ns = 60 * SECOND, .tick = note_tick, .arg = &ticks};
    struct nvme_result res;

    (void)state;
    put_byte(1, 5000, 0xaa);
    put_byte(3, 5000, 0xbb);
    assert_int_equal(nvme_format(r.ctrlr, 1, &format, &patience, &res), -EROFS);
    assert_int_equal(sent(0x80), 0);
    rig_arm(&r, rig_ns(&r, 1));
    assert_int_equal(nvme_format(r.ctrlr, 1, &format, &patience, &res), 0);
    assert_in_range(ticks.count, 40, 70);
    assert_in_range(ticks.first, 95, 100);
    assert_in_range(ticks.last, 0, 5);
    assert_int_equal(get_byte(1, 5000), 0);
    assert_int_equal(get_byte(3, 5000), 0xbb);
    assert_true(nvme_rescan_namespaces(r.ctrlr) > 0);
    assert_int_equal(rig_ns(&r, 1)->block_bytes, 4096);
    assert_int_equal(rig_ns(&r, 1)->block_count, 131072 / 8);
    assert_false(rig_ns(&r, 1)->armed);
}

static void test_format_reaches_what_fna_says(void **state)
{
    const struct nvme_format erase = {.lbaf = 0, .ses = NVME_SES_USER_DATA};
    const struct nvme_patience patience = {.timeout_ns = 60 * SECOND};

    (void)state;
    assert_null(nvme_format_reaches_all(r.ctrlr, NVME_SES_USER_DATA));
    model_offer(r.hp->model)->fna = 2;
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_string_equal(nvme_format_reaches_all(r.ctrlr, NVME_SES_USER_DATA), "FNA bit 1");
    assert_null(nvme_format_reaches_all(r.ctrlr, NVME_SES_NONE));
    rig_arm(&r, rig_ns(&r, 1));
    assert_int_equal(nvme_format(r.ctrlr, 1, &erase, &patience, NULL), -EROFS);
    put_byte(3, 0, 0x77);
    arm_all();
    assert_int_equal(nvme_format(r.ctrlr, 1, &erase, &patience, NULL), 0);
    assert_int_equal(get_byte(3, 0), 0);
}

static void test_format_is_checked_before_it_is_sent(void **state)
{
    static const struct {
        struct nvme_format format;
        int err;
        const char *why;
    } cases[] = {
        {{.lbaf = 4}, -EINVAL, "no LBA format 4, the last is 3 (NLBAF)"},
        {{.lbaf = 0, .pi = 1}, -EINVAL, "0 bytes of metadata, protection needs 8"},
        {{.lbaf = 1, .pi = 4}, -ENOTSUP, "protection type 4 (DPC"},
        {{.lbaf = 0, .ses = 3}, -EINVAL, "no secure erase setting 3"},
        {{.lbaf = 1, .pi = 3, .pi_first = true}, 0, ""},
        {{.lbaf = 3, .extended = true}, 0, ""},
    };
    char why[128];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        why[0] = '\0';
        assert_int_equal(nvme_format_check(r.ctrlr, &rig_ns(&r, 1)->id, &cases[i].format, why,
                                           sizeof(why)), cases[i].err);
        if (!strstr(why, cases[i].why)) {
            fail_msg("case %u: \"%s\"", i, why);
        }
    }
}

static void test_a_format_that_hangs_is_ended_by_a_reset(void **state)
{
    const struct nvme_format format = {.lbaf = 2};
    const struct nvme_patience patience = {.timeout_ns = 10 * SECOND};

    (void)state;
    arm_all();
    put_byte(1, 0, 0x11);
    model_offer(r.hp->model)->format_ns = 1000 * SECOND;
    static const struct model_rule no_abort = {
        .on = MODEL_ON_ADMIN, .match = 0x08, .sub = MODEL_ANY, .action = MODEL_DO_DROP};
    model_add_rule(r.hp->model, &no_abort);
    assert_int_equal(nvme_format(r.ctrlr, 1, &format, &patience, NULL), -ETIMEDOUT);
    assert_false(nvme_failed(r.ctrlr));
    assert_int_equal(get_byte(1, 0), 0x11);
}

/* --- sanitize --------------------------------------------------------------------------------- */

static struct nvme_sanitize_log sanitize_log(void)
{
    struct nvme_sanitize_log log;

    assert_int_equal(nvme_log_sanitize(r.ctrlr, &log, NULL), 0);
    return log;
}

static void test_sanitize_runs_by_itself_and_refuses_the_rest(void **state)
{
    const struct nvme_sanitize crypto = {.action = NVME_SANACT_CRYPTO};
    uint8_t block[512];

    (void)state;
    put_byte(1, 0, 1);
    put_byte(3, 4096 * 512 - 1, 3);
    assert_int_equal(nvme_sanitize_start(r.ctrlr, &crypto, NULL), -EROFS);
    rig_arm(&r, rig_ns(&r, 1));
    assert_int_equal(nvme_sanitize_start(r.ctrlr, &crypto, NULL), -EROFS); /* reaches more */
    arm_all();
    assert_int_equal(nvme_sanitize_start(r.ctrlr, &crypto, NULL), 0);
    struct nvme_sanitize_log log = sanitize_log();
    assert_int_equal(FIELD_GET(NVME_SANITIZE_STATUS, log.sstat), NVME_SANITIZE_RUNNING);
    assert_int_not_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), 0);
    assert_int_not_equal(nvme_self_test(r.ctrlr, 0, NVME_STC_SHORT, NULL), 0);
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 10 * SECOND);
    log = sanitize_log();
    assert_in_range(nvme_sanitize_permyriad(&log), 4900, 5200);
    assert_int_equal(nvme_recover(r.ctrlr), 0); /* a reset does not end it */
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 11 * SECOND);
    log = sanitize_log();
    assert_int_equal(FIELD_GET(NVME_SANITIZE_STATUS, log.sstat), NVME_SANITIZE_DONE);
    assert_true(log.sstat & NVME_SANITIZE_ERASED);
    assert_int_equal(nvme_sanitize_permyriad(&log), 10000);
    assert_int_equal(get_byte(1, 0), 0);
    assert_int_equal(get_byte(3, 4096 * 512 - 1), 0);
    assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), 0);
}

static void test_overwrite_has_passes_and_a_pattern(void **state)
{
    const struct nvme_sanitize overwrite = {
        .action = NVME_SANACT_OVERWRITE, .passes = 16, .invert = true, .keep_blocks = true,
        .pattern = 0x12345678};
    uint8_t bytes[4];

    (void)state;
    arm_all();
    assert_int_equal(nvme_sanitize_start(r.ctrlr, &overwrite, NULL), 0);
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 21 * 16 * SECOND);
    struct nvme_sanitize_log log = sanitize_log();
    assert_int_equal(log.scdw10, 3 | 1 << 8 | 1 << 9); /* 16 passes are 0 on the wire */
    assert_int_equal(FIELD_GET(NVME_SANITIZE_PASSES, log.sstat), 16);
    model_media_read(r.hp->model, 1, 131072 * 512 - 4, bytes, 4);
    assert_memory_equal(bytes, "\x87\xa9\xcb\xed", 4); /* inverted */
}

static void test_sanitize_failure_is_left_only_as_it_was_allowed(void **state)
{
    const struct nvme_sanitize strict = {.action = NVME_SANACT_BLOCK};
    const struct nvme_sanitize loose = {.action = NVME_SANACT_BLOCK, .unrestricted = true};
    const struct nvme_sanitize leave = {.action = NVME_SANACT_EXIT_FAILURE};
    struct nvme_result res;
    uint8_t block[512];

    (void)state;
    arm_all();
    model_offer(r.hp->model)->sanitize_fails = true;
    assert_int_equal(nvme_sanitize_start(r.ctrlr, &strict, NULL), 0);
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 21 * SECOND);
    struct nvme_sanitize_log log = sanitize_log();
    assert_int_equal(FIELD_GET(NVME_SANITIZE_STATUS, log.sstat), NVME_SANITIZE_FAILED);
    assert_string_equal(nvme_sanitize_status_text(&log), "has failed");
    assert_int_not_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), 0);
    assert_int_not_equal(nvme_sanitize_start(r.ctrlr, &leave, &res), 0);
    assert_string_equal(nvme_status_name(res.status), "Sanitize Failed");
    model_offer(r.hp->model)->sanitize_fails = false;
    assert_int_equal(nvme_sanitize_start(r.ctrlr, &strict, NULL), 0); /* again, restricted */
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 21 * SECOND);
    assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), 0);
    model_offer(r.hp->model)->sanitize_fails = true;
    assert_int_equal(nvme_sanitize_start(r.ctrlr, &loose, NULL), 0);
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 21 * SECOND);
    assert_int_equal(nvme_sanitize_start(r.ctrlr, &leave, NULL), 0);
    assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), 0);
}

static void test_sanitize_is_checked_before_it_is_sent(void **state)
{
    static const struct {
        struct nvme_sanitize what;
        uint32_t sanicap;
        int err;
        const char *why;
    } cases[] = {
        {{.action = 0}, 7, -EINVAL, "no sanitize action 0"},
        {{.action = 5}, 7, -EINVAL, "no sanitize action 5"},
        {{.action = NVME_SANACT_OVERWRITE, .passes = 0}, 7, -EINVAL, "1 to 16 passes, not 0"},
        {{.action = NVME_SANACT_OVERWRITE, .passes = 17}, 7, -EINVAL, "1 to 16 passes, not 17"},
        {{.action = NVME_SANACT_CRYPTO}, 6, -ENOTSUP, "crypto erase: SANICAP bit 0"},
        {{.action = NVME_SANACT_BLOCK}, 5, -ENOTSUP, "block erase: SANICAP bit 1"},
        {{.action = NVME_SANACT_OVERWRITE, .passes = 1}, 3, -ENOTSUP, "SANICAP bit 2"},
        {{.action = NVME_SANACT_EXIT_FAILURE}, 0, -ENOTSUP, "SANICAP bits 2:0"},
        {{.action = NVME_SANACT_BLOCK, .keep_blocks = true}, 2 | 1 << 29, -ENOTSUP, "bit 29"},
    };
    char why[128];

    (void)state;
    arm_all();
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        model_offer(r.hp->model)->sanicap = cases[i].sanicap;
        assert_int_equal(nvme_recover(r.ctrlr), 0);
        arm_all();
        assert_int_equal(nvme_sanitize_check(r.ctrlr, &cases[i].what, why, sizeof(why)),
                         cases[i].err);
        if (!strstr(why, cases[i].why)) {
            fail_msg("case %u: \"%s\"", i, why);
        }
        assert_int_equal(nvme_sanitize_start(r.ctrlr, &cases[i].what, NULL), cases[i].err);
    }
    assert_int_equal(sent(0x84), 0);
}

static void test_estimates(void **state)
{
    const struct nvme_sanitize_log log = {.estimate_s = {10, 20, 30, 40, UINT32_MAX, 60}};

    (void)state;
    struct nvme_sanitize s = {.action = NVME_SANACT_OVERWRITE};
    assert_int_equal(nvme_sanitize_estimate_s(&log, &s), 10);
    s.action = NVME_SANACT_BLOCK;
    assert_int_equal(nvme_sanitize_estimate_s(&log, &s), 20);
    s.keep_blocks = true;
    assert_int_equal(nvme_sanitize_estimate_s(&log, &s), 0);
    s.action = NVME_SANACT_CRYPTO;
    assert_int_equal(nvme_sanitize_estimate_s(&log, &s), 60);
    s.action = NVME_SANACT_EXIT_FAILURE;
    assert_int_equal(nvme_sanitize_estimate_s(&log, &s), 0);
}

/* --- firmware --------------------------------------------------------------------------------- */

static void download(const char *revision, size_t len)
{
    uint8_t image[8192] = "CARFW:";

    memcpy(image + 6, revision, 8);
    for (size_t at = 0; at < len; at += 4096) {
        assert_int_equal(nvme_firmware_piece(r.ctrlr, (uint32_t)at, image + at, 4096, NULL), 0);
    }
}

static void test_firmware_is_activated_by_a_reset(void **state)
{
    enum nvme_fw_needs needs;

    (void)state;
    assert_int_equal(nvme_firmware_piece(r.ctrlr, 0, "abcd", 4, NULL), -EROFS);
    arm_all();
    download("2.0     ", 8192);
    assert_int_equal(nvme_firmware_commit(r.ctrlr, 2, NVME_FW_REPLACE, 0, &needs, NULL), 0);
    assert_int_equal(needs, NVME_FW_NEEDS_NOTHING);
    assert_int_equal(nvme_firmware_commit(r.ctrlr, 2, NVME_FW_ACTIVATE, 0, &needs, NULL), 0);
    assert_int_equal(needs, NVME_FW_NEEDS_RESET);
    assert_string_equal(model_firmware(r.hp->model), "1.0");
    struct nvme_firmware_log log;
    assert_int_equal(nvme_log_firmware(r.ctrlr, &log, NULL), 0);
    assert_int_equal(log.afi, 1 | 2 << 4);
    assert_memory_equal(log.frs[1], "2.0     ", 8);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_string_equal(nvme_info(r.ctrlr)->firmware, "2.0");
}

static void test_firmware_statuses_that_are_no_errors(void **state)
{
    static const struct {
        uint16_t status;
        enum nvme_fw_needs needs;
    } cases[] = {
        {0x10b, NVME_FW_NEEDS_CONVENTIONAL_RESET},
        {0x110, NVME_FW_NEEDS_SUBSYSTEM_RESET},
        {0x111, NVME_FW_NEEDS_RESET},
    };
    enum nvme_fw_needs needs;

    (void)state;
    arm_all();
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        model_offer(r.hp->model)->commit_status = cases[i].status;
        download("3.0     ", 4096);
        assert_int_equal(
            nvme_firmware_commit(r.ctrlr, 3, NVME_FW_REPLACE_ACTIVATE, 0, &needs, NULL), 0);
        assert_int_equal(needs, cases[i].needs);
    }
}

static void test_firmware_refusals(void **state)
{
    enum nvme_fw_needs needs;
    struct nvme_result res;
    char why[128];

    (void)state;
    arm_all();
    assert_int_equal(nvme_firmware_check(r.ctrlr, 1, NVME_FW_REPLACE, why, sizeof(why)), -EROFS);
    assert_non_null(strstr(why, "slot 1 of nvme0 is read-only (FRMW bit 0)"));
    assert_int_equal(nvme_firmware_check(r.ctrlr, 4, NVME_FW_REPLACE, why, sizeof(why)), -EINVAL);
    assert_non_null(strstr(why, "has 3 firmware slots (FRMW bits 3:1), not 4"));
    assert_int_equal(nvme_firmware_check(r.ctrlr, 3, NVME_FW_REPLACE, why, sizeof(why)), 0);
    assert_int_equal(nvme_firmware_check(r.ctrlr, 1, 4, why, sizeof(why)), -EINVAL);
    assert_int_equal(nvme_firmware_check(r.ctrlr, 0, NVME_FW_REPLACE_BOOT, why, sizeof(why)),
                     -ENOTSUP);
    assert_non_null(strstr(why, "CAP.BPS is 0"));
    assert_int_equal(nvme_firmware_commit(r.ctrlr, 4, NVME_FW_REPLACE, 0, &needs, &res), -EINVAL);
    assert_int_equal(sent(0x10), 0);
    /* an image with a hole */
    assert_int_equal(nvme_firmware_piece(r.ctrlr, 8192, why, 0, NULL), -EINVAL);
    uint8_t piece[4096] = "CARFW:9.9.9.9.";
    assert_int_equal(nvme_firmware_piece(r.ctrlr, 0, piece, 4096, NULL), 0);
    assert_int_equal(nvme_firmware_piece(r.ctrlr, 8192, piece, 4096, NULL), 0);
    assert_int_not_equal(nvme_firmware_piece(r.ctrlr, 0, piece, 4096, &res), 0);
    assert_string_equal(nvme_status_name(res.status), "Overlapping Range");
    assert_int_not_equal(nvme_firmware_commit(r.ctrlr, 2, NVME_FW_REPLACE, 0, &needs, &res), 0);
    assert_string_equal(nvme_status_name(res.status), "Invalid Firmware Image");
    assert_int_equal(nvme_firmware_piece_bytes(r.ctrlr, 0), 128 * 1024);
    assert_int_equal(nvme_firmware_piece_bytes(r.ctrlr, 5000), 4096);
    assert_int_equal(nvme_firmware_piece_bytes(r.ctrlr, 4095), 0);
}

/* What a drive says of its granularity (FWUG) is what a piece is a multiple of. */
static void test_firmware_granularity(void **state)
{
    static const struct {
        uint8_t fwug;
        uint32_t unit, of_9001;
    } cases[] = {{0, 4096, 8192}, {1, 4096, 8192}, {2, 8192, 8192}, {3, 12288, 0}, {255, 4, 9000}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        model_offer(r.hp->model)->fwug = cases[i].fwug;
        assert_int_equal(nvme_recover(r.ctrlr), 0); /* which reads it again */
        assert_int_equal(nvme_firmware_slots(r.ctrlr).piece_bytes, cases[i].unit);
        assert_int_equal(nvme_firmware_piece_bytes(r.ctrlr, 9001), cases[i].of_9001);
    }
}

/* --- self-test -------------------------------------------------------------------------------- */

static void test_self_test_runs_and_can_be_aborted(void **state)
{
    struct nvme_self_test_log log;
    struct nvme_result res;

    (void)state;
    assert_int_equal(nvme_self_test(r.ctrlr, 1, 3, NULL), -EINVAL);
    assert_int_equal(nvme_self_test(r.ctrlr, NVME_NSID_ALL, NVME_STC_EXTENDED, NULL), 0);
    assert_int_not_equal(nvme_self_test(r.ctrlr, 1, NVME_STC_SHORT, &res), 0);
    assert_string_equal(nvme_status_name(res.status), "Device Self-test In Progress");
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 30 * SECOND);
    assert_int_equal(nvme_log_self_test(r.ctrlr, &log, NULL), 0);
    assert_int_equal(log.operation, 2);
    assert_in_range(log.completion, 49, 51);
    assert_int_equal(nvme_self_test(r.ctrlr, NVME_NSID_ALL, NVME_STC_ABORT, NULL), 0);
    assert_int_equal(nvme_self_test(r.ctrlr, 1, NVME_STC_SHORT, NULL), 0);
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 6 * SECOND);
    assert_int_equal(nvme_log_self_test(r.ctrlr, &log, NULL), 0);
    assert_int_equal(log.operation, 0);
    assert_int_equal(log.results[0].status, 0 | 1 << 4);
    assert_int_equal(log.results[1].status, 1 | 2 << 4);
    assert_string_equal(nvme_self_test_result_text(log.results[1].status & 15),
                        "aborted by a Device Self-test command");
    /* a reset ends a short test */
    assert_int_equal(nvme_self_test(r.ctrlr, 1, NVME_STC_SHORT, NULL), 0);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(nvme_log_self_test(r.ctrlr, &log, NULL), 0);
    assert_int_equal(log.results[0].status & 15, 2);
}

/* --- namespaces ------------------------------------------------------------------------------- */

static void test_namespaces_are_made_and_removed(void **state)
{
    struct nvme_ns_wish wish = {.size = 100 * MIB_OF_512, .capacity = 100 * MIB_OF_512};
    static const uint16_t ids[] = {1};
    struct nvme_result res;
    struct nvme_id_ns id;
    uint32_t nsid;

    (void)state;
    assert_int_equal(nvme_ns_create(r.ctrlr, &wish, &nsid, NULL), -EROFS);
    arm_all();
    assert_int_equal(nvme_ns_common(r.ctrlr, &id, NULL), 0);
    assert_int_equal(id.nlbaf, 3);
    assert_int_equal(nvme_ns_granularity(r.ctrlr, 2).size_bytes, 1 << 20);
    assert_int_equal(nvme_ns_create(r.ctrlr, &wish, &nsid, NULL), 0);
    assert_int_equal(nsid, 2);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 0); /* not attached yet */
    assert_int_equal(nvme_ns_attach(r.ctrlr, nsid, true, ids, 1, NULL), 0);
    assert_int_equal(nvme_ns_attach(r.ctrlr, nsid, true, ids, 1, &res), nvme_status_errno(0x118));
    assert_string_equal(nvme_status_name(res.status), "Namespace Already Attached");
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
    assert_int_equal(rig_ns(&r, 2)->block_count, 100 * MIB_OF_512);
    /* 256 MiB in all, 64 + 2 + 100 taken: 90 remain */
    wish.size = wish.capacity = 91 * MIB_OF_512;
    assert_int_not_equal(nvme_ns_create(r.ctrlr, &wish, &nsid, &res), 0);
    assert_string_equal(nvme_status_name(res.status), "Namespace Insufficient Capacity");
    wish.size = wish.capacity = 90 * MIB_OF_512;
    assert_int_equal(nvme_ns_create(r.ctrlr, &wish, &nsid, NULL), 0);
    assert_int_equal(nsid, 4);
    assert_int_equal(nvme_ns_attach(r.ctrlr, 2, false, ids, 1, NULL), 0);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
    assert_null(rig_ns(&r, 2));
    assert_int_equal(nvme_ns_delete(r.ctrlr, NVME_NSID_ALL, NULL), 0);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 2);
    assert_int_equal(nvme_ns_count(r.ctrlr), 0);
    wish.capacity = 0;
    assert_int_equal(nvme_ns_create(r.ctrlr, &wish, &nsid, NULL), -EINVAL);
}

/* --- what is not offered ---------------------------------------------------------------------- */

static void test_nothing_is_sent_that_is_not_offered(void **state)
{
    const struct nvme_ns_wish wish = {.size = 1, .capacity = 1};
    const struct nvme_sanitize block = {.action = NVME_SANACT_BLOCK};
    const struct nvme_format format = {0};
    static const uint16_t ids[] = {1};
    enum nvme_fw_needs needs;
    uint32_t nsid;

    (void)state;
    *model_offer(r.hp->model) = (struct model_offer){0};
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    arm_all();
    assert_int_equal(nvme_format(r.ctrlr, 1, &format, NULL, NULL), -ENOTSUP);
    assert_int_equal(nvme_sanitize_start(r.ctrlr, &block, NULL), -ENOTSUP);
    assert_int_equal(nvme_firmware_piece(r.ctrlr, 0, "abcd", 4, NULL), -ENOTSUP);
    assert_int_equal(nvme_firmware_commit(r.ctrlr, 1, NVME_FW_ACTIVATE, 0, &needs, NULL), -ENOTSUP);
    assert_int_equal(nvme_self_test(r.ctrlr, 1, NVME_STC_SHORT, NULL), -ENOTSUP);
    assert_int_equal(nvme_ns_create(r.ctrlr, &wish, &nsid, NULL), -ENOTSUP);
    assert_int_equal(nvme_ns_delete(r.ctrlr, 1, NULL), -ENOTSUP);
    assert_int_equal(nvme_ns_attach(r.ctrlr, 1, false, ids, 1, NULL), -ENOTSUP);
    static const uint8_t opcodes[] = {0x0d, 0x10, 0x11, 0x14, 0x15, 0x80, 0x84};
    for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++) {
        assert_int_equal(sent(opcodes[i]), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_format_changes_the_block_size_and_shows_progress),
        TEST(test_format_reaches_what_fna_says),
        TEST(test_format_is_checked_before_it_is_sent),
        TEST(test_a_format_that_hangs_is_ended_by_a_reset),
        TEST(test_sanitize_runs_by_itself_and_refuses_the_rest),
        TEST(test_overwrite_has_passes_and_a_pattern),
        TEST(test_sanitize_failure_is_left_only_as_it_was_allowed),
        TEST(test_sanitize_is_checked_before_it_is_sent),
        TEST(test_estimates),
        TEST(test_firmware_is_activated_by_a_reset),
        TEST(test_firmware_statuses_that_are_no_errors),
        TEST(test_firmware_refusals),
        TEST(test_firmware_granularity),
        TEST(test_self_test_runs_and_can_be_aborted),
        TEST(test_namespaces_are_made_and_removed),
        TEST(test_nothing_is_sent_that_is_not_offered),
    };
    return cmocka_run_group_tests_name("nvme manage", tests, NULL, NULL);
}
