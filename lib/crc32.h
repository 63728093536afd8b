/*
 * lib/crc32.h - the CRC-32 of zlib, PNG and GPT (ISO 3309: polynomial 0x04C11DB7, reflected,
 * inverted before and after).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Goes on with a checksum: crc is 0 at the start, or what the last call returned for the bytes
 * before data. crc32(0, "123456789", 9) is 0xcbf43926. */
uint32_t crc32(uint32_t crc, const void *data, size_t len);
