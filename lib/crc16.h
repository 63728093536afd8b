/*
 * lib/crc16.h - the CRC-16 of T10 DIF, the guard of NVMe's protection information (NVMe 1.4 §8.3.1:
 * polynomial 8BB7h, not reflected, neither inverted before nor after).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Goes on with a checksum: crc is 0 at the start, or what the last call returned for the bytes
 * before data. crc16_t10dif(0, "123456789", 9) is 0xd0db. */
uint16_t crc16_t10dif(uint16_t crc, const void *data, size_t len);
