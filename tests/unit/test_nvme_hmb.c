/*
 * tests/unit/test_nvme_hmb.c - Host Memory Buffer: how much a drive gets, in which pieces, and that
 * it is the drive's alone until the drive is quiet. The model uses the memory with every command,
 * and notes a violation when somebody else does or when it is taken away too early.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_feature.h"
#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

/* Allocations of an attach: four for the admin queue, the list of pieces, the first piece. */
#define FIRST_PIECE 6

static struct rig r;

static void start(uint32_t pre, uint32_t min, uint32_t inds, uint16_t maxd)
{
    rig_init(&r);
    r.cfg.hmpre = pre;
    r.cfg.hmmin = min;
    r.cfg.hmminds = inds;
    r.cfg.hmmaxd = maxd;
    rig_open(&r);
}

static void attach(void)
{
    assert_int_equal(rig_attach(&r), 0);
}

static const struct model_counters *count(void)
{
    return model_counters(r.hp->model);
}

static void expect(uint64_t bytes, unsigned chunks)
{
    assert_int_equal(nvme_info(r.ctrlr)->host_memory_bytes, bytes);
    assert_int_equal(nvme_info(r.ctrlr)->host_memory_chunks, chunks);
    assert_int_equal(count()->hmb_enables, bytes != 0);
}

static void work(void)
{
    uint8_t block[512];

    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(rig_read(&r, rig_ns(&r, 1), i, 1, block), 0);
    }
}

static void test_gets_what_it_prefers(void **state)
{
    struct nvme_hmb_attributes attributes;
    const struct nvme_feature_request get = {
        .fid = 0x0d, .data = &attributes, .len = sizeof(attributes)};
    struct nvme_result res;

    (void)state;
    start(1024, 16, 0, 0);
    attach();
    expect(4 * MIB, 1);
    assert_int_equal(nvme_get_feature(r.ctrlr, &get, &res), 0);
    assert_int_equal(res.dw0, 1);
    assert_int_equal(attributes.hsize, 1024);
    assert_int_equal(attributes.hmdlec, 1);
    work();
    assert_int_equal(rig_close(&r), 0);
}

static void test_nothing_for_who_does_not_ask(void **state)
{
    (void)state;
    start(0, 0, 0, 0);
    attach();
    expect(0, 0);
    assert_int_equal(rig_close(&r), 0);
}

static void test_switched_off(void **state)
{
    (void)state;
    start(1024, 16, 0, 0);
    r.opt.host_memory_bytes = 0;
    attach();
    expect(0, 0);
    work();
    assert_int_equal(rig_close(&r), 0);
}

static void test_bounded_by_the_option(void **state)
{
    (void)state;
    start(1024, 16, 0, 0);
    r.opt.host_memory_bytes = 100 * KIB + 1;
    attach();
    expect(100 * KIB, 1);
    work();
    assert_int_equal(rig_close(&r), 0);
}

static void test_less_than_it_can_use_is_nothing(void **state)
{
    (void)state;
    start(1024, 32, 0, 0);
    r.opt.host_memory_bytes = 127 * KIB;
    attach();
    expect(0, 0);
    assert_int_equal(rig_close(&r), 0);
}

static void test_large_ones_come_in_pieces(void **state)
{
    (void)state;
    start(10240, 16, 0, 0); /* 40 MiB */
    attach();
    expect(40 * MIB, 3);
    work();
    assert_int_equal(rig_close(&r), 0);
}

static void test_smaller_pieces_where_memory_is_scattered(void **state)
{
    (void)state;
    start(1024, 1024, 16, 16);
    /* The whole and a half are not to be had, quarters are. */
    const struct model_rule scarce = {
        .on = MODEL_ON_DMA_ALLOC, .match = MODEL_ANY, .sub = MODEL_ANY, .nth = FIRST_PIECE,
        .count = 2, .action = MODEL_DO_FAIL};
    model_add_rule(r.hp->model, &scarce);
    attach();
    expect(4 * MIB, 4);
    work();
    assert_int_equal(rig_close(&r), 0);
}

static void test_few_pieces_become_larger(void **state)
{
    (void)state;
    start(16384, 16384, 0, 2); /* 64 MiB in two pieces at most */
    attach();
    expect(64 * MIB, 2);
    assert_int_equal(rig_close(&r), 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    start(1024, 1024, 0, 0);
    const struct model_rule none = {
        .on = MODEL_ON_DMA_ALLOC, .match = MODEL_ANY, .sub = MODEL_ANY, .nth = FIRST_PIECE,
        .count = 11, .action = MODEL_DO_FAIL}; /* 4 MiB, 2 MiB and so on to 4 KiB */
    model_add_rule(r.hp->model, &none);
    attach();
    expect(0, 0);
    work();
    assert_int_equal(rig_close(&r), 0);
}

static void test_no_list(void **state)
{
    (void)state;
    start(1024, 1024, 0, 0);
    r.hp->fail_at = FIRST_PIECE - 1;
    attach();
    expect(0, 0);
    assert_int_equal(rig_close(&r), 0);
}

static void test_refused(void **state)
{
    static const struct model_rule refuse = {
        .on = MODEL_ON_ADMIN, .match = ADM_SET_FEATURES, .sub = 0x0d,
        .action = MODEL_DO_STATUS, .value = 0x4002};

    (void)state;
    start(1024, 16, 0, 0);
    model_add_rule(r.hp->model, &refuse);
    attach();
    expect(0, 0);
    work();
    assert_int_equal(rig_close(&r), 0);
}

static void test_no_answer(void **state)
{
    static const struct model_rule drop = {
        .on = MODEL_ON_ADMIN, .match = ADM_SET_FEATURES, .sub = 0x0d, .count = MODEL_FOREVER,
        .action = MODEL_DO_DROP};

    (void)state;
    start(1024, 16, 0, 0);
    model_add_rule(r.hp->model, &drop);
    assert_int_not_equal(rig_attach(&r), 0);
    assert_int_equal(rig_close(&r), 0); /* and everything was given back */
}

/* After a reset the same memory is returned with what the drive had put there. */
static void test_returned_after_a_reset(void **state)
{
    (void)state;
    start(1024, 16, 0, 0);
    attach();
    work();
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(count()->hmb_enables, 2);
    assert_int_equal(count()->hmb_returns, 1);
    assert_int_equal(nvme_info(r.ctrlr)->host_memory_bytes, 4 * MIB);
    work();
    assert_int_equal(rig_close(&r), 0);
}

static void test_return_refused(void **state)
{
    static const struct model_rule refuse = {
        .on = MODEL_ON_ADMIN, .match = ADM_SET_FEATURES, .sub = 0x0d, .nth = 1, .count = 1,
        .action = MODEL_DO_STATUS, .value = 0x4002};

    (void)state;
    start(1024, 16, 0, 0);
    attach();
    work();
    model_add_rule(r.hp->model, &refuse);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(count()->hmb_enables, 2);
    assert_int_equal(count()->hmb_returns, 0); /* lent anew */
    work();
    assert_int_equal(rig_close(&r), 0);
}

static void test_disabled_before_shutdown(void **state)
{
    (void)state;
    start(1024, 16, 0, 0);
    attach();
    work();
    unsigned live = r.hp->live;
    assert_int_equal(nvme_shutdown(r.ctrlr), 0);
    assert_int_equal(count()->hmb_disables, 1);
    assert_int_equal(r.hp->live, live); /* given back when it is detached */
    assert_int_equal(rig_close(&r), 0);
}

/* Shut down and taken into service again: the drive finds in it what it had put there. */
static void test_returned_after_resume(void **state)
{
    (void)state;
    start(1024, 16, 0, 0);
    attach();
    work();
    assert_int_equal(nvme_shutdown(r.ctrlr), 0);
    assert_int_equal(nvme_resume(r.ctrlr), 0);
    assert_int_equal(count()->hmb_returns, 1);
    work();
    assert_int_equal(rig_close(&r), 0);
}

/* A drive that does not become quiet keeps what was lent to it. */
static void test_never_quiet(void **state)
{
    static const struct model_rule stuck = {
        .on = MODEL_ON_REG_WRITE, .match = REG_CC, .action = MODEL_DO_RDY_STUCK};

    (void)state;
    start(1024, 16, 0, 0);
    attach();
    work();
    r.allow_leaks = true;
    model_add_rule(r.hp->model, &stuck);
    assert_int_not_equal(nvme_recover(r.ctrlr), 0);
    assert_true(r.hp->live_bytes > 4 * MIB);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gets_what_it_prefers),
        cmocka_unit_test(test_nothing_for_who_does_not_ask),
        cmocka_unit_test(test_switched_off),
        cmocka_unit_test(test_bounded_by_the_option),
        cmocka_unit_test(test_less_than_it_can_use_is_nothing),
        cmocka_unit_test(test_large_ones_come_in_pieces),
        cmocka_unit_test(test_smaller_pieces_where_memory_is_scattered),
        cmocka_unit_test(test_few_pieces_become_larger),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_list),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_returned_after_a_reset),
        cmocka_unit_test(test_return_refused),
        cmocka_unit_test(test_disabled_before_shutdown),
        cmocka_unit_test(test_returned_after_resume),
        cmocka_unit_test(test_never_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
