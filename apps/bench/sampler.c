/*
 * apps/bench/sampler.c - a series of counts and temperatures; see the header.
 */
#include "apps/bench/sampler.h"

#include "apps/bench/logs.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define NAME_BYTES (BENCH_NAME_BYTES + 16)

static void find_drives(struct bench_sampler *s, const struct bench_run *run)
{
    for (unsigned j = 0; j < run->job_count; j++) {
        struct nvme_ctrlr *ctrlr = run->jobs[j].ctrlr;
        unsigned i = 0;
        while (i < s->drive_count && s->ctrlr[i] != ctrlr) {
            i++;
        }
        if (i == s->drive_count && i < BENCH_SAMPLER_DRIVES) {
            s->ctrlr[i] = ctrlr;
            str_copy(s->name[i], sizeof(s->name[i]), nvme_name(ctrlr));
            s->drive_count++;
        }
    }
}

static void ask_drives(struct bench_sampler *s, struct bench_sample *sample)
{
    for (unsigned i = 0; i < s->drive_count; i++) {
        if (s->ctrlr[i] == NULL || nvme_failed(s->ctrlr[i])) {
            continue;
        }
        if (bench_drive_read(s->ctrlr[i], &sample->drive[i]) != 0) {
            s->ctrlr[i] = NULL; /* one refusal is enough */
        }
        sample->asked = true;
    }
}

/* Every second sample goes; counts are sums since the start, so nothing is lost but detail. */
static void thin_out(struct bench_sampler *s)
{
    for (unsigned i = 0; i < s->count; i += 2) {
        s->samples[i / 2] = s->samples[i];
    }
    s->count = (s->count + 1) / 2;
    s->interval_ns *= 2;
}

static void take(struct bench_sampler *s, const struct bench_run *run, uint64_t now_ns, bool ask)
{
    if (s->count == BENCH_SAMPLER_ROOM) {
        thin_out(s);
    }
    struct bench_sample *sample = &s->samples[s->count++];
    memset(sample, 0, sizeof(*sample));
    sample->time_ns = now_ns;
    for (unsigned t = 0; t < run->task_count; t++) {
        struct bench_progress *p = &run->tasks[t]->progress;
        for (unsigned d = 0; d < BENCH_DIRS; d++) {
            sample->ios[d] += atomic_load_explicit(&p->ios[d], memory_order_relaxed);
            sample->bytes[d] += atomic_load_explicit(&p->bytes[d], memory_order_relaxed);
        }
    }
    if (ask && s->health) {
        ask_drives(s, sample);
    }
}

int bench_sampler_init(struct bench_sampler *s, const struct bench_run *run, bool health)
{
    memset(s, 0, sizeof(*s));
    s->samples = heap_alloc(BENCH_SAMPLER_ROOM, sizeof(*s->samples));
    if (s->samples == NULL) {
        return -ENOMEM;
    }
    s->interval_ns = NS_PER_S;
    s->health = health;
    for (unsigned i = 0; i < run->worker_count; i++) {
        s->own_worker |= run->workers[i].cpu == 0;
    }
    find_drives(s, run);
    take(s, run, 0, true);
    return 0;
}

void bench_sampler_fini(struct bench_sampler *s)
{
    heap_free(s->samples);
    s->samples = NULL;
}

void bench_sampler_tick(struct bench_sampler *s, const struct bench_run *run, uint64_t now_ns)
{
    if (s->samples == NULL) {
        return;
    }
    if (s->next_ns == 0) {
        s->next_ns = run->started_ns + s->interval_ns;
    }
    if (now_ns >= s->next_ns) {
        take(s, run, now_ns - run->started_ns, !s->own_worker);
        s->next_ns += (now_ns - s->next_ns) / s->interval_ns * s->interval_ns + s->interval_ns;
    }
}

void bench_sampler_finish(struct bench_sampler *s, const struct bench_run *run)
{
    if (s->samples == NULL || s->count == 0) {
        return;
    }
    uint64_t end_ns = run->ended_ns - run->started_ns;
    /* A scrap of time at the end has a rate, but one that means little. */
    if (s->count > 1 && end_ns - s->samples[s->count - 1].time_ns < s->interval_ns / 2) {
        s->count--;
    }
    take(s, run, end_ns, true);
}

/* The extremes of one drive over all samples in which it was asked. */
struct range {
    uint16_t coldest_k, hottest_k;
    uint8_t warnings;
    const struct bench_drive *first, *last;
};

static struct range range_of(const struct bench_sampler *s, unsigned drive)
{
    struct range r = {.coldest_k = UINT16_MAX};
    for (unsigned i = 0; i < s->count; i++) {
        const struct bench_drive *d = &s->samples[i].drive[drive];
        if (!s->samples[i].asked) {
            continue;
        }
        r.coldest_k = MIN(r.coldest_k, d->temperature_k);
        r.hottest_k = MAX(r.hottest_k, d->temperature_k);
        r.warnings |= d->critical_warning;
        r.first = r.first == NULL ? d : r.first;
        r.last = d;
    }
    return r;
}

static void put_warnings(struct out *out, uint8_t warnings)
{
    static const char *const words[] = {
        "spare below its threshold", "temperature out of range", "reliability degraded",
        "media read-only", "volatile memory backup failed", "persistent memory region read-only",
    };
    for (unsigned bit = 0; bit < ARRAY_SIZE(words); bit++) {
        if (warnings & (1U << bit)) {
            out_printf(out, ", WARNING: %s", words[bit]);
        }
    }
}

void bench_sampler_report(struct out *out, const struct bench_sampler *s)
{
    if (!s->health) {
        return;
    }
    for (unsigned i = 0; i < s->drive_count; i++) {
        struct range r = range_of(s, i);
        if (s->ctrlr[i] == NULL || r.first == NULL || r.hottest_k == 0) {
            out_printf(out, "  %s: does not tell its temperature\n", s->name[i]);
            continue;
        }
        out_printf(out, "  %s: %d to %d C, power state %u, throttled %u times (%u s)", s->name[i],
                   bench_celsius(r.coldest_k), bench_celsius(r.hottest_k), r.last->power_state,
                   r.last->light_throttles + r.last->heavy_throttles - r.first->light_throttles -
                       r.first->heavy_throttles,
                   r.last->throttled_s - r.first->throttled_s);
        put_warnings(out, r.warnings);
        out_puts(out, "\n");
    }
}

static void log_drive(struct out *out, const struct bench_sample *sample,
                      const struct bench_drive *d)
{
    if (!sample->asked || d->temperature_k == 0) {
        out_puts(out, ", -1, -1, -1, -1");
        return;
    }
    out_printf(out, ", %d, %u, %u, %u", bench_celsius(d->temperature_k), d->power_state,
               d->critical_warning, d->light_throttles + d->heavy_throttles);
}

void bench_sampler_log(struct out *out, const struct bench_sampler *s, const char *name)
{
    char file[NAME_BYTES];
    str_format(file, sizeof(file), "%s_drive.log", name);
    bench_logs_begin(out, file);
    for (unsigned i = 1; i < s->count; i++) {
        const struct bench_sample *now = &s->samples[i];
        const struct bench_sample *before = now - 1;
        double seconds = (double)(now->time_ns - before->time_ns) / (double)NS_PER_S;
        out_printf(out, "%llu", (unsigned long long)(now->time_ns / NS_PER_MS));
        for (unsigned d = 0; d < BENCH_DIRS && seconds > 0; d++) {
            out_printf(out, ", %.0f", (double)(now->ios[d] - before->ios[d]) / seconds);
        }
        for (unsigned d = 0; d < BENCH_DIRS && seconds > 0; d++) {
            out_printf(out, ", %.0f", (double)(now->bytes[d] - before->bytes[d]) / seconds / KIB);
        }
        for (unsigned k = 0; k < s->drive_count && seconds > 0; k++) {
            log_drive(out, now, &now->drive[k]);
        }
        out_puts(out, "\n");
    }
    bench_logs_end(out, file);
}
