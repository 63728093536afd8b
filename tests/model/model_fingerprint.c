/*
 * tests/model/model_fingerprint.c - everything that outlasts a loss of power, in one number: what a
 * test compares that wants nothing to have happened.
 */
#include "tests/model/model_internal.h"

#include "lib/string.h"

/* FNV-1a, 64 bits. */
static uint64_t add(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Blocks count wherever they lie in the table; one that holds zeros is as good as none. */
static uint64_t of_media(const struct ns *ns)
{
    size_t bytes = media_bytes(ns);
    uint64_t sum = ns->media.fill;

    for (uint64_t i = 0; i < ns->media.cap; i++) {
        if (ns->media.keys[i] && (ns->media.states[i] == BLOCK_UNREADABLE ||
                                  !mem_is_zero(ns->media.blocks[i], bytes))) {
            sum += ns->media.states[i];
            sum += add(add(UINT64_C(0xcbf29ce484222325), &ns->media.keys[i],
                           sizeof(ns->media.keys[i])), ns->media.blocks[i], bytes);
        }
    }
    return sum;
}

uint64_t model_fingerprint(const struct nvme_model *m)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    hash = add(hash, &m->cfg.ns_count, sizeof(m->cfg.ns_count));
    for (unsigned i = 0; i < m->cfg.ns_count; i++) {
        uint64_t media = of_media(&m->ns[i]);

        hash = add(hash, &m->ns[i].cfg, sizeof(m->ns[i].cfg));
        hash = add(hash, &media, sizeof(media));
        hash = add(hash, &m->ns[i].reservation, sizeof(m->ns[i].reservation));
    }
    uint64_t features = features_fingerprint(m);
    hash = add(hash, &features, sizeof(features));
    hash = add(hash, m->logs.slots, sizeof(m->logs.slots));
    hash = add(hash, &m->logs.active_slot, sizeof(m->logs.active_slot));
    hash = add(hash, &m->logs.next_slot, sizeof(m->logs.next_slot));
    hash = add(hash, &m->manage.piece_count, sizeof(m->manage.piece_count));
    hash = add(hash, &m->manage.sanitize_failed, sizeof(m->manage.sanitize_failed));
    hash = add(hash, &m->logs.sanitize_cdw10, sizeof(m->logs.sanitize_cdw10));
    hash = add(hash, m->security_data, sizeof(m->security_data));
    return add(hash, &m->logs.sanitize_status, sizeof(m->logs.sanitize_status));
}

struct model_offer *model_offer(struct nvme_model *m)
{
    return &m->cfg.offer;
}

const char *model_firmware(const struct nvme_model *m)
{
    return m->firmware;
}
