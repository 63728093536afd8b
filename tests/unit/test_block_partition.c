/*
 * tests/unit/test_block_partition.c - GPT and MBR: good tables, and every way we know to break one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fat_image.h"
#include "tests/unit/gpt_image.h"

#include "drivers/block/block.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define BLOCKS 2048u

struct world {
    size_t heap_before;
    struct block_registry *reg;
    struct block_dev *dev;
    struct gpt_image img;
};

static void world_create(struct world *w, uint32_t block_bytes)
{
    w->heap_before = heap_used_bytes();
    assert_int_equal(block_registry_create(&w->reg), 0);
    assert_int_equal(block_mem_create(w->reg, "ram0", BLOCKS, block_bytes, NULL, &w->dev), 0);
    w->img = gpt_image_make(block_mem_data(w->dev), BLOCKS, block_bytes);
}

static void world_destroy(struct world *w)
{
    block_registry_destroy(w->reg);
    assert_int_equal(heap_used_bytes(), w->heap_before);
}

static unsigned count_partitions(struct world *w)
{
    unsigned count = 0;

    while (block_at(w->reg, count + 1)) {
        count++;
    }
    return count;
}

static void test_good_gpt(void **state)
{
    static const uint32_t sizes[] = { 512, 4096 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world w;

        world_create(&w, sizes[i]);
        for (int again = 0; again < 2; again++) { /* a rescan replaces */
            assert_int_equal(partition_scan(w.reg, w.dev), PARTITIONS_GPT);
            assert_int_equal(count_partitions(&w), 2);
        }
        const struct block_info *info = block_info(block_find(w.reg, "ram0p2"));
        assert_int_equal(info->first_lba, 100);
        assert_int_equal(info->block_count, 100);
        assert_string_equal(info->part_type, "EFI system");
        assert_string_equal(info->part_label, "second");
        assert_int_equal(partition_scheme(block_find(w.reg, "ram0p2")), PARTITIONS_GPT);
        assert_int_equal(partition_scan(w.reg, block_find(w.reg, "ram0p2")), -EINVAL);
        world_destroy(&w);
    }
}

/* --- damage to a GPT -------------------------------------------------------------------------- */

enum where { END, MBR, PRIMARY, BACKUP, ENTRY, BACKUP_ENTRY };
enum seal { NO = 0, HEADER = 1, ALL = 2 };

struct damage {
    const char *name;
    struct {
        enum where where;
        uint32_t offset; /* from the header, or from entry 0 */
        uint32_t len;
        uint64_t value;
    } patches[4];
    enum seal seal; /* mend the checksums of both tables afterwards */
    int scheme;
    unsigned partitions;
};

#define BOTH(off, len, value) { PRIMARY, off, len, value }, { BACKUP, off, len, value }
#define BOTH_ENTRY(off, len, value) { ENTRY, off, len, value }, { BACKUP_ENTRY, off, len, value }

static const struct damage damages[] = {
    { "primary header checksum", { { PRIMARY, 16, 1, 0x55 } }, NO, PARTITIONS_GPT_BACKUP, 2 },
    { "primary array checksum", { { ENTRY, 40, 1, 0x55 } }, NO, PARTITIONS_GPT_BACKUP, 2 },
    { "primary wiped", { { PRIMARY, 0, 8, 0 } }, NO, PARTITIONS_GPT_BACKUP, 2 },
    { "backup wiped", { { BACKUP, 0, 8, 0 } }, NO, PARTITIONS_GPT, 2 },
    { "both headers bad", { BOTH(16, 4, 0) }, NO, PARTITIONS_DAMAGED, 0 },
    { "both wiped", { BOTH(0, 8, 0) }, NO, PARTITIONS_DAMAGED, 0 },
    { "both arrays bad", { BOTH_ENTRY(40, 1, 0x55) }, NO, PARTITIONS_DAMAGED, 0 },
    { "my LBA wrong", { { PRIMARY, 24, 8, 2 } }, HEADER, PARTITIONS_GPT_BACKUP, 2 },
    { "entry size 0", { BOTH(84, 4, 0) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "entry size 64", { BOTH(84, 4, 64) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "entry size 192", { BOTH(84, 4, 192) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "entry size 2G", { BOTH(84, 4, 0x80000000) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "header size 91", { BOTH(12, 4, 91) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "header size huge", { BOTH(12, 4, 0xffffffff) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "revision 2", { BOTH(8, 4, 0x20000) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "entry count 0", { BOTH(80, 4, 0) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "entry count 7fffffff", { BOTH(80, 4, 0x7fffffff) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "entry count 1025", { BOTH(80, 4, 1025) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "array outside", { BOTH(72, 8, BLOCKS - 1) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "array at the end of 64 bits", { BOTH(72, 8, UINT64_MAX) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "array on the MBR", { BOTH(72, 8, 0) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "array on the header", { { PRIMARY, 72, 8, 1 } }, HEADER, PARTITIONS_GPT_BACKUP, 2 },
    { "usable range upside down", { BOTH(40, 8, BLOCKS) }, HEADER, PARTITIONS_DAMAGED, 0 },
    { "disk was larger", { { PRIMARY, 48, 8, BLOCKS * 2 } }, HEADER, PARTITIONS_GPT, 2 },
    { "no protective MBR", { { MBR, 450, 1, 0 } }, NO, PARTITIONS_GPT, 2 },
    { "MBR wiped", { { MBR, 450, 1, 0 }, { MBR, 510, 2, 0 } }, NO, PARTITIONS_GPT, 2 },
    { "hybrid MBR", { { MBR, 466, 1, 0x0c }, { MBR, 470, 4, 40 }, { MBR, 474, 4, 60 } }, NO,
      PARTITIONS_GPT, 2 },
    { "an MBR in use before an old GPT", { { MBR, 450, 1, 0x0c } }, NO, PARTITIONS_MBR, 1 },
    { "end before start", { BOTH_ENTRY(40, 8, 39) }, ALL, PARTITIONS_GPT, 1 },
    { "end outside", { BOTH_ENTRY(128 + 40, 8, BLOCKS) }, ALL, PARTITIONS_GPT, 1 },
    { "end at the end of 64 bits", { BOTH_ENTRY(128 + 40, 8, UINT64_MAX) }, ALL, PARTITIONS_GPT,
      1 },
    { "start in the table", { BOTH_ENTRY(32, 8, 3) }, ALL, PARTITIONS_GPT, 2 },
    { "start at 0", { BOTH_ENTRY(32, 8, 0) }, ALL, PARTITIONS_GPT, 2 },
    { "partitions overlap", { BOTH_ENTRY(40, 8, 150) }, ALL, PARTITIONS_GPT, 2 },
    { "type unused", { BOTH_ENTRY(0, 8, 0), BOTH_ENTRY(8, 8, 0) }, ALL, PARTITIONS_GPT, 1 },
    { "label of half surrogates", { BOTH_ENTRY(56, 8, 0xd800d800dc00d801) }, ALL, PARTITIONS_GPT,
      2 },
    { "label with an escape", { BOTH_ENTRY(56, 2, 0x1b) }, ALL, PARTITIONS_GPT, 2 },
};

static void apply(struct gpt_image *img, enum where where, uint32_t offset, uint32_t len,
                  uint64_t value)
{
    uint8_t *at = NULL;

    switch (where) {
    case MBR:
        at = img->bytes;
        break;
    case PRIMARY:
    case BACKUP:
        at = gpt_image_header(img, where == BACKUP);
        break;
    case ENTRY:
    case BACKUP_ENTRY:
        at = gpt_image_entry(img, where == BACKUP_ENTRY, 0);
        break;
    case END:
        return;
    }
    for (uint32_t i = 0; i < len; i++) {
        at[offset + i] = (uint8_t)(value >> (8 * i));
    }
}

static void test_damaged_gpt(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        const struct damage *d = &damages[i];
        struct block_dev *dev;
        struct world w;

        world_create(&w, 512);
        for (size_t j = 0; j < 4; j++) {
            apply(&w.img, d->patches[j].where, d->patches[j].offset, d->patches[j].len,
                  d->patches[j].value);
        }
        for (int backup = 0; d->seal != NO && backup < 2; backup++) {
            if (d->seal == ALL) {
                gpt_image_seal(&w.img, backup);
            } else {
                gpt_image_seal_header(&w.img, backup);
            }
        }
        int scheme = partition_scan(w.reg, w.dev);
        if (scheme != d->scheme || count_partitions(&w) != d->partitions) {
            fail_msg("%s: scheme %d with %u partitions, expected %d with %u", d->name, scheme,
                     count_partitions(&w), d->scheme, d->partitions);
        }
        for (unsigned j = 1; (dev = block_at(w.reg, j)); j++) {
            for (const char *c = block_info(dev)->part_label; *c; c++) {
                assert_true((uint8_t)*c >= ' ');
            }
        }
        world_destroy(&w);
    }
}

/* A table made for 512-byte blocks on a disk that now has 4096: nothing is added. */
static void test_other_block_size(void **state)
{
    struct world w;

    (void)state;
    world_create(&w, 4096);
    memset(w.img.bytes, 0, (size_t)BLOCKS * 4096);
    gpt_image_make(w.img.bytes, BLOCKS * 8, 512);
    assert_int_equal(partition_scan(w.reg, w.dev), PARTITIONS_DAMAGED);
    assert_int_equal(count_partitions(&w), 0);
    world_destroy(&w);
}

/* --- MBR -------------------------------------------------------------------------------------- */

static void put_mbr(struct world *w, uint64_t lba, unsigned slot, uint8_t type, uint32_t first,
                    uint32_t count)
{
    uint8_t *sector = w->img.bytes + lba * w->img.block_bytes;

    sector[446 + slot * 16 + 4] = type;
    store_le32(sector + 446 + slot * 16 + 8, first);
    store_le32(sector + 446 + slot * 16 + 12, count);
    store_le16(sector + 510, 0xaa55);
}

static void blank(struct world *w, uint32_t block_bytes)
{
    world_create(w, block_bytes);
    memset(w->img.bytes, 0, (size_t)BLOCKS * block_bytes);
}

static void test_mbr(void **state)
{
    struct world w;

    (void)state;
    blank(&w, 4096);
    put_mbr(&w, 0, 0, 0x0c, 10, 100);
    put_mbr(&w, 0, 1, 0x83, 110, 100);
    put_mbr(&w, 0, 2, 0x0f, 1000, 1000);
    put_mbr(&w, 1000, 0, 0x83, 5, 10);
    put_mbr(&w, 1000, 1, 0x05, 100, 100);
    put_mbr(&w, 1100, 0, 0x77, 5, 10);
    assert_int_equal(partition_scan(w.reg, w.dev), PARTITIONS_MBR);
    assert_int_equal(count_partitions(&w), 4);
    assert_string_equal(block_info(block_find(w.reg, "ram0p1"))->part_type, "FAT32 (LBA)");
    assert_int_equal(block_info(block_find(w.reg, "ram0p5"))->first_lba, 1005);
    assert_int_equal(block_info(block_find(w.reg, "ram0p6"))->first_lba, 1105);
    assert_string_equal(block_info(block_find(w.reg, "ram0p6"))->part_type, "type 77h");
    world_destroy(&w);
}

static void test_damaged_mbr(void **state)
{
    static const struct {
        const char *name;
        uint64_t lba;
        unsigned slot;
        uint8_t type;
        uint32_t first, count;
        int scheme;
        unsigned partitions;
    } cases[] = {
        { "reaches outside", 0, 1, 0x83, 2000, 49, PARTITIONS_MBR, 2 },
        { "starts outside", 0, 1, 0x83, BLOCKS, 1, PARTITIONS_MBR, 2 },
        { "starts at the end of 32 bits", 0, 1, 0x83, 0xffffffff, 0xffffffff, PARTITIONS_MBR, 2 },
        { "starts at 0", 0, 1, 0x83, 0, 10, PARTITIONS_MBR, 2 },
        { "empty", 0, 1, 0x83, 10, 0, PARTITIONS_MBR, 2 },
        { "overlaps", 0, 1, 0x83, 10, 100, PARTITIONS_MBR, 3 },
        { "extended table points to itself", 1000, 1, 0x05, 0, 1, PARTITIONS_MBR, 2 },
        { "circle of extended tables", 1100, 1, 0x05, 100, 1, PARTITIONS_MBR, 3 },
        { "extended table outside its partition", 1000, 1, 0x05, 1001, 1, PARTITIONS_MBR, 2 },
        { "extended table outside the disk", 1000, 1, 0x05, 0xfffffff0, 1, PARTITIONS_MBR, 2 },
        { "extended table missing", 1000, 1, 0x05, 200, 1, PARTITIONS_MBR, 2 },
        { "third entry of an extended table", 1000, 2, 0x83, 20, 10, PARTITIONS_MBR, 2 },
        { "logical partition outside", 1000, 0, 0x83, 5000, 10, PARTITIONS_MBR, 1 },
        { "extended partition at 0", 0, 1, 0x05, 0, 10, PARTITIONS_MBR, 2 },
        { "protective without a GPT", 0, 1, 0xee, 1, BLOCKS - 1, PARTITIONS_DAMAGED, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;

        blank(&w, 512);
        put_mbr(&w, 0, 0, 0x0c, 10, 100);
        put_mbr(&w, 0, 2, 0x0f, 1000, 1000);
        put_mbr(&w, 1000, 0, 0x83, 5, 10);
        if (cases[i].lba == 1100) {
            put_mbr(&w, 1000, 1, 0x05, 100, 100);
            put_mbr(&w, 1100, 0, 0x83, 5, 10);
        }
        put_mbr(&w, cases[i].lba, cases[i].slot, cases[i].type, cases[i].first, cases[i].count);
        int scheme = partition_scan(w.reg, w.dev);
        if (scheme != cases[i].scheme || count_partitions(&w) != cases[i].partitions) {
            fail_msg("%s: scheme %d with %u partitions, expected %d with %u", cases[i].name,
                     scheme, count_partitions(&w), cases[i].scheme, cases[i].partitions);
        }
        world_destroy(&w);
    }
}

/* A chain of extended tables without end is cut. */
static void test_endless_chain(void **state)
{
    struct world w;

    (void)state;
    blank(&w, 512);
    put_mbr(&w, 0, 0, 0x05, 10, 2000);
    for (uint32_t i = 0; i < 500; i++) {
        put_mbr(&w, 10 + 2 * i, 0, 0x83, 1, 1);
        put_mbr(&w, 10 + 2 * i, 1, 0x05, 2 * (i + 1), 2);
    }
    assert_int_equal(partition_scan(w.reg, w.dev), PARTITIONS_MBR);
    assert_int_equal(count_partitions(&w), 128);
    world_destroy(&w);
}

/* --- no table --------------------------------------------------------------------------------- */

static void test_superfloppy(void **state)
{
    struct world w;

    (void)state;
    blank(&w, 512);
    assert_int_equal(partition_scan(w.reg, w.dev), PARTITIONS_NONE); /* a blank disk */
    fat_image_make(w.img.bytes, 512);
    assert_int_equal(partition_scan(w.reg, w.dev), PARTITIONS_NONE);
    /* Boot code where the table would be; and an entry for the whole disk, from block 0. */
    memset(w.img.bytes + 446, 0x41, 64);
    assert_int_equal(partition_scan(w.reg, w.dev), PARTITIONS_NONE);
    memset(w.img.bytes + 446, 0, 64);
    put_mbr(&w, 0, 0, 0x0c, 0, BLOCKS);
    assert_int_equal(partition_scan(w.reg, w.dev), PARTITIONS_NONE);
    assert_int_equal(count_partitions(&w), 0);
    /* A boot loader that kept the parameters of a volume, before a real table. */
    put_mbr(&w, 0, 0, 0x0c, 100, 100);
    assert_int_equal(partition_scan(w.reg, w.dev), PARTITIONS_MBR);
    assert_int_equal(count_partitions(&w), 1);
    /* No valid status bytes and no volume: nothing. */
    memset(w.img.bytes, 0, 90);
    w.img.bytes[446] = 0x17;
    assert_int_equal(partition_scan(w.reg, w.dev), PARTITIONS_NONE);
    world_destroy(&w);
}

static void test_tiny_disks(void **state)
{
    (void)state;
    for (uint64_t blocks = 1; blocks < 8; blocks++) {
        struct world w;

        w.heap_before = heap_used_bytes();
        assert_int_equal(block_registry_create(&w.reg), 0);
        assert_int_equal(block_mem_create(w.reg, "ram0", blocks, 512, NULL, &w.dev), 0);
        uint8_t *data = block_mem_data(w.dev);
        data[450] = 0xee;
        store_le16(data + 510, 0xaa55);
        assert_int_equal(partition_scan(w.reg, w.dev), PARTITIONS_DAMAGED);
        world_destroy(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_gpt),    cmocka_unit_test(test_damaged_gpt),
        cmocka_unit_test(test_mbr),         cmocka_unit_test(test_other_block_size),
        cmocka_unit_test(test_damaged_mbr), cmocka_unit_test(test_endless_chain),
        cmocka_unit_test(test_superfloppy), cmocka_unit_test(test_tiny_disks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
