/*
 * drivers/nvme/nvme_namespace.c - which namespaces a controller has, and whether they can be used.
 *
 * What Identify says is foreign data. A namespace that makes no sense, or that needs something we
 * do not do, is kept and shown, with the reason in words; the others work.
 */
#include <stdarg.h>

#include "drivers/nvme/nvme_internal.h"
#include "drivers/nvme/nvme_pi.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/out.h"
#include "lib/string.h"

#define LBADS_MIN 9
#define LBADS_MAX 16
#define PROBE_MAX 256 /* ids tried on a controller without a list of active ones */

#define VS_1_1 (FIELD_PREP(NVME_VS_MJR, 1) | FIELD_PREP(NVME_VS_MNR, 1))
#define VS_1_3 (FIELD_PREP(NVME_VS_MJR, 1) | FIELD_PREP(NVME_VS_MNR, 3))

static void unusable(struct nvme_ns_entry *entry, const char *fmt, ...) printf_like(2, 3);
static void unusable(struct nvme_ns_entry *entry, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    str_vformat(entry->why, sizeof(entry->why), fmt, args);
    va_end(args);
    entry->ns.unusable_why = entry->why;
    log_warn("%s: namespace %u %s: not usable", entry->ns.ctrlr->name, entry->ns.nsid, entry->why);
}

void nvme_ns_set_limit(struct nvme_ns *ns)
{
    if (ns->usable) {
        ns->max_blocks =
            MIN(ns->ctrlr->transfer_bytes >> ns->block_shift, (uint32_t)NVME_RW_BLOCKS_MAX);
        ns->plain_blocks = nvme_pi_type(ns) ? 0 : ns->max_blocks;
    }
}

/* Metadata that a plain read would leave lying about, or a plain write would have to bring, is not
 * for block I/O. Protection information alone is: the controller inserts and strips it (PRACT). */
static void metadata_check(struct nvme_ns_entry *entry)
{
    struct nvme_ns *ns = &entry->ns;
    unsigned type = (unsigned)FIELD_GET(NVME_DPS_TYPE, ns->id.dps);

    if (type && !nvme_pi_type(ns)) {
        unusable(entry, "has end-to-end protection of type %u in %u bytes of metadata", type,
                 ns->metadata_bytes);
    } else if (nvme_pi_moves_metadata(ns, nvme_pi_default_prinfo(ns))) {
        unusable(entry, "has %u bytes of metadata per block", ns->metadata_bytes);
    } else {
        ns->usable = true;
        nvme_ns_set_limit(ns);
    }
}

/* Reads id-ns into what the driver and its users work with. */
static void namespace_check(struct nvme_ns_entry *entry)
{
    struct nvme_ns *ns = &entry->ns;
    const struct nvme_id_ns *id = &ns->id;
    unsigned format = (unsigned)FIELD_GET(NVME_FLBAS_FORMAT, id->flbas);
    unsigned lbads = (unsigned)FIELD_GET(NVME_LBAF_LBADS, id->lbaf[format]);
    uint32_t transfer_bytes = ns->ctrlr->transfer_bytes;

    if (id->nsze == 0) {
        unusable(entry, "has no blocks");
    } else if (id->ncap == 0 || id->ncap > id->nsze) {
        unusable(entry, "claims a capacity of %llu of %llu blocks", (unsigned long long)id->ncap,
                 (unsigned long long)id->nsze);
    } else if (format > id->nlbaf) {
        unusable(entry, "uses LBA format %u and has %u of them", format, id->nlbaf + 1U);
    } else if (lbads < LBADS_MIN || lbads > LBADS_MAX) {
        unusable(entry, "has blocks of 2^%u bytes", lbads);
    } else if (id->nsze > UINT64_MAX >> lbads) {
        unusable(entry, "claims %llu blocks of %u bytes, more than 2^64 bytes",
                 (unsigned long long)id->nsze, 1U << lbads);
    } else if (transfer_bytes >> lbads == 0) {
        unusable(entry, "has blocks of %u bytes, longer than the longest transfer", 1U << lbads);
    } else {
        ns->block_shift = (uint8_t)lbads;
        ns->block_bytes = 1U << lbads;
        ns->block_count = id->nsze;
        ns->used_blocks = MIN(id->nuse, id->ncap);
        ns->metadata_bytes = (uint32_t)FIELD_GET(NVME_LBAF_MS, id->lbaf[format]);
        metadata_check(entry);
    }
}

/* The descriptors of CNS 03h; what is not understood is passed over (§5.15.2.4). */
static void parse_descriptors(struct nvme_ns *ns, const uint8_t *page)
{
    size_t at = 0;

    while (at + sizeof(struct nvme_ns_id_desc) <= NVME_IDENTIFY_BYTES) {
        uint8_t nidt = page[at], nidl = page[at + 1];
        const uint8_t *nid = page + at + sizeof(struct nvme_ns_id_desc);

        at += sizeof(struct nvme_ns_id_desc) + nidl;
        if (nidl == 0 || at > NVME_IDENTIFY_BYTES) {
            return;
        }
        if (nidt == NVME_NIDT_EUI64 && nidl == sizeof(ns->eui64)) {
            memcpy(ns->eui64, nid, sizeof(ns->eui64));
        } else if (nidt == NVME_NIDT_NGUID && nidl == sizeof(ns->nguid)) {
            memcpy(ns->nguid, nid, sizeof(ns->nguid));
        } else if (nidt == NVME_NIDT_UUID && nidl == sizeof(ns->uuid)) {
            memcpy(ns->uuid, nid, sizeof(ns->uuid));
        }
    }
}

/* True when the controller itself can no longer be talked to. */
static bool fatal(const struct nvme_ctrlr *c)
{
    return atomic_load(&c->failed);
}

static int read_descriptors(struct nvme_ctrlr *c, struct nvme_ns *ns, uint8_t *page)
{
    struct nvme_result res;

    memcpy(ns->eui64, ns->id.eui64, sizeof(ns->eui64));
    memcpy(ns->nguid, ns->id.nguid, sizeof(ns->nguid));
    if (c->info.vs < VS_1_3 || c->quirks & NVME_QUIRK_NO_NS_DESC) {
        return 0;
    }
    int err = nvme_admin_identify(c, NVME_CNS_NAMESPACE_DESCRIPTORS, ns->nsid, page, &res);
    if (!err) {
        parse_descriptors(ns, page);
    }
    return fatal(c) ? err : 0; /* a controller may refuse: then there are none */
}

int nvme_ns_list_append(struct nvme_ns_list *list, struct nvme_ns_entry *entry)
{
    if (list->count == list->room) {
        unsigned room = list->room ? 2 * list->room : 8;
        struct nvme_ns_entry **larger = heap_alloc(room, sizeof(struct nvme_ns_entry *));

        if (!larger) {
            return -ENOMEM;
        }
        for (unsigned i = 0; i < list->count; i++) {
            larger[i] = list->entries[i];
        }
        heap_free(list->entries);
        list->entries = larger;
        list->room = room;
    }
    list->entries[list->count++] = entry;
    return 0;
}

void nvme_ns_list_free(struct nvme_ns_list *list)
{
    for (unsigned i = 0; i < list->count; i++) {
        heap_free(list->entries[i]);
    }
    heap_free(list->entries);
    *list = (struct nvme_ns_list){0};
}

/* What a scan works with. */
struct scan {
    struct nvme_ctrlr *c;
    struct nvme_ns_list *found;
    uint32_t *ids;  /* a page of the list of active namespaces */
    uint8_t *page;  /* of namespace identification descriptors */
};

/* Looks at one namespace. probing: the id may well be inactive, which is then not worth a word. */
static int namespace_add(struct scan *scan, uint32_t nsid, bool probing)
{
    struct nvme_ctrlr *c = scan->c;
    struct nvme_ns_entry *entry = heap_alloc(1, sizeof(*entry));
    struct nvme_result res;
    int err;

    if (!entry) {
        return -ENOMEM;
    }
    entry->ns.ctrlr = c;
    entry->ns.nsid = nsid;
    err = nvme_admin_identify(c, NVME_CNS_NAMESPACE, nsid, &entry->ns.id, &res);
    if (err && !res.status) {
        goto out;
    }
    if (probing && (err || mem_is_zero(&entry->ns.id, sizeof(entry->ns.id)))) {
        err = 0;
        goto out;
    }
    if (err) {
        entry->refused = true;
        unusable(entry, "cannot be identified: %s", nvme_status_name(res.status));
    } else {
        namespace_check(entry);
        err = read_descriptors(c, &entry->ns, scan->page);
        if (err) {
            goto out;
        }
    }
    err = nvme_ns_list_append(scan->found, entry);
    if (!err) {
        return 0;
    }
out:
    heap_free(entry);
    return err;
}

/* A controller without a list of active namespaces, older than NVMe 1.1: every id is tried. */
static int scan_by_probing(struct scan *scan)
{
    const struct nvme_ctrlr *c = scan->c;
    uint32_t last = MIN(c->id.nn, (uint32_t)PROBE_MAX);

    if (c->id.nn > PROBE_MAX) {
        log_warn("%s: of %u namespaces only the first %u are looked at", c->name, c->id.nn,
                 PROBE_MAX);
    }
    for (uint32_t nsid = 1; nsid <= last; nsid++) {
        int err = namespace_add(scan, nsid, true);

        if (err) {
            return err;
        }
    }
    return 0;
}

/* One page of the list of active namespaces above *nsid, §5.15.2.3. *more: there may be others. */
static int scan_page(struct scan *scan, uint32_t *nsid, bool *more)
{
    const struct nvme_ctrlr *c = scan->c;
    const uint32_t *list = scan->ids;

    *more = true;
    for (unsigned i = 0; i < NVME_NS_LIST_ENTRIES; i++) {
        if (list[i] == 0) {
            *more = false;
            return 0;
        }
        if (list[i] <= *nsid || list[i] > c->id.nn) {
            log_warn("%s: the list of namespaces makes no sense: %u after %u, of at most %u",
                     c->name, list[i], *nsid, c->id.nn);
            *more = false;
            return 0;
        }
        *nsid = list[i];
        int err = namespace_add(scan, *nsid, false);
        if (err) {
            return err;
        }
    }
    return 0;
}

static int scan_by_list(struct scan *scan)
{
    struct nvme_ctrlr *c = scan->c;
    uint32_t nsid = 0;
    bool more = true;

    while (more && nsid < c->id.nn) {
        struct nvme_result res;
        int err = nvme_admin_identify(c, NVME_CNS_ACTIVE_NAMESPACES, nsid, scan->ids, &res);

        if (err && res.status && nsid == 0) {
            log_info("%s: has no list of active namespaces (%s)", c->name,
                     nvme_status_name(res.status));
            return scan_by_probing(scan);
        }
        if (err) {
            return res.status ? -EIO : err;
        }
        err = scan_page(scan, &nsid, &more);
        if (err) {
            return err;
        }
    }
    return 0;
}

int nvme_namespaces_scan(struct nvme_ctrlr *c, struct nvme_ns_list *list)
{
    struct scan scan = {
        .c = c,
        .found = list,
        .ids = heap_alloc(1, NVME_IDENTIFY_BYTES),
        .page = heap_alloc(1, NVME_IDENTIFY_BYTES),
    };
    int err;

    if (!scan.ids || !scan.page) {
        err = -ENOMEM;
    } else if (c->info.vs < VS_1_1 || c->quirks & NVME_QUIRK_NO_ACTIVE_LIST) {
        err = scan_by_probing(&scan);
    } else {
        err = scan_by_list(&scan);
    }
    heap_free(scan.ids);
    heap_free(scan.page);
    if (err) {
        nvme_ns_list_free(list);
    }
    return err;
}

unsigned nvme_ns_count(const struct nvme_ctrlr *ctrlr)
{
    return ctrlr->namespaces.count;
}

struct nvme_ns *nvme_ns_at(struct nvme_ctrlr *ctrlr, unsigned index)
{
    return index < ctrlr->namespaces.count ? &ctrlr->namespaces.entries[index]->ns : NULL;
}
