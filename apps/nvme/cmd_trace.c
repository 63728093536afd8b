/*
 * apps/nvme/cmd_trace.c - `nvme trace`: what goes over the queues.
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
