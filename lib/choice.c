/*
 * lib/choice.c - makes the tables that numbers are drawn from.
 */
#include "lib/choice.h"

#include <stdbool.h>

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/math.h"

#define SINGLES 64        /* numbers with a range of their own */
#define PER_OCTAVE 32     /* ranges between a number and its double */
#define SMOOTH_RANGES (SINGLES + 58 * PER_OCTAVE)
#define NORMAL_RANGES 2048
#define NORMAL_TAIL 8     /* deviations beyond which nothing is drawn: one in 10^15 */
#define TWO_TO_64 18446744073709551616.0

/* --- the alias table -------------------------------------------------------------------------- */

/* How much of each slot is its own, and whose the rest is. scaled: weights whose mean is 1. */
static void share_out(struct choice_slot *slots, double *scaled, uint32_t *todo, unsigned total)
{
    unsigned small = 0, large = total;
    for (unsigned i = 0; i < total; i++) {
        if (scaled[i] < 1) {
            todo[small++] = i;
        } else {
            todo[--large] = i;
        }
    }
    while (small > 0 && large < total) {
        unsigned s = todo[--small];
        unsigned l = todo[large];
        slots[s].keep_below = (uint64_t)(scaled[s] * TWO_TO_64);
        slots[s].other_first = slots[l].first;
        slots[s].other_count = slots[l].count;
        scaled[l] -= 1 - scaled[s];
        if (scaled[l] < 1) {
            large++;
            todo[small++] = l;
        }
    }
    /* What is left on either side is whole, but for rounding: its other is itself. */
}

int choice_init(struct choice *c, const struct choice_range *ranges, unsigned n)
{
    double sum = 0;
    unsigned heaviest = 0;
    *c = (struct choice){0};
    for (unsigned i = 0; i < n; i++) {
        sum += ranges[i].weight;
        heaviest = ranges[i].weight > ranges[heaviest].weight ? i : heaviest;
    }
    if (n == 0 || n > 65536 || !(sum > 0)) {
        return -EINVAL;
    }
    while (1U << c->bits < n) {
        c->bits++;
    }
    unsigned total = 1U << c->bits;
    c->slots = heap_alloc(total, sizeof(*c->slots));
    double *scaled = heap_alloc(total, sizeof(*scaled));
    uint32_t *todo = heap_alloc(total, sizeof(*todo));
    if (c->slots != NULL && scaled != NULL && todo != NULL) {
        for (unsigned i = 0; i < total; i++) {
            /* Slots beyond the ranges have no weight and never come up under their own name. */
            const struct choice_range *r = &ranges[i < n ? i : heaviest];
            c->slots[i] = (struct choice_slot){UINT64_MAX, r->first, r->count, r->first, r->count};
            scaled[i] = i < n ? r->weight / sum * total : 0;
        }
        share_out(c->slots, scaled, todo, total);
    }
    bool complete = scaled != NULL && todo != NULL && c->slots != NULL;
    heap_free(scaled);
    heap_free(todo);
    if (!complete) {
        choice_fini(c);
        return -ENOMEM;
    }
    return 0;
}

void choice_fini(struct choice *c)
{
    heap_free(c->slots);
    c->slots = NULL;
}

/* --- smooth distributions --------------------------------------------------------------------- */

/* weight(from, to) is how likely the numbers from .. to - 1 are, up to a common factor. */
static int init_smooth(struct choice *c, uint64_t n, double param,
                       double (*weight)(double n, double param, double from, double to))
{
    assert(n > 0);
    *c = (struct choice){0};
    struct choice_range *ranges = heap_alloc(SMOOTH_RANGES, sizeof(*ranges));
    if (ranges == NULL) {
        return -ENOMEM;
    }
    unsigned count = 0;
    for (uint64_t first = 0; first < n; count++) {
        uint64_t width = 1;
        if (first >= SINGLES) {
            width = (UINT64_C(1) << (63 - __builtin_clzll(first))) / PER_OCTAVE;
        }
        width = MIN(width, n - first);
        assert(count < SMOOTH_RANGES);
        ranges[count] = (struct choice_range){
            first, width, weight((double)n, param, (double)first, (double)first + (double)width)};
        first += width;
    }
    int rc = choice_init(c, ranges, count);
    heap_free(ranges);
    return rc;
}

/* The sum of k^-theta for k = from + 1 .. to: for single numbers as it is, else by an integral. */
static double zipf_weight(double n, double theta, double from, double to)
{
    (void)n;
    if (to - from < 1.5) {
        return math_pow(to, -theta);
    }
    double a = from + 0.5;
    double b = to + 0.5;
    if (theta > 1 - 1e-9 && theta < 1 + 1e-9) {
        return math_log(b / a);
    }
    return (math_pow(b, 1 - theta) - math_pow(a, 1 - theta)) / (1 - theta);
}

int choice_init_zipf(struct choice *c, uint64_t n, double theta)
{
    return init_smooth(c, n, theta, zipf_weight);
}

/* Drawn numbers are below x * n with a chance of x^exponent. */
static double pareto_weight(double n, double exponent, double from, double to)
{
    double below = from > 0 ? math_pow(from / n, exponent) : 0;
    return math_pow(to / n, exponent) - below;
}

int choice_init_pareto(struct choice *c, uint64_t n, double h)
{
    if (!(h > 0 && h < 1)) {
        *c = (struct choice){0};
        return -EINVAL;
    }
    return init_smooth(c, n, math_log(1 - h) / math_log(h), pareto_weight);
}

int choice_init_normal(struct choice *c, uint64_t n, double center, double deviation)
{
    double middle = center * (double)n;
    double sigma = deviation * (double)n;
    double low = middle - NORMAL_TAIL * sigma;
    double high = middle + NORMAL_TAIL * sigma;
    *c = (struct choice){0};
    if (!(deviation > 0) || center < 0 || center > 1) {
        return -EINVAL;
    }
    uint64_t first = low > 0 ? (uint64_t)low : 0;
    uint64_t end = high < (double)n ? (uint64_t)high + 1 : n;
    first = MIN(first, n - 1);
    end = MIN(MAX(end, first + 1), n);
    struct choice_range *ranges = heap_alloc(NORMAL_RANGES, sizeof(*ranges));
    if (ranges == NULL) {
        return -ENOMEM;
    }
    uint64_t span = end - first;
    unsigned count = (unsigned)MIN(span, (uint64_t)NORMAL_RANGES);
    uint64_t at = first;
    for (unsigned i = 0; i < count; i++) {
        uint64_t width = span / count + (i < span % count);
        double z = ((double)at + (double)width / 2 - middle) / sigma;
        ranges[i] = (struct choice_range){at, width, (double)width * math_exp(-z * z / 2)};
        at += width;
    }
    int rc = choice_init(c, ranges, count);
    heap_free(ranges);
    return rc;
}
