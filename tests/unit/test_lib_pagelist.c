/*
 * tests/unit/test_lib_pagelist.c - free pages: lowest first, merged again, alignment kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/pagelist.h"

#define PAGE  ((size_t)PAGELIST_PAGE_BYTES)
#define PAGES 256

static char *arena;
static struct pagelist list;

static int setup(void **state)
{
    (void)state;
    arena = aligned_alloc(PAGES * PAGE, PAGES * PAGE);
    list = (struct pagelist){0};
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(arena);
    return 0;
}

static void test_lowest_first_and_merged(void **state)
{
    (void)state;
    assert_null(pagelist_alloc(&list, 1, PAGE));
    pagelist_free(&list, arena, PAGES);
    char *a = pagelist_alloc(&list, 1, PAGE);
    char *b = pagelist_alloc(&list, 3, PAGE);
    char *c = pagelist_alloc(&list, 1, PAGE);
    assert_ptr_equal(a, arena);
    assert_ptr_equal(b, arena + PAGE);
    assert_ptr_equal(c, arena + 4 * PAGE);
    assert_int_equal(list.free_pages, PAGES - 5);
    pagelist_free(&list, a, 1);
    pagelist_free(&list, c, 1);
    assert_null(pagelist_alloc(&list, PAGES, PAGE));
    pagelist_free(&list, b, 3);
    assert_ptr_equal(pagelist_alloc(&list, PAGES, PAGE), arena);
    assert_int_equal(list.free_pages, 0);
    assert_null(pagelist_alloc(&list, 1, PAGE));
}

static void test_alignment(void **state)
{
    (void)state;
    pagelist_free(&list, arena, PAGES);
    assert_ptr_equal(pagelist_alloc(&list, 1, PAGE), arena);
    assert_ptr_equal(pagelist_alloc(&list, 2, 16 * PAGE), arena + 16 * PAGE);
    assert_ptr_equal(pagelist_alloc(&list, 15, PAGE), arena + PAGE);
    assert_ptr_equal(pagelist_alloc(&list, 1, PAGE), arena + 18 * PAGE);
    assert_null(pagelist_alloc(&list, 129, 128 * PAGE));
    assert_ptr_equal(pagelist_alloc(&list, 128, 128 * PAGE), arena + 128 * PAGE);
}

/* Owners write all over their pages; nobody else's bytes may change. */
static void test_random(void **state)
{
    enum { PIECES = 40 };
    struct {
        unsigned char *mem;
        size_t count;
        unsigned char mark;
    } piece[PIECES] = {{0}};

    (void)state;
    srand(2);
    pagelist_free(&list, arena, PAGES);
    for (unsigned round = 0; round < 20000; round++) {
        unsigned i = (unsigned)rand() % PIECES;
        if (piece[i].mem) {
            for (size_t at = 0; at < piece[i].count * PAGE; at += 512) {
                assert_int_equal(piece[i].mem[at], piece[i].mark);
            }
            pagelist_free(&list, piece[i].mem, piece[i].count);
            piece[i].mem = NULL;
            continue;
        }
        size_t align = PAGE << (rand() % 4);
        piece[i].count = 1 + (size_t)rand() % 20;
        piece[i].mark = (unsigned char)rand();
        piece[i].mem = pagelist_alloc(&list, piece[i].count, align);
        if (piece[i].mem) {
            assert_int_equal((uintptr_t)piece[i].mem % align, 0);
            memset(piece[i].mem, piece[i].mark, piece[i].count * PAGE);
        }
    }
    for (unsigned i = 0; i < PIECES; i++) {
        if (piece[i].mem) {
            pagelist_free(&list, piece[i].mem, piece[i].count);
        }
    }
    assert_int_equal(list.free_pages, PAGES);
    assert_ptr_equal(pagelist_alloc(&list, PAGES, PAGE), arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lowest_first_and_merged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alignment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
