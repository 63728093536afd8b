/*
 * apps/bench/pattern.c - sets up the order of a job's I/Os.
 *
 * fio marks the blocks of a pass in a bitmap and searches it for a free one; a 4 TB disk in 4 KiB
 * blocks needs 128 MiB for each job. A permutation needs no memory, touches no cache line of a
 * map, and the last block of a pass costs as much as the first. Blocks come in another order than
 * fio's, and each comes exactly once.
 */
#include "apps/bench/pattern.h"

#include "lib/assert.h"

void bench_pattern_init(struct bench_pattern *p, const struct bench_pattern_config *config)
{
    assert(config->blocks > 0 && (config->reads || config->writes) && config->rwmixread <= 100);
    *p = (struct bench_pattern){
        .random = config->random,
        .every_block = !config->norandommap,
        .mixed = config->reads && config->writes,
        .dir = config->reads ? BENCH_DIR_READ : BENCH_DIR_WRITE,
        .blocks = config->blocks,
        .seed = config->seed,
    };
    /* 100 % must be every number, which a limit of 64 bits cannot say: then it is not a mix. */
    if (p->mixed && config->rwmixread % 100 == 0) {
        p->mixed = false;
        p->dir = config->rwmixread == 100 ? BENCH_DIR_READ : BENCH_DIR_WRITE;
    }
    p->read_below = UINT64_MAX / 100 * config->rwmixread;
    rng_seed(&p->rng, config->seed);
    rng_permutation_init(&p->order, p->blocks, rng_mix(p->seed, p->pass));
}

void bench_pattern_next_pass(struct bench_pattern *p)
{
    p->pass++;
    rng_permutation_init(&p->order, p->blocks, rng_mix(p->seed, p->pass));
}
