/*
 * tests/model/model_commands.c - the life of a command: fetched, waiting its time, done, completed,
 * and everything a rule can do to it on the way.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

/* --- a heap of commands, the next one due on top ---------------------------------------------- */

static bool sooner(const struct cmd *a, const struct cmd *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->seq < b->seq;
}

static void heap_set(struct nvme_model *m, unsigned at, struct cmd *cmd)
{
    m->heap[at] = cmd;
    cmd->heap_at = (int)at;
}

static void heap_up(struct nvme_model *m, unsigned at)
{
    struct cmd *cmd = m->heap[at];
    while (at > 0 && sooner(cmd, m->heap[(at - 1) / 2])) {
        heap_set(m, at, m->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(m, at, cmd);
}

static void heap_down(struct nvme_model *m, unsigned at)
{
    struct cmd *cmd = m->heap[at];
    for (;;) {
        unsigned child = 2 * at + 1;
        if (child + 1 < m->heap_count && sooner(m->heap[child + 1], m->heap[child])) {
            child++;
        }
        if (child >= m->heap_count || !sooner(m->heap[child], cmd)) {
            break;
        }
        heap_set(m, at, m->heap[child]);
        at = child;
    }
    heap_set(m, at, cmd);
}

static void heap_add(struct nvme_model *m, struct cmd *cmd)
{
    if (m->heap_count == m->heap_cap) {
        m->heap_cap = m->heap_cap ? m->heap_cap * 2 : 256;
        m->heap = realloc(m->heap, m->heap_cap * sizeof(struct cmd *));
        assert(m->heap);
    }
    m->heap[m->heap_count++] = cmd;
    heap_up(m, m->heap_count - 1);
}

static void heap_remove(struct nvme_model *m, struct cmd *cmd)
{
    if (cmd->heap_at < 0) {
        return;
    }
    unsigned at = (unsigned)cmd->heap_at;
    struct cmd *last = m->heap[--m->heap_count];
    cmd->heap_at = -1;
    if (last != cmd) {
        heap_set(m, at, last);
        heap_up(m, at);
        heap_down(m, (unsigned)last->heap_at);
    }
}

uint64_t commands_next_ns(const struct nvme_model *m)
{
    return m->heap_count ? m->heap[0]->due_ns : MODEL_NEVER;
}

/* --- commands --------------------------------------------------------------------------------- */

static void forget(struct nvme_model *m, struct cmd *cmd)
{
    struct sq *sq = m->sqs[cmd->sqid];

    heap_remove(m, cmd);
    if (sq && sq->fused_first == cmd) {
        sq->fused_first = NULL;
    }
    if (cmd->prev) {
        cmd->prev->next = cmd->next;
    } else {
        m->cmds = cmd->next;
    }
    if (cmd->next) {
        cmd->next->prev = cmd->prev;
    }
    m->cmd_count--;
    free(cmd->segs);
    free(cmd);
}

struct cmd *commands_find(struct nvme_model *m, uint16_t sqid, uint16_t cid)
{
    struct cmd *cmd = m->cmds;
    while (cmd && (cmd->sqid != sqid || cmd->cid != cid)) {
        cmd = cmd->next;
    }
    return cmd;
}

/* What a rule does when the command has just been fetched. */
static void apply_rule_at_fetch(struct nvme_model *m, struct cmd *cmd)
{
    switch (cmd->rule ? cmd->rule->action : MODEL_DO_NOTHING) {
    case MODEL_DO_STATUS:
        cmd->status = (uint16_t)cmd->rule->value;
        break;
    case MODEL_DO_DROP:
        cmd->state = CMD_LOST;
        break;
    case MODEL_DO_DELAY:
        cmd->due_ns += cmd->rule->value;
        break;
    case MODEL_DO_EXTRA_IRQ:
        model_spurious_irq(m, m->cqs[m->sqs[cmd->sqid]->cqid]->vector);
        break;
    default:
        break;
    }
}

static struct cmd *take(struct nvme_model *m, struct sq *sq, const uint32_t dw[16])
{
    struct cmd *cmd = calloc(1, sizeof(*cmd));
    assert(cmd);
    memcpy(cmd->dw, dw, sizeof(cmd->dw));
    cmd->opcode = (uint8_t)dw[0];
    cmd->cid = (uint16_t)(dw[0] >> 16);
    cmd->sqid = sq->id;
    cmd->admin = sq->id == 0;
    cmd->heap_at = -1;
    cmd->seq = m->seq++;
    cmd->due_ns = m->now_ns + m->cfg.latency_ns;
    if (m->cfg.jitter_ns) {
        cmd->due_ns += rng_below(&m->rng, m->cfg.jitter_ns);
    }
    if (!cmd->admin) {
        cmd->due_ns += features_io_delay(m);
    }
    cmd->next = m->cmds;
    if (m->cmds) {
        m->cmds->prev = cmd;
    }
    m->cmds = cmd;
    m->cmd_count++;
    return cmd;
}

/* Reserved parts of the first dwords (§4.2); what is wrong is noted and answered. */
static uint16_t check_common(struct nvme_model *m, const struct cmd *cmd)
{
    unsigned psdt = cmd->dw[0] >> 14 & 3;
    bool sgl_allowed = !cmd->admin && m->cfg.sgls & 3; /* over PCIe admin commands have none */

    if (cmd->dw[0] & 0x3c00) {
        model_violate(m, "reserved bits in DW0: %08xh", cmd->dw[0]);
    }
    if (psdt > 1 || (psdt && !sgl_allowed)) {
        model_violate(m, "SGLs asked for, which this controller has not: %08xh", cmd->dw[0]);
        return ST_INVALID_FIELD | ST_DNR;
    }
    return ST_OK;
}

/* --- fused operations (§6.2): Compare and Write, next to each other in one queue -------------- */

static unsigned fuse_of(const struct cmd *cmd)
{
    return cmd->dw[0] >> 8 & 3;
}

static bool is_pair(const struct cmd *first, const struct cmd *second)
{
    return first->opcode == NVM_COMPARE && second->opcode == NVM_WRITE &&
           first->dw[1] == second->dw[1] && first->dw[10] == second->dw[10] &&
           first->dw[11] == second->dw[11] &&
           (first->dw[12] & 0xffff) == (second->dw[12] & 0xffff);
}

/* A command was fetched behind one that waits for the second of its pair. */
static void fuse(struct nvme_model *m, struct sq *sq, struct cmd *cmd)
{
    struct cmd *first = sq->fused_first;

    sq->fused_first = NULL;
    if (fuse_of(cmd) == 2 && first && is_pair(first, cmd)) {
        first->second = cmd;
        first->due_ns = cmd->due_ns = MAX(first->due_ns, cmd->due_ns);
        if (io_block_count(cmd) > m->cfg.acwu_0b + 1U) {
            first->status = ST_ATOMIC_EXCEEDED | ST_DNR;
        }
    } else if (fuse_of(cmd) == 2 && first) {
        first->status = cmd->status = ST_INVALID_FIELD | ST_DNR;
    } else if (first) {
        first->status = ST_MISSING_FUSED;
    } else if (fuse_of(cmd) == 2) {
        cmd->status = ST_MISSING_FUSED;
    }
    if (first) {
        first->state = CMD_WAITING;
        heap_add(m, first);
    }
}

/* True: cmd is the first of a pair, and waits for the second. */
static bool waits_for_second(const struct nvme_model *m, struct sq *sq, struct cmd *cmd)
{
    if (sq->fused_first || fuse_of(cmd) == 2) {
        return false; /* fuse() has judged */
    }
    if (fuse_of(cmd) == 0 || cmd->admin || !m->cfg.fused || cmd->status) {
        cmd->status = fuse_of(cmd) && !cmd->status ? ST_INVALID_FIELD | ST_DNR : cmd->status;
        return false;
    }
    cmd->state = CMD_FUSED;
    sq->fused_first = cmd;
    return true;
}

/* What the first has come to decides on the second. */
static void tell_second(const struct cmd *first, uint16_t status)
{
    if (first->second && status) {
        first->second->status = ST_FAILED_FUSED;
    }
}

void commands_begin(struct nvme_model *m, struct sq *sq, const uint32_t dw[16])
{
    struct cmd *cmd = take(m, sq, dw);
    uint64_t *word = &sq->cids[cmd->cid / 64];
    uint64_t bit = UINT64_C(1) << (cmd->cid % 64);

    m->count.by_opcode[!cmd->admin][cmd->opcode]++;
    m->count.admin_commands += cmd->admin;
    m->count.io_commands += !cmd->admin;
    int sub = (int)(dw[10] & 0xff);
    cmd->rule = rules_find(m, cmd->admin ? MODEL_ON_ADMIN : MODEL_ON_IO, cmd->opcode, sub);
    if (*word & bit) {
        model_violate(m, "identifier %u of queue %u reused while outstanding", cmd->cid, sq->id);
        cmd->status = ST_CID_CONFLICT;
    } else {
        *word |= bit;
        cmd->status = check_common(m, cmd);
    }
    if (rules_apply_global(m, cmd->rule)) {
        return;
    }
    if (cmd->status == ST_OK) {
        apply_rule_at_fetch(m, cmd);
    }
    if (cmd->status == ST_OK) {
        cmd->status = cmd->admin ? admin_begin(m, cmd) : io_begin(m, cmd);
    }
    if (sq->fused_first || fuse_of(cmd) == 2) {
        fuse(m, sq, cmd);
    }
    if (waits_for_second(m, sq, cmd)) {
        return;
    }
    if (cmd->state == CMD_WAITING) {
        heap_add(m, cmd);
    }
}

static uint32_t head_to_tell(struct nvme_model *m, struct sq *sq)
{
    uint32_t before = sq->head_shown;

    sq->head_shown = sq->head;
    switch (m->cfg.sqhd) {
    case MODEL_SQHD_LAGS:
        return before;
    case MODEL_SQHD_FROZEN:
        return 0;
    case MODEL_SQHD_JUMPS:
        return (uint32_t)rng_below(&m->rng, 65536);
    default:
        return sq->head;
    }
}

/* Posts the completion as the command's rule wants it and forgets the command, unless the rule
 * leaves it outstanding for ever. */
void commands_complete(struct nvme_model *m, struct cmd *cmd, uint16_t status)
{
    struct sq *sq = m->sqs[cmd->sqid];
    enum model_action action = cmd->rule ? cmd->rule->action : MODEL_DO_NOTHING;
    uint16_t cid = action == MODEL_DO_CID ? (uint16_t)cmd->rule->value : cmd->cid;
    uint64_t value = cmd->rule ? cmd->rule->value : 0;
    uint32_t sqid = action == MODEL_DO_SQID ? (uint32_t)value & 0xffff : sq->id;
    struct cqe cqe = {
        .dw0 = action == MODEL_DO_RESULT ? (uint32_t)value : cmd->result,
        .dw2 = head_to_tell(m, sq) | sqid << 16,
        .dw3 = cid | (uint32_t)status << 17,
        .torn = action == MODEL_DO_TORN,
        .torn_ns = value,
        .no_irq = action == MODEL_DO_LOSE_IRQ,
    };

    log_note_command(m, cmd, status);
    sq->head_told = sq->head;
    if (action == MODEL_DO_CID) {
        heap_remove(m, cmd);
        cmd->state = CMD_LOST;
        cmd->rule = NULL;
    } else {
        sq->cids[cmd->cid / 64] &= ~(UINT64_C(1) << (cmd->cid % 64));
        forget(m, cmd);
    }
    uint16_t cqid = sq->cqid;
    queues_post(m, cqid, &cqe);
    if (action == MODEL_DO_DUPLICATE && value == 0) {
        queues_post(m, cqid, &cqe);
    } else if (action == MODEL_DO_DUPLICATE && m->echo_count < ARRAY_SIZE(m->echoes)) {
        m->echoes[m->echo_count++] = (struct echo){ m->now_ns + value, cqid, cqe };
    }
}

void commands_echo_due(struct nvme_model *m)
{
    for (unsigned i = 0; i < m->echo_count;) {
        struct echo echo = m->echoes[i];
        if (echo.due_ns > m->now_ns) {
            i++;
            continue;
        }
        m->echoes[i] = m->echoes[--m->echo_count];
        if (cq_find(m, echo.cqid)) {
            queues_post(m, echo.cqid, &echo.cqe);
        }
    }
}

void commands_finish_due(struct nvme_model *m)
{
    while (m->heap_count && m->heap[0]->due_ns <= m->now_ns && !(m->csts & CSTS_CFS)) {
        struct cmd *cmd = m->heap[0];
        uint16_t status = cmd->status;
        if (status == ST_OK) {
            status = cmd->admin ? admin_run(m, cmd) : io_run(m, cmd);
        }
        hmb_touch(m);
        tell_second(cmd, status);
        commands_complete(m, cmd, status);
    }
}

void commands_end_sq(struct nvme_model *m, uint16_t sqid, uint16_t status)
{
    for (struct cmd *cmd = m->cmds; cmd;) {
        struct cmd *next = cmd->next;
        if (cmd->sqid == sqid) {
            commands_complete(m, cmd, status);
        }
        cmd = next;
    }
}

/* A reset may still let transfers that were under way reach memory: scribble plays that, so that a
 * driver which gave a buffer back too early is caught. */
static void scribble_on(struct nvme_model *m, struct cmd *cmd)
{
    bool to_host = cmd->admin ? cmd->opcode == ADM_IDENTIFY || cmd->opcode == ADM_GET_LOG
                              : cmd->opcode == NVM_READ;
    if (!to_host || cmd->state == CMD_FUSED || cmd->status != ST_OK || cmd->bytes == 0) {
        return;
    }
    uint8_t junk[64];
    memset(junk, 0x5c, sizeof(junk));
    prp_to_host(m, cmd, junk, MIN(cmd->bytes, (uint64_t)sizeof(junk)));
}

void commands_forget_all(struct nvme_model *m, bool scribble)
{
    while (m->cmds) {
        if (scribble) {
            scribble_on(m, m->cmds);
        }
        forget(m, m->cmds);
    }
    m->aer_count = 0;
}
