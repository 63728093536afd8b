/*
 * tests/unit/test_fs_paths.c - volumes and tables that other people's tools have made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fs/fs.h"
#include "lib/crc32.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

/* --- images ----------------------------------------------------------------------------------- */

static struct block_registry *reg;
static struct block_dev *dev;
static struct fs *fs;
static size_t heap_before;

/* Runs a shell command in a directory of its own with $IMG set, and loads what it made of a file
 * of mib MiB of zeroes. Skips the test when a tool is missing. */
static void load(const char *tools, const char *script, unsigned mib, uint32_t block_bytes)
{
    char dir[] = "/tmp/carillon-image-......";
    char line[2048];

    memset(strchr(dir, '.'), 'X', 6); /* what mkdtemp replaces */
    assert_non_null(mkdtemp(dir));
    snprintf(line, sizeof(line),
             "export PATH=$PATH:/sbin:/usr/sbin; cd %s && for t in %s; do command -v $t >/dev/null "
             "|| exit 77; done; export IMG=%s/img; truncate -s %uM $IMG && "
             "(%s) >log 2>&1", dir, tools, dir, mib, script);
    int status = system(line);

    heap_before = heap_used_bytes();
    assert_int_equal(block_registry_create(&reg), 0);
    assert_int_equal(block_mem_create(reg, "ram0", (uint64_t)mib * 1048576 / block_bytes,
                                      block_bytes, NULL, &dev), 0);
    assert_int_equal(fs_create(reg, &fs), 0);
    snprintf(line, sizeof(line), "%s/img", dir);
    FILE *img = fopen(line, "rb");
    size_t got = img ? fread(block_mem_data(dev), 1, (size_t)mib * 1048576, img) : 0;
    if (img) {
        fclose(img);
    }
    snprintf(line, sizeof(line), "rm -r %s", dir);
    assert_int_equal(system(line), 0);
    if (status != 0) {
        fs_destroy(fs);
        block_registry_destroy(reg);
        if (status == 77 << 8) {
            skip();
        }
        fail_msg("the script failed with status %#x", status);
    }
    assert_int_equal(got, (size_t)mib * 1048576);
}

static void unload(void)
{
    fs_destroy(fs);
    block_registry_destroy(reg);
    assert_int_equal(heap_used_bytes(), heap_before);
}

static void check_probe(const char *name, const char *type, const char *label, const char *uuid)
{
    struct fs_probe probe;

    assert_int_equal(fs_probe(block_find(reg, name), &probe), 0);
    assert_string_equal(probe.type, type);
    assert_string_equal(probe.label, label);
    if (uuid) {
        assert_string_equal(probe.uuid, uuid);
    }
}

static uint32_t file_crc(const char *path, uint64_t *size)
{
    static uint8_t buf[100000];
    struct fs_file *file;
    uint32_t crc = 0;
    size_t got;

    assert_int_equal(fs_open(fs, path, &file), 0);
    *size = 0;
    do {
        assert_int_equal(fs_read(file, *size, buf, sizeof(buf), &got), 0);
        crc = crc32(crc, buf, got);
        *size += got;
    } while (got == sizeof(buf));
    fs_close(file);
    return crc;
}

/* mkfs.fat and mtools: a file made to lie in pieces, names of all kinds, every cluster size. */
static void test_mtools(void **state)
{
    static const struct {
        unsigned sector, per_cluster, mib;
        uint32_t block;
    } sizes[] = {
        /* mtools wants as many clusters as FAT32 should have; test_fs_fat.c has larger ones */
        { 512, 1, 40, 512 },
        { 512, 1, 40, 4096 },
        { 512, 4, 140, 512 },
    };
    uint8_t *data = malloc(3000000);
    char script[1500];

    (void)state;
    for (uint32_t i = 0; i < 3000000; i++) {
        data[i] = (uint8_t)(i >> 8 ^ i * 5);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t size;

        snprintf(script, sizeof(script),
                 "mkfs.fat -F 32 -S %u -s %u -n 'A LABEL' -i 1234abcd $IMG && "
                 "/usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes((i >> 8 ^ i * 5) "
                 "& 255 for i in range(3000000)))' >data && head -c 100000 data >a && "
                 "for i in 1 2 3 4 5 6 7 8; do mcopy -i $IMG a ::/hole$i; done && "
                 "mdel -i $IMG ::/hole2 ::/hole4 ::/hole6 && mcopy -i $IMG data ::/data.bin && "
                 "mmd -i $IMG '::/A Directory' '::/A Directory/b' && "
                 "mcopy -i $IMG data '::/A Directory/b/a long name, with Blanks.data' && "
                 "for i in $(seq 200); do mcopy -i $IMG /dev/null \"::/A Directory/empty file "
                 "number $i\"; done", sizes[i].sector, sizes[i].per_cluster);
        load("mkfs.fat mcopy mdel mmd", script, sizes[i].mib, sizes[i].block);
        check_probe("ram0", "FAT32", "A LABEL", "1234-ABCD");
        uint32_t expected = crc32(0, data, 3000000);
        assert_int_equal(file_crc("ram0:/data.bin", &size), expected);
        assert_int_equal(size, 3000000);
        assert_int_equal(file_crc("ram0:/a directory/B/A LONG NAME, WITH BLANKS.DATA", &size),
                         expected);
        struct fs_entry entry;
        assert_int_equal(fs_stat(fs, "ram0:/A Directory/empty file number 200", &entry), 0);
        assert_int_equal(entry.size_bytes, 0);
        assert_int_equal(fs_stat(fs, "ram0:/hole4", &entry), -ENOENT);
        assert_int_equal(partition_scan(reg, dev), PARTITIONS_NONE);
        unload();
    }
    free(data);
}

static void test_probe(void **state)
{
    struct fs_entry entry;

    (void)state;
    load("mkfs.fat", "mkfs.fat -F 16 -n SIXTEEN -i 00112233 $IMG", 20, 512);
    check_probe("ram0", "FAT16", "SIXTEEN", "0011-2233");
    assert_int_equal(fs_stat(fs, "ram0:/", &entry), -ENOTSUP);
    unload();
    load("mkfs.fat", "mkfs.fat -F 12 $IMG", 4, 512);
    check_probe("ram0", "FAT12", "", NULL);
    unload();
    load("mkfs.ext4", "mkfs.ext4 -L extlabel -U 01234567-89ab-cdef-0123-456789abcdef $IMG", 16,
         4096);
    check_probe("ram0", "ext4", "extlabel", "01234567-89ab-cdef-0123-456789abcdef");
    assert_int_equal(fs_stat(fs, "ram0:/", &entry), -ENOTSUP);
    unload();
    load("mkfs.ext4", "mkfs.ext4 -t ext3 $IMG", 16, 512);
    check_probe("ram0", "ext3", "", NULL);
    unload();
    load("mkfs.ext4", "mkfs.ext4 -t ext2 $IMG", 16, 512);
    check_probe("ram0", "ext2", "", NULL);
    unload();
    load("mkswap", "mkswap -L swaplabel -U 01234567-89ab-cdef-0123-456789abcdef $IMG", 4, 512);
    check_probe("ram0", "swap", "swaplabel", "01234567-89ab-cdef-0123-456789abcdef");
    unload();
    load("truncate", "true", 1, 512);
    check_probe("ram0", "", "", "");
    memcpy(block_mem_data(dev), "\xeb\x76\x90" "EXFAT   ", 11);
    check_probe("ram0", "exFAT", "", NULL);
    memcpy(block_mem_data(dev), "\xeb\x52\x90NTFS    ", 11);
    check_probe("ram0", "NTFS", "", NULL);
    memcpy(block_mem_data(dev), "XFSB", 4);
    check_probe("ram0", "XFS", "", NULL);
    memset(block_mem_data(dev), 0, 512);
    memcpy((uint8_t *)block_mem_data(dev) + 65536 + 64, "_BHRfS_M", 8);
    memcpy((uint8_t *)block_mem_data(dev) + 65536 + 299, "bl\x1b", 4);
    check_probe("ram0", "btrfs", "bl?", NULL);
    memcpy((uint8_t *)block_mem_data(dev) + 512, "LABELONE", 8);
    memcpy((uint8_t *)block_mem_data(dev) + 512 + 24, "LVM2 001", 8);
    memset((uint8_t *)block_mem_data(dev) + 65536, 0, 512);
    check_probe("ram0", "LVM", "", NULL);
    unload();
}

/* sgdisk's own tables, damaged and grown. */
static void test_sgdisk(void **state)
{
    (void)state;
    load("sgdisk mkfs.fat",
         "sgdisk -n 1:2048:+10M -t 1:ef00 -c 1:boot -n 3:0:0 -t 3:8300 -c 3:'Größe' $IMG && "
         "mkfs.fat -F 32 -n INSIDE -s 1 --offset 2048 $IMG 10240", 64, 512);
    assert_int_equal(partition_scan(reg, dev), PARTITIONS_GPT);
    const struct block_info *info = block_info(block_find(reg, "ram0p1"));
    assert_string_equal(info->part_label, "boot");
    assert_string_equal(info->part_type, "EFI system");
    assert_int_equal(info->block_count, 20480);
    info = block_info(block_find(reg, "ram0p3"));
    assert_string_equal(info->part_label, "Größe");
    assert_string_equal(info->part_type, "Linux filesystem");
    check_probe("ram0p1", "FAT32", "INSIDE", NULL);
    memset((uint8_t *)block_mem_data(dev) + 512, 0, 512);
    assert_int_equal(partition_scan(reg, dev), PARTITIONS_GPT_BACKUP);
    assert_non_null(block_find(reg, "ram0p3"));
    unload();
    load("sgdisk", "sgdisk -n 1:0:0 $IMG && truncate -s 12M $IMG", 12, 512);
    assert_int_equal(partition_scan(reg, dev), PARTITIONS_GPT);
    unload();
    load("sfdisk", "printf 'label: dos\\n,4M,c\\n,,E\\n,2M,83\\n,,83\\n' | sfdisk $IMG", 16, 512);
    assert_int_equal(partition_scan(reg, dev), PARTITIONS_MBR);
    assert_non_null(block_find(reg, "ram0p1"));
    assert_non_null(block_find(reg, "ram0p5"));
    assert_non_null(block_find(reg, "ram0p6"));
    assert_null(block_find(reg, "ram0p2"));
    unload();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mtools),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_sgdisk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
