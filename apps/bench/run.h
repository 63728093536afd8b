/*
 * apps/bench/run.h - one run: jobs cloned into tasks, tasks given to CPUs, memory taken, everything
 * run to its end and taken down again.
 *
 * CPU 0 only. While a run executes, CPU 0 either waits and calls the hook, or is itself a worker
 * that calls it between I/Os.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/job.h"
#include "apps/bench/worker.h"
#include "lib/compiler.h"
#include "lib/out.h"

struct bench_run {
    struct appliance *app;
    const struct bench_job *jobs;
    unsigned job_count;
    unsigned task_count;
    unsigned worker_count;
    struct bench_task **tasks;     /* in the order of the jobs, each job's clones together */
    struct bench_worker *workers;
    uint64_t started_ns, ended_ns;
    atomic_bool stop;
    bool interrupted;              /* by Ctrl-C, through bench_run_stop() */
};

/* Called on CPU 0 about a hundred times a second while the run executes. It may call
 * bench_run_stop(). */
struct bench_hook {
    void (*tick)(void *ctx, struct bench_run *run);
    void *ctx;
};

/* Takes everything the run needs; jobs are lent until bench_run_destroy(). 0; -EINVAL, -ENOTSUP
 * (CPUs, queues, vectors), -ENOMEM, after saying on err what there is too little of. On failure
 * nothing is held and no I/O was started. */
int bench_run_create(struct appliance *app, const struct bench_job *jobs, unsigned job_count,
                     struct bench_run *run, struct out *err) must_check;

/* Runs until all tasks are done. A controller that failed is recovered, and said on err. 0, also
 * when I/O failed (the tasks' results say so); -EBUSY, -ENODEV: a CPU was taken meanwhile; the
 * other tasks were stopped at once. */
int bench_run_execute(struct bench_run *run, const struct bench_hook *hook, struct out *err)
    must_check;

/* How many tasks, from number first on, are reported together: with group_reporting those of all
 * jobs that follow and have it too, up to a new_group; else the task alone. Of their first, field
 * steady tells about steadystate. */
unsigned bench_run_unit(const struct bench_run *run, unsigned first);

/* After a run: says in words which blocks were not what verify expected; nothing if all were. */
void bench_run_report_verify(const struct bench_run *run, struct out *out);

/* Ends it early; what was measured so far stays. */
void bench_run_stop(struct bench_run *run);

/* After it was executed: gives the buffers back. What was measured stays. */
void bench_run_release(struct bench_run *run);

void bench_run_destroy(struct bench_run *run);
