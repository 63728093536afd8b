/*
 * drivers/block/mbr.c - the partition table of PC BIOSes as bytes.
 */
#include "drivers/block/mbr.h"

#include <stddef.h>

#include "lib/bytes.h"
#include "lib/compiler.h"
#include "lib/out.h"
#include "lib/string.h"

#define TABLE_OFFSET 446
#define ENTRY_BYTES 16
#define ENTRY_TYPE 4
#define ENTRY_FIRST_LBA 8
#define ENTRY_COUNT 12
#define SIGNATURE_OFFSET 510
#define SIGNATURE 0xaa55

#define STATUS_ACTIVE 0x80

static const struct {
    uint8_t type;
    const char *name;
} type_names[] = {
    { 0x01, "FAT12" },
    { 0x04, "FAT16 (small)" },
    { 0x05, "Extended" },
    { 0x06, "FAT16" },
    { 0x07, "NTFS, exFAT" },
    { 0x0b, "FAT32" },
    { 0x0c, "FAT32 (LBA)" },
    { 0x0e, "FAT16 (LBA)" },
    { 0x0f, "Extended (LBA)" },
    { 0x11, "Hidden FAT12" },
    { 0x1b, "Hidden FAT32" },
    { 0x27, "Windows recovery" },
    { 0x42, "Windows LDM" },
    { 0x82, "Linux swap" },
    { 0x83, "Linux" },
    { 0x85, "Linux extended" },
    { 0x8e, "Linux LVM" },
    { 0xa5, "FreeBSD" },
    { 0xa6, "OpenBSD" },
    { 0xa9, "NetBSD" },
    { 0xaf, "Apple HFS+" },
    { 0xee, "GPT protective" },
    { 0xef, "EFI system" },
    { 0xfd, "Linux RAID" },
};

static bool has_signature(const uint8_t *sector)
{
    return load_le16(sector + SIGNATURE_OFFSET) == SIGNATURE;
}

static void read_entries(const uint8_t *sector, struct mbr_entry out[MBR_SLOTS])
{
    for (unsigned i = 0; i < MBR_SLOTS; i++) {
        const uint8_t *entry = sector + TABLE_OFFSET + i * ENTRY_BYTES;

        out[i].status = entry[0];
        out[i].type = entry[ENTRY_TYPE];
        out[i].first_lba = load_le32(entry + ENTRY_FIRST_LBA);
        out[i].count = load_le32(entry + ENTRY_COUNT);
    }
}

/* A boot sector in the shape of FAT, exFAT or NTFS: a jump over a block of sane parameters. */
static bool is_volume(const uint8_t *sector)
{
    bool jumps = (sector[0] == 0xeb && sector[2] == 0x90) || sector[0] == 0xe9;

    if (!jumps) {
        return false;
    }
    if (memcmp(sector + 3, "EXFAT   ", 8) == 0 || memcmp(sector + 3, "NTFS    ", 8) == 0) {
        return true;
    }
    uint16_t sector_bytes = load_le16(sector + 11);
    return IS_POWER_OF_TWO(sector_bytes) && sector_bytes >= 512 && sector_bytes <= 4096 &&
           IS_POWER_OF_TWO(sector[13]) && load_le16(sector + 14) != 0 && sector[16] != 0 &&
           sector[21] >= 0xf0;
}

/* Every entry could be one. */
static bool is_table(const struct mbr_entry entries[MBR_SLOTS])
{
    for (unsigned i = 0; i < MBR_SLOTS; i++) {
        if (entries[i].status != 0 && entries[i].status != STATUS_ACTIVE) {
            return false;
        }
    }
    return true;
}

/* At least one entry is a partition that fits the disk, and none is nonsense. Code that stands
 * where the table would be does not pass. */
static bool is_convincing(const struct mbr_entry entries[MBR_SLOTS], uint64_t disk_blocks)
{
    unsigned used = 0;

    for (unsigned i = 0; i < MBR_SLOTS; i++) {
        const struct mbr_entry *entry = &entries[i];

        if (entry->type == 0) {
            continue;
        }
        if (entry->first_lba == 0 || entry->count == 0 || entry->first_lba >= disk_blocks) {
            return false;
        }
        used++;
    }
    return used > 0;
}

enum mbr_kind mbr_classify(const uint8_t *sector, uint64_t disk_blocks,
                           struct mbr_entry out[MBR_SLOTS])
{
    bool volume = is_volume(sector);

    read_entries(sector, out);
    if (!has_signature(sector) || !is_table(out)) {
        return volume ? MBR_VOLUME : MBR_NONE;
    }
    if (volume && !is_convincing(out, disk_blocks)) {
        return MBR_VOLUME;
    }
    for (unsigned i = 0; i < MBR_SLOTS; i++) {
        if (out[i].type == MBR_TYPE_PROTECTIVE) {
            return MBR_PROTECTIVE;
        }
    }
    return MBR_TABLE;
}

bool mbr_parse_extended(const uint8_t *sector, struct mbr_entry out[MBR_SLOTS])
{
    read_entries(sector, out);
    return has_signature(sector);
}

bool mbr_is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

void mbr_type_format(uint8_t type, char *buf, uint32_t cap)
{
    for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
        if (type_names[i].type == type) {
            str_copy(buf, cap, type_names[i].name);
            return;
        }
    }
    str_format(buf, cap, "type %02Xh", type);
}
