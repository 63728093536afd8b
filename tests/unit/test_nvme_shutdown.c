/*
 * tests/unit/test_nvme_shutdown.c - the orderly end (NVMe 1.4 §7.6.2), and controllers that spoil
 * it.
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

struct ending {
    const char *name;
    void (*set)(struct rig *r);  /* before attach, or NULL */
    void (*spoil)(struct rig *r); /* before shutdown, or NULL */
    struct model_rule rule;      /* .action 0: none */
    int err, or_err;
    bool orderly; /* SHN was set once, with no queue left */
    uint64_t at_most_ns;
};

static void slow(struct rig *r)
{
    r->cfg.shutdown_ns = 1900 * NS_PER_MS;
}

static void slow_without_rtd3e(struct rig *r)
{
    r->cfg.rtd3e_us = 0;
    r->cfg.shutdown_ns = 4500 * NS_PER_MS;
}

static void very_slow(struct rig *r)
{
    r->cfg.shutdown_ns = 100 * NS_PER_S;
}

static void pull_ones(struct rig *r)
{
    model_unplug(r->hp->model, true);
}

static void pull_zeros(struct rig *r)
{
    model_unplug(r->hp->model, false);
}

static void fatal(struct rig *r)
{
    model_set_cfs(r->hp->model);
}

#define ADMIN(op, action_, val)                                                                    \
    { .on = MODEL_ON_ADMIN, .match = op, .sub = MODEL_ANY, .count = MODEL_FOREVER,                 \
      .action = action_, .value = val }

static const struct ending endings[] = {
    {.name = "orderly", .orderly = true, .at_most_ns = NS_PER_S},
    {.name = "slow, within RTD3E", .set = slow, .orderly = true, .at_most_ns = 3 * NS_PER_S},
    {.name = "slow, no RTD3E: 5 s",
     .set = slow_without_rtd3e,
     .orderly = true,
     .at_most_ns = 6 * NS_PER_S},
    {.name = "longer than RTD3E",
     .set = very_slow,
     .err = -ETIMEDOUT,
     .orderly = true,
     .at_most_ns = 8 * NS_PER_S},
    {.name = "never finished",
     .err = -ETIMEDOUT,
     .orderly = true,
     .at_most_ns = 8 * NS_PER_S,
     .rule = {.on = MODEL_ON_REG_WRITE, .match = REG_CC, .action = MODEL_DO_SHST_STUCK}},
    {.name = "Delete refused",
     .at_most_ns = 8 * NS_PER_S,
     .err = 0,
     .or_err = -EIO,
     .rule = ADMIN(ADM_DELETE_SQ, MODEL_DO_STATUS, ST_INTERNAL)},
    {.name = "Delete never answered",
     .at_most_ns = 20 * NS_PER_S,
     .err = -ETIMEDOUT,
     .or_err = -ESHUTDOWN,
     .rule = ADMIN(ADM_DELETE_SQ, MODEL_DO_DROP, 0)},
    {.name = "gone, all ones",
     .spoil = pull_ones,
     .err = -ESHUTDOWN,
     .or_err = -ETIMEDOUT,
     .at_most_ns = 20 * NS_PER_S},
    {.name = "gone, zeros",
     .spoil = pull_zeros,
     .err = -ESHUTDOWN,
     .or_err = -ETIMEDOUT,
     .at_most_ns = 20 * NS_PER_S},
    {.name = "fatal status",
     .spoil = fatal,
     .err = -ESHUTDOWN,
     .or_err = -ETIMEDOUT,
     .at_most_ns = 20 * NS_PER_S},
    {.name = "gone at the notification",
     .err = -ESHUTDOWN,
     .or_err = -ETIMEDOUT,
     .at_most_ns = 20 * NS_PER_S,
     .rule = {.on = MODEL_ON_REG_WRITE, .match = REG_CC, .action = MODEL_DO_ALL_ONES}},
    {.name = "fatal at the notification",
     .err = -ETIMEDOUT,
     .or_err = -ESHUTDOWN,
     .at_most_ns = 20 * NS_PER_S,
     .rule = {.on = MODEL_ON_REG_WRITE, .match = REG_CC, .action = MODEL_DO_CFS}},
};

static void post_some(struct rig *r, struct rig_io ios[IOS])
{
    for (unsigned i = 0; i < IOS; i++) {
        rig_io_make(r, &ios[i], rig_ns(r, 1), NVME_IO_READ, i * 8, 8, 0);
        assert_int_equal(nvme_post(nvme_qpair_at(r->ctrlr, i & 1), &ios[i].io), 0);
    }
    nvme_ring(nvme_qpair_at(r->ctrlr, 0));
    nvme_ring(nvme_qpair_at(r->ctrlr, 1));
}

static void is_down(struct rig *r)
{
    struct rig_io rio;
    uint8_t page[4096];

    rig_io_make(r, &rio, rig_ns(r, 1), NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_post(rig_qp(r), &rio.io), -ESHUTDOWN);
    assert_int_equal(nvme_reap(rig_qp(r), 8), -ESHUTDOWN);
    assert_int_equal(nvme_identify(r->ctrlr, 1, 0, page, NULL), -ESHUTDOWN);
    rig_io_free(r, &rio);
}

static void ends(void **state)
{
    const struct ending *ending = *state;
    /* Once with nothing under way, once with I/O in flight. */
    for (int busy = 0; busy < 2; busy++) {
        struct rig r;
        struct rig_io ios[IOS];
        rig_init(&r);
        if (ending->set) {
            ending->set(&r);
        }
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        if (busy) {
            post_some(&r, ios);
        }
        if (ending->spoil) {
            ending->spoil(&r);
        }
        if (ending->rule.action) {
            model_add_rule(r.hp->model, &ending->rule);
        }
        uint64_t begin = host_clock_peek(&r.clock);
        int err = nvme_shutdown(r.ctrlr);
        if (err != ending->err && !(ending->or_err && err == ending->or_err)) {
            fail_msg("%s, expected %s", errno_name(err), errno_name(ending->err));
        }
        assert_true(host_clock_peek(&r.clock) - begin <= ending->at_most_ns);
        assert_true(model_is_quiet(r.hp->model));
        if (ending->orderly) {
            assert_int_equal(model_counters(r.hp->model)->shutdowns, 1);
            assert_int_equal(model_counters(r.hp->model)->shutdowns_with_queues, 0);
        }
        for (unsigned i = 0; busy && i < IOS; i++) {
            assert_int_equal(ios[i].done, 1);
            assert_false(ios[i].done_early);
            rig_io_free(&r, &ios[i]);
        }
        assert_int_equal(nvme_qpair_outstanding(rig_qp(&r)), 0);
        is_down(&r);
        assert_int_equal(rig_close(&r), 0);
    }
}

static void detach_shuts_down(void **state)
{
    struct rig r;
    (void)state;

    rig_start(&r);
    nvme_detach(r.ctrlr);
    r.ctrlr = NULL;
    assert_int_equal(model_counters(r.hp->model)->shutdowns, 1);
    assert_int_equal(model_counters(r.hp->model)->shutdowns_with_queues, 0);
    assert_true(model_is_quiet(r.hp->model));
    assert_int_equal(rig_close(&r), 0);
}

static void shutdown_twice_is_one(void **state)
{
    struct rig r;
    (void)state;

    rig_start(&r);
    assert_int_equal(nvme_shutdown(r.ctrlr), 0);
    int again = nvme_shutdown(r.ctrlr);
    assert_true(again == 0 || again == -ESHUTDOWN);
    nvme_detach(r.ctrlr);
    r.ctrlr = NULL;
    assert_int_equal(model_counters(r.hp->model)->shutdowns, 1);
    assert_int_equal(rig_close(&r), 0);
}

static void attached_again_after_shutdown(void **state)
{
    struct rig r;
    uint8_t block[512];
    (void)state;

    rig_start(&r);
    assert_int_equal(nvme_shutdown(r.ctrlr), 0);
    nvme_detach(r.ctrlr);
    r.ctrlr = NULL;
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void recovered_and_shut_down(void **state)
{
    struct rig r;
    (void)state;

    rig_start(&r);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(nvme_shutdown(r.ctrlr), 0);
    assert_int_equal(model_counters(r.hp->model)->shutdowns_with_queues, 0);
    assert_int_equal(rig_close(&r), 0);
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(detach_shuts_down),
    cmocka_unit_test(shutdown_twice_is_one),
    cmocka_unit_test(attached_again_after_shutdown),
    cmocka_unit_test(recovered_and_shut_down),
};

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(endings) + ARRAY_SIZE(singles)] = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        tests[n++] = (struct CMUnitTest){ .name = endings[i].name, .test_func = ends,
                                          .initial_state = (void *)(uintptr_t)&endings[i] };
    }
    memcpy(tests + n, singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme shutdown", tests, NULL, NULL);
}
