/*
 * tests/unit/test_apps_bench_settle.c - the search for a pause, against disks that are a function
 * from pause to rate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "apps/bench/settle.h"
#include "lib/compiler.h"

#define WINDOW_NS (10 * NS_PER_MS)
#define FIRST (2 * BENCH_SETTLE_CHOICES) /* windows until the best one is used */

static struct bench_settle settle;
static uint64_t now_ns, ios;

/* Lets windows pass on a disk that is fastest at best_ns; returns in how many it was so used. */
static unsigned run_windows(unsigned count, uint64_t best_ns)
{
    unsigned hits = 0;
    for (unsigned i = 0; i < count; i++) {
        hits += settle.ns == best_ns;
        ios += settle.ns == best_ns ? 500 : 250 + i % 7;
        now_ns += WINDOW_NS;
        bench_settle_tick(&settle, ios, now_ns);
    }
    return hits;
}

static int setup(void **state)
{
    (void)state;
    now_ns = NS_PER_S;
    ios = 12345;
    bench_settle_search(&settle);
    assert_int_equal(settle.ns, 0);
    bench_settle_tick(&settle, ios, now_ns); /* the first one only begins a window */
    assert_int_equal(settle.ns, 0);
    return 0;
}

static void the_fastest_pause_is_found(void **state)
{
    (void)state;
    run_windows(FIRST, 1200);
    assert_in_range(run_windows(160, 1200), 145, 159);
}

static void no_pause_stays_where_it_is_best(void **state)
{
    (void)state;
    run_windows(FIRST, 0);
    assert_in_range(run_windows(160, 0), 145, 160);
}

static void a_change_of_the_host_is_followed(void **state)
{
    (void)state;
    run_windows(FIRST, 400);
    assert_in_range(run_windows(160, 400), 145, 160);
    /* Each of the others is looked at again within that many windows. */
    run_windows(16 * BENCH_SETTLE_CHOICES, 2000);
    assert_in_range(run_windows(160, 2000), 145, 160);
}

static void slow_first_windows_decide_nothing(void **state)
{
    (void)state;
    run_windows(BENCH_SETTLE_CHOICES, UINT64_MAX); /* the host is warming up: all are slow */
    assert_in_range(run_windows(BENCH_SETTLE_CHOICES, 400), 1, 1);
    assert_in_range(run_windows(160, 400), 145, 160);
}

static void short_windows_are_joined(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        bench_settle_tick(&settle, ios += 50, now_ns += NS_PER_MS);
    }
    assert_int_equal(settle.windows, 0);
    bench_settle_tick(&settle, ios += 50, now_ns += NS_PER_MS);
    assert_int_equal(settle.windows, 1);
    assert_int_equal(settle.rate[0], 50000);
}

static void a_given_pause_stays(void **state)
{
    (void)state;
    settle = (struct bench_settle){.ns = 700};
    run_windows(100, 0);
    assert_int_equal(settle.ns, 700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_fastest_pause_is_found, setup),
        cmocka_unit_test_setup(no_pause_stays_where_it_is_best, setup),
        cmocka_unit_test_setup(a_change_of_the_host_is_followed, setup),
        cmocka_unit_test_setup(slow_first_windows_decide_nothing, setup),
        cmocka_unit_test_setup(short_windows_are_joined, setup),
        cmocka_unit_test_setup(a_given_pause_stays, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
