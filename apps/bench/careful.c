/*
 * apps/bench/careful.c - choosing, pacing, posting and accounting I/O by I/O.
 *
 * A task's to_post is 1 as long as something is to come, and becomes 0 in the completion after
 * which nothing is: so the loop sees the end of careful tasks as it does that of plain ones.
 */
#include "apps/bench/careful.h"

#include "apps/bench/verify.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define SCRAMBLE_BYTES 4096

int bench_careful_init(struct bench_careful *c, const struct bench_careful_config *config,
                       const struct bench_content *content, unsigned depth)
{
    *c = (struct bench_careful){.config = *config};
    if (content != NULL) {
        c->content = *content;
    }
    c->bytes_left = config->total_bytes;
    c->ios_left = config->total_ios;
    c->sync_in = config->fsync_every;
    c->again = heap_alloc(depth, sizeof(struct bench_slot *));
    if (c->again == NULL) {
        return -ENOMEM;
    }
    return bench_chooser_init(&c->chooser, &config->chooser);
}

void bench_careful_fini(struct bench_careful *c)
{
    bench_chooser_fini(&c->chooser);
    heap_free(c->again);
    c->again = NULL;
}

void bench_careful_start(struct bench_task *task, uint64_t now_ns)
{
    struct bench_careful *c = task->careful;
    task->to_post = 1;
    c->end_sync_due = c->config.end_fsync && !c->content.check_only;
    if (c->content.check_only) {
        c->fixed_dir = true;
        c->pass_dir = BENCH_DIR_READ;
    }
    c->filling = true;
    if (task->verifier != NULL) {
        bench_verifier_start(task->verifier, now_ns);
    }
    bench_pace_init(&c->pace, &c->config.pace, now_ns);
    if (c->config.target_ns > 0) {
        bench_target_init(&c->target, c->config.target_ns, c->config.target_window_ns,
                          c->config.target_percentile, task->depth, c->config.target_run_on,
                          now_ns);
    }
    task->result.latency_depth = task->depth;
}

/* --- the end ---------------------------------------------------------------------------------- */

static bool all_started(const struct bench_careful *c)
{
    return c->bytes_left == 0 || c->ios_left == 0;
}

static void count_started(struct bench_careful *c)
{
    c->number++;
    c->bytes_left -= c->bytes_left != UINT64_MAX ? MIN(c->bytes_left, c->next.bytes) : 0;
    c->ios_left -= c->ios_left != UINT64_MAX;
}

/* Another pass over what was done: the same places in the same order. */
static bool begin_pass(struct bench_worker *w, struct bench_careful *c)
{
    if (c->content.next_pass == NULL || !c->content.next_pass(c->content.ctx, &c->pass_dir)) {
        return false;
    }
    bench_chooser_restart(&c->chooser);
    c->pass_ns = bench_worker_now(w);
    c->fixed_dir = true;
    c->bytes_left = c->config.total_bytes;
    c->ios_left = c->number;
    c->number = 0;
    c->next_valid = false;
    return true;
}

/* Finds the next I/O. False if there is none now. */
static bool choose(struct bench_careful *c)
{
    const struct bench_content *content = &c->content;
    if (c->next_valid) {
        return true;
    }
    c->inserted = content->insert != NULL && content->insert(content->ctx, all_started(c),
                                                             &c->next, &c->inserted_number);
    c->next_valid = c->inserted;
    if (!c->next_valid && c->held_valid) {
        c->next = c->held;
        c->held_valid = false;
        c->next_valid = !all_started(c);
    }
    while (!c->next_valid && !all_started(c)) {
        bench_chooser_next(&c->chooser, &c->next);
        c->next_valid = !c->fixed_dir || content->wanted == NULL ||
                        content->wanted(content->ctx, &c->next, c->number);
        if (!c->next_valid) {
            count_started(c);
        }
        if (c->fixed_dir) {
            c->next.dir = c->pass_dir;
        }
    }
    return c->next_valid;
}

/* Decides, whenever nothing is in flight, whether something is to come. */
static void check_end(struct bench_task *task)
{
    struct bench_careful *c = task->careful;
    if (task->free_count < task->depth || !all_started(c) || c->end_sync_due ||
        task->to_post == 0 || choose(c)) {
        return;
    }
    if (!begin_pass(task->worker, c)) {
        task->to_post = 0;
    }
}

/* Slots that wait for their second I/O are given back without it. */
static void drop_again(struct bench_task *task)
{
    struct bench_careful *c = task->careful;
    while (c->again_count > 0) {
        task->free[task->free_count++] = c->again[--c->again_count];
    }
}

void bench_careful_cut(struct bench_task *task)
{
    struct bench_careful *c = task->careful;
    if (task->to_post == 0) {
        drop_again(task);
        return;
    }
    c->bytes_left = 0;
    c->next_valid = false;
    c->content.next_pass = NULL;
    c->content.insert = NULL;
    drop_again(task);
    check_end(task);
}

/* --- submission ------------------------------------------------------------------------------- */

/* Slots that wait to be posted again are not free, and not in flight either. */
static unsigned in_flight(const struct bench_task *task)
{
    return task->depth - task->free_count - task->careful->again_count;
}

static unsigned depth_now(const struct bench_task *task)
{
    return task->careful->config.target_ns > 0 ? task->careful->target.depth : task->depth;
}

/* Something in flight touches the blocks that were chosen. */
static bool overlaps(const struct bench_task *task, const struct bench_chosen *next)
{
    for (unsigned i = 0; i < task->depth; i++) {
        const struct bench_slot *slot = &task->slots[i];
        if (slot->bytes > 0 && slot->offset < next->offset + next->bytes &&
            next->offset < slot->offset + slot->bytes) {
            return true;
        }
    }
    return false;
}

static void scramble(const struct bench_slot *slot)
{
    uint64_t word = rng_mix(slot->offset, slot->number);
    for (uint64_t at = 0; at < slot->bytes; at += SCRAMBLE_BYTES) {
        uint64_t value = word + at;
        memcpy(slot->buffer + at, &value, sizeof(value));
    }
}

/* Everything about the I/O but its slot's buffer. */
static void prepare(struct bench_task *task, struct bench_slot *slot, enum bench_dir dir,
                    uint64_t now_ns)
{
    static const uint8_t opcodes[BENCH_DIRS] = {NVME_IO_READ, NVME_IO_WRITE, NVME_IO_DSM};
    slot->account = &task->result.dir[dir];
    slot->start_ns = now_ns;
    slot->io.opcode = opcodes[dir];
    slot->io.lba = task->first_lba + (slot->offset >> task->job->ns->block_shift);
    slot->io.nlb = (uint32_t)(slot->bytes >> task->job->ns->block_shift);
    if (dir != BENCH_DIR_WRITE) {
        return;
    }
    if (task->careful->content.fill != NULL) {
        task->careful->content.fill(task->careful->content.ctx, slot);
    } else if (task->scramble) {
        scramble(slot);
    }
}

/* 0, or what nvme_post says; then the slot is not in flight. */
static int post(struct bench_lane *lane, struct bench_task *task, struct bench_slot *slot)
{
    int rc = nvme_post(lane->qp, &slot->io);
    if (rc == 0) {
        lane->posted[lane->posted_count++] = slot;
        /* Flushes are submitted too, but are no I/O of a direction. */
        bool counts = slot->account != &task->result.sync;
        task->posted += counts;
        task->result.depth[bench_depth_level(in_flight(task))] += counts;
    }
    return rc;
}

static bool sync_due(const struct bench_task *task)
{
    const struct bench_careful *c = task->careful;
    if (c->config.fsync_every > 0 && c->sync_in == 0 && !all_started(c)) {
        return true;
    }
    return c->end_sync_due && all_started(c) && task->free_count == task->depth;
}

static int post_sync(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    struct bench_careful *c = task->careful;
    struct bench_slot *slot = task->free[--task->free_count];
    slot->account = &task->result.sync;
    slot->start_ns = now_ns;
    slot->bytes = 0;
    slot->io.opcode = NVME_IO_FLUSH;
    slot->io.nlb = 0;
    int rc = post(lane, task, slot);
    if (rc != 0) {
        task->free_count++;
        return rc;
    }
    if (all_started(c)) {
        c->end_sync_due = false;
    }
    c->sync_in = c->config.fsync_every;
    return 0;
}

static int post_next(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    struct bench_careful *c = task->careful;
    struct bench_slot *slot = task->free[--task->free_count];
    slot->offset = c->next.offset;
    slot->bytes = c->next.bytes;
    slot->number = c->inserted ? c->inserted_number : c->number;
    slot->checked = c->inserted || c->fixed_dir || c->content.check_all;
    prepare(task, slot, c->next.dir, now_ns);
    int rc = post(lane, task, slot);
    if (rc != 0) {
        slot->bytes = 0;
        task->free_count++;
        return rc;
    }
    c->next_valid = false;
    if (c->inserted) {
        return 0;
    }
    count_started(c);
    if (c->config.paced) {
        bench_pace_started(&c->pace, c->next.dir, c->next.bytes, now_ns);
    }
    c->sync_in -= c->next.dir == BENCH_DIR_WRITE && c->sync_in > 0;
    return 0;
}

/* The rates of reads and writes are kept apart: when one has to wait, the other need not. Where
 * places are visited again in the same order, directions are not changed. */
static bool may_swap(const struct bench_careful *c)
{
    const struct bench_chooser_config *config = &c->config.chooser;
    return config->reads && (config->writes || config->trims) && !c->fixed_dir &&
           c->content.insert == NULL && c->content.wanted == NULL &&
           c->content.next_pass == NULL;
}

/* When an I/O may start: next, which becomes one of the other direction if that may start first. */
static uint64_t ready_at(struct bench_task *task, uint64_t now_ns)
{
    struct bench_careful *c = task->careful;
    unsigned flying = in_flight(task);
    uint64_t ready_ns = bench_pace_ready_ns(&c->pace, c->next.dir, flying, now_ns);
    if (ready_ns <= now_ns || !may_swap(c)) {
        return ready_ns;
    }
    enum bench_dir other = c->next.dir != BENCH_DIR_READ  ? BENCH_DIR_READ
                           : c->config.chooser.trims      ? BENCH_DIR_TRIM
                                                          : BENCH_DIR_WRITE;
    uint64_t other_ns = bench_pace_ready_ns(&c->pace, other, flying, now_ns);
    if (other_ns >= ready_ns || other_ns > now_ns) {
        return MIN(ready_ns, other_ns);
    }
    struct bench_chosen waiting = c->next;
    if (c->held_valid && c->held.dir == other) {
        c->next = c->held;
    } else {
        bench_chooser_next_of(&c->chooser, other, &c->next);
    }
    c->held = waiting;
    c->held_valid = true;
    return other_ns;
}

/* The second I/O of a slot that was trimmed. */
static int post_again(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    struct bench_careful *c = task->careful;
    struct bench_slot *slot = c->again[c->again_count - 1];
    c->again_count--;
    prepare(task, slot, BENCH_DIR_WRITE, now_ns);
    int rc = post(lane, task, slot);
    if (rc != 0) {
        c->again[c->again_count++] = slot;
        return rc;
    }
    c->sync_in -= c->sync_in > 0;
    return 0;
}

/* One I/O, if one may be started now: 0, 1 if nothing may, or an errno. */
static int start_one(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    struct bench_careful *c = task->careful;
    if (c->again_count > 0) {
        return post_again(lane, task, now_ns);
    }
    if (task->free_count == 0 || in_flight(task) >= depth_now(task)) {
        return 1;
    }
    if (sync_due(task)) {
        return post_sync(lane, task, now_ns);
    }
    if (!choose(c)) {
        check_end(task); /* it may have skipped all that was left */
        c->wake_ns = task->to_post > 0 && in_flight(task) == 0 ? now_ns : c->wake_ns;
        return 1;
    }
    if (c->config.serialize_overlap && overlaps(task, &c->next)) {
        return 1;
    }
    if (c->config.paced && !c->inserted) {
        uint64_t ready_ns = ready_at(task, now_ns);
        if (ready_ns > now_ns) {
            c->wake_ns = ready_ns;
            return 1;
        }
    }
    return post_next(lane, task, now_ns);
}

/* The batching options ask to wait for more completions first. */
static bool hold_back(struct bench_task *task)
{
    struct bench_careful *c = task->careful;
    unsigned flying = in_flight(task);
    if (c->config.low > 0 && !c->filling && flying > c->config.low) {
        return true;
    }
    c->filling = true;
    return c->since_fill < MIN(c->config.complete_min, flying) &&
           flying + c->since_fill >= depth_now(task);
}

bool bench_careful_fill(struct bench_lane *lane, struct bench_task *task, uint64_t now_ns)
{
    struct bench_careful *c = task->careful;
    unsigned started = 0;
    int rc = 1;
    c->wake_ns = UINT64_MAX;
    if (task->finished || task->to_post == 0 || hold_back(task)) {
        task->free_before = task->free_count;
        return true;
    }
    do {
        rc = start_one(lane, task, now_ns);
        started += rc == 0;
    } while (rc == 0 && (c->config.batch == 0 || started < c->config.batch));
    if (started > 0) {
        c->since_fill = 0;
    }
    if (in_flight(task) >= depth_now(task)) {
        c->filling = false;
    } else if (rc == 0) {
        c->wake_ns = now_ns; /* the rest of the batches at the next turn */
    }
    if (rc < 0) {
        bench_task_error(task, rc, 0, task->first_lba);
    }
    task->free_before = task->free_count;
    return rc != -ESHUTDOWN;
}

/* --- completions ------------------------------------------------------------------------------ */

/* Trims and flushes count as writes. */
static enum bench_continue error_kind(const struct bench_slot *slot)
{
    return slot->io.opcode == NVME_IO_READ ? BENCH_CONTINUE_READ : BENCH_CONTINUE_WRITE;
}

static bool is_ignored(const struct bench_ignored *ignored, int err, enum bench_continue kind)
{
    const uint16_t *list = NULL;
    if (ignored != NULL) {
        list = kind == BENCH_CONTINUE_READ    ? ignored->read
               : kind == BENCH_CONTINUE_WRITE ? ignored->write
                                              : ignored->verify;
    }
    for (unsigned i = 0; list != NULL && i < BENCH_MAX_IGNORED && list[i] != 0; i++) {
        if (list[i] == -err) {
            return true;
        }
    }
    return false;
}

/* An I/O has failed: it is passed over, or it ends the task. */
static void failed(struct bench_task *task, const struct bench_slot *slot, int err,
                   uint16_t status, enum bench_continue kind)
{
    struct bench_careful *c = task->careful;
    bool gone = err == -ECANCELED || err == -ETIMEDOUT || err == -ESHUTDOWN;
    if (!gone && ((c->config.pass_errors & kind) || is_ignored(c->config.ignored, err, kind))) {
        task->result.errors++;
        if (task->result.first_error == 0) {
            task->result.first_error = err;
        }
        return;
    }
    bench_task_error(task, err, status, slot->io.lba);
}

static void account(struct bench_worker *w, struct bench_task *task, const struct bench_slot *slot)
{
    struct bench_careful *c = task->careful;
    struct bench_dir_result *d = slot->account;
    uint64_t clat_ns = w->batch_ns - slot->issue_ns;
    uint64_t lat_ns = w->batch_ns - slot->start_ns;
    bool sync = d == &task->result.sync;
    d->ios++;
    d->bytes += slot->bytes;
    if (task->timed) {
        histogram_add(&d->clat_histogram, sync ? lat_ns : clat_ns);
        stats_add(&d->lat, lat_ns);
        if (task->tables) {
            histogram_add(&d->lat_histogram, lat_ns);
        }
        if (!sync) {
            stats_add(&d->clat, clat_ns);
        }
    }
    if (sync) {
        return;
    }
    if (c->config.target_ns > 0) {
        bench_target_count(&c->target, lat_ns);
    }
    if (unlikely(task->record != NULL) && task->record->each_io) {
        bench_record_io(task->record, (enum bench_dir)(d - task->result.dir), slot->offset,
                        slot->bytes, lat_ns - clat_ns, clat_ns, w->batch_ns);
    }
    if (c->config.max_latency_ns > 0 && lat_ns > c->config.max_latency_ns) {
        bench_task_error(task, -ETIMEDOUT, 0, slot->io.lba);
    }
}

void bench_careful_done(struct nvme_io *io)
{
    struct bench_slot *slot = container_of(io, struct bench_slot, io);
    struct bench_task *task = slot->task;
    struct bench_careful *c = task->careful;
    struct bench_worker *w = task->worker;
    bool write_next = false;
    if (w->batch_ns == 0) {
        w->batch_ns = bench_worker_now(w);
    }
    c->since_fill++;
    if ((io->opcode == NVME_IO_WRITE || io->opcode == NVME_IO_DSM) && c->content.ended != NULL) {
        c->content.ended(c->content.ctx, slot, io->err);
    }
    if (io->err != 0) {
        failed(task, slot, io->err, io->status, error_kind(slot));
    } else {
        account(w, task, slot);
        int rc = io->opcode == NVME_IO_READ && slot->checked && c->content.check != NULL
                     ? c->content.check(c->content.ctx, slot)
                     : 0;
        if (rc != 0) {
            failed(task, slot, rc, 0, BENCH_CONTINUE_VERIFY);
        }
        write_next = c->config.chooser.trimwrite && io->opcode == NVME_IO_DSM &&
                     task->to_post > 0;
    }
    if (write_next) {
        c->again[c->again_count++] = slot;
        return;
    }
    slot->bytes = 0;
    task->free[task->free_count++] = slot;
    check_end(task);
}

/* --- now and then ----------------------------------------------------------------------------- */

static void judge_target(struct bench_task *task, uint64_t now_ns)
{
    struct bench_careful *c = task->careful;
    switch (bench_target_judge(&c->target, now_ns)) {
    case BENCH_TARGET_FOUND:
        bench_careful_cut(task);
        break;
    case BENCH_TARGET_FAILED:
        task->result.latency_target_failed = true;
        bench_task_error(task, -ETIMEDOUT, 0, task->first_lba);
        break;
    default:
        break;
    }
    task->result.latency_depth = c->target.depth;
}

void bench_careful_tick(struct bench_task *task, uint64_t now_ns)
{
    struct bench_careful *c = task->careful;
    uint64_t ios[BENCH_DIRS], bytes[BENCH_DIRS];
    enum bench_dir dir;
    if (task->to_post == 0 || all_started(c) || c->fixed_dir) {
        return; /* reading back is neither held to a rate nor searched for a depth */
    }
    if (c->config.target_ns > 0) {
        judge_target(task, now_ns);
    }
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        ios[d] = task->result.dir[d].ios + task->ramp_ios[d];
        bytes[d] = task->result.dir[d].bytes + task->ramp_bytes[d];
    }
    if (!bench_pace_min_kept(&c->pace, ios, bytes, now_ns, &dir)) {
        bench_task_error(task, -EIO, 0, task->first_lba);
    }
}
