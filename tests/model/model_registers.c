/*
 * tests/model/model_registers.c - the register file (NVMe 1.4 §3.1), and what may be written when.
 */
#include "tests/model/model_internal.h"

#define HALF_SECOND UINT64_C(500000000)

static bool is_wide(uint64_t off)
{
    return off == REG_CAP || off == REG_ASQ || off == REG_ACQ || off == REG_BPMBL ||
           off == REG_CMBMSC;
}

static bool is_known(uint64_t off)
{
    return off < REG_CMBSTS + 4 || (off >= REG_PMRCAP && off < REG_PMRMSC_HIGH + 4);
}

/* Notes an access that is not one of the specification's (§3.1: the register's own width, or halves
 * of a 64-bit register). */
static bool access_ok(struct nvme_model *m, const char *what, uint64_t off, unsigned bytes)
{
    if (off + bytes > model_bar_bytes(m)) {
        model_violate(m, "%s at %llxh is outside the BAR", what, (unsigned long long)off);
        return false;
    }
    if (off % bytes) {
        model_violate(m, "%u-byte %s at %llxh is not aligned", bytes, what,
                      (unsigned long long)off);
        return false;
    }
    if (off >= REG_DOORBELLS) {
        return true;
    }
    if (!is_known(off)) {
        model_violate(m, "%s of reserved register %llxh", what, (unsigned long long)off);
        return false;
    }
    if (bytes == 8 && !is_wide(off)) {
        model_violate(m, "8-byte %s of 32-bit register %llxh", what, (unsigned long long)off);
        return false;
    }
    return true;
}

uint64_t model_bar_bytes(const struct nvme_model *m)
{
    if (m->cfg.bar_bytes) {
        return m->cfg.bar_bytes;
    }
    uint64_t queues = (uint64_t)MAX(m->cfg.sq_grant, m->cfg.cq_grant) + 1;
    uint64_t need = REG_DOORBELLS + queues * 2 * (UINT64_C(4) << m->cfg.dstrd);
    uint64_t bytes = 0x4000;
    while (bytes < need) {
        bytes *= 2;
    }
    return bytes;
}

static uint32_t read_dword(struct nvme_model *m, uint64_t off)
{
    switch (off) {
    case REG_CAP:
        return (uint32_t)m->cap;
    case REG_CAP + 4:
        return (uint32_t)(m->cap >> 32);
    case REG_VS:
        return m->cfg.vs;
    case REG_INTMS:
    case REG_INTMC:
        return m->intms;
    case REG_CC:
        return m->cc;
    case REG_CSTS:
        return m->csts;
    case REG_AQA:
        return m->aqa;
    case REG_ASQ:
        return (uint32_t)m->asq;
    case REG_ASQ + 4:
        return (uint32_t)(m->asq >> 32);
    case REG_ACQ:
        return (uint32_t)m->acq;
    case REG_ACQ + 4:
        return (uint32_t)(m->acq >> 32);
    case REG_CMBLOC:
    case REG_CMBSZ:
    case REG_CMBMSC:
    case REG_CMBMSC + 4:
    case REG_CMBSTS:
        return cmb_register(m, off);
    default:
        return 0;
    }
}

/* The registers do not answer for a while, although the device is there. */
static bool is_blind(const struct nvme_model *m)
{
    return m->now_ns < m->blind_until;
}

uint64_t model_reg_read(struct nvme_model *m, uint64_t off, unsigned bytes)
{
    m->count.reg_reads++;
    if (!access_ok(m, "read", off, bytes)) {
        return 0;
    }
    if (off >= REG_DOORBELLS) {
        model_violate(m, "doorbell %llxh read", (unsigned long long)off);
        return 0;
    }
    if (!m->gone && !is_blind(m)) {
        struct model_rule *rule = rules_find(m, MODEL_ON_REG_READ, (int)off, MODEL_ANY);
        if (rule && rule->action == MODEL_DO_VALUE) {
            return bytes == 4 ? (uint32_t)rule->value : rule->value;
        }
        rules_apply_global(m, rule);
    }
    if (m->gone || is_blind(m)) {
        bool ones = m->gone ? m->gone_ones : m->blind_ones;
        return !ones ? 0 : bytes == 4 ? UINT32_MAX : UINT64_MAX;
    }
    uint64_t value = read_dword(m, off);
    return bytes == 4 ? value : value | (uint64_t)read_dword(m, off + 4) << 32;
}

/* Whether what the host prepared lets a controller be enabled (§7.6.1); notes each flaw. */
static bool may_enable(struct nvme_model *m, uint32_t cc)
{
    unsigned before = m->violations;
    unsigned mps = cc >> CC_MPS_AT & 15;
    uint64_t page = UINT64_C(4096) << mps;
    uint64_t sq_entries = (m->aqa & 0xfff) + 1;
    uint64_t cq_entries = (m->aqa >> 16 & 0xfff) + 1;

    if (!m->aqa_set || !m->asq_set || !m->acq_set) {
        model_violate(m, "enabled before AQA, ASQ and ACQ were written");
        return false;
    }
    if (mps < m->cfg.mpsmin || mps > m->cfg.mpsmax) {
        model_violate(m, "CC.MPS %u is outside %u..%u", mps, m->cfg.mpsmin, m->cfg.mpsmax);
    }
    unsigned css = cc >> CC_CSS_AT & 7;
    if (css == 0 ? !(m->cfg.css & 1) : css == 7 ? !(m->cfg.css & 0x80) : true) {
        model_violate(m, "CC.CSS %u is not supported", css);
    }
    unsigned ams = cc >> CC_AMS_AT & 7;
    if (ams != 0 && !(ams == 1 && m->cfg.ams & 1)) {
        model_violate(m, "CC.AMS %u is not supported", ams);
    }
    if (cc >> CC_SHN_AT & 3) {
        model_violate(m, "enabled with a shutdown notification");
    }
    if (m->aqa & 0xf000f000 || sq_entries < 2 || cq_entries < 2) {
        model_violate(m, "AQA %08xh: reserved bits, or fewer than two entries", m->aqa);
    }
    if (m->asq % page || m->acq % page) {
        model_violate(m, "ASQ %llxh or ACQ %llxh is not page aligned", (unsigned long long)m->asq,
                      (unsigned long long)m->acq);
    }
    return queue_memory_ok(m, "admin submission queue", m->asq, sq_entries * 64) &&
           queue_memory_ok(m, "admin completion queue", m->acq, cq_entries * 16) &&
           m->violations == before;
}

static void enable(struct nvme_model *m, uint32_t cc)
{
    if (m->csts & CSTS_RDY) {
        model_violate(m, "EN set while RDY is still 1");
    }
    m->enabled_ns = m->now_ns;
    m->count.enables++;
    log_enabled(m);
    m->disabled_at = MODEL_NEVER;
    if (!may_enable(m, cc)) {
        m->csts |= CSTS_CFS;
        return;
    }
    commands_forget_all(m, false); /* of a host that has not waited for RDY = 0 */
    queues_drop_all(m);
    sq_make(m, 0, 0, (m->aqa & 0xfff) + 1, m->asq);
    cq_make(m, 0, (m->aqa >> 16 & 0xfff) + 1, m->acq, true, 0);
    if (!m->rdy_stuck) {
        m->ready_at = m->now_ns + m->cfg.ready_ns;
    }
}

static void disable(struct nvme_model *m)
{
    uint64_t limit = MAX(m->cfg.to, 1U) * HALF_SECOND;
    if (!(m->csts & (CSTS_RDY | CSTS_CFS)) && m->now_ns - m->enabled_ns < limit) {
        model_violate(m, "EN cleared while RDY is 0, %.3f ms after it was set",
                      (double)(m->now_ns - m->enabled_ns) / 1e6);
    }
    m->ready_at = MODEL_NEVER;
    if (!m->rdy_stuck) {
        /* With RDY at 0 already there is nothing the host could wait for. */
        m->disabled_at = m->now_ns + (m->csts & CSTS_RDY ? m->cfg.disable_ns : 0);
        model_step(m, m->now_ns);
    }
}

static void notify_shutdown(struct nvme_model *m)
{
    m->count.shutdowns++;
    if (m->count.io_sqs || m->count.io_cqs) {
        m->count.shutdowns_with_queues++;
    }
    m->csts = (m->csts & ~(uint32_t)CSTS_SHST) | CSTS_SHST_BUSY;
    if (!m->shst_stuck) {
        m->shut_at = m->now_ns + m->cfg.shutdown_ns;
    }
}

static void write_cc(struct nvme_model *m, uint32_t cc)
{
    uint32_t old = m->cc;
    uint32_t shn = cc >> CC_SHN_AT & 3;

    if (cc & CC_RESERVED) {
        model_violate(m, "CC written with reserved bits: %08xh", cc);
    }
    if (shn == 3) {
        model_violate(m, "CC.SHN 3 is reserved");
    }
    if (cc & old & CC_EN && (cc ^ old) & 0x00003ff0) {
        model_violate(m, "CSS, MPS or AMS changed while enabled: %08xh to %08xh", old, cc);
    }
    m->cc = cc;
    m->surprise = false;
    if (cc & CC_EN && !(old & CC_EN)) {
        enable(m, cc);
    } else if (!(cc & CC_EN) && old & CC_EN) {
        disable(m);
    } else if (cc & CC_EN && shn && shn != (old >> CC_SHN_AT & 3)) {
        notify_shutdown(m);
    }
}

static void write_admin_queue(struct nvme_model *m, uint64_t off, uint32_t value)
{
    uint64_t low = value;
    uint64_t high = low << 32;

    if (m->cc & CC_EN) {
        model_violate(m, "admin queue register %llxh written while enabled",
                      (unsigned long long)off);
    }
    switch (off) {
    case REG_AQA:
        m->aqa = value;
        m->aqa_set = true;
        break;
    case REG_ASQ:
        m->asq = (m->asq & ~UINT64_C(0xffffffff)) | low;
        m->asq_set = true;
        break;
    case REG_ASQ + 4:
        m->asq = (m->asq & UINT32_MAX) | high;
        break;
    case REG_ACQ:
        m->acq = (m->acq & ~UINT64_C(0xffffffff)) | low;
        m->acq_set = true;
        break;
    default:
        m->acq = (m->acq & UINT32_MAX) | high;
        break;
    }
}

/* Everything is as after power-on, but that CSTS tells of it (§3.1.6). */
static void subsystem_reset(struct nvme_model *m)
{
    m->count.subsystem_resets++;
    commands_forget_all(m, true);
    if (m->cfg.nssr_unplugs) {
        model_unplug(m, true);
        m->link_down = true;
        return;
    }
    model_replug(m);
    m->csts |= CSTS_NSSRO;
}

static void write_dword(struct nvme_model *m, uint64_t off, uint32_t value)
{
    switch (off) {
    case REG_INTMS:
    case REG_INTMC:
        if (m->cfg.vectors) {
            model_violate(m, "interrupt mask %llxh used although MSI-X is",
                          (unsigned long long)off);
        }
        m->intms = off == REG_INTMS ? m->intms | value : m->intms & ~value;
        break;
    case REG_CC:
        write_cc(m, value);
        break;
    case REG_CSTS:
        if (value & ~(uint32_t)CSTS_NSSRO) {
            model_violate(m, "read-only bits of CSTS written: %08xh", value);
        }
        m->csts &= ~(value & CSTS_NSSRO);
        break;
    case REG_NSSR:
        if (value == NSSR_MAGIC && m->cfg.nssrs) {
            subsystem_reset(m);
        } else {
            model_violate(m, "NSSR written: %08xh", value);
        }
        break;
    case REG_AQA:
    case REG_ASQ:
    case REG_ASQ + 4:
    case REG_ACQ:
    case REG_ACQ + 4:
        write_admin_queue(m, off, value);
        break;
    default:
        model_violate(m, "write of %08xh to read-only register %llxh", value,
                      (unsigned long long)off);
    }
}

void model_reg_write(struct nvme_model *m, uint64_t off, unsigned bytes, uint64_t value)
{
    if (!access_ok(m, "write", off, bytes)) {
        return;
    }
    if (off >= REG_DOORBELLS && bytes != 4) {
        model_violate(m, "%u-byte write to doorbell %llxh", bytes, (unsigned long long)off);
        return;
    }
    if (m->gone || is_blind(m)) {
        return;
    }
    if (off >= REG_DOORBELLS) {
        queues_doorbell(m, off, (uint32_t)value);
        return;
    }
    m->count.reg_writes++;
    struct model_rule *rule = rules_find(m, MODEL_ON_REG_WRITE, (int)off, MODEL_ANY);
    if (rule) {
        if ((rules_apply_global(m, rule) && m->gone) || is_blind(m)) {
            return;
        }
        if (rule->action == MODEL_DO_IGNORE) {
            return;
        }
        m->rdy_stuck |= rule->action == MODEL_DO_RDY_STUCK;
        m->shst_stuck |= rule->action == MODEL_DO_SHST_STUCK;
    }
    if (off == REG_CMBMSC && bytes == 8) {
        cmb_write_control(m, value);
        return;
    }
    write_dword(m, off, (uint32_t)value);
    if (bytes == 8) {
        write_dword(m, off + 4, (uint32_t)(value >> 32));
    }
}
