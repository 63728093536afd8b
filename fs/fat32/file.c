/*
 * fs/fat32/file.c - the data of a file.
 *
 * Opening walks the whole chain once: it is then known to be as long as the size says and free of
 * circles, so that reading never gives out the wrong data. Reading goes on from where the last read
 * ended, and clusters that lie side by side are read as one.
 */
#include "fs/fat32/fat32.h"

#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"

struct fat_file {
    struct fat_volume *vol;
    uint32_t first_cluster;
    uint32_t index;   /* of the cluster in the file ... */
    uint32_t cluster; /* ... and its number: where the last read ended */
};

/* The chain of a file must hold its size. */
static int check_chain(struct fat_volume *vol, const struct fat_node *node)
{
    const char *device = block_info(vol->dev)->name;
    uint64_t size = node->entry.size_bytes;
    uint32_t cluster_bytes = vol->boot.cluster_bytes;
    uint32_t needed = (uint32_t)((size + cluster_bytes - 1) / cluster_bytes);
    uint32_t count;

    if (node->first_cluster == 0) {
        log_error("%s: file \"%s\" is damaged: it has %llu bytes and no cluster", device,
                  node->entry.name, (unsigned long long)size);
        return -EPROTO;
    }
    int err = fat_chain_measure(vol, node->first_cluster, node->entry.name, &count);
    if (err) {
        return err;
    }
    if (count < needed) {
        log_error("%s: file \"%s\" is damaged: %llu bytes need %u clusters, and its chain ends "
                  "after %u", device, node->entry.name, (unsigned long long)size,
                  (unsigned)needed, (unsigned)count);
        return -EPROTO;
    }
    if (count > needed) {
        log_warn("%s: file \"%s\": %llu bytes need %u clusters, and its chain has %u; the rest "
                 "is not read", device, node->entry.name, (unsigned long long)size,
                 (unsigned)needed, (unsigned)count);
    }
    return 0;
}

int fat_file_open(struct fat_volume *vol, const struct fat_node *node, struct fat_file **out)
{
    *out = NULL;
    if (node->entry.size_bytes > 0) {
        int err = check_chain(vol, node);

        if (err) {
            return err;
        }
    }
    struct fat_file *file = heap_alloc(1, sizeof(*file));
    if (!file) {
        return -ENOMEM;
    }
    file->vol = vol;
    file->first_cluster = node->first_cluster;
    file->cluster = node->first_cluster;
    *out = file;
    return 0;
}

/* Moves on by one cluster. An end here means that the medium changed since the file was opened. */
static int advance(struct fat_file *file)
{
    uint32_t next;
    int err = fat_chain_next(file->vol, file->cluster, &next);

    if (!err && next == FAT_CHAIN_END) {
        log_error("%s: a file's chain has become shorter while it was open",
                  block_info(file->vol->dev)->name);
        err = -EPROTO;
    }
    if (!err) {
        file->cluster = next;
        file->index++;
    }
    return err;
}

static int seek(struct fat_file *file, uint32_t index)
{
    if (index < file->index) {
        file->index = 0;
        file->cluster = file->first_cluster;
    }
    while (file->index < index) {
        int err = advance(file);

        if (err) {
            return err;
        }
    }
    return 0;
}

int fat_file_read(struct fat_file *file, uint64_t offset, void *buf, size_t len)
{
    uint32_t cluster_bytes = file->vol->boot.cluster_bytes;
    uint8_t *bytes = buf;

    while (len > 0) {
        uint32_t at = (uint32_t)(offset % cluster_bytes);
        int err = seek(file, (uint32_t)(offset / cluster_bytes));

        if (err) {
            return err;
        }
        uint64_t start = fat_cluster_offset(file->vol, file->cluster) + at;
        size_t run = cluster_bytes - at;
        while (run < len) {
            uint32_t before = file->cluster;

            err = advance(file);
            if (err) {
                return err;
            }
            if (file->cluster != before + 1) {
                break;
            }
            run += cluster_bytes;
        }
        run = MIN(run, len);
        err = block_read_bytes(file->vol->dev, start, run, bytes);
        if (err) {
            return err;
        }
        offset += run;
        bytes += run;
        len -= run;
    }
    return 0;
}

void fat_file_close(struct fat_file *file)
{
    heap_free(file);
}
