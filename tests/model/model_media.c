/*
 * tests/model/model_media.c - sparse media: a hash table of the blocks that were ever written, so
 * that a namespace may have 2^40 blocks. What was never written reads as what deallocated blocks
 * read as.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

struct ns *media_ns(struct nvme_model *m, uint32_t nsid)
{
    for (unsigned i = 0; i < m->cfg.ns_count; i++) {
        if (m->ns[i].cfg.nsid == nsid && !m->ns[i].cfg.detached) {
            return &m->ns[i];
        }
    }
    return NULL;
}

static size_t data_bytes(const struct ns *ns)
{
    return (size_t)1 << ns->cfg.lbads;
}

size_t media_bytes(const struct ns *ns)
{
    return data_bytes(ns) + ns->cfg.metadata_bytes;
}

static uint64_t place(const struct media *media, uint64_t lba)
{
    uint64_t at = rng_mix(lba, 17) & (media->cap - 1);
    while (media->keys[at] && media->keys[at] != lba + 1) {
        at = (at + 1) & (media->cap - 1);
    }
    return at;
}

static void grow(struct media *media)
{
    struct media bigger = { .cap = media->cap ? media->cap * 4 : 1024, .used = media->used,
                            .fill = media->fill };
    bigger.keys = calloc(bigger.cap, sizeof(*bigger.keys));
    bigger.blocks = calloc(bigger.cap, sizeof(*bigger.blocks));
    bigger.states = calloc(bigger.cap, sizeof(*bigger.states));
    assert(bigger.keys && bigger.blocks && bigger.states);
    for (uint64_t i = 0; i < media->cap; i++) {
        if (media->keys[i]) {
            uint64_t at = place(&bigger, media->keys[i] - 1);
            bigger.keys[at] = media->keys[i];
            bigger.blocks[at] = media->blocks[i];
            bigger.states[at] = media->states[i];
        }
    }
    free(media->keys);
    free(media->blocks);
    free(media->states);
    *media = bigger;
}

/* A block that holds nothing: its protection information says that it is not to be checked. */
static void fill_empty(const struct ns *ns, uint8_t *block)
{
    size_t step = sizeof(ns->media.fill);

    memset(block, ns->cfg.deallocated == MODEL_READS_ONES ? 0xff : 0, data_bytes(ns));
    for (size_t i = 0; i < data_bytes(ns) && ns->media.fill; i += step) {
        memcpy(block + i, &ns->media.fill, step);
    }
    memset(block + data_bytes(ns), ns->cfg.pi_type ? 0xff : 0, ns->cfg.metadata_bytes);
}

/* The place of a block in the table, or false. */
static bool find(const struct ns *ns, uint64_t lba, uint64_t *at)
{
    if (ns->media.cap == 0) {
        return false;
    }
    *at = place(&ns->media, lba);
    return ns->media.keys[*at] != 0;
}

static uint64_t find_or_add(struct ns *ns, uint64_t lba)
{
    struct media *media = &ns->media;

    if (media->used * 2 >= media->cap) {
        grow(media);
    }
    uint64_t at = place(media, lba);
    if (!media->keys[at]) {
        media->keys[at] = lba + 1;
        media->blocks[at] = malloc(media_bytes(ns));
        assert(media->blocks[at]);
        fill_empty(ns, media->blocks[at]);
        media->states[at] = BLOCK_DEALLOCATED;
        media->used++;
    }
    return at;
}

bool media_get(struct ns *ns, uint64_t lba, uint8_t *block)
{
    uint64_t at;

    if (!find(ns, lba, &at)) {
        fill_empty(ns, block);
        return true;
    }
    if (ns->media.states[at] == BLOCK_DEALLOCATED && ns->cfg.deallocated != MODEL_READS_OLD) {
        fill_empty(ns, block);
    } else {
        memcpy(block, ns->media.blocks[at], media_bytes(ns));
    }
    return ns->media.states[at] != BLOCK_UNREADABLE;
}

void media_put(struct ns *ns, uint64_t lba, const uint8_t *block)
{
    uint8_t empty[4096];
    uint64_t at;

    if (!find(ns, lba, &at) && media_bytes(ns) <= sizeof(empty)) {
        fill_empty(ns, empty);
        if (memcmp(empty, block, media_bytes(ns)) == 0) {
            return;
        }
    }
    at = find_or_add(ns, lba);
    memcpy(ns->media.blocks[at], block, media_bytes(ns));
    ns->media.states[at] = BLOCK_WRITTEN;
}

bool media_save(const struct ns *ns, uint64_t lba, uint8_t *block, uint8_t *state)
{
    uint64_t at;

    if (!find(ns, lba, &at)) {
        return false;
    }
    memcpy(block, ns->media.blocks[at], media_bytes(ns));
    *state = ns->media.states[at];
    return true;
}

void media_restore(struct ns *ns, uint64_t lba, const uint8_t *block, uint8_t state)
{
    uint64_t at;

    if (block) {
        at = find_or_add(ns, lba);
        memcpy(ns->media.blocks[at], block, media_bytes(ns));
        ns->media.states[at] = state;
    } else if (find(ns, lba, &at)) {
        fill_empty(ns, ns->media.blocks[at]);
        ns->media.states[at] = BLOCK_DEALLOCATED;
    }
}

/* What is done to the blocks of a range that are in the table. */
static void each_known(struct ns *ns, uint64_t lba, uint64_t count,
                       void (*visit)(struct ns *ns, uint64_t at))
{
    uint64_t at;

    if (count > ns->media.cap) {
        for (at = 0; at < ns->media.cap; at++) {
            if (ns->media.keys[at] > lba && ns->media.keys[at] - lba <= count) {
                visit(ns, at);
            }
        }
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (find(ns, lba + i, &at)) {
            visit(ns, at);
        }
    }
}

static void zero_block(struct ns *ns, uint64_t at)
{
    memset(ns->media.blocks[at], 0, media_bytes(ns));
    ns->media.states[at] = BLOCK_WRITTEN;
}

static void deallocate_block(struct ns *ns, uint64_t at)
{
    if (ns->cfg.deallocated != MODEL_READS_OLD) {
        fill_empty(ns, ns->media.blocks[at]);
    }
    ns->media.states[at] = BLOCK_DEALLOCATED;
}

void media_zero(struct ns *ns, uint64_t lba, uint64_t count)
{
    bool empty_is_zero = ns->cfg.deallocated != MODEL_READS_ONES && !ns->cfg.pi_type &&
                         !ns->media.fill;

    for (uint64_t i = 0; i < count && !empty_is_zero; i++) {
        find_or_add(ns, lba + i);
    }
    each_known(ns, lba, count, zero_block);
}

void media_deallocate(struct ns *ns, uint64_t lba, uint64_t count)
{
    each_known(ns, lba, count, deallocate_block);
}

void media_spoil(struct ns *ns, uint64_t lba)
{
    uint64_t at = find_or_add(ns, lba);
    ns->media.states[at] = BLOCK_UNREADABLE;
}

uint64_t media_find_spoiled(const struct ns *ns, uint64_t lba, uint64_t count)
{
    uint64_t first = UINT64_MAX;

    for (uint64_t at = 0; at < ns->media.cap; at++) {
        uint64_t key = ns->media.keys[at];
        if (key > lba && key - lba <= count && ns->media.states[at] == BLOCK_UNREADABLE) {
            first = MIN(first, key - 1);
        }
    }
    return first;
}

void media_free(struct ns *ns)
{
    for (uint64_t i = 0; i < ns->media.cap; i++) {
        free(ns->media.blocks[i]);
    }
    free(ns->media.keys);
    free(ns->media.blocks);
    free(ns->media.states);
    ns->media = (struct media){ 0 };
    cache_free(ns);
}

/* --- from outside ----------------------------------------------------------------------------- */

static void access_bytes(struct nvme_model *m, uint32_t nsid, uint64_t offset, uint8_t *buf,
                         size_t len, bool write)
{
    struct ns *ns = media_ns(m, nsid);
    assert(ns);
    size_t block_bytes = data_bytes(ns);
    uint8_t *block = malloc(media_bytes(ns));
    assert(block);
    while (len) {
        uint64_t lba = offset >> ns->cfg.lbads;
        size_t at = (size_t)(offset & (block_bytes - 1));
        size_t part = MIN(len, block_bytes - at);
        assert(lba < ns->cfg.blocks);
        media_get(ns, lba, block);
        if (write) {
            memcpy(block + at, buf, part);
            memset(block + block_bytes, ns->cfg.pi_type ? 0xff : 0, ns->cfg.metadata_bytes);
            media_put(ns, lba, block);
        } else {
            memcpy(buf, block + at, part);
        }
        buf += part;
        offset += part;
        len -= part;
    }
    free(block);
}

void model_media_read(struct nvme_model *m, uint32_t nsid, uint64_t offset, void *buf, size_t len)
{
    access_bytes(m, nsid, offset, buf, len, false);
}

void model_media_write(struct nvme_model *m, uint32_t nsid, uint64_t offset, const void *buf,
                       size_t len)
{
    access_bytes(m, nsid, offset, (uint8_t *)(uintptr_t)buf, len, true);
}

void model_metadata_read(struct nvme_model *m, uint32_t nsid, uint64_t lba, void *buf)
{
    struct ns *ns = media_ns(m, nsid);
    uint8_t *block = malloc(media_bytes(ns));
    assert(block);
    media_get(ns, lba, block);
    memcpy(buf, block + data_bytes(ns), ns->cfg.metadata_bytes);
    free(block);
}

void model_metadata_write(struct nvme_model *m, uint32_t nsid, uint64_t lba, const void *buf)
{
    struct ns *ns = media_ns(m, nsid);
    uint64_t at = find_or_add(ns, lba);
    ns->media.states[at] = BLOCK_WRITTEN;
    memcpy(ns->media.blocks[at] + data_bytes(ns), buf, ns->cfg.metadata_bytes);
}

void model_media_spoil(struct nvme_model *m, uint32_t nsid, uint64_t lba)
{
    media_spoil(media_ns(m, nsid), lba);
}

bool model_media_spoiled(struct nvme_model *m, uint32_t nsid, uint64_t lba)
{
    return media_find_spoiled(media_ns(m, nsid), lba, 1) == lba;
}
