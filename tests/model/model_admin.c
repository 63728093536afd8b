/*
 * tests/model/model_admin.c - the admin command set (NVMe 1.4 §5), as far as the model knows it.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

static uint64_t prp1_of(const struct cmd *cmd)
{
    return cmd->dw[6] | (uint64_t)cmd->dw[7] << 32;
}

/* An error in a command that only a wrong driver sends: noted as well as answered. */
static uint16_t wrong(struct nvme_model *m, const struct cmd *cmd, uint16_t status, const char *why)
{
    model_violate(m, "admin command %02xh, queue %u: %s", cmd->opcode, cmd->dw[10] & 0xffff, why);
    return status | ST_DNR;
}

/* --- queues ----------------------------------------------------------------------------------- */

/* What Create of either kind of queue checks (§5.3, §5.4). */
static uint16_t check_create(struct nvme_model *m, const struct cmd *cmd, unsigned agreed,
                             bool exists, unsigned entry_bytes)
{
    uint32_t qid = cmd->dw[10] & 0xffff;
    uint32_t size_0b = cmd->dw[10] >> 16;
    uint64_t page = UINT64_C(4096) << (m->cc >> CC_MPS_AT & 15);

    if (agreed == 0) {
        return wrong(m, cmd, ST_QID_INVALID, "created before Number of Queues was agreed");
    }
    if (qid == 0 || qid > agreed || exists) {
        return wrong(m, cmd, ST_QID_INVALID, "identifier out of range or in use");
    }
    if (size_0b == 0 || size_0b > m->cfg.mqes_0b) {
        return wrong(m, cmd, ST_QSIZE_INVALID, "size outside 2..MQES + 1");
    }
    if (!(cmd->dw[11] & 1) && m->cfg.cqr) {
        return wrong(m, cmd, ST_INVALID_FIELD, "not contiguous, although CAP.CQR is 1");
    }
    if (prp1_of(cmd) % page) {
        return wrong(m, cmd, ST_PRP_OFFSET, "memory is not page aligned");
    }
    if ((m->cc >> CC_IOSQES_AT & 15) != 6 || (m->cc >> CC_IOCQES_AT & 15) != 4) {
        return wrong(m, cmd, ST_QSIZE_INVALID, "CC.IOSQES is not 6 or CC.IOCQES not 4");
    }
    uint64_t bytes = (uint64_t)(size_0b + 1) * entry_bytes;
    if (entry_bytes == 64 && cmb_holds(m, prp1_of(cmd))) {
        m->count.sqs_in_cmb++;
        return cmb_or_lent(m, prp1_of(cmd), bytes) ? ST_OK : ST_CMB_USE | ST_DNR;
    }
    if (!queue_memory_ok(m, "I/O queue", prp1_of(cmd), bytes)) {
        return ST_DATA_TRANSFER | ST_DNR;
    }
    return ST_OK;
}

static uint16_t create_cq(struct nvme_model *m, struct cmd *cmd)
{
    uint16_t qid = (uint16_t)cmd->dw[10];
    uint16_t vector = (uint16_t)(cmd->dw[11] >> 16);
    bool ien = cmd->dw[11] & 2;
    uint16_t status = check_create(m, cmd, m->cqs_agreed, cq_find(m, qid), 16);

    if (status) {
        return status;
    }
    if (cmd->dw[11] & 0xfffc) {
        return wrong(m, cmd, ST_INVALID_FIELD, "reserved bits in CDW11");
    }
    if (ien && vector >= MAX(m->cfg.vectors, 1U)) {
        return wrong(m, cmd, ST_VECTOR_INVALID, "no such interrupt vector");
    }
    cq_make(m, qid, (cmd->dw[10] >> 16) + 1, prp1_of(cmd), ien, vector);
    return ST_OK;
}

static uint16_t create_sq(struct nvme_model *m, struct cmd *cmd)
{
    uint16_t qid = (uint16_t)cmd->dw[10];
    uint16_t cqid = (uint16_t)(cmd->dw[11] >> 16);
    uint16_t status = check_create(m, cmd, m->sqs_agreed, sq_find(m, qid), 64);

    if (status) {
        return status;
    }
    if (cmd->dw[11] & 0xfff8) {
        return wrong(m, cmd, ST_INVALID_FIELD, "reserved bits in CDW11");
    }
    if (cqid == 0 || cqid > m->cqs_agreed) {
        return wrong(m, cmd, ST_QID_INVALID, "completion queue identifier out of range");
    }
    if (!cq_find(m, cqid)) {
        return wrong(m, cmd, ST_CQ_INVALID, "its completion queue does not exist");
    }
    sq_make(m, qid, cqid, (cmd->dw[10] >> 16) + 1, prp1_of(cmd));
    return ST_OK;
}

static uint16_t delete_sq(struct nvme_model *m, struct cmd *cmd)
{
    uint16_t qid = (uint16_t)cmd->dw[10];

    if (qid == 0 || !sq_find(m, qid)) {
        return wrong(m, cmd, ST_QID_INVALID, "there is no such submission queue");
    }
    commands_end_sq(m, qid, ST_ABORT_SQ_DELETION);
    sq_drop(m, qid);
    return ST_OK;
}

static uint16_t delete_cq(struct nvme_model *m, struct cmd *cmd)
{
    uint16_t qid = (uint16_t)cmd->dw[10];

    if (qid == 0 || !cq_find(m, qid)) {
        return wrong(m, cmd, ST_QID_INVALID, "there is no such completion queue");
    }
    if (m->cqs[qid]->sqs) {
        return wrong(m, cmd, ST_QUEUE_DELETION, "submission queues still complete there");
    }
    cq_drop(m, qid);
    return ST_OK;
}

/* --- features --------------------------------------------------------------------------------- */

static uint16_t number_of_queues(struct nvme_model *m, struct cmd *cmd)
{
    uint32_t sqs = cmd->dw[11] & 0xffff;
    uint32_t cqs = cmd->dw[11] >> 16;

    if (sqs == 0xffff || cqs == 0xffff) {
        return wrong(m, cmd, ST_INVALID_FIELD, "65536 queues asked for");
    }
    if (m->count.io_sqs || m->count.io_cqs) {
        return wrong(m, cmd, ST_SEQUENCE, "Number of Queues after queues were created");
    }
    m->count.queues_asked = cmd->dw[11];
    m->sqs_agreed = m->cfg.sq_grant;
    m->cqs_agreed = m->cfg.cq_grant;
    cmd->result = (m->sqs_agreed - 1) | (m->cqs_agreed - 1) << 16;
    return ST_OK;
}

static uint16_t set_features(struct nvme_model *m, struct cmd *cmd)
{
    bool queues = (cmd->dw[10] & 0xff) == FEAT_NUMBER_OF_QUEUES;

    return queues ? number_of_queues(m, cmd) : features_set(m, cmd);
}

/* --- data ------------------------------------------------------------------------------------- */

/* The answer to a command, as its rule wants it: whole, in half, or with a wrong first byte. */
uint16_t admin_answer(struct nvme_model *m, struct cmd *cmd, uint8_t *data)
{
    enum model_action action = cmd->rule ? cmd->rule->action : MODEL_DO_NOTHING;
    if (action == MODEL_DO_CORRUPT) {
        data[0] ^= 0xff;
    }
    uint64_t limit = action == MODEL_DO_SHORT ? cmd->bytes / 2 : cmd->bytes;
    return prp_to_host(m, cmd, data, limit) ? ST_OK : ST_DATA_TRANSFER;
}

static uint16_t identify(struct nvme_model *m, struct cmd *cmd)
{
    uint8_t page[4096];
    uint16_t status = identify_fill(m, (uint8_t)cmd->dw[10], cmd->dw[1], page);
    return status ? status : admin_answer(m, cmd, page);
}

static uint16_t abort_command(struct nvme_model *m, struct cmd *cmd)
{
    struct cmd *target = commands_find(m, (uint16_t)cmd->dw[10], (uint16_t)(cmd->dw[10] >> 16));

    m->count.aborts++;
    cmd->result = 1; /* not aborted */
    if (cmd->rule && cmd->rule->action == MODEL_DO_FORGET) {
        cmd->result = 0; /* it says */
        return ST_OK;
    }
    if (target && target != cmd && target->state != CMD_LOST && m->cfg.abort_works) {
        cmd->result = 0;
        m->aer_count -= target->state == CMD_AER;
        commands_complete(m, target, ST_ABORT_REQUESTED);
    }
    return ST_OK;
}

/* No more than ACL + 1 at a time (§5.1). */
static uint16_t begin_abort(struct nvme_model *m)
{
    unsigned under_way = 0;

    for (const struct cmd *other = m->cmds; other; other = other->next) {
        under_way += other->admin && other->opcode == ADM_ABORT && other->state == CMD_WAITING;
    }
    if (under_way > m->cfg.acl_0b + 1U) {
        model_violate(m, "%u Aborts at a time, ACL allows %u", under_way, m->cfg.acl_0b + 1U);
        return ST_ABORT_LIMIT | ST_DNR;
    }
    return ST_OK;
}

static uint16_t hold_event_request(struct nvme_model *m, struct cmd *cmd)
{
    if (m->aer_count > m->cfg.aerl_0b) {
        model_violate(m, "more than AERL + 1 = %u Asynchronous Event Requests",
                      m->cfg.aerl_0b + 1U);
        return ST_AER_LIMIT | ST_DNR;
    }
    if (cmd->state == CMD_WAITING) {
        cmd->state = CMD_AER;
        m->aer_count++;
    }
    return ST_OK;
}

static uint16_t doorbell_buffer(struct nvme_model *m, const struct cmd *cmd)
{
    uint64_t shadow = cmd->dw[6] | (uint64_t)cmd->dw[7] << 32;
    uint64_t event = cmd->dw[8] | (uint64_t)cmd->dw[9] << 32;

    if (!m->cfg.shadow_doorbells) {
        return ST_INVALID_OPCODE | ST_DNR;
    }
    if ((shadow | event) & 4095 || !queue_memory_ok(m, "shadow doorbell buffer", shadow, 4096) ||
        !queue_memory_ok(m, "event index buffer", event, 4096)) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    m->shadow_base = shadow;
    m->event_base = event;
    m->count.shadow_configs++;
    return ST_OK;
}

uint16_t admin_begin(struct nvme_model *m, struct cmd *cmd)
{
    uint16_t status = manage_begin(m, cmd);

    if (status) {
        return status;
    }
    switch (cmd->opcode) {
    case ADM_IDENTIFY:
        return prp_walk(m, cmd, 4096);
    case ADM_GET_LOG:
        return log_begin(m, cmd);
    case ADM_DIRECTIVE_SEND:
    case ADM_DIRECTIVE_RECEIVE:
        return directive_begin(m, cmd);
    case ADM_ABORT:
        return begin_abort(m);
    case ADM_ASYNC_EVENT:
        return hold_event_request(m, cmd);
    case ADM_GET_FEATURES:
        return features_begin_get(m, cmd);
    case ADM_SET_FEATURES:
        return features_begin_set(m, cmd);
    case ADM_SECURITY_SEND:
    case ADM_SECURITY_RECEIVE:
        return security_begin(m, cmd);
    case ADM_GET_LBA_STATUS:
        return lba_status_begin(m, cmd);
    default:
        return ST_OK;
    }
}

uint16_t admin_run(struct nvme_model *m, struct cmd *cmd)
{
    switch (cmd->opcode) {
    case ADM_DELETE_SQ:
        return delete_sq(m, cmd);
    case ADM_CREATE_SQ:
        return create_sq(m, cmd);
    case ADM_GET_LOG:
        return log_run(m, cmd);
    case ADM_DELETE_CQ:
        return delete_cq(m, cmd);
    case ADM_CREATE_CQ:
        return create_cq(m, cmd);
    case ADM_IDENTIFY:
        return identify(m, cmd);
    case ADM_DIRECTIVE_SEND:
    case ADM_DIRECTIVE_RECEIVE:
        return directive_run(m, cmd);
    case ADM_KEEP_ALIVE:
        return keep_alive_run(m);
    case ADM_ABORT:
        return abort_command(m, cmd);
    case ADM_DOORBELL_BUFFER:
        return doorbell_buffer(m, cmd);
    case ADM_FORMAT:
    case ADM_SANITIZE:
    case ADM_FIRMWARE_DOWNLOAD:
    case ADM_FIRMWARE_COMMIT:
    case ADM_SELF_TEST:
    case ADM_NS_MANAGEMENT:
    case ADM_NS_ATTACHMENT:
        return manage_run(m, cmd);
    case ADM_SET_FEATURES:
        return set_features(m, cmd);
    case ADM_GET_FEATURES:
        return features_get(m, cmd);
    case ADM_SECURITY_SEND:
        return security_send(m, cmd);
    case ADM_SECURITY_RECEIVE:
        return security_receive(m, cmd);
    case ADM_GET_LBA_STATUS:
        return lba_status(m, cmd);
    default: /* a vendor's command that has effects does nothing else here */
        return log_effects_of(m, true, cmd->opcode) ? ST_OK : ST_INVALID_OPCODE | ST_DNR;
    }
}
