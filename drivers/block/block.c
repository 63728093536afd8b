/*
 * drivers/block/block.c - the registry of disks, and the checks every access passes.
 *
 * A partition keeps no ops of its own: it adds its first block and uses those of its disk. So one
 * gate per disk decides on ranges and on writing.
 */
#include "drivers/block/block.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/out.h"
#include "lib/string.h"

/* Blocks handed to a device in one call. Devices split further as they need. */
#define MAX_CALL_BLOCKS (UINT32_C(1) << 20)

struct block_dev {
    struct block_info info;
    struct block_dev *next;
    struct block_dev *disk; /* the whole disk; of a whole disk: itself */
    bool removed;           /* of the registry's removed ones */

    /* of whole disks */
    const struct block_ops *ops;
    void *ctx;
    uint8_t *edge; /* one block, for accesses that cover a block in part */
    enum partition_scheme scheme;
};

struct block_registry {
    struct block_dev *first;
    struct block_dev *removed; /* somebody may still hold them */
};

int block_registry_create(struct block_registry **out)
{
    *out = heap_alloc(1, sizeof(**out));
    return *out ? 0 : -ENOMEM;
}

static void free_list(struct block_dev *first)
{
    while (first) {
        struct block_dev *dev = first;

        first = dev->next;
        if (dev->disk == dev) {
            if (dev->ops->destroy) {
                dev->ops->destroy(dev->ctx);
            }
            heap_free(dev->edge);
        }
        heap_free(dev);
    }
}

void block_registry_destroy(struct block_registry *reg)
{
    if (reg) {
        free_list(reg->first);
        free_list(reg->removed);
        heap_free(reg);
    }
}

struct block_dev *block_at(struct block_registry *reg, unsigned index)
{
    struct block_dev *dev = reg->first;

    while (dev && index-- > 0) {
        dev = dev->next;
    }
    return dev;
}

struct block_dev *block_find(struct block_registry *reg, const char *name)
{
    if (str_starts_with(name, "/dev/")) {
        name += strlen("/dev/");
    }
    for (struct block_dev *dev = reg->first; dev; dev = dev->next) {
        if (strcmp(dev->info.name, name) == 0) {
            return dev;
        }
    }
    return NULL;
}

/* Puts dev behind every device of its disk, or at the end when it is a disk. */
static void insert(struct block_registry *reg, struct block_dev *dev)
{
    struct block_dev **link = &reg->first;
    struct block_dev **place = NULL;

    for (; *link; link = &(*link)->next) {
        if ((*link)->disk == dev->disk) {
            place = &(*link)->next;
        }
    }
    if (!place) {
        place = link;
    }
    dev->next = *place;
    *place = dev;
}

static bool is_name_ok(const char *name)
{
    size_t len = strnlen(name, BLOCK_NAME_BYTES);

    return len > 0 && len < BLOCK_NAME_BYTES && !strchr(name, ':') && !strchr(name, '/');
}

static bool is_geometry_ok(uint64_t block_count, uint32_t block_bytes)
{
    return IS_POWER_OF_TWO(block_bytes) && block_bytes >= 512 && block_bytes <= 65536 &&
           block_count > 0 && block_count <= UINT64_MAX / block_bytes;
}

int block_add(struct block_registry *reg, const struct block_info *info,
              const struct block_ops *ops, void *ctx, struct block_dev **out)
{
    *out = NULL;
    if (!is_name_ok(info->name) || !is_geometry_ok(info->block_count, info->block_bytes)) {
        return -EINVAL;
    }
    if (block_find(reg, info->name)) {
        return -EEXIST;
    }

    struct block_dev *dev = heap_alloc(1, sizeof(*dev));
    if (!dev) {
        return -ENOMEM;
    }
    dev->edge = heap_alloc(1, info->block_bytes);
    if (!dev->edge) {
        heap_free(dev);
        return -ENOMEM;
    }
    str_copy(dev->info.name, sizeof(dev->info.name), info->name);
    str_copy(dev->info.serial, sizeof(dev->info.serial), info->serial);
    str_copy(dev->info.model, sizeof(dev->info.model), info->model);
    dev->info.block_count = info->block_count;
    dev->info.block_bytes = info->block_bytes;
    dev->info.volatile_cache = info->volatile_cache;
    dev->disk = dev;
    dev->ops = ops;
    dev->ctx = ctx;
    insert(reg, dev);
    *out = dev;
    return 0;
}

int block_add_partition(struct block_registry *reg, struct block_dev *parent, uint64_t first_lba,
                        uint64_t count, const struct block_info *info, struct block_dev **out)
{
    const struct block_info *whole = &parent->info;
    char name[BLOCK_NAME_BYTES + 16];

    *out = NULL;
    if (parent->disk != parent || info->part_index == 0 || count == 0 ||
        first_lba >= whole->block_count || count > whole->block_count - first_lba) {
        return -EINVAL;
    }
    str_format(name, sizeof(name), "%sp%u", whole->name, info->part_index);
    if (strlen(name) >= BLOCK_NAME_BYTES) {
        return -EINVAL;
    }
    if (block_find(reg, name)) {
        return -EEXIST;
    }

    struct block_dev *dev = heap_alloc(1, sizeof(*dev));
    if (!dev) {
        return -ENOMEM;
    }
    dev->info = *whole;
    str_copy(dev->info.name, sizeof(dev->info.name), name);
    str_copy(dev->info.part_type, sizeof(dev->info.part_type), info->part_type);
    str_copy(dev->info.part_label, sizeof(dev->info.part_label), info->part_label);
    dev->info.part_index = info->part_index;
    dev->info.parent = parent;
    dev->info.first_lba = first_lba;
    dev->info.block_count = count;
    dev->disk = parent;
    insert(reg, dev);
    *out = dev;
    return 0;
}

void block_remove_partitions(struct block_registry *reg, struct block_dev *parent)
{
    struct block_dev **link = &reg->first;

    while (*link) {
        struct block_dev *dev = *link;

        if (dev->disk == parent && dev != parent) {
            *link = dev->next;
            heap_free(dev);
        } else {
            link = &dev->next;
        }
    }
}

void block_remove(struct block_registry *reg, struct block_dev *disk)
{
    struct block_dev **link = &reg->first;

    while (*link) {
        struct block_dev *dev = *link;

        if (dev->disk == disk) {
            *link = dev->next;
            dev->removed = true;
            dev->next = reg->removed;
            reg->removed = dev;
        } else {
            link = &dev->next;
        }
    }
}

/* In the place of the ops of a disk that was severed. */
static const struct block_ops severed_ops = {.read = NULL};

unsigned block_sever(struct block_registry *reg, const struct block_ops *ops,
                     bool (*mine)(void *ctx, const void *arg), const void *arg)
{
    unsigned count = 0;

    for (struct block_dev *dev = reg->first; dev;) {
        if (dev->disk == dev && dev->ops == ops && mine(dev->ctx, arg)) {
            block_remove(reg, dev);
            count++;
            dev = reg->first; /* its partitions stood behind it */
        } else {
            dev = dev->next;
        }
    }
    for (struct block_dev *dev = reg->removed; dev; dev = dev->next) {
        if (dev->disk != dev || dev->ops != ops || !mine(dev->ctx, arg)) {
            continue;
        }
        if (ops->destroy) {
            ops->destroy(dev->ctx);
        }
        dev->ops = &severed_ops;
        dev->ctx = NULL;
        heap_free(dev->edge);
        dev->edge = NULL;
    }
    return count;
}

int block_resize(struct block_registry *reg, struct block_dev *disk, uint64_t block_count)
{
    if (disk->disk != disk || !is_geometry_ok(block_count, disk->info.block_bytes)) {
        return -EINVAL;
    }
    block_remove_partitions(reg, disk);
    disk->info.block_count = block_count;
    return 0;
}

static bool is_armed(const struct block_dev *disk)
{
    return disk->ops->armed ? disk->ops->armed(disk->ctx) : !disk->removed;
}

const struct block_info *block_info(struct block_dev *dev)
{
    dev->info.armed = is_armed(dev->disk);
    return &dev->info;
}

void *block_context(struct block_dev *dev, const struct block_ops **ops)
{
    if (ops) {
        *ops = dev->disk->ops;
    }
    return dev->disk->ctx;
}

static bool is_inside(uint64_t first, uint64_t count, uint64_t end)
{
    return first <= end && count <= end - first;
}

int block_read(struct block_dev *dev, uint64_t lba, uint64_t count, void *buf)
{
    struct block_dev *disk = dev->disk;
    uint8_t *bytes = buf;

    if (count == 0 || !is_inside(lba, count, dev->info.block_count)) {
        return -EINVAL;
    }
    if (dev->removed) {
        return -ENXIO;
    }
    while (count > 0) {
        uint32_t part = (uint32_t)MIN(count, (uint64_t)MAX_CALL_BLOCKS);
        int err = disk->ops->read(disk->ctx, dev->info.first_lba + lba, part, bytes);

        if (err) {
            return err;
        }
        lba += part;
        count -= part;
        bytes += (size_t)part * dev->info.block_bytes;
    }
    return 0;
}

int block_write(struct block_dev *dev, uint64_t lba, uint64_t count, const void *buf)
{
    struct block_dev *disk = dev->disk;
    const uint8_t *bytes = buf;

    if (count == 0 || !is_inside(lba, count, dev->info.block_count)) {
        return -EINVAL;
    }
    if (dev->removed) {
        return -ENXIO;
    }
    if (!is_armed(disk)) {
        return -EROFS;
    }
    while (count > 0) {
        uint32_t part = (uint32_t)MIN(count, (uint64_t)MAX_CALL_BLOCKS);
        int err = disk->ops->write(disk->ctx, dev->info.first_lba + lba, part, bytes);

        if (err) {
            return err;
        }
        lba += part;
        count -= part;
        bytes += (size_t)part * dev->info.block_bytes;
    }
    return 0;
}

/* Part of one block, from byte at on: reads it into dst, or replaces it by src. */
static int access_edge(struct block_dev *dev, uint64_t lba, size_t at, size_t len, uint8_t *dst,
                       const uint8_t *src)
{
    uint8_t *edge = dev->disk->edge;
    int err = block_read(dev, lba, 1, edge);

    if (err) {
        return err;
    }
    if (dst) {
        memcpy(dst, edge + at, len);
        return 0;
    }
    assert(src);
    memcpy(edge + at, src, len);
    return block_write(dev, lba, 1, edge);
}

/* Exactly one of dst and src is set. */
static int access_bytes(struct block_dev *dev, uint64_t offset, size_t len, uint8_t *dst,
                        const uint8_t *src)
{
    uint32_t block_bytes = dev->info.block_bytes;

    if (!is_inside(offset, len, dev->info.block_count * block_bytes)) {
        return -EINVAL;
    }
    if (src && !dev->removed && !is_armed(dev->disk)) {
        return -EROFS;
    }
    while (len > 0) {
        uint64_t lba = offset / block_bytes;
        size_t at = (size_t)(offset % block_bytes);
        size_t part;
        int err;

        if (at != 0 || len < block_bytes) {
            part = MIN(len, block_bytes - at);
            err = access_edge(dev, lba, at, part, dst, src);
        } else {
            part = len - len % block_bytes;
            err = dst ? block_read(dev, lba, part / block_bytes, dst)
                      : block_write(dev, lba, part / block_bytes, src);
        }
        if (err) {
            return err;
        }
        offset += part;
        len -= part;
        dst = dst ? dst + part : NULL;
        src = src ? src + part : NULL;
    }
    return 0;
}

int block_read_bytes(struct block_dev *dev, uint64_t offset, size_t len_bytes, void *buf)
{
    return access_bytes(dev, offset, len_bytes, buf, NULL);
}

int block_write_bytes(struct block_dev *dev, uint64_t offset, size_t len_bytes, const void *buf)
{
    return access_bytes(dev, offset, len_bytes, NULL, buf);
}

int block_flush(struct block_dev *dev)
{
    struct block_dev *disk = dev->disk;

    if (dev->removed) {
        return -ENXIO;
    }
    return disk->ops->flush ? disk->ops->flush(disk->ctx) : 0;
}

int block_arm(struct block_dev *dev, const char *serial)
{
    struct block_dev *disk = dev->disk;

    if (dev->removed) {
        return -ENXIO;
    }
    return disk->ops->arm ? disk->ops->arm(disk->ctx, serial) : 0;
}

void block_disarm(struct block_dev *dev)
{
    struct block_dev *disk = dev->disk;

    if (disk->ops->disarm) {
        disk->ops->disarm(disk->ctx);
    }
}

enum partition_scheme partition_scheme(struct block_dev *disk)
{
    return disk->disk->scheme;
}

void partition_note_scheme(struct block_dev *disk, enum partition_scheme scheme)
{
    disk->disk->scheme = scheme;
}
