/*
 * tests/unit/test_lib_multiboot2.c - the boot loader's list, well-formed, broken and cut anywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/multiboot2.h"
#include "lib/bytes.h"
#include "lib/errno.h"

static uint8_t list[65536];
static size_t used;
static struct boot_info info;

static int reset(void **state)
{
    (void)state;
    memset(list, 0, sizeof(list));
    used = 8;
    return 0;
}

static uint8_t *add_tag(uint32_t type, size_t body_bytes)
{
    uint8_t *tag = list + used;

    store_le32(tag, type);
    store_le32(tag + 4, (uint32_t)(8 + body_bytes));
    used += (8 + body_bytes + 7) & ~(size_t)7;
    return tag + 8;
}

/* The whole list in memory of exactly its size, so that ASan sees a byte too far. */
static int parse(size_t avail)
{
    uint8_t *copy = malloc(avail ? avail : 1);

    memcpy(copy, list, avail);
    int err = multiboot2_parse(copy, avail, &info);
    free(copy);
    return err;
}

static int finish(void)
{
    add_tag(0, 0);
    store_le32(list, (uint32_t)used);
    return parse(used);
}

static void add_text(uint32_t type, const char *text)
{
    memcpy(add_tag(type, strlen(text) + 1), text, strlen(text) + 1);
}

static void add_map(unsigned stride, unsigned count)
{
    uint8_t *body = add_tag(6, 8 + stride * count);

    store_le32(body, stride);
    for (unsigned i = 0; i < count; i++) {
        uint8_t *e = body + 8 + i * stride;
        store_le64(e, i * UINT64_C(0x100000));
        store_le64(e + 8, 0x80000);
        store_le32(e + 16, 1 + i % 2);
    }
}

static void add_everything(void)
{
    add_text(1, "run=\"list\" nosmp");
    add_text(2, "GRUB 2.06");
    uint8_t *module = add_tag(3, 8 + 4);
    store_le32(module, 0x4000);
    store_le32(module + 4, 0x5001);
    memcpy(module + 8, "mod", 4);
    add_map(24, 3);
    memcpy(add_tag(14, 20), "RSD PTR old.........", 20);
    memcpy(add_tag(15, 36), "RSD PTR new.........................", 36);
    add_tag(17, 100);
    add_tag(8, 30);  /* framebuffer */
    add_tag(999, 3); /* unknown, odd length */
}

static void test_everything(void **state)
{
    (void)state;
    add_everything();
    assert_int_equal(finish(), 0);
    assert_string_equal(info.cmdline, "run=\"list\" nosmp");
    assert_false(info.cmdline_cut);
    assert_string_equal(info.loader, "GRUB 2.06");
    assert_true(info.efi);
    assert_int_equal(info.module_count, 1);
    assert_int_equal(info.modules[0].base, 0x4000);
    assert_int_equal(info.modules[0].bytes, 0x1001);
    assert_string_equal(info.modules[0].name, "mod");
    assert_int_equal(info.map.count, 3);
    assert_int_equal(info.map.ranges[2].base, 0x200000);
    assert_int_equal(info.map.ranges[1].type, 2);
    assert_true(info.has_rsdp1);
    assert_true(info.has_rsdp2);
    assert_memory_equal(info.rsdp2, "RSD PTR new", 11);
}

static void test_every_cut_is_an_error_and_no_overrun(void **state)
{
    (void)state;
    add_everything();
    assert_int_equal(finish(), 0);
    for (size_t total = 0; total < used; total++) {
        store_le32(list, (uint32_t)total);
        assert_int_equal(parse(total), -EPROTO);
    }
}

static void test_lengths_are_not_trusted(void **state)
{
    (void)state;
    add_text(1, "x");
    assert_int_equal(finish(), 0);
    store_le32(list + 12, 0); /* a tag without length would never end */
    assert_int_equal(parse(used), -EPROTO);
    store_le32(list + 12, 7);
    assert_int_equal(parse(used), -EPROTO);
    store_le32(list + 12, UINT32_MAX);
    assert_int_equal(parse(used), -EPROTO);
    store_le32(list, UINT32_MAX);
    assert_int_equal(parse(used), -EPROTO);
    store_le32(list, 0);
    assert_int_equal(parse(used), -EPROTO);
}

static void test_map_strides(void **state)
{
    static const unsigned strides[] = {20, 24, 48};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(strides); i++) {
        reset(NULL);
        add_map(strides[i], 5);
        assert_int_equal(finish(), 0);
        assert_int_equal(info.map.count, 5);
        assert_int_equal(info.map.ranges[4].base, 0x400000);
    }
    reset(NULL);
    add_map(24, 1);
    store_le32(list + 16, 0); /* entry_size */
    assert_int_equal(finish(), -EPROTO);
}

static void test_more_than_fits(void **state)
{
    static char line[BOOT_CMDLINE_BYTES + 10];

    (void)state;
    memset(line, 'a', sizeof(line) - 1);
    add_text(1, line);
    for (unsigned i = 0; i < BOOT_MAX_MODULES + 2; i++) {
        uint8_t *module = add_tag(3, 8);
        store_le32(module, 0x10000 * (i + 1));
        store_le32(module + 4, 0x10000 * (i + 1) + 0x1000);
    }
    assert_int_equal(finish(), 0);
    assert_true(info.cmdline_cut);
    assert_int_equal(strlen(info.cmdline), BOOT_CMDLINE_BYTES - 1);
    assert_int_equal(info.module_count, BOOT_MAX_MODULES);
    assert_int_equal(info.modules_dropped, 2);
    assert_int_equal(info.map.count, 2); /* their memory is not for others */
    assert_int_equal(info.map.ranges[0].type, 2);
}

static void test_module_backwards(void **state)
{
    (void)state;
    uint8_t *module = add_tag(3, 8);
    store_le32(module, 0x2000);
    store_le32(module + 4, 0x1000);
    assert_int_equal(finish(), -EPROTO);
}

static void test_short_rsdp_is_none(void **state)
{
    (void)state;
    add_tag(14, 19);
    add_tag(15, 35);
    assert_int_equal(finish(), 0);
    assert_false(info.has_rsdp1);
    assert_false(info.has_rsdp2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_everything, reset),
        cmocka_unit_test_setup(test_every_cut_is_an_error_and_no_overrun, reset),
        cmocka_unit_test_setup(test_lengths_are_not_trusted, reset),
        cmocka_unit_test_setup(test_map_strides, reset),
        cmocka_unit_test_setup(test_more_than_fits, reset),
        cmocka_unit_test_setup(test_module_backwards, reset),
        cmocka_unit_test_setup(test_short_rsdp_is_none, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
