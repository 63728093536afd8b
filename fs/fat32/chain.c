/*
 * fs/fat32/chain.c - the file allocation table: which cluster follows which (FAT §4).
 */
#include "fs/fat32/fat32.h"

#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/log.h"

#define ENTRY_BYTES 4
#define ENTRY_MASK UINT32_C(0x0fffffff) /* the upper four bits are reserved */
#define ENTRY_FREE 0
#define ENTRY_BAD UINT32_C(0x0ffffff7)
#define ENTRY_END UINT32_C(0x0ffffff8)  /* and above */

bool fat_is_cluster(const struct fat_volume *vol, uint32_t cluster)
{
    return cluster >= 2 && cluster - 2 < vol->boot.cluster_count;
}

uint64_t fat_cluster_offset(const struct fat_volume *vol, uint32_t cluster)
{
    return vol->boot.data_offset + (uint64_t)(cluster - 2) * vol->boot.cluster_bytes;
}

/* Reads the part of the FAT in which byte at lies. */
static int move_window(struct fat_volume *vol, uint64_t at)
{
    uint64_t start = ALIGN_DOWN(at, FAT_WINDOW_BYTES);
    uint64_t len = MIN((uint64_t)FAT_WINDOW_BYTES, vol->boot.fat_bytes - start);

    vol->window_at = UINT64_MAX;
    int err = block_read_bytes(vol->dev, vol->boot.fat_offset + start, (size_t)len, vol->window);
    if (!err) {
        vol->window_at = start;
    }
    return err;
}

static int complain(struct fat_volume *vol, uint32_t cluster, const char *what, uint32_t link)
{
    log_error("%s: the FAT is damaged: cluster %u is followed by %s (%08Xh)",
              block_info(vol->dev)->name, (unsigned)cluster, what, (unsigned)link);
    return -EPROTO;
}

int fat_chain_next(struct fat_volume *vol, uint32_t cluster, uint32_t *next)
{
    uint64_t at = (uint64_t)cluster * ENTRY_BYTES;

    if (vol->window_at == UINT64_MAX || at < vol->window_at ||
        at - vol->window_at >= FAT_WINDOW_BYTES) {
        int err = move_window(vol, at);

        if (err) {
            return err;
        }
    }
    uint32_t link = load_le32(vol->window + (at - vol->window_at)) & ENTRY_MASK;
    if (link >= ENTRY_END) {
        *next = FAT_CHAIN_END;
        return 0;
    }
    if (link == ENTRY_FREE) {
        return complain(vol, cluster, "a free cluster", link);
    }
    if (link == ENTRY_BAD) {
        return complain(vol, cluster, "the mark of a bad cluster", link);
    }
    if (!fat_is_cluster(vol, link)) {
        return complain(vol, cluster, "a number that is no cluster of this volume", link);
    }
    *next = link;
    return 0;
}

int fat_chain_measure(struct fat_volume *vol, uint32_t first, const char *what, uint32_t *count)
{
    const char *name = block_info(vol->dev)->name;
    uint32_t cluster = first;
    uint32_t marker = first; /* Brent: a cluster seen before, moved on at powers of two */
    uint32_t limit = 1;
    uint32_t steps = 0;

    *count = 0;
    if (!fat_is_cluster(vol, first)) {
        log_error("%s: %s begins at cluster %u, which does not exist", name, what,
                  (unsigned)first);
        return -EPROTO;
    }
    while (cluster != FAT_CHAIN_END) {
        int err = fat_chain_next(vol, cluster, &cluster);

        if (err) {
            return err;
        }
        (*count)++;
        if (cluster == marker) {
            log_error("%s: the FAT is damaged: the chain of %s runs in a circle at cluster %u",
                      name, what, (unsigned)cluster);
            return -EPROTO;
        }
        if (++steps == limit) {
            marker = cluster;
            limit *= 2;
            steps = 0;
        }
    }
    return 0;
}
