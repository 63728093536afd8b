/*
 * tests/model/model_hmb.c - Host Memory Buffer (NVMe 1.4 §8.9, §5.21.1.13). While it is enabled the
 * memory is the controller's: with each command it changes some of it, and looks whether somebody
 * else has.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

#define UNIT UINT64_C(4096)
#define BITE 16 /* bytes changed at a time */

static uint16_t wrong(struct nvme_model *m, const char *why)
{
    model_violate(m, "host memory buffer: %s", why);
    return ST_INVALID_FIELD | ST_DNR;
}

void hmb_forget(struct nvme_model *m)
{
    free(m->hmb.segs);
    free(m->hmb.copy);
    memset(&m->hmb, 0, sizeof(m->hmb));
}

static uint8_t *at(struct nvme_model *m, uint64_t iova, uint64_t len)
{
    return m->bus.dma(m->bus.ctx, iova, len);
}

/* One entry of the list into *seg. */
static uint16_t take_segment(struct nvme_model *m, const uint32_t *entry, struct segment *seg)
{
    seg->iova = entry[0] | (uint64_t)entry[1] << 32;
    seg->len = entry[2] * UNIT;
    if (seg->iova % UNIT) {
        return wrong(m, "a piece is not page aligned");
    }
    if (seg->len == 0 || entry[2] < m->cfg.hmminds) {
        return wrong(m, "a piece is smaller than HMMINDS");
    }
    for (uint64_t off = 0; off < seg->len; off += UNIT) {
        if (!at(m, seg->iova + off, UNIT)) {
            return wrong(m, "a piece is not all memory lent to the device");
        }
    }
    return ST_OK;
}

static uint16_t take_list(struct nvme_model *m, const struct cmd *cmd, struct segment *segs)
{
    uint64_t list = cmd->dw[13] | (uint64_t)cmd->dw[14] << 32;
    uint64_t total = 0;

    if (list & 15 || !at(m, list, cmd->dw[15] * UINT64_C(16))) {
        return wrong(m, "the list is not aligned, or not lent memory");
    }
    for (uint32_t i = 0; i < cmd->dw[15]; i++) {
        const uint32_t *entry = (const uint32_t *)(const void *)at(m, list + 16 * (uint64_t)i, 16);
        uint16_t status = take_segment(m, entry, &segs[i]);
        if (status) {
            return status;
        }
        total += segs[i].len;
    }
    return total == cmd->dw[12] * UNIT ? ST_OK : wrong(m, "HSIZE is not the sum of the pieces");
}

/* What is there now is what must still be there later. */
static void copy_or_compare(struct nvme_model *m, bool compare)
{
    uint64_t off = 0;

    for (unsigned i = 0; i < m->hmb.seg_count; off += m->hmb.segs[i++].len) {
        const uint8_t *host = at(m, m->hmb.segs[i].iova, m->hmb.segs[i].len);
        if (!host) {
            wrong(m, "memory was taken back while it was enabled");
            return;
        }
        if (!compare) {
            memcpy(m->hmb.copy + off, host, m->hmb.segs[i].len);
        } else if (memcmp(m->hmb.copy + off, host, m->hmb.segs[i].len) != 0) {
            wrong(m, "it is returned with other contents");
        }
    }
}

static uint16_t enable(struct nvme_model *m, const struct cmd *cmd)
{
    bool returned = cmd->dw[11] & 2;
    uint32_t count = cmd->dw[15];
    uint64_t list = cmd->dw[13] | (uint64_t)cmd->dw[14] << 32;

    if (m->hmb.enabled) {
        return ST_SEQUENCE | ST_DNR;
    }
    if (count == 0 || (m->cfg.hmmaxd && count > m->cfg.hmmaxd) || cmd->dw[12] < m->cfg.hmmin) {
        return wrong(m, "fewer than HMMIN pages, or more than HMMAXD pieces");
    }
    struct segment *segs = calloc(count, sizeof(*segs));
    assert(segs);
    uint16_t status = take_list(m, cmd, segs);
    if (status) {
        free(segs);
        return status;
    }
    bool same = m->hmb.list == list && m->hmb.seg_count == count &&
                memcmp(m->hmb.segs, segs, count * sizeof(*segs)) == 0;
    if (returned && m->hmb.copy && !same) {
        wrong(m, "another one is returned than was lent");
    }
    if (!returned || !same) {
        hmb_forget(m);
        m->hmb.segs = segs;
        m->hmb.seg_count = count;
        m->hmb.bytes = cmd->dw[12] * UNIT;
        m->hmb.copy = malloc(m->hmb.bytes);
        assert(m->hmb.copy);
    } else {
        free(segs);
    }
    copy_or_compare(m, returned && same);
    m->hmb.list = list;
    m->hmb.enabled = true;
    m->count.hmb_enables++;
    m->count.hmb_returns += returned;
    return ST_OK;
}

uint16_t hmb_set(struct nvme_model *m, const struct cmd *cmd)
{
    if (cmd->dw[10] >> 31) {
        return ST_FEATURE_NOT_SAVEABLE | ST_DNR;
    }
    if (cmd->dw[11] & 1) {
        return enable(m, cmd);
    }
    hmb_touch(m);
    m->hmb.enabled = false;
    m->count.hmb_disables++;
    return ST_OK;
}

uint16_t hmb_get(struct nvme_model *m, struct cmd *cmd)
{
    uint8_t page[4096] = { 0 };
    unsigned select = cmd->dw[10] >> 8 & 7;

    cmd->result = select == 3 ? 4 : select == 0 && m->hmb.enabled;
    if (m->hmb.enabled) {
        put_le(page, 4, m->hmb.bytes / UNIT);
        put_le(page + 4, 8, m->hmb.list);
        put_le(page + 12, 4, m->hmb.seg_count);
    }
    return prp_to_host(m, cmd, page, sizeof(page)) ? ST_OK : ST_DATA_TRANSFER;
}

void hmb_touch(struct nvme_model *m)
{
    if (!m->hmb.enabled || m->gone) {
        return;
    }
    unsigned i = (unsigned)rng_below(&m->rng, m->hmb.seg_count);
    uint64_t within = rng_below(&m->rng, m->hmb.segs[i].len / BITE) * BITE;
    uint8_t *host = at(m, m->hmb.segs[i].iova + within, BITE);
    uint8_t *copy = m->hmb.copy + within;
    for (unsigned before = 0; before < i; before++) {
        copy += m->hmb.segs[before].len;
    }
    if (!host) {
        wrong(m, "memory was taken back while it was enabled");
        return;
    }
    if (memcmp(host, copy, BITE) != 0) {
        wrong(m, "somebody else has written to it");
    }
    rng_fill(&m->rng, copy, BITE);
    memcpy(host, copy, BITE);
}

void hmb_check_freed(struct nvme_model *m, uint64_t iova, uint64_t len)
{
    for (unsigned i = 0; m->hmb.enabled && i < m->hmb.seg_count; i++) {
        if (iova < m->hmb.segs[i].iova + m->hmb.segs[i].len && m->hmb.segs[i].iova < iova + len) {
            wrong(m, "memory is freed while it is enabled");
            return;
        }
    }
}

void hmb_reset(struct nvme_model *m)
{
    hmb_touch(m); /* until the end */
    m->hmb.enabled = false;
}
