/*
 * apps/bench/pattern.h - which block comes next, and in which direction.
 *
 * A pattern is one job's own: plain memory, no locks, nothing allocated and nothing divided while
 * it runs. Units: an index counts I/Os of the job's block size from the start of its region.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "lib/rng.h"

enum bench_dir { BENCH_DIR_READ, BENCH_DIR_WRITE, BENCH_DIR_TRIM };
#define BENCH_DIRS 3

struct bench_pattern {
    bool random;
    bool every_block;      /* each block once in a pass (fio: a random map) */
    bool mixed;
    enum bench_dir dir;    /* when not mixed */
    uint64_t blocks;       /* of the region, in I/Os */
    uint64_t read_below;   /* a mixed I/O is a read if a random number is below this */
    uint64_t next[BENCH_DIRS]; /* sequential: each direction has its own place, as in fio */
    uint64_t seed;
    uint64_t pass;
    struct rng rng;
    struct rng_permutation order;
};

/* What a job asks for. */
struct bench_pattern_config {
    bool random, norandommap, reads, writes;
    unsigned rwmixread; /* percent */
    uint64_t blocks;    /* > 0 */
    uint64_t seed;
};

void bench_pattern_init(struct bench_pattern *p, const struct bench_pattern_config *config);

/* Begins another pass over the region in an order of its own. */
void bench_pattern_next_pass(struct bench_pattern *p);

hot_inline enum bench_dir bench_pattern_dir(struct bench_pattern *p)
{
    if (!p->mixed) {
        return p->dir;
    }
    return rng_next(&p->rng) < p->read_below ? BENCH_DIR_READ : BENCH_DIR_WRITE;
}

hot_inline uint64_t bench_pattern_index(struct bench_pattern *p, enum bench_dir dir)
{
    if (!p->random) {
        uint64_t index = p->next[dir];
        p->next[dir] = index + 1 < p->blocks ? index + 1 : 0;
        return index;
    }
    if (!p->every_block) {
        return rng_below(&p->rng, p->blocks);
    }
    if (unlikely(p->order.left == 0)) {
        bench_pattern_next_pass(p);
    }
    return rng_permutation_next(&p->order);
}
