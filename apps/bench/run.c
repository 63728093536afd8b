/*
 * apps/bench/run.c - gives tasks to CPUs and memory to tasks, and starts and ends it all.
 */
#include "apps/bench/run.h"

#include "apps/bench/setup.h"
#include "apps/bench/steady.h"
#include "apps/bench/verify.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define REAP_MAX 256 /* completions of one turn, so that a deep queue is refilled in time */

/* --- tasks ------------------------------------------------------------------------------------ */

static int create_tasks(struct bench_run *run, struct out *err)
{
    const struct machine *m = run->app->machine;
    unsigned total = 0;
    for (unsigned j = 0; j < run->job_count; j++) {
        total += (unsigned)run->jobs[j].opt.numjobs;
    }
    if (total > BENCH_MAX_TASKS) {
        out_printf(err, "%u jobs in all: at most %u are allowed\n", total, BENCH_MAX_TASKS);
        return -EINVAL;
    }
    run->tasks = heap_alloc(total, sizeof(struct bench_task *));
    if (run->tasks == NULL) {
        return -ENOMEM;
    }
    for (unsigned j = 0; j < run->job_count; j++) {
        for (unsigned k = 0; k < run->jobs[j].opt.numjobs; k++) {
            int rc;
            struct bench_task *task = bench_task_create(&run->jobs[j], run->task_count, k,
                                                        m->now_ns(m->ctx), err, &rc);
            if (task == NULL) {
                return rc;
            }
            run->tasks[run->task_count++] = task;
        }
    }
    return 0;
}

/* --- steadystate ------------------------------------------------------------------------------ */

unsigned bench_run_unit(const struct bench_run *run, unsigned first)
{
    unsigned n = 1;
    const struct bench_options *opt = &run->tasks[first]->job->opt;
    while (first + n < run->task_count && opt->group_reporting) {
        const struct bench_options *next = &run->tasks[first + n]->job->opt;
        bool new_group = next->new_group && run->tasks[first + n]->job !=
                                                run->tasks[first + n - 1]->job;
        if (!next->group_reporting || new_group) {
            break;
        }
        n++;
    }
    return n;
}

static int create_steady(struct bench_task *task, uint64_t now_ns)
{
    const struct bench_options *opt = &task->job->opt;
    const struct bench_steady_config config = {
        .bandwidth = opt->steadystate.bandwidth,
        .slope = opt->steadystate.slope,
        .percent = opt->steadystate.percent,
        .limit = opt->steadystate.limit,
        .duration_ns = opt->ss_dur_ns,
        .ramp_ns = opt->ramp_time_ns + opt->ss_ramp_ns,
    };
    task->steady = heap_alloc(1, sizeof(*task->steady));
    return task->steady != NULL ? bench_steady_init(task->steady, &config, now_ns) : -ENOMEM;
}

static void destroy_steady(struct bench_task *task)
{
    if (task->steady != NULL) {
        bench_steady_fini(task->steady);
        heap_free(task->steady);
        task->steady = NULL;
    }
}

static int create_all_steady(struct bench_run *run, struct out *err)
{
    const struct machine *m = run->app->machine;
    for (unsigned i = 0; i < run->task_count; i += bench_run_unit(run, i)) {
        if (!run->tasks[i]->job->opt.steadystate.given) {
            continue;
        }
        int rc = create_steady(run->tasks[i], m->now_ns(m->ctx));
        if (rc != 0) {
            out_printf(err, rc == -EINVAL ? "ss_dur: from 2 s to %u s are allowed\n"
                                          : "not enough memory for %u samples of steadystate\n",
                       BENCH_STEADY_MAX_SAMPLES);
            return rc;
        }
    }
    return 0;
}

/* A sample of each unit now and then; what has become steady ends. */
static void watch_steadiness(struct bench_run *run)
{
    const struct machine *m = run->app->machine;
    for (unsigned i = 0, n; i < run->task_count; i += n) {
        struct bench_steady *steady = run->tasks[i]->steady;
        uint64_t ios = 0, bytes = 0;
        n = bench_run_unit(run, i);
        if (steady == NULL || steady->attained) {
            continue;
        }
        for (unsigned k = 0; k < n * BENCH_DIRS; k++) {
            struct bench_progress *progress = &run->tasks[i + k / BENCH_DIRS]->progress;
            ios += atomic_load_explicit(&progress->ios[k % BENCH_DIRS], memory_order_relaxed);
            bytes += atomic_load_explicit(&progress->bytes[k % BENCH_DIRS], memory_order_relaxed);
        }
        if (bench_steady_update(steady, ios, bytes, m->now_ns(m->ctx))) {
            for (unsigned k = 0; k < n; k++) {
                atomic_store_explicit(&run->tasks[i + k]->end, true, memory_order_relaxed);
            }
        }
    }
}

/* --- CPUs ------------------------------------------------------------------------------------- */

static bool cpu_allowed(const struct bench_cpus *cpus, unsigned cpu)
{
    return cpu < BENCH_MAX_CPUS && (cpus->mask[cpu / 64] >> cpu % 64 & 1);
}

/* CPU number cpu can run I/O of this job: it is up and has nothing to do, and has a queue pair,
 * with an interrupt vector if the job sleeps for it. */
static bool cpu_suits(const struct bench_run *run, const struct bench_job *job, unsigned cpu)
{
    const struct machine *m = run->app->machine;
    struct machine_cpu info;
    m->cpu_info(m->ctx, cpu, &info);
    if (cpu != 0 && (!info.online || !m->cpu_idle(m->ctx, cpu))) {
        return false;
    }
    if (job->opt.cpus_allowed.given && !cpu_allowed(&job->opt.cpus_allowed, cpu)) {
        return false;
    }
    unsigned qpairs = job->opt.wait == BENCH_IRQ ? nvme_info(job->ctrlr)->irq_qpairs
                                                 : nvme_info(job->ctrlr)->io_qpairs;
    return cpu < qpairs;
}

/* The n-th choice: CPUs 1, 2, ... and last CPU 0, which also has the console to look after; then
 * again from the beginning, sharing. Returns false if no CPU suits at all. */
static bool choose_cpu(const struct bench_run *run, const struct bench_job *job, unsigned n,
                       unsigned *out)
{
    const struct machine *m = run->app->machine;
    unsigned cpus = m->cpu_count(m->ctx);
    unsigned suitable = 0;
    for (unsigned i = 1; i <= cpus; i++) {
        suitable += cpu_suits(run, job, i % cpus);
    }
    if (suitable == 0) {
        return false;
    }
    n %= suitable;
    for (unsigned i = 1; i <= cpus; i++) {
        if (cpu_suits(run, job, i % cpus) && n-- == 0) {
            *out = i % cpus;
            return true;
        }
    }
    return false;
}

static struct bench_worker *worker_of(struct bench_run *run, unsigned cpu)
{
    for (unsigned i = 0; i < run->worker_count; i++) {
        if (run->workers[i].cpu == cpu) {
            return &run->workers[i];
        }
    }
    struct bench_worker *w = &run->workers[run->worker_count++];
    w->machine = run->app->machine;
    w->stop = &run->stop;
    w->cpu = cpu;
    return w;
}

/* The worker's lane for a queue pair, or NULL when it has too many. */
static struct bench_lane *lane_of(struct bench_worker *w, struct nvme_qpair *qp)
{
    for (unsigned i = 0; i < w->lane_count; i++) {
        if (w->lanes[i].qp == qp) {
            return &w->lanes[i];
        }
    }
    if (w->lane_count == BENCH_MAX_LANES) {
        return NULL;
    }
    w->lanes[w->lane_count].qp = qp;
    w->lanes[w->lane_count].reap_max = REAP_MAX;
    return &w->lanes[w->lane_count++];
}

static void append_task(struct bench_lane *lane, struct bench_task *task)
{
    struct bench_task **end = &lane->tasks;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = task;
    lane->timed |= task->job->opt.lat_accounting;
    lane->irq |= task->job->opt.wait == BENCH_IRQ;
    lane->adaptive |= task->job->opt.wait == BENCH_ADAPTIVE;
    lane->careful |= task->careful != NULL;
    uint64_t reap_max = task->job->opt.iodepth_batch_complete_max;
    if (reap_max > 0) {
        lane->reap_max = (unsigned)MIN((uint64_t)lane->reap_max, reap_max);
    }
    if (task->depth == 1) {
        lane->settle.ns = task->job->settle_ns;
    }
}

static int place_task(struct bench_run *run, struct bench_task *task, unsigned index,
                      struct out *err)
{
    const struct bench_job *job = task->job;
    unsigned cpu;
    if (!choose_cpu(run, job, index, &cpu)) {
        out_printf(err, "no CPU is free that has a queue pair of %s\n", nvme_name(job->ctrlr));
        return -EINVAL;
    }
    struct bench_worker *w = worker_of(run, cpu);
    struct bench_lane *lane = lane_of(w, nvme_qpair_at(job->ctrlr, cpu));
    if (lane == NULL) {
        out_printf(err, "CPU %u would have to drive more than %d controllers\n", cpu,
                   BENCH_MAX_LANES);
        return -EINVAL;
    }
    task->worker = w;
    w->active++;
    append_task(lane, task);
    return 0;
}

/* Jobs that share a queue must fit it together; then there is always room to post. */
static int size_lane(const struct bench_worker *w, struct bench_lane *lane, struct out *err)
{
    unsigned commands = 0;
    unsigned depth = 0;
    for (const struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
        commands += task->depth * task->job->commands;
        depth += task->depth;
    }
    if (commands > nvme_qpair_depth(lane->qp)) {
        out_printf(err, "the jobs that share CPU %u keep %u commands in flight, its queue holds "
                   "%u: lower numjobs or iodepth\n", w->cpu, commands, nvme_qpair_depth(lane->qp));
        return -EINVAL;
    }
    if (lane->irq && w->lane_count > 1) {
        out_printf(err, "wait=irq: CPU %u would have to wait for several controllers\n", w->cpu);
        return -ENOTSUP;
    }
    /* With several controllers to look after there is no sleeping for one of them. */
    lane->adaptive &= !lane->irq && w->lane_count == 1;
    if (depth == 1 && !lane->irq && !lane->careful &&
        nvme_info(lane->tasks->job->ctrlr)->emulated && !lane->tasks->job->opt.settle_given) {
        bench_settle_search(&lane->settle);
    }
    lane->gather = lane->careful ? 1 : MAX(depth / 2, 1U);
    lane->posted = heap_alloc(depth, sizeof(struct bench_slot *));
    if (lane->posted == NULL) {
        out_puts(err, "not enough memory for the jobs\n");
        return -ENOMEM;
    }
    return 0;
}

static int place_tasks(struct bench_run *run, struct out *err)
{
    run->workers = heap_alloc(run->task_count, sizeof(*run->workers));
    if (run->workers == NULL) {
        out_puts(err, "not enough memory for the jobs\n");
        return -ENOMEM;
    }
    for (unsigned i = 0; i < run->task_count; i++) {
        int rc = place_task(run, run->tasks[i], i, err);
        if (rc != 0) {
            return rc;
        }
    }
    for (unsigned i = 0; i < run->worker_count; i++) {
        struct bench_worker *w = &run->workers[i];
        for (unsigned l = 0; l < w->lane_count; l++) {
            int rc = size_lane(w, &w->lanes[l], err);
            if (rc != 0) {
                return rc;
            }
        }
    }
    return 0;
}

int bench_run_create(struct appliance *app, const struct bench_job *jobs, unsigned job_count,
                     struct bench_run *run, struct out *err)
{
    *run = (struct bench_run){.app = app, .jobs = jobs, .job_count = job_count};
    int rc = create_tasks(run, err);
    if (rc == 0) {
        /* Slots are bound to their task, and tasks to CPUs; both must hold before I/O starts. */
        rc = place_tasks(run, err);
    }
    if (rc == 0) {
        rc = create_all_steady(run, err);
    }
    if (rc != 0) {
        bench_run_destroy(run);
    }
    return rc;
}

/* --- executing -------------------------------------------------------------------------------- */

struct tick_context {
    struct bench_run *run;
    const struct bench_hook *hook;
};

static void call_hook(void *ctx)
{
    struct tick_context *tick = ctx;
    watch_steadiness(tick->run);
    tick->hook->tick(tick->hook->ctx, tick->run);
}

static struct bench_worker *start_workers(struct bench_run *run, int *err)
{
    const struct machine *m = run->app->machine;
    struct bench_worker *own = NULL;
    *err = 0;
    for (unsigned i = 0; i < run->worker_count; i++) {
        struct bench_worker *w = &run->workers[i];
        if (w->cpu == 0) {
            own = w;
            continue;
        }
        *err = m->cpu_run(m->ctx, w->cpu, "bench", bench_worker_run, w);
        if (*err != 0) {
            bench_run_stop(run);
            run->worker_count = i; /* only those that run are waited for */
            return NULL;
        }
    }
    return own;
}

static bool all_idle(const struct bench_run *run)
{
    const struct machine *m = run->app->machine;
    for (unsigned i = 0; i < run->worker_count; i++) {
        if (run->workers[i].cpu != 0 && !m->cpu_idle(m->ctx, run->workers[i].cpu)) {
            return false;
        }
    }
    return true;
}

static void wait_for_workers(struct bench_run *run, struct tick_context *tick)
{
    const struct machine *m = run->app->machine;
    uint64_t next_ns = 0;
    while (!all_idle(run)) {
        m->relax(m->ctx);
        uint64_t now_ns = m->now_ns(m->ctx);
        if (now_ns >= next_ns) {
            next_ns = now_ns + BENCH_TICK_NS;
            call_hook(tick);
        }
    }
}

/* No worker touches its queue any more: the only moment at which a controller may be reset. */
static void recover_failed(struct bench_run *run, struct out *err)
{
    for (unsigned j = 0; j < run->job_count; j++) {
        struct nvme_ctrlr *ctrlr = run->jobs[j].ctrlr;
        if (!nvme_failed(ctrlr)) {
            continue;
        }
        int rc = nvme_recover(ctrlr);
        if (rc == 0) {
            out_printf(err, "%s failed during the run, was reset, and is in service again\n",
                       nvme_name(ctrlr));
        } else {
            out_printf(err, "%s failed during the run and does not come back: %s\n",
                       nvme_name(ctrlr), errno_text(rc));
        }
    }
}

int bench_run_execute(struct bench_run *run, const struct bench_hook *hook, struct out *err)
{
    const struct machine *m = run->app->machine;
    struct tick_context tick = {.run = run, .hook = hook};
    int rc;
    run->started_ns = m->now_ns(m->ctx);
    struct bench_worker *own = start_workers(run, &rc);
    if (own != NULL) {
        own->tick = call_hook;
        own->tick_ctx = &tick;
        bench_worker_run(own);
    }
    wait_for_workers(run, &tick);
    run->ended_ns = m->now_ns(m->ctx);
    recover_failed(run, err);
    return rc;
}

void bench_run_report_verify(const struct bench_run *run, struct out *out)
{
    for (unsigned i = 0; i < run->task_count; i++) {
        if (run->tasks[i]->verifier != NULL) {
            bench_verifier_report(run->tasks[i]->verifier, out);
        }
    }
}

void bench_run_stop(struct bench_run *run)
{
    atomic_store_explicit(&run->stop, true, memory_order_relaxed);
}

void bench_run_release(struct bench_run *run)
{
    for (unsigned i = 0; i < run->task_count; i++) {
        bench_task_release(run->tasks[i]);
    }
}

void bench_run_destroy(struct bench_run *run)
{
    for (unsigned i = 0; run->workers != NULL && i < run->task_count; i++) {
        for (unsigned l = 0; l < run->workers[i].lane_count; l++) {
            heap_free(run->workers[i].lanes[l].posted);
        }
    }
    for (unsigned i = 0; i < run->task_count; i++) {
        destroy_steady(run->tasks[i]);
        bench_task_destroy(run->tasks[i]);
    }
    heap_free(run->workers);
    heap_free(run->tasks);
    run->workers = NULL;
    run->tasks = NULL;
    run->task_count = 0;
}
