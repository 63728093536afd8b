/*
 * tests/unit/gpt_image.h - writes GUID partition tables into memory, and mends their checksums.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/crc32.h"

#define GPT_IMAGE_ENTRIES 128u

struct gpt_image {
    uint8_t *bytes;
    uint64_t blocks;
    uint32_t block_bytes;
};

static inline uint64_t gpt_image_array_blocks(const struct gpt_image *img)
{
    return GPT_IMAGE_ENTRIES * 128 / img->block_bytes;
}

static inline uint8_t *gpt_image_header(struct gpt_image *img, int backup)
{
    return img->bytes + (backup ? img->blocks - 1 : 1) * img->block_bytes;
}

/* The array of the primary or the backup table, where the header of a whole image says. */
static inline uint8_t *gpt_image_entry(struct gpt_image *img, int backup, unsigned index)
{
    uint64_t lba = backup ? img->blocks - 1 - gpt_image_array_blocks(img) : 2;

    return img->bytes + lba * img->block_bytes + index * 128;
}

/* Mends the checksum of the header alone, whatever its fields say. */
static inline void gpt_image_seal_header(struct gpt_image *img, int backup)
{
    uint8_t *header = gpt_image_header(img, backup);
    uint32_t len = load_le32(header + 12);

    if (len < 20 || len > img->block_bytes) {
        len = 92;
    }
    store_le32(header + 16, 0);
    store_le32(header + 16, crc32(0, header, len));
}

static inline void gpt_image_seal(struct gpt_image *img, int backup)
{
    store_le32(gpt_image_header(img, backup) + 88,
               crc32(0, gpt_image_entry(img, backup, 0), GPT_IMAGE_ENTRIES * 128));
    gpt_image_seal_header(img, backup);
}

static inline void gpt_image_put(struct gpt_image *img, unsigned index, uint64_t first,
                                 uint64_t last, const char *label)
{
    static const uint8_t efi_system[16] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                            0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };

    for (int backup = 0; backup < 2; backup++) {
        uint8_t *entry = gpt_image_entry(img, backup, index);

        memset(entry, 0, 128);
        memcpy(entry, efi_system, 16);
        memset(entry + 16, (int)index + 1, 16);
        store_le64(entry + 32, first);
        store_le64(entry + 40, last);
        for (unsigned i = 0; label[i] != '\0'; i++) {
            store_le16(entry + 56 + 2 * i, (uint8_t)label[i]);
        }
    }
}

/* A protective MBR and both tables with two partitions: [40, 99] "first" and [100, 199] "second".
 * bytes: zeroes; 512 blocks or more. */
static inline struct gpt_image gpt_image_make(uint8_t *bytes, uint64_t blocks,
                                              uint32_t block_bytes)
{
    struct gpt_image img = { .bytes = bytes, .blocks = blocks, .block_bytes = block_bytes };
    uint64_t array = gpt_image_array_blocks(&img);

    bytes[446 + 4] = 0xee;
    store_le32(bytes + 446 + 8, 1);
    store_le32(bytes + 446 + 12, (uint32_t)blocks - 1);
    store_le16(bytes + 510, 0xaa55);
    gpt_image_put(&img, 0, 40, 99, "first");
    gpt_image_put(&img, 1, 100, 199, "second");
    for (int backup = 0; backup < 2; backup++) {
        uint8_t *header = gpt_image_header(&img, backup);

        memcpy(header, "EFI PART", 8);
        store_le32(header + 8, 0x00010000);
        store_le32(header + 12, 92);
        store_le64(header + 24, backup ? blocks - 1 : 1);
        store_le64(header + 32, backup ? 1 : blocks - 1);
        store_le64(header + 40, 2 + array);
        store_le64(header + 48, blocks - 2 - array);
        memset(header + 56, 0x77, 16);
        store_le64(header + 72, backup ? blocks - 1 - array : 2);
        store_le32(header + 80, GPT_IMAGE_ENTRIES);
        store_le32(header + 84, 128);
        gpt_image_seal(&img, backup);
    }
    return img;
}
