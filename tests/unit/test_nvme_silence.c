/*
 * tests/unit/test_nvme_silence.c - a device that is there and cannot be reached for a while: its
 * registers read as nothing, or it may not reach memory. Nothing is given up that comes back, and
 * no memory is given back that it still writes to.
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

#define IOS 8

struct silence {
    const char *name;
    enum model_action action;
    uint64_t for_ns;
    bool comes_back; /* within CAP.TO, which is a second here */
};

static const struct silence silences[] = {
    { "all ones for a moment", MODEL_DO_BLIND_ONES, NS_PER_MS, true },
    { "all ones for half a second", MODEL_DO_BLIND_ONES, 500 * NS_PER_MS, true },
    { "all ones for a minute", MODEL_DO_BLIND_ONES, 60 * NS_PER_S, false },
    { "zeros for a moment", MODEL_DO_BLIND_ZEROS, NS_PER_MS, true },
    { "zeros for half a second", MODEL_DO_BLIND_ZEROS, 500 * NS_PER_MS, true },
    { "zeros for a minute", MODEL_DO_BLIND_ZEROS, 60 * NS_PER_S, false },
};

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

static void all_ended_once(struct scene *s, bool quiet)
{
    for (unsigned i = 0; i < IOS; i++) {
        assert_int_equal(s->ios[i].done, 1);
        assert_true(!quiet || !s->ios[i].done_early);
        rig_io_free(&s->r, &s->ios[i]);
    }
}

/* It begins at the n-th register read of the reset, while commands are never answered. */
static void during_a_reset(void **state)
{
    const struct silence *silence = *state;

    for (unsigned n = 1; n <= 6; n++) {
        struct scene *s = calloc(1, sizeof(*s));
        struct model_rule lost = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                                   .count = MODEL_FOREVER, .action = MODEL_DO_DROP };
        struct model_rule blind = { .on = MODEL_ON_REG_READ, .match = MODEL_ANY, .nth = n,
                                    .action = silence->action, .value = silence->for_ns };
        rig_start(&s->r);
        model_add_rule(s->r.hp->model, &lost);
        post_all(s);
        model_add_rule(s->r.hp->model, &blind);
        uint64_t began = host_clock_peek(&s->r.clock);
        int err = nvme_recover(s->r.ctrlr);
        assert_true(host_clock_peek(&s->r.clock) - began < 20 * NS_PER_S);
        assert_true(silence->comes_back ? err == 0 : err == -ETIMEDOUT || err == 0);
        all_ended_once(s, silence->comes_back);
        model_clear_rules(s->r.hp->model);
        if (!err) {
            uint8_t block[512];
            assert_int_equal(rig_read(&s->r, rig_ns(&s->r, 1), 0, 1, block), 0);
        }
        /* What was kept from a device that might still write to it is no leak. */
        s->r.allow_leaks = s->r.allow_violations = err != 0;
        assert_int_equal(rig_close(&s->r), 0);
        free(s);
    }
}

/* In service, while commands are answered: only a register was looked at in vain. */
static void in_service(void **state)
{
    const struct silence *silence = *state;
    struct scene *s = calloc(1, sizeof(*s));
    struct model_rule late = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                               .count = MODEL_FOREVER, .action = MODEL_DO_DELAY,
                               .value = 1500 * NS_PER_MS };
    struct model_rule blind = { .on = MODEL_ON_REG_READ, .match = REG_CSTS,
                                .action = silence->action, .value = silence->for_ns };

    rig_start(&s->r);
    model_add_rule(s->r.hp->model, &late);
    model_add_rule(s->r.hp->model, &blind);
    post_all(s);
    (void)rig_wait(&s->r, s->ios, IOS, 10 * NS_PER_S);
    int err = nvme_failed(s->r.ctrlr) ? nvme_recover(s->r.ctrlr) : 0;
    assert_true(err == 0 || !silence->comes_back);
    all_ended_once(s, silence->comes_back);
    s->r.allow_leaks = s->r.allow_violations = err != 0;
    assert_int_equal(rig_close(&s->r), 0);
    free(s);
}

/* --- no way to memory ------------------------------------------------------------------------- */

/* Bus mastering was switched off behind the driver: commands are not even fetched. */
static void no_bus_mastering(void **state)
{
    (void)state;
    for (unsigned on_again = 0; on_again <= 1; on_again++) {
        struct scene *s = calloc(1, sizeof(*s));
        rig_start(&s->r);
        model_set_bus_master(s->r.hp->model, false);
        post_all(s);
        uint64_t began = host_clock_peek(&s->r.clock);
        (void)rig_wait(&s->r, s->ios, IOS, 20 * NS_PER_S);
        assert_true(nvme_failed(s->r.ctrlr));
        model_set_bus_master(s->r.hp->model, on_again);
        int err = nvme_recover(s->r.ctrlr);
        assert_true(host_clock_peek(&s->r.clock) - began < 30 * NS_PER_S);
        assert_true(on_again ? err == 0 : err == -ETIMEDOUT || err == -EIO);
        all_ended_once(s, true);
        assert_int_equal(rig_close(&s->r), 0);
        free(s);
    }
}

/* --- time ------------------------------------------------------------------------------------- */

/* The clock jumps while commands are under way that take half of the time-out. */
static void the_clock_jumps(void **state)
{
    static const struct {
        int64_t by_ns;
        bool may_fail; /* so much later it is late indeed */
    } jumps[] = {
        { 100 * NS_PER_MS, false },
        { -(int64_t)(100 * NS_PER_MS), false },
        { -(int64_t)NS_PER_S, false },
        { -1, false },
        { 3600 * NS_PER_S, true },
    };
    (void)state;

    for (size_t turn = 0; turn < 2 * ARRAY_SIZE(jumps); turn++) {
        size_t i = turn / 2;
        struct scene *s = calloc(1, sizeof(*s));
        struct model_rule late = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                                   .count = MODEL_FOREVER, .action = MODEL_DO_DELAY,
                                   .value = NS_PER_S };
        rig_init(&s->r);
        rig_open(&s->r);
        atomic_store(&s->r.hp->skew_ns, 10 * NS_PER_S); /* room to go back */
        assert_int_equal(rig_attach(&s->r), 0);
        model_add_rule(s->r.hp->model, &late);
        post_all(s);
        if (turn % 2) { /* the driver has looked at the clock since it posted */
            host_clock_run_until(&s->r.clock, host_clock_peek(&s->r.clock) + 200 * NS_PER_MS);
            (void)nvme_reap(rig_qp(&s->r), 1);
        }
        atomic_fetch_add(&s->r.hp->skew_ns, jumps[i].by_ns);
        (void)rig_wait(&s->r, s->ios, IOS, 20 * NS_PER_S);
        assert_true(!nvme_failed(s->r.ctrlr) || jumps[i].may_fail);
        if (nvme_failed(s->r.ctrlr)) {
            assert_int_equal(nvme_recover(s->r.ctrlr), 0);
        }
        all_ended_once(s, true);
        assert_int_equal(rig_close(&s->r), 0);
        free(s);
    }
}

/* A clock that stands still but for one step a second must not keep anybody for ever. */
static void a_coarse_clock(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct model_rule lost = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                               .count = MODEL_FOREVER, .action = MODEL_DO_DROP };
    (void)state;

    rig_init(&s->r);
    rig_open(&s->r);
    s->r.clock.query_ns = NS_PER_S / 2; /* each look costs half a second */
    s->r.opt.io_timeout_ns = s->r.opt.admin_timeout_ns = 30 * NS_PER_S;
    assert_int_equal(rig_attach(&s->r), 0);
    model_add_rule(s->r.hp->model, &lost);
    post_all(s);
    (void)rig_wait(&s->r, s->ios, IOS, 200 * NS_PER_S);
    assert_true(nvme_failed(s->r.ctrlr));
    assert_int_equal(nvme_recover(s->r.ctrlr), 0);
    all_ended_once(s, true);
    assert_int_equal(rig_close(&s->r), 0);
    free(s);
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(no_bus_mastering),
    cmocka_unit_test(the_clock_jumps),
    cmocka_unit_test(a_coarse_clock),
};

int main(void)
{
    struct CMUnitTest tests[2 * ARRAY_SIZE(silences) + ARRAY_SIZE(singles)] = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(silences); i++) {
        void *state = (void *)(uintptr_t)&silences[i];
        tests[n++] = (struct CMUnitTest){ .name = silences[i].name, .test_func = during_a_reset,
                                          .initial_state = state };
        tests[n++] = (struct CMUnitTest){ .name = silences[i].name, .test_func = in_service,
                                          .initial_state = state };
    }
    memcpy(tests + n, singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme silence", tests, NULL, NULL);
}
