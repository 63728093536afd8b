/*
 * lib/histogram.c - buckets of growing width; see the header.
 */
#include "lib/histogram.h"

#include "lib/assert.h"

#define GROUP_BUCKETS (1U << HISTOGRAM_GROUP_BITS)

/* Bits that are dropped from a value counted in this bucket. */
static unsigned dropped_bits(unsigned index)
{
    unsigned group = index >> HISTOGRAM_GROUP_BITS;
    return group < 2 ? 0 : group - 1;
}

uint64_t histogram_lowest(unsigned index)
{
    assert(index < HISTOGRAM_BUCKETS);
    unsigned shift = dropped_bits(index);
    return shift == 0 ? index : (uint64_t)(GROUP_BUCKETS + index % GROUP_BUCKETS) << shift;
}

uint64_t histogram_value(unsigned index)
{
    unsigned shift = dropped_bits(index);
    return histogram_lowest(index) + (shift == 0 ? 0 : UINT64_C(1) << (shift - 1));
}

uint64_t histogram_total(const struct histogram *h)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        total += h->count[i];
    }
    return total;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        into->count[i] += from->count[i];
    }
}

uint64_t histogram_below(const struct histogram *h, uint64_t limit)
{
    uint64_t below = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && histogram_value(i) < limit; i++) {
        below += h->count[i];
    }
    return below;
}

void histogram_percentiles(const struct histogram *h, const uint64_t *percentile, unsigned n,
                           uint64_t *out)
{
    uint64_t total = histogram_total(h);
    uint64_t sum = 0;
    unsigned next = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && next < n && total > 0; i++) {
        sum += h->count[i];
        /* sum / total >= percentile / 100 %, multiplied out so that nothing is rounded. */
        while (next < n && (unsigned __int128)sum * (100 * HISTOGRAM_PERCENT) >=
                               (unsigned __int128)percentile[next] * total &&
               sum > 0) {
            out[next++] = histogram_value(i);
        }
    }
    while (next < n) {
        out[next++] = 0;
    }
}
