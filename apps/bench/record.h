/*
 * apps/bench/record.h - figures over time: what fio writes as bandwidth, IOPS, latency and
 * histogram logs. The worker fills them in, logs.c prints them.
 *
 * With a window (log_avg_msec) an entry is what happened in it, taken as the difference of two
 * exact sums: nothing is added to the cost of an I/O. Without one, bandwidth and IOPS have windows
 * of 500 ms, and each I/O has an entry of its own in the latency logs.
 *
 * Memory is taken beforehand; what finds no room is counted. One CPU at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/pattern.h"
#include "apps/bench/result.h"
#include "lib/compiler.h"

enum bench_log_kind {
    BENCH_LOG_BW,   /* KiB/s */
    BENCH_LOG_IOPS,
    BENCH_LOG_SLAT, /* ns, as the next two */
    BENCH_LOG_CLAT,
    BENCH_LOG_LAT,
    BENCH_LOG_KINDS,
};

struct bench_log_entry {
    uint64_t time_ms; /* since the job began; of a window: its end */
    uint64_t value;
    uint64_t offset;  /* bytes from the start of the disk; 0 for a window */
    uint32_t bytes;   /* of the I/O; 0 for a window */
    uint8_t dir;      /* enum bench_dir */
};

struct bench_log {
    struct bench_log_entry *entries; /* room for room of them, or NULL: not wanted */
    uint64_t count, room, lost;
};

/* A window's histogram of clat: counts of 2^coarseness neighbouring buckets in one. */
struct bench_hist_entry {
    uint64_t time_ms;
    uint8_t dir;
    uint32_t *count; /* bins of them */
};

struct bench_hist_log {
    struct bench_hist_entry *entries;
    uint32_t *counts;
    uint64_t count, room, lost;
    unsigned bins;
    unsigned coarseness;
};

struct bench_record_config {
    bool wanted[BENCH_LOG_KINDS];
    bool histogram;
    uint64_t window_ns;      /* log_avg_msec; 0: none */
    bool largest;            /* log_max_value: a window's largest latency, not its mean */
    uint64_t hist_window_ns; /* log_hist_msec; 0: one histogram, at the end */
    unsigned hist_coarseness; /* 0 .. 6 */
    uint64_t first_byte;     /* the region's, on the disk */
    uint64_t expected_ns;    /* how long the job may take; 0: not known */
    uint64_t expected_ios;   /* and how many I/Os it may do; UINT64_MAX: not known */
    bool dir[BENCH_DIRS];    /* that occur */
};

struct bench_record {
    struct bench_record_config config;
    struct bench_log log[BENCH_LOG_KINDS];
    struct bench_hist_log hist;
    bool each_io; /* latencies are logged one by one: bench_record_io() is to be called */
    uint64_t start_ns, next_ns, window_start_ns, next_hist_ns;
    struct {
        uint64_t ios, bytes;
        struct { uint64_t n; unsigned __int128 sum; uint64_t max; } lat[3]; /* slat, clat, lat */
    } before[BENCH_DIRS];
    struct histogram *hist_before; /* BENCH_DIRS of them, or NULL */
};

/* 0 or -ENOMEM. */
int bench_record_init(struct bench_record *r, const struct bench_record_config *config) must_check;
void bench_record_fini(struct bench_record *r);

/* Measuring begins: result is empty. */
void bench_record_start(struct bench_record *r, uint64_t now_ns);

/* When bench_record_take() wants to be called. */
uint64_t bench_record_next_ns(const struct bench_record *r);

/* Takes what windows are over. last: the job ends, unfinished windows are taken as they are.
 * The largest latencies of result are put aside and back while windows need them. */
void bench_record_take(struct bench_record *r, struct bench_result *result, uint64_t now_ns,
                       bool last);

/* One I/O, if each_io. */
void bench_record_io(struct bench_record *r, enum bench_dir dir, uint64_t offset, uint64_t bytes,
                     uint64_t slat_ns, uint64_t clat_ns, uint64_t now_ns);
