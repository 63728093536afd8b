/*
 * apps/bench/worker.c - the hot loop and the little that surrounds it.
 */
#include "apps/bench/worker.h"

#include "apps/bench/careful.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define POLLS_PER_TICK 1024 /* empty polls between two looks at the clock */
#define POLLS_PER_BATCH 64  /* what a reaping without a look at the clock counts for */
#define SAMPLE_EVERY 64     /* turns that found something, of which one is timed */
#define POLLS_PER_LOOK 16   /* empty polls between two looks at the clock (adaptive waiting) */
#define LONG_WAIT_NS (500 * NS_PER_US) /* longer waits are slept through, shorter ones polled */
#define PATIENCE_NS (1 * NS_PER_MS)    /* for, at most so long */
#define SCRAMBLE_BYTES 4096 /* one changed word for each: the unit in which disks deduplicate */

/* --- completions ------------------------------------------------------------------------------ */

/* What was chosen at one time, left with one doorbell and is found by one reaping has taken the
 * same time: it is accounted in one go, with the same result as one by one. */
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
        if (unlikely(slot->task->tables)) {
            d->lat_histogram.count[histogram_index(w->batch_ns - slot->start_ns)] +=
                w->burst_count;
        }
    }
    w->burst = NULL;
    w->burst_count = 0;
}

/* Apart, so that the short path of io_done needs no registers saved. */
static __attribute__((noinline)) void begin_burst(struct bench_worker *w,
                                                  const struct bench_slot *slot)
{
    if (w->burst != NULL) {
        account_burst(w);
    }
    if (slot->task->timed && w->batch_ns == 0) {
        w->batch_ns = bench_worker_now(w);
    }
    w->burst = slot;
    w->burst_count = 1;
}

/* Runs inside nvme_reap, or, with an error, inside nvme_recover. */
static void io_done(struct nvme_io *io)
{
    struct bench_slot *slot = container_of(io, struct bench_slot, io);
    struct bench_task *task = slot->task;
    struct bench_worker *w = task->worker;
    task->free[task->free_count++] = slot;
    if (unlikely(io->err != 0)) {
        bench_task_error(task, io->err, io->status, io->lba);
        return;
    }
    if (likely(w->burst != NULL) && slot->account == w->burst->account &&
        slot->issue_ns == w->burst->issue_ns && slot->start_ns == w->burst->start_ns) {
        w->burst_count++;
        return;
    }
    begin_burst(w, slot);
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
        slot->io.done = task->careful != NULL ? bench_careful_done : io_done;
        task->free[task->depth - 1 - i] = slot;
    }
    task->free_count = task->depth;
    task->free_before = task->depth;
    task->timed = task->job->opt.lat_accounting;
    task->tables = task->job->opt.slat_percentiles || task->job->opt.lat_percentiles;
}

/* --- submission ------------------------------------------------------------------------------- */

/* Makes what is written differ from write to write and place to place, at the cost of one store. */
static void scramble(const struct bench_slot *slot, uint64_t index, uint64_t number)
{
    uint64_t word = rng_mix(index, number);
    for (uint64_t at = 0; at < slot->task->io_bytes; at += SCRAMBLE_BYTES) {
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
    unsigned wanted = (unsigned)MIN((uint64_t)task->free_count, task->to_post), n = 0;
    struct bench_slot **free = &task->free[task->free_count];
    struct bench_slot **posted = &lane->posted[lane->posted_count];
    int rc = 0;
    for (; n < wanted; n++) {
        struct bench_slot *slot = *--free;
        enum bench_dir dir = bench_pattern_dir(&task->pattern);
        uint64_t index = bench_pattern_index(&task->pattern, dir);
        slot->account = &task->result.dir[dir];
        slot->start_ns = now_ns;
        slot->io.opcode = dir == BENCH_DIR_READ ? NVME_IO_READ : NVME_IO_WRITE;
        slot->io.lba = task->first_lba + index * slot->io.nlb;
        if (dir == BENCH_DIR_WRITE && task->scramble) {
            scramble(slot, index, task->to_post - n);
        }
        rc = nvme_post(lane->qp, &slot->io);
        if (unlikely(rc != 0)) {
            break;
        }
        posted[n] = slot;
    }
    task->free_count -= n;
    task->to_post -= n;
    task->posted += n;
    lane->posted_count += n;
    account_depth(task, before, task->depth - task->free_count);
    task->free_before = task->free_count;
    if (unlikely(rc != 0)) {
        /* The depths were checked against the queue, so not even -EAGAIN is expected. */
        bench_task_error(task, rc, 0, (*free)->io.lba);
    }
    return rc != -ESHUTDOWN;
}

/* What was chosen at one time and leaves at one time. Flushes are no I/O of a direction. */
static void account_slat(const struct bench_slot *slot, uint64_t issue_ns, unsigned count)
{
    struct bench_dir_result *d = slot->account;
    if (!slot->task->timed || d == &slot->task->result.sync) {
        return;
    }
    stats_add_many(&d->slat, issue_ns - slot->start_ns, count);
    if (unlikely(slot->task->tables)) {
        d->slat_histogram.count[histogram_index(issue_ns - slot->start_ns)] += count;
    }
}

static void account_submit(struct bench_lane *lane, uint64_t issue_ns)
{
    for (unsigned i = 0; i < lane->posted_count;) {
        struct bench_slot *slot = lane->posted[i];
        const struct bench_slot *first = slot;
        unsigned begin = i;
        do {
            slot->issue_ns = issue_ns;
        } while (++i < lane->posted_count && (slot = lane->posted[i])->account == first->account &&
                 slot->start_ns == first->start_ns);
        account_slat(first, issue_ns, i - begin);
    }
    for (struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
        if (task->posted > 0) {
            task->result.submit[bench_batch_level(task->posted)]++;
            task->result.submits++;
            task->posted = 0;
        }
    }
    lane->posted_count = 0;
}

/* Lets the pause pass since the completions were found. */
static void settle(const struct bench_worker *w, const struct bench_lane *lane)
{
    uint64_t until_ns = (w->batch_ns != 0 ? w->batch_ns : bench_worker_now(w)) + lane->settle.ns;
    while (bench_worker_now(w) < until_ns) {
    }
}

/* Tells the controller of all that was posted. */
static void submit_lane(const struct bench_worker *w, struct bench_lane *lane)
{
    if (unlikely(lane->settle.ns > 0)) {
        settle(w, lane);
    }
    account_submit(lane, lane->timed ? bench_worker_now(w) : 0);
    nvme_ring(lane->qp);
}

/* Posts what may be started. It is submitted when no completion is waiting, or when enough has come
 * together: a doorbell rung while the controller is still busy with completions would come too
 * early for those, and make an emulated one wait (docs/bench.md). */
static bool fill_lane(struct bench_worker *w, struct bench_lane *lane, uint64_t now_ns)
{
    lane->wake_ns = UINT64_MAX;
    for (struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
        if (unlikely(task->careful != NULL)) {
            if (!bench_careful_fill(lane, task, now_ns)) {
                return false;
            }
            lane->wake_ns = MIN(lane->wake_ns, task->careful->wake_ns);
        } else if (!fill_task(lane, task, now_ns)) {
            return false;
        }
    }
    if (lane->posted_count >= lane->gather || (lane->posted_count > 0 && !nvme_ready(lane->qp))) {
        submit_lane(w, lane);
    }
    return true;
}

/* The turn of a lane that is timed: the same, and the clock read around it. */
static __attribute__((noinline)) int turn_sampled(struct bench_worker *w, struct bench_lane *lane,
                                                  uint64_t begun_ns, int n)
{
    uint64_t reaped_ns = bench_worker_now(w);
    bool taken = fill_lane(w, lane, w->batch_ns);
    lane->timing.timed_ios += (unsigned)n;
    lane->timing.reap_ns += reaped_ns - begun_ns;
    lane->timing.submit_ns += bench_worker_now(w) - reaped_ns;
    lane->until_sample = SAMPLE_EVERY;
    return taken ? n : -ESHUTDOWN;
}

/* --- now and then ----------------------------------------------------------------------------- */

static uint64_t lane_completions(const struct bench_lane *lane)
{
    struct nvme_qpair_stats stats;
    nvme_qpair_stats(lane->qp, &stats);
    return stats.completions;
}

static void worker_tick(struct bench_worker *w, uint64_t now_ns)
{
    w->next_tick_ns = now_ns + BENCH_TICK_NS;
    for (unsigned l = 0; l < w->lane_count; l++) {
        struct bench_lane *lane = &w->lanes[l];
        if (unlikely(lane->settle.searching)) {
            bench_settle_tick(&lane->settle, lane_completions(lane), now_ns);
        }
        for (struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
            if (!task->finished) {
                bench_task_tick(lane, task, now_ns);
            }
            if (bench_task_ended(task)) {
                bench_task_finish(lane, task, now_ns);
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
        ended |= bench_task_ended(task);
    }
    return ended;
}

/* Sleeps until the interrupt, or until something else is to be done. */
static void sleep_lane(struct bench_worker *w, struct bench_lane *lane, uint64_t now_ns)
{
    uint64_t until_ns = MIN(now_ns + BENCH_TICK_NS, w->next_tick_ns);
    nvme_sleep(lane->qp, MIN(until_ns, lane->wake_ns));
    uint64_t after_ns = bench_worker_now(w);
    w->asleep_ns += after_ns - now_ns;
    if (after_ns >= w->next_tick_ns) {
        worker_tick(w, after_ns);
    }
}

static void arm_lane(struct bench_lane *lane, bool on)
{
    /* The run was checked for vectors; without one it polls. */
    lane->armed = on && nvme_irq_enable(lane->qp, true) == 0;
    if (!on) {
        int rc = nvme_irq_enable(lane->qp, false);
        assert(rc == 0);
    }
}

/* Waking from sleep costs some ten microseconds: much beside the waits of a fast disk, which are
 * polled for, with room for a straggler; little beside long ones, which are slept through as with
 * wait=irq. The vector stays armed only while waits are long: what is polled for must not
 * interrupt. True when it has slept. */
static bool wait_adaptive(struct bench_worker *w, struct bench_lane *lane)
{
    bool is_long = lane->mean_wait_ns > LONG_WAIT_NS;
    if (lane->idle_since_ns == 0) {
        lane->idle_since_ns = bench_worker_now(w);
        lane->idle_polls = 0;
        if (lane->armed && !is_long) {
            arm_lane(lane, false);
        }
    }
    /* The clock costs more than a poll: it is read after 1, 2, 4, 8, 16, 32, 48, ... of them. */
    unsigned n = ++lane->idle_polls;
    if (!is_long && n % POLLS_PER_LOOK != 0 && (n > POLLS_PER_LOOK || !IS_POWER_OF_TWO(n))) {
        return false;
    }
    uint64_t now_ns = bench_worker_now(w);
    if (!is_long && now_ns - lane->idle_since_ns < PATIENCE_NS) {
        return false;
    }
    if (!lane->armed) {
        arm_lane(lane, true);
    }
    if (lane->armed) {
        sleep_lane(w, lane, now_ns);
    }
    return lane->armed;
}

/* A wait is over: it counts for an eighth of what is expected of the next. */
static void note_wait(struct bench_worker *w, struct bench_lane *lane)
{
    uint64_t end_ns = w->batch_ns != 0 ? w->batch_ns : bench_worker_now(w);
    uint64_t waited_ns = end_ns - lane->idle_since_ns;
    lane->mean_wait_ns = lane->mean_wait_ns - lane->mean_wait_ns / 8 + waited_ns / 8;
    lane->idle_since_ns = 0;
}

/* Nothing was there: spin once, or sleep until the interrupt. */
static void wait_lane(struct bench_worker *w, struct bench_lane *lane)
{
    if (lane->irq) {
        sleep_lane(w, lane, bench_worker_now(w));
        return;
    }
    if (unlikely(lane->adaptive) && wait_adaptive(w, lane)) {
        return;
    }
    if (w->machine->spin && lane->wake_ns == UINT64_MAX) {
        w->machine->spin(w->machine->ctx);
    }
}

/* Nothing has completed, but it may be time to start something. Returns 0 or -ESHUTDOWN. */
static int wake_lane(struct bench_worker *w, struct bench_lane *lane)
{
    if (lane->wake_ns == UINT64_MAX) {
        return 0;
    }
    uint64_t now_ns = bench_worker_now(w);
    if (now_ns >= w->next_tick_ns) {
        worker_tick(w, now_ns);
    }
    return now_ns < lane->wake_ns || fill_lane(w, lane, now_ns) ? 0 : -ESHUTDOWN;
}

/* One turn of a lane. Returns how many completions it found, or -ESHUTDOWN. */
hot_inline int turn_lane(struct bench_worker *w, struct bench_lane *lane)
{
    bool sample = unlikely(lane->until_sample == 0);
    uint64_t begun_ns = sample ? bench_worker_now(w) : 0;
    w->batch_ns = 0;
    int n = nvme_reap(lane->qp, lane->reap_max);
    if (w->burst != NULL) {
        account_burst(w);
    }
    if (n <= 0) {
        return n < 0 || likely(!lane->careful) ? n : wake_lane(w, lane);
    }
    bool ended = account_reap(lane);
    if (unlikely(lane->idle_since_ns != 0)) {
        note_wait(w, lane);
    }
    if (unlikely(w->batch_ns >= w->next_tick_ns || ended)) {
        worker_tick(w, w->batch_ns != 0 ? w->batch_ns : bench_worker_now(w));
    }
    lane->until_sample--;
    if (unlikely(sample)) {
        return turn_sampled(w, lane, begun_ns, n);
    }
    return fill_lane(w, lane, w->batch_ns) ? n : -ESHUTDOWN;
}

static void start_worker(struct bench_worker *w)
{
    uint64_t now_ns = bench_worker_now(w);
    for (unsigned l = 0; l < w->lane_count; l++) {
        struct bench_lane *lane = &w->lanes[l];
        for (struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
            bench_task_start(lane, task, now_ns);
        }
        lane->until_sample = SAMPLE_EVERY;
        if (lane->irq) {
            arm_lane(lane, true);
            lane->irq = lane->armed;
        }
        if (!fill_lane(w, lane, now_ns)) {
            w->failed = true;
        }
    }
    worker_tick(w, now_ns);
}

static void stop_worker(struct bench_worker *w)
{
    uint64_t now_ns = bench_worker_now(w);
    for (unsigned l = 0; l < w->lane_count; l++) {
        struct bench_lane *lane = &w->lanes[l];
        if (lane->armed) {
            arm_lane(lane, false);
        }
        for (struct bench_task *task = lane->tasks; task != NULL; task = task->next) {
            if (w->failed && !task->finished) {
                bench_task_error(task, -ESHUTDOWN, 0, 0);
                bench_task_finish(lane, task, now_ns);
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
            uint64_t now_ns = bench_worker_now(w);
            if (now_ns >= w->next_tick_ns) {
                worker_tick(w, now_ns);
            }
        }
    }
    stop_worker(w);
}
