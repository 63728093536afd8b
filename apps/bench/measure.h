/*
 * apps/bench/measure.h - one job, run quietly for its figures: what `bench sweep` and `bench
 * quick` are made of.
 */
#pragma once

#include "apps/bench/options.h"
#include "apps/bench/result.h"
#include "apps/shell/shell.h"
#include "lib/compiler.h"

/* Sets an option from a word; what is wrong with it is said as the command's explanation, and an
 * ignored one is noted at once. 0 or -EINVAL. */
int bench_measure_set(struct shell *sh, const char *command, struct bench_options *opt,
                      const char *word) must_check;

/* All directions of a job together. */
struct bench_measure {
    struct bench_result result;   /* of all its clones */
    uint64_t iops;
    uint64_t bytes_per_s;
    double mean_ns;
    uint64_t p50_ns, p99_ns, p999_ns; /* of clat */
};

/* Runs the job and fills in *out. 0, -EINTR (Ctrl-C; *out is of the time until then), or an error
 * that has been said; a job that ended with an error counts as one. */
int bench_measure(struct shell *sh, const char *command, const struct bench_options *opt,
                  struct bench_measure *out) must_check;
