/*
 * tests/unit/test_apps_bench_command.c - the command `bench` with job files, on the software
 * controller: where files come from, stonewalls, groups, what is never started.
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
#include "tests/unit/fat_image.h"

static struct host_appliance *ha;

/* nvme0n1, nvme1n1, and a FAT32 volume ram0 whose README.TXT becomes a job file. */
static int setup(void **state)
{
    struct model_config drives[2] = {model_default_config(), model_default_config()};
    struct host_appliance_config cfg = host_appliance_default_config();
    (void)state;
    drives[1].serial = "SECOND";
    cfg.drives = drives;
    cfg.drive_count = 2;
    cfg.ram_disk_blocks = FAT_IMAGE_SECTORS;
    ha = host_appliance_create(&cfg);
    fat_image_make(block_mem_data(ha->ram), 512);
    host_appliance_rescan(ha);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

static void module(const char *name, const char *text)
{
    struct appliance_module *m = &ha->app.modules[ha->app.module_count++];
    *m = (struct appliance_module){.name = name, .data = text, .len = strlen(text)};
}

static uint64_t disk_commands(unsigned drive)
{
    return model_counters(ha->hosts[drive]->model)->io_commands;
}

static uint64_t io_commands(void)
{
    return disk_commands(0) + disk_commands(1);
}

static void run(const char *line)
{
    int rc = host_appliance_run(ha, line);
    if (rc != 0) {
        fail_msg("%s: %d\n%s", line, rc, ha->text);
    }
}

/* Refused in these words, and no I/O was started. */
static void refuse(const char *line, int err, const char *text)
{
    uint64_t before = io_commands();
    int rc = host_appliance_run(ha, line);
    if (rc != err || strstr(ha->text, text) == NULL) {
        fail_msg("%s: %d, expected %d and \"%s\"\n%s", line, rc, err, text, ha->text);
    }
    assert_int_equal(io_commands(), before);
}

/* Is printed, and each text behind the one before. */
static void has_in_order(const char *const *texts, unsigned count)
{
    const char *at = ha->text;
    for (unsigned i = 0; i < count; i++) {
        const char *found = strstr(at, texts[i]);
        if (found == NULL) {
            fail_msg("\"%s\" is not in (or not behind the one before):\n%s", texts[i], ha->text);
            return;
        }
        at = found + strlen(texts[i]);
    }
}

static void has(const char *text)
{
    has_in_order(&text, 1);
}

static void has_not(const char *text)
{
    if (strstr(ha->text, text) != NULL) {
        fail_msg("\"%s\" is in:\n%s", text, ha->text);
    }
}

static const char two_walls[] =
    "[global]\nfilename=nvme0n1\nsize=64k\nioengine=libaio\ndirect=1\n"
    "[first one]\nrw=read\n"
    "[second]\nrw=randread\nstonewall\n"
    "[third]\nrw=randread\nbs=8k\n";

static void walls_separate_runs_and_groups(void **state)
{
    static const char *const expected[] = {
        "note: ioengine=libaio, direct=1 ignored (",
        "first one: (g=0): rw=read", "second: (g=1): rw=randread", "third: (g=1): rw=randread",
        "Starting 1 thread", "Starting 2 threads",
        "first one: (groupid=0, jobs=1): err= 0", "issued rwts: total=16,0,0,0",
        "second: (groupid=1, jobs=1): err= 0", "issued rwts: total=16,0,0,0",
        "third: (groupid=1, jobs=1): err= 0", "issued rwts: total=8,0,0,0",
        "Run status group 0 (all jobs):", "io=64.0KiB", "Run status group 1 (all jobs):",
        "io=128KiB",
    };
    (void)state;
    module("walls.fio", two_walls);
    uint64_t before = io_commands();
    run("bench walls.fio");
    has_in_order(expected, ARRAY_SIZE(expected));
    has_not("group 2");
    assert_int_equal(io_commands() - before, 40);
}

static void groups_report_together(void **state)
{
    (void)state;
    module("g.fio", "[global]\nfilename=nvme0n1\nsize=64k\ngroup_reporting\n[a]\nnumjobs=2\n"
                    "[b]\n[c]\nnew_group\n[d]\n");
    run("bench g.fio");
    has("a: (groupid=0, jobs=3)");
    has("c: (groupid=1, jobs=2)");
    has_not("b: (groupid");
}

static void sections_are_chosen(void **state)
{
    (void)state;
    module("walls.fio", two_walls);
    run("bench --section=third --section='first one' walls.fio");
    has("first one: (groupid=0");
    has("third: (groupid=0");
    has_not("second");
    refuse("bench walls.fio --section=fourth", -EINVAL,
           "bench: section=fourth: walls.fio has no such section");
}

static void typed_options_override_the_file(void **state)
{
    (void)state;
    module("walls.fio", two_walls);
    uint64_t before = disk_commands(1);
    run("bench walls.fio --section=second filename=nvme1n1 number_ios=3");
    assert_int_equal(disk_commands(1) - before, 3);
    refuse("bench walls.fio name=x", -EINVAL, "beside a job file no job can be typed");
    refuse("bench walls.fio bs=5x", -EINVAL, "bench: bs=5x: not a size");
}

static void files_come_from_disks(void **state)
{
    (void)state;
    refuse("bench ram0:/README.TXT", -EINVAL, "ram0:/README.TXT:1: ");
    refuse("bench ram0:/none.fio", -ENOENT, "bench: ram0:/none.fio: ");
    refuse("bench none.fio", -EINVAL, "bench: none.fio: ");
    module("known.fio", "[a]\n");
    refuse("bench none.fio", -EINVAL, "; the boot loader brought known.fio");
    refuse("bench ram0:/SUB", -EISDIR, "bench: ram0:/SUB: ");
}

static void nothing_starts_when_a_later_job_is_broken(void **state)
{
    (void)state;
    module("a.fio", "[a]\nfilename=nvme0n1\nsize=64k\n[b]\nstonewall\nfilename=nvme0n1\nbs=4q\n");
    refuse("bench a.fio", -EINVAL, "bench: a.fio:7: bs=4q: not a size");
    module("b.fio", "[a]\nfilename=nvme0n1\nsize=64k\n[b]\nstonewall\nfilename=nvme0n1\n"
                    "rw=write\n");
    refuse("bench b.fio", -EROFS, "bench: job \"b\": rw=write would overwrite nvme0n1");
    module("c.fio", "[a]\nfilename=nvme0n1\nsize=64k\n[b]\nstonewall\nfilename=nvme0n1\n"
                    "numjobs=3\noffset_increment=60%\n");
    refuse("bench c.fio", -EINVAL, "offset_increment: clone 2 of b");
}

static void a_promise_not_to_write_is_kept(void **state)
{
    (void)state;
    run("arm nvme0n1 CAR0001");
    refuse("bench --readonly filename=nvme0n1 rw=randrw size=64k", -EROFS,
           "bench: bench: rw=randrw is not allowed with --readonly");
    refuse("bench --readonly filename=nvme0n1 rw=trim size=64k", -EROFS, "rw=trim is not allowed");
    run("bench --readonly filename=nvme0n1 size=64k");
}

static void jobs_can_be_looked_at(void **state)
{
    uint64_t before = io_commands();
    (void)state;
    module("walls.fio", two_walls);
    run("bench --parse-only walls.fio");
    has_not("Starting");
    run("bench --showcmd walls.fio");
    has("bench '--name=first one' --size=64k --rw=read --filename=nvme0n1 --name=second --size=64k "
        "--rw=randread --stonewall --filename=nvme0n1 --name=third");
    assert_int_equal(io_commands(), before);
}

static void several_disks_make_several_jobs(void **state)
{
    (void)state;
    uint64_t before[2] = {disk_commands(0), disk_commands(1)};
    run("bench filename=nvme0n1:nvme1n1 size=64k group_reporting");
    has("bench: (groupid=0, jobs=2)");
    assert_int_equal(disk_commands(0) - before[0], 16);
    assert_int_equal(disk_commands(1) - before[1], 16);
    run("bench filename=SECOND size=64k");
    assert_int_equal(disk_commands(1) - before[1], 32);
    refuse("bench filename=nvme0n1:nvme9n1 size=64k", -ENOENT, "filename=nvme9n1: no such disk");
}

static void contradictions_are_refused(void **state)
{
    static const struct { const char *line, *why; } bad[] = {
        {"time_based", "time_based needs a runtime"},
        {"bs=6000", "bs=6000: not a multiple of the block size"},
        {"bsrange=512-1000", "bsrange=1000: not a multiple"},
        {"bssplit=4k/50:1000/50", "bssplit=1000: not a multiple"},
        {"rw=randread blockalign=1000", "blockalign=1000: not a multiple"},
        {"offset=100", "offset=100: not a multiple"},
        {"ss=iops:2%", "steadystate needs a window of 2 s"},
        {"latency_target=100", "latency_target needs a time"},
        {"cpus_allowed=200", "cpus_allowed: this machine has CPUs 0 to 0 only"},
        {"cpus_allowed_policy=split", "cpus_allowed_policy=split needs cpus_allowed"},
        {"verify=pattern rw=write", "verify=pattern needs a pattern"},
        {"verify_only", "verify_only needs to know how"},
        {"rate_iops=100 rate_iops_min=200", "rate_iops_min: for read at most the rate_iops of 100"},
        {"unit_base=3", "unit_base=3: allowed is 0, 8, 1"},
        {"trim_percentage=10 rw=write verify=crc32c", "trim_percentage needs trim_backlog"},
        {"trim_percentage=10 trim_backlog=8 rw=write", "trim_percentage trims what the same job"},
        {"verify_state_load=1", "only 0 is possible"},
    };
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        char line[200];
        snprintf(line, sizeof(line), "bench filename=nvme0n1 size=64k %s", bad[i].line);
        refuse(line, -EINVAL, bad[i].why);
    }
}

static unsigned count(const char *what)
{
    unsigned n = 0;
    for (const char *at = ha->text; (at = strstr(at, what)) != NULL; at++) {
        n++;
    }
    return n;
}

/* 1000 I/Os a second: each report has those of one second more, and the last one all. What is asked
 * for in one tick is told in the next, 10 ms later. */
static void reports_come_while_it_runs(void **state)
{
    static const char *const expected[] = {
        "a: (groupid=0", "issued rwts: total=1010,", "Run status group 0", "nvme0: ios=1010/0",
        "a: (groupid=0", "issued rwts: total=2010,", "Run status group 0", "nvme0: ios=2010/0",
        "a: (groupid=0", "issued rwts: total=2500,", "b: (groupid=1", "issued rwts: total=1010,",
        "nvme0: ios=1010/0",
        "a: (groupid=0", "issued rwts: total=2500,", "b: (groupid=1", "issued rwts: total=1500,",
    };
    (void)state;
    run("bench filename=nvme0n1 size=1m time_based rw=randread rate_iops=1000 status-interval=1 "
        "output-format=normal,json write_bw_log=x name=a runtime=2500ms name=b stonewall "
        "runtime=1500ms");
    has_in_order(expected, ARRAY_SIZE(expected));
    assert_int_equal(count("a: (groupid=0"), 4);
    assert_int_equal(count("b: (groupid=1"), 2);
    assert_int_equal(count("-----BEGIN FIO JSON-----"), 4);
    assert_int_equal(count("-----BEGIN FIO LOG x_bw.1.log-----"), 1);
    run("bench filename=nvme0n1 size=64k rw=read status-interval=1");
    assert_int_equal(count("(groupid=0"), 1);
}

static void *press_ctrl_c(void *arg)
{
    (void)arg;
    usleep(100000);
    host_appliance_type(ha, "\x03");
    return NULL;
}

static void run_interrupted(const char *line)
{
    pthread_t person;
    assert_int_equal(pthread_create(&person, NULL, press_ctrl_c, NULL), 0);
    int rc = host_appliance_run(ha, line);
    pthread_join(person, NULL);
    assert_int_equal(rc, -EINTR);
    assert_null(strstr(ha->text, "error"));
}

static void what_was_measured_until_ctrl_c_is_told(void **state)
{
    static const char *const job[] = {
        "bench: stopped by Ctrl-C; this was measured so far:\n",
        "bench: (groupid=0, jobs=1): err= 0",
        "read: IOPS=",
    };
    static const char *const sweep[] = {
        "randread, 2 runs of 100000.0 s\n", "   4096B     1      2 ",
        "bench sweep: stopped by Ctrl-C; this was measured so far, the last run only in part:\n",
        "-----BEGIN FIO LOG sweep.csv-----\n", "\nrandread,4096,1,2,",
        "-----END FIO LOG sweep.csv-----\n",
    };
    (void)state;
    run_interrupted("bench filename=nvme0n1 rw=randread size=1m time_based runtime=100000 "
                    "eta=never");
    has_in_order(job, ARRAY_SIZE(job));
    run_interrupted("bench sweep nvme0n1 rw=randread size=1m time_based runtime=100000 "
                    "iodepth=2,4");
    has_in_order(sweep, ARRAY_SIZE(sweep));
    assert_int_equal(count("randread,4096,"), 1);
}

static void a_disk_is_named_without_filename(void **state)
{
    uint64_t before = disk_commands(1);
    (void)state;
    run("bench sweep nvme1n1 size=64k iodepth=1,2 runtime=10ms time_based ioengine=libaio");
    has("note: ioengine=libaio ignored (");
    assert_true(disk_commands(1) > before);
}

static void quick_tells_four_numbers(void **state)
{
    static const char *const lines[] = {"SEQ1M   Q8 ", "SEQ128K Q32 ", "RND4K   Q32 ",
                                        "RND4K   Q1 "};
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();
    (void)state;
    drive.latency_ns = 50 * NS_PER_MS;
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    run("bench quick nvme0n1");
    has_in_order(lines, ARRAY_SIZE(lines));
    assert_int_equal(count("IOPS"), 4);
    has("     20 IOPS   50000.50 us mean"); /* of depth 1 */
    run_interrupted("bench quick nvme0n1");
    has("bench quick: stopped by Ctrl-C; the last run was measured only in part\n");
    has_not("RND4K   Q1 ");
    host_appliance_destroy(ha);
}

static void each_error_begins_with_its_command(void **state)
{
    (void)state;
    refuse("bench rw=reed", -EINVAL, "bench: rw=reed: allowed is read, write,");
    refuse("bench --help=bz", -EINVAL, "bench: there is no option \"bz\"");
    refuse("help bench bz", -EINVAL, "bench: there is no option \"bz\"");
    refuse("bench sweep nvme0n1 iodepht=1", -EINVAL,
           "bench sweep: there is no option \"iodepht\"; did you mean iodepth?");
    refuse("bench sweep nvme0n1 bs=5x", -EINVAL, "bench sweep: bs=5x: not a size");
    refuse("bench sweep nvme7n1", -ENOENT, "bench sweep: filename=nvme7n1: no such disk");
    refuse("bench sweep size=64k", -ENOENT, "bench sweep: say which disk with filename=");
    refuse("bench quick nvme7n1", -ENOENT, "bench quick: filename=nvme7n1: no such disk");
    refuse("bench quick rw=read", -EINVAL, "bench quick: usage: bench quick [DISK]");
}

static void help_explains_options(void **state)
{
    (void)state;
    run("help bench iodepth");
    has("iodepth: I/Os each job keeps in flight\n");
    has("  default      1\n");
    run("help bench random_distribution");
    has("word with arguments");
    run("help bench ioengine");
    has("not used here");
    refuse("help bench iodepht", -EINVAL, "did you mean iodepth?");
    refuse("help pwd x", -EINVAL, "pwd has no topics");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(walls_separate_runs_and_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(groups_report_together, setup, teardown),
        cmocka_unit_test_setup_teardown(sections_are_chosen, setup, teardown),
        cmocka_unit_test_setup_teardown(typed_options_override_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(files_come_from_disks, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_starts_when_a_later_job_is_broken, setup, teardown),
        cmocka_unit_test_setup_teardown(a_promise_not_to_write_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(jobs_can_be_looked_at, setup, teardown),
        cmocka_unit_test_setup_teardown(several_disks_make_several_jobs, setup, teardown),
        cmocka_unit_test_setup_teardown(contradictions_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(reports_come_while_it_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_measured_until_ctrl_c_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_disk_is_named_without_filename, setup, teardown),
        cmocka_unit_test(quick_tells_four_numbers),
        cmocka_unit_test_setup_teardown(each_error_begins_with_its_command, setup, teardown),
        cmocka_unit_test_setup_teardown(help_explains_options, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
