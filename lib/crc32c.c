/*
 * lib/crc32c.c - CRC-32C.
 */
#include "lib/crc32c.h"

#include "lib/crc_table.h"

static struct crc_table table = { .polynomial = 0x82f63b78 };

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
    return ~crc_table_update(&table, ~crc, data, len);
}
