/*
 * tests/unit/test_lib_rng.c - lib/rng: repeatable, even, and every number once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rng.h"

/* Values of the generator's published reference, started from the state 1, 2. */
static void reference_sequence(void **state)
{
    struct rng rng = {{1, 2}};
    (void)state;
    assert_int_equal(rng_next(&rng), 393217);
    assert_int_equal(rng_next(&rng), UINT64_C(669327710093319));
}

static void seeds_repeat_and_differ(void **state)
{
    struct rng a, b, c;
    unsigned equal = 0;
    (void)state;
    rng_seed(&a, 0);
    rng_seed(&b, 0);
    rng_seed(&c, 1);
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t x = rng_next(&a);
        assert_int_equal(x, rng_next(&b));
        equal += x == rng_next(&c);
    }
    assert_int_equal(equal, 0);
}

static void below_is_even(void **state)
{
    struct rng rng;
    unsigned count[10] = {0};
    (void)state;
    rng_seed(&rng, 42);
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t x = rng_below(&rng, 10);
        assert_true(x < 10);
        count[x]++;
    }
    for (unsigned i = 0; i < 10; i++) {
        assert_in_range(count[i], 9600, 10400);
    }
    assert_int_equal(rng_below(&rng, 1), 0);
}

static void fill_fills_to_the_last_byte(void **state)
{
    struct rng rng;
    uint8_t buf[40];
    (void)state;
    rng_seed(&rng, 3);
    memset(buf, 0xaa, sizeof(buf));
    rng_fill(&rng, buf, 37);
    assert_int_equal(buf[37], 0xaa);
    assert_memory_not_equal(buf, buf + 8, 8);
    assert_memory_not_equal(buf + 29, "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa", 8);
}

static void visit_all(uint64_t n, uint64_t seed)
{
    struct rng_permutation p;
    uint8_t *seen = calloc(n, 1);
    rng_permutation_init(&p, n, seed);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t x = rng_permutation_next(&p);
        if (x >= n || seen[x]++ != 0) {
            fail_msg("n=%llu: %llu again or out of range", (unsigned long long)n,
                     (unsigned long long)x);
        }
    }
    assert_int_equal(p.left, 0);
    free(seen);
}

static void permutation_gives_every_number_once(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 300; n++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            visit_all(n, seed);
        }
    }
    visit_all(65536, 1);
    visit_all(65537, 2);
    visit_all(1000003, 3);
}

static void permutation_covers_large_devices(void **state)
{
    struct rng_permutation p;
    uint64_t half = 0;
    (void)state;
    rng_permutation_init(&p, UINT64_C(1) << 44, 7);
    for (unsigned i = 0; i < 10000; i++) {
        half += rng_permutation_next(&p) >> 43;
    }
    assert_in_range(half, 4700, 5300);
}

/* What follows a number should not be near it: steps are spread over the whole range. */
static void permutation_looks_random(void **state)
{
    struct rng_permutation p;
    unsigned step[8] = {0};
    const uint64_t n = 1 << 18;
    (void)state;
    rng_permutation_init(&p, n, 5);
    uint64_t last = rng_permutation_next(&p);
    for (unsigned i = 0; i < 80000; i++) {
        uint64_t x = rng_permutation_next(&p);
        step[((x - last) & (n - 1)) * 8 / n]++;
        last = x;
    }
    for (unsigned i = 0; i < 8; i++) {
        assert_in_range(step[i], 9000, 11000);
    }
}

static void orders_differ_by_seed(void **state)
{
    struct rng_permutation a, b;
    unsigned equal = 0;
    (void)state;
    rng_permutation_init(&a, 100000, 1);
    rng_permutation_init(&b, 100000, 2);
    for (unsigned i = 0; i < 1000; i++) {
        equal += rng_permutation_next(&a) == rng_permutation_next(&b);
    }
    assert_true(equal < 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_sequence),
        cmocka_unit_test(seeds_repeat_and_differ),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(fill_fills_to_the_last_byte),
        cmocka_unit_test(permutation_gives_every_number_once),
        cmocka_unit_test(permutation_covers_large_devices),
        cmocka_unit_test(permutation_looks_random),
        cmocka_unit_test(orders_differ_by_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
