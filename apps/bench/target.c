/*
 * apps/bench/target.c - the search for a depth.
 *
 * As in fio, it begins at depth 1 and doubles it until a window fails; then it halves the gap
 * between the largest depth that passed and the smallest that failed.
 */
#include "apps/bench/target.h"

#include "lib/compiler.h"

void bench_target_init(struct bench_target *t, uint64_t limit_ns, uint64_t window_ns,
                       double percentile, unsigned max_depth, bool run_on, uint64_t now_ns)
{
    *t = (struct bench_target){
        .limit_ns = limit_ns,
        .window_ns = window_ns,
        .percentile = percentile,
        .run_on = run_on,
        .depth = 1,
        .known_bad = max_depth + 1,
        .max_depth = max_depth,
        .window_start_ns = now_ns,
    };
}

/* A window without I/O says nothing about any I/O: it is as good as a late one. */
static bool passed(const struct bench_target *t)
{
    return t->ios > 0 && (double)(t->ios - t->late) * 100 >= t->percentile * (double)t->ios;
}

static enum bench_target_verdict next_depth(struct bench_target *t)
{
    unsigned before = t->depth;
    if (t->known_bad == 1) {
        return BENCH_TARGET_FAILED;
    }
    if (t->known_bad - t->known_good == 1) {
        t->settled = true;
        t->depth = t->known_good;
    } else if (t->known_bad > t->max_depth) {
        t->depth = MIN(2 * t->known_good, t->max_depth);
    } else {
        t->depth = (t->known_good + t->known_bad) / 2;
    }
    if (t->settled && !t->run_on) {
        return BENCH_TARGET_FOUND;
    }
    return t->depth != before ? BENCH_TARGET_NEW_DEPTH : BENCH_TARGET_GO_ON;
}

enum bench_target_verdict bench_target_judge(struct bench_target *t, uint64_t now_ns)
{
    enum bench_target_verdict verdict = BENCH_TARGET_GO_ON;
    if (now_ns < t->window_start_ns + t->window_ns) {
        return verdict;
    }
    bool good = passed(t);
    if (good) {
        t->known_good = t->depth;
    } else {
        t->known_bad = t->depth;
    }
    if (t->settled && !good) {
        /* latency_run: the disk has become slower; look for a smaller depth. */
        t->settled = false;
        t->known_good = 0;
    }
    if (!t->settled) {
        verdict = next_depth(t);
    }
    t->ios = 0;
    t->late = 0;
    t->window_start_ns = now_ns;
    return verdict;
}
