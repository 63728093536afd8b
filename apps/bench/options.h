/*
 * apps/bench/options.h - what a person may ask of a benchmark, in one table that parses the words,
 * supplies the defaults, and explains itself. Names, defaults and meanings are fio's.
 *
 * Only words are judged here; whether a job makes sense on a certain disk is job.h's matter.
 * Everything is plain memory. CPU 0 only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "lib/out.h"

#define BENCH_NAME_BYTES 48
#define BENCH_FILENAME_BYTES 64
#define BENCH_MAX_PERCENTILES 20
#define BENCH_MAX_JOBS 16 /* sections; each may be cloned by numjobs */

enum bench_rw { BENCH_READ, BENCH_WRITE, BENCH_RANDREAD, BENCH_RANDWRITE, BENCH_RW, BENCH_RANDRW };
enum bench_wait { BENCH_POLL, BENCH_IRQ };
enum bench_eta { BENCH_ETA_AUTO, BENCH_ETA_ALWAYS, BENCH_ETA_NEVER };

/* A number of bytes, or a part of the device. */
struct bench_extent {
    bool given;
    bool percent;   /* value is 1..100 */
    uint64_t value;
};

/* Percentiles in ascending order, as histogram.h wants them, and how many decimals to print. */
struct bench_percentiles {
    unsigned count;
    unsigned decimals;
    uint64_t value[BENCH_MAX_PERCENTILES];
};

struct bench_options {
    char name[BENCH_NAME_BYTES];
    char filename[BENCH_FILENAME_BYTES]; /* "" until it is known */
    unsigned rw;                         /* enum bench_rw */
    uint64_t bs_bytes;
    uint64_t iodepth;
    uint64_t numjobs;
    struct bench_extent size, offset, io_size;
    uint64_t number_ios; /* 0: no limit */
    uint64_t runtime_ns; /* 0: until size is done */
    uint64_t ramp_time_ns;
    bool time_based;
    bool norandommap;
    bool randrepeat;
    bool randseed_given;
    uint64_t randseed;
    uint64_t rwmixread; /* percent */
    bool group_reporting;
    bool scramble_buffers;
    bool zero_buffers;
    bool lat_accounting;
    unsigned wait; /* enum bench_wait */
    bool settle_given;
    uint64_t settle_ns;
    struct bench_percentiles percentiles;
    unsigned eta; /* enum bench_eta */
    uint64_t eta_newline_ns; /* 0: no forced line ends */
};

/* All defaults, from the table. */
void bench_options_init(struct bench_options *opt);

/* Sets one option from "--name=value", "name=value", "--name" or "name". Says on err what is wrong
 * with it and what is allowed, and on note that an option means nothing here. 0 or -EINVAL, with
 * *opt unchanged. */
int bench_options_set(struct bench_options *opt, const char *word, struct out *note,
                      struct out *err) must_check;

/* A whole command line of count words. As in fio, what comes before the first "name" counts for
 * all jobs; each further "name" begins a job. Without any name there is one job called "bench".
 * jobs: BENCH_MAX_JOBS of them. Returns how many jobs, or -EINVAL after it said why on err. */
int bench_options_parse(struct bench_options *jobs, int count, char *const *words,
                        struct out *note, struct out *err) must_check;

/* Explains one option: type, default, range, meaning. -EINVAL (and nearest name on out) if there
 * is none of that name. name NULL: all, a line each. */
int bench_options_help(const char *name, struct out *out) must_check;

/* "randread" for BENCH_RANDREAD. */
const char *bench_rw_name(unsigned rw);
bool bench_rw_reads(unsigned rw);
bool bench_rw_writes(unsigned rw);
bool bench_rw_is_random(unsigned rw);
