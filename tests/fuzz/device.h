/*
 * tests/fuzz/device.h - an NVMe device whose answers come from the fuzzer, and the platform around
 * it. It is not tests/model: it knows just enough of the protocol to keep a driver talking.
 *
 * Each decision takes a byte of the input; zero is what a good device does, so a used-up input
 * means a good device. Data is that of a small good drive with changes from the input on top.
 * honest: registers and completions are always good ones, and only data, status and DW0 are the
 * fuzzer's.
 *
 * It is a referee in what must hold whatever a device does: DMA only within memory that is lent to
 * it, doorbells within their queue, every buffer given back once. What it says itself binds it:
 * after it has shown that it is gone or disabled, it reaches no memory any more.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/nvme/nvme_spec.h"
#include "drivers/platform.h"
#include "tests/fuzz/input.h"

#define DEVICE_QUEUES      8
#define DEVICE_NAMESPACES  16
#define DEVICE_VECTORS     8
#define DEVICE_REGIONS     4096
#define DEVICE_PENDING     64

struct device_region {
    uint64_t iova;
    uint8_t *va; /* NULL: given back */
    size_t len;
};

struct device_queue {
    uint64_t sq_iova, cq_iova;
    uint32_t sq_entries, cq_entries; /* 0: there is none */
    uint32_t sq_head, cq_tail, cq_head;
    unsigned phase, vector;
    bool irq;
};

struct device_pending {
    uint64_t due_ns; /* 0: free */
    unsigned qid;
    uint32_t dw[4];
};

struct fuzz_device {
    struct platform plat; /* give this to the driver */
    struct fuzz_input *in;
    bool honest;

    uint64_t now_ns, stride_ns;
    uint64_t granted_ns; /* time that the input's delays have taken: the driver may wait so long */
    unsigned turns;      /* looks at the clock and idle turns */

    uint64_t cap, asq, acq;
    uint32_t vs, cc, aqa;
    uint32_t last_csts;  /* as it was told */
    unsigned quiet;      /* register reads before the next decision */
    bool shut_down;

    /* The smallest block size it has ever told of a namespace, log2; 0: none. No buffer of a
     * driver's for a block is shorter. */
    uint8_t block_shift[DEVICE_NAMESPACES];

    struct device_queue queues[DEVICE_QUEUES];
    struct device_pending pending[DEVICE_PENDING];

    struct device_region regions[DEVICE_REGIONS];
    unsigned region_count, live;
    unsigned alloc_calls, alloc_fails_at; /* 0: none fails */

    struct {
        atomic_uint *count;
        bool masked;
    } vectors[DEVICE_VECTORS];
};

/* in is borrowed until fini. An honest device takes nothing from it yet, another one takes its
 * constant registers and its size. */
void fuzz_device_init(struct fuzz_device *dev, struct fuzz_input *in, bool honest);

/* Frees what the driver has rightly kept: memory may stay with a device that did not become quiet.
 * Otherwise it is a leak, and the end. */
void fuzz_device_fini(struct fuzz_device *dev);
