/*
 * tests/unit/test_nvme_random.c - random schedules: post, ring, reap, let time pass, break things,
 * reset; against an array that says what the media must hold. A failure names its seed; run with
 * that number as the argument to repeat it alone.
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
#include "lib/rng.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

#define BLOCKS 256
#define OPS    24
#define STEPS  120

enum weather { FINE, REFUSALS, LOSSES, FATAL, WRONG_IDS, WEATHERS };

struct op {
    struct rig_io rio;
    bool live;
};

struct world {
    struct rig r;
    struct rng rng;
    enum weather weather;
    struct nvme_ns *ns;
    struct nvme_qpair *qp;
    uint8_t *media;      /* what each block must hold */
    bool sure[BLOCKS];   /* ... unless a write to it ended with an error */
    uint8_t writers[BLOCKS], readers[BLOCKS];
    struct op ops[OPS];
    unsigned ios, recoveries;
};

static uint64_t pick(struct world *w, uint64_t n)
{
    return rng_below(&w->rng, n);
}

static void world_start(struct world *w, uint64_t seed)
{
    static const unsigned entries[] = { 2, 3, 4, 7, 16, 33, 64 };
    struct model_config *cfg = &w->r.cfg;

    rng_seed(&w->rng, seed);
    rig_init(&w->r);
    w->weather = seed % WEATHERS;
    cfg->seed = seed;
    cfg->ns[0] = (struct model_ns_config){ .nsid = 1, .blocks = BLOCKS,
                                           .lbads = pick(w, 4) ? 9 : 12 };
    cfg->mdts = (uint8_t)pick(w, 4);
    cfg->dstrd = (unsigned)pick(w, 3);
    cfg->mqes_0b = 255;
    cfg->jitter_ns = pick(w, 2) * pick(w, 200000);
    cfg->fetch_burst = (unsigned)pick(w, 4);
    w->r.opt.io_entries = entries[pick(w, ARRAY_SIZE(entries))];
    w->r.opt.max_io_qpairs = 1;
    rig_open(&w->r);
    assert_int_equal(rig_attach(&w->r), 0);
    w->ns = rig_ns(&w->r, 1);
    w->qp = rig_qp(&w->r);
    rig_arm(&w->r, w->ns);
    w->media = calloc(BLOCKS, w->ns->block_bytes);
    memset(w->sure, true, sizeof(w->sure));
}

static bool is_write(const struct op *op)
{
    return op->rio.io.opcode == NVME_IO_WRITE;
}

/* Overlapping reads are fine; a write has its blocks for itself, so that there is one right answer.
 */
static bool is_free(const struct world *w, uint64_t lba, uint32_t nlb, bool write)
{
    for (uint64_t b = lba; b < lba + nlb; b++) {
        if (w->writers[b] || (write && w->readers[b])) {
            return false;
        }
    }
    return true;
}

static void occupy(struct world *w, const struct op *op, int by)
{
    for (uint32_t i = 0; i < op->rio.io.nlb; i++) {
        uint8_t *count = is_write(op) ? w->writers : w->readers;
        count[op->rio.io.lba + i] = (uint8_t)(count[op->rio.io.lba + i] + by);
    }
}

static void start_one(struct world *w)
{
    struct op *op = &w->ops[pick(w, OPS)];
    bool write = pick(w, 2);
    uint64_t lba = pick(w, BLOCKS);
    uint64_t most = MIN((uint64_t)40, BLOCKS - lba);
    uint64_t fits = (uint64_t)w->ns->max_blocks * nvme_qpair_depth(w->qp);
    uint32_t nlb = (uint32_t)(1 + pick(w, MIN(most, fits)));

    if (op->live || !is_free(w, lba, nlb, write)) {
        return;
    }
    rig_io_make(&w->r, &op->rio, w->ns, write ? NVME_IO_WRITE : NVME_IO_READ, lba, nlb,
                pick(w, 1100) * 4);
    if (write) {
        rig_pattern(rig_io_data(&op->rio), (size_t)nlb * w->ns->block_bytes, rng_next(&w->rng));
    }
    int err = nvme_post(w->qp, &op->rio.io);
    if (err) {
        assert_true(err == -EAGAIN || (err == -ESHUTDOWN && nvme_failed(w->r.ctrlr)));
        rig_io_free(&w->r, &op->rio);
        return;
    }
    op->live = true;
    occupy(w, op, 1);
    w->ios++;
}

/* What an I/O that has ended says about the media. */
static void settle(struct world *w, struct op *op)
{
    size_t block_bytes = w->ns->block_bytes;

    for (uint32_t i = 0; i < op->rio.io.nlb; i++) {
        uint64_t lba = op->rio.io.lba + i;
        uint8_t *expected = w->media + lba * block_bytes;
        const uint8_t *data = rig_io_data(&op->rio) + i * block_bytes;
        if (op->rio.io.err) {
            w->sure[lba] &= !is_write(op);
        } else if (is_write(op) || !w->sure[lba]) {
            memcpy(expected, data, block_bytes);
            w->sure[lba] = true;
        } else {
            assert_memory_equal(data, expected, block_bytes);
        }
    }
}

static void collect(struct world *w)
{
    for (unsigned i = 0; i < OPS; i++) {
        struct op *op = &w->ops[i];
        assert_true(op->rio.done <= 1);
        if (op->live && op->rio.done) {
            assert_false(op->rio.done_early);
            assert_true(op->rio.io.err == 0 || w->weather != FINE || w->recoveries);
            occupy(w, op, -1);
            settle(w, op);
            rig_io_free(&w->r, &op->rio);
            memset(op, 0, sizeof(*op));
        }
    }
}

static void make_weather(struct world *w)
{
    struct model_rule rule = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                               .nth = (unsigned)(1 + pick(w, 8)),
                               .count = (unsigned)(1 + pick(w, 3)) };
    switch (w->weather) {
    case REFUSALS:
        rule.action = MODEL_DO_STATUS;
        rule.value = pick(w, 2) ? ST_UNRECOVERED_READ : ST_INTERNAL | ST_DNR;
        break;
    case LOSSES:
        rule.action = pick(w, 2) ? MODEL_DO_DROP : MODEL_DO_DELAY;
        rule.value = pick(w, 5000) * NS_PER_MS;
        break;
    case FATAL:
        rule.action = MODEL_DO_CFS;
        rule.count = 1;
        break;
    case WRONG_IDS:
        rule.action = pick(w, 2) ? MODEL_DO_CID : MODEL_DO_TORN;
        rule.value = rule.action == MODEL_DO_CID ? 1000 + pick(w, 60000) : 500;
        break;
    default:
        return;
    }
    model_clear_rules(w->r.hp->model);
    model_add_rule(w->r.hp->model, &rule);
}

static void recover(struct world *w)
{
    model_clear_rules(w->r.hp->model);
    assert_int_equal(nvme_recover(w->r.ctrlr), 0);
    assert_false(w->ns->armed); /* arming ends at a reset */
    rig_arm(&w->r, w->ns);
    w->recoveries++;
    for (unsigned i = 0; i < OPS; i++) {
        assert_true(!w->ops[i].live || w->ops[i].rio.done == 1);
    }
    collect(w);
    assert_int_equal(nvme_qpair_outstanding(w->qp), 0);
}

static void one_step(struct world *w)
{
    uint64_t dice = pick(w, 100);

    if (dice < 50) {
        start_one(w);
    } else if (dice < 65) {
        nvme_ring(w->qp);
    } else if (dice < 85) {
        nvme_reap(w->qp, (unsigned)(1 + pick(w, 12)));
        collect(w);
    } else if (dice < 96) {
        uint64_t ns = pick(w, 20) ? pick(w, 100000) : pick(w, 3 * NS_PER_S);
        /* What the device was never told of may well time out. */
        nvme_ring(w->qp);
        host_clock_run_until(&w->r.clock, host_clock_peek(&w->r.clock) + ns);
    } else if (dice < 98) {
        make_weather(w);
    } else if (dice < 99 && w->weather != FINE) {
        recover(w);
    }
    if (nvme_failed(w->r.ctrlr)) {
        assert_int_not_equal(w->weather, FINE);
        recover(w);
    }
}

static void finish(struct world *w)
{
    bool left = true;
    model_clear_rules(w->r.hp->model);
    for (int turns = 0; left && turns < 100000; turns++) {
        nvme_ring(w->qp);
        if (nvme_reap(w->qp, 64) < 0) {
            recover(w);
        }
        collect(w);
        host_clock_relax(&w->r.clock);
        left = nvme_qpair_outstanding(w->qp) > 0;
    }
    assert_false(left);
    uint8_t block[4096];
    for (uint64_t lba = 0; lba < BLOCKS; lba++) {
        model_media_read(w->r.hp->model, 1, lba * w->ns->block_bytes, block, w->ns->block_bytes);
        if (w->sure[lba]) {
            assert_memory_equal(block, w->media + lba * w->ns->block_bytes, w->ns->block_bytes);
        }
    }
    free(w->media);
    assert_int_equal(rig_close(&w->r), 0);
}

static void run_schedule(uint64_t seed)
{
    struct world *w = calloc(1, sizeof(*w));
    world_start(w, seed);
    for (int i = 0; i < STEPS; i++) {
        one_step(w);
    }
    finish(w);
    free(w);
}

static uint64_t only_seed = UINT64_MAX;
static uint64_t current_seed;

static void schedules(void **state)
{
    uint64_t weather = (uint64_t)(uintptr_t)*state;
    if (only_seed != UINT64_MAX) {
        if (only_seed % WEATHERS == weather) {
            run_schedule(only_seed);
        }
        return;
    }
    for (current_seed = weather; current_seed < 400 * WEATHERS; current_seed += WEATHERS) {
        run_schedule(current_seed);
    }
}

static int name_seed(void **state)
{
    (void)state;
    if (current_seed < 400 * WEATHERS) {
        fprintf(stderr, "the seed was %llu\n", (unsigned long long)current_seed);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const names[WEATHERS] = { "fine", "refusals", "losses", "fatal statuses",
                                                 "wrong identifiers and torn completions" };
    struct CMUnitTest tests[WEATHERS] = { 0 };

    if (argc > 1) {
        only_seed = strtoull(argv[1], NULL, 0);
    }
    for (uintptr_t i = 0; i < WEATHERS; i++) {
        tests[i] = (struct CMUnitTest){ .name = names[i], .test_func = schedules,
                                        .teardown_func = name_seed, .initial_state = (void *)i };
    }
    return cmocka_run_group_tests_name("nvme random schedules", tests, NULL, NULL);
}
