/*
 * tests/unit/test_lib_text.c - lib/string.c against the C library, lib/text, lib/utf8, errno names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The kernel's functions under names of their own, so that both kinds are here. */
#define memcpy kernel_memcpy
#define memmove kernel_memmove
#define memset kernel_memset
#define memcmp kernel_memcmp
#define memchr kernel_memchr
#define strlen kernel_strlen
#define strnlen kernel_strnlen
#define strcmp kernel_strcmp
#define strncmp kernel_strncmp
#define strchr kernel_strchr
#define strrchr kernel_strrchr
#define strstr kernel_strstr
#include "lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strstr

#include "lib/errno.h"
#include "lib/utf8.h"

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void copies_and_fills_are_as_libc_does_them(void **state)
{
    uint8_t ours[256], theirs[256], source[256];

    (void)state;
    for (unsigned i = 0; i < sizeof(source); i++) {
        source[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t len = 0; len < 150; len++) {
        for (size_t at = 0; at < 9; at++) {
            memset(ours, 0xee, sizeof(ours));
            memset(theirs, 0xee, sizeof(theirs));
            assert_ptr_equal(kernel_memcpy(ours + at, source + 3, len), ours + at);
            memcpy(theirs + at, source + 3, len);
            assert_memory_equal(ours, theirs, sizeof(ours));
            assert_ptr_equal(kernel_memset(ours + at, 0x1a5, len), ours + at);
            memset(theirs + at, 0x1a5, len);
            assert_memory_equal(ours, theirs, sizeof(ours));
        }
    }
}

static void overlapping_moves_are_as_libc_does_them(void **state)
{
    uint8_t ours[256], theirs[256];

    (void)state;
    for (size_t len = 0; len < 130; len += 1 + len / 20) {
        for (size_t from = 0; from < 100; from += 3) {
            for (size_t to = 0; to < 100; to += 3) {
                for (unsigned i = 0; i < sizeof(ours); i++) {
                    ours[i] = theirs[i] = (uint8_t)(i * 13);
                }
                assert_ptr_equal(kernel_memmove(ours + to, ours + from, len), ours + to);
                memmove(theirs + to, theirs + from, len);
                assert_memory_equal(ours, theirs, sizeof(ours));
            }
        }
    }
}

static void comparisons_are_as_libc_does_them(void **state)
{
    static const char *const words[] = {
        "", "a", "b", "ab", "abc", "abcdefgh", "abcdefgi", "abcdefghi", "\xff", "a\x80", "needle",
        "a needle in hay", "nneedle", "abcdefghabcdefgi",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
            const char *a = words[i], *b = words[j];
            size_t len = MIN(strlen(a), strlen(b));

            assert_int_equal(sign(kernel_strcmp(a, b)), sign(strcmp(a, b)));
            assert_int_equal(sign(kernel_memcmp(a, b, len)), sign(memcmp(a, b, len)));
            for (size_t n = 0; n < 12; n++) {
                assert_int_equal(sign(kernel_strncmp(a, b, n)), sign(strncmp(a, b, n)));
            }
            assert_ptr_equal(kernel_strstr(a, b), strstr(a, b));
        }
        assert_int_equal(kernel_strlen(words[i]), strlen(words[i]));
        for (size_t n = 0; n < 12; n++) {
            assert_int_equal(kernel_strnlen(words[i], n), strnlen(words[i], n));
        }
        for (int c = 0; c < 256; c++) {
            assert_ptr_equal(kernel_strchr(words[i], c), strchr(words[i], c));
            assert_ptr_equal(kernel_strrchr(words[i], c), strrchr(words[i], c));
            assert_ptr_equal(kernel_memchr(words[i], c, strlen(words[i])),
                             memchr(words[i], c, strlen(words[i])));
        }
    }
}

static void copying_names_tells_when_it_cuts(void **state)
{
    char buf[5];

    (void)state;
    assert_true(str_copy(buf, sizeof(buf), "abcd"));
    assert_string_equal(buf, "abcd");
    assert_false(str_copy(buf, sizeof(buf), "abcde"));
    assert_string_equal(buf, "abcd");
    assert_false(str_copy(buf, 0, "x"));
    assert_true(str_copy(buf, sizeof(buf), "ab"));
    assert_true(str_append(buf, sizeof(buf), "cd"));
    assert_false(str_append(buf, sizeof(buf), "e"));
    assert_string_equal(buf, "abcd");
    assert_true(str_append(buf, sizeof(buf), ""));
}

static void names_are_compared(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned cap, distance;
    } rows[] = {
        { "list", "list", 9, 0 },       { "lits", "list", 9, 2 }, { "", "abc", 9, 3 },
        { "kitten", "sitting", 9, 3 },  { "ls", "lsblk", 9, 3 },  { "abc", "xyz", 2, 2 },
        { "flaw", "lawn", 9, 2 },       { "a", "", 9, 1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(str_distance(rows[i].a, rows[i].b, rows[i].cap), rows[i].distance);
        assert_int_equal(str_distance(rows[i].b, rows[i].a, rows[i].cap), rows[i].distance);
    }
    assert_int_equal(str_casecmp("NVMe0", "nvmE0"), 0);
    assert_true(str_casecmp("a", "B") < 0);
    assert_true(str_casecmp("Z", "a") > 0);
    assert_true(str_casecmp("ab", "a") > 0);
    assert_true(str_casecmp("[", "A") < 0); /* between the two cases: lower-case order holds */
    assert_true(str_starts_with("nvme0n1", "nvme0"));
    assert_true(str_starts_with("x", ""));
    assert_false(str_starts_with("nv", "nvme"));
}

static void zeroes_are_found(void **state)
{
    uint8_t buf[40];

    (void)state;
    memset(buf, 0, sizeof(buf));
    assert_true(mem_is_zero(buf + 1, 39));
    assert_true(mem_is_zero(buf, 0));
    for (size_t i = 0; i < 39; i++) {
        buf[1 + i] = 1;
        assert_false(mem_is_zero(buf + 1, 39));
        assert_true(mem_is_zero(buf + 1, i));
        buf[1 + i] = 0;
    }
}

static void utf8_is_checked_strictly(void **state)
{
    static const struct {
        const char *text;
        unsigned count;
        uint32_t code;
    } rows[] = {
        { "A", 1, 'A' },
        { "\xc3\xa9", 2, 0xe9 },
        { "\xe2\x82\xac", 3, 0x20ac },
        { "\xf0\x9f\x92\xbe", 4, 0x1f4be },
        { "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
        { "\xc0\x80", 0, 0 },         /* overlong */
        { "\xc1\xbf", 0, 0 },
        { "\xe0\x9f\xbf", 0, 0 },
        { "\xf0\x8f\xbf\xbf", 0, 0 },
        { "\xed\xa0\x80", 0, 0 },     /* surrogate */
        { "\xf4\x90\x80\x80", 0, 0 }, /* above the last */
        { "\xf8\x88\x80\x80\x80", 0, 0 },
        { "\x80", 0, 0 },
        { "\xc3", 0, 0 },
        { "\xc3(", 0, 0 },
        { "\xe2\x82", 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint32_t code = 7;
        char back[UTF8_MAX_BYTES];

        assert_int_equal(utf8_decode(rows[i].text, strlen(rows[i].text), &code), rows[i].count);
        assert_int_equal(utf8_is_valid(rows[i].text, strlen(rows[i].text)), rows[i].count != 0);
        if (rows[i].count == 0) {
            assert_int_equal(code, 7);
            continue;
        }
        assert_int_equal(code, rows[i].code);
        assert_int_equal(utf8_encode(code, back), rows[i].count);
        assert_memory_equal(back, rows[i].text, rows[i].count);
    }
    char none[UTF8_MAX_BYTES];
    assert_int_equal(utf8_encode(0xd800, none), 0);
    assert_int_equal(utf8_encode(0x110000, none), 0);
    assert_int_equal(utf8_width("a\xc3\xa9z", 4), 3);
}

static void every_code_point_survives(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 0x110000; code++) {
        char bytes[UTF8_MAX_BYTES];
        uint32_t back = ~code;
        unsigned count = utf8_encode(code, bytes);

        if (code >= 0xd800 && code < 0xe000) {
            assert_int_equal(count, 0);
            continue;
        }
        if (utf8_decode(bytes, count, &back) != count || back != code) {
            fail_msg("U+%04X", code);
        }
    }
}

static void utf16_becomes_utf8(void **state)
{
    static const uint8_t disk[] = { 'D', 0, 0x3d, 0xd8, 0xbe, 0xdc, 0xac, 0x20, 0, 0, 'x', 0 };
    static const uint8_t unpaired[] = { 0x00, 0xd8, 'a', 0, 0x00, 0xdc, 0x01, 0xd8 };
    char buf[32];

    (void)state;
    assert_int_equal(utf8_from_utf16le(disk, 6, buf, sizeof(buf)), 0);
    assert_string_equal(buf, "D\xf0\x9f\x92\xbe\xe2\x82\xac");
    assert_int_equal(utf8_from_utf16le(disk, 1, buf, sizeof(buf)), 0);
    assert_string_equal(buf, "D");
    assert_int_equal(utf8_from_utf16le(disk, 6, buf, 9), 0);
    assert_int_equal(utf8_from_utf16le(disk, 6, buf, 8), -EOVERFLOW);
    assert_string_equal(buf, "D\xf0\x9f\x92\xbe");
    assert_int_equal(utf8_from_utf16le(unpaired, 4, buf, sizeof(buf)), -EILSEQ);
    assert_string_equal(buf, "\xef\xbf\xbd" "a\xef\xbf\xbd\xef\xbf\xbd");
    assert_int_equal(utf8_from_utf16le(disk, 6, NULL, 0), -EOVERFLOW);
}

static void errors_have_names(void **state)
{
    (void)state;
    assert_string_equal(errno_name(-EIO), "EIO");
    assert_string_equal(errno_name(EIO), "EIO");
    assert_string_equal(errno_name(-4711), "E?");
    assert_string_equal(errno_text(-EIO), errno_text(EIO));
    assert_string_not_equal(errno_text(-EIO), errno_text(-ENXIO));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_and_fills_are_as_libc_does_them),
        cmocka_unit_test(overlapping_moves_are_as_libc_does_them),
        cmocka_unit_test(comparisons_are_as_libc_does_them),
        cmocka_unit_test(copying_names_tells_when_it_cuts),
        cmocka_unit_test(names_are_compared),
        cmocka_unit_test(zeroes_are_found),
        cmocka_unit_test(utf8_is_checked_strictly),
        cmocka_unit_test(every_code_point_survives),
        cmocka_unit_test(utf16_becomes_utf8),
        cmocka_unit_test(errors_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
