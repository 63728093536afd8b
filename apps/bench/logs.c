/*
 * apps/bench/logs.c - fio's log files, line by line.
 */
#include "apps/bench/logs.h"

#include "apps/bench/options.h"
#include "lib/string.h"

#define FILE_BYTES (BENCH_FILENAME_BYTES + 32)

void bench_logs_begin(struct out *out, const char *file)
{
    out_printf(out, "-----BEGIN FIO LOG %s-----\n", file);
}

void bench_logs_end(struct out *out, const char *file)
{
    out_printf(out, "-----END FIO LOG %s-----\n", file);
}

static void begin(struct out *out, const char *file, uint64_t lost)
{
    if (lost > 0) {
        out_printf(out, "note: %s ends early: there was no room for %llu more lines\n", file,
                   (unsigned long long)lost);
    }
    bench_logs_begin(out, file);
}

/* time (ms), value, direction, size of the I/O, [its offset,] priority */
static void put_log(struct out *out, const struct bench_log *log, const char *file, bool offsets)
{
    begin(out, file, log->lost);
    for (uint64_t i = 0; i < log->count; i++) {
        const struct bench_log_entry *e = &log->entries[i];
        out_printf(out, "%llu, %llu, %u, %u, ", (unsigned long long)e->time_ms,
                   (unsigned long long)e->value, e->dir, e->bytes);
        if (offsets) {
            out_printf(out, "%llu, ", (unsigned long long)e->offset);
        }
        out_puts(out, "0\n");
    }
    bench_logs_end(out, file);
}

/* time (ms), direction, size, a count for each bin */
static void put_hist(struct out *out, const struct bench_hist_log *log, const char *file,
                     uint64_t bs_bytes)
{
    begin(out, file, log->lost);
    for (uint64_t i = 0; i < log->count; i++) {
        const struct bench_hist_entry *e = &log->entries[i];
        out_printf(out, "%llu, %u, %llu", (unsigned long long)e->time_ms, e->dir,
                   (unsigned long long)bs_bytes);
        for (unsigned bin = 0; bin < log->bins; bin++) {
            out_printf(out, ", %u", e->count[bin]);
        }
        out_puts(out, "\n");
    }
    bench_logs_end(out, file);
}

void bench_logs_print(struct out *out, const struct bench_record *record,
                      const struct bench_log_names *names)
{
    const struct {
        const char *prefix, *suffix;
    } kinds[BENCH_LOG_KINDS] = {
        [BENCH_LOG_BW] = {names->bw, "bw"},     [BENCH_LOG_IOPS] = {names->iops, "iops"},
        [BENCH_LOG_SLAT] = {names->lat, "slat"}, [BENCH_LOG_CLAT] = {names->lat, "clat"},
        [BENCH_LOG_LAT] = {names->lat, "lat"},
    };
    char file[FILE_BYTES];
    for (unsigned k = 0; k < BENCH_LOG_KINDS; k++) {
        if (kinds[k].prefix != NULL && record->log[k].entries != NULL) {
            str_format(file, sizeof(file), "%s_%s.%u.log", kinds[k].prefix, kinds[k].suffix,
                       names->number);
            put_log(out, &record->log[k], file, names->offsets);
        }
    }
    if (names->hist != NULL && record->hist.entries != NULL) {
        str_format(file, sizeof(file), "%s_clat_hist.%u.log", names->hist, names->number);
        put_hist(out, &record->hist, file, names->bs_bytes);
    }
}
