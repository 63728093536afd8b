/*
 * tests/fuzz/device.c - registers, memory and time of the fuzzer's device.
 */
#include "tests/fuzz/device.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/errno.h"
#include "tests/fuzz/device_internal.h"

#define FIRST_IOVA       UINT64_C(0x0000006a00000000)
#define STRIDE_FIRST_NS  1000
#define STRIDE_LAST_NS   (50 * NS_PER_MS)
#define CLOCK_NS         500
#define TURNS_MAX        4000000 /* a driver that looks at the clock so often hangs */
#define QUIET_READS      8
#define GONE             UINT32_MAX

/* --- memory ----------------------------------------------------------------------------------- */

static struct device_region *region_of(struct fuzz_device *dev, uint64_t iova)
{
    unsigned low = 0, high = dev->region_count;

    while (low < high) { /* addresses only grow */
        unsigned middle = (low + high) / 2;

        if (dev->regions[middle].iova <= iova) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low ? &dev->regions[low - 1] : NULL;
}

uint8_t *device_dma(struct fuzz_device *dev, uint64_t iova, uint64_t len)
{
    struct device_region *r = region_of(dev, iova);

    assert(r && r->va && iova - r->iova <= r->len && len <= r->len - (iova - r->iova));
    return r->va + (iova - r->iova);
}

static int dma_alloc(void *ctx, size_t len, size_t align, struct dma_buf *out)
{
    struct fuzz_device *dev = ctx;

    assert(len > 0 && IS_POWER_OF_TWO(align));
    if (++dev->alloc_calls == dev->alloc_fails_at || dev->region_count == DEVICE_REGIONS) {
        return -ENOMEM;
    }
    uint64_t next = FIRST_IOVA;
    if (dev->region_count) {
        const struct device_region *last = &dev->regions[dev->region_count - 1];
        next = last->iova + last->len + 8192;
    }
    /* Exactly len bytes, so that the sanitizer sees one more. */
    void *va = NULL;
    if (posix_memalign(&va, MAX(align, sizeof(void *)), len)) {
        return -ENOMEM;
    }
    memset(va, 0, len);
    /* An odd multiple: aligned as asked for and no better. */
    uint64_t iova = ALIGN_UP(next, (uint64_t)align * 2) + align;
    dev->regions[dev->region_count++] = (struct device_region){.iova = iova, .va = va, .len = len};
    dev->live++;
    *out = (struct dma_buf){.va = va, .iova = iova, .len = len};
    return 0;
}

static void dma_free(void *ctx, struct dma_buf *buf)
{
    struct fuzz_device *dev = ctx;
    struct device_region *r = region_of(dev, buf->iova);

    assert(r && r->va && r->va == buf->va && r->iova == buf->iova && r->len == buf->len);
    free(r->va);
    r->va = NULL;
    dev->live--;
    *buf = (struct dma_buf){0};
}

static uint64_t dma_addr(void *ctx, const void *va, size_t len)
{
    struct fuzz_device *dev = ctx;

    for (unsigned i = 0; i < dev->region_count; i++) {
        const struct device_region *r = &dev->regions[i];
        uintptr_t offset = (uintptr_t)va - (uintptr_t)r->va;

        if (r->va && offset < r->len && len <= r->len - offset) {
            return r->iova + offset;
        }
    }
    return UINT64_MAX;
}

/* --- registers -------------------------------------------------------------------------------- */

static void store_half(uint64_t *reg, bool high, uint32_t val)
{
    *reg = high ? (*reg & UINT32_MAX) | (uint64_t)val << 32 : (*reg & ~(uint64_t)UINT32_MAX) | val;
}

static uint32_t csts(const struct fuzz_device *dev)
{
    uint32_t value = dev->cc & (uint32_t)NVME_CC_EN ? (uint32_t)NVME_CSTS_RDY : 0;

    return dev->shut_down ? value | (uint32_t)FIELD_PREP(NVME_CSTS_SHST, NVME_CSTS_SHST_COMPLETE)
                          : value;
}

static uint32_t truth(const struct fuzz_device *dev, uint32_t off)
{
    switch (off) {
    case NVME_REG_CAP:
        return (uint32_t)dev->cap;
    case NVME_REG_CAP + 4:
        return (uint32_t)(dev->cap >> 32);
    case NVME_REG_VS:
        return dev->vs;
    case NVME_REG_CC:
        return dev->cc;
    case NVME_REG_CSTS:
        return csts(dev);
    case NVME_REG_AQA:
        return dev->aqa;
    default:
        return 0;
    }
}

static uint32_t lie(struct fuzz_device *dev, uint32_t value)
{
    if (dev->honest || dev->quiet > 0) {
        dev->quiet -= dev->quiet > 0;
        return value;
    }
    uint8_t choice = fuzz_u8(dev->in);
    switch (choice & 7) {
    case 1:
        return value ^ 1U << (choice >> 3);
    case 2:
        return GONE;
    case 3:
        return 0;
    case 4:
        return fuzz_u32(dev->in);
    default:
        dev->quiet = QUIET_READS;
        return value;
    }
}

static uint32_t read32(void *ctx, uint32_t off)
{
    struct fuzz_device *dev = ctx;

    assert(off % 4 == 0 && off < dev->plat.bar_bytes);
    uint32_t true_value = truth(dev, off);
    uint32_t value = lie(dev, true_value);
    bool off_line = value == GONE || (value == 0 && true_value != 0);

    if (value != true_value &&
        (off_line || (off == NVME_REG_CC && !(value & (uint32_t)NVME_CC_EN)))) {
        device_reset(dev); /* so it reaches no memory any more */
    }
    if (off == NVME_REG_CSTS) {
        dev->last_csts = value;
    } else if (off == NVME_REG_CAP || off == NVME_REG_CAP + 4) {
        store_half(&dev->cap, off != NVME_REG_CAP, value); /* so it is, then: the stride is there */
    }
    return value;
}

static uint64_t read64(void *ctx, uint32_t off)
{
    uint64_t low = read32(ctx, off);

    return low | (uint64_t)read32(ctx, off + 4) << 32;
}

static void write_cc(struct fuzz_device *dev, uint32_t val)
{
    bool was = dev->cc & (uint32_t)NVME_CC_EN, is = val & (uint32_t)NVME_CC_EN;

    dev->cc = val;
    if (was && !is) {
        device_reset(dev);
    } else if (is && !was) {
        dev->queues[0] = (struct device_queue){
            .sq_iova = dev->asq,
            .cq_iova = dev->acq,
            .sq_entries = (uint32_t)FIELD_GET(NVME_AQA_ASQS, dev->aqa) + 1,
            .cq_entries = (uint32_t)FIELD_GET(NVME_AQA_ACQS, dev->aqa) + 1,
            .phase = 1,
            .irq = true,
        };
        dev->shut_down = false;
    }
    if (FIELD_GET(NVME_CC_SHN, val)) {
        dev->shut_down = true;
    }
}

static void write32(void *ctx, uint32_t off, uint32_t val)
{
    struct fuzz_device *dev = ctx;
    uint32_t stride = 4U << FIELD_GET(NVME_CAP_DSTRD, dev->cap);

    assert(off % 4 == 0 && off < dev->plat.bar_bytes);
    if (off >= NVME_REG_DOORBELLS) {
        uint32_t index = (off - NVME_REG_DOORBELLS) / stride;

        if (index / 2 < DEVICE_QUEUES && (off - NVME_REG_DOORBELLS) % stride == 0) {
            (index % 2 ? device_cq_doorbell : device_sq_doorbell)(dev, index / 2, val);
        }
        return;
    }
    switch (off) {
    case NVME_REG_CC:
        write_cc(dev, val);
        break;
    case NVME_REG_AQA:
        dev->aqa = val;
        break;
    case NVME_REG_ASQ:
    case NVME_REG_ASQ + 4:
        store_half(&dev->asq, off != NVME_REG_ASQ, val);
        break;
    case NVME_REG_ACQ:
    case NVME_REG_ACQ + 4:
        store_half(&dev->acq, off != NVME_REG_ACQ, val);
        break;
    case NVME_REG_NSSR:
        device_reset(dev);
        break;
    default:
        break;
    }
}

static void write64(void *ctx, uint32_t off, uint64_t val)
{
    write32(ctx, off, (uint32_t)val);
    write32(ctx, off + 4, (uint32_t)(val >> 32));
}

static int restore(void *ctx)
{
    struct fuzz_device *dev = ctx;

    return !dev->honest && fuzz_u8(dev->in) ? -ENODEV : 0;
}

static bool present(void *ctx)
{
    struct fuzz_device *dev = ctx;
    bool answer = dev->honest || (fuzz_u8(dev->in) & 3) != 3;

    if (!answer) {
        device_reset(dev);
        dev->last_csts = GONE;
    }
    return answer;
}

/* --- time and interrupts ---------------------------------------------------------------------- */

static void pass(struct fuzz_device *dev, uint64_t ns)
{
    dev->now_ns += ns;
    assert(++dev->turns < TURNS_MAX);
    (void)device_step(dev);
}

static uint64_t now_ns(void *ctx)
{
    struct fuzz_device *dev = ctx;

    pass(dev, CLOCK_NS);
    return dev->now_ns;
}

static void relax(void *ctx)
{
    struct fuzz_device *dev = ctx;
    uint64_t next_ns = device_step(dev);

    if (next_ns - dev->now_ns <= dev->stride_ns && next_ns != UINT64_MAX) {
        pass(dev, next_ns - dev->now_ns);
        dev->stride_ns = STRIDE_FIRST_NS;
    } else {
        pass(dev, dev->stride_ns);
        dev->stride_ns = MIN(dev->stride_ns * 2, (uint64_t)STRIDE_LAST_NS);
    }
}

static int irq_attach(void *ctx, unsigned vec, unsigned cpu, atomic_uint *count)
{
    struct fuzz_device *dev = ctx;

    (void)cpu;
    assert(vec < dev->plat.irq_count && !dev->vectors[vec].count);
    if (!dev->honest && (fuzz_u8(dev->in) & 0xf) == 0xf) {
        return -ENOTSUP;
    }
    dev->vectors[vec].count = count;
    dev->vectors[vec].masked = true;
    return 0;
}

static void irq_detach(void *ctx, unsigned vec)
{
    struct fuzz_device *dev = ctx;

    assert(vec < dev->plat.irq_count && dev->vectors[vec].count);
    dev->vectors[vec].count = NULL;
}

static void irq_mask(void *ctx, unsigned vec, bool masked)
{
    struct fuzz_device *dev = ctx;

    assert(vec < dev->plat.irq_count && dev->vectors[vec].count);
    dev->vectors[vec].masked = masked;
}

static void irq_wait(void *ctx, const atomic_uint *count, unsigned seen, uint64_t deadline_ns)
{
    struct fuzz_device *dev = ctx;

    while (atomic_load(count) == seen && dev->now_ns < deadline_ns) {
        uint64_t next_ns = device_step(dev);

        pass(dev, MIN(deadline_ns, MAX(next_ns, dev->now_ns + 1)) - dev->now_ns);
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

static void choose_shape(struct fuzz_device *dev)
{
    static const uint32_t versions[] = {0x10400, 0x10000, 0x10100, 0x10200, 0x10300, 0x20000};
    uint8_t choice = fuzz_u8(dev->in);

    dev->vs = versions[choice % ARRAY_SIZE(versions)];
    if (choice & 0x80) {
        dev->cap ^= fuzz_u64(dev->in);
    }
    if (choice & 0x40) {
        dev->vs = fuzz_u32(dev->in);
    }
    if (choice & 0x20) {
        dev->plat.bar_bytes = fuzz_u16(dev->in);
    }
    choice = fuzz_u8(dev->in);
    dev->plat.irq_count = choice % (DEVICE_VECTORS + 1);
    dev->alloc_fails_at = choice & 0x80 ? fuzz_u8(dev->in) : 0;
    if (choice & 0x40) {
        dev->plat.vendor_id = fuzz_u16(dev->in);
        dev->plat.device_id = fuzz_u16(dev->in);
    }
    dev->cc = choice & 0x20 ? fuzz_u32(dev->in) : 0;
}

void fuzz_device_init(struct fuzz_device *dev, struct fuzz_input *in, bool honest)
{
    memset(dev, 0, sizeof(*dev));
    dev->in = in;
    dev->honest = honest;
    dev->now_ns = NS_PER_MS;
    dev->stride_ns = STRIDE_FIRST_NS;
    dev->vs = 0x10400;
    dev->cap = FIELD_PREP(NVME_CAP_MQES, 63) | NVME_CAP_CQR | FIELD_PREP(NVME_CAP_TO, 4) |
               NVME_CAP_CSS_NVM | NVME_CAP_NSSRS;
    dev->plat = (struct platform){
        .ctx = dev,
        .read32 = read32,
        .read64 = read64,
        .write32 = write32,
        .write64 = write64,
        .restore = restore,
        .present = present,
        .bar_bytes = 0x2000,
        .dma_alloc = dma_alloc,
        .dma_free = dma_free,
        .dma_addr = dma_addr,
        .now_ns = now_ns,
        .relax = relax,
        .irq_attach = irq_attach,
        .irq_detach = irq_detach,
        .irq_mask = irq_mask,
        .irq_wait = irq_wait,
    };
    if (!honest) {
        choose_shape(dev);
    }
}

void fuzz_device_fini(struct fuzz_device *dev)
{
    bool quiet = dev->last_csts == GONE || !(dev->last_csts & (uint32_t)NVME_CSTS_RDY);

    assert(dev->live == 0 || !quiet);
    for (unsigned i = 0; i < DEVICE_VECTORS; i++) {
        assert(!dev->vectors[i].count);
    }
    for (unsigned i = 0; i < dev->region_count; i++) {
        free(dev->regions[i].va);
    }
}
