/*
 * lib/crc32c.c - CRC-32C: by the processor's own instruction where there is one (SSE4.2), by table
 * elsewhere.
 */
#include "lib/crc32c.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/crc_table.h"
#include "lib/string.h"

#define POLYNOMIAL 0x82f63b78 /* reflected */

static struct crc_table table;

#ifdef __x86_64__

#define CPUID_FEATURES 1
#define CPUID_ECX_SSE4_2 (1U << 20)

enum { UNKNOWN, ABSENT, PRESENT };

/* CPUs of one machine agree, so whoever asks first answers for all. */
static atomic_uint instruction;

static bool has_instruction(void)
{
    unsigned known = atomic_load_explicit(&instruction, memory_order_relaxed);
    if (known == UNKNOWN) {
        unsigned eax = CPUID_FEATURES;
        unsigned ecx = 0;
        unsigned ebx, edx;
        __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
        known = ecx & CPUID_ECX_SSE4_2 ? PRESENT : ABSENT;
        atomic_store_explicit(&instruction, known, memory_order_relaxed);
    }
    return known == PRESENT;
}

/* The instruction works on general registers: it is allowed where vectors are not. */
static uint32_t update_by_instruction(uint32_t crc, const uint8_t *p, size_t len)
{
    uint64_t wide = crc;
    for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t), p += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, p, sizeof(word));
        __asm__("crc32q %1, %0" : "+r"(wide) : "r"(word));
    }
    crc = (uint32_t)wide;
    for (; len > 0; len--, p++) {
        __asm__("crc32b %1, %0" : "+r"(crc) : "q"(*p));
    }
    return crc;
}

#endif

uint32_t crc32c_by_table(uint32_t crc, const void *data, size_t len)
{
    return ~crc_table_update(&table, POLYNOMIAL, ~crc, data, len);
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
#ifdef __x86_64__
    if (has_instruction()) {
        return ~update_by_instruction(~crc, data, len);
    }
#endif
    return crc32c_by_table(crc, data, len);
}
