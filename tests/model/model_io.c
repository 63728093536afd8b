/*
 * tests/model/model_io.c - the NVM command set (NVMe 1.4 §6).
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

#define NSID_ALL UINT32_MAX

static uint64_t first_lba(const struct cmd *cmd)
{
    return cmd->dw[10] | (uint64_t)cmd->dw[11] << 32;
}

static uint64_t block_count(const struct cmd *cmd)
{
    return (cmd->dw[12] & 0xffff) + 1;
}

/* Bytes of one block in the data buffer. */
static uint64_t buffer_block(const struct ns *ns)
{
    return (UINT64_C(1) << ns->cfg.lbads) + (ns->cfg.extended ? ns->cfg.metadata_bytes : 0);
}

static uint16_t check_transfer(struct nvme_model *m, struct cmd *cmd, const struct ns *ns)
{
    uint64_t bytes = block_count(cmd) * buffer_block(ns);
    uint64_t limit = m->cfg.mdts ? UINT64_C(4096) << (m->cfg.mpsmin + m->cfg.mdts) : UINT64_MAX;

    if (bytes > limit) {
        model_violate(m, "command %u moves %llu bytes, MDTS allows %llu", cmd->cid,
                      (unsigned long long)bytes, (unsigned long long)limit);
        return ST_INVALID_FIELD | ST_DNR;
    }
    return prp_walk(m, cmd, bytes);
}

uint16_t io_begin(struct nvme_model *m, struct cmd *cmd)
{
    uint32_t nsid = cmd->dw[1];
    struct ns *ns = media_ns(m, nsid);
    uint16_t status = manage_begin(m, cmd);

    if (status) {
        return status;
    }
    if (cmd->opcode == NVM_FLUSH && nsid == NSID_ALL) {
        return ST_OK;
    }
    if (!ns) {
        return (nsid == 0 || nsid > identify_nn(m) ? ST_INVALID_NS : ST_INVALID_FIELD) | ST_DNR;
    }
    switch (cmd->opcode) {
    case NVM_FLUSH:
        return ST_OK;
    case NVM_DSM:
        return prp_walk(m, cmd, ((cmd->dw[10] & 0xff) + 1) * 16);
    case NVM_READ:
    case NVM_WRITE:
    case NVM_COMPARE:
    case NVM_WRITE_ZEROES:
        break;
    default:
        return ST_INVALID_OPCODE | ST_DNR;
    }
    if (cmd->dw[2] || cmd->dw[3]) {
        model_violate(m, "reserved DW2 or DW3 of command %u is not zero", cmd->cid);
    }
    if (first_lba(cmd) >= ns->cfg.blocks || block_count(cmd) > ns->cfg.blocks - first_lba(cmd)) {
        return ST_LBA_RANGE | ST_DNR;
    }
    return cmd->opcode == NVM_WRITE_ZEROES ? ST_OK : check_transfer(m, cmd, ns);
}

/* The data of a whole command, in memory of the model's. */
static uint8_t *scratch(const struct cmd *cmd)
{
    uint8_t *data = calloc(1, MAX(cmd->bytes, (uint64_t)1));
    assert(data);
    return data;
}

static uint64_t transfer_limit(const struct cmd *cmd)
{
    return cmd->rule && cmd->rule->action == MODEL_DO_SHORT ? cmd->bytes / 2 : UINT64_MAX;
}

static void maybe_corrupt(const struct cmd *cmd, uint8_t *data)
{
    if (cmd->rule && cmd->rule->action == MODEL_DO_CORRUPT) {
        data[0] ^= 0xff;
    }
}

static uint16_t run_read(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    uint8_t *data = scratch(cmd);
    for (uint64_t i = 0; i < block_count(cmd); i++) {
        media_get(ns, first_lba(cmd) + i, data + i * buffer_block(ns));
    }
    maybe_corrupt(cmd, data);
    bool ok = prp_to_host(m, cmd, data, transfer_limit(cmd));
    free(data);
    m->count.blocks_read += block_count(cmd);
    return ok ? ST_OK : ST_DATA_TRANSFER;
}

static uint16_t run_write(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    if (ns->cfg.read_only) {
        return ST_WRITE_FAULT;
    }
    uint8_t *data = scratch(cmd);
    bool ok = prp_from_host(m, cmd, data, transfer_limit(cmd));
    maybe_corrupt(cmd, data);
    bool lost = cmd->rule && cmd->rule->action == MODEL_DO_FORGET;
    uint64_t lba = first_lba(cmd);
    if (cmd->rule && cmd->rule->action == MODEL_DO_MISPLACE) {
        lba = MIN(lba + cmd->rule->value, ns->cfg.blocks - block_count(cmd));
    }
    for (uint64_t i = 0; ok && !lost && i < block_count(cmd); i++) {
        media_put(ns, lba + i, data + i * buffer_block(ns));
    }
    free(data);
    m->count.blocks_written += block_count(cmd);
    features_blocks_written(m, block_count(cmd), cmd->dw[12] >> 30 & 1);
    return ok ? ST_OK : ST_DATA_TRANSFER;
}

static uint16_t run_compare(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    uint8_t *data = scratch(cmd);
    uint8_t *block = malloc((size_t)1 << ns->cfg.lbads);
    assert(block);
    bool ok = prp_from_host(m, cmd, data, UINT64_MAX);
    bool same = true;
    for (uint64_t i = 0; i < block_count(cmd); i++) {
        media_get(ns, first_lba(cmd) + i, block);
        same &= memcmp(block, data + i * buffer_block(ns), (size_t)1 << ns->cfg.lbads) == 0;
    }
    free(block);
    free(data);
    return !ok ? ST_DATA_TRANSFER : same ? ST_OK : ST_COMPARE;
}

static uint64_t get_le(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;
    while (bytes-- > 0) {
        value = value << 8 | p[bytes];
    }
    return value;
}

/* Dataset Management: deallocated blocks read as zero here; other attributes are only hints. */
static uint16_t run_dsm(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    if (!(cmd->dw[11] & 1 << 2)) {
        return ST_OK;
    }
    if (cmd->rule && cmd->rule->action == MODEL_DO_FORGET) {
        return ST_OK;
    }
    if (ns->cfg.read_only) {
        return ST_WRITE_FAULT;
    }
    uint8_t *ranges = scratch(cmd);
    uint16_t status = prp_from_host(m, cmd, ranges, UINT64_MAX) ? ST_OK : ST_DATA_TRANSFER;
    for (unsigned r = 0; status == ST_OK && r <= (cmd->dw[10] & 0xff); r++) {
        uint64_t nlb = get_le(ranges + r * 16 + 4, 4);
        uint64_t slba = get_le(ranges + r * 16 + 8, 8);
        if (slba >= ns->cfg.blocks || nlb > ns->cfg.blocks - slba) {
            status = ST_LBA_RANGE | ST_DNR;
            break;
        }
        for (uint64_t i = 0; i < nlb; i++) {
            media_clear(ns, slba + i);
        }
        m->count.deallocations++;
        m->count.blocks_deallocated += nlb;
    }
    free(ranges);
    return status;
}

/* Write, Write Uncorrectable, Write Zeroes, Dataset Management. */
static bool changes_media(const struct cmd *cmd)
{
    return cmd->opcode == NVM_WRITE || cmd->opcode == NVM_WRITE_UNCORRECTABLE ||
           cmd->opcode == NVM_WRITE_ZEROES || cmd->opcode == NVM_DSM;
}

uint16_t io_run(struct nvme_model *m, struct cmd *cmd)
{
    struct ns *ns = media_ns(m, cmd->dw[1]);

    if (!ns && !(cmd->opcode == NVM_FLUSH && cmd->dw[1] == NSID_ALL)) {
        return ST_INVALID_NS | ST_DNR; /* it was removed meanwhile */
    }
    if (changes_media(cmd) && features_write_protected(m, cmd->dw[1])) {
        return ST_WRITE_PROTECTED | ST_DNR;
    }
    m->count.fua += cmd->opcode <= NVM_READ && cmd->dw[12] >> 30 & 1;
    switch (cmd->opcode) {
    case NVM_READ:
        return run_read(m, cmd, ns);
    case NVM_WRITE:
        return run_write(m, cmd, ns);
    case NVM_COMPARE:
        return run_compare(m, cmd, ns);
    case NVM_WRITE_ZEROES:
        for (uint64_t i = 0; i < block_count(cmd); i++) {
            media_clear(ns, first_lba(cmd) + i);
        }
        return ST_OK;
    case NVM_FLUSH:
        m->count.flushes++;
        features_flushed(m);
        return ST_OK;
    default:
        return run_dsm(m, cmd, ns);
    }
}
