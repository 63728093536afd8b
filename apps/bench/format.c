/*
 * apps/bench/format.c - fio's spelling of numbers, found by comparing with what it prints.
 */
#include "apps/bench/format.h"

#include "lib/compiler.h"
#include "lib/histogram.h"
#include "lib/out.h"
#include "lib/string.h"

#define SCALES 7
#define LINE_COLUMNS 73      /* of a line of percentiles, without its margin */
#define PERCENTILE_COLUMNS 15 /* of one percentile, without its decimals */

static const char *const decimal_scales[SCALES] = {"", "k", "M", "G", "T", "P", "E"};
static const char *const binary_scales[SCALES] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

static unsigned digits(uint64_t value)
{
    unsigned n = 1;
    for (; value >= 10; value /= 10) {
        n++;
    }
    return n;
}

const char *bench_format_number(char *buf, uint64_t value, unsigned width, bool binary,
                                const char *unit)
{
    const uint64_t thousand = binary ? 1024 : 1000;
    uint64_t rest = 0;
    unsigned scale = 0;
    while (digits(value) > width && scale < SCALES - 1) {
        rest = value % thousand;
        value /= thousand;
        scale++;
    }
    const char *prefix = binary ? binary_scales[scale] : decimal_scales[scale];
    /* The point takes a place too, so there are decimals only where two characters are free. */
    unsigned used = digits(value);
    unsigned decimals = scale > 0 && width > used + 1 ? width - used - 1 : 0;
    uint64_t power = 1;
    for (unsigned i = 0; i < decimals; i++) {
        power *= 10;
    }
    uint64_t fraction = (rest * power + thousand / 2) / thousand;
    if (scale > 0 && fraction >= power) {
        value++;
        fraction = 0;
        decimals = width > digits(value) + 1 ? width - digits(value) - 1 : 0;
    }
    if (decimals == 0) {
        str_format(buf, BENCH_NUMBER_BYTES, "%llu%s%s", (unsigned long long)value, prefix, unit);
    } else {
        str_format(buf, BENCH_NUMBER_BYTES, "%llu.%0*llu%s%s", (unsigned long long)value,
                   (int)decimals, (unsigned long long)fraction, prefix, unit);
    }
    return buf;
}

struct bench_number_style bench_number_style_of(const struct bench_options *opt)
{
    return (struct bench_number_style){
        .width = (unsigned)opt->significant_figures,
        .decimal_first = opt->kb_base == BENCH_KB_1000,
        .bits = opt->unit_base == BENCH_UNIT_BITS,
    };
}

const char *bench_format_rate(char *buf, uint64_t bytes_per_s,
                              const struct bench_number_style *style, bool binary)
{
    return style->bits ? bench_format_number(buf, bytes_per_s * 8, style->width, binary, "bit/s")
                       : bench_format_number(buf, bytes_per_s, style->width, binary, "B/s");
}

static const struct bench_time_unit nsec = {"nsec", 1};
static const struct bench_time_unit usec = {"usec", NS_PER_US};
static const struct bench_time_unit msec = {"msec", NS_PER_MS};

struct bench_time_unit bench_latency_unit(uint64_t min_ns, uint64_t max_ns, double deviation_ns)
{
    if (min_ns > 2000000 && max_ns > 99999999 && deviation_ns > 1e6) {
        return msec;
    }
    return min_ns > 2000 && max_ns > 99999 && deviation_ns > 1e3 ? usec : nsec;
}

struct bench_time_unit bench_percentile_unit(uint64_t smallest_ns, uint64_t largest_ns)
{
    if (smallest_ns > 2000000 && largest_ns > 99999999) {
        return msec;
    }
    return smallest_ns > 2000 && largest_ns > 99999 ? usec : nsec;
}

const char *bench_format_percentile(char *buf, uint64_t value, unsigned decimals)
{
    uint64_t unit = HISTOGRAM_PERCENT;
    for (unsigned i = 0; i < decimals; i++) {
        unit /= 10;
    }
    uint64_t whole = value / HISTOGRAM_PERCENT;
    uint64_t fraction = value % HISTOGRAM_PERCENT / unit;
    if (decimals == 0) {
        str_format(buf, BENCH_NUMBER_BYTES, "%2llu", (unsigned long long)whole);
    } else {
        str_format(buf, BENCH_NUMBER_BYTES, "%2llu.%0*llu", (unsigned long long)whole,
                   (int)decimals, (unsigned long long)fraction);
    }
    return buf;
}

unsigned bench_percentiles_per_line(unsigned decimals)
{
    return LINE_COLUMNS / (PERCENTILE_COLUMNS + decimals);
}

const char *bench_format_eta(char *buf, uint64_t seconds)
{
    unsigned long long d = seconds / 86400;
    unsigned h = (unsigned)(seconds / 3600 % 24);
    unsigned m = (unsigned)(seconds / 60 % 60);
    unsigned s = (unsigned)(seconds % 60);
    if (d > 0) {
        str_format(buf, BENCH_NUMBER_BYTES, "%02llud:%02uh:%02um:%02us", d, h, m, s);
    } else if (h > 0) {
        str_format(buf, BENCH_NUMBER_BYTES, "%02uh:%02um:%02us", h, m, s);
    } else {
        str_format(buf, BENCH_NUMBER_BYTES, "%02um:%02us", m, s);
    }
    return buf;
}
