/*
 * apps/bench/pace.c - rates and thinking.
 */
#include "apps/bench/pace.h"

#include "lib/math.h"

#define FRACTION_BITS 32
#define ONE_SECOND (NS_PER_S << FRACTION_BITS) /* fits 64 bits: 4.3e18 */
#define CYCLE_DEFAULT_NS NS_PER_S

void bench_pace_init(struct bench_pace *p, const struct bench_pace_config *config, uint64_t now_ns)
{
    *p = (struct bench_pace){.config = *config, .busy_since_ns = now_ns, .cycle_ns = now_ns};
    if (p->config.rate_cycle_ns == 0) {
        p->config.rate_cycle_ns = CYCLE_DEFAULT_NS;
    }
    if (p->config.think_ios == 0) {
        p->config.think_ios = 1;
    }
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        p->due[d] = (unsigned __int128)now_ns << FRACTION_BITS;
        p->per_byte[d] = config->rate_bytes[d] > 0 ? ONE_SECOND / config->rate_bytes[d] : 0;
        p->per_io[d] = config->rate_iops[d] > 0 ? ONE_SECOND / config->rate_iops[d] : 0;
    }
    rng_seed(&p->rng, config->seed);
}

uint64_t bench_pace_ready_ns(struct bench_pace *p, enum bench_dir dir, unsigned in_flight,
                             uint64_t now_ns)
{
    if (p->draining) {
        if (in_flight > 0) {
            return UINT64_MAX;
        }
        /* As in fio: what is in flight is waited for, then the time of thinking begins. */
        p->draining = false;
        p->think_until_ns = now_ns + p->config.think_ns;
        p->busy_since_ns = p->think_until_ns;
    }
    uint64_t due_ns = (uint64_t)(p->due[dir] >> FRACTION_BITS);
    return MAX(due_ns, p->think_until_ns);
}

/* The time until the next arrival, whose mean is given. */
static unsigned __int128 exponential(struct rng *rng, unsigned __int128 mean)
{
    double uniform = ((double)(rng_next(rng) >> 11) + 1) / 9007199254740993.0; /* in (0, 1] */
    uint64_t factor = (uint64_t)(-math_log(uniform) * 65536);
    return (mean * factor) >> 16;
}

void bench_pace_started(struct bench_pace *p, enum bench_dir dir, uint64_t bytes, uint64_t now_ns)
{
    unsigned __int128 by_bytes = (unsigned __int128)p->per_byte[dir] * bytes;
    unsigned __int128 gap = MAX(by_bytes, (unsigned __int128)p->per_io[dir]);
    if (gap > 0) {
        p->due[dir] += p->config.poisson ? exponential(&p->rng, gap) : gap;
    }
    if (p->config.think_ns > 0) {
        p->since_think++;
        bool enough = p->config.think_after_ns > 0
                          ? now_ns >= p->busy_since_ns + p->config.think_after_ns
                          : p->since_think >= p->config.think_ios;
        if (enough) {
            p->since_think = 0;
            p->draining = true;
        }
    }
}

/* amount in spent_ns is less than least in a second. */
static bool missed(uint64_t amount, uint64_t least, uint64_t spent_ns)
{
    return (unsigned __int128)amount * NS_PER_S < (unsigned __int128)least * spent_ns;
}

bool bench_pace_min_kept(struct bench_pace *p, const uint64_t *ios, const uint64_t *bytes,
                         uint64_t now_ns, enum bench_dir *dir)
{
    uint64_t spent_ns = now_ns - p->cycle_ns;
    bool kept = true;
    if (spent_ns < p->config.rate_cycle_ns) {
        return true;
    }
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        if (missed(ios[d] - p->cycle_ios[d], p->config.rate_min_iops[d], spent_ns) ||
            missed(bytes[d] - p->cycle_bytes[d], p->config.rate_min_bytes[d], spent_ns)) {
            kept = false;
            *dir = (enum bench_dir)d;
        }
        p->cycle_ios[d] = ios[d];
        p->cycle_bytes[d] = bytes[d];
    }
    p->cycle_ns = now_ns;
    return kept;
}
