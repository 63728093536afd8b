/*
 * apps/nvme/cmd_sanitize.c - `nvme sanitize`: erases all a drive holds, and proves it by its log.
 */
#include "apps/nvme/manage.h"
#include "drivers/nvme/nvme_log.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/string.h"

enum { OPT_ACTION, OPT_AUSE, OPT_PASSES, OPT_INVERT, OPT_PATTERN, OPT_KEEP, OPT_NO_WAIT,
       OPT_SERIAL };
static const struct shell_option sanitize_options[] = {
    [OPT_ACTION] = {"sanact", 'a', SHELL_TEXT, 0, "exit-failure 1, start-block-erase 2, "
                                                  "start-overwrite 3, start-crypto-erase 4"},
    [OPT_AUSE] = {"ause", 'u', SHELL_FLAG, 0, "allow leaving a failure without another try"},
    [OPT_PASSES] = {"owpass", 'n', SHELL_NUMBER, 16, "overwrite passes, 1 to 16 (0 is 16)"},
    [OPT_INVERT] = {"oipbp", 'i', SHELL_FLAG, 0, "invert the pattern between passes"},
    [OPT_PATTERN] = {"ovrpat", 'p', SHELL_NUMBER, UINT32_MAX, "the pattern, 32 bits"},
    [OPT_KEEP] = {"no-dealloc", 'd', SHELL_FLAG, 0, "do not deallocate the blocks afterwards"},
    [OPT_NO_WAIT] = {"no-wait", 0, SHELL_FLAG, 0, "return as soon as it runs"},
    [OPT_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

static int parse_action(struct shell *sh, const char *command, enum nvme_sanact *action)
{
    static const char *const names[] = {"exit-failure", "start-block-erase", "start-overwrite",
                                        "start-crypto-erase"};
    const char *text = sh->values[OPT_ACTION].text;

    if (!text) {
        return shell_fail(sh, command, -EINVAL,
                          "--sanact says what to do: exit-failure, start-block-erase, "
                          "start-overwrite or start-crypto-erase");
    }
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        bool digit = text[0] == (char)('1' + i) && text[1] == '\0';

        if (digit || strcmp(text, names[i]) == 0) {
            *action = (enum nvme_sanact)(i + 1);
            return 0;
        }
    }
    return shell_fail(sh, command, -EINVAL, "--sanact='%s': it is 1 to 4, or one of "
                      "exit-failure, start-block-erase, start-overwrite, start-crypto-erase", text);
}

static int parse(struct shell *sh, const char *command, struct nvme_sanitize *out)
{
    const struct shell_value *v = sh->values;
    int err = parse_action(sh, command, &out->action);

    if (err) {
        return err;
    }
    if (out->action != NVME_SANACT_OVERWRITE &&
        (v[OPT_PASSES].given || v[OPT_INVERT].given || v[OPT_PATTERN].given)) {
        return shell_fail(sh, command, -EINVAL,
                          "--owpass, --oipbp and --ovrpat belong to start-overwrite");
    }
    out->unrestricted = v[OPT_AUSE].given;
    out->keep_blocks = v[OPT_KEEP].given;
    out->invert = v[OPT_INVERT].given;
    out->pattern = (uint32_t)v[OPT_PATTERN].number;
    out->passes = !v[OPT_PASSES].given ? 1 : v[OPT_PASSES].number ? (unsigned)v[OPT_PASSES].number
                                                                  : 16;
    return 0;
}

static int announce(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                    const struct nvme_sanitize *sanitize, const struct nvme_sanitize_log *log)
{
    static const char *const acts[] = {
        [NVME_SANACT_EXIT_FAILURE] = "Leave the failure mode of a sanitize",
        [NVME_SANACT_BLOCK] = "Sanitize by block erase",
        [NVME_SANACT_OVERWRITE] = "Sanitize by overwriting",
        [NVME_SANACT_CRYPTO] = "Sanitize by crypto erase",
    };
    bool leaves = sanitize->action == NVME_SANACT_EXIT_FAILURE;
    const struct nvme_danger danger = {
        .ctrlr = ctrlr,
        .act = acts[sanitize->action],
        .effect = leaves ? "the drive may then be used although not all of it is erased"
                         : "everything the drive holds is erased for good, its caches and spare "
                           "areas included",
        .why_all = leaves ? NULL : "SANICAP",
        .caution = leaves ? NULL
                          : "It cannot be stopped once it runs: after a reset or a loss of "
                            "power it goes on, and until it has ended the drive refuses nearly "
                            "everything.",
        .estimate_s = nvme_sanitize_estimate_s(log, sanitize),
        .serial = &sh->values[OPT_SERIAL],
    };

    return nvme_danger_announce(sh, command, &danger);
}

/* What the drive itself says, as evidence. */
static void show_proof(struct shell *sh, const struct nvme_ctrlr *ctrlr,
                       const struct nvme_sanitize_log *log)
{
    out_printf(sh->out, "%s: the last sanitize %s (log 81h: SSTAT %#x, SPROG %u, SCDW10 %#x).\n",
               nvme_name(ctrlr), nvme_sanitize_status_text(log), log->sstat, log->sprog,
               (unsigned)log->scdw10);
    if (FIELD_GET(NVME_SANITIZE_PASSES, log->sstat)) {
        out_printf(sh->out, "Overwrite passes completed: %u.\n",
                   (unsigned)FIELD_GET(NVME_SANITIZE_PASSES, log->sstat));
    }
    out_printf(sh->out, "Global Data Erased: %s.\n",
               log->sstat & NVME_SANITIZE_ERASED
                   ? "yes, nothing was written to the drive since"
                   : "no");
}

static int wait(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                struct nvme_sanitize_log *log)
{
    int err = manage_wait_sanitize(sh, command, ctrlr, log);

    if (err == 0 || err == -EIO) {
        show_proof(sh, ctrlr, log);
    }
    if (err == -EIO) {
        return shell_fail(sh, command, err,
                          "the sanitize has failed; until it succeeds, or -a exit-failure (where "
                          "it was started with --ause), the drive refuses nearly everything");
    }
    if (!err) {
        manage_follow(sh, ctrlr);
    }
    return err;
}

static int sanitize_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_sanitize sanitize = {0};
    struct nvme_sanitize_log log;
    struct nvme_result res = {0};
    struct nvme_ctrlr *ctrlr;
    char why[128];

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (!err) {
        err = parse(sh, argv[0], &sanitize);
    }
    if (err) {
        return err;
    }
    err = nvme_sanitize_check(ctrlr, &sanitize, why, sizeof(why));
    if (err) {
        return shell_fail(sh, argv[0], err, "%s", why);
    }
    err = nvme_log_sanitize(ctrlr, &log, &res);
    if (err) {
        return nvme_explain(sh, argv[0], ctrlr, "the Sanitize Status log", err, &res);
    }
    err = announce(sh, argv[0], ctrlr, &sanitize, &log);
    if (err) {
        return err;
    }
    err = nvme_sanitize_start(ctrlr, &sanitize, &res);
    if (err) {
        return nvme_explain(sh, argv[0], ctrlr, "Sanitize", err, &res);
    }
    if (sanitize.action == NVME_SANACT_EXIT_FAILURE) {
        out_printf(sh->out, "%s has left the failure mode.\n", nvme_name(ctrlr));
        return 0;
    }
    if (sh->values[OPT_NO_WAIT].given) {
        out_printf(sh->out, "%s: the sanitize runs; `nvme sanitize-log %s` shows how far it is.\n",
                   nvme_name(ctrlr), nvme_name(ctrlr));
        return 0;
    }
    return wait(sh, argv[0], ctrlr, &log);
}

const struct shell_cmd nvme_cmd_sanitize = {
    .name = "sanitize",
    .usage = "nvme sanitize CTRL -a ACTION [-u] [-n PASSES] [-i] [-p PATTERN] [-d] [--no-wait]",
    .summary = "erase all a drive holds, for good (Sanitize)",
    .details = "ACTION: start-block-erase (2), start-crypto-erase (4), start-overwrite (3), or\n"
               "exit-failure (1). All namespaces are reached. It waits and shows progress, and\n"
               "then what the drive's status log says. Ctrl-C stops the waiting, not the drive.\n",
    .example = "nvme sanitize nvme0 -a start-block-erase --serial=S4EVNX0M123456",
    .complete = COMPLETE_CTRLR,
    .options = sanitize_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = sanitize_run,
};
