/*
 * tests/model/reference.c - what the blocks of a disk may hold.
 */
#include "tests/model/reference.h"

#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/rng.h"

/* --- sets ------------------------------------------------------------------------------------- */

static bool has(const struct reference_set *set, uint32_t id)
{
    for (unsigned i = 0; i < set->count; i++) {
        if (set->items[i].id == id) {
            return true;
        }
    }
    return false;
}

static void add(struct reference_set *set, struct reference_item item)
{
    if (!has(set, item.id)) {
        assert(set->count < REFERENCE_SET); /* reference_may() has looked */
        set->items[set->count++] = item;
    }
}

static void set_to(struct reference_set *set, struct reference_item item)
{
    set->items[0] = item;
    set->count = 1;
}

/* --- accesses --------------------------------------------------------------------------------- */

void reference_init(struct reference *ref, unsigned blocks, bool cached)
{
    assert(blocks <= REFERENCE_BLOCKS);
    memset(ref, 0, sizeof(*ref));
    ref->blocks = blocks;
    ref->cached = cached;
    for (unsigned i = 0; i < blocks; i++) {
        set_to(&ref->now[i], (struct reference_item){ .id = REFERENCE_ZEROS });
        set_to(&ref->later[i], (struct reference_item){ .id = REFERENCE_ZEROS });
        ref->clean[i] = true;
    }
}

bool reference_may(const struct reference *ref, uint64_t lba, uint32_t count, bool write)
{
    for (uint64_t b = lba; b < lba + count; b++) {
        if (ref->writers[b] || (write && ref->readers[b]) ||
            (write && ref->later[b].count + 1 >= REFERENCE_SET)) {
            return false;
        }
    }
    return true;
}

static void move(struct reference *ref, uint64_t lba, uint32_t count, bool write, int by)
{
    uint8_t *users = write ? ref->writers : ref->readers;

    for (uint64_t b = lba; b < lba + count; b++) {
        users[b] = (uint8_t)(users[b] + by);
    }
}

void reference_begin(struct reference *ref, uint64_t lba, uint32_t count, bool write)
{
    move(ref, lba, count, write, 1);
}

void reference_end(struct reference *ref, uint64_t lba, uint32_t count, bool write)
{
    move(ref, lba, count, write, -1);
}

uint32_t reference_new_id(struct reference *ref, bool zeros)
{
    return ++ref->last_id | (zeros ? REFERENCE_ZEROS : 0);
}

void reference_written(struct reference *ref, uint64_t lba, uint32_t count, uint32_t id, bool ok,
                       bool lasting)
{
    struct reference_item item = { .id = id, .ended = ++ref->ends };

    for (uint64_t b = lba; b < lba + count; b++) {
        ref->clean[b] = false;
        if (ok) {
            set_to(&ref->now[b], item);
        } else {
            add(&ref->now[b], item);
        }
        if (ok && (lasting || !ref->cached)) {
            set_to(&ref->later[b], item);
        } else {
            add(&ref->later[b], item);
        }
    }
}

void reference_flush_begins(const struct reference *ref, struct reference_flush *flush)
{
    flush->ends = ref->ends;
    memcpy(flush->now, ref->now, sizeof(flush->now));
}

/* Of what could have been there, only what was current when the flush began, and the writes that
 * ended since, can still be. */
void reference_flushed(struct reference *ref, const struct reference_flush *flush)
{
    for (unsigned b = 0; b < ref->blocks; b++) {
        struct reference_set kept = { .count = 0 };
        const struct reference_set *later = &ref->later[b];

        for (unsigned i = 0; i < later->count; i++) {
            const struct reference_item *item = &later->items[i];
            if (has(&flush->now[b], item->id) || item->ended > flush->ends) {
                add(&kept, *item);
            }
        }
        ref->later[b] = kept;
    }
}

void reference_power_lost(struct reference *ref)
{
    memcpy(ref->now, ref->later, sizeof(ref->now));
    memset(ref->clean, true, sizeof(ref->clean));
}

/* --- blocks ----------------------------------------------------------------------------------- */

void reference_fill(uint8_t *block, size_t bytes, uint64_t lba, uint32_t id)
{
    uint64_t head = (uint64_t)id << 32 | lba;
    uint64_t word = rng_mix(lba, id);

    if (id & REFERENCE_ZEROS) {
        memset(block, 0, bytes);
        return;
    }
    memcpy(block, &head, sizeof(head));
    for (size_t i = sizeof(head); i < bytes; i += sizeof(word)) {
        word += i;
        memcpy(block + i, &word, sizeof(word));
    }
}

/* The members of set that a block of zeros can be. */
static struct reference_set zeros_of(const struct reference_set *set)
{
    struct reference_set zeros = { .count = 0 };

    for (unsigned i = 0; i < set->count; i++) {
        if (set->items[i].id & REFERENCE_ZEROS) {
            add(&zeros, set->items[i]);
        }
    }
    return zeros;
}

static const char *say_unexpected(const struct reference_set *set, uint64_t lba, uint32_t id)
{
    static char text[160];
    int used = snprintf(text, sizeof(text), "block %llu holds write %u, and should hold",
                        (unsigned long long)lba, id);

    for (unsigned i = 0; i < set->count && used < 130; i++) {
        uint32_t expected = set->items[i].id;
        used += snprintf(text + used, sizeof(text) - (size_t)used, " %u%s",
                         expected & ~REFERENCE_ZEROS,
                         expected & REFERENCE_ZEROS ? " (zeros)" : "");
    }
    return text;
}

const char *reference_judge(struct reference *ref, uint64_t lba, const uint8_t *block, size_t bytes)
{
    uint8_t expected[4096];
    uint64_t head;

    memcpy(&head, block, sizeof(head));
    uint32_t id = head ? (uint32_t)(head >> 32) & ~REFERENCE_ZEROS : REFERENCE_ZEROS;
    reference_fill(expected, bytes, lba, id);
    if (memcmp(block, expected, bytes) != 0) {
        static char text[120];
        snprintf(text, sizeof(text), "block %llu holds no whole write of its own (%08x%08x)",
                 (unsigned long long)lba, (uint32_t)(head >> 32), (uint32_t)head);
        return text;
    }
    struct reference_set found = { .count = 0 };
    if (id == REFERENCE_ZEROS) {
        found = zeros_of(&ref->now[lba]);
    } else if (has(&ref->now[lba], id)) {
        set_to(&found, (struct reference_item){ .id = id, .ended = 1 });
    }
    if (found.count == 0) {
        return say_unexpected(&ref->now[lba], lba, id & ~REFERENCE_ZEROS);
    }
    ref->now[lba] = found;
    if (ref->clean[lba]) {
        ref->later[lba] = found;
    }
    return NULL;
}
