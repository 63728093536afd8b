/*
 * tests/unit/fat_image.h - makes a small FAT32 volume in memory, byte by byte, with something of
 * everything on it: short, long, lower-case and national names, a file in pieces, directories.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "lib/bytes.h"

#define FAT_IMAGE_SECTORS 2048u
#define FAT_IMAGE_RESERVED 32u
#define FAT_IMAGE_FAT_SECTORS 16u
#define FAT_IMAGE_BACKUP 6u
#define FAT_IMAGE_DATA (FAT_IMAGE_RESERVED + 2 * FAT_IMAGE_FAT_SECTORS) /* sector of cluster 2 */
#define FAT_IMAGE_CLUSTERS (FAT_IMAGE_SECTORS - FAT_IMAGE_DATA)
#define FAT_IMAGE_LAST_CLUSTER (FAT_IMAGE_CLUSTERS + 1)

/* Entries of the root directory. */
enum {
    ROOT_LABEL, ROOT_README, ROOT_LFN_SLOT2, ROOT_LFN_SLOT1, ROOT_LFN, ROOT_BIG, ROOT_SUB,
    ROOT_LOWER, ROOT_KANJI, ROOT_DELETED, ROOT_HIDDEN, ROOT_LAST, ROOT_LONG_SLOT4,
    ROOT_LONG_SLOT1 = ROOT_LONG_SLOT4 + 3, ROOT_LONG, ROOT_END
};
/* Entries of SUB. */
enum { SUB_DOT, SUB_DOT_DOT, SUB_INNER, SUB_DEEP, SUB_END };

#define FAT_IMAGE_ROOT_FILES 9
#define FAT_IMAGE_BIG_BYTES (9 * 512 + 100)
#define FAT_IMAGE_LFN "Gr\xc3\xb6\xc3\x9f" "e und Ma\xc3\x9f.txt"
#define FAT_IMAGE_LONG "a name that is long enough to cross clusters.txt"

static const uint16_t fat_image_big_chain[] = { 10, 11, 12, 20, 21, 22, 15, 16, 17, 30 };
#define FAT_IMAGE_BIG_CLUSTERS 10u

struct fat_image {
    uint8_t *bytes;
    uint32_t sector_bytes;
};

static inline uint8_t *fat_image_sector(struct fat_image *img, uint32_t sector)
{
    return img->bytes + (size_t)sector * img->sector_bytes;
}

static inline uint8_t *fat_image_cluster(struct fat_image *img, uint32_t cluster)
{
    return fat_image_sector(img, FAT_IMAGE_DATA + cluster - 2);
}

/* Sets an entry in both FATs. */
static inline void fat_image_link(struct fat_image *img, uint32_t cluster, uint32_t value)
{
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t *fat = fat_image_sector(img, FAT_IMAGE_RESERVED + i * FAT_IMAGE_FAT_SECTORS);

        store_le32(fat + cluster * 4, value);
    }
}

/* Entry index of the root directory, which lies in clusters 2 and 3, side by side. */
static inline uint8_t *fat_image_root(struct fat_image *img, unsigned index)
{
    return fat_image_cluster(img, 2) + index * 32;
}

static inline uint8_t *fat_image_sub(struct fat_image *img, unsigned index)
{
    return fat_image_cluster(img, 40) + index * 32;
}

static inline void fat_image_entry(uint8_t *entry, const char *name, uint8_t attr,
                                   uint32_t cluster, uint32_t size)
{
    memcpy(entry, name, 11);
    entry[11] = attr;
    store_le16(entry + 20, (uint16_t)(cluster >> 16));
    store_le16(entry + 22, 13 << 11 | 45 << 5 | 15); /* 13:45:30 */
    store_le16(entry + 24, (2024 - 1980) << 9 | 5 << 5 | 17);
    store_le16(entry + 26, (uint16_t)cluster);
    store_le32(entry + 28, size);
}

static inline uint8_t fat_image_checksum(const uint8_t *name)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < 11; i++) {
        sum = (uint8_t)(((sum & 1) ? 0x80 : 0) + (sum >> 1) + name[i]);
    }
    return sum;
}

/* Writes the slots of a long name of len units in front of the short entry. */
static inline void fat_image_long_name(uint8_t *short_entry, const uint16_t *units, unsigned len)
{
    static const uint8_t offsets[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
    unsigned slots = (len + 12) / 13;

    for (unsigned slot = 1; slot <= slots; slot++) {
        uint8_t *entry = short_entry - slot * 32;

        memset(entry, 0, 32);
        entry[0] = (uint8_t)(slot | (slot == slots ? 0x40 : 0));
        entry[11] = 0x0f;
        entry[13] = fat_image_checksum(short_entry);
        for (unsigned i = 0; i < 13; i++) {
            unsigned at = (slot - 1) * 13 + i;

            store_le16(entry + offsets[i], at < len ? units[at] : at == len ? 0 : 0xffff);
        }
    }
}

static inline void fat_image_long_ascii(uint8_t *short_entry, const char *name)
{
    uint16_t units[260];
    unsigned len = 0;

    for (; name[len] != '\0'; len++) {
        units[len] = (uint8_t)name[len];
    }
    fat_image_long_name(short_entry, units, len);
}

static inline uint8_t fat_image_big_byte(uint32_t at)
{
    return (uint8_t)(at * 7 + at / 512);
}

static inline void fat_image_boot(struct fat_image *img, uint8_t *boot)
{
    boot[0] = 0xeb;
    boot[1] = 0x58;
    boot[2] = 0x90;
    memcpy(boot + 3, "CARTEST ", 8);
    store_le16(boot + 11, (uint16_t)img->sector_bytes);
    boot[13] = 1;
    store_le16(boot + 14, FAT_IMAGE_RESERVED);
    boot[16] = 2;
    boot[21] = 0xf8;
    store_le32(boot + 32, FAT_IMAGE_SECTORS);
    store_le32(boot + 36, FAT_IMAGE_FAT_SECTORS);
    store_le32(boot + 44, 2);
    store_le16(boot + 48, 1);
    store_le16(boot + 50, FAT_IMAGE_BACKUP);
    boot[66] = 0x29;
    store_le32(boot + 67, 0x2a3b4c5d);
    memcpy(boot + 71, "OLDLABEL   FAT32   ", 19);
    store_le16(boot + 510, 0xaa55);
}

static inline void fat_image_fill_root(struct fat_image *img)
{
    static const uint16_t national[] = { 'G', 'r', 0xf6, 0xdf, 'e', ' ', 'u', 'n', 'd', ' ', 'M',
                                         'a', 0xdf, '.', 't', 'x', 't' };

    fat_image_entry(fat_image_root(img, ROOT_LABEL), "CARILLON   ", 0x08, 0, 0);
    fat_image_entry(fat_image_root(img, ROOT_README), "README  TXT", 0x20, 4, 13);
    fat_image_entry(fat_image_root(img, ROOT_LFN), "GREUND~1TXT", 0x20, 5, 3);
    fat_image_long_name(fat_image_root(img, ROOT_LFN), national, 17);
    fat_image_entry(fat_image_root(img, ROOT_BIG), "BIG     BIN", 0x20, 10, FAT_IMAGE_BIG_BYTES);
    fat_image_entry(fat_image_root(img, ROOT_SUB), "SUB        ", 0x10, 40, 0);
    fat_image_entry(fat_image_root(img, ROOT_LOWER), "LOWER   TXT", 0x20, 0, 0);
    fat_image_root(img, ROOT_LOWER)[12] = 0x18;
    fat_image_entry(fat_image_root(img, ROOT_KANJI), "\x05KANJI  TXT", 0x20, 0, 0);
    fat_image_entry(fat_image_root(img, ROOT_DELETED), "\xe5GONE   TXT", 0x20, 4, 13);
    fat_image_entry(fat_image_root(img, ROOT_HIDDEN), "HIDDEN  SYS", 0x07, 0, 0);
    store_le16(fat_image_root(img, ROOT_HIDDEN) + 24, 0);
    fat_image_entry(fat_image_root(img, ROOT_LAST), "LASTCL  BIN", 0x20, FAT_IMAGE_LAST_CLUSTER,
                    512);
    fat_image_entry(fat_image_root(img, ROOT_LONG), "ANAMET~1TXT", 0x20, 4, 13);
    fat_image_long_ascii(fat_image_root(img, ROOT_LONG), FAT_IMAGE_LONG);
}

/* bytes: FAT_IMAGE_SECTORS * sector_bytes zeroes. sector_bytes: 512, or a larger power of two (the
 * file BIG.BIN then has unused clusters behind its end). */
static inline struct fat_image fat_image_make(uint8_t *bytes, uint32_t sector_bytes)
{
    struct fat_image img = { .bytes = bytes, .sector_bytes = sector_bytes };

    fat_image_boot(&img, fat_image_sector(&img, 0));
    fat_image_boot(&img, fat_image_sector(&img, FAT_IMAGE_BACKUP));
    fat_image_link(&img, 0, 0x0ffffff8);
    fat_image_link(&img, 1, 0x0fffffff);
    fat_image_link(&img, 2, 3);
    fat_image_link(&img, 3, 0x0fffffff);
    fat_image_link(&img, 4, 0x0ffffff8);
    fat_image_link(&img, 5, 0x0fffffff);
    fat_image_link(&img, 40, 0x0fffffff);
    fat_image_link(&img, 41, 0x0fffffff);
    fat_image_link(&img, 42, 0x0fffffff);
    fat_image_link(&img, FAT_IMAGE_LAST_CLUSTER, 0x0fffffff);
    for (unsigned i = 0; i < FAT_IMAGE_BIG_CLUSTERS; i++) {
        fat_image_link(&img, fat_image_big_chain[i],
                       i + 1 < FAT_IMAGE_BIG_CLUSTERS ? fat_image_big_chain[i + 1] : 0x0fffffff);
    }
    for (uint32_t i = 0; i < FAT_IMAGE_BIG_BYTES; i++) {
        uint32_t cluster = fat_image_big_chain[i / sector_bytes];

        fat_image_cluster(&img, cluster)[i % sector_bytes] = fat_image_big_byte(i);
    }
    fat_image_fill_root(&img);
    memcpy(fat_image_cluster(&img, 4), "Hello, world\n", 13);
    memcpy(fat_image_cluster(&img, 5), "abc", 3);
    memset(fat_image_cluster(&img, FAT_IMAGE_LAST_CLUSTER), 0x5a, sector_bytes);
    fat_image_entry(fat_image_sub(&img, SUB_DOT), ".          ", 0x10, 40, 0);
    fat_image_entry(fat_image_sub(&img, SUB_DOT_DOT), "..         ", 0x10, 0, 0);
    fat_image_entry(fat_image_sub(&img, SUB_INNER), "INNER   TXT", 0x20, 41, 5);
    fat_image_entry(fat_image_sub(&img, SUB_DEEP), "DEEP       ", 0x10, 42, 0);
    memcpy(fat_image_cluster(&img, 41), "inner", 5);
    fat_image_entry(fat_image_cluster(&img, 42), ".          ", 0x10, 42, 0);
    fat_image_entry(fat_image_cluster(&img, 42) + 32, "..         ", 0x10, 40, 0);
    return img;
}
