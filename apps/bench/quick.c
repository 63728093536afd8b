/*
 * apps/bench/quick.c - four short jobs; see the header.
 */
#include "apps/bench/quick.h"

#include "apps/bench/format.h"
#include "apps/bench/measure.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define COMMAND "bench quick"
#define RUNTIME "runtime=5"
#define RAMP "ramp_time=1"
#define WORD_BYTES (BENCH_FILENAME_BYTES + 16)

struct quick_test {
    const char *name;
    const char *rw, *bs, *depth;
};

/* In the order and with the names of the usual disk benchmarks. */
static const struct quick_test tests[] = {
    {"SEQ1M   Q8", "rw=read", "bs=1m", "iodepth=8"},
    {"SEQ128K Q32", "rw=read", "bs=128k", "iodepth=32"},
    {"RND4K   Q32", "rw=randread", "bs=4k", "iodepth=32"},
    {"RND4K   Q1", "rw=randread", "bs=4k", "iodepth=1"},
};

/* Words of our own that the option table must take. */
static int set_all(struct shell *sh, struct bench_options *opt, const struct quick_test *test,
                   const char *disk)
{
    char filename[WORD_BYTES];
    const char *const words[] = {test->rw, test->bs, test->depth, "time_based", RUNTIME, RAMP,
                                 "norandommap", filename};
    bench_options_init(opt);
    str_format(filename, sizeof(filename), "filename=%s", disk != NULL ? disk : "");
    for (unsigned i = 0; i < ARRAY_SIZE(words) - (disk == NULL); i++) {
        int rc = bench_measure_set(sh, COMMAND, opt, words[i]);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static void put_result(struct out *out, const struct quick_test *test,
                       const struct bench_measure *m)
{
    char iops[BENCH_NUMBER_BYTES];
    bench_format_number(iops, m->iops, 4, false, "");
    out_printf(out, "  %-12s %10.2f MB/s %8s IOPS %10.2f us mean %10.2f us 99th\n", test->name,
               (double)m->bytes_per_s / 1e6, iops, m->mean_ns / 1000, (double)m->p99_ns / 1000);
}

int bench_quick(struct shell *sh, int argc, char **argv)
{
    const char *disk = argc > 1 ? argv[1] : NULL;
    if (argc > 2 || (disk != NULL && (disk[0] == '-' || strchr(disk, '=') != NULL))) {
        return shell_fail(sh, COMMAND, -EINVAL, "usage: bench quick [DISK]");
    }
    struct bench_options *opt = heap_alloc(1, sizeof(*opt));
    struct bench_measure *m = heap_alloc(1, sizeof(*m));
    int rc = opt != NULL && m != NULL ? 0 : -ENOMEM;
    if (rc == 0) {
        out_printf(sh->out, "Reading only, 6 s for each line.\n");
    }
    for (unsigned i = 0; i < ARRAY_SIZE(tests) && rc == 0; i++) {
        rc = set_all(sh, opt, &tests[i], disk);
        if (rc == 0) {
            rc = bench_measure(sh, COMMAND, opt, m);
        }
        if (rc == 0 || (rc == -EINTR && m->iops > 0)) {
            put_result(sh->out, &tests[i], m);
        }
    }
    if (rc == -EINTR) {
        out_puts(sh->out, COMMAND ": stopped by Ctrl-C; the last run was measured only in part\n");
    }
    heap_free(m);
    heap_free(opt);
    return rc;
}
