/*
 * lib/crc_table.h - reflected 32-bit CRCs eight bytes at a time ("slicing by eight"). Used by
 * crc32.c and crc32c.c; others want those.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/spinlock.h"

/* Zeroed at first, so that it takes no place in an image. */
struct crc_table {
    atomic_bool ready;   /* slice is complete; set once, under lock */
    struct spinlock lock;
    uint32_t slice[8][256]; /* [k][b]: what byte b contributes with k bytes after it */
};

/* Goes on with crc, already inverted, over len bytes. Any CPU; the table is made at first use, for
 * polynomial (reflected), which has to be the same each time. */
uint32_t crc_table_update(struct crc_table *table, uint32_t polynomial, uint32_t crc,
                          const void *data, size_t len);
