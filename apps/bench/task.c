/*
 * apps/bench/task.c - what happens to a task now and then: it starts, its measuring begins, samples
 * are taken, its time is over, it ends.
 */
#include "apps/bench/careful.h"
#include "apps/bench/status.h"
#include "apps/bench/worker.h"
#include "lib/errno.h"
#include "lib/string.h"

static void set_state(struct bench_task *task, enum bench_task_state state)
{
    atomic_store_explicit(&task->progress.state, state, memory_order_relaxed);
}

static bool in_state(struct bench_task *task, enum bench_task_state state)
{
    return atomic_load_explicit(&task->progress.state, memory_order_relaxed) == state;
}

static struct bench_queue_counts queue_counts(const struct bench_lane *lane)
{
    struct nvme_qpair_stats stats;
    struct bench_queue_counts counts = lane->timing;
    nvme_qpair_stats(lane->qp, &stats);
    counts.commands = stats.completions;
    counts.doorbells = stats.sq_doorbells + stats.cq_doorbells;
    counts.interrupts = stats.interrupts;
    return counts;
}

void bench_task_error(struct bench_task *task, int err, uint16_t status, uint64_t lba)
{
    task->to_post = 0;
    /* What befell an I/O says more than that its controller was then out of service. */
    if (task->result.err == 0 || task->result.err == -ESHUTDOWN) {
        task->result.err = err;
        task->result.status = status;
        task->result.err_lba = lba;
    }
    if (task->careful != NULL) {
        bench_careful_cut(task);
    }
}

static void publish(struct bench_task *task)
{
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        const struct bench_dir_result *r = &task->result.dir[d];
        atomic_store_explicit(&task->progress.ios[d], task->ramp_ios[d] + r->ios,
                              memory_order_relaxed);
        atomic_store_explicit(&task->progress.bytes[d], task->ramp_bytes[d] + r->bytes,
                              memory_order_relaxed);
    }
}

static void take_sample(struct bench_task *task, uint64_t now_ns)
{
    uint64_t spent_us = (now_ns - task->sample_ns) / NS_PER_US;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        struct bench_dir_result *r = &task->result.dir[d];
        uint64_t ios = r->ios - task->sampled_ios[d];
        uint64_t kib = (r->bytes - task->sampled_bytes[d]) / KIB;
        if (r->ios > 0) {
            bench_samples_add(&r->bw_kib, (double)(kib * 1000000 / spent_us));
            bench_samples_add(&r->iops, (double)(ios * 1000000 / spent_us));
        }
        task->sampled_ios[d] = r->ios;
        task->sampled_bytes[d] = r->bytes;
    }
    task->sample_ns = now_ns;
}

/* From now on what happens counts. */
static void set_baseline(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    task->start_ns = now_ns;
    task->sample_ns = now_ns;
    task->counts_before = queue_counts(lane);
    if (task->record != NULL) {
        bench_record_start(task->record, now_ns);
    }
}

/* ramp_time is over: what was measured so far is forgotten, and the samples begin. */
static void begin_measuring(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        task->ramp_ios[d] += task->result.dir[d].ios;
        task->ramp_bytes[d] += task->result.dir[d].bytes;
        task->sampled_ios[d] = 0;
        task->sampled_bytes[d] = 0;
    }
    bench_result_clear(&task->result);
    set_baseline(lane, task, now_ns);
    task->worker->asleep_ns = 0;
    set_state(task, BENCH_TASK_RUNNING);
}

void bench_task_start(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    const struct bench_options *opt = &task->job->opt;
    set_baseline(lane, task, now_ns);
    task->measure_from_ns = now_ns + opt->ramp_time_ns;
    task->end_ns = opt->runtime_ns > 0 ? task->measure_from_ns + opt->runtime_ns : UINT64_MAX;
    task->result.latency_depth = task->depth;
    if (task->careful != NULL) {
        bench_careful_start(task, now_ns);
    }
    set_state(task, opt->ramp_time_ns > 0 ? BENCH_TASK_RAMP : BENCH_TASK_RUNNING);
}

/* A pass that only reads back what was written has a time of its own, as in fio. */
static void set_runtimes(const struct bench_task *task, struct bench_result *result,
                         uint64_t now_ns)
{
    uint64_t pass_ns = task->careful != NULL ? task->careful->pass_ns : 0;
    bool mixed = bench_rw_reads(task->job->opt.rw);
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        struct bench_dir_result *r = &result->dir[d];
        bool back = d == BENCH_DIR_READ && !mixed;
        uint64_t from_ns = pass_ns > task->start_ns && back ? pass_ns : task->start_ns;
        uint64_t to_ns = pass_ns > task->start_ns && d != BENCH_DIR_READ ? pass_ns : now_ns;
        uint64_t ms = (to_ns - from_ns + NS_PER_MS / 2) / NS_PER_MS;
        r->runtime_ms = r->ios > 0 ? MAX(ms, UINT64_C(1)) : 0;
    }
}

/* What is only known of a whole run, or of the part of it up to now: result is the task's, or a
 * copy. */
static void total_up(const struct bench_lane *lane, const struct bench_task *task,
                     struct bench_result *result, uint64_t now_ns)
{
    struct bench_queue_counts counts = queue_counts(lane);
    bench_counts_since(&counts, &task->counts_before);
    result->queue = counts;
    result->interrupts = counts.interrupts;
    result->run_ns = now_ns - task->start_ns;
    result->asleep_ns = task->worker->asleep_ns;
    set_runtimes(task, result, now_ns);
}

/* Answers CPU 0 if it has asked for the results so far. */
static void serve_snapshot(const struct bench_lane *lane, const struct bench_task *task,
                           uint64_t now_ns)
{
    struct bench_snapshot *s = task->snapshot;
    unsigned wanted = atomic_load_explicit(&s->wanted, memory_order_acquire);
    if (wanted != atomic_load_explicit(&s->taken, memory_order_relaxed)) {
        s->result = task->result;
        total_up(lane, task, &s->result, now_ns);
        atomic_store_explicit(&s->taken, wanted, memory_order_release);
    }
}

void bench_task_finish(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    total_up(lane, task, &task->result, now_ns);
    if (task->record != NULL) {
        bench_record_take(task->record, &task->result, now_ns, true);
    }
    publish(task);
    set_state(task, BENCH_TASK_DONE);
    if (task->snapshot != NULL) {
        atomic_store_explicit(&task->snapshot->ended, true, memory_order_release);
    }
    task->finished = true;
    task->worker->active--;
}

static bool time_is_over(const struct bench_task *task, uint64_t now_ns)
{
    return now_ns >= task->end_ns ||
           atomic_load_explicit(task->worker->stop, memory_order_relaxed) ||
           atomic_load_explicit(&task->end, memory_order_relaxed);
}

/* The next tick comes in time for what this task has to do. */
static void bring_tick_forward(struct bench_task *task, uint64_t now_ns)
{
    uint64_t next_ns = task->end_ns > now_ns ? task->end_ns : UINT64_MAX;
    if (in_state(task, BENCH_TASK_RAMP)) {
        next_ns = MIN(next_ns, task->measure_from_ns);
    } else if (task->record != NULL) {
        next_ns = MIN(next_ns, bench_record_next_ns(task->record));
    }
    task->worker->next_tick_ns = MIN(task->worker->next_tick_ns, next_ns);
}

void bench_task_tick(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    if (in_state(task, BENCH_TASK_RAMP) && now_ns >= task->measure_from_ns) {
        begin_measuring(lane, task, now_ns);
    }
    if (in_state(task, BENCH_TASK_RUNNING) && now_ns >= task->sample_ns + BENCH_SAMPLE_NS) {
        take_sample(task, now_ns);
    }
    if (in_state(task, BENCH_TASK_RUNNING) && task->record != NULL) {
        bench_record_take(task->record, &task->result, now_ns, false);
    }
    if (task->careful != NULL) {
        bench_careful_tick(task, now_ns);
    }
    if (time_is_over(task, now_ns)) {
        if (task->careful != NULL) {
            bench_careful_cut(task);
        } else {
            task->to_post = 0;
        }
    }
    if (task->snapshot != NULL) {
        serve_snapshot(lane, task, now_ns);
    }
    publish(task);
    bring_tick_forward(task, now_ns);
}
