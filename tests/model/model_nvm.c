/*
 * tests/model/model_nvm.c - Read, Write and Compare: blocks with their metadata and protection
 * information, between host memory and the media.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

/* What a command moves, in memory of the model's. */
struct transfer {
    uint8_t *data, *meta;
    size_t block_bytes, stride, meta_bytes; /* meta_bytes 0: none travels */
    bool extended;
};

static size_t travelling_metadata(const struct cmd *cmd, const struct ns *ns)
{
    return pi_strips(ns, pi_want_of(cmd).prinfo) ? 0 : ns->cfg.metadata_bytes;
}

/* A metadata buffer of its own, physically contiguous (§4.2, MPTR). */
static uint16_t begin_metadata(struct nvme_model *m, struct cmd *cmd, uint64_t bytes)
{
    uint64_t iova = cmd->dw[4] | (uint64_t)cmd->dw[5] << 32;

    if (bytes == 0) {
        return ST_OK;
    }
    if (iova % 4) {
        model_violate(m, "MPTR %llxh of command %u is not dword aligned",
                      (unsigned long long)iova, cmd->cid);
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (!m->bus.dma(m->bus.ctx, iova, bytes)) {
        model_violate(m, "MPTR %llxh of command %u: %llu bytes are not lent memory",
                      (unsigned long long)iova, cmd->cid, (unsigned long long)bytes);
        return ST_DATA_TRANSFER | ST_DNR;
    }
    cmd->meta_iova = iova;
    cmd->meta_bytes = bytes;
    return ST_OK;
}

uint16_t nvm_begin_transfer(struct nvme_model *m, struct cmd *cmd, const struct ns *ns)
{
    size_t meta = travelling_metadata(cmd, ns);
    uint64_t per_block = (UINT64_C(1) << ns->cfg.lbads) + (ns->cfg.extended ? meta : 0);
    uint64_t bytes = io_block_count(cmd) * per_block;
    uint64_t limit = m->cfg.mdts ? UINT64_C(4096) << (m->cfg.mpsmin + m->cfg.mdts) : UINT64_MAX;
    struct pi_want want = pi_want_of(cmd);
    uint16_t status = pi_check_fields(ns, &want, io_first_lba(cmd));

    if (status) {
        return status;
    }
    if (bytes > limit) {
        model_violate(m, "command %u moves %llu bytes, MDTS allows %llu", cmd->cid,
                      (unsigned long long)bytes, (unsigned long long)limit);
        return ST_INVALID_FIELD | ST_DNR;
    }
    status = begin_metadata(m, cmd, ns->cfg.extended ? 0 : io_block_count(cmd) * meta);
    return status ? status : prp_walk(m, cmd, bytes);
}

static struct transfer begin(const struct cmd *cmd, const struct ns *ns)
{
    struct transfer t = {
        .block_bytes = (size_t)1 << ns->cfg.lbads,
        .meta_bytes = travelling_metadata(cmd, ns),
        .extended = ns->cfg.extended,
    };

    t.stride = t.block_bytes + (t.extended ? t.meta_bytes : 0);
    t.data = calloc(1, MAX(cmd->bytes, (uint64_t)1));
    t.meta = calloc(1, MAX(cmd->meta_bytes, (uint64_t)1));
    assert(t.data && t.meta);
    return t;
}

static void end(struct transfer *t)
{
    free(t->data);
    free(t->meta);
}

static uint8_t *meta_of(struct transfer *t, uint64_t i)
{
    return t->extended ? t->data + i * t->stride + t->block_bytes : t->meta + i * t->meta_bytes;
}

static uint64_t transfer_limit(const struct cmd *cmd)
{
    return cmd->rule && cmd->rule->action == MODEL_DO_SHORT ? cmd->bytes / 2 : UINT64_MAX;
}

static enum model_action action_of(const struct cmd *cmd)
{
    return cmd->rule ? cmd->rule->action : MODEL_DO_NOTHING;
}

static void maybe_corrupt(const struct cmd *cmd, uint8_t *data)
{
    if (action_of(cmd) == MODEL_DO_CORRUPT) {
        data[0] ^= 0xff;
    } else if (action_of(cmd) == MODEL_DO_FLIP) {
        uint64_t bit = cmd->rule->value % (cmd->bytes * 8);
        data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
}

/* Data as the command's rule wants it, to where the host wants it. */
static bool deliver(struct nvme_model *m, const struct cmd *cmd, struct transfer *t)
{
    maybe_corrupt(cmd, t->data);
    if (action_of(cmd) == MODEL_DO_STALE) {
        return true;
    }
    if (!prp_to_host(m, cmd, t->data, transfer_limit(cmd))) {
        return false;
    }
    if (action_of(cmd) == MODEL_DO_OVERRUN && cmd->seg_count) {
        const struct segment *last = &cmd->segs[cmd->seg_count - 1];
        uint8_t *end = m->bus.dma(m->bus.ctx, last->iova + last->len - 1, 1);
        assert(end && cmd->rule->value <= 64); /* within the guard of a buffer that ends there */
        memset(end + 1, 0x5c, cmd->rule->value);
    }
    return true;
}

static uint64_t where_to(const struct cmd *cmd, const struct ns *ns)
{
    uint64_t lba = io_first_lba(cmd);
    if (action_of(cmd) == MODEL_DO_MISPLACE) {
        lba = MIN(lba + cmd->rule->value, ns->cfg.blocks - io_block_count(cmd));
    }
    return lba;
}

/* The separate metadata buffer; false: it is not lent any more. */
static bool move_metadata(struct nvme_model *m, const struct cmd *cmd, uint8_t *meta, bool to_host)
{
    if (cmd->meta_bytes == 0) {
        return true;
    }
    uint8_t *host = m->bus.dma(m->bus.ctx, cmd->meta_iova, cmd->meta_bytes);
    if (!host) {
        model_violate(m, "metadata of command %u is not lent any more", cmd->cid);
        return false;
    }
    memcpy(to_host ? host : meta, to_host ? meta : host, cmd->meta_bytes);
    return true;
}

static uint8_t *new_block(const struct ns *ns)
{
    uint8_t *block = calloc(1, media_bytes(ns));
    assert(block);
    return block;
}

uint16_t nvm_read(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    struct transfer t = begin(cmd, ns);
    struct pi_want want = pi_want_of(cmd);
    uint8_t *block = new_block(ns);
    uint16_t status = ST_OK;

    for (uint64_t i = 0; i < io_block_count(cmd) && status == ST_OK; i++) {
        if (!media_get(ns, where_to(cmd, ns) + i, block)) {
            status = ST_UNRECOVERED_READ;
            break;
        }
        status = pi_check(ns, &want, i, block);
        memcpy(t.data + i * t.stride, block, t.block_bytes);
        memcpy(meta_of(&t, i), block + t.block_bytes, t.meta_bytes);
    }
    if (status == ST_OK) {
        bool ok = deliver(m, cmd, &t) && move_metadata(m, cmd, t.meta, true);
        status = ok ? ST_OK : ST_DATA_TRANSFER;
        m->count.blocks_read += io_block_count(cmd);
    }
    free(block);
    end(&t);
    return status;
}

/* Block i as it is to lie on the media, checked. */
static uint16_t take_block(struct transfer *t, const struct ns *ns, const struct pi_want *want,
                           uint64_t i, uint8_t *block)
{
    memcpy(block, t->data + i * t->stride, t->block_bytes);
    memcpy(block + t->block_bytes, meta_of(t, i), t->meta_bytes);
    if (want->prinfo & 8) {
        pi_insert(ns, want, i, block);
        return ST_OK;
    }
    return pi_check(ns, want, i, block);
}

uint16_t nvm_write(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    if (ns->cfg.read_only) {
        return ST_WRITE_FAULT;
    }
    struct transfer t = begin(cmd, ns);
    struct pi_want want = pi_want_of(cmd);
    uint8_t *block = new_block(ns);
    bool ok = prp_from_host(m, cmd, t.data, transfer_limit(cmd)) &&
              move_metadata(m, cmd, t.meta, false);
    uint16_t status = ok ? ST_OK : ST_DATA_TRANSFER;
    bool lost = action_of(cmd) == MODEL_DO_FORGET;

    maybe_corrupt(cmd, t.data);
    for (uint64_t i = 0; status == ST_OK && !lost && i < io_block_count(cmd); i++) {
        status = take_block(&t, ns, &want, i, block);
        if (status == ST_OK) {
            media_put(ns, where_to(cmd, ns) + i, block);
        }
    }
    m->count.blocks_written += io_block_count(cmd);
    features_blocks_written(m, io_block_count(cmd), cmd->dw[12] >> 30 & 1);
    if (status == ST_OK && cmd->dw[12] >> 30 & 1 && !lost) {
        cache_after_fua(ns, io_first_lba(cmd), io_block_count(cmd));
    }
    free(block);
    end(&t);
    return status;
}

uint16_t nvm_compare(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    struct transfer t = begin(cmd, ns);
    struct pi_want want = pi_want_of(cmd);
    uint8_t *block = new_block(ns);
    bool ok = prp_from_host(m, cmd, t.data, UINT64_MAX) && move_metadata(m, cmd, t.meta, false);
    uint16_t status = ok ? ST_OK : ST_DATA_TRANSFER;

    for (uint64_t i = 0; i < io_block_count(cmd) && status == ST_OK; i++) {
        if (!media_get(ns, io_first_lba(cmd) + i, block)) {
            status = ST_UNRECOVERED_READ;
            break;
        }
        status = pi_check(ns, &want, i, block);
        if (status == ST_OK &&
            (memcmp(block, t.data + i * t.stride, t.block_bytes) != 0 ||
             memcmp(block + t.block_bytes, meta_of(&t, i), t.meta_bytes) != 0)) {
            status = ST_COMPARE;
        }
    }
    free(block);
    end(&t);
    return status;
}
