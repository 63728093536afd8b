/*
 * apps/bench/terse.c - fio's terse output, field by field.
 */
#include "apps/bench/terse.h"

#include "apps/bench/figures.h"

#define LEVEL_FLOOR 0.1

/* ";min;max;mean;deviation" in microseconds. */
static void put_latency(struct out *out, const struct stats *s)
{
    out_printf(out, ";%llu;%llu;%.6f;%.6f", (unsigned long long)(stats_min(s) / NS_PER_US),
               (unsigned long long)(s->max / NS_PER_US), stats_mean(s) / NS_PER_US,
               stats_deviation(s) / NS_PER_US);
}

/* Always 20 fields, whatever the list is. */
static void put_percentiles(struct out *out, const struct bench_percentiles *list,
                            const struct histogram *h)
{
    uint64_t ns[BENCH_MAX_PERCENTILES];
    histogram_percentiles(h, list->value, list->count, ns);
    for (unsigned i = 0; i < BENCH_MAX_PERCENTILES; i++) {
        if (i >= list->count) {
            out_puts(out, ";0%=0");
            continue;
        }
        out_printf(out, ";%llu.%06llu%%=%llu",
                   (unsigned long long)(list->value[i] / HISTOGRAM_PERCENT),
                   (unsigned long long)(list->value[i] % HISTOGRAM_PERCENT),
                   (unsigned long long)(ns[i] / NS_PER_US));
    }
}

static void put_dir(struct out *out, const struct bench_dir_result *d,
                    const struct bench_options *opt, const struct bench_report_sums *sums)
{
    out_printf(out, ";%llu;%llu;%llu;%llu", (unsigned long long)(d->bytes / KIB),
               (unsigned long long)(bench_dir_bytes_per_s(d) / KIB),
               (unsigned long long)bench_dir_iops(d), (unsigned long long)d->runtime_ms);
    put_latency(out, &d->slat);
    put_latency(out, &d->clat);
    put_percentiles(out, &opt->percentiles, &d->clat_histogram);
    put_latency(out, &d->lat);
    out_printf(out, ";%llu;%llu;%.6f%%;%.6f;%.6f", (unsigned long long)d->bw_kib.min,
               (unsigned long long)d->bw_kib.max,
               bench_share_percent(d, sums->bytes, sums->max_run_ms), d->bw_kib.mean,
               bench_samples_deviation(&d->bw_kib));
}

static void put_lat_levels(struct out *out, const struct bench_result *r)
{
    double percent[BENCH_LAT_LEVELS];
    double below_us = 0;
    bench_lat_levels(r, percent);
    for (unsigned i = 0; i < BENCH_LAT_BOUNDS; i++) {
        below_us += percent[i];
    }
    /* There are no fields for nanoseconds: all of them are below 2 us. */
    percent[BENCH_LAT_BOUNDS] += below_us;
    for (unsigned i = BENCH_LAT_BOUNDS; i < BENCH_LAT_LEVELS; i++) {
        out_printf(out, ";%3.2f%%", percent[i]);
    }
}

static void put_disk(struct out *out, const struct bench_disk_stats *d)
{
    out_printf(out, ";%s;%llu;%llu;0;0;%llu;%llu;%llu;%3.2f%%", d->name,
               (unsigned long long)d->ios[BENCH_DIR_READ],
               (unsigned long long)d->ios[BENCH_DIR_WRITE],
               (unsigned long long)d->ticks_ms[BENCH_DIR_READ],
               (unsigned long long)d->ticks_ms[BENCH_DIR_WRITE],
               (unsigned long long)d->in_queue_ms, d->util_percent);
}

void bench_terse_unit(struct out *out, const struct bench_report_unit *unit,
                      const struct bench_report_group *group, const struct bench_disks *disks)
{
    const struct bench_result *r = unit->result;
    uint64_t posted = bench_posted(r);
    out_printf(out, "3;fio-3.33;%s;%u;%d", unit->name, unit->group,
               r->err < 0 ? -r->err : r->err);
    static const unsigned shown[] = {BENCH_DIR_READ, BENCH_DIR_WRITE, BENCH_MIXED};
    for (unsigned i = 0; i < ARRAY_SIZE(shown); i++) {
        const struct bench_dir_result *d = bench_unit_dir(unit, shown[i]);
        if (d != NULL) {
            put_dir(out, d, unit->opt, &group->dir[shown[i]]);
        }
    }
    out_printf(out, ";%.6f%%;0.000000%%;%llu;0;0", bench_cpu_percent(r),
               (unsigned long long)r->interrupts);
    for (unsigned i = 0; i < BENCH_DEPTH_LEVELS; i++) {
        out_printf(out, ";%3.1f%%", bench_percent(r->depth[i], posted, LEVEL_FLOOR));
    }
    put_lat_levels(out, r);
    for (unsigned i = 0; i < disks->count; i++) {
        put_disk(out, &disks->disk[i]);
    }
    out_puts(out, "\n");
}
