/*
 * drivers/nvme/nvme_directive.c - Directive Send and Receive, Keep Alive.
 */
#include "drivers/nvme/nvme_directive.h"

#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"

#define ENABLE_CDW12_ENDIR GENMASK64(0, 0) /* of Identify, Enable Directive */
#define ENABLE_CDW12_DTYPE GENMASK64(15, 8)

static int run(struct nvme_ctrlr *c, uint8_t opcode, const struct nvme_directive *d,
               enum nvme_dir dir, void *data, size_t len, struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = opcode,
        .nsid = d->nsid,
        .cdw10 = len ? (uint32_t)(len / sizeof(uint32_t) - 1) : 0,
        .cdw11 = (uint32_t)(FIELD_PREP(NVME_DIRECTIVE_CDW11_DOPER, d->operation) |
                            FIELD_PREP(NVME_DIRECTIVE_CDW11_DTYPE, d->type) |
                            FIELD_PREP(NVME_DIRECTIVE_CDW11_DSPEC, d->specific)),
        .cdw12 = d->cdw12,
    };

    if (res) {
        *res = (struct nvme_result){0};
    }
    if (!nvme_can(c, NVME_CAN_DIRECTIVES)) {
        return -ENOTSUP;
    }
    if (len % sizeof(uint32_t)) {
        return -EINVAL;
    }
    return nvme_admin(c, &cmd, len ? dir : NVME_NO_DATA, data, len, res);
}

int nvme_directive_receive(struct nvme_ctrlr *ctrlr, const struct nvme_directive *directive,
                           void *data, size_t len, struct nvme_result *res)
{
    return run(ctrlr, NVME_ADM_DIRECTIVE_RECEIVE, directive, NVME_TO_HOST, data, len, res);
}

int nvme_directive_send(struct nvme_ctrlr *ctrlr, const struct nvme_directive *directive,
                        const void *data, size_t len, struct nvme_result *res)
{
    return run(ctrlr, NVME_ADM_DIRECTIVE_SEND, directive, NVME_TO_DEVICE,
               (void *)(uintptr_t)data, len, res);
}

int nvme_directive_parameters(struct nvme_ctrlr *ctrlr, uint32_t nsid,
                              struct nvme_directive_parameters *out, struct nvme_result *res)
{
    const struct nvme_directive d = {
        .nsid = nsid,
        .type = NVME_DIRECTIVE_IDENTIFY,
        .operation = NVME_DIRECTIVE_IDENTIFY_RECEIVE_PARAMETERS,
    };

    return nvme_directive_receive(ctrlr, &d, out, sizeof(*out), res);
}

int nvme_directive_enable(struct nvme_ctrlr *ctrlr, uint32_t nsid, uint8_t type, bool on,
                          struct nvme_result *res)
{
    const struct nvme_directive d = {
        .nsid = nsid,
        .type = NVME_DIRECTIVE_IDENTIFY,
        .operation = NVME_DIRECTIVE_IDENTIFY_SEND_ENABLE,
        .cdw12 = (uint32_t)(FIELD_PREP(ENABLE_CDW12_ENDIR, on) |
                            FIELD_PREP(ENABLE_CDW12_DTYPE, type)),
    };

    return nvme_directive_send(ctrlr, &d, NULL, 0, res);
}

int nvme_stream_parameters(struct nvme_ctrlr *ctrlr, uint32_t nsid,
                           struct nvme_stream_parameters *out, struct nvme_result *res)
{
    const struct nvme_directive d = {
        .nsid = nsid,
        .type = NVME_DIRECTIVE_STREAMS,
        .operation = NVME_DIRECTIVE_STREAMS_RECEIVE_PARAMETERS,
    };

    return nvme_directive_receive(ctrlr, &d, out, sizeof(*out), res);
}

/* --- keep alive ------------------------------------------------------------------------------- */

int nvme_keep_alive(struct nvme_ctrlr *ctrlr, struct nvme_result *res)
{
    const struct nvme_sqe cmd = {.opcode = NVME_ADM_KEEP_ALIVE};

    if (res) {
        *res = (struct nvme_result){0};
    }
    if (!nvme_can(ctrlr, NVME_CAN_KEEP_ALIVE)) {
        return -ENOTSUP;
    }
    ctrlr->keep_alive_sent_ns = nvme_now(ctrlr);
    return nvme_admin(ctrlr, &cmd, NVME_NO_DATA, NULL, 0, res);
}

void nvme_keep_alive_note(struct nvme_ctrlr *c, const struct nvme_sqe *cmd)
{
    if (cmd->opcode == NVME_ADM_SET_FEATURES &&
        FIELD_GET(NVME_SET_FEATURES_CDW10_FID, cmd->cdw10) == NVME_FEAT_KEEP_ALIVE_TIMER) {
        c->keep_alive_ns = (uint64_t)cmd->cdw11 * NS_PER_MS;
        c->keep_alive_sent_ns = nvme_now(c);
    }
}

void nvme_keep_alive_poll(struct nvme_ctrlr *c)
{
    if (c->keep_alive_ns && nvme_now(c) - c->keep_alive_sent_ns >= c->keep_alive_ns / 2) {
        if (nvme_keep_alive(c, NULL)) {
            c->keep_alive_ns = 0; /* it does not take them */
        }
    }
}
