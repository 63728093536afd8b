/*
 * tests/fuzz/device_queues.c - what the fuzzer's device does with commands, and how it answers.
 */
#include "tests/fuzz/device_internal.h"

#include "lib/assert.h"

/* --- completions ------------------------------------------------------------------------------ */

void device_reset(struct fuzz_device *dev)
{
    memset(dev->queues, 0, sizeof(dev->queues));
    memset(dev->pending, 0, sizeof(dev->pending));
    dev->cc &= ~(uint32_t)NVME_CC_EN;
    dev->shut_down = false;
}

static void interrupt(struct fuzz_device *dev, unsigned vector)
{
    if (vector < DEVICE_VECTORS && dev->vectors[vector].count && !dev->vectors[vector].masked) {
        atomic_fetch_add(dev->vectors[vector].count, 1);
    }
}

static void post(struct fuzz_device *dev, unsigned qid, const uint32_t dw[4], bool quietly)
{
    struct device_queue *q = &dev->queues[qid];
    uint32_t next = q->cq_tail + 1 == q->cq_entries ? 0 : q->cq_tail + 1;

    /* There is no room, or no queue of commands that it could be for: that much is certain. */
    if (q->cq_entries == 0 || next == q->cq_head || q->sq_entries == 0) {
        return;
    }
    uint8_t *at = device_dma(dev, q->cq_iova + q->cq_tail * (uint64_t)NVME_CQE_BYTES,
                             NVME_CQE_BYTES);
    uint32_t dw3 = (dw[3] & ~(uint32_t)NVME_CQE_DW3_PHASE) | (uint32_t)q->phase << 16;

    memcpy(at, dw, 12);
    memcpy(at + 12, &dw3, sizeof(dw3));
    q->cq_tail = next;
    q->phase ^= next == 0;
    if (q->irq && !quietly) {
        interrupt(dev, q->vector);
    }
}

static void post_later(struct fuzz_device *dev, unsigned qid, const uint32_t dw[4], uint64_t ns)
{
    for (unsigned i = 0; i < DEVICE_PENDING; i++) {
        if (dev->pending[i].due_ns == 0) {
            dev->pending[i].due_ns = dev->now_ns + ns;
            dev->pending[i].qid = qid;
            memcpy(dev->pending[i].dw, dw, sizeof(dev->pending[i].dw));
            dev->granted_ns += ns;
            return;
        }
    }
}

uint64_t device_step(struct fuzz_device *dev)
{
    uint64_t next_ns = UINT64_MAX;

    for (unsigned i = 0; i < DEVICE_PENDING; i++) {
        struct device_pending *p = &dev->pending[i];

        if (p->due_ns && p->due_ns <= dev->now_ns) {
            p->due_ns = 0;
            post(dev, p->qid, p->dw, false);
        } else if (p->due_ns) {
            next_ns = MIN(next_ns, p->due_ns);
        }
    }
    return next_ns;
}

/* How a completion arrives, if it does: the input's choice. */
static void answer(struct fuzz_device *dev, unsigned qid, uint32_t dw[4])
{
    uint8_t choice = dev->honest ? 0 : fuzz_u8(dev->in);

    switch (choice & 0x0f) {
    case 1: /* never */
        return;
    case 2: /* later, by up to 4.3 minutes */
        post_later(dev, qid, dw, (uint64_t)fuzz_u16(dev->in) * 4 * NS_PER_MS + 1);
        return;
    case 3: /* under another identifier */
        dw[3] = (dw[3] & ~(uint32_t)NVME_CQE_DW3_CID) | fuzz_u16(dev->in);
        break;
    case 4: /* for another queue */
        dw[2] = fuzz_u32(dev->in);
        break;
    case 5: /* twice, the second time perhaps late */
        post_later(dev, qid, dw, (uint64_t)fuzz_u8(dev->in) * NS_PER_MS + 1);
        break;
    case 6: /* anything */
        for (unsigned i = 0; i < 4; i++) {
            dw[i] = fuzz_u32(dev->in);
        }
        break;
    case 7: /* with an identifier near the true one */
        dw[3] ^= 1U << (choice >> 4);
        break;
    case 8: /* into another queue */
        qid = (unsigned)(choice >> 4) % DEVICE_QUEUES;
        break;
    case 9: /* an interrupt too many */
        interrupt(dev, (unsigned)(choice >> 4));
        break;
    default:
        break;
    }
    post(dev, qid, dw, (choice & 0x1f) == 0x1f);
}

/* --- commands --------------------------------------------------------------------------------- */

static void create_queue(struct fuzz_device *dev, const struct nvme_sqe *sqe, bool cq)
{
    unsigned qid = (unsigned)FIELD_GET(NVME_CREATE_Q_CDW10_QID, sqe->cdw10);
    uint32_t entries = (uint32_t)FIELD_GET(NVME_CREATE_Q_CDW10_QSIZE, sqe->cdw10) + 1;
    struct device_queue *q = &dev->queues[qid % DEVICE_QUEUES];

    assert(qid > 0);
    if (qid >= DEVICE_QUEUES) {
        return;
    }
    if (cq) {
        q->cq_iova = sqe->prp1;
        q->cq_entries = entries;
        q->cq_tail = q->cq_head = 0;
        q->phase = 1;
        q->irq = FIELD_GET(NVME_CREATE_CQ_CDW11_IEN, sqe->cdw11);
        q->vector = (unsigned)FIELD_GET(NVME_CREATE_CQ_CDW11_IV, sqe->cdw11);
        device_dma(dev, q->cq_iova, (uint64_t)entries * NVME_CQE_BYTES);
    } else {
        q->sq_iova = sqe->prp1;
        q->sq_entries = entries;
        q->sq_head = 0;
        device_dma(dev, q->sq_iova, (uint64_t)entries * NVME_SQE_BYTES);
    }
}

static void delete_queue(struct fuzz_device *dev, const struct nvme_sqe *sqe, bool cq)
{
    unsigned qid = (unsigned)FIELD_GET(NVME_DELETE_Q_CDW10_QID, sqe->cdw10);

    if (qid > 0 && qid < DEVICE_QUEUES) {
        *(cq ? &dev->queues[qid].cq_entries : &dev->queues[qid].sq_entries) = 0;
    }
}

/* What the command does to the device itself. False: it is one that stays unanswered. */
static bool obey(struct fuzz_device *dev, const struct nvme_sqe *sqe)
{
    switch (sqe->opcode) {
    case NVME_ADM_CREATE_IO_CQ:
    case NVME_ADM_CREATE_IO_SQ:
        create_queue(dev, sqe, sqe->opcode == NVME_ADM_CREATE_IO_CQ);
        return true;
    case NVME_ADM_DELETE_IO_CQ:
    case NVME_ADM_DELETE_IO_SQ:
        delete_queue(dev, sqe, sqe->opcode == NVME_ADM_DELETE_IO_CQ);
        return true;
    case NVME_ADM_ASYNC_EVENT_REQUEST:
        return !dev->honest && (fuzz_u8(dev->in) & 1);
    default:
        return true;
    }
}

static void execute(struct fuzz_device *dev, unsigned qid, const struct nvme_sqe *sqe)
{
    uint32_t dw[4] = {0, 0, qid << 16 | dev->queues[qid].sq_head, sqe->cid};
    uint8_t choice = fuzz_u8(dev->in);

    if ((choice & 0xc0) == 0xc0) {
        dw[3] |= (uint32_t)fuzz_u16(dev->in) << 17;
    }
    if (!(dw[3] & (uint32_t)NVME_CQE_DW3_STATUS)) {
        if (qid == 0 && !obey(dev, sqe)) {
            return;
        }
        device_transfer(dev, qid, sqe);
    }
    if (choice & 0x20 || sqe->opcode == NVME_ADM_GET_FEATURES) {
        dw[0] = fuzz_u32(dev->in);
    } else if (qid == 0 && sqe->opcode == NVME_ADM_SET_FEATURES) {
        dw[0] = 0x00030003; /* four queues of each kind, if that is what was asked */
    }
    answer(dev, qid, dw);
    /* Whoever says that a queue was not made, does not use it. */
    if (qid == 0 && dw[3] & (uint32_t)NVME_CQE_DW3_STATUS) {
        if (sqe->opcode == NVME_ADM_CREATE_IO_CQ || sqe->opcode == NVME_ADM_CREATE_IO_SQ) {
            delete_queue(dev, sqe, sqe->opcode == NVME_ADM_CREATE_IO_CQ);
        }
    }
}

void device_sq_doorbell(struct fuzz_device *dev, unsigned qid, uint32_t tail)
{
    struct device_queue *q = &dev->queues[qid];

    if (!(dev->cc & (uint32_t)NVME_CC_EN) || q->sq_entries == 0) {
        return; /* what the device has said of its queues may not be what is so */
    }
    assert(tail < q->sq_entries);
    while (q->sq_entries && q->sq_head != tail) {
        struct nvme_sqe sqe;

        memcpy(&sqe, device_dma(dev, q->sq_iova + q->sq_head * (uint64_t)NVME_SQE_BYTES,
                                NVME_SQE_BYTES), sizeof(sqe));
        q->sq_head = q->sq_head + 1 == q->sq_entries ? 0 : q->sq_head + 1;
        execute(dev, qid, &sqe);
    }
}

void device_cq_doorbell(struct fuzz_device *dev, unsigned qid, uint32_t head)
{
    struct device_queue *q = &dev->queues[qid];

    if (q->cq_entries) {
        assert(head < q->cq_entries);
        q->cq_head = head;
    }
}
