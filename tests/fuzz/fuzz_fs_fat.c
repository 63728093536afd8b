/*
 * tests/fuzz/fuzz_fs_fat.c - FAT32 volumes: everything on them is listed and read.
 *
 * The input is a list of changes to a good volume: two bytes say where, in units that reach the
 * boot sector, the FAT and the directories, and one byte says what. So small inputs reach far.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/fat_image.h"

#include "fs/fs.h"
#include "lib/string.h"
#include "lib/utf8.h"

#define BLOCK_BYTES 512
#define MAX_DEPTH 6
#define MAX_READS 64 /* of an input; every chain is walked when it is opened anyway */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct fs *fs;
    unsigned reads;
    unsigned entries;
} run;

struct level {
    const char *path;
    unsigned depth;
};

static void read_file(const char *path)
{
    static uint8_t buf[70000];
    struct fs_file *file;
    size_t got;

    if (fs_open(run.fs, path, &file) != 0) {
        return;
    }
    if (fs_read(file, 0, buf, sizeof(buf), &got) == 0 &&
        got != MIN(fs_size(file), (uint64_t)sizeof(buf))) {
        abort();
    }
    if (fs_read(file, fs_size(file) / 2, buf, 600, &got) == 0 && got > 600) {
        abort();
    }
    fs_close(file);
}

static int visit(void *arg, const struct fs_entry *entry)
{
    const struct level *level = arg;
    char path[FS_PATH_BYTES];

    if (!utf8_is_valid(entry->name, strlen(entry->name)) || entry->name[0] == '\0' ||
        strchr(entry->name, '/')) {
        abort();
    }
    if (++run.entries > 3000) {
        return 1;
    }
    if (!str_copy(path, sizeof(path), level->path) || !str_append(path, sizeof(path), "/") ||
        !str_append(path, sizeof(path), entry->name)) {
        return 0;
    }
    if (run.reads++ < MAX_READS) {
        read_file(path);
    }
    if (entry->is_dir && level->depth < MAX_DEPTH) {
        struct level below = { .path = path, .depth = level->depth + 1 };

        if (fs_list(run.fs, path, visit, &below) == 1) {
            return 1;
        }
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct block_registry *reg;
    struct block_dev *dev;
    struct fs_probe probe;
    struct level root = { .path = "ram0:" };
    size_t disk_bytes = (size_t)FAT_IMAGE_SECTORS * BLOCK_BYTES;

    if (block_registry_create(&reg) != 0 ||
        block_mem_create(reg, "ram0", FAT_IMAGE_SECTORS, BLOCK_BYTES, NULL, &dev) != 0 ||
        fs_create(reg, &run.fs) != 0) {
        abort();
    }
    run.reads = 0;
    run.entries = 0;
    uint8_t *disk = block_mem_data(dev);
    fat_image_make(disk, BLOCK_BYTES);
    for (size_t i = 0; i + 3 <= size; i += 3) {
        size_t at = load_le16(data + i);

        if (at >= 0x1000) { /* beyond the boot sectors: the first FAT, then the clusters in use */
            at += FAT_IMAGE_RESERVED * BLOCK_BYTES - 0x1000;
        }
        disk[at % disk_bytes] = data[i + 2];
    }
    if (fs_probe(dev, &probe) != 0) {
        abort();
    }
    if (fs_list(run.fs, "ram0:/", visit, &root) == 0 && !probe.readable) {
        abort();
    }
    fs_destroy(run.fs);
    block_registry_destroy(reg);
    return 0;
}
