/*
 * lib/histogram.h - counts of values in buckets whose width grows with the value, so that any
 * latency is known to 1/128 with a fixed amount of memory. The buckets are those of fio (29 groups
 * of 64), so the numbers may be compared with fio's bin by bin.
 *
 * Values below 128 have a bucket each. A value whose highest set bit is n, n >= 7, is kept to the
 * 6 bits below that bit. What is above the last bucket's range is counted in the last bucket.
 * A histogram belongs to one CPU at a time; it is plain memory, all zero when empty.
 */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"

#define HISTOGRAM_GROUP_BITS 6
#define HISTOGRAM_GROUPS 29
#define HISTOGRAM_BUCKETS (HISTOGRAM_GROUPS << HISTOGRAM_GROUP_BITS)

/* 100 % of a percentile: a percentile is given in millionths of a percent, so 99.9 is 99900000. */
#define HISTOGRAM_PERCENT UINT64_C(1000000)

struct histogram {
    uint64_t count[HISTOGRAM_BUCKETS];
};

hot_inline unsigned histogram_index(uint64_t value)
{
    /* Or-ing in bit 6 makes the exact buckets fall out of the same formula, without a branch. */
    unsigned shift = 63 - HISTOGRAM_GROUP_BITS -
                     (unsigned)__builtin_clzll(value | (1U << HISTOGRAM_GROUP_BITS));
    uint64_t index = ((uint64_t)shift << HISTOGRAM_GROUP_BITS) + (value >> shift);
    return index < HISTOGRAM_BUCKETS ? (unsigned)index : HISTOGRAM_BUCKETS - 1;
}

hot_inline void histogram_add(struct histogram *h, uint64_t value)
{
    h->count[histogram_index(value)]++;
}

/* The value a bucket stands for, the middle of its range; index < HISTOGRAM_BUCKETS. */
uint64_t histogram_value(unsigned index);

/* The smallest value counted in a bucket. */
uint64_t histogram_lowest(unsigned index);

uint64_t histogram_total(const struct histogram *h);

/* Adds the counts of from to into. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* How many values were below limit; a bucket that limit lies within counts by its middle. */
uint64_t histogram_below(const struct histogram *h, uint64_t limit);

/* out[i] = value of the first bucket at which the running sum reaches percentile[i] of the total.
 * percentile: n of them in ascending order, in units of 1 / HISTOGRAM_PERCENT percent, at most
 * 100 %. The sums are compared exactly. With nothing counted, every out[i] is 0. */
void histogram_percentiles(const struct histogram *h, const uint64_t *percentile, unsigned n,
                           uint64_t *out);
