/*
 * drivers/nvme/nvme_queue.c - rings and slots of a queue pair: ring, reap, deadlines, interrupts.
 *
 * The completion queue is larger than the submission queue where the controller allows it, so its
 * head doorbell need not be written per completion, nor per reap: only when a quarter of it is
 * unacknowledged. It cannot overflow. Commands reach the controller only through nvme_ring, and
 * that first makes sure that unacknowledged entries and outstanding commands fit together (§4.1:
 * full is one entry short).
 *
 * Deadlines cost nothing per command. The clock is read once per batch of posts and once every so
 * many reaps; the slots are walked only when a sixteenth of the time-out has passed since the last
 * walk, so an overdue command is found within a few per cent of its time.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/assert.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/string.h"

#define CLOCK_EVERY_MAX       256               /* reaps between two looks at the clock, at most */
#define CLOCK_EVERY_SHADOW    16                /* the same, while a shadow may be overlooked */
#define CSTS_INTERVAL_NS      (100 * NS_PER_MS) /* status is read after so long a silence */
#define SLEEP_MAX_NS          (10 * NS_PER_MS)  /* what a lost interrupt costs */
#define MISSED_INTERRUPTS_MAX 3 /* then completions are acknowledged before sleeping */

/* --- set-up --------------------------------------------------------------------------------- */

static int queue_alloc(struct nvme_ctrlr *c, struct nvme_qpair *qp)
{
    const struct platform *plat = &c->plat;
    int err;

    qp->sq_in_cmb =
        nvme_cmb_place(c, qp->qid, (uint64_t)qp->sq_entries * NVME_SQE_BYTES, &qp->sq_mem);
    if (!qp->sq_in_cmb) {
        err = plat->dma_alloc(plat->ctx, (size_t)qp->sq_entries * NVME_SQE_BYTES,
                              NVME_PAGE_BYTES, &qp->sq_mem);
        if (err) {
            return err;
        }
    }
    err = plat->dma_alloc(plat->ctx, (size_t)qp->cq_entries * NVME_CQE_BYTES, NVME_PAGE_BYTES,
                          &qp->cq_mem);
    if (err) {
        return err;
    }
    if (qp->list_bytes) {
        err =
            plat->dma_alloc(plat->ctx, qp->list_bytes * qp->depth, NVME_PAGE_BYTES, &qp->list_mem);
        if (err) {
            return err;
        }
    }
    /* As many as identifiers can name: those past the depth stay unused. */
    qp->slots = heap_alloc(qp->slot_mask + 1, sizeof(*qp->slots));
    return qp->slots ? 0 : -ENOMEM;
}

int nvme_queue_init(struct nvme_ctrlr *c, struct nvme_qpair *qp, uint16_t qid, uint32_t sq_entries,
                    uint32_t cq_entries, size_t list_bytes)
{
    assert(sq_entries >= 2 && sq_entries <= 65536 && cq_entries >= sq_entries);

    qp->ctrlr = c;
    qp->qid = qid;
    qp->sq_entries = sq_entries;
    qp->cq_entries = cq_entries;
    qp->depth = sq_entries - 1;
    qp->list_bytes = list_bytes;
    qp->timeout_ns = qid == 0 ? c->opt.admin_timeout_ns : c->opt.io_timeout_ns;
    qp->sq_doorbell = NVME_REG_SQTDBL(qid, c->dstrd);
    qp->cq_doorbell = NVME_REG_CQHDBL(qid, c->dstrd);
    qp->cq_ack_at = MAX(cq_entries / 4, 1U);

    /* How a command identifier is made up: see struct nvme_slot. */
    qp->slot_mask = 1;
    while (qp->slot_mask < qp->depth) {
        qp->slot_mask = qp->slot_mask << 1 | 1;
    }
    qp->tag_step = (qp->slot_mask + 1) << 16;

    int err = queue_alloc(c, qp);
    if (err) {
        nvme_queue_fini(qp);
        return err;
    }
    for (uint32_t i = 0; i < qp->depth; i++) {
        qp->slots[i].tag = i << 16 | qid;
    }
    for (uint32_t i = 0; i < qp->depth && list_bytes; i++) {
        qp->slots[i].prp_list = (uint64_t *)((char *)qp->list_mem.va + i * list_bytes);
        qp->slots[i].prp_list_iova = qp->list_mem.iova + i * list_bytes;
    }
    qp->sq = qp->sq_mem.va;
    qp->cq = qp->cq_mem.va;
    nvme_queue_reset(qp);
    return 0;
}

void nvme_queue_fini(struct nvme_qpair *qp)
{
    struct dma_buf *const mem[] = {&qp->sq_mem, &qp->cq_mem, &qp->list_mem};
    struct nvme_ctrlr *c = qp->ctrlr;

    if (qp->sq_in_cmb) {
        qp->sq_mem = (struct dma_buf){0}; /* the controller's own */
    }
    for (size_t i = 0; i < ARRAY_SIZE(mem); i++) {
        nvme_dma_free(c, mem[i]);
    }
    heap_free(qp->slots);
    qp->slots = NULL;
}

void nvme_queue_reset(struct nvme_qpair *qp)
{
    assert(qp->outstanding == 0);

    /* Old completions would look new once the phase starts over. */
    memset(qp->sq_mem.va, 0, qp->sq_mem.len);
    memset(qp->cq_mem.va, 0, qp->cq_mem.len);
    qp->sq_tail = 0;
    qp->sq_rung = 0;
    qp->cq_head = 0;
    qp->cq_phase = (uint32_t)NVME_CQE_DW3_PHASE;
    qp->cq_acked = qp->completions;
    qp->clock_every = 1;
    qp->until_clock = 1;
    qp->clock_ns = nvme_now(qp->ctrlr);
    qp->next_walk_ns = 0;
    qp->next_csts_ns = qp->clock_ns + CSTS_INTERVAL_NS;
    qp->created = false;
    qp->commands_before = qp->commands;
    qp->completions_before = qp->completions;
    nvme_overdue_reset(qp);
    nvme_dbbuf_unbind(qp);
    for (uint32_t i = 0; i < qp->depth; i++) {
        qp->slots[i].next_free = (uint16_t)(i + 1 < qp->depth ? i + 1 : NVME_NO_SLOT);
    }
    qp->free_head = 0;
}

/* --- deadlines ------------------------------------------------------------------------------ */

static void queue_look_at_clock(struct nvme_qpair *qp)
{
    uint64_t now_ns = nvme_now(qp->ctrlr);
    uint64_t gap_ns = now_ns - qp->clock_ns;

    /* Between two looks there should pass neither much of the time-out nor next to nothing. */
    if (gap_ns > qp->timeout_ns / 64) {
        qp->clock_every = MAX(qp->clock_every / 2, 1U);
    } else if (gap_ns < qp->timeout_ns / 1024 && qp->clock_every < CLOCK_EVERY_MAX) {
        qp->clock_every *= 2;
    }
    if (qp->sq_shadow) {
        qp->clock_every = MIN(qp->clock_every, (uint32_t)CLOCK_EVERY_SHADOW);
    }
    qp->until_clock = qp->clock_every;
    qp->clock_ns = now_ns;
    if (qp->sq_shadow) {
        nvme_dbbuf_check_stuck(qp, now_ns);
    }
    if (qp->outstanding == 0) {
        return;
    }
    if (qp->completions != qp->completions_seen) {
        qp->completions_seen = qp->completions;
        qp->next_csts_ns = now_ns + CSTS_INTERVAL_NS;
    } else if (now_ns >= qp->next_csts_ns) {
        qp->next_csts_ns = now_ns + CSTS_INTERVAL_NS;
        (void)nvme_check_status(qp->ctrlr);
    }
    if (now_ns >= qp->next_walk_ns) {
        nvme_overdue_look(qp, now_ns);
    }
}

/* --- ring and reap -------------------------------------------------------------------------- */

void nvme_queue_ack(struct nvme_qpair *qp)
{
    qp->cq_acked = qp->completions;
    if (qp->cq_shadow && !nvme_dbbuf_cq(qp)) {
        return;
    }
    qp->cq_doorbells++;
    nvme_write32(qp->ctrlr, qp->cq_doorbell, qp->cq_head);
}

void nvme_ring(struct nvme_qpair *qp)
{
    struct nvme_ctrlr *c = qp->ctrlr;

    if (qp->sq_tail == qp->sq_rung ||
        unlikely(atomic_load_explicit(&c->attention, memory_order_relaxed) &
                 NVME_ATTENTION_STOPPED)) {
        return;
    }
    /* Whatever is outstanding after this must find room, and a full ring has one entry free. */
    if (unlikely(qp->completions - qp->cq_acked + qp->outstanding >= qp->cq_entries)) {
        nvme_queue_ack(qp);
    }
    nvme_dma_check_ring(qp);
    qp->sq_rung = qp->sq_tail;
    if (unlikely(qp->sq_shadow != NULL) && !nvme_dbbuf_sq(qp)) {
        return;
    }
    qp->sq_doorbells++;
    c->plat.write32(c->plat.ctx, qp->sq_doorbell, qp->sq_tail);
}

/*
 * A completion whose tag is not that of the slot it names. With the right command identifier it is
 * believed, whatever submission queue it names: each completion queue here has one. Otherwise it is
 * for no command that is outstanding, and nothing can be done but to say so. True: believed.
 */
static __attribute__((noinline)) bool queue_odd_completion(struct nvme_qpair *qp, uint64_t cqe)
{
    /* It has been consumed already. */
    const volatile uint32_t *at =
        &qp->cq[4 * ((size_t)(qp->cq_head ? qp->cq_head : qp->cq_entries) - 1)];
    uint32_t cid = nvme_tag_cid(nvme_cqe_tag(cqe));
    const struct nvme_slot *slot = &qp->slots[cid & qp->slot_mask];

    if (slot->io && cid == nvme_tag_cid(slot->tag)) {
        if (qp->wrong_sqids++ == 0) {
            log_error("%s: controller fault: a completion in queue %u names submission queue %u",
                      qp->ctrlr->name, qp->qid, (unsigned)(nvme_cqe_tag(cqe) & UINT16_MAX));
        }
        return true;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(qp->bad_cqe); i++) {
        qp->bad_cqe[i] = at[i];
    }
    qp->bad_cqe_ns = nvme_now(qp->ctrlr);
    /* One that was used earlier: its command was completed twice, or had been given up. */
    qp->stale_completions += (cid & qp->slot_mask) < qp->depth && cid != nvme_tag_cid(slot->tag);
    if (qp->bad_completions++ == 0) {
        log_error("%s: controller fault: queue %u completed command %xh, which is not outstanding",
                  qp->ctrlr->name, qp->qid, cid);
    }
    return false;
}

static void queue_note_error(struct nvme_qpair *qp, struct nvme_io *io, uint64_t cqe)
{
    uint16_t status = (uint16_t)FIELD_GET(NVME_CQE_DW3_STATUS, nvme_cqe_dw3(cqe));
    bool timed_out = FIELD_GET(NVME_STATUS_CODE, status) == NVME_SC_ABORT_REQUESTED &&
                     nvme_overdue_ended(qp, nvme_cqe_tag(cqe));

    qp->errors++;
    if (!io->status) {
        io->status = status;
        io->err = timed_out ? -ETIMEDOUT : nvme_status_errno(status);
    }
}

hot_inline void queue_complete(struct nvme_qpair *qp, uint64_t cqe)
{
    uint32_t index = nvme_cqe_dw3(cqe) & qp->slot_mask;
    const struct nvme_slot *slot = &qp->slots[index];
    struct nvme_io *io = slot->io;

    nvme_queue_advance_cq(qp);
    if (unlikely((nvme_cqe_tag(cqe) != slot->tag || !io) && !queue_odd_completion(qp, cqe))) {
        return;
    }
    nvme_slot_free(qp, index);
    if (unlikely(nvme_cqe_dw3(cqe) & (uint32_t)NVME_CQE_DW3_STATUS)) {
        queue_note_error(qp, io, cqe);
    }
    nvme_io_part_done(io);
}

static __attribute__((noinline)) unsigned queue_reap_traced(struct nvme_qpair *qp, unsigned max)
{
    unsigned n = 0;
    uint64_t cqe;

    for (; n < max && nvme_queue_peek(qp, &cqe); n++) {
        nvme_trace_completion(qp, qp->cq[4 * qp->cq_head], nvme_cqe_dw3(cqe));
        queue_complete(qp, cqe);
    }
    return n;
}

int nvme_reap(struct nvme_qpair *qp, unsigned max)
{
    unsigned attention = atomic_load_explicit(&qp->ctrlr->attention, memory_order_relaxed);
    unsigned n = 0;
    uint64_t cqe;

    if (unlikely(attention)) {
        if (attention & NVME_ATTENTION_STOPPED) {
            return -ESHUTDOWN;
        }
        n = queue_reap_traced(qp, max);
    }
    for (; n < max && nvme_queue_peek(qp, &cqe); n++) {
        queue_complete(qp, cqe);
    }
    if (unlikely(qp->completions - qp->cq_acked >= qp->cq_ack_at)) {
        nvme_queue_ack(qp);
    }
    if (unlikely(--qp->until_clock == 0)) {
        queue_look_at_clock(qp);
        if (n == 0 && atomic_load(&qp->ctrlr->attention) & NVME_ATTENTION_STOPPED) {
            return -ESHUTDOWN;
        }
    }
    return (int)n;
}

bool nvme_ready(const struct nvme_qpair *qp)
{
    uint64_t cqe;

    return nvme_queue_peek(qp, &cqe);
}

/* --- interrupts ----------------------------------------------------------------------------- */

int nvme_irq_enable(struct nvme_qpair *qp, bool on)
{
    const struct platform *plat = &qp->ctrlr->plat;

    if (!qp->has_irq) {
        return on ? -ENOTSUP : 0;
    }
    qp->irq_on = on;
    plat->irq_mask(plat->ctx, qp->vector, !on);
    return 0;
}

void nvme_sleep(struct nvme_qpair *qp, uint64_t deadline_ns)
{
    const struct platform *plat = &qp->ctrlr->plat;
    uint64_t cqe;

    if (!qp->irq_on || atomic_load(&qp->ctrlr->attention) & NVME_ATTENTION_STOPPED) {
        return;
    }
    if (qp->ack_before_sleep && qp->completions != qp->cq_acked) {
        nvme_queue_ack(qp);
    }
    /* The count is read before the ring: an interrupt in between ends the wait at once. */
    unsigned seen = atomic_load(&qp->irq_count);
    if (nvme_queue_peek(qp, &cqe)) {
        return;
    }
    uint64_t limit_ns = nvme_now(qp->ctrlr) + SLEEP_MAX_NS;
    plat->irq_wait(plat->ctx, &qp->irq_count, seen, MIN(deadline_ns, limit_ns));
    if (atomic_load(&qp->irq_count) != seen) {
        return;
    }
    if (!nvme_queue_peek(qp, &cqe)) {
        qp->until_clock = 1; /* time passed and nothing came */
        return;
    }
    if (++qp->missed_interrupts == MISSED_INTERRUPTS_MAX) {
        qp->ack_before_sleep = true;
        log_warn("%s: queue %u: %u completions came without an interrupt; from now on each is "
                 "acknowledged before sleeping",
                 qp->ctrlr->name, qp->qid, MISSED_INTERRUPTS_MAX);
    }
}

/* --- questions ------------------------------------------------------------------------------ */

unsigned nvme_qpair_depth(const struct nvme_qpair *qp)
{
    return qp->depth;
}

unsigned nvme_qpair_outstanding(const struct nvme_qpair *qp)
{
    return qp->outstanding;
}

void nvme_qpair_stats(const struct nvme_qpair *qp, struct nvme_qpair_stats *out)
{
    out->commands = qp->commands;
    out->completions = qp->completions;
    out->sq_doorbells = qp->sq_doorbells;
    out->cq_doorbells = qp->cq_doorbells;
    out->shadow_writes = qp->shadow_writes;
    out->shadow_kicks = qp->shadow_kicks;
    out->interrupts = atomic_load(&qp->irq_count);
    out->missed_interrupts = qp->missed_interrupts;
    out->errors = qp->errors;
    out->bad_completions = qp->bad_completions;
    out->stale_completions = qp->stale_completions;
    out->wrong_sqids = qp->wrong_sqids;
    out->timeouts = qp->timeouts;
    out->aborted = qp->aborted;
    out->late_answers = qp->late_answers;
}
