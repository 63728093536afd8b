/*
 * tests/fuzz/fuzz_block_gpt.c - partition tables: the input is the disk.
 *
 * The first byte chooses the block size and whether the checksums of a GPT are mended, so that the
 * fuzzer gets past them; the rest is the start of the disk, and its tail the end.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "drivers/block/block.h"
#include "drivers/block/gpt.h"
#include "lib/bytes.h"
#include "lib/crc32.h"
#include "lib/string.h"

#define DISK_BYTES (128 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend(uint8_t *disk, uint32_t block_bytes, uint64_t lba)
{
    uint8_t *header = disk + lba * block_bytes;
    uint32_t header_bytes = load_le32(header + 12);
    uint64_t at = load_le64(header + 72);
    uint64_t len = (uint64_t)load_le32(header + 80) * load_le32(header + 84);

    if (at < DISK_BYTES / block_bytes && len <= DISK_BYTES - at * block_bytes) {
        store_le32(header + 88, crc32(0, disk + at * block_bytes, len));
    }
    if (header_bytes >= 92 && header_bytes <= block_bytes) {
        store_le32(header + 16, 0);
        store_le32(header + 16, crc32(0, header, header_bytes));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct block_registry *reg;
    struct block_dev *dev, *part;

    if (size < 1 || block_registry_create(&reg) != 0) {
        return 0;
    }
    uint32_t block_bytes = data[0] & 1 ? 4096 : 512;
    if (block_mem_create(reg, "ram0", DISK_BYTES / block_bytes, block_bytes, NULL, &dev) != 0) {
        abort();
    }
    uint8_t *disk = block_mem_data(dev);
    size_t len = MIN(size - 1, (size_t)DISK_BYTES);
    memcpy(disk, data + 1, len);
    if (data[0] & 4) { /* the input's last block is the disk's */
        size_t tail = MIN(len, (size_t)block_bytes);

        memcpy(disk + DISK_BYTES - block_bytes, data + 1 + len - tail, tail);
    }
    if (data[0] & 2) {
        mend(disk, block_bytes, 1);
        mend(disk, block_bytes, DISK_BYTES / block_bytes - 1);
    }
    int scheme = partition_scan(reg, dev);
    if (scheme < 0) {
        abort(); /* memory can always be read */
    }
    for (unsigned i = 1; (part = block_at(reg, i)); i++) {
        const struct block_info *info = block_info(part);

        if (info->first_lba + info->block_count > DISK_BYTES / block_bytes ||
            info->block_count == 0 || scheme == PARTITIONS_DAMAGED || scheme == PARTITIONS_NONE) {
            abort();
        }
    }
    block_registry_destroy(reg);
    return 0;
}
