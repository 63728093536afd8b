/*
 * apps/bench/record.c - windows, as differences of running sums.
 */
#include "apps/bench/record.h"

#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define RATE_WINDOW_NS (500 * NS_PER_MS) /* of bandwidth and IOPS without log_avg_msec */
#define ENTRIES_UNKNOWN (UINT64_C(1) << 16) /* when neither time nor number is known */
#define ENTRIES_MAX (UINT64_C(1) << 21)
#define HIST_BYTES_MAX (64 * MIB)
#define ENTRIES_SPARE 16

static uint64_t rate_window_ns(const struct bench_record_config *config)
{
    return config->window_ns > 0 ? config->window_ns : RATE_WINDOW_NS;
}

static unsigned dirs_used(const struct bench_record_config *config)
{
    unsigned n = 0;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        n += config->dir[d];
    }
    return n;
}

static uint64_t windows_expected(const struct bench_record_config *config, uint64_t window_ns)
{
    if (config->expected_ns == 0 || window_ns == 0) {
        return window_ns == 0 ? ENTRIES_SPARE : ENTRIES_UNKNOWN;
    }
    return (config->expected_ns / window_ns + ENTRIES_SPARE) * dirs_used(config);
}

static int init_logs(struct bench_record *r)
{
    const struct bench_record_config *config = &r->config;
    for (unsigned k = 0; k < BENCH_LOG_KINDS; k++) {
        bool each = r->each_io && k >= BENCH_LOG_SLAT;
        uint64_t room = windows_expected(config, rate_window_ns(config));
        if (each) {
            room = config->expected_ios == UINT64_MAX ? ENTRIES_MAX : config->expected_ios;
        }
        room = MIN(room, ENTRIES_MAX);
        if (!config->wanted[k]) {
            continue;
        }
        r->log[k].entries = heap_alloc(room, sizeof(struct bench_log_entry));
        r->log[k].room = room;
        if (r->log[k].entries == NULL) {
            return -ENOMEM;
        }
    }
    return 0;
}

static int init_hist(struct bench_record *r)
{
    struct bench_hist_log *h = &r->hist;
    if (!r->config.histogram) {
        return 0;
    }
    h->coarseness = r->config.hist_coarseness;
    h->bins = HISTOGRAM_BUCKETS >> h->coarseness;
    h->room = windows_expected(&r->config, r->config.hist_window_ns);
    h->room = MIN(h->room, HIST_BYTES_MAX / (h->bins * sizeof(*h->counts)));
    h->entries = heap_alloc(h->room, sizeof(*h->entries));
    h->counts = heap_alloc(h->room, h->bins * sizeof(*h->counts));
    r->hist_before = heap_alloc(BENCH_DIRS, sizeof(*r->hist_before));
    return h->entries != NULL && h->counts != NULL && r->hist_before != NULL ? 0 : -ENOMEM;
}

int bench_record_init(struct bench_record *r, const struct bench_record_config *config)
{
    *r = (struct bench_record){.config = *config};
    r->each_io = config->window_ns == 0 &&
                 (config->wanted[BENCH_LOG_SLAT] || config->wanted[BENCH_LOG_CLAT] ||
                  config->wanted[BENCH_LOG_LAT]);
    int rc = init_logs(r);
    if (rc == 0) {
        rc = init_hist(r);
    }
    if (rc != 0) {
        bench_record_fini(r);
    }
    return rc;
}

void bench_record_fini(struct bench_record *r)
{
    for (unsigned k = 0; k < BENCH_LOG_KINDS; k++) {
        heap_free(r->log[k].entries);
        r->log[k].entries = NULL;
    }
    heap_free(r->hist.entries);
    heap_free(r->hist.counts);
    heap_free(r->hist_before);
    r->hist.entries = NULL;
    r->hist.counts = NULL;
    r->hist_before = NULL;
}

void bench_record_start(struct bench_record *r, uint64_t now_ns)
{
    r->start_ns = now_ns;
    r->window_start_ns = now_ns;
    r->next_ns = now_ns + rate_window_ns(&r->config);
    r->next_hist_ns = r->config.histogram && r->config.hist_window_ns > 0
                          ? now_ns + r->config.hist_window_ns
                          : UINT64_MAX;
    memset(r->before, 0, sizeof(r->before));
    if (r->hist_before != NULL) {
        memset(r->hist_before, 0, BENCH_DIRS * sizeof(*r->hist_before));
    }
    for (unsigned k = 0; k < BENCH_LOG_KINDS; k++) {
        r->log[k].count = 0;
        r->log[k].lost = 0;
    }
    r->hist.count = 0;
    r->hist.lost = 0;
}

uint64_t bench_record_next_ns(const struct bench_record *r)
{
    return MIN(r->next_ns, r->next_hist_ns);
}

static void add(struct bench_log *log, const struct bench_log_entry *entry)
{
    if (log->entries == NULL) {
        return;
    }
    if (log->count == log->room) {
        log->lost++;
        return;
    }
    log->entries[log->count++] = *entry;
}

static void add_rates(struct bench_record *r, const struct bench_dir_result *now, unsigned dir,
                      uint64_t time_ms, uint64_t spent_ns)
{
    double per_second = 1e9 / (double)MAX(spent_ns, UINT64_C(1));
    uint64_t ios = now->ios - r->before[dir].ios;
    uint64_t bytes = now->bytes - r->before[dir].bytes;
    struct bench_log_entry entry = {.time_ms = time_ms, .dir = (uint8_t)dir};
    entry.value = (uint64_t)((double)bytes / (double)KIB * per_second + 0.5);
    add(&r->log[BENCH_LOG_BW], &entry);
    entry.value = (uint64_t)((double)ios * per_second + 0.5);
    add(&r->log[BENCH_LOG_IOPS], &entry);
    r->before[dir].ios = now->ios;
    r->before[dir].bytes = now->bytes;
}

/* The mean, or the largest, of the latencies since the last window. */
static void add_latency(struct bench_record *r, struct stats *now, unsigned dir, unsigned which,
                        uint64_t time_ms)
{
    struct stats part = {.n = now->n - r->before[dir].lat[which].n,
                         .sum = now->sum - r->before[dir].lat[which].sum};
    struct bench_log_entry entry = {.time_ms = time_ms, .dir = (uint8_t)dir};
    if (part.n > 0) {
        entry.value = r->config.largest ? now->max : (uint64_t)(stats_mean(&part) + 0.5);
        add(&r->log[BENCH_LOG_SLAT + which], &entry);
    }
    r->before[dir].lat[which].n = now->n;
    r->before[dir].lat[which].sum = now->sum;
    if (r->config.largest) {
        /* Windows have a largest value of their own; that of the whole run is kept here. */
        r->before[dir].lat[which].max = MAX(r->before[dir].lat[which].max, now->max);
        now->max = 0;
    }
}

static void take_window(struct bench_record *r, struct bench_result *result, uint64_t now_ns)
{
    uint64_t time_ms = (now_ns - r->start_ns) / NS_PER_MS;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        struct bench_dir_result *now = &result->dir[d];
        if (!r->config.dir[d]) {
            continue;
        }
        add_rates(r, now, d, time_ms, now_ns - r->window_start_ns);
        if (!r->each_io) {
            add_latency(r, &now->slat, d, 0, time_ms);
            add_latency(r, &now->clat, d, 1, time_ms);
            add_latency(r, &now->lat, d, 2, time_ms);
        }
    }
    r->window_start_ns = now_ns;
    r->next_ns += rate_window_ns(&r->config);
    if (r->next_ns <= now_ns) {
        r->next_ns = now_ns + rate_window_ns(&r->config); /* something held us up */
    }
}

static void take_histogram(struct bench_record *r, const struct bench_result *result,
                           uint64_t now_ns)
{
    struct bench_hist_log *h = &r->hist;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        const struct histogram *now = &result->dir[d].clat_histogram;
        if (!r->config.dir[d]) {
            continue;
        }
        if (h->count == h->room) {
            h->lost++;
            continue;
        }
        struct bench_hist_entry *entry = &h->entries[h->count];
        *entry = (struct bench_hist_entry){.time_ms = (now_ns - r->start_ns) / NS_PER_MS,
                                           .dir = (uint8_t)d,
                                           .count = &h->counts[h->count * h->bins]};
        h->count++;
        for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
            entry->count[i >> h->coarseness] +=
                (uint32_t)(now->count[i] - r->hist_before[d].count[i]);
        }
        r->hist_before[d] = *now;
    }
    if (r->next_hist_ns != UINT64_MAX) {
        r->next_hist_ns = MAX(r->next_hist_ns, now_ns - r->config.hist_window_ns) +
                          r->config.hist_window_ns;
    }
}

/* The largest latencies of all windows are those of the run. */
static void put_back_largest(struct bench_record *r, struct bench_result *result)
{
    for (unsigned d = 0; d < BENCH_DIRS && r->config.largest; d++) {
        struct stats *stats[] = {&result->dir[d].slat, &result->dir[d].clat, &result->dir[d].lat};
        for (unsigned i = 0; i < ARRAY_SIZE(stats); i++) {
            stats[i]->max = MAX(stats[i]->max, r->before[d].lat[i].max);
        }
    }
}

void bench_record_take(struct bench_record *r, struct bench_result *result, uint64_t now_ns,
                       bool last)
{
    /* fio leaves out a last window that is not over; its histograms are all of the run. */
    if (now_ns >= r->next_ns) {
        take_window(r, result, now_ns);
    }
    if (r->config.histogram && (now_ns >= r->next_hist_ns || last)) {
        take_histogram(r, result, now_ns);
    }
    if (last) {
        put_back_largest(r, result);
    }
}

void bench_record_io(struct bench_record *r, enum bench_dir dir, uint64_t offset, uint64_t bytes,
                     uint64_t slat_ns, uint64_t clat_ns, uint64_t now_ns)
{
    struct bench_log_entry entry = {
        .time_ms = (now_ns - r->start_ns) / NS_PER_MS,
        .value = slat_ns,
        .offset = r->config.first_byte + offset,
        .bytes = (uint32_t)bytes,
        .dir = (uint8_t)dir,
    };
    add(&r->log[BENCH_LOG_SLAT], &entry);
    entry.value = clat_ns;
    add(&r->log[BENCH_LOG_CLAT], &entry);
    entry.value = slat_ns + clat_ns;
    add(&r->log[BENCH_LOG_LAT], &entry);
}
