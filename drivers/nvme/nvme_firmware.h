/*
 * drivers/nvme/nvme_firmware.h - Firmware Image Download and Commit (NVMe 1.4 §5.12, §5.11, §8.1).
 */
#pragma once

#include "drivers/nvme/nvme.h"

#define NVME_FIRMWARE_SLOTS_MAX 7

struct nvme_firmware_slots {
    unsigned count;          /* FRMW bits 3:1; 1 when the drive says nothing */
    bool first_read_only;    /* FRMW bit 0 */
    bool without_reset;      /* FRMW bit 4: action 3 is offered */
    uint32_t piece_bytes;    /* FWUG: pieces are a multiple of this in place and length */
    uint64_t activation_max_ms; /* MTFA; 0: it does not say */
};
struct nvme_firmware_slots nvme_firmware_slots(const struct nvme_ctrlr *ctrlr);

/* The largest piece for nvme_firmware_piece(), a multiple of the granularity; wanted: 0 for the
 * best, or no more than this. 0: wanted is less than the granularity. */
uint32_t nvme_firmware_piece_bytes(const struct nvme_ctrlr *ctrlr, uint32_t wanted);

/* Sends len bytes of the image, from offset on, both multiples of 4. 0; -ENOTSUP (OACS bit 2),
 * -EINVAL (nothing was sent); as nvme_admin. Pieces may come in any order and must not overlap. */
int nvme_firmware_piece(struct nvme_ctrlr *ctrlr, uint32_t offset, const void *data, size_t len,
                        struct nvme_result *res) must_check;

/* What remains to be done when a commit was accepted. */
enum nvme_fw_needs {
    NVME_FW_NEEDS_NOTHING,            /* it runs already, or was only to be stored */
    NVME_FW_NEEDS_RESET,              /* the next reset of the controller activates it */
    NVME_FW_NEEDS_SUBSYSTEM_RESET,
    NVME_FW_NEEDS_CONVENTIONAL_RESET, /* power off and on */
};

/* May slot be committed to by action? 0; -ENOTSUP, -EINVAL, -EROFS (slot 1); why then says which
 * field of Identify says so. slot 0: the controller chooses. */
int nvme_firmware_check(const struct nvme_ctrlr *ctrlr, unsigned slot, enum nvme_fw_action action,
                        char *why, size_t cap) must_check;

/* Commits what was downloaded, or activates a slot. boot_partition: 0 or 1, for actions 6 and 7.
 * An activation without reset may take MTFA, and Identify is read again after it. As
 * nvme_firmware_check, nvme_admin. */
int nvme_firmware_commit(struct nvme_ctrlr *ctrlr, unsigned slot, enum nvme_fw_action action,
                         unsigned boot_partition, enum nvme_fw_needs *needs,
                         struct nvme_result *res) must_check;
