/*
 * tests/model/model_directive.c - Directives (NVMe 1.4 §9) with four streams, and Keep Alive
 * (§5.18).
 */
#include "tests/model/model_internal.h"

#include "lib/string.h"

enum { TYPE_IDENTIFY = 0, TYPE_STREAMS = 1, STREAMS = 4 };

static unsigned operation(const struct cmd *cmd)
{
    return cmd->dw[11] & 0xff;
}

static unsigned type_of(const struct cmd *cmd)
{
    return cmd->dw[11] >> 8 & 0xff;
}

static unsigned free_streams(const struct nvme_model *m)
{
    unsigned used = 0;
    for (unsigned i = 0; i < m->cfg.ns_count; i++) {
        used += m->ns[i].streams;
    }
    return STREAMS - used;
}

/* Bytes that a Receive returns; 0: it has no data. */
static uint64_t answer_bytes(const struct cmd *cmd)
{
    if (cmd->opcode == ADM_DIRECTIVE_SEND || operation(cmd) == 3) {
        return 0;
    }
    return ((uint64_t)cmd->dw[10] + 1) * 4;
}

uint16_t directive_begin(struct nvme_model *m, struct cmd *cmd)
{
    if (!m->cfg.directives) {
        return ST_INVALID_OPCODE | ST_DNR;
    }
    if (!media_ns(m, cmd->dw[1])) {
        return ST_INVALID_NS | ST_DNR;
    }
    return prp_walk(m, cmd, answer_bytes(cmd));
}

static uint16_t receive(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    uint8_t page[4096] = { 0 };

    if (type_of(cmd) == TYPE_IDENTIFY && operation(cmd) == 1) {
        page[0] = 3;
        page[32] = ns->streams_enabled ? 3 : 1;
    } else if (type_of(cmd) == TYPE_STREAMS && ns->streams_enabled && operation(cmd) == 1) {
        put_le(page, 2, STREAMS);
        put_le(page + 2, 2, free_streams(m));
        put_le(page + 16, 4, 8);
        put_le(page + 20, 2, 16);
        put_le(page + 22, 2, ns->streams);
    } else if (type_of(cmd) == TYPE_STREAMS && ns->streams_enabled && operation(cmd) == 3) {
        ns->streams = (uint16_t)(ns->streams + MIN(cmd->dw[12] & 0xffff, free_streams(m)));
        cmd->result = ns->streams;
        return ST_OK;
    } else {
        return ST_INVALID_FIELD | ST_DNR;
    }
    return prp_to_host(m, cmd, page, MIN(cmd->bytes, (uint64_t)sizeof(page))) ? ST_OK
                                                                             : ST_DATA_TRANSFER;
}

static uint16_t send(const struct cmd *cmd, struct ns *ns)
{
    if (type_of(cmd) == TYPE_IDENTIFY && operation(cmd) == 1) {
        if ((cmd->dw[12] >> 8 & 0xff) != TYPE_STREAMS) {
            return ST_INVALID_FIELD | ST_DNR; /* Identify itself cannot be switched */
        }
        ns->streams_enabled = cmd->dw[12] & 1;
        ns->streams = ns->streams_enabled ? ns->streams : 0;
        return ST_OK;
    }
    if (type_of(cmd) == TYPE_STREAMS && ns->streams_enabled && operation(cmd) == 2) {
        ns->streams = 0;
        return ST_OK;
    }
    return ST_INVALID_FIELD | ST_DNR;
}

uint16_t directive_run(struct nvme_model *m, struct cmd *cmd)
{
    struct ns *ns = media_ns(m, cmd->dw[1]);
    if (!ns) {
        return ST_INVALID_NS | ST_DNR;
    }
    return cmd->opcode == ADM_DIRECTIVE_SEND ? send(cmd, ns) : receive(m, cmd, ns);
}

uint16_t keep_alive_run(struct nvme_model *m)
{
    m->count.keep_alives++;
    return ST_OK;
}
