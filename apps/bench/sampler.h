/*
 * apps/bench/sampler.h - once a second, on one clock: what the jobs have done, how hot the drives
 * are, whether they slow themselves down. For the plot, and to explain a rate that falls.
 *
 * CPU 0 only. While CPU 0 is itself a worker, drives are asked only before and after the run: an
 * admin command there would hold up the I/O that is measured. Memory does not grow with time: when
 * it is full, every second sample is given up and the interval doubles.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/drive.h"
#include "apps/bench/run.h"
#include "lib/compiler.h"
#include "lib/out.h"

#define BENCH_SAMPLER_ROOM 1024
#define BENCH_SAMPLER_DRIVES 8

/* Counts since the run began. */
struct bench_sample {
    uint64_t time_ns;
    uint64_t ios[BENCH_DIRS], bytes[BENCH_DIRS];
    bool asked;  /* drive tells something */
    struct bench_drive drive[BENCH_SAMPLER_DRIVES];
};

struct bench_sampler {
    uint64_t interval_ns;
    uint64_t next_ns;
    bool health;           /* ask the drives */
    bool own_worker;       /* CPU 0 runs I/O */
    unsigned drive_count;
    struct nvme_ctrlr *ctrlr[BENCH_SAMPLER_DRIVES]; /* NULL: it does not answer */
    char name[BENCH_SAMPLER_DRIVES][8];
    unsigned count;
    struct bench_sample *samples; /* BENCH_SAMPLER_ROOM */
};

/* Before the run executes: takes the first sample. health: ask the drives. 0 or -ENOMEM. */
int bench_sampler_init(struct bench_sampler *s, const struct bench_run *run, bool health)
    must_check;
void bench_sampler_fini(struct bench_sampler *s);

/* From the run's hook, as often as it likes. */
void bench_sampler_tick(struct bench_sampler *s, const struct bench_run *run, uint64_t now_ns);

/* After the run: the last sample. */
void bench_sampler_finish(struct bench_sampler *s, const struct bench_run *run);

/* A line for each drive: from which temperature to which, power state, throttling, warnings. */
void bench_sampler_report(struct out *out, const struct bench_sampler *s);

/* The series as a log of our own, between marker lines like fio's: NAME_drive.log. One line a
 * sample: ms, IOPS, KiB/s of read, write and trim, then for each drive degrees Celsius, power
 * state, critical warning, throttle transitions; -1 where it was not asked. */
void bench_sampler_log(struct out *out, const struct bench_sampler *s, const char *name);
