/*
 * tests/fuzz/input.h - the fuzzer's bytes as a stream of choices. At its end everything is zero, so
 * a target gives zero the harmless meaning.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/compiler.h"

struct fuzz_input {
    const uint8_t *data;
    size_t len, at;
};

static inline uint8_t fuzz_u8(struct fuzz_input *in)
{
    return in->at < in->len ? in->data[in->at++] : 0;
}

static inline uint16_t fuzz_u16(struct fuzz_input *in)
{
    uint16_t low = fuzz_u8(in);

    return (uint16_t)(low | fuzz_u8(in) << 8);
}

static inline uint32_t fuzz_u32(struct fuzz_input *in)
{
    uint32_t low = fuzz_u16(in);

    return low | (uint32_t)fuzz_u16(in) << 16;
}

static inline uint64_t fuzz_u64(struct fuzz_input *in)
{
    uint64_t low = fuzz_u32(in);

    return low | (uint64_t)fuzz_u32(in) << 32;
}

/* Up to len bytes; how many there were. */
static inline size_t fuzz_bytes(struct fuzz_input *in, void *buf, size_t len)
{
    size_t n = MIN(len, in->len - in->at);

    if (n) {
        memcpy(buf, in->data + in->at, n);
    }
    in->at += n;
    return n;
}
