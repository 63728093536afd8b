/*
 * lib/crc16.c - the CRC-16 of T10 DIF, four bits at a time: 32 bytes of table are enough for what
 * is checked here, and the image is small.
 */
#include "lib/crc16.h"

/* What the upper four bits contribute: n * x^16 modulo the polynomial. */
static const uint16_t table[16] = {
    0x0000, 0x8bb7, 0x9cd9, 0x176e, 0xb205, 0x39b2, 0x2edc, 0xa56b,
    0xefbd, 0x640a, 0x7364, 0xf8d3, 0x5db8, 0xd60f, 0xc161, 0x4ad6,
};

uint16_t crc16_t10dif(uint16_t crc, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        crc = (uint16_t)(crc ^ bytes[i] << 8);
        crc = (uint16_t)(crc << 4 ^ table[crc >> 12]);
        crc = (uint16_t)(crc << 4 ^ table[crc >> 12]);
    }
    return crc;
}
