/*
 * drivers/block/block_mem.c - a disk in memory.
 */
#include "drivers/block/block.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

struct mem_disk {
    uint8_t *data;
    uint32_t block_bytes;
    bool armed;
    char serial[21]; /* empty: always armed */
};

static int mem_read(void *ctx, uint64_t lba, uint32_t count, void *buf)
{
    struct mem_disk *disk = ctx;

    memcpy(buf, disk->data + lba * disk->block_bytes, (size_t)count * disk->block_bytes);
    return 0;
}

static int mem_write(void *ctx, uint64_t lba, uint32_t count, const void *buf)
{
    struct mem_disk *disk = ctx;

    if (!disk->armed) {
        return -EROFS;
    }
    memcpy(disk->data + lba * disk->block_bytes, buf, (size_t)count * disk->block_bytes);
    return 0;
}

static int mem_arm(void *ctx, const char *serial)
{
    struct mem_disk *disk = ctx;

    if (disk->serial[0] != '\0' && strcmp(serial, disk->serial) != 0) {
        return -EINVAL;
    }
    disk->armed = true;
    return 0;
}

static void mem_disarm(void *ctx)
{
    struct mem_disk *disk = ctx;

    disk->armed = disk->serial[0] == '\0';
}

static bool mem_armed(void *ctx)
{
    const struct mem_disk *disk = ctx;

    return disk->armed;
}

static void mem_destroy(void *ctx)
{
    struct mem_disk *disk = ctx;

    heap_free(disk->data);
    heap_free(disk);
}

static const struct block_ops mem_ops = {
    .read = mem_read,
    .write = mem_write,
    .arm = mem_arm,
    .disarm = mem_disarm,
    .armed = mem_armed,
    .destroy = mem_destroy,
};

int block_mem_create(struct block_registry *reg, const char *name, uint64_t block_count,
                     uint32_t block_bytes, const char *serial, struct block_dev **out)
{
    struct block_info info = { .block_count = block_count, .block_bytes = block_bytes };
    int err = -EINVAL;

    *out = NULL;
    if (!str_copy(info.name, sizeof(info.name), name) ||
        (serial && !str_copy(info.serial, sizeof(info.serial), serial))) {
        return -EINVAL;
    }
    str_copy(info.model, sizeof(info.model), "RAM disk");
    struct mem_disk *disk = heap_alloc(1, sizeof(*disk));
    if (!disk) {
        return -ENOMEM;
    }
    str_copy(disk->serial, sizeof(disk->serial), info.serial);
    disk->block_bytes = block_bytes;
    disk->armed = disk->serial[0] == '\0';
    if (block_count == 0 || block_bytes == 0) {
        goto err_data;
    }
    disk->data = heap_alloc(block_count, block_bytes);
    if (!disk->data) {
        err = -ENOMEM;
        goto err_data;
    }
    err = block_add(reg, &info, &mem_ops, disk, out);
    if (err) {
        goto err_add;
    }
    return 0;

err_add:
    heap_free(disk->data);
err_data:
    heap_free(disk);
    return err;
}

void *block_mem_data(struct block_dev *dev)
{
    const struct block_ops *ops;
    struct mem_disk *disk = block_context(dev, &ops);

    assert(ops == &mem_ops);
    return disk->data;
}
