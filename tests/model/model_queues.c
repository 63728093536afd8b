/*
 * tests/model/model_queues.c - rings, doorbells, phase bits and interrupts (NVMe 1.4 §4.1, §4.6).
 */
#include "tests/model/model_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

bool queue_memory_ok(struct nvme_model *m, const char *what, uint64_t base, uint64_t bytes)
{
    if (!m->bus.dma(m->bus.ctx, base, bytes)) {
        model_violate(m, "%s at %llxh, %llu bytes, is not all memory lent to the device", what,
                      (unsigned long long)base, (unsigned long long)bytes);
        return false;
    }
    return true;
}

struct sq *sq_find(const struct nvme_model *m, uint64_t id)
{
    return id < m->queue_slots ? m->sqs[id] : NULL;
}

struct cq *cq_find(const struct nvme_model *m, uint64_t id)
{
    return id < m->queue_slots ? m->cqs[id] : NULL;
}

struct sq *sq_make(struct nvme_model *m, uint16_t id, uint16_t cqid, uint32_t size, uint64_t base)
{
    struct sq *sq = calloc(1, sizeof(*sq));
    assert(sq);
    *sq = (struct sq){ .exists = true, .id = id, .cqid = cqid, .size = size, .base = base };
    sq->rung = calloc(size, sizeof(*sq->rung));
    assert(sq->rung);
    m->sqs[id] = sq;
    if (id) {
        m->count.io_sqs++;
        m->cqs[cqid]->sqs++;
    }
    return sq;
}

struct cq *cq_make(struct nvme_model *m, uint16_t id, uint32_t size, uint64_t base, bool ien,
                   uint16_t vector)
{
    struct cq *cq = calloc(1, sizeof(*cq));
    assert(cq);
    *cq = (struct cq){ .exists = true, .id = id, .size = size, .base = base, .phase = 1,
                       .ien = ien, .vector = vector };
    m->cqs[id] = cq;
    m->count.io_cqs += id != 0;
    const uint32_t *dw = m->bus.dma(m->bus.ctx, base, (uint64_t)size * 16);
    for (uint32_t i = 0; dw && i < size; i++) {
        if (dw[4 * i + 3] >> 16 & 1) {
            model_violate(m, "completion queue %u is created with a phase bit set in entry %u", id,
                          i);
            break;
        }
    }
    return cq;
}

void sq_drop(struct nvme_model *m, uint16_t id)
{
    if (m->sqs[id]) {
        if (id) {
            m->count.io_sqs--;
            m->cqs[m->sqs[id]->cqid]->sqs--;
        }
        free(m->sqs[id]->rung);
        free(m->sqs[id]);
        m->sqs[id] = NULL;
    }
}

void cq_drop(struct nvme_model *m, uint16_t id)
{
    if (m->cqs[id]) {
        m->count.io_cqs -= id != 0;
        free(m->cqs[id]->held);
        free(m->cqs[id]);
        m->cqs[id] = NULL;
    }
}

void queues_drop_all(struct nvme_model *m)
{
    if (!m->sqs || !m->cqs) {
        return;
    }
    for (unsigned id = 0; id < m->queue_slots; id++) {
        sq_drop(m, (uint16_t)id);
    }
    for (unsigned id = 0; id < m->queue_slots; id++) {
        cq_drop(m, (uint16_t)id);
    }
    m->fetch_at = MODEL_NEVER;
    m->repair_count = m->echo_count = 0;
    m->shadow_base = 0; /* a reset forgets it */
    m->event_base = 0;
}

/* --- submission ------------------------------------------------------------------------------- */

/* A number that is another one when anything in the entry is. */
static uint64_t sum_of(const void *entry)
{
    uint64_t words[8];
    uint64_t sum = 0;

    memcpy(words, entry, sizeof(words));
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        sum = (sum ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    return sum;
}

/* The host has said so. From now on it must leave the new entries alone until they are fetched. */
static void set_tail(struct nvme_model *m, struct sq *sq, uint32_t tail)
{
    for (uint32_t at = sq->tail; at != tail; at = (at + 1) % sq->size) {
        const void *entry = cmb_or_lent(m, sq->base + (uint64_t)at * 64, 64);
        sq->rung[at] = entry ? sum_of(entry) : 0;
    }
    sq->tail = tail;
}

/* Takes up to limit commands of sq; 0: all. True when there are more. */
static bool fetch_some(struct nvme_model *m, struct sq *sq, unsigned limit)
{
    for (unsigned n = 0; sq->head != sq->tail && (limit == 0 || n < limit); n++) {
        const void *entry = cmb_or_lent(m, sq->base + (uint64_t)sq->head * 64, 64);
        if (!entry) {
            model_violate(m, "entry %u of submission queue %u is not lent memory", sq->head,
                          sq->id);
            m->csts |= CSTS_CFS;
            return false;
        }
        uint32_t dw[16];
        memcpy(dw, entry, sizeof(dw));
        if (sum_of(dw) != sq->rung[sq->head]) {
            model_violate(m, "entry %u of submission queue %u was changed between its doorbell "
                          "and its fetch", sq->head, sq->id);
        }
        sq->head = (sq->head + 1) % sq->size;
        commands_begin(m, sq, dw);
        if (m->gone || m->csts & CSTS_CFS) {
            return false;
        }
    }
    return sq->head != sq->tail;
}

void queues_fetch(struct nvme_model *m)
{
    bool more = false;

    for (unsigned id = 0; id < m->queue_slots; id++) {
        if (m->sqs[id]) {
            more |= fetch_some(m, m->sqs[id], m->cfg.fetch_burst);
        }
    }
    m->fetch_at = more ? m->now_ns + MAX(m->cfg.fetch_ns, (uint64_t)1) : MODEL_NEVER;
}

/* A doorbell in memory, or NULL; index counts doorbells as the registers do. */
static _Atomic uint32_t *shadow_at(struct nvme_model *m, uint64_t base, uint64_t index)
{
    uint64_t at = index * (UINT64_C(4) << m->cfg.dstrd);
    return base && at < 4096 ? m->bus.dma(m->bus.ctx, base + at, 4) : NULL;
}

/* A device with commands under way will look by itself, so it asks for nothing: its event index
 * lies behind. An idle one asks to be told of the next change. */
static void ask_to_be_told(struct nvme_model *m, const struct sq *sq, _Atomic uint32_t *event,
                           uint32_t tail)
{
    bool busy = m->cmd_count > m->aer_count || sq->head != tail;
    atomic_store(event, busy || m->cfg.shadow_deaf ? tail - 1 : tail);
}

/* Takes the tail from its shadow. */
static void look_at_sq_shadow(struct nvme_model *m, struct sq *sq)
{
    _Atomic uint32_t *shadow = shadow_at(m, m->shadow_base, 2 * (uint64_t)sq->id);
    _Atomic uint32_t *event = shadow_at(m, m->event_base, 2 * (uint64_t)sq->id);
    if (!shadow || !event) {
        return;
    }
    uint32_t tail = atomic_load(shadow);
    if (tail >= sq->size) {
        model_violate(m, "shadow tail doorbell of queue %u out of range: %u", sq->id, tail);
        return;
    }
    ask_to_be_told(m, sq, event, tail);
    m->count.shadow_fetches += tail != sq->tail;
    set_tail(m, sq, tail);
}

void queues_look_at_shadows(struct nvme_model *m)
{
    if (!m->shadow_base || m->cfg.shadow_deaf) {
        return;
    }
    for (unsigned id = 1; id < m->queue_slots; id++) {
        if (m->sqs[id]) {
            look_at_sq_shadow(m, m->sqs[id]);
            fetch_some(m, m->sqs[id], 0);
        }
    }
}

/* The head, should the host have told it in memory only. */
static void look_at_cq_shadow(struct nvme_model *m, struct cq *cq)
{
    _Atomic uint32_t *shadow = shadow_at(m, m->shadow_base, 2 * (uint64_t)cq->id + 1);
    _Atomic uint32_t *event = shadow_at(m, m->event_base, 2 * (uint64_t)cq->id + 1);
    if (cq->id && shadow && event) {
        uint32_t head = atomic_load(shadow) % cq->size;
        cq->acknowledged += (head + cq->size - cq->head) % cq->size;
        cq->head = head;
        atomic_store(event, cq->head);
    }
}

static void sq_doorbell(struct nvme_model *m, struct sq *sq, uint32_t tail)
{
    uint32_t added = (tail + sq->size - sq->tail) % sq->size;
    uint32_t room = (sq->head_told + sq->size - sq->tail - 1) % sq->size;

    bool shadowed = sq->id && shadow_at(m, m->shadow_base, 2 * (uint64_t)sq->id);
    if (shadowed && atomic_load(shadow_at(m, m->shadow_base, 2 * (uint64_t)sq->id)) != tail) {
        model_violate(m, "tail doorbell of queue %u is %u, its shadow is not", sq->id, tail);
    }
    if (added == 0 && !shadowed) {
        model_violate(m, "tail doorbell of queue %u written with the value it has, %u", sq->id,
                      tail);
    }
    if (added > room) {
        model_violate(m, "tail of submission queue %u goes from %u to %u past head %u", sq->id,
                      sq->tail, tail, sq->head_told);
    }
    if (m->cc >> CC_SHN_AT & 3) {
        model_violate(m, "command submitted to queue %u after the shutdown notification", sq->id);
    }
    m->count.sq_doorbells += sq->id != 0;
    set_tail(m, sq, tail);
    if (shadowed) {
        look_at_sq_shadow(m, sq);
    }
    if (m->csts & CSTS_CFS) {
        return;
    }
    if (m->cfg.fetch_burst == 0 && !m->bus_master_off) {
        fetch_some(m, sq, 0);
    } else if (m->fetch_at == MODEL_NEVER) {
        m->fetch_at = m->now_ns + m->cfg.fetch_ns;
    }
}

/* --- completion ------------------------------------------------------------------------------- */

static bool cq_full(const struct cq *cq)
{
    return (cq->tail + 1) % cq->size == cq->head;
}

static void interrupt(struct nvme_model *m, struct cq *cq)
{
    cq->irq_held = 0;
    m->count.irqs++;
    m->bus.irq(m->bus.ctx, cq->vector);
}

/* At once, or with others (Interrupt Coalescing; never those of the admin queue). */
static void want_interrupt(struct nvme_model *m, struct cq *cq)
{
    unsigned count;
    uint64_t time_ns;

    if (cq->id == 0 || !features_coalesces(m, cq->vector, &count, &time_ns)) {
        interrupt(m, cq);
        return;
    }
    if (cq->irq_held++ == 0) {
        cq->irq_due_ns = m->now_ns + time_ns;
    }
    if (cq->irq_held >= count) {
        interrupt(m, cq);
    }
}

void queues_interrupt_due(struct nvme_model *m)
{
    for (unsigned id = 1; id < m->queue_slots; id++) {
        if (m->cqs[id] && m->cqs[id]->irq_held && m->cqs[id]->irq_due_ns <= m->now_ns) {
            interrupt(m, m->cqs[id]);
        }
    }
}

uint64_t queues_next_interrupt_ns(const struct nvme_model *m)
{
    uint64_t next = MODEL_NEVER;

    for (unsigned id = 1; id < m->queue_slots; id++) {
        if (m->cqs[id] && m->cqs[id]->irq_held) {
            next = MIN(next, m->cqs[id]->irq_due_ns);
        }
    }
    return next;
}

static void write_cqe(struct nvme_model *m, struct cq *cq, const struct cqe *cqe)
{
    uint64_t iova = cq->base + (uint64_t)cq->tail * 16;
    uint32_t *dw = m->bus.dma(m->bus.ctx, iova, 16);

    if (!dw) {
        model_violate(m, "entry %u of completion queue %u is not lent memory", cq->tail, cq->id);
        m->csts |= CSTS_CFS;
        return;
    }
    uint32_t dw2 = dw[2];
    if (cqe->torn && m->repair_count < ARRAY_SIZE(m->repairs)) {
        m->repairs[m->repair_count++] = (struct repair){
            .due_ns = m->now_ns + cqe->torn_ns, .iova = iova, .dw0 = cqe->dw0, .dw2 = cqe->dw2
        };
    } else {
        dw[0] = cqe->dw0;
        dw[1] = 0;
        dw2 = cqe->dw2;
    }
    uint32_t dw3 = cqe->dw3 | (uint32_t)cq->phase << 16;
    atomic_store_explicit((_Atomic uint64_t *)(void *)(dw + 2), (uint64_t)dw3 << 32 | dw2,
                          memory_order_release);
    if (++cq->tail == cq->size) {
        cq->tail = 0;
        cq->phase ^= 1;
    }
    m->count.completions++;
    cq->posted++;
    if (cq->ien && !cqe->no_irq && cq->vector < m->cfg.vectors) {
        want_interrupt(m, cq);
    }
}

void queues_post(struct nvme_model *m, uint16_t cqid, const struct cqe *cqe)
{
    struct cq *cq = m->cqs[cqid];
    assert(cq);
    if (cq_full(cq)) {
        look_at_cq_shadow(m, cq);
    }
    if (cq->held_count == 0 && !cq_full(cq)) {
        write_cqe(m, cq, cqe);
        return;
    }
    if (cq->held_count == cq->held_cap) {
        cq->held_cap = cq->held_cap ? cq->held_cap * 2 : 64;
        cq->held = realloc(cq->held, cq->held_cap * sizeof(*cq->held));
        assert(cq->held);
    }
    cq->held[cq->held_count++] = *cqe;
}

static void cq_doorbell(struct nvme_model *m, struct cq *cq, uint32_t head)
{
    uint32_t consumed = (head + cq->size - cq->head) % cq->size;
    uint32_t posted = (cq->tail + cq->size - cq->head) % cq->size;

    if (consumed == 0 && !(cq->id && m->shadow_base)) {
        model_violate(m, "head doorbell of queue %u written with the value it has, %u", cq->id,
                      head);
    }
    if (consumed > posted) {
        model_violate(m, "head of completion queue %u goes from %u to %u past tail %u", cq->id,
                      cq->head, head, cq->tail);
        return;
    }
    m->count.cq_doorbells += cq->id != 0;
    cq->acknowledged += consumed;
    cq->head = head;
    unsigned done = 0;
    while (done < cq->held_count && !cq_full(cq)) {
        write_cqe(m, cq, &cq->held[done++]);
    }
    if (done) {
        cq->held_count -= done;
        memmove(cq->held, cq->held + done, cq->held_count * sizeof(*cq->held));
    }
}

void queues_doorbell(struct nvme_model *m, uint64_t off, uint32_t value)
{
    uint64_t stride = UINT64_C(4) << m->cfg.dstrd;
    uint64_t index = (off - REG_DOORBELLS) / stride;
    uint64_t qid = index / 2;
    bool is_cq = index & 1;
    const char *kind = is_cq ? "head" : "tail";

    if ((off - REG_DOORBELLS) % stride) {
        model_violate(m, "write between doorbells, at %llxh", (unsigned long long)off);
        return;
    }
    if (m->surprise) {
        return;
    }
    if (!(m->cc & CC_EN) || (!(m->csts & CSTS_RDY) && !(m->csts & CSTS_CFS))) {
        model_violate(m, "%s doorbell %llu written while the controller is not ready", kind,
                      (unsigned long long)qid);
        return;
    }
    struct sq *sq = is_cq ? NULL : sq_find(m, qid);
    struct cq *cq = is_cq ? cq_find(m, qid) : NULL;
    if (!sq && !cq) {
        if (!(m->csts & CSTS_CFS)) {
            model_violate(m, "%s doorbell of queue %llu, which does not exist", kind,
                          (unsigned long long)qid);
        }
        return;
    }
    if (value >= (cq ? cq->size : sq->size)) {
        model_violate(m, "%s doorbell of queue %llu out of range: %u", kind,
                      (unsigned long long)qid, value);
        return;
    }
    if (cq) {
        cq_doorbell(m, cq, value);
    } else {
        sq_doorbell(m, sq, value);
    }
}
