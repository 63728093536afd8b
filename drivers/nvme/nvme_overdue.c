/*
 * drivers/nvme/nvme_overdue.c - I/O commands that are not answered in time: look once more, then
 * Abort, then fail the controller, which is reset then.
 *
 * Two CPUs take part. The owner of the queue finds the command and asks for its Abort; the
 * controller's CPU, which has the admin queue, sends that whenever it polls (nvme_events_poll, or
 * while it waits for a command itself) and tells when it is answered. One command of a queue is
 * dealt with at a time, and one Abort is with the controller at a time, so its limit (ACL) holds.
 * Nobody has to poll: the owner fails the controller when the time for the Abort is over, too.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/log.h"

#define LOOK_EVERY_NS NS_PER_MS /* while something is overdue */

static uint64_t abort_wait_ns(const struct nvme_qpair *qp)
{
    return MIN(NVME_ABORT_WAIT_NS, qp->timeout_ns);
}

/* "Read (queue 1, command 12h) was not answered within 2000 ms" */
static void describe(const struct nvme_qpair *qp, const struct nvme_slot *slot, char *buf,
                     size_t cap)
{
    char name[32];

    nvme_opcode_format(false, slot->io->opcode, name, sizeof(name));
    str_format(buf, cap, "%s (queue %u, command %xh) was not answered within %llu ms", name,
               qp->qid, nvme_tag_cid(slot->tag), (unsigned long long)(qp->timeout_ns / NS_PER_MS));
}

/* The command that has been outstanding longest, if that is too long; or NULL. */
static const struct nvme_slot *find_oldest_overdue(const struct nvme_qpair *qp, uint64_t now_ns)
{
    const struct nvme_slot *oldest = NULL;
    uint32_t left = qp->outstanding;

    for (uint32_t i = 0; i < qp->depth && left; i++) {
        const struct nvme_slot *slot = &qp->slots[i];

        if (!slot->io) {
            continue;
        }
        left--;
        if (now_ns >= slot->posted_ns + qp->timeout_ns && /* the clock may have gone back */
            (!oldest || slot->posted_ns < oldest->posted_ns)) {
            oldest = slot;
        }
    }
    return oldest;
}

static void ask_for_abort(struct nvme_qpair *qp, const struct nvme_slot *slot)
{
    struct nvme_overdue *o = &qp->overdue;
    char what[96];

    o->tag = slot->tag;
    qp->timeouts++;
    describe(qp, slot, what, sizeof(what));
    log_warn("%s: %s: asking for its Abort", qp->ctrlr->name, what);
    atomic_store_explicit(&o->state, NVME_OVERDUE_ASKED, memory_order_release);
    atomic_store(&qp->ctrlr->abort_wanted, true);
}

static bool is_outstanding(const struct nvme_qpair *qp, uint32_t tag)
{
    const struct nvme_slot *slot = &qp->slots[nvme_tag_cid(tag) & qp->slot_mask];

    return tag != NVME_NO_TAG && slot->io && slot->tag == tag;
}

/* Nothing is with the controller's CPU: another command can be taken up. */
static bool may_ask(struct nvme_overdue *o)
{
    unsigned state = NVME_OVERDUE_ASKED;

    if (!atomic_compare_exchange_strong(&o->state, &state, NVME_OVERDUE_NONE)) {
        if (state == NVME_OVERDUE_SENT) {
            return false;
        }
        atomic_store(&o->state, NVME_OVERDUE_NONE);
    }
    return true;
}

/* The command that was dealt with has ended by itself, or was ended by its Abort. */
static void put_away(struct nvme_qpair *qp)
{
    struct nvme_overdue *o = &qp->overdue;

    if (o->tag != NVME_NO_TAG) {
        qp->late_answers++;
        log_info("%s: queue %u: command %xh was answered after all", qp->ctrlr->name, qp->qid,
                 nvme_tag_cid(o->tag));
        o->tag = NVME_NO_TAG;
    }
}

static void give_up(const struct nvme_qpair *qp, const struct nvme_slot *slot)
{
    char what[96], why[128];

    describe(qp, slot, what, sizeof(what));
    str_format(why, sizeof(why), "%s, nor aborted within %llu ms more", what,
               (unsigned long long)(abort_wait_ns(qp) / NS_PER_MS));
    nvme_fail(qp->ctrlr, why);
}

void nvme_overdue_look(struct nvme_qpair *qp, uint64_t now_ns)
{
    struct nvme_overdue *o = &qp->overdue;
    const struct nvme_slot *oldest = find_oldest_overdue(qp, now_ns);
    uint64_t cqe;

    qp->next_walk_ns = now_ns + qp->timeout_ns / 16;
    if (!is_outstanding(qp, o->tag)) {
        put_away(qp);
    }
    if (!oldest) {
        o->since_ns = 0;
        (void)may_ask(o);
        return;
    }
    qp->next_walk_ns = now_ns + MIN(qp->timeout_ns / 16, LOOK_EVERY_NS);
    o->since_ns = o->since_ns ? o->since_ns : now_ns;
    /* It may be us who were away so long: what has completed is not overdue. But a queue in which
     * there is always something to reap must not hide a lost command for ever: half of the time
     * is for that, the other half for the Abort. */
    if (now_ns < o->since_ns + abort_wait_ns(qp) / 2 && nvme_queue_peek(qp, &cqe)) {
        qp->until_clock = 1;
        qp->next_walk_ns = now_ns;
        return;
    }
    if (o->tag == NVME_NO_TAG && may_ask(o)) {
        ask_for_abort(qp, oldest);
    }
    if (now_ns >= oldest->posted_ns + qp->timeout_ns + abort_wait_ns(qp) &&
        now_ns >= o->since_ns + abort_wait_ns(qp)) {
        give_up(qp, oldest);
    }
}

bool nvme_overdue_ended(struct nvme_qpair *qp, uint32_t tag)
{
    if (tag != qp->overdue.tag) {
        return false;
    }
    qp->aborted++;
    qp->overdue.tag = NVME_NO_TAG;
    return true;
}

void nvme_overdue_reset(struct nvme_qpair *qp)
{
    atomic_store(&qp->overdue.state, NVME_OVERDUE_NONE);
    qp->overdue.tag = NVME_NO_TAG;
    qp->overdue.since_ns = 0;
}

/* --- the controller's CPU --------------------------------------------------------------------- */

static void send_abort(struct nvme_ctrlr *c, struct nvme_qpair *qp)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_ABORT,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_ABORT_CDW10_SQID, qp->qid) |
                            FIELD_PREP(NVME_ABORT_CDW10_CID, nvme_tag_cid(qp->overdue.tag))),
    };

    c->abort_qp = qp;
    c->aborts_sent++;
    c->admin_abort = (struct nvme_admin_cmd){.outstanding = true, .cid = NVME_ADMIN_CID_ABORT};
    nvme_admin_put(c, &cmd, NVME_ADMIN_CID_ABORT);
    nvme_admin_ring(c);
}

void nvme_overdue_poll(struct nvme_ctrlr *c)
{
    if (likely(!atomic_load_explicit(&c->abort_wanted, memory_order_relaxed)) || c->disabled ||
        atomic_load(&c->attention) & NVME_ATTENTION_STOPPED) {
        return;
    }
    if (c->admin_abort.outstanding) {
        if (!c->admin_sync.outstanding) { /* who waits for that one reaps */
            (void)nvme_admin_reap(c);
        }
        return;
    }
    /* Before the search: who asks meanwhile is found now, or makes it true again. */
    atomic_store(&c->abort_wanted, false);
    for (unsigned i = 0; i < c->info.io_qpairs; i++) {
        unsigned state = NVME_OVERDUE_ASKED;

        if (!atomic_compare_exchange_strong(&c->io_qpairs[i]->overdue.state, &state,
                                            NVME_OVERDUE_SENT)) {
            continue;
        }
        send_abort(c, c->io_qpairs[i]);
        atomic_store(&c->abort_wanted, true); /* there may be more */
        return;
    }
}

void nvme_overdue_answered(struct nvme_ctrlr *c)
{
    if (c->abort_qp) {
        atomic_store_explicit(&c->abort_qp->overdue.state, NVME_OVERDUE_ANSWERED,
                              memory_order_release);
        c->abort_qp = NULL;
    }
}
