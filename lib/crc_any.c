/*
 * lib/crc_any.c - CRCs by a table of sixteen, made for each call.
 *
 * Remainders that are not reflected are kept at the upper end of 64 bits, so that one width serves
 * for all of them.
 */
#include "lib/crc_any.h"

#define NIBBLE 4
#define NIBBLES 16
#define TOP (UINT64_C(1) << 63)

static uint64_t reflected(uint64_t polynomial, const uint8_t *p, size_t len)
{
    uint64_t table[NIBBLES];
    uint64_t crc = 0;
    for (unsigned i = 0; i < NIBBLES; i++) {
        table[i] = i;
        for (unsigned bit = 0; bit < NIBBLE; bit++) {
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? polynomial : 0);
        }
    }
    for (; len > 0; len--, p++) {
        crc ^= *p;
        crc = crc >> NIBBLE ^ table[crc & (NIBBLES - 1)];
        crc = crc >> NIBBLE ^ table[crc & (NIBBLES - 1)];
    }
    return crc;
}

/* polynomial and result at the upper end. */
static uint64_t straight(uint64_t polynomial, const uint8_t *p, size_t len)
{
    uint64_t table[NIBBLES];
    uint64_t crc = 0;
    for (unsigned i = 0; i < NIBBLES; i++) {
        table[i] = (uint64_t)i << (64 - NIBBLE);
        for (unsigned bit = 0; bit < NIBBLE; bit++) {
            table[i] = table[i] << 1 ^ (table[i] & TOP ? polynomial : 0);
        }
    }
    for (; len > 0; len--, p++) {
        crc ^= (uint64_t)*p << 56;
        crc = crc << NIBBLE ^ table[crc >> (64 - NIBBLE)];
        crc = crc << NIBBLE ^ table[crc >> (64 - NIBBLE)];
    }
    return crc;
}

uint64_t crc_any(const struct crc_any *kind, const void *data, size_t len)
{
    unsigned shift = 64 - kind->width;
    return kind->reflected ? reflected(kind->polynomial, data, len)
                           : straight(kind->polynomial << shift, data, len) >> shift;
}
