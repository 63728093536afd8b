/*
 * tests/model/nvme_model.c - the software controller as an object: making it, time, the referee's
 * notes, and what a test does to it from outside.
 */
#include "tests/model/nvme_model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rng.h"
#include "tests/model/model_internal.h"

#define MS UINT64_C(1000000)

struct model_config model_default_config(void)
{
    struct model_config c = {
        .mqes_0b = 1023,
        .to = 2,
        .mpsmax = 4,
        .css = 1,
        .cqr = true,
        .vs = 0x00010400,
        .serial = "CAR0001",
        .model = "Carillon model drive",
        .firmware = "1.0",
        .mdts = 5,
        .volatile_cache = true,
        .aerl_0b = 3,
        .acl_0b = 3,
        .oaes = 0x300, /* namespace attributes, firmware activation */
        .rtd3e_us = 2000000,
        .warning_k = 343, /* 70 degrees Celsius */
        .sqes = 0x66,
        .cqes = 0x44,
        .ns_count = 1,
        .lpa = 0x1f,
        .elpe_0b = 63,
        .health = {.spare = 100,
                   .spare_threshold = 10,
                   .percent_used = 1,
                   .sensors_k = {313, 318},
                   .power_on_hours = 100,
                   .power_cycles = 6},
        .sq_grant = 8,
        .cq_grant = 8,
        .vectors = 8,
        .latency_ns = 10000,
        .ready_ns = 2 * MS,
        .disable_ns = MS,
        .shutdown_ns = 5 * MS,
        .fetch_ns = 500,
        .abort_works = true,
    };
    c.ns[0] = (struct model_ns_config){ .nsid = 1, .blocks = 131072, .lbads = 9 };
    return c;
}

static uint64_t cap_register(const struct model_config *c)
{
    return c->mqes_0b | (uint64_t)c->cqr << 16 | (uint64_t)c->ams << 17 | (uint64_t)c->to << 24 |
           (uint64_t)c->dstrd << 32 | (uint64_t)c->nssrs << 36 | (uint64_t)c->css << 37 |
           (uint64_t)c->mpsmin << 48 | (uint64_t)c->mpsmax << 52 |
           (uint64_t)(c->cmb_bytes && !c->cmb_legacy) << 57;
}

static void power_on(struct nvme_model *m)
{
    m->cap = cap_register(&m->cfg);
    m->cc = m->csts = m->aqa = m->intms = 0;
    m->asq = m->acq = 0;
    m->cmbmsc = 0;
    m->aqa_set = m->asq_set = m->acq_set = false;
    m->link_down = m->gone = m->rdy_stuck = m->shst_stuck = m->bus_master_off = false;
    m->blind_until = 0;
    m->ready_at = m->disabled_at = m->shut_at = MODEL_NEVER;
    m->sqs_agreed = m->cqs_agreed = 0;
    features_reset(m, true);
    hmb_forget(m);
    events_reset(m);
    m->temperature_k = 313;
    log_power_on(m);
    manage_power_on(m);
}

struct nvme_model *model_create(const struct model_config *config, const struct model_bus *bus)
{
    struct nvme_model *m = calloc(1, sizeof(*m));
    if (!m) {
        return NULL;
    }
    m->cfg = *config;
    m->bus = *bus;
    m->queue_slots = MAX(config->sq_grant, config->cq_grant) + 1;
    m->sqs = calloc(m->queue_slots, sizeof(*m->sqs));
    m->cqs = calloc(m->queue_slots, sizeof(*m->cqs));
    m->ns = calloc(MODEL_MAX_NS, sizeof(*m->ns));
    m->cmb = calloc(1, MAX(config->cmb_bytes, UINT64_C(1)));
    if (!m->cmb || !m->sqs || !m->cqs || !m->ns) {
        model_destroy(m);
        return NULL;
    }
    for (unsigned i = 0; i < config->ns_count; i++) {
        m->ns[i].cfg = config->ns[i];
    }
    rng_seed(&m->rng, config->seed);
    log_init(m);
    power_on(m);
    if (config->entry_enabled) {
        m->cc = CC_EN | 6U << CC_IOSQES_AT | 4U << CC_IOCQES_AT;
        m->csts = config->entry_ready ? CSTS_RDY : 0;
        if (!config->entry_ready && config->entry_ready_ns) {
            m->ready_at = config->entry_ready_ns;
        }
    }
    if (config->entry_cfs) {
        m->csts |= CSTS_CFS;
    }
    return m;
}

void model_destroy(struct nvme_model *m)
{
    if (!m) {
        return;
    }
    commands_forget_all(m, false);
    queues_drop_all(m);
    features_free(m);
    hmb_forget(m);
    for (unsigned i = 0; m->ns && i < m->cfg.ns_count; i++) {
        media_free(&m->ns[i]);
    }
    log_free(m);
    manage_free(m);
    free(m->heap);
    free(m->cmb);
    free(m->ns);
    free(m->sqs);
    free(m->cqs);
    free(m);
}

/* --- time ------------------------------------------------------------------------------------- */

static void become_disabled(struct nvme_model *m)
{
    manage_reset(m);
    m->disabled_at = MODEL_NEVER;
    commands_forget_all(m, true);
    queues_drop_all(m);
    m->sqs_agreed = m->cqs_agreed = 0;
    features_reset(m, false);
    hmb_reset(m);
    events_reset(m);
    m->csts = 0;
    m->shut_at = MODEL_NEVER;
    m->shst_stuck = false;
}

static void repair_torn(struct nvme_model *m)
{
    for (unsigned i = 0; i < m->repair_count;) {
        struct repair *r = &m->repairs[i];
        if (r->due_ns > m->now_ns) {
            i++;
            continue;
        }
        uint32_t *dw = m->bus.dma(m->bus.ctx, r->iova, 16);
        if (dw) {
            dw[0] = r->dw0;
            dw[2] = r->dw2;
        }
        *r = m->repairs[--m->repair_count];
    }
}

static bool is_working(const struct nvme_model *m)
{
    return m->cc & CC_EN && m->csts & CSTS_RDY && !(m->csts & CSTS_CFS) && !m->bus_master_off;
}

void model_step(struct nvme_model *m, uint64_t now_ns)
{
    if (now_ns > m->now_ns) {
        m->now_ns = now_ns;
    }
    if (m->gone) {
        return;
    }
    manage_step(m);
    if (m->ready_at <= m->now_ns) {
        m->ready_at = MODEL_NEVER;
        if (!(m->csts & CSTS_CFS)) {
            m->csts |= CSTS_RDY;
        }
    }
    if (m->disabled_at <= m->now_ns) {
        become_disabled(m);
    }
    if (m->shut_at <= m->now_ns) {
        m->shut_at = MODEL_NEVER;
        if (m->csts & CSTS_CFS) {
            return;
        }
        m->csts = (m->csts & ~(uint32_t)CSTS_SHST) | CSTS_SHST_DONE;
        cache_flush(m, UINT32_MAX);
    }
    if (is_working(m)) {
        if (m->fetch_at <= m->now_ns) {
            queues_fetch(m);
        }
        uint64_t before = m->count.completions;
        commands_finish_due(m);
        queues_interrupt_due(m);
        events_report(m);
        if (m->count.completions != before) {
            queues_look_at_shadows(m); /* a busy device looks by itself */
        }
        commands_echo_due(m);
        repair_torn(m);
    }
}

uint64_t model_next_ns(const struct nvme_model *m)
{
    if (m->gone) {
        return MODEL_NEVER;
    }
    uint64_t next = MIN(m->ready_at, m->disabled_at);
    next = MIN(next, m->shut_at);
    if (is_working(m)) {
        next = MIN(next, m->fetch_at);
        next = MIN(next, commands_next_ns(m));
        next = MIN(next, queues_next_interrupt_ns(m));
        next = events_due(m) ? m->now_ns : next;
        for (unsigned i = 0; i < m->repair_count; i++) {
            next = MIN(next, m->repairs[i].due_ns);
        }
        for (unsigned i = 0; i < m->echo_count; i++) {
            next = MIN(next, m->echoes[i].due_ns);
        }
    }
    return next;
}

/* --- the referee's notes ---------------------------------------------------------------------- */

void model_violate(struct nvme_model *m, const char *fmt, ...)
{
    if (m->violations < MODEL_MAX_NOTES) {
        char *note = m->notes[m->violations];
        int used = snprintf(note, sizeof(m->notes[0]), "%.6f ms: ", (double)m->now_ns / 1e6);
        va_list args;
        va_start(args, fmt);
        vsnprintf(note + used, sizeof(m->notes[0]) - (size_t)used, fmt, args);
        va_end(args);
    }
    m->violations++;
}

unsigned model_violations(const struct nvme_model *m)
{
    return m->violations;
}

const char *model_violation(const struct nvme_model *m, unsigned index)
{
    return index < MIN(m->violations, (unsigned)MODEL_MAX_NOTES) ? m->notes[index] : NULL;
}

void model_forgive(struct nvme_model *m)
{
    m->violations = 0;
}

const struct model_counters *model_counters(const struct nvme_model *m)
{
    return &m->count;
}

/* --- from outside ----------------------------------------------------------------------------- */

void model_unplug(struct nvme_model *m, bool reads_all_ones)
{
    m->gone = true;
    m->gone_ones = reads_all_ones;
    m->logs.unsafe_shutdowns += !(m->csts & CSTS_SHST_DONE);
    commands_forget_all(m, false);
}

void model_replug(struct nvme_model *m)
{
    queues_drop_all(m);
    power_on(m);
}

bool model_is_present(const struct nvme_model *m)
{
    return !m->gone;
}

bool model_restore(struct nvme_model *m)
{
    if (!m->gone || !m->link_down) {
        return !m->gone;
    }
    model_replug(m);
    m->csts |= CSTS_NSSRO;
    return true;
}

void model_set_cfs(struct nvme_model *m)
{
    m->csts |= CSTS_CFS;
}

void model_spurious_irq(struct nvme_model *m, unsigned vec)
{
    if (vec < m->cfg.vectors) {
        m->count.irqs++;
        m->bus.irq(m->bus.ctx, vec);
    }
}

bool model_async_event(struct nvme_model *m, uint32_t dw0)
{
    for (struct cmd *cmd = m->cmds; cmd; cmd = cmd->next) {
        if (cmd->state == CMD_AER) {
            cmd->result = dw0;
            m->aer_count--;
            m->count.events_reported++;
            commands_complete(m, cmd, ST_OK);
            return true;
        }
    }
    return false;
}

void model_set_bus_master(struct nvme_model *m, bool on)
{
    m->bus_master_off = !on;
}

struct model_config *model_config_now(struct nvme_model *m)
{
    return &m->cfg;
}

bool model_cq_counts(const struct nvme_model *m, unsigned cqid, uint64_t *posted,
                     uint64_t *acknowledged)
{
    const struct cq *cq = cq_find(m, cqid);

    if (cq) {
        *posted = cq->posted;
        *acknowledged = cq->acknowledged;
    }
    return cq != NULL;
}

bool model_is_quiet(const struct nvme_model *m)
{
    return m->gone || (!(m->cc & CC_EN) && !(m->csts & CSTS_RDY)) ||
           m->cmd_count == m->aer_count; /* event requests have no data */
}

unsigned model_outstanding(const struct nvme_model *m)
{
    return m->cmd_count;
}

static bool overlaps(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
    return a < b + b_len && b < a + a_len;
}

static bool reaches(const struct cmd *cmd, uint64_t iova, uint64_t len)
{
    if (cmd->meta_bytes && overlaps(iova, len, cmd->meta_iova, cmd->meta_bytes)) {
        return true;
    }
    for (unsigned i = 0; i < cmd->seg_count; i++) {
        if (overlaps(iova, len, cmd->segs[i].iova, cmd->segs[i].len)) {
            return true;
        }
    }
    return false;
}

bool model_reaches(const struct nvme_model *m, uint64_t iova, uint64_t len)
{
    if (m->gone || (!(m->cc & CC_EN) && !(m->csts & CSTS_RDY))) {
        return false;
    }
    const struct cmd *cmd = m->cmds;
    while (cmd && !reaches(cmd, iova, len)) {
        cmd = cmd->next;
    }
    return cmd != NULL;
}

void model_memory_freed(struct nvme_model *m, uint64_t iova, uint64_t len)
{
    if (m->gone || (!(m->cc & CC_EN) && !(m->csts & CSTS_RDY))) {
        return;
    }
    hmb_check_freed(m, iova, len);
    for (struct cmd *cmd = m->cmds; cmd; cmd = cmd->next) {
        if (reaches(cmd, iova, len)) {
            model_violate(m, "memory freed under command %u of queue %u (opcode %02xh)", cmd->cid,
                          cmd->sqid, cmd->opcode);
        }
    }
    for (unsigned id = 0; id <= MAX(m->sqs_agreed, m->cqs_agreed); id++) {
        const struct sq *sq = m->sqs[id];
        const struct cq *cq = m->cqs[id];
        if (sq && overlaps(iova, len, sq->base, (uint64_t)sq->size * 64)) {
            model_violate(m, "memory of submission queue %u freed while it exists", id);
        }
        if (cq && overlaps(iova, len, cq->base, (uint64_t)cq->size * 16)) {
            model_violate(m, "memory of completion queue %u freed while it exists", id);
        }
    }
}

void put_le(uint8_t *at, unsigned len, uint64_t value)
{
    for (unsigned i = 0; i < len; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}
