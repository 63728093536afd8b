/*
 * tests/unit/test_lib_aml_slots.c - selectors of slots in tables laid out as QEMU's are, byte by
 * byte, and in tables that are cut off, nested without end or lie about their lengths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/aml_slots.h"
#include "lib/compiler.h"

#define MAX_OPEN 32

static uint8_t aml[8192];
static size_t len;
static size_t open_at[MAX_OPEN];
static unsigned open_count;
static struct aml_slots_bus found[8];

static void put(const char *bytes, size_t count)
{
    memcpy(aml + len, bytes, count);
    len += count;
}

#define PUT(text) put(text, sizeof(text) - 1)

/* A package with a length of two bytes, which close_package() fills in. */
static void open_package(const char *op, size_t count, const char *name)
{
    put(op, count);
    open_at[open_count++] = len;
    PUT("\x40\x00");
    put(name, strlen(name));
}

static void close_package(void)
{
    size_t at = open_at[--open_count];
    size_t bytes = len - at;

    aml[at] = (uint8_t)(0x40 | (bytes & 15));
    aml[at + 1] = (uint8_t)(bytes >> 4);
}

static void device(const char *name, uint32_t address)
{
    char adr[] = "\x08_ADR\x0c....";

    open_package("\x5b\x82", 2, name);
    memcpy(adr + 6, &address, 4);
    put(adr, 10);
}

static unsigned find(void)
{
    return aml_slots_find(aml, len, found, ARRAY_SIZE(found));
}

static void expect(unsigned index, uint32_t selector, unsigned depth, uint8_t first, uint8_t second)
{
    assert_int_equal(found[index].selector, selector);
    assert_int_equal(found[index].depth, depth);
    assert_true(depth < 1 || found[index].path[0] == first);
    assert_true(depth < 2 || found[index].path[1] == second);
}

/* What stands around devices: each kind of term, to be passed over. */
static void put_clutter(void)
{
    PUT("\x5b\x80PCST\x01\x0b\x00\xae\x0a\x08"); /* OperationRegion */
    PUT("\x5b\x81\x0bPCST\x43PCIU\x20");          /* Field */
    PUT("\x5b\x01" "BLCK\x00\x5b\x02" "EVNT");    /* Mutex, Event */
    PUT("\x14\x0a" "DVNTzzzzz");                  /* Method: what is in it looks like nothing */
    PUT("\x06" "AAAA\\BBBB\x15^^CCCC\x06\x00");   /* Alias, External */
    PUT("\x08_HID\x0c" "A\xd0\x0a\x03\x08_UID\x01"); /* Name */
    PUT("\x08STRG\x0dsome text\x00\x08" "BUFF\x11\x05\x0a\x02\x01\x02");
    PUT("\x08_CRS\x12\x04\x02\x0a\x09\x08" "BIGN\x0e\x01\x02\x03\x04\x05\x06\x07\x08");
    PUT("\xa0\x06\x00zzzz\xa1\x03zz\xa2\x02z");   /* If, Else, While */
}

static int set_up(void **state)
{
    (void)state;
    memset(found, 0xee, sizeof(found));
    len = open_count = 0;
    return 0;
}

static void test_i440fx(void **state)
{
    (void)state;
    PUT("\x10\x0d\\_GPE\x08" "BSEL\x0a\x07"); /* not one of a bus */
    open_package("\x10", 1, "_SB_");
    open_package("\x5b\x82", 2, "PCI0");
    put_clutter();
    close_package();
    close_package();
    open_package("\x10", 1, "\\\x2e_SB_PCI0");
    PUT("\x08" "BSEL\x00");
    device("S28_", 5 << 16);
    PUT("\x08_SUN\x0a\x05\x14\x06_EJ0z");
    close_package();
    close_package();
    assert_int_equal(find(), 1);
    expect(0, 0, 0, 0, 0);
}

static void test_q35(void **state)
{
    (void)state;
    put_clutter();
    open_package("\x10", 1, "\\\x2f\x02_SB_PCI0");
    device("S18_", 3 << 16);
    PUT("\x08" "BSEL\x01");
    device("S00_", 0);
    close_package();
    close_package();
    device("S21_", 4 << 16 | 1);
    put_clutter();
    PUT("\x08" "BSEL\x0a\x05");
    device("S10_", 2 << 16);
    PUT("\x08" "BSEL\x0b\x34\x12");
    close_package();
    close_package();
    close_package();
    assert_int_equal(find(), 3);
    expect(0, 1, 1, 3 << 3, 0);
    expect(1, 5, 1, 4 << 3 | 1, 0);
    expect(2, 0x1234, 2, 4 << 3 | 1, 2 << 3);
    assert_int_equal(aml_slots_find(aml, len, found, 2), 2); /* no more than there is room for */
}

/* No address, none above it, not below the root bus: nobody knows which bus that is. */
static void test_unknown_places(void **state)
{
    (void)state;
    device("S18_", 3 << 16);
    PUT("\x08" "BSEL\x01");
    close_package();
    open_package("\x10", 1, "PCI0");
    open_package("\x5b\x82", 2, "S20_");
    PUT("\x08" "BSEL\x0a\x02");
    device("S00_", 0);
    PUT("\x08" "BSEL\x0a\x03");
    close_package();
    close_package();
    open_package("\x10", 1, "ISA_");
    PUT("\x08" "BSEL\x0a\x04");
    close_package();
    PUT("\x08" "BSEL\x0dtext\x00");
    device("S28_", 5 << 16);
    PUT("\x77"); /* a term that is not known: the rest of this list is not read */
    PUT("\x08" "BSEL\x0a\x05");
    close_package();
    device("S30_", 6 << 16);
    PUT("\x08" "BSEL\x0a\x06");
    close_package();
    close_package();
    assert_int_equal(find(), 1);
    expect(0, 6, 1, 6 << 3, 0);
}

static void test_nested_without_end(void **state)
{
    (void)state;
    open_package("\x10", 1, "PCI0");
    for (unsigned i = 0; i < MAX_OPEN - 2; i++) {
        device("DEEP", (i + 1) << 16);
        PUT("\x08" "BSEL\x01");
    }
    while (open_count > 0) {
        close_package();
    }
    assert_int_equal(find(), 8);
    for (unsigned i = 0; i < 8; i++) {
        assert_in_range(found[i].depth, 1, AML_SLOTS_MAX_DEPTH);
    }
}

/* Cut off anywhere, any byte changed: no access outside, no endless loop. The table is at the end
 * of its memory. */
static void test_damaged(void **state)
{
    (void)state;
    test_q35(state);
    for (size_t cut = 0; cut <= len; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1);

        memcpy(exact, aml, cut);
        assert_in_range(aml_slots_find(exact, cut, found, ARRAY_SIZE(found)), 0, 3);
        free(exact);
    }
    uint8_t *exact = malloc(len);
    for (size_t at = 0; at < len; at++) {
        static const uint8_t values[] = {0, 1, 0x0d, 0x10, 0x2f, 0x3f, 0x5b, 0x7f, 0xc0, 0xff};

        for (size_t i = 0; i < sizeof(values); i++) {
            memcpy(exact, aml, len);
            exact[at] = values[i];
            assert_in_range(aml_slots_find(exact, len, found, ARRAY_SIZE(found)), 0, 8);
        }
    }
    free(exact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_i440fx, set_up),
        cmocka_unit_test_setup(test_q35, set_up),
        cmocka_unit_test_setup(test_unknown_places, set_up),
        cmocka_unit_test_setup(test_nested_without_end, set_up),
        cmocka_unit_test_setup(test_damaged, set_up),
    };
    return cmocka_run_group_tests_name("lib aml slots", tests, NULL, NULL);
}
