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
#include "lib/string.h"

#define STORM_NS           (60 * NS_PER_S)
#define SUBSYSTEM_RESET_NS (100 * NS_PER_MS)

void nvme_fail(struct nvme_ctrlr *c, const char *why)
{
    if (!atomic_exchange(&c->failed, true)) {
        c->failed_ns = nvme_now(c);
        str_copy(c->why, sizeof(c->why), why);
        log_error("%s: failed: %s", c->name, why);
    }
    atomic_fetch_or(&c->attention, NVME_ATTENTION_STOPPED);
}

int nvme_check_status(struct nvme_ctrlr *c)
{
    uint32_t csts = nvme_read32(c, NVME_REG_CSTS);

    if (nvme_csts_is_gone(c, csts)) {
        nvme_fail(c, nvme_present(c) ? "its registers do not answer"
                                     : "the device is gone, it was pulled out or has lost power");
        return -ENODEV;
    }
    if (FIELD_GET(NVME_CSTS_CFS, csts)) {
        nvme_fail(c, "it reports a fatal status (CSTS.CFS)");
        return -EIO;
    }
    if (!FIELD_GET(NVME_CSTS_RDY, csts)) {
        nvme_fail(c, "it is not ready any more (CSTS.RDY = 0)");
        return -EIO;
    }
    return 0;
}

void nvme_ctrlr_stats(const struct nvme_ctrlr *ctrlr, struct nvme_ctrlr_stats *out)
{
    *out = (struct nvme_ctrlr_stats){
        .resets = ctrlr->resets,
        .resets_forced = ctrlr->resets_forced,
        .failed_ns = ctrlr->why[0] ? ctrlr->failed_ns : 0,
        .why = ctrlr->why,
        .aborts_sent = ctrlr->aborts_sent,
        .retries = ctrlr->retries,
        .retried_ok = ctrlr->retried_ok,
        .kept_bytes = ctrlr->kept_bytes,
    };
}

void nvme_admin_stats(const struct nvme_ctrlr *ctrlr, struct nvme_qpair_stats *out)
{
    nvme_qpair_stats(&ctrlr->admin, out);
}

bool nvme_present(const struct nvme_ctrlr *ctrlr)
{
    return !ctrlr->plat.present || ctrlr->plat.present(ctrlr->plat.ctx);
}

void nvme_note_removed(struct nvme_ctrlr *ctrlr)
{
    if (!nvme_present(ctrlr)) {
        ctrlr->removed = true;
        ctrlr->disabled = true; /* what is not there does not write to memory */
    }
    if (!ctrlr->dead_err && !ctrlr->shut_down && !atomic_exchange(&ctrlr->failed, true)) {
        ctrlr->failed_ns = nvme_now(ctrlr);
    }
    atomic_fetch_or(&ctrlr->attention, NVME_ATTENTION_STOPPED);
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
        nvme_slot_free(qp, i);
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
    c->abort_qp = NULL;
    c->admin_side.outstanding = false;
    nvme_events_reset(c);
    c->keep_alive_ns = 0;
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
    nvme_retry_enable(c);
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

static bool is_gone(const struct nvme_ctrlr *c)
{
    return nvme_csts_is_gone(c, nvme_read32(c, NVME_REG_CSTS));
}

static void put_back_configuration(struct nvme_ctrlr *c)
{
    const struct platform *plat = &c->plat;

    if (plat->restore && (is_gone(c) || (plat->configured && !plat->configured(plat->ctx))) &&
        plat->restore(plat->ctx) == 0) {
        log_info("%s: its configuration was lost and has been put back", c->name);
    }
}

/* One more reset because of a failure: too many of them within a minute help nobody. */
static bool is_storm(struct nvme_ctrlr *c)
{
    uint64_t now_ns = nvme_now(c);
    unsigned recent = 0;

    c->reset_times_ns[c->resets_forced++ % NVME_RESETS_REMEMBERED] = now_ns;
    for (unsigned i = 0; i < MIN(c->resets_forced, (unsigned)NVME_RESETS_REMEMBERED); i++) {
        recent += now_ns - c->reset_times_ns[i] < STORM_NS;
    }
    return recent > c->opt.max_resets;
}

int nvme_recover(struct nvme_ctrlr *ctrlr)
{
    bool had_failed = atomic_load(&ctrlr->failed);
    bool storm = false;
    int err;

    if (ctrlr->shut_down) {
        return -EIO;
    }
    if (ctrlr->dead_err) {
        return ctrlr->dead_err;
    }
    if (ctrlr->removed) {
        ctrlr->dead_err = -ENODEV;
        nvme_end_all(ctrlr);
        atomic_store(&ctrlr->failed, false);
        return -ENODEV;
    }
    atomic_fetch_or(&ctrlr->attention, NVME_ATTENTION_STOPPED);
    if (had_failed) {
        nvme_recorder_log(ctrlr);
        storm = is_storm(ctrlr);
    } else {
        ctrlr->failed_ns = nvme_now(ctrlr);
    }
    nvme_disarm_for(ctrlr, "it was reset");
    ctrlr->resets++;
    log_warn("%s: reset number %u", ctrlr->name, ctrlr->resets);
    put_back_configuration(ctrlr);
    err = nvme_disable(ctrlr);
    nvme_end_all(ctrlr);
    if (!err && storm) {
        log_error("%s: it had to be reset more than %u times within %u s", ctrlr->name,
                  ctrlr->opt.max_resets, (unsigned)(STORM_NS / NS_PER_S));
        err = -EIO;
    }
    if (!err) {
        err = bring_up(ctrlr);
    }
    if (err) {
        return give_up(ctrlr, err);
    }
    atomic_fetch_and(&ctrlr->attention, ~NVME_ATTENTION_STOPPED);
    /* Who asked for the reset is told by whom he asked. */
    log_message(had_failed ? LOG_WARN : LOG_INFO, "%s: in service again", ctrlr->name);
    return 0;
}

int nvme_resume(struct nvme_ctrlr *ctrlr)
{
    int err;

    if (!ctrlr->shut_down) {
        return atomic_load(&ctrlr->attention) & NVME_ATTENTION_STOPPED ? -ESHUTDOWN : 0;
    }
    if (ctrlr->dead_err) {
        return ctrlr->dead_err;
    }
    err = nvme_disable(ctrlr); /* it is; this is to hear that it is still there */
    if (!err) {
        err = bring_up(ctrlr);
    }
    ctrlr->shut_down = false;
    if (err) {
        return give_up(ctrlr, err);
    }
    atomic_fetch_and(&ctrlr->attention, ~NVME_ATTENTION_STOPPED);
    log_info("%s: in service again", ctrlr->name);
    return 0;
}

int nvme_subsystem_reset(struct nvme_ctrlr *ctrlr)
{
    if (!FIELD_GET(NVME_CAP_NSSRS, ctrlr->info.cap)) {
        return -ENOTSUP;
    }
    if (ctrlr->shut_down || ctrlr->dead_err) {
        return -ESHUTDOWN;
    }
    atomic_fetch_or(&ctrlr->attention, NVME_ATTENTION_STOPPED);
    log_warn("%s: the whole NVM subsystem is being reset", ctrlr->name);
    nvme_write32(ctrlr, NVME_REG_NSSR, NVME_NSSR_RESET);
    /* The link may go down, and a device that has come back may be silent for so long. */
    nvme_wait(ctrlr, SUBSYSTEM_RESET_NS);
    int err = nvme_recover(ctrlr);
    if (!err && FIELD_GET(NVME_CSTS_NSSRO, nvme_read32(ctrlr, NVME_REG_CSTS))) {
        nvme_write32(ctrlr, NVME_REG_CSTS, (uint32_t)NVME_CSTS_NSSRO); /* written to be cleared */
    }
    return err;
}
