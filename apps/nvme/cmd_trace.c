/*
 * apps/nvme/cmd_trace.c - `nvme trace` and `nvme stats`: what goes over the queues.
 */
#include "apps/nvme/commands.h"
#include "lib/errno.h"
#include "lib/string.h"

/* The trace outlives the command, so it goes to the console rather than to sh->out. */
static int trace_run(struct shell *sh, int argc, char **argv)
{
    struct appliance *app = sh->app;
    const char *word = argv[argc - 1];
    struct nvme_ctrlr *only = NULL;

    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0) {
        return shell_fail(sh, argv[0], -EINVAL, "trace '%s': say 'on' or 'off'", word);
    }
    if (argc == 3) {
        int err = shell_find_ctrlr(sh, argv[0], argv[1], &only);
        if (err) {
            return err;
        }
    }
    struct out *console = app->console ? &app->console->out : sh->out;
    struct out *to = strcmp(word, "on") == 0 ? console : NULL;
    unsigned traced = 0;
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        struct nvme_ctrlr *ctrlr = app->ctrlrs[i].nvme;
        if (ctrlr && (!only || ctrlr == only)) {
            nvme_trace(ctrlr, to);
            traced++;
        }
    }
    if (traced == 0) {
        return shell_fail(sh, argv[0], -ENODEV, "there is no NVMe controller to trace");
    }
    if (to) {
        out_puts(sh->out, "Commands are shown on the console until 'nvme trace off'.\n");
    }
    return 0;
}

static int stats_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;
    struct nvme_qpair *qp;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (err) {
        return err;
    }
    out_printf(sh->out, "%4s %6s %6s %12s %12s %11s %11s %10s %8s %8s %8s\n", "CPU", "depth",
               "in use", "commands", "completions", "SQ doorbell", "CQ doorbell", "interrupts",
               "missed", "errors", "bad CQEs");
    for (unsigned i = 0; (qp = nvme_qpair_at(ctrlr, i)) != NULL; i++) {
        struct nvme_qpair_stats s;
        nvme_qpair_stats(qp, &s);
        out_printf(sh->out, "%4u %6u %6u %12llu %12llu %11llu %11llu %10llu %8llu %8llu %8llu\n", i,
                   nvme_qpair_depth(qp), nvme_qpair_outstanding(qp), (unsigned long long)s.commands,
                   (unsigned long long)s.completions, (unsigned long long)s.sq_doorbells,
                   (unsigned long long)s.cq_doorbells, (unsigned long long)s.interrupts,
                   (unsigned long long)s.missed_interrupts, (unsigned long long)s.errors,
                   (unsigned long long)s.bad_completions);
        if (nvme_info(ctrlr)->shadow_doorbells) {
            out_printf(sh->out, "     shadow doorbells: written %llu times; %llu times nothing "
                       "happened and the register was written\n",
                       (unsigned long long)s.shadow_writes, (unsigned long long)s.shadow_kicks);
        }
    }
    return 0;
}

const struct shell_cmd nvme_cmd_stats = {
    .name = "stats",
    .usage = "nvme stats CTRL",
    .summary = "what each queue pair has done",
    .example = "nvme stats nvme0",
    .complete = COMPLETE_CTRLR,
    .min_args = 1,
    .max_args = 1,
    .run = stats_run,
};

const struct shell_cmd nvme_cmd_trace = {
    .name = "trace",
    .usage = "nvme trace [CTRL] on|off",
    .summary = "each submission and completion as a line on the console; slow",
    .example = "nvme trace nvme0 on",
    .complete = COMPLETE_CTRLR,
    .min_args = 1,
    .max_args = 2,
    .run = trace_run,
};
