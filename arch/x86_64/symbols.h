/*
 * arch/x86_64/symbols.h - names for addresses in back-traces. The table is made from the linked
 * image by tools/symbols.py and linked in by a second pass.
 */
#pragma once

#include <stdint.h>

/* The function that addr lies in and how far, or NULL. */
const char *symbol_find(uint64_t addr, uint64_t *offset);
