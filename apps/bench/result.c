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
    histogram_merge(&into->slat_histogram, &from->slat_histogram);
    histogram_merge(&into->lat_histogram, &from->lat_histogram);
    merge_samples(&into->bw_kib, &from->bw_kib);
    merge_samples(&into->iops, &from->iops);
}

static void merge_counts(uint64_t *into, const uint64_t *from, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        into[i] += from[i];
    }
}

void bench_counts_since(struct bench_queue_counts *counts, const struct bench_queue_counts *before)
{
    counts->commands -= before->commands;
    counts->doorbells -= before->doorbells;
    counts->interrupts -= before->interrupts;
    counts->timed_ios -= before->timed_ios;
    counts->reap_ns -= before->reap_ns;
    counts->submit_ns -= before->submit_ns;
}

static void merge_queue(struct bench_queue_counts *into, const struct bench_queue_counts *from)
{
    into->commands += from->commands;
    into->doorbells += from->doorbells;
    into->interrupts += from->interrupts;
    into->timed_ios += from->timed_ios;
    into->reap_ns += from->reap_ns;
    into->submit_ns += from->submit_ns;
}

static void merge_errors(struct bench_result *into, const struct bench_result *from)
{
    if (into->err == 0) {
        into->err = from->err;
        into->status = from->status;
        into->err_lba = from->err_lba;
    }
    into->errors += from->errors;
    if (into->first_error == 0) {
        into->first_error = from->first_error;
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
    into->latency_depth = MAX(into->latency_depth, from->latency_depth);
    into->latency_target_failed |= from->latency_target_failed;
    merge_dir(&into->sync, &from->sync);
    merge_queue(&into->queue, &from->queue);
    merge_errors(into, from);
}

/* Rates of the same windows: they add up, and there are not more windows. */
static void unify_samples(struct bench_samples *into, const struct bench_samples *from)
{
    uint64_t n = MAX(into->n, from->n);
    merge_samples(into, from);
    into->n = n;
}

/* Rates of other windows. */
static void append_samples(struct bench_samples *into, const struct bench_samples *from)
{
    if (into->n == 0 || from->n == 0) {
        *into = into->n == 0 ? *from : *into;
        return;
    }
    double a = (double)into->n;
    double b = (double)from->n;
    double delta = from->mean - into->mean;
    into->min = from->min < into->min ? from->min : into->min;
    into->max = from->max > into->max ? from->max : into->max;
    into->mean += delta * b / (a + b);
    into->squares += from->squares + delta * delta * a * b / (a + b);
    into->n += from->n;
}

void bench_result_unify(const struct bench_result *r, bool in_turn, struct bench_dir_result *out)
{
    *out = r->dir[0];
    for (unsigned d = 1; d < BENCH_DIRS; d++) {
        const struct bench_dir_result *from = &r->dir[d];
        struct bench_samples bw = out->bw_kib;
        struct bench_samples iops = out->iops;
        uint64_t in_turn_ms = out->runtime_ms + from->runtime_ms;
        merge_dir(out, from);
        (in_turn ? append_samples : unify_samples)(&bw, &from->bw_kib);
        (in_turn ? append_samples : unify_samples)(&iops, &from->iops);
        out->bw_kib = bw;
        out->iops = iops;
        out->runtime_ms = in_turn ? in_turn_ms : out->runtime_ms;
    }
}

void bench_result_clear(struct bench_result *r)
{
    unsigned jobs = r->jobs;
    bool latencies = r->latencies;
    unsigned depth = r->latency_depth;
    int err = r->err;
    uint16_t status = r->status;
    uint64_t err_lba = r->err_lba;
    memset(r, 0, sizeof(*r));
    r->err = err;
    r->status = status;
    r->err_lba = err_lba;
    r->latency_depth = depth;
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
