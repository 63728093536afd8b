/*
 * tests/unit/test_lib_stats.c - lib/stats: exact sums, figures that textbook formulas get wrong.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/stats.h"

static void near(double a, double b)
{
    if (fabs(a - b) > 1e-12 * fabs(b)) {
        fail_msg("%.17g is not %.17g", a, b);
    }
}

static void empty_and_single(void **state)
{
    struct stats s = {0};
    (void)state;
    near(stats_mean(&s), 0);
    assert_int_equal(stats_min(&s), 0);
    near(stats_deviation(&s), 0);
    stats_add(&s, 7);
    near(stats_mean(&s), 7);
    near(stats_deviation(&s), 0);
    assert_int_equal(stats_min(&s), 7);
    assert_int_equal(s.max, 7);
}

static void small_sample(void **state)
{
    static const uint64_t values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    struct stats s = {0};
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        stats_add(&s, values[i]);
    }
    near(stats_mean(&s), 5);
    near(stats_deviation(&s), sqrt(32.0 / 7));
    assert_int_equal(stats_min(&s), 2);
    assert_int_equal(s.max, 9);
}

/* Large numbers with a small spread: sum of squares minus square of sum has no digits left. */
static void far_from_zero(void **state)
{
    struct stats s = {0};
    const uint64_t base = UINT64_C(1) << 46;
    (void)state;
    for (unsigned i = 0; i < 1000000; i++) {
        stats_add(&s, base + i % 3);
    }
    near(stats_mean(&s), (double)base + 0.999999);
    near(stats_deviation(&s), sqrt(0.666666999999 * 1000000 / 999999));
}

static void zero_is_a_minimum(void **state)
{
    struct stats s = {0};
    (void)state;
    stats_add(&s, 5);
    stats_add(&s, 0);
    stats_add(&s, 3);
    assert_int_equal(stats_min(&s), 0);
    assert_int_equal(s.max, 5);
}

static void merging_and_many_are_the_same_as_adding(void **state)
{
    struct stats all = {0}, a = {0}, b = {0}, none = {0};
    (void)state;
    for (uint64_t i = 1; i <= 5000; i++) {
        uint64_t value = i * i * 1000003 % 9999991;
        stats_add(&all, value);
        stats_add(i % 3 ? &a : &b, value);
    }
    for (unsigned i = 0; i < 10; i++) {
        stats_add(&all, 12345);
    }
    stats_add_many(&b, 12345, 10);
    stats_merge(&a, &none);
    stats_merge(&none, &a);
    stats_merge(&none, &b);
    assert_memory_equal(&none, &all, sizeof(all));
    stats_add_many(&all, UINT64_MAX, 1);
    assert_int_equal(all.max, UINT64_MAX);
}

static void roots(void **state)
{
    (void)state;
    near(stats_sqrt(2), sqrt(2));
    near(stats_sqrt(0), 0);
    near(stats_sqrt(1e300), 1e150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_and_single),
        cmocka_unit_test(small_sample),
        cmocka_unit_test(far_from_zero),
        cmocka_unit_test(zero_is_a_minimum),
        cmocka_unit_test(merging_and_many_are_the_same_as_adding),
        cmocka_unit_test(roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
