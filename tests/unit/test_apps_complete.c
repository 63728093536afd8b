/*
 * tests/unit/test_apps_complete.c - Tab on paths, cd and pwd, on a small FAT32 volume.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apps/shell/complete.h"
#include "apps/shell/shell.h"
#include "lib/errno.h"

/* --- a volume ----------------------------------------------------------------------------- */

#define SECTOR 512
#define SECTORS 70000 /* so many clusters that it is FAT32 */
#define RESERVED 32
#define FAT_SECTORS 547
#define ROOT_CLUSTER 2
#define DIR_CLUSTER 3

#define ATTR_HIDDEN 0x02
#define ATTR_DIRECTORY 0x10
#define ATTR_LONG_NAME 0x0f

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value & 0xffff);
    put16(at + 2, value >> 16);
}

static uint8_t *cluster(uint8_t *disk, unsigned number)
{
    return disk + (size_t)(RESERVED + FAT_SECTORS + number - 2) * SECTOR;
}

/* Adds an entry with the name of one long-name slot, at most 12 letters of ASCII. */
static uint8_t *add_entry(uint8_t *at, const char *short_name, const char *long_name, uint8_t attr)
{
    static const uint8_t places[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
    uint8_t sum = 0;

    for (int i = 0; i < 11; i++) {
        sum = (uint8_t)((sum >> 1) + (sum << 7) + (uint8_t)short_name[i]);
    }
    size_t len = strlen(long_name);
    assert_true(len < 13);
    at[0] = 0x41;
    at[11] = ATTR_LONG_NAME;
    at[13] = sum;
    for (size_t i = 0; i < 13; i++) {
        put16(at + places[i], i < len ? (uint8_t)long_name[i] : i == len ? 0 : 0xffff);
    }
    at += 32;
    memcpy(at, short_name, 11);
    at[11] = attr;
    put16(at + 26, attr & ATTR_DIRECTORY ? DIR_CLUSTER : 0);
    return at + 32;
}

static void make_volume(uint8_t *disk)
{
    memcpy(disk, "\xeb\x58\x90TESTS   ", 11);
    put16(disk + 11, SECTOR);
    disk[13] = 1;
    put16(disk + 14, RESERVED);
    disk[16] = 1;
    disk[21] = 0xf8;
    put32(disk + 32, SECTORS);
    put32(disk + 36, FAT_SECTORS);
    put32(disk + 44, ROOT_CLUSTER);
    disk[66] = 0x29;
    memcpy(disk + 71, "NO NAME    FAT32   ", 19);
    put16(disk + 510, 0xaa55);

    uint8_t *fat = disk + (size_t)RESERVED * SECTOR;
    put32(fat, 0x0ffffff8);
    put32(fat + 4, 0x0fffffff);
    put32(fat + 4 * ROOT_CLUSTER, 0x0fffffff);
    put32(fat + 4 * DIR_CLUSTER, 0x0fffffff);

    uint8_t *at = cluster(disk, ROOT_CLUSTER);
    at = add_entry(at, "README  TXT", "ReadMe.txt", 0);
    at = add_entry(at, "RESULTS    ", "results", ATTR_DIRECTORY);
    at = add_entry(at, "MYFILE~1   ", "my 'a' file", 0);
    add_entry(at, "SECRET     ", "secret", ATTR_HIDDEN);

    at = cluster(disk, DIR_CLUSTER);
    memcpy(at, ".          \x10", 12);
    put16(at + 26, DIR_CLUSTER);
    memcpy(at + 32, "..         \x10", 12);
    at = add_entry(at + 64, "ONE        ", "one one", 0);
    add_entry(at, "ONE~1      ", "one two", 0);
}

/* --- a machine ---------------------------------------------------------------------------- */

static struct appliance app;
static struct shell sh;
static struct out_buf ob;
static char output[2000];

static int set_up(void **state)
{
    struct block_dev *dev;

    (void)state;
    memset(&app, 0, sizeof(app));
    assert_int_equal(block_registry_create(&app.blocks), 0);
    assert_int_equal(block_mem_create(app.blocks, "ram0", SECTORS, SECTOR, NULL, &dev), 0);
    make_volume(block_mem_data(dev));
    assert_int_equal(fs_create(app.blocks, &app.fs), 0);
    out_buf_init(&ob, output, sizeof(output));
    shell_init(&sh, &app, &ob.out);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fs_destroy(app.fs);
    block_registry_destroy(app.blocks);
    return 0;
}

static const char *names(const struct line_completion *found)
{
    static char text[LINE_MATCHES_BYTES];

    memcpy(text, found->matches, found->matches_len);
    for (size_t i = 0; i + 1 < found->matches_len; i++) {
        text[i] = text[i] ? text[i] : ' ';
    }
    text[found->matches_len] = '\0';
    return text;
}

static void check_tab(const char *typed, const char *expected, const char *matches)
{
    static struct line_completion found;
    char text[2 * LINE_BYTES];

    memset(&found, 0, sizeof(found));
    shell_complete_line(&sh, typed, strlen(typed), &found);
    snprintf(text, sizeof(text), "%.*s%s", (int)found.from, typed, found.text);
    if (strcmp(text, expected) != 0 || strcmp(names(&found), matches) != 0) {
        fail_msg("'%s': '%s' (%s)", typed, text, names(&found));
    }
}

static void paths_are_completed(void **state)
{
    (void)state;
    check_tab("cat ra", "cat ram0:", "ram0:");
    check_tab("cat ram0:", "cat ram0:", "ReadMe.txt results/ my 'a' file");
    check_tab("cat ram0:re", "cat ram0:Re", "ReadMe.txt results/");
    check_tab("cat ram0:rea", "cat ram0:ReadMe.txt ", "ReadMe.txt");
    check_tab("cat ram0:/RES", "cat ram0:/results/", "results/");
    check_tab("cat ram0:/my", "cat \"ram0:/my 'a' file\" ", "my 'a' file");
    check_tab("cat ram0:results/", "cat \"ram0:results/one ", "one one one two");
    check_tab("cat \"ram0:results/one ", "cat \"ram0:results/one ", "one one one two");
    check_tab("cat \"ram0:results/one t", "cat \"ram0:results/one two\" ", "one two");
    check_tab("cat 'ram0:results/one t", "cat \"ram0:results/one two\" ", "one two");
    check_tab("cat ram0:results/x", "cat ", "");
    check_tab("cat ram0:nowhere/x", "cat ", "");
    check_tab("cat ram9:x", "cat ", "");
}

static void relative_paths_need_a_place(void **state)
{
    (void)state;
    check_tab("cat re", "cat ", "");
    assert_int_equal(shell_run_line(&sh, "cd ram0:"), 0);
    check_tab("cat r", "cat r", "ram0: ReadMe.txt results/");
    check_tab("cat results/one\\", "cat ", "");
    check_tab("cat rea", "cat ReadMe.txt ", "ReadMe.txt");
    assert_int_equal(shell_run_line(&sh, "cd results"), 0);
    check_tab("cat 'one t", "cat \"one two\" ", "one two");
    check_tab("cat ../rea", "cat ../ReadMe.txt ", "ReadMe.txt");
}

static void cd_goes_where_there_is_a_directory(void **state)
{
    (void)state;
    assert_int_equal(shell_run_line(&sh,
                                    "cd ram0; pwd; cd results; pwd; cd ..; pwd; cd /results; pwd;"
                                    "cd; pwd"),
                     0);
    assert_string_equal(output, "ram0:/\nram0:/results\nram0:/\nram0:/results\n"
                                "no place is chosen; 'cd DISK:/DIR' chooses one\n");
    out_buf_init(&ob, output, sizeof(output));
    assert_int_equal(shell_run_line(&sh, "cd ram0:readme.txt"), -ENOTDIR);
    assert_int_equal(shell_run_line(&sh, "cd ram0:/missing"), -ENOENT);
    assert_int_equal(shell_run_line(&sh, "cd ram1:/"), -ENODEV);
    assert_string_equal(output, "cd: ram0:/readme.txt is not a directory\n"
                                "cd: ram0:/missing: no such file, device or name\n"
                                "cd: no disk called 'ram1'; did you mean 'ram0'? (disks: ram0)\n");
    assert_string_equal(sh.cwd, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(paths_are_completed),
        TEST(relative_paths_need_a_place),
        TEST(cd_goes_where_there_is_a_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
