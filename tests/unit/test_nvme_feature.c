/*
 * tests/unit/test_nvme_feature.c - Get and Set Features: the table of features walked from end to
 * end, the four values of each, refusals before anything is sent, and what features do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_feature.h"
#include "drivers/nvme/nvme_gate.h"
#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

static struct rig r;

static void start(bool every_feature)
{
    rig_init(&r);
    r.cfg.every_feature = every_feature;
    r.cfg.hmpre = every_feature ? 256 : 0;
    r.cfg.ns_count = 2;
    r.cfg.ns[1] = (struct model_ns_config){.nsid = 3, .blocks = 4096, .lbads = 12};
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
}

static void arm_all(void)
{
    assert_int_equal(nvme_ctrlr_arm(r.ctrlr, r.cfg.serial), 0);
}

static unsigned sent(uint8_t opcode)
{
    return model_counters(r.hp->model)->by_opcode[0][opcode];
}

static uint32_t value_of(uint8_t fid, uint32_t nsid, uint32_t cdw11, enum nvme_select select)
{
    const struct nvme_feature_request get = {
        .fid = fid, .nsid = nsid, .cdw11 = cdw11, .select = select};
    struct nvme_result res;

    assert_int_equal(nvme_get_feature(r.ctrlr, &get, &res), 0);
    return res.dw0;
}

static int set(uint8_t fid, uint32_t nsid, uint32_t value, bool save, struct nvme_result *res)
{
    const struct nvme_feature_request request = {
        .fid = fid, .nsid = nsid, .cdw11 = value, .save = save};

    return nvme_set_feature(r.ctrlr, &request, res);
}

/* Every feature has a name, is found by number and by name, and its fields do not overlap. */
static void test_the_table(void **state)
{
    const struct nvme_feature_info *info;
    unsigned count = 0;
    uint8_t last = 0;

    (void)state;
    for (unsigned i = 0; (info = nvme_feature_at(i)); i++, count++) {
        uint64_t seen = 0;

        assert_true(info->fid > last);
        last = info->fid;
        assert_ptr_equal(nvme_feature_find(info->fid), info);
        assert_ptr_equal(nvme_feature_named(info->name), info);
        assert_true(info->fields || info->data_bytes);
        for (const struct nvme_feature_field *f = info->fields; f && f->name; f++) {
            uint64_t mask = GENMASK64(f->hi, f->lo);

            assert_true(f->hi < 32 && f->lo <= f->hi);
            assert_int_equal(seen & mask, 0);
            assert_int_equal(f->unit == NVME_UNIT_WORDS, f->words != NULL);
            seen |= mask;
        }
    }
    assert_int_equal(count, 29); /* 01h to 18h, and 80h to 84h */
    assert_null(nvme_feature_find(0x19));
    assert_null(nvme_feature_find(0xc0));
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(nvme_feature_named("volatile-write-cache")->fid, 6);
    assert_int_equal(nvme_feature_named("TIMESTAMP")->fid, 0x0e);
    assert_int_equal(nvme_feature_named("write_atom")->fid, 0x0a);
    assert_null(nvme_feature_named("host")); /* several begin so */
    assert_null(nvme_feature_named("power management!"));
    assert_null(nvme_feature_named(""));
}

/* A drive that has everything answers for everything, in all four ways. */
static void test_every_feature_answers(void **state)
{
    const struct nvme_feature_info *info;

    (void)state;
    start(true);
    for (unsigned i = 0; (info = nvme_feature_at(i)); i++) {
        uint32_t nsid = info->per_namespace ? 3 : 0;
        uint32_t caps = value_of(info->fid, nsid, 0, NVME_SELECT_SUPPORTED);

        assert_int_equal(FIELD_GET(NVME_FEATURE_CAP_NAMESPACE, caps), info->per_namespace);
        assert_true(caps & NVME_FEATURE_CAP_CHANGEABLE);
        assert_int_equal(value_of(info->fid, nsid, 0, NVME_SELECT_DEFAULT),
                         value_of(info->fid, nsid, 0, NVME_SELECT_SAVED));
        (void)value_of(info->fid, nsid, 0, NVME_SELECT_CURRENT);
    }
    assert_int_equal(rig_close(&r), 0);
}

/* What Identify does not announce is not asked for, and which field says so is known. */
static void test_not_offered(void **state)
{
    const struct nvme_feature_info *info;
    unsigned refused = 0;

    (void)state;
    start(false);
    arm_all();
    unsigned gets = sent(ADM_GET_FEATURES), sets = sent(ADM_SET_FEATURES);
    for (unsigned i = 0; (info = nvme_feature_at(i)); i++) {
        uint8_t data[4096] = {0};
        struct nvme_feature_request request = {
            .fid = info->fid, .nsid = info->per_namespace, .data = data,
            .len = info->get_only_data ? 0 : info->data_bytes};

        if (info->ability == NVME_ABILITY_COUNT || nvme_can(r.ctrlr, info->ability)) {
            continue;
        }
        refused++;
        assert_int_equal(nvme_feature_lacks(r.ctrlr, &request, false), info->ability);
        assert_int_equal(nvme_get_feature(r.ctrlr, &request, NULL), -ENOTSUP);
        assert_int_equal(nvme_set_feature(r.ctrlr, &request, NULL), -ENOTSUP);
    }
    assert_int_equal(refused, 15);
    /* nor what is saved, and nothing is saved, without ONCS bit 4 */
    struct nvme_feature_request saved = {.fid = 2, .select = NVME_SELECT_SAVED};
    assert_int_equal(nvme_feature_lacks(r.ctrlr, &saved, false), NVME_CAN_SAVE_FEATURES);
    assert_int_equal(nvme_get_feature(r.ctrlr, &saved, NULL), -ENOTSUP);
    assert_int_equal(set(2, 0, 0, true, NULL), -ENOTSUP);
    assert_int_equal(sent(ADM_GET_FEATURES), gets);
    assert_int_equal(sent(ADM_SET_FEATURES), sets);
    assert_int_equal(rig_close(&r), 0);
}

static void test_saved_and_current(void **state)
{
    struct nvme_result res;

    (void)state;
    start(true);
    arm_all();
    assert_int_equal(value_of(6, 0, 0, NVME_SELECT_CURRENT), 1);
    assert_int_equal(set(6, 0, 0, false, &res), 0);
    assert_int_equal(value_of(6, 0, 0, NVME_SELECT_CURRENT), 0);
    assert_int_equal(value_of(6, 0, 0, NVME_SELECT_SAVED), 1);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(value_of(6, 0, 0, NVME_SELECT_CURRENT), 1); /* back after the reset */
    arm_all();
    assert_int_equal(set(6, 0, 0, true, &res), 0);
    assert_int_equal(value_of(6, 0, 0, NVME_SELECT_SAVED), 0);
    assert_int_equal(value_of(6, 0, 0, NVME_SELECT_DEFAULT), 1);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(value_of(6, 0, 0, NVME_SELECT_CURRENT), 0);
    arm_all();
    assert_int_equal(set(0x0b, 0, 0, true, &res), -EIO); /* not saveable: the device says so */
    assert_int_equal(res.status & NVME_STATUS_CODE, NVME_SC_FEATURE_NOT_SAVEABLE);
    assert_int_equal(rig_close(&r), 0);
}

static void test_needs_arming(void **state)
{
    (void)state;
    start(true);
    unsigned sets = sent(ADM_SET_FEATURES);
    assert_int_equal(set(6, 0, 0, false, NULL), -EROFS);
    assert_int_equal(set(0x84, 1, 1, false, NULL), -EROFS);
    rig_arm(&r, rig_ns(&r, 1));
    assert_int_equal(set(6, 0, 0, false, NULL), -EROFS);
    assert_int_equal(set(0x84, 3, 1, false, NULL), -EROFS);
    assert_int_equal(set(0x84, NVME_NSID_ALL, 1, false, NULL), -EROFS);
    assert_int_equal(sent(ADM_SET_FEATURES), sets);
    assert_int_equal(set(0x84, 1, 1, false, NULL), 0);
    arm_all();
    assert_int_equal(set(7, 0, 0x10001, false, NULL), -EPERM);
    assert_int_equal(set(0x0d, 0, 0, false, NULL), -EPERM);
    assert_int_equal(set(6, 0, 0, false, NULL), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void test_data(void **state)
{
    uint64_t stamp = 1700000000123, back = 0;
    uint8_t id[16] = "0123456789abcde", got[16];
    struct nvme_feature_request ts = {.fid = 0x0e, .data = &stamp, .len = 8};
    struct nvme_feature_request host = {.fid = 0x81, .cdw11 = 1, .data = id, .len = 16};

    (void)state;
    start(true);
    arm_all();
    assert_int_equal(nvme_set_feature(r.ctrlr, &ts, NULL), 0);
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 2 * NS_PER_S);
    ts.data = &back;
    assert_int_equal(nvme_get_feature(r.ctrlr, &ts, NULL), 0);
    assert_in_range(FIELD_GET(NVME_TIMESTAMP_MS, back), stamp + 2000, stamp + 2100);
    assert_int_equal(FIELD_GET(NVME_TIMESTAMP_ORIGIN, back), 1);
    assert_int_equal(nvme_set_feature(r.ctrlr, &host, NULL), 0);
    host.data = got;
    assert_int_equal(nvme_get_feature(r.ctrlr, &host, NULL), 0);
    assert_memory_equal(got, id, 16);
    host.len = 8; /* does not fit what EXHID says */
    assert_int_equal(nvme_set_feature(r.ctrlr, &host, NULL), -EINVAL);
    ts.len = 0;
    assert_int_equal(nvme_set_feature(r.ctrlr, &ts, NULL), -EINVAL);
    struct nvme_feature_request cache = {.fid = 6, .data = got, .len = 8};
    assert_int_equal(nvme_set_feature(r.ctrlr, &cache, NULL), -EINVAL);
    assert_int_equal(rig_close(&r), 0);
}

/* A vendor's feature may have a page of data, and no more. */
static void test_data_of_unknown_features(void **state)
{
    static uint8_t data[4097];
    struct nvme_feature_request vendor = {.fid = 0xc0, .data = data};

    (void)state;
    start(true);
    arm_all();
    for (vendor.len = 0; vendor.len <= 4096; vendor.len += 2048) {
        unsigned before = sent(ADM_SET_FEATURES);
        assert_int_equal(nvme_set_feature(r.ctrlr, &vendor, NULL), -EIO); /* the model has none */
        assert_int_equal(sent(ADM_SET_FEATURES), before + 1);
    }
    vendor.len = sizeof(data);
    unsigned before = sent(ADM_SET_FEATURES);
    assert_int_equal(nvme_set_feature(r.ctrlr, &vendor, NULL), -EINVAL);
    assert_int_equal(sent(ADM_SET_FEATURES), before);
    assert_int_equal(rig_close(&r), 0);
}

static void test_write_protection(void **state)
{
    uint8_t block[4096] = {1};
    struct nvme_result res;

    (void)state;
    start(true);
    arm_all();
    struct nvme_ns *ns = rig_ns(&r, 3);
    assert_int_equal(set(0x84, 3, NVME_WRITE_PROTECT_ON, false, NULL), 0);
    assert_true(ns->id.nsattr & NVME_NSATTR_WRITE_PROTECTED);
    assert_false(rig_ns(&r, 1)->id.nsattr & NVME_NSATTR_WRITE_PROTECTED);
    assert_int_equal(rig_write(&r, ns, 0, 1, block), -EROFS);
    assert_int_equal(rig_read(&r, ns, 0, 1, block), 0);
    assert_int_equal(set(0x84, 3, NVME_WRITE_PROTECT_NONE, false, NULL), 0);
    assert_false(ns->id.nsattr & NVME_NSATTR_WRITE_PROTECTED);
    assert_int_equal(rig_write(&r, ns, 0, 1, block), 0);
    assert_int_equal(set(0x84, 3, NVME_WRITE_PROTECT_UNTIL_POWER_CYCLE, false, NULL), 0);
    assert_int_equal(set(0x84, 3, NVME_WRITE_PROTECT_NONE, false, &res), -EIO);
    assert_int_equal(res.status & NVME_STATUS_CODE, NVME_SC_FEATURE_NOT_CHANGEABLE);
    assert_int_equal(nvme_recover(r.ctrlr), 0); /* a reset is no power cycle */
    assert_int_equal(value_of(0x84, 3, 0, NVME_SELECT_CURRENT), 2);
    assert_int_equal(rig_close(&r), 0);
}

/* Protection of a kind that NWPC does not announce is refused here. */
static void test_write_protection_kinds(void **state)
{
    static const struct model_patch only_simple = {
        .cns = 1, .offset = 531, .len = 1, .value = 1};
    struct nvme_feature_request request = {.fid = 0x84, .nsid = 1, .cdw11 = 3};

    (void)state;
    rig_init(&r);
    r.cfg.every_feature = true;
    r.cfg.patches = &only_simple;
    r.cfg.patch_count = 1;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    arm_all();
    assert_int_equal(nvme_feature_lacks(r.ctrlr, &request, true), NVME_CAN_WRITE_PROTECT_PERMANENT);
    assert_int_equal(nvme_set_feature(r.ctrlr, &request, NULL), -ENOTSUP);
    request.cdw11 = 2;
    assert_int_equal(nvme_feature_lacks(r.ctrlr, &request, true),
                     NVME_CAN_WRITE_PROTECT_POWER_CYCLE);
    request.cdw11 = 1;
    assert_int_equal(nvme_set_feature(r.ctrlr, &request, NULL), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void test_volatile_cache(void **state)
{
    uint8_t block[512] = {1};

    (void)state;
    start(true);
    arm_all();
    struct nvme_ns *ns = rig_ns(&r, 1);
    assert_int_equal(rig_write(&r, ns, 0, 1, block), 0);
    assert_int_equal(model_blocks_unflushed(r.hp->model), 1);
    assert_int_equal(set(6, 0, 0, false, NULL), 0);
    assert_int_equal(model_blocks_unflushed(r.hp->model), 0);
    assert_int_equal(rig_write(&r, ns, 0, 1, block), 0);
    assert_int_equal(model_blocks_unflushed(r.hp->model), 0);
    assert_int_equal(set(6, 0, 1, false, NULL), 0);
    assert_int_equal(rig_write(&r, ns, 0, 1, block), 0);
    assert_int_equal(model_blocks_unflushed(r.hp->model), 1);
    assert_int_equal(rig_flush(&r, ns), 0);
    assert_int_equal(model_blocks_unflushed(r.hp->model), 0);
    assert_int_equal(rig_close(&r), 0);
}

static uint64_t read_ns(void)
{
    uint8_t block[512];
    uint64_t begin = host_clock_peek(&r.clock);

    assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), 0);
    return host_clock_peek(&r.clock) - begin;
}

static void test_power_states(void **state)
{
    unsigned ps;

    (void)state;
    start(true);
    assert_int_equal(nvme_set_power_state(r.ctrlr, 1, NULL), -EROFS);
    arm_all();
    assert_int_equal(nvme_get_power_state(r.ctrlr, &ps, NULL), 0);
    assert_int_equal(ps, 0);
    assert_int_equal(nvme_set_power_state(r.ctrlr, 5, NULL), -EINVAL); /* NPSS is 4 */
    uint64_t fast_ns = read_ns();
    assert_int_equal(nvme_set_power_state(r.ctrlr, 2, NULL), 0);
    assert_int_equal(nvme_get_power_state(r.ctrlr, &ps, NULL), 0);
    assert_int_equal(ps, 2);
    assert_true(read_ns() >= fast_ns + 2 * r.cfg.latency_ns);
    assert_int_equal(nvme_set_power_state(r.ctrlr, 3, NULL), 0);
    assert_true(read_ns() >= 3 * NS_PER_MS); /* it has to wake up */
    assert_int_equal(nvme_get_power_state(r.ctrlr, &ps, NULL), 0);
    assert_int_equal(ps, 2); /* in the operational state that it had last */
    assert_int_equal(rig_close(&r), 0);
}

static void test_apst(void **state)
{
    uint64_t table[NVME_APST_STATES], back[NVME_APST_STATES];
    struct nvme_result res;
    unsigned ps;
    bool on;

    (void)state;
    start(true);
    arm_all();
    assert_int_equal(nvme_get_apst(r.ctrlr, &on, table, NULL), 0);
    assert_false(on);
    nvme_apst_default(r.ctrlr, table);
    for (unsigned i = 0; i < 3; i++) { /* (2 + 3) ms times fifty */
        assert_int_equal(FIELD_GET(NVME_APST_ITPS, table[i]), 3);
        assert_int_equal(FIELD_GET(NVME_APST_ITPT, table[i]), 250);
    }
    assert_int_equal(FIELD_GET(NVME_APST_ITPS, table[3]), 4);
    assert_int_equal(FIELD_GET(NVME_APST_ITPT, table[3]), 5500);
    assert_int_equal(table[4], 0);
    assert_int_equal(nvme_set_apst(r.ctrlr, true, table, NULL), 0);
    assert_int_equal(nvme_get_apst(r.ctrlr, &on, back, NULL), 0);
    assert_true(on);
    assert_memory_equal(back, table, sizeof(table));
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 300 * NS_PER_MS);
    assert_int_equal(nvme_get_power_state(r.ctrlr, &ps, NULL), 0);
    assert_int_equal(ps, 3);
    assert_true(read_ns() >= 3 * NS_PER_MS);
    table[0] = FIELD_PREP(NVME_APST_ITPS, 1) | FIELD_PREP(NVME_APST_ITPT, 1); /* operational */
    assert_int_equal(nvme_set_apst(r.ctrlr, true, table, &res), -EIO);
    assert_int_equal(res.status & NVME_STATUS_CODE, NVME_SC_INVALID_FIELD);
    assert_int_equal(rig_close(&r), 0);
}

/* Reads n blocks at once with interrupts on; how many interrupts came. */
static uint64_t interrupts_of(unsigned n)
{
    struct rig_io ios[8];
    uint64_t before = model_counters(r.hp->model)->irqs;

    assert_true(n <= ARRAY_SIZE(ios));
    for (unsigned i = 0; i < n; i++) {
        rig_io_make(&r, &ios[i], rig_ns(&r, 1), NVME_IO_READ, i, 1, 0);
        assert_int_equal(nvme_post(rig_qp(&r), &ios[i].io), 0);
    }
    assert_int_equal(rig_wait(&r, ios, n, NS_PER_S), 0);
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 30 * NS_PER_MS);
    for (unsigned i = 0; i < n; i++) {
        rig_io_free(&r, &ios[i]);
    }
    return model_counters(r.hp->model)->irqs - before;
}

static void test_interrupt_coalescing(void **state)
{
    (void)state;
    start(true);
    arm_all();
    assert_int_equal(interrupts_of(8), 8);
    assert_int_equal(nvme_set_interrupt_coalescing(r.ctrlr, 4, 1000, NULL), 0);
    assert_int_equal(value_of(8, 0, 0, NVME_SELECT_CURRENT), 0x0a03);
    assert_int_equal(interrupts_of(8), 2);
    assert_int_equal(interrupts_of(6), 2); /* four, and two when the time was up */
    assert_int_equal(nvme_set_vector_coalescing(r.ctrlr, 1, false, NULL), 0);
    assert_int_equal(value_of(9, 0, 1, NVME_SELECT_CURRENT), 0x10001);
    assert_int_equal(interrupts_of(6), 6);
    assert_int_equal(nvme_set_interrupt_coalescing(r.ctrlr, 257, 100, NULL), -EINVAL);
    assert_int_equal(nvme_set_interrupt_coalescing(r.ctrlr, 4, 150, NULL), -EINVAL);
    assert_int_equal(nvme_set_interrupt_coalescing(r.ctrlr, 0, 100, NULL), -EINVAL);
    assert_int_equal(rig_close(&r), 0);
}

/* A threshold below the temperature is an event at once. */
static void test_temperature_threshold(void **state)
{
    (void)state;
    start(true);
    arm_all();
    assert_int_equal(value_of(4, 0, 0, NVME_SELECT_CURRENT), 343);
    assert_int_equal(set(0x0b, 0, 0xff | value_of(0x0b, 0, 0, NVME_SELECT_CURRENT), false, NULL),
                     0);
    uint64_t before = model_counters(r.hp->model)->events_reported;
    assert_int_equal(set(4, 0, 300, false, NULL), 0);
    (void)value_of(4, 0, 0, NVME_SELECT_CURRENT);
    assert_int_equal(model_counters(r.hp->model)->events_reported, before + 1);
    assert_int_equal(set(4, 0, 1 << 20 | 200, false, NULL), 0); /* the lower one is another */
    assert_int_equal(value_of(4, 0, 1 << 20, NVME_SELECT_CURRENT), 200);
    assert_int_equal(value_of(4, 0, 0, NVME_SELECT_CURRENT), 300);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_feature_answers),
        cmocka_unit_test(test_not_offered),
        cmocka_unit_test(test_saved_and_current),
        cmocka_unit_test(test_needs_arming),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_data_of_unknown_features),
        cmocka_unit_test(test_write_protection),
        cmocka_unit_test(test_write_protection_kinds),
        cmocka_unit_test(test_volatile_cache),
        cmocka_unit_test(test_power_states),
        cmocka_unit_test(test_apst),
        cmocka_unit_test(test_interrupt_coalescing),
        cmocka_unit_test(test_temperature_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
