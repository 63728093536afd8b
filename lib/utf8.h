/*
 * lib/utf8.h - UTF-8 (RFC 3629) checked strictly: no overlong forms, no surrogates, nothing above
 * U+10FFFF. Every code point counts as one column on the screen.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define UTF8_MAX_BYTES 4            /* of one code point */
#define UTF8_REPLACEMENT 0xfffd     /* stands for what could not be decoded */

/* The code point at the start of text. Returns its bytes, 1 to 4, or 0 when the len bytes do not
 * start with a whole valid one (also for len 0); *out is then untouched. */
unsigned utf8_decode(const char *text, size_t len, uint32_t *out) must_check;

/* Writes code without a terminator and returns its bytes; 0 for what is no Unicode scalar value. */
unsigned utf8_encode(uint32_t code, char out[UTF8_MAX_BYTES]) must_check;

bool utf8_is_valid(const char *text, size_t len) must_check;

/* A byte that goes on with a code point and does not begin one. */
static inline bool utf8_is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Columns of valid UTF-8. */
size_t utf8_width(const char *text, size_t len);

/* Little-endian UTF-16, units of two bytes each up to a zero unit, as terminated UTF-8 in buf of
 * cap bytes. 0; -EILSEQ (an unpaired surrogate, written as U+FFFD; the rest is converted);
 * -EOVERFLOW (cut at the end of a code point). buf is terminated in each case when cap > 0. */
int utf8_from_utf16le(const uint8_t *src, size_t units, char *buf, size_t cap) must_check;
