/*
 * tests/unit/test_lib_smbios.c - who made this machine, from made-up tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "lib/smbios.h"

static void fix_sum(uint8_t *bytes, size_t len, size_t at)
{
    uint8_t sum = 0;

    bytes[at] = 0;
    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[at] = (uint8_t)-sum;
}

static void make_entry2(uint8_t entry[32])
{
    memset(entry, 0, 32);
    memcpy(entry, "_SM_", 4);
    entry[5] = 31;
    memcpy(entry + 16, "_DMI_", 5);
    entry[22] = 0x34;
    entry[23] = 0x12;
    entry[24] = 0x00;
    entry[25] = 0x90;
    entry[26] = 0x0f;
    fix_sum(entry, 31, 4);
}

static void make_entry3(uint8_t entry[32])
{
    memset(entry, 0, 32);
    memcpy(entry, "_SM3_", 5);
    entry[6] = 24;
    entry[12] = 0x80;
    entry[20] = 1; /* the address: 4 GiB */
    fix_sum(entry, 24, 5);
}

static void test_entry_points(void **state)
{
    uint8_t entry[32];
    uint64_t table;
    uint32_t bytes;

    (void)state;
    make_entry2(entry);
    assert_int_equal(smbios_parse_entry(entry, sizeof(entry), &table, &bytes), 0);
    assert_int_equal(table, 0xf9000);
    assert_int_equal(bytes, 0x1234);
    entry[23]++;
    assert_int_equal(smbios_parse_entry(entry, sizeof(entry), &table, &bytes), -EPROTO);
    make_entry2(entry);
    assert_int_equal(smbios_parse_entry(entry, 30, &table, &bytes), -EPROTO);
    make_entry3(entry);
    assert_int_equal(smbios_parse_entry(entry, sizeof(entry), &table, &bytes), 0);
    assert_int_equal(table, UINT64_C(1) << 32);
    assert_int_equal(bytes, 0x80);
    entry[6] = 33;
    fix_sum(entry, 32, 5);
    assert_int_equal(smbios_parse_entry(entry, sizeof(entry), &table, &bytes), -EPROTO);
}

static void test_the_segment_is_searched_in_steps(void **state)
{
    static uint8_t area[4096];

    (void)state;
    assert_int_equal(smbios_find_entry(area, sizeof(area)), -ENOENT);
    make_entry2(area + 1000);
    assert_int_equal(smbios_find_entry(area, sizeof(area)), -ENOENT);
    make_entry2(area + 2032);
    assert_int_equal(smbios_find_entry(area, sizeof(area)), 2032);
    make_entry3(area + 4096 - 32);
    memset(area, 0, 4000);
    assert_int_equal(smbios_find_entry(area, sizeof(area)), 4064);
}

#define BIOS   "\x00\x06\x00\x00\x01\x00" "SeaBIOS\0"
#define SYSTEM "\x01\x1b\x00\x01\x01\x02\x00\x03" "0123456789abcdef\x06\x00\x00"

static void test_system(void **state)
{
    static const uint8_t table[] =
        BIOS "\0" SYSTEM "QEMU\0Pro\x01" "duct  \0S/N 7\0\0\x7f\x04\0\0\0";
    struct smbios_system system;

    (void)state;
    assert_int_equal(smbios_parse_system(table, sizeof(table), &system), 0);
    assert_string_equal(system.manufacturer, "QEMU");
    assert_string_equal(system.product, "Pro?duct");
    assert_string_equal(system.serial, "S/N 7");
    /* cut anywhere: no text that is not there, and no byte beyond the end */
    for (size_t len = 0; len < sizeof(table) - 6; len++) {
        uint8_t *copy = test_malloc(len + 1);
        memcpy(copy, table, len);
        int err = smbios_parse_system(copy, len, &system);
        test_free(copy);
        if (err) {
            assert_string_equal(system.serial, "");
        }
    }
}

static void test_a_string_that_is_not_there_is_empty(void **state)
{
    static const uint8_t none[] = "\x01\x08\x00\x01\x00\x05\x00\x01" "Only\0";
    static const uint8_t end[] = "\x7f\x04\x00\x00\x00";
    struct smbios_system system;

    (void)state;
    assert_int_equal(smbios_parse_system(none, sizeof(none), &system), 0);
    assert_string_equal(system.manufacturer, "");
    assert_string_equal(system.product, "");
    assert_string_equal(system.serial, "Only");
    assert_int_equal(smbios_parse_system(end, sizeof(end), &system), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry_points),
        cmocka_unit_test(test_the_segment_is_searched_in_steps),
        cmocka_unit_test(test_system),
        cmocka_unit_test(test_a_string_that_is_not_there_is_empty),
    };
    return cmocka_run_group_tests_name("lib smbios", tests, NULL, NULL);
}
