/*
 * lib/crc_any.h - a CRC of any polynomial up to 64 bits, four bits at a time and without a table
 * kept: for checksums that are seldom needed. crc32.h and crc32c.h are many times faster.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crc_any {
    unsigned width;      /* 1 .. 64 bits */
    bool reflected;      /* the lowest bit of a byte comes first; polynomial is reflected too */
    uint64_t polynomial; /* without its highest term */
};

/* The remainder of len bytes, beginning with all bits zero and not inverted at the end. */
uint64_t crc_any(const struct crc_any *kind, const void *data, size_t len);
