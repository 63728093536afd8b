/*
 * apps/nvme/cmd_selftest.c - `nvme device-self-test`: the drive examines itself.
 */
#include "apps/nvme/manage.h"
#include "apps/nvme/show.h"
#include "drivers/nvme/nvme_log.h"
#include "drivers/nvme/nvme_selftest.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/string.h"

#define POLL_MS 1000

enum { OPT_NSID, OPT_CODE, OPT_WAIT };
static const struct shell_option self_test_options[] = {
    [OPT_NSID] = SHELL_OPTION_NSID,
    [OPT_CODE] = {"self-test-code", 's', SHELL_TEXT, 0, "1 short, 2 extended, e vendor's, f abort"},
    [OPT_WAIT] = {"wait", 'w', SHELL_FLAG, 0, "show progress until it has ended, and the result"},
    {0},
};

struct test_name {
    enum nvme_stc code;
    const char *names[3]; /* as they may be typed */
    const char *said;
};
static const struct test_name tests[] = {
    {NVME_STC_SHORT, {"1", "0x1", "short"}, "Short Device self-test started"},
    {NVME_STC_EXTENDED, {"2", "0x2", "extended"}, "Extended Device self-test started"},
    {NVME_STC_VENDOR, {"e", "0xe", "vendor"}, "Vendor Specific Device self-test started"},
    {NVME_STC_ABORT, {"f", "0xf", "abort"}, "Aborting device self-test operation"},
};

static const struct test_name *find_test(const char *text)
{
    for (unsigned i = 0; text && i < ARRAY_SIZE(tests); i++) {
        for (unsigned j = 0; j < ARRAY_SIZE(tests[i].names); j++) {
            if (strcmp(text, tests[i].names[j]) == 0) {
                return &tests[i];
            }
        }
    }
    return NULL;
}

static uint64_t little_endian(const uint8_t *bytes, unsigned len)
{
    uint64_t value = 0;

    while (len-- > 0) {
        value = value << 8 | bytes[len];
    }
    return value;
}

/* 0 when the test is good, -EIO when not. */
static int show_result(struct shell *sh, const char *command,
                       const struct nvme_self_test_result *result)
{
    unsigned code = (unsigned)FIELD_GET(NVME_SELF_TEST_RESULT, result->status);

    out_printf(sh->out, "Self-test %s (result %#x), at %llu power-on hours.\n",
               nvme_self_test_result_text(code), code,
               (unsigned long long)little_endian(result->power_on_hours,
                                                 sizeof(result->power_on_hours)));
    if (code == 7) {
        out_printf(sh->out, "The first segment that failed: %u.\n", result->segment);
    }
    if (result->valid & NVME_SELF_TEST_VALID_LBA) {
        out_printf(sh->out, "Failing LBA: %#llx\n",
                   (unsigned long long)little_endian(result->lba, sizeof(result->lba)));
    }
    return code == 0 ? 0
                     : shell_fail(sh, command, -EIO, "the self-test was not passed: it %s",
                                  nvme_self_test_result_text(code));
}

static int wait(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr)
{
    struct nvme_result res = {0};
    struct nvme_self_test_log log;
    struct progress progress;
    char what[32];
    int err;

    str_format(what, sizeof(what), "%s: self-test", nvme_name(ctrlr));
    progress_begin(&progress, sh, what);
    while ((err = nvme_log_self_test(ctrlr, &log, &res)) == 0 && (log.operation & 0xf) != 0) {
        progress_show(&progress, MIN(log.completion & 0x7fU, 100U) * 100);
        if (!manage_sleep_ms(sh, POLL_MS)) {
            progress_end(&progress);
            return shell_fail(sh, command, -EINTR,
                              "no longer watched: the test goes on; `nvme self-test-log %s` shows "
                              "how far it is, --self-test-code=f ends it", nvme_name(ctrlr));
        }
    }
    progress_end(&progress);
    if (err) {
        return nvme_explain(sh, command, ctrlr, "the Device Self-test log", err, &res);
    }
    return show_result(sh, command, &log.results[0]);
}

static int self_test_run(struct shell *sh, int argc, char **argv)
{
    const struct test_name *test = find_test(sh->values[OPT_CODE].text);
    struct nvme_target target;
    struct nvme_result res = {0};

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], &sh->values[OPT_NSID], &target);
    if (!err) {
        err = nvme_require(sh, argv[0], target.ctrlr, NVME_CAN_SELF_TEST);
    }
    if (err) {
        return err;
    }
    if (!test) {
        return shell_fail(sh, argv[0], -EINVAL,
                          "--self-test-code is 1 (short), 2 (extended), e (the vendor's) or f "
                          "(abort)%s%s", sh->values[OPT_CODE].given ? ", not " : "",
                          sh->values[OPT_CODE].given ? sh->values[OPT_CODE].text : "");
    }
    err = nvme_self_test(target.ctrlr, target.nsid, test->code, &res);
    if (err) {
        return nvme_explain(sh, argv[0], target.ctrlr, "Device Self-test", err, &res);
    }
    out_printf(sh->out, "%s\n", test->said);
    unsigned minutes = nvme_id_ctrl(target.ctrlr)->edstt;
    if (test->code == NVME_STC_EXTENDED && minutes) {
        out_printf(sh->out, "The drive says that it takes %u minute%s (EDSTT).\n", minutes,
                   minutes == 1 ? "" : "s");
    }
    return sh->values[OPT_WAIT].given && test->code != NVME_STC_ABORT
               ? wait(sh, argv[0], target.ctrlr)
               : 0;
}

const struct shell_cmd nvme_cmd_device_self_test = {
    .name = "device-self-test",
    .usage = "nvme device-self-test DISK|CTRL -s 1|2|e|f [-n NSID] [-w]",
    .summary = "let a drive test itself, or end that",
    .details = "1 is the short test (two minutes at most), 2 the extended one, e the vendor's, f\n"
               "ends the one under way. CTRL means all namespaces, -n 0 the controller alone. The\n"
               "drive stays in service; no data changes. `nvme self-test-log` shows results.\n",
    .example = "nvme device-self-test nvme0 --self-test-code=1 --wait",
    .complete = COMPLETE_DISK,
    .options = self_test_options,
    .min_args = 1,
    .max_args = 1,
    .run = self_test_run,
};
