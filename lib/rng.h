/*
 * lib/rng.h - random numbers for offsets, mixes and data: fast, repeatable from a seed, and no
 * good for secrets. And permutations: every number below n exactly once, in an order that looks
 * random, without a map of what was visited.
 *
 * One CPU at a time; no memory but the structures.
 */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"

/* xoroshiro128++ (Blackman and Vigna, 2019): period 2^128 - 1. */
struct rng {
    uint64_t s[2];
};

/* Any seed will do, also 0; equal seeds give equal sequences. */
void rng_seed(struct rng *rng, uint64_t seed);

/* A number that differs in about half its bits for each x and each salt: seeds from seeds. */
uint64_t rng_mix(uint64_t x, uint64_t salt);

hot_inline uint64_t rng_next(struct rng *rng)
{
    uint64_t a = rng->s[0];
    uint64_t b = rng->s[1];
    uint64_t sum = a + b;
    uint64_t result = (sum << 17 | sum >> 47) + a;
    b ^= a;
    rng->s[0] = (a << 49 | a >> 15) ^ b ^ (b << 21);
    rng->s[1] = b << 28 | b >> 36;
    return result;
}

/* A number below n, n > 0. Multiplying takes the place of dividing; the numbers' chances differ by
 * less than n / 2^64. */
hot_inline uint64_t rng_below(struct rng *rng, uint64_t n)
{
    return (uint64_t)((unsigned __int128)rng_next(rng) * n >> 64);
}

/* Fills len bytes with random data. */
void rng_fill(struct rng *rng, void *buf, uint64_t len);

/*
 * All numbers 0 .. n - 1 once. A linear congruential generator modulo the power of two at or above
 * n visits each of its states once (Hull and Dobell: odd increment, multiplier 1 modulo 4); its
 * state is scrambled by an invertible function, because its low bits alone are a poor sequence;
 * what falls outside n is skipped, on average less than one number for each that is used.
 */
struct rng_permutation {
    uint64_t n;
    uint64_t mask;  /* of the power of two */
    uint64_t state;
    uint64_t increment, multiplier;
    uint64_t scramble; /* odd */
    uint64_t left;  /* numbers not yet given in this pass */
    unsigned shift;
};

/* n > 0. Each seed gives an order of its own. */
void rng_permutation_init(struct rng_permutation *p, uint64_t n, uint64_t seed);

/* What number x becomes when numbers are scattered in this order: each of 0 .. n - 1 becomes
 * another one of them. Does not belong to a pass. */
hot_inline uint64_t rng_permutation_of(const struct rng_permutation *p, uint64_t x)
{
    /* Each step is invertible below the power of two; walking on until below n keeps it so. */
    do {
        x = (x * p->multiplier + p->increment) & p->mask;
        x ^= x >> p->shift;
        x = (x * p->scramble) & p->mask;
        x ^= x >> p->shift;
    } while (x >= p->n);
    return x;
}

/* The next state as a number, which may be n or above: then this is the next one that is not. */
uint64_t rng_permutation_skip(struct rng_permutation *p);

hot_inline uint64_t rng_permutation_step(struct rng_permutation *p)
{
    uint64_t x = (p->state * p->multiplier + p->increment) & p->mask;
    p->state = x;
    x ^= x >> p->shift;
    x = (x * p->scramble) & p->mask;
    return x ^ (x >> p->shift);
}

/* The next number; only while p->left > 0. */
hot_inline uint64_t rng_permutation_next(struct rng_permutation *p)
{
    p->left--;
    uint64_t x = rng_permutation_step(p);
    return likely(x < p->n) ? x : rng_permutation_skip(p);
}
