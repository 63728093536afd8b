/*
 * apps/bench/sweep.c - three nested lists; see the header.
 */
#include "apps/bench/sweep.h"

#include "apps/bench/format.h"
#include "apps/bench/logs.h"
#include "apps/bench/measure.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define COMMAND "bench sweep"
#define FILE "sweep.csv"
#define MAX_VALUES 16
#define WORD_BYTES 48
#define MAX_ROWS 512

/* One of the options that are varied: "iodepth=8" in each word. */
struct axis {
    const char *name;
    const char *values; /* when none were given */
    unsigned count;
    char word[MAX_VALUES][WORD_BYTES];
};

enum { AXIS_BS, AXIS_JOBS, AXIS_DEPTH, AXES };

struct row {
    uint64_t bs, jobs, depth, iops, bytes_per_s, p50_ns, p99_ns, p999_ns;
    double mean_ns;
};

struct sweep {
    struct shell *sh;
    struct axis axis[AXES];
    struct bench_options base, opt;
    struct bench_measure measure;
    unsigned row_count;
    struct row row[MAX_ROWS];
};

/* "1,8,32" into words. */
static int split(struct sweep *s, struct axis *axis, const char *list)
{
    axis->count = 0;
    while (*list != '\0') {
        const char *comma = strchr(list, ',');
        size_t len = comma != NULL ? (size_t)(comma - list) : strlen(list);
        size_t head = strlen(axis->name) + 1;
        if (axis->count == MAX_VALUES || len == 0 || head + len >= WORD_BYTES) {
            return shell_fail(s->sh, COMMAND, -EINVAL, "%s=%s: 1 to %d values with commas between "
                              "them are allowed", axis->name, list, MAX_VALUES);
        }
        char *word = axis->word[axis->count++];
        str_format(word, WORD_BYTES, "%s=", axis->name);
        memcpy(word + head, list, len);
        word[head + len] = '\0';
        list += len + (comma != NULL);
    }
    return 0;
}

/* The value of "name=value" or "--name=value", or NULL if the word is another option's. */
static const char *value_of(const char *word, const char *name)
{
    size_t len = strlen(name);
    word += strncmp(word, "--", 2) == 0 ? 2 : 0;
    return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

/* An option of the jobs, or the name of the disk alone. */
static int take_word(struct sweep *s, const char *word)
{
    char filename[BENCH_FILENAME_BYTES + sizeof("filename=")];
    if (word[0] == '-' || strchr(word, '=') != NULL || bench_options_known(word)) {
        return bench_measure_set(s->sh, COMMAND, &s->base, word);
    }
    str_format(filename, sizeof(filename), "filename=%s", word);
    return bench_measure_set(s->sh, COMMAND, &s->base, filename);
}

static int take_words(struct sweep *s, int argc, char **argv)
{
    bench_options_init(&s->base);
    int rc = 0;
    for (unsigned a = 0; a < AXES && rc == 0; a++) {
        rc = split(s, &s->axis[a], s->axis[a].values);
    }
    for (int i = 1; i < argc && rc == 0; i++) {
        bool taken = false;
        for (unsigned a = 0; a < AXES && !taken; a++) {
            const char *list = value_of(argv[i], s->axis[a].name);
            if (list != NULL) {
                rc = split(s, &s->axis[a], list);
                taken = true;
            }
        }
        if (!taken) {
            rc = take_word(s, argv[i]);
        }
    }
    if (rc == 0 && s->base.runtime_ns == 0) {
        s->base.runtime_ns = 2 * NS_PER_S;
        s->base.time_based = true;
    }
    return rc;
}

static void put_row(struct out *out, const struct row *r)
{
    char bs[BENCH_NUMBER_BYTES], iops[BENCH_NUMBER_BYTES];
    bench_format_number(bs, r->bs, 4, true, "B");
    bench_format_number(iops, r->iops, 4, false, "");
    out_printf(out, "  %8s %5llu %6llu %8s %10.1f %11.2f %11.2f %11.2f\n", bs,
               (unsigned long long)r->jobs, (unsigned long long)r->depth, iops,
               (double)r->bytes_per_s / MIB, r->mean_ns / 1000, (double)r->p99_ns / 1000,
               (double)r->p999_ns / 1000);
}

static int run_one(struct sweep *s, const char *const words[AXES])
{
    s->opt = s->base;
    for (unsigned a = 0; a < AXES; a++) {
        int rc = bench_measure_set(s->sh, COMMAND, &s->opt, words[a]);
        if (rc != 0) {
            return rc;
        }
    }
    int rc = bench_measure(s->sh, COMMAND, &s->opt, &s->measure);
    if (rc != 0 && (rc != -EINTR || s->measure.iops == 0)) {
        return rc;
    }
    const struct bench_measure *m = &s->measure;
    struct row *row = &s->row[s->row_count++];
    *row = (struct row){.bs = s->opt.bs[BENCH_DIR_READ].max, .jobs = s->opt.numjobs,
                        .depth = s->opt.iodepth, .iops = m->iops, .bytes_per_s = m->bytes_per_s,
                        .mean_ns = m->mean_ns, .p50_ns = m->p50_ns, .p99_ns = m->p99_ns,
                        .p999_ns = m->p999_ns};
    put_row(s->sh->out, row);
    return rc;
}

static int run_all(struct sweep *s)
{
    const struct axis *bs = &s->axis[AXIS_BS];
    const struct axis *jobs = &s->axis[AXIS_JOBS];
    const struct axis *depth = &s->axis[AXIS_DEPTH];
    unsigned total = bs->count * jobs->count * depth->count;
    if (total > MAX_ROWS) {
        return shell_fail(s->sh, COMMAND, -EINVAL, "%u combinations: at most %d are allowed", total,
                          MAX_ROWS);
    }
    out_printf(s->sh->out, "%s, %u runs of %.1f s\n", bench_rw_name(s->base.rw), total,
               (double)(s->base.runtime_ns + s->base.ramp_time_ns) / (double)NS_PER_S);
    out_puts(s->sh->out, "        bs  jobs  depth     IOPS      MiB/s     mean us     99th us   "
                         "99.9th us\n");
    for (unsigned i = 0; i < total; i++) {
        const char *const words[AXES] = {
            [AXIS_BS] = bs->word[i / depth->count / jobs->count],
            [AXIS_JOBS] = jobs->word[i / depth->count % jobs->count],
            [AXIS_DEPTH] = depth->word[i % depth->count],
        };
        int rc = run_one(s, words);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static void put_csv(struct out *out, const struct sweep *s)
{
    bench_logs_begin(out, FILE);
    out_puts(out, "rw,bs_bytes,numjobs,iodepth,iops,bytes_per_s,clat_mean_ns,clat_p50_ns,"
                  "clat_p99_ns,clat_p99.9_ns\n");
    for (unsigned i = 0; i < s->row_count; i++) {
        const struct row *r = &s->row[i];
        out_printf(out, "%s,%llu,%llu,%llu,%llu,%llu,%.1f,%llu,%llu,%llu\n",
                   bench_rw_name(s->base.rw), (unsigned long long)r->bs,
                   (unsigned long long)r->jobs, (unsigned long long)r->depth,
                   (unsigned long long)r->iops, (unsigned long long)r->bytes_per_s, r->mean_ns,
                   (unsigned long long)r->p50_ns, (unsigned long long)r->p99_ns,
                   (unsigned long long)r->p999_ns);
    }
    bench_logs_end(out, FILE);
}

int bench_sweep(struct shell *sh, int argc, char **argv)
{
    struct sweep *s = heap_alloc(1, sizeof(*s));
    if (s == NULL) {
        return -ENOMEM;
    }
    s->sh = sh;
    s->axis[AXIS_BS] = (struct axis){.name = "bs", .values = "4k"};
    s->axis[AXIS_JOBS] = (struct axis){.name = "numjobs", .values = "1"};
    s->axis[AXIS_DEPTH] = (struct axis){.name = "iodepth", .values = "1,4,16,64"};
    int rc = take_words(s, argc, argv);
    if (rc == 0) {
        rc = run_all(s);
    }
    if (rc == -EINTR) {
        out_puts(sh->out, COMMAND ": stopped by Ctrl-C; this was measured so far, the last run "
                          "only in part:\n");
    }
    if (s->row_count > 0) {
        put_csv(sh->out, s); /* also of what was measured before an error or Ctrl-C */
    }
    heap_free(s);
    return rc;
}
