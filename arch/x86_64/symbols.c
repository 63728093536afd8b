/*
 * arch/x86_64/symbols.c - names for addresses in back-traces.
 */
#include "arch/x86_64/symbols.h"

#include <stddef.h>

#include "arch/x86_64/image.h"

/* Of each function, in the order of their addresses, how far it begins behind the one before (the
 * first: behind image_start), and its name with a zero byte. Small, and walked through once for
 * each line of a back-trace. */
extern const uint32_t symbol_count;
extern const uint16_t symbol_table[];
extern const char symbol_names[];

static const char *next_name(const char *name)
{
    while (*name++ != '\0') {
    }
    return name;
}

const char *symbol_find(uint64_t addr, uint64_t *offset)
{
    uint64_t at = (uintptr_t)image_start;
    const char *name = symbol_names, *found = NULL;

    if (addr < at || addr >= (uintptr_t)text_end) {
        return NULL;
    }
    for (uint32_t i = 0; i < symbol_count; i++) {
        at += symbol_table[i];
        if (at > addr) {
            break;
        }
        *offset = addr - at;
        found = name;
        name = next_name(name);
    }
    return found;
}
