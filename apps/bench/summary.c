/*
 * apps/bench/summary.c - puts jobs into units and groups and has every writer tell about them.
 */
#include "apps/bench/summary.h"

#include "apps/bench/figures.h"
#include "apps/bench/json.h"
#include "apps/bench/logs.h"
#include "apps/bench/plot.h"
#include "apps/bench/report.h"
#include "apps/bench/status.h"
#include "apps/bench/terse.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define PLOT_NAME_BYTES 32

/* One pass over all units of all stages. */
struct walk {
    const struct bench_stage *stages;
    unsigned stage_count;
    unsigned stage;              /* of the unit */
    unsigned first, tasks;       /* of the unit, in its run */
    struct bench_result *result; /* of the unit, added up */
    struct bench_dir_result *mixed; /* all its directions */
    struct bench_report_unit unit;
};

/* --- units ------------------------------------------------------------------------------------ */

static void begin_walk(struct walk *w)
{
    w->stage = 0;
    w->first = 0;
    w->tasks = 0;
    w->unit.group = 0;
}

/* What was written is read in a second pass. */
static bool reads_back(const struct bench_options *opt)
{
    return opt->verify != BENCH_VERIFY_NONE && opt->verify_backlog == 0 &&
           !bench_rw_reads(opt->rw);
}

static void describe_unit(struct walk *w)
{
    const struct bench_run *run = w->stages[w->stage].run;
    const struct bench_task *task = run->tasks[w->first];
    w->tasks = bench_run_unit(run, w->first);
    memset(w->result, 0, sizeof(*w->result));
    for (unsigned i = 0; i < w->tasks; i++) {
        bench_result_merge(w->result, bench_task_shown(run->tasks[w->first + i]));
    }
    w->unit.name = task->job->opt.name;
    w->unit.cpu = task->worker->cpu;
    w->unit.ended_ns = run->ended_ns;
    w->unit.tsc_hz = run->app->machine->tsc_hz;
    w->unit.opt = &task->job->opt;
    w->unit.result = w->result;
    w->unit.mixed = NULL;
    if (w->unit.opt->unified_rw_reporting != BENCH_UNIFIED_NONE) {
        bench_result_unify(w->result, reads_back(w->unit.opt), w->mixed);
        w->unit.mixed = w->mixed;
    }
    w->unit.steady = task->steady;
}

/* Goes to the next unit; false after the last. A new group begins with each stage, and where a job
 * asks for one. */
static bool next_unit(struct walk *w)
{
    bool begins = w->tasks == 0;
    w->first += w->tasks;
    while (w->stage < w->stage_count && w->first >= w->stages[w->stage].run->task_count) {
        w->stage++;
        w->first = 0;
        w->unit.group += !begins;
    }
    if (w->stage == w->stage_count) {
        return false;
    }
    const struct bench_run *run = w->stages[w->stage].run;
    if (w->first > 0 && run->tasks[w->first]->job != run->tasks[w->first - 1]->job) {
        w->unit.group += run->tasks[w->first]->job->opt.new_group;
    }
    describe_unit(w);
    return true;
}

/* --- formats ---------------------------------------------------------------------------------- */

static void print_plots(struct out *out, struct walk *w)
{
    for (begin_walk(w); next_unit(w);) {
        for (unsigned d = 0; d < BENCH_REPORTED; d++) {
            const struct bench_dir_result *shown = bench_unit_dir(&w->unit, d);
            char what[BENCH_NAME_BYTES + PLOT_NAME_BYTES];
            if (shown == NULL) {
                continue;
            }
            str_format(what, sizeof(what), "%s: %s clat", w->unit.name, bench_dir_names[d]);
            bench_plot_histogram(out, what, &shown->clat_histogram);
        }
    }
    for (unsigned s = 0; s < w->stage_count; s++) {
        bench_plot_iops(out, &w->stages[s].sampler);
    }
}

static void print_normal(struct out *out, struct walk *w, const struct bench_report_group *groups)
{
    unsigned last = 0;
    out_puts(out, "\n");
    for (begin_walk(w); next_unit(w);) {
        bench_report_unit(out, &w->unit, &groups[w->unit.group]);
        last = w->unit.group;
    }
    for (unsigned g = 0; g <= last; g++) {
        bench_report_status(out, g, &groups[g]);
    }
    for (unsigned s = 0; s < w->stage_count; s++) {
        bench_disks_report(out, &w->stages[s].disks);
        bench_sampler_report(out, &w->stages[s].sampler);
    }
}

static void print_json(struct out *out, struct walk *w, const struct bench_report_group *groups,
                       bool bins)
{
    const struct bench_run *first = w->stages[0].run;
    const struct bench_run *last = w->stages[w->stage_count - 1].run;
    struct bench_json doc;
    bench_json_begin(&doc, out, bins, last->ended_ns, last->ended_ns - first->started_ns,
                     &first->jobs[0].opt.given);
    for (begin_walk(w); next_unit(w);) {
        bench_json_unit(&doc, &w->unit, &groups[w->unit.group]);
    }
    for (unsigned s = 0; s < w->stage_count; s++) {
        for (unsigned i = 0; i < w->stages[s].disks.count; i++) {
            bench_json_disk(&doc, &w->stages[s].disks.disk[i]);
        }
    }
    bench_json_end(&doc);
}

static void print_terse(struct out *out, struct walk *w, const struct bench_report_group *groups)
{
    for (begin_walk(w); next_unit(w);) {
        bench_terse_unit(out, &w->unit, &groups[w->unit.group], &w->stages[w->stage].disks);
    }
}

/* --- logs ------------------------------------------------------------------------------------- */

static const char *prefix(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void print_logs(struct out *out, const struct bench_stage *stages, unsigned count)
{
    unsigned number = 1;
    for (unsigned s = 0; s < count; s++) {
        const struct bench_run *run = stages[s].run;
        for (unsigned t = 0; t < run->task_count; t++, number++) {
            const struct bench_options *opt = &run->tasks[t]->job->opt;
            struct bench_log_names names = {
                .bw = prefix(opt->write_bw_log),
                .iops = prefix(opt->write_iops_log),
                .lat = prefix(opt->write_lat_log),
                .hist = prefix(opt->write_hist_log),
                .number = number,
                .bs_bytes = opt->bs_bytes,
                .offsets = opt->log_offset,
            };
            if (run->tasks[t]->record != NULL) {
                bench_logs_print(out, run->tasks[t]->record, &names);
            }
        }
        /* Whoever wants files wants this one too. */
        const struct bench_options *opt = &run->jobs[0].opt;
        if (run->tasks[0]->record != NULL ||
            (opt->output_formats & (BENCH_OUTPUT_JSON | BENCH_OUTPUT_JSON_PLUS))) {
            bench_sampler_log(out, &stages[s].sampler, opt->name);
        }
    }
}

/* --- before and after a run ------------------------------------------------------------------- */

/* Bytes that the run's jobs write to a controller: a time-based job writes an unknown amount. */
static void announce_writes(const struct bench_run *run, struct nvme_ctrlr *ctrlr, struct out *out)
{
    uint64_t bytes = 0;
    uint64_t runtime_ns = 0;
    bool writes = false;
    for (unsigned j = 0; j < run->job_count; j++) {
        const struct bench_job *job = &run->jobs[j];
        const struct bench_options *opt = &job->opt;
        if (job->ctrlr != ctrlr || !bench_rw_writes(opt->rw)) {
            continue;
        }
        writes = true;
        runtime_ns = MAX(runtime_ns, opt->runtime_ns);
        uint64_t share = bench_rw_reads(opt->rw) ? 100 - opt->rwmixread : 100;
        if (job->total_ios == UINT64_MAX || bytes == UINT64_MAX) {
            bytes = UINT64_MAX;
        } else {
            bytes += job->total_ios * opt->bs_bytes / 100 * share * opt->numjobs;
        }
    }
    if (writes) {
        bench_drive_announce(out, ctrlr, bytes, runtime_ns);
    }
}

int bench_stage_begin(struct bench_stage *stage, struct bench_run *run, struct out *out)
{
    memset(stage, 0, sizeof(*stage));
    stage->run = run;
    int rc = bench_sampler_init(&stage->sampler, run, run->jobs[0].opt.health);
    if (rc != 0) {
        return rc;
    }
    bench_disks_begin(&stage->disks, run);
    for (unsigned i = 0; i < stage->disks.count; i++) {
        announce_writes(run, stage->disks.disk[i].ctrlr, out);
    }
    return 0;
}

void bench_stage_tick(struct bench_stage *stage, uint64_t now_ns)
{
    bench_sampler_tick(&stage->sampler, stage->run, now_ns);
}

void bench_stage_end(struct bench_stage *stage)
{
    bench_disks_end(&stage->disks, stage->run);
    bench_sampler_finish(&stage->sampler, stage->run);
}

void bench_stage_fini(struct bench_stage *stage)
{
    bench_sampler_fini(&stage->sampler);
}

/* --- public ----------------------------------------------------------------------------------- */

/* A unit's share is of its whole group, so all are counted before the first is told. */
static int count_groups(struct walk *w, struct bench_report_group *groups)
{
    int err = 0;
    for (begin_walk(w); next_unit(w);) {
        bench_report_add(&groups[w->unit.group], &w->unit);
        err = err == 0 ? w->result->err : err;
    }
    return err;
}

static unsigned tasks_of(const struct bench_stage *stages, unsigned count)
{
    unsigned n = 0;
    for (unsigned s = 0; s < count; s++) {
        n += stages[s].run->task_count;
    }
    return n;
}

/* at_end: with what is told only then. */
static int print_reports(struct out *out, const struct bench_stage *stages, unsigned count,
                         unsigned formats, bool at_end)
{
    struct bench_report_group *groups = heap_alloc(tasks_of(stages, count), sizeof(*groups));
    struct walk w = {.stages = stages, .stage_count = count};
    w.result = heap_alloc(1, sizeof(*w.result));
    w.mixed = heap_alloc(1, sizeof(*w.mixed));
    int rc = -ENOMEM;
    if (groups != NULL && w.result != NULL && w.mixed != NULL) {
        rc = count_groups(&w, groups);
        if (formats & BENCH_OUTPUT_NORMAL) {
            print_normal(out, &w, groups);
        }
        if (at_end && stages[0].run->jobs[0].opt.plot) {
            print_plots(out, &w);
        }
        if (formats & BENCH_OUTPUT_TERSE) {
            print_terse(out, &w, groups);
        }
        if (formats & (BENCH_OUTPUT_JSON | BENCH_OUTPUT_JSON_PLUS)) {
            print_json(out, &w, groups, formats & BENCH_OUTPUT_JSON_PLUS);
        }
        if (at_end) {
            print_logs(out, stages, count);
        }
    }
    heap_free(w.mixed);
    heap_free(w.result);
    heap_free(groups);
    return rc;
}

int bench_summary_print(struct out *out, const struct bench_stage *stages, unsigned count,
                        unsigned formats)
{
    return print_reports(out, stages, count, formats, true);
}

int bench_summary_print_now(struct out *out, struct bench_stage *stages, unsigned count,
                            unsigned formats)
{
    struct bench_stage *now = &stages[count - 1];
    struct bench_disks *before = heap_alloc(1, sizeof(*before));
    if (before == NULL) {
        return -ENOMEM;
    }
    *before = now->disks;
    bench_disks_end(&now->disks, now->run);
    int rc = print_reports(out, stages, count, formats, false);
    now->disks = *before;
    heap_free(before);
    return rc == -ENOMEM ? rc : 0; /* errors of jobs are told at the end */
}
