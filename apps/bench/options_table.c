/*
 * apps/bench/options_table.c - the table of options: what each is called, may be, and means.
 */
#include "apps/bench/options_table.h"

#define FIELD(f) .offset = (uint16_t)offsetof(struct bench_options, f)
#define GIVEN(f) .given_offset = (uint16_t)offsetof(struct bench_options, f)
#define IGNORED(n, why) { .name = n, .type = OPTION_IGNORED, .help = why }
#define ABSENT(n, why) { .name = n, .type = OPTION_ABSENT, .help = why }

#define DEFAULT_PERCENTILES "1:5:10:20:30:40:50:60:70:80:90:95:99:99.50:99.90:99.95:99.99"
#define YEAR_NS (366 * 86400 * NS_PER_S)
#define ANY UINT64_MAX

const char *const bench_rw_words[] = {"read", "write", "randread", "randwrite", "rw", "randrw",
                                      "trim", "randtrim", "trimwrite", "randtrimwrite", NULL};
static const char *const wait_words[] = {"poll", "irq", "adaptive", NULL};
static const char *const eta_words[] = {"auto", "always", "never", NULL};
static const char *const generator_words[] = {"tausworthe", "lfsr", "tausworthe64", NULL};
static const char *const process_words[] = {"linear", "poisson", NULL};
static const char *const policy_words[] = {"shared", "split", NULL};
static const char *const verify_words[] = {"none", "crc32c", "pattern", "crc32c-intel",
                                           "crc64", "crc32", "crc16", "crc7", "null", NULL};
static const char *const unified_words[] = {"none", "mixed", "both", NULL};
static const char *const unit_base_words[] = {"0", "8", "1", NULL};
static const char *const kb_base_words[] = {"1024", "1000", NULL};
static const char *const continue_words[] = {"none", "read", "write", "io", "verify", "all", NULL};
static const unsigned continue_bits[] = {
    0, BENCH_CONTINUE_READ, BENCH_CONTINUE_WRITE, BENCH_CONTINUE_READ | BENCH_CONTINUE_WRITE,
    BENCH_CONTINUE_VERIFY, BENCH_CONTINUE_READ | BENCH_CONTINUE_WRITE | BENCH_CONTINUE_VERIFY,
};
static const char *const output_words[] = {"normal", "json", "json+", "terse", NULL};
static const unsigned output_bits[] = {BENCH_OUTPUT_NORMAL, BENCH_OUTPUT_JSON,
                                       BENCH_OUTPUT_JSON_PLUS, BENCH_OUTPUT_TERSE};

static const char why_engine[] = "this is always direct NVMe, without an operating system";
static const char why_process[] = "there are no processes, users or files here";
static const char why_cache[] = "there is no page cache";
static const char why_buffers[] = "buffers are always aligned device memory";
static const char why_clock[] = "the clock is the TSC";
static const char why_nodes[] = "memory is not bound to nodes";
static const char why_zoned[] = "zoned namespaces and strided regions are not known here";
static const char why_trace[] = "traces of I/O are neither written nor replayed";
static const char why_dedupe[] = "contents have no wanted number of duplicates";
static const char why_command[] = "I/O is read, write, flush and deallocate, without metadata";
static const char why_flow[] = "jobs do not wait for one another but by stonewall";

const struct option bench_option_table[] = {
    /* what */
    {"name", NULL, OPTION_TEXT, FIELD(name), .text = "bench", .max = BENCH_NAME_BYTES,
     .help = "what the job is called in the report; on a command line each name begins a job"},
    {"description", NULL, OPTION_TEXT, FIELD(description), .text = "", .max = BENCH_TEXT_BYTES,
     .help = "a text for the report"},
    {"filename", NULL, OPTION_TEXT, FIELD(filename), .text = "", .max = BENCH_FILENAME_BYTES,
     .help = "disk or partition: nvme0n1, /dev/nvme0n1p1, a serial number; several with colons, "
             "each with the job for itself; may be left out if there is one disk"},
    {"rw", "readwrite", OPTION_RW, FIELD(rw), .text = "read", .words = bench_rw_words,
     .help = "direction and order; randread:8 takes a new random place every 8 I/Os, read:8k "
             "leaves 8 KiB out after each"},
    {"bs", "blocksize", OPTION_BLOCK_SIZES, FIELD(bs), .text = "4k", .min = 512, .max = 64 * MIB,
     .help = "bytes of one I/O, a multiple of the disk's block size; read,write,trim"},
    {"bsrange", "blocksize_range", OPTION_BLOCK_RANGES, FIELD(bs), .min = 512, .max = 64 * MIB,
     .help = "smallest and largest size, as in 4k-64k; read,write,trim"},
    {"bssplit", NULL, OPTION_SPLITS, FIELD(bssplit), .min = 512, .max = 64 * MIB,
     .help = "sizes and how many percent of the I/Os have each, as in 4k/70:64k/30"},
    {"blockalign", "ba", OPTION_SIZES, FIELD(blockalign), .min = 512, .max = 64 * MIB,
     .help = "random places are multiples of this, not of bs; turns the random map off"},
    {"rwmixread", NULL, OPTION_NUMBER, FIELD(rwmixread), .text = "50", .max = 100,
     .help = "percent of reads in a mixed job"},
    {"rwmixwrite", NULL, OPTION_NUMBER, FIELD(rwmixread), .max = 100,
     .help = "percent of writes in a mixed job; the later of the two options wins"},

    /* where and how much */
    {"size", NULL, OPTION_EXTENT, FIELD(size), .min = 512, .max = ANY,
     .help = "the region of each job, and how much it does; the whole device if left out"},
    {"offset", "fileoffset", OPTION_EXTENT, FIELD(offset), .max = ANY,
     .help = "where the region begins"},
    {"offset_increment", NULL, OPTION_EXTENT, FIELD(offset_increment), .max = ANY,
     .help = "the region of clone k begins k times this further on"},
    {"io_size", "io_limit", OPTION_EXTENT, FIELD(io_size), .min = 512, .max = ANY,
     .help = "how much I/O to do if not as much as the region is large; it wraps around"},
    {"number_ios", NULL, OPTION_NUMBER, FIELD(number_ios), .max = ANY,
     .help = "end after this many I/Os, if nothing else ended the job; 0 is no limit"},
    {"loops", NULL, OPTION_NUMBER, FIELD(loops), .text = "1", .min = 1, .max = UINT32_MAX,
     .help = "do it all this many times"},
    {"runtime", "timeout", OPTION_TIME, FIELD(runtime_ns), .max = YEAR_NS, .unit_ns = NS_PER_S,
     .help = "end after this time, in seconds or with a unit; 0 is no limit"},
    {"time_based", NULL, OPTION_FLAG, FIELD(time_based),
     .help = "begin the region again until runtime is over"},
    {"ramp_time", NULL, OPTION_TIME, FIELD(ramp_time_ns), .max = YEAR_NS, .unit_ns = NS_PER_S,
     .help = "run this long, in addition, before anything is measured"},

    /* order */
    {"norandommap", NULL, OPTION_FLAG, FIELD(norandommap),
     .help = "random offsets may repeat; without it each block comes exactly once in a pass"},
    {"random_generator", NULL, OPTION_CHOICE, FIELD(random_generator), .text = "tausworthe",
     .words = generator_words,
     .help = "all three visit every block once by a permutation that needs no map"},
    {"randseed", NULL, OPTION_NUMBER, FIELD(randseed), GIVEN(randseed_given), .max = ANY,
     .help = "seed of the random offsets and of the mix"},
    {"randrepeat", NULL, OPTION_FLAG, FIELD(randrepeat), .text = "1",
     .help = "the same offsets in each run; 0 seeds from the clock"},
    {"allrandrepeat", NULL, OPTION_FLAG, FIELD(allrandrepeat),
     .help = "contents and sizes repeat too; they do here whenever randrepeat is set"},
    {"percentage_random", NULL, OPTION_NUMBERS, FIELD(percentage_random), .text = "100",
     .max = 100, .help = "percent of a random job's I/Os that go to a random place; "
                         "read,write,trim"},
    {"random_distribution", NULL, OPTION_DISTRIBUTION, FIELD(distribution),
     .help = "random, zipf:THETA[:CENTER], pareto:H[:CENTER], normal:PERCENT[:CENTER], "
             "zoned:ACCESS/SIZE:... in percent, zoned_abs:ACCESS/BYTES:..."},

    /* depth, jobs, CPUs */
    {"iodepth", NULL, OPTION_NUMBER, FIELD(iodepth), .text = "1", .min = 1, .max = 65535,
     .help = "I/Os each job keeps in flight"},
    {"iodepth_batch", "iodepth_batch_submit", OPTION_NUMBER, FIELD(iodepth_batch), .max = 65535,
     .help = "I/Os of one doorbell at most; 0 is as many as there are (in fio the default is 1)"},
    {"iodepth_batch_complete_min", "iodepth_batch_complete", OPTION_NUMBER,
     FIELD(iodepth_batch_complete_min), .text = "1", .max = 65535,
     .help = "completions to wait for before new I/Os are started"},
    {"iodepth_batch_complete_max", NULL, OPTION_NUMBER, FIELD(iodepth_batch_complete_max),
     .max = 65535, .help = "completions of one reaping at most; 0 is no limit"},
    {"iodepth_low", NULL, OPTION_NUMBER, FIELD(iodepth_low), .max = 65535,
     .help = "once the queue was full, fill it again only below this depth; 0 is iodepth"},
    {"serialize_overlap", NULL, OPTION_FLAG, FIELD(serialize_overlap),
     .help = "never two I/Os in flight that touch the same blocks"},
    {"numjobs", NULL, OPTION_NUMBER, FIELD(numjobs), .text = "1", .min = 1, .max = 256,
     .help = "clones of the job, each on a CPU of its own while there are enough"},
    {"stonewall", "wait_for_previous", OPTION_FLAG, FIELD(stonewall),
     .help = "begin when all jobs before this one have ended; also begins a reporting group"},
    {"new_group", NULL, OPTION_FLAG, FIELD(new_group), .help = "begin a reporting group"},
    {"group_reporting", NULL, OPTION_FLAG, FIELD(group_reporting),
     .help = "one result for all jobs of a group together"},
    {"cpus_allowed", NULL, OPTION_CPUS, FIELD(cpus_allowed),
     .help = "CPUs the job may run on, as in 0,2,4-7"},
    {"cpus_allowed_policy", NULL, OPTION_CHOICE, FIELD(cpus_allowed_policy), .text = "shared",
     .words = policy_words, .help = "a clone stays on one CPU here, so both mean split"},
    {"wait", NULL, OPTION_CHOICE, FIELD(wait), .text = "poll", .words = wait_words,
     .help = "spin on the completion queue, or sleep until the interrupt, or spin first"},
    {"settle_ns", NULL, OPTION_TIME, FIELD(settle_ns), GIVEN(settle_given),
     .max = 10 * NS_PER_US, .unit_ns = 1,
     .help = "pause between a completion and the next doorbell at depth 1; for emulated disks, "
             "where the best one is searched for unless it is given"},

    /* pace */
    {"rate", NULL, OPTION_SIZES, FIELD(rate_bytes), .max = ANY,
     .help = "at most this many bytes per second; read,write,trim"},
    {"rate_min", "ratemin", OPTION_SIZES, FIELD(rate_min_bytes), .max = ANY,
     .help = "end with an error below this many bytes per second; read,write,trim"},
    {"rate_iops", NULL, OPTION_NUMBERS, FIELD(rate_iops), .max = ANY,
     .help = "at most this many I/Os per second; read,write,trim"},
    {"rate_iops_min", NULL, OPTION_NUMBERS, FIELD(rate_iops_min), .max = ANY,
     .help = "end with an error below this many I/Os per second; read,write,trim"},
    {"rate_cycle", "ratecycle", OPTION_TIME, FIELD(rate_cycle_ns), .text = "1000",
     .max = 3600 * NS_PER_S, .unit_ns = NS_PER_MS,
     .help = "rate_min and rate_iops_min are looked at once in this many milliseconds"},
    {"rate_process", NULL, OPTION_CHOICE, FIELD(rate_process), .text = "linear",
     .words = process_words,
     .help = "poisson: I/Os arrive at random with the mean rate, and wait for none before them"},
    {"thinktime", NULL, OPTION_TIME, FIELD(thinktime_ns), .max = 3600 * NS_PER_S,
     .unit_ns = NS_PER_US, .help = "microseconds to pause after thinktime_blocks I/Os"},
    {"thinktime_blocks", NULL, OPTION_NUMBER, FIELD(thinktime_blocks), .text = "1", .min = 1,
     .max = ANY, .help = "I/Os between two pauses"},
    {"thinktime_iotime", NULL, OPTION_TIME, FIELD(thinktime_iotime_ns), .max = YEAR_NS,
     .unit_ns = NS_PER_S, .help = "pause after this time of I/O instead"},
    {"latency_target", NULL, OPTION_TIME, FIELD(latency_target_ns), .max = 3600 * NS_PER_S,
     .unit_ns = NS_PER_US,
     .help = "search the largest depth whose I/Os take at most this many microseconds"},
    {"latency_window", NULL, OPTION_TIME, FIELD(latency_window_ns), .max = 3600 * NS_PER_S,
     .unit_ns = NS_PER_US, .help = "how long latency_target looks at a depth, in microseconds"},
    {"latency_percentile", NULL, OPTION_PERCENTILE, FIELD(latency_percentile), .text = "100",
     .help = "percent of the I/Os that must keep latency_target"},
    {"latency_run", NULL, OPTION_FLAG, FIELD(latency_run),
     .help = "go on with the depth that was found until the job's end"},
    {"max_latency", NULL, OPTION_TIME, FIELD(max_latency_ns), .max = 3600 * NS_PER_S,
     .unit_ns = NS_PER_US, .help = "end with an error if an I/O takes longer, in microseconds"},
    {"steadystate", "ss", OPTION_STEADY, FIELD(steadystate),
     .help = "end when steady: iops:2%, bw:1m, iops_slope:0.1%, bw_slope:0.1%"},
    {"steadystate_duration", "ss_dur", OPTION_TIME, FIELD(ss_dur_ns), .max = 3600 * NS_PER_S,
     .unit_ns = NS_PER_S, .help = "the window that must be steady, in seconds"},
    {"steadystate_ramp_time", "ss_ramp", OPTION_TIME, FIELD(ss_ramp_ns), .max = YEAR_NS,
     .unit_ns = NS_PER_S, .help = "look for a steady state only after this time, in seconds"},
    {"fsync", NULL, OPTION_NUMBER, FIELD(fsync), .max = UINT32_MAX,
     .help = "an NVMe Flush after this many writes; 0 is none"},
    {"fdatasync", NULL, OPTION_NUMBER, FIELD(fdatasync), .max = UINT32_MAX,
     .help = "the same as fsync here"},
    {"end_fsync", NULL, OPTION_FLAG, FIELD(end_fsync), .help = "an NVMe Flush at the end"},

    /* contents */
    {"scramble_buffers", NULL, OPTION_FLAG, FIELD(scramble_buffers), .text = "1",
     .help = "change a few bytes of each 4 KiB that are written, against deduplication"},
    {"zero_buffers", NULL, OPTION_FLAG, FIELD(zero_buffers),
     .help = "write zeroes instead of random data"},
    {"refill_buffers", NULL, OPTION_FLAG, FIELD(refill_buffers),
     .help = "new random data for each write"},
    {"buffer_pattern", NULL, OPTION_BYTES, FIELD(buffer_pattern),
     .help = "write these bytes again and again: 0xdeadbeef, \"text\", a number, joined by -"},
    {"buffer_compress_percentage", NULL, OPTION_NUMBER, FIELD(buffer_compress_percentage),
     .max = 100, .help = "percent of each chunk that can be compressed away"},
    {"buffer_compress_chunk", NULL, OPTION_SIZE, FIELD(buffer_compress_chunk), .text = "512",
     .min = 8, .max = 64 * MIB, .help = "bytes of a chunk of buffer_compress_percentage"},

    /* verifying */
    {"verify", NULL, OPTION_CHOICE, FIELD(verify), .text = "none", .words = verify_words,
     .help = "write blocks that can be checked, and check what is read; crc32c has a header in "
             "each block that also tells misplaced and stale blocks"},
    {"do_verify", NULL, OPTION_FLAG, FIELD(do_verify), .text = "1",
     .help = "read back and check after the writes"},
    {"verify_fatal", NULL, OPTION_FLAG, FIELD(verify_fatal), .help = "end at the first difference"},
    {"verify_dump", NULL, OPTION_FLAG, FIELD(verify_dump),
     .help = "show the bytes that were read and those expected"},
    {"verify_only", NULL, OPTION_FLAG, FIELD(verify_only),
     .help = "check what the same job wrote earlier, without writing"},
    {"verify_pattern", NULL, OPTION_BYTES, FIELD(verify_pattern),
     .help = "the bytes that are written: 0xdeadbeef, \"text\", a number, %o for the block's "
             "offset, joined by -"},
    {"verify_interval", "header_interval", OPTION_SIZE, FIELD(verify_interval), .max = 64 * MIB,
     .help = "a header every so many bytes; 0 is the block size"},
    {"verify_backlog", NULL, OPTION_NUMBER, FIELD(verify_backlog), .max = UINT32_MAX,
     .help = "check while writing, as soon as this many blocks are written; 0 is afterwards"},
    {"verify_backlog_batch", NULL, OPTION_NUMBER, FIELD(verify_backlog_batch), .max = UINT32_MAX,
     .help = "how many of the backlog are checked at a time; 0 is all"},
    {"verify_state_save", NULL, OPTION_FLAG, FIELD(verify_state_save),
     .help = "0 only: files cannot be written (in fio the default is 1)"},
    {"verify_state_load", NULL, OPTION_FLAG, FIELD(verify_state_load),
     .help = "go on from a saved state"},
    {"trim_percentage", NULL, OPTION_NUMBER, FIELD(trim_percentage), .max = 100,
     .help = "percent of the written blocks that are trimmed again before they are checked"},
    {"trim_verify_zero", NULL, OPTION_FLAG, FIELD(trim_verify_zero),
     .help = "trimmed blocks must read as zeroes"},
    {"trim_backlog", NULL, OPTION_NUMBER, FIELD(trim_backlog), .max = UINT32_MAX,
     .help = "trim when this many blocks are written"},
    {"trim_backlog_batch", NULL, OPTION_NUMBER, FIELD(trim_backlog_batch), .max = UINT32_MAX,
     .help = "how many of the backlog are trimmed at a time"},

    /* errors */
    {"continue_on_error", NULL, OPTION_BITS, FIELD(continue_on_error), .text = "none",
     .words = continue_words, .bits = continue_bits,
     .help = "count errors of this kind instead of ending the job"},
    {"ignore_error", NULL, OPTION_ERRORS, FIELD(ignore_error),
     .help = "errors that are none, for read,write,verify, as in EIO:ENODATA,ENOSPC"},

    /* figures */
    {"lat_accounting", NULL, OPTION_FLAG, FIELD(lat_accounting), .text = "1",
     .help = "0 measures no latencies, to show what measuring them costs"},
    {"clat_percentiles", NULL, OPTION_FLAG, FIELD(clat_percentiles), .text = "1",
     .help = "percentiles of completion latency"},
    {"lat_percentiles", NULL, OPTION_FLAG, FIELD(lat_percentiles),
     .help = "percentiles of total latency"},
    {"slat_percentiles", NULL, OPTION_FLAG, FIELD(slat_percentiles),
     .help = "percentiles of submission latency"},
    {"percentile_list", NULL, OPTION_PERCENTILES, FIELD(percentiles), .text = DEFAULT_PERCENTILES,
     .help = "up to 20 percentiles, above 0 and at most 100, separated by colons"},
    {"unified_rw_reporting", NULL, OPTION_CHOICE, FIELD(unified_rw_reporting), .text = "none",
     .words = unified_words, .help = "one result for all directions together"},
    {"significant_figures", NULL, OPTION_NUMBER, FIELD(significant_figures), .text = "4",
     .min = 1, .max = 10, .help = "digits of rates"},
    {"unit_base", NULL, OPTION_CHOICE, FIELD(unit_base), .text = "0", .words = unit_base_words,
     .help = "8 or 0 shows rates in bytes, 1 in bits"},
    {"kb_base", NULL, OPTION_CHOICE, FIELD(kb_base), .text = "1024", .words = kb_base_words,
     .help = "1024: so much is k, and powers of it stand first in reports; 1000: k is 1000, ki "
             "1024. Counts for all sizes of its section"},
    {"write_bw_log", NULL, OPTION_TEXT, FIELD(write_bw_log), .text = "", .max = BENCH_NAME_BYTES,
     .help = "a log of bandwidth with this name's prefix; a flag takes the job's name"},
    {"write_lat_log", NULL, OPTION_TEXT, FIELD(write_lat_log), .text = "", .max = BENCH_NAME_BYTES,
     .help = "logs of latencies"},
    {"write_iops_log", NULL, OPTION_TEXT, FIELD(write_iops_log), .text = "",
     .max = BENCH_NAME_BYTES, .help = "a log of I/Os per second"},
    {"write_hist_log", NULL, OPTION_TEXT, FIELD(write_hist_log), .text = "",
     .max = BENCH_NAME_BYTES, .help = "a log of latency histograms"},
    {"log_avg_msec", NULL, OPTION_TIME, FIELD(log_avg_ns), .max = 3600 * NS_PER_S,
     .unit_ns = NS_PER_MS, .help = "one line of a log for so many milliseconds; 0 is each I/O"},
    {"log_max_value", "log_window_value", OPTION_FLAG, FIELD(log_max_value),
     .help = "the largest value of log_avg_msec, not the mean"},
    {"log_offset", NULL, OPTION_FLAG, FIELD(log_offset), .help = "logs have the offset too"},
    {"per_job_logs", NULL, OPTION_FLAG, FIELD(per_job_logs), .text = "1",
     .help = "a log for each clone"},
    {"log_hist_msec", NULL, OPTION_TIME, FIELD(log_hist_ns), .max = 3600 * NS_PER_S,
     .unit_ns = NS_PER_MS, .help = "a histogram for so many milliseconds; 0 is one at the end"},
    {"log_hist_coarseness", NULL, OPTION_NUMBER, FIELD(log_hist_coarseness), .max = 6,
     .help = "each step halves the number of buckets in histogram logs"},
    {"output-format", "output_format", OPTION_BITS, FIELD(output_formats), .text = "normal",
     .words = output_words, .bits = output_bits, .help = "formats of the report, several with "
                                                         "commas; those of the first job count"},
    {"eta", NULL, OPTION_CHOICE, FIELD(eta), .text = "auto", .words = eta_words,
     .help = "the live line each second: redrawn for a person, whole lines in scripts; or never"},
    {"eta-newline", "eta_newline", OPTION_TIME, FIELD(eta_newline_ns),
     .max = 86400 * NS_PER_S, .unit_ns = NS_PER_S,
     .help = "end the live line, once in this time, so that a log keeps it"},
    {"status-interval", "status_interval", OPTION_TIME, FIELD(status_interval_ns),
     .max = 86400 * NS_PER_S, .unit_ns = NS_PER_S, .help = "a full report once in this time"},
    {"plot", NULL, OPTION_FLAG, FIELD(plot),
     .help = "also show a histogram of latency and a line of IOPS over time"},
    {"health", NULL, OPTION_FLAG, FIELD(health), .text = "1",
     .help = "read temperature and throttling of the disk beside the I/O"},

    /* fixed */
    {"bwavgtime", NULL, OPTION_FIXED, .text = "500", .help = "rates are sampled every 500 ms"},
    {"iopsavgtime", NULL, OPTION_FIXED, .text = "500", .help = "rates are sampled every 500 ms"},
    {"terse-version", NULL, OPTION_FIXED, .text = "3", .help = "the one of output-format=terse"},

    /* of fio, and of no use without an operating system */
    IGNORED("ioengine", why_engine),        IGNORED("direct", why_engine),
    IGNORED("buffered", why_engine),        IGNORED("sync", why_engine),
    IGNORED("atomic", why_engine),          IGNORED("io_submit_mode", why_engine),
    IGNORED("ioscheduler", why_engine),     IGNORED("hipri", "see wait=poll"),
    IGNORED("hipri_percentage", why_engine), IGNORED("fixedbufs", why_engine),
    IGNORED("registerfiles", why_engine),   IGNORED("sqthread_poll", why_engine),
    IGNORED("sqthread_poll_cpu", why_engine), IGNORED("nonvectored", why_engine),
    IGNORED("force_async", why_engine),     IGNORED("cmd_type", why_engine),
    IGNORED("userspace_reap", why_engine),  IGNORED("write_barrier", why_engine),
    IGNORED("sync_file_range", why_engine), IGNORED("fsync_on_close", why_engine),
    IGNORED("invalidate", why_cache),       IGNORED("pre_read", why_cache),
    IGNORED("iomem", why_buffers),          IGNORED("iomem_align", why_buffers),
    IGNORED("mem", why_buffers),            IGNORED("mem_align", why_buffers),
    IGNORED("hugepage-size", "memory is mapped one to one"),
    IGNORED("lockmem", "nothing is ever paged out"),
    IGNORED("thread", why_process),         IGNORED("nice", why_process),
    IGNORED("prio", why_process),           IGNORED("prioclass", why_process),
    IGNORED("cgroup", why_process),         IGNORED("cgroup_weight", why_process),
    IGNORED("cgroup_nodelete", why_process), IGNORED("uid", why_process),
    IGNORED("gid", why_process),            IGNORED("exec_prerun", why_process),
    IGNORED("exec_postrun", why_process),   IGNORED("fallocate", why_process),
    IGNORED("fadvise_hint", why_process),   IGNORED("write_hint", why_process),
    IGNORED("create_on_open", why_process), IGNORED("create_serialize", why_process),
    IGNORED("create_fsync", why_process),   IGNORED("create_only", why_process),
    IGNORED("overwrite", why_process),      IGNORED("file_append", why_process),
    IGNORED("unlink", why_process),         IGNORED("unlink_each_loop", why_process),
    IGNORED("nrfiles", why_process),        IGNORED("openfiles", why_process),
    IGNORED("filesize", why_process),       IGNORED("directory", why_process),
    IGNORED("opendir", why_process),        IGNORED("lockfile", why_process),
    IGNORED("filename_format", why_process), IGNORED("unique_filename", why_process),
    IGNORED("file_service_type", why_process), IGNORED("allow_file_create", why_process),
    IGNORED("allow_mounted_write", "use arm"),
    IGNORED("numa_cpu_nodes", why_nodes),   IGNORED("numa_mem_policy", why_nodes),
    IGNORED("gtod_reduce", "see lat_accounting"), IGNORED("disable_lat", "see lat_accounting"),
    IGNORED("disable_clat", "see lat_accounting"), IGNORED("disable_slat", "see lat_accounting"),
    IGNORED("disable_bw", "sampling costs nothing"),
    IGNORED("disable_bw_measurement", "sampling costs nothing"),
    IGNORED("gtod_cpu", why_clock),         IGNORED("clocksource", why_clock),
    IGNORED("disk_util", "the driver's own counters are shown"),
    IGNORED("verify_async", "blocks are checked on the job's own CPU"),
    IGNORED("verify_async_cpus", "blocks are checked on the job's own CPU"),
    IGNORED("experimental_verify", "blocks are found again by the job's own order"),
    IGNORED("error_dump", "errors are always shown"),
    IGNORED("softrandommap", "the random map needs no memory"),
    IGNORED("log_entries", "room for logs is found by itself"),
    IGNORED("log_unix_epoch", "the time of day is not known"),
    IGNORED("log_compression", "logs go to the console"),
    IGNORED("log_store_compressed", "logs go to the console"),
    IGNORED("output", "reports go to the console; tools/capture cuts them out"),
    IGNORED("log_prio", "all I/O has one priority"),
    IGNORED("log_compression_cpus", "logs go to the console"),
    IGNORED("log_alternate_epoch", "the time of day is not known"),
    IGNORED("thinktime_spin", "a pause never waits for anything else"),

    /* of fio, and not here: docs/bench.md */
    ABSENT("zonemode", why_zoned),          ABSENT("zonesize", why_zoned),
    ABSENT("zonerange", why_zoned),         ABSENT("zoneskip", why_zoned),
    ABSENT("zonecapacity", why_zoned),      ABSENT("max_open_zones", why_zoned),
    ABSENT("write_iolog", why_trace),       ABSENT("read_iolog", why_trace),
    ABSENT("dedupe_percentage", why_dedupe), ABSENT("dedupe_mode", why_dedupe),
    ABSENT("flow", why_flow),               ABSENT("flow_id", why_flow),
    ABSENT("wait_for", why_flow),           ABSENT("startdelay", why_flow),
    ABSENT("exitall_on_error", why_flow),   ABSENT("flow_sleep", why_flow),
    ABSENT("write_mode", why_command),      ABSENT("read_mode", why_command),
    ABSENT("fdp", why_command),             ABSENT("dataplacement", why_command),
    ABSENT("md_per_io_size", why_command),  ABSENT("pi_act", why_command),
    ABSENT("pi_chk", why_command),          ABSENT("replay_redirect", why_trace),
    ABSENT("replay_no_stall", why_trace),   ABSENT("dedupe_global", why_dedupe),
    ABSENT("exitall", why_flow),            ABSENT("exit_what", why_flow),
    ABSENT("rw_sequencer", "rw=MODE:N has one way to find the next place"),
    ABSENT("bs_unaligned", "a disk does only whole blocks"),
    ABSENT("bs_is_seq_rand", "give the jobs sizes of their own"),
    ABSENT("fill_device", "leave size out: the whole device is done"),
    ABSENT("verify_offset", "the header stands at the beginning of a block"),
    ABSENT("offset_align", "offset must be a multiple of the block size"),
    ABSENT("rate_ignore_thinktime", "pauses count as time in which a rate is due"),
    ABSENT("profile", "write the job itself"),
    ABSENT("cpumask", "use cpus_allowed"),
    ABSENT("client", "there is no network"), ABSENT("server", "there is no network"),
};

const unsigned bench_option_count = ARRAY_SIZE(bench_option_table);
