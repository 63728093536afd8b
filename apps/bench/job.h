/*
 * apps/bench/job.h - options made sense of on a real disk: a job that can be run as it stands.
 *
 * Everything that can be refused is refused here, before any I/O. CPU 0 only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/appliance.h"
#include "apps/bench/options.h"
#include "lib/compiler.h"
#include "lib/out.h"

struct bench_job {
    struct bench_options opt; /* filename and bs_bytes are filled in */
    struct block_dev *dev;
    struct nvme_ns *ns;
    struct nvme_ctrlr *ctrlr;
    uint64_t first_lba;    /* of the region, on the namespace */
    uint64_t region_bytes; /* of the region */
    uint64_t region_ios;   /* I/Os in one pass over the region */
    uint64_t total_ios;    /* to do; UINT64_MAX: until the time is over */
    uint32_t io_blocks;    /* logical blocks of one I/O, the largest that occurs */
    unsigned commands;     /* NVMe commands of one I/O (more than 1 above MDTS) */
    uint64_t settle_ns;
};

/* Checks opt against the machine. 0; -EINVAL, -ENOENT, -EROFS, -ENOTSUP, -ESHUTDOWN after saying on
 * err what is wrong and what is allowed; *out is then of no use. opt may be &out->opt. */
int bench_job_prepare(struct appliance *app, const struct bench_options *opt,
                      struct bench_job *out, struct out *err) must_check;

/* A disk is called so: its name, its serial number or its PCI address. */
bool bench_names_disk(struct appliance *app, const char *name);
