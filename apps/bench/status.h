/*
 * apps/bench/status.h - status-interval: a whole report once in a while, of a run that goes on.
 *
 * What a worker measures is its own until its task has ended. So CPU 0 asks, each worker copies its
 * tasks' results when it next looks at its deadlines, and once all have done so there is a report.
 * Nothing is added to the cost of an I/O.
 *
 * CPU 0 only; the workers' part is in task.c. If CPU 0 is itself a worker, its I/O waits for the
 * console.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/summary.h"
#include "apps/bench/worker.h"
#include "lib/compiler.h"
#include "lib/out.h"

/* Of a task; see struct bench_task. */
struct bench_snapshot {
    atomic_uint wanted;  /* counted up by CPU 0 */
    atomic_uint taken;   /* made equal to it by the task's CPU, once result is filled in */
    atomic_bool ended;   /* the task's own result will not change any more */
    const struct bench_result *shown; /* CPU 0's: what a report now shows; NULL: the task's own */
    struct bench_result result;
};

/* What a report shows of a task: a snapshot while one is printed, else the task's own result. */
const struct bench_result *bench_task_shown(const struct bench_task *task);

struct bench_status {
    uint64_t interval_ns; /* 0: no reports */
    uint64_t next_ns;
    bool asked;
    struct bench_run *run;
};

/* Before the run executes. -ENOMEM: then nothing is held. */
int bench_status_init(struct bench_status *status, struct bench_run *run, uint64_t interval_ns)
    must_check;
void bench_status_fini(struct bench_status *status);

/* From the run's hook: true when a report is to be printed now. */
bool bench_status_due(struct bench_status *status, uint64_t now_ns);

/* Prints it: stages as in bench_summary_print(), the last one's run goes on. */
void bench_status_print(struct bench_status *status, struct out *out, struct bench_stage *stages,
                        unsigned count, unsigned formats, uint64_t now_ns);
