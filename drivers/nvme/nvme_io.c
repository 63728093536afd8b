/*
 * drivers/nvme/nvme_io.c - read, write, flush and deallocate: a command into the ring, several when
 * the transfer is longer than one may be, and the synchronous form of all that.
 *
 * The submission ring is zeroed once and nobody but this file writes to it, so a command only
 * needs those dwords that differ: CDW0, NSID, PRP1, PRP2 and CDW10 to CDW12. Each of the commands
 * here sets all of them. CDW14, the reference tag, is set by the longer way only, and ignored for
 * namespaces without protection information (§6.9).
 */
#include "drivers/nvme/nvme_internal.h"
#include "drivers/nvme/nvme_pi.h"
#include "lib/assert.h"
#include "lib/bitfield.h"
#include "lib/errno.h"

/* Data pointer of at most two pages. */
hot_inline void io_put_pages(struct nvme_sqe *sqe, uint64_t iova, uint64_t len_bytes)
{
    uint64_t offset = iova % NVME_PAGE_BYTES;

    sqe->prp1 = iova;
    sqe->prp2 = likely(offset + len_bytes <= NVME_PAGE_BYTES) ? 0 : iova - offset + NVME_PAGE_BYTES;
}

/* Takes a slot and fills the next ring entry but for its data pointer. There is a free slot. */
hot_inline struct nvme_sqe *io_put_command(struct nvme_qpair *qp, struct nvme_io *io, uint64_t lba,
                                           uint32_t cdw12)
{
    uint32_t nsid = io->ns->nsid;
    uint8_t opcode = io->opcode;
    struct nvme_slot *slot = &qp->slots[qp->free_head];
    struct nvme_sqe *sqe = &qp->sq[qp->sq_tail];

    nvme_queue_advance_sq(qp);
    qp->free_head = slot->next_free;
    qp->outstanding++;
    slot->io = io;
    slot->posted_ns = qp->batch_ns;

    sqe->opcode = opcode;
    sqe->flags = 0;
    sqe->cid = nvme_tag_cid(slot->tag);
    sqe->nsid = nsid;
    sqe->cdw10 = (uint32_t)lba;
    sqe->cdw11 = (uint32_t)(lba >> 32);
    sqe->cdw12 = cdw12;
    return sqe;
}

/* The first command after a ring gives its time to all that follow until the next one. */
hot_inline void io_note_batch(struct nvme_qpair *qp)
{
    if (qp->sq_tail == qp->sq_rung) {
        nvme_queue_begin_batch(qp);
    }
}

/* CDW12 of a read or write. nlb > 0. */
hot_inline uint32_t io_cdw12(const struct nvme_io *io, uint32_t nlb)
{
    uint32_t cdw12 = nlb - 1; /* zero-based; nlb is at most 65536 */

    if (unlikely(io->flags & NVME_IOF_FUA)) {
        cdw12 |= (uint32_t)NVME_RW_CDW12_FUA;
    }
    return cdw12;
}

/* It is a read or a write: one comparison for both. */
hot_inline bool io_transfers(const struct nvme_io *io)
{
    static_assert(NVME_IO_WRITE == 1 && NVME_IO_READ == 2, "neighbours");
    return (uint8_t)(io->opcode - NVME_IO_WRITE) <= NVME_IO_READ - NVME_IO_WRITE;
}

hot_inline uint64_t io_len_bytes(const struct nvme_io *io)
{
    return (uint64_t)io->nlb << io->ns->block_shift;
}

/* Data lies in at most two pages. */
hot_inline bool io_is_short(uint64_t iova, uint64_t len_bytes)
{
    return iova % NVME_PAGE_BYTES + len_bytes <= 2 * NVME_PAGE_BYTES;
}

/* Everything about a read or write that does not depend on its being one command. nlb > 0. */
hot_inline int io_check(const struct nvme_qpair *qp, const struct nvme_io *io)
{
    const struct nvme_ns *ns = io->ns;

    if (unlikely(io->opcode != NVME_IO_READ)) {
        if (io->opcode != NVME_IO_WRITE && io->opcode != NVME_IO_DSM) {
            return -EINVAL;
        }
        if (!ns->armed) {
            return -EROFS;
        }
    }
    if (unlikely(ns->ctrlr != qp->ctrlr || io->lba >= ns->block_count ||
                 io->nlb > ns->block_count - io->lba || !IS_ALIGNED(io->iova, 4) ||
                 io->iova > INT64_MAX)) { /* a sum with its length cannot wrap */
        return -EINVAL;
    }
    return 0;
}

static void io_begin(struct nvme_io *io, unsigned parts)
{
    io->err = 0;
    io->status = 0;
    io->parts_left = (uint16_t)parts;
}

/* One command of an unusual io: with a list where its data needs one, with the protection
 * information of its namespace, and traced. */
static void io_put_unusual(struct nvme_qpair *qp, struct nvme_io *io, uint64_t lba, uint32_t cdw12,
                           uint64_t iova, uint64_t len_bytes)
{
    uint8_t prinfo = io_transfers(io) ? nvme_pi_default_prinfo(io->ns) : 0;
    struct nvme_sqe *sqe = io_put_command(
        qp, io, lba, cdw12 | (uint32_t)FIELD_PREP(NVME_RW_CDW12_PRINFO, prinfo));
    const struct nvme_slot *slot = &qp->slots[sqe->cid & qp->slot_mask];

    sqe->cdw14 = prinfo & NVME_PRINFO_REF ? (uint32_t)lba : 0;
    if (io_is_short(iova, len_bytes)) {
        io_put_pages(sqe, iova, len_bytes);
    } else if (qp->ctrlr->use_sgl) {
        /* One data block descriptor in the place of both PRPs: address, length, type 0. */
        sqe->flags = (uint8_t)FIELD_PREP(NVME_SQE_PSDT, NVME_PSDT_SGL);
        sqe->prp1 = iova;
        sqe->prp2 = len_bytes;
    } else {
        uint64_t prp1, prp2;

        nvme_prp_build(iova, len_bytes, slot->prp_list, slot->prp_list_iova, &prp1, &prp2);
        sqe->prp1 = prp1;
        sqe->prp2 = prp2;
    }
    if (atomic_load_explicit(&qp->ctrlr->attention, memory_order_relaxed) & NVME_ATTENTION_TRACE) {
        nvme_trace_submission(qp, sqe);
    }
}

static int io_post_flush(struct nvme_qpair *qp, struct nvme_io *io)
{
    if (io->nlb != 0 || io->ns->ctrlr != qp->ctrlr) {
        return -EINVAL;
    }
    if (qp->free_head == NVME_NO_SLOT) {
        return -EAGAIN;
    }
    io_note_batch(qp);
    io_begin(io, 1);
    io_put_unusual(qp, io, 0, 0, 0, 0);
    return 0;
}

/* The blocks of io as one range, which lies in the slot's list memory: that is 16 bytes long at
 * least, aligned to its size, and not otherwise used by a command without data. */
static int io_post_dsm(struct nvme_qpair *qp, struct nvme_io *io)
{
    if (!nvme_can(qp->ctrlr, NVME_CAN_DSM) || qp->list_bytes < sizeof(struct nvme_dsm_range)) {
        return -ENOTSUP;
    }
    if (qp->free_head == NVME_NO_SLOT) {
        return -EAGAIN;
    }
    const struct nvme_slot *slot = &qp->slots[qp->free_head];
    struct nvme_dsm_range *range = (struct nvme_dsm_range *)slot->prp_list;

    *range = (struct nvme_dsm_range){ .nlb = io->nlb, .slba = io->lba };
    io_note_batch(qp);
    io_begin(io, 1);
    /* CDW10: one range; CDW11 in the place of the upper half of an LBA. */
    io_put_unusual(qp, io, NVME_DSM_CDW11_AD << 32, 0, slot->prp_list_iova, sizeof(*range));
    return 0;
}

/* What is not one short command: a flush, a deallocation, a longer transfer, one with protection
 * information, a mistake; and everything while commands are traced. */
static __attribute__((noinline)) int io_post_unusual(struct nvme_qpair *qp, struct nvme_io *io)
{
    const struct nvme_ns *ns = io->ns;

    if (atomic_load_explicit(&qp->ctrlr->attention, memory_order_relaxed) &
        NVME_ATTENTION_STOPPED) {
        return -ESHUTDOWN;
    }
    if (!ns->usable) {
        return ns->gone ? -ENXIO : -ENOTSUP;
    }
    if (io->opcode == NVME_IO_FLUSH) {
        return io_post_flush(qp, io);
    }
    if (io->nlb == 0) {
        return -EINVAL;
    }
    int err = io_check(qp, io);
    if (err) {
        return err;
    }
    if (io->opcode == NVME_IO_DSM) {
        return io_post_dsm(qp, io);
    }
    uint32_t parts = io->nlb <= ns->max_blocks ? 1 : (io->nlb - 1) / ns->max_blocks + 1;
    if (parts > qp->depth) {
        return -EINVAL;
    }
    if (parts > qp->depth - qp->outstanding) {
        return -EAGAIN;
    }
    io_note_batch(qp);
    io_begin(io, parts);
    for (uint32_t done = 0; done < io->nlb;) {
        uint32_t nlb = MIN(io->nlb - done, ns->max_blocks);

        io_put_unusual(qp, io, io->lba + done, io_cdw12(io, nlb),
                       io->iova + ((uint64_t)done << ns->block_shift),
                       (uint64_t)nlb << ns->block_shift);
        done += nlb;
    }
    return 0;
}

/* A read or write of at most two pages. Nothing is called here, so no register has to be saved. */
hot_inline int io_post_short(struct nvme_qpair *qp, struct nvme_io *io, uint64_t len_bytes)
{
    uint64_t iova = io->iova;
    uint64_t lba = io->lba;
    uint32_t cdw12 = io_cdw12(io, io->nlb);
    int err = io_check(qp, io);

    if (unlikely(err)) {
        return err;
    }
    if (unlikely(qp->free_head == NVME_NO_SLOT)) {
        return -EAGAIN;
    }
    io_begin(io, 1);
    io_put_pages(io_put_command(qp, io, lba, cdw12), iova, len_bytes);
    return 0;
}

static __attribute__((noinline)) int io_post_first(struct nvme_qpair *qp, struct nvme_io *io)
{
    io_note_batch(qp);
    return io_post_short(qp, io, io_len_bytes(io));
}

int nvme_post(struct nvme_qpair *qp, struct nvme_io *io)
{
    unsigned attention = atomic_load_explicit(&qp->ctrlr->attention, memory_order_relaxed);

    uint64_t len_bytes = io_len_bytes(io);

    /* plain_blocks is 0 for a namespace that cannot be used, or has protection information; and so
     * is nlb for a flush. */
    if (unlikely(attention || io->nlb - 1 >= io->ns->plain_blocks || !io_transfers(io) ||
                 !io_is_short(io->iova, len_bytes))) {
        return io_post_unusual(qp, io);
    }
    if (unlikely(qp->sq_tail == qp->sq_rung)) {
        return io_post_first(qp, io);
    }
    return io_post_short(qp, io, len_bytes);
}

/* --- synchronous ---------------------------------------------------------------------------- */

static void io_sync_done(struct nvme_io *io)
{
    container_of(io, struct nvme_qpair, sync_io)->sync_done = true;
}

/* Waits until qp->sync_io is posted and done. own: this is the controller's CPU. -ESHUTDOWN: it may
 * still be outstanding. */
static int io_sync_run(struct nvme_qpair *qp, bool own)
{
    struct nvme_ctrlr *c = qp->ctrlr;
    bool posted = false;

    qp->sync_done = false;
    for (;;) {
        if (!posted) {
            int err = nvme_post(qp, &qp->sync_io);

            if (err && err != -EAGAIN) {
                return err;
            }
            posted = err == 0;
            nvme_ring(qp);
        }
        int n = nvme_reap(qp, qp->depth);
        if (qp->sync_done) {
            return 0;
        }
        if (n < 0) {
            return n;
        }
        if (own) {
            nvme_overdue_poll(c);
        }
        if (n == 0) {
            nvme_relax(c);
        }
    }
}

/* One turn, small enough for the queue. */
static int io_sync_part(struct nvme_qpair *qp, struct nvme_io *io, uint32_t first, uint32_t nlb,
                        bool recover)
{
    struct nvme_io *part = &qp->sync_io;

    *part = (struct nvme_io){
        .ns = io->ns,
        .lba = io->lba + first,
        .iova = io->iova + ((uint64_t)first << io->ns->block_shift),
        .nlb = nlb,
        .opcode = io->opcode,
        .flags = io->flags,
        .done = io_sync_done,
    };
    int err = io_sync_run(qp, recover);
    if (err == -ESHUTDOWN && recover && !qp->sync_done) {
        int recovered = nvme_recover(qp->ctrlr);

        /* Recovery has ended the command; if it had not been posted, nothing has been done. */
        err = qp->sync_done ? 0 : recovered ? -ESHUTDOWN : -ECANCELED;
    }
    if (!err) {
        err = part->err;
        io->status = part->status;
    }
    return err;
}

int nvme_io_sync(struct nvme_qpair *qp, struct nvme_io *io, bool recover)
{
    struct nvme_ctrlr *c = qp->ctrlr;
    uint32_t first = 0;
    int err;

    io_begin(io, 0);
    if (atomic_load(&c->attention) & NVME_ATTENTION_STOPPED) {
        /* What an earlier call has left outstanding must be ended before it is used again. */
        if (!recover || nvme_recover(c)) {
            return -ESHUTDOWN;
        }
    }
    if (!io->ns->usable) {
        return io->ns->gone ? -ENXIO : -ENOTSUP;
    }
    if (io->opcode != NVME_IO_FLUSH) {
        err = io->nlb ? io_check(qp, io) : -EINVAL;
        if (err) {
            return err;
        }
    }
    uint64_t turn = MIN((uint64_t)io->ns->max_blocks * qp->depth, (uint64_t)UINT32_MAX);
    if (io->opcode == NVME_IO_DSM) {
        turn = UINT32_MAX; /* one range */
    }
    do {
        uint32_t nlb = (uint32_t)MIN((uint64_t)(io->nlb - first), turn);

        unsigned tries = 0;

        do {
            io->status = 0;
            err = io_sync_part(qp, io, first, nlb, recover);
        } while (err && recover && nvme_retry(c, io, err, &tries));
        nvme_retry_note(c, io, err, tries);
        first += nlb;
    } while (!err && first < io->nlb);
    io->err = err;
    return err;
}
