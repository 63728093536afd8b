/*
 * tests/model/model_media.c - sparse media: a hash table of the blocks that were ever written, so
 * that a namespace may have 2^40 blocks. What was never written reads as zero.
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
    struct media bigger = { .cap = media->cap ? media->cap * 4 : 1024, .used = media->used };
    bigger.keys = calloc(bigger.cap, sizeof(*bigger.keys));
    bigger.blocks = calloc(bigger.cap, sizeof(*bigger.blocks));
    assert(bigger.keys && bigger.blocks);
    for (uint64_t i = 0; i < media->cap; i++) {
        if (media->keys[i]) {
            uint64_t at = place(&bigger, media->keys[i] - 1);
            bigger.keys[at] = media->keys[i];
            bigger.blocks[at] = media->blocks[i];
        }
    }
    free(media->keys);
    free(media->blocks);
    *media = bigger;
}

void media_get(struct ns *ns, uint64_t lba, uint8_t *block)
{
    size_t bytes = (size_t)1 << ns->cfg.lbads;
    uint64_t at = ns->media.cap ? place(&ns->media, lba) : 0;
    if (ns->media.cap && ns->media.keys[at]) {
        memcpy(block, ns->media.blocks[at], bytes);
    } else {
        for (size_t i = 0; i < bytes; i += sizeof(ns->media.fill)) {
            memcpy(block + i, &ns->media.fill, sizeof(ns->media.fill));
        }
    }
}

void media_put(struct ns *ns, uint64_t lba, const uint8_t *block)
{
    struct media *media = &ns->media;
    size_t bytes = (size_t)1 << ns->cfg.lbads;

    if (media->used * 2 >= media->cap) {
        grow(media);
    }
    uint64_t at = place(media, lba);
    if (!media->keys[at]) {
        if (!media->fill && mem_is_zero(block, bytes)) {
            return;
        }
        media->keys[at] = lba + 1;
        media->blocks[at] = malloc(bytes);
        assert(media->blocks[at]);
        media->used++;
    }
    memcpy(media->blocks[at], block, bytes);
}

void media_clear(struct ns *ns, uint64_t lba)
{
    if (ns->media.fill) {
        uint8_t *zeros = calloc(1, (size_t)1 << ns->cfg.lbads);
        assert(zeros);
        media_put(ns, lba, zeros);
        free(zeros);
    } else if (ns->media.cap) {
        uint64_t at = place(&ns->media, lba);
        if (ns->media.keys[at]) {
            memset(ns->media.blocks[at], 0, (size_t)1 << ns->cfg.lbads);
        }
    }
}

void media_free(struct ns *ns)
{
    for (uint64_t i = 0; i < ns->media.cap; i++) {
        free(ns->media.blocks[i]);
    }
    free(ns->media.keys);
    free(ns->media.blocks);
    ns->media = (struct media){ 0 };
}

static void access_bytes(struct nvme_model *m, uint32_t nsid, uint64_t offset, uint8_t *buf,
                         size_t len, bool write)
{
    struct ns *ns = media_ns(m, nsid);
    assert(ns);
    size_t block_bytes = (size_t)1 << ns->cfg.lbads;
    uint8_t *block = malloc(block_bytes);
    assert(block);
    while (len) {
        uint64_t lba = offset >> ns->cfg.lbads;
        size_t at = (size_t)(offset & (block_bytes - 1));
        size_t part = MIN(len, block_bytes - at);
        assert(lba < ns->cfg.blocks);
        media_get(ns, lba, block);
        if (write) {
            memcpy(block + at, buf, part);
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
