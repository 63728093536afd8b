/*
 * apps/bench/result.c - adding up what jobs measured.
 */
#include "apps/bench/result.h"

#include "lib/string.h"

void bench_samples_add(struct bench_samples *s, double value)
{
    s->min = s->n == 0 || value < s->min ? value : s->min;
    s->max = s->n == 0 || value > s->max ? value : s->max;
    s->n++;
    double delta = value - s->mean;
    s->mean += delta / (double)s->n;
    s->squares += delta * (value - s->mean);
}

double bench_samples_deviation(const struct bench_samples *s)
{
    return s->n > 1 ? stats_sqrt(s->squares / (double)(s->n - 1)) : 0;
}

static void merge_samples(struct bench_samples *into, const struct bench_samples *from)
{
    into->min += from->min;
    into->max += from->max;
    into->mean += from->mean;
    into->squares += from->squares;
    into->n += from->n;
}

static void merge_dir(struct bench_dir_result *into, const struct bench_dir_result *from)
{
    into->ios += from->ios;
    into->bytes += from->bytes;
    into->runtime_ms = MAX(into->runtime_ms, from->runtime_ms);
    stats_merge(&into->slat, &from->slat);
    stats_merge(&into->clat, &from->clat);
    stats_merge(&into->lat, &from->lat);
    histogram_merge(&into->clat_histogram, &from->clat_histogram);
    merge_samples(&into->bw_kib, &from->bw_kib);
    merge_samples(&into->iops, &from->iops);
}

static void merge_counts(uint64_t *into, const uint64_t *from, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        into[i] += from[i];
    }
}

void bench_result_merge(struct bench_result *into, const struct bench_result *from)
{
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        merge_dir(&into->dir[d], &from->dir[d]);
    }
    merge_counts(into->depth, from->depth, BENCH_DEPTH_LEVELS);
    merge_counts(into->submit, from->submit, BENCH_BATCH_LEVELS);
    merge_counts(into->complete, from->complete, BENCH_BATCH_LEVELS);
    into->submits += from->submits;
    into->completes += from->completes;
    into->run_ns += from->run_ns;
    into->asleep_ns += from->asleep_ns;
    into->interrupts += from->interrupts;
    into->jobs += from->jobs;
    into->latencies |= from->latencies;
    if (into->err == 0) {
        into->err = from->err;
        into->status = from->status;
        into->err_lba = from->err_lba;
    }
}

void bench_result_clear(struct bench_result *r)
{
    unsigned jobs = r->jobs;
    bool latencies = r->latencies;
    memset(r, 0, sizeof(*r));
    r->jobs = jobs;
    r->latencies = latencies;
}

uint64_t bench_per_second(uint64_t amount, uint64_t ms)
{
    /* amount * 1000 / ms in parts, so that it does not overflow before 2^63 / 1000 ms. */
    return ms == 0 ? 0 : amount / ms * 1000 + amount % ms * 1000 / ms;
}

uint64_t bench_dir_bytes_per_s(const struct bench_dir_result *d)
{
    return bench_per_second(d->bytes, d->runtime_ms);
}

uint64_t bench_dir_iops(const struct bench_dir_result *d)
{
    return bench_per_second(d->ios, d->runtime_ms);
}
