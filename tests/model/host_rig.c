/*
 * tests/model/host_rig.c - what every test of the NVMe driver needs.
 */
#include "tests/model/host_rig.h"

#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/rng.h"
#include "tests/model/host_heap.h"
#include "tests/model/model_spec.h"

void rig_init(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    host_heap_fail_at(0);
    r->cfg = model_default_config();
    r->opt = nvme_default_options();
    r->opt.max_io_qpairs = 2;
    r->opt.io_entries = 32;
    r->opt.io_timeout_ns = 2 * NS_PER_S;
    r->opt.max_resets = UINT32_MAX; /* tests of that set their own limit */
    r->opt.admin_timeout_ns = 3 * NS_PER_S;
}

void rig_open(struct rig *r)
{
    host_clock_init(&r->clock, false);
    r->heap_before = heap_used_bytes();
    r->hp = host_platform_create(&r->cfg, &r->clock);
    assert(r->hp);
}

int rig_attach(struct rig *r)
{
    return nvme_attach("nvme0", &r->hp->plat, &r->opt, &r->ctrlr);
}

void rig_start(struct rig *r)
{
    rig_init(r);
    rig_open(r);
    int err = rig_attach(r);
    if (err) {
        fprintf(stderr, "rig_start: attach: %s\n", errno_name(err));
    }
    assert(err == 0);
}

/* Queues that were made once only: what the driver has consumed is then comparable. */
static bool is_first_life(const struct nvme_model *m)
{
    const struct model_counters *count = model_counters(m);

    return count->enables == 1 && count->by_opcode[0][ADM_CREATE_CQ] == count->io_cqs;
}

unsigned rig_referee(struct rig *r)
{
    struct nvme_qpair_stats stats;
    struct nvme_qpair *qp;
    uint64_t posted, acknowledged;
    unsigned wrong = 0;

    if (!r->ctrlr || !is_first_life(r->hp->model)) {
        return 0;
    }
    for (unsigned i = 0; (qp = nvme_qpair_at(r->ctrlr, i)) != NULL; i++) {
        if (!model_cq_counts(r->hp->model, i + 1, &posted, &acknowledged)) {
            continue;
        }
        nvme_qpair_stats(qp, &stats);
        if (acknowledged > stats.completions || stats.completions > posted) {
            fprintf(stderr, "  queue %u: %llu completions, %llu consumed, %llu acknowledged\n",
                    i + 1, (unsigned long long)posted, (unsigned long long)stats.completions,
                    (unsigned long long)acknowledged);
            wrong++;
        }
    }
    return wrong;
}

unsigned rig_close(struct rig *r)
{
    unsigned wrong = r->allow_violations ? 0 : rig_referee(r);

    nvme_detach(r->ctrlr);
    r->ctrlr = NULL;
    if (!r->allow_violations) {
        for (unsigned i = 0; model_violation(r->hp->model, i); i++) {
            fprintf(stderr, "  violation: %s\n", model_violation(r->hp->model, i));
        }
        wrong += model_violations(r->hp->model);
    }
    if (!r->allow_leaks && (r->hp->live || r->hp->attached)) {
        fprintf(stderr, "  left behind: %u DMA buffers, %u vectors\n", r->hp->live,
                r->hp->attached);
        wrong++;
    }
    host_platform_destroy(r->hp);
    r->hp = NULL;
    if (!r->allow_leaks && !r->shared_heap && heap_used_bytes() != r->heap_before) {
        fprintf(stderr, "  heap: %zu bytes before, %zu after\n", r->heap_before,
                heap_used_bytes());
        wrong++;
    }
    return wrong;
}

struct nvme_ns *rig_ns(struct rig *r, uint32_t nsid)
{
    for (unsigned i = 0; i < nvme_ns_count(r->ctrlr); i++) {
        struct nvme_ns *ns = nvme_ns_at(r->ctrlr, i);
        if (ns->nsid == nsid) {
            return ns;
        }
    }
    return NULL;
}

struct nvme_qpair *rig_qp(struct rig *r)
{
    return nvme_qpair_at(r->ctrlr, 0);
}

static void io_done(struct nvme_io *io)
{
    struct rig_io *rio = container_of(io, struct rig_io, io);
    rio->done++;
    pthread_mutex_lock(&rio->rig->hp->lock);
    rio->done_early |= model_reaches(rio->rig->hp->model, rio->buf.iova, rio->buf.len);
    if (io->err && !io->status) { /* without an answer: that is by a reset */
        rio->done_early |= !model_is_quiet(rio->rig->hp->model);
    }
    pthread_mutex_unlock(&rio->rig->hp->lock);
}

static bool io_make(struct rig *r, struct rig_io *rio, struct nvme_ns *ns, uint8_t opcode,
                    uint64_t lba, uint32_t nlb, uint64_t offset)
{
    uint64_t bytes = (uint64_t)nlb * ns->block_bytes + offset;

    memset(rio, 0, sizeof(*rio));
    rio->rig = r;
    if (nvme_dma_alloc(r->ctrlr, MAX(bytes, (uint64_t)4096), 4096, &rio->buf)) {
        return false;
    }
    rio->io = (struct nvme_io){
        .ns = ns,
        .lba = lba,
        .iova = opcode == 0 ? 0 : rio->buf.iova + offset,
        .nlb = nlb,
        .opcode = opcode,
        .done = io_done,
    };
    return true;
}

void rig_io_make(struct rig *r, struct rig_io *rio, struct nvme_ns *ns, uint8_t opcode,
                 uint64_t lba, uint32_t nlb, uint64_t offset)
{
    bool made = io_make(r, rio, ns, opcode, lba, nlb, offset);
    assert(made);
}

bool rig_io_try(struct rig *r, struct rig_io *rio, struct nvme_ns *ns, uint8_t opcode,
                uint64_t lba, uint32_t nlb)
{
    return io_make(r, rio, ns, opcode, lba, nlb, 0);
}

void rig_io_free(struct rig *r, struct rig_io *rio)
{
    nvme_dma_free(r->ctrlr, &rio->buf);
}

uint8_t *rig_io_data(struct rig_io *rio)
{
    return (uint8_t *)rio->buf.va + (rio->io.iova - rio->buf.iova);
}

static unsigned not_done(const struct rig_io *ios, unsigned n)
{
    unsigned left = 0;
    for (unsigned i = 0; i < n; i++) {
        left += ios[i].done == 0;
    }
    return left;
}

unsigned rig_wait(struct rig *r, struct rig_io *ios, unsigned n, uint64_t for_ns)
{
    struct nvme_qpair *qp = rig_qp(r);
    uint64_t end = host_clock_peek(&r->clock) + for_ns;

    nvme_ring(qp);
    for (;;) {
        int got = nvme_reap(qp, 1024);
        unsigned left = not_done(ios, n);
        if (got < 0 || left == 0 || host_clock_peek(&r->clock) >= end) {
            return left;
        }
        host_clock_relax(&r->clock);
    }
}

static int sync_io(struct rig *r, struct nvme_ns *ns, uint8_t opcode, uint64_t lba, uint32_t nlb,
                   void *data)
{
    struct rig_io rio;
    size_t bytes = (size_t)nlb * ns->block_bytes;

    if (!rig_io_try(r, &rio, ns, opcode, lba, nlb)) {
        return -ENOMEM;
    }
    rio.io.done = NULL;
    if (opcode == NVME_IO_WRITE) {
        memcpy(rio.buf.va, data, bytes);
    }
    int err = nvme_io_sync(rig_qp(r), &rio.io, true);
    if (opcode == NVME_IO_READ && !err) {
        memcpy(data, rio.buf.va, bytes);
    }
    rig_io_free(r, &rio);
    return err;
}

int rig_read(struct rig *r, struct nvme_ns *ns, uint64_t lba, uint32_t nlb, void *data)
{
    return sync_io(r, ns, NVME_IO_READ, lba, nlb, data);
}

int rig_write(struct rig *r, struct nvme_ns *ns, uint64_t lba, uint32_t nlb, const void *data)
{
    return sync_io(r, ns, NVME_IO_WRITE, lba, nlb, (void *)(uintptr_t)data);
}

int rig_flush(struct rig *r, struct nvme_ns *ns)
{
    return sync_io(r, ns, NVME_IO_FLUSH, 0, 0, NULL);
}

void rig_arm(struct rig *r, struct nvme_ns *ns)
{
    int err = nvme_ns_arm(ns, r->cfg.serial);
    assert(err == 0);
}

void rig_pattern(void *buf, size_t len, uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed);
    rng_fill(&rng, buf, len);
}
