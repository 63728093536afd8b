/*
 * apps/files/source.c - files and ranges of blocks as bytes to look at.
 */
#include "apps/files/files.h"

#include "lib/errno.h"
#include "lib/string.h"

int files_parse_range(struct shell *sh, const char *command, struct block_dev *dev,
                      const char *lba_text, const char *count_text, uint64_t *lba,
                      uint64_t *count)
{
    const struct block_info *info = block_info(dev);
    int err = shell_parse_u64(sh, command, "LBA", lba_text, UINT64_MAX, lba);

    if (!err) {
        err = shell_parse_u64(sh, command, "COUNT", count_text, UINT64_MAX, count);
    }
    if (err) {
        return err;
    }
    if (*count == 0) {
        return shell_fail(sh, command, -EINVAL, "COUNT is 0; it must be at least 1 block");
    }
    if (*lba >= info->block_count) {
        return shell_fail(sh, command, -EINVAL,
                          "LBA %llu is past the end of %s, whose blocks are 0 to %llu",
                          (unsigned long long)*lba, info->name,
                          (unsigned long long)info->block_count - 1);
    }
    if (*count > info->block_count - *lba) {
        return shell_fail(sh, command, -EINVAL,
                          "%llu blocks from LBA %llu reach past the end of %s, whose blocks are 0 "
                          "to %llu: at most %llu from there", (unsigned long long)*count,
                          (unsigned long long)*lba, info->name,
                          (unsigned long long)info->block_count - 1,
                          (unsigned long long)(info->block_count - *lba));
    }
    return 0;
}

static int open_range(struct shell *sh, int argc, char **argv, bool whole_disk,
                      struct source *out)
{
    uint64_t lba = 0, count = 1;
    int err = shell_find_disk(sh, argv[0], argv[1], &out->dev);

    if (err) {
        return err;
    }
    const struct block_info *info = block_info(out->dev);
    if (argc == 4) {
        err = files_parse_range(sh, argv[0], out->dev, argv[2], argv[3], &lba, &count);
    } else if (whole_disk) {
        count = info->block_count;
    }
    if (err) {
        return err;
    }
    out->base_bytes = lba * info->block_bytes;
    out->size_bytes = count * info->block_bytes;
    if (argc == 4) {
        str_format(out->label, sizeof(out->label), "%s %llu %llu", info->name,
                   (unsigned long long)lba, (unsigned long long)count);
    } else {
        str_copy(out->label, sizeof(out->label), info->name);
    }
    return 0;
}

/* Tab ends a disk's name with the colon of a path; with blocks behind it the disk is meant. */
static void cut_colon(char *name)
{
    size_t len = strlen(name);

    if (len > 0 && name[len - 1] == ':') {
        name[len - 1] = '\0';
    }
}

int source_open(struct shell *sh, int argc, char **argv, bool whole_disk, struct source *out)
{
    memset(out, 0, sizeof(*out));
    if (argc == 4) {
        cut_colon(argv[1]);
    }
    if (argc == 3) {
        return shell_fail(sh, argv[0], -EINVAL, "DISK LBA needs a COUNT of blocks behind it");
    }
    if (argc == 4 || block_find(sh->app->blocks, argv[1])) {
        return open_range(sh, argc, argv, whole_disk, out);
    }
    int err = files_resolve(sh, argv[0], argv[1], out->label);
    if (err) {
        return err;
    }
    err = fs_open(sh->app->fs, out->label, &out->file);
    if (err) {
        return files_explain(sh, argv[0], out->label, err);
    }
    out->size_bytes = fs_size(out->file);
    return 0;
}

int source_read(struct source *src, uint64_t offset, void *buf, size_t len)
{
    size_t got;

    if (!src->file) {
        return block_read_bytes(src->dev, src->base_bytes + offset, len, buf);
    }
    int err = fs_read(src->file, offset, buf, len, &got);
    return !err && got != len ? -EIO : err;
}

void source_close(struct source *src)
{
    fs_close(src->file);
    src->file = NULL;
}

int source_fail(struct shell *sh, const char *command, const struct source *src, uint64_t offset,
                int err)
{
    return shell_fail(sh, command, err, "%s: reading at byte %llu failed: %s", src->label,
                      (unsigned long long)offset, errno_text(err));
}
