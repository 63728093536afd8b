/*
 * apps/nvme/cmd_test_logs.c - `nvme self-test-log`, `nvme sanitize-log`: how far the drive's own
 * operations are, and how they ended (NVMe 1.4 §5.14.1.6, §5.14.1.16.2).
 */
#include "apps/nvme/logs.h"
#include "lib/bytes.h"
#include "lib/out.h"

enum { OPT_OUTPUT };
static const struct shell_option options[] = {
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

/* --- self-test -------------------------------------------------------------------------------- */

static const char *operation_text(unsigned operation)
{
    return operation == 0 ? "none is running"
           : operation == 1 ? "short"
           : operation == 2 ? "extended"
           : operation == 0xe ? "vendor specific" : "reserved";
}

static const char *result_text(unsigned result)
{
    static const char *const texts[] = {
        "completed without error",
        "aborted by a Device Self-test command",
        "aborted by a controller reset",
        "aborted because a namespace was removed",
        "aborted by a Format NVM command",
        "ended by a fatal or unknown error",
        "failed in a segment that is not known",
        "failed in the segment named",
        "aborted for an unknown reason",
        "aborted by a sanitize operation",
    };

    return result < ARRAY_SIZE(texts) ? texts[result] : "reserved";
}

static void show_self_test_result(struct show *s, const struct nvme_self_test_result *r)
{
    unsigned result = (unsigned)FIELD_GET(NVME_SELF_TEST_RESULT, r->status);
    unsigned code = (unsigned)FIELD_GET(NVME_SELF_TEST_CODE, r->status);

    show_number_as(s, "Operation Result", "Self test result", result, "%#x (%s)", result,
                   result_text(result));
    show_number_as(s, "Self Test Code", "Self test code", code, "%x (%s)", code,
                   operation_text(code));
    if (result == 7) {
        show_u64(s, "Segment Number", "Segment number", r->segment);
    }
    show_hex(s, "Valid Diagnostic Information", "Valid Diagnostic Information", r->valid);
    show_u64(s, "Power on hours (POH)", "Power on hours", load_le64(r->power_on_hours));
    if (r->valid & NVME_SELF_TEST_VALID_NSID) {
        show_hex(s, "Namespace Identifier", "Namespace Identifier", load_le32(r->nsid));
    }
    if (r->valid & NVME_SELF_TEST_VALID_LBA) {
        show_hex(s, "Failing LBA", "Failing LBA", load_le64(r->lba));
    }
    if (r->valid & NVME_SELF_TEST_VALID_SCT) {
        show_hex(s, "Status Code Type", "Status Code Type", r->sct);
    }
    if (r->valid & NVME_SELF_TEST_VALID_SC) {
        uint16_t status = (uint16_t)NVME_STATUS(
            r->valid & NVME_SELF_TEST_VALID_SCT ? (unsigned)(r->sct & 7) : 0U, r->sc);

        show_number_as(s, "Status Code", "Status Code", r->sc, "%#x (%s)", r->sc,
                       nvme_status_name(status));
    }
    show_hex(s, "Vendor Specific", "Vendor Specific", load_le16(r->vs));
}

static void show_self_test(struct show *s, const struct nvme_self_test_log *log)
{
    unsigned operation = log->operation & 0xf, percent = log->completion & 0x7f;
    char title[32];

    s->name_width = 28;
    show_number_as(s, "Current operation", "Current Device Self-Test Operation", operation,
                   "%#x (%s)", operation, operation_text(operation));
    show_number_as(s, "Current Completion", "Current Device Self-Test Completion", percent,
                   "%u%%", percent);
    show_open_array(s, "List of Valid Reports", NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(log->results); i++) {
        const struct nvme_self_test_result *r = &log->results[i];

        if (FIELD_GET(NVME_SELF_TEST_RESULT, r->status) != NVME_SELF_TEST_UNUSED) {
            str_format(title, sizeof(title), "Self Test Result[%u]:", i);
            show_open_object(s, NULL, title);
            show_self_test_result(s, r);
            show_close_object(s);
        }
    }
    show_close_array(s);
}

static int self_test_log_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_self_test_log log;
    struct nvme_result res;
    struct nvme_target t;
    struct show s;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], NULL, &t);
    if (err) {
        return err;
    }
    err = nvme_log_self_test(t.ctrlr, &log, &res);
    if (err) {
        return nvme_log_fail(sh, argv[0], t.ctrlr, NVME_LOG_DEVICE_SELF_TEST, NVME_NSID_ALL, err,
                             &res);
    }
    err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (!err) {
        show_title(&s, "Device Self Test Log for NVME device:%s", nvme_name(t.ctrlr));
        show_self_test(&s, &log);
        show_end(&s);
    }
    return err;
}

const struct shell_cmd nvme_cmd_self_test_log = {
    .name = "self-test-log",
    .usage = "nvme self-test-log CTRL [-o json]",
    .summary = "progress and results of the drive's self-tests",
    .details = "The newest result first; at most 20 are kept.\n",
    .example = "nvme self-test-log nvme0",
    .complete = COMPLETE_CTRLR,
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = self_test_log_run,
};

/* --- sanitize --------------------------------------------------------------------------------- */

static const char *sanitize_text(unsigned status)
{
    static const char *const texts[] = {
        "never sanitized", "completed", "in progress", "failed",
        "completed without deallocation, as asked",
    };

    return status < ARRAY_SIZE(texts) ? texts[status] : "reserved";
}

static void show_estimate(struct show *s, const char *name, const char *key, uint32_t seconds)
{
    if (seconds == NVME_SANITIZE_NO_ESTIMATE) {
        show_number_as(s, name, key, seconds, "%u (no time period reported)", (unsigned)seconds);
    } else {
        show_number_as(s, name, key, seconds, "%u s", (unsigned)seconds);
    }
}

static void show_sanitize(struct show *s, const struct nvme_sanitize_log *log)
{
    static const char *const names[][2] = {
        {"Overwrite", "time_over_write"},
        {"Block Erase", "time_block_erase"},
        {"Crypto Erase", "time_crypto_erase"},
        {"Overwrite (No-Deallocate)", "time_over_write_no_dealloc"},
        {"Block Erase (No-Deallocate)", "time_block_erase_no_dealloc"},
        {"Crypto Erase (No-Deallocate)", "time_crypto_erase_no_dealloc"},
    };
    unsigned status = (unsigned)FIELD_GET(NVME_SANITIZE_STATUS, log->sstat);
    unsigned passes = (unsigned)FIELD_GET(NVME_SANITIZE_PASSES, log->sstat);
    char name[64];

    s->name_width = 45;
    show_number_as(s, "Sanitize Progress (SPROG)", "sprog", log->sprog, "%u (%u%%)", log->sprog,
                   log->sprog * 100U / 65536);
    if (s->json) {
        show_open_object(s, "sstat", NULL);
        show_json_text(s, "status", sanitize_text(status));
        show_json_u64(s, "global_erased", FIELD_GET(NVME_SANITIZE_ERASED, log->sstat));
        show_json_u64(s, "no_cmplted_passes", passes);
        show_close_object(s);
    } else {
        show_hex(s, "Sanitize Status (SSTAT)", NULL, log->sstat);
        show_bits(s, log->sstat, 2, 0, "%s", sanitize_text(status));
        show_bits(s, log->sstat, 7, 3, "overwrite passes completed");
        show_bits(s, log->sstat, 8, 8, "nothing was written since: global data erased");
    }
    show_hex(s, "Sanitize Command Dword 10 Information (SCDW10)", "cdw10_info", log->scdw10);
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        str_format(name, sizeof(name), "Estimated Time For %s", names[i][0]);
        show_estimate(s, name, names[i][1], log->estimate_s[i]);
    }
}

static int sanitize_log_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_sanitize_log log;
    struct nvme_result res;
    struct nvme_target t;
    struct show s;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], NULL, &t);
    if (err) {
        return err;
    }
    err = nvme_log_sanitize(t.ctrlr, &log, &res);
    if (err) {
        return nvme_log_fail(sh, argv[0], t.ctrlr, NVME_LOG_SANITIZE, NVME_NSID_ALL, err, &res);
    }
    err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (!err) {
        show_title(&s, "Sanitize Log for NVME device:%s", nvme_name(t.ctrlr));
        show_sanitize(&s, &log);
        show_end(&s);
    }
    return err;
}

const struct shell_cmd nvme_cmd_sanitize_log = {
    .name = "sanitize-log",
    .usage = "nvme sanitize-log CTRL [-o json]",
    .summary = "progress and outcome of a sanitize, estimated times",
    .details = "Progress is counted in 65536ths and means something only while one is running.\n",
    .example = "nvme sanitize-log nvme0",
    .complete = COMPLETE_CTRLR,
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = sanitize_log_run,
};
