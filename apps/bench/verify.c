/*
 * apps/bench/verify.c - when blocks are written and read back.
 */
#include "apps/bench/verify.h"

#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/rng.h"
#include "lib/string.h"

#define TRIMMED (UINT32_C(1) << 31) /* in a mark: what that I/O wrote was trimmed since */
#define TRIM_SALT UINT64_C(0x7472696d)
#define JOB_NUMBER 1 /* fio numbers jobs; here the seed tells them apart */

bool bench_verify_twice(const struct bench_options *opt, uint64_t total_bytes,
                        uint64_t region_bytes)
{
    unsigned w = BENCH_DIR_WRITE;
    bool each_once = !bench_rw_is_random(opt->rw) ||
                     (!opt->norandommap && opt->distribution.kind == BENCH_UNIFORM &&
                      opt->percentage_random[w] >= 100 && opt->rw_every <= 1);
    bool one_size = opt->bssplit[w].count == 0 && opt->bs[w].min == opt->bs[w].max &&
                    opt->blockalign[w] == 0;
    if (bench_rw_reads(opt->rw)) {
        one_size &= opt->bs[BENCH_DIR_READ].min == opt->bs[w].min &&
                    opt->bs[BENCH_DIR_READ].max == opt->bs[w].max;
    }
    return bench_rw_writes(opt->rw) && !opt->verify_only &&
           (!each_once || !one_size || total_bytes > region_bytes ||
            opt->continue_on_error != 0 || opt->trim_percentage > 0);
}

/* --- one I/O ---------------------------------------------------------------------------------- */

static void describe(const struct bench_verifier *v, const struct bench_slot *slot,
                     struct bench_verify_io *io)
{
    const struct bench_options *opt = v->config.opt;
    bool whole = v->interval_bytes == 0 || slot->bytes % v->interval_bytes != 0;
    *io = (struct bench_verify_io){
        .verify = opt->verify,
        .pattern = opt->verify_pattern.count > 0 ? &opt->verify_pattern : NULL,
        .interval_bytes = whole ? (uint32_t)slot->bytes : v->interval_bytes,
        .offset = v->config.first_byte + slot->offset,
        .bytes = (uint32_t)slot->bytes,
        .exact = v->reads_back,
        .seed = rng_mix(v->nonce, slot->number) | 1,
        .job = JOB_NUMBER,
        .number = (uint16_t)slot->number,
    };
}

static uint32_t mark_of(uint64_t number)
{
    uint32_t mark = (uint32_t)(number + 1) & ~TRIMMED;
    return mark != 0 ? mark : 1;
}

static void set_last(struct bench_verifier *v, uint64_t offset, uint64_t bytes, uint32_t mark)
{
    for (uint64_t at = offset; v->last != NULL && at < offset + bytes;
         at += v->config.unit_bytes) {
        v->last[at / v->config.unit_bytes] = mark;
    }
}

static bool has_mark(const struct bench_verifier *v, uint64_t offset, uint64_t bytes,
                     uint32_t mark)
{
    for (uint64_t at = offset; v->last != NULL && at < offset + bytes;
         at += v->config.unit_bytes) {
        if (v->last[at / v->config.unit_bytes] != mark) {
            return false;
        }
    }
    return true;
}

/* What I/O number number wrote is still there, as far as this task knows. */
static bool is_last(const struct bench_verifier *v, uint64_t offset, uint64_t bytes,
                    uint64_t number)
{
    return has_mark(v, offset, bytes, mark_of(number));
}

/* It was trimmed, and nothing was written there since. */
static bool is_trimmed(const struct bench_verifier *v, uint64_t offset, uint64_t bytes,
                       uint64_t number)
{
    return v->trims != NULL && has_mark(v, offset, bytes, mark_of(number) | TRIMMED);
}

/* It can be looked at. */
static bool can_check(const struct bench_verifier *v, uint64_t offset, uint64_t bytes,
                      uint64_t number)
{
    return is_last(v, offset, bytes, number) ||
           (v->config.opt->trim_verify_zero && is_trimmed(v, offset, bytes, number));
}

static void fill(void *ctx, struct bench_slot *slot)
{
    struct bench_verifier *v = ctx;
    struct bench_verify_io io;
    describe(v, slot, &io);
    io.time_ns = slot->start_ns;
    bench_verify_fill(&io, slot->buffer);
    set_last(v, slot->offset, slot->bytes, mark_of(slot->number));
}

static void note_wrong(struct bench_verifier *v, const struct bench_verify_io *io,
                       const uint8_t *buf, uint32_t at, bool trimmed)
{
    struct bench_miscompare found;
    if (trimmed) {
        bench_verify_diagnose_trimmed(io, buf, at, v->spare, &found);
    } else {
        bench_verify_diagnose(io, buf, at, v->spare, &found);
    }
    v->wrong[found.kind]++;
    v->wrong_count++;
    if (v->kept_count < BENCH_VERIFY_KEPT) {
        v->kept[v->kept_count++] = found;
    }
    if (v->wrong_count == 1 && v->dump_received != NULL) {
        memcpy(v->dump_received, buf + at, found.bytes);
        memcpy(v->dump_expected, v->spare, found.bytes);
    }
}

static int check(void *ctx, struct bench_slot *slot)
{
    struct bench_verifier *v = ctx;
    struct bench_verify_io io;
    int rc = 0;
    describe(v, slot, &io);
    bool trimmed = is_trimmed(v, slot->offset, slot->bytes, slot->number);
    for (uint32_t at = 0; at < io.bytes; at += io.interval_bytes) {
        bool good = trimmed ? mem_is_zero(slot->buffer + at, io.interval_bytes)
                            : bench_verify_good(&io, slot->buffer, at);
        v->checked++;
        if (unlikely(!good)) {
            note_wrong(v, &io, slot->buffer, at, trimmed);
            rc = -EILSEQ;
        }
    }
    return rc;
}

/* --- when ------------------------------------------------------------------------------------- */

/* Of each hundred writes so many are trimmed. */
static bool shall_be_trimmed(const struct bench_verifier *v, uint64_t number)
{
    uint64_t random = rng_mix(v->nonce ^ TRIM_SALT, number) >> 32;
    return random * 100 >> 32 < v->config.opt->trim_percentage;
}

/* A write has ended. What finds no room, because batches are smaller than what comes, stays. */
static void note_for_trim(struct bench_verifier *v, const struct bench_slot *slot)
{
    v->since_trim++;
    if (v->trim_count < v->trim_room && shall_be_trimmed(v, slot->number)) {
        v->trims[(v->trim_first + v->trim_count) % v->trim_room] = (struct bench_written){
            .offset = slot->offset, .number = slot->number, .bytes = slot->bytes};
        v->trim_count++;
    }
}

static void ended(void *ctx, struct bench_slot *slot, int err)
{
    struct bench_verifier *v = ctx;
    if (err != 0) {
        set_last(v, slot->offset, slot->bytes, 0); /* old or new: it cannot be known */
        return;
    }
    if (slot->io.opcode == NVME_IO_DSM) {
        set_last(v, slot->offset, slot->bytes, mark_of(slot->number) | TRIMMED);
        return;
    }
    if (v->trims != NULL) {
        note_for_trim(v, slot);
    }
    if (v->backlog != NULL && v->count < v->room) {
        v->backlog[(v->first + v->count) % v->room] = (struct bench_written){
            .offset = slot->offset, .number = slot->number, .bytes = slot->bytes};
        v->count++;
    }
}

/* As in fio, what was written after the last full trim_backlog is not trimmed any more. */
static bool insert_trim(struct bench_verifier *v, struct bench_chosen *out, uint64_t *number)
{
    const struct bench_options *opt = v->config.opt;
    if (v->trims == NULL) {
        return false;
    }
    if (v->trim_left == 0 && v->since_trim >= opt->trim_backlog) {
        v->trim_left = opt->trim_backlog_batch > 0 ? opt->trim_backlog_batch : opt->trim_backlog;
        v->trim_left = MIN(v->trim_left, v->trim_count);
        v->since_trim -= opt->trim_backlog;
    }
    while (v->trim_left > 0) {
        struct bench_written *w = &v->trims[v->trim_first];
        v->trim_first = v->trim_first + 1 < v->trim_room ? v->trim_first + 1 : 0;
        v->trim_count--;
        v->trim_left--;
        if (is_last(v, w->offset, w->bytes, w->number)) {
            *out = (struct bench_chosen){
                .dir = BENCH_DIR_TRIM, .offset = w->offset, .bytes = w->bytes};
            *number = w->number;
            return true;
        }
    }
    return false;
}

static bool insert(void *ctx, bool all, struct bench_chosen *out, uint64_t *number)
{
    struct bench_verifier *v = ctx;
    uint64_t batch = v->config.opt->verify_backlog_batch;
    if (insert_trim(v, out, number)) {
        return true;
    }
    if (v->backlog == NULL) {
        return false;
    }
    if (v->batch_left == 0 && (all || v->count >= v->config.opt->verify_backlog)) {
        v->batch_left = batch > 0 && !all ? MIN(batch, v->count) : v->count;
    }
    while (v->batch_left > 0) {
        struct bench_written *w = &v->backlog[v->first];
        v->first = v->first + 1 < v->room ? v->first + 1 : 0;
        v->count--;
        v->batch_left--;
        if (can_check(v, w->offset, w->bytes, w->number)) {
            *out = (struct bench_chosen){
                .dir = BENCH_DIR_READ, .offset = w->offset, .bytes = w->bytes};
            *number = w->number;
            return true;
        }
    }
    return false;
}

static bool next_pass(void *ctx, enum bench_dir *dir)
{
    struct bench_verifier *v = ctx;
    if (v->second_pass || !v->reads_back || v->backlog != NULL) {
        return false;
    }
    v->second_pass = true;
    *dir = BENCH_DIR_READ;
    return true;
}

static bool wanted(void *ctx, const struct bench_chosen *first, uint64_t number)
{
    struct bench_verifier *v = ctx;
    if (first->dir != BENCH_DIR_WRITE) {
        return !bench_rw_writes(v->config.opt->rw);
    }
    return can_check(v, first->offset, first->bytes, number);
}

static void set_content(struct bench_verifier *v, struct bench_content *out)
{
    const struct bench_options *opt = v->config.opt;
    *out = (struct bench_content){
        .ctx = v,
        .fill = fill,
        .check = check,
        .next_pass = next_pass,
        .wanted = wanted,
        .ended = ended,
        .insert = insert,
        .check_all = !bench_rw_writes(opt->rw),
        .check_only = opt->verify_only,
    };
}

/* --- set-up ----------------------------------------------------------------------------------- */

/* The same as fio's where all sizes are multiples of the smallest. */
static uint32_t choose_interval(const struct bench_options *opt, uint64_t unit_bytes)
{
    unsigned dir = bench_rw_writes(opt->rw) ? BENCH_DIR_WRITE : BENCH_DIR_READ;
    bool one_size = opt->bs[dir].min == opt->bs[dir].max && opt->bssplit[dir].count == 0;
    if (opt->verify_interval > 0) {
        return (uint32_t)opt->verify_interval;
    }
    return one_size ? 0 : (uint32_t)unit_bytes;
}

static int take_memory(struct bench_verifier *v)
{
    const struct bench_options *opt = v->config.opt;
    uint64_t spare = opt->bs_bytes;
    v->spare = heap_alloc(1, spare);
    if (v->spare == NULL) {
        return -ENOMEM;
    }
    if (v->config.twice) {
        v->last = heap_alloc(v->config.region_bytes / v->config.unit_bytes + 1, sizeof(*v->last));
        if (v->last == NULL) {
            return -ENOMEM;
        }
    }
    if (opt->trim_percentage > 0) {
        v->trim_room = opt->trim_backlog + v->config.depth;
        v->trims = heap_alloc(v->trim_room, sizeof(*v->trims));
        if (v->trims == NULL) {
            return -ENOMEM;
        }
    }
    if (opt->verify_backlog > 0 && v->reads_back) {
        v->room = opt->verify_backlog + v->config.depth;
        v->backlog = heap_alloc(v->room, sizeof(*v->backlog));
        if (v->backlog == NULL) {
            return -ENOMEM;
        }
    }
    if (opt->verify_dump) {
        v->dump_expected = heap_alloc(1, spare);
        v->dump_received = heap_alloc(1, spare);
        if (v->dump_expected == NULL || v->dump_received == NULL) {
            return -ENOMEM;
        }
    }
    return 0;
}

int bench_verifier_attach(struct bench_task *task, uint64_t total_bytes, uint64_t seed)
{
    const struct bench_job *job = task->job;
    const struct bench_options *opt = &job->opt;
    const struct block_info *info = block_info(job->dev);
    struct bench_verifier *v = heap_alloc(1, sizeof(*v));
    task->verifier = v;
    if (v == NULL) {
        return -ENOMEM;
    }
    v->config = (struct bench_verifier_config){
        .opt = opt,
        .disk_first_lba = info->parent != NULL ? info->first_lba : 0,
        .region_bytes = task->region_bytes,
        .block_bytes = job->ns->block_bytes,
        .unit_bytes = task->careful->chooser.unit_bytes,
        .twice = bench_verify_twice(opt, total_bytes, task->region_bytes),
        .depth = task->depth,
        .seed = seed,
    };
    v->config.first_byte = (task->first_lba - v->config.disk_first_lba) << job->ns->block_shift;
    v->interval_bytes = choose_interval(opt, v->config.unit_bytes);
    v->reads_back = bench_rw_writes(opt->rw) && opt->do_verify && !opt->verify_only;
    set_content(v, &task->careful->content);
    return take_memory(v);
}

void bench_verifier_detach(struct bench_task *task)
{
    struct bench_verifier *v = task->verifier;
    if (v == NULL) {
        return;
    }
    heap_free(v->spare);
    heap_free(v->last);
    heap_free(v->backlog);
    heap_free(v->trims);
    heap_free(v->dump_expected);
    heap_free(v->dump_received);
    heap_free(v);
    task->verifier = NULL;
}

void bench_verifier_start(struct bench_verifier *v, uint64_t now_ns)
{
    v->nonce = rng_mix(v->config.seed, now_ns);
}

/* --- what was found --------------------------------------------------------------------------- */

/* Two blocks, each of which is where the other belongs. */
static void report_swaps(const struct bench_verifier *v, struct out *out)
{
    for (unsigned i = 0; i < v->kept_count; i++) {
        for (unsigned k = i + 1; k < v->kept_count; k++) {
            const struct bench_miscompare *a = &v->kept[i];
            const struct bench_miscompare *b = &v->kept[k];
            if (a->kind == BENCH_WRONG_PLACE && b->kind == BENCH_WRONG_PLACE &&
                a->have.offset == b->offset && b->have.offset == a->offset) {
                out_printf(out, "verify: %s: the blocks at bytes %llu and %llu are swapped\n",
                           v->config.opt->name, (unsigned long long)a->offset,
                           (unsigned long long)b->offset);
            }
        }
    }
}

void bench_verifier_report(const struct bench_verifier *v, struct out *out)
{
    const struct bench_options *opt = v->config.opt;
    if (v->wrong_count == 0) {
        return;
    }
    for (unsigned i = 0; i < v->kept_count; i++) {
        bench_miscompare_print(&v->kept[i], opt->name, opt->filename, v->config.disk_first_lba,
                               v->config.block_bytes, out);
    }
    report_swaps(v, out);
    if (v->dump_received != NULL) {
        out_printf(out, "verify: %s: the first wrong block, whole:\n", opt->name);
        if (v->kept[0].expected_known) {
            bench_verify_dump("expected", v->dump_expected, 0, v->kept[0].bytes, out);
        }
        bench_verify_dump("received", v->dump_received, 0, v->kept[0].bytes, out);
    }
    out_printf(out, "verify: %s: %llu of %llu blocks are wrong:", opt->name,
               (unsigned long long)v->wrong_count, (unsigned long long)v->checked);
    const char *separator = " ";
    for (unsigned k = 0; k < BENCH_WRONG_KINDS; k++) {
        if (v->wrong[k] > 0) {
            out_printf(out, "%s%llu %s", separator, (unsigned long long)v->wrong[k],
                       bench_miscompare_name((enum bench_miscompare_kind)k));
            separator = ", ";
        }
    }
    out_printf(out, "%s\n", v->wrong_count > v->kept_count ? "; the first ones are described above"
                                                           : "");
}
