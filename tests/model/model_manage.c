/*
 * tests/model/model_manage.c - the commands that are done to the drive itself: which it offers,
 * what Identify says of them, and what a reset does to them.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/string.h"

static bool is_offered(const struct nvme_model *m, uint8_t opcode)
{
    const struct model_offer *o = &m->cfg.offer;

    switch (opcode) {
    case ADM_FORMAT:
        return o->format;
    case ADM_SANITIZE:
        return o->sanicap & 7;
    case ADM_FIRMWARE_DOWNLOAD:
    case ADM_FIRMWARE_COMMIT:
        return o->frmw;
    case ADM_SELF_TEST:
        return o->self_test;
    case ADM_NS_MANAGEMENT:
    case ADM_NS_ATTACHMENT:
        return o->namespaces;
    default:
        return true;
    }
}

static uint16_t begin_format(struct nvme_model *m, struct cmd *cmd)
{
    uint32_t nsid = cmd->dw[1];
    struct manage *g = &m->manage;

    if (nsid != UINT32_MAX && !media_ns(m, nsid)) {
        return ST_INVALID_NS | ST_DNR;
    }
    cmd->due_ns += m->cfg.offer.format_ns;
    g->format_start_ns = m->now_ns;
    g->format_end_ns = cmd->due_ns;
    g->format_nsid = nsid;
    return ST_OK;
}

static bool is_being_formatted(const struct nvme_model *m, uint32_t nsid)
{
    const struct manage *g = &m->manage;

    return m->now_ns < g->format_end_ns && (g->format_nsid == UINT32_MAX || g->format_nsid == nsid);
}

uint16_t manage_begin(struct nvme_model *m, struct cmd *cmd)
{
    uint16_t status;

    manage_step(m);
    status = sanitize_gate(m, cmd);
    if (status) {
        return status;
    }
    if (!cmd->admin) {
        return is_being_formatted(m, cmd->dw[1]) ? ST_FORMAT_IN_PROGRESS : ST_OK;
    }
    if (!is_offered(m, cmd->opcode)) {
        return ST_INVALID_OPCODE | ST_DNR;
    }
    switch (cmd->opcode) {
    case ADM_FORMAT:
        return begin_format(m, cmd);
    case ADM_FIRMWARE_DOWNLOAD:
        return prp_walk(m, cmd, ((uint64_t)cmd->dw[10] + 1) * 4);
    case ADM_NS_MANAGEMENT:
        return cmd->dw[10] & 15 ? ST_OK : prp_walk(m, cmd, 4096);
    case ADM_NS_ATTACHMENT:
        return prp_walk(m, cmd, 4096);
    default:
        return ST_OK;
    }
}

uint16_t manage_run(struct nvme_model *m, struct cmd *cmd)
{
    switch (cmd->opcode) {
    case ADM_FORMAT:
        return format_run(m, cmd);
    case ADM_SANITIZE:
        return sanitize_run(m, cmd);
    case ADM_FIRMWARE_DOWNLOAD:
        return firmware_download(m, cmd);
    case ADM_FIRMWARE_COMMIT:
        return firmware_commit(m, cmd);
    case ADM_SELF_TEST:
        return self_test_run(m, cmd);
    case ADM_NS_MANAGEMENT:
        return namespace_manage(m, cmd);
    default:
        return namespace_attach(m, cmd);
    }
}

void manage_step(struct nvme_model *m)
{
    sanitize_step(m);
    self_test_step(m);
}

/* A Controller Level Reset ends a short self-test, and activates what was committed; a sanitize
 * goes on. A format that it interrupts has not been done. */
void manage_reset(struct nvme_model *m)
{
    manage_step(m);
    if (m->logs.self_test == 1) {
        self_test_end(m, 2);
    }
    m->manage.format_end_ns = 0;
    firmware_activate(m);
}

void manage_power_on(struct nvme_model *m)
{
    if (!m->firmware[0]) {
        str_copy(m->firmware, sizeof(m->firmware), m->cfg.firmware);
    }
    manage_reset(m);
}

void manage_free(struct nvme_model *m)
{
    free(m->manage.image);
}

void manage_identify_controller(const struct nvme_model *m, uint8_t *p)
{
    const struct model_offer *o = &m->cfg.offer;

    p[IDC_OACS] |= (uint8_t)(o->format << 1 | (o->frmw ? 1 << 2 : 0) | o->namespaces << 3 |
                             o->self_test << 4);
    p[IDC_FRMW] = o->frmw ? o->frmw : p[IDC_FRMW];
    p[IDC_FWUG] = o->fwug;
    put_le(p + IDC_MTFA, 2, o->mtfa);
    put_le(p + IDC_EDSTT, 2, o->edstt);
    for (unsigned i = 0; i < 4; i++) {
        p[IDC_SANICAP + i] |= (uint8_t)(o->sanicap >> (8 * i));
    }
    p[IDC_FNA] = o->fna;
    memset(p + IDC_FR, ' ', 8);
    memcpy(p + IDC_FR, m->firmware, strlen(m->firmware));
    if (o->namespaces) {
        put_le(p + IDC_TNVMCAP, 8, o->capacity_bytes);
        put_le(p + IDC_UNVMCAP, 8, namespace_unallocated_bytes(m));
        p[IDC_CTRATT] |= o->granularity_bytes ? 1 << 7 : 0;
    }
}

void manage_identify_namespace(const struct nvme_model *m, const struct ns *ns, uint8_t *p)
{
    const struct model_offer *o = &m->cfg.offer;
    const struct manage *g = &m->manage;

    if (o->lbaf_count) {
        p[IDN_NLBAF] = o->lbaf_count - 1;
        for (unsigned i = 0; i < o->lbaf_count; i++) {
            put_le(p + IDN_LBAF0 + 4 * i, 4, o->lbafs[i]);
        }
        p[IDN_MC] = o->mc;
        p[IDN_DPC] = o->dpc;
    }
    if (!ns) {
        return;
    }
    if (o->format_ns) {
        uint64_t left = is_being_formatted(m, ns->cfg.nsid) ? g->format_end_ns - m->now_ns : 0;

        p[IDN_FPI] = (uint8_t)(0x80 | left * 100 / o->format_ns);
    }
}

/* Allocated namespaces above after, whether or not they are attached. */
static void fill_allocated(const struct nvme_model *m, uint32_t after, uint8_t *p)
{
    for (unsigned n = 0; n < 1024; n++) {
        uint32_t best = 0;

        for (unsigned i = 0; i < m->cfg.ns_count; i++) {
            uint32_t nsid = m->ns[i].cfg.nsid;
            best = nsid > after && (best == 0 || nsid < best) ? nsid : best;
        }
        if (best == 0) {
            return;
        }
        put_le(p + (size_t)4 * n, 4, best);
        after = best;
    }
}

uint16_t manage_identify(struct nvme_model *m, uint8_t cns, uint32_t nsid, uint8_t *p)
{
    const struct ns *ns = namespace_allocated(m, nsid);

    if (!m->cfg.offer.namespaces) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    switch (cns) {
    case 0x10:
        fill_allocated(m, nsid, p);
        return ST_OK;
    case 0x12:
        if (!ns) {
            return ST_INVALID_FIELD | ST_DNR;
        }
        put_le(p, 2, !ns->cfg.detached);
        put_le(p + 2, 2, !ns->cfg.detached);
        return ST_OK;
    case 0x13:
        put_le(p, 4, 1 | 1 << 16);
        return ST_OK;
    case 0x16:
        put_le(p + 32, 8, m->cfg.offer.granularity_bytes);
        put_le(p + 40, 8, m->cfg.offer.granularity_bytes);
        return ST_OK;
    default:
        return ST_INVALID_FIELD | ST_DNR;
    }
}
