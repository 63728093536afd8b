/*
 * apps/files/cmd_arm.c - `arm` and `disarm`: allow writing to a disk, by its serial number.
 */
#include "apps/commands.h"
#include "apps/files/files.h"
#include "apps/system/size_text.h"
#include "drivers/nvme/nvme_gate.h"
#include "lib/errno.h"
#include "lib/string.h"

/* The whole disk that a person named, or named a partition of. */
static int find_whole(struct shell *sh, char **argv, struct block_dev **out)
{
    int err = shell_find_disk(sh, argv[0], argv[1], out);

    if (!err && block_info(*out)->parent) {
        const char *part = block_info(*out)->name;

        *out = block_info(*out)->parent;
        out_printf(sh->out, "%s is a part of %s; this is about the whole of %s\n", part,
                   block_info(*out)->name, block_info(*out)->name);
    }
    return err;
}

/* The controller that was named as such, "nvme0", or NULL. */
static struct nvme_ctrlr *named_ctrlr(struct shell *sh, const char *name)
{
    struct appliance_ctrlr *ctrlr = appliance_find_ctrlr(sh->app, name);

    if (str_starts_with(name, "/dev/")) {
        name += 5;
    }
    return ctrlr && strcmp(ctrlr->name, name) == 0 ? ctrlr->nvme : NULL;
}

static int arm_ctrlr(struct shell *sh, char **argv, struct nvme_ctrlr *ctrlr)
{
    const struct nvme_info *info = nvme_info(ctrlr);
    const char *name = nvme_name(ctrlr);

    if (nvme_ctrlr_arm(ctrlr, argv[2])) {
        return shell_fail(sh, argv[0], -EINVAL,
                          "'%s' is not the serial number of %s, which stays %s; `list` shows it",
                          argv[2], name, nvme_ctrlr_armed(ctrlr) ? "armed" : "read-only");
    }
    out_printf(sh->out, "%s: %s, serial %s, %u namespace%s\n", name, info->model, info->serial,
               nvme_ns_count(ctrlr), nvme_ns_count(ctrlr) == 1 ? "" : "s");
    lsblk_print_nvme(sh->out, sh->app->blocks, ctrlr, NULL);
    out_printf(sh->out,
               "All of %s is armed: everything on it, its settings and its firmware can be changed "
               "now.\n`disarm %s` ends this.\n", name, name);
    return 0;
}

static int arm_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr = named_ctrlr(sh, argv[1]);
    char size[SIZE_TEXT_BYTES];
    struct block_dev *disk;

    (void)argc;
    if (ctrlr) {
        return arm_ctrlr(sh, argv, ctrlr);
    }
    int err = find_whole(sh, argv, &disk);
    if (err) {
        return err;
    }
    const struct block_info *info = block_info(disk);
    err = block_arm(disk, argv[2]);
    if (err == -EINVAL) {
        return shell_fail(sh, argv[0], err,
                          "'%s' is not the serial number of %s, which stays %s; `list` shows it",
                          argv[2], info->name, block_info(disk)->armed ? "armed" : "read-only");
    }
    if (err) {
        return shell_fail(sh, argv[0], err, "%s: %s", info->name, errno_text(err));
    }
    size_text_binary(info->block_count * info->block_bytes, size, sizeof(size));
    out_printf(sh->out, "%s: %s, serial %s, %s\n", info->name, info->model, info->serial, size);
    lsblk_print(sh->out, sh->app->blocks, disk);
    if (!block_info(disk)->armed) { /* it was looked at for that */
        return shell_fail(sh, argv[0], -EIO, "%s was reset meanwhile and is read-only again",
                          info->name);
    }
    out_printf(sh->out, "%s is armed: everything on it can be overwritten now. `disarm %s` ends "
               "this.\n", info->name, info->name);
    return 0;
}

static int disarm_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr = named_ctrlr(sh, argv[1]);
    struct block_dev *disk;

    (void)argc;
    if (ctrlr) {
        nvme_ctrlr_disarm(ctrlr);
        out_printf(sh->out, "%s and all its namespaces are read-only\n", nvme_name(ctrlr));
        return 0;
    }
    int err = find_whole(sh, argv, &disk);
    if (err) {
        return err;
    }
    block_disarm(disk);
    const struct block_info *info = block_info(disk);
    out_printf(sh->out, "%s is %s\n", info->name,
               info->armed ? "always armed: it has no serial number" : "read-only");
    return 0;
}

const struct shell_cmd cmd_arm = {
    .name = "arm",
    .usage = "arm DISK|CTRL SERIAL",
    .summary = "allow writing to a disk, or changing a whole drive",
    .details = "SERIAL is the disk's serial number exactly as `list` shows it, so that no other\n"
               "disk is meant by mistake. What is on the disk is shown. A disk (nvme0n1) is armed\n"
               "for what reaches only it; a controller (nvme0) for everything, settings, firmware\n"
               "and all its disks included. The prompt shows what is armed. `disarm` ends it,\n"
               "and so does a reset of the drive, or a restart.\n",
    .example = "arm nvme0n1 S4EVNX0M123456",
    .complete = COMPLETE_DISK,
    .min_args = 2,
    .max_args = 2,
    .run = arm_run,
};

const struct shell_cmd cmd_disarm = {
    .name = "disarm",
    .usage = "disarm DISK|CTRL",
    .summary = "forbid writing to a disk again",
    .example = "disarm nvme0n1",
    .complete = COMPLETE_DISK,
    .min_args = 1,
    .max_args = 1,
    .run = disarm_run,
};
