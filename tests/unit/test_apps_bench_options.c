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
#include "lib/errno.h"

static struct bench_options opt;
static char err_text[400], note_text[400];
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
    assert_string_equal(err_text, text);
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
    bad("rw=foo", "rw=foo: allowed is read, write, randread, randwrite, rw, randrw\n");
    bad("size=0%", "size=0%: a part of the device is 1% to 100%\n");
    bad("size=101%", "size=101%: a part of the device is 1% to 100%\n");
    bad("size=%", "size=%: not a size; a number with k, m, g or t, or 1% to 100% of the device\n");
    bad("runtime=5q", "runtime=5q: not a time; a number with ns, us, ms, s, m, h or d\n");
    bad("settle_ns=2000", "settle_ns=2000: at most 1000 ns is allowed\n");
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
    bad("name=a-name-that-is-longer-than-any-name-may-possibly-be", "name: at most 47 bytes are "
                                                                    "allowed\n");
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
    assert_string_equal(note_text, "note: ioengine=libaio ignored (this is always direct NVMe, "
                                   "without an operating system)\n");
    GOOD("thread");
    assert_string_equal(note_text,
                        "note: thread ignored (there are no processes, users or files here)\n");
}

static void each_name_begins_a_job(void **state)
{
    static const char *const texts[] = {"bs=8k", "--name=a", "iodepth=4", "--name=b", "rw=write",
                                        "--name=global", "bs=16k", "--name=c"};
    char *const *words = (char *const *)texts;
    struct bench_options jobs[BENCH_MAX_JOBS];
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

static void every_option_explains_itself(void **state)
{
    char text[8000];
    struct out_buf out;
    (void)state;
    out_buf_init(&out, text, sizeof(text));
    assert_int_equal(bench_options_help(NULL, &out.out), 0);
    assert_non_null(strstr(text, "  iodepth          I/Os each job keeps in flight\n"));
    assert_null(strstr(text, "ioengine  "));
    out_buf_init(&out, text, sizeof(text));
    assert_int_equal(bench_options_help("blocksize", &out.out), 0);
    assert_string_equal(text, "bs: bytes of one I/O, a multiple of the disk's block size\n"
                              "  also called  blocksize\n"
                              "  type         size\n"
                              "  range        512 to 67108864\n"
                              "  default      4k\n");
    assert_int_equal(bench_options_help("bz", &out.out), -EINVAL);
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
        cmocka_unit_test_setup(unknown_names_get_a_suggestion, setup),
        cmocka_unit_test_setup(senseless_options_get_a_note, setup),
        cmocka_unit_test_setup(each_name_begins_a_job, setup),
        cmocka_unit_test_setup(every_option_explains_itself, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
