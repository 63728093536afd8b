/*
 * apps/bench/figures.h - the figures that fio derives from a result and that all output formats
 * show alike. Pure.
 */
#pragma once

#include <stdint.h>

#include "apps/bench/result.h"

/* Levels of latency: up to 2, 4, 10 ... 1000 of ns and of us, of ms also 2000 and above. */
#define BENCH_LAT_BOUNDS 10
#define BENCH_LAT_MS_LEVELS (BENCH_LAT_BOUNDS + 2)
#define BENCH_LAT_LEVELS (2 * BENCH_LAT_BOUNDS + BENCH_LAT_MS_LEVELS)

/* 2, 4, 10 ... 1000: the bounds of a scale in its unit. */
extern const uint64_t bench_lat_bounds[BENCH_LAT_BOUNDS];

/* What the level counts of a unit in fio's three ways of labelling. */
extern const char *const bench_depth_labels[BENCH_DEPTH_LEVELS];
extern const char *const bench_batch_labels[BENCH_BATCH_LEVELS];

/* "read", "write", "trim", and "mixed" for all of them together. */
extern const char *const bench_dir_names[BENCH_DIRS + 1];

/* A part of a whole in percent; what is there at all is not shown as less than at_least. */
double bench_percent(uint64_t part, uint64_t whole, double at_least);

/* Percent of the I/Os whose completion latency lies in each level: those of ns first. */
void bench_lat_levels(const struct bench_result *r, double percent[BENCH_LAT_LEVELS]);

/* Percent of the time in which the jobs' CPUs were awake. */
double bench_cpu_percent(const struct bench_result *r);

/* How many I/Os were put in flight in all. */
uint64_t bench_posted(const struct bench_result *r);

/* The mean bandwidth of a unit as a percentage of its group's, which did group_bytes in
 * group_run_ms; at most 100. */
double bench_share_percent(const struct bench_dir_result *d, uint64_t group_bytes,
                           uint64_t group_run_ms);

/* How many samples there must be for a percentile (as in lib/histogram.h) to be one of them rather
 * than merely the largest: 10^4 for 99.99, 10^6 for 99.9999. */
uint64_t bench_samples_needed(uint64_t percentile);
