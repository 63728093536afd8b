/*
 * apps/bench/report.c - the lines of fio's normal output.
 */
#include "apps/bench/report.h"

#include "apps/bench/figures.h"
#include "apps/bench/format.h"
#include "drivers/nvme/nvme.h"
#include "lib/errno.h"
#include "lib/string.h"

#define LATENCY_WIDTH 6 /* of the smallest and largest latency */
#define LEVELS_PER_LINE 5
#define LEVEL_FLOOR 0.1   /* a depth or batch level that occurs is shown as at least this */
#define NA_PLACES 2       /* a percentile that cannot be told takes the room of so many others */

/* --- small pieces ----------------------------------------------------------------------------- */

static void put_count(struct out *out, const struct bench_number_style *style, uint64_t value)
{
    char buf[BENCH_NUMBER_BYTES];
    out_puts(out, bench_format_number(buf, value, style->width, false, ""));
}

/* "2634MiB" */
static void put_amount(struct out *out, const struct bench_number_style *style, uint64_t bytes,
                       bool binary)
{
    char buf[BENCH_NUMBER_BYTES];
    out_puts(out, bench_format_number(buf, bytes, style->width, binary, "B"));
}

/* "527MiB/s (552MB/s)" */
static void put_rate(struct out *out, const struct bench_number_style *style, uint64_t bytes_per_s)
{
    char first[BENCH_NUMBER_BYTES], second[BENCH_NUMBER_BYTES];
    bool binary = !style->decimal_first;
    out_printf(out, "%s (%s)", bench_format_rate(first, bytes_per_s, style, binary),
               bench_format_rate(second, bytes_per_s, style, !binary));
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

/* A percentile of too few samples would be nothing but the largest of them: those that say
 * something come first, in fio's columns. */
static void put_percentiles(struct out *out, const char *name,
                            const struct bench_percentiles *list, const struct histogram *h)
{
    uint64_t ns[BENCH_MAX_PERCENTILES];
    char label[BENCH_NUMBER_BYTES];
    uint64_t total = histogram_total(h);
    if (list->count == 0 || total == 0) {
        return;
    }
    histogram_percentiles(h, list->value, list->count, ns);
    struct bench_time_unit unit = bench_percentile_unit(ns[0], ns[list->count - 1]);
    unsigned per_line = bench_percentiles_per_line(list->decimals);
    unsigned used = 0; /* places of the line */
    out_printf(out, "    %s percentiles (%s):\n     |", name, unit.name);
    for (unsigned i = 0; i < list->count; i++) {
        uint64_t needed = bench_samples_needed(list->value[i]);
        bool enough = total >= needed;
        unsigned places = enough ? 1 : NA_PLACES;
        if (i > 0) {
            out_puts(out, used + places > per_line ? ",\n     |" : ",");
            used = used + places > per_line ? 0 : used;
        }
        used += places;
        bench_format_percentile(label, list->value[i], list->decimals);
        if (enough) {
            out_printf(out, " %sth=[%5llu]", label,
                       (unsigned long long)((ns[i] + unit.divisor - 1) / unit.divisor));
        } else {
            out_printf(out, " %sth=n/a (needs %llu samples)", label, (unsigned long long)needed);
        }
    }
    out_puts(out, "\n");
}

static void put_samples(struct out *out, const struct bench_dir_result *d,
                        const struct bench_report_sums *sums)
{
    const struct bench_samples *bw = &d->bw_kib;
    const struct bench_samples *iops = &d->iops;
    if (bw->n == 0) {
        return;
    }
    bool mib = bw->mean > 1024 * 1024;
    double divisor = mib ? 1024 : 1;
    out_printf(out, "   bw (%5s/s): min=%5llu, max=%5llu, per=%3.2f%%, avg=%5.2f, stdev=%5.2f, "
               "samples=%llu\n", mib ? "MiB" : "KiB",
               (unsigned long long)(bw->min / divisor), (unsigned long long)(bw->max / divisor),
               bench_share_percent(d, sums->bytes, sums->max_run_ms), bw->mean / divisor,
               bench_samples_deviation(bw) / divisor, (unsigned long long)bw->n);
    out_printf(out, "   iops        : min=%5llu, max=%5llu, avg=%5.2f, stdev=%5.2f, "
               "samples=%llu\n", (unsigned long long)iops->min, (unsigned long long)iops->max,
               iops->mean, bench_samples_deviation(iops), (unsigned long long)iops->n);
}

static void put_dir(struct out *out, const struct bench_report_unit *unit, unsigned dir,
                    const struct bench_report_group *group)
{
    const struct bench_number_style style = bench_number_style_of(unit->opt);
    const struct bench_dir_result *d = bench_unit_dir(unit, dir);
    if (d == NULL || d->ios == 0) {
        return;
    }
    out_printf(out, "  %s: IOPS=", bench_dir_names[dir]);
    put_count(out, &style, bench_dir_iops(d));
    out_puts(out, ", BW=");
    put_rate(out, &style, bench_dir_bytes_per_s(d));
    out_puts(out, "(");
    put_amount(out, &style, d->bytes, !style.decimal_first);
    out_printf(out, "/%llumsec)%s\n", (unsigned long long)d->runtime_ms,
               dir == BENCH_DIR_WRITE ? "; 0 zone resets" : "");
    put_latency(out, "slat", &d->slat);
    put_latency(out, "clat", &d->clat);
    put_latency(out, " lat", &d->lat);
    const struct bench_options *opt = unit->opt;
    if (opt->slat_percentiles) {
        put_percentiles(out, "slat", &opt->percentiles, &d->slat_histogram);
    }
    if (opt->clat_percentiles) {
        put_percentiles(out, "clat", &opt->percentiles, &d->clat_histogram);
    }
    if (opt->lat_percentiles) {
        put_percentiles(out, "lat", &opt->percentiles, &d->lat_histogram);
    }
    put_samples(out, d, &group->dir[dir]);
}

/* --- both directions -------------------------------------------------------------------------- */

/* One of fio's three scales: its levels that are not empty, five a line. */
static void put_lat_scale(struct out *out, const char *name, const double *percent, unsigned n)
{
    unsigned shown = 0;
    for (unsigned i = 0; i < n; i++) {
        if (percent[i] == 0) {
            continue;
        }
        if (shown % LEVELS_PER_LINE == 0) {
            out_printf(out, "%s  lat (%s)   : ", shown > 0 ? "\n" : "", name);
        } else {
            out_puts(out, ", ");
        }
        if (i < BENCH_LAT_BOUNDS) {
            out_printf(out, "%llu", (unsigned long long)bench_lat_bounds[i]);
        } else {
            out_puts(out, i == BENCH_LAT_BOUNDS ? "2000" : ">=2000");
        }
        out_printf(out, "=%3.2f%%", percent[i]);
        shown++;
    }
    if (shown > 0) {
        out_puts(out, "\n");
    }
}

static void put_lat_levels(struct out *out, const struct bench_result *r)
{
    double percent[BENCH_LAT_LEVELS];
    bench_lat_levels(r, percent);
    put_lat_scale(out, "nsec", percent, BENCH_LAT_BOUNDS);
    put_lat_scale(out, "usec", percent + BENCH_LAT_BOUNDS, BENCH_LAT_BOUNDS);
    put_lat_scale(out, "msec", percent + 2 * BENCH_LAT_BOUNDS, BENCH_LAT_MS_LEVELS);
}

static void put_levels(struct out *out, const char *head, const char *const *labels,
                       const uint64_t *counts, unsigned n, uint64_t total)
{
    out_puts(out, head);
    for (unsigned i = 0; i < n; i++) {
        out_printf(out, "%s%s=%3.1f%%", i > 0 ? ", " : "", labels[i],
                   bench_percent(counts[i], total, LEVEL_FLOOR));
    }
    out_puts(out, "\n");
}

static void put_queue(struct out *out, const struct bench_report_unit *unit)
{
    const struct bench_result *r = unit->result;
    const struct bench_options *opt = unit->opt;
    uint64_t issued[BENCH_DIRS];
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        issued[d] = r->dir[d].ios;
    }
    if (opt->unified_rw_reporting == BENCH_UNIFIED_MIXED) {
        /* As in fio, all of them stand where reads do. */
        issued[BENCH_DIR_READ] += issued[BENCH_DIR_WRITE] + issued[BENCH_DIR_TRIM];
        issued[BENCH_DIR_WRITE] = issued[BENCH_DIR_TRIM] = 0;
    }
    put_levels(out, "  IO depths    : ", bench_depth_labels, r->depth, BENCH_DEPTH_LEVELS,
               bench_posted(r));
    put_levels(out, "     submit    : ", bench_batch_labels, r->submit, BENCH_BATCH_LEVELS,
               r->submits);
    put_levels(out, "     complete  : ", bench_batch_labels, r->complete, BENCH_BATCH_LEVELS,
               r->completes);
    out_printf(out, "     issued rwts: total=%llu,%llu,%llu,%llu short=0,0,0,0 "
               "dropped=0,0,0,0\n", (unsigned long long)issued[BENCH_DIR_READ],
               (unsigned long long)issued[BENCH_DIR_WRITE],
               (unsigned long long)issued[BENCH_DIR_TRIM], (unsigned long long)r->sync.ios);
    out_printf(out, "     latency   : target=%llu, window=%llu, percentile=%3.2f%%, depth=%llu\n",
               (unsigned long long)opt->latency_target_ns,
               (unsigned long long)(opt->latency_window_ns / NS_PER_US),
               (double)opt->latency_percentile / (double)HISTOGRAM_PERCENT,
               (unsigned long long)(r->latency_depth > 0 ? r->latency_depth : opt->iodepth));
}

/* "steadystate  : attained=yes, bw=19.5MiB/s (20.0MB/s), iops=5002, iops slope=0.002%" */
static void put_steady(struct out *out, const struct bench_number_style *style,
                       const struct bench_steady *s)
{
    uint64_t iops = 0;
    uint64_t kib = 0;
    for (unsigned i = 0; i < s->count; i++) {
        iops += bench_steady_at(s, i)->iops;
        kib += bench_steady_at(s, i)->bw_kib;
    }
    unsigned n = s->count > 0 ? s->count : 1;
    out_printf(out, "  steadystate  : attained=%s, bw=", s->attained ? "yes" : "no");
    put_rate(out, style, kib * KIB / n);
    out_puts(out, ", iops=");
    put_count(out, style, iops / n);
    out_printf(out, ", %s %s=%.3f%s\n", s->config.bandwidth ? "bw" : "iops",
               s->config.slope ? "slope" : "mean dev",
               s->config.slope ? s->slope : s->deviation, s->config.percent ? "%" : "");
}

/* What fio does not tell: the processor's share of an I/O, and how often the device is rung. */
static void put_cost_of(struct out *out, const char *what, uint64_t ns, uint64_t ios,
                        uint64_t tsc_hz)
{
    double each_ns = (double)ns / (double)ios;
    out_printf(out, "%s=%.0f ns", what, each_ns);
    if (tsc_hz > 0) {
        out_printf(out, " (%.0f cycles)", each_ns * (double)tsc_hz / (double)NS_PER_S);
    }
    out_puts(out, ", ");
}

static void put_cost(struct out *out, const struct bench_report_unit *unit)
{
    const struct bench_queue_counts *q = &unit->result->queue;
    if (q->commands == 0) {
        return;
    }
    out_puts(out, "  cost per I/O : ");
    if (q->timed_ios > 0) {
        put_cost_of(out, "submit", q->submit_ns, q->timed_ios, unit->tsc_hz);
        put_cost_of(out, "reap", q->reap_ns, q->timed_ios, unit->tsc_hz);
    }
    out_printf(out, "doorbells=%.3f, interrupts=%.3f\n",
               (double)q->doorbells / (double)q->commands,
               (double)q->interrupts / (double)q->commands);
}

/* A worker that polls is never anywhere but in our code; one that sleeps says for how long. There
 * is no operating system, so sys is 0; what wakes a sleeper is an interrupt, so those are counted
 * where fio counts context switches; there are no page faults. */
static void put_cpu(struct out *out, const struct bench_result *r)
{
    out_printf(out, "  cpu          : usr=%3.2f%%, sys=0.00%%, ctx=%llu, majf=0, minf=0\n",
               bench_cpu_percent(r), (unsigned long long)r->interrupts);
}

static void put_error(struct out *out, const struct bench_result *r)
{
    int err = r->err < 0 ? -r->err : r->err;
    out_printf(out, "err=%2d", err);
    if (err == 0) {
        return;
    }
    out_printf(out, " (%s", err == EILSEQ ? "verify found wrong data" : errno_text(err));
    if (r->status != 0) {
        char status[96];
        nvme_status_format(r->status, status, sizeof(status));
        out_printf(out, ": %s at LBA %llu", status, (unsigned long long)r->err_lba);
    }
    out_puts(out, ")");
}

/* --- public ----------------------------------------------------------------------------------- */

/* "4096B-64.0KiB": the sizes of one direction. */
static void put_sizes(struct out *out, const struct bench_options *opt, unsigned dir)
{
    char low[BENCH_NUMBER_BYTES], high[BENCH_NUMBER_BYTES];
    const struct bench_splits *splits = &opt->bssplit[dir];
    uint64_t min = opt->bs[dir].min;
    uint64_t max = opt->bs[dir].max;
    for (unsigned i = 0; i < splits->count; i++) {
        min = i == 0 ? splits->split[i].bytes : MIN(min, splits->split[i].bytes);
        max = i == 0 ? splits->split[i].bytes : MAX(max, splits->split[i].bytes);
    }
    unsigned width = (unsigned)opt->significant_figures;
    bench_format_number(low, min, width, opt->kb_base != BENCH_KB_1000, "B");
    bench_format_number(high, max, width, opt->kb_base != BENCH_KB_1000, "B");
    out_printf(out, "%s-%s", low, high);
}

void bench_report_header(struct out *out, const struct bench_options *opt, unsigned group)
{
    static const char *const before[BENCH_DIRS] = {" bs=(R) ", ", (W) ", ", (T) "};
    out_printf(out, "%s: (g=%u): rw=%s,", opt->name, group, bench_rw_name(opt->rw));
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        out_puts(out, before[d]);
        put_sizes(out, opt, d);
    }
    out_printf(out, ", ioengine=nvme, iodepth=%llu\n", (unsigned long long)opt->iodepth);
    if (opt->numjobs > 1) {
        out_puts(out, "...\n");
    }
}

const struct bench_dir_result *bench_unit_dir(const struct bench_report_unit *unit, unsigned dir)
{
    bool separate = unit->opt->unified_rw_reporting != BENCH_UNIFIED_MIXED;
    return dir == BENCH_MIXED ? unit->mixed : separate ? &unit->result->dir[dir] : NULL;
}

void bench_report_add(struct bench_report_group *group, const struct bench_report_unit *unit)
{
    group->opt = group->opt != NULL ? group->opt : unit->opt;
    for (unsigned d = 0; d < BENCH_REPORTED; d++) {
        const struct bench_dir_result *from = bench_unit_dir(unit, d);
        struct bench_report_sums *sums = &group->dir[d];
        if (from == NULL || from->ios == 0) {
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
    for (unsigned d = 0; d < BENCH_REPORTED; d++) {
        put_dir(out, unit, d, group);
    }
    if (r->latencies) {
        put_lat_levels(out, r);
    } else {
        out_puts(out, "  lat          : not measured (lat_accounting=0)\n");
    }
    put_cpu(out, r);
    put_cost(out, unit);
    put_queue(out, unit);
    if (unit->steady != NULL) {
        const struct bench_number_style style = bench_number_style_of(unit->opt);
        put_steady(out, &style, unit->steady);
    }
}

void bench_report_status(struct out *out, unsigned number, const struct bench_report_group *group)
{
    static const char *const names[BENCH_REPORTED] = {"   READ", "  WRITE", "   TRIM", "  MIXED"};
    out_printf(out, "\nRun status group %u (all jobs):\n", number);
    for (unsigned d = 0; d < BENCH_REPORTED; d++) {
        const struct bench_report_sums *s = &group->dir[d];
        if (s->units == 0) {
            continue;
        }
        const struct bench_number_style style = bench_number_style_of(group->opt);
        bool binary = !style.decimal_first;
        char low[2][BENCH_NUMBER_BYTES], high[2][BENCH_NUMBER_BYTES];
        for (unsigned i = 0; i < 2; i++) {
            bench_format_rate(low[i], s->min_rate, &style, i == 0 ? binary : !binary);
            bench_format_rate(high[i], s->max_rate, &style, i == 0 ? binary : !binary);
        }
        out_printf(out, "%s: bw=", names[d]);
        put_rate(out, &style, bench_per_second(s->bytes, s->max_run_ms));
        out_printf(out, ", %s-%s (%s-%s), io=", low[0], high[0], low[1], high[1]);
        put_amount(out, &style, s->bytes, binary);
        out_puts(out, " (");
        put_amount(out, &style, s->bytes, !binary);
        out_printf(out, "), run=%llu-%llumsec\n", (unsigned long long)s->min_run_ms,
                   (unsigned long long)s->max_run_ms);
    }
}
