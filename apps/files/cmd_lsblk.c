/*
 * apps/files/cmd_lsblk.c - `lsblk`: disks, their partitions, and what lies on them.
 */
#include "apps/commands.h"
#include "apps/files/files.h"
#include "apps/system/size_text.h"
#include "lib/errno.h"
#include "lib/string.h"

static const char *scheme_name(enum partition_scheme scheme)
{
    switch (scheme) {
    case PARTITIONS_MBR:
        return "disk, MBR";
    case PARTITIONS_GPT:
        return "disk, GPT";
    case PARTITIONS_GPT_BACKUP:
        return "disk, GPT (backup table)";
    case PARTITIONS_DAMAGED:
        return "disk, GPT damaged";
    default:
        return "disk";
    }
}

/* A disk with partitions has no file system of its own; what looks like one is their table. */
static void probe(struct block_dev *dev, struct fs_probe *out)
{
    const struct block_info *info = block_info(dev);

    memset(out, 0, sizeof(*out));
    if (!info->parent && partition_scheme(dev) != PARTITIONS_NONE) {
        return;
    }
    if (fs_probe(dev, out) != 0) {
        str_copy(out->type, sizeof(out->type), "unreadable");
    }
}

static const char *or_dash(const char *text)
{
    return text[0] != '\0' ? text : "-";
}

static void print_device(struct out *out, struct block_dev *dev)
{
    const struct block_info *info = block_info(dev);
    char name[BLOCK_NAME_BYTES + 2], size[SIZE_TEXT_BYTES];
    const char *type = scheme_name(partition_scheme(dev));
    const char *label;
    struct fs_probe found;

    probe(dev, &found);
    str_format(name, sizeof(name), "%s%s", info->parent ? "  " : "", info->name);
    size_text_binary(info->block_count * info->block_bytes, size, sizeof(size));
    label = found.label[0] != '\0' ? found.label : info->part_label;
    out_printf(out, "%-16s %11s %6u  %-9s  %-24s  %-12s  %-16s  %s\n", name, size,
               (unsigned)info->block_bytes, info->armed ? "armed" : "read-only",
               info->parent ? info->part_type : type, or_dash(found.type), or_dash(label),
               or_dash(found.uuid));
}

static void print_heading(struct out *out)
{
    out_printf(out, "%-16s %11s %6s  %-9s  %-24s  %-12s  %-16s  %s\n", "NAME", "SIZE", "BLOCK",
               "STATE", "TYPE", "FS", "LABEL", "UUID");
}

void lsblk_print_nvme(struct out *out, struct block_registry *blocks,
                      const struct nvme_ctrlr *ctrlr, const struct nvme_ns *ns)
{
    struct block_dev *dev;

    print_heading(out);
    for (unsigned i = 0; (dev = block_at(blocks, i)); i++) {
        const struct nvme_ns *behind = block_nvme_ns(dev);

        if (behind && behind->ctrlr == ctrlr && (!ns || behind == ns)) {
            print_device(out, dev);
        }
    }
}

void lsblk_print(struct out *out, struct block_registry *blocks, struct block_dev *disk)
{
    struct block_dev *dev;

    print_heading(out);
    for (unsigned i = 0; (dev = block_at(blocks, i)); i++) {
        if (!disk || dev == disk || block_info(dev)->parent == disk) {
            print_device(out, dev);
        }
    }
}

static int lsblk_run(struct shell *sh, int argc, char **argv)
{
    struct block_dev *disk = NULL;

    if (argc > 1) {
        int err = shell_find_disk(sh, argv[0], argv[1], &disk);

        if (err) {
            return err;
        }
    } else if (!block_at(sh->app->blocks, 0)) {
        out_puts(sh->out, "There is no disk.\n");
        return 0;
    }
    lsblk_print(sh->out, sh->app->blocks, disk);
    return 0;
}

const struct shell_cmd cmd_lsblk = {
    .name = "lsblk",
    .usage = "lsblk [DISK]",
    .summary = "list disks, partitions, file systems and labels",
    .details = "Sizes are in powers of 1024; BLOCK is the bytes of a logical block. STATE says\n"
               "whether writing is allowed (see `arm`). LABEL is the file system's, or else the\n"
               "partition's. Files can be read on FAT32.\n",
    .example = "lsblk",
    .complete = COMPLETE_DISK,
    .max_args = 1,
    .run = lsblk_run,
};
