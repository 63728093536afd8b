/*
 * drivers/nvme/nvme_log.c - Get Log Page: any page in pieces, and those of the specification.
 */
#include "drivers/nvme/nvme_log.h"

#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"

/* What the twelve bits of NUMD before 1.3 can ask for, and what every controller can transfer. */
#define PLAIN_LOG_BYTES 4096
#define RECENT_ERRORS   8

struct log_kind {
    uint8_t lid;
    uint8_t needs; /* enum nvme_ability; ALWAYS: every controller has it */
    const char *name;
};
#define ALWAYS NVME_ABILITY_COUNT

static const struct log_kind kinds[] = {
    {NVME_LOG_ERROR, ALWAYS, "Error Information"},
    {NVME_LOG_SMART, ALWAYS, "SMART / Health Information"},
    {NVME_LOG_FIRMWARE_SLOT, ALWAYS, "Firmware Slot Information"},
    {NVME_LOG_CHANGED_NAMESPACES, NVME_CAN_LOG_CHANGED_NS, "Changed Namespace List"},
    {NVME_LOG_COMMAND_EFFECTS, NVME_CAN_LOG_EFFECTS, "Commands Supported and Effects"},
    {NVME_LOG_DEVICE_SELF_TEST, NVME_CAN_SELF_TEST, "Device Self-test"},
    {NVME_LOG_TELEMETRY_HOST, NVME_CAN_LOG_TELEMETRY, "Telemetry Host-Initiated"},
    {NVME_LOG_TELEMETRY_CONTROLLER, NVME_CAN_LOG_TELEMETRY, "Telemetry Controller-Initiated"},
    {NVME_LOG_ENDURANCE_GROUP, NVME_CAN_ENDURANCE_GROUPS, "Endurance Group Information"},
    {NVME_LOG_PREDICTABLE_LATENCY, NVME_CAN_PREDICTABLE_LATENCY, "Predictable Latency Per NVM Set"},
    {NVME_LOG_PREDICTABLE_LATENCY_EVENTS, NVME_CAN_PREDICTABLE_LATENCY,
     "Predictable Latency Event Aggregate"},
    {NVME_LOG_ASYMMETRIC_ACCESS, NVME_CAN_ASYMMETRIC_ACCESS, "Asymmetric Namespace Access"},
    {NVME_LOG_PERSISTENT_EVENT, NVME_CAN_LOG_PERSISTENT, "Persistent Event"},
    {NVME_LOG_LBA_STATUS, NVME_CAN_LBA_STATUS, "LBA Status Information"},
    {NVME_LOG_ENDURANCE_GROUP_EVENTS, NVME_CAN_ENDURANCE_GROUPS, "Endurance Group Event Aggregate"},
    {NVME_LOG_RESERVATION, NVME_CAN_RESERVATIONS, "Reservation Notification"},
    {NVME_LOG_SANITIZE, NVME_CAN_SANITIZE, "Sanitize Status"},
};

static const struct log_kind *kind_of(uint8_t lid)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (kinds[i].lid == lid) {
            return &kinds[i];
        }
    }
    return NULL;
}

const char *nvme_log_name(uint8_t lid)
{
    const struct log_kind *kind = kind_of(lid);

    return kind ? kind->name : lid >= 0xc0 ? "vendor specific" : "not of NVMe 1.4";
}

enum nvme_ability nvme_log_missing(const struct nvme_ctrlr *ctrlr, uint8_t lid, uint32_t nsid)
{
    const struct log_kind *kind = kind_of(lid);

    if (lid == NVME_LOG_SMART && nsid != NVME_NSID_ALL && nsid != 0 &&
        !nvme_can(ctrlr, NVME_CAN_LOG_SMART_PER_NS)) {
        return NVME_CAN_LOG_SMART_PER_NS;
    }
    if (!kind || kind->needs == ALWAYS || nvme_can(ctrlr, kind->needs)) {
        return NVME_ABILITY_COUNT;
    }
    return kind->needs;
}

/* --- any page --------------------------------------------------------------------------------- */

/* The longest piece: what one command and the driver's buffer carry, in whole pages. */
static size_t piece_bytes(const struct nvme_ctrlr *c)
{
    size_t most = NVME_ADMIN_DATA_MAX_BYTES;

    return c->info.max_transfer_bytes ? MIN(most, (size_t)c->info.max_transfer_bytes) : most;
}

static int read_piece(struct nvme_ctrlr *c, const struct nvme_log_request *req, uint64_t offset,
                      bool first, bool last, void *buf, size_t len, struct nvme_result *res)
{
    uint32_t dwords_0b = (uint32_t)(len / 4 - 1);
    /* An event is taken as seen only once everything has been read. */
    bool keep = req->keep_event || !last;
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_GET_LOG_PAGE,
        .nsid = req->nsid,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_GET_LOG_CDW10_LID, req->lid) |
                            FIELD_PREP(NVME_GET_LOG_CDW10_LSP, first ? req->lsp : 0) |
                            FIELD_PREP(NVME_GET_LOG_CDW10_RAE, keep) |
                            FIELD_PREP(NVME_GET_LOG_CDW10_NUMDL, dwords_0b & 0xffff)),
        .cdw11 = (uint32_t)(FIELD_PREP(NVME_GET_LOG_CDW11_NUMDU, dwords_0b >> 16) |
                            FIELD_PREP(NVME_GET_LOG_CDW11_LSI, req->lsi)),
        .cdw12 = (uint32_t)offset,
        .cdw13 = (uint32_t)(offset >> 32),
    };

    return nvme_admin(c, &cmd, NVME_TO_HOST, buf, len, res);
}

int nvme_log_read(struct nvme_ctrlr *ctrlr, const struct nvme_log_request *req, void *buf,
                  size_t len, struct nvme_result *res)
{
    bool extended = nvme_can(ctrlr, NVME_CAN_LOG_EXTENDED);
    size_t most = extended ? piece_bytes(ctrlr) : PLAIN_LOG_BYTES;
    int err = 0;

    if (res) {
        *res = (struct nvme_result){0};
    }
    if (len == 0 || len % 4 || req->offset % 4 || req->lsp > 15 ||
        req->offset + len < req->offset) {
        return -EINVAL;
    }
    if (nvme_log_missing(ctrlr, req->lid, req->nsid) != NVME_ABILITY_COUNT ||
        (!extended && (req->offset || len > PLAIN_LOG_BYTES))) {
        return -ENOTSUP;
    }
    for (size_t done = 0; !err && done < len;) {
        size_t part = MIN(most, len - done);

        err = read_piece(ctrlr, req, req->offset + done, done == 0, done + part == len,
                         (uint8_t *)buf + done, part, res);
        done += part;
    }
    return err;
}

/* --- by name ---------------------------------------------------------------------------------- */

/* A page that is read whole, from its start, of the whole controller. */
static int read_whole(struct nvme_ctrlr *c, uint8_t lid, uint16_t lsi, void *log, size_t len,
                      struct nvme_result *res)
{
    const struct nvme_log_request req = {.nsid = NVME_NSID_ALL, .lid = lid, .lsi = lsi};

    return nvme_log_read(c, &req, log, len, res);
}

int nvme_log_error(struct nvme_ctrlr *ctrlr, struct nvme_error_entry *entries, unsigned *count,
                   struct nvme_result *res)
{
    unsigned wanted = MIN(*count, (unsigned)nvme_id_ctrl(ctrlr)->elpe + 1);

    if (!nvme_can(ctrlr, NVME_CAN_LOG_EXTENDED)) {
        wanted = MIN(wanted, (unsigned)(PLAIN_LOG_BYTES / sizeof(*entries)));
    }
    *count = 0;
    int err = read_whole(ctrlr, NVME_LOG_ERROR, 0, entries, wanted * sizeof(*entries), res);
    while (!err && *count < wanted && entries[*count].error_count) {
        ++*count;
    }
    return err;
}

int nvme_log_smart(struct nvme_ctrlr *ctrlr, uint32_t nsid, struct nvme_smart_log *log,
                   struct nvme_result *res)
{
    const struct nvme_log_request req = {.nsid = nsid, .lid = NVME_LOG_SMART};

    return nvme_log_read(ctrlr, &req, log, sizeof(*log), res);
}

int nvme_log_firmware(struct nvme_ctrlr *ctrlr, struct nvme_firmware_log *log,
                      struct nvme_result *res)
{
    return read_whole(ctrlr, NVME_LOG_FIRMWARE_SLOT, 0, log, sizeof(*log), res);
}

int nvme_log_changed_ns(struct nvme_ctrlr *ctrlr, uint32_t *nsids, struct nvme_result *res)
{
    return read_whole(ctrlr, NVME_LOG_CHANGED_NAMESPACES, 0, nsids,
                      NVME_NS_LIST_ENTRIES * sizeof(*nsids), res);
}

int nvme_log_effects(struct nvme_ctrlr *ctrlr, struct nvme_effects_log *log,
                     struct nvme_result *res)
{
    return read_whole(ctrlr, NVME_LOG_COMMAND_EFFECTS, 0, log, sizeof(*log), res);
}

int nvme_log_self_test(struct nvme_ctrlr *ctrlr, struct nvme_self_test_log *log,
                       struct nvme_result *res)
{
    return read_whole(ctrlr, NVME_LOG_DEVICE_SELF_TEST, 0, log, sizeof(*log), res);
}

int nvme_log_endurance(struct nvme_ctrlr *ctrlr, uint16_t group, struct nvme_endurance_log *log,
                       struct nvme_result *res)
{
    return read_whole(ctrlr, NVME_LOG_ENDURANCE_GROUP, group, log, sizeof(*log), res);
}

int nvme_log_latency(struct nvme_ctrlr *ctrlr, uint16_t nvm_set, struct nvme_latency_log *log,
                     struct nvme_result *res)
{
    return read_whole(ctrlr, NVME_LOG_PREDICTABLE_LATENCY, nvm_set, log, sizeof(*log), res);
}

int nvme_log_reservation(struct nvme_ctrlr *ctrlr, struct nvme_reservation_log *log,
                         struct nvme_result *res)
{
    return read_whole(ctrlr, NVME_LOG_RESERVATION, 0, log, sizeof(*log), res);
}

int nvme_log_sanitize(struct nvme_ctrlr *ctrlr, struct nvme_sanitize_log *log,
                      struct nvme_result *res)
{
    return read_whole(ctrlr, NVME_LOG_SANITIZE, 0, log, sizeof(*log), res);
}

int nvme_log_lba_status(struct nvme_ctrlr *ctrlr, struct nvme_lba_status_header *log,
                        struct nvme_result *res)
{
    return read_whole(ctrlr, NVME_LOG_LBA_STATUS, 0, log, sizeof(*log), res);
}

/* --- with a protocol of their own ------------------------------------------------------------- */

int nvme_log_telemetry(struct nvme_ctrlr *ctrlr, uint8_t lid, bool capture,
                       struct nvme_telemetry_header *log, struct nvme_result *res)
{
    const struct nvme_log_request req = {
        .nsid = NVME_NSID_ALL,
        .lid = lid,
        .lsp = capture ? NVME_TELEMETRY_LSP_CREATE : 0,
        .keep_event = true,
    };

    if ((lid != NVME_LOG_TELEMETRY_HOST && lid != NVME_LOG_TELEMETRY_CONTROLLER) ||
        (capture && lid != NVME_LOG_TELEMETRY_HOST)) {
        return -EINVAL;
    }
    return nvme_log_read(ctrlr, &req, log, sizeof(*log), res);
}

int nvme_log_persistent(struct nvme_ctrlr *ctrlr, enum nvme_persistent_lsp action,
                        struct nvme_persistent_header *log, struct nvme_result *res)
{
    /* Some data has to be asked for even then: NUMD is zero-based. */
    struct nvme_persistent_header ignored = {0};
    struct nvme_result own = {0};
    struct nvme_log_request req = {
        .nsid = NVME_NSID_ALL,
        .lid = NVME_LOG_PERSISTENT_EVENT,
        .lsp = (uint8_t)action,
    };

    log = log ? log : &ignored;
    res = res ? res : &own;
    int err = nvme_log_read(ctrlr, &req, log, sizeof(*log), res);
    if (err && action == NVME_PERSISTENT_ESTABLISH &&
        FIELD_GET(NVME_STATUS_CODE, res->status) == NVME_SC_COMMAND_SEQUENCE_ERROR) {
        req.lsp = NVME_PERSISTENT_RELEASE;
        err = nvme_log_read(ctrlr, &req, log, sizeof(*log), res);
        if (!err) {
            req.lsp = NVME_PERSISTENT_ESTABLISH;
            err = nvme_log_read(ctrlr, &req, log, sizeof(*log), res);
        }
    }
    return err;
}

int nvme_log_find_error(struct nvme_ctrlr *ctrlr, const struct nvme_result *res,
                        struct nvme_error_entry *out)
{
    struct nvme_error_entry entries[RECENT_ERRORS];
    unsigned count = RECENT_ERRORS;

    if (!res->has_id) {
        return -ENOENT;
    }
    int err = nvme_log_error(ctrlr, entries, &count, NULL);
    if (err) {
        return err;
    }
    for (unsigned i = 0; i < count; i++) {
        const struct nvme_error_entry *e = &entries[i];

        if (e->sqid == res->sqid && e->cid == res->cid &&
            FIELD_GET(NVME_STATUS_CODE, FIELD_GET(NVME_CQE_STATUS, e->status)) ==
                FIELD_GET(NVME_STATUS_CODE, res->status)) {
            *out = *e;
            return 0;
        }
    }
    return -ENOENT;
}
