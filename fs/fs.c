/*
 * fs/fs.c - volumes that are mounted, and paths to what is on them.
 */
#include "fs/fs.h"

#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"
#include "lib/utf8.h"

#include "fs/fat32/fat32.h"

static const struct fs_driver *const drivers[] = { &fat32_driver };

struct mount {
    struct mount *next;
    struct block_dev *dev;
    const struct fs_driver *driver;
    void *volume;
};

struct fs {
    struct block_registry *reg;
    struct mount *mounts;
};

struct fs_file {
    const struct fs_driver *driver;
    void *handle;
    uint64_t size_bytes;
};

int fs_create(struct block_registry *reg, struct fs **out)
{
    *out = heap_alloc(1, sizeof(**out));
    if (!*out) {
        return -ENOMEM;
    }
    (*out)->reg = reg;
    return 0;
}

static void unmount(struct mount *mount)
{
    mount->driver->unmount(mount->volume);
    heap_free(mount);
}

void fs_destroy(struct fs *fs)
{
    if (!fs) {
        return;
    }
    while (fs->mounts) {
        struct mount *mount = fs->mounts;

        fs->mounts = mount->next;
        unmount(mount);
    }
    heap_free(fs);
}

void fs_forget(struct fs *fs, struct block_dev *dev)
{
    struct mount **link = &fs->mounts;

    while (*link) {
        struct mount *mount = *link;

        if (mount->dev == dev) {
            *link = mount->next;
            unmount(mount);
        } else {
            link = &mount->next;
        }
    }
}

/* --- paths ------------------------------------------------------------------------------------ */

/* The colon that ends a device name at the start of text, or NULL. */
static const char *find_colon(const char *text)
{
    const char *colon = strchr(text, ':');
    const char *slash = strchr(text, '/');

    return colon && (!slash || colon < slash) ? colon : NULL;
}

/* Appends the parts of path to out, which holds "dev:" or "dev:/a/b". root: bytes of "dev:". */
static int append_parts(char *out, size_t cap, size_t root, const char *path)
{
    while (*path != '\0') {
        const char *end = strchr(path, '/');
        size_t len = end ? (size_t)(end - path) : strlen(path);
        size_t used = strlen(out);

        if (len == 2 && memcmp(path, "..", 2) == 0) {
            while (used > root && out[used - 1] != '/') {
                used--;
            }
            out[used > root ? used - 1 : root] = '\0';
        } else if (len > 0 && !(len == 1 && path[0] == '.')) {
            if (used + 1 + len >= cap) {
                return -ENAMETOOLONG;
            }
            out[used] = '/';
            memcpy(out + used + 1, path, len);
            out[used + 1 + len] = '\0';
        }
        path += len + (end ? 1 : 0);
    }
    return 0;
}

int fs_resolve(const char *cwd, const char *typed, char *out, size_t cap)
{
    if (!utf8_is_valid(typed, strlen(typed))) {
        return -EILSEQ;
    }
    if (str_starts_with(typed, "/dev/") && find_colon(typed + 5)) {
        typed += 5;
    }
    const char *colon = find_colon(typed);
    const char *base = colon ? typed : cwd;
    const char *place = "";

    if (colon) {
        typed = colon + 1;
    } else {
        colon = find_colon(cwd);
        if (!colon) {
            return -EINVAL;
        }
        place = typed[0] == '/' ? "" : colon + 1;
    }

    size_t root = (size_t)(colon - base) + 1;
    if (root == 1) {
        return -EINVAL;
    }
    if (root > BLOCK_NAME_BYTES || root + 2 > cap) {
        return -ENAMETOOLONG;
    }
    memcpy(out, base, root);
    out[root] = '\0';
    int err = append_parts(out, cap, root, place);
    if (!err) {
        err = append_parts(out, cap, root, typed);
    }
    if (!err && out[root] == '\0') {
        out[root] = '/';
        out[root + 1] = '\0';
    }
    return err;
}

/* Finds the volume of "dev:/path", mounting it when it was not yet, and the path on it. */
static int find_volume(struct fs *fs, const char *path, struct mount **out, const char **rest)
{
    const char *colon = find_colon(path);
    char name[BLOCK_NAME_BYTES];

    if (!colon || colon[1] != '/') {
        return -EINVAL;
    }
    if ((size_t)(colon - path) >= sizeof(name)) {
        return -ENODEV;
    }
    memcpy(name, path, (size_t)(colon - path));
    name[colon - path] = '\0';
    *rest = colon + 1;

    struct block_dev *dev = block_find(fs->reg, name);
    if (!dev) {
        return -ENODEV;
    }
    for (struct mount *mount = fs->mounts; mount; mount = mount->next) {
        if (mount->dev == dev) {
            *out = mount;
            return 0;
        }
    }

    struct mount *mount = heap_alloc(1, sizeof(*mount));
    if (!mount) {
        return -ENOMEM;
    }
    int err = -ENOTSUP;
    for (size_t i = 0; i < ARRAY_SIZE(drivers) && err == -ENOTSUP; i++) {
        mount->driver = drivers[i];
        err = drivers[i]->mount(dev, &mount->volume);
    }
    if (err) {
        heap_free(mount);
        return err;
    }
    mount->dev = dev;
    mount->next = fs->mounts;
    fs->mounts = mount;
    *out = mount;
    return 0;
}

/* --- files ------------------------------------------------------------------------------------ */

int fs_stat(struct fs *fs, const char *path, struct fs_entry *out)
{
    struct mount *mount;
    const char *rest;
    int err = find_volume(fs, path, &mount, &rest);

    return err ? err : mount->driver->stat(mount->volume, rest, out);
}

int fs_list(struct fs *fs, const char *path, int (*fn)(void *arg, const struct fs_entry *entry),
            void *arg)
{
    struct mount *mount;
    const char *rest;
    int err = find_volume(fs, path, &mount, &rest);

    return err ? err : mount->driver->list(mount->volume, rest, fn, arg);
}

int fs_open(struct fs *fs, const char *path, struct fs_file **out)
{
    struct mount *mount;
    const char *rest;

    *out = NULL;
    int err = find_volume(fs, path, &mount, &rest);
    if (err) {
        return err;
    }
    struct fs_file *file = heap_alloc(1, sizeof(*file));
    if (!file) {
        return -ENOMEM;
    }
    file->driver = mount->driver;
    err = mount->driver->open(mount->volume, rest, &file->handle, &file->size_bytes);
    if (err) {
        heap_free(file);
        return err;
    }
    *out = file;
    return 0;
}

uint64_t fs_size(const struct fs_file *file)
{
    return file->size_bytes;
}

int fs_read(struct fs_file *file, uint64_t offset, void *buf, size_t len, size_t *got)
{
    *got = 0;
    if (offset >= file->size_bytes || len == 0) {
        return 0;
    }
    len = (size_t)MIN((uint64_t)len, file->size_bytes - offset);
    int err = file->driver->read(file->handle, offset, buf, len);
    if (!err) {
        *got = len;
    }
    return err;
}

void fs_close(struct fs_file *file)
{
    if (file) {
        file->driver->close(file->handle);
        heap_free(file);
    }
}
