/*
 * apps/bench/json.c - fio's JSON, key by key.
 */
#include "apps/bench/json.h"

#include "apps/bench/figures.h"
#include "apps/bench/format.h"
#include "lib/string.h"

#define VERSION "fio-3.33" /* the schema's, which readers look at */
#define OPTION_BYTES 48  /* the longest name of an option, with its end */
#define LEVEL_FLOOR 0.1    /* a depth or batch level that occurs is shown as at least this */

/* --- latencies -------------------------------------------------------------------------------- */

static void put_percentiles(struct json *j, const struct bench_percentiles *list,
                            const struct histogram *h)
{
    uint64_t ns[BENCH_MAX_PERCENTILES];
    histogram_percentiles(h, list->value, list->count, ns);
    json_open_object(j, "percentile");
    for (unsigned i = 0; i < list->count; i++) {
        char key[BENCH_NUMBER_BYTES];
        str_format(key, sizeof(key), "%llu.%06llu",
                   (unsigned long long)(list->value[i] / HISTOGRAM_PERCENT),
                   (unsigned long long)(list->value[i] % HISTOGRAM_PERCENT));
        json_u64(j, key, ns[i]);
    }
    json_close_object(j);
}

static void put_bins(struct json *j, const struct histogram *h)
{
    json_open_object(j, "bins");
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (h->count[i] > 0) {
            char key[BENCH_NUMBER_BYTES];
            str_format(key, sizeof(key), "%llu", (unsigned long long)histogram_value(i));
            json_u64(j, key, h->count[i]);
        }
    }
    json_close_object(j);
}

/* h: NULL where no percentiles were asked for. */
static void put_latency(struct bench_json *doc, const char *name, const struct stats *s,
                        const struct histogram *h, const struct bench_percentiles *list)
{
    struct json *j = &doc->json;
    json_open_object(j, name);
    json_u64(j, "min", stats_min(s));
    json_u64(j, "max", s->max);
    json_double(j, "mean", stats_mean(s));
    json_double(j, "stddev", stats_deviation(s));
    json_u64(j, "N", s->n);
    if (h != NULL && s->n > 0) {
        put_percentiles(j, list, h);
        if (doc->bins) {
            put_bins(j, h);
        }
    }
    json_close_object(j);
}

/* --- one direction ---------------------------------------------------------------------------- */

static void put_samples(struct json *j, const struct bench_dir_result *d,
                        const struct bench_report_sums *sums)
{
    json_u64(j, "bw_min", (uint64_t)d->bw_kib.min);
    json_u64(j, "bw_max", (uint64_t)d->bw_kib.max);
    json_double(j, "bw_agg", bench_share_percent(d, sums->bytes, sums->max_run_ms));
    json_double(j, "bw_mean", d->bw_kib.mean);
    json_double(j, "bw_dev", bench_samples_deviation(&d->bw_kib));
    json_u64(j, "bw_samples", d->bw_kib.n);
    json_u64(j, "iops_min", (uint64_t)d->iops.min);
    json_u64(j, "iops_max", (uint64_t)d->iops.max);
    json_double(j, "iops_mean", d->iops.mean);
    json_double(j, "iops_stddev", bench_samples_deviation(&d->iops));
    json_u64(j, "iops_samples", d->iops.n);
}

static void put_dir(struct bench_json *doc, unsigned dir, const struct bench_report_unit *unit,
                    const struct bench_report_group *group)
{
    struct json *j = &doc->json;
    const struct bench_dir_result *d = bench_unit_dir(unit, dir);
    const struct bench_options *opt = unit->opt;
    if (d == NULL) {
        return;
    }
    uint64_t bytes_per_s = bench_dir_bytes_per_s(d);
    double ms = (double)d->runtime_ms;
    json_open_object(j, bench_dir_names[dir]);
    json_u64(j, "io_bytes", d->bytes);
    json_u64(j, "io_kbytes", d->bytes / KIB);
    json_u64(j, "bw_bytes", bytes_per_s);
    json_u64(j, "bw", bytes_per_s / KIB);
    json_double(j, "iops", ms > 0 ? 1000.0 * (double)d->ios / ms : 0);
    json_u64(j, "runtime", d->runtime_ms);
    json_u64(j, "total_ios", d->ios);
    json_u64(j, "short_ios", 0);
    json_u64(j, "drop_ios", 0);
    put_latency(doc, "slat_ns", &d->slat, opt->slat_percentiles ? &d->slat_histogram : NULL,
                &opt->percentiles);
    put_latency(doc, "clat_ns", &d->clat, opt->clat_percentiles ? &d->clat_histogram : NULL,
                &opt->percentiles);
    put_latency(doc, "lat_ns", &d->lat, opt->lat_percentiles ? &d->lat_histogram : NULL,
                &opt->percentiles);
    put_samples(j, d, &group->dir[dir]);
    json_close_object(j);
}

/* --- the rest of a job ------------------------------------------------------------------------ */

/* Options as text, up to place end. As in fio, a flag that was given no value is left out. */
static void put_given(struct json *j, const struct bench_given *given, unsigned at, unsigned end)
{
    char name[OPTION_BYTES];
    const char *value;
    while (at < end) {
        unsigned next = bench_given_next(given, at, name, sizeof(name), &value);
        if (value != NULL) {
            json_string(j, name, value);
        }
        if (next == 0) {
            break;
        }
        at = next;
    }
}

static void put_number(struct json *j, const char *name, uint64_t value)
{
    char text[BENCH_NUMBER_BYTES];
    str_format(text, sizeof(text), "%llu", (unsigned long long)value);
    json_string(j, name, text);
}

static void put_options(struct bench_json *doc, const struct bench_options *opt)
{
    struct json *j = &doc->json;
    json_open_object(j, "job options");
    /* A second [global] adds to the first: what the document has not said yet is said here. */
    put_given(j, &opt->given, MIN(opt->given.global_bytes, doc->global_bytes), opt->given.bytes);
    /* fio leaves these out when they have their defaults, and its readers then stumble. */
    if (!bench_options_given(opt, "iodepth")) {
        put_number(j, "iodepth", opt->iodepth);
    }
    if (!bench_options_given(opt, "numjobs")) {
        put_number(j, "numjobs", opt->numjobs);
    }
    json_close_object(j);
}

static void put_levels(struct json *j, const char *name, const char *const *labels,
                       const uint64_t *counts, unsigned n, uint64_t total)
{
    json_open_object(j, name);
    for (unsigned i = 0; i < n; i++) {
        json_double(j, labels[i], bench_percent(counts[i], total, LEVEL_FLOOR));
    }
    json_close_object(j);
}

static void put_lat_levels(struct json *j, const struct bench_result *r)
{
    static const char *const names[] = {"latency_ns", "latency_us", "latency_ms"};
    double percent[BENCH_LAT_LEVELS];
    char key[BENCH_NUMBER_BYTES];
    const double *at = percent;
    bench_lat_levels(r, percent);
    for (unsigned scale = 0; scale < ARRAY_SIZE(names); scale++) {
        json_open_object(j, names[scale]);
        for (unsigned i = 0; i < BENCH_LAT_BOUNDS; i++) {
            str_format(key, sizeof(key), "%llu", (unsigned long long)bench_lat_bounds[i]);
            json_double(j, key, *at++);
        }
        if (scale == ARRAY_SIZE(names) - 1) {
            json_double(j, "2000", *at++);
            json_double(j, ">=2000", *at);
        }
        json_close_object(j);
    }
}

static void put_sync(struct bench_json *doc, const struct bench_report_unit *unit)
{
    struct json *j = &doc->json;
    const struct bench_dir_result *sync = &unit->result->sync;
    json_open_object(j, "sync");
    json_u64(j, "total_ios", sync->ios);
    put_latency(doc, "lat_ns", &sync->lat, &sync->clat_histogram, &unit->opt->percentiles);
    json_close_object(j);
}

static void put_cpu(struct json *j, const struct bench_result *r)
{
    json_u64(j, "job_runtime", r->run_ns / NS_PER_MS);
    json_double(j, "usr_cpu", bench_cpu_percent(r));
    json_double(j, "sys_cpu", 0);
    json_u64(j, "ctx", r->interrupts);
    json_u64(j, "majf", 0);
    json_u64(j, "minf", 0);
}

static void put_target(struct json *j, const struct bench_report_unit *unit)
{
    const struct bench_options *opt = unit->opt;
    unsigned depth = unit->result->latency_depth;
    json_u64(j, "latency_depth", depth > 0 ? depth : opt->iodepth);
    json_u64(j, "latency_target", opt->latency_target_ns);
    json_double(j, "latency_percentile",
                (double)opt->latency_percentile / (double)HISTOGRAM_PERCENT);
    json_u64(j, "latency_window", opt->latency_window_ns / NS_PER_US);
}

static void put_steady_data(struct json *j, const struct bench_steady *s)
{
    uint64_t iops = 0;
    uint64_t bytes = 0;
    for (unsigned i = 0; i < s->count; i++) {
        iops += bench_steady_at(s, i)->iops;
        bytes += bench_steady_at(s, i)->bw_kib * KIB;
    }
    json_open_object(j, "data");
    json_u64(j, "bw_mean", s->count > 0 ? bytes / s->count : 0);
    json_u64(j, "iops_mean", s->count > 0 ? iops / s->count : 0);
    json_open_array(j, "iops");
    for (unsigned i = 0; i < s->count; i++) {
        json_u64(j, NULL, bench_steady_at(s, i)->iops);
    }
    json_close_array(j);
    json_open_array(j, "bw");
    for (unsigned i = 0; i < s->count; i++) {
        json_u64(j, NULL, bench_steady_at(s, i)->bw_kib * KIB);
    }
    json_close_array(j);
    json_close_object(j);
}

static void put_steady(struct json *j, const struct bench_steady *s)
{
    const struct bench_steady_config *c = &s->config;
    const char *unit = c->percent ? "%" : "";
    double relative = c->slope ? s->slope : s->deviation;
    char text[BENCH_NUMBER_BYTES * 2];
    json_open_object(j, "steadystate");
    str_format(text, sizeof(text), "%s%s:%.6f%s", c->bandwidth ? "bw" : "iops",
               c->slope ? "_slope" : "", c->limit, unit);
    json_string(j, "ss", text);
    json_u64(j, "duration", c->duration_ns / NS_PER_S);
    json_u64(j, "attained", s->attained);
    str_format(text, sizeof(text), "%.6f%s", relative, unit);
    json_string(j, "criterion", text);
    double absolute = c->percent ? relative * s->mean / 100 : relative;
    json_double(j, "max_deviation", c->slope ? 0 : absolute);
    json_double(j, "slope", c->slope ? absolute : 0);
    put_steady_data(j, s);
    json_close_object(j);
}

/* --- the document ----------------------------------------------------------------------------- */

static void put_time(struct json *j, uint64_t now_ns)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    uint64_t s = now_ns / NS_PER_S;
    unsigned day = (unsigned)(s / 86400);
    char text[BENCH_NUMBER_BYTES * 2];
    /* As if the machine had been switched on with 1970; a month of benchmarks fits. */
    str_format(text, sizeof(text), "%s Jan %2u %02u:%02u:%02u 1970", days[day % 7],
               MIN(day, 30U) + 1, (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60),
               (unsigned)(s % 60));
    json_u64(j, "timestamp", s);
    json_u64(j, "timestamp_ms", now_ns / NS_PER_MS);
    json_string(j, "time", text);
}

void bench_json_begin(struct bench_json *doc, struct out *out, bool bins, uint64_t now_ns,
                      uint64_t elapsed_ns, const struct bench_given *globals)
{
    struct json *j = &doc->json;
    *doc = (struct bench_json){.bins = bins, .jobs_open = true, .elapsed_ns = elapsed_ns,
                                .global_bytes = globals->global_bytes};
    out_puts(out, BENCH_JSON_BEGIN);
    json_begin(j, out);
    json_open_object(j, NULL);
    json_string(j, "fio version", VERSION);
    put_time(j, now_ns);
    /* fio leaves the key out when there is nothing global, and some readers then stumble. */
    json_open_object(j, "global options");
    put_given(j, globals, 0, globals->global_bytes);
    json_close_object(j);
    json_open_array(j, "jobs");
}

void bench_json_unit(struct bench_json *doc, const struct bench_report_unit *unit,
                     const struct bench_report_group *group)
{
    struct json *j = &doc->json;
    const struct bench_result *r = unit->result;
    json_open_object(j, NULL);
    json_string(j, "jobname", unit->name);
    json_u64(j, "groupid", unit->group);
    json_i64(j, "error", r->err < 0 ? -r->err : r->err);
    json_u64(j, "eta", 0);
    json_u64(j, "elapsed", (doc->elapsed_ns + NS_PER_S - 1) / NS_PER_S);
    put_options(doc, unit->opt);
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        put_dir(doc, d, unit, group);
    }
    if (unit->opt->unified_rw_reporting != BENCH_UNIFIED_MIXED) {
        put_sync(doc, unit);
    }
    put_dir(doc, BENCH_MIXED, unit, group);
    put_cpu(j, r);
    put_levels(j, "iodepth_level", bench_depth_labels, r->depth, BENCH_DEPTH_LEVELS,
               bench_posted(r));
    put_levels(j, "iodepth_submit", bench_batch_labels, r->submit, BENCH_BATCH_LEVELS, r->submits);
    put_levels(j, "iodepth_complete", bench_batch_labels, r->complete, BENCH_BATCH_LEVELS,
               r->completes);
    put_lat_levels(j, r);
    put_target(j, unit);
    if (unit->steady != NULL) {
        put_steady(j, unit->steady);
    }
    json_close_object(j);
}

static void close_jobs(struct bench_json *doc)
{
    json_close_array(&doc->json);
    doc->jobs_open = false;
}

void bench_json_disk(struct bench_json *doc, const struct bench_disk_stats *disk)
{
    struct json *j = &doc->json;
    if (doc->jobs_open) {
        close_jobs(doc);
        json_open_array(j, "disk_util");
    }
    json_open_object(j, NULL);
    json_string(j, "name", disk->name);
    json_u64(j, "read_ios", disk->ios[BENCH_DIR_READ]);
    json_u64(j, "write_ios", disk->ios[BENCH_DIR_WRITE]);
    json_u64(j, "read_merges", 0);
    json_u64(j, "write_merges", 0);
    json_u64(j, "read_ticks", disk->ticks_ms[BENCH_DIR_READ]);
    json_u64(j, "write_ticks", disk->ticks_ms[BENCH_DIR_WRITE]);
    json_u64(j, "in_queue", disk->in_queue_ms);
    json_double(j, "util", disk->util_percent);
    json_close_object(j);
}

void bench_json_end(struct bench_json *doc)
{
    struct json *j = &doc->json;
    if (doc->jobs_open) {
        close_jobs(doc);
    } else {
        json_close_array(j); /* disk_util */
    }
    json_close_object(j);
    json_end(j);
    out_puts(j->out, BENCH_JSON_END);
}
