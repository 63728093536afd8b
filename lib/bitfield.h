/*
 * lib/bitfield.h - a register or command field is ONE constant: its mask, in place.
 *
 * The bit numbers are those printed in the specification; shift and width are derived, so that a
 * reader and a writer of the same field cannot disagree.
 *     #define NVME_CC_SHN GENMASK64(15, 14)
 *     FIELD_GET(NVME_CC_SHN, cc)      FIELD_PREP(NVME_CC_SHN, 1)
 */
#pragma once

#include <stdint.h>

#define BIT64(n) (UINT64_C(1) << (n))
#define GENMASK64(hi, lo) ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))
#define FIELD_GET(mask, reg) (((uint64_t)(reg) & (mask)) >> __builtin_ctzll(mask))
#define FIELD_PREP(mask, val) (((uint64_t)(val) << __builtin_ctzll(mask)) & (mask))
#define FIELD_FITS(mask, val) (FIELD_GET(mask, FIELD_PREP(mask, val)) == (uint64_t)(val))
