/*
 * tests/unit/test_lib_parse.c - lib/parse: what is a number, and what is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "lib/parse.h"

struct row {
    const char *text;
    int err;
    uint64_t value;
};

#define UNTOUCHED 0xdeadbeef
#define CHECK_ROWS(rows, call)                                                          \
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {                                     \
        const char *text = rows[i].text;                                                \
        uint64_t value = UNTOUCHED;                                                     \
        int err = call;                                                                 \
        uint64_t expected = rows[i].err ? UNTOUCHED : rows[i].value;                    \
        if (err != rows[i].err || value != expected) {                                  \
            fail_msg("'%s': %d %llu", text, err, (unsigned long long)value);            \
        }                                                                               \
    }

static void numbers(void **state)
{
    static const struct row rows[] = {
        { "0", 0, 0 },
        { "7", 0, 7 },
        { "007", 0, 7 },
        { "0x1F", 0, 31 },
        { "0Xff", 0, 255 },
        { "18446744073709551615", 0, UINT64_MAX },
        { "0xffffffffffffffff", 0, UINT64_MAX },
        { "18446744073709551616", -ERANGE, 0 },
        { "0x10000000000000000", -ERANGE, 0 },
        { "99999999999999999999999", -ERANGE, 0 },
        { "99999999999999999999999z", -EINVAL, 0 },
        { "", -EINVAL, 0 },
        { "0x", -EINVAL, 0 },
        { "5x", -EINVAL, 0 },
        { "-1", -EINVAL, 0 },
        { "+1", -EINVAL, 0 },
        { " 1", -EINVAL, 0 },
        { "1 ", -EINVAL, 0 },
        { "1.5", -EINVAL, 0 },
        { "ff", -EINVAL, 0 },
    };

    (void)state;
    CHECK_ROWS(rows, parse_u64(text, &value));
}

static void limits(void **state)
{
    static const struct row rows[] = {
        { "10", 0, 10 },
        { "11", -ERANGE, 0 },
        { "x", -EINVAL, 0 },
        { "18446744073709551616", -ERANGE, 0 },
    };

    (void)state;
    CHECK_ROWS(rows, parse_u64_max(text, 10, &value));
}

static void byte_counts(void **state)
{
    static const struct row rows[] = {
        { "0", 0, 0 },
        { "512", 0, 512 },
        { "512b", 0, 512 },
        { "4k", 0, 4096 },
        { "4K", 0, 4096 },
        { "4KiB", 0, 4096 },
        { "4kb", 0, 4096 },
        { "1M", 0, 1048576 },
        { "0x10k", 0, 16384 },
        { "3g", 0, UINT64_C(3) << 30 },
        { "2TiB", 0, UINT64_C(2) << 40 },
        { "16383p", 0, UINT64_C(16383) << 50 },
        { "16384p", -ERANGE, 0 },
        { "18446744073709551616k", -ERANGE, 0 },
        { "18446744073709551616q", -EINVAL, 0 },
        { "4 k", -EINVAL, 0 },
        { "4i", -EINVAL, 0 },
        { "4kk", -EINVAL, 0 },
        { "k", -EINVAL, 0 },
        { "", -EINVAL, 0 },
    };

    (void)state;
    CHECK_ROWS(rows, parse_size(text, &value));
}

static void decimal_byte_counts(void **state)
{
    static const struct row rows[] = {
        { "512", 0, 512 },       { "4k", 0, 4000 },      { "4KB", 0, 4000 },
        { "4kib", 0, 4096 },     { "1m", 0, 1000000 },   { "1mib", 0, 1048576 },
        { "3gb", 0, 3000000000 }, { "18446p", 0, UINT64_C(18446000000000000000) },
        { "18447p", -ERANGE, 0 }, { "4kk", -EINVAL, 0 },  { "", -EINVAL, 0 },
    };

    (void)state;
    CHECK_ROWS(rows, parse_size_1000(text, &value));
}

static void times(void **state)
{
    static const struct row rows[] = {
        { "5", 0, 5 * NS_PER_S },
        { "0", 0, 0 },
        { "5ns", 0, 5 },
        { "5us", 0, 5000 },
        { "5usec", 0, 5000 },
        { "5ms", 0, 5000000 },
        { "5MSEC", 0, 5000000 },
        { "5s", 0, 5 * NS_PER_S },
        { "2m", 0, 120 * NS_PER_S },
        { "1h", 0, 3600 * NS_PER_S },
        { "1d", 0, 86400 * NS_PER_S },
        { "18446744074", -ERANGE, 0 },
        { "999999999d", -ERANGE, 0 },
        { "5x", -EINVAL, 0 },
        { "", -EINVAL, 0 },
    };

    (void)state;
    CHECK_ROWS(rows, parse_time_ns(text, NS_PER_S, &value));
}

static void truth(void **state)
{
    static const struct {
        const char *text;
        int err;
        bool value;
    } rows[] = {
        { "1", 0, true },    { "0", 0, false },    { "yes", 0, true }, { "No", 0, false },
        { "TRUE", 0, true }, { "false", 0, false }, { "on", 0, true },  { "Off", 0, false },
        { "2", -EINVAL, 0 }, { "", -EINVAL, 0 },   { "ye", -EINVAL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        bool value = !rows[i].value;

        assert_int_equal(parse_bool(rows[i].text, &value), rows[i].err);
        assert_int_equal(value, rows[i].err ? !rows[i].value : rows[i].value);
    }
}

static void hex_bytes(void **state)
{
    uint8_t buf[4] = { 9, 9, 9, 9 };
    unsigned len = 4;

    (void)state;
    assert_int_equal(parse_hex_bytes("0xA5b6", buf, &len), 0);
    assert_int_equal(len, 2);
    assert_memory_equal(buf, "\xa5\xb6\x09\x09", 4);
    len = 4;
    assert_int_equal(parse_hex_bytes("00112233", buf, &len), 0);
    assert_int_equal(len, 4);
    assert_memory_equal(buf, "\x00\x11\x22\x33", 4);
    len = 4;
    assert_int_equal(parse_hex_bytes("0011223344", buf, &len), -ERANGE);
    assert_int_equal(parse_hex_bytes("001", buf, &len), -EINVAL);
    assert_int_equal(parse_hex_bytes("0x", buf, &len), -EINVAL);
    assert_int_equal(parse_hex_bytes("", buf, &len), -EINVAL);
    assert_int_equal(parse_hex_bytes("0g", buf, &len), -EINVAL);
    assert_int_equal(len, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers), cmocka_unit_test(limits), cmocka_unit_test(byte_counts),
        cmocka_unit_test(decimal_byte_counts),
        cmocka_unit_test(times),   cmocka_unit_test(truth),  cmocka_unit_test(hex_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
