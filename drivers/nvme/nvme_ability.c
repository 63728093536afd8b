/*
 * drivers/nvme/nvme_ability.c - what a controller offers, by the field of Identify Controller that
 * says so (NVMe 1.4 §5.15.2.2). One table: a function that is refused names its field from here.
 */
#include "drivers/nvme/nvme_internal.h"

struct ability {
    const char *name;
    const char *field;
    uint16_t offset, width; /* bytes of Identify Controller */
    uint64_t mask;          /* any of these bits set: it is offered */
};

#define FIELD_OF(member, bits)                                                                     \
    offsetof(struct nvme_id_ctrl, member), sizeof(((struct nvme_id_ctrl *)0)->member), bits
#define WHOLE UINT64_MAX

static const struct ability abilities[] = {
    [NVME_CAN_SECURITY] = {"Security Send and Receive", "OACS bit 0",
                           FIELD_OF(oacs, NVME_OACS_SECURITY)},
    [NVME_CAN_FORMAT] = {"Format NVM", "OACS bit 1", FIELD_OF(oacs, NVME_OACS_FORMAT)},
    [NVME_CAN_UPDATE_FIRMWARE] = {"Firmware Download and Commit", "OACS bit 2",
                                  FIELD_OF(oacs, NVME_OACS_FIRMWARE)},
    [NVME_CAN_MANAGE_NAMESPACES] = {"Namespace Management and Attachment", "OACS bit 3",
                                    FIELD_OF(oacs, NVME_OACS_NAMESPACE)},
    [NVME_CAN_SELF_TEST] = {"Device Self-test", "OACS bit 4", FIELD_OF(oacs, NVME_OACS_SELF_TEST)},
    [NVME_CAN_DIRECTIVES] = {"Directives", "OACS bit 5", FIELD_OF(oacs, NVME_OACS_DIRECTIVES)},
    [NVME_CAN_DOORBELL_BUFFER] = {"Doorbell Buffer Config", "OACS bit 8",
                                  FIELD_OF(oacs, NVME_OACS_DOORBELL_BUFFER)},
    [NVME_CAN_LBA_STATUS] = {"Get LBA Status", "OACS bit 9", FIELD_OF(oacs, NVME_OACS_LBA_STATUS)},

    [NVME_CAN_COMPARE] = {"Compare", "ONCS bit 0", FIELD_OF(oncs, NVME_ONCS_COMPARE)},
    [NVME_CAN_WRITE_UNCORRECTABLE] = {"Write Uncorrectable", "ONCS bit 1",
                                      FIELD_OF(oncs, NVME_ONCS_WRITE_UNCORRECTABLE)},
    [NVME_CAN_DSM] = {"Dataset Management", "ONCS bit 2", FIELD_OF(oncs, NVME_ONCS_DSM)},
    [NVME_CAN_WRITE_ZEROES] = {"Write Zeroes", "ONCS bit 3",
                               FIELD_OF(oncs, NVME_ONCS_WRITE_ZEROES)},
    [NVME_CAN_SAVE_FEATURES] = {"saving and selecting features", "ONCS bit 4",
                                FIELD_OF(oncs, NVME_ONCS_SAVE_FEATURES)},
    [NVME_CAN_RESERVATIONS] = {"Reservations", "ONCS bit 5",
                               FIELD_OF(oncs, NVME_ONCS_RESERVATIONS)},
    [NVME_CAN_TIMESTAMP] = {"Timestamp", "ONCS bit 6", FIELD_OF(oncs, NVME_ONCS_TIMESTAMP)},
    [NVME_CAN_VERIFY] = {"Verify", "ONCS bit 7", FIELD_OF(oncs, NVME_ONCS_VERIFY)},
    [NVME_CAN_COPY] = {"Copy", "ONCS bit 8", FIELD_OF(oncs, NVME_ONCS_COPY)},
    [NVME_CAN_COMPARE_AND_WRITE] = {"fused Compare and Write", "FUSES bit 0",
                                    FIELD_OF(fuses, NVME_FUSES_COMPARE_WRITE)},

    [NVME_CAN_SANITIZE] = {"Sanitize", "SANICAP bits 2:0",
                           FIELD_OF(sanicap, NVME_SANICAP_CRYPTO | NVME_SANICAP_BLOCK |
                                                 NVME_SANICAP_OVERWRITE)},
    [NVME_CAN_SANITIZE_CRYPTO] = {"Sanitize by crypto erase", "SANICAP bit 0",
                                  FIELD_OF(sanicap, NVME_SANICAP_CRYPTO)},
    [NVME_CAN_SANITIZE_BLOCK] = {"Sanitize by block erase", "SANICAP bit 1",
                                 FIELD_OF(sanicap, NVME_SANICAP_BLOCK)},
    [NVME_CAN_SANITIZE_OVERWRITE] = {"Sanitize by overwrite", "SANICAP bit 2",
                                     FIELD_OF(sanicap, NVME_SANICAP_OVERWRITE)},
    [NVME_CAN_FORMAT_CRYPTO] = {"cryptographic erase by Format NVM", "FNA bit 2",
                                FIELD_OF(fna, NVME_FNA_CRYPTO)},

    [NVME_CAN_LOG_SMART_PER_NS] = {"SMART log for one namespace", "LPA bit 0",
                                   FIELD_OF(lpa, NVME_LPA_SMART_PER_NS)},
    [NVME_CAN_LOG_EFFECTS] = {"Commands Supported and Effects log", "LPA bit 1",
                              FIELD_OF(lpa, NVME_LPA_EFFECTS)},
    [NVME_CAN_LOG_EXTENDED] = {"log pages by offset and longer than 4 KiB", "LPA bit 2",
                               FIELD_OF(lpa, NVME_LPA_EXTENDED)},
    [NVME_CAN_LOG_TELEMETRY] = {"Telemetry logs", "LPA bit 3", FIELD_OF(lpa, NVME_LPA_TELEMETRY)},
    [NVME_CAN_LOG_PERSISTENT] = {"Persistent Event log", "LPA bit 4",
                                 FIELD_OF(lpa, NVME_LPA_PERSISTENT)},
    [NVME_CAN_LOG_CHANGED_NS] = {"Changed Namespace List log", "OAES bit 8",
                                 FIELD_OF(oaes, NVME_OAES_NAMESPACE)},
    [NVME_CAN_ASYMMETRIC_ACCESS] = {"Asymmetric Namespace Access", "CMIC bit 3",
                                    FIELD_OF(cmic, NVME_CMIC_ANA)},

    [NVME_CAN_HOST_ID_128] = {"a host identifier of 128 bits", "CTRATT bit 0",
                              FIELD_OF(ctratt, NVME_CTRATT_HOST_ID_128)},
    [NVME_CAN_NON_OPERATIONAL_PERMISSIVE] = {"Non-Operational Power State Permissive Mode",
                                             "CTRATT bit 1", FIELD_OF(ctratt, NVME_CTRATT_NOPPM)},
    [NVME_CAN_READ_RECOVERY] = {"Read Recovery Levels", "CTRATT bit 3",
                                FIELD_OF(ctratt, NVME_CTRATT_READ_RECOVERY)},
    [NVME_CAN_ENDURANCE_GROUPS] = {"Endurance Groups", "CTRATT bit 4",
                                   FIELD_OF(ctratt, NVME_CTRATT_ENDURANCE_GROUPS)},
    [NVME_CAN_PREDICTABLE_LATENCY] = {"Predictable Latency Mode", "CTRATT bit 5",
                                      FIELD_OF(ctratt, NVME_CTRATT_PREDICTABLE_LATENCY)},

    [NVME_CAN_VOLATILE_CACHE] = {"volatile write cache", "VWC bit 0",
                                 FIELD_OF(vwc, NVME_VWC_PRESENT)},
    [NVME_CAN_AUTONOMOUS_POWER] = {"Autonomous Power State Transition", "APSTA bit 0",
                                   FIELD_OF(apsta, NVME_APSTA_PRESENT)},
    [NVME_CAN_THERMAL_MANAGEMENT] = {"Host Controlled Thermal Management", "HCTMA bit 0",
                                     FIELD_OF(hctma, NVME_HCTMA_PRESENT)},
    [NVME_CAN_KEEP_ALIVE] = {"Keep Alive", "KAS", FIELD_OF(kas, WHOLE)},
    [NVME_CAN_HOST_MEMORY] = {"Host Memory Buffer", "HMPRE", FIELD_OF(hmpre, WHOLE)},
    [NVME_CAN_WRITE_PROTECT] = {"Namespace Write Protection", "NWPC bit 0",
                                FIELD_OF(nwpc, NVME_NWPC_PRESENT)},
    [NVME_CAN_WRITE_PROTECT_POWER_CYCLE] = {"write protection until a power cycle", "NWPC bit 1",
                                            FIELD_OF(nwpc, NVME_NWPC_POWER_CYCLE)},
    [NVME_CAN_WRITE_PROTECT_PERMANENT] = {"permanent write protection", "NWPC bit 2",
                                          FIELD_OF(nwpc, NVME_NWPC_PERMANENT)},
    [NVME_CAN_SGL] = {"SGLs", "SGLS bits 1:0", FIELD_OF(sgls, NVME_SGLS_SUPPORT)},
};
static_assert(ARRAY_SIZE(abilities) == NVME_ABILITY_COUNT, "each ability has its row");

bool nvme_can(const struct nvme_ctrlr *ctrlr, enum nvme_ability ability)
{
    const struct ability *a = &abilities[ability];
    const uint8_t *bytes = (const uint8_t *)&ctrlr->id + a->offset;
    uint64_t value = 0;

    for (unsigned i = a->width; i-- > 0;) {
        value = value << 8 | bytes[i];
    }
    return (value & a->mask) != 0;
}

const char *nvme_ability_name(enum nvme_ability ability)
{
    return abilities[ability].name;
}

const char *nvme_ability_field(enum nvme_ability ability)
{
    return abilities[ability].field;
}
