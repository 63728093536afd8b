/*
 * apps/bench/setup.c - makes tasks, and decides whether the plain path is enough for them.
 */
#include "apps/bench/setup.h"

#include "apps/bench/buffers.h"
#include "apps/bench/careful.h"
#include "apps/bench/verify.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define SEED_DEFAULT UINT64_C(0x9042) /* of repeatable runs (randrepeat=1) */
#define PAGE_BYTES 4096

static uint64_t choose_seed(const struct bench_options *opt, unsigned index, uint64_t now_ns)
{
    uint64_t base = SEED_DEFAULT;
    if (opt->randseed_given) {
        base = opt->randseed;
    } else if (!opt->randrepeat) {
        base = now_ns;
    }
    return rng_mix(base, index);
}

/* --- where and how much ----------------------------------------------------------------------- */

static uint64_t device_bytes(const struct bench_job *job)
{
    return block_info(job->dev)->block_count << job->ns->block_shift;
}

static uint64_t extent_bytes(const struct bench_job *job, const struct bench_extent *extent)
{
    uint64_t device = device_bytes(job);
    return extent->percent
               ? device / 100 * extent->value + device % 100 * extent->value / 100
               : extent->value;
}

/* The clone's part of the disk: as job.h says, but each begins offset_increment after the one
 * before, and ends at the end of the disk at the latest. */
static int place_region(struct bench_task *task, unsigned clone, struct out *err)
{
    const struct bench_job *job = task->job;
    const struct block_info *info = block_info(job->dev);
    uint64_t disk_lba = info->parent != NULL ? info->first_lba : 0;
    uint64_t first = (job->first_lba - disk_lba) << job->ns->block_shift;
    uint64_t step = extent_bytes(job, &job->opt.offset_increment);
    step -= step % job->ns->block_bytes;
    uint64_t room = device_bytes(job) - first;
    if (clone > 0 && step > (room - 1) / clone) {
        out_printf(err, "offset_increment: clone %u of %s would begin beyond the end of %s\n",
                   clone, job->opt.name, job->opt.filename);
        return -EINVAL;
    }
    room -= clone * step;
    task->first_lba = job->first_lba + (clone * step >> job->ns->block_shift);
    task->region_bytes = MIN(job->region_bytes, room);
    if (task->region_bytes < task->io_bytes) {
        out_printf(err, "offset_increment: clone %u of %s has less than one block of bs=%llu\n",
                   clone, job->opt.name, (unsigned long long)task->io_bytes);
        return -EINVAL;
    }
    return 0;
}

/* All there is to do, in bytes; UINT64_MAX: until the time is over. */
static uint64_t total_bytes(const struct bench_task *task)
{
    const struct bench_options *opt = &task->job->opt;
    uint64_t bytes = opt->io_size.given ? extent_bytes(task->job, &opt->io_size)
                                        : task->region_bytes;
    uint64_t loops = MAX(opt->loops, UINT64_C(1));
    if (opt->time_based || bytes > UINT64_MAX / 2 / loops) {
        return UINT64_MAX;
    }
    return bytes * loops;
}

/* --- contents --------------------------------------------------------------------------------- */

static void fill_anew(void *ctx, struct bench_slot *slot)
{
    const struct bench_task *task = ctx;
    uint64_t first_byte = task->contents->first_byte;
    bench_buffers_fill(task->contents, slot->buffer, slot->bytes, first_byte + slot->offset,
                       slot->number + 1);
}

/* What the buffers hold at the start, and whether each write needs something new. */
static int make_contents(struct bench_task *task, uint64_t seed)
{
    const struct bench_options *opt = &task->job->opt;
    const struct block_info *info = block_info(task->job->dev);
    uint64_t disk_lba = info->parent != NULL ? info->first_lba : 0;
    uint64_t first_byte = (task->first_lba - disk_lba) << task->job->ns->block_shift;
    uint64_t stride = ALIGN_UP(task->io_bytes, PAGE_BYTES);
    struct bench_buffers contents;
    if (!bench_rw_writes(opt->rw)) {
        return 0;
    }
    bench_buffers_init(&contents, opt, first_byte, seed);
    if (contents.refill) {
        task->contents = heap_alloc(1, sizeof(contents));
        if (task->contents == NULL) {
            return -ENOMEM;
        }
        *task->contents = contents;
        return 0;
    }
    for (unsigned i = 0; i < task->depth; i++) {
        bench_buffers_fill(&contents, (uint8_t *)task->buffers.va + i * stride, stride,
                           first_byte, i);
    }
    return 0;
}

/* --- what is not plain ------------------------------------------------------------------------ */

static void configure_chooser(const struct bench_task *task, uint64_t seed,
                              struct bench_chooser_config *config)
{
    const struct bench_options *opt = &task->job->opt;
    bool trimwrite = opt->rw == BENCH_TRIMWRITE || opt->rw == BENCH_RANDTRIMWRITE;
    *config = (struct bench_chooser_config){
        .reads = bench_rw_reads(opt->rw),
        .writes = bench_rw_writes(opt->rw) && !trimwrite,
        .trims = bench_rw_trims(opt->rw) && !trimwrite,
        .trimwrite = trimwrite,
        .rwmixread = (unsigned)opt->rwmixread,
        .random = bench_rw_is_random(opt->rw),
        .norandommap = opt->norandommap,
        .seed = seed,
        .region_bytes = task->region_bytes,
        .distribution = opt->distribution.kind,
        .param = opt->distribution.param,
        .center = opt->distribution.center,
        .zones = opt->distribution.zone,
        .zone_count = opt->distribution.zone_count,
        .every = opt->rw_every,
        .hole_bytes = opt->rw_hole_bytes,
    };
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        config->min_bytes[d] = opt->bs[d].min;
        config->max_bytes[d] = opt->bs[d].max;
        config->splits[d] = opt->bssplit[d].split;
        config->split_count[d] = opt->bssplit[d].count;
        config->align_bytes[d] = opt->blockalign[d];
        config->random_percent[d] = (unsigned)opt->percentage_random[d];
    }
}

/* Reads and writes of one size, spread evenly or in sequence. */
static bool pattern_is_plain(const struct bench_task *task)
{
    const struct bench_options *opt = &task->job->opt;
    bool plain = !bench_rw_trims(opt->rw) && opt->rw_every <= 1 && opt->rw_hole_bytes == 0 &&
                 opt->distribution.kind == BENCH_UNIFORM;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        if (!bench_rw_uses(opt->rw, (enum bench_dir)d)) {
            continue;
        }
        plain &= opt->bssplit[d].count == 0 && opt->bs[d].min == task->io_bytes &&
                 opt->bs[d].max == task->io_bytes && opt->blockalign[d] == 0;
        plain &= !bench_rw_is_random(opt->rw) || opt->percentage_random[d] >= 100;
    }
    return plain;
}

static bool pace_is_plain(const struct bench_options *opt)
{
    bool plain = opt->thinktime_ns == 0;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        plain &= opt->rate_bytes[d] == 0 && opt->rate_iops[d] == 0 &&
                 opt->rate_min_bytes[d] == 0 && opt->rate_iops_min[d] == 0;
    }
    return plain;
}

static bool batches_are_plain(const struct bench_options *opt)
{
    return opt->iodepth_batch == 0 && opt->iodepth_batch_complete_min <= 1 &&
           (opt->iodepth_low == 0 || opt->iodepth_low >= opt->iodepth);
}

static bool errors_are_plain(const struct bench_options *opt)
{
    return opt->continue_on_error == 0 && opt->ignore_error.read[0] == 0 &&
           opt->ignore_error.write[0] == 0 && opt->ignore_error.verify[0] == 0;
}

static bool is_plain(const struct bench_task *task)
{
    const struct bench_options *opt = &task->job->opt;
    return pattern_is_plain(task) && pace_is_plain(opt) && batches_are_plain(opt) &&
           errors_are_plain(opt) && !opt->serialize_overlap && opt->latency_target_ns == 0 &&
           opt->max_latency_ns == 0 && opt->fsync == 0 && opt->fdatasync == 0 &&
           !opt->end_fsync && opt->verify == BENCH_VERIFY_NONE && task->contents == NULL &&
           (task->record == NULL || !task->record->each_io);
}

static void configure_pace(const struct bench_options *opt, uint64_t seed,
                           struct bench_pace_config *pace)
{
    *pace = (struct bench_pace_config){
        .rate_cycle_ns = opt->rate_cycle_ns,
        .poisson = opt->rate_process == BENCH_RATE_POISSON,
        .think_ns = opt->thinktime_ns,
        .think_ios = opt->thinktime_blocks,
        .think_after_ns = opt->thinktime_iotime_ns,
        .seed = rng_mix(seed, 8),
    };
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        pace->rate_bytes[d] = opt->rate_bytes[d];
        pace->rate_iops[d] = opt->rate_iops[d];
        pace->rate_min_bytes[d] = opt->rate_min_bytes[d];
        pace->rate_min_iops[d] = opt->rate_iops_min[d];
    }
}

static int make_careful(struct bench_task *task, uint64_t seed)
{
    const struct bench_options *opt = &task->job->opt;
    uint64_t sync_every = MIN(opt->fsync > 0 ? opt->fsync : opt->fdatasync, (uint64_t)UINT32_MAX);
    struct bench_careful_config config = {
        .paced = !pace_is_plain(opt),
        .total_bytes = total_bytes(task),
        .total_ios = opt->number_ios > 0 ? opt->number_ios : UINT64_MAX,
        .fsync_every = (unsigned)sync_every,
        .end_fsync = opt->end_fsync,
        .max_latency_ns = opt->max_latency_ns,
        .pass_errors = opt->verify_fatal ? opt->continue_on_error & ~(unsigned)BENCH_CONTINUE_VERIFY
                                         : opt->continue_on_error,
        .ignored = &opt->ignore_error,
        .serialize_overlap = opt->serialize_overlap ||
                             bench_verify_twice(opt, total_bytes(task), task->region_bytes),
        .batch = (unsigned)opt->iodepth_batch,
        .complete_min = (unsigned)opt->iodepth_batch_complete_min,
        .low = opt->iodepth_low < opt->iodepth ? (unsigned)opt->iodepth_low : 0,
        .target_ns = opt->latency_target_ns,
        .target_window_ns = opt->latency_window_ns,
        .target_percentile = (double)opt->latency_percentile / (double)HISTOGRAM_PERCENT,
        .target_run_on = opt->latency_run,
    };
    configure_chooser(task, seed, &config.chooser);
    configure_pace(opt, seed, &config.pace);
    task->careful = heap_alloc(1, sizeof(*task->careful));
    if (task->careful == NULL) {
        return -ENOMEM;
    }
    struct bench_content content = {.ctx = task,
                                    .fill = task->contents != NULL ? fill_anew : NULL};
    int rc = bench_careful_init(task->careful, &config, &content, task->depth);
    return rc == 0 && opt->verify != BENCH_VERIFY_NONE
               ? bench_verifier_attach(task, total_bytes(task), seed)
               : rc;
}

static void make_plain(struct bench_task *task, uint64_t seed)
{
    const struct bench_options *opt = &task->job->opt;
    uint64_t bytes = total_bytes(task);
    task->to_post = bytes == UINT64_MAX ? UINT64_MAX : bytes / task->io_bytes;
    if (bytes != UINT64_MAX && !opt->io_size.given) {
        task->to_post = task->region_bytes / task->io_bytes * MAX(opt->loops, UINT64_C(1));
    }
    if (opt->number_ios > 0) {
        task->to_post = MIN(task->to_post, opt->number_ios);
    }
    bench_pattern_init(&task->pattern, &(struct bench_pattern_config){
                                           .random = bench_rw_is_random(opt->rw),
                                           .norandommap = opt->norandommap,
                                           .reads = bench_rw_reads(opt->rw),
                                           .writes = bench_rw_writes(opt->rw),
                                           .rwmixread = (unsigned)opt->rwmixread,
                                           .blocks = task->region_bytes / task->io_bytes,
                                           .seed = seed,
                                       });
}

/* --- memory ----------------------------------------------------------------------------------- */

static int make_record(struct bench_task *task)
{
    const struct bench_options *opt = &task->job->opt;
    bool lat = opt->write_lat_log[0] != '\0';
    uint64_t smallest = MAX(opt->bs[0].min, UINT64_C(1));
    struct bench_record_config config = {
        .wanted = {[BENCH_LOG_BW] = opt->write_bw_log[0] != '\0' || opt->plot,
                   [BENCH_LOG_IOPS] = opt->write_iops_log[0] != '\0' || opt->plot,
                   [BENCH_LOG_SLAT] = lat, [BENCH_LOG_CLAT] = lat, [BENCH_LOG_LAT] = lat},
        .histogram = opt->write_hist_log[0] != '\0',
        .window_ns = opt->log_avg_ns,
        .largest = opt->log_max_value,
        .hist_window_ns = opt->log_hist_ns,
        .hist_coarseness = (unsigned)opt->log_hist_coarseness,
        .first_byte = (task->first_lba << task->job->ns->block_shift),
        .expected_ns = opt->runtime_ns,
        .expected_ios = total_bytes(task) / smallest + 1,
    };
    bool any = config.histogram;
    for (unsigned k = 0; k < BENCH_LOG_KINDS; k++) {
        any |= config.wanted[k];
    }
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        config.dir[d] = bench_rw_uses(opt->rw, (enum bench_dir)d);
    }
    if (total_bytes(task) == UINT64_MAX) {
        config.expected_ios = UINT64_MAX;
    }
    if (opt->number_ios > 0) {
        config.expected_ios = MIN(config.expected_ios, opt->number_ios);
    }
    if (!any) {
        return 0;
    }
    task->record = heap_alloc(1, sizeof(*task->record));
    return task->record != NULL ? bench_record_init(task->record, &config) : -ENOMEM;
}

static int alloc_buffers(struct bench_task *task, struct out *err)
{
    uint64_t len = ALIGN_UP(task->io_bytes, PAGE_BYTES) * task->depth;
    if (nvme_dma_alloc(task->job->ctrlr, len, PAGE_BYTES, &task->buffers) != 0) {
        out_printf(err, "not enough memory: iodepth=%u with bs=%llu needs %llu KiB in one piece\n",
                   task->depth, (unsigned long long)task->io_bytes,
                   (unsigned long long)(len / KIB));
        return -ENOMEM;
    }
    return 0;
}

static int make_io(struct bench_task *task, uint64_t seed, struct out *err)
{
    int rc = alloc_buffers(task, err);
    if (rc != 0) {
        return rc;
    }
    task->slots = heap_alloc(task->depth, sizeof(*task->slots));
    task->free = heap_alloc(task->depth, sizeof(struct bench_slot *));
    rc = task->slots != NULL && task->free != NULL ? make_record(task) : -ENOMEM;
    if (rc == 0) {
        rc = make_contents(task, seed);
    }
    if (rc == 0 && is_plain(task)) {
        make_plain(task, seed);
    } else if (rc == 0) {
        rc = make_careful(task, seed);
    }
    if (rc == -ENOMEM) {
        out_puts(err, "not enough memory for the job's I/Os, its random map and its logs\n");
    } else if (rc != 0) {
        out_puts(err, "random_distribution: nothing would ever be chosen\n");
    }
    return rc;
}

struct bench_task *bench_task_create(const struct bench_job *job, unsigned index, unsigned clone,
                                     uint64_t now_ns, struct out *err, int *rc)
{
    const struct bench_options *opt = &job->opt;
    uint64_t seed = choose_seed(opt, index, now_ns);
    struct bench_task *task = heap_alloc(1, sizeof(*task));
    if (task == NULL) {
        out_puts(err, "not enough memory for the jobs\n");
        *rc = -ENOMEM;
        return NULL;
    }
    task->job = job;
    task->depth = (unsigned)opt->iodepth;
    task->io_bytes = opt->bs_bytes;
    task->scramble = opt->scramble_buffers && !opt->zero_buffers && opt->buffer_pattern.count == 0;
    task->result.jobs = 1;
    task->result.latencies = opt->lat_accounting;
    *rc = place_region(task, clone, err);
    if (*rc == 0) {
        *rc = make_io(task, seed, err);
    }
    if (*rc != 0) {
        bench_task_destroy(task);
        return NULL;
    }
    bench_task_init_slots(task);
    return task;
}

void bench_task_release(struct bench_task *task)
{
    /* A device that did not become quiet may still write: it keeps what it was lent. */
    if (task->buffers.va != NULL && !nvme_failed(task->job->ctrlr)) {
        nvme_dma_free(task->job->ctrlr, &task->buffers);
    }
    task->buffers.va = NULL;
}

void bench_task_destroy(struct bench_task *task)
{
    if (task == NULL) {
        return;
    }
    bench_task_release(task);
    if (task->careful != NULL) {
        bench_careful_fini(task->careful);
        heap_free(task->careful);
    }
    if (task->record != NULL) {
        bench_record_fini(task->record);
        heap_free(task->record);
    }
    bench_verifier_detach(task);
    heap_free(task->contents);
    heap_free(task->free);
    heap_free(task->slots);
    heap_free(task);
}
