/*
 * tests/model/model_namespaces.c - Namespace Management and Attachment (NVMe 1.4 §5.20, §5.19): one
 * controller, identifier 1, in its subsystem. Capacity is given out in whole units.
 */
#include "tests/model/model_internal.h"

#include "lib/assert.h"
#include "lib/string.h"

#define CNTLID 1

static uint64_t get(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0) {
        value = value << 8 | p[bytes];
    }
    return value;
}

struct ns *namespace_allocated(struct nvme_model *m, uint32_t nsid)
{
    for (unsigned i = 0; i < m->cfg.ns_count; i++) {
        if (m->ns[i].cfg.nsid == nsid) {
            return &m->ns[i];
        }
    }
    return NULL;
}

static uint64_t rounded(const struct nvme_model *m, uint64_t bytes)
{
    uint64_t unit = MAX(m->cfg.offer.granularity_bytes, UINT64_C(1));

    return (bytes + unit - 1) / unit * unit;
}

uint64_t namespace_unallocated_bytes(const struct nvme_model *m)
{
    uint64_t used = 0;

    for (unsigned i = 0; i < m->cfg.ns_count; i++) {
        used += rounded(m, m->ns[i].cfg.blocks << m->ns[i].cfg.lbads);
    }
    return m->cfg.offer.capacity_bytes > used ? m->cfg.offer.capacity_bytes - used : 0;
}

static uint16_t create(struct nvme_model *m, struct cmd *cmd)
{
    uint8_t page[4096];
    uint32_t nsid = 1;

    if (!prp_from_host(m, cmd, page, UINT64_MAX)) {
        return ST_DATA_TRANSFER;
    }
    uint64_t nsze = get(page, 8), ncap = get(page + 8, 8);
    unsigned format = page[IDN_FLBAS] & 15;
    if (format >= m->cfg.offer.lbaf_count) {
        return ST_INVALID_FORMAT | ST_DNR;
    }
    if (ncap < nsze) {
        return ST_NO_THIN | ST_DNR;
    }
    uint32_t lbaf = m->cfg.offer.lbafs[format];
    if (nsze == 0 || nsze << (lbaf >> 16 & 0xff) > namespace_unallocated_bytes(m)) {
        return ST_NS_CAPACITY | ST_DNR;
    }
    while (namespace_allocated(m, nsid)) {
        nsid++;
    }
    if (nsid > identify_nn(m)) {
        return ST_NS_ID | ST_DNR;
    }
    assert(m->cfg.ns_count < MODEL_MAX_NS);
    struct ns *ns = &m->ns[m->cfg.ns_count++];
    *ns = (struct ns){ .cfg = { .nsid = nsid,
                                .blocks = nsze,
                                .lbads = (uint8_t)(lbaf >> 16),
                                .format = (uint8_t)format,
                                .metadata_bytes = (uint16_t)lbaf,
                                .extended = page[IDN_FLBAS] >> 4 & 1,
                                .detached = true },
                       .generation = ++m->generations };
    cmd->result = nsid;
    return ST_OK;
}

static uint16_t delete_ns(struct nvme_model *m, uint32_t nsid)
{
    bool found = nsid == UINT32_MAX;

    self_test_end(m, 3);
    for (unsigned i = m->cfg.ns_count; i-- > 0;) {
        struct ns *ns = &m->ns[i];

        if (nsid != UINT32_MAX && ns->cfg.nsid != nsid) {
            continue;
        }
        found = true;
        media_free(ns);
        *ns = m->ns[--m->cfg.ns_count];
        memset(&m->ns[m->cfg.ns_count], 0, sizeof(*ns));
    }
    return found ? ST_OK : ST_INVALID_NS | ST_DNR;
}

uint16_t namespace_manage(struct nvme_model *m, struct cmd *cmd)
{
    switch (cmd->dw[10] & 15) {
    case 0:
        return create(m, cmd);
    case 1:
        return delete_ns(m, cmd->dw[1]);
    default:
        return ST_INVALID_FIELD | ST_DNR;
    }
}

uint16_t namespace_attach(struct nvme_model *m, struct cmd *cmd)
{
    struct ns *ns = namespace_allocated(m, cmd->dw[1]);
    bool detach = cmd->dw[10] & 15;
    uint8_t page[4096];

    if (!prp_from_host(m, cmd, page, UINT64_MAX)) {
        return ST_DATA_TRANSFER;
    }
    if ((cmd->dw[10] & 15) > 1) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (!ns) {
        return ST_INVALID_NS | ST_DNR;
    }
    if (get(page, 2) != 1 || get(page + 2, 2) != CNTLID) {
        return ST_CTRLR_LIST | ST_DNR;
    }
    if (ns->cfg.detached == detach) {
        return (detach ? ST_NS_NOT_ATTACHED : ST_NS_ATTACHED) | ST_DNR;
    }
    ns->cfg.detached = detach;
    return ST_OK;
}
