/*
 * apps/system/size_text.h - sizes as people read them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SIZE_TEXT_BYTES 24

/* "16 KiB", "512 B", "1.50 GiB" into buf, which is returned: the largest binary unit that leaves 1
 * or more, two decimals where it is not a whole number. */
const char *size_text_binary(uint64_t bytes, char *buf, size_t cap);

/* "  1.02  TB", as `nvme list` prints sizes: powers of 1000, two decimals, a fixed width of 10. */
const char *size_text_decimal(uint64_t bytes, char *buf, size_t cap);
