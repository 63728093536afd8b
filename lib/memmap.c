/*
 * lib/memmap.c - the firmware's map of memory, and sets of address ranges.
 */
#include "lib/memmap.h"

#define MAX_ADDRESS (UINT64_MAX - MEMMAP_PAGE_BYTES + 1) /* the last page stays unused */

static bool touches(const struct memmap_range *range, uint64_t base, uint64_t bytes)
{
    return range->base < base + bytes && base < range->base + range->bytes;
}

void memmap_add(struct memmap *map, uint64_t base, uint64_t bytes, uint32_t type)
{
    if (base >= MAX_ADDRESS || bytes == 0) {
        return;
    }
    bytes = MIN(bytes, MAX_ADDRESS - base);
    if (map->count < MEMMAP_MAX_RANGES) {
        map->ranges[map->count++] = (struct memmap_range){base, bytes, type};
        return;
    }
    map->dropped++;
    for (unsigned i = 0; type != MEMMAP_AVAILABLE && i < map->count; i++) {
        if (touches(&map->ranges[i], base, bytes)) {
            map->ranges[i].type = type;
        }
    }
}

const char *memmap_type_name(uint32_t type)
{
    switch (type) {
    case MEMMAP_AVAILABLE:
        return "available";
    case 2:
        return "reserved";
    case 3:
        return "ACPI tables";
    case 4:
        return "ACPI firmware data";
    case 5:
        return "defective";
    case 7:
    case 12:
        return "persistent";
    case 20:
        return "firmware code";
    default:
        return "other";
    }
}

bool memmap_is_available(const struct memmap *map, uint64_t base, uint64_t bytes)
{
    bool inside = false;

    if (bytes == 0 || bytes > UINT64_MAX - base) {
        return false;
    }
    for (unsigned i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        if (!touches(range, base, bytes)) {
            continue;
        }
        if (range->type != MEMMAP_AVAILABLE) {
            return false;
        }
        inside |= base >= range->base && bytes <= range->base + range->bytes - base;
    }
    return inside;
}

static void delete_ranges(struct rangeset *set, unsigned first, unsigned count)
{
    for (unsigned i = first; i + count < set->count; i++) {
        set->ranges[i] = set->ranges[i + count];
    }
    set->count -= count;
}

static bool insert_range(struct rangeset *set, unsigned at, uint64_t base, uint64_t end)
{
    if (set->count == MEMMAP_MAX_RANGES) {
        return false;
    }
    for (unsigned i = set->count; i > at; i--) {
        set->ranges[i] = set->ranges[i - 1];
    }
    set->ranges[at] = (struct rangeset_range){base, end};
    set->count++;
    return true;
}

void rangeset_add(struct rangeset *set, uint64_t base, uint64_t end)
{
    unsigned first = 0;

    if (base >= end) {
        return;
    }
    while (first < set->count && set->ranges[first].end < base) {
        first++;
    }
    unsigned past = first;
    while (past < set->count && set->ranges[past].base <= end) {
        base = MIN(base, set->ranges[past].base);
        end = MAX(end, set->ranges[past].end);
        past++;
    }
    if (past == first) {
        (void)insert_range(set, first, base, end);
        return;
    }
    set->ranges[first] = (struct rangeset_range){base, end};
    delete_ranges(set, first + 1, past - first - 1);
}

void rangeset_remove(struct rangeset *set, uint64_t base, uint64_t end)
{
    unsigned i = 0;

    if (base >= end) {
        return;
    }
    while (i < set->count) {
        struct rangeset_range old = set->ranges[i];
        if (old.end <= base || old.base >= end) {
            i++;
            continue;
        }
        bool left = old.base < base;
        bool right = old.end > end;
        if (left && right) {
            set->ranges[i].end = base;
            if (!insert_range(set, i + 1, end, old.end) && old.end - end > base - old.base) {
                set->ranges[i] = (struct rangeset_range){end, old.end};
            }
            return;
        }
        if (left) {
            set->ranges[i++].end = base;
        } else if (right) {
            set->ranges[i++].base = end;
        } else {
            delete_ranges(set, i, 1);
        }
    }
}

uint64_t rangeset_bytes(const struct rangeset *set)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < set->count; i++) {
        bytes += set->ranges[i].end - set->ranges[i].base;
    }
    return bytes;
}

void memmap_usable(const struct memmap *map, uint64_t floor, struct rangeset *out)
{
    out->count = 0;
    for (unsigned i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        if (range->type == MEMMAP_AVAILABLE) {
            uint64_t base = ALIGN_UP(range->base, MEMMAP_PAGE_BYTES);
            uint64_t end = ALIGN_DOWN(range->base + range->bytes, MEMMAP_PAGE_BYTES);
            rangeset_add(out, MAX(base, floor), end);
        }
    }
    for (unsigned i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        if (range->type != MEMMAP_AVAILABLE) {
            rangeset_remove(out, ALIGN_DOWN(range->base, MEMMAP_PAGE_BYTES),
                            ALIGN_UP(range->base + range->bytes, MEMMAP_PAGE_BYTES));
        }
    }
}
