/*
 * apps/nvme/cmd_erase.c - `erase`: everything on a disk or a drive, by the best method it offers.
 */
#include "apps/commands.h"
#include "apps/nvme/erase.h"
#include "apps/nvme/format_run.h"
#include "drivers/nvme/nvme_log.h"
#include "lib/bitfield.h"
#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define ZERO_CHUNK_BYTES (1 * MIB)

enum { OPT_METHOD, OPT_VERIFY, OPT_DRY_RUN, OPT_SERIAL };
static const struct shell_option erase_options[] = {
    [OPT_METHOD] = {"method", 0, SHELL_TEXT, 0, "instead of the best one; --dry-run lists them"},
    [OPT_VERIFY] = {"verify", 0, SHELL_TEXT, 0, "PERCENT of blocks to read afterwards, or full"},
    [OPT_DRY_RUN] = {"dry-run", 0, SHELL_FLAG, 0, "show what could be done, and do nothing"},
    [OPT_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

const struct erase_method_info erase_methods[ERASE_METHODS] = {
    [ERASE_SANITIZE_BLOCK] = {"sanitize-block", "Sanitize by block erase", true},
    [ERASE_SANITIZE_CRYPTO] = {"sanitize-crypto", "Sanitize by crypto erase", true},
    [ERASE_FORMAT_CRYPTO] = {"format-crypto", "Format with cryptographic erase", false},
    [ERASE_FORMAT_USER_DATA] = {"format", "Format with user data erase", false},
    [ERASE_SANITIZE_OVERWRITE] = {"sanitize-overwrite", "Sanitize by overwriting once", true},
    [ERASE_ZEROES] = {"zeroes", "Writing zeroes to every block", false},
};

static enum nvme_sanact action_of(enum erase_method method)
{
    return method == ERASE_SANITIZE_BLOCK    ? NVME_SANACT_BLOCK
           : method == ERASE_SANITIZE_CRYPTO ? NVME_SANACT_CRYPTO
                                             : NVME_SANACT_OVERWRITE;
}

static struct nvme_sanitize sanitize_of(enum erase_method method)
{
    return (struct nvme_sanitize){
        .action = action_of(method), .unrestricted = true, .passes = 1};
}

static enum nvme_ses ses_of(enum erase_method method)
{
    return method == ERASE_FORMAT_CRYPTO ? NVME_SES_CRYPTO : NVME_SES_USER_DATA;
}

/* --- which method ----------------------------------------------------------------------------- */

/* NULL: it can be used; else why not. */
static const char *objection(const struct erase *e, enum erase_method method)
{
    static const enum nvme_ability needed[ERASE_METHODS] = {
        [ERASE_SANITIZE_BLOCK] = NVME_CAN_SANITIZE_BLOCK,
        [ERASE_SANITIZE_CRYPTO] = NVME_CAN_SANITIZE_CRYPTO,
        [ERASE_SANITIZE_OVERWRITE] = NVME_CAN_SANITIZE_OVERWRITE,
        [ERASE_FORMAT_CRYPTO] = NVME_CAN_FORMAT_CRYPTO,
        [ERASE_FORMAT_USER_DATA] = NVME_CAN_FORMAT,
    };
    struct nvme_ctrlr *ctrlr = e->target.ctrlr;

    if (method == ERASE_ZEROES) {
        return NULL;
    }
    if (!nvme_can(ctrlr, needed[method])) {
        return nvme_ability_field(needed[method]);
    }
    return method == ERASE_FORMAT_CRYPTO && !nvme_can(ctrlr, NVME_CAN_FORMAT)
               ? nvme_ability_field(NVME_CAN_FORMAT)
               : NULL;
}

/* A disk beside which the drive has others is not a reason to erase those, too. */
static bool reaches_others(const struct erase *e, enum erase_method method)
{
    if (!e->target.ns || nvme_ns_count(e->target.ctrlr) <= 1 || method == ERASE_ZEROES) {
        return false;
    }
    return erase_methods[method].sanitize ||
           nvme_format_reaches_all(e->target.ctrlr, ses_of(method)) != NULL;
}

static void list_methods(const struct erase *e)
{
    for (unsigned i = 0; i < ERASE_METHODS; i++) {
        const char *why = objection(e, (enum erase_method)i);
        bool others = reaches_others(e, (enum erase_method)i);

        out_printf(e->sh->out, "%c %-20s %s%s%s%s\n", i == (unsigned)e->method ? '*' : ' ',
                   erase_methods[i].name, erase_methods[i].title, why ? "; not offered: " : "",
                   why ? why : "", others ? "; reaches ALL namespaces" : "");
    }
}

static int choose_method(struct erase *e)
{
    const char *wanted = e->sh->values[OPT_METHOD].text;

    for (unsigned i = 0; i < ERASE_METHODS; i++) {
        const char *why = objection(e, (enum erase_method)i);
        bool named = wanted && strcmp(wanted, erase_methods[i].name) == 0;

        e->method = (enum erase_method)i;
        if (named && why) {
            return shell_fail(e->sh, e->command, -ENOTSUP, "%s does not offer %s: %s of Identify "
                              "Controller is 0", nvme_name(e->target.ctrlr), wanted, why);
        }
        if (named || (!wanted && !why && !reaches_others(e, e->method))) {
            return 0;
        }
    }
    int err = shell_fail(e->sh, e->command, -EINVAL, "there is no method '%s'; there are:", wanted);
    list_methods(e);
    return err;
}

static int parse_verify(struct erase *e)
{
    const char *text = e->sh->values[OPT_VERIFY].text;
    uint64_t percent = 0;

    if (text && strcmp(text, "full") == 0) {
        percent = 100;
    } else if (text) {
        int err = shell_parse_u64(e->sh, e->command, "--verify", text, 100, &percent);
        if (err) {
            return err;
        }
    }
    e->verify_percent = (unsigned)percent;
    return 0;
}

/* --- before ----------------------------------------------------------------------------------- */

static uint64_t power_on_hours(struct nvme_ctrlr *ctrlr)
{
    struct nvme_smart_log log;

    return nvme_log_smart(ctrlr, NVME_NSID_ALL, &log, NULL) ? 0 : load_le64(log.power_on_hours);
}

static int announce(struct erase *e)
{
    struct nvme_ctrlr *ctrlr = e->target.ctrlr;
    bool sanitizes = erase_methods[e->method].sanitize;
    const char *why_all = sanitizes ? "SANICAP"
                          : e->method == ERASE_ZEROES
                              ? NULL
                              : nvme_format_reaches_all(ctrlr, ses_of(e->method));
    struct nvme_sanitize sanitize = sanitize_of(e->method);
    struct nvme_sanitize_log log;

    if (why_all) {
        e->target.ns = NULL;
        e->target.nsid = NVME_NSID_ALL;
        e->target.name = nvme_name(ctrlr);
    }
    const struct nvme_danger danger = {
        .ctrlr = ctrlr,
        .ns = e->target.ns,
        .act = erase_methods[e->method].title,
        .effect = "all data on it is lost for good",
        .why_all = why_all,
        .caution = sanitizes ? "It cannot be stopped once it runs, and goes on after a loss of "
                               "power."
                   : e->method == ERASE_ZEROES
                       ? "It can be stopped by Ctrl-C; what is overwritten by then is lost."
                       : "It cannot be stopped once it runs; keep the power on.",
        .estimate_s = sanitizes && nvme_log_sanitize(ctrlr, &log, NULL) == 0
                          ? nvme_sanitize_estimate_s(&log, &sanitize)
                          : 0,
        .serial = &e->sh->values[OPT_SERIAL],
    };
    return nvme_danger_announce(e->sh, e->command, &danger);
}

/* --- doing it --------------------------------------------------------------------------------- */

static int run_sanitize(struct erase *e)
{
    struct nvme_sanitize sanitize = sanitize_of(e->method);
    struct nvme_result res = {0};
    int err = nvme_sanitize_start(e->target.ctrlr, &sanitize, &res);

    if (err) {
        return nvme_explain(e->sh, e->command, e->target.ctrlr, "Sanitize", err, &res);
    }
    err = manage_wait_sanitize(e->sh, e->command, e->target.ctrlr, &e->log);
    if (err == -EIO) {
        return shell_fail(e->sh, e->command, err, "%s: the sanitize has failed; the drive is NOT "
                          "erased", nvme_name(e->target.ctrlr));
    }
    e->has_log = !err;
    if (!err) {
        manage_follow(e->sh, e->target.ctrlr);
    }
    return err;
}

static int run_format(struct erase *e)
{
    struct nvme_id_ns *id = heap_alloc(1, sizeof(*id));
    struct nvme_target target = e->target;

    if (!id) {
        return -ENOMEM;
    }
    if (target.nsid == NVME_NSID_ALL && nvme_ns_count(target.ctrlr) > 0) {
        target.nsid = nvme_ns_at(target.ctrlr, 0)->nsid; /* its format is kept */
    }
    int err = manage_identify_ns(e->sh, e->command, &target, id);
    if (!err) {
        const struct nvme_format format = {
            .lbaf = (uint8_t)FIELD_GET(NVME_FLBAS_FORMAT, id->flbas),
            .extended = id->flbas & NVME_FLBAS_EXTENDED,
            .pi = (uint8_t)FIELD_GET(NVME_DPS_TYPE, id->dps),
            .pi_first = id->dps & NVME_DPS_FIRST,
            .ses = ses_of(e->method),
        };
        err = format_send(e->sh, e->command, e->target.ctrlr, e->target.nsid, &format, 0);
    }
    heap_free(id);
    return err;
}

static int zero_disk(struct erase *e, struct block_dev *dev, const uint8_t *zeroes)
{
    const struct block_info *info = block_info(dev);
    uint64_t chunk = ZERO_CHUNK_BYTES / info->block_bytes;
    struct progress progress;
    char what[48];
    int err = 0;

    str_format(what, sizeof(what), "%s: zeroes", info->name);
    progress_begin(&progress, e->sh, what);
    for (uint64_t lba = 0; lba < info->block_count && !err; lba += chunk) {
        uint64_t count = MIN(chunk, info->block_count - lba);

        err = block_write(dev, lba, count, zeroes);
        e->zeroed_bytes += err ? 0 : count * info->block_bytes;
        progress_show(&progress, (unsigned)(lba * 10000 / info->block_count));
        err = !err && shell_interrupted(e->sh) ? -EINTR : err;
    }
    progress_end(&progress);
    err = err ? err : block_flush(dev);
    return err ? shell_fail(e->sh, e->command, err, "%s: ended after %llu bytes (%s); the rest is "
                            "NOT erased", info->name, (unsigned long long)e->zeroed_bytes,
                            err == -EINTR ? "Ctrl-C" : errno_text(err))
               : 0;
}

static int run_zeroes(struct erase *e)
{
    uint8_t *zeroes = heap_alloc(1, ZERO_CHUNK_BYTES);
    char name[BLOCK_NAME_BYTES];
    int err = zeroes ? 0 : -ENOMEM;

    for (unsigned i = 0; i < e->area_count && !err; i++) {
        str_format(name, sizeof(name), "%sn%u", nvme_name(e->target.ctrlr),
                   (unsigned)e->areas[i].nsid);
        struct block_dev *dev = block_find(e->sh->app->blocks, name);
        err = dev ? zero_disk(e, dev, zeroes)
                  : shell_fail(e->sh, e->command, -ENOTSUP, "%s is no disk that can be written",
                               name);
    }
    heap_free(zeroes);
    manage_follow(e->sh, e->target.ctrlr);
    return err;
}

static int run_method(struct erase *e)
{
    return erase_methods[e->method].sanitize ? run_sanitize(e)
           : e->method == ERASE_ZEROES       ? run_zeroes(e)
                                             : run_format(e);
}

static int erase_and_prove(struct erase *e)
{
    const char *why;
    int err = erase_sample_before(e);

    if (err) {
        return err;
    }
    str_copy(e->firmware, sizeof(e->firmware), nvme_info(e->target.ctrlr)->firmware);
    e->hours_before = power_on_hours(e->target.ctrlr);
    e->start_ns = manage_now_ns(e->sh);
    err = run_method(e);
    if (!err) {
        e->end_ns = manage_now_ns(e->sh);
        e->hours_after = power_on_hours(e->target.ctrlr);
        err = erase_verify_after(e);
    }
    if (err) {
        return err;
    }
    erase_print_certificate(e);
    return erase_is_proven(e, &why)
               ? 0
               : shell_fail(e->sh, e->command, -EIO, "NOT PROVEN: %s", why);
}

static int prepare(struct erase *e, const char *name)
{
    int err = nvme_find_target(e->sh, e->command, name, NULL, &e->target);

    if (!err && nvme_ns_count(e->target.ctrlr) == 0) {
        err = shell_fail(e->sh, e->command, -ENODEV, "%s has no active namespace", name);
    }
    if (!err) {
        err = parse_verify(e);
    }
    if (!err) {
        err = choose_method(e);
    }
    e->seed = err ? 0 : manage_now_ns(e->sh);
    return err;
}

static int erase_run(struct shell *sh, int argc, char **argv)
{
    struct erase *e = heap_alloc(1, sizeof(*e));

    (void)argc;
    if (!e) {
        return -ENOMEM;
    }
    e->sh = sh;
    e->command = argv[0];
    int err = prepare(e, argv[1]);
    if (!err && sh->values[OPT_DRY_RUN].given) {
        list_methods(e);
    } else if (!err) {
        err = announce(e);
        err = err ? err : erase_and_prove(e);
    }
    erase_free(e);
    heap_free(e);
    return err;
}

const struct shell_cmd cmd_erase = {
    .name = "erase",
    .usage = "erase DISK|CTRL [--method=NAME] [--verify=PERCENT|full] [--dry-run]",
    .summary = "erase a disk or a drive, prove it, print a certificate",
    .details = "DISK is erased by a method that spares other namespaces; CTRL, or the only disk\n"
               "of a drive, by sanitize where it is offered. Blocks are read before and after.\n"
               "The certificate comes as text and as JSON, between lines that begin with -----.\n"
               "--dry-run lists the methods; `*` is the one that would be used.\n",
    .example = "erase nvme0n1 --dry-run",
    .complete = COMPLETE_DISK,
    .options = erase_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = erase_run,
};
