/*
 * drivers/nvme/nvme_registers.c - registers, and the states of a controller that they show: is it
 * there, is it enabled, is it quiet.
 *
 * 64-bit registers are read and written as two 32-bit halves, low first, which §3.1 allows for
 * every register and which every controller understands.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/log.h"

#define READY_DELAY_NS (2300 * NS_PER_MS) /* NVME_QUIRK_READY_DELAY */

/* --- registers and the platform ------------------------------------------------------------- */

uint32_t nvme_read32(const struct nvme_ctrlr *c, uint32_t off)
{
    return c->plat.read32(c->plat.ctx, off);
}

void nvme_write32(struct nvme_ctrlr *c, uint32_t off, uint32_t val)
{
    c->plat.write32(c->plat.ctx, off, val);
}

uint64_t nvme_read64(const struct nvme_ctrlr *c, uint32_t off)
{
    uint64_t low = nvme_read32(c, off);

    return (uint64_t)nvme_read32(c, off + 4) << 32 | low;
}

static void write64(struct nvme_ctrlr *c, uint32_t off, uint64_t val)
{
    nvme_write32(c, off, (uint32_t)val);
    nvme_write32(c, off + 4, (uint32_t)(val >> 32));
}

uint64_t nvme_now(const struct nvme_ctrlr *c)
{
    return c->plat.now_ns(c->plat.ctx);
}

void nvme_relax(struct nvme_ctrlr *c)
{
    c->plat.relax(c->plat.ctx);
}

void nvme_wait(struct nvme_ctrlr *c, uint64_t ns)
{
    uint64_t start_ns = nvme_now(c);

    while (nvme_now(c) - start_ns < ns) {
        nvme_relax(c);
    }
}

bool nvme_csts_is_gone(const struct nvme_ctrlr *c, uint32_t csts)
{
    return csts == UINT32_MAX || (csts == 0 && nvme_read32(c, NVME_REG_VS) == 0);
}

/* The machine knows that it is there, whatever its registers read. */
static bool is_in_place(const struct nvme_ctrlr *c)
{
    return c->plat.present && c->plat.present(c->plat.ctx);
}

int nvme_wait_csts(struct nvme_ctrlr *c, uint64_t mask, uint64_t want, uint64_t timeout_ns,
                   bool stop_on_cfs)
{
    uint64_t deadline_ns = nvme_now(c) + timeout_ns;

    for (;;) {
        bool last = nvme_now(c) >= deadline_ns;
        uint32_t csts = nvme_read32(c, NVME_REG_CSTS);

        /* Some devices do not answer for a moment while they reset themselves. */
        if (nvme_csts_is_gone(c, csts)) {
            if (!is_in_place(c)) {
                return -ENODEV;
            }
        } else if ((csts & mask) == want) {
            return 0;
        } else if (stop_on_cfs && FIELD_GET(NVME_CSTS_CFS, csts)) {
            return -EIO;
        }
        if (last) {
            return -ETIMEDOUT;
        }
        nvme_relax(c);
    }
}

/* --- enable, disable ------------------------------------------------------------------------ */

/* As nvme_disable; -EAGAIN: a register read as nonsense, so that it may never have been told. */
static int disable_once(struct nvme_ctrlr *c)
{
    /* First of all it has to answer: what is read before that says nothing. */
    int err = nvme_wait_csts(c, 0, 0, c->ready_timeout_ns, false);
    if (err) {
        c->disabled = err == -ENODEV; /* what is not there does not write to memory */
        return err;
    }
    uint32_t cc = nvme_read32(c, NVME_REG_CC);
    uint32_t csts = nvme_read32(c, NVME_REG_CSTS);

    if (cc == UINT32_MAX) {
        return -EAGAIN; /* it has stopped answering again: not to be written back */
    }
    if (FIELD_GET(NVME_CC_EN, cc)) {
        /* EN may not be cleared while RDY is still to follow its being set (§3.1.5). A controller
         * that has failed on the way is cleared all the same. */
        if (!FIELD_GET(NVME_CSTS_RDY, csts) && !FIELD_GET(NVME_CSTS_CFS, csts)) {
            err = nvme_wait_csts(c, NVME_CSTS_RDY, NVME_CSTS_RDY, c->ready_timeout_ns, true);
            if (err == -ENODEV) {
                c->disabled = true;
                return err;
            }
        }
        nvme_write32(c, NVME_REG_CC, cc & ~(uint32_t)NVME_CC_EN);
        if (c->quirks & NVME_QUIRK_READY_DELAY) {
            nvme_wait(c, READY_DELAY_NS);
        }
    }
    err = nvme_wait_csts(c, NVME_CSTS_RDY, 0, c->ready_timeout_ns, false);
    c->disabled = err != -ETIMEDOUT;
    return err == -ETIMEDOUT && FIELD_GET(NVME_CC_EN, nvme_read32(c, NVME_REG_CC)) ? -EAGAIN : err;
}

int nvme_disable(struct nvme_ctrlr *c)
{
    uint64_t deadline_ns = nvme_now(c) + 2 * c->ready_timeout_ns;
    int err;

    do {
        err = disable_once(c);
    } while (err == -EAGAIN && nvme_now(c) < deadline_ns);
    return err == -EAGAIN ? -ETIMEDOUT : err;
}

int nvme_enable(struct nvme_ctrlr *c)
{
    const uint64_t aqa = FIELD_PREP(NVME_AQA_ASQS, NVME_ADMIN_ENTRIES - 1) |
                         FIELD_PREP(NVME_AQA_ACQS, NVME_ADMIN_ENTRIES - 1);
    const uint64_t cc =
        NVME_CC_EN | FIELD_PREP(NVME_CC_CSS, NVME_CC_CSS_NVM) |
        FIELD_PREP(NVME_CC_MPS, NVME_PAGE_SHIFT - 12) | FIELD_PREP(NVME_CC_AMS, NVME_CC_AMS_RR) |
        FIELD_PREP(NVME_CC_IOSQES, NVME_SQE_SHIFT) | FIELD_PREP(NVME_CC_IOCQES, NVME_CQE_SHIFT);
    uint64_t start_ns;
    int err;

    if (c->plat.irq_count == 0) {
        /* Polling with the interrupt pin: keep it quiet. Not to be touched with MSI-X (§3.1.3). */
        nvme_write32(c, NVME_REG_INTMS, UINT32_MAX);
    }
    nvme_write32(c, NVME_REG_AQA, (uint32_t)aqa);
    write64(c, NVME_REG_ASQ, c->admin.sq_mem.iova);
    write64(c, NVME_REG_ACQ, c->admin.cq_mem.iova);
    start_ns = nvme_now(c);
    c->disabled = false;
    c->cc = (uint32_t)cc;
    nvme_write32(c, NVME_REG_CC, c->cc);
    err = nvme_wait_csts(c, NVME_CSTS_RDY, NVME_CSTS_RDY, c->ready_timeout_ns, true);
    c->info.ready_ns = nvme_now(c) - start_ns;
    switch (err) {
    case -ENODEV:
        log_error("%s: the registers do not answer after enabling: the device is gone", c->name);
        c->disabled = true;
        break;
    case -EIO:
        log_error("%s: fatal status (CSTS.CFS) while being enabled", c->name);
        break;
    case -ETIMEDOUT:
        log_error("%s: not ready %llu ms after being enabled", c->name,
                  (unsigned long long)(c->ready_timeout_ns / NS_PER_MS));
        break;
    default:
        break;
    }
    return err;
}
