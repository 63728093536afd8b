/*
 * apps/bench/worker.h - the hot loop: one CPU drives the I/O of the jobs it was given.
 *
 *   reap -> account -> choose the next blocks -> post them all -> ring once
 *
 * The clock is read once for all completions of a reaping, and once before a doorbell. Each
 * completion is accounted before the next doorbell is rung: an emulated controller is still busy
 * with the batch that it has just finished, and waits are saved by coming later (docs/bench.md).
 *
 * Threads: a worker, its lanes and its tasks belong to one CPU while it runs; others read only
 * struct bench_progress, written seldom, and write only *stop. Nothing is allocated, nothing is
 * divided, no cache line is shared while I/O runs.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/job.h"
#include "apps/bench/pattern.h"
#include "apps/bench/result.h"
#include "drivers/machine.h"
#include "drivers/nvme/nvme.h"
#include "lib/compiler.h"

#define BENCH_SAMPLE_NS (500 * NS_PER_MS) /* fio's bwavgtime and iopsavgtime */
#define BENCH_TICK_NS (10 * NS_PER_MS)    /* how often deadlines and Ctrl-C are looked at */

struct bench_task;
struct bench_worker;

/* One I/O that may be in flight. */
struct bench_slot {
    struct nvme_io io; /* first: done() gets its address */
    struct bench_task *task;
    uint64_t start_ns; /* chosen */
    uint64_t issue_ns; /* just before its doorbell */
    struct bench_dir_result *account; /* of its task and direction */
    uint8_t *buffer;
} cache_aligned;

enum bench_task_state { BENCH_TASK_CREATED, BENCH_TASK_RAMP, BENCH_TASK_RUNNING, BENCH_TASK_DONE };

/* What CPU 0 reads of a task that runs elsewhere, on cache lines of its own. */
struct bench_progress {
    atomic_uint state;
    _Atomic uint64_t ios[BENCH_DIRS];   /* since the start, ramp_time included */
    _Atomic uint64_t bytes[BENCH_DIRS];
} cache_aligned;

/* One clone of a job. */
struct bench_task {
    const struct bench_job *job;
    struct bench_worker *worker;
    struct bench_task *next;  /* of the same lane */
    struct bench_slot **free; /* stack of slots not in flight: the warmest buffer is used next */
    unsigned free_count;
    unsigned depth;
    uint64_t to_post;         /* I/Os still to be started */
    uint64_t io_bytes;
    unsigned posted[BENCH_DIRS]; /* since the last doorbell */
    unsigned free_before;        /* free_count before this reaping */
    bool scramble;
    bool timed; /* latencies are accounted */
    bool finished;
    struct bench_pattern pattern;

    uint64_t measure_from_ns; /* end of ramp_time */
    uint64_t end_ns;          /* no I/O is started after it; UINT64_MAX: none */
    uint64_t start_ns;        /* measuring began */
    uint64_t sample_ns;       /* the last window ended */
    uint64_t sampled_ios[BENCH_DIRS], sampled_bytes[BENCH_DIRS];
    uint64_t ramp_ios[BENCH_DIRS], ramp_bytes[BENCH_DIRS];
    uint64_t interrupts_before;

    struct bench_slot *slots;
    struct dma_buf buffers;
    struct bench_result result;
    struct bench_progress progress;
} cache_aligned;

#define BENCH_MAX_TASKS 256 /* in one run */
#define BENCH_MAX_LANES 8   /* controllers that one CPU drives at a time */

/* The jobs of one worker that share a queue pair. */
struct bench_lane {
    struct nvme_qpair *qp;
    struct bench_task *tasks;
    unsigned posted_count;
    struct bench_slot **posted; /* since the last doorbell; room for the depths of all tasks */
    uint64_t settle_ns;
    bool irq;
    bool timed; /* one of the tasks accounts latencies */
};

struct bench_worker {
    const struct machine *machine;
    const atomic_bool *stop;      /* everything shall end */
    void (*tick)(void *ctx);      /* CPU 0 only: called about every BENCH_TICK_NS; NULL elsewhere */
    void *tick_ctx;
    unsigned cpu;
    uint64_t batch_ns;            /* when this reaping found its first completion; 0: none yet */
    const struct bench_slot *burst; /* completions not yet accounted: they left with this one, */
    unsigned burst_count;           /* and there are so many */
    uint64_t next_tick_ns;
    uint64_t asleep_ns;
    unsigned active;              /* tasks not done */
    bool failed;                  /* a controller did, with I/O in flight */
    unsigned lane_count;
    struct bench_lane lanes[BENCH_MAX_LANES];
} cache_aligned;

/* Runs all tasks to their end, or until *stop, or until a controller has failed (worker->failed;
 * I/O in flight is then ended by nvme_recover(), which CPU 0 calls once all workers are idle). */
void bench_worker_run(void *worker);

/* Binds a task's slots to its buffers and chooses its done(). Its worker is set already. */
void bench_task_init_slots(struct bench_task *task);
