/*
 * tests/unit/test_lib_out.c - lib/out: against the C library over many formats, and by hand where
 * the two differ on purpose.
 */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/out.h"

#define BIG 1500

/* The formats are made at run time, which is the point here. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat"

#define CHECK(fmt, ...)                                                        \
    do {                                                                       \
        char ours[BIG], theirs[BIG];                                           \
        size_t n = str_format(ours, sizeof(ours), fmt, __VA_ARGS__);           \
        int m = snprintf(theirs, sizeof(theirs), fmt, __VA_ARGS__);            \
        if (strcmp(ours, theirs) != 0 || n != (size_t)m) {                     \
            fail_msg("%s: '%s' (%zu), libc '%s' (%d)", fmt, ours, n, theirs, m); \
        }                                                                      \
    } while (0)

static const char *const flags[] = {
    "", "-", "0", "+", " ", "#", "-0", "+0", " 0", "-+", "#0", "-#", "+ ", "#-0+ ",
};
static const char *const sizes[] = {"",   "1",  "5",   "12",   "30",  ".0",
                                    ".1", ".7", "3.2", "12.5", "9.12"};

/* Calls body with every combination of flag, width and precision in fmt. */
#define FOR_EACH_FORMAT(conversion)                                            \
    for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++)              \
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)          \
            if (snprintf(fmt, sizeof(fmt), "<%%%s%s%s>", flags[f], sizes[s], conversion) > 0)

static void integers_are_as_libc_writes_them(void **state)
{
    static const long long values[] = {
        0,
        1,
        -1,
        7,
        8,
        9,
        10,
        99,
        127,
        128,
        -128,
        -129,
        255,
        256,
        65535,
        -32768,
        123456789,
        INT_MAX,
        INT_MIN,
        UINT_MAX,
        LLONG_MAX,
        LLONG_MIN,
        -123456789012345,
    };
    static const char *const narrow[] = {"d",  "i",   "u",  "x",   "X",  "o",
                                         "hd", "hhd", "hx", "hhu", "hho"};
    static const char *const wide[] = { "ld", "lld", "zu", "jd", "td", "lx", "llX", "lo", "zx" };
    char fmt[32];

    (void)state;
    for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
        for (size_t c = 0; c < sizeof(narrow) / sizeof(narrow[0]); c++) {
            FOR_EACH_FORMAT(narrow[c]) {
                CHECK(fmt, (int)values[v]);
            }
        }
        for (size_t c = 0; c < sizeof(wide) / sizeof(wide[0]); c++) {
            FOR_EACH_FORMAT(wide[c]) {
                CHECK(fmt, values[v]);
            }
        }
    }
}

static void strings_and_characters_are_as_libc_writes_them(void **state)
{
    char long_text[700];

    (void)state;
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    CHECK("%s|%10s|%-10s|%.2s|%8.3s|%-8.3s|%.0s|", "abc", "abc", "abc", "abc", "abcdef", "abcdef",
          "abc");
    CHECK("%c|%5c|%-5c|%%|", 'a', 'b', 'c');
    CHECK("%*d|%-*d|%*d|", 6, 1, 6, 2, -6, 3);
    CHECK("%.*s|%.*d|%.*d", 2, "abc", 4, 7, -1, 8);
    CHECK("%s and %s", long_text, long_text);
    CHECK("%p", (void *)(uintptr_t)0x1234abcd);
    CHECK("%500d", 5);
    CHECK("%.300d", 5);
}

/* A tie is rounded away from zero here and to even by libc; both are shown exactly otherwise. */
static bool is_tie(double value, int precision)
{
    char exact[BIG];

    snprintf(exact, sizeof(exact), "%.1080f", fabs(value));
    const char *rest = strchr(exact, '.') + 1 + precision;
    return rest[0] == '5' && strspn(rest + 1, "0") == strlen(rest + 1);
}

static void doubles_are_exact(void **state)
{
    static const double values[] = {
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.1,
        0.2,
        0.3,
        1.0 / 3,
        2.0 / 3,
        9.9999999,
        0.9999999999,
        99.95,
        1e-9,
        4.9e-10,
        5.1e-10,
        1e-300,
        DBL_MIN,
        5e-324,
        123456.789,
        1e15,
        1e17,
        9007199254740993.0,
        9223372036854775808.0,
        18446744073709551616.0,
        1e22,
        1e23,
        1e100,
        1.7e308,
        DBL_MAX,
        -DBL_MAX,
        4294967295.9999995,
        3.999999999,
        1e9,
        999999999.9999999,
    };
    char fmt[32];

    (void)state;
    for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
        for (int p = 0; p <= 9; p++) {
            if (is_tie(values[v], p)) {
                continue;
            }
            for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++) {
                snprintf(fmt, sizeof(fmt), "<%%%s14.%df>", flags[f], p);
                CHECK(fmt, values[v]);
            }
        }
        CHECK("%f", values[v]);
    }
}

static void random_doubles_are_exact(void **state)
{
    uint64_t x = 88172645463325252u;

    (void)state;
    for (int i = 0; i < 60000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        uint64_t bits = x;
        double value;

        if (i % 2) { /* numbers as a report has them, and numbers of any size */
            bits = (x & 0x800fffffffffffff) | (uint64_t)(1023 - 40 + x % 110) << 52;
        }
        memcpy(&value, &bits, sizeof(value));
        int p = (int)((x >> 20) % 10);
        if (isfinite(value) && !is_tie(value, p)) {
            CHECK("%.*f", p, value);
        }
    }
}

static void check_text(const char *expected, const char *fmt, ...)
{
    char buf[200];
    va_list args;

    va_start(args, fmt);
    str_vformat(buf, sizeof(buf), fmt, args);
    va_end(args);
    assert_string_equal(buf, expected);
}

static void what_differs_from_libc(void **state)
{
    (void)state;
    check_text("1", "%.0f", 0.5);
    check_text("3", "%.0f", 2.5);
    check_text("-3", "%.0f", -2.5);
    check_text("0.13", "%.2f", 0.125);
    check_text("1.000000000", "%.12f", 1.0);
    check_text("  inf", "%05f", INFINITY);
    check_text("-inf nan", "%f %f", -INFINITY, fabs(NAN));
    check_text("1,234,567 123 0 -1,000", "%'d %'d %'d %'d", 1234567, 123, 0, -1000);
    check_text("18,446,744,073,709,551,615", "%'llu", ULLONG_MAX);
    check_text("1,234.50", "%'.2f", 1234.5);
    check_text("0x0", "%p", NULL);
    check_text("(null)", "%s", (char *)NULL);
    check_text("%?x", "%yx");
    check_text("%?", "%");
}

static void cutting_is_reported(void **state)
{
    struct out_buf ob;
    char buf[6];

    (void)state;
    assert_int_equal(str_format(buf, sizeof(buf), "%s", "1234567"), 7);
    assert_string_equal(buf, "12345");
    assert_int_equal(str_format(buf, 1, "%s", "1234567"), 7);
    assert_string_equal(buf, "");
    assert_int_equal(str_format(NULL, 0, "%s", "1234567"), 7);

    out_buf_init(&ob, buf, sizeof(buf));
    out_puts(&ob.out, "abc");
    assert_false(ob.truncated);
    out_printf(&ob.out, "%d", 12);
    assert_false(ob.truncated);
    assert_string_equal(buf, "abc12");
    out_puts(&ob.out, "z");
    assert_true(ob.truncated);
    assert_string_equal(buf, "abc12");
    assert_int_equal(ob.len, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_as_libc_writes_them),
        cmocka_unit_test(strings_and_characters_are_as_libc_writes_them),
        cmocka_unit_test(doubles_are_exact),
        cmocka_unit_test(random_doubles_are_exact),
        cmocka_unit_test(what_differs_from_libc),
        cmocka_unit_test(cutting_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
