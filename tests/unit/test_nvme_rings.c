/*
 * tests/unit/test_nvme_rings.c - rings of every size around and around, completions in any order,
 * whatever they say of the head of the submission queue; doorbells at any distance; interrupts that
 * nobody asked for.
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

/* --- sizes ------------------------------------------------------------------------------------ */

#define DEPTH_MAX 64

/* Posts as many as fit or are wanted, in batches of every size, until total have been done. */
static void go_round(struct rig *r, unsigned total)
{
    static struct rig_io ios[DEPTH_MAX];
    struct nvme_qpair *qp = rig_qp(r);
    unsigned slots = MIN(nvme_qpair_depth(qp), (unsigned)DEPTH_MAX);
    unsigned posted = 0, done = 0, batch = 0;

    for (unsigned i = 0; i < slots; i++) {
        rig_io_make(r, &ios[i], rig_ns(r, 1), NVME_IO_READ, i, 1, 0);
        ios[i].done = 1; /* free */
    }
    uint64_t end = host_clock_peek(&r->clock) + 100 * NS_PER_S;
    while (done < total) {
        batch = batch % slots + 1;
        for (unsigned i = 0, n = 0; i < slots && n < batch && posted < total; i++) {
            if (ios[i].done) {
                ios[i].done = 0;
                ios[i].io.err = 1;
                assert_int_equal(nvme_post(qp, &ios[i].io), 0);
                posted++;
                n++;
            }
        }
        nvme_ring(qp);
        int got = nvme_reap(qp, batch);
        assert_true(got >= 0);
        done += (unsigned)got;
        host_clock_relax(&r->clock);
        assert_true(host_clock_peek(&r->clock) < end);
    }
    for (unsigned i = 0; i < slots; i++) {
        assert_int_equal(ios[i].done, 1);
        assert_int_equal(ios[i].io.err, 0);
        assert_false(ios[i].done_early);
        rig_io_free(r, &ios[i]);
    }
}

struct ring {
    unsigned entries, mqes;
};

static const struct ring rings[] = {
    { 2, 2 },   { 2, 65536 }, { 3, 3 },     { 3, 4096 },   { 5, 5 },       { 7, 256 },
    { 31, 31 }, { 255, 255 }, { 255, 256 }, { 256, 4096 }, { 4096, 4096 }, { 4095, 4097 },
};

/* The completion queue may be longer than the submission queue: as long as MQES lets it be. */
static void three_times_round(void **state)
{
    static const enum model_sqhd heads[] = { MODEL_SQHD_TRUE, MODEL_SQHD_LAGS, MODEL_SQHD_FROZEN,
                                             MODEL_SQHD_JUMPS };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rings) * ARRAY_SIZE(heads); i++) {
        const struct ring *ring = &rings[i / ARRAY_SIZE(heads)];
        struct rig r;
        rig_init(&r);
        r.cfg.mqes_0b = ring->mqes - 1;
        r.cfg.sqhd = heads[i % ARRAY_SIZE(heads)];
        r.cfg.mdts = 1;
        r.cfg.fetch_burst = i % 3;
        r.cfg.jitter_ns = i % 2 * 20000;
        r.opt.io_entries = ring->entries;
        r.opt.max_io_qpairs = 1;
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        assert_int_equal(nvme_qpair_depth(rig_qp(&r)), ring->entries - 1);
        /* Every size goes round the completion queue, too, which is at most four times as long. */
        go_round(&r, ring->entries < 1000 ? ring->entries * 4 * 3 + 1 : ring->entries + 100);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* --- order ------------------------------------------------------------------------------------ */

static unsigned order[16];
static unsigned ended;

static void note_order(struct nvme_io *io)
{
    order[ended++] = (unsigned)io->lba;
}

/* The first is done last; each gets its own answer. */
static void backwards(void **state)
{
    struct rig r;
    struct rig_io ios[ARRAY_SIZE(order)];
    (void)state;

    rig_start(&r);
    ended = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(ios); i++) {
        uint8_t block[512];
        struct model_rule late = { .on = MODEL_ON_IO, .match = NVM_READ, .sub = (int)i,
                                   .action = MODEL_DO_DELAY,
                                   .value = (ARRAY_SIZE(ios) - i) * 50000 };
        rig_pattern(block, sizeof(block), i);
        model_media_write(r.hp->model, 1, (uint64_t)i * 512, block, sizeof(block));
        model_add_rule(r.hp->model, &late);
        rig_io_make(&r, &ios[i], rig_ns(&r, 1), NVME_IO_READ, i, 1, 0);
        ios[i].io.done = note_order;
        assert_int_equal(nvme_post(rig_qp(&r), &ios[i].io), 0);
    }
    nvme_ring(rig_qp(&r));
    while (ended < ARRAY_SIZE(ios)) {
        assert_true(nvme_reap(rig_qp(&r), 64) >= 0);
        host_clock_relax(&r.clock);
        assert_true(host_clock_peek(&r.clock) < NS_PER_S);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(ios); i++) {
        uint8_t block[512];
        assert_int_equal(order[i], ARRAY_SIZE(ios) - 1 - i);
        rig_pattern(block, sizeof(block), i);
        assert_memory_equal(rig_io_data(&ios[i]), block, sizeof(block));
        rig_io_free(&r, &ios[i]);
    }
    assert_int_equal(rig_close(&r), 0);
}

/* --- registers -------------------------------------------------------------------------------- */

static void every_doorbell_stride(void **state)
{
    (void)state;
    for (unsigned dstrd = 0; dstrd <= 12; dstrd++) {
        struct rig r;
        rig_init(&r);
        r.cfg.dstrd = dstrd;
        r.opt.max_io_qpairs = 3;
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        assert_int_equal(nvme_info(r.ctrlr)->io_qpairs, 3);
        go_round(&r, 100);
        assert_int_equal(rig_close(&r), 0);
    }
}

static void pages_larger_than_ours_are_refused(void **state)
{
    (void)state;
    for (unsigned mpsmin = 1; mpsmin <= 4; mpsmin++) {
        struct rig r;
        rig_init(&r);
        r.cfg.mpsmin = r.cfg.mpsmax = mpsmin;
        rig_open(&r);
        assert_int_equal(rig_attach(&r), -ENOTSUP);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* --- interrupts ------------------------------------------------------------------------------- */

/* An interrupt on a ring that holds nothing but zeros: nothing is taken for a completion. */
static void interrupted_before_the_first_command(void **state)
{
    struct rig r;
    struct nvme_qpair_stats stats;
    (void)state;

    rig_start(&r);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), 0);
    for (unsigned i = 0; i < 8; i++) {
        model_spurious_irq(r.hp->model, 1);
        assert_int_equal(nvme_reap(rig_qp(&r), 8), 0);
        nvme_sleep(rig_qp(&r), host_clock_peek(&r.clock) + NS_PER_MS);
    }
    nvme_qpair_stats(rig_qp(&r), &stats);
    assert_int_equal(stats.completions, 0);
    assert_int_equal(stats.bad_completions, 0);
    assert_true(stats.interrupts >= 8);
    go_round(&r, 100);
    assert_int_equal(rig_close(&r), 0);
}

/* An interrupt every microsecond, and a completion now and then: it is found, and only it. */
static void a_storm_of_interrupts(void **state)
{
    struct model_rule late = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                               .count = MODEL_FOREVER, .action = MODEL_DO_DELAY,
                               .value = 100000 };
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_start(&r);
    model_add_rule(r.hp->model, &late);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), 0);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 1, 0);
    for (unsigned turn = 0; turn < 20; turn++) {
        rio.done = 0;
        assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
        nvme_ring(rig_qp(&r));
        for (unsigned n = 0; !rio.done; n++) {
            model_spurious_irq(r.hp->model, 1);
            nvme_sleep(rig_qp(&r), host_clock_peek(&r.clock) + NS_PER_S);
            assert_true(nvme_reap(rig_qp(&r), 8) >= 0);
            host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 1000);
            assert_true(n < 1000);
        }
        assert_int_equal(rio.done, 1);
    }
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_times_round),
        cmocka_unit_test(backwards),
        cmocka_unit_test(every_doorbell_stride),
        cmocka_unit_test(pages_larger_than_ours_are_refused),
        cmocka_unit_test(interrupted_before_the_first_command),
        cmocka_unit_test(a_storm_of_interrupts),
    };
    return cmocka_run_group_tests_name("nvme rings", tests, NULL, NULL);
}
