/*
 * tests/unit/test_lib_choice.c - lib/math against the C library, and lib/choice against the
 * distributions it claims to have, with a fixed seed.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/choice.h"
#include "lib/errno.h"
#include "lib/math.h"

#define DRAWS 1000000

static void near(double got, double want, double tolerance)
{
    if (fabs(got - want) > tolerance * fabs(want)) {
        fail_msg("%.17g instead of %.17g", got, want);
    }
}

static void functions_are_those_of_the_library(void **state)
{
    struct rng rng;
    (void)state;
    rng_seed(&rng, 1);
    for (unsigned i = 0; i < 200000; i++) {
        double x = ldexp(1 + (double)rng_below(&rng, 1 << 30) / (1 << 30),
                         (int)rng_below(&rng, 2000) - 1000);
        if (fabs(log(x)) > 1e-3) {
            near(math_log(x), log(x), 1e-14);
        }
        double y = (double)rng_below(&rng, 1400000000) / 1e6 - 700;
        near(math_exp(y), exp(y), 2e-14);
        double base = 0.001 + (double)rng_below(&rng, 1000000);
        double power = (double)rng_below(&rng, 8000000) / 1e6 - 4;
        near(math_pow(base, power), pow(base, power), 1e-13);
    }
    near(math_log(1 + 1e-9), log(1 + 1e-9), 1e-12);
    assert_true(math_log(1) == 0 && math_exp(0) == 1);
    near(math_log(5e-324), log(5e-324), 1e-14);
    assert_true(math_exp(-800) == 0 && isinf(math_exp(800)));
}

/* Counts draws in bins of the numbers 0 .. n - 1 and compares with what is expected: a sum of
 * squared deviations that chance exceeds once in a million. */
static void check_shape(const struct choice *c, const double *edges, const double *chance,
                        unsigned bins)
{
    uint64_t *count = calloc(bins, sizeof(*count));
    struct rng rng;
    rng_seed(&rng, 7);
    for (unsigned i = 0; i < DRAWS; i++) {
        uint64_t x = choice_next(c, &rng);
        unsigned b = 0;
        while (b < bins && (double)x >= edges[b + 1]) {
            b++;
        }
        assert_true(b < bins);
        count[b]++;
    }
    double square = 0;
    for (unsigned b = 0; b < bins; b++) {
        double want = chance[b] * DRAWS;
        square += ((double)count[b] - want) * ((double)count[b] - want) / want;
    }
    free(count);
    if (square > bins + 5 * sqrt(2.0 * bins) + 10) {
        fail_msg("chi-square %.1f for %u bins", square, bins);
    }
}

static void zipf_is_zipf(void **state)
{
    static const double thetas[] = {0.5, 1.0, 1.2, 2.0};
    const double n = 100000;
    (void)state;
    for (unsigned t = 0; t < ARRAY_SIZE(thetas); t++) {
        double edges[] = {0, 1, 2, 5, 20, 100, 1000, 10000, 50000, n};
        double chance[9] = {0}, sum = 0;
        struct choice c;
        for (unsigned b = 0; b < 9; b++) {
            for (double k = edges[b] + 1; k <= edges[b + 1]; k++) {
                chance[b] += pow(k, -thetas[t]);
            }
            sum += chance[b];
        }
        for (unsigned b = 0; b < 9; b++) {
            chance[b] /= sum;
        }
        /* Bins that are hardly ever hit say nothing: they join the one before. */
        unsigned bins = 9;
        while (chance[bins - 1] * DRAWS < 20) {
            chance[bins - 2] += chance[bins - 1];
            edges[bins - 1] = edges[bins];
            bins--;
        }
        assert_int_equal(choice_init_zipf(&c, (uint64_t)n, thetas[t]), 0);
        check_shape(&c, edges, chance, bins);
        choice_fini(&c);
    }
}

static void pareto_is_pareto(void **state)
{
    const double edges[] = {0, 40000, 200000, 500000, 1000000};
    double exponent = log(0.8) / log(0.2);
    double chance[4];
    struct choice c;
    (void)state;
    for (unsigned b = 0; b < 4; b++) {
        chance[b] = pow(edges[b + 1] / 1e6, exponent) - pow(edges[b] / 1e6, exponent);
    }
    near(chance[0] + chance[1], 0.8, 1e-9); /* a fifth of the blocks, four fifths of the draws */
    assert_int_equal(choice_init_pareto(&c, 1000000, 0.2), 0);
    check_shape(&c, edges, chance, 4);
    choice_fini(&c);
    assert_int_equal(choice_init_pareto(&c, 1000000, 1.0), -EINVAL);
}

static void normal_is_normal(void **state)
{
    const double edges[] = {0, 300000, 400000, 450000, 500000, 600000, 700000, 1000000};
    double chance[7];
    struct choice c;
    (void)state;
    for (unsigned b = 0; b < 7; b++) {
        chance[b] = (erf((edges[b + 1] - 5e5) / 1e5 / sqrt(2)) -
                     erf((edges[b] - 5e5) / 1e5 / sqrt(2))) / 2;
    }
    assert_int_equal(choice_init_normal(&c, 1000000, 0.5, 0.1), 0);
    check_shape(&c, edges, chance, 7);
    choice_fini(&c);
}

static void ranges_by_weight(void **state)
{
    const struct choice_range ranges[] = {{0, 10, 60}, {10, 20, 30}, {30, 30, 8}, {60, 40, 2}};
    const double edges[] = {0, 10, 30, 60, 100};
    const double chance[] = {0.6, 0.3, 0.08, 0.02};
    const struct choice_range nothing = {0, 1, 0};
    struct choice c;
    (void)state;
    assert_int_equal(choice_init(&c, ranges, 4), 0);
    check_shape(&c, edges, chance, 4);
    choice_fini(&c);
    assert_int_equal(choice_init(&c, ranges, 1), 0);
    check_shape(&c, (const double[]){0, 5, 10}, (const double[]){0.5, 0.5}, 2);
    choice_fini(&c);
    assert_int_equal(choice_init(&c, ranges, 3), 0); /* not a power of two */
    check_shape(&c, edges, (const double[]){60 / 98.0, 30 / 98.0, 8 / 98.0}, 3);
    choice_fini(&c);
    assert_int_equal(choice_init(&c, &nothing, 1), -EINVAL);
}

static void large_and_small_numbers(void **state)
{
    static const uint64_t sizes[] = {1, 2, 3, 63, 64, 65, 1000, UINT64_C(1) << 40,
                                     (UINT64_C(1) << 62) + 12345};
    struct rng rng;
    (void)state;
    rng_seed(&rng, 3);
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct choice c[3];
        assert_int_equal(choice_init_zipf(&c[0], sizes[i], 0.9), 0);
        assert_int_equal(choice_init_pareto(&c[1], sizes[i], 0.3), 0);
        assert_int_equal(choice_init_normal(&c[2], sizes[i], 0.9, 0.2), 0);
        for (unsigned k = 0; k < 3; k++) {
            for (unsigned n = 0; n < 1000; n++) {
                assert_true(choice_next(&c[k], &rng) < sizes[i]);
            }
            choice_fini(&c[k]);
        }
    }
}

static void scattering_keeps_numbers_apart(void **state)
{
    struct rng_permutation p;
    uint8_t seen[1000] = {0};
    unsigned same = 0;
    (void)state;
    rng_permutation_init(&p, 1000, 42);
    for (uint64_t x = 0; x < 1000; x++) {
        uint64_t y = rng_permutation_of(&p, x);
        assert_true(y < 1000);
        assert_int_equal(seen[y]++, 0);
        same += y == x;
    }
    assert_true(same < 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_those_of_the_library),
        cmocka_unit_test(zipf_is_zipf),
        cmocka_unit_test(pareto_is_pareto),
        cmocka_unit_test(normal_is_normal),
        cmocka_unit_test(ranges_by_weight),
        cmocka_unit_test(large_and_small_numbers),
        cmocka_unit_test(scattering_keeps_numbers_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
