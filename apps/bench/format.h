/*
 * apps/bench/format.h - numbers in the spelling of fio's normal output. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/options.h"

#define BENCH_NUMBER_BYTES 32

/* A number short enough for width characters: as it is, or divided by 1000 (binary: by 1024) until
 * its whole part fits, with as many decimals as then have room: 135k, 53.2Mi, 9618. A last digit is
 * rounded, up into the whole part where needed. unit ("B", "B/s", "") is appended. Returns buf,
 * which has BENCH_NUMBER_BYTES. */
const char *bench_format_number(char *buf, uint64_t value, unsigned width, bool binary,
                                const char *unit);

/* How a job wants its rates and amounts: significant_figures, kb_base, unit_base. */
struct bench_number_style {
    unsigned width;
    bool decimal_first; /* powers of 1000 stand first, those of 1024 in parentheses */
    bool bits;          /* rates count bits */
};
struct bench_number_style bench_number_style_of(const struct bench_options *opt);

/* "527MiB/s", or with binary false "552MB/s". Returns buf, which has BENCH_NUMBER_BYTES. */
const char *bench_format_rate(char *buf, uint64_t bytes_per_s,
                              const struct bench_number_style *style, bool binary);

/* The unit of time in which a line of figures is printed. */
struct bench_time_unit {
    const char *name;    /* "nsec" */
    uint64_t divisor;    /* nanoseconds in one */
};

/* For min, max, deviation of latencies. */
struct bench_time_unit bench_latency_unit(uint64_t min_ns, uint64_t max_ns, double deviation_ns);
/* For a table of percentiles whose smallest and largest are these. */
struct bench_time_unit bench_percentile_unit(uint64_t smallest_ns, uint64_t largest_ns);

/* "99.95" or " 1.00": a percentile in millionths of a percent with that many decimals; two
 * characters before the point. Returns buf. */
const char *bench_format_percentile(char *buf, uint64_t value, unsigned decimals);

/* How many percentiles fio puts on one line. */
unsigned bench_percentiles_per_line(unsigned decimals);

/* "01d:02h:03m:04s", days and hours only where there are any. Returns buf. */
const char *bench_format_eta(char *buf, uint64_t seconds);
