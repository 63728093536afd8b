/*
 * tests/model/reference.h - what the blocks of a disk may hold, as it follows from what was asked
 * of it and what it answered. Simple on purpose: this is what random schedules are judged by.
 *
 * Each write has a number of its own, and what is written are blocks made from that number and
 * their address (reference_fill), so that a block that is read tells which write it is of, whole or
 * not, in its place or not. A deallocation is a write of zeros: its number has the bit
 * REFERENCE_ZEROS.
 *
 * For every block there are two sets of numbers: those that a read may find now, and those that may
 * be there after a loss of power. A write that was acknowledged leaves one number in the first set
 * and adds to the second; one that ended with an error adds to both. A flush that was acknowledged
 * takes out of the second set whatever is older than what was acknowledged when the flush began.
 *
 * While a write is under way nobody else may touch its blocks: reference_may().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFERENCE_BLOCKS 96
#define REFERENCE_SET    10
#define REFERENCE_ZEROS  0x80000000U

struct reference_set {
    struct reference_item {
        uint32_t id;
        uint32_t ended; /* when, in numbers of writes that have ended */
    } items[REFERENCE_SET];
    unsigned count;
};

struct reference {
    unsigned blocks;
    bool cached; /* what is acknowledged may still be lost with the power */
    uint32_t last_id, ends;
    struct reference_set now[REFERENCE_BLOCKS], later[REFERENCE_BLOCKS];
    bool clean[REFERENCE_BLOCKS]; /* not written since the power was lost: both sets are one */
    uint8_t writers[REFERENCE_BLOCKS], readers[REFERENCE_BLOCKS];
};

/* What a flush will have made lasting. */
struct reference_flush {
    uint32_t ends;
    struct reference_set now[REFERENCE_BLOCKS];
};

/* All blocks hold zeros, lastingly. blocks <= REFERENCE_BLOCKS. */
void reference_init(struct reference *ref, unsigned blocks, bool cached);

/* Whether an access may begin: no write under way there, for a write no read either, and room in
 * the sets. */
bool reference_may(const struct reference *ref, uint64_t lba, uint32_t count, bool write);
void reference_begin(struct reference *ref, uint64_t lba, uint32_t count, bool write);
void reference_end(struct reference *ref, uint64_t lba, uint32_t count, bool write);

uint32_t reference_new_id(struct reference *ref, bool zeros);

/* Write id ended. lasting: it had FUA. */
void reference_written(struct reference *ref, uint64_t lba, uint32_t count, uint32_t id, bool ok,
                       bool lasting);
void reference_flush_begins(const struct reference *ref, struct reference_flush *flush);
void reference_flushed(struct reference *ref, const struct reference_flush *flush);
void reference_power_lost(struct reference *ref);

void reference_fill(uint8_t *block, size_t bytes, uint64_t lba, uint32_t id);
/* A block that was read, now or (later) after a loss of power: NULL, or what is wrong with it, in
 * words. What is read settles what the block holds. */
const char *reference_judge(struct reference *ref, uint64_t lba, const uint8_t *block,
                            size_t bytes);
