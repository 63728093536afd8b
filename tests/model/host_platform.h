/*
 * tests/model/host_platform.h - struct platform (drivers/platform.h) on the software controller.
 *
 * Memory for the device comes from malloc between guard patterns. Its device address has nothing to
 * do with its CPU address, and is aligned no better than was asked for; addresses are never used
 * again, so that the device notices memory that was given back. Every misuse becomes a violation of
 * the model's.
 *
 *     struct host_clock clock;
 *     struct model_config cfg = model_default_config();
 *     host_clock_init(&clock, false);
 *     struct host_platform *hp = host_platform_create(&cfg, &clock);
 *     nvme_attach("nvme0", &hp->plat, &opt, &ctrlr);
 *     ...
 *     host_platform_destroy(hp);
 *
 * Threads: callbacks may come from any thread; each platform has its own lock and shares nothing
 * with another but the clock.
 */
#pragma once

#include <pthread.h>

#include "drivers/platform.h"
#include "tests/model/host_clock.h"
#include "tests/model/nvme_model.h"

#define HOST_MAX_VECTORS 2048

struct host_region;

struct host_vector {
    atomic_uint *count;
    unsigned cpu;
    bool masked, pending;
};

struct host_platform {
    struct platform plat; /* give this to the driver */
    struct host_clock *clock;

    /* guarded by lock */
    pthread_mutex_t lock;
    struct nvme_model *model;
    struct host_region *regions; /* in order of iova */
    unsigned region_count, region_cap;
    uint64_t next_iova;
    uint64_t live_bytes;
    unsigned live, allocs;       /* buffers not given back; dma_alloc calls so far */
    unsigned fail_at;            /* the dma_alloc call, from 1, that fails; 0: none */
    unsigned attached;           /* vectors attached */
    uint64_t attach_refusal;     /* irq_attach answers this error; 0: none */
    unsigned waits;              /* irq_wait calls */
    _Atomic int64_t skew_ns;     /* the driver's clock is ahead of the model's by so much: a test
                                    changes it, and the driver's time jumps */
    bool unconfigured;           /* the machine's configuration is lost, until it is put back */
    struct host_vector vectors[HOST_MAX_VECTORS];
};

/* NULL: out of memory. clock is borrowed until destroy. */
struct host_platform *host_platform_create(const struct model_config *config,
                                           struct host_clock *clock);

/* Frees everything; what the driver has not given back is freed too. */
void host_platform_destroy(struct host_platform *hp);

/* The memory at a device address, or NULL: for tests that look at queues and lists. */
void *host_platform_at(struct host_platform *hp, uint64_t iova, uint64_t len);
