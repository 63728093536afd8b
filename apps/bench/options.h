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

#include "apps/bench/chooser.h"
#include "apps/bench/expression.h"
#include "apps/bench/pattern.h"
#include "lib/compiler.h"
#include "lib/out.h"

#define BENCH_NAME_BYTES 64
#define BENCH_TEXT_BYTES 128
#define BENCH_FILENAME_BYTES 256
#define BENCH_GIVEN_BYTES 2048
#define BENCH_MAX_PERCENTILES 20
#define BENCH_MAX_ZONES 256
#define BENCH_PATTERN_BYTES 512
#define BENCH_MAX_IGNORED 8 /* errors, for each of read, write and verify */
#define BENCH_MAX_JOBS 32   /* sections; each may be cloned by numjobs */
#define BENCH_MAX_CPUS 256

enum bench_rw {
    BENCH_READ, BENCH_WRITE, BENCH_RANDREAD, BENCH_RANDWRITE, BENCH_RW, BENCH_RANDRW,
    BENCH_TRIM, BENCH_RANDTRIM, BENCH_TRIMWRITE, BENCH_RANDTRIMWRITE,
};
enum bench_wait { BENCH_POLL, BENCH_IRQ, BENCH_ADAPTIVE };
enum bench_eta { BENCH_ETA_AUTO, BENCH_ETA_ALWAYS, BENCH_ETA_NEVER };
enum bench_generator { BENCH_TAUSWORTHE, BENCH_LFSR, BENCH_TAUSWORTHE64 };
enum bench_rate_process { BENCH_RATE_LINEAR, BENCH_RATE_POISSON };
enum bench_cpu_policy { BENCH_CPUS_SHARED, BENCH_CPUS_SPLIT };
enum bench_verify {
    BENCH_VERIFY_NONE, BENCH_VERIFY_CRC32C, BENCH_VERIFY_PATTERN,
    BENCH_VERIFY_CRC32C_INTEL, /* the same as crc32c */
    BENCH_VERIFY_CRC64, BENCH_VERIFY_CRC32, BENCH_VERIFY_CRC16, BENCH_VERIFY_CRC7,
    BENCH_VERIFY_NULL,
};
enum bench_unified { BENCH_UNIFIED_NONE, BENCH_UNIFIED_MIXED, BENCH_UNIFIED_BOTH };
enum bench_unit_base { BENCH_UNIT_AUTO, BENCH_UNIT_BYTES, BENCH_UNIT_BITS };
enum bench_kb_base { BENCH_KB_1024, BENCH_KB_1000 }; /* what k is, and what stands first */
enum bench_continue { /* bits of continue_on_error */
    BENCH_CONTINUE_READ = 1, BENCH_CONTINUE_WRITE = 2, BENCH_CONTINUE_VERIFY = 4,
};
enum bench_output { /* bits of output_formats */
    BENCH_OUTPUT_NORMAL = 1, BENCH_OUTPUT_JSON = 2, BENCH_OUTPUT_JSON_PLUS = 4,
    BENCH_OUTPUT_TERSE = 8,
};

/* A number of bytes, or a part of the device. */
struct bench_extent {
    bool given;
    bool percent;   /* value is 1..100 */
    uint64_t value;
};

/* Both are bytes; equal for one size. */
struct bench_range {
    uint64_t min, max;
};

/* Percentiles in ascending order, as histogram.h wants them, and how many decimals to print. */
struct bench_percentiles {
    unsigned count;
    unsigned decimals;
    uint64_t value[BENCH_MAX_PERCENTILES];
};

/* Of bssplit: percents that add up to 100. count 0: none given. */
struct bench_splits {
    unsigned count;
    struct bench_size_split split[BENCH_CHOOSER_MAX_SPLITS];
};

/* Of random_distribution. */
struct bench_distribution_choice {
    enum bench_distribution kind;
    double param;      /* theta, h, or the deviation in percent */
    double center;     /* 0 .. 1; negative: none was given */
    unsigned zone_count;
    struct bench_zone zone[BENCH_MAX_ZONES];
};

/* Of steadystate. */
struct bench_steadystate {
    bool given;
    bool bandwidth, slope, percent; /* as in struct bench_steady_config */
    double limit;
};

/* Of verify_pattern and buffer_pattern: bytes that repeat; where offset_at has a bit set, eight
 * bytes are the block's own offset on the disk, little-endian ("%o"). */
struct bench_bytes {
    unsigned count; /* 0: none given */
    uint8_t byte[BENCH_PATTERN_BYTES];
    uint64_t offset_at[BENCH_PATTERN_BYTES / 64];
};

struct bench_cpus {
    bool given;
    uint64_t mask[BENCH_MAX_CPUS / 64];
};

/* Of ignore_error: positive errno values, 0 at the end of a list. */
struct bench_ignored {
    uint16_t read[BENCH_MAX_IGNORED], write[BENCH_MAX_IGNORED], verify[BENCH_MAX_IGNORED];
};

/* What was said, word by word and in order, "name=value" each with a NUL behind it; flags without
 * a value have no "=". The first global_bytes of it came from [global]. */
struct bench_given {
    unsigned bytes, global_bytes;
    char text[BENCH_GIVEN_BYTES];
};

struct bench_options {
    char name[BENCH_NAME_BYTES];
    char description[BENCH_TEXT_BYTES];
    char filename[BENCH_FILENAME_BYTES]; /* "" until it is known */

    /* what */
    unsigned rw;                         /* enum bench_rw */
    uint64_t rw_every;                   /* rw=randX:N: a new place every N I/Os; 0: each */
    uint64_t rw_hole_bytes;              /* rw=X:N: left out after each sequential I/O */
    uint64_t bs_bytes;                   /* the largest that occurs; set by bench_job_prepare() */
    struct bench_range bs[BENCH_DIRS];   /* of bs and bsrange */
    struct bench_splits bssplit[BENCH_DIRS];
    uint64_t blockalign[BENCH_DIRS];     /* bytes; 0: not given */
    uint64_t rwmixread;                  /* percent */
    uint64_t percentage_random[BENCH_DIRS];

    /* where and how much */
    struct bench_extent size, offset, io_size, offset_increment;
    uint64_t number_ios;                 /* 0: no limit */
    uint64_t loops;
    uint64_t runtime_ns;                 /* 0: until size is done */
    uint64_t ramp_time_ns;
    bool time_based;

    /* order */
    bool norandommap;
    bool randrepeat, allrandrepeat;
    bool randseed_given;
    uint64_t randseed;
    unsigned random_generator;           /* enum bench_generator */
    struct bench_distribution_choice distribution;

    /* depth, jobs, CPUs */
    uint64_t iodepth;
    uint64_t iodepth_batch;              /* 0: as many as fit */
    uint64_t iodepth_batch_complete_min;
    uint64_t iodepth_batch_complete_max; /* 0: no limit */
    uint64_t iodepth_low;                /* 0: iodepth */
    bool serialize_overlap;
    uint64_t numjobs;
    bool stonewall, new_group, group_reporting;
    struct bench_cpus cpus_allowed;
    unsigned cpus_allowed_policy;        /* enum bench_cpu_policy */
    unsigned wait;                       /* enum bench_wait */
    bool settle_given;
    uint64_t settle_ns;

    /* pace */
    uint64_t rate_bytes[BENCH_DIRS], rate_min_bytes[BENCH_DIRS]; /* per second; 0: none */
    uint64_t rate_iops[BENCH_DIRS], rate_iops_min[BENCH_DIRS];
    uint64_t rate_cycle_ns;
    unsigned rate_process;               /* enum bench_rate_process */
    uint64_t thinktime_ns, thinktime_blocks, thinktime_iotime_ns;
    uint64_t latency_target_ns, latency_window_ns;
    uint64_t latency_percentile;         /* in HISTOGRAM_PERCENT */
    bool latency_run;
    uint64_t max_latency_ns;             /* 0: any */
    struct bench_steadystate steadystate;
    uint64_t ss_dur_ns, ss_ramp_ns;
    uint64_t fsync, fdatasync;           /* a flush after this many writes; 0: none */
    bool end_fsync;

    /* contents */
    bool scramble_buffers, zero_buffers, refill_buffers;
    uint64_t buffer_compress_percentage; /* 0: not asked for */
    uint64_t buffer_compress_chunk;      /* bytes */
    struct bench_bytes buffer_pattern;

    /* verifying */
    unsigned verify;                     /* enum bench_verify */
    bool do_verify, verify_fatal, verify_dump, verify_only;
    struct bench_bytes verify_pattern;
    uint64_t verify_interval;            /* bytes; 0: the block size */
    uint64_t verify_backlog, verify_backlog_batch;
    bool verify_state_save, verify_state_load;
    uint64_t trim_percentage;            /* of the writes that are trimmed and then verified */
    uint64_t trim_backlog, trim_backlog_batch;
    bool trim_verify_zero;

    /* errors */
    unsigned continue_on_error;          /* enum bench_continue, or-ed */
    struct bench_ignored ignore_error;

    /* figures */
    bool lat_accounting;
    bool clat_percentiles, lat_percentiles, slat_percentiles;
    struct bench_percentiles percentiles;
    unsigned unified_rw_reporting;       /* enum bench_unified */
    uint64_t significant_figures;
    unsigned unit_base;                  /* enum bench_unit_base */
    unsigned kb_base;                    /* enum bench_kb_base */
    char write_bw_log[BENCH_NAME_BYTES]; /* prefixes; "": no log, as in the next three */
    char write_lat_log[BENCH_NAME_BYTES];
    char write_iops_log[BENCH_NAME_BYTES];
    char write_hist_log[BENCH_NAME_BYTES];
    uint64_t log_avg_ns;                 /* 0: each I/O */
    bool log_max_value, log_offset, per_job_logs;
    uint64_t log_hist_ns;
    uint64_t log_hist_coarseness;
    unsigned output_formats;             /* enum bench_output, or-ed */
    unsigned eta;                        /* enum bench_eta */
    uint64_t eta_newline_ns;             /* 0: no forced line ends */
    uint64_t status_interval_ns;         /* 0: no report before the end */
    bool plot;                           /* a histogram and a line of IOPS over time as text */
    bool health;                         /* temperature and throttling sampled beside IOPS */

    struct bench_given given;
};

/* What $ncpus and the like mean in values from now on; 1, 4096 and 0 before. */
void bench_options_set_variables(const struct bench_variables *variables);

/* All defaults, from the table. */
void bench_options_init(struct bench_options *opt);

/* Sets one option from "--name=value", "name=value", "--name" or "name". Says on err what is wrong
 * with it and what is allowed (one line). An option that means nothing here is written to note,
 * as "name=value" and a newline. kb_base counts for the sizes that the same section had before it,
 * too. 0 or -EINVAL, with *opt unchanged but after a kb_base that makes one of them too large. */
int bench_options_set(struct bench_options *opt, const char *word, struct out *note,
                      struct out *err) must_check;

/* A whole command line of count words. As in fio, what comes before the first "name" counts for
 * all jobs; each further "name" begins a job. Without any name there is one job called "bench".
 * jobs: BENCH_MAX_JOBS of them. Returns how many jobs, or -EINVAL after it said why on err. */
int bench_options_parse(struct bench_options *jobs, int count, char *const *words,
                        struct out *note, struct out *err) must_check;

/* Is the name of this word ("--bs=4k", "time_based") one of an option, of whatever kind? */
bool bench_options_known(const char *word);

/* Was this option (by its first name) set, rather than left at its default? */
bool bench_options_given(const struct bench_options *opt, const char *name);

/* The name and value that follow place at in opt->given; start with at 0. value is NULL for a flag
 * that was given none; name is up to name_bytes. Returns the next place, 0 after the last. */
unsigned bench_given_next(const struct bench_given *given, unsigned at, char *name,
                          unsigned name_bytes, const char **value);

/* Explains one option: type, default, range, meaning. -EINVAL (and the nearest name on err) if
 * there is none of that name. name NULL: all, a line each. */
int bench_options_help(const char *name, struct out *out, struct out *err) must_check;

/* "randread" for BENCH_RANDREAD. */
const char *bench_rw_name(unsigned rw);
bool bench_rw_reads(unsigned rw);
bool bench_rw_writes(unsigned rw); /* trims are not writes here */
bool bench_rw_trims(unsigned rw);
bool bench_rw_uses(unsigned rw, enum bench_dir dir);
bool bench_rw_is_random(unsigned rw);
