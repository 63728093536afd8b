/*
 * drivers/nvme/nvme_status.c - status codes (NVMe 1.4 §4.6.1) and opcodes in words. The one place
 * where a device's status becomes an errno.
 */
#include "drivers/nvme/nvme.h"
#include "lib/errno.h"
#include "lib/out.h"

struct status_entry {
    uint16_t code; /* NVME_STATUS_CODE */
    int16_t err;
    const char *name;
};

/* Names are those of the specification. */
static const struct status_entry statuses[] = {
    {NVME_SC_SUCCESS, 0, "Successful Completion"},
    {NVME_SC_INVALID_OPCODE, -ENOTSUP, "Invalid Command Opcode"},
    {NVME_SC_INVALID_FIELD, -EIO, "Invalid Field in Command"},
    {NVME_SC_COMMAND_ID_CONFLICT, -EIO, "Command ID Conflict"},
    {NVME_SC_DATA_TRANSFER_ERROR, -EIO, "Data Transfer Error"},
    {NVME_SC_ABORTED_POWER_LOSS, -ECANCELED, "Commands Aborted due to Power Loss Notification"},
    {NVME_SC_INTERNAL_ERROR, -EIO, "Internal Error"},
    {NVME_SC_ABORT_REQUESTED, -ECANCELED, "Command Abort Requested"},
    {NVME_SC_ABORTED_SQ_DELETION, -ECANCELED, "Command Aborted due to SQ Deletion"},
    {NVME_SC_ABORTED_FAILED_FUSED, -ECANCELED, "Command Aborted due to Failed Fused Command"},
    {NVME_SC_ABORTED_MISSING_FUSED, -ECANCELED, "Command Aborted due to Missing Fused Command"},
    {NVME_SC_INVALID_NAMESPACE_OR_FORMAT, -ENXIO, "Invalid Namespace or Format"},
    {NVME_SC_COMMAND_SEQUENCE_ERROR, -EIO, "Command Sequence Error"},
    {NVME_SC_INVALID_SGL_SEGMENT, -EIO, "Invalid SGL Segment Descriptor"},
    {NVME_SC_INVALID_SGL_COUNT, -EIO, "Invalid Number of SGL Descriptors"},
    {NVME_SC_DATA_SGL_LENGTH_INVALID, -EIO, "Data SGL Length Invalid"},
    {NVME_SC_METADATA_SGL_LENGTH_INVALID, -EIO, "Metadata SGL Length Invalid"},
    {NVME_SC_SGL_TYPE_INVALID, -EIO, "SGL Descriptor Type Invalid"},
    {NVME_SC_INVALID_CMB_USE, -EIO, "Invalid Use of Controller Memory Buffer"},
    {NVME_SC_PRP_OFFSET_INVALID, -EIO, "PRP Offset Invalid"},
    {NVME_SC_ATOMIC_WRITE_UNIT_EXCEEDED, -EIO, "Atomic Write Unit Exceeded"},
    {NVME_SC_OPERATION_DENIED, -EIO, "Operation Denied"},
    {NVME_SC_SGL_OFFSET_INVALID, -EIO, "SGL Offset Invalid"},
    {NVME_SC_HOST_ID_INCONSISTENT, -EIO, "Host Identifier Inconsistent Format"},
    {NVME_SC_KEEP_ALIVE_EXPIRED, -EIO, "Keep Alive Timer Expired"},
    {NVME_SC_KEEP_ALIVE_INVALID, -EIO, "Keep Alive Timeout Invalid"},
    {NVME_SC_ABORTED_PREEMPT, -ECANCELED, "Command Aborted due to Preempt and Abort"},
    {NVME_SC_SANITIZE_FAILED, -EIO, "Sanitize Failed"},
    {NVME_SC_SANITIZE_IN_PROGRESS, -EIO, "Sanitize In Progress"},
    {NVME_SC_SGL_GRANULARITY_INVALID, -EIO, "SGL Data Block Granularity Invalid"},
    {NVME_SC_NOT_SUPPORTED_IN_CMB, -EIO, "Command Not Supported for Queue in CMB"},
    {NVME_SC_NAMESPACE_WRITE_PROTECTED, -EROFS, "Namespace is Write Protected"},
    {NVME_SC_COMMAND_INTERRUPTED, -EIO, "Command Interrupted"},
    {NVME_SC_TRANSIENT_TRANSPORT_ERROR, -EIO, "Transient Transport Error"},
    {NVME_SC_LBA_OUT_OF_RANGE, -EIO, "LBA Out of Range"},
    {NVME_SC_CAPACITY_EXCEEDED, -ENOSPC, "Capacity Exceeded"},
    {NVME_SC_NAMESPACE_NOT_READY, -EIO, "Namespace Not Ready"},
    {NVME_SC_RESERVATION_CONFLICT, -EIO, "Reservation Conflict"},
    {NVME_SC_FORMAT_IN_PROGRESS, -EIO, "Format In Progress"},
    {NVME_SC_CQ_INVALID, -EIO, "Completion Queue Invalid"},
    {NVME_SC_INVALID_QUEUE_ID, -EIO, "Invalid Queue Identifier"},
    {NVME_SC_INVALID_QUEUE_SIZE, -EIO, "Invalid Queue Size"},
    {NVME_SC_ABORT_LIMIT_EXCEEDED, -EIO, "Abort Command Limit Exceeded"},
    {NVME_SC_ASYNC_EVENT_LIMIT_EXCEEDED, -EIO, "Asynchronous Event Request Limit Exceeded"},
    {NVME_SC_INVALID_FIRMWARE_SLOT, -EIO, "Invalid Firmware Slot"},
    {NVME_SC_INVALID_FIRMWARE_IMAGE, -EIO, "Invalid Firmware Image"},
    {NVME_SC_INVALID_INTERRUPT_VECTOR, -EIO, "Invalid Interrupt Vector"},
    {NVME_SC_INVALID_LOG_PAGE, -EIO, "Invalid Log Page"},
    {NVME_SC_INVALID_FORMAT, -EIO, "Invalid Format"},
    {NVME_SC_FIRMWARE_NEEDS_CONVENTIONAL_RESET, -EIO,
     "Firmware Activation Requires Conventional Reset"},
    {NVME_SC_INVALID_QUEUE_DELETION, -EIO, "Invalid Queue Deletion"},
    {NVME_SC_FEATURE_NOT_SAVEABLE, -EIO, "Feature Identifier Not Saveable"},
    {NVME_SC_FEATURE_NOT_CHANGEABLE, -EIO, "Feature Not Changeable"},
    {NVME_SC_FEATURE_NOT_NAMESPACE_SPECIFIC, -EIO, "Feature Not Namespace Specific"},
    {NVME_SC_FIRMWARE_NEEDS_SUBSYSTEM_RESET, -EIO,
     "Firmware Activation Requires NVM Subsystem Reset"},
    {NVME_SC_FIRMWARE_NEEDS_CONTROLLER_RESET, -EIO,
     "Firmware Activation Requires Controller Level Reset"},
    {NVME_SC_FIRMWARE_NEEDS_MAX_TIME, -EIO, "Firmware Activation Requires Maximum Time Violation"},
    {NVME_SC_FIRMWARE_ACTIVATION_PROHIBITED, -EIO, "Firmware Activation Prohibited"},
    {NVME_SC_OVERLAPPING_RANGE, -EIO, "Overlapping Range"},
    {NVME_SC_NAMESPACE_INSUFFICIENT_CAPACITY, -ENOSPC, "Namespace Insufficient Capacity"},
    {NVME_SC_NAMESPACE_ID_UNAVAILABLE, -EIO, "Namespace Identifier Unavailable"},
    {NVME_SC_NAMESPACE_ALREADY_ATTACHED, -EIO, "Namespace Already Attached"},
    {NVME_SC_NAMESPACE_IS_PRIVATE, -EIO, "Namespace Is Private"},
    {NVME_SC_NAMESPACE_NOT_ATTACHED, -EIO, "Namespace Not Attached"},
    {NVME_SC_THIN_PROVISIONING_NOT_SUPPORTED, -EIO, "Thin Provisioning Not Supported"},
    {NVME_SC_CONTROLLER_LIST_INVALID, -EIO, "Controller List Invalid"},
    {NVME_SC_SELF_TEST_IN_PROGRESS, -EIO, "Device Self-test In Progress"},
    {NVME_SC_BOOT_PARTITION_WRITE_PROHIBITED, -EIO, "Boot Partition Write Prohibited"},
    {NVME_SC_INVALID_CONTROLLER_ID, -EIO, "Invalid Controller Identifier"},
    {NVME_SC_INVALID_SECONDARY_STATE, -EIO, "Invalid Secondary Controller State"},
    {NVME_SC_INVALID_RESOURCE_COUNT, -EIO, "Invalid Number of Controller Resources"},
    {NVME_SC_INVALID_RESOURCE_ID, -EIO, "Invalid Resource Identifier"},
    {NVME_SC_SANITIZE_PROHIBITED_PMR, -EIO,
     "Sanitize Prohibited While Persistent Memory Region is Enabled"},
    {NVME_SC_ANA_GROUP_ID_INVALID, -EIO, "ANA Group Identifier Invalid"},
    {NVME_SC_ANA_ATTACH_FAILED, -EIO, "ANA Attach Failed"},
    {NVME_SC_CONFLICTING_ATTRIBUTES, -EIO, "Conflicting Attributes"},
    {NVME_SC_INVALID_PROTECTION_INFO, -EIO, "Invalid Protection Information"},
    {NVME_SC_WRITE_TO_READ_ONLY_RANGE, -EROFS, "Attempted Write to Read Only Range"},
    {NVME_SC_WRITE_FAULT, -EIO, "Write Fault"},
    {NVME_SC_UNRECOVERED_READ_ERROR, -ENODATA, "Unrecovered Read Error"},
    {NVME_SC_GUARD_CHECK_ERROR, -EIO, "End-to-end Guard Check Error"},
    {NVME_SC_APPLICATION_TAG_CHECK_ERROR, -EIO, "End-to-end Application Tag Check Error"},
    {NVME_SC_REFERENCE_TAG_CHECK_ERROR, -EIO, "End-to-end Reference Tag Check Error"},
    {NVME_SC_COMPARE_FAILURE, -EIO, "Compare Failure"},
    {NVME_SC_ACCESS_DENIED, -EIO, "Access Denied"},
    {NVME_SC_DEALLOCATED_OR_UNWRITTEN, -ENODATA, "Deallocated or Unwritten Logical Block"},
    {NVME_SC_INTERNAL_PATH_ERROR, -EIO, "Internal Path Error"},
    {NVME_SC_ANA_PERSISTENT_LOSS, -EIO, "Asymmetric Access Persistent Loss"},
    {NVME_SC_ANA_INACCESSIBLE, -EIO, "Asymmetric Access Inaccessible"},
    {NVME_SC_ANA_TRANSITION, -EIO, "Asymmetric Access Transition"},
    {NVME_SC_CONTROLLER_PATHING_ERROR, -EIO, "Controller Pathing Error"},
    {NVME_SC_HOST_PATHING_ERROR, -EIO, "Host Pathing Error"},
    {NVME_SC_ABORTED_BY_HOST, -ECANCELED, "Command Aborted By Host"},
};

struct opcode_entry {
    uint8_t opcode;
    const char *name;
};

static const struct opcode_entry admin_opcodes[] = {
    {NVME_ADM_DELETE_IO_SQ, "Delete I/O Submission Queue"},
    {NVME_ADM_CREATE_IO_SQ, "Create I/O Submission Queue"},
    {NVME_ADM_GET_LOG_PAGE, "Get Log Page"},
    {NVME_ADM_DELETE_IO_CQ, "Delete I/O Completion Queue"},
    {NVME_ADM_CREATE_IO_CQ, "Create I/O Completion Queue"},
    {NVME_ADM_IDENTIFY, "Identify"},
    {NVME_ADM_ABORT, "Abort"},
    {NVME_ADM_SET_FEATURES, "Set Features"},
    {NVME_ADM_GET_FEATURES, "Get Features"},
    {NVME_ADM_ASYNC_EVENT_REQUEST, "Asynchronous Event Request"},
    {NVME_ADM_NAMESPACE_MANAGEMENT, "Namespace Management"},
    {NVME_ADM_FIRMWARE_COMMIT, "Firmware Commit"},
    {NVME_ADM_FIRMWARE_DOWNLOAD, "Firmware Image Download"},
    {NVME_ADM_DEVICE_SELF_TEST, "Device Self-test"},
    {NVME_ADM_NAMESPACE_ATTACHMENT, "Namespace Attachment"},
    {NVME_ADM_KEEP_ALIVE, "Keep Alive"},
    {NVME_ADM_DIRECTIVE_SEND, "Directive Send"},
    {NVME_ADM_DIRECTIVE_RECEIVE, "Directive Receive"},
    {NVME_ADM_VIRTUALIZATION_MANAGEMENT, "Virtualization Management"},
    {NVME_ADM_MI_SEND, "NVMe-MI Send"},
    {NVME_ADM_MI_RECEIVE, "NVMe-MI Receive"},
    {NVME_ADM_DOORBELL_BUFFER_CONFIG, "Doorbell Buffer Config"},
    {NVME_ADM_FORMAT_NVM, "Format NVM"},
    {NVME_ADM_SECURITY_SEND, "Security Send"},
    {NVME_ADM_SECURITY_RECEIVE, "Security Receive"},
    {NVME_ADM_SANITIZE, "Sanitize"},
    {NVME_ADM_GET_LBA_STATUS, "Get LBA Status"},
};

static const struct opcode_entry io_opcodes[] = {
    {NVME_IO_FLUSH, "Flush"},
    {NVME_IO_WRITE, "Write"},
    {NVME_IO_READ, "Read"},
    {NVME_IO_WRITE_UNCORRECTABLE, "Write Uncorrectable"},
    {NVME_IO_COMPARE, "Compare"},
    {NVME_IO_WRITE_ZEROES, "Write Zeroes"},
    {NVME_IO_DSM, "Dataset Management"},
    {NVME_IO_VERIFY, "Verify"},
    {NVME_IO_RESERVATION_REGISTER, "Reservation Register"},
    {NVME_IO_RESERVATION_REPORT, "Reservation Report"},
    {NVME_IO_RESERVATION_ACQUIRE, "Reservation Acquire"},
    {NVME_IO_RESERVATION_RELEASE, "Reservation Release"},
};

static const struct status_entry *status_find(uint16_t status)
{
    unsigned code = FIELD_GET(NVME_STATUS_CODE, status);

    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        if (statuses[i].code == code) {
            return &statuses[i];
        }
    }
    return NULL;
}

/* What can be said of a code the table does not have. */
static const char *sct_name(uint16_t status)
{
    switch (FIELD_GET(NVME_STATUS_SCT, status)) {
    case NVME_SCT_GENERIC:
        return "unknown generic status";
    case NVME_SCT_SPECIFIC:
        return "unknown command specific status";
    case NVME_SCT_MEDIA:
        return "unknown media or data integrity error";
    case NVME_SCT_PATH:
        return "unknown path related status";
    case NVME_SCT_VENDOR:
        return "vendor specific status";
    default:
        return "reserved status code type";
    }
}

int nvme_status_errno(uint16_t status)
{
    const struct status_entry *entry = status_find(status);

    return entry ? entry->err : -EIO;
}

const char *nvme_status_name(uint16_t status)
{
    const struct status_entry *entry = status_find(status);

    return entry ? entry->name : sct_name(status);
}

void nvme_status_format(uint16_t status, char *buf, size_t cap)
{
    str_format(buf, cap, "%s (sct %u, sc %02Xh%s%s)", nvme_status_name(status),
               (unsigned)FIELD_GET(NVME_STATUS_SCT, status),
               (unsigned)FIELD_GET(NVME_STATUS_SC, status),
               FIELD_GET(NVME_STATUS_DNR, status) ? ", do not retry" : "",
               FIELD_GET(NVME_STATUS_MORE, status) ? ", more in the error log" : "");
}

void nvme_opcode_format(bool admin, uint8_t opcode, char *buf, size_t cap)
{
    const struct opcode_entry *table = admin ? admin_opcodes : io_opcodes;
    size_t count = admin ? ARRAY_SIZE(admin_opcodes) : ARRAY_SIZE(io_opcodes);
    unsigned vendor = admin ? NVME_ADM_VENDOR_FIRST : NVME_IO_VENDOR_FIRST;

    for (size_t i = 0; i < count; i++) {
        if (table[i].opcode == opcode) {
            str_format(buf, cap, "%s", table[i].name);
            return;
        }
    }
    str_format(buf, cap, "%s opcode %02Xh%s", admin ? "admin" : "I/O", opcode,
               opcode >= vendor ? " (vendor)" : "");
}
