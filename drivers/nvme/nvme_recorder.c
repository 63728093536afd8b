/*
 * drivers/nvme/nvme_recorder.c - the last commands of each queue, read from the rings.
 */
#include "drivers/nvme/nvme_recorder.h"

#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/log.h"
#include "lib/string.h"

#define LINE_BYTES      192
#define LOG_OUTSTANDING 4 /* of each queue, on the console */
#define LOG_COMMANDS    6 /* of each queue, in the log */

static const struct nvme_qpair *queue_at(const struct nvme_ctrlr *c, unsigned queue)
{
    if (queue == 0) {
        return &c->admin;
    }
    return queue <= c->info.io_qpairs ? c->io_qpairs[queue - 1] : NULL;
}

/* The first mark that was made when more than count commands, or completions, had gone by; and the
 * one before it. NULL: there is none. */
static void find_marks(const struct nvme_qpair *qp, uint64_t count, bool completions,
                       const struct nvme_mark **before, const struct nvme_mark **after)
{
    uint64_t kept = MIN(qp->batches, (uint64_t)NVME_MARKS);

    *before = *after = NULL;
    for (uint64_t n = qp->batches - kept; n < qp->batches; n++) {
        const struct nvme_mark *mark = &qp->marks[n % NVME_MARKS];

        if ((completions ? mark->completions : mark->commands) > count) {
            *after = mark;
            return;
        }
        *before = mark;
    }
}

/* The newest completion with this identifier: its number, or UINT64_MAX. */
static uint64_t find_answer(const struct nvme_qpair *qp, uint16_t cid, uint16_t *status)
{
    uint64_t kept = MIN(qp->completions - qp->completions_before, (uint64_t)qp->cq_entries);

    for (uint64_t back = 1; back <= kept; back++) {
        uint64_t number = qp->completions - back;
        size_t entry = (number - qp->completions_before) % qp->cq_entries;
        uint32_t dw3 = qp->cq[4 * entry + 3];

        if (FIELD_GET(NVME_CQE_DW3_CID, dw3) == cid) {
            *status = (uint16_t)FIELD_GET(NVME_CQE_DW3_STATUS, dw3);
            return number;
        }
    }
    return UINT64_MAX;
}

static bool is_outstanding(const struct nvme_ctrlr *c, const struct nvme_qpair *qp, uint16_t cid)
{
    if (qp == &c->admin) {
        unsigned event = cid - NVME_ADMIN_CID_EVENT;

        return (c->admin_sync.outstanding && c->admin_sync.cid == cid) ||
               (c->admin_abort.outstanding && c->admin_abort.cid == cid) ||
               (c->admin_side.outstanding && c->admin_side.cid == cid) ||
               (event < NVME_EVENT_REQUESTS &&
                c->events.requests[event].state == NVME_REQUEST_WAITING);
    }
    const struct nvme_slot *slot = &qp->slots[cid & qp->slot_mask];
    return slot->io && nvme_tag_cid(slot->tag) == cid;
}

/* NULL: there is none. */
static const struct nvme_sqe *command_at(const struct nvme_qpair *qp, unsigned back)
{
    if (!qp || !qp->slots || qp->sq_in_cmb ||
        back >= MIN(qp->commands - qp->commands_before, (uint64_t)qp->sq_entries)) {
        return NULL;
    }
    return &qp->sq[(qp->commands - 1 - back - qp->commands_before) % qp->sq_entries];
}

bool nvme_recorder_get(const struct nvme_ctrlr *ctrlr, unsigned queue, unsigned back,
                       struct nvme_record *out)
{
    const struct nvme_qpair *qp = queue_at(ctrlr, queue);
    const struct nvme_sqe *sqe = command_at(qp, back);
    const struct nvme_mark *before, *after;

    if (!sqe) {
        return false;
    }
    uint64_t number = qp->commands - 1 - back;
    *out = (struct nvme_record){.number = number, .cmd = *sqe, .state = NVME_RECORD_UNKNOWN};
    find_marks(qp, number, false, &before, &after);
    if (before) {
        out->posted_ns = before->time_ns;
    }
    if (is_outstanding(ctrlr, qp, out->cmd.cid)) {
        out->state = NVME_RECORD_OUTSTANDING;
        return true;
    }
    uint64_t answer = find_answer(qp, out->cmd.cid, &out->status);
    if (answer != UINT64_MAX) {
        out->state = NVME_RECORD_ANSWERED;
        find_marks(qp, answer, true, &before, &after);
        out->answered_ns = after && before ? after->time_ns : 0;
    }
    return true;
}

/* --- words ------------------------------------------------------------------------------------ */

void nvme_record_format(const struct nvme_record *record, bool admin, char *buf, size_t cap)
{
    char text[128], status[96] = "answer not known any more";

    nvme_sqe_format(admin, &record->cmd, text, sizeof(text));
    if (record->state == NVME_RECORD_OUTSTANDING) {
        bool event = admin && record->cmd.opcode == NVME_ADM_ASYNC_EVENT_REQUEST;

        str_copy(status, sizeof(status), event ? "waits for an event" : "not answered");
    } else if (record->state == NVME_RECORD_ANSWERED && record->status == 0) {
        str_copy(status, sizeof(status), "success");
    } else if (record->state == NVME_RECORD_ANSWERED) {
        nvme_status_format(record->status, status, sizeof(status));
    }
    str_format(buf, cap, "command %xh: %s: %s", record->cmd.cid, text, status);
}

/* Microseconds before now, or a blank: not known. */
static void print_age(struct out *out, uint64_t now_ns, uint64_t then_ns)
{
    if (then_ns && then_ns <= now_ns) {
        out_printf(out, "%12llu us ago  ", (unsigned long long)((now_ns - then_ns) / NS_PER_US));
    } else {
        out_printf(out, "%20s", "");
    }
}

static void dump_queue(const struct nvme_ctrlr *c, unsigned queue, struct out *out,
                       unsigned commands)
{
    const struct nvme_qpair *qp = queue_at(c, queue);
    uint64_t now_ns = nvme_now(c);
    struct nvme_record record;
    char line[LINE_BYTES];

    out_printf(out, "%s queue %u: %u entries, %u outstanding, %llu posted, %llu completed; tail %u "
               "(told %u), head %u\n", c->name, queue, qp->sq_entries, qp->outstanding,
               (unsigned long long)qp->commands, (unsigned long long)qp->completions, qp->sq_tail,
               qp->sq_rung, qp->cq_head);
    for (unsigned back = 0; back < commands; back++) {
        if (!nvme_recorder_get(c, queue, back, &record)) {
            break;
        }
        nvme_record_format(&record, queue == 0, line, sizeof(line));
        print_age(out, now_ns, record.posted_ns);
        out_puts(out, line);
        if (record.answered_ns && record.answered_ns <= now_ns) {
            out_printf(out, ", seen %llu us ago",
                       (unsigned long long)((now_ns - record.answered_ns) / NS_PER_US));
        }
        out_puts(out, "\n");
    }
    if (qp->bad_cqe_ns) {
        print_age(out, now_ns, qp->bad_cqe_ns);
        out_printf(out, "completion for no command: %08x %08x %08x %08x\n", qp->bad_cqe[0],
                   qp->bad_cqe[1], qp->bad_cqe[2], qp->bad_cqe[3]);
    }
}

void nvme_recorder_dump(const struct nvme_ctrlr *ctrlr, struct out *out, unsigned commands)
{
    for (unsigned queue = 0; queue_at(ctrlr, queue); queue++) {
        dump_queue(ctrlr, queue, out, commands);
    }
}

static void log_record(const struct nvme_ctrlr *c, unsigned queue, unsigned back,
                       enum log_level level)
{
    struct nvme_record record;
    char line[LINE_BYTES];

    if (nvme_recorder_get(c, queue, back, &record)) {
        uint64_t now_ns = nvme_now(c);
        uint64_t age_ns =
            record.posted_ns && record.posted_ns <= now_ns ? now_ns - record.posted_ns : 0;

        nvme_record_format(&record, queue == 0, line, sizeof(line));
        log_message(level, "%s queue %u: %llu ms ago %s", c->name, queue,
                    (unsigned long long)(age_ns / NS_PER_MS), line);
    }
}

/* What is outstanding is what a person has to see; the rest helps who looks into the log. */
static void log_queue(const struct nvme_ctrlr *c, unsigned queue)
{
    const struct nvme_qpair *qp = queue_at(c, queue);
    const struct nvme_sqe *sqe;
    unsigned told = 0;

    for (unsigned back = 0; (sqe = command_at(qp, back)); back++) {
        bool event = queue == 0 && sqe->opcode == NVME_ADM_ASYNC_EVENT_REQUEST;

        if (!event && told < LOG_OUTSTANDING && is_outstanding(c, qp, sqe->cid)) {
            log_record(c, queue, back, LOG_WARN);
            told++;
        } else if (back < LOG_COMMANDS) {
            log_record(c, queue, back, LOG_INFO);
        }
    }
}

void nvme_recorder_log(const struct nvme_ctrlr *c)
{
    for (unsigned queue = 0; queue_at(c, queue); queue++) {
        log_queue(c, queue);
    }
}
