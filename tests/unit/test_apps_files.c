/*
 * tests/unit/test_apps_files.c - the commands on disks and files, typed at a shell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/model/host_appliance.h"
#include "tests/unit/fat_image.h"
#include "tests/unit/gpt_image.h"

#include "lib/crc32.h"
#include "lib/errno.h"
#include "lib/string.h"

#define PART_LBA 2048u /* where the FAT volume begins on nvme0n1 */

static struct host_appliance *ha;

/* nvme0n1: a GPT with one FAT32 partition. ram0: a FAT32 volume without a table. */
static int set_up(void **state)
{
    struct host_appliance_config cfg = host_appliance_default_config();
    uint64_t blocks = model_default_config().ns[0].blocks;
    uint8_t *disk = calloc(blocks, 512);

    (void)state;
    cfg.ram_disk_blocks = FAT_IMAGE_SECTORS;
    ha = host_appliance_create(&cfg);
    struct gpt_image gpt = gpt_image_make(disk, blocks, 512);
    gpt_image_put(&gpt, 0, PART_LBA, PART_LBA + FAT_IMAGE_SECTORS - 1, "data");
    gpt_image_put(&gpt, 1, PART_LBA * 4, PART_LBA * 5, "blank");
    gpt_image_seal(&gpt, 0);
    gpt_image_seal(&gpt, 1);
    fat_image_make(disk + PART_LBA * 512, 512);
    model_media_write(ha->hosts[0]->model, 1, 0, disk, blocks * 512);
    free(disk);
    fat_image_make(block_mem_data(ha->ram), 512);
    host_appliance_rescan(ha);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

/* Runs a line and demands its result, and that each text (up to a NULL) is in what it printed. */
static void run(const char *line, int expected, ...)
{
    const char *text;
    va_list args;
    int err = host_appliance_run(ha, line);

    if (err != expected) {
        fail_msg("`%s` gave %d, expected %d:\n%s", line, err, expected, ha->text);
    }
    va_start(args, expected);
    while ((text = va_arg(args, const char *))) {
        if (!strstr(ha->text, text)) {
            fail_msg("`%s` did not say '%s':\n%s", line, text, ha->text);
        }
    }
    va_end(args);
}

static const char *serial(void)
{
    return block_info(block_find(ha->app.blocks, "nvme0n1"))->serial;
}

static void arm(void)
{
    char line[80];

    snprintf(line, sizeof(line), "arm nvme0n1 '%s'", serial());
    run(line, 0, "nvme0n1 is armed", "nvme0n1p1", "CARILLON", NULL);
}

static void test_lsblk(void **state)
{
    (void)state;
    run("lsblk", 0, "NAME", "nvme0n1 ", "  nvme0n1p1", "disk, GPT", "EFI system", "FAT32",
        "CARILLON", "2A3B-4C5D", "read-only", "ram0", "1 MiB", "blank", NULL);
    run("lsblk ram0", 0, "ram0", NULL);
    assert_null(strstr(ha->text, "nvme0n1"));
    run("lsblk nvme0n2", -ENODEV, "did you mean", NULL);
}

static void test_ls(void **state)
{
    (void)state;
    run("ls", -EINVAL, "no place is chosen", NULL);
    run("ls sub", -EINVAL, "relative", NULL);
    run("ls nvme0n1p1:/", 0, "        4708  2024-05-17 13:45  BIG.BIN", "SUB/\n", FAT_IMAGE_LFN,
        "HIDDEN.SYS", NULL);
    run("ls ram0", 0, "README.TXT", NULL);
    run("cd nvme0n1p1:", 0, NULL);
    run("ls", 0, "README.TXT", NULL);
    run("ls sub", 0, "INNER.TXT", NULL);
    run("ls README.TXT", 0, "          13  2024-05-17 13:45  README.TXT\n", NULL);
    run("ls -R", 0, "nvme0n1p1:/:\n", "nvme0n1p1:/SUB:\n", "nvme0n1p1:/SUB/DEEP:\n", NULL);
    run("ls '" FAT_IMAGE_LONG "'", 0, FAT_IMAGE_LONG, NULL);
    run("ls REEDME.TXT", -ENOENT, "did you mean 'README.TXT'", NULL);
    run("ls nvme0n1:/", -ENOTSUP, "partitions: nvme0n1p1", NULL);
    run("ls nvme0n1p2:/", -ENOTSUP, "no file system", NULL);
    run("ls nvme0n9:/", -ENODEV, "nvme0n1", NULL);
    run("ls -x", -EINVAL, "-R", NULL);
    run("ls a b", -EINVAL, NULL);
}

static void test_ls_loop(void **state)
{
    struct fat_image img = { .bytes = block_mem_data(ha->ram), .sector_bytes = 512 };

    (void)state;
    store_le16(fat_image_sub(&img, SUB_DEEP) + 26, 40); /* DEEP is SUB itself */
    run("ls -R ram0:/", -EPROTO, "damaged", "INNER.TXT", NULL);
}

static void test_cat(void **state)
{
    (void)state;
    run("cat ram0:/readme.txt", 0, NULL);
    assert_string_equal(ha->text, "Hello, world\n");
    run("cat ram0:/sub/inner.txt", 0, NULL);
    assert_string_equal(ha->text, "inner\n"); /* the prompt gets a line of its own */
    run("cat ram0:/BIG.BIN", 0, "bytes are not text", NULL);
    assert_null(strchr(ha->text, 0x1b));
    run("cat ram0", -EISDIR, "is a disk", NULL);
    run("cat ram0:/sub", -EISDIR, "is a directory", NULL);
    run("cat ram0:/nothing", -ENOENT, "there is no 'nothing'", NULL);
}

static void test_crc32(void **state)
{
    uint8_t big[FAT_IMAGE_BIG_BYTES];
    char expected[64];

    (void)state;
    for (uint32_t i = 0; i < sizeof(big); i++) {
        big[i] = fat_image_big_byte(i);
    }
    snprintf(expected, sizeof(expected), "%08x  nvme0n1p1:/BIG.BIN\n", crc32(0, big, sizeof(big)));
    run("crc32 nvme0n1p1:/BIG.BIN", 0, expected, NULL);
    snprintf(expected, sizeof(expected), "%08x  ram0\n",
             crc32(0, block_mem_data(ha->ram), FAT_IMAGE_SECTORS * 512));
    run("crc32 ram0", 0, expected, NULL);
    snprintf(expected, sizeof(expected), "%08x  ram0 3 5\n",
             crc32(0, (uint8_t *)block_mem_data(ha->ram) + 3 * 512, 5 * 512));
    run("crc32 ram0 3 5", 0, expected, NULL);
    run("crc32 ram0: 3 5", 0, expected, NULL); /* as Tab leaves it */
    run("crc32 ram0 3", -EINVAL, "COUNT", NULL);
    run("crc32 ram0 0 2049", -EINVAL, "0 to 2047", NULL);
    run("crc32 ram0 2048 1", -EINVAL, "0 to 2047", NULL);
    run("crc32 ram0 0 0", -EINVAL, "at least 1", NULL);
    run("crc32 ram0 x 1", -EINVAL, "not a number", NULL);
    run("crc32 ram0 18446744073709551615 2", -EINVAL, "past the end", NULL);
}

static void test_hexdump(void **state)
{
    (void)state;
    run("hexdump ram0:/README.TXT", 0, NULL);
    assert_string_equal(ha->text,
                        "00000000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0a           "
                        "|Hello, world.|\n0000000d\n");
    run("hexdump ram0:/README.TXT --offset=7 --length=3", 0, NULL);
    assert_string_equal(ha->text,
                        "00000007  77 6f 72                                          |wor|\n"
                        "0000000a\n");
    run("hexdump ram0 2047 1", 0, NULL);
    assert_string_equal(ha->text,
                        "000ffe00  5a 5a 5a 5a 5a 5a 5a 5a  5a 5a 5a 5a 5a 5a 5a 5a  "
                        "|ZZZZZZZZZZZZZZZZ|\n*\n00100000\n");
    run("hexdump ram0", 0, "00000200\n", NULL);
    run("hexdump ram0:/README.TXT --offset=14", -ERANGE, "13", NULL);
    run("hexdump ram0 --bogus=1", -EINVAL, "--offset", NULL);
    run("hexdump --offset=1", -EINVAL, "say what to dump", NULL);
}

static void test_read_write(void **state)
{
    uint8_t back[3 * 512];

    (void)state;
    run("write nvme0n1 10 3 --pattern=0xabcd", -EROFS, "not armed", "arm nvme0n1 SERIAL", NULL);
    run("arm nvme0n1 nonsense", -EINVAL, "not the serial number", "read-only", NULL);
    arm();
    run("lsblk nvme0n1", 0, "armed", NULL);
    run("write nvme0n1 10 3 --pattern=0xabcdef --verify", 0, "LBA 10 to 12", "abcdef",
        "1536 bytes", "read back the same", NULL);
    model_media_read(ha->hosts[0]->model, 1, 10 * 512, back, sizeof(back));
    for (size_t i = 0; i < sizeof(back); i++) {
        assert_int_equal(back[i], ((const uint8_t[]){ 0xab, 0xcd, 0xef })[i % 3]);
    }
    run("read nvme0n1 10 3", 0, "ab cd ef ab", "read 3 blocks from LBA 10", "1536 bytes", "MB/s",
        NULL);
    char crc[16];
    snprintf(crc, sizeof(crc), "%08x", crc32(0, back, sizeof(back)));
    assert_non_null(strstr(ha->text, crc));
    run("flush nvme0n1", 0, "flushed", NULL);
    run("write nvme0n1 0 1", -EINVAL, "--pattern", NULL);
    run("write nvme0n1 0 1 --pattern=0xabc", -EINVAL, "two hexadecimal digits", NULL);
    run("write nvme0n1 0 1 --pattern=zz", -EINVAL, "two hexadecimal digits", NULL);
    run("write nvme0n1 131071 2 --pattern=0x00", -EINVAL, "0 to 131071", NULL);
    run("write nvme0n1 0 1 --patern=0x00", -EINVAL, "--pattern", NULL);
    run("disarm nvme0n1p1", 0, "read-only", NULL);
    run("write nvme0n1p1 0 1 --pattern=0x00", -EROFS, "not armed", NULL);
    run("read nvme0n1 131072 1", -EINVAL, "0 to 131071", NULL);
}

/* A long write whose pattern does not divide the chunk goes on where the last chunk stopped. */
static void test_long_write(void **state)
{
    static uint8_t back[5000 * 512];

    (void)state;
    arm();
    run("write nvme0n1 20000 5000 --pattern=0x01020304050607 --verify", 0, "read back the same",
        NULL);
    model_media_read(ha->hosts[0]->model, 1, 20000 * 512, back, sizeof(back));
    for (size_t i = 0; i < sizeof(back); i++) {
        if (back[i] != i % 7 + 1) {
            fail_msg("byte %zu is wrong", i);
        }
    }
}

static void test_verify_finds_corruption(void **state)
{
    struct model_rule corrupt = {
        .on = MODEL_ON_IO, .match = 1, .sub = MODEL_ANY, .action = MODEL_DO_CORRUPT,
    };

    (void)state;
    arm();
    model_add_rule(ha->hosts[0]->model, &corrupt);
    run("write nvme0n1 30000 8 --pattern=0x55 --verify", -EIO, "reads back different", NULL);
}

static void test_rescan(void **state)
{
    (void)state;
    run("rescan", 0, "nvme0n1: GPT, 2 partitions", "ram0: no partition table, 0 partitions", NULL);
    run("ls nvme0n1p1:/", 0, "BIG.BIN", NULL);
    arm();
    run("write nvme0n1 1 1 --pattern=0x00", 0, NULL);
    run("rescan nvme0n1p1", 0, "GPT, from its backup", NULL);
    run("lsblk", 0, "backup table", NULL);
    run("write nvme0n1 131071 1 --pattern=0x00", 0, NULL);
    run("rescan nvme0n1", 0, "damaged GPT", "0 partitions", NULL);
    run("ls nvme0n1p1:/", -ENODEV, "no disk called 'nvme0n1p1'", NULL);
}

/* Presses Ctrl-C when the commands have looked for it so often. */
static unsigned looks_left;

static void press_later(struct console_device *typist)
{
    (void)typist;
    if (looks_left > 0 && --looks_left == 0) {
        console_input(&ha->console, 0x03);
    }
}

static void ignore_text(struct console_device *typist, const char *text, size_t len)
{
    (void)typist;
    (void)text;
    (void)len;
}

static void test_interrupt(void **state)
{
    static const char *const lines[] = {
        "crc32 nvme0n1",
        "hexdump nvme0n1 0 100",
        "read nvme0n1 0 100000",
        "ls -R nvme0n1p1:/",
        "cat ram0:/BIG.BIN",
        "write nvme0n1 20000 50000 --pattern=0x00",
    };
    static struct console_device typist = { .write = ignore_text, .poll = press_later };

    (void)state;
    arm();
    console_attach(&ha->console, &typist);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        looks_left = 3;
        run(lines[i], -EINTR, NULL);
        assert_int_equal(looks_left, 0);
    }
    assert_non_null(strstr(ha->text, "stopped after"));
    run("crc32 nvme0n1 0 1", 0, "nvme0n1 0 1", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lsblk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ls_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cat, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_crc32, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hexdump, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_verify_finds_corruption, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rescan, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interrupt, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
