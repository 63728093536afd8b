/*
 * tests/model/model_identify.c - Identify data structures (NVMe 1.4 §5.15), and patches that make
 * them hostile.
 */
#include "tests/model/model_internal.h"

#include "lib/string.h"

#define PAGE 4096

static void put_text(uint8_t *at, unsigned len, const char *text)
{
    size_t have = strlen(text);
    for (unsigned i = 0; i < len; i++) {
        at[i] = i < have ? (uint8_t)text[i] : ' ';
    }
}

uint32_t identify_nn(const struct nvme_model *m)
{
    uint32_t nn = m->cfg.nn;
    for (unsigned i = 0; m->cfg.nn == 0 && i < m->cfg.ns_count; i++) {
        nn = MAX(nn, m->ns[i].cfg.nsid);
    }
    return nn;
}

/* What model_config.every_feature and the Host Memory Buffer announce. */
static void fill_features(const struct model_config *c, uint8_t *p)
{
    put_le(p + IDC_HMPRE, 4, c->hmpre);
    put_le(p + IDC_HMMIN, 4, c->hmmin);
    put_le(p + IDC_HMMINDS, 4, c->hmminds);
    put_le(p + IDC_HMMAXD, 2, c->hmmaxd);
    if (!c->every_feature) {
        return;
    }
    p[IDC_CTRATT] |= 1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5;
    p[IDC_OACS + 1] |= 1 << 1;           /* Get LBA Status */
    p[IDC_ONCS] |= 1 << 4 | 1 << 5 | 1 << 6; /* save, reservations, timestamp */
    p[IDC_NPSS] = MODEL_POWER_STATES - 1;
    p[IDC_APSTA] = 1;
    p[IDC_KAS] = 10;
    p[IDC_HCTMA] = 1;
    put_le(p + IDC_MNTMT, 2, MODEL_MNTMT_K);
    put_le(p + IDC_MXTMT, 2, MODEL_MXTMT_K);
    p[IDC_SANICAP] |= 3;
    p[IDC_NWPC] = 7;
    for (unsigned i = 0; i < MODEL_POWER_STATES; i++) {
        const struct model_power_state *ps = &model_power_states[i];
        uint8_t *at = p + IDC_PSD0 + (size_t)32 * i;
        put_le(at, 2, ps->mp);
        at[3] = ps->flags;
        put_le(at + 4, 4, ps->enter_us);
        put_le(at + 8, 4, ps->exit_us);
        memset(at + 12, ps->relative, 4);
    }
}

static void fill_controller(struct nvme_model *m, uint8_t *p)
{
    const struct model_config *c = &m->cfg;

    put_le(p + IDC_VID, 2, 0x1234);
    put_le(p + IDC_SSVID, 2, 0x1af4);
    put_text(p + IDC_SN, 20, c->serial);
    put_text(p + IDC_MN, 40, c->model);
    put_text(p + IDC_FR, 8, c->firmware);
    put_le(p + IDC_IEEE, 3, 0x525400);
    p[IDC_MDTS] = c->mdts;
    put_le(p + IDC_CNTLID, 2, 1);
    put_le(p + IDC_VER, 4, c->vs);
    put_le(p + IDC_RTD3E, 4, c->rtd3e_us);
    p[IDC_CNTRLTYPE] = 1;
    put_le(p + IDC_OAES, 4, c->oaes);
    p[IDC_ACL] = c->acl_0b;
    p[IDC_AERL] = c->aerl_0b;
    p[IDC_FRMW] = 1 | 1 << 1;
    p[IDC_LPA] = c->lpa;
    p[IDC_ELPE] = c->elpe_0b;
    p[IDC_CTRATT] |= (c->endurance_group ? 1 << 4 : 0) | (c->latency_mode ? 1 << 5 : 0);
    put_le(p + IDC_ENDGIDMAX, 2, c->endurance_group);
    put_le(p + IDC_PELS, 4, c->lpa & 1 << 4 ? 16 : 0); /* 1 MiB */
    put_le(p + IDC_WCTEMP, 2, c->warning_k);
    put_le(p + IDC_CCTEMP, 2, 353);
    uint64_t total = 0;
    for (unsigned i = 0; i < c->ns_count; i++) {
        total += m->ns[i].cfg.blocks << m->ns[i].cfg.lbads;
    }
    put_le(p + IDC_TNVMCAP, 8, total);
    p[IDC_SQES] = c->sqes;
    p[IDC_CQES] = c->cqes;
    put_le(p + IDC_NN, 4, identify_nn(m));
    put_le(p + IDC_OACS, 2,
           c->security | (unsigned)c->directives << 5 | (unsigned)c->shadow_doorbells << 8 |
               (unsigned)c->lba_status << 9);
    put_le(p + IDC_ONCS, 2, 1 | 1 << 2 | 1 << 3 | /* compare, DSM, write zeroes */
                                (unsigned)c->write_uncorrectable << 1 |
                                (unsigned)c->reservations << 5 | (unsigned)c->verify << 7 |
                                (unsigned)c->copy << 8);
    put_le(p + IDC_SGLS, 4, c->sgls);
    p[IDC_FUSES] = c->fused;
    p[IDC_VWC] = (uint8_t)(c->volatile_cache | c->flush_all << 1);
    put_le(p + IDC_ACWU, 2, c->acwu_0b);
    const char nqn[] = "nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-000000000001";
    memcpy(p + IDC_SUBNQN, nqn, sizeof(nqn));
    put_le(p + IDC_PSD0, 2, 900); /* 9 W in units of 10 mW */
    fill_features(c, p);
    manage_identify_controller(m, p);
}

static void fill_namespace(const struct ns *ns, uint8_t *p)
{
    put_le(p + IDN_NSZE, 8, ns->cfg.blocks);
    put_le(p + IDN_NCAP, 8, ns->cfg.blocks);
    put_le(p + IDN_NUSE, 8, ns->cfg.blocks);
    p[IDN_NLBAF] = ns->cfg.format;
    p[IDN_FLBAS] = (uint8_t)(ns->cfg.format | (ns->cfg.extended ? 1 << 4 : 0));
    p[IDN_MC] = ns->cfg.metadata_bytes ? 3 : 0;
    p[IDN_DPC] = ns->cfg.metadata_bytes >= 8 ? 0x1f : 0;
    p[IDN_DPS] = (uint8_t)(ns->cfg.pi_type | (ns->cfg.pi_first ? 1 << 3 : 0));
    p[IDN_DLFEAT] = ns->cfg.deallocated == MODEL_READS_ZERO   ? 1 | 1 << 3
                    : ns->cfg.deallocated == MODEL_READS_ONES ? 2
                                                              : 0;
    put_le(p + IDN_MSSRL, 2, ns->cfg.mssrl);
    put_le(p + IDN_MCL, 4, ns->cfg.mcl);
    p[IDN_MSRC] = ns->cfg.msrc_0b;
    put_le(p + IDN_NVMCAP, 8, ns->cfg.blocks << ns->cfg.lbads);
    put_le(p + IDN_NGUID, 8, 0x1122334455667788);
    put_le(p + IDN_NGUID + 8, 8, ns->cfg.nsid | (uint64_t)ns->generation << 32);
    put_le(p + IDN_EUI64, 8, UINT64_C(0x0000000001005452) + ((uint64_t)ns->cfg.nsid << 56));
    for (unsigned i = 0; i <= ns->cfg.format; i++) {
        uint8_t *f = p + IDN_LBAF0 + 4 * i;
        bool current = i == ns->cfg.format;
        put_le(f, 2, current ? ns->cfg.metadata_bytes : 0);
        f[2] = current ? ns->cfg.lbads : 9 + 3 * (i & 1);
    }
}

/* The limits of the NVM command set, for CNS 06h. */
static void fill_limits(const struct model_config *c, uint8_t *p)
{
    p[0] = c->vsl;
    p[1] = c->wzsl;
    p[2] = c->wusl;
    p[3] = c->dmrl;
    put_le(p + 4, 4, c->dmrsl);
    put_le(p + 8, 8, c->dmsl);
}

/* Every active nsid above after, in ascending order. */
static void fill_list(const struct nvme_model *m, uint32_t after, uint8_t *p)
{
    for (unsigned n = 0; n < PAGE / 4; n++) {
        uint32_t best = 0;
        for (unsigned i = 0; i < m->cfg.ns_count; i++) {
            uint32_t nsid = m->ns[i].cfg.detached ? 0 : m->ns[i].cfg.nsid;
            if (nsid > after && (best == 0 || nsid < best)) {
                best = nsid;
            }
        }
        if (best == 0) {
            return;
        }
        put_le(p + (size_t)4 * n, 4, best);
        after = best;
    }
}

/* Type, length, two reserved bytes, identifier: EUI-64, NGUID, UUID. */
static void fill_descriptors(const struct ns *ns, uint8_t *p)
{
    uint8_t id[PAGE] = { 0 };
    fill_namespace(ns, id);
    p[0] = 1;
    p[1] = 8;
    memcpy(p + 4, id + IDN_EUI64, 8);
    p[12] = 2;
    p[13] = 16;
    memcpy(p + 16, id + IDN_NGUID, 16);
    p[32] = 3;
    p[33] = 16;
    for (unsigned i = 0; i < 16; i++) {
        p[36 + i] = (uint8_t)(0xa0 + i);
    }
    p[50] = (uint8_t)ns->generation;
    p[51] = (uint8_t)ns->cfg.nsid;
}

static void apply_patches(const struct nvme_model *m, uint8_t cns, uint32_t nsid, uint8_t *page)
{
    for (unsigned i = 0; i < m->cfg.patch_count; i++) {
        const struct model_patch *patch = &m->cfg.patches[i];
        if (patch->cns == cns && (patch->nsid == 0 || patch->nsid == nsid)) {
            put_le(page + patch->offset, patch->len, patch->value);
        }
    }
}

uint16_t identify_fill(struct nvme_model *m, uint8_t cns, uint32_t nsid, uint8_t *page)
{
    struct ns *ns = media_ns(m, nsid);

    memset(page, 0, PAGE);
    switch (cns) {
    case 0:
        if ((nsid == 0 || nsid > identify_nn(m)) &&
            (nsid != UINT32_MAX || !m->cfg.offer.namespaces)) {
            return ST_INVALID_NS | ST_DNR;
        }
        if (ns) {
            fill_namespace(ns, page);
            page[IDN_NSATTR] = features_write_protected(m, nsid);
        }
        if (ns || nsid == UINT32_MAX) {
            manage_identify_namespace(m, ns, page);
        }
        break;
    case 1:
        fill_controller(m, page);
        break;
    case 2:
        if (nsid >= 0xfffffffe) {
            return ST_INVALID_NS | ST_DNR;
        }
        fill_list(m, nsid, page);
        break;
    case 3:
        if (!ns) {
            return ST_INVALID_NS | ST_DNR;
        }
        fill_descriptors(ns, page);
        break;
    case 0x11:
        if (!m->cfg.offer.namespaces) {
            return ST_INVALID_FIELD | ST_DNR;
        }
        ns = namespace_allocated(m, nsid);
        if (ns) {
            fill_namespace(ns, page);
            manage_identify_namespace(m, ns, page);
        }
        break;
    case 6:
        if (!(m->cfg.css & 1 << 6)) {
            return ST_INVALID_FIELD | ST_DNR;
        }
        fill_limits(&m->cfg, page);
        break;
    default: {
        uint16_t status = manage_identify(m, cns, nsid, page);
        if (status) {
            return status;
        }
    }
    }
    apply_patches(m, cns, nsid, page);
    return ST_OK;
}
