/*
 * apps/bench/setup.h - from a job to its tasks: what a clone does, where, with which memory.
 *
 * CPU 0 only, before and after a run.
 */
#pragma once

#include "apps/bench/job.h"
#include "apps/bench/worker.h"
#include "lib/compiler.h"
#include "lib/out.h"

/* A clone of job: number index of the run, number clone of its job. now_ns is a seed when a run
 * shall not repeat another. NULL after saying on err what there is too little of: *rc is -ENOMEM or
 * -EINVAL. job is lent until bench_task_destroy(). */
struct bench_task *bench_task_create(const struct bench_job *job, unsigned index, unsigned clone,
                                     uint64_t now_ns, struct out *err, int *rc) must_check;

/* Gives its buffers back; what was measured stays. No I/O may follow. */
void bench_task_release(struct bench_task *task);

/* Frees what its device cannot reach any more; NULL is allowed. */
void bench_task_destroy(struct bench_task *task);
