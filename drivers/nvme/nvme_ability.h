/*
 * drivers/nvme/nvme_ability.h - what a controller may offer or not. Every function of the driver
 * that needs one of these returns -ENOTSUP before anything is sent when it is not offered; a person
 * is then told its name and the field of Identify Controller that says so.
 */
#pragma once

#include <stdbool.h>

struct nvme_ctrlr;

enum nvme_ability {
    /* admin commands, OACS */
    NVME_CAN_SECURITY,
    NVME_CAN_FORMAT,
    NVME_CAN_UPDATE_FIRMWARE,
    NVME_CAN_MANAGE_NAMESPACES,
    NVME_CAN_SELF_TEST,
    NVME_CAN_DIRECTIVES,
    NVME_CAN_DOORBELL_BUFFER,
    NVME_CAN_LBA_STATUS,
    /* I/O commands, ONCS and FUSES */
    NVME_CAN_COMPARE,
    NVME_CAN_WRITE_UNCORRECTABLE,
    NVME_CAN_DSM,
    NVME_CAN_WRITE_ZEROES,
    NVME_CAN_SAVE_FEATURES,
    NVME_CAN_RESERVATIONS,
    NVME_CAN_TIMESTAMP,
    NVME_CAN_VERIFY,
    NVME_CAN_COPY,
    NVME_CAN_COMPARE_AND_WRITE,
    /* erasing, SANICAP and FNA */
    NVME_CAN_SANITIZE, /* by at least one of the three methods */
    NVME_CAN_SANITIZE_CRYPTO,
    NVME_CAN_SANITIZE_BLOCK,
    NVME_CAN_SANITIZE_OVERWRITE,
    NVME_CAN_FORMAT_CRYPTO,
    /* log pages, LPA */
    NVME_CAN_LOG_SMART_PER_NS,
    NVME_CAN_LOG_EFFECTS,
    NVME_CAN_LOG_EXTENDED,
    NVME_CAN_LOG_TELEMETRY,
    NVME_CAN_LOG_PERSISTENT,
    /* controller attributes, CTRATT */
    NVME_CAN_HOST_ID_128,
    NVME_CAN_NON_OPERATIONAL_PERMISSIVE,
    NVME_CAN_READ_RECOVERY,
    NVME_CAN_ENDURANCE_GROUPS,
    NVME_CAN_PREDICTABLE_LATENCY,
    /* elsewhere in Identify Controller */
    NVME_CAN_LOG_CHANGED_NS,
    NVME_CAN_ASYMMETRIC_ACCESS,
    /* the rest */
    NVME_CAN_VOLATILE_CACHE,
    NVME_CAN_AUTONOMOUS_POWER,
    NVME_CAN_THERMAL_MANAGEMENT,
    NVME_CAN_KEEP_ALIVE,
    NVME_CAN_HOST_MEMORY,
    NVME_CAN_WRITE_PROTECT,
    NVME_CAN_WRITE_PROTECT_POWER_CYCLE, /* until the next one */
    NVME_CAN_WRITE_PROTECT_PERMANENT,
    NVME_CAN_SGL,
    NVME_ABILITY_COUNT
};

bool nvme_can(const struct nvme_ctrlr *ctrlr, enum nvme_ability ability);

const char *nvme_ability_name(enum nvme_ability ability);  /* "Format NVM" */
const char *nvme_ability_field(enum nvme_ability ability); /* "OACS bit 1" */
