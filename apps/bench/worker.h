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
#include "apps/bench/record.h"
#include "apps/bench/result.h"
#include "apps/bench/settle.h"
#include "drivers/machine.h"
#include "drivers/nvme/nvme.h"
#include "lib/compiler.h"

#define BENCH_SAMPLE_NS (500 * NS_PER_MS) /* fio's bwavgtime and iopsavgtime */
#define BENCH_TICK_NS (10 * NS_PER_MS)    /* how often deadlines and Ctrl-C are looked at */

struct bench_buffers;
struct bench_careful;
struct bench_snapshot;
struct bench_steady;
struct bench_task;
struct bench_verifier;
struct bench_worker;

/* One I/O that may be in flight. */
struct bench_slot {
    struct nvme_io io; /* first: done() gets its address */
    struct bench_task *task;
    uint64_t start_ns; /* chosen */
    uint64_t issue_ns; /* just before its doorbell */
    struct bench_dir_result *account; /* of its task and direction */
    uint8_t *buffer;
    /* of careful tasks only */
    uint64_t bytes;
    uint64_t offset; /* in the region */
    uint64_t number; /* of the task's I/Os, from 0 */
    bool checked;    /* its data will be looked at (verify) */
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
    uint64_t io_bytes;           /* of one I/O; of a careful task, the largest */
    uint64_t first_lba;          /* of its region, on the namespace */
    uint64_t region_bytes;
    struct bench_careful *careful; /* what is not plain about it (careful.h), or NULL */
    unsigned posted;             /* reads, writes and trims since the last doorbell */
    unsigned free_before;        /* free_count before this reaping */
    bool scramble;
    bool timed; /* latencies are accounted */
    bool tables; /* slat and lat have histograms too (slat_percentiles, lat_percentiles) */
    bool finished;
    struct bench_pattern pattern;

    uint64_t measure_from_ns; /* end of ramp_time */
    uint64_t end_ns;          /* no I/O is started after it; UINT64_MAX: none */
    uint64_t start_ns;        /* measuring began */
    uint64_t sample_ns;       /* the last window ended */
    uint64_t sampled_ios[BENCH_DIRS], sampled_bytes[BENCH_DIRS];
    uint64_t ramp_ios[BENCH_DIRS], ramp_bytes[BENCH_DIRS];
    struct bench_queue_counts counts_before;

    struct bench_slot *slots;
    struct dma_buf buffers;
    struct bench_buffers *contents; /* what is written, when each write is filled anew, or NULL */
    struct bench_record *record; /* figures over time, or NULL */
    struct bench_verifier *verifier; /* what verify does (verify.h), or NULL */
    struct bench_steady *steady; /* CPU 0's: of the first task of a reporting unit, or NULL */
    struct bench_snapshot *snapshot; /* what status-interval shows of it (status.h), or NULL */
    struct bench_result result;
    struct bench_progress progress;
    atomic_bool end cache_aligned; /* set by CPU 0: this task shall end */
} cache_aligned;

#define BENCH_MAX_TASKS 256 /* in one run */
#define BENCH_MAX_LANES 8   /* controllers that one CPU drives at a time */

/* The jobs of one worker that share a queue pair. */
struct bench_lane {
    struct nvme_qpair *qp;
    struct bench_task *tasks;
    unsigned posted_count;
    unsigned gather;        /* so many are submitted even while completions are waiting */
    struct bench_slot **posted; /* since the last doorbell; room for the depths of all tasks */
    struct bench_settle settle;
    uint64_t wake_ns;       /* when a careful task may start something though nothing completes */
    uint64_t idle_since_ns; /* adaptive waiting: the first empty poll since the last completion */
    unsigned idle_polls;    /* of this wait */
    uint64_t mean_wait_ns;  /* how long such waits have lately been */
    unsigned until_sample;  /* turns until one is timed */
    unsigned reap_max;      /* completions of one turn, so that a deep queue is refilled in time */
    struct bench_queue_counts timing; /* of those turns: only the fields with times */
    bool irq;
    bool adaptive;
    bool armed;   /* the vector is unmasked */
    bool careful; /* one of the tasks is */
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

/* --- shared by worker.c, task.c and careful.c ------------------------------------------------- */

hot_inline uint64_t bench_worker_now(const struct bench_worker *w)
{
    return w->machine->now_ns(w->machine->ctx);
}

/* A task starts, its measuring begins, it ends (task.c). */
void bench_task_start(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns);
void bench_task_finish(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns);
/* What is to be done every BENCH_TICK_NS: deadlines, samples, the live figures. */
void bench_task_tick(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns);
/* An I/O failed for good: the task ends. */
void bench_task_error(struct bench_task *task, int err, uint16_t status, uint64_t lba);

/* Nothing is in flight and nothing more will be started. */
hot_inline bool bench_task_ended(const struct bench_task *task)
{
    return !task->finished && task->to_post == 0 && task->free_count == task->depth;
}
