/*
 * fs/fat32/boot.c - the boot sector: where everything of a FAT volume lies (FAT §3).
 */
#include "fs/fat32/fat32.h"

#include "lib/bitfield.h"
#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/printable.h"
#include "lib/string.h"

/* Offsets of the BIOS parameter block, with the names of FAT §3.1 to §3.3. */
#define BPB_BYTS_PER_SEC 11
#define BPB_SEC_PER_CLUS 13
#define BPB_RSVD_SEC_CNT 14
#define BPB_NUM_FATS 16
#define BPB_ROOT_ENT_CNT 17
#define BPB_TOT_SEC16 19
#define BPB_MEDIA 21
#define BPB_FAT_SZ16 22
#define BPB_TOT_SEC32 32
#define BPB_FAT_SZ32 36
#define BPB_EXT_FLAGS 40
#define BPB_ROOT_CLUS 44
#define BS_VOL_ID 39     /* FAT12, FAT16 */
#define BS_VOL_LAB 43
#define BS_FIL_SYS_TYPE 54
#define BS32_VOL_ID 67   /* FAT32 */
#define BS32_VOL_LAB 71
#define BS32_FIL_SYS_TYPE 82
#define BS_SIGNATURE 510

#define EXT_FLAGS_ACTIVE GENMASK64(3, 0) /* the FAT that counts ... */
#define EXT_FLAGS_SINGLE BIT64(7)        /* ... when only one does */

#define LABEL_BYTES 11
#define FAT12_MAX_CLUSTERS 4084
#define FAT16_MAX_CLUSTERS 65524
#define FAT32_MAX_CLUSTERS 0x0ffffff5 /* numbers from 0FFFFFF7h on have other meanings */
#define BACKUP_SECTOR 6 /* FAT §3.4; the field that names it is in the sector that is damaged */

const char *fat_kind_name(enum fat_kind kind)
{
    static const char *const names[] = { "FAT12", "FAT16", "FAT32" };

    return names[kind];
}

/* Enough of it looks like a FAT boot sector to call the rest damage. */
static bool claims_fat(const uint8_t *sector)
{
    bool named = memcmp(sector + BS_FIL_SYS_TYPE, "FAT", 3) == 0 ||
                 memcmp(sector + BS32_FIL_SYS_TYPE, "FAT32", 5) == 0;
    bool jumps = sector[0] == 0xeb || sector[0] == 0xe9;
    bool plausible = IS_POWER_OF_TWO(load_le16(sector + BPB_BYTS_PER_SEC)) &&
                     IS_POWER_OF_TWO(sector[BPB_SEC_PER_CLUS]) && sector[BPB_NUM_FATS] != 0 &&
                     sector[BPB_NUM_FATS] <= 2 && sector[BPB_MEDIA] >= 0xf0 &&
                     load_le16(sector + BPB_RSVD_SEC_CNT) != 0;

    return jumps && (named || (plausible && load_le16(sector + BS_SIGNATURE) == 0xaa55));
}

/* What is wrong with the fields that can be judged alone, or NULL. */
static const char *find_field_fault(const uint8_t *sector)
{
    uint16_t sector_bytes = load_le16(sector + BPB_BYTS_PER_SEC);

    if (!IS_POWER_OF_TWO(sector_bytes) || sector_bytes < 512 || sector_bytes > 4096) {
        return "its sector size is not 512, 1024, 2048 or 4096";
    }
    if (!IS_POWER_OF_TWO(sector[BPB_SEC_PER_CLUS])) {
        return "its number of sectors per cluster is not a power of two";
    }
    if (load_le16(sector + BPB_RSVD_SEC_CNT) == 0) {
        return "it has no reserved sectors, so the boot sector would lie in the FAT";
    }
    if (sector[BPB_NUM_FATS] == 0) {
        return "it has no file allocation table";
    }
    if (load_le16(sector + BPB_TOT_SEC16) == 0 && load_le32(sector + BPB_TOT_SEC32) == 0) {
        return "its total number of sectors is 0";
    }
    if (load_le16(sector + BPB_FAT_SZ16) == 0 && load_le32(sector + BPB_FAT_SZ32) == 0) {
        return "the size of its file allocation table is 0";
    }
    return NULL;
}

static void parse_label(const uint8_t *label, struct fat_boot *out)
{
    str_copy_field(out->label, sizeof(out->label), label, LABEL_BYTES);
    if (strcmp(out->label, "NO NAME") == 0) {
        out->label[0] = '\0';
    }
}

/* The fields that only FAT32 has. Returns what is wrong, or NULL. */
static const char *parse_fat32(const uint8_t *sector, struct fat_boot *out)
{
    uint16_t flags = load_le16(sector + BPB_EXT_FLAGS);

    out->root_cluster = load_le32(sector + BPB_ROOT_CLUS);
    out->volume_id = load_le32(sector + BS32_VOL_ID);
    parse_label(sector + BS32_VOL_LAB, out);
    if (out->root_entries != 0) {
        return "it has a fixed root directory, which FAT32 does not have";
    }
    if (out->cluster_count > FAT32_MAX_CLUSTERS) {
        return "it has more clusters than FAT32 can number";
    }
    if (out->root_cluster < 2 || out->root_cluster - 2 >= out->cluster_count) {
        return "its root directory lies outside the volume";
    }
    if (flags & EXT_FLAGS_SINGLE) {
        uint64_t active = FIELD_GET(EXT_FLAGS_ACTIVE, flags);

        if (active >= sector[BPB_NUM_FATS]) {
            return "the file allocation table it names as active does not exist";
        }
        out->fat_offset += active * out->fat_bytes;
    }
    return NULL;
}

/* Places the regions one after the other. Returns what is wrong, or NULL. */
static const char *lay_out(const uint8_t *sector, struct fat_boot *out)
{
    uint64_t total = load_le16(sector + BPB_TOT_SEC16);
    uint64_t fat_sectors = load_le16(sector + BPB_FAT_SZ16);
    bool fat32 = fat_sectors == 0;
    uint32_t entry_bits = 32;

    if (total == 0) {
        total = load_le32(sector + BPB_TOT_SEC32);
    }
    if (fat32) {
        fat_sectors = load_le32(sector + BPB_FAT_SZ32);
    }
    out->sector_bytes = load_le16(sector + BPB_BYTS_PER_SEC);
    out->cluster_bytes = out->sector_bytes * sector[BPB_SEC_PER_CLUS];
    out->root_entries = load_le16(sector + BPB_ROOT_ENT_CNT);
    out->total_bytes = total * out->sector_bytes;
    out->fat_offset = (uint64_t)load_le16(sector + BPB_RSVD_SEC_CNT) * out->sector_bytes;
    out->fat_bytes = fat_sectors * out->sector_bytes;
    out->root_offset = out->fat_offset + sector[BPB_NUM_FATS] * out->fat_bytes;
    out->data_offset = out->root_offset + ALIGN_UP((uint64_t)out->root_entries *
                                                   FAT_DIR_ENTRY_BYTES, out->sector_bytes);
    if (out->data_offset > out->total_bytes ||
        out->total_bytes - out->data_offset < out->cluster_bytes) {
        return "its tables leave no room for data";
    }

    uint64_t clusters = (out->total_bytes - out->data_offset) / out->cluster_bytes;
    out->cluster_count = (uint32_t)MIN(clusters, (uint64_t)UINT32_MAX);
    if (fat32) {
        out->kind = FAT_32;
    } else if (clusters <= FAT12_MAX_CLUSTERS) {
        out->kind = FAT_12;
        entry_bits = 12;
    } else if (clusters <= FAT16_MAX_CLUSTERS) {
        out->kind = FAT_16;
        entry_bits = 16;
    } else {
        return "it has more clusters than FAT16 can number";
    }
    if (out->fat_bytes * 8 / entry_bits < clusters + 2) {
        return "its file allocation table is too small for its clusters";
    }
    return NULL;
}

int fat_boot_parse(const uint8_t *sector, struct fat_boot *out, const char **why)
{
    *why = NULL;
    *out = (struct fat_boot){ 0 };
    if (!claims_fat(sector) || memcmp(sector + 3, "EXFAT   ", 8) == 0 ||
        memcmp(sector + 3, "NTFS    ", 8) == 0) {
        return -ENOTSUP;
    }
    *why = find_field_fault(sector);
    if (!*why) {
        *why = lay_out(sector, out);
    }
    if (!*why && out->kind == FAT_32) {
        *why = parse_fat32(sector, out);
    } else if (!*why) {
        out->volume_id = load_le32(sector + BS_VOL_ID);
        parse_label(sector + BS_VOL_LAB, out);
    }
    return *why ? -EPROTO : 0;
}

/* Looks for the copy of the boot sector that FAT32 keeps, at either sector size. */
static int read_backup(struct block_dev *dev, struct fat_boot *out, uint8_t *sector)
{
    static const uint32_t sizes[] = { 512, 4096, 1024, 2048 };
    const char *why;

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        int err = block_read_bytes(dev, (uint64_t)sizes[i] * BACKUP_SECTOR, FAT_BOOT_BYTES,
                                   sector);

        if (!err && fat_boot_parse(sector, out, &why) == 0 && out->kind == FAT_32 &&
            out->sector_bytes == sizes[i]) {
            return 0;
        }
    }
    return -EPROTO;
}

/* Clusters that the device does not have are taken away. */
static int fit_device(struct block_dev *dev, struct fat_boot *boot, bool quiet)
{
    const struct block_info *info = block_info(dev);
    uint64_t device_bytes = info->block_count * info->block_bytes;

    if (boot->total_bytes <= device_bytes) {
        return 0;
    }
    uint64_t root_end = boot->data_offset + boot->cluster_bytes;
    if (boot->kind == FAT_32) {
        root_end += (uint64_t)(boot->root_cluster - 2) * boot->cluster_bytes;
    }
    if (root_end > device_bytes) {
        if (!quiet) {
            log_error("%s: the %s volume says it has %llu bytes, and the device has only %llu",
                      info->name, fat_kind_name(boot->kind),
                      (unsigned long long)boot->total_bytes, (unsigned long long)device_bytes);
        }
        return -EPROTO;
    }
    boot->cluster_count = (uint32_t)((device_bytes - boot->data_offset) / boot->cluster_bytes);
    if (!quiet) {
        log_warn("%s: the %s volume says it has %llu bytes, and the device has only %llu: files "
                 "beyond that cannot be read", info->name, fat_kind_name(boot->kind),
                 (unsigned long long)boot->total_bytes, (unsigned long long)device_bytes);
    }
    return 0;
}

int fat_boot_read(struct block_dev *dev, struct fat_boot *out, bool quiet)
{
    uint8_t sector[FAT_BOOT_BYTES];
    const char *name = block_info(dev)->name;
    const char *why;
    int err = block_read_bytes(dev, 0, sizeof(sector), sector);

    if (err) {
        return err;
    }
    err = fat_boot_parse(sector, out, &why);
    if (err == -EPROTO) {
        err = read_backup(dev, out, sector);
        if (!quiet && err) {
            log_error("%s: the FAT boot sector is damaged: %s", name, why);
        } else if (!quiet) {
            log_warn("%s: the FAT boot sector is damaged: %s. Its backup copy is used", name,
                     why);
        }
    }
    return err ? err : fit_device(dev, out, quiet);
}
