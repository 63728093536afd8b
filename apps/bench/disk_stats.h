/*
 * apps/bench/disk_stats.h - what a run did to each controller, from the driver's counters and the
 * jobs' results: the figures of fio's "Disk stats". CPU 0, while no worker runs.
 */
#pragma once

#include <stdint.h>

#include "apps/bench/run.h"
#include "drivers/nvme/nvme.h"
#include "lib/out.h"

#define BENCH_MAX_DISKS 16

struct bench_disk_stats {
    const char *name;              /* "nvme0", lent by the driver */
    struct nvme_ctrlr *ctrlr;
    struct nvme_qpair_stats queues; /* of all queue pairs together, during the run */
    uint64_t ios[BENCH_DIRS];
    uint64_t ticks_ms[BENCH_DIRS]; /* summed latencies */
    uint64_t in_queue_ms;          /* of all directions */
    double util_percent;           /* mean number of I/Os in flight, at most 100 % */
};

struct bench_disks {
    unsigned count;
    struct bench_disk_stats disk[BENCH_MAX_DISKS];
};

/* Before a run executes: notes its controllers and where their counters stand. */
void bench_disks_begin(struct bench_disks *disks, const struct bench_run *run);

/* After it: the differences. Or while it goes on, with run->ended_ns set to now, as far as
 * bench_task_shown() tells; then *disks can not be gone on with. */
void bench_disks_end(struct bench_disks *disks, const struct bench_run *run);

/* The "Disk stats" block of fio's normal output, and a line about doorbells for each disk. */
void bench_disks_report(struct out *out, const struct bench_disks *disks);
