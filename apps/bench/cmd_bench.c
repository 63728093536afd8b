/*
 * apps/bench/cmd_bench.c - the command `bench`: from words to a report.
 */
#include "apps/bench/eta.h"
#include "apps/bench/job.h"
#include "apps/bench/options.h"
#include "apps/bench/quick.h"
#include "apps/bench/report.h"
#include "apps/bench/run.h"
#include "apps/bench/source.h"
#include "apps/bench/status.h"
#include "apps/bench/summary.h"
#include "apps/bench/sweep.h"
#include "apps/commands.h"
#include "apps/shell/shell.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define COMMAND "bench"
#define MESSAGE_BYTES 1024
#define NOTE_BYTES 2048
#define PAGE_BYTES 4096

/* Jobs that run at the same time: up to the next stonewall. */
struct phase {
    unsigned first, count; /* jobs */
    bool created, staged;
    struct bench_run run;
};

/* All that one call of the command holds. */
struct bench_session {
    struct shell *sh;
    const char *sections[BENCH_MAX_SECTIONS];
    struct bench_words words;
    bool parse_only, showcmd, readonly;
    struct bench_job *jobs;       /* BENCH_MAX_JOBS */
    unsigned job_count;
    struct phase phases[BENCH_MAX_JOBS];
    struct bench_stage stages[BENCH_MAX_JOBS];
    unsigned phase_count;
    struct bench_stage *stage;    /* that runs now */
    struct bench_status status;   /* of it */
    struct bench_eta_line eta;
    bool interrupted;
    char text[MESSAGE_BYTES];
    struct out_buf message;       /* why something was refused */
    char note_text[NOTE_BYTES];
    struct out_buf note;          /* options of no use, a line each */
};

/* Says what the refusing function wrote, as the command's one explanation. */
static int explain(struct bench_session *s, int err)
{
    if (s->message.len == 0) {
        return err;
    }
    char *newline = strchr(s->text, '\n');
    if (newline != NULL) {
        *newline = '\0';
    }
    return shell_fail(s->sh, COMMAND, err, "%s", s->text);
}

/* --- words ------------------------------------------------------------------------------------ */

static bool take_flag(int *argc, char **argv, const char *name)
{
    const char *value;
    shell_take_option(argc, argv, name, &value);
    return value != NULL;
}

/* --section=NAME, as often as it stands there. */
static int take_sections(struct bench_session *s, int *argc, char **argv)
{
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        const char *word = str_starts_with(argv[i], "--") ? argv[i] + 2 : argv[i];
        if (!str_starts_with(word, "section=")) {
            argv[kept++] = argv[i];
        } else if (s->words.section_count < BENCH_MAX_SECTIONS) {
            s->sections[s->words.section_count++] = word + strlen("section=");
        } else {
            return shell_fail(s->sh, COMMAND, -EINVAL, "%s: at most %u sections can be chosen",
                              argv[i], BENCH_MAX_SECTIONS);
        }
    }
    *argc = kept;
    return 0;
}

/* Takes out what is for the command and not for a job. */
static int take_words(struct bench_session *s, int argc, char **argv)
{
    s->parse_only = take_flag(&argc, argv, "parse-only");
    s->showcmd = take_flag(&argc, argv, "showcmd");
    s->readonly = take_flag(&argc, argv, "readonly");
    int rc = take_sections(s, &argc, argv);
    s->words.sections = s->sections;
    s->words.count = argc - 1;
    s->words.word = argv + 1;
    return rc;
}

/* --- jobs ------------------------------------------------------------------------------------- */

/* --readonly is a promise, whatever the jobs say. */
static int check_readonly(struct bench_session *s, const struct bench_options *opt)
{
    bool writes = (bench_rw_writes(opt->rw) && !opt->verify_only) || bench_rw_trims(opt->rw);
    if (s->readonly && writes) {
        out_printf(&s->message.out, "%s: rw=%s is not allowed with --readonly\n", opt->name,
                   bench_rw_name(opt->rw));
        return -EROFS;
    }
    return 0;
}

static void split_phases(struct bench_session *s)
{
    for (unsigned i = 0; i < s->job_count; i++) {
        if (i == 0 || s->jobs[i].opt.stonewall) {
            s->phases[s->phase_count++].first = i;
        }
        s->phases[s->phase_count - 1].count++;
    }
}

static int judge(struct bench_session *s, const struct bench_options *options)
{
    for (unsigned i = 0; i < s->job_count; i++) {
        size_t before = s->message.len;
        int rc = check_readonly(s, &options[i]);
        if (rc == 0) {
            rc = bench_job_prepare(s->sh->app, &options[i], &s->jobs[i], &s->message.out);
        }
        if (rc != 0) {
            if (s->job_count > 1 && before == 0) {
                char reason[MESSAGE_BYTES];
                str_copy(reason, sizeof(reason), s->text);
                out_buf_init(&s->message, s->text, sizeof(s->text));
                out_printf(&s->message.out, "job \"%s\": %s", options[i].name, reason);
            }
            return explain(s, rc);
        }
    }
    split_phases(s);
    return 0;
}

static int prepare(struct bench_session *s)
{
    struct bench_options *options = heap_alloc(BENCH_MAX_JOBS, sizeof(*options));
    s->jobs = heap_alloc(BENCH_MAX_JOBS, sizeof(*s->jobs));
    if (options == NULL || s->jobs == NULL) {
        heap_free(options);
        return -ENOMEM;
    }
    int rc = bench_read_jobs(s->sh, &s->words, options, &s->note.out, &s->message.out);
    if (rc < 0) {
        rc = explain(s, rc);
    } else {
        s->job_count = (unsigned)rc;
        bench_say_note(s->sh->out, s->note_text);
        if (s->showcmd) {
            bench_show_command(s->sh->out, options, s->job_count);
        }
        rc = s->showcmd ? 0 : judge(s, options);
    }
    heap_free(options);
    return rc;
}

/* --- runs ------------------------------------------------------------------------------------- */

static int create(struct bench_session *s, struct phase *phase)
{
    int rc = bench_run_create(s->sh->app, s->jobs + phase->first, phase->count, &phase->run,
                              &s->message.out);
    phase->created = rc == 0;
    return rc == 0 ? 0 : explain(s, rc);
}

/* What cannot be created is found before the first I/O, and not after an hour of earlier jobs.
 * Each run is then given up again, because all together may be more than the memory holds. */
static int rehearse(struct bench_session *s)
{
    int rc = 0;
    for (unsigned i = 0; i < s->phase_count && rc == 0; i++) {
        rc = create(s, &s->phases[i]);
        if (rc == 0) {
            bench_run_destroy(&s->phases[i].run);
            s->phases[i].created = false;
        }
    }
    return rc;
}

static void on_tick(void *ctx, struct bench_run *run)
{
    struct bench_session *s = ctx;
    const struct machine *m = s->sh->app->machine;
    uint64_t now_ns = m->now_ns(m->ctx);
    if (!run->interrupted && shell_interrupted(s->sh)) {
        run->interrupted = true;
        bench_run_stop(run);
    }
    bench_stage_tick(s->stage, now_ns);
    if (bench_status_due(&s->status, now_ns)) {
        bench_eta_finish(&s->eta);
        bench_status_print(&s->status, s->sh->out, s->stages, (unsigned)(s->stage - s->stages) + 1,
                           s->jobs[0].opt.output_formats, now_ns);
    }
    bench_eta_update(&s->eta, run, now_ns);
}

static bool normal_output(const struct bench_session *s)
{
    return s->jobs[0].opt.output_formats & BENCH_OUTPUT_NORMAL;
}

/* The headers of all jobs, with the numbers of their groups. */
static void announce_jobs(struct bench_session *s)
{
    unsigned group = 0;
    for (unsigned i = 0; i < s->job_count && normal_output(s); i++) {
        const struct bench_options *opt = &s->jobs[i].opt;
        group += i > 0 && (opt->stonewall || opt->new_group);
        bench_report_header(s->sh->out, opt, group);
    }
}

static void announce_run(struct bench_session *s, const struct bench_run *run)
{
    if (normal_output(s)) {
        out_printf(s->sh->out, "Starting %u thread%s on %u CPU%s\n", run->task_count,
                   run->task_count == 1 ? "" : "s", run->worker_count,
                   run->worker_count == 1 ? "" : "s");
    }
}

static int execute_phase(struct bench_session *s, unsigned number)
{
    struct phase *phase = &s->phases[number];
    const struct bench_options *opt = &s->jobs[0].opt;
    struct bench_hook hook = {.tick = on_tick, .ctx = s};
    int rc = create(s, phase);
    if (rc != 0) {
        return rc;
    }
    announce_run(s, &phase->run);
    s->stage = &s->stages[number];
    rc = bench_stage_begin(s->stage, &phase->run, s->sh->out);
    if (rc != 0) {
        return rc;
    }
    phase->staged = true;
    bench_eta_init(&s->eta, s->sh->out, opt->eta != BENCH_ETA_NEVER, s->sh->interactive,
                   opt->eta_newline_ns);
    rc = bench_status_init(&s->status, &phase->run, opt->status_interval_ns);
    if (rc != 0) {
        return rc;
    }
    rc = bench_run_execute(&phase->run, &hook, &s->message.out);
    bench_status_fini(&s->status);
    bench_eta_finish(&s->eta);
    bench_stage_end(s->stage);
    s->interrupted |= phase->run.interrupted;
    if (rc != 0) {
        return shell_fail(s->sh, COMMAND, rc, "a CPU was taken by another job meanwhile");
    }
    bench_run_release(&phase->run);
    bench_run_report_verify(&phase->run, s->sh->out);
    if (s->message.len > 0) {
        out_printf(s->sh->out, COMMAND ": %s", s->text); /* a controller had to be reset */
    }
    out_buf_init(&s->message, s->text, sizeof(s->text));
    return 0;
}

static void end_phases(struct bench_session *s)
{
    for (unsigned i = 0; i < s->phase_count; i++) {
        if (s->phases[i].staged) {
            bench_stage_fini(&s->stages[i]);
        }
        if (s->phases[i].created) {
            bench_run_destroy(&s->phases[i].run);
        }
    }
}

static int report(struct bench_session *s, unsigned phases)
{
    if (s->interrupted) {
        out_puts(s->sh->out, "bench: stopped by Ctrl-C; this was measured so far:\n");
    }
    int rc = bench_summary_print(s->sh->out, s->stages, phases, s->jobs[0].opt.output_formats);
    if (rc != 0) {
        rc = rc == -ENOMEM
                 ? shell_fail(s->sh, COMMAND, rc, "out of memory: for a job, or for the report")
                 : shell_fail(s->sh, COMMAND, rc, "a job ended with an error, see err= above");
    } else if (s->interrupted) {
        s->sh->explained = true;
        rc = -EINTR;
    }
    return rc;
}

static int execute(struct bench_session *s)
{
    unsigned done = 0;
    int rc = rehearse(s);
    if (rc != 0 || s->parse_only) {
        return rc;
    }
    announce_jobs(s);
    while (rc == 0 && done < s->phase_count && !s->interrupted) {
        rc = execute_phase(s, done);
        done += rc == 0;
    }
    if (done > 0) {
        int reported = report(s, done);
        rc = rc == 0 ? reported : rc;
    }
    end_phases(s);
    return rc;
}

/* --- the command ------------------------------------------------------------------------------ */

static int help(struct shell *sh, const char *name)
{
    char text[MESSAGE_BYTES];
    struct out_buf err;
    out_buf_init(&err, text, sizeof(text));
    int rc = bench_options_help(name, sh->out, &err.out);
    if (rc != 0) {
        if (err.len > 0 && text[err.len - 1] == '\n') {
            text[err.len - 1] = '\0';
        }
        return shell_fail(sh, COMMAND, rc, "%s", text);
    }
    return 0;
}

/* $ncpus, $pagesize and $mb_memory of this machine. */
static void set_variables(const struct machine *m)
{
    struct machine_memory memory;
    m->memory_info(m->ctx, &memory);
    bench_options_set_variables(&(struct bench_variables){
        .ncpus = m->cpu_count(m->ctx), .pagesize = PAGE_BYTES,
        .mb_memory = memory.total_bytes / MIB});
}

static int run_bench(struct shell *sh, int argc, char **argv)
{
    const char *option;
    set_variables(sh->app->machine);
    shell_take_option(&argc, argv, "help", &option);
    if (option != NULL) {
        return help(sh, option[0] != '\0' ? option : NULL);
    }
    if (argc > 1 && strcmp(argv[1], "sweep") == 0) {
        return bench_sweep(sh, argc - 1, argv + 1);
    }
    if (argc > 1 && strcmp(argv[1], "quick") == 0) {
        return bench_quick(sh, argc - 1, argv + 1);
    }
    struct bench_session *s = heap_alloc(1, sizeof(*s));
    if (s == NULL) {
        return -ENOMEM;
    }
    s->sh = sh;
    out_buf_init(&s->message, s->text, sizeof(s->text));
    out_buf_init(&s->note, s->note_text, sizeof(s->note_text));
    int rc = take_words(s, argc, argv);
    if (rc == 0) {
        rc = prepare(s);
    }
    if (rc == 0 && !s->showcmd) {
        rc = execute(s);
    }
    heap_free(s->jobs);
    heap_free(s);
    return rc;
}

const struct shell_cmd cmd_bench = {
    .name = COMMAND,
    .usage = "bench [JOBFILE] [filename=DISK] [rw=MODE] [bs=N] [iodepth=N] [OPTION=VALUE]...",
    .summary = "measure a disk with fio's options and fio's output",
    .details =
        "Options are written bs=4k or --bs=4k. MODE: [rand]read [rand]write rw randrw [rand]trim\n"
        "[rand]trimwrite. JOBFILE is a file of fio's on a disk (nvme0n1p1:/x.fio) or one that the\n"
        "boot loader brought; --section=NAME takes one of its jobs. --showcmd shows the jobs,\n"
        "--parse-only only checks them, --readonly refuses to write. \"help bench OPTION\" tells\n"
        "about an option, \"bench --help\" lists all. \"bench quick [DISK]\" reads for half a\n"
        "minute and tells four usual numbers; \"bench sweep [DISK]\" takes lists, as in\n"
        "iodepth=1,8,32, and runs every combination of iodepth, numjobs and bs. Writing needs an\n"
        "armed disk. Ctrl-C ends the run and shows what was measured so far.\n",
    .example = "bench filename=nvme0n1 rw=randread bs=4k iodepth=32 runtime=5 time_based",
    .complete = COMPLETE_PATH,
    .min_args = 0,
    .max_args = SHELL_MAX_ARGS,
    .run = run_bench,
    .help = help,
};
