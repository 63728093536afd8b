/*
 * tests/unit/test_apps_bench_jobfile.c - job files: what is taken, and what is refused with which
 * file, line and words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/bench/jobfile.h"
#include "lib/errno.h"

static struct bench_options jobs[BENCH_MAX_JOBS];
static char err_text[1200], note_text[400];
static struct out_buf err, note;

static int parse_len(const char *text, size_t len)
{
    struct bench_jobfile file = {.name = "x.fio", .text = text, .len = len};
    out_buf_init(&err, err_text, sizeof(err_text));
    out_buf_init(&note, note_text, sizeof(note_text));
    return bench_jobfile_parse(&file, jobs, BENCH_MAX_JOBS, &note.out, &err.out);
}

static int parse(const char *text)
{
    return parse_len(text, strlen(text));
}

static int parse_sections(const char *text, const char *const *sections, unsigned count)
{
    struct bench_jobfile file = {.name = "x.fio", .text = text, .len = strlen(text),
                                 .sections = sections, .section_count = count};
    out_buf_init(&err, err_text, sizeof(err_text));
    out_buf_init(&note, note_text, sizeof(note_text));
    return bench_jobfile_parse(&file, jobs, BENCH_MAX_JOBS, &note.out, &err.out);
}

/* --- good ------------------------------------------------------------------------------------- */

static void good_files_are_taken(void **state)
{
    static const struct { const char *text; int jobs; } good[] = {
        {"[a]\n", 1},
        {"[a]", 1},
        {"[a]\n[b]\n[c]\n", 3},
        {"[a b]\nbs=4k\n", 1},
        {"[a]\nbs = 4k\n", 1},
        {"  [a]  \n\t bs\t=\t4k \n", 1},
        {"; comment\n# comment\n[a]\n;bs=5x\n#bs=5x\n", 1},
        {"[a]\nrw=randread ; note\nbs=4k # note\n", 1},
        {"[a] ; a comment\n[b]# another\n", 2},
        {"[a;b]\n", 1},
        {"[a[b]]\n", 1},
        {"[global]\nbs=8k\n[a]\n[global]\nbs=16k\n[b]\n", 2},
        {"[a]\r\nbs=4k\r\n\r\ntime_based\r\nruntime=1\r\n", 1},
        {"\n\n\n[a]\n\n\n", 1},
        {"\xef\xbb\xbf[a]\nbs=4k\n", 1},
        {"[a]\nstonewall\n[b]\nwait_for_previous\n", 2},
        {"[a]\nstonewall=1\ngroup_reporting=0\n", 1},
        {"[a]\nioengine=libaio\ndirect=1\niodepth=32\n", 1},
        {"[a]\nname=other\n", 1},
        {"[a]\ndescription=a text with = and blanks\n", 1},
        {"[a]\nverify_pattern=0xdeadbeef\nverify=pattern\n", 1},
        {"[a]\nverify_pattern=\"abcd\"\n", 1},
        {"[a]\nrw=randrw\nrwmixread=70\nbssplit=4k/60:8k/40,16k/100\n", 1},
        {"[a]\nfilename=/dev/nvme0n1\nsize=20%\noffset=1g\n", 1},
        {"[a]\nrandom_distribution=zoned:50/5:30/15:20/80\n", 1},
        {"[a]\npercentile_list=99:99.9:99.99\n", 1},
        {"[a]\nwrite_bw_log\nwrite_lat_log=prefix\nlog_avg_msec=500\n", 1},
        {"[a]\nkb_base=1024\nbwavgtime=500\n", 1},
        {"[a]\ncpus_allowed=0,2-3\ncpus_allowed_policy=split\n", 1},
        {"[\xc3\xa4\xc3\xb6]\nbs=4k\n", 1},
        {"[global]\nrw=randrw\nrwmixread=40\nnorandommap\nrandrepeat=0\niodepth=256\nnumjobs=4\n"
         "blockalign=4k\nbssplit=512/4:1024/1:1536/1:2048/1:2560/1:3072/1:3584/1:4k/67:8k/10:"
         "16k/7:32k/3:64k/3\nrandom_distribution=zoned:50/5:30/15:20/80\n[jesd219]\n", 1},
        {"[global]\nioengine=libaio\ndirect=1\nsize=1g\nloops=5\nruntime=5\n[SEQ1MQ8T1read]\n"
         "bs=1m\niodepth=8\nrw=read\nstonewall\n[SEQ1MQ8T1write]\n"
         "bs=1m\niodepth=8\nrw=write\nstonewall\n",
         2},
    };
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
        int n = parse(good[i].text);
        if (n != good[i].jobs || err_text[0] != '\0') {
            fail_msg("%d jobs, \"%s\" of:\n%s", n, err_text, good[i].text);
        }
    }
}

static void globals_count_for_what_follows(void **state)
{
    (void)state;
    int n = parse("[global]\nbs=8k\n[a]\niodepth=4\n[global]\nrw=write\n[b]\nbs=16k\n");
    assert_int_equal(n, 2);
    assert_string_equal(jobs[0].name, "a");
    assert_int_equal(jobs[0].bs[BENCH_DIR_READ].max, 8192);
    assert_int_equal(jobs[0].iodepth, 4);
    assert_int_equal(jobs[0].rw, BENCH_READ);
    assert_string_equal(jobs[1].name, "b");
    assert_int_equal(jobs[1].bs[BENCH_DIR_READ].max, 16384);
    assert_int_equal(jobs[1].iodepth, 1);
    assert_int_equal(jobs[1].rw, BENCH_WRITE);
    assert_int_equal(jobs[0].given.global_bytes, strlen("bs=8k") + 1);
}

static void comments_cut_values(void **state)
{
    (void)state;
    assert_int_equal(parse("[a b]\nrw=randread;bs=5x\niodepth = 8 # eight\ndescription=x y  ;z\n"),
                     1);
    assert_string_equal(jobs[0].name, "a b");
    assert_int_equal(jobs[0].rw, BENCH_RANDREAD);
    assert_int_equal(jobs[0].iodepth, 8);
    assert_string_equal(jobs[0].description, "x y");
}

static void sections_are_chosen(void **state)
{
    static const char text[] = "[global]\nbs=8k\n[a]\n[b c]\nrw=write\n[d]\n";
    static const char *const two[] = {"d", "b c"};
    static const char *const none[] = {"a", "e"};
    (void)state;
    assert_int_equal(parse_sections(text, two, 2), 2);
    assert_string_equal(jobs[0].name, "b c");
    assert_string_equal(jobs[1].name, "d");
    assert_int_equal(jobs[1].bs[BENCH_DIR_READ].max, 8192);
    assert_int_equal(parse_sections(text, none, 2), -EINVAL);
    assert_string_equal(err_text, "section=e: x.fio has no such section\n");
    assert_int_equal(parse_sections("[a]\n[b]\nbs=5x\n", none, 1), -EINVAL);
}

static void senseless_options_are_noted(void **state)
{
    (void)state;
    assert_int_equal(parse("[a]\nioengine=libaio\ndirect = 1\nthread\n"), 1);
    assert_string_equal(note_text, "ioengine=libaio\ndirect=1\nthread\n");
}

/* --- bad -------------------------------------------------------------------------------------- */

static const struct { const char *text, *why; } bad[] = {
    {"", "x.fio: there is no job in it; a job begins with its name, as in [job1]\n"},
    {"\n\n", "x.fio: there is no job in it"},
    {"; only this\n", "x.fio: there is no job in it"},
    {"[global]\nbs=4k\n", "x.fio: there is no job in it"},
    {"bs=4k\n[a]\n", "x.fio:1: an option stands before the first section; begin with [global] "
                     "or [job1]\n"},
    {"[a\nbs=4k\n", "x.fio:1: a section ends with ], as in [job1]\n"},
    {"[]\n", "x.fio:1: a section needs a name, as in [job1]\n"},
    {"[a] b\n", "x.fio:1: nothing is allowed behind the ] of a section but a comment\n"},
    {"[a]\nbs=5x\n", "x.fio:2: bs=5x: not a size; a number with k, m, g or t (powers of "
                     "1024)\n"},
    {"[a]\n\n\n  bs = 5x ; note\n", "x.fio:4: bs=5x: not a size"},
    {"[a]\r\nbs=5x\r\n", "x.fio:2: bs=5x: not a size"},
    {"[a]\nbs=\n", "x.fio:2: bs needs a value, as in bs=...\n"},
    {"[a]\nbs=;4k\n", "x.fio:2: bs needs a value, as in bs=...\n"},
    {"[a]\nbs\n", "x.fio:2: bs needs a value, as in bs=...\n"},
    {"[a]\n=4k\n", "x.fio:2: there is no option \"\"; \"bench --help\" lists them\n"},
    {"[a]\n=\n", "x.fio:2: there is no option \"\""},
    {"[a]\niodepht=4\n", "x.fio:2: there is no option \"iodepht\"; did you mean iodepth?\n"},
    {"[a]\nfrobnicate=1\n", "x.fio:2: there is no option \"frobnicate\""},
    {"[a]\nbs 4k\n", "x.fio:2: there is no option \"bs 4k\""},
    {"[a]\n--bs=4k\n", "x.fio:2: an option in a file has no dashes, as in bs=4k\n"},
    {"[a]\ninclude other.fio\n", "x.fio:2: include: other files are not read; put the options "
                                 "here\n"},
    {"include other.fio\n[a]\n", "x.fio:1: include: other files are not read"},
    {"[a]\nsize=${SIZE}\n", "x.fio:2: variables such as ${SIZE} are not replaced; write the "
                            "value\n"},
    {"[a]\nnumjobs=$ncpu\n", "x.fio:2: numjobs=$ncpu: there are $ncpus, $pagesize and $mb_memory"},
    {"[a]\nsize=(4*1024\n", "x.fio:2: size=(4*1024: a ) is missing"},
    {"[a]\nrw=foo\n", "x.fio:2: rw=foo: allowed is read, write, randread"},
    {"[a]\nrw=randread:x\n", "x.fio:2: rw=randread:x: after a random mode's colon stands a "
                             "number of I/Os\n"},
    {"[a]\niodepth=0\n", "x.fio:2: iodepth=0: allowed is 1 to 65535\n"},
    {"[a]\niodepth=-1\n", "x.fio:2: iodepth=-1: not a number\n"},
    {"[a]\nnumjobs=99999999999999999999999\n", "x.fio:2: numjobs=99999999999999999999999: "
                                               "allowed is 1 to 256\n"},
    {"[a]\ntime_based=perhaps\n", "x.fio:2: time_based=perhaps: allowed is 0 or 1, no or yes\n"},
    {"[a]\nsize=101%\n", "x.fio:2: size=101%: a part of the device is 1% to 100%\n"},
    {"[a]\nruntime=5 q\n", "x.fio:2: runtime=5 q: not a time"},
    {"[a]\nbssplit=4k/60:8k/50\n", "x.fio:2: bssplit=4k/60:8k/50: the percentages"},
    {"[a]\nbssplit=:\n", "x.fio:2: bssplit=:: sizes with a percentage"},
    {"[a]\nrandom_distribution=zipf:x\n", "x.fio:2: random_distribution=zipf:x: zipf:THETA"},
    {"[a]\nverify=md6\n", "x.fio:2: verify=md6: allowed is none"},
    {"[a]\nverify_pattern=0x\n", "x.fio:2: verify_pattern=0x: up to 512 bytes"},
    {"[a]\nverify_pattern=\"open\n", "x.fio:2: verify_pattern=\"open: up to 512 bytes"},
    {"[a]\nzonemode=zbd\n", "x.fio:2: zonemode is an option of fio that is not here"},
    {"[a]\nwrite_iolog=x\n", "x.fio:2: write_iolog is an option of fio that is not here"},
    {"[a]\nbwavgtime=1000\n", "x.fio:2: bwavgtime=1000: only 500 is possible"},
    {"[a]\nbs=\x01\n", "x.fio:2: this is not text (UTF-8 without control characters)\n"},
    {"[a]\ndescription=\xff\n", "x.fio:2: this is not text"},
    {"[\x1b[2J]\n", "x.fio:1: this is not text"},
    {"[a]\n[b]\nbs=4k\n[c]\nbs=4q\n", "x.fio:5: bs=4q: not a size"},
    {"[a-name-that-is-far-longer-than-the-longest-one-that-any-section-may-have-at-all]\n",
     "x.fio:1: the name of a section has at most 63 bytes\n"},
};

static void bad_files_are_refused_in_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        int n = parse(bad[i].text);
        if (n != -EINVAL || strncmp(err_text, bad[i].why, strlen(bad[i].why)) != 0 ||
            strchr(err_text, '\n') != err_text + strlen(err_text) - 1) {
            fail_msg("%d, \"%s\" of:\n%s", n, err_text, bad[i].text);
        }
    }
}

static void limits_are_kept(void **state)
{
    static char big[BENCH_JOBFILE_BYTES + 1];
    char line[BENCH_LINE_BYTES + 20] = "[a]\n;";
    char many[(BENCH_MAX_JOBS + 1) * 4 + 1] = "";
    (void)state;
    memset(big, '\n', sizeof(big));
    memcpy(big, "[a]", 3);
    assert_int_equal(parse_len(big, BENCH_JOBFILE_BYTES), 1);
    assert_int_equal(parse_len(big, sizeof(big)), -EINVAL);
    assert_string_equal(err_text, "x.fio: a job file has at most 64 KiB\n");
    memset(line + 5, 'x', BENCH_LINE_BYTES - 2);
    assert_int_equal(parse_len(line, 5 + BENCH_LINE_BYTES - 2), 1);
    line[5 + BENCH_LINE_BYTES - 2] = 'x';
    assert_int_equal(parse_len(line, 5 + BENCH_LINE_BYTES - 1), -EINVAL);
    assert_string_equal(err_text, "x.fio:2: a line has at most 1023 bytes\n");
    assert_int_equal(parse_len("[a]\nbs=4k\0\n", 11), -EINVAL);
    for (unsigned i = 0; i < BENCH_MAX_JOBS; i++) {
        strcat(many, "[j]\n");
    }
    assert_int_equal(parse(many), BENCH_MAX_JOBS);
    strcat(many, "[j]\n");
    assert_int_equal(parse(many), -EINVAL);
    assert_string_equal(err_text, "x.fio:33: [j]: at most 32 jobs are allowed\n");
}

static void much_said_is_refused(void **state)
{
    static char text[8 * 1024] = "[a]\n";
    (void)state;
    while (strlen(text) < 4000) {
        strcat(text, "description=the same again and again, as long as there is room for it\n");
    }
    assert_int_equal(parse(text), -EINVAL);
    assert_non_null(strstr(err_text, "too much was said about one job; 2048 bytes are allowed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files_are_taken),
        cmocka_unit_test(globals_count_for_what_follows),
        cmocka_unit_test(comments_cut_values),
        cmocka_unit_test(sections_are_chosen),
        cmocka_unit_test(senseless_options_are_noted),
        cmocka_unit_test(bad_files_are_refused_in_words),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(much_said_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
