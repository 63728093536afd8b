/*
 * tests/unit/test_fs_fat.c - FAT32: good volumes, and every way we know to break one.
 *
 * Each row of the table of damage says what must come of it. The rule: the right bytes, or an
 * error; never wrong bytes, never a crash, never an endless walk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fat_image.h"

#include "fs/fs.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/out.h"
#include "lib/string.h"
#include "tests/model/host_heap.h"

struct world {
    size_t heap_before;
    struct block_registry *reg;
    struct block_dev *dev;
    struct fs *fs;
    struct fat_image img;
};

static void world_create(struct world *w, uint32_t device_block_bytes, uint32_t sector_bytes)
{
    uint64_t bytes = (uint64_t)FAT_IMAGE_SECTORS * sector_bytes;

    w->heap_before = heap_used_bytes();
    assert_int_equal(block_registry_create(&w->reg), 0);
    assert_int_equal(block_mem_create(w->reg, "ram0", bytes / device_block_bytes,
                                      device_block_bytes, NULL, &w->dev), 0);
    assert_int_equal(fs_create(w->reg, &w->fs), 0);
    w->img = fat_image_make(block_mem_data(w->dev), sector_bytes);
}

static void world_destroy(struct world *w)
{
    fs_destroy(w->fs);
    block_registry_destroy(w->reg);
    assert_int_equal(heap_used_bytes(), w->heap_before);
}

/* Reads a whole file in pieces of step bytes. Returns bytes or a negative errno. */
static int64_t read_all(struct fs *fs, const char *path, uint8_t *buf, size_t cap, size_t step)
{
    struct fs_file *file;
    size_t total = 0, got = 0;
    int err = fs_open(fs, path, &file);

    if (err) {
        return err;
    }
    do {
        size_t want = step < cap - total ? step : cap - total;

        err = want ? fs_read(file, total, buf + total, want, &got) : 0;
        if (!want) {
            break;
        }
        total += got;
    } while (!err && got == step);
    fs_close(file);
    return err ? err : (int64_t)total;
}

static int64_t check_big(struct fs *fs, size_t step)
{
    static uint8_t buf[16384];
    int64_t got = read_all(fs, "ram0:/BIG.BIN", buf, sizeof(buf), step);

    for (int64_t i = 0; i < got; i++) {
        if (buf[i] != fat_image_big_byte((uint32_t)i)) {
            fail_msg("wrong byte at %d, given out without an error", (int)i);
        }
    }
    return got;
}

struct names {
    unsigned count;
    char text[4096];
};

static int note_name(void *arg, const struct fs_entry *entry)
{
    struct names *names = arg;

    names->count++;
    str_append(names->text, sizeof(names->text), entry->name);
    str_append(names->text, sizeof(names->text), entry->is_dir ? "/|" : "|");
    return 0;
}

/* --- good volumes ----------------------------------------------------------------------------- */

static void check_good(struct world *w)
{
    struct names names = { 0 };
    struct fs_entry entry;
    uint8_t buf[600];

    assert_int_equal(fs_list(w->fs, "ram0:/", note_name, &names), 0);
    assert_string_equal(names.text, "README.TXT|" FAT_IMAGE_LFN "|BIG.BIN|SUB/|lower.txt|"
                                    "\xcf\x83KANJI.TXT|HIDDEN.SYS|LASTCL.BIN|" FAT_IMAGE_LONG "|");
    assert_int_equal(check_big(w->fs, 16384), FAT_IMAGE_BIG_BYTES);
    assert_int_equal(check_big(w->fs, 1), FAT_IMAGE_BIG_BYTES);
    assert_int_equal(check_big(w->fs, 511), FAT_IMAGE_BIG_BYTES);
    assert_int_equal(check_big(w->fs, 1024), FAT_IMAGE_BIG_BYTES);
    assert_int_equal(read_all(w->fs, "ram0:/sub/INNER.txt", buf, sizeof(buf), 600), 5);
    assert_memory_equal(buf, "inner", 5);
    assert_int_equal(read_all(w->fs, "ram0:/LASTCL.BIN", buf, sizeof(buf), 600), 512);
    assert_int_equal(buf[511], 0x5a);
    assert_int_equal(fs_stat(w->fs, "ram0:/readme.txt", &entry), 0);
    assert_int_equal(entry.size_bytes, 13);
    assert_int_equal(entry.modified.year, 2024);
    assert_int_equal(entry.modified.minute, 45);
    assert_int_equal(entry.modified.second, 30);
    assert_int_equal(fs_stat(w->fs, "ram0:/hidden.sys", &entry), 0);
    assert_true(entry.hidden && entry.system && entry.read_only);
    assert_int_equal(entry.modified.year, 0);
}

static void test_good(void **state)
{
    static const struct {
        uint32_t device, sector;
    } sizes[] = { { 512, 512 }, { 4096, 512 }, { 512, 4096 }, { 4096, 4096 }, { 1024, 2048 } };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct world w;

        world_create(&w, sizes[i].device, sizes[i].sector);
        check_good(&w);
        world_destroy(&w);
    }
}

/* The same volume with clusters of many sectors. */
static void test_cluster_sizes(void **state)
{
    static const struct {
        uint32_t device, sector, cluster;
    } sizes[] = { { 512, 512, 1024 }, { 4096, 512, 8192 }, { 512, 512, 65536 },
                  { 4096, 4096, 65536 } };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint32_t per_cluster = sizes[i].cluster / sizes[i].sector;
        struct world w;

        /* Every region grows by the same factor, so the volume keeps its shape. */
        world_create(&w, sizes[i].device, sizes[i].cluster);
        uint8_t *boot = fat_image_sector(&w.img, 0);
        store_le16(boot + 11, (uint16_t)sizes[i].sector);
        boot[13] = (uint8_t)per_cluster;
        store_le16(boot + 14, (uint16_t)(FAT_IMAGE_RESERVED * per_cluster));
        store_le32(boot + 32, FAT_IMAGE_SECTORS * per_cluster);
        store_le32(boot + 36, FAT_IMAGE_FAT_SECTORS * per_cluster);
        check_good(&w);
        world_destroy(&w);
    }
}

static void test_names(void **state)
{
    static const struct {
        const char *path;
        int err;
    } cases[] = {
        { "ram0:/", 0 },
        { "ram0:/README.TXT", 0 },
        { "ram0:/ReadMe.txt", 0 },
        { "ram0:/GR\xc3\x96\xc3\x9f" "E UND MA\xc3\x9f.TXT", 0 },
        { "ram0:/greund~1.txt", 0 },
        { "ram0:/A NAME THAT IS LONG ENOUGH TO CROSS CLUSTERS.TXT", 0 },
        { "ram0:/\xce\xa3KANJI.TXT", 0 },
        { "ram0:/Sub/deep", 0 },
        { "ram0:/README.TX", -ENOENT },
        { "ram0:/README.TXTX", -ENOENT },
        { "ram0:/sub/nothing", -ENOENT },
        { "ram0:/README.TXT/x", -ENOTDIR },
        { "ram0:/CARILLON", -ENOENT },
        { "ram1:/", -ENODEV },
        { "ram0", -EINVAL },
    };
    struct fs_entry entry;
    struct world w;

    (void)state;
    world_create(&w, 512, 512);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int err = fs_stat(w.fs, cases[i].path, &entry);

        if (err != cases[i].err) {
            fail_msg("%s: %d, expected %d", cases[i].path, err, cases[i].err);
        }
    }
    struct fs_file *file;
    assert_int_equal(fs_open(w.fs, "ram0:/SUB", &file), -EISDIR);
    assert_int_equal(fs_list(w.fs, "ram0:/README.TXT", note_name, &(struct names){ 0 }),
                     -ENOTDIR);
    world_destroy(&w);
}

/* --- damage ----------------------------------------------------------------------------------- */

enum where { END, BOOT, PRIMARY, FAT, FAT_FIRST, ROOT, SUB, RAW };

struct patch {
    enum where where;
    uint32_t index; /* cluster or entry */
    uint32_t offset;
    uint32_t len;
    uint32_t value;
};

#define ANY (-1000) /* whatever it is, it is no crash */

struct damage {
    const char *name;
    struct patch patches[4];
    int mount; /* of stat "/" */
    int list;  /* entries in the root, or a negative errno */
    int big;   /* 0: BIG.BIN reads right; or a negative errno */
    const char *path; /* one more path ... */
    int stat;         /* ... and what fs_list of it gives when it is a directory, else fs_open */
};

#define N FAT_IMAGE_ROOT_FILES
#define LAST FAT_IMAGE_LAST_CLUSTER
#define EOC 0x0fffffff

static const struct damage damages[] = {
    /* the boot sector; both copies unless said otherwise */
    { "no 55AA", { { BOOT, 0, 510, 2, 0 } }, 0, N, 0, NULL, 0 },
    { "no jump", { { BOOT, 0, 0, 1, 0 } }, -ENOTSUP, -ENOTSUP, -ENOTSUP, NULL, 0 },
    { "bytes per sector 0", { { BOOT, 0, 11, 2, 0 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "bytes per sector 513", { { BOOT, 0, 11, 2, 513 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "bytes per sector 256", { { BOOT, 0, 11, 2, 256 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "bytes per sector 8192", { { BOOT, 0, 11, 2, 8192 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "bytes per sector 4096", { { BOOT, 0, 11, 2, 4096 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "sectors per cluster 0", { { BOOT, 0, 13, 1, 0 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "sectors per cluster 3", { { BOOT, 0, 13, 1, 3 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "reserved 0", { { BOOT, 0, 14, 2, 0 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "no FATs", { { BOOT, 0, 16, 1, 0 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "255 FATs", { { BOOT, 0, 16, 1, 255 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "total 0", { { BOOT, 0, 32, 4, 0 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "total 4G", { { BOOT, 0, 32, 4, 0xffffffff } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "total smaller than the tables", { { BOOT, 0, 32, 4, 63 } }, -EPROTO, -EPROTO, -EPROTO,
      NULL, 0 },
    { "total one cluster larger than the device", { { BOOT, 0, 32, 4, 2049 } }, 0, N, 0, NULL,
      0 },
    { "FAT size 0", { { BOOT, 0, 36, 4, 0 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "FAT size huge", { { BOOT, 0, 36, 4, 0xffffffff } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "FAT size small", { { BOOT, 0, 36, 4, 1 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "root cluster 0", { { BOOT, 0, 44, 4, 0 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "root cluster 1", { { BOOT, 0, 44, 4, 1 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "root cluster outside", { { BOOT, 0, 44, 4, LAST + 1 } }, -EPROTO, -EPROTO, -EPROTO, NULL,
      0 },
    { "version 1.0", { { BOOT, 0, 42, 2, 0x100 } }, 0, N, 0, NULL, 0 },
    { "active FAT 3 of 2", { { BOOT, 0, 40, 2, 0x83 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "active FAT 1, FAT 0 damaged",
      { { BOOT, 0, 40, 2, 0x81 }, { FAT_FIRST, 10, 0, 4, 0 } }, 0, N, 0, NULL, 0 },
    { "FAT 0 damaged, FAT 1 not looked at", { { FAT_FIRST, 10, 0, 4, 0 } }, 0, N, -EPROTO, NULL,
      0 },
    { "root entries 512", { { BOOT, 0, 17, 2, 512 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "FSInfo sector 65535", { { BOOT, 0, 48, 2, 0xffff } }, 0, N, 0, NULL, 0 },
    { "hidden sectors wrong", { { BOOT, 0, 28, 4, 0xffffffff } }, 0, N, 0, NULL, 0 },
    { "media 0", { { BOOT, 0, 21, 1, 0 } }, 0, N, 0, NULL, 0 },
    { "primary damaged, backup good", { { PRIMARY, 0, 13, 1, 0 } }, 0, N, 0, NULL, 0 },
    { "primary blank", { { PRIMARY, 0, 0, 1, 0 }, { PRIMARY, 0, 11, 2, 0 } }, -ENOTSUP, -ENOTSUP,
      -ENOTSUP, NULL, 0 },
    { "exFAT by name", { { BOOT, 0, 3, 4, 0x41465845 }, { BOOT, 0, 7, 4, 0x20202054 } },
      -ENOTSUP, -ENOTSUP, -ENOTSUP, NULL, 0 },
    /* the FAT */
    { "FAT[0] bad", { { FAT, 0, 0, 4, 0 } }, 0, N, 0, NULL, 0 },
    { "FAT[1] dirty", { { FAT, 1, 0, 4, 0x03ffffff } }, 0, N, 0, NULL, 0 },
    { "chain to itself", { { FAT, 12, 0, 4, 12 } }, 0, N, -EPROTO, NULL, 0 },
    { "first cluster to itself", { { FAT, 10, 0, 4, 10 } }, 0, N, -EPROTO, NULL, 0 },
    { "chain in a circle", { { FAT, 16, 0, 4, 11 } }, 0, N, -EPROTO, NULL, 0 },
    { "last cluster back to the first", { { FAT, 30, 0, 4, 10 } }, 0, N, -EPROTO, NULL, 0 },
    { "root directory in a circle", { { FAT, 3, 0, 4, 2 } }, -EPROTO, -EPROTO, -EPROTO, NULL, 0 },
    { "chain to a free cluster", { { FAT, 12, 0, 4, 0 } }, 0, N, -EPROTO, NULL, 0 },
    { "chain to a bad cluster", { { FAT, 12, 0, 4, 0x0ffffff7 } }, 0, N, -EPROTO, NULL, 0 },
    { "chain to cluster 1", { { FAT, 12, 0, 4, 1 } }, 0, N, -EPROTO, NULL, 0 },
    { "chain outside", { { FAT, 12, 0, 4, LAST + 1 } }, 0, N, -EPROTO, NULL, 0 },
    { "chain far outside", { { FAT, 12, 0, 4, 0x0ffffff6 } }, 0, N, -EPROTO, NULL, 0 },
    { "upper four bits set", { { FAT, 12, 0, 4, 0xf0000014 } }, 0, N, 0, NULL, 0 },
    { "lowest end mark", { { FAT, 30, 0, 4, 0x0ffffff8 } }, 0, N, 0, NULL, 0 },
    { "chain shorter than the size", { { FAT, 12, 0, 4, EOC } }, 0, N, -EPROTO, NULL, 0 },
    { "chain longer than the size", { { FAT, 30, 0, 4, 50 }, { FAT, 50, 0, 4, EOC } }, 0, N, 0,
      NULL, 0 },
    { "two files in one chain", { { ROOT, ROOT_README, 26, 2, 10 } }, 0, N, 0, NULL, 0 },
    /* directory entries */
    { "size 4 GiB - 1", { { ROOT, ROOT_BIG, 28, 4, 0xffffffff } }, 0, N, -EPROTO, NULL, 0 },
    { "first cluster 0 with a size", { { ROOT, ROOT_BIG, 26, 2, 0 } }, 0, N, -EPROTO, NULL, 0 },
    { "first cluster 1", { { ROOT, ROOT_BIG, 26, 2, 1 } }, 0, N, -EPROTO, NULL, 0 },
    { "first cluster outside", { { ROOT, ROOT_BIG, 20, 2, 0x0fff } }, 0, N, -EPROTO, NULL, 0 },
    { "a cluster without a size", { { ROOT, ROOT_LOWER, 26, 2, 4 } }, 0, N, 0,
      "ram0:/lower.txt", 0 },
    { "file marked as directory", { { ROOT, ROOT_README, 11, 1, 0x10 } }, 0, N, 0,
      "ram0:/README.TXT", -EPROTO },
    { "directory marked as file", { { ROOT, ROOT_SUB, 11, 1, 0x20 } }, 0, N, 0, "ram0:/SUB", 0 },
    { "directory with a size", { { ROOT, ROOT_SUB, 28, 4, 0xffffffff } }, 0, N, 0, "ram0:/SUB",
      0 },
    { "directory without a cluster", { { ROOT, ROOT_SUB, 26, 2, 0 } }, 0, N, 0, "ram0:/SUB",
      -EPROTO },
    { "directory that is the root", { { ROOT, ROOT_SUB, 26, 2, 2 } }, 0, N, 0, "ram0:/SUB",
      -EPROTO },
    { "directory in itself", { { SUB, SUB_DEEP, 26, 2, 40 } }, 0, N, 0, "ram0:/SUB/DEEP",
      -EPROTO },
    { "directory in its child", { { RAW, 42 + 62, 2 * 32, 4, 0x20504f4c },
      { RAW, 42 + 62, 2 * 32 + 4, 4, 0x20202020 }, { RAW, 42 + 62, 2 * 32 + 8, 4, 0x10202020 },
      { RAW, 42 + 62, 2 * 32 + 26, 2, 40 } }, 0, N, 0, "ram0:/SUB/DEEP/LOP", -EPROTO },
    { "no \".\"", { { SUB, SUB_DOT, 0, 1, 0xe5 } }, 0, N, 0, "ram0:/SUB", 0 },
    { "no \".\" and no \"..\"", { { SUB, SUB_DOT, 0, 1, 0xe5 }, { SUB, SUB_DOT_DOT, 0, 1, 0xe5 } },
      0, N, 0, "ram0:/SUB", -EPROTO },
    { "\"..\" wrong", { { SUB, SUB_DOT_DOT, 26, 2, 999 } }, 0, N, 0, "ram0:/SUB/..", -ENOENT },
    { "two labels", { { ROOT, ROOT_HIDDEN, 11, 1, 0x08 } }, 0, N - 1, 0, NULL, 0 },
    { "all attributes", { { ROOT, ROOT_HIDDEN, 11, 1, 0x3f } }, 0, N - 1, 0, NULL, 0 },
    { "reserved attributes", { { ROOT, ROOT_HIDDEN, 11, 1, 0xe0 } }, 0, N, 0, NULL, 0 },
    { "names with control characters", { { ROOT, ROOT_README, 2, 1, 0x1b } }, 0, N, 0,
      "ram0:/RE_DME.TXT", 0 },
    { "name with a slash", { { ROOT, ROOT_README, 2, 1, '/' } }, 0, N, 0, "ram0:/RE_DME.TXT", 0 },
    { "name of a dot", { { ROOT, ROOT_HIDDEN, 0, 4, 0x2020202e } }, 0, N, 0, NULL, 0 },
    { "same name twice", { { ROOT, ROOT_HIDDEN, 0, 4, 0x20474942 },
      { ROOT, ROOT_HIDDEN, 4, 4, 0x20202020 }, { ROOT, ROOT_HIDDEN, 8, 3, 0x4e4942 } }, 0, N, 0,
      NULL, 0 },
    /* long names: a damaged one gives way to the short one */
    { "checksum wrong", { { ROOT, ROOT_LFN_SLOT1, 13, 1, 0 } }, 0, N, 0, "ram0:/GREUND~1.TXT",
      0 },
    { "checksum wrong in both", { { ROOT, ROOT_LFN_SLOT1, 13, 1, 0 },
      { ROOT, ROOT_LFN_SLOT2, 13, 1, 0 } }, 0, N, 0, "ram0:/" FAT_IMAGE_LFN, -ENOENT },
    { "order wrong", { { ROOT, ROOT_LFN_SLOT1, 0, 1, 3 } }, 0, N, 0, "ram0:/" FAT_IMAGE_LFN,
      -ENOENT },
    { "order 63", { { ROOT, ROOT_LFN_SLOT2, 0, 1, 0x7f } }, 0, N, 0, "ram0:/" FAT_IMAGE_LFN,
      -ENOENT },
    { "order 0", { { ROOT, ROOT_LFN_SLOT2, 0, 1, 0x40 } }, 0, N, 0, "ram0:/" FAT_IMAGE_LFN,
      -ENOENT },
    { "slot type 1", { { ROOT, ROOT_LFN_SLOT1, 12, 1, 1 } }, 0, N, 0, "ram0:/" FAT_IMAGE_LFN,
      -ENOENT },
    { "slot with a cluster", { { ROOT, ROOT_LFN_SLOT1, 26, 2, 9 } }, 0, N, 0,
      "ram0:/" FAT_IMAGE_LFN, 0 },
    { "slots without an entry", { { ROOT, ROOT_LFN, 0, 1, 0xe5 } }, 0, N - 1, 0, NULL, 0 },
    { "empty long name", { { ROOT, ROOT_LFN_SLOT1, 1, 2, 0 } }, 0, N, 0, "ram0:/" FAT_IMAGE_LFN,
      -ENOENT },
    { "half a surrogate", { { ROOT, ROOT_LFN_SLOT1, 1, 2, 0xd800 } }, 0, N, 0,
      "ram0:/GREUND~1.TXT", 0 },
    { "slash in a long name", { { ROOT, ROOT_LFN_SLOT1, 1, 2, '/' } }, 0, N, 0,
      "ram0:/GREUND~1.TXT", 0 },
    { "escape in a long name", { { ROOT, ROOT_LFN_SLOT1, 1, 2, 0x1b } }, 0, N, 0,
      "ram0:/GREUND~1.TXT", 0 },
    { "C1 control in a long name", { { ROOT, ROOT_LFN_SLOT1, 1, 2, 0x9b } }, 0, N, 0,
      "ram0:/GREUND~1.TXT", 0 },
    { "slot across clusters missing", { { ROOT, ROOT_LONG_SLOT1, 0, 1, 0xe5 } }, 0, N, 0,
      "ram0:/ANAMET~1.TXT", 0 },
    { "slots behind the end", { { ROOT, ROOT_README, 0, 1, 0 } }, 0, 0, -ENOENT, NULL, 0 },
};

static void store(uint8_t *at, uint32_t len, uint32_t value)
{
    for (uint32_t i = 0; i < len; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void apply(struct fat_image *img, const struct patch *patch)
{
    switch (patch->where) {
    case BOOT:
        store(fat_image_sector(img, FAT_IMAGE_BACKUP) + patch->offset, patch->len, patch->value);
        /* fall through */
    case PRIMARY:
        store(fat_image_sector(img, 0) + patch->offset, patch->len, patch->value);
        break;
    case FAT:
        fat_image_link(img, patch->index, patch->value);
        break;
    case FAT_FIRST:
        store_le32(fat_image_sector(img, FAT_IMAGE_RESERVED) + patch->index * 4, patch->value);
        break;
    case ROOT:
        store(fat_image_root(img, patch->index) + patch->offset, patch->len, patch->value);
        break;
    case SUB:
        store(fat_image_sub(img, patch->index) + patch->offset, patch->len, patch->value);
        break;
    case RAW:
        store(fat_image_sector(img, patch->index) + patch->offset, patch->len, patch->value);
        break;
    case END:
        break;
    }
}

static void expect(const char *name, const char *what, int64_t got, int wanted)
{
    if (wanted != ANY && got != wanted) {
        fail_msg("%s: %s gave %lld, expected %d", name, what, (long long)got, wanted);
    }
}

static int visit(struct fs *fs, const char *path)
{
    struct names names = { 0 };
    uint8_t buf[1024];
    struct fs_entry entry;
    int err = fs_stat(fs, path, &entry);

    if (err) {
        return err;
    }
    if (entry.is_dir) {
        return fs_list(fs, path, note_name, &names);
    }
    int64_t got = read_all(fs, path, buf, sizeof(buf), sizeof(buf));
    return got < 0 ? (int)got : 0;
}

static void test_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        const struct damage *d = &damages[i];
        struct names names = { 0 };
        struct fs_entry entry;
        struct world w;

        world_create(&w, 512, 512);
        for (size_t j = 0; j < 4; j++) {
            apply(&w.img, &d->patches[j]);
        }
        expect(d->name, "stat /", fs_stat(w.fs, "ram0:/", &entry), d->mount);
        int err = fs_list(w.fs, "ram0:/", note_name, &names);
        expect(d->name, "ls /", err ? err : (int)names.count, d->list);
        int64_t got = check_big(w.fs, 4096);
        expect(d->name, "reading BIG.BIN", got == FAT_IMAGE_BIG_BYTES ? 0 : got, d->big);
        if (d->path) {
            expect(d->name, d->path, visit(w.fs, d->path), d->stat);
        }
        struct fs_probe probe;
        expect(d->name, "probe", fs_probe(w.dev, &probe), 0);
        world_destroy(&w);
    }
}

/* A link that turns bad after the file was opened is noticed by the read that meets it. */
static void test_changed_while_open(void **state)
{
    static uint8_t buf[16384];
    struct fs_file *file;
    struct world w;
    size_t got;

    (void)state;
    world_create(&w, 512, 512);
    assert_int_equal(fs_open(w.fs, "ram0:/BIG.BIN", &file), 0);
    fat_image_link(&w.img, 12, EOC);
    /* The window of the FAT is in memory; looking at another volume's part would drop it. */
    fs_close(file);
    fs_forget(w.fs, w.dev);
    assert_int_equal(fs_open(w.fs, "ram0:/BIG.BIN", &file), -EPROTO);
    fat_image_link(&w.img, 12, 20);
    fs_forget(w.fs, w.dev);
    assert_int_equal(fs_open(w.fs, "ram0:/BIG.BIN", &file), 0);
    assert_int_equal(fs_read(file, 4000, buf, 16384, &got), 0);
    assert_int_equal(got, FAT_IMAGE_BIG_BYTES - 4000);
    assert_int_equal(buf[0], fat_image_big_byte(4000));
    assert_int_equal(fs_read(file, 10, buf, 5, &got), 0); /* backwards */
    assert_int_equal(buf[0], fat_image_big_byte(10));
    assert_int_equal(fs_read(file, FAT_IMAGE_BIG_BYTES, buf, 5, &got), 0);
    assert_int_equal(got, 0);
    fs_close(file);
    world_destroy(&w);
}

/* A directory as long as FAT allows, without an end mark, is listed; a longer one is refused. */
static void test_long_directory(void **state)
{
    struct names names = { 0 };
    struct world w;

    (void)state;
    world_create(&w, 512, 4096); /* 128 entries a cluster: 512 clusters are 65536 entries */
    for (uint32_t i = 0; i < 512; i++) {
        uint8_t *at = fat_image_cluster(&w.img, 100 + i);

        for (unsigned j = 0; j < 128; j++) {
            fat_image_entry(at + j * 32, "FILE    BIN", 0x20, 0, 0);
        }
        fat_image_link(&w.img, 100 + i, i == 511 ? EOC : 101 + i);
    }
    store_le32(fat_image_sector(&w.img, 0) + 44, 100);
    assert_int_equal(fs_list(w.fs, "ram0:/", note_name, &names), 0);
    assert_int_equal(names.count, 65536);
    fat_image_link(&w.img, 611, 612);
    fat_image_link(&w.img, 612, EOC);
    fat_image_entry(fat_image_cluster(&w.img, 612), "FILE    BIN", 0x20, 0, 0);
    fs_forget(w.fs, w.dev);
    assert_int_equal(fs_list(w.fs, "ram0:/", note_name, &names), -EPROTO);
    world_destroy(&w);
}

/* Names of 255 units, and of more. */
static void test_longest_name(void **state)
{
    char name[262], path[300];
    struct names names = { 0 };
    struct fs_entry entry;
    struct world w;

    (void)state;
    world_create(&w, 512, 4096);
    memset(name, 'n', sizeof(name));
    name[255] = '\0';
    uint8_t *entry_at = fat_image_cluster(&w.img, 2) + 60 * 32;
    for (unsigned i = ROOT_END; i < 60; i++) {
        fat_image_cluster(&w.img, 2)[i * 32] = 0xe5;
    }
    fat_image_entry(entry_at, "NNNNNN~1   ", 0x20, 0, 0);
    fat_image_long_ascii(entry_at, name);
    str_format(path, sizeof(path), "ram0:/%s", name);
    assert_int_equal(fs_stat(w.fs, path, &entry), 0);
    assert_string_equal(entry.name, name);
    name[255] = 'n';
    name[256] = '\0'; /* one more than a name may have */
    fat_image_long_ascii(entry_at, name);
    fs_forget(w.fs, w.dev);
    assert_int_equal(fs_stat(w.fs, path, &entry), -ENOENT);
    assert_int_equal(fs_stat(w.fs, "ram0:/nnnnnn~1", &entry), 0);
    assert_int_equal(fs_list(w.fs, "ram0:/", note_name, &names), 0);
    world_destroy(&w);
}

/* A volume cut off behind some cluster: what lies before can be read, the rest is refused. */
static void test_truncated_device(void **state)
{
    struct world w;
    struct block_dev *part;
    struct fs_file *file;
    struct fs_entry entry;

    (void)state;
    world_create(&w, 512, 512);
    struct block_info info = { .part_index = 1 };
    assert_int_equal(block_add_partition(w.reg, w.dev, 0, 1000, &info, &part), 0);
    assert_int_equal(fs_stat(w.fs, "ram0p1:/SUB/INNER.TXT", &entry), 0);
    assert_int_equal(fs_open(w.fs, "ram0p1:/LASTCL.BIN", &file), -EPROTO);
    info.part_index = 2;
    assert_int_equal(block_add_partition(w.reg, w.dev, 0, 64, &info, &part), 0);
    assert_int_equal(fs_stat(w.fs, "ram0p2:/", &entry), -EPROTO);
    world_destroy(&w);
}

/* Every n-th allocation failing is an error and nothing more. */
static void test_no_memory(void **state)
{
    struct fs_file *file;
    struct world w;
    unsigned n = 0;
    int err;

    (void)state;
    world_create(&w, 512, 512);
    do {
        host_heap_fail_at(++n);
        err = fs_open(w.fs, "ram0:/SUB/INNER.TXT", &file);
        host_heap_fail_at(0);
        fs_forget(w.fs, w.dev);
        assert_true(err == 0 || err == -ENOMEM);
        assert_true(n < 100);
        if (!err) {
            fs_close(file);
        }
    } while (err);
    assert_true(n > 4);
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),           cmocka_unit_test(test_names),
        cmocka_unit_test(test_cluster_sizes),
        cmocka_unit_test(test_damage),         cmocka_unit_test(test_changed_while_open),
        cmocka_unit_test(test_long_directory), cmocka_unit_test(test_longest_name),
        cmocka_unit_test(test_truncated_device), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
