/*
 * apps/bench/buffers.c - contents of writes.
 */
#include "apps/bench/buffers.h"

#include "lib/bytes.h"
#include "lib/rng.h"
#include "lib/string.h"

#define GROUP_WORDS 4
#define GROUP_BYTES (GROUP_WORDS * sizeof(uint64_t))
#define GROUP_FACTOR UINT64_C(0x61c8864680b583eb)
#define CHUNK_BYTES_DEFAULT 512

static uint64_t power(uint64_t base, uint64_t exponent)
{
    uint64_t result = 1;
    for (; exponent > 0; exponent >>= 1) {
        result *= exponent & 1 ? base : 1;
        base *= base;
    }
    return result;
}

void bench_random_fill(void *buf, uint64_t len, uint64_t seed, uint64_t at)
{
    uint8_t *to = buf;
    uint64_t s = seed * power(GROUP_FACTOR, at / GROUP_BYTES);
    for (; len >= GROUP_BYTES; len -= GROUP_BYTES, to += GROUP_BYTES) {
        uint64_t group[GROUP_WORDS] = {s, 2 * s, 3 * s, 5 * s};
        memcpy(to, group, sizeof(group));
        s *= GROUP_FACTOR;
    }
    uint64_t rest[GROUP_WORDS] = {s, 2 * s, 3 * s, 5 * s};
    memcpy(to, rest, len);
}

void bench_bytes_fill(const struct bench_bytes *pattern, void *buf, uint64_t len, uint64_t offset)
{
    uint8_t once[BENCH_PATTERN_BYTES + sizeof(uint64_t)];
    uint8_t *to = buf;
    memcpy(once, pattern->byte, pattern->count);
    for (unsigned i = 0; i < pattern->count; i++) {
        if (pattern->offset_at[i / 64] >> i % 64 & 1) {
            store_le64(once + i, offset);
        }
    }
    uint64_t done = MIN(len, (uint64_t)pattern->count);
    memcpy(to, once, done);
    /* What is there already is whole patterns until the last copy: it doubles each time. */
    while (done < len) {
        uint64_t part = MIN(done, len - done);
        memcpy(to + done, to, part);
        done += part;
    }
}

void bench_buffers_init(struct bench_buffers *buffers, const struct bench_options *opt,
                        uint64_t first_byte, uint64_t seed)
{
    *buffers = (struct bench_buffers){
        .zero = opt->zero_buffers,
        .refill = !opt->zero_buffers &&
                  (opt->refill_buffers || opt->buffer_compress_percentage > 0),
        .fixed_percent = opt->buffer_compress_percentage,
        .chunk_bytes = opt->buffer_compress_chunk > 0 ? opt->buffer_compress_chunk
                                                      : CHUNK_BYTES_DEFAULT,
        .fixed = opt->buffer_pattern.count > 0 ? &opt->buffer_pattern : NULL,
        .first_byte = first_byte,
        .seed = seed,
    };
    if (buffers->fixed != NULL && buffers->fixed_percent == 0) {
        uint64_t offsets = 0;
        for (unsigned i = 0; i < BENCH_PATTERN_BYTES / 64; i++) {
            offsets |= buffers->fixed->offset_at[i];
        }
        buffers->fixed_percent = 100;
        buffers->refill = !buffers->zero && offsets != 0; /* otherwise all writes are alike */
    }
}

void bench_buffers_fill(const struct bench_buffers *buffers, void *buf, uint64_t len,
                        uint64_t offset, uint64_t number)
{
    uint8_t *to = buf;
    uint64_t seed = rng_mix(buffers->seed, number) | 1;
    if (buffers->zero) {
        memset(buf, 0, len);
        return;
    }
    if (buffers->fixed_percent == 0) {
        bench_random_fill(buf, len, seed, 0);
        return;
    }
    if (buffers->fixed_percent >= 100 && buffers->fixed != NULL) {
        bench_bytes_fill(buffers->fixed, buf, len, offset);
        return;
    }
    for (uint64_t at = 0; at < len; at += buffers->chunk_bytes) {
        uint64_t chunk = MIN(buffers->chunk_bytes, len - at);
        uint64_t loose = chunk * (100 - MIN(buffers->fixed_percent, UINT64_C(100))) / 100;
        bench_random_fill(to + at, loose, rng_mix(seed, at) | 1, 0);
        if (buffers->fixed != NULL) {
            bench_bytes_fill(buffers->fixed, to + at + loose, chunk - loose, offset);
        } else {
            memset(to + at + loose, 0, chunk - loose);
        }
    }
}
