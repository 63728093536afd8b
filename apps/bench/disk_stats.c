/*
 * apps/bench/disk_stats.c - differences of the driver's counters; see the header.
 */
#include "apps/bench/disk_stats.h"

#include "apps/bench/figures.h"
#include "apps/bench/status.h"
#include "lib/string.h"

static void add_queues(struct nvme_ctrlr *ctrlr, struct nvme_qpair_stats *sum)
{
    memset(sum, 0, sizeof(*sum));
    for (unsigned i = 0; nvme_qpair_at(ctrlr, i) != NULL; i++) {
        struct nvme_qpair_stats s;
        nvme_qpair_stats(nvme_qpair_at(ctrlr, i), &s);
        sum->commands += s.commands;
        sum->completions += s.completions;
        sum->sq_doorbells += s.sq_doorbells;
        sum->cq_doorbells += s.cq_doorbells;
        sum->interrupts += s.interrupts;
        sum->missed_interrupts += s.missed_interrupts;
        sum->errors += s.errors;
        sum->bad_completions += s.bad_completions;
    }
}

static void subtract(struct nvme_qpair_stats *from, const struct nvme_qpair_stats *before)
{
    from->commands -= before->commands;
    from->completions -= before->completions;
    from->sq_doorbells -= before->sq_doorbells;
    from->cq_doorbells -= before->cq_doorbells;
    from->interrupts -= before->interrupts;
    from->missed_interrupts -= before->missed_interrupts;
    from->errors -= before->errors;
    from->bad_completions -= before->bad_completions;
}

static struct bench_disk_stats *find(struct bench_disks *disks, const struct nvme_ctrlr *ctrlr)
{
    for (unsigned i = 0; i < disks->count; i++) {
        if (disks->disk[i].ctrlr == ctrlr) {
            return &disks->disk[i];
        }
    }
    return NULL;
}

void bench_disks_begin(struct bench_disks *disks, const struct bench_run *run)
{
    memset(disks, 0, sizeof(*disks));
    for (unsigned j = 0; j < run->job_count && disks->count < BENCH_MAX_DISKS; j++) {
        struct nvme_ctrlr *ctrlr = run->jobs[j].ctrlr;
        if (find(disks, ctrlr) == NULL) {
            struct bench_disk_stats *disk = &disks->disk[disks->count++];
            disk->ctrlr = ctrlr;
            disk->name = nvme_name(ctrlr);
            add_queues(ctrlr, &disk->queues);
        }
    }
}

static void add_task(struct bench_disk_stats *disk, const struct bench_task *task)
{
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        const struct bench_dir_result *r = &bench_task_shown(task)->dir[d];
        /* Sums of 2^64 ns are 584 years of waiting. */
        uint64_t ms = (uint64_t)r->clat.sum / NS_PER_MS;
        disk->ios[d] += r->ios;
        disk->ticks_ms[d] += ms;
        disk->in_queue_ms += ms;
    }
}

void bench_disks_end(struct bench_disks *disks, const struct bench_run *run)
{
    uint64_t elapsed_ms = (run->ended_ns - run->started_ns) / NS_PER_MS;
    for (unsigned t = 0; t < run->task_count; t++) {
        struct bench_disk_stats *disk = find(disks, run->tasks[t]->job->ctrlr);
        if (disk != NULL) {
            add_task(disk, run->tasks[t]);
        }
    }
    for (unsigned i = 0; i < disks->count; i++) {
        struct bench_disk_stats *disk = &disks->disk[i];
        struct nvme_qpair_stats before = disk->queues;
        add_queues(disk->ctrlr, &disk->queues);
        subtract(&disk->queues, &before);
        double util = bench_percent(disk->in_queue_ms, elapsed_ms, 0);
        disk->util_percent = util > 100 ? 100 : util;
    }
}

static double per_io(uint64_t amount, const struct bench_disk_stats *disk)
{
    uint64_t commands = disk->queues.completions;
    return commands > 0 ? (double)amount / (double)commands : 0;
}

void bench_disks_report(struct out *out, const struct bench_disks *disks)
{
    if (disks->count == 0) {
        return;
    }
    out_puts(out, "\nDisk stats (read/write):\n");
    for (unsigned i = 0; i < disks->count; i++) {
        const struct bench_disk_stats *d = &disks->disk[i];
        out_printf(out, "  %s: ios=%llu/%llu, merge=0/0, ticks=%llu/%llu, in_queue=%llu, "
                   "util=%3.2f%%\n", d->name, (unsigned long long)d->ios[BENCH_DIR_READ],
                   (unsigned long long)d->ios[BENCH_DIR_WRITE],
                   (unsigned long long)d->ticks_ms[BENCH_DIR_READ],
                   (unsigned long long)d->ticks_ms[BENCH_DIR_WRITE],
                   (unsigned long long)d->in_queue_ms, d->util_percent);
        out_printf(out, "  %s: commands=%llu, doorbells per command: sq=%.3f, cq=%.3f, "
                   "interrupts per command=%.3f", d->name,
                   (unsigned long long)d->queues.completions, per_io(d->queues.sq_doorbells, d),
                   per_io(d->queues.cq_doorbells, d), per_io(d->queues.interrupts, d));
        if (d->queues.errors > 0 || d->queues.missed_interrupts > 0) {
            out_printf(out, ", errors=%llu, missed interrupts=%llu",
                       (unsigned long long)d->queues.errors,
                       (unsigned long long)d->queues.missed_interrupts);
        }
        out_puts(out, "\n");
    }
}
