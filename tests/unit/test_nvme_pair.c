/*
 * tests/unit/test_nvme_pair.c - two controllers side by side in one time: whatever becomes of one,
 * the other does as much as ever, as fast as ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

#define DEPTH   8
#define SPAN_NS (6 * NS_PER_S) /* three time-outs */

struct lane {
    struct rig r; /* the clock of the first one is that of both */
    struct rig_io ios[DEPTH];
    unsigned done, errors;
    uint64_t longest_ns, posted_ns[DEPTH];
};

struct pair {
    struct lane good, bad;
};

struct trouble {
    const char *name;
    struct model_rule rule;
};

#define EACH(where, ...)                                                                           \
    { .on = where, .match = MODEL_ANY, .sub = MODEL_ANY, .nth = 500, .count = MODEL_FOREVER,       \
      __VA_ARGS__ }

static const struct trouble troubles[] = {
    { "never answers again", EACH(MODEL_ON_IO, .action = MODEL_DO_DROP) },
    { "is always late", EACH(MODEL_ON_IO, .action = MODEL_DO_DELAY, .value = 1900 * NS_PER_MS) },
    { "refuses everything", EACH(MODEL_ON_IO, .action = MODEL_DO_STATUS, .value = ST_INTERNAL) },
    { "answers everything twice", EACH(MODEL_ON_IO, .action = MODEL_DO_DUPLICATE) },
    { "answers nobody", EACH(MODEL_ON_IO, .action = MODEL_DO_CID, .value = 0xffff) },
    { "reports a fatal status", EACH(MODEL_ON_IO, .action = MODEL_DO_CFS) },
    { "is pulled out, ones", EACH(MODEL_ON_IO, .action = MODEL_DO_ALL_ONES) },
    { "is pulled out, zeros", EACH(MODEL_ON_IO, .action = MODEL_DO_ALL_ZEROS) },
};

static void open_lane(struct lane *l, struct host_clock *clock)
{
    rig_init(&l->r);
    l->r.cfg.latency_ns = NS_PER_MS;
    l->r.shared_heap = true;
    l->r.hp = host_platform_create(&l->r.cfg, clock);
    assert_int_equal(rig_attach(&l->r), 0);
    for (unsigned i = 0; i < DEPTH; i++) {
        rig_io_make(&l->r, &l->ios[i], rig_ns(&l->r, 1), NVME_IO_READ, i, 1, 0);
    }
}

/* One turn of an owner: what has ended is posted again. */
static void turn(struct lane *l, const struct host_clock *clock)
{
    struct nvme_qpair *qp = rig_qp(&l->r);
    uint64_t now = host_clock_peek(clock);

    (void)nvme_reap(qp, DEPTH);
    for (unsigned i = 0; i < DEPTH; i++) {
        struct rig_io *rio = &l->ios[i];
        bool idle = l->posted_ns[i] == 0;
        if (rio->done) {
            l->done++;
            l->errors += rio->io.err != 0;
            l->longest_ns = MAX(l->longest_ns, now - l->posted_ns[i]);
        }
        if (idle || rio->done) {
            rio->done = 0;
            l->posted_ns[i] = nvme_post(qp, &rio->io) ? 0 : now;
        }
    }
    nvme_ring(qp);
}

struct result {
    unsigned done;
    uint64_t longest_ns;
};

/* What the good one does in a while, beside one in trouble or (NULL) another good one. */
static struct result run(const struct trouble *trouble)
{
    struct pair *p = calloc(1, sizeof(*p));
    struct host_clock clock;

    host_clock_init(&clock, false);
    open_lane(&p->good, &clock);
    open_lane(&p->bad, &clock);
    if (trouble) {
        model_add_rule(p->bad.r.hp->model, &trouble->rule);
    }
    uint64_t end = host_clock_peek(&clock) + SPAN_NS;
    while (host_clock_peek(&clock) < end) {
        turn(&p->good, &clock);
        turn(&p->bad, &clock);
        host_clock_relax(&clock);
    }
    assert_false(nvme_failed(p->good.r.ctrlr));
    assert_int_equal(p->good.errors, 0);
    struct result result = { p->good.done, p->good.longest_ns };
    for (struct lane *l = &p->good; l; l = l == &p->good ? &p->bad : NULL) {
        (void)nvme_shutdown(l->r.ctrlr);
        for (unsigned i = 0; i < DEPTH; i++) {
            assert_true(l->ios[i].done == 1 || l->posted_ns[i] == 0);
            assert_false(l->ios[i].done_early);
            rig_io_free(&l->r, &l->ios[i]);
        }
        assert_int_equal(rig_close(&l->r), 0);
    }
    free(p);
    return result;
}

static void beside(void **state)
{
    static struct result alike;

    if (alike.done == 0) {
        alike = run(NULL);
        assert_true(alike.done > DEPTH * 5000); /* a millisecond each */
    }
    struct result r = run(*state);
    /* As many but for a hundredth, and none of them later than by a tenth. */
    assert_true(r.done >= alike.done / 100 * 99);
    assert_true(r.longest_ns <= alike.longest_ns / 10 * 11);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(troubles)] = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(troubles); i++) {
        tests[i] = (struct CMUnitTest){ .name = troubles[i].name, .test_func = beside,
                                        .initial_state = (void *)(uintptr_t)&troubles[i] };
    }
    return cmocka_run_group_tests_name("nvme pair", tests, NULL, NULL);
}
