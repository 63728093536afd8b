/*
 * apps/bench/steady.c - the rules of steadystate, as fio has them.
 */
#include "apps/bench/steady.h"

#include "lib/errno.h"
#include "lib/heap.h"

int bench_steady_init(struct bench_steady *s, const struct bench_steady_config *config,
                      uint64_t now_ns)
{
    uint64_t window = config->duration_ns / BENCH_STEADY_INTERVAL_NS;
    *s = (struct bench_steady){.config = *config, .start_ns = now_ns + config->ramp_ns};
    if (window < 2 || window > BENCH_STEADY_MAX_SAMPLES) {
        return -EINVAL;
    }
    s->window = (unsigned)window;
    s->samples = heap_alloc(s->window, sizeof(*s->samples));
    return s->samples != NULL ? 0 : -ENOMEM;
}

void bench_steady_fini(struct bench_steady *s)
{
    heap_free(s->samples);
    s->samples = NULL;
}

const struct bench_steady_sample *bench_steady_at(const struct bench_steady *s, unsigned i)
{
    unsigned at = s->count < s->window ? i : s->next + i;
    return &s->samples[at < s->window ? at : at - s->window];
}

static double value_at(const struct bench_steady *s, unsigned i)
{
    const struct bench_steady_sample *sample = bench_steady_at(s, i);
    return (double)(s->config.bandwidth ? sample->bw_kib : sample->iops);
}

static bool judge(struct bench_steady *s)
{
    double n = s->window, sum = 0, worst = 0, product = 0;
    for (unsigned i = 0; i < s->window; i++) {
        sum += value_at(s, i);
        product += i * value_at(s, i);
    }
    s->mean = sum / n;
    for (unsigned i = 0; i < s->window; i++) {
        double off = value_at(s, i) - s->mean;
        worst = MAX(worst, off < 0 ? -off : off);
    }
    /* Least squares with x = 0 .. n - 1: the sum of x is n (n - 1) / 2, and so on. */
    double slope = (product - sum * (n - 1) / 2) / (n * (n * n - 1) / 12);
    double unit = s->config.percent && s->mean > 0 ? 100 / s->mean : 1;
    s->deviation = worst * unit;
    s->slope = slope * unit;
    double size = s->slope < 0 ? -s->slope : s->slope;
    return s->mean > 0 && (s->config.slope ? size : s->deviation) <= s->config.limit;
}

bool bench_steady_update(struct bench_steady *s, uint64_t ios, uint64_t bytes, uint64_t now_ns)
{
    if (s->attained || now_ns < s->start_ns) {
        return s->attained;
    }
    if (s->sampled_ns == 0) { /* the first look: from here on it counts */
        s->sampled_ns = now_ns;
        s->ios = ios;
        s->bytes = bytes;
        return false;
    }
    uint64_t spent_ns = now_ns - s->sampled_ns;
    if (spent_ns < BENCH_STEADY_INTERVAL_NS) {
        return false;
    }
    double per_second = 1e9 / (double)spent_ns;
    s->samples[s->next] = (struct bench_steady_sample){
        .iops = (uint64_t)((double)(ios - s->ios) * per_second + 0.5),
        .bw_kib = (uint64_t)((double)(bytes - s->bytes) / (double)KIB * per_second + 0.5),
    };
    s->next = s->next + 1 < s->window ? s->next + 1 : 0;
    s->count = MIN(s->count + 1, s->window);
    s->sampled_ns = now_ns;
    s->ios = ios;
    s->bytes = bytes;
    s->attained = s->count == s->window && judge(s);
    return s->attained;
}
