/*
 * drivers/nvme/nvme_spec.h - the wire of NVM Express 1.4: registers, commands, completions, status
 * codes and data structures, with the specification's names and bit numbers. No functions.
 *
 * A field is one mask; read it with FIELD_GET, write it with FIELD_PREP. Values that the wire
 * counts from zero are marked "zero-based".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "drivers/nvme/nvme_spec_feature.h"
#include "drivers/nvme/nvme_spec_identify.h"
#include "drivers/nvme/nvme_spec_log.h"
#include "drivers/nvme/nvme_spec_manage.h"
#include "drivers/nvme/nvme_spec_nvm.h"
#include "drivers/nvme/nvme_spec_registers.h"
#include "drivers/nvme/nvme_spec_status.h"
#include "lib/bitfield.h"
#include "lib/compiler.h"

/* --- queue entries -------------------------------------------------------------------------- */

/* Submission queue entry, §4.2 */
struct nvme_sqe {
    uint8_t opcode; /* CDW0 7:0 */
    uint8_t flags;  /* CDW0 15:8: NVME_SQE_FUSE, NVME_SQE_PSDT */
    uint16_t cid;   /* CDW0 31:16, command identifier */
    uint32_t nsid;
    uint32_t cdw2;
    uint32_t cdw3;
    uint64_t mptr; /* metadata pointer */
    uint64_t prp1; /* data pointer, §4.3 */
    uint64_t prp2;
    uint32_t cdw10;
    uint32_t cdw11;
    uint32_t cdw12;
    uint32_t cdw13;
    uint32_t cdw14;
    uint32_t cdw15;
};
#define NVME_SQE_FUSE GENMASK64(1, 0) /* in flags: 0 normal, 1 first, 2 second of a fused pair */
#define NVME_SQE_PSDT GENMASK64(7, 6) /* in flags: 0 PRPs */
#define NVME_PSDT_SGL 1 /* SGLs, §4.4, for data; metadata contiguous at mptr */
#define NVME_SQE_BYTES 64
#define NVME_SQE_SHIFT 6 /* CC.IOSQES */
static_assert(sizeof(struct nvme_sqe) == NVME_SQE_BYTES, "submission queue entry");
static_assert(offsetof(struct nvme_sqe, nsid) == 4, "sqe.nsid");
static_assert(offsetof(struct nvme_sqe, mptr) == 16, "sqe.mptr");
static_assert(offsetof(struct nvme_sqe, prp1) == 24, "sqe.prp1");
static_assert(offsetof(struct nvme_sqe, prp2) == 32, "sqe.prp2");
static_assert(offsetof(struct nvme_sqe, cdw10) == 40, "sqe.cdw10");
static_assert(offsetof(struct nvme_sqe, cdw15) == 60, "sqe.cdw15");

/* Completion queue entry, §4.6 */
struct nvme_cqe {
    uint32_t dw0; /* command specific */
    uint32_t dw1;
    uint16_t sqhd; /* submission queue head */
    uint16_t sqid; /* submission queue */
    uint16_t cid;  /* command identifier */
    uint16_t status; /* DW3 31:16: NVME_CQE_PHASE, NVME_CQE_STATUS */
};
#define NVME_CQE_PHASE  GENMASK64(0, 0)  /* in status; DW3 bit 16 */
#define NVME_CQE_STATUS GENMASK64(15, 1) /* in status; DW3 31:17; gives NVME_STATUS() */
#define NVME_CQE_DW3_CID    GENMASK64(15, 0) /* the same fields in the whole dword */
#define NVME_CQE_DW3_PHASE  GENMASK64(16, 16)
#define NVME_CQE_DW3_STATUS GENMASK64(31, 17)
#define NVME_CQE_BYTES 16
#define NVME_CQE_SHIFT 4 /* CC.IOCQES */
static_assert(sizeof(struct nvme_cqe) == NVME_CQE_BYTES, "completion queue entry");
static_assert(offsetof(struct nvme_cqe, sqhd) == 8, "cqe.sqhd");
static_assert(offsetof(struct nvme_cqe, cid) == 12, "cqe.cid");
static_assert(offsetof(struct nvme_cqe, status) == 14, "cqe.status");

#define NVME_PAGE_SHIFT 12 /* the memory page we select: CC.MPS = 0 */
#define NVME_PAGE_BYTES 4096
#define NVME_PRP_LIST_ENTRIES 512 /* 8-byte entries in one page, §4.3 */

/* --- opcodes -------------------------------------------------------------------------------- */

/* Admin command set, §5 */
enum nvme_admin_opcode {
    NVME_ADM_DELETE_IO_SQ = 0x00,
    NVME_ADM_CREATE_IO_SQ = 0x01,
    NVME_ADM_GET_LOG_PAGE = 0x02,
    NVME_ADM_DELETE_IO_CQ = 0x04,
    NVME_ADM_CREATE_IO_CQ = 0x05,
    NVME_ADM_IDENTIFY = 0x06,
    NVME_ADM_ABORT = 0x08,
    NVME_ADM_SET_FEATURES = 0x09,
    NVME_ADM_GET_FEATURES = 0x0a,
    NVME_ADM_ASYNC_EVENT_REQUEST = 0x0c,
    NVME_ADM_NAMESPACE_MANAGEMENT = 0x0d,
    NVME_ADM_FIRMWARE_COMMIT = 0x10,
    NVME_ADM_FIRMWARE_DOWNLOAD = 0x11,
    NVME_ADM_DEVICE_SELF_TEST = 0x14,
    NVME_ADM_NAMESPACE_ATTACHMENT = 0x15,
    NVME_ADM_KEEP_ALIVE = 0x18,
    NVME_ADM_DIRECTIVE_SEND = 0x19,
    NVME_ADM_DIRECTIVE_RECEIVE = 0x1a,
    NVME_ADM_VIRTUALIZATION_MANAGEMENT = 0x1c,
    NVME_ADM_MI_SEND = 0x1d,
    NVME_ADM_MI_RECEIVE = 0x1e,
    NVME_ADM_DOORBELL_BUFFER_CONFIG = 0x7c,
    NVME_ADM_FORMAT_NVM = 0x80,
    NVME_ADM_SECURITY_SEND = 0x81,
    NVME_ADM_SECURITY_RECEIVE = 0x82,
    NVME_ADM_SANITIZE = 0x84,
    NVME_ADM_GET_LBA_STATUS = 0x86,
    NVME_ADM_VENDOR_FIRST = 0xc0,
};

/* NVM command set, §6 */
enum nvme_io_opcode {
    NVME_IO_FLUSH = 0x00,
    NVME_IO_WRITE = 0x01,
    NVME_IO_READ = 0x02,
    NVME_IO_WRITE_UNCORRECTABLE = 0x04,
    NVME_IO_COMPARE = 0x05,
    NVME_IO_WRITE_ZEROES = 0x08,
    NVME_IO_DSM = 0x09,
    NVME_IO_VERIFY = 0x0c,
    NVME_IO_RESERVATION_REGISTER = 0x0d,
    NVME_IO_RESERVATION_REPORT = 0x0e,
    NVME_IO_RESERVATION_ACQUIRE = 0x11,
    NVME_IO_RESERVATION_RELEASE = 0x15,
    NVME_IO_COPY = 0x19, /* ratified after 1.4 */
    NVME_IO_VENDOR_FIRST = 0x80,
};

/* --- command dwords ------------------------------------------------------------------------- */

/* Create I/O Completion Queue, §5.3, and Submission Queue, §5.4 */
#define NVME_CREATE_Q_CDW10_QID   GENMASK64(15, 0)
#define NVME_CREATE_Q_CDW10_QSIZE GENMASK64(31, 16) /* zero-based */
#define NVME_CREATE_CQ_CDW11_PC   GENMASK64(0, 0)   /* physically contiguous */
#define NVME_CREATE_CQ_CDW11_IEN  GENMASK64(1, 1)   /* interrupts enabled */
#define NVME_CREATE_CQ_CDW11_IV   GENMASK64(31, 16) /* interrupt vector */
#define NVME_CREATE_SQ_CDW11_PC   GENMASK64(0, 0)
#define NVME_CREATE_SQ_CDW11_QPRIO GENMASK64(2, 1)  /* 0 urgent, 1 high, 2 medium, 3 low */
#define NVME_CREATE_SQ_CDW11_CQID GENMASK64(31, 16)

/* Delete I/O Completion Queue, §5.5, and Submission Queue, §5.6 */
#define NVME_DELETE_Q_CDW10_QID GENMASK64(15, 0)

/* Directive Receive, §5.9, and Send, §5.10 */
#define NVME_DIRECTIVE_CDW11_DOPER GENMASK64(7, 0)
#define NVME_DIRECTIVE_CDW11_DTYPE GENMASK64(15, 8)
#define NVME_DIRECTIVE_CDW11_DSPEC GENMASK64(31, 16)

/* Abort, §5.1 */
#define NVME_ABORT_CDW10_SQID GENMASK64(15, 0)
#define NVME_ABORT_CDW10_CID  GENMASK64(31, 16)
#define NVME_ABORT_DW0_NOT_ABORTED GENMASK64(0, 0) /* in the completion */

/* Asynchronous Event Request, §5.2: the completion's DW0 */
#define NVME_EVENT_DW0_TYPE GENMASK64(2, 0)   /* enum nvme_event_type */
#define NVME_EVENT_DW0_INFO GENMASK64(15, 8)  /* by type */
#define NVME_EVENT_DW0_LID  GENMASK64(23, 16) /* the log page that tells more */

enum nvme_event_type {
    NVME_EVENT_ERROR = 0,
    NVME_EVENT_HEALTH = 1,
    NVME_EVENT_NOTICE = 2,
    NVME_EVENT_COMMAND_SET = 6,
    NVME_EVENT_VENDOR = 7,
};
enum nvme_event_health_info {
    NVME_EVENT_HEALTH_RELIABILITY = 0,
    NVME_EVENT_HEALTH_TEMPERATURE = 1,
    NVME_EVENT_HEALTH_SPARE = 2,
};
enum nvme_event_notice_info {
    NVME_EVENT_NOTICE_NAMESPACES = 0,
    NVME_EVENT_NOTICE_FIRMWARE = 1,
    NVME_EVENT_NOTICE_TELEMETRY = 2,
    NVME_EVENT_NOTICE_ANA = 3,
    NVME_EVENT_NOTICE_PREDICTABLE_LATENCY = 4,
    NVME_EVENT_NOTICE_LBA_STATUS = 5,
    NVME_EVENT_NOTICE_ENDURANCE_GROUP = 6,
};
enum nvme_event_command_set_info {
    NVME_EVENT_RESERVATION = 0,
    NVME_EVENT_SANITIZE = 1,
    NVME_EVENT_SANITIZE_DEALLOCATED = 2,
};

/* Asynchronous Event Configuration, §5.21.1.11, in CDW11; bits 15:8 as in Identify's OAES */
#define NVME_AEC_SMART     GENMASK64(7, 0)   /* as the critical warnings of the SMART log */
#define NVME_AEC_NAMESPACE GENMASK64(8, 8)
#define NVME_AEC_FIRMWARE  GENMASK64(9, 9)
#define NVME_AEC_TELEMETRY GENMASK64(10, 10) /* no OAES bit: it goes with LPA's telemetry */
#define NVME_AEC_ANA       GENMASK64(11, 11)
#define NVME_AEC_PREDICTABLE_LATENCY GENMASK64(12, 12)
#define NVME_AEC_LBA_STATUS GENMASK64(13, 13)
#define NVME_AEC_ENDURANCE_GROUP GENMASK64(14, 14)

/* Identify, §5.15.1 */
#define NVME_IDENTIFY_CDW10_CNS   GENMASK64(7, 0)
#define NVME_IDENTIFY_CDW10_CNTID GENMASK64(31, 16)

/* Get Log Page, §5.14 */
#define NVME_GET_LOG_CDW10_LID   GENMASK64(7, 0)
#define NVME_GET_LOG_CDW10_LSP   GENMASK64(11, 8)
#define NVME_GET_LOG_CDW10_RAE   GENMASK64(15, 15) /* retain asynchronous event */
#define NVME_GET_LOG_CDW10_NUMDL GENMASK64(31, 16) /* dwords, zero-based, low half */
#define NVME_GET_LOG_CDW11_NUMDU GENMASK64(15, 0)
#define NVME_GET_LOG_CDW11_LSI   GENMASK64(31, 16)

/* Get Features, §5.13, and Set Features, §5.21 */
#define NVME_GET_FEATURES_CDW10_FID GENMASK64(7, 0)
#define NVME_GET_FEATURES_CDW10_SEL GENMASK64(10, 8)
#define NVME_SET_FEATURES_CDW10_FID GENMASK64(7, 0)
#define NVME_SET_FEATURES_CDW10_SV  GENMASK64(31, 31) /* save */
/* Number of Queues, §5.21.1.7: asked for in CDW11, granted in DW0; all zero-based */
#define NVME_NUM_QUEUES_SQ GENMASK64(15, 0)
#define NVME_NUM_QUEUES_CQ GENMASK64(31, 16)


/* Feature identifiers, §5.21.1 */
enum nvme_feature {
    NVME_FEAT_ARBITRATION = 0x01,
    NVME_FEAT_POWER_MANAGEMENT = 0x02,
    NVME_FEAT_LBA_RANGE_TYPE = 0x03,
    NVME_FEAT_TEMPERATURE_THRESHOLD = 0x04,
    NVME_FEAT_ERROR_RECOVERY = 0x05,
    NVME_FEAT_VOLATILE_WRITE_CACHE = 0x06,
    NVME_FEAT_NUMBER_OF_QUEUES = 0x07,
    NVME_FEAT_INTERRUPT_COALESCING = 0x08,
    NVME_FEAT_INTERRUPT_VECTOR_CONFIG = 0x09,
    NVME_FEAT_WRITE_ATOMICITY = 0x0a,
    NVME_FEAT_ASYNC_EVENT_CONFIG = 0x0b,
    NVME_FEAT_AUTONOMOUS_POWER_STATE = 0x0c,
    NVME_FEAT_HOST_MEMORY_BUFFER = 0x0d,
    NVME_FEAT_TIMESTAMP = 0x0e,
    NVME_FEAT_KEEP_ALIVE_TIMER = 0x0f,
    NVME_FEAT_HOST_THERMAL_MANAGEMENT = 0x10,
    NVME_FEAT_NON_OPERATIONAL_POWER = 0x11,
    NVME_FEAT_READ_RECOVERY_LEVEL = 0x12,
    NVME_FEAT_PREDICTABLE_LATENCY_CONFIG = 0x13,
    NVME_FEAT_PREDICTABLE_LATENCY_WINDOW = 0x14,
    NVME_FEAT_LBA_STATUS_INTERVAL = 0x15,
    NVME_FEAT_HOST_BEHAVIOR = 0x16,
    NVME_FEAT_SANITIZE_CONFIG = 0x17,
    NVME_FEAT_ENDURANCE_GROUP_EVENT = 0x18,
    NVME_FEAT_SOFTWARE_PROGRESS = 0x80,
    NVME_FEAT_HOST_IDENTIFIER = 0x81,
    NVME_FEAT_RESERVATION_MASK = 0x82,
    NVME_FEAT_RESERVATION_PERSISTENCE = 0x83,
    NVME_FEAT_NAMESPACE_WRITE_PROTECTION = 0x84,
};

/* Log page identifiers, §5.14.1 */
enum nvme_log {
    NVME_LOG_ERROR = 0x01,
    NVME_LOG_SMART = 0x02,
    NVME_LOG_FIRMWARE_SLOT = 0x03,
    NVME_LOG_CHANGED_NAMESPACES = 0x04,
    NVME_LOG_COMMAND_EFFECTS = 0x05,
    NVME_LOG_DEVICE_SELF_TEST = 0x06,
    NVME_LOG_TELEMETRY_HOST = 0x07,
    NVME_LOG_TELEMETRY_CONTROLLER = 0x08,
    NVME_LOG_ENDURANCE_GROUP = 0x09,
    NVME_LOG_PREDICTABLE_LATENCY = 0x0a,
    NVME_LOG_PREDICTABLE_LATENCY_EVENTS = 0x0b,
    NVME_LOG_ASYMMETRIC_ACCESS = 0x0c,
    NVME_LOG_PERSISTENT_EVENT = 0x0d,
    NVME_LOG_LBA_STATUS = 0x0e,
    NVME_LOG_ENDURANCE_GROUP_EVENTS = 0x0f,
    NVME_LOG_RESERVATION = 0x80,
    NVME_LOG_SANITIZE = 0x81,
};
