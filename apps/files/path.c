/*
 * apps/files/path.c - from what a person typed to a path, and from an error to words.
 */
#include "apps/files/files.h"

#include "lib/errno.h"
#include "lib/string.h"

#include "apps/shell/nearest.h"

int files_resolve(struct shell *sh, const char *command, const char *typed, char *path)
{
    char root[BLOCK_NAME_BYTES + 2];
    struct block_dev *dev = block_find(sh->app->blocks, typed);

    if (dev) {
        str_format(root, sizeof(root), "%s:", block_info(dev)->name);
        typed = root;
    }
    int err = fs_resolve(sh->cwd, typed, path, FS_PATH_BYTES);
    if (err == -EINVAL && typed[0] == '\0') {
        return shell_fail(sh, command, err,
                          "no place is chosen; say DISK:/DIR (`lsblk` lists the disks)");
    }
    if (err == -EINVAL) {
        return shell_fail(sh, command, err,
                          "'%s' is relative, and no place is chosen; say DISK:/PATH, or `cd` first",
                          typed);
    }
    return err ? shell_fail(sh, command, err, "%s: %s", typed, errno_text(err)) : 0;
}

/* The disk of "disk:/path", or NULL. */
static struct block_dev *disk_of(struct shell *sh, const char *path)
{
    const char *colon = strchr(path, ':');
    char name[BLOCK_NAME_BYTES] = "";

    if (colon && (size_t)(colon - path) < sizeof(name)) {
        memcpy(name, path, (size_t)(colon - path));
        name[colon - path] = '\0';
    }
    return block_find(sh->app->blocks, name);
}

static int explain_no_disk(struct shell *sh, const char *command, const char *path, int err)
{
    char name[FS_PATH_BYTES];
    struct block_dev *dev;

    str_copy(name, sizeof(name), path);
    char *colon = strchr(name, ':');
    if (colon) {
        *colon = '\0';
    }
    int why = shell_find_disk(sh, command, name, &dev);
    return why ? why : err;
}

static int explain_no_fs(struct shell *sh, const char *command, const char *path, int err)
{
    struct block_dev *dev = disk_of(sh, path);
    struct fs_probe probe;
    char parts[128] = "";

    if (!dev) {
        return shell_fail(sh, command, err, "%s: %s", path, errno_text(err));
    }
    const struct block_info *info = block_info(dev);
    struct block_dev *part;
    for (unsigned i = 0; (part = block_at(sh->app->blocks, i)); i++) {
        if (block_info(part)->parent == dev) {
            str_append(parts, sizeof(parts), parts[0] == '\0' ? "" : ", ");
            str_append(parts, sizeof(parts), block_info(part)->name);
        }
    }
    if (parts[0] != '\0') {
        return shell_fail(sh, command, err,
                          "%s has no file system of its own; look at its partitions: %s",
                          info->name, parts);
    }
    if (fs_probe(dev, &probe) == 0 && probe.type[0] != '\0') {
        return shell_fail(sh, command, err, "%s holds %s, which cannot be read; FAT32 can",
                          info->name, probe.type);
    }
    return shell_fail(sh, command, err, "%s holds no file system that is known here", info->name);
}

struct near_search {
    struct nearest nearest;
    char best[FS_NAME_BYTES];
};

static int offer_entry(void *arg, const struct fs_entry *entry)
{
    struct near_search *search = arg;

    nearest_offer(&search->nearest, entry->name);
    if (search->nearest.best == entry->name) {
        str_copy(search->best, sizeof(search->best), entry->name);
        search->nearest.best = search->best;
    }
    return 0;
}

/* Walks up to the first directory that exists and looks there for a name like the missing one. */
static int explain_no_entry(struct shell *sh, const char *command, const char *path, int err)
{
    char dir[FS_PATH_BYTES], missing[FS_NAME_BYTES] = "";
    struct near_search search = { 0 };
    struct fs_entry entry;
    char *slash;

    str_copy(dir, sizeof(dir), path);
    while ((slash = strrchr(dir, '/'))) {
        bool root = slash > dir && slash[-1] == ':';

        str_copy(missing, sizeof(missing), slash + 1);
        slash[root ? 1 : 0] = '\0';
        if (root || fs_stat(sh->app->fs, dir, &entry) != -ENOENT) {
            break;
        }
    }
    search.nearest = nearest_to(missing);
    if (fs_list(sh->app->fs, dir, offer_entry, &search) == 0 && search.best[0] != '\0') {
        return shell_fail(sh, command, err, "there is no '%s' in %s; did you mean '%s'?", missing,
                          dir, search.best);
    }
    return shell_fail(sh, command, err, "there is no '%s' in %s (`ls` lists what there is)",
                      missing, dir);
}

int files_explain(struct shell *sh, const char *command, const char *path, int err)
{
    switch (err) {
    case -EINTR:
        return err;
    case -ENODEV:
        return explain_no_disk(sh, command, path, err);
    case -ENOTSUP:
        return explain_no_fs(sh, command, path, err);
    case -ENOENT:
        return explain_no_entry(sh, command, path, err);
    case -EISDIR:
        return shell_fail(sh, command, err, "%s is a directory", path);
    case -EPROTO:
        return shell_fail(sh, command, err,
                          "%s: the file system is damaged there (`dmesg` says how)", path);
    default:
        return shell_fail(sh, command, err, "%s: %s", path, errno_text(err));
    }
}
