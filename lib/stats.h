/*
 * lib/stats.h - smallest, largest, mean and standard deviation of many numbers, kept exactly.
 *
 * Sums are integers of 128 bits, so the order of adding and of merging never changes a result, and
 * nothing is lost however long a run is. Rounding happens once, when a figure is asked for.
 * All zero is the empty set. One CPU at a time.
 */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"

struct stats {
    uint64_t n;
    uint64_t max;
    uint64_t max_inverted; /* the largest ~value: so zero is the right start, as for max */
    unsigned __int128 sum;
    unsigned __int128 sum_squares; /* values below 2^48 leave room for 2^32 of them */
};

/* Adds value count times; count > 0. */
hot_inline void stats_add_many(struct stats *s, uint64_t value, uint64_t count)
{
    if (unlikely(value > s->max)) {
        s->max = value;
    }
    if (unlikely(~value > s->max_inverted)) {
        s->max_inverted = ~value;
    }
    s->n += count;
    s->sum += (unsigned __int128)value * count;
    s->sum_squares += (unsigned __int128)value * value * count;
}

hot_inline void stats_add(struct stats *s, uint64_t value)
{
    if (unlikely(value > s->max)) {
        s->max = value;
    }
    if (unlikely(~value > s->max_inverted)) {
        s->max_inverted = ~value;
    }
    s->n++;
    s->sum += value;
    s->sum_squares += (unsigned __int128)value * value;
}

/* The smallest number; 0 for the empty set. */
static inline uint64_t stats_min(const struct stats *s)
{
    return s->n > 0 ? ~s->max_inverted : 0;
}

/* Adds the numbers of from to into, as if each had been added there. */
void stats_merge(struct stats *into, const struct stats *from);

/* 0 for the empty set. */
double stats_mean(const struct stats *s);

/* Of a sample (divisor n - 1), as fio's; 0 for fewer than two numbers. */
double stats_deviation(const struct stats *s);

/* The non-negative square root, correctly rounded; x >= 0. */
double stats_sqrt(double x);
