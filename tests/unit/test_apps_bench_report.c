/*
 * tests/unit/test_apps_bench_report.c - a whole report from made-up figures, compared letter by
 * letter with the shape of fio 3.33's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/bench/report.h"
#include "lib/compiler.h"
#include "lib/errno.h"

static char text[8192];
static struct out_buf out;
static struct bench_options opt;
static struct bench_result result;
static struct bench_report_group group;

static int setup(void **state)
{
    (void)state;
    out_buf_init(&out, text, sizeof(text));
    bench_options_init(&opt);
    memset(&result, 0, sizeof(result));
    memset(&group, 0, sizeof(group));
    return 0;
}

static void add_io(unsigned dir, uint64_t slat_ns, uint64_t clat_ns, unsigned times)
{
    struct bench_dir_result *d = &result.dir[dir];
    for (unsigned i = 0; i < times; i++) {
        d->ios++;
        d->bytes += 4096;
        stats_add(&d->slat, slat_ns);
        stats_add(&d->clat, clat_ns);
        stats_add(&d->lat, slat_ns + clat_ns);
        histogram_add(&d->clat_histogram, clat_ns);
    }
}

static void print(void)
{
    struct bench_report_unit unit = {.name = "mix", .group = 0, .cpu = 1, .opt = &opt,
                                     .ended_ns = 12345678901, .tsc_hz = 2000000000,
                                     .result = &result};
    struct bench_dir_result all;
    if (opt.unified_rw_reporting != BENCH_UNIFIED_NONE) {
        bench_result_unify(&result, false, &all);
        unit.mixed = &all;
    }
    bench_report_add(&group, &unit);
    bench_report_unit(&out.out, &unit, &group);
    bench_report_status(&out.out, 0, &group);
}

static const char mixed_report[] =
    "mix: (groupid=0, jobs=1): err= 0: pid=1: 12.345 s after power-on\n"
    "  read: IOPS=9001, BW=35.2MiB/s (36.9MB/s)(35.2MiB/1000msec)\n"
    "    slat (nsec): min=100, max=300, avg=144.46, stdev=49.72\n"
    "    clat (usec): min=3, max=12000, avg=109.65, stdev=171.99\n"
    "     lat (usec): min=3, max=12000, avg=109.80, stdev=172.02\n"
    "    clat percentiles (usec):\n"
    "     |  1.00th=[    3],  5.00th=[    3], 10.00th=[    3], 20.00th=[    3],\n"
    "     | 30.00th=[    3], 40.00th=[    3], 50.00th=[    3], 60.00th=[  241],\n"
    "     | 70.00th=[  241], 80.00th=[  241], 90.00th=[  241], 95.00th=[  241],\n"
    "     | 99.00th=[  241], 99.50th=[  241], 99.90th=[  241], 99.95th=[  241],\n"
    "     | 99.99th=n/a (needs 10000 samples)\n"
    "   bw (  KiB/s): min=35900, max=36000, per=99.85%, avg=35950.00, stdev=70.71, "
    "samples=2\n"
    "   iops        : min= 8975, max= 9000, avg=8987.50, stdev=17.68, samples=2\n"
    "  write: IOPS=10, BW=40.0KiB/s (41.0kB/s)(40.0KiB/1000msec); 0 zone resets\n"
    "    slat (nsec): min=50, max=50, avg=50.00, stdev= 0.00\n"
    "    clat (nsec): min=900, max=900, avg=900.00, stdev= 0.00\n"
    "     lat (nsec): min=950, max=950, avg=950.00, stdev= 0.00\n"
    "    clat percentiles (nsec):\n"
    "     |  1.00th=[  900],  5.00th=[  900], 10.00th=[  900], 20.00th=[  900],\n"
    "     | 30.00th=[  900], 40.00th=[  900], 50.00th=[  900], 60.00th=[  900],\n"
    "     | 70.00th=[  900], 80.00th=[  900], 90.00th=[  900],\n"
    "     | 95.00th=n/a (needs 20 samples), 99.00th=n/a (needs 100 samples),\n"
    "     | 99.50th=n/a (needs 200 samples), 99.90th=n/a (needs 1000 samples),\n"
    "     | 99.95th=n/a (needs 2000 samples), 99.99th=n/a (needs 10000 samples)\n"
    "  lat (nsec)   : 1000=0.11%\n"
    "  lat (usec)   : 4=55.49%, 250=44.39%\n"
    "  lat (msec)   : 20=0.01%\n"
    "  cpu          : usr=75.00%, sys=0.00%, ctx=77, majf=0, minf=0\n"
    "  IO depths    : 1=0.1%, 2=0.0%, 4=0.0%, 8=100.0%, 16=0.0%, 32=0.0%, >=64=0.0%\n"
    "     submit    : 0=0.0%, 4=99.9%, 8=0.1%, 16=0.0%, 32=0.0%, 64=0.0%, >=64=0.0%\n"
    "     complete  : 0=0.0%, 4=100.0%, 8=0.0%, 16=0.0%, 32=0.0%, 64=0.0%, >=64=0.0%\n"
    "     issued rwts: total=9001,10,0,0 short=0,0,0,0 dropped=0,0,0,0\n"
    "     latency   : target=0, window=0, percentile=100.00%, depth=8\n"
    "\n"
    "Run status group 0 (all jobs):\n"
    "   READ: bw=35.2MiB/s (36.9MB/s), 35.2MiB/s-35.2MiB/s (36.9MB/s-36.9MB/s), "
    "io=35.2MiB (36.9MB), run=1000-1000msec\n"
    "  WRITE: bw=40.0KiB/s (41.0kB/s), 40.0KiB/s-40.0KiB/s (41.0kB/s-41.0kB/s), "
    "io=40.0KiB (41.0kB), run=1000-1000msec\n";

static void a_mixed_job(void **state)
{
    (void)state;
    opt.iodepth = 8;
    result.jobs = 1;
    result.latencies = true;
    result.run_ns = 1000 * NS_PER_MS;
    result.asleep_ns = 250 * NS_PER_MS;
    result.interrupts = 77;
    add_io(BENCH_DIR_READ, 100, 3000, 5000);
    add_io(BENCH_DIR_READ, 200, 240000, 4000);
    add_io(BENCH_DIR_READ, 300, 12000000, 1);
    add_io(BENCH_DIR_WRITE, 50, 900, 10);
    result.dir[BENCH_DIR_READ].runtime_ms = 1000;
    result.dir[BENCH_DIR_WRITE].runtime_ms = 1000;
    bench_samples_add(&result.dir[BENCH_DIR_READ].bw_kib, 36000);
    bench_samples_add(&result.dir[BENCH_DIR_READ].bw_kib, 35900);
    bench_samples_add(&result.dir[BENCH_DIR_READ].iops, 9000);
    bench_samples_add(&result.dir[BENCH_DIR_READ].iops, 8975);
    result.depth[0] = 2;
    result.depth[3] = 9009;
    result.submit[1] = 999;
    result.submit[2] = 1;
    result.submits = 1000;
    result.complete[1] = 1000;
    result.completes = 1000;
    print();
    assert_string_equal(text, mixed_report);
}

static void long_percentiles_and_many_levels(void **state)
{
    static const uint64_t ns[] = {1, 15, 30, 60, 120, 300, 700, 900, 1500000000, 3000000000};
    (void)state;
    assert_int_equal(bench_options_set(&opt, "percentile_list=50:99:99.9999:100", &out.out,
                                       &out.out), 0);
    result.jobs = 2;
    result.latencies = true;
    for (unsigned i = 0; i < ARRAY_SIZE(ns); i++) {
        add_io(BENCH_DIR_READ, 10, ns[i], 10);
    }
    result.dir[BENCH_DIR_READ].runtime_ms = 10;
    print();
    assert_non_null(strstr(text, "    clat percentiles (nsec):\n"
                                 "     | 50.0000th=[  120], 99.0000th=[3003121664],\n"
                                 "     | 99.9999th=n/a (needs 1000000 samples), "
                                 "100.0000th=[3003121664]\n"));
    assert_non_null(strstr(text, "  lat (nsec)   : 2=10.00%, 20=10.00%, 50=10.00%, 100=10.00%, "
                                 "250=10.00%\n"));
    assert_non_null(strstr(text, "  lat (nsec)   : 500=10.00%, 750=10.00%, 1000=10.00%\n"
                                 "  lat (msec)   : 2000=10.00%, >=2000=10.00%\n"));
}

static void set(const char *word)
{
    assert_int_equal(bench_options_set(&opt, word, &out.out, &out.out), 0);
}

static void has(const char *line)
{
    if (strstr(text, line) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", line, text);
    }
}

static void has_not(const char *line)
{
    if (strstr(text, line) != NULL) {
        fail_msg("\"%s\" is in:\n%s", line, text);
    }
}

/* 994 reads and 1054 writes of 4 KiB: what fio 3.33 was seen to print, with these options. */
static void print_with(const char *option, uint64_t ms)
{
    setup(NULL);
    set(option);
    result.jobs = 1;
    add_io(BENCH_DIR_READ, 100, 3000, 994);
    add_io(BENCH_DIR_WRITE, 100, 9000, 1054);
    result.dir[BENCH_DIR_READ].runtime_ms = ms;
    result.dir[BENCH_DIR_WRITE].runtime_ms = ms;
    print();
}

static void numbers_have_the_asked_form(void **state)
{
    (void)state;
    print_with("significant_figures=6", 104);
    has("  read: IOPS=9557, BW=38231KiB/s (39148kB/s)(3976.0KiB/104msec)\n");
    has("  write: IOPS=10134, BW=40538KiB/s (41511kB/s)(4216.0KiB/104msec); 0 zone resets\n");
    has("   READ: bw=38231KiB/s (39148kB/s), 38231KiB/s-38231KiB/s (39148kB/s-39148kB/s), "
        "io=3976.0KiB (4071.4kB), run=104-104msec\n");
    print_with("unit_base=1", 90);
    has("  read: IOPS=11.0k, BW=345Mibit/s (362Mbit/s)(3976KiB/90msec)\n");
    has("  WRITE: bw=366Mibit/s (384Mbit/s), 366Mibit/s-366Mibit/s (384Mbit/s-384Mbit/s), "
        "io=4216KiB (4317kB), run=90-90msec\n");
    print_with("kb_base=1000", 84);
    has("  read: IOPS=11.8k, BW=48.5MB/s (46.2MiB/s)(4071kB/84msec)\n");
    has("  WRITE: bw=51.4MB/s (49.0MiB/s), 51.4MB/s-51.4MB/s (49.0MiB/s-49.0MiB/s), "
        "io=4317kB (4216KiB), run=84-84msec\n");
}

static void directions_are_unified(void **state)
{
    struct bench_dir_result mixed;
    (void)state;
    print_with("unified_rw_reporting=both", 94);
    has("  read: IOPS=10.6k, BW=41.3MiB/s (43.3MB/s)(3976KiB/94msec)\n");
    has("  mixed: IOPS=21.8k, BW=85.1MiB/s (89.2MB/s)(8192KiB/94msec)\n");
    has("issued rwts: total=994,1054,0,0 ");
    has("  MIXED: bw=85.1MiB/s (89.2MB/s), 85.1MiB/s-85.1MiB/s (89.2MB/s-89.2MB/s), io=8192KiB "
        "(8389kB), run=94-94msec\n");
    print_with("unified_rw_reporting=mixed", 84);
    has("  mixed: IOPS=24.4k, BW=95.2MiB/s (99.9MB/s)(8192KiB/84msec)\n"
        "    slat (nsec): min=100, max=100, ");
    has("issued rwts: total=2048,0,0,0 ");
    has("all jobs):\n  MIXED: bw=95.2MiB/s (99.9MB/s), ");
    has_not("read:");
    has_not("write:");
    has_not("READ:");
    has_not("WRITE:");
    /* Writing took 84 ms, and then reading back as long again, each with a window. */
    bench_samples_add(&result.dir[BENCH_DIR_READ].iops, 100);
    bench_samples_add(&result.dir[BENCH_DIR_WRITE].iops, 200);
    bench_result_unify(&result, true, &mixed);
    assert_int_equal(mixed.runtime_ms, 168);
    assert_int_equal(mixed.iops.n, 2);
    assert_true(mixed.iops.mean == 150 && mixed.iops.min == 100 && mixed.iops.max == 200);
    assert_true(mixed.iops.squares == 5000);
    bench_result_unify(&result, false, &mixed);
    assert_int_equal(mixed.runtime_ms, 84);
    assert_int_equal(mixed.iops.n, 1);
    assert_true(mixed.iops.mean == 300);
    assert_int_equal(histogram_total(&mixed.clat_histogram), 2048);
}

static void the_cost_is_told_in_cycles(void **state)
{
    (void)state;
    result.jobs = 1;
    result.queue = (struct bench_queue_counts){.commands = 1000, .doorbells = 40, .interrupts = 5,
                                               .timed_ios = 100, .submit_ns = 9000,
                                               .reap_ns = 4000};
    print();
    has("  cost per I/O : submit=90 ns (180 cycles), reap=40 ns (80 cycles), doorbells=0.040, "
        "interrupts=0.005\n");
}

static void errors_are_in_words(void **state)
{
    (void)state;
    result.jobs = 1;
    result.err = -ENODATA;
    result.status = 0x281;
    result.err_lba = 792;
    print();
    assert_non_null(strstr(text, "mix: (groupid=0, jobs=1): err=61 ("));
    assert_non_null(strstr(text, " at LBA 792): pid=1: "));
    assert_non_null(strstr(text, "  lat          : not measured (lat_accounting=0)\n"));
}

static void jobs_add_up(void **state)
{
    struct bench_result other;
    (void)state;
    result.jobs = 1;
    add_io(BENCH_DIR_READ, 1, 10, 3);
    result.dir[BENCH_DIR_READ].runtime_ms = 500;
    bench_samples_add(&result.dir[BENCH_DIR_READ].iops, 100);
    bench_samples_add(&result.dir[BENCH_DIR_READ].iops, 200);
    other = result;
    other.dir[BENCH_DIR_READ].runtime_ms = 700;
    other.err = -EIO;
    bench_result_merge(&result, &other);
    const struct bench_dir_result *d = &result.dir[BENCH_DIR_READ];
    assert_int_equal(result.jobs, 2);
    assert_int_equal(result.err, -EIO);
    assert_int_equal(d->ios, 6);
    assert_int_equal(d->runtime_ms, 700);
    assert_int_equal(d->clat.n, 6);
    assert_int_equal(histogram_total(&d->clat_histogram), 6);
    assert_true(d->iops.mean > 299.9 && d->iops.mean < 300.1 && d->iops.n == 4);
    assert_int_equal(bench_dir_iops(d), 8);
}

static void levels(void **state)
{
    static const unsigned batch[][2] = {{0, 0}, {1, 1}, {4, 1}, {5, 2}, {8, 2}, {9, 3}, {16, 3},
                                        {17, 4}, {32, 4}, {33, 5}, {64, 5}, {65, 6}, {999, 6}};
    static const unsigned depth[][2] = {{1, 0}, {2, 1}, {3, 1}, {4, 2}, {31, 4}, {32, 5}, {63, 5},
                                        {64, 6}, {65535, 6}};
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(batch); i++) {
        assert_int_equal(bench_batch_level(batch[i][0]), batch[i][1]);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(depth); i++) {
        assert_int_equal(bench_depth_level(depth[i][0]), depth[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_mixed_job, setup),
        cmocka_unit_test_setup(long_percentiles_and_many_levels, setup),
        cmocka_unit_test_setup(numbers_have_the_asked_form, setup),
        cmocka_unit_test_setup(directions_are_unified, setup),
        cmocka_unit_test_setup(the_cost_is_told_in_cycles, setup),
        cmocka_unit_test_setup(errors_are_in_words, setup),
        cmocka_unit_test_setup(jobs_add_up, setup),
        cmocka_unit_test_setup(levels, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
