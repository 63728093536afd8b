/*
 * apps/bench/terse.h - results as fio's terse output, version 3: one line a job, fields between
 * semicolons, latencies in microseconds. 121 fields, and 9 for each disk. Pure.
 */
#pragma once

#include "apps/bench/disk_stats.h"
#include "apps/bench/report.h"
#include "lib/out.h"

/* The line of one job or group. The version has no place for trims and none for percentiles of
 * slat and lat. */
void bench_terse_unit(struct out *out, const struct bench_report_unit *unit,
                      const struct bench_report_group *group, const struct bench_disks *disks);
