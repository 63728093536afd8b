/*
 * tests/unit/test_lib_crc16.c - the guard of protection information.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/crc16.h"

static void known_values(void **state)
{
    uint8_t bytes[32];

    (void)state;
    assert_int_equal(crc16_t10dif(0, "123456789", 9), 0xd0db);
    assert_int_equal(crc16_t10dif(0, "", 0), 0);
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(crc16_t10dif(0, bytes, sizeof(bytes)), 0);
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(crc16_t10dif(0, bytes, sizeof(bytes)), 0xa293);
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    assert_int_equal(crc16_t10dif(0, bytes, sizeof(bytes)), 0x0224);
}

/* The definition: divide by the polynomial bit by bit. */
static uint16_t by_division(const uint8_t *bytes, size_t len)
{
    uint32_t rest = 0;

    for (size_t bit = 0; bit < 8 * len + 16; bit++) {
        unsigned in = bit < 8 * len ? bytes[bit / 8] >> (7 - bit % 8) & 1 : 0;
        rest = rest << 1 | in;
        rest ^= rest & 0x10000 ? 0x18bb7 : 0;
    }
    return (uint16_t)rest;
}

static void equals_the_definition_in_pieces(void **state)
{
    uint8_t bytes[600];

    (void)state;
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * i + 7 * i);
    }
    for (size_t len = 0; len <= sizeof(bytes); len += 13) {
        uint16_t first = crc16_t10dif(0, bytes, len / 3);
        assert_int_equal(crc16_t10dif(first, bytes + len / 3, len - len / 3),
                         by_division(bytes, len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(equals_the_definition_in_pieces),
    };
    return cmocka_run_group_tests_name("lib crc16", tests, NULL, NULL);
}
