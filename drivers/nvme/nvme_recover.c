/*
 * drivers/nvme/nvme_recover.c - what happens when a controller fails.
 *
 * Any CPU may find it out, and does nothing but to raise a flag that every post and reap looks at.
 * The controller's own CPU, once the owners of its queues have stopped, resets it here. Memory
 * that was lent to the device comes back in this order: CC.EN = 0, CSTS.RDY = 0, and only then
 * done(). A device whose RDY does not fall may still write: its outstanding commands are ended,
 * because their owners have to go on, but no memory that passes through nvme_dma_free() or belongs
 * to the driver is given back any more.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/log.h"

void nvme_fail(struct nvme_ctrlr *c, const char *why)
{
    if (!atomic_exchange(&c->failed, true)) {
        c->failed_ns = nvme_now(c);
        log_error("%s: failed: %s", c->name, why);
    }
    atomic_fetch_or(&c->attention, NVME_ATTENTION_STOPPED);
}

bool nvme_failed(const struct nvme_ctrlr *ctrlr)
{
    return atomic_load(&ctrlr->failed);
}

static unsigned end_queue(struct nvme_qpair *qp)
{
    unsigned timed_out = 0;

    for (uint32_t i = 0; i < qp->depth; i++) {
        struct nvme_slot *slot = &qp->slots[i];
        struct nvme_io *io = slot->io;

        if (!io) {
            continue;
        }
        bool overdue = qp->ctrlr->failed_ns - slot->posted_ns >= qp->timeout_ns &&
                       qp->ctrlr->failed_ns > slot->posted_ns;

        timed_out += overdue;
        if (overdue) {
            io->err = -ETIMEDOUT;
        } else if (!io->err) {
            io->err = -ECANCELED;
        }
        slot->io = NULL;
        slot->next_free = (uint16_t)qp->free_head;
        qp->free_head = i;
        qp->outstanding--;
        nvme_io_part_done(io);
    }
    return timed_out;
}

void nvme_end_all(struct nvme_ctrlr *c)
{
    unsigned ended = 0, timed_out = 0;

    for (unsigned i = 0; i < c->info.io_qpairs; i++) {
        ended += c->io_qpairs[i]->outstanding;
        timed_out += end_queue(c->io_qpairs[i]);
    }
    if (ended) {
        log_warn("%s: %u commands ended without an answer, %u of them timed out", c->name, ended,
                 timed_out);
    }
}

/* From CSTS.RDY = 0 to I/O. */
static int bring_up(struct nvme_ctrlr *c)
{
    int err;

    nvme_queue_reset(&c->admin);
    c->admin_sync.outstanding = false;
    c->admin_abort.outstanding = false;
    nvme_events_reset(c);
    for (unsigned i = 0; i < c->info.io_qpairs; i++) {
        nvme_queue_reset(c->io_qpairs[i]);
    }
    atomic_store(&c->failed, false);
    err = nvme_enable(c);
    if (err) {
        return err;
    }
    err = nvme_identify_again(c);
    if (err) {
        return err;
    }
    err = nvme_hmb_enable(c);
    if (err) {
        return err;
    }
    err = nvme_qpairs_recreate(c);
    return err ? err : nvme_events_enable(c);
}

static int give_up(struct nvme_ctrlr *c, int err)
{
    /* The header promises one of these three. */
    c->dead_err = err == -ENODEV || err == -ETIMEDOUT ? err : -EIO;
    if (!c->disabled && nvme_disable(c) == -ETIMEDOUT) {
        log_error("%s: does not become quiet: memory lent to it is never given back", c->name);
    }
    atomic_store(&c->failed, false);
    log_error("%s: dead: recovery was given up: %s", c->name,
              err == -ENODEV ? "the device is gone" : errno_text(err));
    return c->dead_err;
}

int nvme_recover(struct nvme_ctrlr *ctrlr)
{
    int err;

    if (ctrlr->shut_down) {
        return -EIO;
    }
    if (ctrlr->dead_err) {
        return ctrlr->dead_err;
    }
    atomic_fetch_or(&ctrlr->attention, NVME_ATTENTION_STOPPED);
    if (!atomic_load(&ctrlr->failed)) {
        ctrlr->failed_ns = nvme_now(ctrlr);
    }
    ctrlr->resets++;
    log_warn("%s: reset number %u", ctrlr->name, ctrlr->resets);
    err = nvme_disable(ctrlr);
    nvme_end_all(ctrlr);
    if (!err) {
        err = bring_up(ctrlr);
    }
    if (err) {
        return give_up(ctrlr, err);
    }
    atomic_fetch_and(&ctrlr->attention, ~NVME_ATTENTION_STOPPED);
    log_info("%s: in service again", ctrlr->name);
    return 0;
}
