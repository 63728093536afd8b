/*
 * apps/bench/verify_block.h - one verified block: made, checked, and if it is wrong, understood.
 *
 * The format is that of fio 3.33 on little-endian machines, so that either verifies what the other
 * wrote. A block of verify_interval bytes begins with (bytes: field)
 *
 *     0-1 magic ACCAh   2-3 kind of checksum (fio's number)   4-7 length of the block
 *     8-15 seed of the data   16-23 byte offset of the block on its disk or partition
 *     24-27 and 28-31 seconds and nanoseconds when it was made   32-33 job   34-35 I/O number
 *     36-39 checksum of bytes 0-35   40- checksum of everything behind it, as long as its kind
 *
 * That of the header, and of data with verify=crc32c (kind 5, 4 bytes), is a CRC-32C that begins
 * with all ones and is not inverted at the end. Other kinds begin with zero: crc64 (3, 8 bytes),
 * crc32 (4, 4 bytes, highest bit first), crc16 (7, 2 bytes), crc7 (8, 1 byte). The data lies
 * under the headers: it is made for the whole I/O (buffers.h) and the headers are laid over it.
 * verify=pattern has no headers: an I/O is the pattern over and over. verify=null has none either,
 * and everything is right.
 *
 * Plain memory, any CPU, nothing allocated.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/options.h"
#include "lib/compiler.h"
#include "lib/out.h"

#define BENCH_VERIFY_HEADER_BYTES 44 /* of crc32c */
#define BENCH_VERIFY_SHOWN_BYTES 32

/* What a header says, or should say. */
struct bench_verify_header {
    uint16_t magic;
    uint16_t kind;
    uint32_t len;
    uint64_t seed;
    uint64_t offset;
    uint32_t time_s, time_ns;
    uint16_t job;
    uint16_t number;
    uint32_t header_crc;
    uint64_t data_crc;
};

/* What is expected of an I/O. */
struct bench_verify_io {
    unsigned verify;                  /* enum bench_verify, but for _NONE */
    const struct bench_bytes *pattern; /* or NULL: random data */
    uint32_t interval_bytes;          /* of a block */
    uint64_t offset;                  /* bytes, on the disk */
    uint32_t bytes;
    bool exact;    /* written by this very job: seed, job and number are known too */
    uint64_t seed;
    uint16_t job;
    uint16_t number;
    uint64_t time_ns;                 /* for writing: now */
};

enum bench_miscompare_kind {
    BENCH_WRONG_ZEROES,     /* nothing but zeroes: never written, lost, or deallocated */
    BENCH_WRONG_STRANGER,   /* no header at all: somebody else's data */
    BENCH_WRONG_HEADER,     /* its own checksum says the header was damaged */
    BENCH_WRONG_FORM,       /* a good header of another length or kind of checksum */
    BENCH_WRONG_PLACE,      /* a good block that belongs elsewhere */
    BENCH_WRONG_VERSION,    /* a good block that is not what was written here last */
    BENCH_WRONG_BIT,        /* one bit of the data was flipped */
    BENCH_WRONG_DATA,       /* more than that */
    BENCH_WRONG_TRIM,       /* trimmed, and not zero */
    BENCH_WRONG_KINDS,
};

struct bench_miscompare {
    enum bench_miscompare_kind kind;
    uint64_t offset;      /* of the block, on the disk */
    uint32_t bytes;       /* of the block */
    bool located;         /* the next three are known */
    uint32_t first_wrong; /* in the block */
    uint32_t last_wrong;
    uint32_t wrong_bytes;
    uint32_t shown_at;    /* in the block */
    uint8_t shown_bytes;
    bool expected_known;
    uint8_t expected[BENCH_VERIFY_SHOWN_BYTES];
    uint8_t received[BENCH_VERIFY_SHOWN_BYTES];
    bool exact;
    struct bench_verify_header want, have; /* of crc32c */
    uint64_t have_crc;    /* that the data has, */
    const char *checksum; /* and what it is called; NULL: there are no headers */
};

/* Fills the whole I/O at buf. */
void bench_verify_fill(const struct bench_verify_io *io, uint8_t *buf);

/* Looks at the block that begins at byte at of the I/O. False if it is wrong. */
bool bench_verify_good(const struct bench_verify_io *io, const uint8_t *buf, uint32_t at);

/* Finds out what is wrong with a block that is not good. spare: io->interval_bytes of memory; holds
 * what was expected afterwards, if out->expected_known. */
void bench_verify_diagnose(const struct bench_verify_io *io, const uint8_t *buf, uint32_t at,
                           uint8_t *spare, struct bench_miscompare *out);

/* The same for a block that was trimmed and must be zero. */
void bench_verify_diagnose_trimmed(const struct bench_verify_io *io, const uint8_t *buf,
                                   uint32_t at, uint8_t *spare, struct bench_miscompare *out);

/* "misplaced" and the like: a few words for each kind. */
const char *bench_miscompare_name(enum bench_miscompare_kind kind);

/* In words, several lines. first_lba: of the disk on its namespace (of a partition; else 0). */
void bench_miscompare_print(const struct bench_miscompare *m, const char *job, const char *disk,
                            uint64_t first_lba, uint32_t block_bytes, struct out *out);

/* Bytes at offset at of their block, sixteen a line. */
void bench_verify_dump(const char *what, const uint8_t *buf, uint32_t at, uint32_t len,
                       struct out *out);
