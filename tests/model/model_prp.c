/*
 * tests/model/model_prp.c - physical region pages (NVMe 1.4 §4.3), walked as a controller walks
 * them and checked more strictly than most do.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

static uint64_t dword_pair(const uint32_t *dw)
{
    return dw[0] | (uint64_t)dw[1] << 32;
}

static void add_segment(struct cmd *cmd, uint64_t iova, uint64_t len)
{
    if (cmd->seg_count) {
        struct segment *last = &cmd->segs[cmd->seg_count - 1];
        if (last->iova + last->len == iova) {
            last->len += len;
            return;
        }
    }
    if (cmd->seg_count == cmd->seg_cap) {
        cmd->seg_cap = cmd->seg_cap ? cmd->seg_cap * 2 : 4;
        cmd->segs = realloc(cmd->segs, cmd->seg_cap * sizeof(*cmd->segs));
        assert(cmd->segs);
    }
    cmd->segs[cmd->seg_count++] = (struct segment){ iova, len };
}

/* Adds one data page after checking its address. */
static uint16_t add_page(struct nvme_model *m, struct cmd *cmd, const char *what, uint64_t iova,
                         uint64_t len, uint64_t align)
{
    if (iova % align) {
        model_violate(m, "%s %llxh of command %u, queue %u: not aligned to %llu", what,
                      (unsigned long long)iova, cmd->cid, cmd->sqid, (unsigned long long)align);
        return ST_PRP_OFFSET | ST_DNR;
    }
    if (!m->bus.dma(m->bus.ctx, iova, len)) {
        model_violate(m, "%s %llxh of command %u, queue %u: %llu bytes are not lent memory", what,
                      (unsigned long long)iova, cmd->cid, cmd->sqid, (unsigned long long)len);
        return ST_DATA_TRANSFER | ST_DNR;
    }
    add_segment(cmd, iova, len);
    return ST_OK;
}

/* A list: entries up to the end of its page; the last one of the page points to the next list when
 * more than one page of data is still to come. */
static uint16_t walk_list(struct nvme_model *m, struct cmd *cmd, uint64_t list, uint64_t left,
                          uint64_t page)
{
    bool first = true;

    cmd->has_list = true;
    while (left) {
        if (list % 8 || (!first && list % page)) {
            model_violate(m, "PRP list at %llxh of command %u is not aligned",
                          (unsigned long long)list, cmd->cid);
            return ST_PRP_OFFSET | ST_DNR;
        }
        first = false;
        for (uint64_t room = (page - list % page) / 8; room && left; room--, list += 8) {
            const uint64_t *entry = m->bus.dma(m->bus.ctx, list, 8);
            if (!entry) {
                model_violate(m, "PRP list entry at %llxh of command %u is not lent memory",
                              (unsigned long long)list, cmd->cid);
                return ST_DATA_TRANSFER | ST_DNR;
            }
            if (room == 1 && left > page) {
                list = *entry;
                break;
            }
            uint64_t len = MIN(left, page);
            uint16_t status = add_page(m, cmd, "PRP list entry", *entry, len, page);
            if (status) {
                return status;
            }
            left -= len;
        }
    }
    return ST_OK;
}

/* The command's SGL (§4.4): one data block descriptor of exactly the data's length is all that this
 * controller takes. */
static uint16_t walk_sgl(struct nvme_model *m, struct cmd *cmd, uint64_t bytes)
{
    uint64_t address = dword_pair(cmd->dw + 6);
    uint32_t length = cmd->dw[8];
    uint32_t type = cmd->dw[9] >> 24; /* of descriptor and address */

    m->count.sgl_commands++;
    if (type != 0 || cmd->dw[9] & 0xffffff) {
        model_violate(m, "SGL of command %u: descriptor type %02xh, reserved bytes %06xh", cmd->cid,
                      type, cmd->dw[9] & 0xffffff);
        return ST_SGL_TYPE | ST_DNR;
    }
    if (length != bytes) {
        model_violate(m, "SGL of command %u has %u bytes, its data %llu", cmd->cid, length,
                      (unsigned long long)bytes);
        return ST_SGL_LENGTH | ST_DNR;
    }
    if ((m->cfg.sgls & 3) == 2 && (address | length) & 3) {
        model_violate(m, "SGL of command %u is not dword aligned", cmd->cid);
        return ST_SGL_LENGTH | ST_DNR;
    }
    for (uint64_t done = 0; done < bytes;) {
        uint64_t len = MIN(bytes - done, 4096 - (address + done) % 4096);
        uint16_t status = add_page(m, cmd, "SGL data block", address + done, len, 1);
        if (status) {
            return status;
        }
        done += len;
    }
    return ST_OK;
}

uint16_t prp_walk(struct nvme_model *m, struct cmd *cmd, uint64_t bytes)
{
    uint64_t page = UINT64_C(4096) << (m->cc >> CC_MPS_AT & 15);
    uint64_t prp1 = dword_pair(cmd->dw + 6);
    uint64_t prp2 = dword_pair(cmd->dw + 8);

    cmd->bytes = bytes;
    if (bytes == 0) {
        return ST_OK;
    }
    if (cmd->dw[0] >> 14 & 3) {
        return walk_sgl(m, cmd, bytes);
    }
    uint64_t len = MIN(bytes, page - prp1 % page);
    uint16_t status = add_page(m, cmd, "PRP1", prp1, len, 4);
    if (status) {
        return status;
    }
    if (bytes == len) {
        if (prp2) {
            model_violate(m, "PRP2 %llxh of command %u although PRP1 is enough",
                          (unsigned long long)prp2, cmd->cid);
        }
        return ST_OK;
    }
    if (bytes - len <= page) {
        return add_page(m, cmd, "PRP2", prp2, bytes - len, page);
    }
    return walk_list(m, cmd, prp2, bytes - len, page);
}

void prp_check_unchanged(struct nvme_model *m, const struct cmd *cmd)
{
    struct cmd again = *cmd;

    if (!cmd->has_list) {
        return;
    }
    again.segs = NULL;
    again.seg_count = again.seg_cap = 0;
    if (prp_walk(m, &again, cmd->bytes) != ST_OK || again.seg_count != cmd->seg_count ||
        memcmp(again.segs, cmd->segs, cmd->seg_count * sizeof(*cmd->segs)) != 0) {
        model_violate(m, "PRP list of command %u, queue %u, changed while it was outstanding",
                      cmd->cid, cmd->sqid);
    }
    free(again.segs);
}

static bool move(struct nvme_model *m, const struct cmd *cmd, uint8_t *data, uint64_t limit,
                 bool to_host)
{
    uint64_t left = MIN(cmd->bytes, limit);

    for (unsigned i = 0; i < cmd->seg_count && left; i++) {
        uint64_t len = MIN(cmd->segs[i].len, left);
        uint64_t iova = cmd->segs[i].iova;
        left -= len;
        /* Segments may join buffers that lie side by side; each page is looked up by itself. */
        while (len) {
            uint64_t part = MIN(len, 4096 - iova % 4096);
            void *host = m->bus.dma(m->bus.ctx, iova, part);
            if (!host) {
                model_violate(m, "data of command %u, queue %u at %llxh is not lent any more",
                              cmd->cid, cmd->sqid, (unsigned long long)iova);
                return false;
            }
            memcpy(to_host ? host : data, to_host ? data : host, part);
            data += part;
            iova += part;
            len -= part;
        }
    }
    return true;
}

bool prp_to_host(struct nvme_model *m, const struct cmd *cmd, const void *data, uint64_t limit)
{
    return move(m, cmd, (uint8_t *)(uintptr_t)data, limit, true);
}

bool prp_from_host(struct nvme_model *m, const struct cmd *cmd, void *data, uint64_t limit)
{
    return move(m, cmd, data, limit, false);
}
