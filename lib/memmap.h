/*
 * lib/memmap.h - the firmware's map of memory, and sets of address ranges.
 *
 * Only what the map calls available is memory, and a reserved range beats an available one where
 * they overlap. Available ranges shrink to whole pages, reserved ones grow. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

#define MEMMAP_MAX_RANGES 1024
#define MEMMAP_AVAILABLE  1 /* Multiboot2 §3.6.8; every other number is reserved */
#define MEMMAP_PAGE_BYTES UINT64_C(4096)

struct memmap_range {
    uint64_t base;
    uint64_t bytes;
    uint32_t type;
};

/* As the firmware told it: any order, overlaps, nonsense. */
struct memmap {
    unsigned count;
    unsigned dropped; /* ranges that found no room */
    struct memmap_range ranges[MEMMAP_MAX_RANGES];
};

/* Adds a range; its end is clipped to the address space, an empty one is ignored. When the map is
 * full, an available range is dropped, and a reserved one takes every range it touches with it. */
void memmap_add(struct memmap *map, uint64_t base, uint64_t bytes, uint32_t type);

/* "available", "reserved", "ACPI tables", ... */
const char *memmap_type_name(uint32_t type);

/* The range [base, base + bytes) lies in one available range, and touches no reserved one. */
bool memmap_is_available(const struct memmap *map, uint64_t base, uint64_t bytes);

/* Ranges [base, end): sorted, disjoint, none empty, neighbours merged. */
struct rangeset_range {
    uint64_t base;
    uint64_t end;
};

struct rangeset {
    unsigned count;
    struct rangeset_range ranges[MEMMAP_MAX_RANGES];
};

/* Both do nothing when base >= end. add drops what finds no room; remove, when a split finds none,
 * drops the smaller part too: a set never holds more than it should. */
void rangeset_add(struct rangeset *set, uint64_t base, uint64_t end);
void rangeset_remove(struct rangeset *set, uint64_t base, uint64_t end);

uint64_t rangeset_bytes(const struct rangeset *set);

/* The usable pages at or above floor. */
void memmap_usable(const struct memmap *map, uint64_t floor, struct rangeset *out);
