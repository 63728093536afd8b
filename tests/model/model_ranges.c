/*
 * tests/model/model_ranges.c - commands on ranges that move no data: Verify, Write Zeroes, Write
 * Uncorrectable, Dataset Management, Copy.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

enum { DEAC = 1 << 25, DSM_RANGE = 16, COPY_RANGE = 32 };

static uint64_t get_le(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;
    while (bytes-- > 0) {
        value = value << 8 | p[bytes];
    }
    return value;
}

static bool in_range(const struct ns *ns, uint64_t lba, uint64_t count)
{
    return lba < ns->cfg.blocks && count <= ns->cfg.blocks - lba;
}

/* --- what is checked before ------------------------------------------------------------------- */

/* Limits of Identify CNS 06h, in pages; 0: none. */
static uint16_t check_limit(struct nvme_model *m, const struct cmd *cmd, const struct ns *ns,
                            uint8_t log2_pages)
{
    uint64_t bytes = io_block_count(cmd) << ns->cfg.lbads;

    if (log2_pages && bytes > UINT64_C(4096) << (m->cfg.mpsmin + log2_pages)) {
        model_violate(m, "opcode %02xh of command %u covers %llu bytes, above its limit",
                      cmd->opcode, cmd->cid, (unsigned long long)bytes);
        return ST_INVALID_FIELD | ST_DNR;
    }
    return ST_OK;
}

uint16_t ranges_begin(struct nvme_model *m, struct cmd *cmd, const struct ns *ns)
{
    struct pi_want want = pi_want_of(cmd);
    uint64_t ranges = (cmd->dw[10] & 0xff) + 1;
    uint64_t sources = (cmd->dw[12] & 0xff) + 1;

    switch (cmd->opcode) {
    case NVM_DSM:
        if (m->cfg.dmrl && ranges > m->cfg.dmrl) {
            model_violate(m, "%llu ranges, DMRL is %u", (unsigned long long)ranges, m->cfg.dmrl);
        }
        return prp_walk(m, cmd, ranges * DSM_RANGE);
    case NVM_COPY:
        if (sources > ns->cfg.msrc_0b + 1U) {
            return ST_SIZE_LIMIT | ST_DNR;
        }
        return cmd->dw[12] >> 8 & 15 ? ST_INVALID_FIELD | ST_DNR
                                     : prp_walk(m, cmd, sources * COPY_RANGE);
    case NVM_VERIFY:
        if (want.prinfo & 8) {
            return ST_INVALID_FIELD | ST_DNR;
        }
        cmd->status = check_limit(m, cmd, ns, m->cfg.vsl);
        break;
    case NVM_WRITE_ZEROES:
        if (want.prinfo & 7) {
            model_violate(m, "PRCHK of Write Zeroes, command %u, is not zero", cmd->cid);
        }
        cmd->status = check_limit(m, cmd, ns, m->cfg.wzsl);
        break;
    default:
        cmd->status = check_limit(m, cmd, ns, m->cfg.wusl);
        break;
    }
    return cmd->status ? cmd->status : pi_check_fields(ns, &want, io_first_lba(cmd));
}

/* --- one range -------------------------------------------------------------------------------- */

static uint16_t verify(struct cmd *cmd, struct ns *ns)
{
    struct pi_want want = pi_want_of(cmd);
    uint64_t count = io_block_count(cmd);
    uint64_t bad = media_find_spoiled(ns, io_first_lba(cmd), count);
    uint8_t *block = malloc(media_bytes(ns));
    uint16_t status = ST_OK;

    assert(block);
    if (bad != UINT64_MAX) {
        status = ST_UNRECOVERED_READ;
    }
    for (uint64_t i = 0; i < count && status == ST_OK && ns->cfg.pi_type; i++) {
        media_get(ns, io_first_lba(cmd) + i, block);
        status = pi_check(ns, &want, i, block);
    }
    free(block);
    return status;
}

static uint16_t write_zeroes(struct cmd *cmd, struct ns *ns)
{
    struct pi_want want = pi_want_of(cmd);
    uint64_t lba = io_first_lba(cmd), count = io_block_count(cmd);

    if (ns->cfg.read_only) {
        return ST_WRITE_FAULT;
    }
    /* Only where what is deallocated reads as zero may it be deallocated. */
    if (cmd->dw[12] & DEAC && ns->cfg.deallocated == MODEL_READS_ZERO) {
        media_deallocate(ns, lba, count);
        return ST_OK;
    }
    media_zero(ns, lba, count);
    uint8_t *block = calloc(1, media_bytes(ns));
    assert(block);
    for (uint64_t i = 0; i < count && ns->cfg.pi_type; i++) {
        pi_insert(ns, &want, i, block);
        media_put(ns, lba + i, block);
    }
    free(block);
    return ST_OK;
}

static uint16_t write_uncorrectable(const struct cmd *cmd, struct ns *ns)
{
    if (ns->cfg.read_only) {
        return ST_WRITE_FAULT;
    }
    for (uint64_t i = 0; i < io_block_count(cmd); i++) {
        media_spoil(ns, io_first_lba(cmd) + i);
    }
    return ST_OK;
}

/* --- lists of ranges -------------------------------------------------------------------------- */

static uint8_t *fetch_list(struct nvme_model *m, const struct cmd *cmd, uint16_t *status)
{
    uint8_t *list = calloc(1, cmd->bytes);
    assert(list);
    *status = prp_from_host(m, cmd, list, UINT64_MAX) ? ST_OK : ST_DATA_TRANSFER;
    return list;
}

static uint16_t dsm_range(struct nvme_model *m, const struct cmd *cmd, struct ns *ns,
                          const uint8_t *range)
{
    uint64_t nlb = get_le(range + 4, 4);
    uint64_t slba = get_le(range + 8, 8);

    if (!in_range(ns, slba, nlb)) {
        return ST_LBA_RANGE | ST_DNR;
    }
    if (m->cfg.dmrsl && nlb > m->cfg.dmrsl) {
        model_violate(m, "a range of %llu blocks, DMRSL is %u", (unsigned long long)nlb,
                      m->cfg.dmrsl);
    }
    m->count.dsm_ranges++;
    m->count.dsm_attributes |= cmd->dw[11];
    if (cmd->dw[11] & 1 << 2) {
        cache_before_write(m, ns, slba, nlb);
        media_deallocate(ns, slba, nlb);
        m->count.deallocations++;
        m->count.blocks_deallocated += nlb;
    }
    return ST_OK;
}

/* Other attributes than deallocation are only hints. */
static uint16_t dsm(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    if (cmd->rule && cmd->rule->action == MODEL_DO_FORGET) {
        return ST_OK;
    }
    if (cmd->dw[11] & 1 << 2 && ns->cfg.read_only) {
        return ST_WRITE_FAULT;
    }
    uint16_t status;
    uint8_t *list = fetch_list(m, cmd, &status);
    for (uint64_t at = 0; status == ST_OK && at < cmd->bytes; at += DSM_RANGE) {
        status = dsm_range(m, cmd, ns, list + at);
    }
    free(list);
    return status;
}

/* The whole command is looked at before anything is copied. */
static uint16_t check_sources(const struct cmd *cmd, const struct ns *ns, const uint8_t *list)
{
    uint64_t total = 0;

    for (uint64_t at = 0; at < cmd->bytes; at += COPY_RANGE) {
        uint64_t nlb = get_le(list + at + 16, 2) + 1;
        if (nlb > ns->cfg.mssrl) {
            return ST_SIZE_LIMIT | ST_DNR;
        }
        if (!in_range(ns, get_le(list + at + 8, 8), nlb)) {
            return ST_LBA_RANGE | ST_DNR;
        }
        total += nlb;
    }
    if (total > ns->cfg.mcl) {
        return ST_SIZE_LIMIT | ST_DNR;
    }
    return in_range(ns, io_first_lba(cmd), total) ? ST_OK : ST_LBA_RANGE | ST_DNR;
}

/* One source range, to the blocks from index on of what is written. */
static uint16_t copy_range(struct nvme_model *m, const struct cmd *cmd, struct ns *ns,
                           const uint8_t *range, uint64_t *index)
{
    uint64_t slba = get_le(range + 8, 8), nlb = get_le(range + 16, 2) + 1;
    struct pi_want out = pi_want_of(cmd);
    struct pi_want in = {
        .prinfo = cmd->dw[12] >> 12 & 15,
        .ref = (uint32_t)get_le(range + 24, 4),
        .app = (uint16_t)get_le(range + 28, 2),
        .mask = (uint16_t)get_le(range + 30, 2),
    };
    uint8_t *block = malloc(media_bytes(ns));
    uint16_t status = pi_check_fields(ns, &in, slba);

    assert(block);
    for (uint64_t i = 0; i < nlb && status == ST_OK; i++, (*index)++) {
        status = media_get(ns, slba + i, block) ? pi_check(ns, &in, i, block) : ST_UNRECOVERED_READ;
        if (status == ST_OK) {
            pi_insert(ns, &out, *index, block);
            cache_before_write(m, ns, io_first_lba(cmd) + *index, 1);
            media_put(ns, io_first_lba(cmd) + *index, block);
        }
    }
    free(block);
    return status;
}

static uint16_t copy(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    struct pi_want out = pi_want_of(cmd);
    uint16_t status;
    uint8_t *list = fetch_list(m, cmd, &status);
    uint64_t index = 0;

    if (ns->cfg.read_only) {
        status = ST_WRITE_FAULT;
    }
    if (status == ST_OK) {
        status = check_sources(cmd, ns, list);
    }
    if (status == ST_OK) {
        status = pi_check_fields(ns, &out, io_first_lba(cmd));
    }
    for (uint64_t at = 0; at < cmd->bytes && status == ST_OK; at += COPY_RANGE) {
        status = copy_range(m, cmd, ns, list + at, &index);
        cmd->result = (uint32_t)(status ? at / COPY_RANGE : 0); /* the range that failed */
    }
    free(list);
    return status;
}

uint16_t ranges_run(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    switch (cmd->opcode) {
    case NVM_VERIFY:
        return verify(cmd, ns);
    case NVM_WRITE_ZEROES:
        return write_zeroes(cmd, ns);
    case NVM_WRITE_UNCORRECTABLE:
        return write_uncorrectable(cmd, ns);
    case NVM_DSM:
        return dsm(m, cmd, ns);
    default:
        return copy(m, cmd, ns);
    }
}
