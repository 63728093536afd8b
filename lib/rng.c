/*
 * lib/rng.c - seeding; the generators themselves are in the header, for the hot loop.
 */
#include "lib/rng.h"

#include "lib/assert.h"
#include "lib/string.h"

/* SplitMix64 (Steele, Lea and Flood, 2014): its output function, one step per salt. */
#define SPLITMIX_GAMMA UINT64_C(0x9e3779b97f4a7c15)

uint64_t rng_mix(uint64_t x, uint64_t salt)
{
    x += SPLITMIX_GAMMA * (salt + 1);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

void rng_seed(struct rng *rng, uint64_t seed)
{
    rng->s[0] = rng_mix(seed, 0);
    rng->s[1] = rng_mix(seed, 1);
    if (rng->s[0] == 0 && rng->s[1] == 0) {
        rng->s[0] = SPLITMIX_GAMMA; /* the one state the generator cannot leave */
    }
}

void rng_fill(struct rng *rng, void *buf, uint64_t len)
{
    uint8_t *at = buf;
    while (len > 0) {
        uint64_t word = rng_next(rng);
        uint64_t part = MIN(len, (uint64_t)sizeof(word));
        memcpy(at, &word, part);
        at += part;
        len -= part;
    }
}

uint64_t rng_permutation_skip(struct rng_permutation *p)
{
    uint64_t x;
    do {
        x = rng_permutation_step(p);
    } while (x >= p->n);
    return x;
}

void rng_permutation_init(struct rng_permutation *p, uint64_t n, uint64_t seed)
{
    assert(n > 0);
    unsigned bits = n == 1 ? 1 : 64 - (unsigned)__builtin_clzll(n - 1);
    p->n = n;
    p->mask = ~UINT64_C(0) >> (64 - bits);
    p->shift = (bits + 1) / 2;
    p->left = n;
    p->state = rng_mix(seed, 2) & p->mask;
    p->increment = rng_mix(seed, 3) | 1;
    p->multiplier = (rng_mix(seed, 4) & ~UINT64_C(3)) | 5;
    p->scramble = rng_mix(seed, 5) | 1;
}
