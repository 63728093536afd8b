/*
 * apps/bench/plot.c - bars and columns of '#'; see the header.
 */
#include "apps/bench/plot.h"

#include "apps/bench/format.h"
#include "lib/string.h"

#define BAR_COLUMNS 50
#define MAX_BARS 24
#define MAX_COLUMNS 64
#define ROWS 8
#define NUMBER_WIDTH 4

static void put_bar(struct out *out, double part)
{
    static const char bar[] = "##################################################";
    unsigned n = (unsigned)(part * BAR_COLUMNS + 0.5);
    out_write(out, bar, MIN(n, (unsigned)BAR_COLUMNS));
    /* What is too small for a column, and yet there, is a dot. */
    if (n == 0 && part > 0) {
        out_puts(out, ".");
        n = 1;
    }
    out_printf(out, "%*s", (int)(BAR_COLUMNS - n), "");
}

/* "12.3us": four figures and a unit. */
static const char *time_text(char *buf, uint64_t ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double value = (double)ns;
    unsigned u = 0;
    while (value >= 1000 && u < ARRAY_SIZE(units) - 1) {
        value /= 1000;
        u++;
    }
    str_format(buf, BENCH_NUMBER_BYTES, value < 10 && u > 0 ? "%.2f%s"
                                        : value < 100 && u > 0 ? "%.1f%s" : "%.0f%s", value,
               units[u]);
    return buf;
}

static uint64_t sum(const struct histogram *h, unsigned from, unsigned n)
{
    uint64_t total = 0;
    for (unsigned i = from; i < from + n && i < HISTOGRAM_BUCKETS; i++) {
        total += h->count[i];
    }
    return total;
}

/* The first and last bucket in use; false if none is. */
static bool used_range(const struct histogram *h, unsigned *first, unsigned *last)
{
    bool any = false;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (h->count[i] > 0) {
            *first = any ? *first : i;
            *last = i;
            any = true;
        }
    }
    return any;
}

void bench_plot_histogram(struct out *out, const char *what, const struct histogram *h)
{
    unsigned first = 0;
    unsigned last = 0;
    if (!used_range(h, &first, &last)) {
        return;
    }
    unsigned step = 1;
    while (last / step - first / step >= MAX_BARS) {
        step *= 2;
    }
    uint64_t total = sum(h, 0, HISTOGRAM_BUCKETS);
    uint64_t highest = 0;
    for (unsigned i = first / step * step; i <= last; i += step) {
        highest = MAX(highest, sum(h, i, step));
    }
    out_printf(out, "  %s, %llu I/Os, from the time on the left on:\n", what,
               (unsigned long long)total);
    bool gap = false;
    for (unsigned i = first / step * step; i <= last; i += step) {
        uint64_t n = sum(h, i, step);
        char text[BENCH_NUMBER_BYTES];
        if (n > 0) {
            out_printf(out, "  %8s |", time_text(text, histogram_lowest(i)));
            put_bar(out, (double)n / (double)highest);
            out_printf(out, " %7.3f%%\n", 100.0 * (double)n / (double)total);
        } else if (!gap) {
            out_puts(out, "       ... |\n");
        }
        gap = n == 0;
    }
}

static uint64_t all_ios(const struct bench_sample *sample)
{
    uint64_t n = 0;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        n += sample->ios[d];
    }
    return n;
}

/* Rates of at most MAX_COLUMNS stretches of time; how many, 0 if there are too few samples. */
static unsigned columns_of(const struct bench_sampler *s, double *iops)
{
    unsigned steps = s->count > 0 ? s->count - 1 : 0;
    if (steps < 2) {
        return 0;
    }
    unsigned n = MIN(steps, (unsigned)MAX_COLUMNS);
    for (unsigned c = 0; c < n; c++) {
        const struct bench_sample *a = &s->samples[(uint64_t)c * steps / n];
        const struct bench_sample *b = &s->samples[(uint64_t)(c + 1) * steps / n];
        double seconds = (double)(b->time_ns - a->time_ns) / (double)NS_PER_S;
        iops[c] = seconds > 0 ? (double)(all_ios(b) - all_ios(a)) / seconds : 0;
    }
    return n;
}

void bench_plot_iops(struct out *out, const struct bench_sampler *s)
{
    double iops[MAX_COLUMNS];
    double highest = 0;
    char text[BENCH_NUMBER_BYTES];
    unsigned n = columns_of(s, iops);
    for (unsigned c = 0; c < n; c++) {
        highest = iops[c] > highest ? iops[c] : highest;
    }
    if (n == 0 || highest <= 0) {
        return;
    }
    out_puts(out, "  IOPS over time:\n");
    for (unsigned row = ROWS; row > 0; row--) {
        bench_format_number(text, (uint64_t)(highest * row / ROWS), NUMBER_WIDTH, false, "");
        out_printf(out, "  %8s |", row % 2 == 0 ? text : "");
        for (unsigned c = 0; c < n; c++) {
            double level = iops[c] / highest * ROWS;
            out_puts(out, level >= row - 0.5 ? "#" : level >= row - 0.75 ? "." : " ");
        }
        out_puts(out, "\n");
    }
    uint64_t end_ns = s->samples[s->count - 1].time_ns;
    out_printf(out, "  %8s +", "0");
    for (unsigned c = 0; c < n; c++) {
        out_puts(out, "-");
    }
    out_printf(out, " %llu.%llu s\n", (unsigned long long)(end_ns / NS_PER_S),
               (unsigned long long)(end_ns / (NS_PER_S / 10) % 10));
}
