/*
 * fs/fat32/fat32.c - FAT32 as a driver for fs.h.
 */
#include "fs/fat32/fat32.h"

#include "lib/errno.h"
#include "lib/heap.h"

static void fat32_unmount(void *volume)
{
    struct fat_volume *vol = volume;

    heap_free(vol->window);
    heap_free(vol);
}

static int fat32_mount(struct block_dev *dev, void **volume)
{
    struct fat_boot boot;
    uint32_t clusters;
    int err = fat_boot_read(dev, &boot, false);

    if (err) {
        return err;
    }
    if (boot.kind != FAT_32) {
        return -ENOTSUP;
    }
    struct fat_volume *vol = heap_alloc(1, sizeof(*vol));
    if (!vol) {
        return -ENOMEM;
    }
    vol->window = heap_alloc(1, FAT_WINDOW_BYTES);
    if (!vol->window) {
        heap_free(vol);
        return -ENOMEM;
    }
    vol->dev = dev;
    vol->boot = boot;
    vol->window_at = UINT64_MAX;
    /* A boot sector that lies about the geometry would show an empty volume: the root directory's
     * chain is what its FAT must hold in any case. */
    err = fat_chain_measure(vol, boot.root_cluster, "the root directory", &clusters);
    if (err) {
        fat32_unmount(vol);
        return err;
    }
    *volume = vol;
    return 0;
}

static int fat32_stat(void *volume, const char *path, struct fs_entry *out)
{
    struct fat_node node;
    int err = fat_find(volume, path, &node);

    if (!err) {
        *out = node.entry;
    }
    return err;
}

struct list {
    int (*fn)(void *arg, const struct fs_entry *entry);
    void *arg;
};

static int list_node(void *arg, const struct fat_node *node)
{
    const struct list *list = arg;

    return list->fn(list->arg, &node->entry);
}

static int fat32_list(void *volume, const char *path,
                      int (*fn)(void *arg, const struct fs_entry *entry), void *arg)
{
    struct list list = { .fn = fn, .arg = arg };
    struct fat_node node;
    int err = fat_find(volume, path, &node);

    if (err) {
        return err;
    }
    return node.entry.is_dir ? fat_dir_walk(volume, &node, list_node, &list) : -ENOTDIR;
}

static int fat32_open(void *volume, const char *path, void **handle, uint64_t *size_bytes)
{
    struct fat_file *file = NULL;
    struct fat_node node;
    int err = fat_find(volume, path, &node);

    if (err) {
        return err;
    }
    if (node.entry.is_dir) {
        return -EISDIR;
    }
    err = fat_file_open(volume, &node, &file);
    *handle = file;
    *size_bytes = node.entry.size_bytes;
    return err;
}

static int fat32_read(void *handle, uint64_t offset, void *buf, size_t len)
{
    return fat_file_read(handle, offset, buf, len);
}

static void fat32_close(void *handle)
{
    fat_file_close(handle);
}

const struct fs_driver fat32_driver = {
    .type = "FAT32",
    .mount = fat32_mount,
    .unmount = fat32_unmount,
    .stat = fat32_stat,
    .list = fat32_list,
    .open = fat32_open,
    .read = fat32_read,
    .close = fat32_close,
};
