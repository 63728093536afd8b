/*
 * apps/bench/steady.h - steadystate: has a rate stopped changing? One sample a second goes into a
 * window of ss_dur; when the window is full, either all of its samples must lie close to their
 * mean, or the slope of the straight line through them must be small. CPU 0 only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

#define BENCH_STEADY_MAX_SAMPLES 3600
#define BENCH_STEADY_INTERVAL_NS NS_PER_S

struct bench_steady_config {
    bool bandwidth;       /* else IOPS */
    bool slope;           /* else the largest deviation from the mean */
    bool percent;         /* limit is in percent of the mean */
    double limit;
    uint64_t duration_ns; /* of the window; 2 samples at least */
    uint64_t ramp_ns;     /* before the first sample */
};

struct bench_steady_sample {
    uint64_t iops, bw_kib;
};

struct bench_steady {
    struct bench_steady_config config;
    unsigned window;  /* samples */
    unsigned count;   /* in the window now */
    unsigned next;    /* place of the next one; the oldest, once the window is full */
    uint64_t start_ns;
    uint64_t sampled_ns;
    uint64_t ios, bytes; /* at the last sample */
    bool attained;
    double mean, deviation, slope; /* of the last full window; deviation and slope in percent of
                                      the mean if config.percent */
    struct bench_steady_sample *samples; /* window of them */
};

/* 0, -EINVAL (a window of fewer than 2 or more than BENCH_STEADY_MAX_SAMPLES samples), -ENOMEM. */
int bench_steady_init(struct bench_steady *s, const struct bench_steady_config *config,
                      uint64_t now_ns) must_check;
void bench_steady_fini(struct bench_steady *s);

/* Everything done so far, as often as the caller likes. True once the state is steady. */
bool bench_steady_update(struct bench_steady *s, uint64_t ios, uint64_t bytes, uint64_t now_ns);

/* Sample i of the window, the oldest first; i < count. */
const struct bench_steady_sample *bench_steady_at(const struct bench_steady *s, unsigned i);
