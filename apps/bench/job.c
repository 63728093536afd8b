/*
 * apps/bench/job.c - checks a job against the disk it names.
 */
#include "apps/bench/job.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define VERIFY_INTERVAL_MIN 80u /* as in fio */

static const char *const dir_names[BENCH_DIRS] = {"read", "write", "trim"};

/* --- the disk --------------------------------------------------------------------------------- */

static void list_disks(struct appliance *app, struct out *err)
{
    const char *separator = "";
    struct block_dev *dev;
    for (unsigned i = 0; (dev = block_at(app->blocks, i)) != NULL; i++) {
        if (block_nvme_ns(dev) != NULL) {
            out_printf(err, "%s%s", separator, block_info(dev)->name);
            separator = ", ";
        }
    }
    out_puts(err, separator[0] == '\0' ? "none\n" : "\n");
}

/* The only NVMe disk, or NULL when there are none or several. */
static struct block_dev *only_disk(struct appliance *app)
{
    struct block_dev *found = NULL;
    struct block_dev *dev;
    for (unsigned i = 0; (dev = block_at(app->blocks, i)) != NULL; i++) {
        if (block_nvme_ns(dev) != NULL && block_info(dev)->parent == NULL) {
            if (found != NULL) {
                return NULL;
            }
            found = dev;
        }
    }
    return found;
}

static bool is_pci_address(const struct pci_function *pci, const char *name)
{
    char address[16];
    str_format(address, sizeof(address), "0000:%02x:%02x.%x", pci->bus, pci->dev, pci->fn);
    return strcmp(address, name) == 0 || strcmp(address + strlen("0000:"), name) == 0;
}

/* By name, by the serial number of a disk, or by the PCI address of its controller. */
static struct block_dev *named_disk(struct appliance *app, const char *name)
{
    char first_ns[BLOCK_NAME_BYTES];
    struct block_dev *found = block_find(app->blocks, name);
    struct block_dev *dev;
    for (unsigned i = 0; found == NULL && (dev = block_at(app->blocks, i)) != NULL; i++) {
        const struct block_info *info = block_info(dev);
        if (info->parent == NULL && block_nvme_ns(dev) != NULL &&
            strcmp(info->serial, name) == 0) {
            found = dev;
        }
    }
    for (unsigned i = 0; found == NULL && i < app->ctrlr_count; i++) {
        if (app->ctrlrs[i].pci != NULL && is_pci_address(app->ctrlrs[i].pci, name)) {
            str_format(first_ns, sizeof(first_ns), "%sn1", app->ctrlrs[i].name);
            found = block_find(app->blocks, first_ns);
        }
    }
    return found;
}

static int find_disk(struct appliance *app, struct bench_job *job, struct out *err)
{
    const char *name = job->opt.filename;
    job->dev = name[0] == '\0' ? only_disk(app) : named_disk(app, name);
    if (job->dev == NULL) {
        if (name[0] == '\0') {
            out_puts(err, "say which disk with filename=; there are: ");
        } else {
            out_printf(err, "filename=%s: no such disk; there are: ", name);
        }
        list_disks(app, err);
        return -ENOENT;
    }
    const struct block_info *info = block_info(job->dev);
    job->ns = block_nvme_ns(job->dev);
    if (job->ns == NULL) {
        out_printf(err, "filename=%s: not an NVMe disk; there are: ", info->name);
        list_disks(app, err);
        return -EINVAL;
    }
    str_copy(job->opt.filename, sizeof(job->opt.filename), info->name);
    job->ctrlr = job->ns->ctrlr;
    if (!job->ns->usable) {
        out_printf(err, "%s cannot be used: %s\n", info->name, job->ns->unusable_why);
        return -ENOTSUP;
    }
    if (nvme_failed(job->ctrlr)) {
        out_printf(err, "%s: its controller %s has failed\n", info->name, nvme_name(job->ctrlr));
        return -ESHUTDOWN;
    }
    return 0;
}

static int check_writable(const struct bench_job *job, struct out *err)
{
    const struct block_info *info = block_info(job->dev);
    bool writes = bench_rw_writes(job->opt.rw) && !job->opt.verify_only;
    if ((!writes && !bench_rw_trims(job->opt.rw)) || info->armed) {
        return 0;
    }
    const struct block_info *disk = info->parent != NULL ? block_info(info->parent) : info;
    out_printf(err,
               "rw=%s would overwrite %s, which is read-only; to allow writing: arm %s '%s'\n",
               bench_rw_name(job->opt.rw), info->name, disk->name, disk->serial);
    return -EROFS;
}

/* --- the region ------------------------------------------------------------------------------- */

static uint64_t extent_bytes(const struct bench_extent *extent, uint64_t device_bytes)
{
    /* In two steps: the product would overflow for large disks. */
    return extent->percent ? device_bytes / 100 * extent->value +
                                 device_bytes % 100 * extent->value / 100
                           : extent->value;
}

static int check_multiple(const struct bench_job *job, const char *option, uint64_t bytes,
                          struct out *err)
{
    if (bytes % job->ns->block_bytes != 0) {
        out_printf(err, "%s=%llu: not a multiple of the block size of %s, %u bytes\n", option,
                   (unsigned long long)bytes, job->opt.filename, job->ns->block_bytes);
        return -EINVAL;
    }
    return 0;
}

/* The sizes of one direction; *largest grows to the largest of them. */
static int check_sizes(const struct bench_job *job, unsigned dir, uint64_t *largest,
                       struct out *err)
{
    const struct bench_splits *splits = &job->opt.bssplit[dir];
    const struct bench_range *bs = &job->opt.bs[dir];
    int rc = check_multiple(job, "blockalign", job->opt.blockalign[dir], err);
    for (unsigned i = 0; rc == 0 && i < splits->count; i++) {
        rc = check_multiple(job, "bssplit", splits->split[i].bytes, err);
        *largest = MAX(*largest, splits->split[i].bytes);
    }
    if (rc == 0 && splits->count == 0) {
        const char *option = bs->min == bs->max ? "bs" : "bsrange";
        rc = check_multiple(job, option, bs->min, err);
        if (rc == 0) {
            rc = check_multiple(job, option, bs->max, err);
        }
        *largest = MAX(*largest, bs->max);
    }
    return rc;
}

static int check_bs(struct bench_job *job, struct out *err)
{
    uint64_t bytes = 0;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        if (bench_rw_uses(job->opt.rw, (enum bench_dir)d)) {
            int rc = check_sizes(job, d, &bytes, err);
            if (rc != 0) {
                return rc;
            }
        }
    }
    assert(bytes > 0 && job->ns->max_blocks > 0); /* by the table of options; usable */
    job->opt.bs_bytes = bytes;
    job->io_blocks = (uint32_t)(bytes >> job->ns->block_shift);
    job->commands = (job->io_blocks + job->ns->max_blocks - 1) / job->ns->max_blocks;
    if (bench_rw_trims(job->opt.rw) && !bench_rw_writes(job->opt.rw)) {
        job->commands = 1; /* one range in one command, however long */
    }
    int rc = check_multiple(job, "rw=...:", job->opt.rw_hole_bytes, err);
    return rc == 0 ? check_multiple(job, "offset_increment",
                                    job->opt.offset_increment.percent
                                        ? 0 : job->opt.offset_increment.value, err)
                   : rc;
}

/* Where the region begins, in bytes from the start of the device. */
static int check_offset(const struct bench_job *job, uint64_t device_bytes, uint64_t *out,
                        struct out *err)
{
    uint64_t offset = extent_bytes(&job->opt.offset, device_bytes);
    if (job->opt.offset.percent) {
        offset -= offset % job->opt.bs_bytes;
    }
    int rc = check_multiple(job, "offset", offset, err);
    if (rc != 0) {
        return rc;
    }
    if (offset >= device_bytes || job->opt.bs_bytes > device_bytes - offset) {
        out_printf(err, "offset=%llu with bs=%llu: beyond the end of %s, which has %llu bytes\n",
                   (unsigned long long)offset, (unsigned long long)job->opt.bs_bytes,
                   job->opt.filename, (unsigned long long)device_bytes);
        return -EINVAL;
    }
    *out = offset;
    return 0;
}

static int check_size(const struct bench_job *job, uint64_t device_bytes, uint64_t offset,
                      uint64_t *out, struct out *err)
{
    uint64_t room = device_bytes - offset;
    uint64_t size = room;
    if (job->opt.size.given) {
        size = extent_bytes(&job->opt.size, device_bytes);
        if (job->opt.size.percent) {
            size = MIN(size, room);
        }
    }
    if (size > room) {
        out_printf(err, "size=%llu at offset=%llu: beyond the end of %s; at most %llu is allowed\n",
                   (unsigned long long)size, (unsigned long long)offset, job->opt.filename,
                   (unsigned long long)room);
        return -EINVAL;
    }
    if (size < job->opt.bs_bytes) {
        out_printf(err, "size=%llu: less than one block of bs=%llu\n", (unsigned long long)size,
                   (unsigned long long)job->opt.bs_bytes);
        return -EINVAL;
    }
    *out = size;
    return 0;
}

/* How much there is to do: the region, io_size or number_ios, loops times. */
static int check_amount(struct bench_job *job, uint64_t device_bytes, struct out *err)
{
    const struct bench_options *opt = &job->opt;
    uint64_t ios = job->region_ios;
    assert(opt->bs_bytes > 0); /* by check_bs() */
    if (opt->io_size.given) {
        ios = extent_bytes(&opt->io_size, device_bytes) / opt->bs_bytes;
        if (ios == 0) {
            out_printf(err, "io_size: less than one block of bs=%llu\n",
                       (unsigned long long)opt->bs_bytes);
            return -EINVAL;
        }
    }
    if (opt->time_based || __builtin_mul_overflow(ios, opt->loops, &ios)) {
        ios = UINT64_MAX;
    }
    job->total_ios = opt->number_ios > 0 ? MIN(ios, opt->number_ios) : ios;
    return 0;
}

static int check_region(struct bench_job *job, struct out *err)
{
    const struct block_info *info = block_info(job->dev);
    uint64_t device_bytes = info->block_count << job->ns->block_shift;
    uint64_t offset, size;
    int rc = check_bs(job, err);
    if (rc == 0) {
        rc = check_offset(job, device_bytes, &offset, err);
    }
    if (rc == 0) {
        rc = check_size(job, device_bytes, offset, &size, err);
    }
    if (rc != 0) {
        return rc;
    }
    job->first_lba = (info->parent != NULL ? info->first_lba : 0) +
                     (offset >> job->ns->block_shift);
    job->region_bytes = size;
    job->region_ios = size / job->opt.bs_bytes;
    return check_amount(job, device_bytes, err);
}

/* --- the machine ------------------------------------------------------------------------------ */

static int check_queue(const struct bench_job *job, struct out *err)
{
    struct nvme_qpair *qp = nvme_qpair_at(job->ctrlr, 0);
    unsigned depth = qp != NULL ? nvme_qpair_depth(qp) : 0;
    if (job->opt.iodepth * job->commands > depth) {
        out_printf(err, "iodepth=%llu", (unsigned long long)job->opt.iodepth);
        if (job->commands > 1) {
            out_printf(err, " with %u commands for each I/O of %llu bytes", job->commands,
                       (unsigned long long)job->opt.bs_bytes);
        }
        out_printf(err, ": a queue of %s holds %u commands, so at most %u is allowed\n",
                   nvme_name(job->ctrlr), depth, depth / job->commands);
        return -EINVAL;
    }
    if (job->opt.wait != BENCH_POLL && nvme_info(job->ctrlr)->irq_qpairs == 0) {
        out_printf(err, "wait=%s: %s has no interrupt vectors; only wait=poll is possible\n",
                   job->opt.wait == BENCH_IRQ ? "irq" : "adaptive", nvme_name(job->ctrlr));
        return -ENOTSUP;
    }
    return 0;
}

static int check_cpus(struct appliance *app, const struct bench_job *job, struct out *err)
{
    const struct machine *m = app->machine;
    if (!job->opt.cpus_allowed.given) {
        return 0;
    }
    unsigned count = m->cpu_count(m->ctx);
    for (unsigned cpu = 0; cpu < count && cpu < BENCH_MAX_CPUS; cpu++) {
        if (job->opt.cpus_allowed.mask[cpu / 64] >> cpu % 64 & 1) {
            return 0;
        }
    }
    out_printf(err, "cpus_allowed: this machine has CPUs 0 to %u only\n", count - 1);
    return -EINVAL;
}

static int check_trims(const struct bench_job *job, struct out *err)
{
    bool trims = bench_rw_trims(job->opt.rw);
    if ((trims || job->opt.trim_percentage > 0) && !nvme_can(job->ctrlr, NVME_CAN_DSM)) {
        out_printf(err, "%s=%s: %s has no Dataset Management command, so nothing can be trimmed\n",
                   trims ? "rw" : "trim_percentage", trims ? bench_rw_name(job->opt.rw) : "...",
                   nvme_name(job->ctrlr));
        return -ENOTSUP;
    }
    return 0;
}

/* --- options that contradict each other ------------------------------------------------------- */

/* A rate that is to be kept must be possible. */
static int check_rates(const struct bench_options *opt, struct out *err)
{
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        if (opt->rate_bytes[d] > 0 && opt->rate_min_bytes[d] > opt->rate_bytes[d]) {
            out_printf(err, "rate_min: for %s at most the rate of %llu is allowed\n", dir_names[d],
                       (unsigned long long)opt->rate_bytes[d]);
            return -EINVAL;
        }
        if (opt->rate_iops[d] > 0 && opt->rate_iops_min[d] > opt->rate_iops[d]) {
            out_printf(err, "rate_iops_min: for %s at most the rate_iops of %llu is allowed\n",
                       dir_names[d], (unsigned long long)opt->rate_iops[d]);
            return -EINVAL;
        }
    }
    return 0;
}

static int check_verify(const struct bench_options *opt, struct out *err)
{
    if (opt->verify == BENCH_VERIFY_NONE) {
        return 0;
    }
    if (opt->verify == BENCH_VERIFY_PATTERN && opt->verify_pattern.count == 0) {
        out_puts(err, "verify=pattern needs a pattern, as in verify_pattern=0xdeadbeef\n");
        return -EINVAL;
    }
    if (bench_rw_trims(opt->rw)) {
        out_printf(err, "verify: what rw=%s trims cannot be verified\n", bench_rw_name(opt->rw));
        return -EINVAL;
    }
    if (opt->verify_interval > 0 && opt->verify_interval < VERIFY_INTERVAL_MIN) {
        out_printf(err, "verify_interval=%llu: at least %u bytes, for the header\n",
                   (unsigned long long)opt->verify_interval, VERIFY_INTERVAL_MIN);
        return -EINVAL;
    }
    if (opt->verify_interval > 0 && opt->bs_bytes % opt->verify_interval != 0) {
        out_printf(err, "verify_interval=%llu: bs=%llu must be a multiple of it\n",
                   (unsigned long long)opt->verify_interval, (unsigned long long)opt->bs_bytes);
        return -EINVAL;
    }
    return 0;
}

static int check_contradictions(const struct bench_options *opt, struct out *err)
{
    const char *why = NULL;
    if (opt->time_based && opt->runtime_ns == 0) {
        why = "time_based needs a runtime, as in runtime=10";
    } else if (opt->steadystate.given && opt->ss_dur_ns < 2 * NS_PER_S) {
        why = "steadystate needs a window of 2 s at least, as in ss_dur=10";
    } else if (opt->latency_target_ns > 0 && opt->latency_window_ns == 0) {
        why = "latency_target needs a time to look at each depth, as in latency_window=1s";
    } else if (opt->cpus_allowed_policy == BENCH_CPUS_SPLIT && !opt->cpus_allowed.given) {
        why = "cpus_allowed_policy=split needs cpus_allowed";
    } else if (opt->verify_state_save || opt->verify_state_load) {
        why = "verify_state_save, verify_state_load: only 0 is possible, files are not written; "
              "verify_only with number_ios checks what a job wrote until it was cut off";
    } else if (opt->trim_percentage > 0 && (opt->verify == BENCH_VERIFY_NONE ||
                                            !bench_rw_writes(opt->rw) || opt->verify_only)) {
        why = "trim_percentage trims what the same job writes with verify, as in rw=randwrite "
              "verify=crc32c";
    } else if (opt->trim_percentage > 0 && opt->trim_backlog == 0) {
        why = "trim_percentage needs trim_backlog, as in trim_backlog=64: without it nothing is "
              "trimmed, in fio neither";
    } else if (opt->verify_only && opt->verify == BENCH_VERIFY_NONE) {
        why = "verify_only needs to know how, as in verify=crc32c";
    }
    if (why != NULL) {
        out_printf(err, "%s\n", why);
        return -EINVAL;
    }
    return check_rates(opt, err);
}

/* Options whose part of the engine is not in this version. */
static int check_abilities(const struct bench_options *opt, struct out *err)
{
    const struct { const char *name; bool set; } missing[] = {
        {"per_job_logs=0", !opt->per_job_logs},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(missing); i++) {
        if (missing[i].set) {
            out_printf(err, "%s is known, but this version cannot do it\n", missing[i].name);
            return -ENOTSUP;
        }
    }
    return 0;
}

int bench_job_prepare(struct appliance *app, const struct bench_options *opt,
                      struct bench_job *out, struct out *err)
{
    if (&out->opt != opt) {
        out->opt = *opt;
    }
    out->settle_ns = opt->settle_ns;
    int rc = check_contradictions(&out->opt, err);
    if (rc == 0) {
        rc = check_abilities(&out->opt, err);
    }
    if (rc == 0) {
        rc = find_disk(app, out, err);
    }
    if (rc == 0) {
        rc = check_region(out, err);
    }
    if (rc == 0) {
        rc = check_verify(&out->opt, err);
    }
    if (rc == 0) {
        rc = check_queue(out, err);
    }
    if (rc == 0) {
        rc = check_trims(out, err);
    }
    if (rc == 0) {
        rc = check_cpus(app, out, err);
    }
    return rc == 0 ? check_writable(out, err) : rc;
}

bool bench_names_disk(struct appliance *app, const char *name)
{
    return named_disk(app, name) != NULL;
}
