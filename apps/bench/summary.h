/*
 * apps/bench/summary.h - everything that is told about runs: what is noted before, during and
 * after each, and then the report in all formats that were asked for.
 *
 *     bench_stage_begin(&stage, &run, out);        // after bench_run_create()
 *     ... in the run's hook: bench_stage_tick(&stage, now_ns);
 *     bench_stage_end(&stage);                     // after bench_run_execute()
 *     bench_summary_print(out, stages, n, formats);
 *     bench_stage_fini(&stage);                    // before bench_run_destroy()
 *
 * Runs that follow each other (stonewall) are the stages of one summary. CPU 0 only.
 */
#pragma once

#include "apps/bench/disk_stats.h"
#include "apps/bench/run.h"
#include "apps/bench/sampler.h"
#include "lib/compiler.h"
#include "lib/out.h"

struct bench_stage {
    struct bench_run *run; /* borrowed */
    struct bench_disks disks;
    struct bench_sampler sampler;
};

/* Says what will be written, notes the counters, takes the first sample. 0 or -ENOMEM, then
 * nothing is held. */
int bench_stage_begin(struct bench_stage *stage, struct bench_run *run, struct out *out) must_check;
void bench_stage_tick(struct bench_stage *stage, uint64_t now_ns);
void bench_stage_end(struct bench_stage *stage);
void bench_stage_fini(struct bench_stage *stage);

/* The report of all stages. formats: enum bench_output, or-ed. Returns 0, the error of the first
 * job that had one, or -ENOMEM (nothing was printed). */
int bench_summary_print(struct out *out, const struct bench_stage *stages, unsigned count,
                        unsigned formats) must_check;

/* The same while the last stage's run goes on (its ended_ns is now), as far as bench_task_shown()
 * tells, without logs and plots. 0 or -ENOMEM. For status.c. */
int bench_summary_print_now(struct out *out, struct bench_stage *stages, unsigned count,
                            unsigned formats) must_check;
