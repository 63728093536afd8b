/*
 * tests/unit/test_nvme_identifiers.c - completions that come twice, late, or under a wrong name:
 * none of them ends a command that it is not for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

#define IO(nth_, action_, val)                                                                     \
    (struct model_rule){ .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY, .nth = nth_,     \
                         .action = action_, .value = val }

static void rule(struct rig *r, struct model_rule rule)
{
    model_add_rule(r->hp->model, &rule);
}

static struct nvme_qpair_stats stats(struct rig *r)
{
    struct nvme_qpair_stats s;

    nvme_qpair_stats(rig_qp(r), &s);
    return s;
}

static void post(struct rig *r, struct rig_io *rio, uint64_t lba)
{
    rig_io_make(r, rio, rig_ns(r, 1), NVME_IO_READ, lba, 8, 0);
    assert_int_equal(nvme_post(rig_qp(r), &rio->io), 0);
    nvme_ring(rig_qp(r));
}

static void pass_time(struct rig *r, uint64_t ns)
{
    host_clock_run_until(&r->clock, host_clock_peek(&r->clock) + ns);
}

/* The slot of the first command is used again before its second completion is looked at. */
static void twice_and_the_slot_is_in_use_again(void **state)
{
    struct rig r;
    struct rig_io first, second;
    (void)state;

    rig_start(&r);
    rule(&r, IO(1, MODEL_DO_DUPLICATE, 0));
    rule(&r, IO(2, MODEL_DO_DELAY, NS_PER_MS));
    post(&r, &first, 0);
    pass_time(&r, 100 * NS_PER_US);
    assert_int_equal(nvme_reap(rig_qp(&r), 1), 1);
    assert_int_equal(first.done, 1);
    post(&r, &second, 8);
    assert_int_equal(nvme_reap(rig_qp(&r), 1), 1); /* consumed, and for nobody */
    assert_int_equal(second.done, 0);
    assert_int_equal(stats(&r).bad_completions, 1);
    assert_int_equal(stats(&r).stale_completions, 1);
    assert_int_equal(rig_wait(&r, &second, 1, NS_PER_S), 0);
    assert_int_equal(second.io.err, 0);
    assert_int_equal(first.done, 1);
    rig_io_free(&r, &first);
    rig_io_free(&r, &second);
    assert_int_equal(rig_close(&r), 0);
}

static void twice_and_the_slot_is_free(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_start(&r);
    rule(&r, IO(1, MODEL_DO_DUPLICATE, 0));
    post(&r, &rio, 0);
    pass_time(&r, 100 * NS_PER_US);
    assert_int_equal(nvme_reap(rig_qp(&r), 8), 2);
    assert_int_equal(rio.done, 1);
    assert_int_equal(stats(&r).stale_completions, 1);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

/* No identifier comes again soon: eight uses of one slot have eight of them. */
static void identifiers_differ(void **state)
{
    struct rig r;
    uint8_t block[512];
    (void)state;

    rig_start(&r);
    for (unsigned i = 0; i < 8; i++) {
        rule(&r, IO(1, MODEL_DO_DUPLICATE, 0));
        assert_int_equal(rig_read(&r, rig_ns(&r, 1), i, 1, block), 0);
    }
    pass_time(&r, NS_PER_MS);
    assert_true(nvme_reap(rig_qp(&r), 8) >= 0);
    assert_int_equal(stats(&r).stale_completions, 8);
    assert_int_equal(rig_close(&r), 0);
}

/* An identifier past the slots, and one that a free slot would use next. */
static void never_used(void **state)
{
    static const uint16_t cids[] = { 31, 63, 0x7fff, 0xffff, 5, 30 };
    struct rig r;
    struct rig_io rio;
    (void)state;

    for (unsigned i = 0; i < ARRAY_SIZE(cids); i++) {
        rig_start(&r); /* 31 slots; the first command has slot 0 */
        rule(&r, IO(1, MODEL_DO_CID, cids[i]));
        post(&r, &rio, 0);
        pass_time(&r, 100 * NS_PER_US);
        assert_int_equal(nvme_reap(rig_qp(&r), 8), 1);
        assert_int_equal(rio.done, 0);
        assert_int_equal(stats(&r).bad_completions, 1);
        assert_int_equal(nvme_recover(r.ctrlr), 0);
        assert_int_equal(rio.done, 1);
        assert_int_equal(rio.io.err, -ECANCELED);
        rig_io_free(&r, &rio);
        assert_int_equal(rig_close(&r), 0);
    }
}

static void another_queue_is_named(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_start(&r);
    rule(&r, IO(1, MODEL_DO_SQID, 7));
    post(&r, &rio, 0);
    assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
    assert_int_equal(rio.io.err, 0);
    assert_int_equal(stats(&r).wrong_sqids, 1);
    assert_int_equal(stats(&r).bad_completions, 0);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

/* What the controller completed before a reset is nothing after it. */
static void from_before_the_reset(void **state)
{
    struct rig r;
    struct rig_io before, after;
    (void)state;

    rig_start(&r);
    post(&r, &before, 0);
    pass_time(&r, 100 * NS_PER_US);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(before.done, 1);
    assert_int_equal(before.io.err, -ECANCELED);
    post(&r, &after, 8);
    assert_int_equal(rig_wait(&r, &after, 1, NS_PER_S), 0);
    assert_int_equal(after.io.err, 0);
    assert_int_equal(stats(&r).bad_completions, 0);
    rig_io_free(&r, &before);
    rig_io_free(&r, &after);
    assert_int_equal(rig_close(&r), 0);
}

/* The deepest queue: no bit is left to count with, and nothing breaks. */
static void no_room_for_a_count(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_init(&r);
    r.cfg.mqes_0b = 65535;
    r.opt.io_entries = 65536;
    r.opt.max_io_qpairs = 1;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_qpair_depth(rig_qp(&r)), 65535);
    rule(&r, IO(1, MODEL_DO_DUPLICATE, 0));
    for (unsigned i = 0; i < 3; i++) {
        post(&r, &rio, i * 8);
        assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
        assert_int_equal(rio.io.err, 0);
        assert_int_equal(rio.done, 1);
        rig_io_free(&r, &rio);
    }
    assert_int_equal(stats(&r).bad_completions, 1);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twice_and_the_slot_is_in_use_again),
        cmocka_unit_test(twice_and_the_slot_is_free),
        cmocka_unit_test(identifiers_differ),
        cmocka_unit_test(never_used),
        cmocka_unit_test(another_queue_is_named),
        cmocka_unit_test(from_before_the_reset),
        cmocka_unit_test(no_room_for_a_count),
    };
    return cmocka_run_group_tests_name("nvme identifiers", tests, NULL, NULL);
}
