/*
 * tests/unit/test_fs_times.c - the time of a directory entry: what is one, and what is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fat_image.h"

#include "fs/fs.h"
#include "lib/string.h"

#define DATE(year, month, day)     ((uint16_t)(((year) - 1980) << 9 | (month) << 5 | (day)))
#define TIME(hour, minute, second) ((uint16_t)((hour) << 11 | (minute) << 5 | (second) / 2))

static const struct {
    uint16_t date, time;
    struct fs_time want; /* all zero: it is none */
} rows[] = {
    {DATE(1980, 1, 1), TIME(0, 0, 0), {1980, 1, 1, 0, 0, 0}},
    {DATE(2107, 12, 31), TIME(23, 59, 58), {2107, 12, 31, 23, 59, 58}},
    {DATE(2024, 2, 29), TIME(12, 1, 2), {2024, 2, 29, 12, 1, 2}},
    {DATE(2024, 0, 1), TIME(1, 1, 2), {0}},
    {DATE(2024, 13, 1), TIME(1, 1, 2), {0}},
    {DATE(2024, 1, 0), TIME(1, 1, 2), {0}},
    {DATE(2024, 1, 1), TIME(24, 1, 2), {0}},
    {DATE(2024, 1, 1), TIME(1, 60, 2), {0}},
    {DATE(2024, 1, 1), TIME(1, 1, 60), {0}},
};

static void test_times(void **state)
{
    struct block_registry *reg;
    struct block_dev *dev;
    struct fs *fs;
    struct fs_entry entry;

    (void)state;
    assert_int_equal(block_registry_create(&reg), 0);
    assert_int_equal(block_mem_create(reg, "ram0", FAT_IMAGE_SECTORS, 512, NULL, &dev), 0);
    assert_int_equal(fs_create(reg, &fs), 0);
    struct fat_image img = fat_image_make(block_mem_data(dev), 512);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        uint8_t *readme = fat_image_root(&img, ROOT_README);

        store_le16(readme + 22, rows[i].time);
        store_le16(readme + 24, rows[i].date);
        fs_forget(fs, dev);
        assert_int_equal(fs_stat(fs, "ram0:/README.TXT", &entry), 0);
        assert_int_equal(entry.modified.year, rows[i].want.year);
        assert_int_equal(entry.modified.month, rows[i].want.month);
        assert_int_equal(entry.modified.day, rows[i].want.day);
        assert_int_equal(entry.modified.hour, rows[i].want.hour);
        assert_int_equal(entry.modified.minute, rows[i].want.minute);
        assert_int_equal(entry.modified.second, rows[i].want.second);
    }
    fs_destroy(fs);
    block_registry_destroy(reg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
    };

    return cmocka_run_group_tests_name("fs times", tests, NULL, NULL);
}
