/*
 * tests/model/model_cache.c - what a loss of power does to the volatile write cache. Reads and
 * writes go to the media at once; here lies what the blocks were before, until a flush makes the
 * change lasting. So the newest data is always read, as from a real cache, and a power cut puts old
 * blocks back.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"

static struct cached *find(const struct cache *cache, uint64_t lba)
{
    for (unsigned i = 0; i < cache->count; i++) {
        if (cache->blocks[i].lba == lba) {
            return &cache->blocks[i];
        }
    }
    return NULL;
}

static void drop(struct cache *cache, struct cached *entry)
{
    free(entry->before);
    *entry = cache->blocks[--cache->count];
}

static void drop_all(struct cache *cache)
{
    while (cache->count) {
        drop(cache, &cache->blocks[cache->count - 1]);
    }
}

static void remember(struct ns *ns, uint64_t lba)
{
    struct cache *cache = &ns->cache;

    if (find(cache, lba)) {
        return; /* older than what lies there now, and as lasting */
    }
    if (cache->count == cache->room) {
        cache->room = cache->room ? cache->room * 2 : 64;
        cache->blocks = realloc(cache->blocks, cache->room * sizeof(*cache->blocks));
        assert(cache->blocks);
    }
    struct cached *entry = &cache->blocks[cache->count++];
    entry->lba = lba;
    entry->before = malloc(media_bytes(ns));
    assert(entry->before);
    entry->known = media_save(ns, lba, entry->before, &entry->state);
}

void cache_before_write(struct nvme_model *m, struct ns *ns, uint64_t lba, uint64_t count)
{
    if (!m->cfg.cache_loses || !m->cfg.volatile_cache ||
        !features_value(m, FEAT_VOLATILE_CACHE, 0, 0)) {
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        remember(ns, lba + i);
    }
}

void cache_after_fua(struct ns *ns, uint64_t lba, uint64_t count)
{
    for (uint64_t i = 0; i < count && ns->cache.count; i++) {
        struct cached *entry = find(&ns->cache, lba + i);
        if (entry) {
            drop(&ns->cache, entry);
        }
    }
}

void cache_flush(struct nvme_model *m, uint32_t nsid)
{
    for (unsigned i = 0; i < m->cfg.ns_count; i++) {
        if (nsid == UINT32_MAX || m->ns[i].cfg.nsid == nsid) {
            drop_all(&m->ns[i].cache);
        }
    }
}

void cache_free(struct ns *ns)
{
    drop_all(&ns->cache);
    free(ns->cache.blocks);
    ns->cache = (struct cache){ 0 };
}

/* Part of the cache had been written out by itself. */
static void lose_some(struct nvme_model *m, struct ns *ns)
{
    for (unsigned i = 0; i < ns->cache.count; i++) {
        const struct cached *entry = &ns->cache.blocks[i];
        if (rng_below(&m->rng, 4)) {
            media_restore(ns, entry->lba, entry->known ? entry->before : NULL, entry->state);
        }
    }
    drop_all(&ns->cache);
}

void model_power_cut(struct nvme_model *m)
{
    for (unsigned i = 0; i < m->cfg.ns_count; i++) {
        lose_some(m, &m->ns[i]);
    }
    m->logs.unsafe_shutdowns += !(m->csts & CSTS_SHST_DONE);
    commands_forget_all(m, false);
    model_replug(m);
    m->surprise = true;
}
