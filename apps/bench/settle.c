/*
 * apps/bench/settle.c - the search for the pause after which an emulated disk is fastest.
 */
#include "apps/bench/settle.h"

#include "lib/compiler.h"

#define WINDOW_MIN_NS (5 * NS_PER_MS)
#define TRIAL_EVERY   16 /* windows */
/* The first windows of a run are slower than others, so all are tried twice. */
#define FIRST_WINDOWS (2 * BENCH_SETTLE_CHOICES)

void bench_settle_search(struct bench_settle *s)
{
    *s = (struct bench_settle){.searching = true};
}

static unsigned best_choice(const struct bench_settle *s)
{
    unsigned best = 0;
    for (unsigned i = 1; i < BENCH_SETTLE_CHOICES; i++) {
        best = s->rate[i] > s->rate[best] ? i : best;
    }
    return best;
}

/* Each one, then the best one, and now and then the others in turn: the host may change. */
static unsigned next_choice(struct bench_settle *s)
{
    if (s->windows < FIRST_WINDOWS) {
        return s->windows % BENCH_SETTLE_CHOICES;
    }
    if (s->windows % TRIAL_EVERY != 0) {
        return best_choice(s);
    }
    s->trial = (s->trial + 1) % BENCH_SETTLE_CHOICES;
    return s->trial;
}

void bench_settle_tick(struct bench_settle *s, uint64_t ios, uint64_t now_ns)
{
    uint64_t spent_ns = now_ns - s->begun_ns;
    if (!s->searching || (s->begun_ns != 0 && spent_ns < WINDOW_MIN_NS)) {
        return;
    }
    if (s->begun_ns != 0) {
        uint64_t rate = (ios - s->begun_ios) * NS_PER_S / spent_ns;
        uint64_t *known = &s->rate[s->choice];
        /* Any window may have been disturbed. */
        *known = s->windows < FIRST_WINDOWS ? rate : (*known + rate) / 2;
        s->windows++;
        s->choice = next_choice(s);
        s->ns = (uint64_t)s->choice * BENCH_SETTLE_STEP_NS;
    }
    s->begun_ns = now_ns;
    s->begun_ios = ios;
}
