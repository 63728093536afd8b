/*
 * tests/unit/test_nvme_retry.c - what nvme_io_sync() tries again, how often, and after how long.
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

#define DNR      0x4000
#define CRD(n)   ((n) << 11)
#define SC(t, c) ((t) << 8 | (c))

static void refuse(struct rig *r, unsigned count, uint16_t status)
{
    struct model_rule rule = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                               .count = count, .action = MODEL_DO_STATUS, .value = status };

    model_add_rule(r->hp->model, &rule);
}

static unsigned commands(struct rig *r, uint8_t opcode)
{
    return model_counters(r->hp->model)->by_opcode[1][opcode];
}

static struct nvme_ctrlr_stats stats(struct rig *r)
{
    struct nvme_ctrlr_stats s;

    nvme_ctrlr_stats(r->ctrlr, &s);
    return s;
}

struct refusal {
    const char *name;
    uint8_t opcode;
    uint16_t status;
    bool retried;
    uint64_t least_ms, most_ms; /* the pause before the second try */
};

static const struct refusal refusals[] = {
    {"an unreadable block", NVME_IO_READ, SC(2, 0x81), true, 0, 1},
    {"an unreadable block, do not retry", NVME_IO_READ, SC(2, 0x81) | DNR, false, 0, 0},
    {"a write fault", NVME_IO_WRITE, SC(2, 0x80), true, 0, 1},
    {"an internal error", NVME_IO_READ, SC(0, 0x06), true, 0, 1},
    {"an internal error of a flush", NVME_IO_FLUSH, SC(0, 0x06), false, 0, 0},
    {"a write fault of a flush", NVME_IO_FLUSH, SC(2, 0x80), false, 0, 0},
    {"not ready", NVME_IO_READ, SC(0, 0x82), true, 100, 110},
    {"a flush, not ready", NVME_IO_FLUSH, SC(0, 0x82), true, 100, 110},
    {"not ready, do not retry", NVME_IO_READ, SC(0, 0x82) | DNR, false, 0, 0},
    {"interrupted", NVME_IO_WRITE, SC(0, 0x21), true, 100, 110},
    {"a path that fails", NVME_IO_READ, SC(3, 0x60), true, 100, 110},
    {"a delay of the first kind", NVME_IO_READ, SC(0, 0x82) | CRD(1), true, 300, 310},
    {"a delay of the second kind", NVME_IO_READ, SC(2, 0x81) | CRD(2), true, 700, 710},
    {"a delay without end", NVME_IO_READ, SC(0, 0x82) | CRD(3), true, 10000, 10010},
    {"write protection", NVME_IO_WRITE, SC(0, 0x20), false, 0, 0},
    {"an opcode it does not know", NVME_IO_READ, SC(0, 0x01), false, 0, 0},
    {"a namespace it does not know", NVME_IO_READ, SC(0, 0x0b), false, 0, 0},
    {"full", NVME_IO_WRITE, SC(0, 0x81), false, 0, 0},
};

static int run(struct rig *r, uint8_t opcode)
{
    struct rig_io rio;

    rig_io_make(r, &rio, rig_ns(r, 1), opcode, 0, 8, 0);
    rio.io.nlb = opcode == NVME_IO_FLUSH ? 0 : 8;
    int err = nvme_io_sync(rig_qp(r), &rio.io, true);
    assert_int_equal(rio.io.err, err);
    assert_true(err != 0 || rio.io.status == 0);
    rig_io_free(r, &rio);
    return err;
}

/* Refused once: the second try succeeds, or there is none. */
static void once(void **state)
{
    const struct refusal *what = *state;
    struct rig r;

    rig_init(&r);
    struct model_patch patches[] = {
        {.cns = 1, .offset = 128, .len = 2, .value = 3},
        {.cns = 1, .offset = 130, .len = 2, .value = 7},
        {.cns = 1, .offset = 132, .len = 2, .value = 0xffff},
    };
    r.cfg.patches = patches;
    r.cfg.patch_count = ARRAY_SIZE(patches);
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    rig_arm(&r, rig_ns(&r, 1));
    refuse(&r, 1, what->status);
    uint64_t begin_ns = host_clock_peek(&r.clock);
    int err = run(&r, what->opcode);
    uint64_t taken_ms = (host_clock_peek(&r.clock) - begin_ns) / NS_PER_MS;
    assert_int_equal(err == 0, what->retried);
    assert_int_equal(commands(&r, what->opcode), what->retried ? 2 : 1);
    assert_int_equal(stats(&r).retries, what->retried);
    assert_int_equal(stats(&r).retried_ok, what->retried);
    assert_in_range(taken_ms, what->least_ms, what->most_ms);
    assert_int_equal(rig_close(&r), 0);
}

static void the_budget_ends(void **state)
{
    struct rig r;
    (void)state;

    rig_start(&r);
    refuse(&r, MODEL_FOREVER, SC(2, 0x81));
    assert_int_equal(run(&r, NVME_IO_READ), -ENODATA);
    assert_int_equal(commands(&r, NVME_IO_READ), 5);
    assert_int_equal(stats(&r).retries, 4);
    assert_int_equal(stats(&r).retried_ok, 0);
    assert_int_equal(rig_close(&r), 0);
}

static void no_retries_wanted(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    r.opt.retries = 0;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    refuse(&r, 1, SC(2, 0x81));
    assert_int_equal(run(&r, NVME_IO_READ), -ENODATA);
    assert_int_equal(commands(&r, NVME_IO_READ), 1);
    assert_int_equal(rig_close(&r), 0);
}

/* What is posted by hand is shown as it is. */
static void posted_commands_are_not_retried(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_start(&r);
    refuse(&r, 1, SC(0, 0x82));
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
    assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
    assert_int_equal(rio.io.status & 0x7ff, 0x82);
    assert_int_equal(commands(&r, NVME_IO_READ), 1);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

/* A read that a reset has ended is done after it; a write is not, as nothing is armed any more. */
static void after_a_reset(void **state)
{
    struct model_rule fatal = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                                .action = MODEL_DO_CFS };
    struct rig r;
    (void)state;

    rig_start(&r);
    model_add_rule(r.hp->model, &fatal);
    assert_int_equal(run(&r, NVME_IO_READ), 0);
    assert_int_equal(stats(&r).retries, 1);
    assert_int_equal(stats(&r).resets_forced, 1);
    rig_arm(&r, rig_ns(&r, 1));
    model_clear_rules(r.hp->model);
    model_add_rule(r.hp->model, &fatal);
    assert_int_equal(run(&r, NVME_IO_WRITE), -ECANCELED);
    assert_false(rig_ns(&r, 1)->armed);
    assert_int_equal(commands(&r, NVME_IO_WRITE), 1);
    assert_int_equal(rig_close(&r), 0);
}

/* Delays are only named to hosts that have said they understand them. */
static void advanced_retry_is_switched_on(void **state)
{
    static const struct model_patch crdt1 = {.cns = 1, .offset = 128, .len = 2, .value = 3};
    struct nvme_sqe get = {.opcode = ADM_GET_FEATURES, .cdw10 = 0x16};
    uint8_t behavior[512];
    struct rig r;
    (void)state;

    for (unsigned offered = 0; offered < 2; offered++) {
        rig_init(&r);
        r.cfg.every_feature = true;
        r.cfg.patches = &crdt1;
        r.cfg.patch_count = offered;
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        for (unsigned round = 0; round < 2; round++) { /* a reset takes it back */
            assert_int_equal(nvme_admin(r.ctrlr, &get, NVME_TO_HOST, behavior, 512, NULL), 0);
            assert_int_equal(behavior[0], offered);
            assert_int_equal(nvme_recover(r.ctrlr), 0);
        }
        assert_int_equal(rig_close(&r), 0);
    }
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(refusals) + 5] = {
        cmocka_unit_test(the_budget_ends),
        cmocka_unit_test(no_retries_wanted),
        cmocka_unit_test(posted_commands_are_not_retried),
        cmocka_unit_test(after_a_reset),
        cmocka_unit_test(advanced_retry_is_switched_on),
    };
    size_t n = 5;

    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        tests[n++] = (struct CMUnitTest){.name = refusals[i].name, .test_func = once,
                                         .initial_state = (void *)(uintptr_t)&refusals[i]};
    }
    return cmocka_run_group_tests_name("nvme retries", tests, NULL, NULL);
}
