/*
 * lib/crc32.c - CRC-32.
 */
#include "lib/crc32.h"

#include "lib/crc_table.h"

#define POLYNOMIAL 0xedb88320 /* reflected */

static struct crc_table table;

uint32_t crc32(uint32_t crc, const void *data, size_t len)
{
    return ~crc_table_update(&table, POLYNOMIAL, ~crc, data, len);
}
