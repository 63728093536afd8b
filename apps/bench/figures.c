/*
 * apps/bench/figures.c - derived figures; see the header.
 */
#include "apps/bench/figures.h"

const uint64_t bench_lat_bounds[BENCH_LAT_BOUNDS] = {2, 4, 10, 20, 50, 100, 250, 500, 750, 1000};

const char *const bench_depth_labels[BENCH_DEPTH_LEVELS] = {
    "1", "2", "4", "8", "16", "32", ">=64"};
const char *const bench_batch_labels[BENCH_BATCH_LEVELS] = {
    "0", "4", "8", "16", "32", "64", ">=64"};
const char *const bench_dir_names[BENCH_DIRS + 1] = {"read", "write", "trim", "mixed"};

double bench_percent(uint64_t part, uint64_t whole, double at_least)
{
    if (part == 0 || whole == 0) {
        return 0;
    }
    double percent = 100.0 * (double)part / (double)whole;
    return percent < at_least ? at_least : percent;
}

/* I/Os of all directions that took less than limit_ns. */
static uint64_t done_below(const struct bench_result *r, uint64_t limit_ns)
{
    uint64_t n = 0;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        n += histogram_below(&r->dir[d].clat_histogram, limit_ns);
    }
    return n;
}

void bench_lat_levels(const struct bench_result *r, double percent[BENCH_LAT_LEVELS])
{
    static const uint64_t units_ns[] = {1, NS_PER_US, NS_PER_MS};
    uint64_t total = done_below(r, UINT64_MAX);
    uint64_t below = 0;
    unsigned level = 0;
    for (unsigned u = 0; u < ARRAY_SIZE(units_ns); u++) {
        for (unsigned i = 0; i < BENCH_LAT_BOUNDS; i++) {
            uint64_t up_to = done_below(r, bench_lat_bounds[i] * units_ns[u]);
            /* The scales do not overlap: "2 us" begins where "1000 ns" ends. */
            percent[level++] = bench_percent(up_to - below, total, 0.01);
            below = up_to;
        }
    }
    uint64_t up_to = done_below(r, 2000 * NS_PER_MS);
    percent[level++] = bench_percent(up_to - below, total, 0.01);
    percent[level] = bench_percent(total - up_to, total, 0.01);
}

double bench_cpu_percent(const struct bench_result *r)
{
    uint64_t awake_ns = r->run_ns > r->asleep_ns ? r->run_ns - r->asleep_ns : 0;
    return bench_percent(awake_ns, r->run_ns, 0);
}

uint64_t bench_posted(const struct bench_result *r)
{
    uint64_t posted = 0;
    for (unsigned i = 0; i < BENCH_DEPTH_LEVELS; i++) {
        posted += r->depth[i];
    }
    return posted;
}

double bench_share_percent(const struct bench_dir_result *d, uint64_t group_bytes,
                           uint64_t group_run_ms)
{
    if (group_run_ms == 0 || group_bytes == 0) {
        return 0;
    }
    double group_kib = (double)group_bytes * 1000 / (double)group_run_ms / 1024;
    double share = d->bw_kib.mean * 100 / group_kib;
    return share > 100 ? 100 : share;
}

uint64_t bench_samples_needed(uint64_t percentile)
{
    const uint64_t whole = 100 * HISTOGRAM_PERCENT;
    if (percentile >= whole) {
        return 1;
    }
    return (whole + (whole - percentile) - 1) / (whole - percentile);
}
