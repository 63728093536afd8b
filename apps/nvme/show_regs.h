/*
 * apps/nvme/show_regs.h - the controller registers in words.
 */
#pragma once

#include <stdint.h>

#include "lib/out.h"

/* Reads a register of width 4 or 8 bytes. */
struct nvme_reg_reader {
    void *ctx;
    uint64_t (*read)(void *ctx, uint32_t off, unsigned width);
};

/* Every register of NVMe 1.4 §3.1 below the doorbells with its fields decoded. */
void nvme_regs_print(struct out *out, const struct nvme_reg_reader *reader);
