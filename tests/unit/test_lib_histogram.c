/*
 * tests/unit/test_lib_histogram.c - lib/histogram: the buckets are fio's, and so are
 * the percentiles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/histogram.h"
#include "tests/unit/fio_bins.h"

static struct histogram h;

static int clear(void **state)
{
    (void)state;
    memset(&h, 0, sizeof(h));
    return 0;
}

/* The rule as it is stated for fio, written without tricks. */
static unsigned plain_index(uint64_t v)
{
    if (v < 128) {
        return (unsigned)v;
    }
    unsigned n = 7;
    while (n < 63 && v >> (n + 1) != 0) {
        n++;
    }
    uint64_t index = (uint64_t)(n - 6 + 1) * 64 + ((v >> (n - 6)) & 63);
    return index < HISTOGRAM_BUCKETS ? (unsigned)index : HISTOGRAM_BUCKETS - 1;
}

static void index_is_the_stated_rule(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int64_t d = -3; d <= 3; d++) {
            uint64_t v = (UINT64_C(1) << bit) + (uint64_t)d;
            assert_int_equal(histogram_index(v), plain_index(v));
            v += v / 3;
            assert_int_equal(histogram_index(v), plain_index(v));
        }
    }
    for (uint64_t v = 0; v < 100000; v++) {
        assert_int_equal(histogram_index(v), plain_index(v));
    }
}

static void index_and_value_round_trip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        assert_int_equal(histogram_index(histogram_value(i)), i);
        assert_int_equal(histogram_index(histogram_lowest(i)), i);
        if (i > 0) {
            assert_int_equal(histogram_index(histogram_lowest(i) - 1), i - 1);
            assert_true(histogram_value(i) > histogram_value(i - 1));
        }
    }
}

static void known_values(void **state)
{
    (void)state;
    assert_int_equal(HISTOGRAM_BUCKETS, 1856);
    assert_int_equal(histogram_value(127), 127);
    assert_int_equal(histogram_value(128), 129);
    assert_int_equal(histogram_value(HISTOGRAM_BUCKETS - 1), UINT64_C(17112760320));
    assert_int_equal(histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    assert_int_equal(histogram_index(0), 0);
}

static void values_are_within_one_part_in_128(void **state)
{
    (void)state;
    for (uint64_t v = 1; v < UINT64_C(17000000000); v += v / 97 + 1) {
        uint64_t shown = histogram_value(histogram_index(v));
        uint64_t off = shown > v ? shown - v : v - shown;
        assert_true(off * 128 <= v);
    }
}

static void fio_bins_and_percentiles(void **state)
{
    (void)state;
    for (unsigned f = 0; f < ARRAY_SIZE(fio_histograms); f++) {
        const struct fio_histogram *fio = &fio_histograms[f];
        uint64_t out[FIO_PERCENTILES];
        clear(NULL);
        for (unsigned i = 0; i < fio->bins; i++) {
            unsigned index = histogram_index(fio->bin[i].value);
            assert_int_equal(histogram_value(index), fio->bin[i].value);
            h.count[index] += fio->bin[i].count;
        }
        assert_int_equal(histogram_total(&h), fio->n);
        histogram_percentiles(&h, fio_percentile_list, FIO_PERCENTILES, out);
        for (unsigned i = 0; i < FIO_PERCENTILES; i++) {
            if (out[i] != fio->percentile[i]) {
                fail_msg("%s: percentile %u is %llu, fio says %llu", fio->name, i,
                         (unsigned long long)out[i], (unsigned long long)fio->percentile[i]);
            }
        }
    }
}

static void percentiles_at_the_edges(void **state)
{
    static const uint64_t list[] = {1, 50 * HISTOGRAM_PERCENT, 50 * HISTOGRAM_PERCENT + 1,
                                    100 * HISTOGRAM_PERCENT};
    uint64_t out[4] = {9, 9, 9, 9};
    (void)state;
    histogram_percentiles(&h, list, 4, out);
    assert_int_equal(out[0] + out[1] + out[2] + out[3], 0);
    histogram_add(&h, 10);
    histogram_add(&h, 20);
    histogram_percentiles(&h, list, 4, out);
    assert_int_equal(out[0], 10);
    assert_int_equal(out[1], 10); /* exactly half of them are at most 10 */
    assert_int_equal(out[2], 20);
    assert_int_equal(out[3], 20);
}

static void merging_adds(void **state)
{
    struct histogram other = {0};
    (void)state;
    histogram_add(&h, 1000);
    histogram_add(&other, 1000);
    histogram_add(&other, 5000000);
    histogram_merge(&h, &other);
    assert_int_equal(histogram_total(&h), 3);
    assert_int_equal(h.count[histogram_index(1000)], 2);
    assert_int_equal(histogram_below(&h, 999), 0);
    assert_int_equal(histogram_below(&h, 2000), 2);
    assert_int_equal(histogram_below(&h, UINT64_MAX), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_is_the_stated_rule),
        cmocka_unit_test(index_and_value_round_trip),
        cmocka_unit_test(known_values),
        cmocka_unit_test(values_are_within_one_part_in_128),
        cmocka_unit_test(fio_bins_and_percentiles),
        cmocka_unit_test_setup(percentiles_at_the_edges, clear),
        cmocka_unit_test_setup(merging_adds, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
