/*
 * drivers/nvme/nvme_command.c - any I/O command on a queue pair, synchronously.
 *
 * nvme_post() leaves many dwords of a ring entry at zero, once and for all. What is written whole
 * here is therefore wiped there when it has been consumed, and the queue must have nothing else
 * outstanding: nobody can come by the entry in between.
 */
#include "drivers/nvme/nvme_command.h"

#include "drivers/nvme/nvme_gate.h"
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/string.h"

#define FUSED_COUNT 2

/* A command under way. */
struct flight {
    struct nvme_io io; /* what its slot points to */
    struct nvme_command *command;
    struct dma_buf data, metadata;
    struct nvme_sqe *entry; /* in the ring; NULL: not posted */
    uint16_t cid;
    bool done;
};

static void flight_done(struct nvme_io *io)
{
    container_of(io, struct flight, io)->done = true;
}

size_t nvme_command_max_bytes(const struct nvme_ctrlr *ctrlr)
{
    return ctrlr->transfer_bytes;
}

static int check_shape(const struct nvme_qpair *qp, const struct nvme_command *command)
{
    bool has_data = command->len || command->metadata_len;

    if (command->cmd.flags || (command->dir == NVME_NO_DATA) == has_data ||
        (command->len && !command->data) || (command->metadata_len && !command->metadata) ||
        command->len > qp->ctrlr->transfer_bytes ||
        command->metadata_len > qp->ctrlr->transfer_bytes) {
        return -EINVAL;
    }
    return nvme_gate(qp->ctrlr, false, &command->cmd);
}

/* Memory that the device can reach, filled in when it is to be sent. */
static int map_buffer(struct nvme_ctrlr *c, enum nvme_dir dir, const void *from, size_t len,
                      struct dma_buf *out)
{
    if (len == 0) {
        return 0;
    }
    int err = nvme_dma_alloc(c, ALIGN_UP(len, (size_t)NVME_PAGE_BYTES), NVME_PAGE_BYTES, out);
    if (err) {
        return err;
    }
    if (dir == NVME_TO_DEVICE) {
        memcpy(out->va, from, len);
    } else {
        memset(out->va, 0, len);
    }
    return 0;
}

static int map_flight(struct nvme_ctrlr *c, struct flight *f)
{
    const struct nvme_command *command = f->command;
    int err = map_buffer(c, command->dir, command->data, command->len, &f->data);

    return err ? err
               : map_buffer(c, command->dir, command->metadata, command->metadata_len,
                            &f->metadata);
}

static void unmap_flight(struct nvme_ctrlr *c, struct flight *f)
{
    const struct nvme_command *command = f->command;

    if (command->dir == NVME_TO_HOST && f->done && !f->io.err) {
        if (command->len) {
            memcpy(command->data, f->data.va, command->len);
        }
        if (command->metadata_len) {
            memcpy(command->metadata, f->metadata.va, command->metadata_len);
        }
    }
    nvme_dma_free(c, &f->data);
    nvme_dma_free(c, &f->metadata);
}

static void post_flight(struct nvme_qpair *qp, struct flight *f, unsigned fuse)
{
    struct nvme_sqe *sqe = &qp->sq[qp->sq_tail];
    struct nvme_slot *slot = &qp->slots[qp->free_head];
    uint64_t prp1 = 0, prp2 = 0;

    f->cid = nvme_tag_cid(slot->tag);
    f->entry = sqe;
    f->io = (struct nvme_io){
        .opcode = f->command->cmd.opcode, .done = flight_done, .parts_left = 1,
    };
    qp->free_head = slot->next_free;
    qp->outstanding++;
    slot->io = &f->io;
    slot->posted_ns = qp->batch_ns;
    if (f->command->len) {
        nvme_prp_build(f->data.iova, f->command->len, slot->prp_list, slot->prp_list_iova, &prp1,
                       &prp2);
    }
    *sqe = f->command->cmd;
    sqe->flags = (uint8_t)FIELD_PREP(NVME_SQE_FUSE, fuse);
    sqe->cid = f->cid;
    sqe->mptr = f->metadata.iova;
    sqe->prp1 = prp1;
    sqe->prp2 = prp2;
    if (atomic_load(&qp->ctrlr->attention) & NVME_ATTENTION_TRACE) {
        nvme_trace_submission(qp, sqe);
    }
    nvme_queue_advance_sq(qp);
}

/* The whole result of what is about to be reaped, of which an nvme_io keeps only the status.
 * Returns how many completions may be reaped: one that comes after this look is left for the next.
 */
static unsigned note_result(const struct nvme_qpair *qp, struct flight *flights, unsigned count)
{
    uint64_t cqe;

    if (!nvme_queue_peek(qp, &cqe)) {
        return 0;
    }
    uint32_t dw3 = nvme_cqe_dw3(cqe);
    for (unsigned i = 0; i < count; i++) {
        if (!flights[i].done && flights[i].cid == FIELD_GET(NVME_CQE_DW3_CID, dw3)) {
            flights[i].command->res = (struct nvme_result){
                .status = (uint16_t)FIELD_GET(NVME_CQE_DW3_STATUS, dw3),
                .dw0 = qp->cq[4 * qp->cq_head],
            };
        }
    }
    return 1;
}

static bool all_done(const struct flight *flights, unsigned count)
{
    return flights[0].done && flights[count - 1].done;
}

/* Reaps until all are done, by their completion or by a reset. 0, or -ESHUTDOWN: it was a reset,
 * and the controller did not survive it. */
static int wait_for(struct nvme_qpair *qp, struct flight *flights, unsigned count)
{
    while (!all_done(flights, count)) {
        int n = nvme_reap(qp, note_result(qp, flights, count));

        if (n < 0) {
            return nvme_recover(qp->ctrlr) ? -ESHUTDOWN : 0;
        }
        nvme_overdue_poll(qp->ctrlr);
        if (n == 0) {
            nvme_relax(qp->ctrlr);
        }
    }
    return 0;
}

/* What nvme_post() does not write is zero again; the rest is left for the flight recorder. */
static void wipe_entry(struct nvme_sqe *sqe)
{
    sqe->cdw2 = sqe->cdw3 = 0;
    sqe->mptr = 0;
    sqe->cdw13 = sqe->cdw14 = sqe->cdw15 = 0;
}

static int fly(struct nvme_qpair *qp, struct flight *flights, unsigned count, uint64_t timeout_ns)
{
    uint64_t usual_ns = qp->timeout_ns;
    int err;

    nvme_queue_begin_batch(qp);
    for (unsigned i = 0; i < count; i++) {
        post_flight(qp, &flights[i], count == FUSED_COUNT ? i + 1 : 0);
    }
    if (timeout_ns) {
        qp->timeout_ns = timeout_ns;
        qp->next_walk_ns = 0; /* it may be due earlier than was thought */
    }
    nvme_ring(qp);
    err = wait_for(qp, flights, count);
    qp->timeout_ns = usual_ns;
    for (unsigned i = 0; i < count; i++) {
        wipe_entry(flights[i].entry);
        if (!err) {
            err = flights[i].io.err;
        }
    }
    return err;
}

static int run(struct nvme_qpair *qp, struct nvme_command *commands, unsigned count,
               uint64_t timeout_ns)
{
    struct nvme_ctrlr *c = qp->ctrlr;
    struct flight flights[FUSED_COUNT] = {0};
    int err = 0;

    for (unsigned i = 0; i < count; i++) {
        commands[i].res = (struct nvme_result){0};
        flights[i].command = &commands[i];
    }
    if (atomic_load(&c->attention) & NVME_ATTENTION_STOPPED && nvme_recover(c)) {
        return -ESHUTDOWN;
    }
    if (qp->outstanding) {
        return -EBUSY;
    }
    if (qp->depth < count) {
        return -ENOTSUP;
    }
    for (unsigned i = 0; i < count && !err; i++) {
        err = check_shape(qp, &commands[i]);
    }
    for (unsigned i = 0; i < count && !err; i++) {
        err = map_flight(c, &flights[i]);
    }
    if (!err) {
        err = fly(qp, flights, count, timeout_ns);
    }
    for (unsigned i = 0; i < count; i++) {
        unmap_flight(c, &flights[i]);
    }
    return err;
}

int nvme_io_command(struct nvme_qpair *qp, struct nvme_command *command, uint64_t timeout_ns)
{
    return run(qp, command, 1, timeout_ns);
}

int nvme_io_fused(struct nvme_qpair *qp, struct nvme_command pair[2], uint64_t timeout_ns)
{
    return run(qp, pair, FUSED_COUNT, timeout_ns);
}
