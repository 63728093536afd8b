/*
 * tests/unit/test_nvme_qpairs.c - other numbers of I/O queue pairs and entries while the controller
 * is in service.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

static void check_works(struct rig *r, unsigned count, unsigned entries)
{
    const struct nvme_info *info = nvme_info(r->ctrlr);
    uint8_t out[8192], in[8192];

    assert_int_equal(info->io_qpairs, count);
    assert_int_equal(info->io_entries, entries);
    assert_int_equal(model_counters(r->hp->model)->io_sqs, count);
    assert_int_equal(model_counters(r->hp->model)->io_cqs, count);
    assert_null(nvme_qpair_at(r->ctrlr, count));
    for (unsigned i = 0; i < count; i++) {
        struct nvme_qpair *qp = nvme_qpair_at(r->ctrlr, i);
        assert_int_equal(nvme_qpair_depth(qp), entries - 1);
        assert_int_equal(nvme_irq_enable(qp, true), i + 1 < 8 ? 0 : -ENOTSUP);
        struct rig_io rio;
        rig_io_make(r, &rio, rig_ns(r, 1), NVME_IO_READ, i, 1, 0);
        rio.io.done = NULL;
        assert_int_equal(nvme_io_sync(qp, &rio.io, true), 0);
        rig_io_free(r, &rio);
    }
    if (!rig_ns(r, 1)->armed) {
        rig_arm(r, rig_ns(r, 1));
    }
    rig_pattern(out, sizeof(out), count * 1000 + entries);
    assert_int_equal(rig_write(r, rig_ns(r, 1), 9, 16, out), 0);
    assert_int_equal(rig_read(r, rig_ns(r, 1), 9, 16, in), 0);
    assert_memory_equal(in, out, sizeof(in));
}

static void start(struct rig *r)
{
    rig_init(r);
    r->opt.max_io_qpairs = 6;
    rig_open(r);
    assert_int_equal(rig_attach(r), 0);
}

static void all_numbers(void **state)
{
    (void)state;
    static const struct {
        unsigned count, entries, count_then, entries_then;
    } steps[] = {
        {1, 0, 1, 32}, {6, 0, 6, 32}, {0, 2, 6, 2}, {0, 1024, 6, 1024}, {3, 5, 3, 5},
        {3, 5, 3, 5}, {0, 0, 3, 5}, {6, 1024, 6, 1024}, {1, 3, 1, 3}, {2, 32, 2, 32},
    };
    struct rig r;

    start(&r);
    check_works(&r, 6, 32);
    for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
        assert_int_equal(nvme_qpairs_set(r.ctrlr, steps[i].count, steps[i].entries), 0);
        check_works(&r, steps[i].count_then, steps[i].entries_then);
        assert_true(rig_ns(&r, 1)->armed); /* no reset was needed */
        assert_int_equal(model_counters(r.hp->model)->enables, 1);
    }
    /* A reset keeps them, and what was granted. */
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    check_works(&r, 2, 32);
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 6, 0), 0);
    check_works(&r, 6, 32);
    assert_int_equal(rig_close(&r), 0);
}

static void numbers_that_cannot_be(void **state)
{
    (void)state;
    struct rig r;

    start(&r);
    assert_int_equal(nvme_info(r.ctrlr)->granted_qpairs, 6);
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 7, 0), -ERANGE);
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 0, 1), -ERANGE);
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 0, 1025), -ERANGE);
    check_works(&r, 6, 32);
    assert_int_equal(nvme_shutdown(r.ctrlr), 0);
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 1, 0), -ESHUTDOWN);
    assert_int_equal(rig_close(&r), 0);
}

static void not_under_commands(void **state)
{
    (void)state;
    struct rig r;
    struct rig_io rio;

    start(&r);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 1, 0);
    assert_int_equal(nvme_post(nvme_qpair_at(r.ctrlr, 5), &rio.io), 0);
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 1, 0), -EBUSY);
    nvme_ring(nvme_qpair_at(r.ctrlr, 5));
    while (!rio.done) {
        assert_true(nvme_reap(nvme_qpair_at(r.ctrlr, 5), 8) >= 0);
        host_clock_relax(&r.clock);
    }
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 1, 0), 0);
    check_works(&r, 1, 32);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

/* Deeper queues carry shorter commands: their list memory is bounded. */
static void the_longest_command_follows(void **state)
{
    (void)state;
    struct rig r;

    rig_init(&r);
    r.cfg.mdts = 10;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    uint32_t before = rig_ns(&r, 1)->max_blocks;
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 0, 1024), 0);
    assert_int_equal(rig_ns(&r, 1)->max_blocks, 1024); /* 512 KiB */
    check_works(&r, 2, 1024);
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 0, 32), 0);
    assert_int_equal(rig_ns(&r, 1)->max_blocks, before);
    uint32_t nlb = before;
    uint8_t *data = malloc((size_t)nlb * 512);
    assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, nlb, data), 0);
    free(data);
    assert_int_equal(rig_close(&r), 0);
}

static void memory_that_is_not_there(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 12; nth++) {
        struct rig r;
        start(&r);
        r.hp->fail_at = r.hp->allocs + nth;
        assert_int_equal(nvme_qpairs_set(r.ctrlr, 4, 64), -ENOMEM);
        check_works(&r, 6, 32);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* Each command on the way is refused, lost or kills the controller once. Afterwards the old queues
 * are there, or the new ones. */
static void a_change_that_fails(void **state)
{
    (void)state;
    static const struct {
        enum model_action action;
        uint64_t value;
    } deeds[] = {{MODEL_DO_STATUS, ST_INTERNAL}, {MODEL_DO_DROP, 0}, {MODEL_DO_CFS, 0}};

    for (unsigned d = 0; d < ARRAY_SIZE(deeds); d++) {
        for (unsigned nth = 1; nth <= 20; nth++) {
            struct rig r;
            start(&r);
            model_add_rule(r.hp->model, &(struct model_rule){
                .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY, .nth = nth,
                .action = deeds[d].action, .value = deeds[d].value });
            int err = nvme_qpairs_set(r.ctrlr, 4, 64);
            assert_true(err == 0 || err == -EIO || err == -ETIMEDOUT);
            assert_int_equal(model_rules_fired(r.hp->model), 1);
            check_works(&r, err ? 6 : 4, err ? 32 : 64);
            assert_int_equal(rig_close(&r), 0);
        }
    }
}

/* A refusal alone is no reason for a reset: the old queues are created again. */
static void a_refusal_needs_no_reset(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 4; nth++) {
        struct rig r;

        start(&r);
        rig_arm(&r, rig_ns(&r, 1));
        model_add_rule(r.hp->model, &(struct model_rule){
            .on = MODEL_ON_ADMIN, .match = ADM_CREATE_SQ, .sub = MODEL_ANY, .nth = nth,
            .action = MODEL_DO_STATUS, .value = ST_INTERNAL });
        assert_int_equal(nvme_qpairs_set(r.ctrlr, 4, 64), -EIO);
        assert_true(rig_ns(&r, 1)->armed);
        assert_int_equal(model_counters(r.hp->model)->enables, 1);
        check_works(&r, 6, 32);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* Who does not say how many gets one. */
static void one_pair_if_nothing_is_said(void **state)
{
    (void)state;
    struct rig r;

    rig_init(&r);
    r.opt.max_io_qpairs = 0;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    check_works(&r, 1, 32);
    assert_int_equal(rig_close(&r), 0);
}

/* It never takes a queue again: it is dead, and nothing is lost or hangs. */
static void a_change_that_kills(void **state)
{
    (void)state;
    struct rig r;

    start(&r);
    model_add_rule(r.hp->model, &(struct model_rule){
        .on = MODEL_ON_ADMIN, .match = ADM_CREATE_SQ, .sub = MODEL_ANY, .count = MODEL_FOREVER,
        .action = MODEL_DO_STATUS, .value = ST_INTERNAL });
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 4, 64), -EIO);
    struct rig_io rio;
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 1, 0);
    assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, true), -ESHUTDOWN);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void with_shadow_doorbells(void **state)
{
    (void)state;
    struct rig r;

    rig_init(&r);
    r.cfg.shadow_doorbells = true;
    r.opt.shadow_doorbells = true;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_true(nvme_info(r.ctrlr)->shadow_doorbells);
    for (unsigned entries = 2; entries <= 256; entries *= 2) {
        assert_int_equal(nvme_qpairs_set(r.ctrlr, entries & 0x55 ? 1 : 2, entries), 0);
        check_works(&r, entries & 0x55 ? 1 : 2, entries);
    }
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_numbers),
        cmocka_unit_test(numbers_that_cannot_be),
        cmocka_unit_test(not_under_commands),
        cmocka_unit_test(the_longest_command_follows),
        cmocka_unit_test(memory_that_is_not_there),
        cmocka_unit_test(a_change_that_fails),
        cmocka_unit_test(a_refusal_needs_no_reset),
        cmocka_unit_test(one_pair_if_nothing_is_said),
        cmocka_unit_test(a_change_that_kills),
        cmocka_unit_test(with_shadow_doorbells),
    };
    return cmocka_run_group_tests_name("nvme queue pairs", tests, NULL, NULL);
}
