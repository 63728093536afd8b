/*
 * lib/parse.h - numbers and words as people type them. Every function demands that the whole text
 * is used: "5x" is an error, never 5. On failure *out keeps its value.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

/* Decimal, or hexadecimal after 0x. 0, -EINVAL (not a number), -ERANGE (over 64 bits). */
int parse_u64(const char *text, uint64_t *out) must_check;

/* The same, at most max. -ERANGE above it. */
int parse_u64_max(const char *text, uint64_t max, uint64_t *out) must_check;

/* Bytes: a number as above with k m g t p (powers of 1024, either case), each optionally followed
 * by b or ib: "4k" = "4KiB" = 4096. -EINVAL, -ERANGE. */
int parse_size(const char *text, uint64_t *out) must_check;

/* The same, but k kb m mb ... are powers of 1000; those with an i stay powers of 1024. */
int parse_size_1000(const char *text, uint64_t *out) must_check;

/* Time in nanoseconds: a number with ns us usec ms msec s m h d; without a unit it counts
 * default_unit_ns each. -EINVAL, -ERANGE. */
int parse_time_ns(const char *text, uint64_t default_unit_ns, uint64_t *out) must_check;

/* 1/0, yes/no, true/false, on/off in either case. -EINVAL. */
int parse_bool(const char *text, bool *out) must_check;

/* Bytes from pairs of hexadecimal digits, with or without 0x in front. *len is the room in buf
 * before, the bytes found after. -EINVAL (odd count, no digit), -ERANGE (more than *len). */
int parse_hex_bytes(const char *text, uint8_t *buf, unsigned *len) must_check;
