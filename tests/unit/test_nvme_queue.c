/*
 * tests/unit/test_nvme_queue.c - rings: full, wrapped, out of order; doorbells counted; interrupts
 * kept, lost and invented.
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

static void start(struct rig *r, unsigned entries, uint64_t jitter_ns, unsigned fetch_burst)
{
    rig_init(r);
    r->cfg.mqes_0b = 4095;
    r->opt.io_entries = entries;
    r->cfg.jitter_ns = jitter_ns;
    r->cfg.fetch_burst = fetch_burst;
    rig_open(r);
    assert_int_equal(rig_attach(r), 0);
    for (uint64_t lba = 0; lba < 1024; lba++) {
        uint64_t word = lba * 7 + 1;
        model_media_write(r->hp->model, 1, lba * 512, &word, sizeof(word));
    }
}

static uint64_t first_word(struct rig_io *rio)
{
    uint64_t word;
    memcpy(&word, rig_io_data(rio), sizeof(word));
    return word;
}

/* --- batches of every size at every place of the ring ----------------------------------------- */

struct ring_case {
    const char *name;
    unsigned entries;
    uint64_t jitter_ns;
    unsigned fetch_burst;
};

static const struct ring_case ring_cases[] = {
    { "2 entries", 2, 0, 0 },
    { "3 entries", 3, 0, 0 },
    { "4 entries, out of order", 4, 30000, 0 },
    { "5 entries, fetched singly", 5, 0, 1 },
    { "8 entries, out of order, fetched in pairs", 8, 30000, 2 },
    { "31 entries, out of order", 31, 30000, 0 },
    { "33 entries", 33, 0, 0 },
    { "64 entries, out of order, fetched in threes", 64, 100000, 3 },
    { "255 entries, out of order", 255, 30000, 0 },
    { "256 entries", 256, 0, 0 },
};

static void batches(void **state)
{
    const struct ring_case *c = *state;
    struct rig r;

    start(&r, c->entries, c->jitter_ns, c->fetch_burst);
    struct nvme_qpair *qp = rig_qp(&r);
    unsigned depth = nvme_qpair_depth(qp);
    struct nvme_ns *ns = rig_ns(&r, 1);
    struct rig_io *ios = calloc(depth + 1, sizeof(*ios));
    for (unsigned i = 0; i <= depth; i++) {
        rig_io_make(&r, &ios[i], ns, NVME_IO_READ, i, 1, 0);
    }
    assert_int_equal(depth, c->entries - 1);
    unsigned rounds = c->entries < 100 ? 3 * c->entries : 40;
    for (unsigned round = 0; round < rounds; round++) {
        unsigned n = round % 4 == 3 ? depth : 1 + round % depth;
        for (unsigned i = 0; i < n; i++) {
            ios[i].done = 0;
            ios[i].io.lba = (round + i) % 1024;
            assert_int_equal(nvme_post(qp, &ios[i].io), 0);
        }
        if (n == depth) {
            assert_int_equal(nvme_post(qp, &ios[depth].io), -EAGAIN);
        }
        assert_int_equal(nvme_qpair_outstanding(qp), n);
        assert_int_equal(rig_wait(&r, ios, n, NS_PER_S), 0);
        assert_int_equal(nvme_qpair_outstanding(qp), 0);
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(ios[i].done, 1);
            assert_int_equal(ios[i].io.err, 0);
            assert_int_equal(first_word(&ios[i]), ios[i].io.lba * 7 + 1);
        }
    }
    for (unsigned i = 0; i <= depth; i++) {
        rig_io_free(&r, &ios[i]);
    }
    free(ios);
    assert_int_equal(rig_close(&r), 0);
}

/* --- verbs ------------------------------------------------------------------------------------ */

static void parts_do_not_squeeze_in(void **state)
{
    struct rig r;
    struct rig_io big, small[2];
    (void)state;

    rig_init(&r);
    r.cfg.mdts = 1; /* 16 blocks */
    r.opt.io_entries = 5;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    struct nvme_ns *ns = rig_ns(&r, 1);
    rig_io_make(&r, &big, ns, NVME_IO_READ, 0, 48, 0); /* three commands */
    for (int i = 0; i < 2; i++) {
        rig_io_make(&r, &small[i], ns, NVME_IO_READ, 0, 1, 0);
        assert_int_equal(nvme_post(rig_qp(&r), &small[i].io), 0);
    }
    assert_int_equal(nvme_post(rig_qp(&r), &big.io), -EAGAIN);
    assert_int_equal(nvme_qpair_outstanding(rig_qp(&r)), 2);
    assert_int_equal(rig_wait(&r, small, 2, NS_PER_S), 0);
    assert_int_equal(nvme_post(rig_qp(&r), &big.io), 0);
    assert_int_equal(rig_wait(&r, &big, 1, NS_PER_S), 0);
    assert_int_equal(big.done, 1);
    rig_io_free(&r, &big);
    rig_io_free(&r, &small[0]);
    rig_io_free(&r, &small[1]);
    assert_int_equal(rig_close(&r), 0);
}

static void nothing_happens_before_the_ring(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    start(&r, 32, 0, 0);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 1, 1, 0);
    nvme_ring(rig_qp(&r));
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 100 * NS_PER_MS);
    assert_int_equal(model_counters(r.hp->model)->io_commands, 0);
    nvme_ring(rig_qp(&r));
    nvme_ring(rig_qp(&r));
    assert_int_equal(model_counters(r.hp->model)->sq_doorbells, 1);
    assert_int_equal(rio.done, 0);
    assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void reap_obeys_its_limit(void **state)
{
    struct rig r;
    struct rig_io ios[6];
    (void)state;

    start(&r, 32, 0, 0);
    for (int i = 0; i < 6; i++) {
        rig_io_make(&r, &ios[i], rig_ns(&r, 1), NVME_IO_READ, 1, 1, 0);
        assert_int_equal(nvme_post(rig_qp(&r), &ios[i].io), 0);
    }
    assert_int_equal(nvme_reap(rig_qp(&r), 5), 0);
    nvme_ring(rig_qp(&r));
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + NS_PER_MS);
    assert_int_equal(nvme_reap(rig_qp(&r), 1), 1);
    assert_int_equal(nvme_reap(rig_qp(&r), 2), 2);
    assert_int_equal(nvme_qpair_outstanding(rig_qp(&r)), 3);
    assert_int_equal(nvme_reap(rig_qp(&r), 100), 3);
    assert_int_equal(nvme_reap(rig_qp(&r), 100), 0);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(ios[i].done, 1);
        rig_io_free(&r, &ios[i]);
    }
    assert_int_equal(rig_close(&r), 0);
}

struct refill {
    struct nvme_io io;
    struct nvme_qpair *qp;
    unsigned runs, refused;
};

static void refill_done(struct nvme_io *io)
{
    struct refill *f = container_of(io, struct refill, io);
    if (++f->runs < 50) {
        f->refused += nvme_post(f->qp, io) != 0;
    }
}

static void done_may_post(void **state)
{
    struct rig r;
    struct dma_buf buf;
    (void)state;

    start(&r, 4, 0, 0);
    assert_int_equal(nvme_dma_alloc(r.ctrlr, 4096, 4096, &buf), 0);
    struct refill f = { .io = { .ns = rig_ns(&r, 1), .iova = buf.iova, .nlb = 8,
                                .opcode = NVME_IO_READ, .done = refill_done },
                        .qp = rig_qp(&r) };
    assert_int_equal(nvme_post(f.qp, &f.io), 0);
    for (int turns = 0; f.runs < 50 && turns < 10000; turns++) {
        nvme_ring(f.qp);
        host_clock_relax(&r.clock);
        assert_true(nvme_reap(f.qp, 8) >= 0);
    }
    assert_int_equal(f.runs, 50);
    assert_int_equal(f.refused, 0);
    nvme_dma_free(r.ctrlr, &buf);
    assert_int_equal(rig_close(&r), 0);
}

/* --- doorbells -------------------------------------------------------------------------------- */

static void doorbell_economy(void **state)
{
    struct rig r;
    struct rig_io ios[128];
    struct nvme_qpair_stats stats;
    uint64_t rings = 0;
    (void)state;

    start(&r, 256, 0, 0);
    struct nvme_qpair *qp = rig_qp(&r);
    for (int i = 0; i < 128; i++) {
        rig_io_make(&r, &ios[i], rig_ns(&r, 1), NVME_IO_READ, (uint64_t)i, 8, 0);
    }
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 128; i++) {
            ios[i].done = 0;
            assert_int_equal(nvme_post(qp, &ios[i].io), 0);
        }
        assert_int_equal(rig_wait(&r, ios, 128, NS_PER_S), 0);
        rings++;
    }
    nvme_qpair_stats(qp, &stats);
    const struct model_counters *seen = model_counters(r.hp->model);
    assert_int_equal(stats.commands, 50 * 128);
    assert_int_equal(stats.completions, 50 * 128);
    assert_int_equal(stats.sq_doorbells, rings);
    assert_int_equal(stats.sq_doorbells, seen->sq_doorbells);
    assert_int_equal(stats.cq_doorbells, seen->cq_doorbells);
    assert_true(stats.cq_doorbells * 16 <= stats.completions);
    for (int i = 0; i < 128; i++) {
        rig_io_free(&r, &ios[i]);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void no_register_is_touched_by_io(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    start(&r, 64, 0, 0);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    uint64_t reads = model_counters(r.hp->model)->reg_reads;
    uint64_t writes = model_counters(r.hp->model)->reg_writes;
    for (int i = 0; i < 200; i++) {
        rio.done = 0;
        assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
        assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
    }
    assert_true(model_counters(r.hp->model)->reg_reads - reads <= 2);
    assert_int_equal(model_counters(r.hp->model)->reg_writes, writes);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

/* --- interrupts ------------------------------------------------------------------------------- */

static void sleep_until_done(struct rig *r, struct rig_io *rio)
{
    struct nvme_qpair *qp = rig_qp(r);
    nvme_ring(qp);
    for (int turns = 0; !rio->done && turns < 1000; turns++) {
        nvme_sleep(qp, host_clock_peek(&r->clock) + 10 * NS_PER_MS);
        assert_true(nvme_reap(qp, 8) >= 0);
    }
    assert_int_equal(rio->done, 1);
}

static void sleeping_until_the_interrupt(void **state)
{
    struct rig r;
    struct rig_io rio;
    struct nvme_qpair_stats stats;
    (void)state;

    start(&r, 8, 0, 0);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), 0);
    for (int i = 0; i < 40; i++) {
        uint64_t begin = host_clock_peek(&r.clock);
        rio.done = 0;
        assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
        sleep_until_done(&r, &rio);
        assert_true(host_clock_peek(&r.clock) - begin < NS_PER_MS);
    }
    nvme_qpair_stats(rig_qp(&r), &stats);
    assert_true(stats.interrupts >= 38);
    assert_int_equal(stats.missed_interrupts, 0);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), false), 0);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void lost_interrupts(void **state)
{
    struct rig r;
    struct rig_io rio;
    struct nvme_qpair_stats stats;
    (void)state;

    start(&r, 8, 0, 0);
    struct model_rule rule = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                               .count = MODEL_FOREVER, .action = MODEL_DO_LOSE_IRQ };
    model_add_rule(r.hp->model, &rule);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), 0);
    for (int i = 0; i < 10; i++) {
        rio.done = 0;
        assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
        sleep_until_done(&r, &rio);
        assert_int_equal(rio.io.err, 0);
    }
    nvme_qpair_stats(rig_qp(&r), &stats);
    assert_int_equal(stats.missed_interrupts, 10);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void spurious_interrupts(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    start(&r, 8, 0, 0);
    struct model_rule rule = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                               .count = MODEL_FOREVER, .action = MODEL_DO_EXTRA_IRQ };
    model_add_rule(r.hp->model, &rule);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), 0);
    for (int i = 0; i < 20; i++) {
        for (unsigned vec = 0; vec < r.cfg.vectors; vec++) {
            model_spurious_irq(r.hp->model, vec);
        }
        rio.done = 0;
        assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
        sleep_until_done(&r, &rio);
    }
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void sleep_ends_at_the_deadline(void **state)
{
    struct rig r;
    (void)state;

    start(&r, 8, 0, 0);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), 0);
    uint64_t deadline = host_clock_peek(&r.clock) + 50 * NS_PER_MS;
    for (int turns = 0; host_clock_peek(&r.clock) < deadline && turns < 100; turns++) {
        nvme_sleep(rig_qp(&r), deadline);
    }
    assert_in_range(host_clock_peek(&r.clock), deadline, deadline + NS_PER_MS);
    assert_int_equal(rig_close(&r), 0);
}

static void sleep_returns_at_once(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    start(&r, 8, 0, 0);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    uint64_t before = host_clock_peek(&r.clock);
    nvme_sleep(rig_qp(&r), before + NS_PER_S); /* interrupts are off */
    assert_true(host_clock_peek(&r.clock) < before + NS_PER_MS);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
    nvme_ring(rig_qp(&r));
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + NS_PER_MS);
    before = host_clock_peek(&r.clock);
    nvme_sleep(rig_qp(&r), before + NS_PER_S); /* a completion is waiting */
    assert_true(host_clock_peek(&r.clock) < before + NS_PER_MS);
    assert_int_equal(nvme_reap(rig_qp(&r), 8), 1);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static unsigned unmasked(const struct rig *r)
{
    unsigned n = 0;
    for (unsigned vec = 0; vec < r->cfg.vectors; vec++) {
        n += r->hp->vectors[vec].count && !r->hp->vectors[vec].masked;
    }
    return n;
}

static void vectors_are_masked_unless_wanted(void **state)
{
    struct rig r;
    (void)state;

    start(&r, 8, 0, 0);
    assert_int_equal(unmasked(&r), 0);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), 0);
    assert_int_equal(unmasked(&r), 1);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), false), 0);
    assert_int_equal(unmasked(&r), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void interrupts_without_vectors(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.vectors = 0;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), -ENOTSUP);
    assert_int_equal(rig_close(&r), 0);
}

static void interrupts_on_the_second_queue(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    start(&r, 8, 0, 0);
    struct nvme_qpair *qp = nvme_qpair_at(r.ctrlr, 1);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_irq_enable(qp, true), 0);
    assert_int_equal(nvme_post(qp, &rio.io), 0);
    nvme_ring(qp);
    for (int turns = 0; !rio.done && turns < 10; turns++) {
        nvme_sleep(qp, host_clock_peek(&r.clock) + NS_PER_S);
        assert_true(nvme_reap(qp, 8) >= 0);
    }
    assert_int_equal(rio.done, 1);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(parts_do_not_squeeze_in),
    cmocka_unit_test(nothing_happens_before_the_ring),
    cmocka_unit_test(reap_obeys_its_limit),
    cmocka_unit_test(done_may_post),
    cmocka_unit_test(doorbell_economy),
    cmocka_unit_test(no_register_is_touched_by_io),
    cmocka_unit_test(sleeping_until_the_interrupt),
    cmocka_unit_test(lost_interrupts),
    cmocka_unit_test(spurious_interrupts),
    cmocka_unit_test(sleep_ends_at_the_deadline),
    cmocka_unit_test(sleep_returns_at_once),
    cmocka_unit_test(vectors_are_masked_unless_wanted),
    cmocka_unit_test(interrupts_without_vectors),
    cmocka_unit_test(interrupts_on_the_second_queue),
};

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(ring_cases) + ARRAY_SIZE(singles)] = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(ring_cases); i++) {
        tests[n++] = (struct CMUnitTest){ .name = ring_cases[i].name, .test_func = batches,
                                          .initial_state = (void *)(uintptr_t)&ring_cases[i] };
    }
    memcpy(tests + n, singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme queue", tests, NULL, NULL);
}
