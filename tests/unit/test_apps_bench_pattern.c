/*
 * tests/unit/test_apps_bench_pattern.c - the order of a job's I/Os.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/bench/pattern.h"

#define BLOCKS 1000

static void start(struct bench_pattern *p, bool random, bool norandommap, unsigned rwmixread)
{
    bench_pattern_init(p, &(struct bench_pattern_config){
                              .random = random, .norandommap = norandommap, .reads = true,
                              .writes = rwmixread < 100, .rwmixread = rwmixread, .blocks = BLOCKS,
                              .seed = 1});
}

static void sequences_wrap(void **state)
{
    struct bench_pattern p;
    (void)state;
    start(&p, false, false, 100);
    for (unsigned i = 0; i < 2 * BLOCKS + 5; i++) {
        assert_int_equal(bench_pattern_dir(&p), BENCH_DIR_READ);
        assert_int_equal(bench_pattern_index(&p, BENCH_DIR_READ), i % BLOCKS);
    }
}

static void each_direction_has_its_own_place(void **state)
{
    struct bench_pattern p;
    (void)state;
    start(&p, false, false, 50);
    assert_int_equal(bench_pattern_index(&p, BENCH_DIR_READ), 0);
    assert_int_equal(bench_pattern_index(&p, BENCH_DIR_READ), 1);
    assert_int_equal(bench_pattern_index(&p, BENCH_DIR_WRITE), 0);
}

static void passes_visit_every_block_in_new_orders(void **state)
{
    struct bench_pattern p;
    uint64_t order[3][BLOCKS];
    unsigned same = 0;
    (void)state;
    start(&p, true, false, 100);
    for (unsigned pass = 0; pass < 3; pass++) {
        uint8_t seen[BLOCKS] = {0};
        for (unsigned i = 0; i < BLOCKS; i++) {
            order[pass][i] = bench_pattern_index(&p, BENCH_DIR_READ);
            assert_true(order[pass][i] < BLOCKS);
            assert_int_equal(seen[order[pass][i]]++, 0);
            same += pass > 0 && order[pass][i] == order[pass - 1][i];
        }
    }
    assert_true(same < 20);
}

static void without_a_map_blocks_repeat(void **state)
{
    struct bench_pattern p;
    uint8_t seen[BLOCKS] = {0};
    unsigned distinct = 0;
    (void)state;
    start(&p, true, true, 100);
    for (unsigned i = 0; i < BLOCKS; i++) {
        distinct += seen[bench_pattern_index(&p, BENCH_DIR_READ)]++ == 0;
    }
    assert_in_range(distinct, 580, 690); /* 1 - 1/e of them */
}

static void mixes(void **state)
{
    (void)state;
    for (unsigned percent = 0; percent <= 100; percent += 5) {
        struct bench_pattern p;
        unsigned reads = 0;
        start(&p, true, true, percent);
        for (unsigned i = 0; i < 100000; i++) {
            reads += bench_pattern_dir(&p) == BENCH_DIR_READ;
        }
        unsigned allowed = percent % 100 == 0 ? 0 : 500;
        assert_in_range(reads, percent * 1000 - MIN(percent * 1000, allowed),
                        percent * 1000 + allowed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_wrap),
        cmocka_unit_test(each_direction_has_its_own_place),
        cmocka_unit_test(passes_visit_every_block_in_new_orders),
        cmocka_unit_test(without_a_map_blocks_repeat),
        cmocka_unit_test(mixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
