/*
 * arch/x86_64/symbols.c - names for addresses in back-traces.
 */
#include "arch/x86_64/symbols.h"

#include <stddef.h>

#include "arch/x86_64/image.h"

/* Addresses from image_start, ascending, and names in the same order, each with its zero byte: they
 * are looked for once in a back-trace, and small the rest of the time. */
extern const uint32_t symbol_count;
extern const uint32_t symbol_table[];
extern const char symbol_names[];

static const char *nth_name(uint32_t n)
{
    const char *name = symbol_names;

    while (n-- > 0) {
        while (*name++ != '\0') {
        }
    }
    return name;
}

const char *symbol_find(uint64_t addr, uint64_t *offset)
{
    uint64_t first = (uintptr_t)image_start;

    if (addr < first || addr >= (uintptr_t)text_end || symbol_count == 0) {
        return NULL;
    }
    uint32_t address = (uint32_t)(addr - first);
    uint32_t low = 0;
    uint32_t high = symbol_count;
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (symbol_table[mid] <= address) {
            low = mid;
        } else {
            high = mid;
        }
    }
    if (symbol_table[low] > address) {
        return NULL;
    }
    *offset = address - symbol_table[low];
    return nth_name(low);
}
