/*
 * apps/bench/logs.h - records of figures over time as fio's log files. On the console each file
 * stands between two marker lines with its name, so that tools/capture can cut it out.
 *
 * Pure: records in, text out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/record.h"
#include "lib/out.h"

/* How a job's logs are called and written. A prefix that is NULL: not wanted. */
struct bench_log_names {
    const char *bw, *iops, *lat, *hist; /* prefix_bw.1.log, prefix_iops.1.log, ... */
    unsigned number;    /* of the job in the run, from 1 */
    uint64_t bs_bytes;  /* the size of I/O that histogram lines state */
    bool offsets;       /* log_offset: a column more */
};

/* All logs of one job that are wanted: bw, iops, slat, clat, lat, clat_hist. Says before a log if
 * it is not complete. */
void bench_logs_print(struct out *out, const struct bench_record *record,
                      const struct bench_log_names *names);

/* The marker lines, also for other files that are to be cut out. */
void bench_logs_begin(struct out *out, const char *file);
void bench_logs_end(struct out *out, const char *file);
