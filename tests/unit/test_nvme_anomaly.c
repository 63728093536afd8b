/*
 * tests/unit/test_nvme_anomaly.c - the n-th thing goes wrong, for every n: allocations, admin
 * commands, register accesses, during attach and during recovery. Nothing may be left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_heap.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

#define MOST 400 /* more things than an attach does; a loop that gets there is a bug of the test */

static void small(struct rig *r)
{
    rig_init(r);
    r->opt.admin_timeout_ns = NS_PER_S;
    r->cfg.ns_count = 2;
    r->cfg.ns[1] = (struct model_ns_config){ .nsid = 5, .blocks = 100, .lbads = 12 };
    rig_open(r);
}

static void works(struct rig *r)
{
    uint8_t block[512];
    assert_int_equal(rig_read(r, rig_ns(r, 1), 0, 1, block), 0);
}

static void dma_allocations(void **state)
{
    unsigned n;
    (void)state;

    for (n = 1; n < MOST; n++) {
        struct rig r;
        small(&r);
        r.hp->fail_at = n;
        int err = rig_attach(&r);
        bool reached = r.hp->allocs >= n;
        r.hp->fail_at = 0;
        assert_true(err == 0 || err == -ENOMEM);
        assert_true(err == 0 || !r.ctrlr);
        if (err == 0) {
            works(&r);
        }
        assert_int_equal(rig_close(&r), 0);
        if (!reached) {
            assert_int_equal(err, 0);
            break;
        }
    }
    assert_in_range(n, 3, MOST - 1);
}

static void heap_allocations(void **state)
{
    unsigned n;
    (void)state;

    for (n = 1; n < MOST; n++) {
        struct rig r;
        small(&r);
        host_heap_fail_at(n);
        int err = rig_attach(&r);
        bool reached = host_heap_calls() >= n;
        host_heap_fail_at(0);
        assert_true(err == 0 || err == -ENOMEM);
        if (err == 0) {
            works(&r);
        }
        assert_int_equal(rig_close(&r), 0);
        if (!reached) {
            assert_int_equal(err, 0);
            break;
        }
    }
    assert_in_range(n, 2, MOST - 1);
}

static void every_vector_refused(void **state)
{
    (void)state;
    static const uint64_t refusals[] = { EBUSY, ENOTSUP };
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        struct rig r;
        small(&r);
        r.hp->attach_refusal = refusals[i];
        if (rig_attach(&r) == 0) {
            works(&r);
        }
        assert_int_equal(rig_close(&r), 0);
    }
}

/* --- the n-th command or access of an attach -------------------------------------------------- */

struct spoiler {
    const char *name;
    struct model_rule rule; /* nth is filled in */
    bool harmless;          /* the attach must succeed all the same */
};

static const struct spoiler spoilers[] = {
    { .name = "admin command n refused",
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_STATUS, .value = ST_INTERNAL | ST_DNR } },
    { .name = "admin command n invalid",
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_STATUS, .value = ST_INVALID_FIELD | ST_DNR } },
    { .name = "admin command n lost",
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_DROP } },
    { .name = "admin command n late", .harmless = true,
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_DELAY, .value = 900 * NS_PER_MS } },
    { .name = "admin command n completed twice",
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_DUPLICATE } },
    { .name = "admin command n under a wrong identifier",
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_CID, .value = 0xfff0 } },
    { .name = "admin command n without its interrupt", .harmless = true,
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_LOSE_IRQ } },
    { .name = "admin data n cut short",
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_SHORT } },
    { .name = "admin data n corrupt",
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_CORRUPT } },
    { .name = "fatal status at admin command n",
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_CFS } },
    { .name = "gone at admin command n, all ones",
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_ALL_ONES } },
    { .name = "gone at admin command n, zeros",
      .rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                .action = MODEL_DO_ALL_ZEROS } },
    { .name = "gone at register read n, all ones",
      .rule = { .on = MODEL_ON_REG_READ, .match = MODEL_ANY, .action = MODEL_DO_ALL_ONES } },
    { .name = "gone at register read n, zeros",
      .rule = { .on = MODEL_ON_REG_READ, .match = MODEL_ANY, .action = MODEL_DO_ALL_ZEROS } },
    { .name = "fatal status at register read n",
      .rule = { .on = MODEL_ON_REG_READ, .match = MODEL_ANY, .action = MODEL_DO_CFS } },
    { .name = "gone at register write n",
      .rule = { .on = MODEL_ON_REG_WRITE, .match = MODEL_ANY, .action = MODEL_DO_ALL_ONES } },
    { .name = "fatal status at register write n",
      .rule = { .on = MODEL_ON_REG_WRITE, .match = MODEL_ANY, .action = MODEL_DO_CFS } },
};

static void nth_of_attach(void **state)
{
    const struct spoiler *spoiler = *state;
    unsigned n;

    for (n = 1; n < MOST; n++) {
        struct rig r;
        struct model_rule rule = spoiler->rule;
        rule.nth = n;
        small(&r);
        model_add_rule(r.hp->model, &rule);
        int err = rig_attach(&r);
        bool reached = model_rules_fired(r.hp->model) > 0;
        assert_true(err == 0 || err == -EIO || err == -ETIMEDOUT || err == -ENODEV ||
                    err == -EPROTO || err == -ENOTSUP);
        assert_true(err == 0 || !r.ctrlr);
        assert_true(err == 0 || !spoiler->harmless);
        if (!reached) {
            assert_int_equal(err, 0);
        }
        model_clear_rules(r.hp->model);
        assert_int_equal(rig_close(&r), 0);
        if (!reached) {
            break;
        }
    }
    assert_in_range(n, 5, MOST - 1);
}

/* The same, while a controller with I/O in flight is being recovered. */
static void nth_of_recovery(void **state)
{
    const struct spoiler *spoiler = *state;
    unsigned n;

    for (n = 1; n < MOST; n++) {
        struct rig r;
        struct rig_io ios[4];
        struct model_rule rule = spoiler->rule;
        rule.nth = n;
        small(&r);
        assert_int_equal(rig_attach(&r), 0);
        for (unsigned i = 0; i < ARRAY_SIZE(ios); i++) {
            rig_io_make(&r, &ios[i], rig_ns(&r, 1), NVME_IO_READ, i, 1, 0);
            assert_int_equal(nvme_post(rig_qp(&r), &ios[i].io), 0);
        }
        nvme_ring(rig_qp(&r));
        model_add_rule(r.hp->model, &rule);
        int err = nvme_recover(r.ctrlr);
        bool reached = model_rules_fired(r.hp->model) > 0;
        model_clear_rules(r.hp->model);
        for (unsigned i = 0; i < ARRAY_SIZE(ios); i++) {
            assert_int_equal(ios[i].done, 1);
            assert_false(ios[i].done_early);
            rig_io_free(&r, &ios[i]);
        }
        assert_true(err == 0 || err == -EIO || err == -ETIMEDOUT || err == -ENODEV);
        assert_true(reached || err == 0);
        assert_int_equal(rig_close(&r), 0);
        if (!reached) {
            break;
        }
    }
    assert_true(n < MOST);
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(dma_allocations),
    cmocka_unit_test(heap_allocations),
    cmocka_unit_test(every_vector_refused),
};

int main(void)
{
    struct CMUnitTest tests[2 * ARRAY_SIZE(spoilers) + ARRAY_SIZE(singles)] = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(spoilers); i++) {
        tests[n++] = (struct CMUnitTest){ .name = spoilers[i].name, .test_func = nth_of_attach,
                                          .initial_state = (void *)(uintptr_t)&spoilers[i] };
    }
    for (size_t i = 0; i < ARRAY_SIZE(spoilers); i++) {
        tests[n++] = (struct CMUnitTest){ .name = spoilers[i].name, .test_func = nth_of_recovery,
                                          .initial_state = (void *)(uintptr_t)&spoilers[i] };
    }
    memcpy(tests + n, singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme anomaly", tests, NULL, NULL);
}
