/*
 * tests/fuzz/device_internal.h - what the files of the fuzzer's device share.
 *
 * device.c         registers, memory, time, interrupts
 * device_queues.c  doorbells, commands, completions
 * device_data.c    the data of a command: that of a small good drive, and the input's changes
 */
#pragma once

#include "tests/fuzz/device.h"

/* Memory lent to the device; anything else is a driver's fault, and the end. */
uint8_t *device_dma(struct fuzz_device *dev, uint64_t iova, uint64_t len);

/* CC.EN = 0: no queue, nothing to be answered. */
void device_reset(struct fuzz_device *dev);

/* Does what is due. When the next thing will be, or UINT64_MAX. */
uint64_t device_step(struct fuzz_device *dev);

void device_sq_doorbell(struct fuzz_device *dev, unsigned qid, uint32_t tail);
void device_cq_doorbell(struct fuzz_device *dev, unsigned qid, uint32_t head);

/* Moves the data of a command of queue qid through its PRPs or its SGL. */
void device_transfer(struct fuzz_device *dev, unsigned qid, const struct nvme_sqe *sqe);
