/*
 * drivers/nvme/nvme_feature_table.c - the features of NVMe 1.4 (§5.21.1): what each is called, what
 * it needs, and what its bits mean. Names and labels are nvme-cli's.
 */
#include "drivers/nvme/nvme_feature.h"
#include "lib/string.h"

#define FIELDS(...) ((const struct nvme_feature_field[]){__VA_ARGS__, {0}})
#define ENABLED  "Disabled|Enabled"
#define BOOLEAN  "False|True"
#define NOTICE   "Do not send|Send"
#define ANYWHERE NVME_ABILITY_COUNT

static const struct nvme_feature_info features[] = {
    {
        .fid = NVME_FEAT_ARBITRATION, .name = "Arbitration", .ability = ANYWHERE,
        .fields = FIELDS({"High Priority Weight", "HPW", 0, 31, 24, NVME_UNIT_ZERO_BASED},
                         {"Medium Priority Weight", "MPW", 0, 23, 16, NVME_UNIT_ZERO_BASED},
                         {"Low Priority Weight", "LPW", 0, 15, 8, NVME_UNIT_ZERO_BASED},
                         {"Arbitration Burst", "AB", 0, 2, 0, NVME_UNIT_POWER_OF_TWO}),
    },
    {
        .fid = NVME_FEAT_POWER_MANAGEMENT, .name = "Power Management", .ability = ANYWHERE,
        .fields = FIELDS({"Workload Hint", "WH",
                          "No Workload|Extended Idle Period with a Burst of Random Writes|Heavy "
                          "Sequential Writes", 7, 5, NVME_UNIT_WORDS},
                         {"Power State", "PS", 0, 4, 0, NVME_UNIT_NONE}),
    },
    {
        .fid = NVME_FEAT_LBA_RANGE_TYPE, .name = "LBA Range Type", .ability = ANYWHERE,
        .per_namespace = true,
        .data_bytes = NVME_LBA_RANGES_MAX * sizeof(struct nvme_lba_range),
        .fields = FIELDS({"Number of LBA Ranges", "NUM", 0, 5, 0, NVME_UNIT_ZERO_BASED}),
    },
    {
        .fid = NVME_FEAT_TEMPERATURE_THRESHOLD, .name = "Temperature Threshold",
        .ability = ANYWHERE,
        .selector = (uint32_t)(NVME_TEMPERATURE_TMPSEL | NVME_TEMPERATURE_THSEL),
        .fields = FIELDS({"Threshold Type Select", "THSEL",
                          "Over Temperature Threshold|Under Temperature Threshold", 21, 20,
                          NVME_UNIT_WORDS},
                         {"Threshold Temperature Select", "TMPSEL",
                          "Composite Temperature|Temperature Sensor 1|Temperature Sensor 2|"
                          "Temperature Sensor 3|Temperature Sensor 4|Temperature Sensor 5|"
                          "Temperature Sensor 6|Temperature Sensor 7|Temperature Sensor 8",
                          19, 16, NVME_UNIT_WORDS},
                         {"Temperature Threshold", "TMPTH", 0, 15, 0, NVME_UNIT_KELVIN}),
    },
    {
        .fid = NVME_FEAT_ERROR_RECOVERY, .name = "Error Recovery", .ability = ANYWHERE,
        .per_namespace = true,
        .fields = FIELDS({"Deallocated or Unwritten Logical Block Error Enable", "DULBE", ENABLED,
                          16, 16, NVME_UNIT_WORDS},
                         {"Time Limited Error Recovery", "TLER", 0, 15, 0, NVME_UNIT_100_MS}),
    },
    {
        .fid = NVME_FEAT_VOLATILE_WRITE_CACHE, .name = "Volatile Write Cache",
        .ability = NVME_CAN_VOLATILE_CACHE,
        .fields = FIELDS({"Volatile Write Cache Enable", "WCE", ENABLED, 0, 0, NVME_UNIT_WORDS}),
    },
    {
        .fid = NVME_FEAT_NUMBER_OF_QUEUES, .name = "Number of Queues", .ability = ANYWHERE,
        .fields = FIELDS({"Number of IO Completion Queues Allocated", "NCQA", 0, 31, 16,
                          NVME_UNIT_ZERO_BASED},
                         {"Number of IO Submission Queues Allocated", "NSQA", 0, 15, 0,
                          NVME_UNIT_ZERO_BASED}),
    },
    {
        .fid = NVME_FEAT_INTERRUPT_COALESCING, .name = "Interrupt Coalescing",
        .ability = ANYWHERE,
        .fields = FIELDS({"Aggregation Time", "TIME", 0, 15, 8, NVME_UNIT_100_US},
                         {"Aggregation Threshold", "THR", 0, 7, 0, NVME_UNIT_ZERO_BASED}),
    },
    {
        .fid = NVME_FEAT_INTERRUPT_VECTOR_CONFIG, .name = "Interrupt Vector Configuration",
        .ability = ANYWHERE, .selector = (uint32_t)NVME_VECTOR_IV,
        .fields = FIELDS({"Coalescing Disable", "CD", BOOLEAN, 16, 16, NVME_UNIT_WORDS},
                         {"Interrupt Vector", "IV", 0, 15, 0, NVME_UNIT_NONE}),
    },
    {
        .fid = NVME_FEAT_WRITE_ATOMICITY, .name = "Write Atomicity Normal", .ability = ANYWHERE,
        .fields = FIELDS({"Disable Normal", "DN", BOOLEAN, 0, 0, NVME_UNIT_WORDS}),
    },
    {
        .fid = NVME_FEAT_ASYNC_EVENT_CONFIG, .name = "Async Event Configuration",
        .ability = ANYWHERE,
        .fields = FIELDS({"Endurance Group Event Aggregate Log Change Notices", "EGEALCN", NOTICE,
                          14, 14, NVME_UNIT_WORDS},
                         {"LBA Status Information Notices", "LSIN", NOTICE, 13, 13,
                          NVME_UNIT_WORDS},
                         {"Predictable Latency Event Aggregate Log Change Notices", "PLEALCN",
                          NOTICE, 12, 12, NVME_UNIT_WORDS},
                         {"Asymmetric Namespace Access Change Notices", "ANACN", NOTICE, 11, 11,
                          NVME_UNIT_WORDS},
                         {"Telemetry Log Notices", "TLN", NOTICE, 10, 10, NVME_UNIT_WORDS},
                         {"Firmware Activation Notices", "FAN", NOTICE, 9, 9, NVME_UNIT_WORDS},
                         {"Namespace Attribute Notices", "NAN", NOTICE, 8, 8, NVME_UNIT_WORDS},
                         {"SMART / Health Critical Warnings", "SHCW", 0, 7, 0, NVME_UNIT_NONE}),
    },
    {
        .fid = NVME_FEAT_AUTONOMOUS_POWER_STATE, .name = "Autonomous Power State Transition",
        .ability = NVME_CAN_AUTONOMOUS_POWER, .data_bytes = NVME_APST_STATES * sizeof(uint64_t),
        .fields = FIELDS({"Autonomous Power State Transition Enable", "APSTE", ENABLED, 0, 0,
                          NVME_UNIT_WORDS}),
    },
    {
        .fid = NVME_FEAT_HOST_MEMORY_BUFFER, .name = "Host Memory Buffer",
        .ability = NVME_CAN_HOST_MEMORY, .data_bytes = sizeof(struct nvme_hmb_attributes),
        .get_only_data = true,
        .fields = FIELDS({"Enable Host Memory", "EHM", ENABLED, 0, 0, NVME_UNIT_WORDS}),
    },
    {
        .fid = NVME_FEAT_TIMESTAMP, .name = "Timestamp", .ability = NVME_CAN_TIMESTAMP,
        .data_bytes = sizeof(uint64_t),
    },
    {
        .fid = NVME_FEAT_KEEP_ALIVE_TIMER, .name = "Keep Alive Timer",
        .ability = NVME_CAN_KEEP_ALIVE,
        .fields = FIELDS({"Keep Alive Timeout", "KATO", 0, 31, 0, NVME_UNIT_MS}),
    },
    {
        .fid = NVME_FEAT_HOST_THERMAL_MANAGEMENT, .name = "Host Controlled Thermal Management",
        .ability = NVME_CAN_THERMAL_MANAGEMENT,
        .fields = FIELDS({"Thermal Management Temperature 1", "TMT1", 0, 31, 16, NVME_UNIT_KELVIN},
                         {"Thermal Management Temperature 2", "TMT2", 0, 15, 0, NVME_UNIT_KELVIN}),
    },
    {
        .fid = NVME_FEAT_NON_OPERATIONAL_POWER, .name = "Non-Operational Power State Config",
        .ability = NVME_CAN_NON_OPERATIONAL_PERMISSIVE,
        .fields = FIELDS({"Non-Operational Power State Permissive Mode Enable", "NOPPME", ENABLED,
                          0, 0, NVME_UNIT_WORDS}),
    },
    {
        .fid = NVME_FEAT_READ_RECOVERY_LEVEL, .name = "Read Recovery Level Config",
        .ability = NVME_CAN_READ_RECOVERY, .selector = 0xffff, .in_cdw12 = true,
        .fields = FIELDS({"Read Recovery Level", "RRL", 0, 3, 0, NVME_UNIT_NONE}),
    },
    {
        .fid = NVME_FEAT_PREDICTABLE_LATENCY_CONFIG, .name = "Predictable Latency Mode Config",
        .ability = NVME_CAN_PREDICTABLE_LATENCY, .selector = 0xffff, .in_cdw12 = true,
        .data_bytes = sizeof(struct nvme_predictable_latency),
        .fields = FIELDS({"Predictable Latency Window Enabled", "LPE", ENABLED, 0, 0,
                          NVME_UNIT_WORDS}),
    },
    {
        .fid = NVME_FEAT_PREDICTABLE_LATENCY_WINDOW, .name = "Predictable Latency Mode Window",
        .ability = NVME_CAN_PREDICTABLE_LATENCY, .selector = 0xffff, .in_cdw12 = true,
        .fields = FIELDS({"Window Select", "WS",
                          "Reserved|Deterministic Window|Non-Deterministic Window", 2, 0,
                          NVME_UNIT_WORDS}),
    },
    {
        .fid = NVME_FEAT_LBA_STATUS_INTERVAL, .name = "LBA Status Information Attributes",
        .ability = NVME_CAN_LBA_STATUS,
        .fields = FIELDS({"LBA Status Information Poll Interval", "LSIPI", 0, 31, 16,
                          NVME_UNIT_100_MS},
                         {"LBA Status Information Report Interval", "LSIRI", 0, 15, 0,
                          NVME_UNIT_100_MS}),
    },
    {
        .fid = NVME_FEAT_HOST_BEHAVIOR, .name = "Host Behavior", .ability = ANYWHERE,
        .data_bytes = 512,
    },
    {
        .fid = NVME_FEAT_SANITIZE_CONFIG, .name = "Sanitize", .ability = NVME_CAN_SANITIZE,
        .fields = FIELDS({"No-Deallocate Response Mode", "NODRM",
                          "Error: No-Deallocate ends the command|Warning: No-Deallocate is "
                          "ignored", 0, 0, NVME_UNIT_WORDS}),
    },
    {
        .fid = NVME_FEAT_ENDURANCE_GROUP_EVENT, .name = "Endurance Group Event Configuration",
        .ability = NVME_CAN_ENDURANCE_GROUPS, .selector = 0xffff,
        .fields = FIELDS({"Endurance Group Critical Warnings", "EGCW", 0, 23, 16, NVME_UNIT_NONE},
                         {"Endurance Group Identifier", "ENDGID", 0, 15, 0, NVME_UNIT_NONE}),
    },
    {
        .fid = NVME_FEAT_SOFTWARE_PROGRESS, .name = "Software Progress", .ability = ANYWHERE,
        .fields = FIELDS({"Pre-boot Software Load Count", "PBSLC", 0, 7, 0, NVME_UNIT_NONE}),
    },
    {
        .fid = NVME_FEAT_HOST_IDENTIFIER, .name = "Host Identifier", .ability = ANYWHERE,
        .selector = (uint32_t)NVME_HOST_ID_EXHID, .data_bytes = 8,
    },
    {
        .fid = NVME_FEAT_RESERVATION_MASK, .name = "Reservation Notification Mask",
        .ability = NVME_CAN_RESERVATIONS, .per_namespace = true,
        .fields = FIELDS({"Mask Reservation Preempted Notification", "RESPRE", BOOLEAN, 3, 3,
                          NVME_UNIT_WORDS},
                         {"Mask Reservation Released Notification", "RESREL", BOOLEAN, 2, 2,
                          NVME_UNIT_WORDS},
                         {"Mask Registration Preempted Notification", "REGPRE", BOOLEAN, 1, 1,
                          NVME_UNIT_WORDS}),
    },
    {
        .fid = NVME_FEAT_RESERVATION_PERSISTENCE, .name = "Reservation Persistence",
        .ability = NVME_CAN_RESERVATIONS, .per_namespace = true,
        .fields = FIELDS({"Persist Through Power Loss", "PTPL", BOOLEAN, 0, 0, NVME_UNIT_WORDS}),
    },
    {
        .fid = NVME_FEAT_NAMESPACE_WRITE_PROTECTION, .name = "Namespace Write Protect",
        .ability = NVME_CAN_WRITE_PROTECT, .per_namespace = true,
        .fields = FIELDS({"Write Protection State", "WPS",
                          "No Write Protect|Write Protect|Write Protect Until Power Cycle|"
                          "Permanent Write Protect", 2, 0, NVME_UNIT_WORDS}),
    },
};

const struct nvme_feature_info *nvme_feature_at(unsigned index)
{
    return index < ARRAY_SIZE(features) ? &features[index] : NULL;
}

const struct nvme_feature_info *nvme_feature_find(uint8_t fid)
{
    for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
        if (features[i].fid == fid) {
            return &features[i];
        }
    }
    return NULL;
}

static char plain(char c)
{
    if (c == '-' || c == '_') {
        return ' ';
    }
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* How much of name is there: 0 not, 1 its beginning, 2 all of it. */
static unsigned match(const char *name, const char *typed)
{
    while (*typed && plain(*typed) == plain(*name)) {
        typed++;
        name++;
    }
    return *typed ? 0 : *name ? 1 : 2;
}

const struct nvme_feature_info *nvme_feature_named(const char *name)
{
    const struct nvme_feature_info *found = NULL;
    unsigned count = 0;

    for (unsigned i = 0; name[0] && i < ARRAY_SIZE(features); i++) {
        unsigned matched = match(features[i].name, name);

        if (matched == 2) {
            return &features[i];
        }
        if (matched) {
            found = &features[i];
            count++;
        }
    }
    return count == 1 ? found : NULL;
}
