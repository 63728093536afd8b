/*
 * tests/fuzz/fuzz_apps_jobfile.c - any bytes as a job file: every job that comes out keeps what the
 * table of options promises, every refusal is one line that names the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "apps/bench/jobfile.h"
#include "lib/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_sizes(const struct bench_options *opt)
{
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        unsigned percent = 0;
        check(opt->bs[d].min >= 512 && opt->bs[d].min <= opt->bs[d].max);
        check(opt->bs[d].max <= 64 * MIB && opt->percentage_random[d] <= 100);
        check(opt->bssplit[d].count <= BENCH_CHOOSER_MAX_SPLITS);
        for (unsigned i = 0; i < opt->bssplit[d].count; i++) {
            percent += opt->bssplit[d].split[i].percent;
        }
        check(opt->bssplit[d].count == 0 || percent == 100);
    }
}

static void check_distribution(const struct bench_distribution_choice *dist)
{
    unsigned access = 0;
    bool zoned = dist->kind == BENCH_ZONED || dist->kind == BENCH_ZONED_ABS;
    check(dist->zone_count <= BENCH_MAX_ZONES && dist->center <= 1);
    for (unsigned i = 0; i < dist->zone_count; i++) {
        access += dist->zone[i].access_percent;
    }
    check(!zoned || access == 100);
    check(dist->kind != BENCH_ZIPF || dist->param > 0);
    check(dist->kind != BENCH_PARETO || (dist->param > 0 && dist->param < 1));
}

static void check_given(const struct bench_given *given)
{
    char name[64];
    const char *value;
    unsigned at = 0;
    check(given->bytes <= sizeof(given->text) && given->global_bytes <= given->bytes);
    check(given->bytes == 0 || given->text[given->bytes - 1] == '\0');
    while ((at = bench_given_next(given, at, name, sizeof(name), &value)) != 0) {
        check(at <= given->bytes && name[0] != '\0');
    }
}

static void check_job(const struct bench_options *opt)
{
    check(opt->name[0] != '\0' && utf8_is_valid(opt->name, strlen(opt->name)));
    check(opt->rw <= BENCH_RANDTRIMWRITE && opt->iodepth >= 1 && opt->iodepth <= 65535);
    check(opt->numjobs >= 1 && opt->numjobs <= 256 && opt->loops >= 1 && opt->rwmixread <= 100);
    check(opt->percentiles.count >= 1 && opt->percentiles.count <= BENCH_MAX_PERCENTILES);
    check(opt->verify_pattern.count <= BENCH_PATTERN_BYTES);
    check(opt->output_formats != 0);
    check_sizes(opt);
    check_distribution(&opt->distribution);
    check_given(&opt->given);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bench_options jobs[BENCH_MAX_JOBS];
    static char err_text[4096], note_text[4096];
    struct out_buf err, note;
    struct bench_jobfile file = {.name = "fuzz", .text = (const char *)data, .len = size};

    out_buf_init(&err, err_text, sizeof(err_text));
    out_buf_init(&note, note_text, sizeof(note_text));
    int n = bench_jobfile_parse(&file, jobs, BENCH_MAX_JOBS, &note.out, &err.out);
    check(n <= BENCH_MAX_JOBS);
    if (n < 0) {
        check(strncmp(err_text, "fuzz:", 5) == 0);
        check(strchr(err_text, '\n') == err_text + strlen(err_text) - 1);
        return 0;
    }
    check(n > 0 && err.len == 0);
    for (int i = 0; i < n; i++) {
        check_job(&jobs[i]);
    }
    return 0;
}
