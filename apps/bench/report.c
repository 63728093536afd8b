/*
 * apps/bench/report.c - the lines of fio's normal output.
 */
#include "apps/bench/report.h"

#include "apps/bench/format.h"
#include "drivers/nvme/nvme.h"
#include "lib/errno.h"
#include "lib/string.h"

#define NUMBER_WIDTH 4  /* fio's significant figures of rates and amounts */
#define LATENCY_WIDTH 6 /* of the smallest and largest latency */
#define LEVELS_PER_LINE 5

static const char *const dir_names[BENCH_DIRS] = {"read", "write"};

/* --- small pieces ----------------------------------------------------------------------------- */

static void put_number(struct out *out, uint64_t value, bool binary, const char *unit)
{
    char buf[BENCH_NUMBER_BYTES];
    out_puts(out, bench_format_number(buf, value, NUMBER_WIDTH, binary, unit));
}

/* "527MiB/s (552MB/s)" */
static void put_rate(struct out *out, uint64_t bytes_per_s)
{
    put_number(out, bytes_per_s, true, "B/s");
    out_puts(out, " (");
    put_number(out, bytes_per_s, false, "B/s");
    out_puts(out, ")");
}

/* Parts of a whole in percent; what is there at all is not shown as nothing. */
static double percent(uint64_t part, uint64_t whole, double at_least)
{
    if (part == 0 || whole == 0) {
        return 0;
    }
    double p = 100.0 * (double)part / (double)whole;
    return p < at_least ? at_least : p;
}

/* --- one direction ---------------------------------------------------------------------------- */

static void put_latency(struct out *out, const char *name, const struct stats *s)
{
    if (s->n == 0) {
        return;
    }
    char min[BENCH_NUMBER_BYTES], max[BENCH_NUMBER_BYTES];
    double deviation = stats_deviation(s);
    struct bench_time_unit unit = bench_latency_unit(stats_min(s), s->max, deviation);
    bench_format_number(min, stats_min(s) / unit.divisor, LATENCY_WIDTH, false, "");
    bench_format_number(max, s->max / unit.divisor, LATENCY_WIDTH, false, "");
    out_printf(out, "    %s (%s): min=%s, max=%s, avg=%5.2f, stdev=%5.2f\n", name, unit.name, min,
               max, stats_mean(s) / (double)unit.divisor, deviation / (double)unit.divisor);
}

static void put_percentiles(struct out *out, const struct bench_percentiles *list,
                            const struct histogram *h)
{
    uint64_t ns[BENCH_MAX_PERCENTILES];
    char label[BENCH_NUMBER_BYTES];
    if (list->count == 0) {
        return;
    }
    histogram_percentiles(h, list->value, list->count, ns);
    struct bench_time_unit unit = bench_percentile_unit(ns[0], ns[list->count - 1]);
    unsigned per_line = bench_percentiles_per_line(list->decimals);
    out_printf(out, "    clat percentiles (%s):\n     |", unit.name);
    for (unsigned i = 0; i < list->count; i++) {
        if (i > 0 && i % per_line == 0) {
            out_puts(out, "     |");
        }
        bool last = i == list->count - 1;
        out_printf(out, " %sth=[%5llu]%s", bench_format_percentile(label, list->value[i],
                                                                   list->decimals),
                   (unsigned long long)((ns[i] + unit.divisor - 1) / unit.divisor),
                   last ? "\n" : i % per_line == per_line - 1 ? ",\n" : ",");
    }
}

static void put_samples(struct out *out, const struct bench_dir_result *d,
                        const struct bench_report_sums *sums)
{
    const struct bench_samples *bw = &d->bw_kib;
    const struct bench_samples *iops = &d->iops;
    if (bw->n == 0) {
        return;
    }
    /* What the whole group did in the time of its longest job is the measure of a job's part. */
    double group_kib = sums->max_run_ms > 0
                           ? (double)sums->bytes * 1000 / (double)sums->max_run_ms / 1024
                           : 0;
    double share = group_kib > 0 ? bw->mean * 100 / group_kib : 0;
    bool mib = bw->mean > 1024 * 1024;
    double divisor = mib ? 1024 : 1;
    out_printf(out, "   bw (%5s/s): min=%5llu, max=%5llu, per=%3.2f%%, avg=%5.2f, stdev=%5.2f, "
               "samples=%llu\n", mib ? "MiB" : "KiB",
               (unsigned long long)(bw->min / divisor), (unsigned long long)(bw->max / divisor),
               share > 100 ? 100 : share, bw->mean / divisor,
               bench_samples_deviation(bw) / divisor, (unsigned long long)bw->n);
    out_printf(out, "   iops        : min=%5llu, max=%5llu, avg=%5.2f, stdev=%5.2f, "
               "samples=%llu\n", (unsigned long long)iops->min, (unsigned long long)iops->max,
               iops->mean, bench_samples_deviation(iops), (unsigned long long)iops->n);
}

static void put_dir(struct out *out, const struct bench_report_unit *unit, unsigned dir,
                    const struct bench_report_group *group)
{
    const struct bench_dir_result *d = &unit->result->dir[dir];
    if (d->ios == 0) {
        return;
    }
    out_printf(out, "  %s: IOPS=", dir_names[dir]);
    put_number(out, bench_dir_iops(d), false, "");
    out_puts(out, ", BW=");
    put_rate(out, bench_dir_bytes_per_s(d));
    out_puts(out, "(");
    put_number(out, d->bytes, true, "B");
    out_printf(out, "/%llumsec)%s\n", (unsigned long long)d->runtime_ms,
               dir == BENCH_DIR_WRITE ? "; 0 zone resets" : "");
    put_latency(out, "slat", &d->slat);
    put_latency(out, "clat", &d->clat);
    put_latency(out, " lat", &d->lat);
    if (d->clat.n > 0) {
        put_percentiles(out, &unit->opt->percentiles, &d->clat_histogram);
    }
    put_samples(out, d, &group->dir[dir]);
}

/* --- both directions -------------------------------------------------------------------------- */

/* One of fio's three scales. */
struct lat_scale {
    const char *name;
    uint64_t unit_ns;
    unsigned levels;
};

static const uint64_t lat_bounds[] = {2, 4, 10, 20, 50, 100, 250, 500, 750, 1000, 2000};

/* I/Os of both directions that took less than limit_ns. */
static uint64_t done_below(const struct bench_result *r, uint64_t limit_ns)
{
    uint64_t n = 0;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        n += histogram_below(&r->dir[d].clat_histogram, limit_ns);
    }
    return n;
}

static void put_lat_scale(struct out *out, const struct lat_scale *scale,
                          const struct bench_result *r, uint64_t total)
{
    uint64_t below = scale->unit_ns == 1 ? 0 : done_below(r, scale->unit_ns);
    unsigned shown = 0;
    for (unsigned i = 0; i <= scale->levels; i++) {
        /* After the last bound of milliseconds comes one level that has no end. */
        bool open = i == scale->levels;
        if (open && scale->unit_ns != NS_PER_MS) {
            break;
        }
        uint64_t up_to = open ? total : done_below(r, lat_bounds[i] * scale->unit_ns);
        if (up_to > below) {
            if (shown % LEVELS_PER_LINE == 0) {
                out_printf(out, "%s  lat (%s)   : ", shown > 0 ? "\n" : "", scale->name);
            } else {
                out_puts(out, ", ");
            }
            out_printf(out, "%s%llu=%3.2f%%", open ? ">=" : "",
                       (unsigned long long)lat_bounds[open ? i - 1 : i],
                       percent(up_to - below, total, 0.01));
            shown++;
        }
        below = up_to;
    }
    if (shown > 0) {
        out_puts(out, "\n");
    }
}

static void put_lat_levels(struct out *out, const struct bench_result *r)
{
    static const struct lat_scale scales[] = {
        {"nsec", 1, 10}, {"usec", NS_PER_US, 10}, {"msec", NS_PER_MS, 11}};
    uint64_t total = done_below(r, UINT64_MAX);
    for (unsigned i = 0; i < ARRAY_SIZE(scales); i++) {
        put_lat_scale(out, &scales[i], r, total);
    }
}

static void put_levels(struct out *out, const char *head, const char *const *labels,
                       const uint64_t *counts, unsigned n, uint64_t total)
{
    out_puts(out, head);
    for (unsigned i = 0; i < n; i++) {
        out_printf(out, "%s%s=%3.1f%%", i > 0 ? ", " : "", labels[i],
                   percent(counts[i], total, 0.1));
    }
    out_puts(out, "\n");
}

static void put_queue(struct out *out, const struct bench_report_unit *unit)
{
    static const char *const depths[] = {"1", "2", "4", "8", "16", "32", ">=64"};
    static const char *const batches[] = {"0", "4", "8", "16", "32", "64", ">=64"};
    const struct bench_result *r = unit->result;
    uint64_t posted = 0;
    for (unsigned i = 0; i < BENCH_DEPTH_LEVELS; i++) {
        posted += r->depth[i];
    }
    put_levels(out, "  IO depths    : ", depths, r->depth, BENCH_DEPTH_LEVELS, posted);
    put_levels(out, "     submit    : ", batches, r->submit, BENCH_BATCH_LEVELS, r->submits);
    put_levels(out, "     complete  : ", batches, r->complete, BENCH_BATCH_LEVELS, r->completes);
    out_printf(out, "     issued rwts: total=%llu,%llu,0,0 short=0,0,0,0 dropped=0,0,0,0\n",
               (unsigned long long)r->dir[BENCH_DIR_READ].ios,
               (unsigned long long)r->dir[BENCH_DIR_WRITE].ios);
    out_printf(out, "     latency   : target=0, window=0, percentile=100.00%%, depth=%llu\n",
               (unsigned long long)unit->opt->iodepth);
}

/* A worker that polls is never anywhere but in our code; one that sleeps says for how long. There
 * is no operating system, so sys is 0; what wakes a sleeper is an interrupt, so those are counted
 * where fio counts context switches; there are no page faults. */
static void put_cpu(struct out *out, const struct bench_result *r)
{
    uint64_t awake = r->run_ns > r->asleep_ns ? r->run_ns - r->asleep_ns : 0;
    out_printf(out, "  cpu          : usr=%3.2f%%, sys=0.00%%, ctx=%llu, majf=0, minf=0\n",
               percent(awake, r->run_ns, 0), (unsigned long long)r->interrupts);
}

static void put_error(struct out *out, const struct bench_result *r)
{
    int err = r->err < 0 ? -r->err : r->err;
    out_printf(out, "err=%2d", err);
    if (err == 0) {
        return;
    }
    out_printf(out, " (%s", errno_text(err));
    if (r->status != 0) {
        char status[96];
        nvme_status_format(r->status, status, sizeof(status));
        out_printf(out, ": %s at LBA %llu", status, (unsigned long long)r->err_lba);
    }
    out_puts(out, ")");
}

/* --- public ----------------------------------------------------------------------------------- */

void bench_report_header(struct out *out, const struct bench_options *opt, unsigned group)
{
    char bs[BENCH_NUMBER_BYTES];
    bench_format_number(bs, opt->bs_bytes, NUMBER_WIDTH, true, "B");
    out_printf(out, "%s: (g=%u): rw=%s, bs=(R) %s-%s, (W) %s-%s, (T) %s-%s, ioengine=nvme, "
               "iodepth=%llu\n", opt->name, group, bench_rw_name(opt->rw), bs, bs, bs, bs, bs, bs,
               (unsigned long long)opt->iodepth);
    if (opt->numjobs > 1) {
        out_puts(out, "...\n");
    }
}

void bench_report_add(struct bench_report_group *group, const struct bench_result *result)
{
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        const struct bench_dir_result *from = &result->dir[d];
        struct bench_report_sums *sums = &group->dir[d];
        if (from->ios == 0) {
            continue;
        }
        uint64_t rate = bench_dir_bytes_per_s(from);
        bool first = sums->units++ == 0;
        sums->bytes += from->bytes;
        sums->min_rate = first ? rate : MIN(sums->min_rate, rate);
        sums->max_rate = MAX(sums->max_rate, rate);
        sums->min_run_ms = first ? from->runtime_ms : MIN(sums->min_run_ms, from->runtime_ms);
        sums->max_run_ms = MAX(sums->max_run_ms, from->runtime_ms);
    }
}

void bench_report_unit(struct out *out, const struct bench_report_unit *unit,
                       const struct bench_report_group *group)
{
    const struct bench_result *r = unit->result;
    out_printf(out, "%s: (groupid=%u, jobs=%u): ", unit->name, unit->group, r->jobs);
    put_error(out, r);
    out_printf(out, ": pid=%u: %llu.%03llu s after power-on\n", unit->cpu,
               (unsigned long long)(unit->ended_ns / NS_PER_S),
               (unsigned long long)(unit->ended_ns / NS_PER_MS % 1000));
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        put_dir(out, unit, d, group);
    }
    if (r->latencies) {
        put_lat_levels(out, r);
    } else {
        out_puts(out, "  lat          : not measured (lat_accounting=0)\n");
    }
    put_cpu(out, r);
    put_queue(out, unit);
}

void bench_report_status(struct out *out, unsigned number, const struct bench_report_group *group)
{
    static const char *const names[BENCH_DIRS] = {"   READ", "  WRITE"};
    out_printf(out, "\nRun status group %u (all jobs):\n", number);
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        const struct bench_report_sums *s = &group->dir[d];
        if (s->units == 0) {
            continue;
        }
        char binary[2][BENCH_NUMBER_BYTES], decimal[2][BENCH_NUMBER_BYTES];
        for (unsigned i = 0; i < 2; i++) {
            uint64_t rate = i == 0 ? s->min_rate : s->max_rate;
            bench_format_number(binary[i], rate, NUMBER_WIDTH, true, "B/s");
            bench_format_number(decimal[i], rate, NUMBER_WIDTH, false, "B/s");
        }
        out_printf(out, "%s: bw=", names[d]);
        put_rate(out, bench_per_second(s->bytes, s->max_run_ms));
        out_printf(out, ", %s-%s (%s-%s), io=", binary[0], binary[1], decimal[0], decimal[1]);
        put_number(out, s->bytes, true, "B");
        out_puts(out, " (");
        put_number(out, s->bytes, false, "B");
        out_printf(out, "), run=%llu-%llumsec\n", (unsigned long long)s->min_run_ms,
                   (unsigned long long)s->max_run_ms);
    }
}
