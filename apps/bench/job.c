/*
 * apps/bench/job.c - checks a job against the disk it names.
 */
#include "apps/bench/job.h"

#include "lib/errno.h"
#include "lib/string.h"


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

static int find_disk(struct appliance *app, struct bench_job *job, struct out *err)
{
    const char *name = job->opt.filename;
    job->dev = name[0] == '\0' ? only_disk(app) : block_find(app->blocks, name);
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
    if (!bench_rw_writes(job->opt.rw) || info->armed) {
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

static int check_bs(struct bench_job *job, struct out *err)
{
    uint32_t block_bytes = job->ns->block_bytes;
    uint64_t bs = job->opt.bs_bytes;
    if (bs % block_bytes != 0) {
        out_printf(err, "bs=%llu: not a multiple of the block size of %s, %u bytes\n",
                   (unsigned long long)bs, job->opt.filename, block_bytes);
        return -EINVAL;
    }
    job->io_blocks = (uint32_t)(bs >> job->ns->block_shift);
    job->commands = (job->io_blocks + job->ns->max_blocks - 1) / job->ns->max_blocks;
    return 0;
}

/* Where the region begins, in bytes from the start of the device. */
static int check_offset(const struct bench_job *job, uint64_t device_bytes, uint64_t *out,
                        struct out *err)
{
    uint64_t offset = extent_bytes(&job->opt.offset, device_bytes);
    if (job->opt.offset.percent) {
        offset -= offset % job->opt.bs_bytes;
    }
    if (offset % job->ns->block_bytes != 0) {
        out_printf(err, "offset=%llu: not a multiple of the block size of %s, %u bytes\n",
                   (unsigned long long)offset, job->opt.filename, job->ns->block_bytes);
        return -EINVAL;
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
    job->region_ios = size / job->opt.bs_bytes;
    job->total_ios = job->region_ios;
    if (job->opt.io_size.given) {
        job->total_ios = extent_bytes(&job->opt.io_size, device_bytes) / job->opt.bs_bytes;
        if (job->total_ios == 0) {
            out_printf(err, "io_size: less than one block of bs=%llu\n",
                       (unsigned long long)job->opt.bs_bytes);
            return -EINVAL;
        }
    }
    if (job->opt.time_based) {
        job->total_ios = UINT64_MAX;
    }
    if (job->opt.number_ios > 0) {
        job->total_ios = MIN(job->total_ios, job->opt.number_ios);
    }
    return 0;
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
    if (job->opt.wait == BENCH_IRQ && nvme_info(job->ctrlr)->irq_qpairs == 0) {
        out_printf(err, "wait=irq: %s has no interrupt vectors; only wait=poll is possible\n",
                   nvme_name(job->ctrlr));
        return -ENOTSUP;
    }
    return 0;
}

int bench_job_prepare(struct appliance *app, const struct bench_options *opt,
                      struct bench_job *out, struct out *err)
{
    struct bench_job job = {.opt = *opt, .settle_ns = opt->settle_ns};
    if (opt->time_based && opt->runtime_ns == 0) {
        out_puts(err, "time_based needs a runtime, as in runtime=10\n");
        return -EINVAL;
    }
    int rc = find_disk(app, &job, err);
    if (rc == 0) {
        rc = check_region(&job, err);
    }
    if (rc == 0) {
        rc = check_queue(&job, err);
    }
    if (rc == 0) {
        rc = check_writable(&job, err);
    }
    if (rc == 0) {
        *out = job;
    }
    return rc;
}
