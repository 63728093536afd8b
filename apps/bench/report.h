/*
 * apps/bench/report.h - results as fio's normal output shows them: same lines, same units, same
 * spelling, so that scripts that read fio read this. docs/bench.md lists where it differs.
 *
 * Pure: numbers in, text out.
 */
#pragma once

#include <stdint.h>

#include "apps/bench/options.h"
#include "apps/bench/result.h"
#include "apps/bench/steady.h"
#include "lib/out.h"

/* What one block of the report is about: a job, or a group of them. */
struct bench_report_unit {
    const char *name;
    unsigned group;
    unsigned cpu;       /* of the first job; printed where fio has a process number */
    uint64_t ended_ns;  /* since power-on */
    uint64_t tsc_hz;    /* cycles in a second; 0: not told */
    const struct bench_options *opt; /* of the first job */
    const struct bench_result *result;
    const struct bench_dir_result *mixed; /* all directions together; NULL: not asked for */
    const struct bench_steady *steady; /* NULL: not asked for */
};

/* What is reported of a unit: each direction, and all of them together. */
#define BENCH_MIXED BENCH_DIRS
#define BENCH_REPORTED (BENCH_DIRS + 1)

/* The sums of a "Run status group". All zero at first. */
struct bench_report_group {
    const struct bench_options *opt; /* of its first unit */
    struct bench_report_sums {
        uint64_t bytes;
        uint64_t min_rate, max_rate;     /* bytes/s */
        uint64_t min_run_ms, max_run_ms;
        unsigned units;
    } dir[BENCH_REPORTED];
};

/* What the unit reports of a direction or of BENCH_MIXED, by its unified_rw_reporting; NULL:
 * nothing. */
const struct bench_dir_result *bench_unit_dir(const struct bench_report_unit *unit, unsigned dir);

/* "job: (g=0): rw=randread, bs=..., iodepth=32", and "..." when there are clones. */
void bench_report_header(struct out *out, const struct bench_options *opt, unsigned group);

/* Counts a unit in its group. Every unit is added before the first one is printed. */
void bench_report_add(struct bench_report_group *group, const struct bench_report_unit *unit);

/* The block of one unit; group is complete. */
void bench_report_unit(struct out *out, const struct bench_report_unit *unit,
                       const struct bench_report_group *group);

/* "Run status group 0 (all jobs):" and its lines. */
void bench_report_status(struct out *out, unsigned number, const struct bench_report_group *group);
