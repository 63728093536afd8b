/*
 * apps/bench/target.h - latency_target: the largest depth at which the wanted percentile of the
 * I/Os is still fast enough. A search by halves over windows of time, fed with counts; no disk and
 * no clock of its own. One CPU at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bench_target {
    uint64_t limit_ns;    /* an I/O slower than this is late */
    uint64_t window_ns;
    double percentile;    /* of the I/Os that must not be late, 0 .. 100 */
    bool run_on;          /* latency_run: keep the depth that was found, and the run */
    unsigned depth;       /* now */
    unsigned known_good;  /* the largest depth that has passed; 0: none yet */
    unsigned known_bad;   /* the smallest that has failed; max_depth + 1: none yet */
    unsigned max_depth;
    uint64_t window_start_ns;
    uint64_t ios, late;   /* in this window */
    bool settled;
};

enum bench_target_verdict {
    BENCH_TARGET_GO_ON,
    BENCH_TARGET_NEW_DEPTH, /* what is in flight shall drain, then the next window begins */
    BENCH_TARGET_FOUND,     /* depth is the answer */
    BENCH_TARGET_FAILED,    /* not even depth 1 is fast enough */
};

void bench_target_init(struct bench_target *t, uint64_t limit_ns, uint64_t window_ns,
                       double percentile, unsigned max_depth, bool run_on, uint64_t now_ns);

/* An I/O took so long. */
static inline void bench_target_count(struct bench_target *t, uint64_t latency_ns)
{
    t->ios++;
    t->late += latency_ns > t->limit_ns;
}

/* To be asked now and then; judges each window once, when it is over. */
enum bench_target_verdict bench_target_judge(struct bench_target *t, uint64_t now_ns);
