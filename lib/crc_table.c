/*
 * lib/crc_table.c - reflected 32-bit CRCs eight bytes at a time.
 *
 * The tables are made at first use: 8 KiB of code less in the image for some microseconds once.
 */
#include "lib/crc_table.h"

#include "lib/compiler.h"
#include "lib/string.h"

static void make_table(struct crc_table *table, uint32_t polynomial)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;

        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? (crc >> 1) ^ polynomial : crc >> 1;
        }
        table->slice[0][byte] = crc;
    }
    for (unsigned k = 1; k < 8; k++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint32_t before = table->slice[k - 1][byte];

            table->slice[k][byte] = (before >> 8) ^ table->slice[0][before & 0xff];
        }
    }
}

static void need_table(struct crc_table *table, uint32_t polynomial)
{
    if (likely(atomic_load_explicit(&table->ready, memory_order_acquire))) {
        return;
    }
    spin_lock(&table->lock);
    if (!atomic_load_explicit(&table->ready, memory_order_relaxed)) {
        make_table(table, polynomial);
        atomic_store_explicit(&table->ready, true, memory_order_release);
    }
    spin_unlock(&table->lock);
}

uint32_t crc_table_update(struct crc_table *table, uint32_t polynomial, uint32_t crc,
                          const void *data, size_t len)
{
    const uint8_t *p = data;

    need_table(table, polynomial);
    for (; len >= 8; len -= 8, p += 8) {
        uint64_t word;

        memcpy(&word, p, 8); /* little-endian, as the CPU is */
        word ^= crc;
        crc = table->slice[7][word & 0xff] ^ table->slice[6][word >> 8 & 0xff] ^
              table->slice[5][word >> 16 & 0xff] ^ table->slice[4][word >> 24 & 0xff] ^
              table->slice[3][word >> 32 & 0xff] ^ table->slice[2][word >> 40 & 0xff] ^
              table->slice[1][word >> 48 & 0xff] ^ table->slice[0][word >> 56];
    }
    for (; len > 0; len--, p++) {
        crc = (crc >> 8) ^ table->slice[0][(crc ^ *p) & 0xff];
    }
    return crc;
}
