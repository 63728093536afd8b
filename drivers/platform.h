/*
 * drivers/platform.h - everything a portable device driver may ask of the machine it runs on.
 *
 * A portable driver includes lib/ and this header, nothing else. The kernel fills one struct
 * platform per PCI function (drivers/nvme/nvme_pci.c), a host test fills one around a software
 * device (tests/model/host_platform.c), another system fills one around its own services.
 *
 * All callbacks get ctx unchanged and never call back into the driver. The two that pass time,
 * relax and irq_wait, may advance the clock and, in tests, the software device. No code of the
 * driver ever runs in interrupt context: the machine counts interrupts in a word of the driver's.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

/* Memory that both the CPU and the device reach, coherently. */
struct dma_buf {
    void *va;
    uint64_t iova; /* the address the device uses; contiguous for len bytes */
    size_t len;    /* bytes, as asked for */
};

struct platform {
    void *ctx;

    /* PCI vendor and device, to look up known faults of the device; 0 when it has none. */
    uint16_t vendor_id;
    uint16_t device_id;

    /* Registers. off: bytes from the start of the register BAR, naturally aligned. One call is one
     * bus access of that width. A write is ordered after every earlier store to DMA memory. */
    uint32_t (*read32)(void *ctx, uint32_t off);
    uint64_t (*read64)(void *ctx, uint32_t off);
    void (*write32)(void *ctx, uint32_t off, uint32_t val);
    void (*write64)(void *ctx, uint32_t off, uint64_t val);

    /* The device was reset by something else than its own registers, and may have lost what the
     * machine had configured: puts that back, vectors and their masks included. 0; -ENODEV (it
     * does not come back). NULL: nothing can be lost. */
    int (*restore)(void *ctx);

    /* What restore() would put back is still there. NULL: nothing can be lost. */
    bool (*configured)(void *ctx);

    /* The device still sits where it was found (on PCI: its configuration space answers), whatever
     * its registers read. NULL: nobody knows. */
    bool (*present)(void *ctx);

    /* Memory of the device itself: bytes at offset of its base address register bar. out: where the
     * CPU reaches it, uncached, and its address on the bus; it is never freed. 0; -ENODEV (no such
     * register, or it is unassigned or shorter); -ENOMEM. NULL: cannot be done. */
    int (*bar_map)(void *ctx, unsigned bar, uint64_t offset, uint64_t bytes, struct dma_buf *out);

    /* Bytes of the register BAR; drivers check it before they use a doorbell. */
    uint64_t bar_bytes;

    /* Zeroed memory. len > 0; align: bytes, a power of two. 0, or -ENOMEM with *out untouched.
     * Not for the I/O path. */
    int (*dma_alloc)(void *ctx, size_t len, size_t align, struct dma_buf *out) must_check;
    void (*dma_free)(void *ctx, struct dma_buf *buf); /* borrows buf, zeroes *buf */

    /* Device address of len bytes at va if they are contiguous for the device, else UINT64_MAX. */
    uint64_t (*dma_addr)(void *ctx, const void *va, size_t len);

    /* Monotonic, in nanoseconds; the zero point is the machine's. */
    uint64_t (*now_ns)(void *ctx);

    /* One turn of a poll loop (on hardware: PAUSE). */
    void (*relax)(void *ctx);

    /* Interrupt vectors the device can raise; 0 means polling only. */
    unsigned irq_count;

    /* From now on every interrupt on vector vec (0-based, < irq_count) adds one to *count, on CPU
     * number cpu, until irq_detach. The vector starts masked. 0, -EBUSY (attached already),
     * -ENOTSUP (this CPU cannot receive it; poll instead). */
    int (*irq_attach)(void *ctx, unsigned vec, unsigned cpu, atomic_uint *count) must_check;
    void (*irq_detach)(void *ctx, unsigned vec);
    void (*irq_mask)(void *ctx, unsigned vec, bool masked);

    /* Sleeps the calling CPU while *count == seen, until an interrupt or deadline_ns. It may return
     * early; the caller looks again. On the CPU given to irq_attach only. */
    void (*irq_wait)(void *ctx, const atomic_uint *count, unsigned seen, uint64_t deadline_ns);
};
