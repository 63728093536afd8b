/*
 * drivers/nvme/nvme_nvm_spans.c - commands on lists of ranges: Dataset Management and Copy, in as
 * many commands as the controller's limits ask for; and Get LBA Status, whose answer is a list.
 */
#include "drivers/nvme/nvme_command.h"
#include "drivers/nvme/nvme_internal.h"
#include "drivers/nvme/nvme_nvm.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

static int check_spans(const struct nvme_ns *ns, const struct nvme_nvm_span *spans, unsigned count)
{
    if (ns->block_bytes == 0 || ns->gone) {
        return ns->gone ? -ENXIO : -ENOTSUP;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!nvme_nvm_in_range(ns, spans[i].lba, spans[i].count)) {
            return -EINVAL;
        }
    }
    return count ? 0 : -EINVAL;
}

/* Walks the spans in pieces that fit into one range of a command. */
struct walk {
    const struct nvme_nvm_span *spans;
    unsigned count, at;
    uint64_t taken; /* of spans[at] */
};

/* The next piece of at most most blocks; false: there is none. */
static bool walk_next(struct walk *w, uint64_t most, struct nvme_nvm_span *piece)
{
    if (w->at == w->count) {
        return false;
    }
    const struct nvme_nvm_span *span = &w->spans[w->at];
    *piece = *span;
    piece->lba += w->taken;
    piece->count = MIN(span->count - w->taken, most);
    w->taken += piece->count;
    if (w->taken == span->count) {
        w->taken = 0;
        w->at++;
    }
    return true;
}

static uint64_t or_most(uint64_t limit, uint64_t most)
{
    return limit ? MIN(limit, most) : most;
}

/* --- Dataset Management --------------------------------------------------------------------- */

/* Fills ranges with as much of the walk as one command can hold. */
static unsigned dsm_fill(struct walk *w, const struct nvme_nvm_limits *limits,
                         struct nvme_dsm_range *ranges)
{
    unsigned most = (unsigned)or_most(limits->dsm_ranges, NVME_DSM_RANGES_MAX);
    uint64_t room = or_most(limits->dsm_blocks, UINT64_MAX);
    uint64_t longest = or_most(limits->dsm_range_blocks, UINT32_MAX);
    struct nvme_nvm_span piece;
    unsigned n = 0;

    while (n < most && room && walk_next(w, MIN(longest, room), &piece)) {
        ranges[n++] = (struct nvme_dsm_range){
            .context = piece.context, .nlb = (uint32_t)piece.count, .slba = piece.lba,
        };
        room -= piece.count;
    }
    return n;
}

int nvme_nvm_dsm(struct nvme_qpair *qp, struct nvme_ns *ns, const struct nvme_nvm_span *spans,
                 unsigned count, uint32_t attributes, struct nvme_result *res, unsigned *done)
{
    struct walk walk = {.spans = spans, .count = count};

    *done = 0;
    *res = (struct nvme_result){0};
    if (!nvme_can(ns->ctrlr, NVME_CAN_DSM)) {
        return -ENOTSUP;
    }
    int err = check_spans(ns, spans, count);
    if (err) {
        return err;
    }
    struct nvme_dsm_range *ranges = heap_alloc(NVME_DSM_RANGES_MAX, sizeof(*ranges));
    if (!ranges) {
        return -ENOMEM;
    }
    const struct nvme_nvm_limits *limits = nvme_nvm_limits(ns->ctrlr);
    while (!err && walk.at < count) {
        unsigned n = dsm_fill(&walk, limits, ranges);
        unsigned n_0b = n - 1;
        struct nvme_command command = {
            .cmd = {
                .opcode = NVME_IO_DSM,
                .nsid = ns->nsid,
                .cdw10 = (uint32_t)FIELD_PREP(NVME_DSM_CDW10_NR, n_0b),
                .cdw11 = attributes,
            },
            .dir = NVME_TO_DEVICE,
            .data = ranges,
            .len = n * sizeof(*ranges),
        };

        err = nvme_io_command(qp, &command, 0);
        *res = command.res;
        *done = err ? *done : walk.at;
    }
    heap_free(ranges);
    return err;
}

/* --- Copy ----------------------------------------------------------------------------------- */

struct copying {
    struct nvme_ns *ns;
    struct walk walk;
    struct nvme_copy_range *ranges;
    uint64_t lba; /* where the next block goes */
    uint8_t flags, prinfo;
};

static bool counts_refs(const struct nvme_ns *ns)
{
    unsigned type = nvme_pi_type(ns);

    return type == 1 || type == 2;
}

/* As dsm_fill(); *blocks: how many they are together. */
static unsigned copy_fill(struct copying *c, uint64_t *blocks)
{
    const struct nvme_id_ns *id = &c->ns->id;
    struct nvme_nvm_span piece;
    uint64_t room = id->mcl;
    unsigned n = 0;

    while (n <= id->msrc && room && walk_next(&c->walk, MIN((uint64_t)id->mssrl, room), &piece)) {
        c->ranges[n++] = (struct nvme_copy_range){
            .slba = piece.lba,
            .nlb = (uint16_t)(piece.count - 1),
            .eilbrt = counts_refs(c->ns) ? (uint32_t)piece.lba : 0,
        };
        room -= piece.count;
    }
    *blocks = id->mcl - room;
    return n;
}

static int copy_some(struct nvme_qpair *qp, struct copying *c, struct nvme_result *res,
                     uint64_t *blocks)
{
    unsigned n_0b = copy_fill(c, blocks) - 1;
    struct nvme_command command = {
        .cmd = {
            .opcode = NVME_IO_COPY,
            .nsid = c->ns->nsid,
            .cdw10 = (uint32_t)c->lba,
            .cdw11 = (uint32_t)(c->lba >> 32),
            .cdw12 = (uint32_t)(FIELD_PREP(NVME_COPY_CDW12_NR, n_0b) |
                                FIELD_PREP(NVME_COPY_CDW12_PRINFOR, c->prinfo) |
                                FIELD_PREP(NVME_COPY_CDW12_PRINFOW, c->prinfo) |
                                FIELD_PREP(NVME_RW_CDW12_FUA, !!(c->flags & NVME_NVM_FUA)) |
                                FIELD_PREP(NVME_RW_CDW12_LR, !!(c->flags & NVME_NVM_LR))),
            .cdw14 = counts_refs(c->ns) ? (uint32_t)c->lba : 0,
        },
        .dir = NVME_TO_DEVICE,
        .data = c->ranges,
        .len = (n_0b + 1) * sizeof(*c->ranges),
    };
    int err = nvme_io_command(qp, &command, 0);

    *res = command.res;
    return err;
}

/* Copying in several commands, or in another order than ours, would give something else. */
static int check_copy(const struct nvme_ns *ns, uint64_t lba, const struct nvme_nvm_span *spans,
                      unsigned count)
{
    uint64_t total = 0;
    int err = check_spans(ns, spans, count);

    if (err) {
        return err;
    }
    for (unsigned i = 0; i < count; i++) {
        if (spans[i].count > ns->block_count - total) {
            return -EINVAL;
        }
        total += spans[i].count;
    }
    if (!nvme_nvm_in_range(ns, lba, total)) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < count; i++) {
        if (spans[i].lba < lba + total && lba < spans[i].lba + spans[i].count) {
            return -EINVAL;
        }
    }
    return 0;
}

int nvme_nvm_copy(struct nvme_qpair *qp, struct nvme_ns *ns, uint64_t lba,
                  const struct nvme_nvm_span *spans, unsigned count, uint8_t flags,
                  struct nvme_result *res, uint64_t *done)
{
    struct copying c = {
        .ns = ns,
        .walk = {.spans = spans, .count = count},
        .lba = lba,
        .flags = flags,
        .prinfo = nvme_pi_default_prinfo(ns),
    };

    *done = 0;
    *res = (struct nvme_result){0};
    if (!nvme_can(ns->ctrlr, NVME_CAN_COPY) || ns->id.mssrl == 0 || ns->id.mcl == 0) {
        return -ENOTSUP;
    }
    int err = check_copy(ns, lba, spans, count);
    if (err) {
        return err;
    }
    c.ranges = heap_alloc(NVME_COPY_RANGES_MAX, sizeof(*c.ranges));
    if (!c.ranges) {
        return -ENOMEM;
    }
    while (!err && c.walk.at < count) {
        uint64_t blocks;

        err = copy_some(qp, &c, res, &blocks);
        *done += err ? 0 : blocks;
        c.lba += blocks;
    }
    heap_free(c.ranges);
    return err;
}

/* --- Get LBA Status ------------------------------------------------------------------------- */

int nvme_nvm_lba_status(struct nvme_ns *ns, uint64_t lba, uint64_t count, uint8_t action,
                        void *buf, size_t len, struct nvme_result *res)
{
    const struct nvme_lba_status *status = buf;
    uint64_t looked_at = FIELD_FITS(NVME_LBA_STATUS_CDW13_RL, count) ? count : 0;
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_GET_LBA_STATUS,
        .nsid = ns->nsid,
        .cdw10 = (uint32_t)lba,
        .cdw11 = (uint32_t)(lba >> 32),
        .cdw12 = (uint32_t)(len / 4 - 1),
        .cdw13 = (uint32_t)(FIELD_PREP(NVME_LBA_STATUS_CDW13_RL, looked_at) |
                            FIELD_PREP(NVME_LBA_STATUS_CDW13_ATYPE, action)),
    };

    *res = (struct nvme_result){0};
    if (!nvme_can(ns->ctrlr, NVME_CAN_LBA_STATUS) || ns->block_bytes == 0) {
        return -ENOTSUP;
    }
    if (!nvme_nvm_in_range(ns, lba, count ? count : 1) || len < sizeof(*status) || len % 4) {
        return -EINVAL;
    }
    int err = nvme_admin(ns->ctrlr, &cmd, NVME_TO_HOST, buf, len, res);
    if (err) {
        return err;
    }
    return status->nlsd <= (len - sizeof(*status)) / sizeof(struct nvme_lba_status_desc) ? 0
                                                                                       : -EPROTO;
}
