/*
 * apps/nvme/cmd_stats.c - `nvme stats`: what each queue pair of a controller has done, and what has
 * gone wrong; `nvme recorder`: their last commands.
 */
#include "apps/nvme/commands.h"
#include "apps/nvme/show.h"
#include "drivers/nvme/nvme_recorder.h"
#include "lib/errno.h"

enum { STATS_OUTPUT };
enum { RECORDER_COUNT, RECORDER_OUTPUT };

#define RECORDER_COMMANDS 8

static const struct shell_option stats_options[] = {
    [STATS_OUTPUT] = SHELL_OPTION_OUTPUT,
    {NULL, 0, SHELL_FLAG, 0, NULL},
};

static const struct shell_option recorder_options[] = {
    [RECORDER_COUNT] = {"count", 'c', SHELL_NUMBER, 65536, "so many commands of each queue (8)"},
    [RECORDER_OUTPUT] = SHELL_OPTION_OUTPUT,
    {NULL, 0, SHELL_FLAG, 0, NULL},
};

/* What nobody wants to see above zero: as text one line each, and only then. */
static const struct {
    const char *key, *words;
    size_t offset;
} troubles[] = {
#define TROUBLE(member, words_)                                                                    \
    {#member, words_, offsetof(struct nvme_qpair_stats, member)}
    TROUBLE(errors, "commands ended with an error"),
    TROUBLE(timeouts, "commands were not answered in time"),
    TROUBLE(aborted, "of these were aborted"),
    TROUBLE(late_answers, "of these were answered after all"),
    TROUBLE(missed_interrupts, "completions came without an interrupt"),
    TROUBLE(bad_completions, "completions were for no command that was outstanding"),
    TROUBLE(stale_completions, "of these for one that had ended already"),
    TROUBLE(wrong_sqids, "completions named another queue"),
    TROUBLE(shadow_kicks, "times a shadow doorbell was overlooked"),
#undef TROUBLE
};

static uint64_t trouble(const struct nvme_qpair_stats *stats, unsigned i)
{
    return *(const uint64_t *)((const char *)stats + troubles[i].offset);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_queue(struct show *s, const char *key, const struct nvme_qpair_stats *stats)
{
    show_open_object(s, key, NULL);
    show_json_u64(s, "commands", stats->commands);
    show_json_u64(s, "completions", stats->completions);
    show_json_u64(s, "sq_doorbells", stats->sq_doorbells);
    show_json_u64(s, "cq_doorbells", stats->cq_doorbells);
    show_json_u64(s, "shadow_writes", stats->shadow_writes);
    show_json_u64(s, "interrupts", stats->interrupts);
    for (unsigned i = 0; i < ARRAY_SIZE(troubles); i++) {
        show_json_u64(s, troubles[i].key, trouble(stats, i));
    }
}

static void json_stats(struct show *s, struct nvme_ctrlr *ctrlr,
                       const struct nvme_ctrlr_stats *all)
{
    struct nvme_qpair_stats stats;
    struct nvme_qpair *qp;

    show_json_u64(s, "resets", all->resets);
    show_json_u64(s, "resets_forced", all->resets_forced);
    show_json_text(s, "last_failure", all->why);
    show_json_u64(s, "aborts_sent", all->aborts_sent);
    show_json_u64(s, "retries", all->retries);
    show_json_u64(s, "retried_ok", all->retried_ok);
    show_json_u64(s, "kept_bytes", all->kept_bytes);
    nvme_admin_stats(ctrlr, &stats);
    json_queue(s, "admin_queue", &stats);
    show_close_object(s);
    show_open_array(s, "queues", NULL);
    for (unsigned i = 0; (qp = nvme_qpair_at(ctrlr, i)) != NULL; i++) {
        nvme_qpair_stats(qp, &stats);
        json_queue(s, NULL, &stats);
        show_json_u64(s, "cpu", i);
        show_json_u64(s, "depth", nvme_qpair_depth(qp));
        show_json_u64(s, "outstanding", nvme_qpair_outstanding(qp));
        show_close_object(s);
    }
    show_close_array(s);
}

/* --- text ------------------------------------------------------------------------------------- */

static void text_row(struct out *out, const char *who, struct nvme_qpair *qp,
                     const struct nvme_qpair_stats *s)
{
    out_printf(out, "%4s ", who);
    if (qp) {
        out_printf(out, "%6u %6u", nvme_qpair_depth(qp), nvme_qpair_outstanding(qp));
    } else {
        out_printf(out, "%6s %6s", "", "");
    }
    out_printf(out, " %12llu %12llu %11llu %11llu %10llu\n", (unsigned long long)s->commands,
               (unsigned long long)s->completions, (unsigned long long)s->sq_doorbells,
               (unsigned long long)s->cq_doorbells, (unsigned long long)s->interrupts);
}

static void text_troubles(struct out *out, const char *who, const struct nvme_qpair_stats *stats)
{
    for (unsigned i = 0; i < ARRAY_SIZE(troubles); i++) {
        if (trouble(stats, i)) {
            out_printf(out, "%s: %llu %s\n", who, (unsigned long long)trouble(stats, i),
                       troubles[i].words);
        }
    }
}

static void text_queues(struct out *out, struct nvme_ctrlr *ctrlr, bool rows)
{
    struct nvme_qpair_stats stats;
    struct nvme_qpair *qp;
    char who[16];

    nvme_admin_stats(ctrlr, &stats);
    if (rows) {
        text_row(out, "adm", NULL, &stats);
    } else {
        text_troubles(out, "admin queue", &stats);
    }
    for (unsigned i = 0; (qp = nvme_qpair_at(ctrlr, i)) != NULL; i++) {
        nvme_qpair_stats(qp, &stats);
        str_format(who, sizeof(who), rows ? "%u" : "CPU %u", i);
        if (rows) {
            text_row(out, who, qp, &stats);
        } else {
            text_troubles(out, who, &stats);
        }
    }
}

static void text_stats(struct out *out, struct nvme_ctrlr *ctrlr,
                       const struct nvme_ctrlr_stats *all)
{
    out_printf(out, "%4s %6s %6s %12s %12s %11s %11s %10s\n", "CPU", "depth", "in use", "commands",
               "completions", "SQ doorbell", "CQ doorbell", "interrupts");
    text_queues(out, ctrlr, true);
    text_queues(out, ctrlr, false);
    if (all->resets) {
        out_printf(out, "resets: %u, of these because of a failure: %u\n", all->resets,
                   all->resets_forced);
    }
    if (all->failed_ns) {
        out_printf(out, "last failure, %llu s ago: %s\n",
                   (unsigned long long)((nvme_now_ns(ctrlr) - all->failed_ns) / NS_PER_S),
                   all->why);
    }
    if (all->retries) {
        out_printf(out, "retries: %llu, commands that succeeded by them: %llu\n",
                   (unsigned long long)all->retries, (unsigned long long)all->retried_ok);
    }
    if (all->kept_bytes) {
        out_printf(out, "memory that stays with the drive: %llu bytes\n",
                   (unsigned long long)all->kept_bytes);
    }
}

static int stats_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;
    struct nvme_ctrlr_stats all;
    struct show s;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (err) {
        return err;
    }
    err = show_begin(&s, sh, argv[0], sh->values[STATS_OUTPUT].text);
    if (err) {
        return err;
    }
    nvme_ctrlr_stats(ctrlr, &all);
    if (s.json) {
        json_stats(&s, ctrlr, &all);
    } else {
        text_stats(sh->out, ctrlr, &all);
    }
    show_end(&s);
    return 0;
}

/* --- the flight recorder ---------------------------------------------------------------------- */

static void json_record(struct show *s, const struct nvme_ctrlr *ctrlr,
                        const struct nvme_record *record)
{
    static const char *const states[] = {
        [NVME_RECORD_OUTSTANDING] = "outstanding",
        [NVME_RECORD_ANSWERED] = "answered",
        [NVME_RECORD_UNKNOWN] = "unknown",
    };
    uint64_t now_ns = nvme_now_ns(ctrlr);

    show_open_object(s, NULL, NULL);
    show_json_u64(s, "number", record->number);
    show_json_u64(s, "command_id", record->cmd.cid);
    show_json_u64(s, "opcode", record->cmd.opcode);
    show_json_u64(s, "nsid", record->cmd.nsid);
    show_json_u64(s, "cdw10", record->cmd.cdw10);
    show_json_u64(s, "cdw11", record->cmd.cdw11);
    show_json_u64(s, "cdw12", record->cmd.cdw12);
    show_json_text(s, "state", states[record->state]);
    show_json_u64(s, "status", record->status);
    if (record->posted_ns) {
        show_json_u64(s, "posted_us_ago", (now_ns - record->posted_ns) / NS_PER_US);
    }
    if (record->answered_ns) {
        show_json_u64(s, "answered_us_ago", (now_ns - record->answered_ns) / NS_PER_US);
    }
    show_close_object(s);
}

static void json_recorder(struct show *s, struct nvme_ctrlr *ctrlr, unsigned count)
{
    struct nvme_record record;

    show_open_array(s, "queues", NULL);
    for (unsigned queue = 0; queue == 0 || nvme_qpair_at(ctrlr, queue - 1); queue++) {
        show_open_array(s, NULL, NULL);
        for (unsigned back = 0; back < count; back++) {
            if (!nvme_recorder_get(ctrlr, queue, back, &record)) {
                break;
            }
            json_record(s, ctrlr, &record);
        }
        show_close_array(s);
    }
    show_close_array(s);
}

static int recorder_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *count = &sh->values[RECORDER_COUNT];
    unsigned commands = count->given ? (unsigned)count->number : RECORDER_COMMANDS;
    struct nvme_ctrlr *ctrlr;
    struct show s;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (err) {
        return err;
    }
    err = show_begin(&s, sh, argv[0], sh->values[RECORDER_OUTPUT].text);
    if (err) {
        return err;
    }
    if (s.json) {
        json_recorder(&s, ctrlr, commands);
    } else {
        nvme_recorder_dump(ctrlr, sh->out, commands);
    }
    show_end(&s);
    return 0;
}

const struct shell_cmd nvme_cmd_stats = {
    .name = "stats",
    .usage = "nvme stats CTRL [-o json]",
    .summary = "what each queue pair has done, and what went wrong",
    .example = "nvme stats nvme0",
    .complete = COMPLETE_CTRLR,
    .options = stats_options,
    .min_args = 1,
    .max_args = 1,
    .run = stats_run,
};

const struct shell_cmd nvme_cmd_recorder = {
    .name = "recorder",
    .usage = "nvme recorder CTRL [--count=N] [-o json]",
    .summary = "the last commands of each queue and their answers",
    .details = "The newest first. A reset empties the queues; what they held then is in `dmesg`.\n",
    .example = "nvme recorder nvme0 --count=20",
    .complete = COMPLETE_CTRLR,
    .options = recorder_options,
    .min_args = 1,
    .max_args = 1,
    .run = recorder_run,
};
