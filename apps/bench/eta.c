/*
 * apps/bench/eta.c - the live line.
 */
#include "apps/bench/eta.h"

#include "apps/bench/format.h"
#include "lib/assert.h"
#include "lib/string.h"

#define LINE_BYTES 256
#define UNKNOWN UINT64_MAX

static enum bench_task_state state_of(const struct bench_task *task)
{
    return atomic_load_explicit(&task->progress.state, memory_order_relaxed);
}

static char letter_of(const struct bench_task *task)
{
    static const char running[] = {
        [BENCH_READ] = 'R', [BENCH_WRITE] = 'W', [BENCH_RANDREAD] = 'r',
        [BENCH_RANDWRITE] = 'w', [BENCH_RW] = 'M', [BENCH_RANDRW] = 'm',
        [BENCH_TRIM] = 'D', [BENCH_RANDTRIM] = 'd', [BENCH_TRIMWRITE] = 'M',
        [BENCH_RANDTRIMWRITE] = 'm',
    };
    switch (state_of(task)) {
    case BENCH_TASK_CREATED:
        return 'P';
    case BENCH_TASK_RAMP:
        return '/';
    case BENCH_TASK_RUNNING:
        return running[task->job->opt.rw];
    case BENCH_TASK_DONE:
        break;
    }
    return '_';
}

static uint64_t ios_of(const struct bench_task *task)
{
    uint64_t ios = 0;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        ios += atomic_load_explicit(&task->progress.ios[d], memory_order_relaxed);
    }
    return ios;
}

/* Which part of a task is done, in thousandths, and how long it still takes. A task can end by its
 * time and by its amount; the nearer end counts. */
static unsigned task_progress(const struct bench_run *run, const struct bench_task *task,
                              uint64_t now_ns, uint64_t *left_ns)
{
    const struct bench_options *opt = &task->job->opt;
    uint64_t elapsed_ns = now_ns - run->started_ns;
    uint64_t ios = ios_of(task);
    double part = 0;
    *left_ns = UNKNOWN;
    if (state_of(task) == BENCH_TASK_DONE) {
        *left_ns = 0;
        return 1000;
    }
    if (opt->runtime_ns > 0) {
        uint64_t whole_ns = opt->runtime_ns + opt->ramp_time_ns;
        *left_ns = whole_ns > elapsed_ns ? whole_ns - elapsed_ns : 0;
        part = (double)elapsed_ns / (double)whole_ns;
    }
    if (task->job->total_ios != UINT64_MAX && ios > 0) {
        double done = (double)ios / (double)task->job->total_ios;
        double rest_ns = done < 1 ? (double)elapsed_ns / done - (double)elapsed_ns : 0;
        if (*left_ns == UNKNOWN || rest_ns < (double)*left_ns) {
            *left_ns = (uint64_t)rest_ns;
            part = done;
        }
    }
    return part < 1 ? (unsigned)(part * 1000) : 1000;
}

static void put_states(struct out *out, const struct bench_run *run)
{
    out_puts(out, "[");
    for (unsigned i = 0; i < run->task_count;) {
        char letter = letter_of(run->tasks[i]);
        unsigned n = 1;
        while (i + n < run->task_count && letter_of(run->tasks[i + n]) == letter) {
            n++;
        }
        out_printf(out, "%s%c(%u)", i > 0 ? "," : "", letter, n);
        i += n;
    }
    out_puts(out, "]");
}

/* "[r=562MiB/s,w=1MiB/s]": the directions that moved; unit "B/s" or " IOPS". With
 * unified_rw_reporting "[m=563MiB/s]". */
static void put_rates(struct out *out, const uint64_t *rate, bool bytes,
                      const struct bench_options *opt)
{
    static const char letters[BENCH_DIRS] = {'r', 'w', 't'};
    const struct bench_number_style style = bench_number_style_of(opt);
    bool unified = opt->unified_rw_reporting != BENCH_UNIFIED_NONE;
    uint64_t all = rate[BENCH_DIR_READ] + rate[BENCH_DIR_WRITE] + rate[BENCH_DIR_TRIM];
    const char *separator = "";
    out_puts(out, "[");
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        char buf[BENCH_NUMBER_BYTES];
        uint64_t shown = unified ? all : rate[d];
        if (d > 0 ? unified || rate[d] == 0 : shown == 0 && all != 0) {
            continue;
        }
        if (bytes) {
            bench_format_rate(buf, shown, &style, !style.decimal_first);
        } else {
            bench_format_number(buf, shown, style.width, false, "");
        }
        out_printf(out, "%s%c=%s", separator, unified ? 'm' : letters[d], buf);
        separator = ",";
    }
    out_puts(out, bytes ? "]" : " IOPS]");
}

/* Rates since the last line, and the new counts as those of the last line. */
static void measure(struct bench_eta_line *eta, const struct bench_run *run, uint64_t now_ns,
                    uint64_t *bytes_per_s, uint64_t *iops)
{
    double seconds = (double)(now_ns - eta->last_ns) / (double)NS_PER_S;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        uint64_t ios = 0;
        uint64_t bytes = 0;
        for (unsigned i = 0; i < run->task_count; i++) {
            struct bench_progress *p = &run->tasks[i]->progress;
            ios += atomic_load_explicit(&p->ios[d], memory_order_relaxed);
            bytes += atomic_load_explicit(&p->bytes[d], memory_order_relaxed);
        }
        iops[d] = (uint64_t)((double)(ios - eta->ios[d]) / seconds);
        bytes_per_s[d] = (uint64_t)((double)(bytes - eta->bytes[d]) / seconds);
        eta->ios[d] = ios;
        eta->bytes[d] = bytes;
    }
    eta->last_ns = now_ns;
}

static void put_progress(struct out *out, const struct bench_run *run, uint64_t now_ns,
                         uint64_t *left_ns)
{
    uint64_t thousandths = 0;
    *left_ns = 0;
    for (unsigned i = 0; i < run->task_count; i++) {
        uint64_t left;
        thousandths += task_progress(run, run->tasks[i], now_ns, &left);
        *left_ns = MAX(*left_ns, left);
    }
    assert(run->task_count > 0);
    thousandths /= run->task_count;
    if (*left_ns == UNKNOWN) {
        out_puts(out, "[-.-%]");
    } else {
        out_printf(out, "[%u.%u%%]", (unsigned)thousandths / 10, (unsigned)thousandths % 10);
    }
}

static unsigned running_tasks(const struct bench_run *run)
{
    unsigned n = 0;
    for (unsigned i = 0; i < run->task_count; i++) {
        n += state_of(run->tasks[i]) != BENCH_TASK_DONE;
    }
    return n;
}

static void format_line(struct bench_eta_line *eta, const struct bench_run *run, uint64_t now_ns,
                        struct out *out)
{
    uint64_t bytes_per_s[BENCH_DIRS], iops[BENCH_DIRS];
    uint64_t left_ns;
    char time[BENCH_NUMBER_BYTES];
    unsigned running = running_tasks(run);
    measure(eta, run, now_ns, bytes_per_s, iops);
    out_printf(out, "Jobs: %u (f=%u): ", running, running);
    put_states(out, run);
    put_progress(out, run, now_ns, &left_ns);
    put_rates(out, bytes_per_s, true, &run->jobs[0].opt);
    put_rates(out, iops, false, &run->jobs[0].opt);
    if (left_ns != UNKNOWN) {
        bench_format_eta(time, (left_ns + NS_PER_S / 2) / NS_PER_S);
        out_printf(out, "[eta %s]", time);
    }
}

void bench_eta_init(struct bench_eta_line *eta, struct out *out, bool enabled, bool redraw,
                    uint64_t newline_ns)
{
    *eta = (struct bench_eta_line){
        .out = out, .enabled = enabled, .redraw = redraw, .newline_ns = newline_ns};
}

void bench_eta_update(struct bench_eta_line *eta, const struct bench_run *run, uint64_t now_ns)
{
    if (!eta->enabled) {
        return;
    }
    if (eta->next_ns == 0) {
        eta->next_ns = run->started_ns + BENCH_ETA_PERIOD_NS;
        eta->last_ns = run->started_ns;
        eta->line_ended_ns = run->started_ns;
    }
    if (now_ns < eta->next_ns || running_tasks(run) == 0) {
        return;
    }
    /* Lines stay a second apart, also after one that came late. */
    eta->next_ns += (now_ns - eta->next_ns) / BENCH_ETA_PERIOD_NS * BENCH_ETA_PERIOD_NS +
                    BENCH_ETA_PERIOD_NS;
    char text[LINE_BYTES];
    struct out_buf line;
    out_buf_init(&line, text, sizeof(text));
    format_line(eta, run, now_ns, &line.out);
    bool end = !eta->redraw ||
               (eta->newline_ns > 0 && now_ns - eta->line_ended_ns >= eta->newline_ns);
    int padding = eta->width > line.len ? (int)(eta->width - line.len) : 0;
    out_printf(eta->out, "%s%*s%s", text, padding, "", end ? "\n" : "\r");
    eta->width = end ? 0 : (unsigned)line.len;
    eta->line_ended_ns = end ? now_ns : eta->line_ended_ns;
}

void bench_eta_finish(struct bench_eta_line *eta)
{
    if (eta->width > 0) {
        out_printf(eta->out, "%*s\r", (int)eta->width, "");
        eta->width = 0;
    }
}
