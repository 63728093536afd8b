/*
 * tests/model/model_cmb.c - the controller memory buffer (NVMe 1.4 §3.1.11, §3.1.16, §4.7), for
 * submission queues.
 */
#include "tests/model/model_internal.h"

enum { CMBSZ_SQS = 1, CMBSZ_CQS = 2, CMBMSC_CRE = 1, CMBMSC_CMSE = 2 };

static bool is_shown(const struct nvme_model *m)
{
    return m->cfg.cmb_bytes && (m->cfg.cmb_legacy || m->cmbmsc & CMBMSC_CRE);
}

uint32_t cmb_register(const struct nvme_model *m, uint64_t off)
{
    switch (off) {
    case REG_CMBLOC:
        return is_shown(m) ? MODEL_CMB_BAR : 0;
    case REG_CMBSZ:
        return is_shown(m) ? (uint32_t)(m->cfg.cmb_bytes / 4096) << 12 |
                                 (m->cfg.cmb_no_sqs ? CMBSZ_CQS : CMBSZ_SQS)
                           : 0;
    case REG_CMBMSC:
        return (uint32_t)m->cmbmsc;
    case REG_CMBMSC + 4:
        return (uint32_t)(m->cmbmsc >> 32);
    default: /* CMBSTS */
        return m->cfg.cmb_refuses && m->cmbmsc & CMBMSC_CMSE;
    }
}

void cmb_write_control(struct nvme_model *m, uint64_t value)
{
    if (m->cfg.cmb_legacy || !m->cfg.cmb_bytes) {
        model_violate(m, "CMBMSC written although CAP.CMBS is 0");
        return;
    }
    if (value & 0xffc) {
        model_violate(m, "CMBMSC written with reserved bits: %llxh", (unsigned long long)value);
    }
    if (value & CMBMSC_CMSE && m->bus.dma(m->bus.ctx, value & ~UINT64_C(0xfff), 1)) {
        model_violate(m, "the buffer was put where memory of the host lies");
    }
    m->cmbmsc = value;
}

/* Whether the controller takes address for one of the buffer. */
bool cmb_holds(const struct nvme_model *m, uint64_t address)
{
    uint64_t base = m->cfg.cmb_legacy ? MODEL_CMB_BUS_ADDR : m->cmbmsc & ~UINT64_C(0xfff);
    bool open = m->cfg.cmb_legacy || (m->cmbmsc & CMBMSC_CMSE && !m->cfg.cmb_refuses);
    return m->cfg.cmb_bytes && open && address - base < m->cfg.cmb_bytes;
}

void *cmb_or_lent(struct nvme_model *m, uint64_t address, uint64_t bytes)
{
    if (!cmb_holds(m, address)) {
        return m->bus.dma(m->bus.ctx, address, bytes);
    }
    uint64_t base = m->cfg.cmb_legacy ? MODEL_CMB_BUS_ADDR : m->cmbmsc & ~UINT64_C(0xfff);
    uint64_t offset = address - base;
    if (m->cfg.cmb_no_sqs || bytes > m->cfg.cmb_bytes - offset) {
        model_violate(m, "submission queue at %llxh: the buffer is not for it, or too short",
                      (unsigned long long)address);
        return NULL;
    }
    return m->cmb + offset;
}

void *model_cmb(struct nvme_model *m, unsigned bar, uint64_t offset, uint64_t bytes)
{
    bool inside = bar == MODEL_CMB_BAR && offset <= m->cfg.cmb_bytes &&
                  bytes <= m->cfg.cmb_bytes - offset;
    return m->cmb && inside ? m->cmb + offset : NULL;
}
