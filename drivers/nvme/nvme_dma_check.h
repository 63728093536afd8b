/*
 * drivers/nvme/nvme_dma_check.h - what is the device allowed to touch? For `make DMA_CHECK=1`, a
 * build that watches the driver's use of memory; in another build the hooks below are nothing.
 *
 * In the checked build all memory for devices is known here, from dma_alloc to dma_free, and
 * - every address of every command is looked up before its doorbell: PRPs, lists of them, SGL
 *   descriptors, metadata. A command that points elsewhere is an assertion;
 * - the destination of a read is poisoned before the doorbell, so that nobody takes old data for
 *   new, whether the device wrote nothing or somebody looked too early;
 * - the PRP list of a command that has ended is poisoned: a device that still uses it faults;
 * - memory that is given back is poisoned, and must not be lent to an outstanding read or write;
 * - nvme_dma_addr() knows only such memory, so that data from elsewhere takes the bounce buffer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "drivers/platform.h"
#include "lib/compiler.h"

#define NVME_DMA_POISON 0xd5

struct nvme_ctrlr;
struct nvme_qpair;
struct nvme_slot;
struct nvme_sqe;

/* Memory that devices may touch from now on, and no more; the latter poisons it. */
void nvme_dma_check_add(const struct dma_buf *buf);
void nvme_dma_check_remove(const struct dma_buf *buf);

/* Looks up what a command points to, and poisons the destination of a read. block_bytes: of its
 * namespace, 0 when it has none. NULL, or what is wrong in words. */
const char *nvme_dma_check_command(const struct nvme_sqe *sqe, bool admin, uint32_t block_bytes);

#ifdef NVME_DMA_CHECK
/* Puts itself between the driver and the memory of its platform. */
void nvme_dma_check_begin(struct nvme_ctrlr *c);
void nvme_dma_check_end(const struct nvme_ctrlr *c);
void nvme_dma_check_ring(const struct nvme_qpair *qp); /* before the doorbell */
void nvme_dma_check_ended(const struct nvme_qpair *qp, const struct nvme_slot *slot);
#else
#define nvme_dma_check_begin(c) ((void)0)
#define nvme_dma_check_end(c) ((void)0)
#define nvme_dma_check_ring(qp) ((void)0)
#define nvme_dma_check_ended(qp, slot) ((void)0)
#endif
