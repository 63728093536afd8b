/*
 * tests/unit/test_nvme_log.c - log pages through the driver: whole and in pieces, what is refused
 * before it is sent, and what the controller's logs say of what has happened.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_log.h"
#include "lib/bytes.h"
#include "lib/errno.h"
#include "tests/model/host_rig.h"

static unsigned logs_sent(struct rig *r)
{
    return model_counters(r->hp->model)->by_opcode[0][NVME_ADM_GET_LOG_PAGE];
}

static void start(struct rig *r, const struct model_patch *patches, unsigned count, uint8_t lpa)
{
    rig_init(r);
    r->cfg.lpa = lpa;
    r->cfg.patches = patches;
    r->cfg.patch_count = count;
    r->cfg.endurance_group = true;
    r->cfg.latency_mode = true;
    rig_open(r);
    assert_int_equal(rig_attach(r), 0);
}

/* The vendor's page of the model. */
static uint8_t vendor_byte(size_t i)
{
    return (uint8_t)(i * 7 + (i >> 8));
}

static void test_any_length_and_offset(void **state)
{
    static const struct {
        uint32_t offset, len;
    } cases[] = {{0, 4}, {0, 4096}, {4, 4}, {508, 1024}, {4092, 4}, {2048, 2048}};
    struct nvme_log_request req = {.lid = 0xc0, .nsid = NVME_NSID_ALL};
    uint8_t buf[4096];
    struct rig r;

    (void)state;
    start(&r, NULL, 0, 0x1f);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        req.offset = cases[i].offset;
        memset(buf, 0xee, sizeof(buf));
        assert_int_equal(nvme_log_read(r.ctrlr, &req, buf, cases[i].len, NULL), 0);
        for (size_t b = 0; b < cases[i].len; b++) {
            assert_int_equal(buf[b], vendor_byte(cases[i].offset + b));
        }
        assert_true(cases[i].len == sizeof(buf) || buf[cases[i].len] == 0xee);
    }
    assert_int_equal(rig_close(&r), 0);
}

/* 150 KiB of telemetry with an MDTS of 8 KiB: pieces that join, and nothing longer than MDTS (the
 * model would note it). */
static void test_pieces_join(void **state)
{
    struct nvme_telemetry_header head;
    struct nvme_log_request req = {
        .lid = NVME_LOG_TELEMETRY_HOST, .nsid = NVME_NSID_ALL, .offset = 1024};
    static uint8_t data[299 * 512];
    struct rig r;

    (void)state;
    rig_init(&r);
    r.cfg.mdts = 1;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_log_telemetry(r.ctrlr, NVME_LOG_TELEMETRY_HOST, true, &head, NULL), 0);
    assert_int_equal(head.last_block[2], 300);
    assert_int_equal(head.controller_generation, 2); /* captured once by the model itself */
    unsigned before = logs_sent(&r);
    assert_int_equal(nvme_log_read(r.ctrlr, &req, data, sizeof(data), NULL), 0);
    assert_int_equal(logs_sent(&r) - before, (sizeof(data) + 8191) / 8192);
    for (size_t i = 0; i < sizeof(data); i++) {
        assert_int_equal(data[i], (uint8_t)((i + 1024) * 11 + ((i + 1024) >> 9) + 2));
    }
    assert_int_equal(rig_close(&r), 0);
}

static void test_bad_arguments_are_not_sent(void **state)
{
    struct nvme_log_request req = {.lid = 0xc0, .nsid = NVME_NSID_ALL};
    struct nvme_telemetry_header head;
    uint8_t buf[64];
    struct rig r;

    (void)state;
    start(&r, NULL, 0, 0x1f);
    assert_int_equal(nvme_log_read(r.ctrlr, &req, buf, 0, NULL), -EINVAL);
    assert_int_equal(nvme_log_read(r.ctrlr, &req, buf, 6, NULL), -EINVAL);
    req.offset = 2;
    assert_int_equal(nvme_log_read(r.ctrlr, &req, buf, 4, NULL), -EINVAL);
    req.offset = UINT64_MAX - 3;
    assert_int_equal(nvme_log_read(r.ctrlr, &req, buf, 8, NULL), -EINVAL);
    req = (struct nvme_log_request){.lid = 0xc0, .lsp = 16};
    assert_int_equal(nvme_log_read(r.ctrlr, &req, buf, 4, NULL), -EINVAL);
    assert_int_equal(nvme_log_telemetry(r.ctrlr, NVME_LOG_SMART, false, &head, NULL), -EINVAL);
    assert_int_equal(nvme_log_telemetry(r.ctrlr, NVME_LOG_TELEMETRY_CONTROLLER, true, &head, NULL),
                     -EINVAL);
    assert_int_equal(logs_sent(&r), 0);
    assert_int_equal(rig_close(&r), 0);
}

/* Before LPA bit 2 a page has no offset, and no more than 4 KiB are asked for. */
static void test_without_extended_data(void **state)
{
    static uint8_t buf[8192];
    struct nvme_log_request req = {.lid = NVME_LOG_ERROR, .nsid = NVME_NSID_ALL};
    struct nvme_error_entry entries[NVME_LOG_ENTRIES_MAX];
    unsigned count = NVME_LOG_ENTRIES_MAX;
    struct rig r;

    (void)state;
    rig_init(&r);
    r.cfg.lpa = 0;
    r.cfg.elpe_0b = 255; /* 16 KiB of entries */
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_log_read(r.ctrlr, &req, buf, sizeof(buf), NULL), -ENOTSUP);
    req.offset = 64;
    assert_int_equal(nvme_log_read(r.ctrlr, &req, buf, 64, NULL), -ENOTSUP);
    assert_int_equal(logs_sent(&r), 0);
    assert_int_equal(nvme_log_error(r.ctrlr, entries, &count, NULL), 0);
    assert_int_equal(count, 0);
    assert_int_equal(rig_close(&r), 0);
}

/* Each page with the bit that offers it taken away: nothing is sent, and the bit is named. */
static void test_pages_that_are_not_offered(void **state)
{
    static const struct {
        uint8_t lid;
        uint16_t offset;
        uint8_t len;
        enum nvme_ability ability;
    } rows[] = {
        {0x04, 92, 4, NVME_CAN_LOG_CHANGED_NS},      {0x05, 261, 1, NVME_CAN_LOG_EFFECTS},
        {0x06, 256, 2, NVME_CAN_SELF_TEST},          {0x07, 261, 1, NVME_CAN_LOG_TELEMETRY},
        {0x08, 261, 1, NVME_CAN_LOG_TELEMETRY},      {0x09, 96, 4, NVME_CAN_ENDURANCE_GROUPS},
        {0x0a, 96, 4, NVME_CAN_PREDICTABLE_LATENCY}, {0x0b, 96, 4, NVME_CAN_PREDICTABLE_LATENCY},
        {0x0c, 76, 1, NVME_CAN_ASYMMETRIC_ACCESS},   {0x0d, 261, 1, NVME_CAN_LOG_PERSISTENT},
        {0x0e, 256, 2, NVME_CAN_LBA_STATUS},         {0x0f, 96, 4, NVME_CAN_ENDURANCE_GROUPS},
        {0x80, 520, 2, NVME_CAN_RESERVATIONS},       {0x81, 328, 4, NVME_CAN_SANITIZE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct model_patch none = {.cns = 1, .offset = rows[i].offset, .len = rows[i].len};
        struct nvme_log_request req = {.lid = rows[i].lid, .nsid = NVME_NSID_ALL};
        uint8_t buf[4];
        struct rig r;

        start(&r, &none, 1, 0x1f);
        assert_int_equal(nvme_log_missing(r.ctrlr, rows[i].lid, NVME_NSID_ALL), rows[i].ability);
        assert_int_equal(nvme_log_read(r.ctrlr, &req, buf, 4, NULL), -ENOTSUP);
        assert_int_equal(logs_sent(&r), 0);
        assert_int_equal(model_errors(r.hp->model), 0);
        assert_int_equal(rig_close(&r), 0);
    }
}

static void test_smart_of_one_namespace(void **state)
{
    struct nvme_smart_log log;
    struct rig r;

    (void)state;
    start(&r, NULL, 0, 0x1e);
    assert_int_equal(nvme_log_smart(r.ctrlr, 1, &log, NULL), -ENOTSUP);
    assert_int_equal(nvme_log_missing(r.ctrlr, NVME_LOG_SMART, 1), NVME_CAN_LOG_SMART_PER_NS);
    assert_int_equal(logs_sent(&r), 0);
    assert_int_equal(nvme_log_smart(r.ctrlr, NVME_NSID_ALL, &log, NULL), 0);
    assert_int_equal(rig_close(&r), 0);
}

/* SMART counts what was done: per namespace and together. */
static void test_smart_counts_io(void **state)
{
    struct nvme_smart_log log;
    static uint8_t data[2048 * 512];
    struct rig r;

    (void)state;
    rig_init(&r);
    r.cfg.ns_count = 2;
    r.cfg.ns[1] = (struct model_ns_config){.nsid = 2, .blocks = 4096, .lbads = 12};
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    rig_arm(&r, rig_ns(&r, 1));
    assert_int_equal(rig_write(&r, rig_ns(&r, 1), 0, 2048, data), 0);
    assert_int_equal(rig_read(&r, rig_ns(&r, 2), 0, 1, data), 0);
    assert_int_equal(nvme_log_smart(r.ctrlr, NVME_NSID_ALL, &log, NULL), 0);
    assert_int_equal(load_le64(log.data_units_written), 3); /* 2048 rounded up to thousands */
    assert_int_equal(load_le64(log.data_units_read), 1);
    assert_int_equal(load_le64(log.host_reads), 1);
    assert_int_equal(load_le64(log.power_cycles), 7);
    assert_int_equal(load_le16(log.temperature), 313);
    assert_int_equal(nvme_log_smart(r.ctrlr, 2, &log, NULL), 0);
    assert_int_equal(load_le64(log.data_units_written), 0);
    assert_int_equal(load_le64(log.data_units_read), 1);
    assert_int_equal(rig_close(&r), 0);
}

static int identify_wrong(struct rig *r, struct nvme_result *res)
{
    static uint8_t page[NVME_IDENTIFY_BYTES];

    return nvme_identify(r->ctrlr, 0x77, 0, page, res); /* no such CNS */
}

/* What failed is found again by queue, identifier and status; the newest of several. */
static void test_error_log_explains(void **state)
{
    struct nvme_error_entry entries[NVME_LOG_ENTRIES_MAX], e;
    struct nvme_result res, other;
    unsigned count = NVME_LOG_ENTRIES_MAX;
    uint8_t buf[4];
    struct nvme_log_request req = {.lid = 0xc1, .nsid = NVME_NSID_ALL};
    struct rig r;

    (void)state;
    start(&r, NULL, 0, 0x1f);
    assert_int_equal(identify_wrong(&r, &res), -EIO);
    assert_int_equal(nvme_log_read(r.ctrlr, &req, buf, 4, &other), -EIO);
    assert_int_equal(FIELD_GET(NVME_STATUS_CODE, other.status), NVME_SC_INVALID_LOG_PAGE);
    assert_int_equal(nvme_log_error(r.ctrlr, entries, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_int_equal(entries[0].error_count, 2);
    assert_int_equal(FIELD_GET(NVME_CQE_STATUS, entries[0].status), 0x4109);
    assert_int_equal(entries[0].location, 40);
    assert_int_equal(entries[1].error_count, 1);
    assert_int_equal(entries[1].location, NVME_ERROR_LOCATION_NONE);
    unsigned before = logs_sent(&r);
    assert_int_equal(nvme_log_find_error(r.ctrlr, &res, &e), 0);
    assert_int_equal(logs_sent(&r), before + 1);
    assert_int_equal(e.error_count, 1);
    assert_int_equal(nvme_log_find_error(r.ctrlr, &other, &e), 0);
    assert_int_equal(e.error_count, 2);
    res.status ^= 1; /* another status, another queue, unknown: no such entry */
    assert_int_equal(nvme_log_find_error(r.ctrlr, &res, &e), -ENOENT);
    other.sqid = 1;
    assert_int_equal(nvme_log_find_error(r.ctrlr, &other, &e), -ENOENT);
    other.has_id = false;
    before = logs_sent(&r);
    assert_int_equal(nvme_log_find_error(r.ctrlr, &other, &e), -ENOENT);
    assert_int_equal(logs_sent(&r), before);
    assert_int_equal(rig_close(&r), 0);
}

/* Two commands that failed alike are told apart by their identifiers. */
static void test_errors_alike(void **state)
{
    struct nvme_result first, second;
    struct nvme_error_entry e;
    struct rig r;

    (void)state;
    start(&r, NULL, 0, 0x1f);
    assert_int_equal(identify_wrong(&r, &first), -EIO);
    assert_int_equal(identify_wrong(&r, &second), -EIO);
    assert_int_equal(nvme_log_find_error(r.ctrlr, &first, &e), 0);
    assert_int_equal(e.error_count, 1);
    assert_int_equal(nvme_log_find_error(r.ctrlr, &second, &e), 0);
    assert_int_equal(e.error_count, 2);
    assert_int_equal(rig_close(&r), 0);
}

/* The log specific field goes with the first piece only: telemetry is captured once. */
static void test_lsp_goes_with_the_first_piece(void **state)
{
    static uint8_t data[32768];
    struct nvme_log_request req = {
        .lid = NVME_LOG_TELEMETRY_HOST, .nsid = NVME_NSID_ALL, .lsp = NVME_TELEMETRY_LSP_CREATE};
    struct nvme_telemetry_header head;
    struct rig r;

    (void)state;
    rig_init(&r);
    r.cfg.mdts = 1;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_log_read(r.ctrlr, &req, data, sizeof(data), NULL), 0);
    assert_int_equal(
        nvme_log_telemetry(r.ctrlr, NVME_LOG_TELEMETRY_HOST, false, &head, NULL), 0);
    assert_int_equal(head.controller_generation, 2);
    assert_int_equal(rig_close(&r), 0);
}

/* Only ELPE + 1 entries are kept; the counter goes on. */
static void test_error_log_forgets_the_oldest(void **state)
{
    struct nvme_error_entry entries[NVME_LOG_ENTRIES_MAX];
    unsigned count = NVME_LOG_ENTRIES_MAX;
    struct nvme_smart_log smart;
    struct rig r;

    (void)state;
    rig_init(&r);
    r.cfg.elpe_0b = 3;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(identify_wrong(&r, NULL), -EIO);
    }
    assert_int_equal(nvme_log_error(r.ctrlr, entries, &count, NULL), 0);
    assert_int_equal(count, 4);
    assert_int_equal(entries[0].error_count, 9);
    assert_int_equal(entries[3].error_count, 6);
    assert_int_equal(nvme_log_smart(r.ctrlr, NVME_NSID_ALL, &smart, NULL), 0);
    assert_int_equal(load_le64(smart.error_entries), 9);
    count = 2;
    assert_int_equal(nvme_log_error(r.ctrlr, entries, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_int_equal(rig_close(&r), 0);
}

/* A context that somebody left behind is released; reading without one is a sequence error. */
static void test_persistent_event_context(void **state)
{
    struct nvme_persistent_header head;
    struct nvme_persistent_event event;
    struct nvme_log_request req = {
        .lid = NVME_LOG_PERSISTENT_EVENT, .nsid = NVME_NSID_ALL, .offset = 512};
    struct nvme_result res;
    struct rig r;

    (void)state;
    start(&r, NULL, 0, 0x1f);
    assert_int_equal(nvme_log_persistent(r.ctrlr, NVME_PERSISTENT_READ, &head, &res), -EIO);
    assert_int_equal(FIELD_GET(NVME_STATUS_CODE, res.status), NVME_SC_COMMAND_SEQUENCE_ERROR);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(nvme_log_persistent(r.ctrlr, NVME_PERSISTENT_ESTABLISH, &head, NULL), 0);
        assert_int_equal(head.lid, NVME_LOG_PERSISTENT_EVENT);
        assert_memory_equal(head.sn, "CAR0001 ", 8);
        assert_true(head.events >= 2);
        assert_true(head.bytes > sizeof(head));
    }
    assert_int_equal(nvme_log_read(r.ctrlr, &req, &event, sizeof(event), NULL), 0);
    assert_int_equal(event.header_bytes + 3, sizeof(event));
    assert_int_equal(nvme_log_persistent(r.ctrlr, NVME_PERSISTENT_RELEASE, NULL, NULL), 0);
    assert_int_equal(nvme_log_read(r.ctrlr, &req, &event, sizeof(event), NULL), -EIO);
    assert_int_equal(rig_close(&r), 0);
}

/* The rest of the typed functions: each reads its page into its structure. */
static void test_pages_by_name(void **state)
{
    static const struct model_patch all[] = {
        {.cns = 1, .offset = 256, .len = 2, .value = 0x3ff}, /* OACS */
        {.cns = 1, .offset = 520, .len = 2, .value = 0xff},  /* ONCS */
        {.cns = 1, .offset = 328, .len = 4, .value = 7},     /* SANICAP */
    };
    static const uint32_t estimates[6] = {10, 20, 30, 40, 50, UINT32_MAX};
    static const uint8_t failed[28] = {0x17, 3, 2, 0, 5};
    static struct nvme_effects_log effects;
    static uint32_t nsids[NVME_NS_LIST_ENTRIES];
    struct nvme_firmware_log firmware;
    struct nvme_self_test_log self_test;
    struct nvme_endurance_log endurance;
    struct nvme_latency_log latency;
    struct nvme_reservation_log notice;
    struct nvme_sanitize_log sanitize;
    struct nvme_lba_status_header lba_status;
    struct rig r;

    (void)state;
    start(&r, all, ARRAY_SIZE(all), 0x1f);
    assert_int_equal(nvme_log_firmware(r.ctrlr, &firmware, NULL), 0);
    assert_int_equal(FIELD_GET(NVME_AFI_ACTIVE, firmware.afi), 1);
    assert_memory_equal(firmware.frs[0], "1.0     ", 8);
    assert_int_equal(nvme_log_changed_ns(r.ctrlr, nsids, NULL), 0);
    assert_int_equal(nsids[0], 0);
    assert_int_equal(nvme_log_effects(r.ctrlr, &effects, NULL), 0);
    assert_int_equal(effects.acs[NVME_ADM_IDENTIFY], NVME_EFFECTS_CSUPP);
    assert_int_equal(effects.iocs[NVME_IO_WRITE], NVME_EFFECTS_CSUPP | NVME_EFFECTS_LBCC);
    assert_int_equal(effects.acs[0xc5], 0);
    model_put_self_test(r.hp->model, 0, 0, failed);
    assert_int_equal(nvme_log_self_test(r.ctrlr, &self_test, NULL), 0);
    assert_int_equal(FIELD_GET(NVME_SELF_TEST_RESULT, self_test.results[0].status), 7);
    assert_int_equal(load_le64(self_test.results[0].power_on_hours), 5);
    assert_int_equal(self_test.results[1].status, NVME_SELF_TEST_UNUSED);
    assert_int_equal(nvme_log_endurance(r.ctrlr, 1, &endurance, NULL), 0);
    assert_int_equal(endurance.avail_spare, 100);
    assert_int_equal(load_le64(endurance.endurance_estimate), 600000);
    assert_int_equal(nvme_log_endurance(r.ctrlr, 2, &endurance, NULL), -EIO);
    assert_int_equal(nvme_log_latency(r.ctrlr, 1, &latency, NULL), 0);
    assert_int_equal(latency.dtwin_reads_typical, 100000);
    assert_int_equal(latency.dtwin_reads_estimate, 90000);
    assert_int_equal(nvme_log_reservation(r.ctrlr, &notice, NULL), 0);
    assert_int_equal(notice.count, 0);
    model_put_sanitize(r.hp->model, 0x8000, 0x102, 0x12, estimates);
    assert_int_equal(nvme_log_sanitize(r.ctrlr, &sanitize, NULL), 0);
    assert_int_equal(sanitize.sprog, 0x8000);
    assert_int_equal(sanitize.scdw10, 0x12);
    assert_int_equal(sanitize.estimate_s[4], 50);
    assert_int_equal(nvme_log_lba_status(r.ctrlr, &lba_status, NULL), 0);
    assert_int_equal(lba_status.bytes, 16);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_length_and_offset),
        cmocka_unit_test(test_pieces_join),
        cmocka_unit_test(test_bad_arguments_are_not_sent),
        cmocka_unit_test(test_without_extended_data),
        cmocka_unit_test(test_pages_that_are_not_offered),
        cmocka_unit_test(test_smart_of_one_namespace),
        cmocka_unit_test(test_smart_counts_io),
        cmocka_unit_test(test_error_log_explains),
        cmocka_unit_test(test_errors_alike),
        cmocka_unit_test(test_lsp_goes_with_the_first_piece),
        cmocka_unit_test(test_error_log_forgets_the_oldest),
        cmocka_unit_test(test_persistent_event_context),
        cmocka_unit_test(test_pages_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
