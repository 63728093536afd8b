/*
 * apps/bench/measure.c - prepares, runs, adds up; see the header.
 */
#include "apps/bench/measure.h"

#include "apps/bench/job.h"
#include "apps/bench/run.h"
#include "apps/bench/source.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define MESSAGE_BYTES 512

struct quiet_run {
    struct shell *sh;
    struct bench_job job;
    struct bench_run run;
    char text[MESSAGE_BYTES];
    struct out_buf message;
};

/* text, without its line end, is the command's explanation of err. */
static int explain(struct shell *sh, const char *command, int err, char *text, size_t len)
{
    if (len > 0 && text[len - 1] == '\n') {
        text[len - 1] = '\0';
    }
    return shell_fail(sh, command, err, "%s", len > 0 ? text : errno_text(err));
}

int bench_measure_set(struct shell *sh, const char *command, struct bench_options *opt,
                      const char *word)
{
    char text[MESSAGE_BYTES], ignored[MESSAGE_BYTES];
    struct out_buf err, note;
    out_buf_init(&err, text, sizeof(text));
    out_buf_init(&note, ignored, sizeof(ignored));
    int rc = bench_options_set(opt, word, &note.out, &err.out);
    if (rc != 0) {
        return explain(sh, command, rc, text, err.len);
    }
    bench_say_note(sh->out, ignored);
    return 0;
}

static void on_tick(void *ctx, struct bench_run *run)
{
    struct quiet_run *q = ctx;
    if (!run->interrupted && shell_interrupted(q->sh)) {
        run->interrupted = true;
        bench_run_stop(run);
    }
}

static void derive(struct bench_measure *m)
{
    static const uint64_t wanted[] = {50 * HISTOGRAM_PERCENT, 99 * HISTOGRAM_PERCENT,
                                      99900000};
    struct bench_dir_result *all = &m->result.dir[0];
    uint64_t ns[ARRAY_SIZE(wanted)];
    m->iops = bench_dir_iops(all);
    m->bytes_per_s = bench_dir_bytes_per_s(all);
    for (unsigned d = 1; d < BENCH_DIRS; d++) {
        struct bench_dir_result *from = &m->result.dir[d];
        m->iops += bench_dir_iops(from);
        m->bytes_per_s += bench_dir_bytes_per_s(from);
        stats_merge(&all->clat, &from->clat);
        histogram_merge(&all->clat_histogram, &from->clat_histogram);
    }
    m->mean_ns = stats_mean(&all->clat);
    histogram_percentiles(&all->clat_histogram, wanted, ARRAY_SIZE(wanted), ns);
    m->p50_ns = ns[0];
    m->p99_ns = ns[1];
    m->p999_ns = ns[2];
}

static int run_it(struct quiet_run *q, struct bench_measure *out)
{
    struct bench_hook hook = {.tick = on_tick, .ctx = q};
    int rc = bench_run_create(q->sh->app, &q->job, 1, &q->run, &q->message.out);
    if (rc != 0) {
        return rc;
    }
    rc = bench_run_execute(&q->run, &hook, &q->message.out);
    for (unsigned t = 0; t < q->run.task_count && rc == 0; t++) {
        bench_result_merge(&out->result, &q->run.tasks[t]->result);
    }
    if (rc == 0) {
        rc = q->run.interrupted ? -EINTR : out->result.err;
    }
    bench_run_destroy(&q->run);
    derive(out);
    return rc;
}

int bench_measure(struct shell *sh, const char *command, const struct bench_options *opt,
                  struct bench_measure *out)
{
    struct quiet_run *q = heap_alloc(1, sizeof(*q));
    if (q == NULL) {
        return -ENOMEM;
    }
    memset(out, 0, sizeof(*out));
    q->sh = sh;
    out_buf_init(&q->message, q->text, sizeof(q->text));
    int rc = bench_job_prepare(sh->app, opt, &q->job, &q->message.out);
    if (rc == 0) {
        rc = run_it(q, out);
    }
    if (rc == -EINTR) {
        sh->explained = true;
    } else if (rc != 0) {
        rc = explain(sh, command, rc, q->text, q->message.len);
    } else if (q->message.len > 0) {
        out_printf(sh->out, "%s: %s", command, q->text);
    }
    heap_free(q);
    return rc;
}
