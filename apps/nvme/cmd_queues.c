/*
 * apps/nvme/cmd_queues.c - `nvme queues`: how many I/O queue pairs there are and how long, and
 * other numbers for both.
 */
#include "apps/nvme/commands.h"
#include "apps/nvme/show.h"
#include "lib/errno.h"

enum { OPT_COUNT, OPT_ENTRIES, OPT_OUTPUT };

static const struct shell_option options[] = {
    [OPT_COUNT] = {"count", 'c', SHELL_NUMBER, 65535, "so many queue pairs, one for each CPU"},
    [OPT_ENTRIES] = {"entries", 'e', SHELL_NUMBER, 65536, "entries of each submission queue"},
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {NULL, 0, SHELL_FLAG, 0, NULL},
};

static unsigned entries_max(const struct nvme_info *info)
{
    return (unsigned)FIELD_GET(NVME_CAP_MQES, info->cap) + 1;
}

static int change(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr)
{
    const struct shell_value *count = &sh->values[OPT_COUNT], *entries = &sh->values[OPT_ENTRIES];
    const struct nvme_info *info = nvme_info(ctrlr);

    if ((count->given && count->number == 0) || (count->number > info->granted_qpairs)) {
        return shell_fail(sh, command, -ERANGE, "%s was granted %u queue pair%s at the start: "
                          "--count is 1 to %u", nvme_name(ctrlr), info->granted_qpairs,
                          info->granted_qpairs == 1 ? "" : "s", info->granted_qpairs);
    }
    if (entries->given && (entries->number < 2 || entries->number > entries_max(info))) {
        return shell_fail(sh, command, -ERANGE, "--entries of %s is 2 to %u (CAP.MQES + 1)",
                          nvme_name(ctrlr), entries_max(info));
    }
    int err = nvme_qpairs_set(ctrlr, (unsigned)count->number, (unsigned)entries->number);
    if (err == -EBUSY) {
        return shell_fail(sh, command, err, "commands are outstanding; `nvme stats %s` shows where",
                          nvme_name(ctrlr));
    }
    if (err) {
        return shell_fail(sh, command, err, "%s: the queues could not be changed: %s",
                          nvme_name(ctrlr), errno_text(err));
    }
    return 0;
}

static int queues_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;
    struct show s;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (err) {
        return err;
    }
    err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (err) {
        return err;
    }
    if (sh->values[OPT_COUNT].given || sh->values[OPT_ENTRIES].given) {
        err = change(sh, argv[0], ctrlr);
    }
    if (err) {
        return err;
    }
    const struct nvme_info *info = nvme_info(ctrlr);
    show_u64(&s, "queue pairs", "queue_pairs", info->io_qpairs);
    show_u64(&s, "of these with interrupt", "with_interrupt", info->irq_qpairs);
    show_u64(&s, "in controller memory", "in_controller_memory", info->cmb_qpairs);
    show_u64(&s, "granted at most", "granted", info->granted_qpairs);
    show_u64(&s, "entries", "entries", info->io_entries);
    show_u64(&s, "entries at most", "entries_max", entries_max(info));
    show_u64(&s, "commands at a time", "depth", nvme_qpair_depth(nvme_qpair_at(ctrlr, 0)));
    show_end(&s);
    return 0;
}

const struct shell_cmd nvme_cmd_queues = {
    .name = "queues",
    .usage = "nvme queues CTRL [--count=N] [--entries=N]",
    .summary = "show or change the number and length of the I/O queues",
    .details = "Queue pair n belongs to CPU n. As many can be made as the controller has granted\n"
               "when it was started; a change needs no reset, and ends with the next start.\n",
    .example = "nvme queues nvme0 --entries=64",
    .complete = COMPLETE_CTRLR,
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = queues_run,
};
