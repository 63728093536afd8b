/*
 * apps/bench/careful.h - the I/O of a task that asks for more than plain reads and writes of one
 * size as fast as they go: pacing, trims, flushes, several sizes, errors passed over, a latency
 * target. The plain path of worker.c pays one test per turn for all of it.
 *
 * One CPU at a time, as the task itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/chooser.h"
#include "apps/bench/pace.h"
#include "apps/bench/target.h"
#include "apps/bench/worker.h"

struct bench_careful_config {
    struct bench_chooser_config chooser;
    struct bench_pace_config pace;
    bool paced;
    uint64_t total_bytes;    /* to start; UINT64_MAX: no limit */
    uint64_t total_ios;      /* likewise */
    unsigned fsync_every;    /* writes between two flushes; 0: none */
    bool end_fsync;
    uint64_t max_latency_ns; /* an I/O slower than this ends the job; 0: none is */
    unsigned pass_errors;    /* enum bench_continue, or-ed: errors that do not end the job, */
    const struct bench_ignored *ignored; /* and these neither; NULL: none */
    bool serialize_overlap;
    unsigned batch;          /* I/Os of one doorbell at most; 0: any number */
    unsigned complete_min;   /* completions before new I/Os are started; 0, 1: any number */
    unsigned low;            /* refill only when so few are in flight; 0: always */
    uint64_t target_ns;      /* latency_target; 0: none */
    uint64_t target_window_ns;
    double target_percentile;
    bool target_run_on;
};

/* What is done to the data of an I/O. Calls happen on the task's CPU. */
struct bench_content {
    void *ctx;
    /* Fills slot->buffer for a write of slot->bytes at slot->offset; NULL: as it is. */
    void (*fill)(void *ctx, struct bench_slot *slot);
    /* A read has ended without error: 0, or an errno that is the I/O's. NULL: nothing is looked
     * at. */
    int (*check)(void *ctx, struct bench_slot *slot);
    /* Everything was done: true if there is another pass to do, with direction *dir for every I/O
     * and the places and sizes of the first pass again. NULL: there is none. */
    bool (*next_pass)(void *ctx, enum bench_dir *dir);
    /* In a further pass: shall I/O number number, which was first in the first pass, come again?
     * NULL: all do. */
    bool (*wanted)(void *ctx, const struct bench_chosen *first, uint64_t number);
    /* A write or trim has ended, with err. NULL: nobody asks. */
    void (*ended)(void *ctx, struct bench_slot *slot, int err);
    /* A read to be done and checked, or a trim, before the next I/O of the task's own, as number
     * *number; all: those have all been started. False: there is none now. NULL: never. */
    bool (*insert)(void *ctx, bool all, struct bench_chosen *out, uint64_t *number);
    bool check_all;  /* reads of the first pass are checked too */
    bool check_only; /* there is no first pass: its I/Os are only read and checked */
};

struct bench_careful {
    struct bench_careful_config config;
    struct bench_chooser chooser;
    struct bench_pace pace;
    struct bench_target target;
    struct bench_content content;
    uint64_t bytes_left, ios_left; /* to be started; either at 0: all have been */
    uint64_t number;
    struct bench_chosen next;      /* chosen, and not yet started */
    bool next_valid;
    struct bench_chosen held;      /* of a mix with rates: one that had to wait while the other */
    bool held_valid;               /* direction need not */
    bool fixed_dir;                /* a further pass: every I/O has direction pass_dir */
    enum bench_dir pass_dir;
    uint64_t pass_ns;              /* when it began; 0: never */
    bool inserted;                 /* next is not of the task's own order, */
    uint64_t inserted_number;      /* but this one */
    struct bench_slot **again;     /* slots whose next I/O is known: trimmed, to be written */
    unsigned again_count;
    unsigned sync_in;              /* writes until a flush; 0: one is due */
    bool end_sync_due;
    unsigned since_fill;           /* completions since I/Os were last started */
    bool filling;                  /* above the low mark, and not yet full */
    uint64_t wake_ns;              /* see struct bench_lane */
};

/* content NULL: none. config's lists are lent. 0, -EINVAL, -ENOMEM. */
int bench_careful_init(struct bench_careful *c, const struct bench_careful_config *config,
                       const struct bench_content *content, unsigned depth) must_check;
void bench_careful_fini(struct bench_careful *c);

/* The task's clock begins to run. */
void bench_careful_start(struct bench_task *task, uint64_t now_ns);

/* Starts what may be started now. Returns false when the queue takes no more. */
bool bench_careful_fill(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns);

/* done() of a careful task's I/O. */
void bench_careful_done(struct nvme_io *io);

/* Nothing more shall be started (time is over, Ctrl-C); end_fsync still is. */
void bench_careful_cut(struct bench_task *task);

/* rate_min, latency_target: what is looked at now and then. */
void bench_careful_tick(struct bench_task *task, uint64_t now_ns);
