/*
 * tests/unit/test_nvme_dbbuf.c - shadow doorbells: fewer register writes and the same data; again
 * after a reset; and a controller that overlooks a shadow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

#define DEPTH 16

static void start(struct rig *r, bool wanted, bool offered)
{
    rig_init(r);
    r->opt.shadow_doorbells = wanted;
    r->cfg.shadow_doorbells = offered;
    r->cfg.jitter_ns = 5000;
    rig_open(r);
    assert_int_equal(rig_attach(r), 0);
    rig_arm(r, rig_ns(r, 1));
}

/* Keeps DEPTH reads in flight until count were done. */
static void keep_busy(struct rig *r, unsigned count)
{
    struct nvme_qpair *qp = rig_qp(r);
    struct rig_io io[DEPTH];
    unsigned started = 0, done = 0;
    for (unsigned i = 0; i < DEPTH; i++) {
        rig_io_make(r, &io[i], rig_ns(r, 1), NVME_IO_READ, i, 1, 0);
        assert_int_equal(nvme_post(qp, &io[i].io), 0);
        started++;
    }
    nvme_ring(qp);
    for (unsigned turns = 0; done < count; turns++) {
        assert_true(turns < 10000000);
        assert_true(nvme_reap(qp, DEPTH) >= 0);
        for (unsigned i = 0; i < DEPTH; i++) {
            if (io[i].done > 0) {
                io[i].done = 0;
                done++;
                assert_int_equal(io[i].io.err, 0);
                if (started < count) {
                    assert_int_equal(nvme_post(qp, &io[i].io), 0);
                    started++;
                }
            }
        }
        nvme_ring(qp);
        host_clock_relax(&r->clock);
    }
    for (unsigned i = 0; i < DEPTH; i++) {
        rig_io_free(r, &io[i]);
    }
}

static uint64_t registers_written(struct rig *r)
{
    return model_counters(r->hp->model)->sq_doorbells;
}

static void registers_are_left_alone(void **state)
{
    struct nvme_qpair_stats stats;
    struct rig r;
    (void)state;
    start(&r, true, true);
    assert_true(nvme_info(r.ctrlr)->shadow_doorbells);
    assert_int_equal(model_counters(r.hp->model)->shadow_configs, 1);
    uint64_t before = registers_written(&r);
    keep_busy(&r, 5000);
    nvme_qpair_stats(rig_qp(&r), &stats);
    assert_true(stats.shadow_writes > 500);
    assert_true(model_counters(r.hp->model)->shadow_fetches > 0);
    assert_true(registers_written(&r) - before < stats.shadow_writes);
    assert_int_equal(rig_close(&r), 0);
}

static void only_where_wanted_and_offered(void **state)
{
    struct rig r;
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        start(&r, i & 1, i & 2);
        assert_false(nvme_info(r.ctrlr)->shadow_doorbells);
        assert_int_equal(model_counters(r.hp->model)->shadow_configs, 0);
        keep_busy(&r, 100);
        assert_int_equal(rig_close(&r), 0);
    }
}

static void a_refusal_is_not_the_end(void **state)
{
    const struct model_rule rule = {.on = MODEL_ON_ADMIN, .match = ADM_DOORBELL_BUFFER,
                                    .sub = MODEL_ANY, .action = MODEL_DO_STATUS,
                                    .value = ST_INVALID_FIELD | ST_DNR};
    struct rig r;
    (void)state;
    rig_init(&r);
    r.opt.shadow_doorbells = true;
    r.cfg.shadow_doorbells = true;
    rig_open(&r);
    model_add_rule(r.hp->model, &rule);
    assert_int_equal(rig_attach(&r), 0);
    assert_false(nvme_info(r.ctrlr)->shadow_doorbells);
    keep_busy(&r, 100);
    assert_int_equal(rig_close(&r), 0);
}

static void data_are_the_same(void **state)
{
    uint8_t out[4096], in[4096];
    struct rig r;
    (void)state;
    start(&r, true, true);
    for (unsigned i = 0; i < 200; i++) { /* the rings go round several times */
        rig_pattern(out, sizeof(out), i);
        assert_int_equal(rig_write(&r, rig_ns(&r, 1), i * 8, 8, out), 0);
        assert_int_equal(rig_read(&r, rig_ns(&r, 1), i * 8, 8, in), 0);
        assert_memory_equal(in, out, sizeof(in));
    }
    assert_int_equal(rig_close(&r), 0);
}

static void again_after_a_reset(void **state)
{
    struct rig r;
    (void)state;
    start(&r, true, true);
    keep_busy(&r, 200);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(model_counters(r.hp->model)->shadow_configs, 2);
    assert_true(nvme_info(r.ctrlr)->shadow_doorbells);
    keep_busy(&r, 200);
    assert_int_equal(rig_close(&r), 0);
}

/* Shadows that are refused after a reset are forgotten: every doorbell is a register again. */
static void refused_after_a_reset(void **state)
{
    const struct model_rule rule = {.on = MODEL_ON_ADMIN, .match = ADM_DOORBELL_BUFFER,
                                    .sub = MODEL_ANY, .action = MODEL_DO_STATUS,
                                    .value = ST_INVALID_FIELD | ST_DNR};
    struct nvme_qpair_stats before, after;
    struct rig r;
    (void)state;
    start(&r, true, true);
    keep_busy(&r, 200);
    model_add_rule(r.hp->model, &rule);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_false(nvme_info(r.ctrlr)->shadow_doorbells);
    nvme_qpair_stats(rig_qp(&r), &before);
    keep_busy(&r, 200);
    nvme_qpair_stats(rig_qp(&r), &after);
    assert_int_equal(after.shadow_writes, before.shadow_writes);
    assert_int_equal(after.shadow_kicks, before.shadow_kicks);
    assert_int_equal(rig_close(&r), 0);
}

static void an_overlooked_shadow_costs_a_millisecond(void **state)
{
    struct nvme_qpair_stats stats;
    uint8_t block[512];
    struct rig r;
    (void)state;
    rig_init(&r);
    r.opt.shadow_doorbells = true;
    r.cfg.shadow_doorbells = true;
    r.cfg.shadow_deaf = true;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    uint64_t begun_ns = host_clock_peek(&r.clock);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(rig_read(&r, rig_ns(&r, 1), i, 1, block), 0);
    }
    nvme_qpair_stats(rig_qp(&r), &stats);
    assert_true(stats.shadow_kicks > 0);
    assert_true(host_clock_peek(&r.clock) - begun_ns < 50 * 100 * NS_PER_MS);
    assert_false(nvme_failed(r.ctrlr));
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_are_left_alone),
        cmocka_unit_test(only_where_wanted_and_offered),
        cmocka_unit_test(a_refusal_is_not_the_end),
        cmocka_unit_test(data_are_the_same),
        cmocka_unit_test(again_after_a_reset),
        cmocka_unit_test(refused_after_a_reset),
        cmocka_unit_test(an_overlooked_shadow_costs_a_millisecond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
