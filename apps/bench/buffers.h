/*
 * apps/bench/buffers.h - what is written: random data, patterns, mixes that compress.
 *
 * Random data is made as fio 3.33 makes it, so that a block whose seed is known (verify.h) can be
 * made again whoever wrote it: groups of four 64-bit little-endian words s, 2s, 3s, 5s, where s is
 * the seed in the first group and is multiplied by 61c8864680b583eb hexadecimal for each next one.
 *
 * Plain memory, any CPU, nothing allocated.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/options.h"


/* What the options about contents come to. */
struct bench_buffers {
    bool zero;                        /* zero_buffers */
    bool refill;                      /* made anew for each write, not only at the start */
    uint64_t fixed_percent;           /* buffer_compress_percentage; 0: all is random */
    uint64_t chunk_bytes;             /* in each of which so much is fixed */
    const struct bench_bytes *fixed;  /* buffer_pattern, lent, or NULL for zeroes */
    uint64_t first_byte;              /* of the region on its disk, for %o */
    uint64_t seed;
};

/* opt is lent as long as buffers is used. */
void bench_buffers_init(struct bench_buffers *buffers, const struct bench_options *opt,
                        uint64_t first_byte, uint64_t seed);

/* Fills len bytes that go to byte offset of the disk; number tells I/Os apart. */
void bench_buffers_fill(const struct bench_buffers *buffers, void *buf, uint64_t len,
                        uint64_t offset, uint64_t number);

/* Random data from byte at (a multiple of 32) of what seed gives. */
void bench_random_fill(void *buf, uint64_t len, uint64_t seed, uint64_t at);

/* The pattern over and over, with offset where it says so. pattern->count > 0. */
void bench_bytes_fill(const struct bench_bytes *pattern, void *buf, uint64_t len,
                      uint64_t offset);
