/*
 * apps/bench/json.h - results as fio 3.33's JSON and json+: same keys, same order, same spelling.
 * On the console a document stands between two marker lines, so that tools/capture finds it.
 *
 * Pure: numbers in, text out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/disk_stats.h"
#include "apps/bench/report.h"
#include "lib/json.h"
#include "lib/out.h"

#define BENCH_JSON_BEGIN "-----BEGIN FIO JSON-----\n"
#define BENCH_JSON_END "-----END FIO JSON-----\n"

struct bench_json {
    struct json json;
    bool bins;            /* json+ */
    bool jobs_open;
    uint64_t elapsed_ns;  /* of the whole run */
    unsigned global_bytes; /* of the options that the document has as global */
};

/* Up to the list of jobs. now_ns: since power-on, which is all the appliance knows of time: the
 * document is dated from 1970. elapsed_ns: since the run began.
 * globals: the options of any job, for those that came from [global]. */
void bench_json_begin(struct bench_json *doc, struct out *out, bool bins, uint64_t now_ns,
                      uint64_t elapsed_ns, const struct bench_given *globals);

/* One job or group. */
void bench_json_unit(struct bench_json *doc, const struct bench_report_unit *unit,
                     const struct bench_report_group *group);

/* One disk, after all units. */
void bench_json_disk(struct bench_json *doc, const struct bench_disk_stats *disk);

void bench_json_end(struct bench_json *doc);
