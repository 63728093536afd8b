/*
 * apps/bench/pace.h - when the next I/O may start: rates, arrival processes, thinking.
 *
 * Pure bookkeeping on times that the caller brings, so it is tested without a disk. One CPU at a
 * time. Time is kept in units of 2^-32 ns, so that no rate drifts however long it is kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/pattern.h"
#include "lib/compiler.h"
#include "lib/rng.h"

struct bench_pace_config {
    uint64_t rate_bytes[BENCH_DIRS]; /* per second; 0: no limit */
    uint64_t rate_iops[BENCH_DIRS];
    uint64_t rate_min_bytes[BENCH_DIRS]; /* less than this in a cycle ends the job; 0: anything */
    uint64_t rate_min_iops[BENCH_DIRS];
    uint64_t rate_cycle_ns;
    bool poisson;                    /* times between I/Os are exponential, not equal */
    uint64_t think_ns;               /* 0: no thinking */
    uint64_t think_ios;              /* after so many, > 0 */
    uint64_t think_after_ns;         /* or after so long, when > 0 */
    uint64_t seed;
};

struct bench_pace {
    struct bench_pace_config config;
    unsigned __int128 due[BENCH_DIRS]; /* when the direction's next I/O may start */
    uint64_t per_byte[BENCH_DIRS], per_io[BENCH_DIRS];
    struct rng rng;
    /* thinking */
    uint64_t since_think;      /* I/Os started */
    uint64_t busy_since_ns;
    uint64_t think_until_ns;
    bool draining;             /* nothing is started until nothing is in flight */
    /* the smallest rate */
    uint64_t cycle_ns;         /* when the cycle began */
    uint64_t cycle_ios[BENCH_DIRS], cycle_bytes[BENCH_DIRS];
};

void bench_pace_init(struct bench_pace *p, const struct bench_pace_config *config,
                     uint64_t now_ns);

/* From when on an I/O of this direction may start: a time not after now_ns means at once,
 * UINT64_MAX that something in flight must end first. */
uint64_t bench_pace_ready_ns(struct bench_pace *p, enum bench_dir dir, unsigned in_flight,
                             uint64_t now_ns);

/* One was started. */
void bench_pace_started(struct bench_pace *p, enum bench_dir dir, uint64_t bytes,
                        uint64_t now_ns);

/* Given everything done so far, now and then: false when the smallest rate was missed in a cycle
 * that has just ended; *dir is then the direction. */
bool bench_pace_min_kept(struct bench_pace *p, const uint64_t *ios, const uint64_t *bytes,
                         uint64_t now_ns, enum bench_dir *dir);
