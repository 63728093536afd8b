/*
 * drivers/nvme/nvme_admin.c - the admin queue, polled. One command at a time is waited for, its
 * data copied through a buffer that belongs to the controller: so nothing of a caller's is ever
 * lent, and a command that is not answered leaves only the driver's own memory in the device's
 * hands. Beside it lie the Asynchronous Event Requests (nvme_events.c), and an Abort when the
 * command is overdue. The three are told apart by their identifiers.
 */
#include "drivers/nvme/nvme_gate.h"
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/out.h"
#include "lib/string.h"

#define ADMIN_CSTS_INTERVAL_NS NS_PER_MS
#define ADMIN_TICK_INTERVAL_NS (500 * NS_PER_MS)
/* For the owners of queues to stop: far more than lies between two reaps of a running job. */
#define OWNERS_STOP_NS (100 * NS_PER_MS)

int nvme_admin_init(struct nvme_ctrlr *c)
{
    const struct platform *plat = &c->plat;
    int err = nvme_queue_init(c, &c->admin, 0, NVME_ADMIN_ENTRIES, NVME_ADMIN_ENTRIES, 0);

    if (err) {
        return err;
    }
    err = plat->dma_alloc(plat->ctx, nvme_prp_list_bytes(NVME_ADMIN_DATA_MAX_BYTES),
                          NVME_PAGE_BYTES, &c->admin.list_mem);
    if (err) {
        goto err_list;
    }
    err = plat->dma_alloc(plat->ctx, NVME_IDENTIFY_BYTES, NVME_PAGE_BYTES, &c->admin_data);
    if (err) {
        goto err_data;
    }
    return 0;

err_data: /* nvme_queue_fini frees the list */
err_list:
    nvme_queue_fini(&c->admin);
    return err;
}

void nvme_admin_fini(struct nvme_ctrlr *c)
{
    nvme_dma_free(c, &c->admin_data);
    nvme_dma_free(c, &c->side_data);
    nvme_queue_fini(&c->admin);
}

/* Makes the buffer long enough. It only grows: nothing is outstanding here. */
static int admin_buffer(struct nvme_ctrlr *c, size_t len)
{
    const struct platform *plat = &c->plat;
    struct dma_buf larger;

    if (len <= c->admin_data.len) {
        return 0;
    }
    int err = plat->dma_alloc(plat->ctx, ALIGN_UP(len, (size_t)NVME_PAGE_BYTES), NVME_PAGE_BYTES,
                              &larger);
    if (err) {
        return err;
    }
    plat->dma_free(plat->ctx, &c->admin_data);
    c->admin_data = larger;
    return 0;
}

void nvme_admin_put(struct nvme_ctrlr *c, const struct nvme_sqe *cmd, uint16_t cid)
{
    struct nvme_qpair *qp = &c->admin;
    struct nvme_sqe *sqe = &qp->sq[qp->sq_tail];

    nvme_queue_begin_batch(qp);

    *sqe = *cmd;
    sqe->flags = 0;
    sqe->cid = cid;
    sqe->mptr = 0;
    if (atomic_load(&c->attention) & NVME_ATTENTION_TRACE) {
        nvme_trace_submission(qp, sqe);
    }
    nvme_queue_advance_sq(qp);
}

void nvme_admin_ring(struct nvme_ctrlr *c)
{
    struct nvme_qpair *qp = &c->admin;

    if (qp->sq_tail != qp->sq_rung) {
        nvme_dma_check_ring(qp);
        qp->sq_rung = qp->sq_tail;
        qp->sq_doorbells++;
        nvme_write32(c, qp->sq_doorbell, qp->sq_tail);
    }
}

static void admin_post(struct nvme_ctrlr *c, const struct nvme_sqe *cmd, size_t len)
{
    struct nvme_qpair *qp = &c->admin;
    struct nvme_sqe own = *cmd;

    if (len) {
        uint64_t prp1, prp2;

        nvme_prp_build(c->admin_data.iova, len, qp->list_mem.va, qp->list_mem.iova, &prp1, &prp2);
        own.prp1 = prp1;
        own.prp2 = prp2;
    }
    /* It comes again after a long time only, so a late completion is known for what it is. */
    bool wrap = c->admin_cid < NVME_ADMIN_CID_FIRST || c->admin_cid == NVME_ADMIN_CID_LAST;

    c->admin_cid = wrap ? NVME_ADMIN_CID_FIRST : (uint16_t)(c->admin_cid + 1);
    c->admin_sync = (struct nvme_admin_cmd){ .outstanding = true, .cid = c->admin_cid };
    nvme_admin_put(c, &own, c->admin_sync.cid);
    nvme_admin_ring(c);
}

/* The completion is that of cmd: keeps what it says. */
static bool admin_complete(struct nvme_admin_cmd *cmd, uint16_t cid, uint16_t status, uint32_t dw0)
{
    if (!cmd->outstanding || cmd->cid != cid) {
        return false;
    }
    cmd->outstanding = false;
    cmd->res = (struct nvme_result){ .status = status, .dw0 = dw0, .has_id = true, .cid = cid };
    return true;
}

bool nvme_admin_reap(struct nvme_ctrlr *c)
{
    struct nvme_qpair *qp = &c->admin;
    uint64_t cqe;

    if (!nvme_queue_peek(qp, &cqe)) {
        return false;
    }
    uint32_t dw3 = nvme_cqe_dw3(cqe);
    uint32_t dw0 = qp->cq[4 * qp->cq_head];
    uint16_t cid = (uint16_t)FIELD_GET(NVME_CQE_DW3_CID, dw3);
    uint16_t status = (uint16_t)FIELD_GET(NVME_CQE_DW3_STATUS, dw3);

    if (atomic_load(&c->attention) & NVME_ATTENTION_TRACE) {
        nvme_trace_completion(qp, dw0, dw3);
    }
    nvme_queue_advance_cq(qp);
    nvme_queue_ack(qp);
    if (admin_complete(&c->admin_abort, cid, status, dw0)) {
        nvme_overdue_answered(c);
    } else if (!admin_complete(&c->admin_sync, cid, status, dw0) &&
        !admin_complete(&c->admin_side, cid, status, dw0) &&
        !nvme_events_complete(c, cid, status, dw0)) {
        qp->bad_completions++;
        log_error("%s: controller fault: admin command %u completed, which is not outstanding",
                  c->name, cid);
    }
    return true;
}

/* Looks until the command is completed, or until deadline_ns: 0 and -ETIMEDOUT; anything else when
 * the controller can no longer answer. */
static int admin_wait_until(struct nvme_ctrlr *c, uint64_t deadline_ns)
{
    uint64_t now_ns = nvme_now(c);
    uint64_t next_csts_ns = now_ns + ADMIN_CSTS_INTERVAL_NS;
    uint64_t next_tick_ns = now_ns + ADMIN_TICK_INTERVAL_NS;

    for (;;) {
        bool last = now_ns >= deadline_ns;

        /* A controller that completes without end shall not keep us here. */
        for (unsigned i = 0; i < NVME_ADMIN_ENTRIES && nvme_admin_reap(c); i++) {
        }
        nvme_overdue_poll(c);
        if (!c->admin_sync.outstanding) {
            return 0;
        }
        if (last) {
            return -ETIMEDOUT;
        }
        if (now_ns >= next_csts_ns) {
            int err = nvme_check_status(c);

            if (err) {
                return err;
            }
            next_csts_ns = now_ns + ADMIN_CSTS_INTERVAL_NS;
        }
        if (atomic_load(&c->failed)) {
            return -ESHUTDOWN; /* the owner of an I/O queue has found it out */
        }
        if (c->patience && c->patience->tick && now_ns >= next_tick_ns) {
            c->patience->tick(c->patience->arg, c);
            next_tick_ns = now_ns + ADMIN_TICK_INTERVAL_NS;
        }
        nvme_relax(c);
        now_ns = nvme_now(c);
    }
}

/* The command is overdue: an Abort is cheaper than a reset, if the controller obeys. As
 * admin_wait_until. */
static int admin_abort_overdue(struct nvme_ctrlr *c)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_ABORT,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_ABORT_CDW10_CID, c->admin_sync.cid),
    };

    /* One at a time: within the abort command limit, which is one at the least. */
    if (c->admin_abort.outstanding) {
        return -ETIMEDOUT;
    }
    c->admin_abort = (struct nvme_admin_cmd){ .outstanding = true, .cid = NVME_ADMIN_CID_ABORT };
    nvme_admin_put(c, &cmd, NVME_ADMIN_CID_ABORT);
    nvme_admin_ring(c);
    return admin_wait_until(c, nvme_now(c) + MIN(NVME_ABORT_WAIT_NS, c->opt.admin_timeout_ns));
}

static bool is_aborted(const struct nvme_result *res)
{
    return FIELD_GET(NVME_STATUS_CODE, res->status) == NVME_SC_ABORT_REQUESTED;
}

static int admin_wait(struct nvme_ctrlr *c, uint8_t opcode, struct nvme_result *res)
{
    unsigned long long timeout_ms = c->opt.admin_timeout_ns / NS_PER_MS;
    int err = admin_wait_until(c, nvme_now(c) + c->opt.admin_timeout_ns);
    char why[96], name[48];

    nvme_opcode_format(true, opcode, name, sizeof(name));
    if (err == -ETIMEDOUT && opcode != NVME_ADM_ABORT) {
        err = admin_abort_overdue(c);
        if (!err && is_aborted(&c->admin_sync.res)) {
            log_warn("%s: %s was not answered within %llu ms and was aborted", c->name, name,
                     timeout_ms);
            *res = c->admin_sync.res;
            return -ETIMEDOUT;
        }
    }
    if (err == -ETIMEDOUT) {
        str_format(why, sizeof(why), "%s was not answered within %llu ms", name, timeout_ms);
        nvme_fail(c, why);
    }
    *res = c->admin_sync.res;
    return err;
}

int nvme_admin_run(struct nvme_ctrlr *c, const struct nvme_sqe *cmd, enum nvme_dir dir, void *data,
                   size_t len, struct nvme_result *res)
{
    struct nvme_result own = {0};
    int err;

    if (!res) {
        res = &own;
    }
    *res = own;
    if (c->disabled || atomic_load(&c->failed)) {
        return -ESHUTDOWN;
    }
    if ((dir == NVME_NO_DATA) != (len == 0) || (len && !data) || len > NVME_ADMIN_DATA_MAX_BYTES ||
        (c->info.max_transfer_bytes && len > c->info.max_transfer_bytes)) {
        return -EINVAL;
    }
    err = admin_buffer(c, len);
    if (err) {
        return err;
    }
    if (dir == NVME_TO_DEVICE) {
        memcpy(c->admin_data.va, data, len);
    } else if (len) {
        memset(c->admin_data.va, 0, len);
    }
    admin_post(c, cmd, len);
    err = admin_wait(c, cmd->opcode, res);
    if (err) {
        return err;
    }
    if (res->status) {
        c->admin.errors++;
        return nvme_status_errno(res->status);
    }
    if (dir == NVME_TO_HOST) {
        memcpy(data, c->admin_data.va, len);
    }
    return 0;
}

int nvme_admin_identify(struct nvme_ctrlr *c, uint8_t cns, uint32_t nsid, void *buf,
                        struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_IDENTIFY,
        .nsid = nsid,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_IDENTIFY_CDW10_CNS, cns),
    };

    return nvme_admin_run(c, &cmd, NVME_TO_HOST, buf, NVME_IDENTIFY_BYTES, res);
}

int nvme_set_queue_count(struct nvme_ctrlr *c, unsigned count, unsigned *granted)
{
    uint32_t count_0b = count - 1;
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_SET_FEATURES,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_SET_FEATURES_CDW10_FID, NVME_FEAT_NUMBER_OF_QUEUES),
        .cdw11 = (uint32_t)(FIELD_PREP(NVME_NUM_QUEUES_SQ, count_0b) |
                            FIELD_PREP(NVME_NUM_QUEUES_CQ, count_0b)),
    };
    struct nvme_result res;
    char status[96];
    int err = nvme_admin_run(c, &cmd, NVME_NO_DATA, NULL, 0, &res);

    if (err) {
        if (res.status) {
            nvme_status_format(res.status, status, sizeof(status));
            log_error("%s: setting the number of queues was refused: %s", c->name, status);
            return -EIO;
        }
        return err;
    }
    unsigned sqs = (unsigned)FIELD_GET(NVME_NUM_QUEUES_SQ, res.dw0) + 1;
    unsigned cqs = (unsigned)FIELD_GET(NVME_NUM_QUEUES_CQ, res.dw0) + 1;
    unsigned pairs = MIN(sqs, cqs);

    *granted = MIN(count, pairs);
    return 0;
}

static int create_cq(struct nvme_qpair *qp, struct nvme_result *res)
{
    uint64_t cdw11 = NVME_CREATE_CQ_CDW11_PC;

    if (qp->has_irq) {
        cdw11 |= NVME_CREATE_CQ_CDW11_IEN | FIELD_PREP(NVME_CREATE_CQ_CDW11_IV, qp->vector);
    }
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_CREATE_IO_CQ,
        .prp1 = qp->cq_mem.iova,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_CREATE_Q_CDW10_QID, qp->qid) |
                            FIELD_PREP(NVME_CREATE_Q_CDW10_QSIZE, qp->cq_entries - 1)),
        .cdw11 = (uint32_t)cdw11,
    };
    return nvme_admin_run(qp->ctrlr, &cmd, NVME_NO_DATA, NULL, 0, res);
}

static int create_sq(struct nvme_qpair *qp, struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_CREATE_IO_SQ,
        .prp1 = qp->sq_mem.iova,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_CREATE_Q_CDW10_QID, qp->qid) |
                            FIELD_PREP(NVME_CREATE_Q_CDW10_QSIZE, qp->sq_entries - 1)),
        .cdw11 =
            (uint32_t)(NVME_CREATE_SQ_CDW11_PC | FIELD_PREP(NVME_CREATE_SQ_CDW11_CQID, qp->qid)),
    };
    return nvme_admin_run(qp->ctrlr, &cmd, NVME_NO_DATA, NULL, 0, res);
}

static int delete_queue(struct nvme_qpair *qp, uint8_t opcode)
{
    const struct nvme_sqe cmd = {
        .opcode = opcode,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_DELETE_Q_CDW10_QID, qp->qid),
    };
    struct nvme_result res;
    int err = nvme_admin_run(qp->ctrlr, &cmd, NVME_NO_DATA, NULL, 0, &res);

    if (err && res.status) {
        log_debug("%s: deleting queue %u: %s", qp->ctrlr->name, qp->qid,
                  nvme_status_name(res.status));
    }
    return err;
}

int nvme_create_queues(struct nvme_qpair *qp)
{
    struct nvme_result res;
    char status[96];
    const char *what = "completion";
    int err = create_cq(qp, &res);

    if (!err) {
        what = "submission";
        err = create_sq(qp, &res);
        if (err && res.status) {
            uint16_t refused = res.status;

            if (delete_queue(qp, NVME_ADM_DELETE_IO_CQ) != 0) { /* its memory is about to go */
                nvme_fail(qp->ctrlr, "it does not delete its I/O queues");
            }
            res.status = refused;
        }
    }
    if (err && res.status) {
        nvme_status_format(res.status, status, sizeof(status));
        log_warn("%s: creating I/O %s queue %u of %u entries was refused: %s", qp->ctrlr->name,
                 what, qp->qid, what[0] == 'c' ? qp->cq_entries : qp->sq_entries, status);
        err = -EIO;
    }
    qp->created = err == 0;
    return err;
}

int nvme_delete_queues(struct nvme_qpair *qp)
{
    if (!qp->created) {
        return 0;
    }
    qp->created = false;
    /* A completion queue may only go after its submission queues (§5.5). */
    int err = delete_queue(qp, NVME_ADM_DELETE_IO_SQ);
    return err ? err : delete_queue(qp, NVME_ADM_DELETE_IO_CQ);
}

/* --- public --------------------------------------------------------------------------------- */

int nvme_admin_patient(struct nvme_ctrlr *ctrlr, const struct nvme_sqe *cmd, enum nvme_dir dir,
                       void *data, size_t len, const struct nvme_patience *patience,
                       struct nvme_result *res)
{
    uint64_t usual_ns = ctrlr->opt.admin_timeout_ns;
    struct nvme_sqe own = *cmd;

    if (res) {
        *res = (struct nvme_result){0};
    }
    if (atomic_load(&ctrlr->attention) & NVME_ATTENTION_STOPPED) {
        return -ESHUTDOWN;
    }
    own.prp1 = 0;
    own.prp2 = 0;
    int err = nvme_gate(ctrlr, true, &own);
    if (err) {
        return err;
    }
    /* Only this command may take so long, not those of a recovery. */
    ctrlr->patience = patience;
    ctrlr->opt.admin_timeout_ns = MAX(usual_ns, patience ? patience->timeout_ns : 0);
    err = nvme_admin_run(ctrlr, &own, dir, data, len, res);
    ctrlr->opt.admin_timeout_ns = usual_ns;
    ctrlr->patience = NULL;
    if (!err) {
        nvme_keep_alive_note(ctrlr, &own);
    }
    if (!atomic_load(&ctrlr->failed)) {
        return err;
    }
    /* Owners of queues on other CPUs notice at their next post or reap, and stop. */
    for (unsigned i = 1; i < ctrlr->info.io_qpairs; i++) {
        if (ctrlr->io_qpairs[i]->outstanding) {
            nvme_wait(ctrlr, OWNERS_STOP_NS);
            break;
        }
    }
    int recovered = nvme_recover(ctrlr);
    return err ? err : recovered;
}

int nvme_admin(struct nvme_ctrlr *ctrlr, const struct nvme_sqe *cmd, enum nvme_dir dir, void *data,
               size_t len, struct nvme_result *res)
{
    return nvme_admin_patient(ctrlr, cmd, dir, data, len, NULL, res);
}

int nvme_abort(struct nvme_ctrlr *ctrlr, uint16_t sqid, uint16_t cid, bool *aborted)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_ABORT,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_ABORT_CDW10_SQID, sqid) |
                            FIELD_PREP(NVME_ABORT_CDW10_CID, cid)),
    };
    struct nvme_result res;
    int err = nvme_admin(ctrlr, &cmd, NVME_NO_DATA, NULL, 0, &res);

    *aborted = !err && !FIELD_GET(NVME_ABORT_DW0_NOT_ABORTED, res.dw0);
    return err;
}

int nvme_identify(struct nvme_ctrlr *ctrlr, uint8_t cns, uint32_t nsid, void *buf,
                  struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_IDENTIFY,
        .nsid = nsid,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_IDENTIFY_CDW10_CNS, cns),
    };

    return nvme_admin(ctrlr, &cmd, NVME_TO_HOST, buf, NVME_IDENTIFY_BYTES, res);
}
