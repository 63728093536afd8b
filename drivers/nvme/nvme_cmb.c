/*
 * drivers/nvme/nvme_cmb.c - submission queues in the controller memory buffer (NVMe 1.4 §4.7): the
 * controller then fetches commands from its own memory, and the CPU writes them over the bus.
 *
 * From 1.4 on (CAP.CMBS) the buffer shows itself only after CMBMSC.CRE, and is addressed by
 * commands only where CMBMSC says; that is its bus address here, so that no memory of the machine
 * lies there, too. Before, it always was so. Each pair has its place by its number, so nothing is
 * to be kept.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/log.h"

/* One access: the halves would be seen one after the other. */
static void write_cmbmsc(struct nvme_ctrlr *c, uint64_t value)
{
    c->plat.write64(c->plat.ctx, NVME_REG_CMBMSC, value);
}

/* Where the buffer is. False: there is none for submission queues, or it makes no sense. */
static bool cmb_find(struct nvme_ctrlr *c, unsigned *bar, uint64_t *offset, uint64_t *bytes)
{
    uint32_t size = nvme_read32(c, NVME_REG_CMBSZ);
    uint32_t location = nvme_read32(c, NVME_REG_CMBLOC);
    unsigned unit_shift = 12 + 4 * (unsigned)FIELD_GET(NVME_CMBSZ_SZU, size);

    if (!FIELD_GET(NVME_CMBSZ_SQS, size) || FIELD_GET(NVME_CMBSZ_SZ, size) == 0 ||
        unit_shift > 36) {
        return false;
    }
    *bar = (unsigned)FIELD_GET(NVME_CMBLOC_BIR, location);
    *offset = FIELD_GET(NVME_CMBLOC_OFST, location) << unit_shift;
    *bytes = FIELD_GET(NVME_CMBSZ_SZ, size) << unit_shift;
    return true;
}

/* Has the controller take addresses of the buffer for what they are. */
static int cmb_open(struct nvme_ctrlr *c)
{
    if (!FIELD_GET(NVME_CAP_CMBS, c->info.cap)) {
        return 0;
    }
    write_cmbmsc(c, (c->cmb.iova & NVME_CMBMSC_CBA) | NVME_CMBMSC_CMSE | NVME_CMBMSC_CRE);
    return FIELD_GET(NVME_CMBSTS_CBAI, nvme_read32(c, NVME_REG_CMBSTS)) ? -EIO : 0;
}

int nvme_cmb_enable(struct nvme_ctrlr *c)
{
    uint64_t offset, bytes;
    unsigned bar;

    if (c->cmb.va) {
        return cmb_open(c); /* after a reset: its place is known */
    }
    if (!c->opt.cmb || !c->plat.bar_map) {
        return 0;
    }
    if (FIELD_GET(NVME_CAP_CMBS, c->info.cap)) {
        write_cmbmsc(c, NVME_CMBMSC_CRE);
    }
    if (!cmb_find(c, &bar, &offset, &bytes)) {
        log_info("%s: has no controller memory buffer for submission queues", c->name);
        return 0;
    }
    int err = c->plat.bar_map(c->plat.ctx, bar, offset, bytes, &c->cmb);
    if (!err) {
        err = cmb_open(c);
    }
    if (err) {
        log_warn("%s: its controller memory buffer cannot be used: %s", c->name, errno_text(err));
        nvme_cmb_disable(c);
    }
    return 0;
}

void nvme_cmb_disable(struct nvme_ctrlr *c)
{
    if (c->opt.cmb && FIELD_GET(NVME_CAP_CMBS, c->info.cap) &&
        !nvme_csts_is_gone(c, nvme_read32(c, NVME_REG_CSTS))) {
        write_cmbmsc(c, 0);
    }
    c->cmb = (struct dma_buf){0};
}

bool nvme_cmb_place(struct nvme_ctrlr *c, uint16_t qid, uint64_t bytes, struct dma_buf *out)
{
    uint64_t room = ALIGN_UP(bytes, (uint64_t)NVME_PAGE_BYTES);

    if (!c->cmb.va || qid == 0 || (uint64_t)qid * room > c->cmb.len) {
        return false;
    }
    uint64_t at = (qid - UINT64_C(1)) * room;
    *out = (struct dma_buf){
        .va = (char *)c->cmb.va + at, .iova = c->cmb.iova + at, .len = (size_t)bytes
    };
    return true;
}
