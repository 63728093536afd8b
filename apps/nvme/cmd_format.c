/*
 * apps/nvme/cmd_format.c - `nvme format`: another block size, and erasure, by Format NVM.
 */
#include "apps/nvme/format_run.h"

#include "apps/system/size_text.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/out.h"

#define TIMEOUT_MS_DEFAULT 3600000
#define PERMYRIAD_DONE     10000

enum { OPT_NSID, OPT_LBAF, OPT_BLOCK, OPT_SES, OPT_PI, OPT_PIL, OPT_MS, OPT_TIMEOUT, OPT_SERIAL };
static const struct shell_option format_options[] = {
    [OPT_NSID] = SHELL_OPTION_NSID,
    [OPT_LBAF] = {"lbaf", 'l', SHELL_NUMBER, 15, "LBA format, as `lbaf` lists them"},
    [OPT_BLOCK] = {"block-size", 'b', SHELL_NUMBER, 65536, "instead: bytes of a block"},
    [OPT_SES] = {"ses", 's', SHELL_NUMBER, 2, "0 no secure erase, 1 user data, 2 by its key"},
    [OPT_PI] = {"pi", 'i', SHELL_NUMBER, 3, "protection information type, 0 none"},
    [OPT_PIL] = {"pil", 'p', SHELL_NUMBER, 1, "1: it is in the first 8 bytes of metadata"},
    [OPT_MS] = {"ms", 'm', SHELL_NUMBER, 1, "1: metadata in the data buffer, 0: in its own"},
    [OPT_TIMEOUT] = {"timeout", 't', SHELL_NUMBER, UINT32_MAX, "ms to wait; 3600000"},
    [OPT_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

/* --- what cmd_lbaf.c and erase need, too ------------------------------------------------------ */

struct watch {
    struct progress progress;
    uint32_t nsid;
};

/* The command cannot be taken back, and a key pressed meanwhile waits. */
static void tick(void *arg, struct nvme_ctrlr *ctrlr)
{
    struct watch *watch = arg;
    int left = nvme_format_progress(ctrlr, watch->nsid);

    progress_show(&watch->progress,
                  left < 0 ? PROGRESS_UNKNOWN : PERMYRIAD_DONE - 100 * (unsigned)MIN(left, 100));
}

int format_send(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr, uint32_t nsid,
                const struct nvme_format *format, uint64_t timeout_ms)
{
    struct nvme_result res = {0};
    struct watch watch = {.nsid = nsid};
    const struct nvme_patience patience = {
        .timeout_ns = (timeout_ms ? timeout_ms : TIMEOUT_MS_DEFAULT) * NS_PER_MS,
        .tick = tick,
        .arg = &watch,
    };
    char what[32];

    if (nsid == NVME_NSID_ALL && nvme_ns_count(ctrlr) > 0) {
        watch.nsid = nvme_ns_at(ctrlr, 0)->nsid;
    }
    str_format(what, sizeof(what), "%s: format", nvme_name(ctrlr));
    progress_begin(&watch.progress, sh, what);
    int err = nvme_format(ctrlr, nsid, format, &patience, &res);
    progress_end(&watch.progress);
    manage_follow(sh, ctrlr);
    return err ? nvme_explain(sh, command, ctrlr, "Format NVM", err, &res) : 0;
}

int format_announce(struct shell *sh, const char *command, const struct nvme_target *target,
                    const struct nvme_id_ns *id, const struct nvme_format *format,
                    const struct shell_value *serial)
{
    static const char *const erases[] = {
        "all data on it is lost, though not securely erased",
        "all user data on it is erased",
        "all data on it is erased by changing the key it is encrypted with",
    };
    const char *why_all = nvme_format_reaches_all(target->ctrlr, format->ses);
    uint32_t lbaf = id->lbaf[format->lbaf];
    char act[96], effect[128], why[128];
    int err = nvme_format_check(target->ctrlr, id, format, why, sizeof(why));

    if (err) {
        return shell_fail(sh, command, err, "%s", why);
    }
    str_format(act, sizeof(act), "Format to blocks of %llu bytes and %u bytes of metadata",
               (unsigned long long)nvme_lbaf_bytes(lbaf),
               (unsigned)FIELD_GET(NVME_LBAF_MS, lbaf));
    str_format(effect, sizeof(effect), "%s", erases[format->ses]);
    const struct nvme_danger danger = {
        .ctrlr = target->ctrlr,
        .ns = why_all ? NULL : target->ns,
        .needs_ctrlr = !target->ns,
        .act = act,
        .effect = effect,
        .why_all = why_all,
        .caution = "It cannot be stopped once it runs; if power is lost meanwhile, it has to be "
                   "done again before the namespace can be used.",
        .serial = serial,
    };
    return nvme_danger_announce(sh, command, &danger);
}

/* --- the command ------------------------------------------------------------------------------ */

static int choose_lbaf(struct shell *sh, const char *command, const struct nvme_id_ns *id,
                       struct nvme_format *format)
{
    const struct shell_value *v = sh->values;

    if (v[OPT_LBAF].given && v[OPT_BLOCK].given) {
        return shell_fail(sh, command, -EINVAL, "--lbaf and --block-size are both given");
    }
    format->lbaf = (uint8_t)FIELD_GET(NVME_FLBAS_FORMAT, id->flbas);
    if (v[OPT_LBAF].given) {
        format->lbaf = (uint8_t)v[OPT_LBAF].number;
    } else if (v[OPT_BLOCK].given) {
        int found = manage_find_lbaf(id, v[OPT_BLOCK].number);
        if (found < 0) {
            return shell_fail(sh, command, -EINVAL,
                              "no LBA format has blocks of %llu bytes without metadata; `lbaf` "
                              "lists them", (unsigned long long)v[OPT_BLOCK].number);
        }
        format->lbaf = (uint8_t)found;
    }
    return 0;
}

/* What is not said stays as it is when the format stays, and is nothing in another one. */
static void choose_rest(const struct shell_value *v, const struct nvme_id_ns *id,
                        struct nvme_format *format)
{
    bool same = format->lbaf == FIELD_GET(NVME_FLBAS_FORMAT, id->flbas);

    format->extended = v[OPT_MS].given ? v[OPT_MS].number != 0
                                       : same && id->flbas & NVME_FLBAS_EXTENDED;
    format->pi = v[OPT_PI].given ? (uint8_t)v[OPT_PI].number
                                 : same ? (uint8_t)FIELD_GET(NVME_DPS_TYPE, id->dps) : 0;
    format->pi_first = v[OPT_PIL].given ? v[OPT_PIL].number != 0
                                        : same && id->dps & NVME_DPS_FIRST;
    format->ses = (enum nvme_ses)v[OPT_SES].number;
}

static int format_target(struct shell *sh, const char *command, const struct nvme_target *target,
                         const struct nvme_id_ns *id)
{
    struct nvme_format format = {0};
    int err = choose_lbaf(sh, command, id, &format);

    if (err) {
        return err;
    }
    choose_rest(sh->values, id, &format);
    err = format_announce(sh, command, target, id, &format, &sh->values[OPT_SERIAL]);
    if (!err) {
        err = format_send(sh, command, target->ctrlr, target->nsid, &format,
                          sh->values[OPT_TIMEOUT].number);
    }
    if (!err) {
        out_printf(sh->out, "Success formatting namespace:%x\n", (unsigned)target->nsid);
    }
    return err;
}

static int format_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_target target;
    struct nvme_id_ns *id;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], &sh->values[OPT_NSID], &target);
    if (!err) {
        err = nvme_require(sh, argv[0], target.ctrlr, NVME_CAN_FORMAT);
    }
    if (err) {
        return err;
    }
    id = heap_alloc(1, sizeof(*id));
    if (!id) {
        return -ENOMEM;
    }
    err = manage_identify_ns(sh, argv[0], &target, id);
    if (!err) {
        err = format_target(sh, argv[0], &target, id);
    }
    heap_free(id);
    return err;
}

const struct shell_cmd nvme_cmd_format = {
    .name = "format",
    .usage = "nvme format DISK|CTRL [-l N | -b BYTES] [-s 0|1|2] [-i TYPE] [-p 0|1] [-m 0|1]",
    .summary = "give a namespace another block size, or erase it (Format NVM)",
    .details = "Without -l and -b the format stays as it is. CTRL without -n means all its\n"
               "namespaces; some drives format or erase all of them in any case (FNA), which is\n"
               "shown. It cannot be stopped while it runs.\n",
    .example = "nvme format nvme0n1 --block-size=4096 --serial=S4EVNX0M123456",
    .complete = COMPLETE_DISK,
    .options = format_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = format_run,
};
