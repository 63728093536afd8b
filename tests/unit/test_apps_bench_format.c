/*
 * tests/unit/test_apps_bench_format.c - numbers in fio's spelling. What is expected here was
 * printed by fio 3.33 for these values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "apps/bench/format.h"

static void numbers(void **state)
{
    static const struct {
        uint64_t value;
        unsigned width;
        bool binary;
        const char *unit, *text;
    } rows[] = {
        {0, 4, false, "", "0"},
        {9618, 4, false, "", "9618"},
        {134825, 4, false, "", "135k"},
        {31664, 4, false, "", "31.7k"},
        {2928925, 4, false, "", "2929k"},
        {552337408, 4, true, "B/s", "527MiB/s"},
        {552337408, 4, false, "B/s", "552MB/s"},
        {55773184, 4, true, "B/s", "53.2MiB/s"},
        {4096, 4, true, "B", "4096B"},
        {131072, 4, true, "B", "128KiB"},
        {1048576, 4, true, "B", "1024KiB"},
        {135168, 4, true, "B", "132KiB"},
        {40945, 4, true, "B/s", "40.0KiB/s"},
        {40945, 4, false, "B/s", "40.9kB/s"},
        {4089300, 6, false, "", "4089.3k"},
        {3308000, 6, false, "", "3308.0k"},
        {999999, 6, false, "", "999999"},
        {99970, 4, false, "", "100k"},  /* fio carries no digit here and prints 99.0k */
        {53970, 4, false, "", "54.0k"}, /* and 53.0k here */
        {UINT64_MAX, 4, false, "", "18.4E"},
        {UINT64_MAX, 4, true, "B", "16.0EiB"},
    };
    char buf[BENCH_NUMBER_BYTES];
    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(bench_format_number(buf, rows[i].value, rows[i].width, rows[i].binary,
                                                rows[i].unit), rows[i].text);
    }
}

static void units_of_time(void **state)
{
    (void)state;
    assert_string_equal(bench_latency_unit(1863, 3308000, 56634.89).name, "nsec");
    assert_string_equal(bench_latency_unit(2001, 100000, 1000.1).name, "usec");
    assert_string_equal(bench_latency_unit(2000, 100000, 1001).name, "nsec");
    assert_string_equal(bench_latency_unit(2001, 99999, 1001).name, "nsec");
    assert_string_equal(bench_latency_unit(2001, 100000, 1000).name, "nsec");
    assert_string_equal(bench_latency_unit(2000001, 100000000, 1000001).name, "msec");
    assert_string_equal(bench_percentile_unit(2000, 100000).name, "nsec");
    assert_string_equal(bench_percentile_unit(2001, 100000).name, "usec");
    assert_string_equal(bench_percentile_unit(2000001, 100000000).name, "msec");
}

static void percentiles(void **state)
{
    char buf[BENCH_NUMBER_BYTES];
    (void)state;
    assert_string_equal(bench_format_percentile(buf, 1000000, 2), " 1.00");
    assert_string_equal(bench_format_percentile(buf, 99950000, 2), "99.95");
    assert_string_equal(bench_format_percentile(buf, 1000000, 0), " 1");
    assert_string_equal(bench_format_percentile(buf, 100000000, 1), "100.0");
    assert_string_equal(bench_format_percentile(buf, 50123450, 5), "50.12345");
    assert_int_equal(bench_percentiles_per_line(0), 4);
    assert_int_equal(bench_percentiles_per_line(2), 4);
    assert_int_equal(bench_percentiles_per_line(3), 4);
    assert_int_equal(bench_percentiles_per_line(4), 3);
    assert_int_equal(bench_percentiles_per_line(6), 3);
}

static void time_to_go(void **state)
{
    char buf[BENCH_NUMBER_BYTES];
    (void)state;
    assert_string_equal(bench_format_eta(buf, 0), "00m:00s");
    assert_string_equal(bench_format_eta(buf, 75), "01m:15s");
    assert_string_equal(bench_format_eta(buf, 3600), "01h:00m:00s");
    assert_string_equal(bench_format_eta(buf, 93784), "01d:02h:03m:04s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(units_of_time),
        cmocka_unit_test(percentiles),
        cmocka_unit_test(time_to_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
