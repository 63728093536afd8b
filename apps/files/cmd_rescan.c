/*
 * apps/files/cmd_rescan.c - `rescan`: looks for controllers, reads partition tables again.
 */
#include "apps/commands.h"
#include "apps/files/files.h"
#include "apps/hotplug/hotplug.h"
#include "lib/errno.h"

void files_forget_disk(struct shell *sh, struct block_dev *dev)
{
    struct block_dev *disk = block_info(dev)->parent ? block_info(dev)->parent : dev;
    struct block_dev *other;

    for (unsigned i = 0; (other = block_at(sh->app->blocks, i)); i++) {
        if (other == disk || block_info(other)->parent == disk) {
            fs_forget(sh->app->fs, other);
        }
    }
}

static unsigned count_partitions(struct block_registry *blocks, struct block_dev *disk)
{
    struct block_dev *dev;
    unsigned count = 0;

    for (unsigned i = 0; (dev = block_at(blocks, i)); i++) {
        count += block_info(dev)->parent == disk;
    }
    return count;
}

static int rescan_disk(struct shell *sh, const char *command, struct block_dev *disk)
{
    static const char *const words[] = {
        [PARTITIONS_NONE] = "no partition table",
        [PARTITIONS_MBR] = "MBR",
        [PARTITIONS_GPT] = "GPT",
        [PARTITIONS_GPT_BACKUP] = "GPT, from its backup (`dmesg` says why)",
        [PARTITIONS_DAMAGED] = "a damaged GPT (`dmesg` says how)",
    };
    const char *name = block_info(disk)->name;

    files_forget_disk(sh, disk);
    int scheme = partition_scan(sh->app->blocks, disk);
    if (scheme < 0) {
        return shell_fail(sh, command, scheme, "%s: %s", name, errno_text(scheme));
    }
    unsigned count = count_partitions(sh->app->blocks, disk);
    out_printf(sh->out, "%s: %s, %u partition%s\n", name, words[scheme], count,
               count == 1 ? "" : "s");
    return 0;
}

static int rescan_run(struct shell *sh, int argc, char **argv)
{
    struct block_dev *dev;
    int result = 0;

    if (argc == 1) {
        unsigned added = hotplug_rescan(sh->app);

        if (added > 0) {
            out_printf(sh->out, "%u controller%s added\n", added, added == 1 ? " was" : "s were");
        }
    } else {
        int err = shell_find_disk(sh, argv[0], argv[1], &dev);

        if (err) {
            return err;
        }
        struct block_dev *parent = block_info(dev)->parent;
        return rescan_disk(sh, argv[0], parent ? parent : dev);
    }
    for (unsigned i = 0; (dev = block_at(sh->app->blocks, i)); i++) {
        if (!block_info(dev)->parent) {
            int err = rescan_disk(sh, argv[0], dev);

            result = result ? result : err;
        }
    }
    return result;
}

const struct shell_cmd cmd_rescan = {
    .name = "rescan",
    .usage = "rescan [DISK]",
    .summary = "read the partition table of a disk, or of all, again",
    .details = "Without an argument, controllers are looked for first: new ones, and those that\n"
               "did not come up or were ejected and are still there.\n",
    .example = "rescan",
    .complete = COMPLETE_DISK,
    .max_args = 1,
    .run = rescan_run,
};
