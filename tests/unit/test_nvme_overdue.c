/*
 * tests/unit/test_nvme_overdue.c - I/O commands that are not answered in time: the Abort, who sends
 * it, and what comes of it.
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

#define TIMEOUT_NS (2 * NS_PER_S) /* rig_init's */
#define IOS        8

#define IO(nth_, count_, action_, val)                                                             \
    { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY, .nth = nth_, .count = count_,       \
      .action = action_, .value = val }
#define ABORTS(action_, val)                                                                       \
    { .on = MODEL_ON_ADMIN, .match = ADM_ABORT, .sub = MODEL_ANY, .count = MODEL_FOREVER,          \
      .action = action_, .value = val }

struct scene {
    struct rig r;
    struct rig_io ios[IOS];
};

static struct scene *start(bool abort_works, struct model_rule rule)
{
    struct scene *s = calloc(1, sizeof(*s));

    rig_init(&s->r);
    s->r.cfg.abort_works = abort_works;
    rig_open(&s->r);
    assert_int_equal(rig_attach(&s->r), 0);
    model_add_rule(s->r.hp->model, &rule);
    return s;
}

static void post(struct scene *s, unsigned queue)
{
    for (unsigned i = 0; i < IOS; i++) {
        rig_io_make(&s->r, &s->ios[i], rig_ns(&s->r, 1), NVME_IO_READ, i * 8, 8, 0);
        assert_int_equal(nvme_post(nvme_qpair_at(s->r.ctrlr, queue), &s->ios[i].io), 0);
    }
    nvme_ring(nvme_qpair_at(s->r.ctrlr, queue));
}

static unsigned left(const struct scene *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < IOS; i++) {
        n += s->ios[i].done == 0;
    }
    return n;
}

/* The owner reaps; the controller's CPU polls, if polls. Until all is done or the controller has
 * failed. Returns the time it took. */
static uint64_t run(struct scene *s, unsigned queue, bool polls)
{
    uint64_t begin_ns = host_clock_peek(&s->r.clock);

    while (left(s) && !nvme_failed(s->r.ctrlr)) {
        assert_true(nvme_reap(nvme_qpair_at(s->r.ctrlr, queue), 64) >= -ESHUTDOWN);
        if (polls) {
            (void)nvme_events_poll(s->r.ctrlr);
        }
        host_clock_relax(&s->r.clock);
        assert_true(host_clock_peek(&s->r.clock) - begin_ns < 60 * NS_PER_S);
    }
    return host_clock_peek(&s->r.clock) - begin_ns;
}

static struct nvme_qpair_stats queue_stats(struct scene *s, unsigned queue)
{
    struct nvme_qpair_stats stats;

    nvme_qpair_stats(nvme_qpair_at(s->r.ctrlr, queue), &stats);
    return stats;
}

static struct nvme_ctrlr_stats ctrlr_stats(const struct scene *s)
{
    struct nvme_ctrlr_stats stats;

    nvme_ctrlr_stats(s->r.ctrlr, &stats);
    return stats;
}

static unsigned errors(const struct scene *s, int err)
{
    unsigned n = 0;

    for (unsigned i = 0; i < IOS; i++) {
        assert_int_equal(s->ios[i].done, 1);
        assert_false(s->ios[i].done_early);
        assert_true(s->ios[i].io.err == 0 || s->ios[i].io.err == err);
        n += s->ios[i].io.err == err;
    }
    return n;
}

static void finish(struct scene *s)
{
    for (unsigned i = 0; i < IOS; i++) {
        rig_io_free(&s->r, &s->ios[i]);
    }
    assert_int_equal(rig_close(&s->r), 0);
    free(s);
}

/* All is well again without a reset. */
static void aborted(void **state)
{
    unsigned queue = (unsigned)(uintptr_t)*state;
    struct scene *s = start(true, (struct model_rule)IO(3, 1, MODEL_DO_DELAY, 100 * NS_PER_S));

    post(s, queue);
    uint64_t taken_ns = run(s, queue, true);
    assert_false(nvme_failed(s->r.ctrlr));
    assert_in_range(taken_ns, TIMEOUT_NS, TIMEOUT_NS + TIMEOUT_NS / 4);
    assert_int_equal(errors(s, -ETIMEDOUT), 1);
    assert_int_equal(s->ios[2].io.err, -ETIMEDOUT);
    assert_int_equal(s->ios[2].io.status & 0x7ff, 0x07);
    struct nvme_qpair_stats stats = queue_stats(s, queue);
    assert_int_equal(stats.timeouts, 1);
    assert_int_equal(stats.aborted, 1);
    assert_int_equal(stats.late_answers, 0);
    assert_int_equal(ctrlr_stats(s).aborts_sent, 1);
    assert_int_equal(ctrlr_stats(s).resets, 0);
    assert_int_equal(model_counters(s->r.hp->model)->aborts, 1);
    finish(s);
}

/* One after the other, and still within a quarter of the time-out. */
static void several_are_aborted(void **state)
{
    struct scene *s = start(true, (struct model_rule)IO(1, 5, MODEL_DO_DELAY, 100 * NS_PER_S));
    (void)state;

    post(s, 0);
    assert_in_range(run(s, 0, true), TIMEOUT_NS, TIMEOUT_NS + TIMEOUT_NS / 4);
    assert_int_equal(errors(s, -ETIMEDOUT), 5);
    assert_int_equal(queue_stats(s, 0).aborted, 5);
    assert_int_equal(ctrlr_stats(s).aborts_sent, 5);
    assert_int_equal(ctrlr_stats(s).resets, 0);
    finish(s);
}

/* The Abort changes nothing, but the answer comes before patience ends. */
static void answered_after_all(void **state)
{
    uint64_t delay_ns = TIMEOUT_NS + NS_PER_S;
    struct scene *s = start(false, (struct model_rule)IO(3, 1, MODEL_DO_DELAY, delay_ns));
    (void)state;

    post(s, 1);
    assert_in_range(run(s, 1, true), delay_ns, delay_ns + NS_PER_S / 2);
    assert_int_equal(errors(s, -ETIMEDOUT), 0);
    /* It is noted when the queue is looked through the next time. */
    host_clock_run_until(&s->r.clock, host_clock_peek(&s->r.clock) + NS_PER_S);
    for (unsigned i = 0; i < IOS; i++) {
        rig_io_free(&s->r, &s->ios[i]);
    }
    post(s, 1);
    model_clear_rules(s->r.hp->model);
    (void)run(s, 1, true);
    assert_int_equal(queue_stats(s, 1).timeouts, 1);
    assert_int_equal(queue_stats(s, 1).aborted, 0);
    assert_int_equal(ctrlr_stats(s).resets, 0);
    finish(s);
}

struct hopeless {
    const char *name;
    bool abort_works, polls;
    struct model_rule aborts;
};

static const struct hopeless hopeless[] = {
    {"the Abort says 'not aborted'", false, true, {0}},
    {"nobody sends the Abort", true, false, {0}},
    {"the Abort is never answered", true, true, ABORTS(MODEL_DO_DROP, 0)},
    {"the Abort is refused", true, true, ABORTS(MODEL_DO_STATUS, NVME_STATUS(1, 0x03))},
};

/* As long as the time-out again, at most two seconds, and it is reset. */
static void the_reset_comes(void **state)
{
    const struct hopeless *how = *state;
    struct scene *s = start(how->abort_works, (struct model_rule)IO(3, 1, MODEL_DO_DROP, 0));

    if (how->aborts.action) {
        model_add_rule(s->r.hp->model, &how->aborts);
    }
    post(s, 1);
    assert_in_range(run(s, 1, how->polls), 2 * TIMEOUT_NS, 5 * TIMEOUT_NS / 2);
    assert_true(nvme_failed(s->r.ctrlr));
    assert_int_equal(left(s), 1);
    assert_int_equal(nvme_recover(s->r.ctrlr), 0);
    assert_int_equal(errors(s, -ETIMEDOUT), 1);
    assert_int_equal(ctrlr_stats(s).aborts_sent, how->polls);
    assert_int_equal(ctrlr_stats(s).resets_forced, 1);
    assert_non_null(strstr(ctrlr_stats(s).why, "Read (queue 2, command "));
    assert_non_null(strstr(ctrlr_stats(s).why, "nor aborted within 2000 ms more"));
    finish(s);
}

/* There is always a completion left in the ring, and all the same the lost command is found. */
static void on_a_busy_queue(void **state)
{
    struct scene *s = start(true, (struct model_rule)IO(1, 1, MODEL_DO_DELAY, 100 * NS_PER_S));
    struct nvme_qpair *qp = nvme_qpair_at(s->r.ctrlr, 0);
    uint64_t begin_ns = host_clock_peek(&s->r.clock);
    (void)state;

    post(s, 0);
    host_clock_run_until(&s->r.clock, begin_ns + NS_PER_MS); /* seven wait to be reaped */
    while (s->ios[0].done == 0 && !nvme_failed(s->r.ctrlr)) {
        host_clock_run_until(&s->r.clock, host_clock_peek(&s->r.clock) + NS_PER_MS);
        assert_int_equal(nvme_reap(qp, 1), 1);
        for (unsigned i = 1; i < IOS; i++) {
            if (s->ios[i].done) {
                s->ios[i].done = 0;
                assert_int_equal(nvme_post(qp, &s->ios[i].io), 0);
            }
        }
        nvme_ring(qp);
        (void)nvme_events_poll(s->r.ctrlr);
        assert_true(host_clock_peek(&s->r.clock) - begin_ns < 3 * TIMEOUT_NS);
    }
    assert_int_equal(s->ios[0].done, 1);
    assert_int_equal(s->ios[0].io.err, -ETIMEDOUT);
    (void)run(s, 0, true);
    finish(s);
}

/* What waits for its one command sends the Abort itself. */
static void sync_sends_it(void **state)
{
    struct scene *s = start(true, (struct model_rule)IO(1, 1, MODEL_DO_DELAY, 100 * NS_PER_S));
    uint8_t block[512];
    (void)state;

    assert_int_equal(rig_read(&s->r, rig_ns(&s->r, 1), 0, 1, block), -ETIMEDOUT);
    assert_int_equal(ctrlr_stats(s).resets, 0);
    assert_int_equal(queue_stats(s, 0).aborted, 1);
    assert_int_equal(rig_read(&s->r, rig_ns(&s->r, 1), 0, 1, block), 0);
    finish(s);
}

/* An Abort that was not asked for, or for another reason, is no time-out. */
static void aborted_by_somebody_else(void **state)
{
    struct scene *s = start(true, (struct model_rule)IO(1, 1, MODEL_DO_STATUS, 0x07));
    (void)state;

    post(s, 0);
    (void)run(s, 0, true);
    assert_int_equal(errors(s, -ECANCELED), 1);
    assert_int_equal(queue_stats(s, 0).timeouts, 0);
    assert_int_equal(queue_stats(s, 0).aborted, 0);
    finish(s);
}

/* A minute has room for so many resets, the next one is the end. */
static void storm(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    int err = 0;
    unsigned resets = 0;
    (void)state;

    rig_init(&s->r);
    rig_open(&s->r);
    assert_int_equal(rig_attach(&s->r), 0);
    nvme_timeouts_set(s->r.ctrlr, (struct nvme_timeouts){.max_resets = 3});
    for (unsigned i = 0; i < 5; i++) { /* those that are wanted do not count */
        assert_int_equal(nvme_recover(s->r.ctrlr), 0);
    }
    struct model_rule fatal = IO(1, 1, MODEL_DO_CFS, 0);
    while (!err && resets < 10) {
        model_clear_rules(s->r.hp->model);
        model_add_rule(s->r.hp->model, &fatal);
        post(s, 0);
        (void)run(s, 0, true);
        err = nvme_recover(s->r.ctrlr);
        resets++;
        for (unsigned i = 0; i < IOS; i++) {
            assert_int_equal(s->ios[i].done, 1);
            rig_io_free(&s->r, &s->ios[i]);
        }
    }
    assert_int_equal(resets, 4);
    assert_int_equal(err, -EIO);
    assert_int_equal(nvme_recover(s->r.ctrlr), -EIO);
    assert_true(model_is_quiet(s->r.hp->model));
    finish(s);
}

/* Resets that lie further apart are no storm. */
static void no_storm(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    (void)state;

    rig_init(&s->r);
    s->r.opt.max_resets = 2;
    rig_open(&s->r);
    assert_int_equal(rig_attach(&s->r), 0);
    for (unsigned i = 0; i < 6; i++) {
        model_set_cfs(s->r.hp->model);
        post(s, 0);
        (void)run(s, 0, true);
        assert_int_equal(nvme_recover(s->r.ctrlr), 0);
        for (unsigned j = 0; j < IOS; j++) {
            rig_io_free(&s->r, &s->ios[j]);
        }
        host_clock_run_until(&s->r.clock, host_clock_peek(&s->r.clock) + 35 * NS_PER_S);
    }
    finish(s);
}

int main(void)
{
    struct CMUnitTest tests[16] = {
        {.name = "aborted, own queue", .test_func = aborted, .initial_state = (void *)0},
        {.name = "aborted, queue of another CPU", .test_func = aborted, .initial_state = (void *)1},
        cmocka_unit_test(several_are_aborted),
        cmocka_unit_test(answered_after_all),
        cmocka_unit_test(on_a_busy_queue),
        cmocka_unit_test(sync_sends_it),
        cmocka_unit_test(aborted_by_somebody_else),
        cmocka_unit_test(storm),
        cmocka_unit_test(no_storm),
    };
    size_t n = 9;

    for (size_t i = 0; i < ARRAY_SIZE(hopeless); i++) {
        tests[n++] = (struct CMUnitTest){.name = hopeless[i].name,
                                         .test_func = the_reset_comes,
                                         .initial_state = (void *)(uintptr_t)&hopeless[i]};
    }
    return _cmocka_run_group_tests("nvme overdue", tests, n, NULL, NULL);
}
