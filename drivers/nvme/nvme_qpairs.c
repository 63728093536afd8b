/*
 * drivers/nvme/nvme_qpairs.c - how many I/O queue pairs a controller gets, their interrupt vectors
 * and their memory.
 *
 * Vector 0 is the admin queue's, which is polled, and stays masked; pair i has vector i + 1. Pairs
 * for which the device has no vector share none: they are polled.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"

#define TRANSFER_MAX_BYTES (4U << 20)  /* one command carries no more, whatever MDTS allows */
#define TRANSFER_MIN_BYTES (64U << 10) /* worth its list memory in any case */
#define LIST_BUDGET_BYTES  (1U << 20)  /* PRP list memory of one queue */

/* The longest command: what the controller takes, bounded by the list memory of a queue. */
static uint32_t transfer_limit(const struct nvme_ctrlr *c, uint32_t depth)
{
    uint32_t mdts_bytes = c->info.max_transfer_bytes;
    uint32_t bytes = mdts_bytes ? MIN(mdts_bytes, TRANSFER_MAX_BYTES) : TRANSFER_MAX_BYTES;

    while (bytes > TRANSFER_MIN_BYTES && nvme_prp_list_bytes(bytes) * depth > LIST_BUDGET_BYTES) {
        bytes /= 2;
    }
    return bytes;
}

static void set_transfer_limit(struct nvme_ctrlr *c, uint32_t bytes)
{
    c->transfer_bytes = bytes;
    for (unsigned i = 0; i < c->namespaces.count; i++) {
        nvme_ns_set_limit(&c->namespaces.entries[i]->ns);
    }
}

/* How many pairs make sense before the controller is asked. */
static unsigned qpairs_wanted(const struct nvme_ctrlr *c)
{
    unsigned count = c->opt.max_io_qpairs ? c->opt.max_io_qpairs : 1;
    /* Each pair's two doorbells must lie within the BAR. */
    uint64_t doorbell_pairs = (c->plat.bar_bytes - NVME_REG_DOORBELLS) /
                              (NVME_REG_SQTDBL(1, c->dstrd) - NVME_REG_DOORBELLS);

    if (doorbell_pairs - 1 < count) {
        log_warn("%s: the register BAR holds the doorbells of %llu I/O queue pairs", c->name,
                 (unsigned long long)(doorbell_pairs - 1));
        count = (unsigned)(doorbell_pairs - 1);
    }
    return MIN(count, 65535U);
}

static void qpair_irq_detach(struct nvme_qpair *qp)
{
    const struct platform *plat = &qp->ctrlr->plat;

    if (qp->has_irq) {
        plat->irq_mask(plat->ctx, qp->vector, true);
        plat->irq_detach(plat->ctx, qp->vector);
        qp->has_irq = false;
    }
}

static void qpair_free(struct nvme_qpair *qp)
{
    qpair_irq_detach(qp);
    nvme_queue_fini(qp);
    heap_free(qp);
}

/* The most entries of a queue. */
static uint32_t entries_max(const struct nvme_ctrlr *c)
{
    uint32_t mqes = (uint32_t)FIELD_GET(NVME_CAP_MQES, c->info.cap) + 1;

    return mqes == 1 && c->quirks & NVME_QUIRK_MQES_ZERO ? 64 : mqes;
}

/* The memory of a pair. transfer_bytes: the longest command that it shall hold. */
static struct nvme_qpair *qpair_alloc(struct nvme_ctrlr *c, unsigned index, uint32_t sq_entries,
                                      uint32_t transfer_bytes)
{
    uint32_t cq_entries = MAX(MIN(2 * sq_entries, entries_max(c)), sq_entries);
    struct nvme_qpair *qp = heap_alloc(1, sizeof(*qp));

    if (qp && nvme_queue_init(c, qp, (uint16_t)(index + 1), sq_entries, cq_entries,
                              nvme_prp_list_bytes(transfer_bytes)) != 0) {
        heap_free(qp);
        return NULL;
    }
    if (qp) {
        qp->cpu = (uint16_t)index;
        qp->vector = index + 1;
    }
    return qp;
}

static void qpair_irq_attach(struct nvme_qpair *qp)
{
    const struct nvme_ctrlr *c = qp->ctrlr;

    if (!c->opt.poll_only && qp->vector < c->plat.irq_count) {
        qp->has_irq = !c->plat.irq_attach(c->plat.ctx, qp->vector, qp->cpu, &qp->irq_count);
    }
}

/* Memory, vector, and both queues in the controller. On an error *out may be set all the same. */
static int qpair_create(struct nvme_ctrlr *c, unsigned index, struct nvme_qpair **out)
{
    struct nvme_qpair *qp = qpair_alloc(c, index, c->info.io_entries, c->transfer_bytes);
    int err;

    if (!qp) {
        return -ENOMEM;
    }
    qpair_irq_attach(qp);
    err = nvme_create_queues(qp);
    if (err && !atomic_load(&c->failed)) {
        goto err_create;
    }
    if (!err) {
        nvme_dbbuf_bind(qp);
    }
    /* After a time-out the controller may know the queues: they are freed once it is quiet. */
    *out = qp;
    return err;

err_create:
    qpair_free(qp);
    return err;
}

static void qpairs_report(const struct nvme_ctrlr *c, unsigned wanted)
{
    const struct nvme_info *info = &c->info;

    if (info->io_qpairs < wanted) {
        log_warn("%s: %u I/O queue pairs instead of %u: the CPUs from number %u on cannot use it",
                 c->name, info->io_qpairs, wanted, info->io_qpairs);
    }
    if (info->irq_qpairs < info->io_qpairs && !c->opt.poll_only) {
        log_info("%s: %u of %u I/O queue pairs have an interrupt vector; the others are polled",
                 c->name, info->irq_qpairs, info->io_qpairs);
    }
}

int nvme_qpairs_create(struct nvme_ctrlr *c)
{
    unsigned wanted = qpairs_wanted(c), granted;
    int err;

    c->info.io_entries = MIN(c->opt.io_entries, entries_max(c));
    c->info.io_entries = MAX(c->info.io_entries, 2U);
    c->transfer_bytes = transfer_limit(c, c->info.io_entries - 1);
    /* Before any queue exists, or it is answered by Command Sequence Error (§5.21.1.7). */
    err = nvme_set_queue_count(c, wanted, &granted);
    if (err) {
        return err;
    }
    c->info.granted_qpairs = granted;
    err = nvme_cmb_enable(c);
    if (err) {
        return err;
    }
    err = nvme_dbbuf_enable(c);
    if (err) {
        return err;
    }
    c->io_qpairs = heap_alloc(granted, sizeof(struct nvme_qpair *));
    if (!c->io_qpairs) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < granted; i++) {
        err = qpair_create(c, i, &c->io_qpairs[i]);
        if (c->io_qpairs[i]) {
            c->info.io_qpairs++;
            c->info.irq_qpairs += c->io_qpairs[i]->has_irq;
            c->info.cmb_qpairs += c->io_qpairs[i]->sq_in_cmb;
        }
        if (err) {
            log_warn("%s: I/O queue pair %u could not be made: %s", c->name, i + 1,
                     errno_text(err));
            break;
        }
    }
    if (c->info.io_qpairs == 0 || atomic_load(&c->failed)) {
        return err;
    }
    qpairs_report(c, c->opt.max_io_qpairs);
    return 0;
}

int nvme_qpairs_recreate(struct nvme_ctrlr *c)
{
    unsigned granted;
    /* As at attach: more than there are now may be wanted later. */
    int err = nvme_set_queue_count(c, c->info.granted_qpairs, &granted);

    if (err) {
        return err;
    }
    if (granted < c->info.io_qpairs) {
        log_error("%s: grants %u I/O queue pairs after the reset and granted %u before", c->name,
                  granted, c->info.io_qpairs);
        return -EIO;
    }
    c->info.granted_qpairs = granted;
    /* It may take less at once than it did; not more, as the list memory is what it was. */
    uint32_t limit = transfer_limit(c, c->io_qpairs[0]->depth);
    set_transfer_limit(c, MIN(c->transfer_bytes, limit));
    err = nvme_cmb_enable(c);
    if (err) {
        return err;
    }
    err = nvme_dbbuf_enable(c);
    for (unsigned i = 0; i < c->info.io_qpairs && !err; i++) {
        err = nvme_create_queues(c->io_qpairs[i]);
        if (!err) {
            nvme_dbbuf_bind(c->io_qpairs[i]);
        }
    }
    if (err) {
        return err;
    }
    return 0;
}

void nvme_qpairs_free(struct nvme_ctrlr *c)
{
    for (unsigned i = 0; i < c->info.io_qpairs; i++) {
        qpair_free(c->io_qpairs[i]);
    }
    c->info.io_qpairs = 0;
    c->info.irq_qpairs = 0;
    nvme_dbbuf_free(c);
    heap_free(c->io_qpairs);
    c->io_qpairs = NULL;
}

/* --- other numbers, in service ---------------------------------------------------------------- */

static void free_all(struct nvme_qpair **qpairs, unsigned count)
{
    for (unsigned i = 0; qpairs && i < count; i++) {
        if (qpairs[i]) {
            qpair_free(qpairs[i]);
        }
    }
    heap_free(qpairs);
}

/* The memory of count pairs, or NULL. */
static struct nvme_qpair **alloc_all(struct nvme_ctrlr *c, unsigned count, uint32_t entries,
                                     uint32_t transfer_bytes)
{
    struct nvme_qpair **qpairs = heap_alloc(count, sizeof(struct nvme_qpair *));

    for (unsigned i = 0; qpairs && i < count; i++) {
        qpairs[i] = qpair_alloc(c, i, entries, transfer_bytes);
        if (!qpairs[i]) {
            free_all(qpairs, count);
            return NULL;
        }
    }
    return qpairs;
}

/* A controller that keeps a queue that it should delete fails by that. */
static void take_from_controller(struct nvme_qpair **qpairs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct nvme_qpair *qp = qpairs[i];

        if (nvme_delete_queues(qp) != 0) {
            nvme_fail(qp->ctrlr, "it does not delete its I/O queues");
        }
        nvme_dbbuf_unbind(qp);
        qpair_irq_detach(qp);
        qp->irq_on = false;
    }
}

static int give_to_controller(struct nvme_qpair **qpairs, unsigned count)
{
    int err = 0;

    for (unsigned i = 0; i < count && !err; i++) {
        nvme_queue_reset(qpairs[i]);
        qpair_irq_attach(qpairs[i]);
        err = nvme_create_queues(qpairs[i]);
        if (!err) {
            nvme_dbbuf_bind(qpairs[i]);
        }
    }
    return err;
}

/* The new pairs are in service. */
static void install(struct nvme_ctrlr *c, struct nvme_qpair **qpairs, unsigned count)
{
    c->io_qpairs = qpairs;
    c->info.io_qpairs = count;
    c->info.irq_qpairs = 0;
    c->info.cmb_qpairs = 0;
    for (unsigned i = 0; i < count; i++) {
        c->info.irq_qpairs += qpairs[i]->has_irq;
        c->info.cmb_qpairs += qpairs[i]->sq_in_cmb;
    }
    c->info.io_entries = qpairs[0]->sq_entries;
    set_transfer_limit(c, transfer_limit(c, qpairs[0]->depth));
}

/* The controller does not take the new pairs: back to the old ones, by a reset if need be. What is
 * in fresh may be freed afterwards. */
static void go_back(struct nvme_ctrlr *c, struct nvme_qpair **fresh, unsigned count)
{
    if (!atomic_load(&c->failed)) {
        take_from_controller(fresh, count);
    }
    if (!atomic_load(&c->failed) && give_to_controller(c->io_qpairs, c->info.io_qpairs) != 0) {
        nvme_fail(c, "it does not take the queues back that it had");
    }
    if (!atomic_load(&c->failed)) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        qpair_irq_detach(fresh[i]);
    }
    for (unsigned i = 0; i < c->info.io_qpairs; i++) {
        if (!c->io_qpairs[i]->has_irq) {
            qpair_irq_attach(c->io_qpairs[i]);
        }
    }
    if (nvme_recover(c)) {
        log_error("%s: it is lost with the change of its queues", c->name);
    }
}

void nvme_timeouts_set(struct nvme_ctrlr *ctrlr, struct nvme_timeouts timeouts)
{
    if (timeouts.admin_ns) {
        ctrlr->opt.admin_timeout_ns = timeouts.admin_ns;
        ctrlr->admin.timeout_ns = timeouts.admin_ns;
    }
    if (timeouts.max_resets) {
        ctrlr->opt.max_resets = MIN(timeouts.max_resets, (unsigned)NVME_RESETS_REMEMBERED);
    }
    if (timeouts.io_ns) {
        ctrlr->opt.io_timeout_ns = timeouts.io_ns;
    }
    for (unsigned i = 0; timeouts.io_ns && i < ctrlr->info.io_qpairs; i++) {
        struct nvme_qpair *qp = ctrlr->io_qpairs[i];

        qp->timeout_ns = timeouts.io_ns;
        qp->next_walk_ns = 0; /* something may be due earlier than was thought, */
        qp->clock_every = 1;  /* and the clock has to be looked at more often */
        qp->until_clock = 1;
    }
}

struct nvme_timeouts nvme_timeouts(const struct nvme_ctrlr *ctrlr)
{
    return (struct nvme_timeouts){.io_ns = ctrlr->opt.io_timeout_ns,
                                  .admin_ns = ctrlr->opt.admin_timeout_ns,
                                  .max_resets = ctrlr->opt.max_resets};
}

int nvme_qpairs_set(struct nvme_ctrlr *ctrlr, unsigned count, unsigned entries)
{
    struct nvme_qpair **old = ctrlr->io_qpairs;
    unsigned old_count = ctrlr->info.io_qpairs;

    count = count ? count : old_count;
    entries = entries ? entries : ctrlr->info.io_entries;
    if (atomic_load(&ctrlr->attention) & NVME_ATTENTION_STOPPED) {
        return -ESHUTDOWN;
    }
    if (count > ctrlr->info.granted_qpairs || entries < 2 || entries > entries_max(ctrlr)) {
        return -ERANGE;
    }
    for (unsigned i = 0; i < old_count; i++) {
        if (old[i]->outstanding) {
            return -EBUSY;
        }
    }
    struct nvme_qpair **fresh =
        alloc_all(ctrlr, count, entries, transfer_limit(ctrlr, entries - 1));
    if (!fresh) {
        return -ENOMEM;
    }
    take_from_controller(old, old_count);
    int err = atomic_load(&ctrlr->failed) ? -EIO : give_to_controller(fresh, count);
    if (err) {
        go_back(ctrlr, fresh, count);
        free_all(fresh, count);
        return err == -ETIMEDOUT ? err : -EIO;
    }
    install(ctrlr, fresh, count);
    free_all(old, old_count);
    log_info("%s: %u I/O queue pairs of %u entries", ctrlr->name, count, entries);
    return 0;
}

struct nvme_qpair *nvme_qpair_at(struct nvme_ctrlr *ctrlr, unsigned index)
{
    return index < ctrlr->info.io_qpairs ? ctrlr->io_qpairs[index] : NULL;
}
