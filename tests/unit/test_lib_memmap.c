/*
 * tests/unit/test_lib_memmap.c - hostile maps of memory, and sets of ranges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memmap.h"

#define RESERVED 2

static struct memmap map;
static struct rangeset set;

static int reset(void **state)
{
    (void)state;
    memset(&map, 0, sizeof(map));
    memset(&set, 0xa5, sizeof(set));
    set.count = 0;
    return 0;
}

static void expect_range(unsigned i, uint64_t base, uint64_t end)
{
    assert_true(i < set.count);
    assert_int_equal(set.ranges[i].base, base);
    assert_int_equal(set.ranges[i].end, end);
}

static void test_only_type_1_is_memory(void **state)
{
    (void)state;
    memmap_add(&map, 0x0, 0x1000, MEMMAP_AVAILABLE);
    memmap_add(&map, 0x1000, 0x1000, 0);
    memmap_add(&map, 0x2000, 0x1000, 7);
    memmap_add(&map, 0x3000, 0x1000, 20);
    memmap_add(&map, 0x4000, 0x1000, UINT32_MAX);
    memmap_add(&map, 0x5000, 0x1000, MEMMAP_AVAILABLE);
    memmap_usable(&map, 0, &set);
    assert_int_equal(set.count, 2);
    expect_range(0, 0x0, 0x1000);
    expect_range(1, 0x5000, 0x6000);
}

static void test_reserved_beats_available_in_any_order(void **state)
{
    (void)state;
    memmap_add(&map, 0x8000, 0x100, RESERVED); /* part of a page takes the page */
    memmap_add(&map, 0x1000, 0x20000, MEMMAP_AVAILABLE);
    memmap_add(&map, 0x10fff, 2, 3); /* and two bytes take two */
    memmap_usable(&map, 0, &set);
    assert_int_equal(set.count, 3);
    expect_range(0, 0x1000, 0x8000);
    expect_range(1, 0x9000, 0x10000);
    expect_range(2, 0x12000, 0x21000);
}

static void test_available_shrinks_to_pages(void **state)
{
    (void)state;
    memmap_add(&map, 0x1001, 0x2ffe, MEMMAP_AVAILABLE);
    memmap_add(&map, 0x9010, 0x20, MEMMAP_AVAILABLE); /* no whole page */
    memmap_usable(&map, 0, &set);
    assert_int_equal(set.count, 1);
    expect_range(0, 0x2000, 0x3000);
}

static void test_overlaps_and_neighbours_merge(void **state)
{
    (void)state;
    memmap_add(&map, 0x5000, 0x2000, MEMMAP_AVAILABLE);
    memmap_add(&map, 0x1000, 0x2000, MEMMAP_AVAILABLE);
    memmap_add(&map, 0x3000, 0x2000, MEMMAP_AVAILABLE);
    memmap_add(&map, 0x2000, 0x1000, MEMMAP_AVAILABLE);
    memmap_usable(&map, 0x2000, &set);
    assert_int_equal(set.count, 1);
    expect_range(0, 0x2000, 0x7000);
    assert_int_equal(rangeset_bytes(&set), 0x5000);
}

static void test_end_of_the_address_space(void **state)
{
    (void)state;
    memmap_add(&map, UINT64_MAX - 100, 50, MEMMAP_AVAILABLE);
    memmap_add(&map, UINT64_MAX - 0x4fff, UINT64_MAX, MEMMAP_AVAILABLE);
    memmap_add(&map, 0x1000, 0, RESERVED);
    memmap_usable(&map, 0, &set);
    assert_int_equal(set.count, 1);
    expect_range(0, UINT64_MAX - 0x4fff, UINT64_MAX - 0xfff);
}

static void test_full_map_stays_safe(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MEMMAP_MAX_RANGES; i++) {
        memmap_add(&map, (uint64_t)i * 0x4000, 0x2000, MEMMAP_AVAILABLE);
    }
    memmap_add(&map, 0x100000000000, 0x1000, MEMMAP_AVAILABLE);
    memmap_add(&map, 0x1000, 0x4000, RESERVED); /* touches the first two */
    assert_int_equal(map.dropped, 2);
    memmap_usable(&map, 0, &set);
    assert_int_equal(set.count, MEMMAP_MAX_RANGES - 2);
    expect_range(0, 0x8000, 0xa000);
}

static void test_is_available(void **state)
{
    (void)state;
    memmap_add(&map, 0x100000, 0x700000, MEMMAP_AVAILABLE);
    memmap_add(&map, 0x806000, 0x2000, 4);
    memmap_add(&map, 0x800000, 0x100000, MEMMAP_AVAILABLE);
    assert_true(memmap_is_available(&map, 0x200000, 0x600000));
    assert_false(memmap_is_available(&map, 0x200000, 0x600001)); /* two ranges */
    assert_false(memmap_is_available(&map, 0x805000, 0x2000));   /* reserved beats */
    assert_true(memmap_is_available(&map, 0x808000, 0x1000));
    assert_false(memmap_is_available(&map, 0x808000, 0));
    assert_false(memmap_is_available(&map, UINT64_MAX, 2));
    assert_false(memmap_is_available(&map, 0x80000000, 1));
}

static void test_full_set_never_grows_too_large(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MEMMAP_MAX_RANGES; i++) {
        rangeset_add(&set, (uint64_t)i * 0x100, (uint64_t)i * 0x100 + 0x80);
    }
    rangeset_add(&set, 0x10000000, 0x20000000); /* no room */
    assert_int_equal(set.count, MEMMAP_MAX_RANGES);
    rangeset_remove(&set, 0x10, 0x20); /* the split finds no room: the larger part stays */
    assert_int_equal(set.count, MEMMAP_MAX_RANGES);
    expect_range(0, 0x20, 0x80);
    rangeset_remove(&set, 0, UINT64_MAX);
    assert_int_equal(set.count, 0);
}

/* Against a bit per page. */
static void test_random_maps_against_bits(void **state)
{
    enum { PAGES = 64 };

    (void)state;
    srand(1);
    for (unsigned round = 0; round < 2000; round++) {
        bool available[PAGES] = {false};
        bool reserved[PAGES] = {false};

        memset(&map, 0, sizeof(map));
        for (unsigned n = 0; n < 12; n++) {
            unsigned first = (unsigned)rand() % PAGES;
            unsigned count = 1 + (unsigned)rand() % (PAGES - first);
            bool res = rand() % 2;
            memmap_add(&map, first * 4096u, count * 4096u, res ? RESERVED : MEMMAP_AVAILABLE);
            for (unsigned i = first; i < first + count; i++) {
                (res ? reserved : available)[i] = true;
            }
        }
        memmap_usable(&map, 0, &set);
        for (unsigned i = 0; i < PAGES; i++) {
            bool in = false;
            for (unsigned r = 0; r < set.count; r++) {
                in |= i * 4096u >= set.ranges[r].base && i * 4096u < set.ranges[r].end;
            }
            assert_int_equal(in, available[i] && !reserved[i]);
        }
        for (unsigned r = 1; r < set.count; r++) {
            assert_true(set.ranges[r].base > set.ranges[r - 1].end);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_only_type_1_is_memory, reset),
        cmocka_unit_test_setup(test_reserved_beats_available_in_any_order, reset),
        cmocka_unit_test_setup(test_available_shrinks_to_pages, reset),
        cmocka_unit_test_setup(test_overlaps_and_neighbours_merge, reset),
        cmocka_unit_test_setup(test_end_of_the_address_space, reset),
        cmocka_unit_test_setup(test_full_map_stays_safe, reset),
        cmocka_unit_test_setup(test_is_available, reset),
        cmocka_unit_test_setup(test_full_set_never_grows_too_large, reset),
        cmocka_unit_test_setup(test_random_maps_against_bits, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
