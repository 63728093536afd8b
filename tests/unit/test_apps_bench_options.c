/*
 * tests/unit/test_apps_bench_options.c - the table of options: what is taken, what is refused, and
 * in which words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/bench/options.h"
#include "lib/compiler.h"
#include "lib/errno.h"

static struct bench_options opt;
static char err_text[800], note_text[400];
static struct out_buf err, note;

static int setup(void **state)
{
    (void)state;
    bench_options_init(&opt);
    out_buf_init(&err, err_text, sizeof(err_text));
    out_buf_init(&note, note_text, sizeof(note_text));
    return 0;
}

static int set(const char *word)
{
    setup(NULL);
    return bench_options_set(&opt, word, &note.out, &err.out);
}

#define GOOD(word) assert_int_equal(set(word), 0)

static void bad(const char *word, const char *text)
{
    struct bench_options before;
    setup(NULL);
    before = opt;
    assert_int_equal(bench_options_set(&opt, word, &note.out, &err.out), -EINVAL);
    if (strncmp(err_text, text, strlen(text)) != 0) {
        assert_string_equal(err_text, text);
    }
    assert_memory_equal(&before, &opt, sizeof(opt));
}

static void defaults_are_those_of_fio(void **state)
{
    (void)state;
    assert_string_equal(opt.name, "bench");
    assert_string_equal(opt.filename, "");
    assert_int_equal(opt.rw, BENCH_READ);
    assert_int_equal(opt.bs_bytes, 4096);
    assert_int_equal(opt.iodepth, 1);
    assert_int_equal(opt.numjobs, 1);
    assert_false(opt.size.given || opt.offset.given || opt.io_size.given);
    assert_int_equal(opt.rwmixread, 50);
    assert_true(opt.randrepeat && opt.scramble_buffers && opt.lat_accounting);
    assert_false(opt.time_based || opt.norandommap || opt.group_reporting || opt.zero_buffers);
    assert_int_equal(opt.percentiles.count, 17);
    assert_int_equal(opt.percentiles.decimals, 2);
    assert_int_equal(opt.percentiles.value[16], 99990000);
}

static void words_are_taken_with_and_without_dashes(void **state)
{
    (void)state;
    GOOD("bs=4k");
    assert_int_equal(opt.bs_bytes, 4096);
    GOOD("--bs=128KiB");
    assert_int_equal(opt.bs_bytes, 131072);
    GOOD("blocksize=1m");
    assert_int_equal(opt.bs_bytes, 1048576);
    GOOD("--readwrite=randrw");
    assert_int_equal(opt.rw, BENCH_RANDRW);
    GOOD("rw=readwrite");
    assert_int_equal(opt.rw, BENCH_RW);
    GOOD("time_based");
    assert_true(opt.time_based);
    GOOD("--group_reporting=1");
    assert_true(opt.group_reporting);
    GOOD("randrepeat=0");
    assert_false(opt.randrepeat);
    GOOD("wait=irq");
    assert_int_equal(opt.wait, BENCH_IRQ);
}

static void values_have_units(void **state)
{
    (void)state;
    GOOD("runtime=90");
    assert_int_equal(opt.runtime_ns, 90 * NS_PER_S);
    GOOD("runtime=1500ms");
    assert_int_equal(opt.runtime_ns, 1500 * NS_PER_MS);
    GOOD("settle_ns=400");
    assert_int_equal(opt.settle_ns, 400);
    assert_true(opt.settle_given);
    GOOD("size=20%");
    assert_true(opt.size.given && opt.size.percent);
    assert_int_equal(opt.size.value, 20);
    GOOD("offset=1g");
    assert_false(opt.offset.percent);
    assert_int_equal(opt.offset.value, GIB);
    GOOD("offset=0%");
    GOOD("randseed=0");
    assert_true(opt.randseed_given);
}

static void percentiles_are_sorted(void **state)
{
    (void)state;
    GOOD("percentile_list=99.9999:50:100");
    assert_int_equal(opt.percentiles.count, 3);
    assert_int_equal(opt.percentiles.decimals, 4);
    assert_int_equal(opt.percentiles.value[0], 50000000);
    assert_int_equal(opt.percentiles.value[1], 99999900);
    assert_int_equal(opt.percentiles.value[2], 100000000);
}

static void the_later_mix_wins(void **state)
{
    (void)state;
    GOOD("rwmixwrite=30");
    assert_int_equal(opt.rwmixread, 70);
    assert_int_equal(bench_options_set(&opt, "rwmixread=10", &note.out, &err.out), 0);
    assert_int_equal(opt.rwmixread, 10);
}

static void nonsense_is_refused_in_words(void **state)
{
    (void)state;
    bad("bs=5x", "bs=5x: not a size; a number with k, m, g or t (powers of 1024)\n");
    bad("bs=0", "bs=0: allowed is 512 to 67108864\n");
    bad("iodepth=0", "iodepth=0: allowed is 1 to 65535\n");
    bad("iodepth=1k", "iodepth=1k: not a number\n");
    bad("numjobs=257", "numjobs=257: allowed is 1 to 256\n");
    bad("rw=foo", "rw=foo: allowed is read, write, randread, randwrite, rw, randrw, trim, "
                  "randtrim, trimwrite, randtrimwrite\n");
    bad("size=0%", "size=0%: a part of the device is 1% to 100%\n");
    bad("size=101%", "size=101%: a part of the device is 1% to 100%\n");
    bad("size=%", "size=%: not a size; a number with k, m, g or t, or 1% to 100% of the device\n");
    bad("runtime=5q", "runtime=5q: not a time; a number with ns, us, ms, s, m, h or d\n");
    bad("settle_ns=20000", "settle_ns=20000: at most 10000 ns is allowed\n");
    bad("time_based=maybe", "time_based=maybe: allowed is 0 or 1, no or yes\n");
    bad("rwmixread=101", "rwmixread=101: allowed is 0 to 100\n");
    bad("bs", "bs needs a value, as in bs=...\n");
    bad("bs=", "bs needs a value, as in bs=...\n");
    bad("percentile_list=0",
        "percentile_list=0: numbers above 0 and at most 100 with up to 6 decimals, as in "
        "50:99:99.9\n");
    bad("percentile_list=1:", "percentile_list=1:: numbers above 0 and at most 100 with up to 6 "
                              "decimals, as in 50:99:99.9\n");
    bad("percentile_list=1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21",
        "percentile_list=1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21: at most 20 "
        "percentiles\n");
    bad("name=a-name-that-is-longer-than-any-name-of-a-job-may-possibly-ever-be",
        "name: at most 63 bytes are allowed\n");
}

static void nonsense_in_lists_is_refused_in_words(void **state)
{
    (void)state;
    bad("bs=4k,8k,16k,32k", "bs=4k,8k,16k,32k: at most three values: read,write,trim\n");
    bad("bs=4k,x", "bs=4k,x: not a size; a number with k, m, g or t (powers of 1024)\n");
    bad("bsrange=4k", "bsrange=4k: not a range; two sizes as in 4k-64k\n");
    bad("bssplit=4k/60:8k/50",
        "bssplit=4k/60:8k/50: the percentages of a direction must add up to 100\n");
    bad("bssplit=4k/60:8k/30",
        "bssplit=4k/60:8k/30: the percentages of a direction must add up to 100\n");
    bad("bssplit=4k/100,8k/x",
        "bssplit=4k/100,8k/x: sizes with a percentage, as in 4k/60:64k/40\n");
    bad("rw=randread:0",
        "rw=randread:0: after a random mode's colon stands a number of I/Os\n");
    bad("rw=read:x", "rw=read:x: after a sequential mode's colon stands a size to leave out\n");
    bad("random_distribution=zipf:1",
        "random_distribution=zipf:1: zipf:THETA[:CENTER] with a THETA above 0 that is not 1\n");
    bad("random_distribution=pareto:1.5",
        "random_distribution=pareto:1.5: pareto:H[:CENTER] with an H above 0 and below 1\n");
    bad("random_distribution=zoned:60/10:30/20",
        "random_distribution=zoned:60/10:30/20: zones are ACCESS/SIZE with colons, percentages "
        "that add up to 100, as in zoned:60/10:30/20:10/70 or zoned_abs:60/20g:40/\n");
    bad("cpus_allowed=3-1",
        "cpus_allowed=3-1: numbers of CPUs from 0 to 255, as in 0,2,4-7\n");
    bad("ss=iops", "steadystate=iops: allowed is iops, iops_slope, bw or bw_slope, a colon and a "
                   "limit, as in iops:2%\n");
    bad("bwavgtime=1000", "bwavgtime=1000: only 500 is possible: rates are sampled every 500 ms\n");
    bad("ignore_error=EFOO", "ignore_error=EFOO: for each of read,write,verify up to 8 names such "
                             "as EIO or numbers, with colons\n");
    bad("output-format=json,xml",
        "output-format=json,xml: allowed is normal, json, json+, terse\n");
    bad("verify=md6", "verify=md6: allowed is ");
    bad("verify_pattern=abc",
        "verify_pattern=abc: up to 512 bytes: 0xdeadbeef, \"text\" in quotes, numbers "
        "below 2^32, %o for the offset, joined by -\n");
    bad("zonemode=zbd", "zonemode is an option of fio that is not here: zoned namespaces and "
                        "strided regions are not known here\n");
}

static void unknown_names_get_a_suggestion(void **state)
{
    (void)state;
    bad("iodepht=4", "there is no option \"iodepht\"; did you mean iodepth?\n");
    bad("--numjob=4", "there is no option \"numjob\"; did you mean numjobs?\n");
    bad("frobnicate=1", "there is no option \"frobnicate\"; \"bench --help\" lists them\n");
    bad("an_option_name_that_is_far_too_long_for_the_buffer=1",
        "there is no option \"an_option_name_that_is_far_too_\"; \"bench --help\" lists them\n");
}

static void senseless_options_get_a_note(void **state)
{
    (void)state;
    GOOD("--ioengine=libaio");
    assert_string_equal(note_text, "ioengine=libaio\n");
    GOOD("thread");
    assert_string_equal(note_text, "thread\n");
}

static void lists_carry_on_to_the_directions_that_follow(void **state)
{
    (void)state;
    GOOD("bs=8k");
    assert_int_equal(opt.bs[BENCH_DIR_TRIM].max, 8192);
    GOOD("bs=8k,32k");
    assert_int_equal(opt.bs[BENCH_DIR_READ].min, 8192);
    assert_int_equal(opt.bs[BENCH_DIR_WRITE].min, 32768);
    assert_int_equal(opt.bs[BENCH_DIR_TRIM].max, 32768);
    GOOD("bs=8k,32k,");
    assert_int_equal(opt.bs[BENCH_DIR_TRIM].max, 4096);
    GOOD("bs=,8k");
    assert_int_equal(opt.bs[BENCH_DIR_READ].max, 4096);
    assert_int_equal(opt.bs[BENCH_DIR_WRITE].max, 8192);
    assert_int_equal(opt.bs[BENCH_DIR_TRIM].max, 8192);
    GOOD("bsrange=4k-1k,8k:64k");
    assert_int_equal(opt.bs[BENCH_DIR_READ].min, 1024);
    assert_int_equal(opt.bs[BENCH_DIR_READ].max, 4096);
    assert_int_equal(opt.bs[BENCH_DIR_TRIM].max, 65536);
    GOOD("rate=1m,,500k");
    assert_int_equal(opt.rate_bytes[BENCH_DIR_READ], MIB);
    assert_int_equal(opt.rate_bytes[BENCH_DIR_WRITE], 0);
    assert_int_equal(opt.rate_bytes[BENCH_DIR_TRIM], 500 * KIB);
    GOOD("rate_iops=100,200");
    assert_int_equal(opt.rate_iops[BENCH_DIR_TRIM], 200);
}

static void splits_share_what_is_left(void **state)
{
    (void)state;
    GOOD("bssplit=4k/10:64k/:32k/40:8k/");
    assert_int_equal(opt.bssplit[BENCH_DIR_READ].count, 4);
    assert_int_equal(opt.bssplit[BENCH_DIR_TRIM].count, 4);
    assert_int_equal(opt.bssplit[BENCH_DIR_READ].split[1].bytes, 65536);
    assert_int_equal(opt.bssplit[BENCH_DIR_READ].split[1].percent, 25);
    assert_int_equal(opt.bssplit[BENCH_DIR_READ].split[2].percent, 40);
    GOOD("bssplit=,4k/99:8k/1");
    assert_int_equal(opt.bssplit[BENCH_DIR_READ].count, 0);
    assert_int_equal(opt.bssplit[BENCH_DIR_WRITE].count, 2);
    GOOD("bssplit=512/4:1024/1:1536/1:2048/1:2560/1:3072/1:3584/1:4k/67:8k/10:16k/7:32k/3:64k/3");
    assert_int_equal(opt.bssplit[BENCH_DIR_READ].count, 12);
}

static void distributions_have_arguments(void **state)
{
    (void)state;
    GOOD("random_distribution=zipf:1.2");
    assert_int_equal(opt.distribution.kind, BENCH_ZIPF);
    assert_true(opt.distribution.param > 1.199 && opt.distribution.param < 1.201);
    assert_true(opt.distribution.center < 0);
    GOOD("random_distribution=pareto");
    assert_true(opt.distribution.param > 0.199 && opt.distribution.param < 0.201);
    GOOD("random_distribution=normal:20:0.25");
    assert_int_equal(opt.distribution.kind, BENCH_NORMAL);
    assert_true(opt.distribution.center > 0.249 && opt.distribution.center < 0.251);
    GOOD("random_distribution=zoned:50/5:30/15:20/80");
    assert_int_equal(opt.distribution.zone_count, 3);
    assert_int_equal(opt.distribution.zone[1].access_percent, 30);
    assert_int_equal(opt.distribution.zone[2].size, 80);
    GOOD("random_distribution=zoned_abs:60/20G:40/");
    assert_int_equal(opt.distribution.kind, BENCH_ZONED_ABS);
    assert_int_equal(opt.distribution.zone[0].size, 20 * GIB);
    assert_int_equal(opt.distribution.zone[1].size, 0);
    GOOD("random_distribution=random");
    assert_int_equal(opt.distribution.kind, BENCH_UNIFORM);
}

static void words_have_suffixes(void **state)
{
    (void)state;
    GOOD("rw=randread:8");
    assert_int_equal(opt.rw, BENCH_RANDREAD);
    assert_int_equal(opt.rw_every, 8);
    GOOD("rw=write:8k");
    assert_int_equal(opt.rw_hole_bytes, 8192);
    GOOD("ss=iops_slope:0.1%");
    assert_true(opt.steadystate.given && opt.steadystate.slope && opt.steadystate.percent);
    assert_false(opt.steadystate.bandwidth);
    GOOD("steadystate=bw:10m");
    assert_true(opt.steadystate.bandwidth && opt.steadystate.limit > 10239);
    GOOD("latency_percentile=99.9");
    assert_int_equal(opt.latency_percentile, 99900000);
    GOOD("thinktime=50");
    assert_int_equal(opt.thinktime_ns, 50 * NS_PER_US);
    GOOD("log_avg_msec=500");
    assert_int_equal(opt.log_avg_ns, 500 * NS_PER_MS);
    GOOD("continue_on_error=io");
    assert_int_equal(opt.continue_on_error, BENCH_CONTINUE_READ | BENCH_CONTINUE_WRITE);
    GOOD("output-format=normal,json+");
    assert_int_equal(opt.output_formats, BENCH_OUTPUT_NORMAL | BENCH_OUTPUT_JSON_PLUS);
}

static void lists_of_cpus_errors_and_bytes(void **state)
{
    static const uint8_t expected[] = {0xde, 0xad, 'a', 'b', 12, 0, 1};
    (void)state;
    GOOD("cpus_allowed=0,5,8-15");
    assert_int_equal(opt.cpus_allowed.mask[0], 0xff21);
    GOOD("cpus_allowed=255");
    assert_int_equal(opt.cpus_allowed.mask[3], UINT64_C(1) << 63);
    GOOD("ignore_error=EIO:ENODATA,28");
    assert_int_equal(opt.ignore_error.read[0], EIO);
    assert_int_equal(opt.ignore_error.read[1], ENODATA);
    assert_int_equal(opt.ignore_error.write[0], ENOSPC);
    assert_int_equal(opt.ignore_error.verify[0], 0);
    GOOD("verify_pattern=0xdead\"ab\"-12-256");
    assert_int_equal(opt.verify_pattern.count, sizeof(expected));
    assert_memory_equal(opt.verify_pattern.byte, expected, sizeof(expected));
    GOOD("verify_pattern='x'%o");
    assert_int_equal(opt.verify_pattern.count, 9);
    assert_int_equal(opt.verify_pattern.offset_at[0], 2);
}

static void what_was_said_is_kept(void **state)
{
    char name[40];
    const char *value;
    unsigned at;
    (void)state;
    GOOD("blocksize=8k");
    assert_int_equal(bench_options_set(&opt, "time_based", &note.out, &err.out), 0);
    assert_true(bench_options_given(&opt, "bs"));
    assert_true(bench_options_given(&opt, "time_based"));
    assert_false(bench_options_given(&opt, "iodepth"));
    at = bench_given_next(&opt.given, 0, name, sizeof(name), &value);
    assert_string_equal(name, "bs");
    assert_string_equal(value, "8k");
    at = bench_given_next(&opt.given, at, name, sizeof(name), &value);
    assert_string_equal(name, "time_based");
    assert_null(value);
    assert_int_equal(bench_given_next(&opt.given, at, name, sizeof(name), &value), 0);
}

static void each_name_begins_a_job(void **state)
{
    static const char *const texts[] = {"bs=8k", "--name=a", "iodepth=4", "--name=b", "rw=write",
                                        "--name=global", "bs=16k", "--name=c"};
    char *const *words = (char *const *)texts;
    static struct bench_options jobs[BENCH_MAX_JOBS];
    (void)state;
    assert_int_equal(bench_options_parse(jobs, 8, words, &note.out, &err.out), 3);
    assert_string_equal(jobs[0].name, "a");
    assert_int_equal(jobs[0].bs_bytes, 8192);
    assert_int_equal(jobs[0].iodepth, 4);
    assert_string_equal(jobs[1].name, "b");
    assert_int_equal(jobs[1].iodepth, 1);
    assert_int_equal(jobs[1].rw, BENCH_WRITE);
    assert_int_equal(jobs[2].bs_bytes, 16384);
    assert_int_equal(bench_options_parse(jobs, 1, words, &note.out, &err.out), 1);
    assert_string_equal(jobs[0].name, "bench");
}

static void the_base_counts_for_the_whole_section(void **state)
{
    static const char *const texts[] = {"size=1m", "name=a", "bs=4k", "bssplit=8k/50:4kib/50",
                                        "rw=read:2k", "kb_base=1000", "io_size=3kb", "name=b",
                                        "bs=4k"};
    char *const *words = (char *const *)texts;
    static struct bench_options jobs[BENCH_MAX_JOBS];
    (void)state;
    assert_int_equal(bench_options_parse(jobs, 9, words, &note.out, &err.out), 2);
    assert_int_equal(jobs[0].size.value, 1048576); /* another section's */
    assert_int_equal(jobs[0].bs[BENCH_DIR_READ].max, 4000);
    assert_int_equal(jobs[0].bssplit[BENCH_DIR_WRITE].split[0].bytes, 8000);
    assert_int_equal(jobs[0].bssplit[BENCH_DIR_WRITE].split[1].bytes, 4096);
    assert_int_equal(jobs[0].rw_hole_bytes, 2000);
    assert_int_equal(jobs[0].io_size.value, 3000);
    assert_int_equal(jobs[1].bs[BENCH_DIR_READ].max, 4096);
    bad("kb_base=1023", "kb_base=1023: allowed is 1024, 1000\n");
    bad("unit_base=2", "unit_base=2: allowed is 0, 8, 1\n");
    bad("significant_figures=11", "significant_figures=11: allowed is 1 to 10\n");
}

static void values_are_worked_out(void **state)
{
    static const struct { const char *word; uint64_t size; } good[] = {
        {"size=(4*1024)k", 4 * MIB},      {"size=((2+3)*4k)", 20480},
        {"size=( 10k - 2k / 2 )", 9216},  {"size=(1m%1000)k", 576 * KIB},
        {"size=8*$mb_memory", 16000},     {"size=$mb_memory", 2000},
        {"size=(8*$mb_memory)m", 16000 * MIB}, {"size=$pagesize*$ncpus", 24576},
        {"size=(0x10)k", 16 * KIB},       {"size=$pagesize*(2+3)", 20480},
    };
    static const char *const bad_ones[] = {
        "size=(4*1024k", "size=(4*)k", "size=(4/0)k", "size=(1-2)k", "size=()",
        "size=(18446744073709551615*2)", "size=(18446744073709551615+1)", "size=8*$memory",
        "size=$", "size=$ncpus*4)", "size=(4x)",
        "size=((((((((((((((((((((1))))))))))))))))))))",
    };
    (void)state;
    bench_options_set_variables(&(struct bench_variables){6, 4096, 2000});
    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        GOOD(good[i].word);
        assert_int_equal(opt.size.value, good[i].size);
    }
    for (unsigned i = 0; i < sizeof(bad_ones) / sizeof(bad_ones[0]); i++) {
        bad(bad_ones[i], bad_ones[i]); /* the reason follows */
    }
    bad("size=(4)x", "size=4x: not a size");
    bad("size=(4/0)k", "size=(4/0)k: this would divide by zero\n");
    GOOD("numjobs=$ncpus");
    assert_int_equal(opt.numjobs, 6);
    GOOD("bs=(2*2)k,(2*4)k");
    assert_int_equal(opt.bs[BENCH_DIR_WRITE].max, 8192);
    GOOD("description=(4*1024)k costs $5");
    assert_string_equal(opt.description, "(4*1024)k costs $5");
    setup(NULL);
    assert_int_equal(bench_options_set(&opt, "io_size=(2*3)k", &note.out, &err.out), 0);
    assert_int_equal(bench_options_set(&opt, "kb_base=1000", &note.out, &err.out), 0);
    assert_int_equal(opt.io_size.value, 6000);
    assert_int_equal(bench_options_set(&opt, "size=(2k*3)", &note.out, &err.out), 0);
    assert_int_equal(opt.size.value, 6000);
}

static void every_option_explains_itself(void **state)
{
    static char text[20000];
    struct out_buf out;
    (void)state;
    out_buf_init(&out, text, sizeof(text));
    assert_int_equal(bench_options_help(NULL, &out.out, &err.out), 0);
    assert_non_null(strstr(text, "  iodepth                    I/Os each job keeps in flight\n"));
    assert_null(strstr(text, "ioengine  "));
    out_buf_init(&out, text, sizeof(text));
    assert_int_equal(bench_options_help("blocksize", &out.out, &err.out), 0);
    assert_string_equal(text, "bs: bytes of one I/O, a multiple of the disk's block size; "
                              "read,write,trim\n"
                              "  also called  blocksize\n"
                              "  type         size, or read,write,trim\n"
                              "  range        512 to 67108864\n"
                              "  default      4k\n");
    assert_int_equal(bench_options_help("bz", &out.out, &err.out), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults_are_those_of_fio, setup),
        cmocka_unit_test_setup(words_are_taken_with_and_without_dashes, setup),
        cmocka_unit_test_setup(values_have_units, setup),
        cmocka_unit_test_setup(percentiles_are_sorted, setup),
        cmocka_unit_test_setup(the_later_mix_wins, setup),
        cmocka_unit_test_setup(nonsense_is_refused_in_words, setup),
        cmocka_unit_test_setup(nonsense_in_lists_is_refused_in_words, setup),
        cmocka_unit_test_setup(unknown_names_get_a_suggestion, setup),
        cmocka_unit_test_setup(senseless_options_get_a_note, setup),
        cmocka_unit_test_setup(lists_carry_on_to_the_directions_that_follow, setup),
        cmocka_unit_test_setup(splits_share_what_is_left, setup),
        cmocka_unit_test_setup(distributions_have_arguments, setup),
        cmocka_unit_test_setup(words_have_suffixes, setup),
        cmocka_unit_test_setup(lists_of_cpus_errors_and_bytes, setup),
        cmocka_unit_test_setup(what_was_said_is_kept, setup),
        cmocka_unit_test_setup(each_name_begins_a_job, setup),
        cmocka_unit_test_setup(values_are_worked_out, setup),
        cmocka_unit_test_setup(the_base_counts_for_the_whole_section, setup),
        cmocka_unit_test_setup(every_option_explains_itself, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
