/*
 * apps/bench/worker.c - the hot loop and the little that surrounds it.
 */
#include "apps/bench/worker.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define POLLS_PER_TICK 1024 /* empty polls between two looks at the clock */
#define POLLS_PER_BATCH 64  /* what a reaping without a look at the clock counts for */
#define REAP_MAX 256        /* completions of one turn, so that a deep queue is refilled in time */
#define SCRAMBLE_BYTES 4096 /* one changed word for each: the unit in which disks deduplicate */

hot_inline uint64_t worker_now(const struct bench_worker *w)
{
    return w->machine->now_ns(w->machine->ctx);
}

/* --- completions ------------------------------------------------------------------------------ */

static void note_error(struct bench_task *task, int err, uint16_t status, uint64_t lba)
{
    task->to_post = 0;
    /* What befell an I/O says more than that its controller was then out of service. */
    if (task->result.err == 0 || task->result.err == -ESHUTDOWN) {
        task->result.err = err;
        task->result.status = status;
        task->result.err_lba = lba;
    }
}

/* What left with one doorbell and is found by one reaping has taken the same time: it is accounted
 * in one go, with the same result as one by one. */
static void account_burst(struct bench_worker *w)
{
    const struct bench_slot *slot = w->burst;
    struct bench_dir_result *d = slot->account;
    d->ios += w->burst_count;
    d->bytes += w->burst_count * slot->task->io_bytes;
    if (slot->task->timed) {
        uint64_t clat_ns = w->batch_ns - slot->issue_ns;
        d->clat_histogram.count[histogram_index(clat_ns)] += w->burst_count;
        stats_add_many(&d->clat, clat_ns, w->burst_count);
        stats_add_many(&d->lat, w->batch_ns - slot->start_ns, w->burst_count);
    }
    w->burst = NULL;
    w->burst_count = 0;
}

/* Runs inside nvme_reap, or, with an error, inside nvme_recover. */
static void io_done(struct nvme_io *io)
{
    struct bench_slot *slot = container_of(io, struct bench_slot, io);
    struct bench_task *task = slot->task;
    struct bench_worker *w = task->worker;
    task->free[task->free_count++] = slot;
    if (unlikely(io->err != 0)) {
        note_error(task, io->err, io->status, io->lba);
        return;
    }
    if (likely(w->burst != NULL) && slot->account == w->burst->account &&
        slot->issue_ns == w->burst->issue_ns) {
        w->burst_count++;
        return;
    }
    if (w->burst != NULL) {
        account_burst(w);
    }
    if (task->timed && w->batch_ns == 0) {
        w->batch_ns = worker_now(w);
    }
    w->burst = slot;
    w->burst_count = 1;
}

void bench_task_init_slots(struct bench_task *task)
{
    uint64_t stride = ALIGN_UP(task->io_bytes, SCRAMBLE_BYTES);
    for (unsigned i = 0; i < task->depth; i++) {
        struct bench_slot *slot = &task->slots[i];
        slot->task = task;
        slot->buffer = (uint8_t *)task->buffers.va + i * stride;
        slot->io.ns = task->job->ns;
        slot->io.iova = task->buffers.iova + i * stride;
        slot->io.nlb = task->job->io_blocks;
        slot->io.done = io_done;
        task->free[task->depth - 1 - i] = slot;
    }
    task->free_count = task->depth;
    task->free_before = task->depth;
    task->timed = task->job->opt.lat_accounting;
}

/* --- submission ------------------------------------------------------------------------------- */

/* Makes what is written differ from write to write and place to place, at the cost of one store. */
static void scramble(const struct bench_task *task, const struct bench_slot *slot, uint64_t index)
{
    uint64_t word = rng_mix(index, task->to_post);
    for (uint64_t at = 0; at < task->io_bytes; at += SCRAMBLE_BYTES) {
        uint64_t value = word + at;
        memcpy(slot->buffer + at, &value, sizeof(value));
    }
}

/* I/Os number before + 1 to after were put in flight; a level at a time. */
hot_inline void account_depth(struct bench_task *task, unsigned before, unsigned after)
{
    while (before < after) {
        unsigned level = bench_depth_level(before + 1);
        unsigned last = level < BENCH_DEPTH_LEVELS - 1 ? MIN(after, (2U << level) - 1) : after;
        task->result.depth[level] += last - before;
        before = last;
    }
}

/* Starts I/O on every free slot of the task. Returns false when the queue takes no more. */
hot_inline bool fill_task(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    unsigned before = task->depth - task->free_count;
    bool taken = true;
    while (task->free_count > 0 && task->to_post > 0) {
        struct bench_slot *slot = task->free[task->free_count - 1];
        enum bench_dir dir = bench_pattern_dir(&task->pattern);
        uint64_t index = bench_pattern_index(&task->pattern, dir);
        slot->account = &task->result.dir[dir];
        slot->start_ns = now_ns;
        slot->io.opcode = dir == BENCH_DIR_READ ? NVME_IO_READ : NVME_IO_WRITE;
        slot->io.lba = task->job->first_lba + index * slot->io.nlb;
        if (dir == BENCH_DIR_WRITE && task->scramble) {
            scramble(task, slot, index);
        }
        int rc = nvme_post(lane->qp, &slot->io);
        if (unlikely(rc != 0)) {
            /* The depths were checked against the queue, so not even -EAGAIN is expected. */
            note_error(task, rc, 0, slot->io.lba);
            taken = rc != -ESHUTDOWN;
            break;
        }
        task->free_count--;
        task->to_post--;
        task->posted[dir]++;
        lane->posted[lane->posted_count++] = slot;
    }
    account_depth(task, before, task->depth - task->free_count);
    task->free_before = task->free_count;
    return taken;
}

/* Everything of this doorbell was chosen at one time and leaves at one time. */
static void account_submit(struct bench_lane *lane, uint64_t start_ns, uint64_t issue_ns)
{
    for (unsigned i = 0; i < lane->posted_count; i++) {
        lane->posted[i]->issue_ns = issue_ns;
    }
    for (struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
        for (unsigned d = 0; d < BENCH_DIRS && lane->timed; d++) {
            if (task->posted[d] > 0) {
                stats_add_many(&task->result.dir[d].slat, issue_ns - start_ns, task->posted[d]);
            }
        }
        unsigned posted = task->posted[BENCH_DIR_READ] + task->posted[BENCH_DIR_WRITE];
        if (posted > 0) {
            task->result.submit[bench_batch_level(posted)]++;
            task->result.submits++;
        }
        task->posted[BENCH_DIR_READ] = 0;
        task->posted[BENCH_DIR_WRITE] = 0;
    }
}

/* Lets settle_ns pass since the completions were found. */
static void settle(const struct bench_worker *w, const struct bench_lane *lane)
{
    uint64_t until_ns = (w->batch_ns != 0 ? w->batch_ns : worker_now(w)) + lane->settle_ns;
    while (worker_now(w) < until_ns) {
    }
}

static bool fill_lane(struct bench_worker *w, struct bench_lane *lane, uint64_t now_ns)
{
    lane->posted_count = 0;
    for (struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
        if (!fill_task(lane, task, now_ns)) {
            return false;
        }
    }
    if (lane->posted_count > 0) {
        if (unlikely(lane->settle_ns > 0)) {
            settle(w, lane);
        }
        account_submit(lane, now_ns, lane->timed ? worker_now(w) : 0);
        nvme_ring(lane->qp);
    }
    return true;
}

/* --- now and then ----------------------------------------------------------------------------- */

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

static void set_state(struct bench_task *task, enum bench_task_state state)
{
    atomic_store_explicit(&task->progress.state, state, memory_order_relaxed);
}

static bool in_state(struct bench_task *task, enum bench_task_state state)
{
    return atomic_load_explicit(&task->progress.state, memory_order_relaxed) == state;
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

/* ramp_time is over: what was measured so far is forgotten, and the samples begin. */
static void begin_measuring(struct bench_task *task, uint64_t now_ns)
{
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        task->ramp_ios[d] += task->result.dir[d].ios;
        task->ramp_bytes[d] += task->result.dir[d].bytes;
        task->sampled_ios[d] = 0;
        task->sampled_bytes[d] = 0;
    }
    bench_result_clear(&task->result);
    task->start_ns = now_ns;
    task->sample_ns = now_ns;
    task->worker->asleep_ns = 0;
    set_state(task, BENCH_TASK_RUNNING);
}

static void finish_task(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    struct nvme_qpair_stats stats;
    nvme_qpair_stats(lane->qp, &stats);
    task->result.interrupts = stats.interrupts - task->interrupts_before;
    task->result.run_ns = now_ns - task->start_ns;
    task->result.asleep_ns = task->worker->asleep_ns;
    uint64_t ms = (task->result.run_ns + NS_PER_MS / 2) / NS_PER_MS;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        task->result.dir[d].runtime_ms = task->result.dir[d].ios > 0 ? MAX(ms, UINT64_C(1)) : 0;
    }
    publish(task);
    set_state(task, BENCH_TASK_DONE);
    task->finished = true;
    task->worker->active--;
}

static void tick_task(struct bench_worker *w, struct bench_task *task, uint64_t now_ns)
{
    if (task->finished) {
        return;
    }
    if (in_state(task, BENCH_TASK_RAMP) && now_ns >= task->measure_from_ns) {
        begin_measuring(task, now_ns);
    }
    if (in_state(task, BENCH_TASK_RUNNING) && now_ns >= task->sample_ns + BENCH_SAMPLE_NS) {
        take_sample(task, now_ns);
    }
    if (now_ns >= task->end_ns || atomic_load_explicit(w->stop, memory_order_relaxed)) {
        task->to_post = 0;
    }
    publish(task);
    w->next_tick_ns = MIN(w->next_tick_ns, task->end_ns > now_ns ? task->end_ns : UINT64_MAX);
    if (in_state(task, BENCH_TASK_RAMP)) {
        w->next_tick_ns = MIN(w->next_tick_ns, task->measure_from_ns);
    }
}

static void worker_tick(struct bench_worker *w, uint64_t now_ns)
{
    w->next_tick_ns = now_ns + BENCH_TICK_NS;
    for (unsigned l = 0; l < w->lane_count; l++) {
        struct bench_lane *lane = &w->lanes[l];
        for (struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
            tick_task(w, task, now_ns);
            if (!task->finished && task->to_post == 0 && task->free_count == task->depth) {
                finish_task(lane, task, now_ns);
            }
        }
    }
    if (w->tick != NULL) {
        w->tick(w->tick_ctx);
    }
}

/* --- the loop --------------------------------------------------------------------------------- */

/* Counts what each task got from a reaping. True when a task has come to its end. */
static bool account_reap(struct bench_lane *lane)
{
    bool ended = false;
    for (struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
        unsigned reaped = task->free_count - task->free_before;
        if (reaped > 0) {
            task->result.complete[bench_batch_level(reaped)]++;
            task->result.completes++;
        }
        ended |= !task->finished && task->to_post == 0 && task->free_count == task->depth;
    }
    return ended;
}

/* Nothing was there: spin once, or sleep until the interrupt. */
static void wait_lane(struct bench_worker *w, struct bench_lane *lane)
{
    if (!lane->irq) {
        if (w->machine->spin) {
            w->machine->spin(w->machine->ctx);
        }
        return;
    }
    uint64_t before_ns = worker_now(w);
    nvme_sleep(lane->qp, MIN(before_ns + BENCH_TICK_NS, w->next_tick_ns));
    uint64_t after_ns = worker_now(w);
    w->asleep_ns += after_ns - before_ns;
    if (after_ns >= w->next_tick_ns) {
        worker_tick(w, after_ns);
    }
}

/* One turn of a lane. Returns how many completions it found, or -ESHUTDOWN. */
hot_inline int turn_lane(struct bench_worker *w, struct bench_lane *lane)
{
    w->batch_ns = 0;
    int n = nvme_reap(lane->qp, REAP_MAX);
    if (w->burst != NULL) {
        account_burst(w);
    }
    if (n <= 0) {
        return n;
    }
    bool ended = account_reap(lane);
    if (unlikely(w->batch_ns >= w->next_tick_ns || ended)) {
        worker_tick(w, w->batch_ns != 0 ? w->batch_ns : worker_now(w));
    }
    return fill_lane(w, lane, w->batch_ns) ? n : -ESHUTDOWN;
}

static void start_worker(struct bench_worker *w)
{
    uint64_t now_ns = worker_now(w);
    for (unsigned l = 0; l < w->lane_count; l++) {
        struct bench_lane *lane = &w->lanes[l];
        struct nvme_qpair_stats stats;
        nvme_qpair_stats(lane->qp, &stats);
        for (struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
            const struct bench_options *opt = &task->job->opt;
            task->interrupts_before = stats.interrupts;
            task->start_ns = now_ns;
            task->sample_ns = now_ns;
            task->measure_from_ns = now_ns + opt->ramp_time_ns;
            task->end_ns = opt->runtime_ns > 0 ? task->measure_from_ns + opt->runtime_ns
                                               : UINT64_MAX;
            set_state(task, opt->ramp_time_ns > 0 ? BENCH_TASK_RAMP : BENCH_TASK_RUNNING);
        }
        if (lane->irq) {
            int rc = nvme_irq_enable(lane->qp, true);
            lane->irq = rc == 0; /* the run was checked for vectors; without one it polls */
        }
        if (!fill_lane(w, lane, now_ns)) {
            w->failed = true;
        }
    }
    worker_tick(w, now_ns);
}

static void stop_worker(struct bench_worker *w)
{
    uint64_t now_ns = worker_now(w);
    for (unsigned l = 0; l < w->lane_count; l++) {
        struct bench_lane *lane = &w->lanes[l];
        if (lane->irq) {
            int rc = nvme_irq_enable(lane->qp, false);
            assert(rc == 0);
        }
        for (struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
            if (w->failed && !task->finished) {
                note_error(task, -ESHUTDOWN, 0, 0);
                finish_task(lane, task, now_ns);
            }
        }
    }
}

void bench_worker_run(void *worker)
{
    struct bench_worker *w = worker;
    unsigned polls = 0;
    start_worker(w);
    while (w->active > 0 && !w->failed) {
        for (unsigned l = 0; l < w->lane_count; l++) {
            int n = turn_lane(w, &w->lanes[l]);
            if (unlikely(n < 0)) {
                w->failed = true;
                break;
            }
            if (n == 0) {
                wait_lane(w, &w->lanes[l]);
            } else if (w->batch_ns == 0) {
                polls += POLLS_PER_BATCH;
            }
        }
        if (unlikely(++polls >= POLLS_PER_TICK)) {
            polls = 0;
            uint64_t now_ns = worker_now(w);
            if (now_ns >= w->next_tick_ns) {
                worker_tick(w, now_ns);
            }
        }
    }
    stop_worker(w);
}
