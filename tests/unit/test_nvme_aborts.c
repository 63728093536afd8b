/*
 * tests/unit/test_nvme_aborts.c - commands that are not answered, with every way in which a
 * controller may treat an Abort; commands that end with their queue; events at any moment.
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

#define IOS 6

struct scene {
    struct rig r;
    struct rig_io ios[IOS];
};

static void post_all(struct scene *s)
{
    for (unsigned i = 0; i < IOS; i++) {
        rig_io_make(&s->r, &s->ios[i], rig_ns(&s->r, 1), NVME_IO_READ, i, 1, 0);
        assert_int_equal(nvme_post(rig_qp(&s->r), &s->ios[i].io), 0);
    }
    nvme_ring(rig_qp(&s->r));
}

static void all_ended_once(struct scene *s)
{
    for (unsigned i = 0; i < IOS; i++) {
        assert_int_equal(s->ios[i].done, 1);
        assert_false(s->ios[i].done_early);
    }
}

static void free_all(struct scene *s)
{
    for (unsigned i = 0; i < IOS; i++) {
        rig_io_free(&s->r, &s->ios[i]);
    }
}

/* --- Abort ------------------------------------------------------------------------------------ */

struct behaviour {
    const char *name;
    bool works;             /* a delayed command is ended by it; a lost one is never found */
    struct model_rule rule; /* of the Abort itself; none: it is answered */
};

#define ABORT(...)                                                                                 \
    { .on = MODEL_ON_ADMIN, .match = ADM_ABORT, .sub = MODEL_ANY, .count = MODEL_FOREVER,          \
      __VA_ARGS__ }

static const struct behaviour behaviours[] = {
    { .name = "aborts", .works = true },
    { .name = "says that it has not aborted" },
    { .name = "Abort limit exceeded",
      .rule = ABORT(.action = MODEL_DO_STATUS, .value = ST_ABORT_LIMIT) },
    { .name = "never answers the Abort", .rule = ABORT(.action = MODEL_DO_DROP) },
    { .name = "says that it has aborted, and has not", .works = true,
      .rule = ABORT(.action = MODEL_DO_FORGET) },
    { .name = "answers the Abort after five seconds", .works = true,
      .rule = ABORT(.action = MODEL_DO_DELAY, .value = 5 * NS_PER_S) },
    { .name = "answers the Abort twice", .works = true,
      .rule = ABORT(.action = MODEL_DO_DUPLICATE) },
    { .name = "fails at the Abort", .rule = ABORT(.action = MODEL_DO_CFS) },
    { .name = "is gone at the Abort", .rule = ABORT(.action = MODEL_DO_ALL_ONES) },
};

static void open_with(struct scene *s, const struct behaviour *behaviour)
{
    memset(s, 0, sizeof(*s));
    rig_init(&s->r);
    s->r.cfg.abort_works = behaviour->works;
    rig_open(&s->r);
    assert_int_equal(rig_attach(&s->r), 0);
    if (behaviour->rule.action) {
        model_add_rule(s->r.hp->model, &behaviour->rule);
    }
}

static void is_in_order_again(struct scene *s)
{
    uint8_t block[512];

    model_clear_rules(s->r.hp->model);
    if (rig_read(&s->r, rig_ns(&s->r, 1), 0, 1, block)) {
        model_replug(s->r.hp->model); /* it was gone, or dead */
        nvme_detach(s->r.ctrlr);
        assert_int_equal(rig_attach(&s->r), 0);
        assert_int_equal(rig_read(&s->r, rig_ns(&s->r, 1), 0, 1, block), 0);
    }
}

/* One I/O is lost, late beyond the time-out, or late beyond everything; its owner reaps. */
static void of_an_io(void **state)
{
    static const struct model_rule losses[] = {
        { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY, .nth = 3,
          .action = MODEL_DO_DROP },
        { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY, .nth = 3,
          .action = MODEL_DO_DELAY, .value = 2500 * NS_PER_MS },
        { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY, .nth = 3,
          .action = MODEL_DO_DELAY, .value = 100 * NS_PER_S },
    };

    for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
        struct scene *s = malloc(sizeof(*s));
        open_with(s, *state);
        model_add_rule(s->r.hp->model, &losses[i]);
        uint64_t began = host_clock_peek(&s->r.clock);
        post_all(s);
        (void)rig_wait(&s->r, s->ios, IOS, 30 * NS_PER_S);
        if (nvme_failed(s->r.ctrlr)) {
            (void)!nvme_recover(s->r.ctrlr);
        }
        assert_true(host_clock_peek(&s->r.clock) - began < 20 * NS_PER_S);
        all_ended_once(s);
        /* A late one may come in time after all; a lost one must not be said to have been done. */
        assert_true(s->ios[2].io.err < 0 || (i == 1 && s->ios[2].io.err == 0));
        free_all(s);
        is_in_order_again(s);
        assert_int_equal(rig_close(&s->r), 0);
        free(s);
    }
}

static void of_an_admin_command(void **state)
{
    struct scene *s = malloc(sizeof(*s));
    uint8_t page[4096];
    struct model_rule lost = { .on = MODEL_ON_ADMIN, .match = ADM_IDENTIFY, .sub = 1,
                               .action = MODEL_DO_DELAY, .value = 100 * NS_PER_S };

    open_with(s, *state);
    model_add_rule(s->r.hp->model, &lost);
    uint64_t began = host_clock_peek(&s->r.clock);
    assert_true(nvme_identify(s->r.ctrlr, 1, 0, page, NULL) < 0);
    assert_true(host_clock_peek(&s->r.clock) - began < 20 * NS_PER_S);
    is_in_order_again(s);
    assert_int_equal(rig_close(&s->r), 0);
    free(s);
}

/* --- queues ----------------------------------------------------------------------------------- */

/* Delete I/O Submission Queue ends what is outstanding in it, with a status of its own. */
static void commands_end_with_their_queue(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct model_rule late = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                               .count = MODEL_FOREVER, .action = MODEL_DO_DELAY,
                               .value = NS_PER_S };
    (void)state;

    rig_start(&s->r);
    model_add_rule(s->r.hp->model, &late);
    post_all(s);
    assert_int_equal(nvme_shutdown(s->r.ctrlr), 0);
    all_ended_once(s);
    for (unsigned i = 0; i < IOS; i++) {
        assert_true(s->ios[i].io.err < 0);
    }
    free_all(s);
    assert_int_equal(rig_close(&s->r), 0);
    free(s);
}

/* --- events at any moment --------------------------------------------------------------------- */

struct storm {
    struct nvme_model *model;
    uint64_t next_ns;
};

static void storm_step(void *ctx, uint64_t now_ns)
{
    struct storm *storm = ctx;

    if (now_ns >= storm->next_ns) {
        storm->next_ns = now_ns + 50000;
        (void)model_async_event(storm->model, 0x00020101 | (uint32_t)(now_ns / 50000 % 3) << 8);
    }
}

static uint64_t storm_next(void *ctx)
{
    return ((struct storm *)ctx)->next_ns;
}

/* Every request is answered as soon as it is there: during attach, I/O, resets and shutdown. */
static void a_storm_of_events(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct storm storm;
    (void)state;

    rig_init(&s->r);
    rig_open(&s->r);
    storm = (struct storm){ s->r.hp->model, 0 };
    host_clock_join(&s->r.clock, &(struct host_clock_member){ &storm, storm_step, storm_next });
    assert_int_equal(rig_attach(&s->r), 0);
    for (unsigned turn = 0; turn < 10; turn++) {
        uint64_t began = host_clock_peek(&s->r.clock);
        post_all(s);
        (void)nvme_events_poll(s->r.ctrlr);
        if (turn % 3 == 2) {
            assert_int_equal(nvme_recover(s->r.ctrlr), 0);
        } else {
            assert_int_equal(rig_wait(&s->r, s->ios, IOS, NS_PER_S), 0);
        }
        (void)nvme_events_poll(s->r.ctrlr);
        assert_true(host_clock_peek(&s->r.clock) - began < 2 * NS_PER_S);
        all_ended_once(s);
        free_all(s);
        host_clock_run_until(&s->r.clock, host_clock_peek(&s->r.clock) + 300 * NS_PER_MS);
    }
    assert_int_equal(nvme_shutdown(s->r.ctrlr), 0);
    host_clock_leave(&s->r.clock, &storm);
    assert_int_equal(rig_close(&s->r), 0);
    free(s);
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(commands_end_with_their_queue),
    cmocka_unit_test(a_storm_of_events),
};

int main(void)
{
    struct CMUnitTest tests[2 * ARRAY_SIZE(behaviours) + ARRAY_SIZE(singles)] = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(behaviours); i++) {
        void *state = (void *)(uintptr_t)&behaviours[i];
        tests[n++] = (struct CMUnitTest){ .name = behaviours[i].name, .test_func = of_an_io,
                                          .initial_state = state };
        tests[n++] = (struct CMUnitTest){ .name = behaviours[i].name,
                                          .test_func = of_an_admin_command,
                                          .initial_state = state };
    }
    memcpy(tests + n, singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme aborts", tests, NULL, NULL);
}
