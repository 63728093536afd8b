/*
 * drivers/nvme/nvme_rescan.c - namespaces that come, go and change while the controller is in
 * service.
 *
 * The controller is asked for everything anew, and only when it has answered everything is a step
 * taken. A handle means one set of data in one format: whatever makes old block numbers mean
 * something else gets a new handle, and the old one answers -ENXIO from then on.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/string.h"

/* An identifier that is missing on one side says nothing: its Identify may have been refused. */
static bool same_uuid(const struct nvme_ns *a, const struct nvme_ns *b)
{
    return mem_is_zero(a->uuid, sizeof(a->uuid)) || mem_is_zero(b->uuid, sizeof(b->uuid)) ||
           memcmp(a->uuid, b->uuid, sizeof(a->uuid)) == 0;
}

static bool same_data(const struct nvme_ns *a, const struct nvme_ns *b)
{
    return same_uuid(a, b) &&
           memcmp(a->nguid, b->nguid, sizeof(a->nguid)) == 0 &&
           memcmp(a->eui64, b->eui64, sizeof(a->eui64)) == 0 &&
           a->block_bytes == b->block_bytes && a->metadata_bytes == b->metadata_bytes &&
           a->id.flbas == b->id.flbas && a->id.dps == b->id.dps && a->usable == b->usable;
}

static struct nvme_ns_entry *find(const struct nvme_ns_list *list, uint32_t nsid)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (list->entries[i]->ns.nsid == nsid) {
            return list->entries[i];
        }
    }
    return NULL;
}

static void take_out(struct nvme_ctrlr *c, struct nvme_ns_entry *entry)
{
    struct nvme_ns *ns = &entry->ns;

    ns->gone = true;
    ns->usable = false;
    ns->armed = false;
    ns->max_blocks = 0;
    ns->plain_blocks = 0; /* what nvme_post tests first */
    str_copy(entry->why, sizeof(entry->why), "is gone");
    ns->unusable_why = entry->why;
    c->gone.entries[c->gone.count++] = entry; /* there is room: see make_room */
}

/* The namespace is what it was, but for its size. True when that has changed. */
static bool take_over(struct nvme_ctrlr *c, struct nvme_ns *ns, const struct nvme_ns *now)
{
    bool resized = ns->block_count != now->block_count;

    if (resized) {
        log_warn("%sn%u has %llu blocks now and had %llu", c->name, ns->nsid,
                 (unsigned long long)now->block_count, (unsigned long long)ns->block_count);
        ns->armed = c->armed;
    }
    ns->block_count = now->block_count;
    ns->used_blocks = now->used_blocks;
    ns->id = now->id;
    return resized;
}

/* Room for all that could be taken out, so that nothing can fail half-way. */
static int make_room(struct nvme_ctrlr *c)
{
    unsigned room = c->gone.count + c->namespaces.count;
    struct nvme_ns_entry **larger;

    if (room <= c->gone.room) {
        return 0;
    }
    larger = heap_alloc(room, sizeof(struct nvme_ns_entry *));
    if (!larger) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < c->gone.count; i++) {
        larger[i] = c->gone.entries[i];
    }
    heap_free(c->gone.entries);
    c->gone.entries = larger;
    c->gone.room = room;
    return 0;
}

/* Handles that are still good take the places of the fresh entries; the others are taken out. */
static int merge(struct nvme_ctrlr *c, struct nvme_ns_list *fresh)
{
    int changes = 0;

    for (unsigned i = 0; i < fresh->count; i++) {
        struct nvme_ns_entry *now = fresh->entries[i];
        struct nvme_ns_entry *old = find(&c->namespaces, now->ns.nsid);

        if (old && (now->refused || same_data(&old->ns, &now->ns))) {
            changes += now->refused ? 0 : take_over(c, &old->ns, &now->ns);
            fresh->entries[i] = old;
            heap_free(now);
            continue;
        }
        now->ns.armed = c->armed && now->ns.usable;
        log_info("%sn%u %s: %llu blocks of %u bytes", c->name, now->ns.nsid,
                 old ? "is another one now" : "is new", (unsigned long long)now->ns.block_count,
                 now->ns.block_bytes);
        changes++;
    }
    for (unsigned i = 0; i < c->namespaces.count; i++) {
        struct nvme_ns_entry *old = c->namespaces.entries[i];
        const struct nvme_ns_entry *now = find(fresh, old->ns.nsid);

        if (now != old) {
            take_out(c, old);
        }
        if (!now) {
            log_warn("%sn%u is gone", c->name, old->ns.nsid);
            changes++;
        }
    }
    return changes;
}

int nvme_rescan_namespaces(struct nvme_ctrlr *ctrlr)
{
    struct nvme_ns_list fresh = {0};
    int err;

    if (atomic_load(&ctrlr->attention) & NVME_ATTENTION_STOPPED) {
        return -ESHUTDOWN;
    }
    err = make_room(ctrlr);
    if (err) {
        return err;
    }
    err = nvme_identify_again(ctrlr); /* for NN and UNVMCAP */
    if (!err) {
        err = nvme_namespaces_scan(ctrlr, &fresh);
    }
    if (atomic_load(&ctrlr->failed)) {
        int recovered = nvme_recover(ctrlr);

        err = err ? err : recovered;
    }
    if (err) {
        nvme_ns_list_free(&fresh);
        return err;
    }
    int changes = merge(ctrlr, &fresh);
    heap_free(ctrlr->namespaces.entries);
    ctrlr->namespaces = fresh;
    return changes;
}
