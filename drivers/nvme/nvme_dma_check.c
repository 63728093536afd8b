/*
 * drivers/nvme/nvme_dma_check.c - what is the device allowed to touch?
 *
 * The table of memory is one for all controllers, as memory is. It is short and searched from one
 * end to the other: this build is for finding mistakes, not for measuring.
 */
#include "drivers/nvme/nvme_dma_check.h"

#include "drivers/nvme/nvme_internal.h"
#include "drivers/nvme/nvme_spec_identify.h"
#include "drivers/nvme/nvme_spec_nvm.h"
#include "lib/assert.h"
#include "lib/bitfield.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"

#define MAX_BUFFERS 4096
#define MAX_CTRLRS  64

static struct spinlock lock; /* guards all of this */
static struct dma_buf buffers[MAX_BUFFERS];
static unsigned buffer_count;

void nvme_dma_check_add(const struct dma_buf *buf)
{
    spin_lock(&lock);
    assert(buffer_count < MAX_BUFFERS);
    buffers[buffer_count++] = *buf;
    spin_unlock(&lock);
}

void nvme_dma_check_remove(const struct dma_buf *buf)
{
    unsigned i = 0;

    spin_lock(&lock);
    while (i < buffer_count && buffers[i].va != buf->va) {
        i++;
    }
    assert(i < buffer_count && buffers[i].len == buf->len);
    buffers[i] = buffers[--buffer_count];
    spin_unlock(&lock);
    memset(buf->va, NVME_DMA_POISON, buf->len);
}

/* Where the CPU sees len bytes at a device address that lie in one buffer, or NULL. */
static void *find(uint64_t iova, uint64_t len)
{
    void *va = NULL;

    spin_lock(&lock);
    for (unsigned i = 0; i < buffer_count && !va; i++) {
        uint64_t offset = iova - buffers[i].iova;

        if (offset < buffers[i].len && len <= buffers[i].len - offset) {
            va = (char *)buffers[i].va + offset;
        }
    }
    spin_unlock(&lock);
    return va;
}

/* --- one command ----------------------------------------------------------------------------- */

struct walk {
    uint64_t left; /* bytes of the transfer */
    bool poison;
};

/* The next part of the transfer lies at iova. */
static bool take(struct walk *w, uint64_t iova, uint64_t most)
{
    uint64_t len = MIN(w->left, most);
    void *va = find(iova, len);

    if (!va) {
        return false;
    }
    if (w->poison) {
        memset(va, NVME_DMA_POISON, len);
    }
    w->left -= len;
    return true;
}

/* A list: entries up to the end of its page; the last of them names the next page when more than
 * one is still to come (§4.3). */
static const char *walk_list(struct walk *w, uint64_t list)
{
    while (w->left > 0) {
        const uint64_t *entry = find(list, sizeof(*entry));

        if (!entry) {
            return "its PRP list";
        }
        bool last_place = (list + sizeof(*entry)) % NVME_PAGE_BYTES == 0;
        if (last_place && w->left > NVME_PAGE_BYTES) {
            list = *entry;
            continue;
        }
        if (!take(w, *entry, NVME_PAGE_BYTES)) {
            return "an entry of its PRP list";
        }
        list += sizeof(*entry);
    }
    return NULL;
}

static const char *walk_prps(const struct nvme_sqe *sqe, struct walk *w)
{
    if (!take(w, sqe->prp1, NVME_PAGE_BYTES - sqe->prp1 % NVME_PAGE_BYTES)) {
        return "PRP1";
    }
    if (w->left > NVME_PAGE_BYTES) {
        return walk_list(w, sqe->prp2);
    }
    return w->left == 0 || take(w, sqe->prp2, NVME_PAGE_BYTES) ? NULL : "PRP2";
}

/* Bytes that a command transfers; 0: not known here. */
static uint64_t length_of(const struct nvme_sqe *sqe, bool admin, uint32_t block_bytes)
{
    if (admin) {
        switch (sqe->opcode) {
        case NVME_ADM_IDENTIFY:
            return NVME_IDENTIFY_BYTES;
        case NVME_ADM_GET_LOG_PAGE:
            return (((uint64_t)(sqe->cdw11 & 0xffff) << 16 | sqe->cdw10 >> 16) + 1) * 4;
        default:
            return 0;
        }
    }
    switch (sqe->opcode) {
    case NVME_IO_READ:
    case NVME_IO_WRITE:
        return ((uint64_t)(sqe->cdw12 & 0xffff) + 1) * block_bytes;
    case NVME_IO_DSM:
        return ((uint64_t)(sqe->cdw10 & 0xff) + 1) * sizeof(struct nvme_dsm_range);
    default:
        return 0;
    }
}

const char *nvme_dma_check_command(const struct nvme_sqe *sqe, bool admin, uint32_t block_bytes)
{
    struct walk w = {
        .left = length_of(sqe, admin, block_bytes),
        .poison = !admin && sqe->opcode == NVME_IO_READ,
    };

    if (sqe->mptr && !find(sqe->mptr, 1)) {
        return "its metadata";
    }
    if (FIELD_GET(NVME_SQE_PSDT, sqe->flags)) {
        w.left = (uint32_t)sqe->prp2;
        return take(&w, sqe->prp1, w.left) ? NULL : "its SGL descriptor";
    }
    if (w.left > 0) {
        return walk_prps(sqe, &w);
    }
    /* Of a length not known here: where it begins, at least. */
    if (sqe->prp1 && !find(sqe->prp1, 1)) {
        return "PRP1";
    }
    return sqe->prp2 && !find(sqe->prp2, 1) ? "PRP2" : NULL;
}

#ifdef NVME_DMA_CHECK

/* --- hooks ----------------------------------------------------------------------------------- */

/* All controllers of a machine have the same platform under them, each with its own context. */
static struct platform inner;
static struct nvme_ctrlr *ctrlrs[MAX_CTRLRS]; /* guarded by lock */

static int checked_alloc(void *ctx, size_t len, size_t align, struct dma_buf *out)
{
    int err = inner.dma_alloc(ctx, len, align, out);

    if (!err) {
        nvme_dma_check_add(out);
    }
    return err;
}

static void assert_not_lent_to(struct nvme_ctrlr *c, const struct dma_buf *buf)
{
    for (unsigned q = 0; q < c->info.io_qpairs; q++) {
        const struct nvme_qpair *qp = c->io_qpairs[q];

        for (uint32_t i = 0; qp && qp->slots && i < qp->depth; i++) {
            const struct nvme_io *io = qp->slots[i].io;

            if (io && io->ns && io->nlb > 0) {
                assert(io->iova >= buf->iova + buf->len ||
                       io->iova + ((uint64_t)io->nlb << io->ns->block_shift) <= buf->iova);
            }
        }
    }
}

static void checked_free(void *ctx, struct dma_buf *buf)
{
    if (buf->va) {
        for (unsigned i = 0; i < MAX_CTRLRS; i++) {
            if (ctrlrs[i] && ctrlrs[i]->plat.ctx == ctx) {
                assert_not_lent_to(ctrlrs[i], buf);
            }
        }
        nvme_dma_check_remove(buf);
    }
    inner.dma_free(ctx, buf);
}

static uint64_t checked_addr(void *ctx, const void *va, size_t len)
{
    uint64_t iova = inner.dma_addr(ctx, va, len);

    return iova != UINT64_MAX && find(iova, len) ? iova : UINT64_MAX;
}

static void replace(struct nvme_ctrlr *from, struct nvme_ctrlr *to)
{
    unsigned i = 0;

    spin_lock(&lock);
    while (i < MAX_CTRLRS && ctrlrs[i] != from) {
        i++;
    }
    assert(i < MAX_CTRLRS);
    ctrlrs[i] = to;
    spin_unlock(&lock);
}

void nvme_dma_check_begin(struct nvme_ctrlr *c)
{
    assert(!inner.dma_alloc || inner.dma_alloc == c->plat.dma_alloc);
    inner = c->plat;
    c->plat.dma_alloc = checked_alloc;
    c->plat.dma_free = checked_free;
    c->plat.dma_addr = checked_addr;
    replace(NULL, c);
}

void nvme_dma_check_end(const struct nvme_ctrlr *c)
{
    replace((struct nvme_ctrlr *)(uintptr_t)c, NULL);
}

static uint32_t block_bytes_of(struct nvme_ctrlr *c, uint32_t nsid)
{
    for (unsigned i = 0; i < nvme_ns_count(c); i++) {
        const struct nvme_ns *ns = nvme_ns_at(c, i);
        if (ns->nsid == nsid) {
            return UINT32_C(1) << ns->block_shift;
        }
    }
    return 0;
}

void nvme_dma_check_ring(const struct nvme_qpair *qp)
{
    for (uint32_t at = qp->sq_rung; at != qp->sq_tail; at = (at + 1) % qp->sq_entries) {
        const struct nvme_sqe *sqe = &qp->sq[at];
        uint32_t block_bytes = qp->qid ? block_bytes_of(qp->ctrlr, sqe->nsid) : 0;
        const char *what = nvme_dma_check_command(sqe, qp->qid == 0, block_bytes);

        if (what) {
            log_error("%s: queue %u, opcode %02xh, command %04xh: %s is not memory for devices "
                      "(PRP1 %llx, PRP2 %llx)",
                      qp->ctrlr->name, qp->qid, sqe->opcode, sqe->cid, what,
                      (unsigned long long)sqe->prp1, (unsigned long long)sqe->prp2);
            assert(!what);
        }
    }
}

void nvme_dma_check_ended(const struct nvme_qpair *qp, const struct nvme_slot *slot)
{
    if (slot->prp_list) {
        memset(slot->prp_list, NVME_DMA_POISON, qp->list_bytes);
    }
}

#endif
