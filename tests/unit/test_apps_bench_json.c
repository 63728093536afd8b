/*
 * tests/unit/test_apps_bench_json.c - fio's JSON and terse output: a document from made-up figures
 * compared whole, and documents of the real engine on the software controller. With a folder as
 * argument, or in CARILLON_KEEP_JSON, these are also written there: tests/system/test_fio_tools.py
 * has them read by check_fio_json.py and by fio's own tools.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apps/bench/json.h"
#include "apps/bench/terse.h"
#include "lib/errno.h"
#include "tests/model/host_appliance.h"

static char text[65536];
static struct out_buf out;
static struct bench_options opt;
static struct bench_result result;
static struct bench_report_group group;
static struct bench_report_unit unit;
static struct bench_disks disks;

static void set(const char *word)
{
    assert_int_equal(bench_options_set(&opt, word, &out.out, &out.out), 0);
}

static int setup(void **state)
{
    (void)state;
    out_buf_init(&out, text, sizeof(text));
    memset(&result, 0, sizeof(result));
    memset(&group, 0, sizeof(group));
    memset(&disks, 0, sizeof(disks));
    bench_options_init(&opt);
    set("percentile_list=50:99.9");
    opt.bs_bytes = 4096;
    result.jobs = 1;
    result.latencies = true;
    result.run_ns = 1000 * NS_PER_MS;
    struct bench_dir_result *d = &result.dir[BENCH_DIR_READ];
    d->runtime_ms = 1000;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t clat_ns = i < 990 ? 3000 : 240000;
        d->ios++;
        d->bytes += 4096;
        stats_add(&d->slat, 100);
        stats_add(&d->clat, clat_ns);
        stats_add(&d->lat, clat_ns + 100);
        histogram_add(&d->clat_histogram, clat_ns);
    }
    bench_samples_add(&d->bw_kib, 4000);
    bench_samples_add(&d->bw_kib, 3900);
    bench_samples_add(&d->iops, 1000);
    bench_samples_add(&d->iops, 975);
    result.depth[0] = 1000;
    result.submit[1] = 1000;
    result.submits = 1000;
    result.complete[1] = 1000;
    result.completes = 1000;
    unit = (struct bench_report_unit){.name = "j", .cpu = 1, .opt = &opt, .result = &result};
    bench_report_add(&group, &unit);
    disks.count = 1;
    disks.disk[0] = (struct bench_disk_stats){.name = "nvme0", .ios = {1000, 0, 0},
                                              .ticks_ms = {5, 0, 0}, .in_queue_ms = 5,
                                              .util_percent = 0.5};
    return 0;
}

static void print_json(bool bins)
{
    struct bench_json doc;
    bench_json_begin(&doc, &out.out, bins, 83 * NS_PER_S + 5 * NS_PER_MS, 1500 * NS_PER_MS,
                     &opt.given);
    bench_json_unit(&doc, &unit, &group);
    bench_json_disk(&doc, &disks.disk[0]);
    bench_json_end(&doc);
}

#define EMPTY_LATENCY(name) \
    "        \"" name "\" : {\n" \
    "          \"min\" : 0,\n          \"max\" : 0,\n          \"mean\" : 0.000000,\n" \
    "          \"stddev\" : 0.000000,\n          \"N\" : 0\n        }"

#define EMPTY_DIR(name) \
    "      \"" name "\" : {\n" \
    "        \"io_bytes\" : 0,\n        \"io_kbytes\" : 0,\n        \"bw_bytes\" : 0,\n" \
    "        \"bw\" : 0,\n        \"iops\" : 0.000000,\n        \"runtime\" : 0,\n" \
    "        \"total_ios\" : 0,\n        \"short_ios\" : 0,\n        \"drop_ios\" : 0,\n" \
    EMPTY_LATENCY("slat_ns") ",\n" EMPTY_LATENCY("clat_ns") ",\n" EMPTY_LATENCY("lat_ns") ",\n" \
    "        \"bw_min\" : 0,\n        \"bw_max\" : 0,\n        \"bw_agg\" : 0.000000,\n" \
    "        \"bw_mean\" : 0.000000,\n        \"bw_dev\" : 0.000000,\n" \
    "        \"bw_samples\" : 0,\n        \"iops_min\" : 0,\n        \"iops_max\" : 0,\n" \
    "        \"iops_mean\" : 0.000000,\n        \"iops_stddev\" : 0.000000,\n" \
    "        \"iops_samples\" : 0\n      },\n"

#define LEVELS(scale, four, last) \
    "      \"latency_" scale "\" : {\n" \
    "        \"2\" : 0.000000,\n        \"4\" : " four ",\n        \"10\" : 0.000000,\n" \
    "        \"20\" : 0.000000,\n        \"50\" : 0.000000,\n        \"100\" : 0.000000,\n" \
    "        \"250\" : " last ",\n        \"500\" : 0.000000,\n        \"750\" : 0.000000,\n" \
    "        \"1000\" : 0.000000"

static const char document[] =
    "-----BEGIN FIO JSON-----\n"
    "{\n"
    "  \"fio version\" : \"fio-3.33\",\n"
    "  \"timestamp\" : 83,\n"
    "  \"timestamp_ms\" : 83005,\n"
    "  \"time\" : \"Thu Jan  1 00:01:23 1970\",\n"
    "  \"global options\" : {\n"
    "  },\n"
    "  \"jobs\" : [\n"
    "    {\n"
    "      \"jobname\" : \"j\",\n"
    "      \"groupid\" : 0,\n"
    "      \"error\" : 0,\n"
    "      \"eta\" : 0,\n"
    "      \"elapsed\" : 2,\n"
    "      \"job options\" : {\n"
    "        \"percentile_list\" : \"50:99.9\",\n"
    "        \"iodepth\" : \"1\",\n"
    "        \"numjobs\" : \"1\"\n"
    "      },\n"
    "      \"read\" : {\n"
    "        \"io_bytes\" : 4096000,\n"
    "        \"io_kbytes\" : 4000,\n"
    "        \"bw_bytes\" : 4096000,\n"
    "        \"bw\" : 4000,\n"
    "        \"iops\" : 1000.000000,\n"
    "        \"runtime\" : 1000,\n"
    "        \"total_ios\" : 1000,\n"
    "        \"short_ios\" : 0,\n"
    "        \"drop_ios\" : 0,\n"
    "        \"slat_ns\" : {\n"
    "          \"min\" : 100,\n"
    "          \"max\" : 100,\n"
    "          \"mean\" : 100.000000,\n"
    "          \"stddev\" : 0.000000,\n"
    "          \"N\" : 1000\n"
    "        },\n"
    "        \"clat_ns\" : {\n"
    "          \"min\" : 3000,\n"
    "          \"max\" : 240000,\n"
    "          \"mean\" : 5370.000000,\n"
    "          \"stddev\" : 23593.001711,\n"
    "          \"N\" : 1000,\n"
    "          \"percentile\" : {\n"
    "            \"50.000000\" : 2992,\n"
    "            \"99.900000\" : 240640\n"
    "          },\n"
    "          \"bins\" : {\n"
    "            \"2992\" : 990,\n"
    "            \"240640\" : 10\n"
    "          }\n"
    "        },\n"
    "        \"lat_ns\" : {\n"
    "          \"min\" : 3100,\n"
    "          \"max\" : 240100,\n"
    "          \"mean\" : 5470.000000,\n"
    "          \"stddev\" : 23593.001711,\n"
    "          \"N\" : 1000\n"
    "        },\n"
    "        \"bw_min\" : 3900,\n"
    "        \"bw_max\" : 4000,\n"
    "        \"bw_agg\" : 98.750000,\n"
    "        \"bw_mean\" : 3950.000000,\n"
    "        \"bw_dev\" : 70.710678,\n"
    "        \"bw_samples\" : 2,\n"
    "        \"iops_min\" : 975,\n"
    "        \"iops_max\" : 1000,\n"
    "        \"iops_mean\" : 987.500000,\n"
    "        \"iops_stddev\" : 17.677670,\n"
    "        \"iops_samples\" : 2\n"
    "      },\n"
    EMPTY_DIR("write")
    EMPTY_DIR("trim")
    "      \"sync\" : {\n"
    "        \"total_ios\" : 0,\n"
    EMPTY_LATENCY("lat_ns") "\n"
    "      },\n"
    "      \"job_runtime\" : 1000,\n"
    "      \"usr_cpu\" : 100.000000,\n"
    "      \"sys_cpu\" : 0.000000,\n"
    "      \"ctx\" : 0,\n"
    "      \"majf\" : 0,\n"
    "      \"minf\" : 0,\n"
    "      \"iodepth_level\" : {\n"
    "        \"1\" : 100.000000,\n        \"2\" : 0.000000,\n        \"4\" : 0.000000,\n"
    "        \"8\" : 0.000000,\n        \"16\" : 0.000000,\n        \"32\" : 0.000000,\n"
    "        \">=64\" : 0.000000\n      },\n"
    "      \"iodepth_submit\" : {\n"
    "        \"0\" : 0.000000,\n        \"4\" : 100.000000,\n        \"8\" : 0.000000,\n"
    "        \"16\" : 0.000000,\n        \"32\" : 0.000000,\n        \"64\" : 0.000000,\n"
    "        \">=64\" : 0.000000\n      },\n"
    "      \"iodepth_complete\" : {\n"
    "        \"0\" : 0.000000,\n        \"4\" : 100.000000,\n        \"8\" : 0.000000,\n"
    "        \"16\" : 0.000000,\n        \"32\" : 0.000000,\n        \"64\" : 0.000000,\n"
    "        \">=64\" : 0.000000\n      },\n"
    LEVELS("ns", "0.000000", "0.000000") "\n      },\n"
    LEVELS("us", "99.000000", "1.000000") "\n      },\n"
    LEVELS("ms", "0.000000", "0.000000") ",\n"
    "        \"2000\" : 0.000000,\n        \">=2000\" : 0.000000\n      },\n"
    "      \"latency_depth\" : 1,\n"
    "      \"latency_target\" : 0,\n"
    "      \"latency_percentile\" : 100.000000,\n"
    "      \"latency_window\" : 0\n"
    "    }\n"
    "  ],\n"
    "  \"disk_util\" : [\n"
    "    {\n"
    "      \"name\" : \"nvme0\",\n"
    "      \"read_ios\" : 1000,\n"
    "      \"write_ios\" : 0,\n"
    "      \"read_merges\" : 0,\n"
    "      \"write_merges\" : 0,\n"
    "      \"read_ticks\" : 5,\n"
    "      \"write_ticks\" : 0,\n"
    "      \"in_queue\" : 5,\n"
    "      \"util\" : 0.500000\n"
    "    }\n"
    "  ]\n"
    "}\n"
    "-----END FIO JSON-----\n";

static void a_document_with_bins(void **state)
{
    (void)state;
    print_json(true);
    assert_string_equal(text, document);
}

static void without_bins_only_they_are_missing(void **state)
{
    (void)state;
    print_json(false);
    assert_null(strstr(text, "bins"));
    assert_non_null(strstr(text, "            \"99.900000\" : 240640\n          }\n        },\n"));
}

static void steadystate_is_there_when_asked_for(void **state)
{
    (void)state;
    struct bench_steady_sample samples[2] = {{1000, 4000}, {1010, 4040}};
    struct bench_steady steady = {
        .config = {.percent = true, .limit = 2, .duration_ns = 2 * NS_PER_S},
        .window = 2, .count = 2, .attained = true, .mean = 1005, .deviation = 0.5,
        .samples = samples,
    };
    unit.steady = &steady;
    print_json(false);
    assert_non_null(strstr(text, "      \"steadystate\" : {\n"
                                 "        \"ss\" : \"iops:2.000000%\",\n"
                                 "        \"duration\" : 2,\n"
                                 "        \"attained\" : 1,\n"
                                 "        \"criterion\" : \"0.500000%\",\n"
                                 "        \"max_deviation\" : 5.025000,\n"
                                 "        \"slope\" : 0.000000,\n"
                                 "        \"data\" : {\n"
                                 "          \"bw_mean\" : 4116480,\n"
                                 "          \"iops_mean\" : 1005,\n"
                                 "          \"iops\" : [\n"
                                 "            1000,\n            1010\n"
                                 "          ],\n"
                                 "          \"bw\" : [\n"
                                 "            4096000,\n            4136960\n"
                                 "          ]\n"
                                 "        }\n"
                                 "      }\n"));
}

static unsigned fields(const char *line)
{
    unsigned n = 1;
    for (; *line != '\0' && *line != '\n'; line++) {
        n += *line == ';';
    }
    return n;
}

static void terse_has_130_fields(void **state)
{
    (void)state;
    bench_terse_unit(&out.out, &unit, &group, &disks);
    assert_int_equal(fields(text), 130);
    assert_int_equal(strncmp(text, "3;fio-3.33;j;0;0;4000;4000;1000;1000;0;0;0.100000;0.000000;3;"
                                   "240;5.370000;23.593002;50.000000%=2;99.900000%=240;0%=0;", 104),
                     0);
    assert_non_null(strstr(text, ";100.000000%;0.000000%;0;0;0;100.0%;0.0%;"));
    assert_non_null(strstr(text, ";nvme0;1000;0;0;0;5;0;5;0.50%\n"));
}

/* --- the engine ------------------------------------------------------------------------------- */

static const char *folder;

static void keep(const struct host_appliance *ha, const char *name)
{
    if (folder == NULL) {
        return;
    }
    char path[256];
    snprintf(path, sizeof(path), "%s/%s.txt", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(ha->text, f);
    fclose(f);
}

static void run(const struct model_config *drive, const char *name, const char *line,
                const char *expected)
{
    struct host_appliance_config config = host_appliance_default_config();
    config.drives = drive;
    struct host_appliance *ha = host_appliance_create(&config);
    char arm[80];
    snprintf(arm, sizeof(arm), "arm nvme0n1 '%s'", nvme_info(ha->app.ctrlrs[0].nvme)->serial);
    assert_int_equal(host_appliance_run(ha, arm), 0);
    if (host_appliance_run(ha, line) != 0) {
        fail_msg("%s:\n%s", line, ha->text);
    }
    keep(ha, name);
    assert_non_null(strstr(ha->text, expected));
    host_appliance_destroy(ha);
}

static void the_engine_writes_documents(void **state)
{
    (void)state;
    struct model_config drive = model_default_config();
    run(&drive, "mix", "bench name=mix rw=randrw rwmixread=70 size=8m iodepth=8 "
                       "output-format=normal,json+,terse lat_percentiles=1 slat_percentiles=1",
        "}\n" BENCH_JSON_END);
    drive.latency_ns = NS_PER_MS;
    run(&drive, "logs", "bench name=logs rw=randread runtime=3 time_based iodepth=4 size=4m "
                        "norandommap output-format=json write_bw_log=logs write_lat_log=logs "
                        "write_iops_log=logs write_hist_log=logs log_avg_msec=500 "
                        "log_hist_msec=1000 plot=1",
        "-----END FIO LOG logs_clat_hist.1.log-----\n");
}

/* The names that stand in a document one below the job, in order. */
static void keys_of_job(char *keys, size_t bytes)
{
    keys[0] = '\0';
    for (const char *line = text; (line = strstr(line, "\n      \"")) != NULL; line++) {
        const char *name = line + strlen("\n      \"");
        size_t len = strlen(keys);
        snprintf(keys + len, bytes - len, "%.*s ", (int)(strchr(name, '"') - name), name);
    }
}

static void unified_directions_are_one_object(void **state)
{
    char keys[512];
    struct bench_dir_result mixed;
    (void)state;
    bench_result_unify(&result, false, &mixed);
    unit.mixed = &mixed;
    opt.unified_rw_reporting = BENCH_UNIFIED_BOTH;
    print_json(true);
    keys_of_job(keys, sizeof(keys));
    assert_non_null(strstr(keys, "job options read write trim sync mixed job_runtime "));
    out_buf_init(&out, text, sizeof(text));
    bench_terse_unit(&out.out, &unit, &group, &disks);
    assert_int_equal(fields(text), 171);
    out_buf_init(&out, text, sizeof(text));
    opt.unified_rw_reporting = BENCH_UNIFIED_MIXED;
    print_json(true);
    keys_of_job(keys, sizeof(keys));
    assert_non_null(strstr(keys, "job options mixed job_runtime "));
    assert_non_null(strstr(text, "\"total_ios\" : 1000,\n"));
    out_buf_init(&out, text, sizeof(text));
    bench_terse_unit(&out.out, &unit, &group, &disks);
    assert_int_equal(fields(text), 89);
}

static void a_sweep_runs_all_combinations(void **state)
{
    (void)state;
    struct model_config drive = model_default_config();
    drive.latency_ns = NS_PER_MS;
    run(&drive, "sweep",
        "bench sweep rw=randread size=1m runtime=200ms time_based iodepth=1,4 bs=512,4k",
        "\nrandread,4096,1,4,4000,16384000,");
}

static void wrong_words_are_refused(void **state)
{
    (void)state;
    struct host_appliance *ha = host_appliance_create(NULL);
    assert_int_equal(host_appliance_run(ha, "bench quick rw=write"), -EINVAL);
    assert_int_equal(host_appliance_run(ha, "bench sweep iodepth=1,,2"), -EINVAL);
    assert_int_equal(host_appliance_run(ha, "bench sweep iodepht=1"), -EINVAL);
    host_appliance_destroy(ha);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_document_with_bins, setup),
        cmocka_unit_test_setup(without_bins_only_they_are_missing, setup),
        cmocka_unit_test_setup(steadystate_is_there_when_asked_for, setup),
        cmocka_unit_test_setup(terse_has_130_fields, setup),
        cmocka_unit_test_setup(unified_directions_are_one_object, setup),
        cmocka_unit_test(the_engine_writes_documents),
        cmocka_unit_test(a_sweep_runs_all_combinations),
        cmocka_unit_test(wrong_words_are_refused),
    };
    folder = argc > 1 ? argv[1] : getenv("CARILLON_KEEP_JSON");
    return cmocka_run_group_tests_name("apps_bench_json", tests, NULL, NULL);
}
