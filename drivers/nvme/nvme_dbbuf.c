/*
 * drivers/nvme/nvme_dbbuf.c - shadow doorbells (NVMe 1.4 §5.7, §7.13): the I/O queues' doorbells
 * are values in memory that the controller looks at by itself while it is busy; the register is
 * written only when the controller has said, by an event index, that it wants to be told. It saves
 * trips into the hypervisor of an emulated controller, and costs a fence on a real one.
 *
 * Two pages: the shadows, which we write, and the event indexes, which the controller writes. Both
 * are laid out as the doorbell registers are. The admin queue goes on using its registers.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"

/* Silence after which a doorbell is written all the same, should the controller have overlooked a
 * shadow. */
#define STUCK_NS (1 * NS_PER_MS)

static int dbbuf_alloc(struct nvme_ctrlr *c)
{
    const struct platform *plat = &c->plat;
    int err = 0;

    if (!c->shadow_mem.va) {
        err = plat->dma_alloc(plat->ctx, NVME_PAGE_BYTES, NVME_PAGE_BYTES, &c->shadow_mem);
    }
    if (!err && !c->event_mem.va) {
        err = plat->dma_alloc(plat->ctx, NVME_PAGE_BYTES, NVME_PAGE_BYTES, &c->event_mem);
    }
    return err;
}

int nvme_dbbuf_enable(struct nvme_ctrlr *c)
{
    struct nvme_result res;
    char status[96];

    c->info.shadow_doorbells = false;
    if (!c->opt.shadow_doorbells || !FIELD_GET(NVME_OACS_DOORBELL_BUFFER, c->id.oacs)) {
        return 0;
    }
    int err = dbbuf_alloc(c);
    if (err) {
        return err;
    }
    memset(c->shadow_mem.va, 0, NVME_PAGE_BYTES);
    memset(c->event_mem.va, 0, NVME_PAGE_BYTES);
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_DOORBELL_BUFFER_CONFIG,
        .prp1 = c->shadow_mem.iova,
        .prp2 = c->event_mem.iova,
    };
    err = nvme_admin_run(c, &cmd, NVME_NO_DATA, NULL, 0, &res);
    if (err && res.status) {
        nvme_status_format(res.status, status, sizeof(status));
        log_warn("%s: shadow doorbells were refused: %s", c->name, status);
        return 0;
    }
    c->info.shadow_doorbells = !err;
    return err;
}

void nvme_dbbuf_bind(struct nvme_qpair *qp)
{
    struct nvme_ctrlr *c = qp->ctrlr;
    uint32_t sq = qp->sq_doorbell - NVME_REG_DOORBELLS;
    uint32_t cq = qp->cq_doorbell - NVME_REG_DOORBELLS;

    /* Queues whose doorbells lie beyond a page have none in memory. */
    if (!c->info.shadow_doorbells || cq > NVME_PAGE_BYTES - sizeof(uint32_t)) {
        return;
    }
    qp->cq_shadow = (_Atomic uint32_t *)((char *)c->shadow_mem.va + cq);
    qp->cq_event = (_Atomic uint32_t *)((char *)c->event_mem.va + cq);
    qp->sq_event = (_Atomic uint32_t *)((char *)c->event_mem.va + sq);
    qp->sq_shadow = (_Atomic uint32_t *)((char *)c->shadow_mem.va + sq);
    qp->kick_ns = nvme_now(c) + STUCK_NS;
}

void nvme_dbbuf_unbind(struct nvme_qpair *qp)
{
    if (!qp->sq_shadow) {
        return;
    }
    /* A queue that is created again begins at zero, and so must what the controller finds here. */
    atomic_store(qp->sq_shadow, 0);
    atomic_store(qp->cq_shadow, 0);
    atomic_store(qp->sq_event, 0);
    atomic_store(qp->cq_event, 0);
    qp->sq_shadow = NULL;
    qp->cq_shadow = NULL;
}

void nvme_dbbuf_free(struct nvme_ctrlr *c)
{
    nvme_dma_free(c, &c->shadow_mem);
    nvme_dma_free(c, &c->event_mem);
}

/* Changes a shadow. True when the step from what it was to value passes the event index. */
static bool update(_Atomic uint32_t *shadow, _Atomic uint32_t *event, uint32_t value)
{
    uint16_t before = (uint16_t)atomic_load_explicit(shadow, memory_order_relaxed);

    /* The controller sees the commands before the shadow; and it must see the shadow before we look
     * at its event index, or both sides could miss the other's change. */
    atomic_store_explicit(shadow, value, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    uint16_t wanted = (uint16_t)atomic_load_explicit(event, memory_order_relaxed);
    return (uint16_t)(value - wanted - 1) < (uint16_t)(value - before);
}

bool nvme_dbbuf_sq(struct nvme_qpair *qp)
{
    qp->shadow_writes++;
    return update(qp->sq_shadow, qp->sq_event, qp->sq_tail);
}

bool nvme_dbbuf_cq(struct nvme_qpair *qp)
{
    return update(qp->cq_shadow, qp->cq_event, qp->cq_head);
}

void nvme_dbbuf_check_stuck(struct nvme_qpair *qp, uint64_t now_ns)
{
    if (qp->completions != qp->kick_completions || qp->outstanding == 0) {
        qp->kick_completions = qp->completions;
        qp->kick_ns = now_ns + STUCK_NS;
        return;
    }
    if (now_ns < qp->kick_ns) {
        return;
    }
    qp->kick_ns = now_ns + STUCK_NS;
    qp->shadow_kicks++;
    if (qp->completions != qp->cq_acked) {
        nvme_queue_ack(qp);
    }
    nvme_write32(qp->ctrlr, qp->cq_doorbell, qp->cq_head);
    qp->sq_doorbells++;
    nvme_write32(qp->ctrlr, qp->sq_doorbell, qp->sq_rung);
}
