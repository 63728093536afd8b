/*
 * tests/model/world.c - one schedule from its beginning to its end.
 */
#include "tests/model/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "tests/model/model_spec.h"

#define STEPS       100
#define BUFFER      (24 * 1024)
#define CALL_MAX_NS (90 * NS_PER_S) /* that any one call may keep its caller */

static void to_stderr(struct out *out, const char *text, size_t len)
{
    (void)out;
    (void)fwrite(text, 1, len, stderr);
}

_Noreturn void world_fail(struct world *w, const char *what, const char *file, int line)
{
    if (!w->quiet) {
        fprintf(stderr, "seed %llu, step %u, %s:%d: %s\n", (unsigned long long)w->seed, w->step,
                file, line, what);
        struct out out = { to_stderr };
        log_dump(&out);
    }
    longjmp(w->failed, 1);
}

uint64_t world_pick(struct world *w, uint64_t n)
{
    return rng_below(&w->rng, n);
}

void world_check_bound(struct world *w, uint64_t since_ns)
{
    WORLD_MUST(w, host_clock_peek(&w->r.clock) - since_ns < CALL_MAX_NS);
}

void world_attach(struct world *w)
{
    uint64_t began = host_clock_peek(&w->r.clock);

    WORLD_MUST(w, rig_attach(&w->r) == 0);
    world_check_bound(w, began);
    w->ns = rig_ns(&w->r, 1);
    WORLD_MUST(w, w->ns && w->ns->usable);
    rig_arm(&w->r, w->ns);
}

static void configure(struct world *w)
{
    static const unsigned entries[] = { 2, 3, 4, 7, 16, 33, 64 };
    struct model_config *cfg = &w->r.cfg;

    rig_init(&w->r);
    cfg->seed = w->seed;
    bool large = world_pick(w, 8) == 0;
    w->blocks = large ? 24 : REFERENCE_BLOCKS;
    cfg->ns[0] = (struct model_ns_config){ .nsid = 1, .blocks = w->blocks,
                                           .lbads = large ? 12 : 9 };
    cfg->mdts = (uint8_t)(world_pick(w, 16) ? 1 + world_pick(w, 3) : 0);
    cfg->dstrd = (unsigned)world_pick(w, 3);
    cfg->mqes_0b = world_pick(w, 3) ? 255 : 30;
    cfg->jitter_ns = world_pick(w, 2) * world_pick(w, 200000);
    cfg->fetch_burst = (unsigned)world_pick(w, 4);
    cfg->sqhd = (enum model_sqhd)world_pick(w, 4);
    cfg->volatile_cache = world_pick(w, 4) != 0;
    cfg->cache_loses = true;
    cfg->nssrs = true;
    cfg->sq_grant = cfg->cq_grant = 3;
    cfg->vectors = 4;
    cfg->lpa = 0;
    w->r.opt.io_entries = entries[world_pick(w, ARRAY_SIZE(entries))];
    w->r.opt.max_io_qpairs = WORLD_QPAIRS;
    w->r.opt.host_memory_bytes = 0;
    reference_init(&w->ref, (unsigned)w->blocks, cfg->volatile_cache);
}

static void begin(struct world *w)
{
    struct platform *plat;

    configure(w);
    rig_open(&w->r);
    plat = &w->r.hp->plat;
    for (unsigned i = 0; i < WORLD_OPS; i++) {
        w->ops[i].world = w;
        int err = plat->dma_alloc(plat->ctx, BUFFER, 4096, &w->ops[i].buf);
        assert(err == 0);
    }
    if (w->lie) {
        model_add_rule(w->r.hp->model, w->lie);
    }
    world_attach(w);
}

/* --- what has become of I/O ------------------------------------------------------------------- */

/* Every block of a read is one that may be there. */
static void judge_read(struct world *w, const struct world_op *op)
{
    size_t bytes = w->ns->block_bytes;
    const uint8_t *data = (uint8_t *)op->buf.va + (op->io.iova - op->buf.iova);

    for (uint32_t i = 0; i < op->io.nlb; i++) {
        const char *wrong = reference_judge(&w->ref, op->io.lba + i, data + i * bytes, bytes);
        if (wrong) {
            world_fail(w, wrong, "a read", (int)i);
        }
    }
}

static void settle(struct world *w, struct world_op *op)
{
    bool ok = op->io.err == 0;
    /* What was answered before the power was lost may be heard of later. */
    bool recent = op->power_cuts == w->power_cuts;
    bool write = op->io.opcode == NVME_IO_WRITE || op->io.opcode == NVME_IO_DSM;

    if (op->io.opcode == NVME_IO_FLUSH) {
        if (ok && recent) {
            reference_flushed(&w->ref, &op->flush);
            w->counts->flushes++;
        }
        return;
    }
    reference_end(&w->ref, op->io.lba, op->io.nlb, write);
    if (write) {
        reference_written(&w->ref, op->io.lba, op->io.nlb, op->id, ok && recent,
                          op->io.flags & NVME_IOF_FUA);
    } else if (ok && recent) {
        judge_read(w, op);
    }
}

void world_collect(struct world *w)
{
    for (unsigned i = 0; i < WORLD_OPS; i++) {
        struct world_op *op = &w->ops[i];
        WORLD_MUST(w, op->done <= (op->live ? 1 : 0));
        if (!op->done) {
            continue;
        }
        WORLD_MUST(w, !op->early);
        WORLD_MUST(w, op->io.err == 0 || w->excuse || w->weather != WORLD_FINE);
        WORLD_MUST(w, op->io.err <= 0);
        w->counts->errors += op->io.err != 0;
        settle(w, op);
        op->live = false;
        op->done = 0;
    }
}

static bool is_idle(const struct world *w)
{
    for (unsigned i = 0; i < WORLD_OPS; i++) {
        if (w->ops[i].live) {
            return false;
        }
    }
    return true;
}

void world_drain(struct world *w)
{
    uint64_t began = host_clock_peek(&w->r.clock);
    struct nvme_qpair *qp;

    while (!is_idle(w)) {
        for (unsigned i = 0; (qp = nvme_qpair_at(w->r.ctrlr, i)) != NULL; i++) {
            nvme_ring(qp);
            (void)nvme_reap(qp, 64);
        }
        world_collect(w);
        if (nvme_failed(w->r.ctrlr)) {
            world_recover(w);
        }
        host_clock_relax(&w->r.clock);
        world_check_bound(w, began);
    }
    for (unsigned i = 0; (qp = nvme_qpair_at(w->r.ctrlr, i)) != NULL; i++) {
        WORLD_MUST(w, nvme_qpair_outstanding(qp) == 0);
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

static void compare_media(struct world *w)
{
    uint8_t block[4096];
    size_t bytes = w->ns->block_bytes;

    for (uint64_t lba = 0; lba < w->blocks; lba++) {
        model_media_read(w->r.hp->model, 1, lba * bytes, block, bytes);
        const char *wrong = reference_judge(&w->ref, lba, block, bytes);
        if (wrong) {
            world_fail(w, wrong, "the media", (int)lba);
        }
    }
}

static void finish(struct world *w)
{
    struct platform *plat = &w->r.hp->plat;

    world_calm(w);
    world_drain(w);
    compare_media(w);
    if (world_pick(w, 2)) {
        model_power_cut(w->r.hp->model);
        reference_power_lost(&w->ref);
        compare_media(w);
    }
    for (unsigned i = 0; i < WORLD_OPS; i++) {
        plat->dma_free(plat->ctx, &w->ops[i].buf);
    }
    WORLD_MUST(w, rig_close(&w->r) == 0);
}

/* After a failure: nothing is judged any more, and all memory is given back. */
static void abandon(struct world *w)
{
    w->r.allow_leaks = w->r.allow_violations = true;
    if (w->r.hp) {
        model_unplug(w->r.hp->model, true);
        (void)rig_close(&w->r);
    }
}

bool world_run(uint64_t seed, const struct model_rule *lie, bool quiet,
               struct world_counts *counts)
{
    struct world *w = calloc(1, sizeof(*w));
    bool ok = false;

    assert(w);
    w->seed = seed;
    w->weather = (enum world_weather)(seed % WORLD_WEATHERS);
    w->lie = lie;
    w->quiet = quiet;
    w->counts = counts;
    rng_seed(&w->rng, seed);
    log_reset(); /* what is printed at a failure is of this schedule alone */
    if (setjmp(w->failed) == 0) {
        begin(w);
        for (w->step = 0; w->step < STEPS; w->step++) {
            world_step(w);
        }
        finish(w);
        ok = true;
    } else {
        abandon(w);
    }
    counts->schedules++;
    counts->steps += w->step;
    free(w);
    return ok;
}
