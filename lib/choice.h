/*
 * lib/choice.h - random numbers that are not all equally likely, without floating point and
 * without a search when one is drawn: Walker's alias method (1977, in Vose's form of 1991).
 *
 * A choice is a list of ranges of numbers with a weight for each. Drawing takes two random words:
 * one picks a range by its weight, the other a number within it, all of a range alike. Smooth
 * distributions become ranges that are narrow where it matters: the first 64 numbers stand alone,
 * further ones share a range with at most 1/32 of their like, as in a histogram.
 *
 * Memory is taken when a choice is made. One CPU at a time.
 */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"
#include "lib/rng.h"

struct choice_range {
    uint64_t first, count; /* numbers; count > 0 */
    double weight;         /* >= 0 */
};

struct choice_slot {
    uint64_t keep_below; /* of 2^64: the slot's own range is taken below this, else the other's */
    uint64_t first, count;
    uint64_t other_first, other_count;
};

struct choice {
    struct choice_slot *slots; /* 1 << bits of them */
    unsigned bits;
};

/* From n ranges (1 .. 65536), the sum of whose weights is positive. 0, -EINVAL, -ENOMEM. */
int choice_init(struct choice *c, const struct choice_range *ranges, unsigned n) must_check;
void choice_fini(struct choice *c);

/* Zipf: of numbers 0 .. n - 1, number k is as likely as (k + 1)^-theta; theta > 0. */
int choice_init_zipf(struct choice *c, uint64_t n, double theta) must_check;

/* Pareto as fio means it: the first h * n numbers get 1 - h of the draws, and so on within them;
 * 0 < h < 1. */
int choice_init_pareto(struct choice *c, uint64_t n, double h) must_check;

/* Normal: around center * n with a deviation of deviation * n; what would fall outside is left out.
 * 0 <= center <= 1, deviation > 0. */
int choice_init_normal(struct choice *c, uint64_t n, double center, double deviation) must_check;

hot_inline uint64_t choice_next(const struct choice *c, struct rng *rng)
{
    uint64_t word = rng_next(rng);
    const struct choice_slot *slot = &c->slots[word >> (63 - c->bits) >> 1];
    if (word << c->bits < slot->keep_below) {
        return slot->first + rng_below(rng, slot->count);
    }
    return slot->other_first + rng_below(rng, slot->other_count);
}
