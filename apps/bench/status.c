/*
 * apps/bench/status.c - asks for results, waits for them, has them printed.
 */
#include "apps/bench/status.h"

#include "lib/errno.h"
#include "lib/heap.h"

const struct bench_result *bench_task_shown(const struct bench_task *task)
{
    return task->snapshot != NULL && task->snapshot->shown != NULL ? task->snapshot->shown
                                                                   : &task->result;
}

int bench_status_init(struct bench_status *status, struct bench_run *run, uint64_t interval_ns)
{
    *status = (struct bench_status){.run = run, .interval_ns = interval_ns};
    for (unsigned i = 0; i < run->task_count && interval_ns > 0; i++) {
        run->tasks[i]->snapshot = heap_alloc(1, sizeof(struct bench_snapshot));
        if (run->tasks[i]->snapshot == NULL) {
            bench_status_fini(status);
            return -ENOMEM;
        }
    }
    return 0;
}

void bench_status_fini(struct bench_status *status)
{
    for (unsigned i = 0; status->run != NULL && i < status->run->task_count; i++) {
        heap_free(status->run->tasks[i]->snapshot);
        status->run->tasks[i]->snapshot = NULL;
    }
    status->run = NULL;
}

static void ask(const struct bench_status *status)
{
    for (unsigned i = 0; i < status->run->task_count; i++) {
        atomic_fetch_add_explicit(&status->run->tasks[i]->snapshot->wanted, 1,
                                  memory_order_relaxed);
    }
}

/* What a report would show of a task; NULL while its CPU has not answered. */
static const struct bench_result *answer(const struct bench_task *task)
{
    const struct bench_snapshot *s = task->snapshot;
    if (atomic_load_explicit(&s->ended, memory_order_acquire)) {
        return &task->result;
    }
    unsigned wanted = atomic_load_explicit(&s->wanted, memory_order_relaxed);
    return atomic_load_explicit(&s->taken, memory_order_acquire) == wanted ? &s->result : NULL;
}

static bool all_answered(const struct bench_status *status)
{
    for (unsigned i = 0; i < status->run->task_count; i++) {
        if (answer(status->run->tasks[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool all_ended(const struct bench_status *status)
{
    for (unsigned i = 0; i < status->run->task_count; i++) {
        if (!atomic_load_explicit(&status->run->tasks[i]->snapshot->ended,
                                  memory_order_acquire)) {
            return false;
        }
    }
    return true;
}

bool bench_status_due(struct bench_status *status, uint64_t now_ns)
{
    if (status->interval_ns == 0 || all_ended(status)) {
        return false; /* the report of the end is to come */
    }
    if (status->next_ns == 0) {
        status->next_ns = status->run->started_ns + status->interval_ns;
    }
    if (!status->asked && now_ns >= status->next_ns) {
        status->next_ns += (now_ns - status->next_ns) / status->interval_ns * status->interval_ns +
                           status->interval_ns;
        status->asked = true;
        ask(status);
    }
    return status->asked && all_answered(status);
}

void bench_status_print(struct bench_status *status, struct out *out, struct bench_stage *stages,
                        unsigned count, unsigned formats, uint64_t now_ns)
{
    for (unsigned i = 0; i < status->run->task_count; i++) {
        status->run->tasks[i]->snapshot->shown = answer(status->run->tasks[i]);
    }
    status->run->ended_ns = now_ns;
    int rc = bench_summary_print_now(out, stages, count, formats);
    for (unsigned i = 0; i < status->run->task_count; i++) {
        status->run->tasks[i]->snapshot->shown = NULL;
    }
    status->asked = false;
    if (rc != 0) {
        out_puts(out, "bench: status-interval: there is no memory for a report now\n");
    }
}
