/*
 * drivers/nvme/nvme_spec_log.h - log pages, NVMe 1.4 §5.14.1, with the specification's field names.
 * Included by nvme_spec.h. Numbers are little-endian, as the CPU's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/bitfield.h"
#include "lib/compiler.h"

/* Error Information, 01h, §5.14.1.1: an entry; the newest is the first of the log */
struct nvme_error_entry {
    uint64_t error_count; /* of this error since the drive was made; 0: the entry is empty */
    uint16_t sqid;        /* FFFFh: not of one command, as for the next */
    uint16_t cid;
    uint16_t status;      /* NVME_CQE_PHASE, NVME_CQE_STATUS */
    uint16_t location;    /* NVME_ERROR_LOCATION_*; FFFFh: not of one parameter */
    uint64_t lba;         /* the first that the error is about */
    uint32_t nsid;
    uint8_t vs;           /* a log page of the vendor's that tells more, or 0 */
    uint8_t trtype;
    uint8_t reserved_30[2];
    uint64_t cs;          /* command specific */
    uint16_t trtype_specific;
    uint8_t reserved_42[22];
};
#define NVME_ERROR_LOCATION_BYTE GENMASK64(7, 0)  /* in the submission queue entry */
#define NVME_ERROR_LOCATION_BIT  GENMASK64(10, 8)
#define NVME_ERROR_LOCATION_NONE 0xffff
static_assert(sizeof(struct nvme_error_entry) == 64, "error information log entry");
static_assert(offsetof(struct nvme_error_entry, lba) == 16, "nvme_error_entry.lba");
static_assert(offsetof(struct nvme_error_entry, cs) == 32, "nvme_error_entry.cs");

/* SMART / Health Information, 02h, §5.14.1.2 */
struct nvme_smart_log {
    uint8_t critical_warning; /* NVME_SMART_WARN_* */
    uint8_t temperature[2];   /* Kelvin, little-endian */
    uint8_t avail_spare;      /* per cent */
    uint8_t spare_thresh;
    uint8_t percent_used;     /* may exceed 100; 255 is 255 or more */
    uint8_t endurance_warning; /* of all endurance groups together */
    uint8_t reserved_7[25];
    uint8_t data_units_read[16]; /* 1000 * 512 bytes, rounded up */
    uint8_t data_units_written[16];
    uint8_t host_reads[16];
    uint8_t host_writes[16];
    uint8_t busy_minutes[16];
    uint8_t power_cycles[16];
    uint8_t power_on_hours[16];
    uint8_t unsafe_shutdowns[16];
    uint8_t media_errors[16];
    uint8_t error_entries[16]; /* of the error log since the drive was made */
    uint32_t warning_minutes;  /* at WCTEMP or above */
    uint32_t critical_minutes; /* at CCTEMP or above */
    uint16_t sensors[8];       /* Kelvin; 0: there is none */
    uint32_t thm_count[2];     /* transitions to thermal management 1 and 2 */
    uint32_t thm_seconds[2];
    uint8_t reserved_232[280];
};
#define NVME_SMART_WARN_SPARE       GENMASK64(0, 0) /* spare below the threshold */
#define NVME_SMART_WARN_TEMPERATURE GENMASK64(1, 1)
#define NVME_SMART_WARN_RELIABILITY GENMASK64(2, 2)
#define NVME_SMART_WARN_READ_ONLY   GENMASK64(3, 3)
#define NVME_SMART_WARN_BACKUP      GENMASK64(4, 4) /* of the volatile memory */
#define NVME_SMART_WARN_PMR         GENMASK64(5, 5) /* persistent memory region is read-only */
static_assert(sizeof(struct nvme_smart_log) == 512, "smart log");
static_assert(offsetof(struct nvme_smart_log, data_units_read) == 32, "smart.data_units_read");
static_assert(offsetof(struct nvme_smart_log, error_entries) == 176, "smart.error_entries");
static_assert(offsetof(struct nvme_smart_log, sensors) == 200, "smart.sensors");
static_assert(offsetof(struct nvme_smart_log, thm_count) == 216, "smart.thm_count");

/* Firmware Slot Information, 03h, §5.14.1.3 */
struct nvme_firmware_log {
    uint8_t afi; /* NVME_AFI_* */
    uint8_t reserved_1[7];
    char frs[7][8]; /* the revision in each slot, from slot 1; zeros: none */
    uint8_t reserved_64[448];
};
#define NVME_AFI_ACTIVE GENMASK64(2, 0)
#define NVME_AFI_NEXT   GENMASK64(6, 4) /* the slot of the next reset; 0: as it is */
static_assert(sizeof(struct nvme_firmware_log) == 512, "firmware slot log");

/* Changed Namespace List, 04h, §5.14.1.4: uint32_t[1024], zeros after the last; FFFFFFFFh alone:
 * more than 1024 */

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

/* Device Self-test, 06h, §5.14.1.6 */
struct nvme_self_test_result {
    uint8_t status;  /* NVME_SELF_TEST_* */
    uint8_t segment; /* the first that failed */
    uint8_t valid;   /* NVME_SELF_TEST_VALID_*: which of the fields below mean something */
    uint8_t reserved_3;
    uint8_t power_on_hours[8];
    uint8_t nsid[4];
    uint8_t lba[8];
    uint8_t sct;
    uint8_t sc;
    uint8_t vs[2];
};
struct nvme_self_test_log {
    uint8_t operation;  /* 3:0: 0 none, 1 short, 2 extended, Eh a vendor's */
    uint8_t completion; /* 6:0: per cent */
    uint8_t reserved_2[2];
    struct nvme_self_test_result results[20]; /* the newest first */
};
#define NVME_SELF_TEST_RESULT     GENMASK64(3, 0) /* in status; Fh: the entry is not used */
#define NVME_SELF_TEST_CODE       GENMASK64(7, 4) /* 1 short, 2 extended, Eh a vendor's */
#define NVME_SELF_TEST_UNUSED     0xf
#define NVME_SELF_TEST_VALID_NSID GENMASK64(0, 0)
#define NVME_SELF_TEST_VALID_LBA  GENMASK64(1, 1)
#define NVME_SELF_TEST_VALID_SCT  GENMASK64(2, 2)
#define NVME_SELF_TEST_VALID_SC   GENMASK64(3, 3)
static_assert(sizeof(struct nvme_self_test_result) == 28, "self-test result");
static_assert(sizeof(struct nvme_self_test_log) == 564, "self-test log");

/* Telemetry Host-Initiated, 07h, and Controller-Initiated, 08h, §5.14.1.7, §5.14.1.8: the header;
 * data blocks of 512 bytes follow */
struct nvme_telemetry_header {
    uint8_t lid;
    uint8_t reserved_1[4];
    uint8_t ieee[3];
    uint16_t last_block[3]; /* of data areas 1, 2, 3; each area begins at block 1 */
    uint8_t reserved_14[368];
    uint8_t controller_available; /* the controller has data of its own accord: 1 */
    uint8_t controller_generation;
    uint8_t reason[128];
};
#define NVME_TELEMETRY_BLOCK_BYTES 512
#define NVME_TELEMETRY_LSP_CREATE  1 /* LSP of log 07h: capture the data anew */
static_assert(sizeof(struct nvme_telemetry_header) == 512, "telemetry log header");
static_assert(offsetof(struct nvme_telemetry_header, last_block) == 8, "telemetry.last_block");
static_assert(offsetof(struct nvme_telemetry_header, reason) == 384, "telemetry.reason");

/* Endurance Group Information, 09h, §5.14.1.9 */
struct nvme_endurance_log {
    uint8_t critical_warning;
    uint8_t reserved_1[2];
    uint8_t avail_spare;
    uint8_t avail_spare_threshold;
    uint8_t percent_used;
    uint8_t reserved_6[26];
    uint8_t endurance_estimate[16]; /* 10^9 bytes */
    uint8_t data_units_read[16];    /* 10^9 bytes, as the next two */
    uint8_t data_units_written[16];
    uint8_t media_units_written[16];
    uint8_t host_read_cmds[16];
    uint8_t host_write_cmds[16];
    uint8_t media_data_integrity_err[16];
    uint8_t num_err_info_log_entries[16];
    uint8_t reserved_160[352];
};
static_assert(sizeof(struct nvme_endurance_log) == 512, "endurance group log");
static_assert(offsetof(struct nvme_endurance_log, num_err_info_log_entries) == 144,
              "endurance.num_err_info_log_entries");

/* Predictable Latency Per NVM Set, 0Ah, §5.14.1.10 */
struct nvme_latency_log {
    uint8_t status; /* 2:0: 0 not in use, 1 deterministic, 2 non-deterministic window */
    uint8_t reserved_1;
    uint16_t event_type;
    uint8_t reserved_4[28];
    uint64_t dtwin_reads_typical, dtwin_writes_typical, dtwin_time_maximum;
    uint64_t ndwin_time_minimum_high, ndwin_time_minimum_low;
    uint8_t reserved_72[56];
    uint64_t dtwin_reads_estimate, dtwin_writes_estimate, dtwin_time_estimate;
    uint8_t reserved_152[360];
};
static_assert(sizeof(struct nvme_latency_log) == 512, "predictable latency log");
static_assert(offsetof(struct nvme_latency_log, dtwin_reads_estimate) == 128,
              "latency.dtwin_reads_estimate");

/* Persistent Event, 0Dh, §5.14.1.13: the header; the events follow, the newest first */
struct nvme_persistent_header {
    uint8_t lid;
    uint8_t reserved_1[3];
    uint32_t events;
    uint64_t bytes; /* of the whole log, this header included */
    uint8_t revision;
    uint8_t reserved_17;
    uint16_t header_bytes; /* that follow this field */
    uint8_t timestamp[8];  /* ms, bits 47:0 */
    uint8_t power_on_hours[16];
    uint8_t power_cycles[8];
    uint16_t vid, ssvid;
    char sn[20];
    char mn[40];
    char subnqn[256];
    uint8_t reserved_372[108];
    uint8_t supported[32]; /* bit n: events of type n are recorded */
};
/* The header of an event; vendor's bytes and the event's data follow it. */
struct nvme_persistent_event {
    uint8_t type; /* enum nvme_persistent_type */
    uint8_t revision;
    uint8_t header_bytes; /* that follow this field */
    uint8_t reserved_3;
    uint16_t cntlid;
    uint8_t timestamp[8]; /* ms, bits 47:0 */
    uint8_t reserved_14[6];
    uint16_t vendor_bytes;
    uint16_t bytes; /* of vendor's bytes and data */
};
#define NVME_PERSISTENT_TIMESTAMP GENMASK64(47, 0)
enum nvme_persistent_lsp {
    NVME_PERSISTENT_READ = 0,
    NVME_PERSISTENT_ESTABLISH = 1, /* a reporting context, and read */
    NVME_PERSISTENT_RELEASE = 2,
};
enum nvme_persistent_type {
    NVME_PEVENT_SMART = 0x01,
    NVME_PEVENT_FIRMWARE_COMMIT = 0x02,
    NVME_PEVENT_TIMESTAMP = 0x03,
    NVME_PEVENT_POWER_ON = 0x04,
    NVME_PEVENT_HARDWARE_ERROR = 0x05,
    NVME_PEVENT_NAMESPACE = 0x06,
    NVME_PEVENT_FORMAT_START = 0x07,
    NVME_PEVENT_FORMAT_DONE = 0x08,
    NVME_PEVENT_SANITIZE_START = 0x09,
    NVME_PEVENT_SANITIZE_DONE = 0x0a,
    NVME_PEVENT_SET_FEATURE = 0x0b,
    NVME_PEVENT_TELEMETRY = 0x0c,
    NVME_PEVENT_THERMAL = 0x0d,
    NVME_PEVENT_VENDOR = 0xde,
    NVME_PEVENT_TCG = 0xdf,
};
static_assert(sizeof(struct nvme_persistent_header) == 512, "persistent event log header");
static_assert(offsetof(struct nvme_persistent_header, power_on_hours) == 28,
              "persistent.power_on_hours");
static_assert(offsetof(struct nvme_persistent_header, sn) == 56, "persistent.sn");
static_assert(sizeof(struct nvme_persistent_event) == 24, "persistent event header");
static_assert(offsetof(struct nvme_persistent_event, vendor_bytes) == 20, "event.vendor_bytes");

/* LBA Status Information, 0Eh, §5.14.1.14: the header; for each namespace an element with its
 * ranges follows */
struct nvme_lba_status_header {
    uint32_t bytes; /* of the whole log */
    uint32_t elements;
    uint32_t unrecoverable; /* estimated logical blocks */
    uint8_t reserved_12[2];
    uint16_t generation;
};
struct nvme_lba_status_element {
    uint32_t nsid;
    uint32_t ranges; /* FFFFFFFFh: the namespace is to be examined as a whole */
    uint8_t action;  /* recommended */
    uint8_t reserved_9[7];
};
struct nvme_lba_status_range {
    uint64_t slba;
    uint32_t nlb; /* not zero-based */
    uint8_t reserved_12[4];
};
static_assert(sizeof(struct nvme_lba_status_header) == 16, "LBA status log header");
static_assert(sizeof(struct nvme_lba_status_element) == 16, "LBA status log element");
static_assert(sizeof(struct nvme_lba_status_range) == 16, "LBA status log range");

/* Reservation Notification, 80h, §5.14.1.16.1 */
struct nvme_reservation_log {
    uint64_t count; /* 0: there is none */
    uint8_t type;   /* 1 registration preempted, 2 reservation released, 3 reservation preempted */
    uint8_t available; /* pages that wait after this one */
    uint8_t reserved_10[2];
    uint32_t nsid;
    uint8_t reserved_16[48];
};
static_assert(sizeof(struct nvme_reservation_log) == 64, "reservation notification log");

/* Sanitize Status, 81h, §5.14.1.16.2 */
struct nvme_sanitize_log {
    uint16_t sprog;  /* of 65536 */
    uint16_t sstat;  /* NVME_SANITIZE_* */
    uint32_t scdw10; /* CDW10 of the last Sanitize */
    uint32_t estimate_s[6]; /* overwrite, block erase, crypto erase; the same without deallocation;
                               FFFFFFFFh: not reported */
    uint8_t reserved_32[480];
};
#define NVME_SANITIZE_STATUS GENMASK64(2, 0)
#define NVME_SANITIZE_PASSES GENMASK64(7, 3) /* of overwrite, completed */
#define NVME_SANITIZE_ERASED GENMASK64(8, 8) /* nothing was written since */
#define NVME_SANITIZE_NO_ESTIMATE UINT32_C(0xffffffff)
enum nvme_sanitize_status {
    NVME_SANITIZE_NEVER = 0,
    NVME_SANITIZE_DONE = 1,
    NVME_SANITIZE_RUNNING = 2,
    NVME_SANITIZE_FAILED = 3,
    NVME_SANITIZE_DONE_DEALLOCATED = 4, /* deallocated, against the request */
};
static_assert(sizeof(struct nvme_sanitize_log) == 512, "sanitize status log");
