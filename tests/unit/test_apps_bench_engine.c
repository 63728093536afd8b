/*
 * tests/unit/test_apps_bench_engine.c - the command `bench`, whole, on the software controller:
 * what it did to the disk is counted there, what it says is read from the shell's output.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_appliance.h"

static struct host_appliance *ha;

static int setup(void **state)
{
    (void)state;
    ha = host_appliance_create(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

static void replace(const struct host_appliance_config *config)
{
    host_appliance_destroy(ha);
    ha = host_appliance_create(config);
}

static void arm(void)
{
    char line[80];
    snprintf(line, sizeof(line), "arm nvme0n1 '%s'", nvme_info(ha->app.ctrlrs[0].nvme)->serial);
    assert_int_equal(host_appliance_run(ha, line), 0);
}

static const struct model_counters *counters(void)
{
    return model_counters(ha->hosts[0]->model);
}

static void run(const char *line)
{
    int rc = host_appliance_run(ha, line);
    if (rc != 0) {
        fail_msg("%s: %d\n%s", line, rc, ha->text);
    }
}

static void refuse(const char *line, int err, const char *text)
{
    uint64_t before = counters()->io_commands;
    int rc = host_appliance_run(ha, line);
    if (rc != err || strstr(ha->text, text) == NULL) {
        fail_msg("%s: %d\n%s", line, rc, ha->text);
    }
    assert_int_equal(counters()->io_commands, before);
}

static void has(const char *text)
{
    if (strstr(ha->text, text) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", text, ha->text);
    }
}

static void has_not(const char *text)
{
    if (strstr(ha->text, text) != NULL) {
        fail_msg("\"%s\" is in:\n%s", text, ha->text);
    }
}

/* The numbers of a line, after text; how many were found. */
static void numbers_after(const char *text, const char *format, unsigned *a, unsigned *b)
{
    const char *at = strstr(ha->text, text);
    if (at == NULL || sscanf(at + strlen(text), format, a, b) != 2) {
        fail_msg("no \"%s%s\" in:\n%s", text, format, ha->text);
    }
}

static void random_reads_do_the_size(void **state)
{
    (void)state;
    uint64_t before = counters()->blocks_read;
    run("bench rw=randread size=1m iodepth=8");
    assert_int_equal(counters()->blocks_read - before, 2048);
    assert_int_equal(counters()->blocks_written, 0);
    has("bench: (g=0): rw=randread, bs=(R) 4096B-4096B, (W) 4096B-4096B, (T) 4096B-4096B, "
        "ioengine=nvme, iodepth=8\nStarting 1 thread on 1 CPU\n");
    has("issued rwts: total=256,0,0,0 short");
    has("err= 0: pid=0: ");
    has("Run status group 0 (all jobs):\n   READ: bw=");
    has("io=1024KiB (1049kB)");
    has_not("write:");
    /* Rounded figures forgive a byte, JSON does not. */
    run("bench rw=randread size=1m iodepth=8 output-format=json");
    has("\"io_bytes\" : 1048576,");
}

static void random_writes_touch_each_block_once(void **state)
{
    uint8_t buf[4096];
    static const uint8_t zeroes[4096];
    (void)state;
    arm();
    run("bench rw=randwrite size=1m offset=64k iodepth=16");
    assert_int_equal(counters()->blocks_written, 2048);
    for (unsigned i = 0; i < 18 + 256; i++) {
        model_media_read(ha->hosts[0]->model, 1, i * 4096ULL, buf, sizeof(buf));
        bool inside = i >= 16 && i < 16 + 256;
        assert_true((memcmp(buf, zeroes, sizeof(buf)) != 0) == inside);
    }
    has("write: IOPS=");
    has("; 0 zone resets\n");
}

static void zero_buffers_writes_zeroes(void **state)
{
    uint8_t buf[4096];
    (void)state;
    memset(buf, 0xff, sizeof(buf));
    model_media_write(ha->hosts[0]->model, 1, 0, buf, sizeof(buf));
    arm();
    run("bench rw=write size=4k zero_buffers");
    model_media_read(ha->hosts[0]->model, 1, 0, buf, sizeof(buf));
    for (unsigned i = 0; i < sizeof(buf); i++) {
        assert_int_equal(buf[i], 0);
    }
}

static void mixes_come_out_as_asked(void **state)
{
    unsigned reads, writes;
    (void)state;
    arm();
    run("bench rw=randrw rwmixread=70 bs=512 number_ios=20000 iodepth=32");
    numbers_after("issued rwts: total=", "%u,%u", &reads, &writes);
    assert_int_equal(reads + writes, 20000);
    assert_in_range(reads, 13800, 14200);
    run("bench rw=rw rwmixwrite=100 size=64k");
    has("total=0,16,0,0");
}

static void io_size_wraps_around(void **state)
{
    (void)state;
    uint64_t before = counters()->blocks_read;
    run("bench rw=read size=64k io_size=160k");
    assert_int_equal(counters()->blocks_read - before, 320);
    has("total=40,0,0,0");
}

/* A disk so slow that a second of virtual time is a few thousand I/Os. */
static void slow_disk(void)
{
    struct host_appliance_config config = host_appliance_default_config();
    struct model_config drive = model_default_config();
    drive.latency_ns = NS_PER_MS;
    config.drives = &drive;
    replace(&config);
}

static void time_ends_a_run_and_samples_are_taken(void **state)
{
    unsigned a, b;
    (void)state;
    slow_disk();
    run("bench rw=randread runtime=2 time_based iodepth=4 size=1m norandommap");
    numbers_after("run=", "%u-%umsec", &a, &b);
    assert_in_range(a, 1990, 2020);
    has("samples=3\n");
    has("   bw (  KiB/s): min=");
    has("Jobs: 1 (f=1): [r(1)][5");
    has("[eta 00m:01s]\n");
    run("bench rw=randread runtime=2 time_based eta=never");
    has_not("[eta");
}

static void ramp_time_is_not_measured(void **state)
{
    unsigned a, b;
    (void)state;
    slow_disk();
    uint64_t before = counters()->blocks_read;
    run("bench rw=read runtime=1 ramp_time=1 time_based bs=512");
    uint64_t all = counters()->blocks_read - before;
    numbers_after("run=", "%u-%umsec", &a, &b);
    assert_in_range(a, 990, 1020);
    numbers_after("total=", "%u,%u", &a, &b);
    assert_in_range(a, all * 45 / 100, all * 55 / 100);
}

static void *press_ctrl_c(void *arg)
{
    (void)arg;
    usleep(100000);
    host_appliance_type(ha, "\x03");
    return NULL;
}

static void ctrl_c_shows_what_there_is(void **state)
{
    pthread_t person;
    (void)state;
    assert_int_equal(pthread_create(&person, NULL, press_ctrl_c, NULL), 0);
    int rc = host_appliance_run(ha, "bench rw=randread runtime=1000000 time_based eta=never");
    pthread_join(person, NULL);
    assert_int_equal(rc, -EINTR);
    has("stopped by Ctrl-C");
    has("Run status group 0");
}

static void failing_blocks_end_the_job(void **state)
{
    const struct model_rule rule = {.on = MODEL_ON_IO, .match = NVME_IO_READ, .sub = MODEL_ANY,
                                    .nth = 100, .action = MODEL_DO_STATUS, .value = 0x281};
    (void)state;
    model_add_rule(ha->hosts[0]->model, &rule);
    assert_true(host_appliance_run(ha, "bench rw=read size=1m iodepth=4") < 0);
    has("err=61 (");
    has(" at LBA 792)");
    run("bench rw=read size=1m");
}

static void a_lost_command_resets_the_controller(void **state)
{
    const struct model_rule rule = {.on = MODEL_ON_IO, .match = NVME_IO_READ, .sub = MODEL_ANY,
                                    .nth = 50, .action = MODEL_DO_DROP};
    (void)state;
    model_add_rule(ha->hosts[0]->model, &rule);
    assert_int_equal(host_appliance_run(ha, "bench rw=randread size=1m iodepth=8"), -ETIMEDOUT);
    has("nvme0 failed during the run, was reset, and is in service again\n");
    has("err=110 (");
    run("bench rw=randread size=1m iodepth=8");
}

static void a_dead_controller_is_said(void **state)
{
    const struct model_rule rule = {.on = MODEL_ON_IO, .match = NVME_IO_READ, .sub = MODEL_ANY,
                                    .nth = 50, .action = MODEL_DO_ALL_ONES};
    (void)state;
    ha->forgiving = true;
    model_add_rule(ha->hosts[0]->model, &rule);
    assert_true(host_appliance_run(ha, "bench rw=randread size=1m iodepth=8") < 0);
    has("nvme0 failed during the run and does not come back");
    assert_true(host_appliance_run(ha, "bench rw=randread size=1m") < 0);
    has("has failed");
}

static void jobs_get_cpus_of_their_own(void **state)
{
    struct host_appliance_config config = host_appliance_default_config();
    (void)state;
    config.cpus = 4;
    config.real_time = true; /* virtual time would run on while a thread sleeps */
    replace(&config);
    uint64_t before = counters()->blocks_read;
    run("bench rw=randread size=256k numjobs=4 iodepth=2");
    assert_int_equal(counters()->blocks_read - before, 4 * 512);
    has("Starting 4 threads on 4 CPUs\n");
    has("iodepth=2\n...\n");
    has("pid=1: ");
    has("pid=0: ");
    run("bench rw=randread size=256k numjobs=3 group_reporting");
    has("(groupid=0, jobs=3): err= 0: pid=1: ");
    has("total=192,0,0,0");
    has("Starting 3 threads on 3 CPUs\n");
}

static void jobs_share_a_cpu(void **state)
{
    (void)state;
    uint64_t before = counters()->blocks_read;
    run("bench --name=one rw=read size=64k --name=two rw=randread bs=8k numjobs=3 size=64k");
    assert_int_equal(counters()->blocks_read - before, 4 * 128);
    has("Starting 4 threads on 1 CPU\n");
    has("one: (groupid=0, jobs=1): err= 0");
    has("two: (groupid=0, jobs=1): err= 0");
    refuse("bench numjobs=2 iodepth=200", -EINVAL,
           "the jobs that share CPU 0 keep 400 commands in flight, its queue holds 255: lower "
           "numjobs or iodepth");
}

static void interrupts_work_too(void **state)
{
    unsigned a, b;
    (void)state;
    run("bench rw=randread size=1m iodepth=4 wait=irq");
    has("total=256,0,0,0");
    has_not("usr=100.00%");
    numbers_after("ctx=", "%u, majf=%u", &a, &b);
    assert_true(a > 0);
}

static void without_vectors_there_is_only_polling(void **state)
{
    struct host_appliance_config config = host_appliance_default_config();
    struct model_config drive = model_default_config();
    (void)state;
    drive.vectors = 0;
    config.drives = &drive;
    replace(&config);
    refuse("bench wait=irq", -ENOTSUP, "nvme0 has no interrupt vectors; only wait=poll");
    run("bench size=64k");
}

static void large_blocks_are_split(void **state)
{
    (void)state;
    uint64_t before = counters()->io_commands;
    run("bench rw=read bs=1m iodepth=4 size=8m");
    assert_int_equal(counters()->io_commands - before, 64);
    has("total=8,0,0,0");
    refuse("bench bs=1m iodepth=32", -EINVAL,
           "iodepth=32 with 8 commands for each I/O of 1048576 bytes: a queue of nvme0 holds 255 "
           "commands, so at most 31 is allowed");
}

static void latencies_can_be_left_out(void **state)
{
    (void)state;
    run("bench rw=randread size=1m iodepth=4 lat_accounting=0");
    has("lat          : not measured");
    has("total=256,0,0,0");
    has_not("clat");
}

static void large_logical_blocks(void **state)
{
    struct host_appliance_config config = host_appliance_default_config();
    struct model_config drive = model_default_config();
    (void)state;
    drive.ns[0].lbads = 12;
    drive.ns[0].blocks = 4096;
    config.drives = &drive;
    replace(&config);
    uint64_t before = counters()->blocks_read;
    run("bench rw=randread bs=8k size=50%");
    assert_int_equal(counters()->blocks_read - before, 2048);
    refuse("bench bs=512", -EINVAL, "bs=512: not a multiple of the block size of nvme0n1, 4096");
}

static void nonsense_starts_nothing(void **state)
{
    (void)state;
    refuse("bench rw=write", -EROFS, "nvme0n1, which is read-only; to allow writing: arm nvme0n1 ");
    refuse("bench filename=nvme7n1", -ENOENT, "filename=nvme7n1: no such disk; there are: nvme0n1");
    refuse("bench bs=1000", -EINVAL, "bs=1000: not a multiple of the block size");
    refuse("bench size=65m", -EINVAL, "size=68157440 at offset=0: beyond the end of nvme0n1; at "
                                      "most 67108864 is allowed");
    refuse("bench offset=64m", -EINVAL, "beyond the end of nvme0n1, which has 67108864 bytes");
    refuse("bench offset=100", -EINVAL, "offset=100: not a multiple of the block size");
    refuse("bench size=1k", -EINVAL, "size=1024: less than one block of bs=4096");
    refuse("bench io_size=1k", -EINVAL, "io_size: less than one block of bs=4096");
    refuse("bench time_based", -EINVAL, "time_based needs a runtime, as in runtime=10");
    refuse("bench iodepth=256", -EINVAL, "a queue of nvme0 holds 255 commands, so at most 255");
    refuse("bench iodepht=256", -EINVAL, "bench: there is no option \"iodepht\"; did you mean "
                                         "iodepth?");
}

static void it_explains_itself(void **state)
{
    (void)state;
    run("bench --help");
    has("  rwmixread                  percent of reads in a mixed job\n");
    run("bench --help=wait");
    has("  allowed      poll irq adaptive\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(random_reads_do_the_size),
        TEST(random_writes_touch_each_block_once),
        TEST(zero_buffers_writes_zeroes),
        TEST(mixes_come_out_as_asked),
        TEST(io_size_wraps_around),
        TEST(time_ends_a_run_and_samples_are_taken),
        TEST(ramp_time_is_not_measured),
        TEST(ctrl_c_shows_what_there_is),
        TEST(failing_blocks_end_the_job),
        TEST(a_lost_command_resets_the_controller),
        TEST(a_dead_controller_is_said),
        TEST(jobs_get_cpus_of_their_own),
        TEST(jobs_share_a_cpu),
        TEST(interrupts_work_too),
        TEST(without_vectors_there_is_only_polling),
        TEST(large_blocks_are_split),
        TEST(latencies_can_be_left_out),
        TEST(large_logical_blocks),
        TEST(nonsense_starts_nothing),
        TEST(it_explains_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
