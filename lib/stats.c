/*
 * lib/stats.c - exact sums, and figures from them.
 */
#include "lib/stats.h"

static double to_double(unsigned __int128 x)
{
    return (double)(uint64_t)(x >> 64) * 18446744073709551616.0 + (double)(uint64_t)x;
}

/* sum = quotient * n + *rest, by shifting: the compiler's 128-bit division is a library call that
 * a freestanding program does not have. The quotient is a mean of 64-bit numbers, so it fits. */
static uint64_t divide(unsigned __int128 sum, uint64_t n, uint64_t *rest)
{
    uint64_t quotient = 0;
    unsigned __int128 r = 0;
    for (int bit = 127; bit >= 0; bit--) {
        r = r << 1 | ((sum >> bit) & 1);
        quotient <<= 1;
        if (r >= n) {
            r -= n;
            quotient |= 1;
        }
    }
    *rest = (uint64_t)r;
    return quotient;
}

void stats_merge(struct stats *into, const struct stats *from)
{
    into->max = MAX(into->max, from->max);
    into->max_inverted = MAX(into->max_inverted, from->max_inverted);
    into->n += from->n;
    into->sum += from->sum;
    into->sum_squares += from->sum_squares;
}

double stats_mean(const struct stats *s)
{
    if (s->n == 0) {
        return 0;
    }
    uint64_t rest;
    uint64_t quotient = divide(s->sum, s->n, &rest);
    return (double)quotient + (double)rest / (double)s->n;
}

double stats_deviation(const struct stats *s)
{
    if (s->n < 2) {
        return 0;
    }
    /* With sum = q * n + r, the sum of (x - q)^2 is sum_squares - q * (sum + r), an integer. The
     * mean lies r / n above q, which takes r^2 / n off. So no large numbers are subtracted after
     * rounding, which is what spoils the textbook formula. */
    uint64_t rest;
    uint64_t quotient = divide(s->sum, s->n, &rest);
    unsigned __int128 about_q = s->sum_squares - (s->sum + rest) * quotient;
    double n = (double)s->n;
    double about_mean = to_double(about_q) - (double)rest * ((double)rest / n);
    return about_mean > 0 ? stats_sqrt(about_mean / (n - 1)) : 0;
}

double stats_sqrt(double x)
{
    double root;
    __asm__("sqrtsd %1, %0" : "=x"(root) : "x"(x));
    return root;
}
