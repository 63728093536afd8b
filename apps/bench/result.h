/*
 * apps/bench/result.h - what was measured, as plain numbers: filled in by the workers, added up for
 * groups, and turned into text by report.h. Times are nanoseconds unless a name says otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/options.h"
#include "apps/bench/pattern.h"
#include "lib/histogram.h"
#include "lib/stats.h"

/* I/Os in flight when one was posted: 1, 2-3, 4-7, 8-15, 16-31, 32-63, 64 and more. */
#define BENCH_DEPTH_LEVELS 7
/* I/Os of one doorbell or one reaping: 0, 1-4, 5-8, 9-16, 17-32, 33-64, more. */
#define BENCH_BATCH_LEVELS 7

/* Samples taken in windows of 500 ms. Adding jobs adds their rates, so a group keeps the sums of
 * the jobs' figures and not their samples, as fio does. */
struct bench_samples {
    double min, max, mean;
    double squares; /* sum of squared deviations */
    uint64_t n;
};

/* One direction of one job, or of a group. */
struct bench_dir_result {
    uint64_t ios;
    uint64_t bytes;
    uint64_t runtime_ms; /* of a group: the longest */
    struct stats slat;   /* chosen until the doorbell */
    struct stats clat;   /* the doorbell until it was reaped */
    struct stats lat;    /* both */
    struct histogram clat_histogram;
    struct histogram slat_histogram, lat_histogram; /* if slat_, lat_percentiles are wanted */
    struct bench_samples bw_kib; /* KiB/s */
    struct bench_samples iops;
};

/* What the driver and the CPU had to do, for figures per I/O. The counts are the queue's: jobs that
 * share one have them in common, and each has them all, so ratios stay right when added up. */
struct bench_queue_counts {
    uint64_t commands;   /* completed by the queue */
    uint64_t doorbells;  /* submission and completion queue together */
    uint64_t interrupts;
    /* one turn of the loop in 64 is timed */
    uint64_t timed_ios;
    uint64_t reap_ns;    /* reaping and accounting of those */
    uint64_t submit_ns;  /* choosing, posting, ringing */
};

struct bench_result {
    struct bench_dir_result dir[BENCH_DIRS];
    uint64_t depth[BENCH_DEPTH_LEVELS];
    uint64_t submit[BENCH_BATCH_LEVELS];
    uint64_t complete[BENCH_BATCH_LEVELS];
    uint64_t submits, completes; /* how often something was submitted, completed */
    uint64_t run_ns;     /* summed over the jobs */
    uint64_t asleep_ns;
    uint64_t interrupts; /* of the queues, while the jobs ran */
    struct bench_queue_counts queue;
    struct bench_dir_result sync; /* flushes: ios, lat and clat_histogram (of lat) only */
    uint64_t errors;     /* I/Os that failed and were passed over (continue_on_error) */
    int first_error;     /* of those, a negative errno */
    unsigned latency_depth; /* that latency_target found, or the depth */
    bool latency_target_failed; /* not even depth 1 was fast enough */
    unsigned jobs;
    int err;             /* the first job's that had one: 0 or a negative errno */
    uint16_t status;     /* NVMe status of the failing command */
    uint64_t err_lba;
    bool latencies;      /* they were measured */
};

hot_inline unsigned bench_depth_level(unsigned in_flight)
{
    unsigned level = 31 - (unsigned)__builtin_clz(in_flight | 1);
    return MIN(level, BENCH_DEPTH_LEVELS - 1u);
}

hot_inline unsigned bench_batch_level(unsigned n)
{
    if (n <= 4) {
        return n > 0;
    }
    unsigned level = 31 - (unsigned)__builtin_clz(n - 1);
    return MIN(level, BENCH_BATCH_LEVELS - 1u);
}

void bench_samples_add(struct bench_samples *s, double value);
double bench_samples_deviation(const struct bench_samples *s);

/* counts minus what was counted before. */
void bench_counts_since(struct bench_queue_counts *counts, const struct bench_queue_counts *before);

/* Adds the result of one job to that of its group. */
void bench_result_merge(struct bench_result *into, const struct bench_result *from);

/* All directions of a result as one. in_turn: they did not run at the same time, but one after the
 * other. Deviations of rates are those of independent directions. */
void bench_result_unify(const struct bench_result *r, bool in_turn, struct bench_dir_result *out);

/* Forgets everything measured so far (at the end of ramp_time); jobs, latencies, an error stay. */
void bench_result_clear(struct bench_result *r);

/* amount per second after ms milliseconds; 0 if ms is 0. */
uint64_t bench_per_second(uint64_t amount, uint64_t ms);

/* Bytes and I/Os per second, from whole milliseconds as fio does; 0 if it never ran. */
uint64_t bench_dir_bytes_per_s(const struct bench_dir_result *d);
uint64_t bench_dir_iops(const struct bench_dir_result *d);
