/*
 * tests/unit/test_fs_entries.c - directory entries: their times, how deep they may lie, and what is
 * said of a damaged one; and the places where other formats are looked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fat_image.h"

#include "fs/fat32/fat32.h"
#include "fs/fs.h"
#include "lib/errno.h"
#include "lib/log.h"
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

static struct block_registry *reg;
static struct block_dev *dev;
static struct fs *fs;
static struct fat_image img;

static int start(void **state)
{
    (void)state;
    assert_int_equal(block_registry_create(&reg), 0);
    assert_int_equal(block_mem_create(reg, "ram0", FAT_IMAGE_SECTORS, 512, NULL, &dev), 0);
    assert_int_equal(fs_create(reg, &fs), 0);
    img = fat_image_make(block_mem_data(dev), 512);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fs_destroy(fs);
    block_registry_destroy(reg);
    return 0;
}

static void test_times(void **state)
{
    struct fs_entry entry;

    (void)state;
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
}

/* Directories in directories, from cluster 50 on: the root and 127 more, and not one deeper. */
static void test_depth(void **state)
{
    char path[1024] = "ram0:/SUB";
    struct fs_entry entry;

    (void)state;
    fat_image_entry(fat_image_root(&img, ROOT_SUB), "SUB        ", 0x10, 50, 0);
    for (uint32_t cluster = 50; cluster < 50 + 130; cluster++) {
        uint8_t *dir = fat_image_cluster(&img, cluster);

        fat_image_link(&img, cluster, 0x0fffffff);
        memset(dir, 0, 512);
        fat_image_entry(dir, ".          ", 0x10, cluster, 0);
        fat_image_entry(dir + 32, "..         ", 0x10, cluster == 50 ? 0 : cluster - 1, 0);
        fat_image_entry(dir + 64, "D          ", 0x10, cluster + 1, 0);
    }
    fs_forget(fs, dev);
    for (unsigned depth = 1; depth <= 127; depth++) {
        assert_int_equal(fs_stat(fs, path, &entry), 0);
        assert_true(str_append(path, sizeof(path), "/D"));
    }
    assert_int_equal(fs_stat(fs, path, &entry), -ENAMETOOLONG);
}

static void log_text(char *text, size_t cap)
{
    struct out_buf out;

    out_buf_init(&out, text, cap);
    log_dump(&out.out);
}

static int no_entry(void *arg, const struct fs_entry *entry)
{
    (void)arg;
    (void)entry;
    return 0;
}

/* Who reads that a directory is damaged wants to know which. */
static void test_a_damaged_directory_is_named(void **state)
{
    static char text[16384];

    (void)state;
    log_reset();
    memset(fat_image_sub(&img, SUB_DOT), 'x', 64);
    fs_forget(fs, dev);
    assert_int_equal(fs_list(fs, "ram0:/SUB", no_entry, NULL), -EPROTO);
    log_text(text, sizeof(text));
    assert_non_null(strstr(text, "directory \"SUB\" is damaged"));
}

static int note_hidden(void *arg, const struct fs_entry *entry)
{
    if (entry->hidden) {
        str_copy(arg, 64, entry->name);
    }
    return 0;
}

/* A long name belongs to the entry right behind it: not when one was deleted in between. */
static void test_a_long_name_does_not_jump(void **state)
{
    uint8_t *hidden = fat_image_root(&img, ROOT_HIDDEN), made[64];
    char name[64];

    (void)state;
    memcpy(made + 32, hidden, 32);
    fat_image_long_ascii(made + 32, "long.sys");
    memcpy(fat_image_root(&img, ROOT_DELETED), made, 32);
    fs_forget(fs, dev);
    assert_int_equal(fs_list(fs, "ram0:/", note_hidden, name), 0);
    assert_string_equal(name, "long.sys");
    memcpy(fat_image_root(&img, ROOT_KANJI), made, 32);
    fat_image_root(&img, ROOT_DELETED)[0] = 0xe5;
    fat_image_root(&img, ROOT_DELETED)[11] = 0x20;
    fs_forget(fs, dev);
    assert_int_equal(fs_list(fs, "ram0:/", note_hidden, name), 0);
    assert_string_equal(name, "HIDDEN.SYS");
}

/* NTFS and exFAT, each with its serial number. */
static void test_serial_numbers(void **state)
{
    uint8_t *disk = block_mem_data(dev);
    struct fs_probe probe;

    (void)state;
    memset(disk, 0, 4096);
    memcpy(disk + 3, "NTFS    ", 8);
    store_le64(disk + 72, UINT64_C(0x0123456789abcdef));
    assert_int_equal(fs_probe(dev, &probe), 0);
    assert_string_equal(probe.type, "NTFS");
    assert_string_equal(probe.uuid, "0123456789ABCDEF");
    memcpy(disk + 3, "EXFAT   ", 8);
    store_le32(disk + 100, 0x89abcdef);
    assert_int_equal(fs_probe(dev, &probe), 0);
    assert_string_equal(probe.type, "exFAT");
    assert_string_equal(probe.uuid, "89AB-CDEF");
}

/* Which of the ext family it is, says what it needs of who mounts it. */
static void test_ext(void **state)
{
    static const struct {
        uint32_t compat, incompat, ro_compat;
        const char *type;
    } cases[] = {
        {0, 0, 0, "ext2"},    {0, 0x16, 0x7, "ext2"}, {4, 0x6, 0x3, "ext3"},
        {4, 0x40, 0, "ext4"}, {4, 0, 0x8, "ext4"},    {0, 0x80, 0, "ext4"},
    };
    uint8_t *super = (uint8_t *)block_mem_data(dev) + 1024;
    struct fs_probe probe;

    (void)state;
    memset(block_mem_data(dev), 0, 8192);
    store_le16(super + 56, 0xef53);
    memcpy(super + 104, "0123456789abcdef", 16);
    memcpy(super + 120, "home", 4);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        store_le32(super + 92, cases[i].compat);
        store_le32(super + 96, cases[i].incompat);
        store_le32(super + 100, cases[i].ro_compat);
        assert_int_equal(fs_probe(dev, &probe), 0);
        assert_string_equal(probe.type, cases[i].type);
        assert_string_equal(probe.label, "home");
        assert_string_equal(probe.uuid, "30313233-3435-3637-3839-616263646566");
    }
}

/* A format that is known by a mark shows its label and its identifier, if it has any. */
static void test_marks(void **state)
{
    uint8_t *disk = block_mem_data(dev);
    struct fs_probe probe;

    (void)state;
    memset(disk, 0, 8192);
    memcpy(disk, "XFSB", 4);
    memcpy(disk + 32, "0123456789abcdef", 16);
    memcpy(disk + 108, "data", 4);
    assert_int_equal(fs_probe(dev, &probe), 0);
    assert_string_equal(probe.type, "XFS");
    assert_string_equal(probe.label, "data");
    assert_string_equal(probe.uuid, "30313233-3435-3637-3839-616263646566");
    memset(disk, 0, 512);
    memcpy(disk, "hsqs", 4);
    memset(disk + 16, 0x55, 64);
    assert_int_equal(fs_probe(dev, &probe), 0);
    assert_string_equal(probe.type, "squashfs");
    assert_string_equal(probe.label, "");
    assert_string_equal(probe.uuid, "");
}

/* The label of an LVM volume is in one of the first four sectors. */
static void test_lvm(void **state)
{
    uint8_t *disk = block_mem_data(dev);
    struct fs_probe probe;

    (void)state;
    for (unsigned sector = 0; sector < 6; sector++) {
        memset(disk, 0, 512 * 8);
        memcpy(disk + sector * 512, "LABELONE", 8);
        memcpy(disk + sector * 512 + 24, "LVM2 001", 8);
        assert_int_equal(fs_probe(dev, &probe), 0);
        assert_string_equal(probe.type, sector < 4 ? "LVM" : "");
    }
}

static int read_all_but_one(void *ctx, uint64_t lba, uint32_t count, void *buf)
{
    const uint64_t *bad_lba = ctx;

    memset(buf, 0, (size_t)count * 512);
    return *bad_lba >= lba && *bad_lba - lba < count ? -EIO : 0;
}

/* Who cannot look at the place of a mark does not say that nothing is there. */
static void test_marks_that_cannot_be_read(void **state)
{
    static const struct block_ops ops = {.read = read_all_but_one};
    static const uint64_t places[] = {0, 65600 / 512, 4096 / 512, 32769 / 512};
    const struct block_info info = {.name = "bad0", .block_count = 256, .block_bytes = 512};
    struct block_dev *bad;
    struct fs_probe probe;
    uint64_t bad_lba = UINT64_MAX;

    (void)state;
    assert_int_equal(block_add(reg, &info, &ops, &bad_lba, &bad), 0);
    assert_int_equal(fs_probe(bad, &probe), 0);
    assert_string_equal(probe.type, "");
    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        bad_lba = places[i];
        assert_int_equal(fs_probe(bad, &probe), -EIO);
        assert_string_equal(probe.type, "");
    }
}

/* The name is eight bytes long; whatever follows it, an NTFS or exFAT volume is no damaged FAT. */
static void test_not_fat_by_name(void **state)
{
    static const char *const names[] = {"NTFS    ", "EXFAT   "};
    uint8_t *disk = block_mem_data(dev);
    struct fat_boot boot;
    const char *why;

    (void)state;
    assert_int_equal(fat_boot_parse(disk, &boot, &why), 0);
    for (unsigned sector_bytes = 0x1ff; sector_bytes <= 0x201; sector_bytes++) {
        store_le16(disk + 11, (uint16_t)sector_bytes);
        for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
            memcpy(disk + 3, names[i], 8);
            assert_int_equal(fat_boot_parse(disk, &boot, &why), -ENOTSUP);
            assert_null(why);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_times),
        TEST(test_depth),
        TEST(test_a_damaged_directory_is_named),
        TEST(test_a_long_name_does_not_jump),
        TEST(test_serial_numbers),
        TEST(test_ext),
        TEST(test_marks),
        TEST(test_marks_that_cannot_be_read),
        TEST(test_lvm),
        TEST(test_not_fat_by_name),
    };

    return cmocka_run_group_tests_name("fs entries", tests, NULL, NULL);
}
