/*
 * apps/bench/cmd_bench.c - the command `bench`: from words to a report.
 */
#include "apps/bench/eta.h"
#include "apps/bench/job.h"
#include "apps/bench/options.h"
#include "apps/bench/report.h"
#include "apps/bench/run.h"
#include "apps/commands.h"
#include "apps/shell/shell.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define COMMAND "bench"
#define MESSAGE_BYTES 512

/* All that one call of the command holds. */
struct bench_session {
    struct shell *sh;
    struct bench_options options[BENCH_MAX_JOBS];
    struct bench_job jobs[BENCH_MAX_JOBS];
    unsigned job_count;
    struct bench_run run;
    struct bench_eta_line eta;
    struct bench_result unit;     /* the one being reported */
    struct bench_report_group group;
    char text[MESSAGE_BYTES];
    struct out_buf message;       /* why something was refused */
};

/* Says what the refusing function wrote, as the command's one explanation. */
static int explain(struct bench_session *s, int err)
{
    if (s->message.len == 0) {
        return err;
    }
    size_t len = s->message.len;
    if (s->text[len - 1] == '\n') {
        s->text[len - 1] = '\0';
    }
    return shell_fail(s->sh, COMMAND, err, "%s", s->text);
}

/* --- while it runs ---------------------------------------------------------------------------- */

static void on_tick(void *ctx, struct bench_run *run)
{
    struct bench_session *s = ctx;
    const struct machine *m = s->sh->app->machine;
    if (!run->interrupted && shell_interrupted(s->sh)) {
        run->interrupted = true;
        bench_run_stop(run);
    }
    bench_eta_update(&s->eta, run, m->now_ns(m->ctx));
}

/* --- afterwards ------------------------------------------------------------------------------- */

/* The tasks that are reported together with the first one: all that follow and share its group,
 * with group_reporting, else itself alone. */
static unsigned unit_tasks(const struct bench_run *run, unsigned first)
{
    unsigned n = 1;
    while (first + n < run->task_count && run->tasks[first]->job->opt.group_reporting &&
           run->tasks[first + n]->job->opt.group_reporting) {
        n++;
    }
    return n;
}

static void merge_unit(struct bench_session *s, unsigned first, unsigned n)
{
    memset(&s->unit, 0, sizeof(s->unit));
    for (unsigned i = 0; i < n; i++) {
        bench_result_merge(&s->unit, &s->run.tasks[first + i]->result);
    }
}

static void report_unit(struct bench_session *s, unsigned first)
{
    const struct bench_task *task = s->run.tasks[first];
    struct bench_report_unit unit = {
        .name = task->job->opt.name,
        .cpu = task->worker->cpu,
        .ended_ns = s->run.ended_ns,
        .opt = &task->job->opt,
        .result = &s->unit,
    };
    bench_report_unit(s->sh->out, &unit, &s->group);
}

/* Returns the error of the first job that had one. */
static int report(struct bench_session *s)
{
    struct bench_run *run = &s->run;
    int err = 0;
    out_puts(s->sh->out, "\n");
    /* A unit's share is of the whole group, so all are counted before the first is printed. */
    for (unsigned pass = 0; pass < 2; pass++) {
        unsigned n;
        for (unsigned first = 0; first < run->task_count; first += n) {
            n = unit_tasks(run, first);
            merge_unit(s, first, n);
            if (pass == 0) {
                bench_report_add(&s->group, &s->unit);
                err = err == 0 ? s->unit.err : err;
            } else {
                report_unit(s, first);
            }
        }
    }
    bench_report_status(s->sh->out, 0, &s->group);
    return err;
}

/* --- from words to a run ---------------------------------------------------------------------- */

static int prepare(struct bench_session *s, int argc, char **argv)
{
    int n = bench_options_parse(s->options, argc - 1, argv + 1, s->sh->out, &s->message.out);
    if (n < 0) {
        return explain(s, n);
    }
    s->job_count = (unsigned)n;
    for (unsigned i = 0; i < s->job_count; i++) {
        int rc = bench_job_prepare(s->sh->app, &s->options[i], &s->jobs[i], &s->message.out);
        if (rc != 0) {
            return explain(s, rc);
        }
    }
    return 0;
}

static void announce(struct bench_session *s)
{
    struct out *out = s->sh->out;
    for (unsigned i = 0; i < s->job_count; i++) {
        bench_report_header(out, &s->jobs[i].opt, 0);
    }
    out_printf(out, "Starting %u thread%s on %u CPU%s\n", s->run.task_count,
               s->run.task_count == 1 ? "" : "s", s->run.worker_count,
               s->run.worker_count == 1 ? "" : "s");
}

static int execute(struct bench_session *s)
{
    const struct bench_options *opt = &s->jobs[0].opt;
    struct bench_hook hook = {.tick = on_tick, .ctx = s};
    int rc = bench_run_create(s->sh->app, s->jobs, s->job_count, &s->run, &s->message.out);
    if (rc != 0) {
        return explain(s, rc);
    }
    announce(s);
    bench_eta_init(&s->eta, s->sh->out, opt->eta != BENCH_ETA_NEVER, s->sh->interactive,
                   opt->eta_newline_ns);
    rc = bench_run_execute(&s->run, &hook, &s->message.out);
    bench_eta_finish(&s->eta);
    if (rc != 0) {
        rc = shell_fail(s->sh, COMMAND, rc, "a CPU was taken by another job meanwhile");
    } else {
        out_puts(s->sh->out, s->text); /* of a controller that had to be reset, or "" */
        if (s->run.interrupted) {
            out_puts(s->sh->out, "bench: stopped by Ctrl-C; this was measured so far:\n");
        }
        rc = report(s);
        if (rc != 0) {
            rc = shell_fail(s->sh, COMMAND, rc, "a job ended with an error, see err= above");
        }
    }
    bool interrupted = s->run.interrupted;
    bench_run_destroy(&s->run);
    if (rc == 0 && interrupted) {
        s->sh->explained = true;
        rc = -EINTR;
    }
    return rc;
}

static int help(struct shell *sh, const char *name)
{
    int rc = bench_options_help(name, sh->out);
    if (rc != 0) {
        sh->explained = true;
    }
    return rc;
}

static int run_bench(struct shell *sh, int argc, char **argv)
{
    const char *option;
    shell_take_option(&argc, argv, "help", &option);
    if (option != NULL) {
        return help(sh, option[0] != '\0' ? option : NULL);
    }
    struct bench_session *s = heap_alloc(1, sizeof(*s));
    if (s == NULL) {
        return -ENOMEM;
    }
    s->sh = sh;
    out_buf_init(&s->message, s->text, sizeof(s->text));
    int rc = prepare(s, argc, argv);
    if (rc == 0) {
        rc = execute(s);
    }
    heap_free(s);
    return rc;
}

const struct shell_cmd cmd_bench = {
    .name = COMMAND,
    .usage = "bench [filename=DISK] [rw=MODE] [bs=N] [iodepth=N] [OPTION=VALUE]...",
    .summary = "measure a disk with fio's options and fio's output",
    .details =
        "Options are written bs=4k or --bs=4k. MODE: read write randread randwrite rw randrw.\n"
        "\"bench --help\" lists all options, \"bench --help=bs\" explains one. Writing needs an\n"
        "armed disk. Ctrl-C ends the run and shows what was measured so far.\n",
    .example = "bench filename=nvme0n1 rw=randread bs=4k iodepth=32 runtime=5 time_based",
    .complete = COMPLETE_NOTHING,
    .min_args = 0,
    .max_args = SHELL_MAX_ARGS,
    .run = run_bench,
};
