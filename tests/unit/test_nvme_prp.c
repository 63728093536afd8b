/*
 * tests/unit/test_nvme_prp.c - PRP entries against a walker that reads them as a controller does
 * (NVMe 1.4 §4.3), for every length in pages, many offsets and list positions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_prp.h"
#include "lib/compiler.h"

#define PAGE             4096u
#define LIST_IOVA        UINT64_C(0x7700000000)
#define LIST_ENTRIES_MAX (8 * 512)

static uint64_t list[LIST_ENTRIES_MAX];
static size_t list_bytes; /* what may be used of it */
static uint64_t list_iova;

/* One entry of a list as the device fetches it. */
static uint64_t fetch(uint64_t iova)
{
    assert_true(iova % 8 == 0);
    assert_true(iova >= list_iova && iova + 8 <= list_iova + list_bytes);
    return list[(iova - list_iova) / 8];
}

/* Follows PRP1, PRP2 and lists over len bytes; each page found must be the next one of iova. */
static void walk(uint64_t prp1, uint64_t prp2, uint64_t iova, uint64_t len)
{
    uint64_t left = len;
    uint64_t take = PAGE - prp1 % PAGE;

    assert_true(prp1 == iova);
    take = MIN(take, left);
    left -= take;
    iova += take;
    if (left == 0) {
        assert_true(prp2 == 0);
        return;
    }
    if (left <= PAGE) {
        assert_true(prp2 == iova && prp2 % PAGE == 0);
        return;
    }
    uint64_t at = prp2;
    while (left) {
        /* The last entry of a list page is a link when more than one page of data remains. */
        if (at % PAGE == PAGE - 8 && left > PAGE) {
            at = fetch(at);
            assert_true(at % PAGE == 0);
        }
        uint64_t page = fetch(at);

        assert_true(page == iova && page % PAGE == 0);
        take = MIN((uint64_t)PAGE, left);
        left -= take;
        iova += take;
        at += 8;
    }
}

static void check(uint64_t iova, uint64_t len, size_t bytes, uint64_t at)
{
    uint64_t prp1 = 1, prp2 = 1;

    list_bytes = bytes;
    list_iova = at;
    memset(list, 0xee, bytes + 8 <= sizeof(list) ? bytes + 8 : sizeof(list));
    unsigned n = nvme_prp_build(iova, len, list, at, &prp1, &prp2);
    assert_true(n * sizeof(uint64_t) <= bytes);
    if (bytes + 8 <= sizeof(list)) {
        assert_true(list[bytes / 8] == UINT64_C(0xeeeeeeeeeeeeeeee));
    }
    walk(prp1, prp2, iova, len);
}

/* Every dword offset in a page with lengths of up to three pages in dwords of odd step. */
static void test_short(void **state)
{
    (void)state;
    for (uint64_t offset = 0; offset < PAGE; offset += 4) {
        for (uint64_t len = 4; len <= 3 * PAGE; len += 508) {
            check(0x100000000 + offset, len, nvme_prp_list_bytes(len), LIST_IOVA);
        }
    }
}

/* Every length in blocks of 512 up to 1 MiB, at telling offsets. */
static void test_blocks(void **state)
{
    static const uint32_t offsets[] = {0, 4, 512, 2048, 4092};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
        for (uint64_t len = 512; len <= 1024 * 1024; len += 512) {
            check(0x2000 + offsets[i], len, nvme_prp_list_bytes(len), LIST_IOVA);
        }
    }
}

/* Lists of more than one page: all lengths in pages to 8 MiB, so that every end of a chain is met,
 * with the first and last bytes moved about. */
static void test_chained(void **state)
{
    (void)state;
    for (uint64_t pages = 500; pages <= 2060; pages++) {
        for (int d = -1; d <= 1; d++) {
            uint64_t len = pages * PAGE + (uint64_t)(d * 512);

            check(0x40000000, len, nvme_prp_list_bytes(len), LIST_IOVA);
            check(0x40000000 + 512, len, nvme_prp_list_bytes(len), LIST_IOVA);
            check(0x40000000 + 4092, len, nvme_prp_list_bytes(len), LIST_IOVA);
        }
    }
}

/* A list that begins in the middle of a page, in a slice of the size that was asked for. */
static void test_slices(void **state)
{
    (void)state;
    for (uint64_t len = 2 * PAGE; len <= 256 * PAGE; len += PAGE) {
        size_t bytes = nvme_prp_list_bytes(len);

        assert_true(IS_POWER_OF_TWO(bytes) && bytes <= PAGE);
        check(0x9000, len, bytes, LIST_IOVA + PAGE - bytes);
        check(0x9ffc, len, bytes, LIST_IOVA + PAGE - bytes);
    }
}

/* Long list memory serves short transfers too. */
static void test_short_in_long(void **state)
{
    size_t bytes = nvme_prp_list_bytes(4 << 20);

    (void)state;
    for (uint64_t len = 512; len <= 4 << 20; len += 131072 - 512) {
        check(0x5000 + 8, len, bytes, LIST_IOVA);
    }
}

static void test_list_bytes(void **state)
{
    (void)state;
    assert_int_equal(nvme_prp_list_bytes(1), 0);
    assert_int_equal(nvme_prp_list_bytes(PAGE), 0);
    assert_int_equal(nvme_prp_list_bytes(PAGE + 1), 16);
    assert_int_equal(nvme_prp_list_bytes(128 * 1024), 256);
    assert_int_equal(nvme_prp_list_bytes(512 * PAGE), PAGE);
    assert_int_equal(nvme_prp_list_bytes(513 * PAGE), 2 * PAGE);
    assert_int_equal(nvme_prp_list_bytes((511 + 512) * PAGE), 2 * PAGE);
    assert_int_equal(nvme_prp_list_bytes((511 + 513) * PAGE), 3 * PAGE);
}

/* The last bytes of the address space. */
static void test_top(void **state)
{
    (void)state;
    check(UINT64_MAX - 4 * PAGE - 3, 4 * PAGE, 32, LIST_IOVA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short),         cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_chained),       cmocka_unit_test(test_slices),
        cmocka_unit_test(test_short_in_long), cmocka_unit_test(test_list_bytes),
        cmocka_unit_test(test_top),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
