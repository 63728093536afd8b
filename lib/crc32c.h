/*
 * lib/crc32c.h - CRC-32C (Castagnoli, polynomial 0x1EDC6F41, reflected, inverted before and after):
 * the checksum of iSCSI, ext4 and of patterns that are verified after a write.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Goes on with a checksum: crc is 0 at the start, or what the last call returned for the bytes
 * before data. crc32c(0, "123456789", 9) is 0xe3069283. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

/* The same without the processor's instruction, whatever the processor; for comparing the two. */
uint32_t crc32c_by_table(uint32_t crc, const void *data, size_t len);
