/*
 * tests/unit/test_apps_bench_engine_jobs.c - jobs that are not plain, whole, on the software
 * controller: what they did to the disk is counted there, when is seen in virtual time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apps/bench/careful.h"
#include "apps/bench/run.h"
#include "apps/bench/steady.h"
#include "lib/errno.h"
#include "tests/model/host_appliance.h"

#define MAX_WORDS 24

static struct host_appliance *ha;

/* A run that is looked at from inside. */
static struct bench_options *options;
static struct bench_job *jobs;
static struct bench_run run;
static struct out_buf message;
static char text[4096];

static int setup(void **state)
{
    struct host_appliance_config config = host_appliance_default_config();
    struct model_config drive = model_default_config();
    (void)state;
    config.drives = &drive;
    config.drive_count = 1;
    ha = host_appliance_create(&config);
    char line[80];
    snprintf(line, sizeof(line), "arm nvme0n1 '%s'", nvme_info(ha->app.ctrlrs[0].nvme)->serial);
    assert_int_equal(host_appliance_run(ha, line), 0);
    options = calloc(BENCH_MAX_JOBS, sizeof(*options));
    jobs = calloc(BENCH_MAX_JOBS, sizeof(*jobs));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_run_destroy(&run);
    free(options);
    free(jobs);
    host_appliance_destroy(ha);
    return 0;
}

static const struct model_counters *counters(void)
{
    return model_counters(ha->hosts[0]->model);
}

static void no_tick(void *ctx, struct bench_run *r)
{
    (void)ctx;
    (void)r;
}

/* Parses, prepares and creates; 0 or the error, with the words in text. */
static int create(const char *line)
{
    char buf[512], *words[MAX_WORDS];
    int count = 0;
    snprintf(buf, sizeof(buf), "%s", line);
    for (char *word = strtok(buf, " "); word != NULL; word = strtok(NULL, " ")) {
        words[count++] = word;
    }
    out_buf_init(&message, text, sizeof(text));
    int n = bench_options_parse(options, count, words, &message.out, &message.out);
    if (n < 0) {
        return n;
    }
    for (int i = 0; i < n; i++) {
        int rc = bench_job_prepare(&ha->app, &options[i], &jobs[i], &message.out);
        if (rc != 0) {
            return rc;
        }
    }
    bench_run_destroy(&run);
    return bench_run_create(&ha->app, jobs, (unsigned)n, &run, &message.out);
}

static const struct bench_result *result(void)
{
    return &run.tasks[0]->result;
}

static void execute(const char *line)
{
    const struct bench_hook hook = {.tick = no_tick};
    int rc = create(line);
    if (rc != 0) {
        fail_msg("%s: %d\n%s", line, rc, text);
    }
    assert_int_equal(bench_run_execute(&run, &hook, &message.out), 0);
}

static uint64_t ios(enum bench_dir dir)
{
    return result()->dir[dir].ios;
}

static uint64_t bytes(enum bench_dir dir)
{
    return result()->dir[dir].bytes;
}

/* --- trims ------------------------------------------------------------------------------------ */

static void trims_deallocate_each_block_once(void **state)
{
    (void)state;
    uint64_t before = counters()->blocks_read; /* looking for partitions */
    execute("rw=randtrim bs=64k size=4m iodepth=8");
    assert_int_equal(result()->err, 0);
    assert_int_equal(ios(BENCH_DIR_TRIM), 64);
    assert_int_equal(counters()->deallocations, 64);
    assert_int_equal(counters()->blocks_deallocated, 8192);
    assert_int_equal(counters()->blocks_read - before + counters()->blocks_written, 0);
    execute("rw=trim bs=1m size=4m");
    assert_int_equal(counters()->deallocations, 68);
}

static void trimwrite_trims_and_then_writes(void **state)
{
    uint8_t block[4096], zeroes[4096] = {0};
    (void)state;
    execute("rw=randtrimwrite bs=4k size=1m iodepth=16");
    assert_int_equal(ios(BENCH_DIR_TRIM), 256);
    assert_int_equal(ios(BENCH_DIR_WRITE), 256);
    assert_int_equal(counters()->deallocations, 256);
    assert_int_equal(counters()->blocks_written, 2048);
    /* Had a write overtaken its trim, its block would now be empty. */
    for (unsigned i = 0; i < 256; i++) {
        model_media_read(ha->hosts[0]->model, 1, i * 4096ULL, block, sizeof(block));
        assert_memory_not_equal(block, zeroes, sizeof(block));
    }
}

/* --- sizes ------------------------------------------------------------------------------------ */

static void each_direction_has_its_size(void **state)
{
    (void)state;
    execute("rw=randrw bs=4k,16k norandommap io_size=16m iodepth=8");
    assert_int_equal(bytes(BENCH_DIR_READ), ios(BENCH_DIR_READ) * 4096);
    assert_int_equal(bytes(BENCH_DIR_WRITE), ios(BENCH_DIR_WRITE) * 16384);
    double share = (double)ios(BENCH_DIR_READ) / (double)(ios(BENCH_DIR_READ) +
                                                           ios(BENCH_DIR_WRITE));
    assert_true(share > 0.45 && share < 0.55);
}

static void splits_come_out_as_asked(void **state)
{
    (void)state;
    execute("rw=randread bssplit=4k/50:8k/30:16k/20 norandommap number_ios=20000 io_size=1g "
            "iodepth=32");
    assert_int_equal(ios(BENCH_DIR_READ), 20000);
    double mean = (double)bytes(BENCH_DIR_READ) / 20000 / 1024;
    assert_true(mean > 7.6 * 0.99 && mean < 7.6 * 1.01); /* 2 + 2.4 + 3.2 */
    execute("rw=randread bsrange=4k-16k norandommap io_size=1g number_ios=20000 iodepth=32");
    mean = (double)bytes(BENCH_DIR_READ) / 20000 / 1024;
    assert_true(mean > 10 * 0.99 && mean < 10 * 1.01);
}

static void sizes_that_differ_still_cover_each_block_once(void **state)
{
    uint8_t block[512], zeroes[512] = {0};
    (void)state;
    execute("rw=randwrite bssplit=512/30:4k/40:16k/30 size=2m offset=1m iodepth=8");
    assert_int_equal(bytes(BENCH_DIR_WRITE), 2 << 20);
    assert_int_equal(counters()->blocks_written, 4096); /* as many as there are, */
    for (unsigned i = 0; i < 8192; i++) {
        model_media_read(ha->hosts[0]->model, 1, i * 512ULL, block, sizeof(block));
        bool inside = i >= 2048 && i < 2048 + 4096;      /* and all of them */
        assert_true((memcmp(block, zeroes, sizeof(block)) != 0) == inside);
    }
}

static void holes_are_left(void **state)
{
    uint8_t block[4096], zeroes[4096] = {0};
    (void)state;
    execute("rw=write:4k bs=4k size=1m number_ios=100");
    for (unsigned i = 0; i < 200; i++) {
        model_media_read(ha->hosts[0]->model, 1, i * 4096ULL, block, sizeof(block));
        assert_true((memcmp(block, zeroes, sizeof(block)) != 0) == (i % 2 == 0));
    }
}

/* --- how much --------------------------------------------------------------------------------- */

static void loops_repeat(void **state)
{
    (void)state;
    execute("rw=randread size=1m loops=3 iodepth=4");
    assert_int_equal(ios(BENCH_DIR_READ), 768);
    execute("rw=read bsrange=4k-8k size=1m loops=2");
    assert_in_range(bytes(BENCH_DIR_READ), 2 << 20, (2 << 20) + 8192);
}

static void clones_begin_further_on(void **state)
{
    uint8_t block[4096], zeroes[4096] = {0};
    (void)state;
    execute("rw=write size=64k numjobs=3 offset_increment=1m iodepth=1");
    for (unsigned i = 0; i < 1024; i++) {
        model_media_read(ha->hosts[0]->model, 1, i * 4096ULL, block, sizeof(block));
        bool inside = i % 256 < 16 && i < 3 * 256;
        assert_true((memcmp(block, zeroes, sizeof(block)) != 0) == inside);
    }
    assert_int_equal(create("rw=read size=64k numjobs=100 offset_increment=1m"), -EINVAL);
    assert_non_null(strstr(text, "offset_increment"));
}

/* --- flushes ---------------------------------------------------------------------------------- */

static void flushes_are_counted(void **state)
{
    (void)state;
    execute("rw=write size=1m fsync=16 end_fsync=1 iodepth=4");
    /* After each 16 writes but the last, and at the end. */
    assert_int_equal(counters()->flushes, 16);
    assert_int_equal(result()->sync.ios, 16);
    assert_int_equal(result()->sync.lat.n, 16);
    assert_int_equal(ios(BENCH_DIR_WRITE), 256);
    execute("rw=randwrite size=1m end_fsync=1 iodepth=4");
    assert_int_equal(counters()->flushes, 17);
    execute("rw=randwrite size=1m fdatasync=100 iodepth=4");
    assert_int_equal(counters()->flushes, 19);
}

/* --- pace ------------------------------------------------------------------------------------- */

static void within(double got, double want, double percent)
{
    if (got < want * (1 - percent / 100) || got > want * (1 + percent / 100)) {
        fail_msg("%f instead of %f", got, want);
    }
}

static void rates_are_kept(void **state)
{
    (void)state;
    execute("rw=randread rate_iops=20000 runtime=1 time_based iodepth=4 norandommap");
    within((double)ios(BENCH_DIR_READ), 20000, 1);
    execute("rw=randread rate=8m runtime=1 time_based iodepth=4 bs=8k norandommap");
    within((double)bytes(BENCH_DIR_READ), 8 << 20, 1);
    execute("rw=randrw rate_iops=2000,1000 runtime=1 time_based iodepth=4 rwmixread=20");
    within((double)ios(BENCH_DIR_READ), 2000, 1); /* whatever the mix */
    within((double)ios(BENCH_DIR_WRITE), 1000, 1);
    execute("rw=randread rate_iops=10000 rate_process=poisson runtime=1 time_based iodepth=16 "
            "norandommap");
    within((double)ios(BENCH_DIR_READ), 10000, 4);
}

static void a_missed_rate_ends_the_job(void **state)
{
    (void)state;
    execute("rw=randread rate_iops_min=50000000 rate_cycle=100 runtime=5 time_based");
    assert_int_equal(result()->err, -EIO);
    assert_true(result()->run_ns < NS_PER_S);
}

static void thinking_takes_time(void **state)
{
    (void)state;
    execute("rw=randread number_ios=100 thinktime=1000 thinktime_blocks=10 iodepth=4");
    assert_int_equal(ios(BENCH_DIR_READ), 100);
    assert_in_range(result()->run_ns, 9 * NS_PER_MS, 12 * NS_PER_MS);
}

/* --- batches ---------------------------------------------------------------------------------- */

static void batches_are_bounded(void **state)
{
    (void)state;
    execute("rw=randread size=1m iodepth=32 iodepth_batch=4 iodepth_batch_complete_max=4");
    for (unsigned level = 2; level < BENCH_BATCH_LEVELS; level++) {
        assert_int_equal(result()->submit[level], 0);
        assert_int_equal(result()->complete[level], 0);
    }
    assert_int_equal(ios(BENCH_DIR_READ), 256);
    execute("rw=randread size=1m iodepth=32 iodepth_batch_complete_min=16");
    assert_true(result()->submits <= 256 / 16 + 1);
    execute("rw=randread size=1m iodepth=32 iodepth_low=1");
    assert_int_equal(ios(BENCH_DIR_READ), 256);
    assert_true(result()->submits <= 256 / 31 + 2);
}

static void overlaps_wait(void **state)
{
    (void)state;
    execute("rw=randwrite size=16k bs=4k io_size=4m norandommap iodepth=8 serialize_overlap=1");
    assert_int_equal(ios(BENCH_DIR_WRITE), 1024);
    /* Four blocks: there are never more than four in flight. */
    assert_int_equal(result()->depth[3], 0);
}

/* --- errors ----------------------------------------------------------------------------------- */

static void errors_can_be_passed_over(void **state)
{
    const struct model_rule rule = {.on = MODEL_ON_IO, .match = NVME_IO_READ, .sub = MODEL_ANY,
                                    .nth = 10, .count = 5, .action = MODEL_DO_STATUS,
                                    .value = 0x281};
    (void)state;
    model_add_rule(ha->hosts[0]->model, &rule);
    execute("rw=randread size=1m iodepth=4 continue_on_error=read");
    assert_int_equal(result()->err, 0);
    assert_int_equal(result()->errors, 5);
    assert_int_equal(result()->first_error, -ENODATA);
    assert_int_equal(ios(BENCH_DIR_READ), 251);
    model_clear_rules(ha->hosts[0]->model);
    model_add_rule(ha->hosts[0]->model, &rule);
    execute("rw=randread size=1m iodepth=4 continue_on_error=write");
    assert_int_equal(result()->err, -ENODATA);
}

static void slow_ios_end_the_job(void **state)
{
    const struct model_rule rule = {.on = MODEL_ON_IO, .match = NVME_IO_READ, .sub = MODEL_ANY,
                                    .nth = 20, .action = MODEL_DO_DELAY, .value = 5 * NS_PER_MS};
    (void)state;
    model_add_rule(ha->hosts[0]->model, &rule);
    execute("rw=randread size=1m iodepth=4 max_latency=1000");
    assert_int_equal(result()->err, -ETIMEDOUT);
    assert_true(ios(BENCH_DIR_READ) >= 20 && ios(BENCH_DIR_READ) < 2000);
}

/* --- searches --------------------------------------------------------------------------------- */

/* One command in 20 us, whatever the depth: waiting grows with it. */
static void serial_disk(void)
{
    struct host_appliance_config config = host_appliance_default_config();
    struct model_config drive = model_default_config();
    bench_run_destroy(&run);
    host_appliance_destroy(ha);
    drive.latency_ns = 1000;
    drive.fetch_burst = 1;
    drive.fetch_ns = 20000;
    config.drives = &drive;
    ha = host_appliance_create(&config);
}

static void latency_target_finds_a_depth(void **state)
{
    (void)state;
    serial_disk();
    execute("rw=randread iodepth=64 latency_target=210 latency_window=20000 "
            "latency_percentile=99 runtime=20 time_based norandommap");
    assert_int_equal(result()->err, 0);
    assert_in_range(result()->latency_depth, 7, 13);
    assert_true(result()->run_ns < NS_PER_S);
    execute("rw=randread iodepth=64 latency_target=2 latency_window=20000 runtime=20 time_based");
    assert_true(result()->latency_target_failed);
    assert_int_equal(result()->err, -ETIMEDOUT);
}

static void steadiness_ends_the_job(void **state)
{
    (void)state;
    serial_disk();
    execute("rw=randread iodepth=2 runtime=30 time_based norandommap steadystate=iops:2% ss_dur=3");
    assert_non_null(run.tasks[0]->steady);
    assert_true(run.tasks[0]->steady->attained);
    assert_int_equal(run.tasks[0]->steady->count, 3);
    assert_in_range(result()->run_ns, 3 * NS_PER_S, 4 * NS_PER_S);
    within(run.tasks[0]->steady->mean, (double)ios(BENCH_DIR_READ) * 1e9 /
                                           (double)result()->run_ns, 2);
}

/* --- waiting, several disks, figures ---------------------------------------------------------- */

static void adaptive_waiting_sleeps_when_it_is_long(void **state)
{
    struct host_appliance_config config = host_appliance_default_config();
    struct model_config drive = model_default_config();
    (void)state;
    execute("rw=randread size=1m iodepth=4 wait=adaptive"); /* 10 us */
    assert_int_equal(ios(BENCH_DIR_READ), 256);
    assert_int_equal(result()->queue.interrupts, 0);
    bench_run_destroy(&run);
    host_appliance_destroy(ha);
    drive.latency_ns = 2 * NS_PER_MS;
    config.drives = &drive;
    ha = host_appliance_create(&config);
    execute("rw=randread size=1m iodepth=1 wait=adaptive");
    assert_int_equal(ios(BENCH_DIR_READ), 256);
    assert_true(result()->queue.interrupts > 200);
    assert_true(result()->asleep_ns > result()->run_ns / 2);
}

static void several_disks_in_one_run(void **state)
{
    struct host_appliance_config config = host_appliance_default_config();
    struct model_config drives[2] = {model_default_config(), model_default_config()};
    (void)state;
    bench_run_destroy(&run);
    host_appliance_destroy(ha);
    drives[1].serial = "CAR0002";
    config.drives = drives;
    config.drive_count = 2;
    config.cpus = 3;
    config.real_time = true; /* virtual time would run on while a thread sleeps */
    ha = host_appliance_create(&config);
    uint64_t before[2]; /* they were looked through for partitions */
    for (unsigned i = 0; i < 2; i++) {
        before[i] = model_counters(ha->hosts[i]->model)->blocks_read;
    }
    execute("rw=randread size=1m name=a filename=nvme0n1 name=b filename=nvme1n1 size=2m");
    assert_int_equal(model_counters(ha->hosts[0]->model)->blocks_read - before[0], 2048);
    assert_int_equal(model_counters(ha->hosts[1]->model)->blocks_read - before[1],
                     4096);
}

static void cpus_can_be_chosen(void **state)
{
    struct host_appliance_config config = host_appliance_default_config();
    (void)state;
    bench_run_destroy(&run);
    host_appliance_destroy(ha);
    config.cpus = 4;
    config.real_time = true; /* virtual time would run on while a thread sleeps */
    ha = host_appliance_create(&config);
    execute("rw=randread size=256k numjobs=4 cpus_allowed=2-3");
    for (unsigned i = 0; i < 4; i++) {
        assert_in_range(run.tasks[i]->worker->cpu, 2, 3);
    }
    assert_int_equal(create("rw=randread size=256k cpus_allowed=9"), -EINVAL);
}

static void what_io_costs_is_counted(void **state)
{
    (void)state;
    execute("rw=randread norandommap number_ios=100000 io_size=1g iodepth=128");
    const struct bench_queue_counts *queue = &result()->queue;
    assert_int_equal(queue->commands, 100000);
    assert_true(queue->doorbells > 0 && queue->doorbells < 10000);
    assert_true(queue->timed_ios > 128 && queue->timed_ios < 10000);
    assert_true(queue->reap_ns > 0 && queue->submit_ns > 0);
}

static void figures_over_time_are_kept(void **state)
{
    uint64_t total = 0, hist = 0;
    (void)state;
    serial_disk();
    execute("rw=randread iodepth=2 runtime=1 time_based norandommap log_avg_msec=100 "
            "write_bw_log=x write_iops_log=x write_lat_log=x write_hist_log=x log_hist_msec=250");
    const struct bench_record *record = run.tasks[0]->record;
    assert_non_null(record);
    const struct bench_log *log = &record->log[BENCH_LOG_IOPS];
    assert_in_range(log->count, 9, 10);
    for (uint64_t i = 0; i < log->count; i++) {
        assert_int_equal(log->entries[i].time_ms, 100 * (i + 1));
        total += log->entries[i].value / 10;
    }
    within((double)total, (double)ios(BENCH_DIR_READ) * (double)log->count / 10, 2);
    within((double)record->log[BENCH_LOG_LAT].entries[3].value,
           stats_mean(&result()->dir[BENCH_DIR_READ].lat), 10);
    for (uint64_t i = 0; i < record->hist.count; i++) {
        for (unsigned b = 0; b < record->hist.bins; b++) {
            hist += record->hist.entries[i].count[b];
        }
    }
    assert_int_equal(hist, ios(BENCH_DIR_READ)); /* every I/O, in one window or another */
    execute("rw=randread iodepth=2 number_ios=300 write_lat_log=x");
    record = run.tasks[0]->record;
    assert_int_equal(record->log[BENCH_LOG_CLAT].count, 300);
    assert_int_equal(record->log[BENCH_LOG_CLAT].entries[7].bytes, 4096);
}

/* --- distributions ---------------------------------------------------------------------------- */

static void distributions_reach_the_disk(void **state)
{
    (void)state;
    execute("rw=randread random_distribution=zipf:1.2 number_ios=5000 iodepth=32");
    assert_int_equal(ios(BENCH_DIR_READ), 5000);
    execute("rw=randread random_distribution=zoned:60/10:30/20:8/30:2/40 number_ios=5000");
    execute("rw=randread random_distribution=normal:10 number_ios=5000 percentage_random=50");
    execute("rw=randread:8 random_generator=lfsr number_ios=1000");
    assert_int_equal(ios(BENCH_DIR_READ), 1000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(trims_deallocate_each_block_once),
        TEST(trimwrite_trims_and_then_writes),
        TEST(each_direction_has_its_size),
        TEST(splits_come_out_as_asked),
        TEST(sizes_that_differ_still_cover_each_block_once),
        TEST(holes_are_left),
        TEST(loops_repeat),
        TEST(clones_begin_further_on),
        TEST(flushes_are_counted),
        TEST(rates_are_kept),
        TEST(a_missed_rate_ends_the_job),
        TEST(thinking_takes_time),
        TEST(batches_are_bounded),
        TEST(overlaps_wait),
        TEST(errors_can_be_passed_over),
        TEST(slow_ios_end_the_job),
        TEST(latency_target_finds_a_depth),
        TEST(steadiness_ends_the_job),
        TEST(adaptive_waiting_sleeps_when_it_is_long),
        TEST(several_disks_in_one_run),
        TEST(cpus_can_be_chosen),
        TEST(what_io_costs_is_counted),
        TEST(figures_over_time_are_kept),
        TEST(distributions_reach_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
