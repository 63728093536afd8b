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
    const char *meaning; /* a sentence for a person */
};

/* Names are those of the specification. */
static const struct status_entry statuses[] = {
    {NVME_SC_SUCCESS, 0, "Successful Completion",
     "The command was done."},
    {NVME_SC_INVALID_OPCODE, -ENOTSUP, "Invalid Command Opcode",
     "The drive does not know this command, or not in this state."},
    {NVME_SC_INVALID_FIELD, -EIO, "Invalid Field in Command",
     "A parameter of the command has a value that the drive does not accept."},
    {NVME_SC_COMMAND_ID_CONFLICT, -EIO, "Command ID Conflict",
     "The command's identifier is in use by another one: a fault of the driver."},
    {NVME_SC_DATA_TRANSFER_ERROR, -EIO, "Data Transfer Error",
     "The data could not be moved between memory and drive."},
    {NVME_SC_ABORTED_POWER_LOSS, -ECANCELED, "Commands Aborted due to Power Loss Notification",
     "The drive stopped because its power was going away."},
    {NVME_SC_INTERNAL_ERROR, -EIO, "Internal Error",
     "Something failed inside the drive; the error log may tell more."},
    {NVME_SC_ABORT_REQUESTED, -ECANCELED, "Command Abort Requested",
     "The command was ended because an Abort asked for it."},
    {NVME_SC_ABORTED_SQ_DELETION, -ECANCELED, "Command Aborted due to SQ Deletion",
     "The command's queue was deleted before it was done."},
    {NVME_SC_ABORTED_FAILED_FUSED, -ECANCELED, "Command Aborted due to Failed Fused Command",
     "The other command of the fused pair failed."},
    {NVME_SC_ABORTED_MISSING_FUSED, -ECANCELED, "Command Aborted due to Missing Fused Command",
     "The other command of the fused pair did not come."},
    {NVME_SC_INVALID_NAMESPACE_OR_FORMAT, -ENXIO, "Invalid Namespace or Format",
     "There is no such namespace here, or its format does not allow this."},
    {NVME_SC_COMMAND_SEQUENCE_ERROR, -EIO, "Command Sequence Error",
     "Another command has to come first."},
    {NVME_SC_INVALID_SGL_SEGMENT, -EIO, "Invalid SGL Segment Descriptor",
     "The list that describes the data is malformed."},
    {NVME_SC_INVALID_SGL_COUNT, -EIO, "Invalid Number of SGL Descriptors",
     "The list that describes the data is longer than the drive allows."},
    {NVME_SC_DATA_SGL_LENGTH_INVALID, -EIO, "Data SGL Length Invalid",
     "The list that describes the data is too short or too long for it."},
    {NVME_SC_METADATA_SGL_LENGTH_INVALID, -EIO, "Metadata SGL Length Invalid",
     "The list that describes the metadata is too short or too long for it."},
    {NVME_SC_SGL_TYPE_INVALID, -EIO, "SGL Descriptor Type Invalid",
     "The list that describes the data has an entry of a kind the drive does not know."},
    {NVME_SC_INVALID_CMB_USE, -EIO, "Invalid Use of Controller Memory Buffer",
     "The drive's own memory was used in a way it does not support."},
    {NVME_SC_PRP_OFFSET_INVALID, -EIO, "PRP Offset Invalid",
     "The address of the data is not aligned as the drive wants it."},
    {NVME_SC_ATOMIC_WRITE_UNIT_EXCEEDED, -EIO, "Atomic Write Unit Exceeded",
     "The write is longer than what the drive can write at once."},
    {NVME_SC_OPERATION_DENIED, -EIO, "Operation Denied",
     "The drive forbids this: security settings or the firmware of the machine locked it."},
    {NVME_SC_SGL_OFFSET_INVALID, -EIO, "SGL Offset Invalid",
     "An offset in the list that describes the data is wrong."},
    {NVME_SC_HOST_ID_INCONSISTENT, -EIO, "Host Identifier Inconsistent Format",
     "Hosts of this drive use identifiers of different lengths."},
    {NVME_SC_KEEP_ALIVE_EXPIRED, -EIO, "Keep Alive Timer Expired",
     "The drive did not hear from the host in time and ended the connection."},
    {NVME_SC_KEEP_ALIVE_INVALID, -EIO, "Keep Alive Timeout Invalid",
     "The drive does not accept this keep alive time."},
    {NVME_SC_ABORTED_PREEMPT, -ECANCELED, "Command Aborted due to Preempt and Abort",
     "Another host took the reservation over and ended this command."},
    {NVME_SC_SANITIZE_FAILED, -EIO, "Sanitize Failed",
     "The last sanitize failed: nothing else is allowed until one succeeds."},
    {NVME_SC_SANITIZE_IN_PROGRESS, -EIO, "Sanitize In Progress",
     "A sanitize is running: wait until it has ended."},
    {NVME_SC_SGL_GRANULARITY_INVALID, -EIO, "SGL Data Block Granularity Invalid",
     "The data is not described in multiples that the drive wants."},
    {NVME_SC_NOT_SUPPORTED_IN_CMB, -EIO, "Command Not Supported for Queue in CMB",
     "Queues in the drive's own memory do not support this command."},
    {NVME_SC_NAMESPACE_WRITE_PROTECTED, -EROFS, "Namespace is Write Protected",
     "The namespace is write protected: nothing was changed."},
    {NVME_SC_COMMAND_INTERRUPTED, -EIO, "Command Interrupted",
     "The drive was busy with something else: try again."},
    {NVME_SC_TRANSIENT_TRANSPORT_ERROR, -EIO, "Transient Transport Error",
     "The connection to the drive faltered: try again."},
    {NVME_SC_LBA_OUT_OF_RANGE, -EIO, "LBA Out of Range",
     "The blocks lie beyond the end of the namespace."},
    {NVME_SC_CAPACITY_EXCEEDED, -ENOSPC, "Capacity Exceeded",
     "The drive has no room left for what was to be written."},
    {NVME_SC_NAMESPACE_NOT_READY, -EIO, "Namespace Not Ready",
     "The namespace cannot be used yet, or not at present: try again later."},
    {NVME_SC_RESERVATION_CONFLICT, -EIO, "Reservation Conflict",
     "Another host has reserved the namespace."},
    {NVME_SC_FORMAT_IN_PROGRESS, -EIO, "Format In Progress",
     "A format is running: wait until it has ended."},
    {NVME_SC_CQ_INVALID, -EIO, "Completion Queue Invalid",
     "The completion queue named does not exist."},
    {NVME_SC_INVALID_QUEUE_ID, -EIO, "Invalid Queue Identifier",
     "The queue named does not exist, or exists already."},
    {NVME_SC_INVALID_QUEUE_SIZE, -EIO, "Invalid Queue Size",
     "The drive does not accept a queue of this size."},
    {NVME_SC_ABORT_LIMIT_EXCEEDED, -EIO, "Abort Command Limit Exceeded",
     "Too many Abort commands at a time."},
    {NVME_SC_ASYNC_EVENT_LIMIT_EXCEEDED, -EIO, "Asynchronous Event Request Limit Exceeded",
     "Too many event requests at a time."},
    {NVME_SC_INVALID_FIRMWARE_SLOT, -EIO, "Invalid Firmware Slot",
     "There is no such firmware slot, or it is read-only."},
    {NVME_SC_INVALID_FIRMWARE_IMAGE, -EIO, "Invalid Firmware Image",
     "The drive does not accept this firmware: damaged, or for another drive."},
    {NVME_SC_INVALID_INTERRUPT_VECTOR, -EIO, "Invalid Interrupt Vector",
     "There is no such interrupt vector."},
    {NVME_SC_INVALID_LOG_PAGE, -EIO, "Invalid Log Page",
     "The drive does not have this log page."},
    {NVME_SC_INVALID_FORMAT, -EIO, "Invalid Format",
     "The drive does not offer this block format, or not with these settings."},
    {NVME_SC_FIRMWARE_NEEDS_CONVENTIONAL_RESET, -EIO,
     "Firmware Activation Requires Conventional Reset",
     "The firmware is stored; the machine must be restarted for it to run."},
    {NVME_SC_INVALID_QUEUE_DELETION, -EIO, "Invalid Queue Deletion",
     "Other queues still need this one."},
    {NVME_SC_FEATURE_NOT_SAVEABLE, -EIO, "Feature Identifier Not Saveable",
     "The setting cannot outlive a power cycle."},
    {NVME_SC_FEATURE_NOT_CHANGEABLE, -EIO, "Feature Not Changeable",
     "The setting cannot be changed."},
    {NVME_SC_FEATURE_NOT_NAMESPACE_SPECIFIC, -EIO, "Feature Not Namespace Specific",
     "The setting is one of the whole drive, not of a namespace."},
    {NVME_SC_FIRMWARE_NEEDS_SUBSYSTEM_RESET, -EIO,
     "Firmware Activation Requires NVM Subsystem Reset",
     "The firmware is stored; 'nvme subsystem-reset' lets it run."},
    {NVME_SC_FIRMWARE_NEEDS_CONTROLLER_RESET, -EIO,
     "Firmware Activation Requires Controller Level Reset",
     "The firmware is stored; 'nvme reset' lets it run."},
    {NVME_SC_FIRMWARE_NEEDS_MAX_TIME, -EIO, "Firmware Activation Requires Maximum Time Violation",
     "Starting this firmware takes longer than the drive has said: it has to be reset."},
    {NVME_SC_FIRMWARE_ACTIVATION_PROHIBITED, -EIO, "Firmware Activation Prohibited",
     "The drive forbids this firmware, for instance an older one."},
    {NVME_SC_OVERLAPPING_RANGE, -EIO, "Overlapping Range",
     "Pieces of firmware or ranges of blocks overlap."},
    {NVME_SC_NAMESPACE_INSUFFICIENT_CAPACITY, -ENOSPC, "Namespace Insufficient Capacity",
     "The drive has not enough free capacity for this namespace."},
    {NVME_SC_NAMESPACE_ID_UNAVAILABLE, -EIO, "Namespace Identifier Unavailable",
     "The drive has as many namespaces as it can have."},
    {NVME_SC_NAMESPACE_ALREADY_ATTACHED, -EIO, "Namespace Already Attached",
     "The namespace is attached to that controller already."},
    {NVME_SC_NAMESPACE_IS_PRIVATE, -EIO, "Namespace Is Private",
     "The namespace belongs to one controller and cannot be attached to a second."},
    {NVME_SC_NAMESPACE_NOT_ATTACHED, -EIO, "Namespace Not Attached",
     "The namespace is not attached to that controller."},
    {NVME_SC_THIN_PROVISIONING_NOT_SUPPORTED, -EIO, "Thin Provisioning Not Supported",
     "A namespace's capacity must be its size on this drive."},
    {NVME_SC_CONTROLLER_LIST_INVALID, -EIO, "Controller List Invalid",
     "The list of controllers is malformed or names one that does not exist."},
    {NVME_SC_SELF_TEST_IN_PROGRESS, -EIO, "Device Self-test In Progress",
     "A self-test is running: wait, or abort it."},
    {NVME_SC_BOOT_PARTITION_WRITE_PROHIBITED, -EIO, "Boot Partition Write Prohibited",
     "The boot partition is locked."},
    {NVME_SC_INVALID_CONTROLLER_ID, -EIO, "Invalid Controller Identifier",
     "There is no such controller."},
    {NVME_SC_INVALID_SECONDARY_STATE, -EIO, "Invalid Secondary Controller State",
     "The virtual controller is not in the state that this needs."},
    {NVME_SC_INVALID_RESOURCE_COUNT, -EIO, "Invalid Number of Controller Resources",
     "The number of queues or interrupts for a virtual controller is wrong."},
    {NVME_SC_INVALID_RESOURCE_ID, -EIO, "Invalid Resource Identifier",
     "There is no such resource for a virtual controller."},
    {NVME_SC_SANITIZE_PROHIBITED_PMR, -EIO,
     "Sanitize Prohibited While Persistent Memory Region is Enabled",
     "A sanitize is not allowed while the persistent memory region is on."},
    {NVME_SC_ANA_GROUP_ID_INVALID, -EIO, "ANA Group Identifier Invalid",
     "There is no such group of namespaces."},
    {NVME_SC_ANA_ATTACH_FAILED, -EIO, "ANA Attach Failed",
     "The namespace's group cannot be reached by this controller."},
    {NVME_SC_CONFLICTING_ATTRIBUTES, -EIO, "Conflicting Attributes",
     "Attributes of the command contradict each other."},
    {NVME_SC_INVALID_PROTECTION_INFO, -EIO, "Invalid Protection Information",
     "The protection settings do not fit the namespace's format."},
    {NVME_SC_WRITE_TO_READ_ONLY_RANGE, -EROFS, "Attempted Write to Read Only Range",
     "These blocks are read-only."},
    {NVME_SC_WRITE_FAULT, -EIO, "Write Fault",
     "The media could not be written: the drive may be failing."},
    {NVME_SC_UNRECOVERED_READ_ERROR, -ENODATA, "Unrecovered Read Error",
     "The media could not be read: the data of these blocks is lost."},
    {NVME_SC_GUARD_CHECK_ERROR, -EIO, "End-to-end Guard Check Error",
     "The checksum stored with the data does not match it."},
    {NVME_SC_APPLICATION_TAG_CHECK_ERROR, -EIO, "End-to-end Application Tag Check Error",
     "The application tag stored with the data is not the expected one."},
    {NVME_SC_REFERENCE_TAG_CHECK_ERROR, -EIO, "End-to-end Reference Tag Check Error",
     "The block number stored with the data is another one: data in a wrong place."},
    {NVME_SC_COMPARE_FAILURE, -EIO, "Compare Failure",
     "The data on the drive differs from the data it was compared with."},
    {NVME_SC_ACCESS_DENIED, -EIO, "Access Denied",
     "These blocks are locked by the drive's security settings."},
    {NVME_SC_DEALLOCATED_OR_UNWRITTEN, -ENODATA, "Deallocated or Unwritten Logical Block",
     "These blocks hold no data: they were trimmed or never written."},
    {NVME_SC_INTERNAL_PATH_ERROR, -EIO, "Internal Path Error",
     "The way to the drive failed inside of it."},
    {NVME_SC_ANA_PERSISTENT_LOSS, -EIO, "Asymmetric Access Persistent Loss",
     "The namespace cannot be reached this way, for good."},
    {NVME_SC_ANA_INACCESSIBLE, -EIO, "Asymmetric Access Inaccessible",
     "The namespace cannot be reached this way at present."},
    {NVME_SC_ANA_TRANSITION, -EIO, "Asymmetric Access Transition",
     "The way to the namespace is changing: try again."},
    {NVME_SC_CONTROLLER_PATHING_ERROR, -EIO, "Controller Pathing Error",
     "The controller has lost its way to the namespace."},
    {NVME_SC_HOST_PATHING_ERROR, -EIO, "Host Pathing Error",
     "The host has lost its way to the drive."},
    {NVME_SC_ABORTED_BY_HOST, -ECANCELED, "Command Aborted By Host",
     "The host ended the command itself."},
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

const char *nvme_status_meaning(uint16_t status)
{
    const struct status_entry *entry = status_find(status);

    if (entry) {
        return entry->meaning;
    }
    if (FIELD_GET(NVME_STATUS_SCT, status) == NVME_SCT_VENDOR) {
        return "Only the drive's vendor knows what this means.";
    }
    return "NVMe 1.4 does not define this code: the drive follows a later edition.";
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
