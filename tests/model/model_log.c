/*
 * tests/model/model_log.c - Get Log Page (NVMe 1.4 §5.14): which pages there are, how long they
 * are, and the Error Information log, which every command that fails adds to.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

#define NOT_OF_A_PARAMETER 0xffff
#define VENDOR_BYTES       4096

/* --- errors ----------------------------------------------------------------------------------- */

/* Byte of the submission queue entry that a status is about; bits 10:8 would be the bit. */
static uint16_t location_of(uint16_t status)
{
    switch (status & 0x7ff) {
    case ST_INVALID_OPCODE:
        return 0;
    case ST_INVALID_NS:
        return 4;
    case ST_PRP_OFFSET:
        return 24;
    case ST_LBA_RANGE:
    case ST_LOG_INVALID:
    case ST_QID_INVALID:
        return 40;
    case ST_QSIZE_INVALID:
        return 42;
    default:
        return NOT_OF_A_PARAMETER;
    }
}

static bool has_lba(const struct cmd *cmd)
{
    return !cmd->admin && cmd->opcode != NVM_FLUSH && cmd->opcode != NVM_DSM && cmd->opcode < 0x0d;
}

static void note_error(struct nvme_model *m, const struct cmd *cmd, uint16_t status)
{
    uint8_t *e = m->logs.errors[m->logs.error_count % MODEL_MAX_ERRORS];

    memset(e, 0, 64);
    put_le(e, 8, ++m->logs.error_count);
    put_le(e + 8, 2, cmd->sqid);
    put_le(e + 10, 2, cmd->cid);
    put_le(e + 12, 2, (uint64_t)status << 1);
    put_le(e + 14, 2, location_of(status));
    if (has_lba(cmd)) {
        put_le(e + 16, 8, cmd->dw[10] | (uint64_t)cmd->dw[11] << 32);
    }
    put_le(e + 24, 4, cmd->dw[1]);
    if ((status >> 8 & 7) == 2 && (status & 0xff) != (ST_COMPARE & 0xff)) {
        m->logs.media_errors++;
    }
}

static void count_usage(struct nvme_model *m, const struct cmd *cmd)
{
    struct ns *ns = media_ns(m, cmd->dw[1]);
    uint64_t units = ns ? ((cmd->dw[12] & 0xffff) + UINT64_C(1)) << (ns->cfg.lbads - 9) : 0;

    if (!ns || cmd->admin) {
        return;
    }
    /* §5.14.1.2: data units count Compare, Read and Verify; commands Compare and Read. */
    if (cmd->opcode == NVM_READ || cmd->opcode == NVM_COMPARE) {
        ns->usage.reads++;
        ns->usage.units_read += units;
    } else if (cmd->opcode == NVM_WRITE) {
        ns->usage.writes++;
        ns->usage.units_written += units;
    }
}

void log_note_command(struct nvme_model *m, const struct cmd *cmd, uint16_t status)
{
    if (status != ST_OK) {
        note_error(m, cmd, status);
        return;
    }
    count_usage(m, cmd);
    if (cmd->admin) {
        log_note_event_of(m, cmd);
    }
}

uint64_t model_errors(const struct nvme_model *m)
{
    return m->logs.error_count;
}

const uint8_t *model_newest_error(const struct nvme_model *m)
{
    return m->logs.errors[(m->logs.error_count - 1) % MODEL_MAX_ERRORS];
}

/* The newest first, as many as were kept. */
static void fill_errors(const struct nvme_model *m, uint8_t *p)
{
    uint64_t kept = MIN(m->logs.error_count, (uint64_t)m->cfg.elpe_0b + 1);

    for (uint64_t i = 0; i < kept; i++) {
        memcpy(p + 64 * i, m->logs.errors[(m->logs.error_count - 1 - i) % MODEL_MAX_ERRORS], 64);
    }
}

/* --- small pages ------------------------------------------------------------------------------ */

static void fill_firmware(const struct nvme_model *m, uint8_t *p)
{
    p[0] = (uint8_t)(m->logs.active_slot | m->logs.next_slot << 4);
    for (unsigned i = 0; i < 7; i++) {
        size_t have = strlen(m->logs.slots[i]);

        memset(p + 8 + (size_t)8 * i, have ? ' ' : 0, 8);
        memcpy(p + 8 + (size_t)8 * i, m->logs.slots[i], have);
    }
}

static void fill_self_test(const struct nvme_model *m, uint8_t *p)
{
    p[0] = m->logs.self_test;
    p[1] = m->logs.self_test ? m->logs.self_test_percent : 0;
    memcpy(p + 4, m->logs.self_test_results, sizeof(m->logs.self_test_results));
}

static void fill_sanitize(const struct nvme_model *m, uint8_t *p)
{
    put_le(p, 2, m->logs.sanitize_progress);
    put_le(p + 2, 2, m->logs.sanitize_status);
    put_le(p + 4, 4, m->logs.sanitize_cdw10);
    for (unsigned i = 0; i < 6; i++) {
        put_le(p + 8 + (size_t)4 * i, 4, m->logs.sanitize_estimates_s[i]);
    }
}

static void fill_latency(uint8_t *p)
{
    p[0] = 1; /* in the deterministic window */
    put_le(p + 32, 8, 100000);
    put_le(p + 40, 8, 50000);
    put_le(p + 48, 8, 1000);
    put_le(p + 128, 8, 90000);
}

void log_note_reservation(struct nvme_model *m, uint8_t type, uint32_t nsid)
{
    struct logs *l = &m->logs;

    if (l->notice_count == ARRAY_SIZE(l->notices)) {
        memmove(l->notices[0], l->notices[1], sizeof(l->notices) - sizeof(l->notices[0]));
        l->notice_count--;
    }
    uint8_t *p = l->notices[l->notice_count++];
    memset(p, 0, sizeof(l->notices[0]));
    put_le(p, 8, ++l->notices_ever);
    p[8] = type;
    put_le(p + 12, 4, nsid);
}

/* The oldest page, which is then gone (§5.14.1.16.1). */
static void take_reservation(struct nvme_model *m, uint8_t *p)
{
    struct logs *l = &m->logs;

    if (l->notice_count) {
        memcpy(p, l->notices[0], sizeof(l->notices[0]));
        p[9] = (uint8_t)--l->notice_count;
        memmove(l->notices[0], l->notices[1], sizeof(l->notices) - sizeof(l->notices[0]));
    }
}

/* --- the command ------------------------------------------------------------------------------ */

/* The length of a page that this drive has; 0: it has not. */
static size_t page_bytes(struct nvme_model *m, uint8_t lid)
{
    uint8_t id[4096];
    uint16_t status = identify_fill(m, 1, 0, id);

    assert(status == ST_OK);
    switch (lid) {
    case LID_ERROR:
        return ((size_t)m->cfg.elpe_0b + 1) * 64;
    case LID_SMART:
    case LID_FIRMWARE:
        return 512;
    case LOG_CHANGED_NAMESPACES:
        return 4096;
    case LID_EFFECTS:
        return id[IDC_LPA] & 1 << 1 ? 4096 : 0;
    case LID_SELF_TEST:
        return id[IDC_OACS] & 1 << 4 ? 564 : 0;
    case LID_TELEMETRY_HOST:
    case LID_TELEMETRY_CONTROLLER:
        return id[IDC_LPA] & 1 << 3 ? log_telemetry_bytes(m) : 0;
    case LID_ENDURANCE:
        return m->cfg.endurance_group ? 512 : 0;
    case LID_LATENCY:
        return m->cfg.latency_mode ? 512 : 0;
    case LID_PERSISTENT:
        return id[IDC_LPA] & 1 << 4 ? (size_t)id[IDC_PELS] << 16 : 0;
    case LID_LBA_STATUS:
        return id[IDC_OACS + 1] & 1 << 1 ? 16 : 0;
    case LID_RESERVATION:
        return id[IDC_ONCS] & 1 << 5 ? 64 : 0;
    case LID_SANITIZE:
        return id[IDC_SANICAP] & 7 ? 512 : 0;
    case LID_VENDOR:
        return VENDOR_BYTES;
    default:
        return 0;
    }
}

static uint64_t bytes_asked(const struct cmd *cmd)
{
    return ((cmd->dw[10] >> 16 | (uint64_t)(cmd->dw[11] & 0xffff) << 16) + 1) * 4;
}

/* What a driver that knows Identify would not have asked for is its own fault. */
static uint16_t check_extended(struct nvme_model *m, const struct cmd *cmd)
{
    uint64_t limit = m->cfg.mdts ? UINT64_C(4096) << (m->cfg.mpsmin + m->cfg.mdts) : UINT64_MAX;

    if (bytes_asked(cmd) > limit) {
        model_violate(m, "Get Log Page of %llu bytes, MDTS allows %llu",
                      (unsigned long long)bytes_asked(cmd), (unsigned long long)limit);
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (!(m->cfg.lpa & 1 << 2) && (cmd->dw[11] & 0xffff || cmd->dw[12] || cmd->dw[13] ||
                                   bytes_asked(cmd) > 4096 * 4)) {
        model_violate(m, "Get Log Page with an offset or 32 bits of length, LPA bit 2 is 0");
        return ST_INVALID_FIELD | ST_DNR;
    }
    return ST_OK;
}

uint16_t log_begin(struct nvme_model *m, struct cmd *cmd)
{
    uint8_t lid = (uint8_t)cmd->dw[10];
    uint64_t offset = cmd->dw[12] | (uint64_t)cmd->dw[13] << 32;
    size_t bytes = page_bytes(m, lid);
    uint32_t nsid = cmd->dw[1];
    unsigned lsi = cmd->dw[11] >> 16;

    if (bytes == 0) {
        return ST_LOG_INVALID | ST_DNR;
    }
    uint16_t status = check_extended(m, cmd);
    if (status) {
        return status;
    }
    if (offset & 3 || offset >= bytes) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    if ((lid == LID_ENDURANCE || lid == LID_LATENCY) && lsi != 1) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (lid == LID_SMART && nsid != 0 && nsid != UINT32_MAX) {
        if (!(m->cfg.lpa & 1)) {
            return ST_INVALID_FIELD | ST_DNR;
        }
        if (!media_ns(m, nsid)) {
            return ST_INVALID_NS | ST_DNR;
        }
    }
    return prp_walk(m, cmd, bytes_asked(cmd));
}

static void fill_page(struct nvme_model *m, const struct cmd *cmd, uint8_t *p, size_t len)
{
    switch (cmd->dw[10] & 0xff) {
    case LID_ERROR:
        fill_errors(m, p);
        break;
    case LID_SMART:
        log_fill_smart(m, cmd->dw[1], p);
        break;
    case LID_FIRMWARE:
        fill_firmware(m, p);
        break;
    case LOG_CHANGED_NAMESPACES:
        events_fill_changed(m, p);
        break;
    case LID_EFFECTS:
        log_fill_effects(m, p);
        break;
    case LID_SELF_TEST:
        fill_self_test(m, p);
        break;
    case LID_TELEMETRY_HOST:
    case LID_TELEMETRY_CONTROLLER:
        memcpy(p, m->logs.telemetry[(cmd->dw[10] & 0xff) == LID_TELEMETRY_CONTROLLER], len);
        break;
    case LID_ENDURANCE:
        log_fill_endurance(m, p);
        break;
    case LID_LATENCY:
        fill_latency(p);
        break;
    case LID_PERSISTENT:
        memcpy(p, m->logs.context, MIN(len, m->logs.context_len));
        break;
    case LID_LBA_STATUS:
        put_le(p, 4, 16); /* nothing is known to be unreadable */
        break;
    case LID_RESERVATION:
        take_reservation(m, p);
        break;
    case LID_SANITIZE:
        fill_sanitize(m, p);
        break;
    default:
        for (size_t i = 0; i < len; i++) {
            p[i] = (uint8_t)(i * 7 + (i >> 8));
        }
        break;
    }
}

static void apply_patches(const struct nvme_model *m, uint8_t lid, uint8_t *page, size_t len)
{
    for (unsigned i = 0; i < m->cfg.log_patch_count; i++) {
        const struct model_log_patch *patch = &m->cfg.log_patches[i];
        if (patch->lid == lid && (size_t)patch->offset + patch->len <= len) {
            put_le(page + patch->offset, patch->len, patch->value);
        }
    }
}

uint16_t log_run(struct nvme_model *m, struct cmd *cmd)
{
    uint8_t lid = (uint8_t)cmd->dw[10];
    unsigned lsp = cmd->dw[10] >> 8 & 15;
    bool keep_event = cmd->dw[10] >> 15 & 1;
    uint64_t offset = cmd->dw[12] | (uint64_t)cmd->dw[13] << 32;
    size_t len = page_bytes(m, lid);
    uint16_t status = lid == LID_PERSISTENT ? log_persistent_context(m, lsp) : ST_OK;

    if (status) {
        return status;
    }
    bool controller = lid == LID_TELEMETRY_CONTROLLER;
    if ((lid == LID_TELEMETRY_HOST || controller) && !m->logs.telemetry[controller]) {
        log_capture_telemetry(m, controller);
    }
    if (lid == LID_TELEMETRY_HOST && lsp & 1) {
        log_capture_telemetry(m, 0);
    }
    uint8_t *page = calloc(1, len);
    uint8_t *data = calloc(1, cmd->bytes + 1);
    assert(page && data);
    if (lid != LID_PERSISTENT || m->logs.context) {
        fill_page(m, cmd, page, len);
    }
    apply_patches(m, lid, page, len);
    memcpy(data, page + offset, MIN(cmd->bytes, len - offset));
    status = admin_answer(m, cmd, data);
    free(data);
    free(page);
    if (status == ST_OK && !keep_event) {
        events_cleared(m, lid);
        if (lid == LID_TELEMETRY_CONTROLLER) {
            m->cfg.telemetry_waits = false;
        }
    }
    return status;
}

/* --- the life of it --------------------------------------------------------------------------- */

void log_init(struct nvme_model *m)
{
    struct logs *l = &m->logs;

    l->power_cycles = m->cfg.health.power_cycles;
    l->unsafe_shutdowns = m->cfg.health.unsafe_shutdowns;
    l->active_slot = 1;
    str_copy(l->slots[0], sizeof(l->slots[0]), m->cfg.firmware);
    for (unsigned i = 0; i < ARRAY_SIZE(l->self_test_results); i++) {
        l->self_test_results[i][0] = 0x0f;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(l->sanitize_estimates_s); i++) {
        l->sanitize_estimates_s[i] = UINT32_MAX;
    }
}

void log_free(struct nvme_model *m)
{
    free(m->logs.telemetry[0]);
    free(m->logs.telemetry[1]);
    free(m->logs.events);
    free(m->logs.context);
}

struct model_health *model_health(struct nvme_model *m)
{
    return &m->cfg.health;
}

void model_put_self_test(struct nvme_model *m, uint8_t operation, uint8_t percent,
                         const uint8_t *result)
{
    struct logs *l = &m->logs;

    l->self_test = operation;
    l->self_test_percent = percent;
    if (result) {
        memmove(l->self_test_results[1], l->self_test_results[0],
                sizeof(l->self_test_results) - sizeof(l->self_test_results[0]));
        memcpy(l->self_test_results[0], result, sizeof(l->self_test_results[0]));
    }
}

void model_put_sanitize(struct nvme_model *m, uint16_t progress, uint16_t status, uint32_t cdw10,
                        const uint32_t estimates_s[6])
{
    m->logs.sanitize_progress = progress;
    m->logs.sanitize_status = status;
    m->logs.sanitize_cdw10 = cdw10;
    memcpy(m->logs.sanitize_estimates_s, estimates_s, sizeof(m->logs.sanitize_estimates_s));
}
