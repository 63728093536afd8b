/*
 * tests/unit/test_nvme_schedules.c - random schedules (tests/model/world.h): post, ring, reap, let
 * time pass, lose, repeat, reorder and refuse commands, reset, cut the power, pull out, change the
 * namespace and the queues; against a reference of what the media may hold.
 *
 *     test_nvme_schedules              as many as fit into a test run
 *     test_nvme_schedules N            N of them
 *     test_nvme_schedules N FIRST      N from seed FIRST on: N = 1 repeats one that has failed
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/model/model_spec.h"
#include "tests/model/world.h"

static uint64_t first_seed;
static uint64_t schedules = 1350;
static struct world_counts counts;

static void all_schedules_hold(void **state)
{
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + schedules; seed++) {
        if (!world_run(seed, NULL, false, &counts)) {
            fail_msg("schedule %llu has failed", (unsigned long long)seed);
        }
    }
}

/* --- the judge sees --------------------------------------------------------------------------- */

struct lie {
    const char *name;
    struct model_rule rule;
    enum world_weather weather;
};

#define LIE(op, what, with)                                                                        \
    { .on = MODEL_ON_IO, .match = op, .sub = MODEL_ANY, .count = MODEL_FOREVER,                    \
      .action = what, .value = with }

static const struct lie lies[] = {
    { "a judge that sees corrupt reads", LIE(NVM_READ, MODEL_DO_CORRUPT, 0), WORLD_FINE },
    { "a judge that sees corrupt writes", LIE(NVM_WRITE, MODEL_DO_CORRUPT, 0), WORLD_FINE },
    { "a judge that sees one flipped bit", LIE(NVM_READ, MODEL_DO_FLIP, 3777), WORLD_FINE },
    { "a judge that sees half a read", LIE(NVM_READ, MODEL_DO_SHORT, 0), WORLD_FINE },
    { "a judge that sees stale reads", LIE(NVM_READ, MODEL_DO_STALE, 0), WORLD_FINE },
    { "a judge that sees reads of other blocks", LIE(NVM_READ, MODEL_DO_MISPLACE, 1), WORLD_FINE },
    { "a judge that sees misplaced writes", LIE(NVM_WRITE, MODEL_DO_MISPLACE, 1), WORLD_FINE },
    { "a judge that sees forgotten writes", LIE(NVM_WRITE, MODEL_DO_FORGET, 0), WORLD_FINE },
    { "a judge that sees forgotten flushes", LIE(NVM_FLUSH, MODEL_DO_FORGET, 0), WORLD_POWER },
};

/* Among a few schedules one at least must fail. */
static void is_found_out(void **state)
{
    const struct lie *lie = *state;
    struct world_counts none = { 0 };
    unsigned found = 0;

    for (unsigned i = 0; i < 40 && !found; i++) {
        found += !world_run((uint64_t)i * WORLD_WEATHERS + lie->weather, &lie->rule, true, &none);
    }
    assert_int_not_equal(found, 0);
}

static void print_counts(void)
{
    printf("%llu schedules from seed %llu: %llu steps, %llu I/Os (%llu with an error), "
           "%llu flushes, %llu recoveries, %llu controllers given up, %llu power cuts, "
           "%llu removals, %llu changes\n",
           (unsigned long long)counts.schedules, (unsigned long long)first_seed,
           (unsigned long long)counts.steps, (unsigned long long)counts.ios,
           (unsigned long long)counts.errors, (unsigned long long)counts.flushes,
           (unsigned long long)counts.recoveries, (unsigned long long)counts.deaths,
           (unsigned long long)counts.power_cuts, (unsigned long long)counts.removals,
           (unsigned long long)counts.changes);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[1 + ARRAY_SIZE(lies)] = { 0 };

    schedules = argc > 1 ? strtoull(argv[1], NULL, 0) : schedules;
    first_seed = argc > 2 ? strtoull(argv[2], NULL, 0) : first_seed;
    tests[0] = (struct CMUnitTest)cmocka_unit_test(all_schedules_hold);
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        tests[1 + i] = (struct CMUnitTest){ .name = lies[i].name, .test_func = is_found_out,
                                            .initial_state = (void *)(uintptr_t)&lies[i] };
    }
    int failed = cmocka_run_group_tests_name("nvme random schedules", tests, NULL, NULL);
    print_counts();
    return failed;
}
