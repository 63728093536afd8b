/*
 * drivers/nvme/nvme_spec_log.h - log pages, NVMe 1.4 §5.14.1, with the specification's field names.
 * Included by nvme_spec.h. Numbers are little-endian, as the CPU's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/bitfield.h"
#include "lib/compiler.h"

/* Commands Supported and Effects, 05h, §5.14.1.5: a dword for each opcode */
struct nvme_effects_log {
    uint32_t acs[256];  /* admin commands, NVME_EFFECTS_* */
    uint32_t iocs[256]; /* I/O commands */
    uint8_t reserved_2048[2048];
};
#define NVME_EFFECTS_CSUPP GENMASK64(0, 0)   /* the command is supported */
#define NVME_EFFECTS_LBCC  GENMASK64(1, 1)   /* may change the contents of logical blocks */
#define NVME_EFFECTS_NCC   GENMASK64(2, 2)   /* may change the capabilities of a namespace */
#define NVME_EFFECTS_NIC   GENMASK64(3, 3)   /* may change the inventory of namespaces */
#define NVME_EFFECTS_CCC   GENMASK64(4, 4)   /* may change the capabilities of the controller */
#define NVME_EFFECTS_CSE   GENMASK64(18, 16) /* submission and execution: 0 free, 1 alone in its
                                                namespace, 2 alone on the controller */
static_assert(sizeof(struct nvme_effects_log) == 4096, "commands supported and effects log");
