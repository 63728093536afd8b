/*
 * tests/model/model_security.c - Security Send and Receive with the list of protocols (protocol
 * 00h) and a made-up one, F0h, that gives back what it was sent; and Get LBA Status.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

enum { PROTOCOL_INFORMATION = 0x00, PROTOCOL_ECHO = 0xf0 };

static uint8_t protocol_of(const struct cmd *cmd)
{
    return (uint8_t)(cmd->dw[10] >> 24);
}

static uint16_t specific_of(const struct cmd *cmd)
{
    return (uint16_t)(cmd->dw[10] >> 8);
}

uint16_t security_begin(struct nvme_model *m, struct cmd *cmd)
{
    if (!m->cfg.security) {
        return ST_INVALID_OPCODE | ST_DNR;
    }
    if (cmd->opcode == ADM_SECURITY_SEND && protocol_of(cmd) == PROTOCOL_ECHO &&
        cmd->dw[11] > sizeof(m->security_data)) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    return prp_walk(m, cmd, cmd->dw[11]);
}

uint16_t security_send(struct nvme_model *m, struct cmd *cmd)
{
    if (protocol_of(cmd) != PROTOCOL_ECHO) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    m->security_specific = specific_of(cmd);
    m->security_bytes = cmd->dw[11];
    return prp_from_host(m, cmd, m->security_data, UINT64_MAX) ? ST_OK : ST_DATA_TRANSFER;
}

uint16_t security_receive(struct nvme_model *m, struct cmd *cmd)
{
    static const uint8_t protocols[10] = { [7] = 2, PROTOCOL_INFORMATION, PROTOCOL_ECHO };
    uint8_t *data = calloc(1, cmd->bytes + 1);
    uint16_t status = ST_OK;

    assert(data);
    if (protocol_of(cmd) == PROTOCOL_INFORMATION && specific_of(cmd) == 0) {
        memcpy(data, protocols, MIN(cmd->bytes, sizeof(protocols)));
    } else if (protocol_of(cmd) == PROTOCOL_ECHO && specific_of(cmd) == m->security_specific) {
        memcpy(data, m->security_data, MIN(cmd->bytes, m->security_bytes));
    } else {
        status = ST_INVALID_FIELD | ST_DNR;
    }
    if (status == ST_OK && !prp_to_host(m, cmd, data, UINT64_MAX)) {
        status = ST_DATA_TRANSFER;
    }
    free(data);
    return status;
}

/* --- Get LBA Status (§5.27) ------------------------------------------------------------------- */

enum { LIST_HEADER = 8, LIST_ENTRY = 16, BY_LENGTH = 1, BY_RANGE = 2 };

uint16_t lba_status_begin(struct nvme_model *m, struct cmd *cmd)
{
    uint64_t slba = cmd->dw[10] | (uint64_t)cmd->dw[11] << 32;
    const struct ns *ns = media_ns(m, cmd->dw[1]);
    uint8_t action = (uint8_t)(cmd->dw[13] >> 24);

    if (!m->cfg.lba_status) {
        return ST_INVALID_OPCODE | ST_DNR;
    }
    if (!ns) {
        return ST_INVALID_NS | ST_DNR;
    }
    if (slba >= ns->cfg.blocks) {
        return ST_LBA_RANGE | ST_DNR;
    }
    if (action != 0x10 && action != 0x11) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    return prp_walk(m, cmd, ((uint64_t)cmd->dw[12] + 1) * 4);
}

/* Adjacent spoiled blocks from lba on, before end. */
static uint64_t run_length(const struct ns *ns, uint64_t lba, uint64_t end)
{
    uint64_t count = 1;

    while (lba + count < end && media_find_spoiled(ns, lba + count, 1) == lba + count) {
        count++;
    }
    return count;
}

uint16_t lba_status(struct nvme_model *m, struct cmd *cmd)
{
    const struct ns *ns = media_ns(m, cmd->dw[1]);
    uint64_t lba = cmd->dw[10] | (uint64_t)cmd->dw[11] << 32;
    uint64_t length = cmd->dw[13] & 0xffff;
    uint64_t end = length ? MIN(lba + length, ns->cfg.blocks) : ns->cfg.blocks;
    uint8_t *data = calloc(1, cmd->bytes + LIST_HEADER);
    unsigned n = 0;

    assert(data);
    data[4] = BY_RANGE;
    while (lba < end) {
        uint64_t found = media_find_spoiled(ns, lba, end - lba);
        if (found == UINT64_MAX) {
            break;
        }
        if (LIST_HEADER + (n + 1) * LIST_ENTRY > cmd->bytes) {
            data[4] = BY_LENGTH;
            break;
        }
        uint64_t count = run_length(ns, found, end);
        put_le(data + LIST_HEADER + n * LIST_ENTRY, 8, found);
        put_le(data + LIST_HEADER + n * LIST_ENTRY + 8, 4, count);
        n++;
        lba = found + count;
    }
    put_le(data, 4, n);
    bool ok = prp_to_host(m, cmd, data, UINT64_MAX);
    free(data);
    return ok ? ST_OK : ST_DATA_TRANSFER;
}
