/*
 * apps/bench/verify.h - verifying, for one task: what it writes, what is read back when, and what
 * was found wrong. The form of the blocks is verify_block.h's.
 *
 * Nothing that was written is remembered but which I/O touched each place last, and that only if
 * places can be written twice: which I/Os there were is found again by the task's own order.
 *
 * The task's CPU while it runs; CPU 0 before and after.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/careful.h"
#include "apps/bench/verify_block.h"
#include "lib/compiler.h"
#include "lib/out.h"

#define BENCH_VERIFY_KEPT 16 /* wrong blocks that are described; the others are counted */

struct bench_verifier_config {
    const struct bench_options *opt; /* lent */
    uint64_t disk_first_lba;  /* of the disk or partition, on the namespace */
    uint64_t first_byte;      /* of the region, on the disk or partition */
    uint64_t region_bytes;
    uint32_t block_bytes;     /* logical block */
    uint64_t unit_bytes;      /* divides places and sizes of all I/Os */
    bool twice;               /* a place may be written more than once */
    unsigned depth;
    uint64_t seed;            /* of the task */
};

struct bench_written {
    uint64_t offset, number;
    uint64_t bytes;
};

struct bench_verifier {
    struct bench_verifier_config config;
    uint32_t interval_bytes;  /* 0: each I/O is one block */
    uint64_t nonce;           /* differs from run to run: tells its blocks from older ones */
    bool reads_back;          /* this task reads what it wrote itself */
    bool second_pass;
    uint32_t *last;           /* of each unit: number + 1 of the I/O that wrote it last; or NULL */
    struct bench_written *backlog; /* a ring */
    uint64_t room, first, count, batch_left;
    struct bench_written *trims; /* a ring of what is to be trimmed; NULL: nothing is */
    uint64_t trim_room, trim_first, trim_count, trim_left;
    uint64_t since_trim;      /* writes that have ended since a batch was trimmed */
    uint8_t *spare;
    uint64_t checked;
    uint64_t wrong[BENCH_WRONG_KINDS];
    uint64_t wrong_count;
    struct bench_miscompare kept[BENCH_VERIFY_KEPT];
    unsigned kept_count;
    uint8_t *dump_expected, *dump_received; /* of the first wrong block, for verify_dump */
};

/* Whether places can be changed twice (written, or trimmed after that): then memory for each of
 * them is taken, and overlapping I/Os must wait for one another. total_bytes: all that the task
 * will do, or UINT64_MAX. */
bool bench_verify_twice(const struct bench_options *opt, uint64_t total_bytes,
                        uint64_t region_bytes);

/* Gives a careful task, whose options say how, a verifier. total_bytes as above. seed: the task's.
 * 0, -ENOMEM. Detach if this has failed, too. */
int bench_verifier_attach(struct bench_task *task, uint64_t total_bytes, uint64_t seed) must_check;
void bench_verifier_detach(struct bench_task *task);

/* The task's clock begins to run at now_ns: blocks of earlier runs are told from those to come. */
void bench_verifier_start(struct bench_verifier *v, uint64_t now_ns);

/* What was found, in words; nothing if nothing was checked or all was right and quiet. */
void bench_verifier_report(const struct bench_verifier *v, struct out *out);
