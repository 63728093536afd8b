/*
 * drivers/nvme/nvme_firmware.c - new firmware: pieces in, one commit, a reset.
 */
#include "drivers/nvme/nvme_firmware.h"

#include "drivers/nvme/nvme_internal.h"
#include "lib/errno.h"
#include "lib/out.h"

#define FWUG_UNIT_BYTES 4096
#define DWORD_BYTES     4
#define PIECE_MAX_BYTES (128 * KIB)
#define MTFA_UNIT_MS    100
/* Beyond what the drive says, for an activation without reset and for checking an image. */
#define COMMIT_NS       (120 * NS_PER_S)

struct nvme_firmware_slots nvme_firmware_slots(const struct nvme_ctrlr *ctrlr)
{
    const struct nvme_id_ctrl *id = &ctrlr->id;
    unsigned count = (unsigned)FIELD_GET(NVME_FRMW_SLOTS, id->frmw);
    uint32_t piece = FWUG_UNIT_BYTES;

    count = MAX(count, 1U);
    if (id->fwug == NVME_FWUG_NONE) {
        piece = DWORD_BYTES;
    } else if (id->fwug != NVME_FWUG_UNKNOWN) {
        piece = (uint32_t)id->fwug * FWUG_UNIT_BYTES;
    }
    return (struct nvme_firmware_slots){
        .count = count,
        .first_read_only = id->frmw & NVME_FRMW_SLOT1_READ_ONLY,
        .without_reset = id->frmw & NVME_FRMW_NO_RESET,
        .piece_bytes = piece,
        .activation_max_ms = (uint64_t)id->mtfa * MTFA_UNIT_MS,
    };
}

uint32_t nvme_firmware_piece_bytes(const struct nvme_ctrlr *ctrlr, uint32_t wanted)
{
    uint32_t unit = nvme_firmware_slots(ctrlr).piece_bytes;
    uint32_t limit = wanted ? wanted : MAX((uint32_t)PIECE_MAX_BYTES, unit);

    limit = MIN(limit, (uint32_t)NVME_ADMIN_DATA_MAX_BYTES);
    if (ctrlr->info.max_transfer_bytes) {
        limit = MIN(limit, ctrlr->info.max_transfer_bytes);
    }
    return limit / unit * unit;
}

int nvme_firmware_piece(struct nvme_ctrlr *ctrlr, uint32_t offset, const void *data, size_t len,
                        struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_FIRMWARE_DOWNLOAD,
        .cdw10 = (uint32_t)(len / DWORD_BYTES - 1),
        .cdw11 = offset / DWORD_BYTES,
    };

    if (!nvme_can(ctrlr, NVME_CAN_UPDATE_FIRMWARE)) {
        return -ENOTSUP;
    }
    if (len == 0 || !IS_ALIGNED(len, DWORD_BYTES) || !IS_ALIGNED(offset, DWORD_BYTES)) {
        return -EINVAL;
    }
    return nvme_admin(ctrlr, &cmd, NVME_TO_DEVICE, (void *)(uintptr_t)data, len, res);
}

static bool of_boot(enum nvme_fw_action action)
{
    return action == NVME_FW_REPLACE_BOOT || action == NVME_FW_ACTIVATE_BOOT;
}

int nvme_firmware_check(const struct nvme_ctrlr *ctrlr, unsigned slot, enum nvme_fw_action action,
                        char *why, size_t cap)
{
    struct nvme_firmware_slots slots = nvme_firmware_slots(ctrlr);
    const char *name = nvme_name(ctrlr);

    if (!nvme_can(ctrlr, NVME_CAN_UPDATE_FIRMWARE)) {
        str_format(why, cap, "%s does not offer %s: %s of Identify Controller is 0", name,
                   nvme_ability_name(NVME_CAN_UPDATE_FIRMWARE),
                   nvme_ability_field(NVME_CAN_UPDATE_FIRMWARE));
        return -ENOTSUP;
    }
    if (action > NVME_FW_ACTIVATE_NOW && !of_boot(action)) {
        str_format(why, cap, "there is no commit action %u: 0 to 3, 6 and 7 are defined", action);
        return -EINVAL;
    }
    if (of_boot(action)) {
        if (!FIELD_GET(NVME_CAP_BPS, ctrlr->info.cap)) {
            str_format(why, cap, "%s has no boot partitions: CAP.BPS is 0", name);
            return -ENOTSUP;
        }
        return 0;
    }
    if (slot > slots.count) {
        str_format(why, cap, "%s has %u firmware slot%s (FRMW bits 3:1), not %u", name, slots.count,
                   slots.count == 1 ? "" : "s", slot);
        return -EINVAL;
    }
    if (slot == 1 && slots.first_read_only && action <= NVME_FW_REPLACE_ACTIVATE) {
        str_format(why, cap, "slot 1 of %s is read-only (FRMW bit 0)", name);
        return -EROFS;
    }
    if (action == NVME_FW_ACTIVATE_NOW && !slots.without_reset) {
        str_format(why, cap, "%s cannot activate firmware without a reset: FRMW bit 4 is 0", name);
        return -ENOTSUP;
    }
    return 0;
}

/* Some "errors" say that the commit was accepted and what is still to be done (§5.11.1). */
static bool accepted(uint16_t status, enum nvme_fw_needs *needs)
{
    switch (status & (NVME_STATUS_CODE)) {
    case NVME_SC_FIRMWARE_NEEDS_CONTROLLER_RESET:
        *needs = NVME_FW_NEEDS_RESET;
        return true;
    case NVME_SC_FIRMWARE_NEEDS_SUBSYSTEM_RESET:
        *needs = NVME_FW_NEEDS_SUBSYSTEM_RESET;
        return true;
    case NVME_SC_FIRMWARE_NEEDS_CONVENTIONAL_RESET:
        *needs = NVME_FW_NEEDS_CONVENTIONAL_RESET;
        return true;
    default:
        return false;
    }
}

int nvme_firmware_commit(struct nvme_ctrlr *ctrlr, unsigned slot, enum nvme_fw_action action,
                         unsigned boot_partition, enum nvme_fw_needs *needs,
                         struct nvme_result *res)
{
    const struct nvme_patience patience = {
        .timeout_ns = COMMIT_NS + nvme_firmware_slots(ctrlr).activation_max_ms * NS_PER_MS,
    };
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_FIRMWARE_COMMIT,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_FW_COMMIT_CDW10_FS, of_boot(action) ? 0 : slot) |
                            FIELD_PREP(NVME_FW_COMMIT_CDW10_CA, action) |
                            FIELD_PREP(NVME_FW_COMMIT_CDW10_BPID, boot_partition)),
    };
    struct nvme_result own = {0};
    char why[128];
    int err = nvme_firmware_check(ctrlr, slot, action, why, sizeof(why));

    if (err) {
        return err;
    }
    err = nvme_admin_patient(ctrlr, &cmd, NVME_NO_DATA, NULL, 0, &patience, &own);
    if (res) {
        *res = own;
    }
    *needs = action == NVME_FW_REPLACE_ACTIVATE || action == NVME_FW_ACTIVATE
                 ? NVME_FW_NEEDS_RESET
                 : NVME_FW_NEEDS_NOTHING;
    if (err && own.status && accepted(own.status, needs)) {
        return 0;
    }
    /* What runs now may be, and offer, something else. */
    return err || action != NVME_FW_ACTIVATE_NOW ? err : nvme_identify_again(ctrlr);
}
