/*
 * fs/probe.c - what lies on a device, told by the marks that formats leave at fixed places.
 */
#include "fs/fs.h"

#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/out.h"
#include "lib/printable.h"
#include "lib/string.h"

#include "fs/fat32/fat32.h"

#define HEAD_BYTES 4096
#define UUID_BYTES 16

/* Formats told by bytes at one place. The first that matches counts. Zeroes: no label, no UUID. */
static const struct mark {
    uint32_t offset;        /* of the mark, from the start of the device */
    const char *bytes;
    uint8_t len;
    uint8_t label_len;
    uint32_t label_offset;
    uint32_t uuid_offset;   /* 16 raw bytes */
    const char *type;
} marks[] = {
    { 0, "LUKS\xba\xbe", 6, 0, 0, 0, "LUKS" },
    { 3, "-FVE-FS-", 8, 0, 0, 0, "BitLocker" },
    { 0, "XFSB", 4, 12, 108, 32, "XFS" },
    { 32, "NXSB", 4, 0, 0, 72, "APFS" },
    { 1024, "H+", 2, 0, 0, 0, "HFS+" },
    { 1024, "\x10\x20\xf5\xf2", 4, 0, 0, 1132, "F2FS" },
    { 0, "hsqs", 4, 0, 0, 0, "squashfs" },
    { 4086, "SWAPSPACE2", 10, 16, 1052, 1036, "swap" },
    { 65600, "_BHRfS_M", 8, 64, 65835, 65568, "btrfs" },
    { 4096, "\xfc\x4e\x2b\xa9", 4, 32, 4128, 4112, "Linux RAID" },
    { 32769, "CD001", 5, 32, 32808, 0, "ISO9660" },
};

/* The ext superblock, at byte 1024. */
#define EXT_SUPERBLOCK 1024
#define EXT_MAGIC 56
#define EXT_COMPAT 92
#define EXT_INCOMPAT 96
#define EXT_RO_COMPAT 100
#define EXT_UUID 104
#define EXT_LABEL 120
#define EXT_MAGIC_VALUE 0xef53
#define EXT_COMPAT_JOURNAL 0x4
#define EXT3_INCOMPAT 0x16   /* file types, recovery, meta block groups */
#define EXT3_RO_COMPAT 0x7   /* sparse superblocks, large files, B-tree directories */

#define FAT_DIR_LABEL 0x08
#define FAT_DIR_LONG 0x0f

static void format_uuid(const uint8_t *raw, char *buf, size_t cap)
{
    if (mem_is_zero(raw, UUID_BYTES)) {
        return;
    }
    str_format(buf, cap, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
               raw[0], raw[1], raw[2], raw[3], raw[4], raw[5], raw[6], raw[7], raw[8], raw[9],
               raw[10], raw[11], raw[12], raw[13], raw[14], raw[15]);
}

static int probe_marks(struct block_dev *dev, const uint8_t *head, struct fs_probe *out)
{
    const struct block_info *info = block_info(dev);
    uint64_t device_bytes = info->block_count * info->block_bytes;

    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        const struct mark *mark = &marks[i];
        uint8_t bytes[64];

        if (device_bytes < HEAD_BYTES + 65536 && mark->offset >= HEAD_BYTES) {
            continue;
        }
        if (mark->offset < HEAD_BYTES) {
            memcpy(bytes, head + mark->offset, mark->len);
        } else {
            int err = block_read_bytes(dev, mark->offset, mark->len, bytes);

            if (err) {
                return err;
            }
        }
        if (memcmp(bytes, mark->bytes, mark->len) != 0) {
            continue;
        }
        str_copy(out->type, sizeof(out->type), mark->type);
        if (mark->label_offset != 0) {
            int err = block_read_bytes(dev, mark->label_offset, mark->label_len, bytes);

            if (err) {
                return err;
            }
            str_copy_field(out->label, sizeof(out->label), bytes, mark->label_len);
        }
        if (mark->uuid_offset != 0) {
            int err = block_read_bytes(dev, mark->uuid_offset, UUID_BYTES, bytes);

            if (err) {
                return err;
            }
            format_uuid(bytes, out->uuid, sizeof(out->uuid));
        }
        return 0;
    }
    return 0;
}

static void probe_ext(const uint8_t *head, struct fs_probe *out)
{
    const uint8_t *super = head + EXT_SUPERBLOCK;

    if (load_le16(super + EXT_MAGIC) != EXT_MAGIC_VALUE) {
        return;
    }
    bool ext4 = (load_le32(super + EXT_INCOMPAT) & ~(uint32_t)EXT3_INCOMPAT) != 0 ||
                (load_le32(super + EXT_RO_COMPAT) & ~(uint32_t)EXT3_RO_COMPAT) != 0;
    bool journal = load_le32(super + EXT_COMPAT) & EXT_COMPAT_JOURNAL;
    str_copy(out->type, sizeof(out->type), ext4 ? "ext4" : journal ? "ext3" : "ext2");
    str_copy_field(out->label, sizeof(out->label), super + EXT_LABEL, 16);
    format_uuid(super + EXT_UUID, out->uuid, sizeof(out->uuid));
}

/* The first physical volume label of LVM is in one of the first four sectors. */
static void probe_lvm(const uint8_t *head, struct fs_probe *out)
{
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *sector = head + i * 512;

        if (memcmp(sector, "LABELONE", 8) == 0 && memcmp(sector + 24, "LVM2 001", 8) == 0) {
            str_copy(out->type, sizeof(out->type), "LVM");
            str_copy_field(out->uuid, sizeof(out->uuid), sector + 32, 32);
            return;
        }
    }
}

/* A label is kept in the root directory, and only copied to the boot sector by some. */
static void probe_fat_label(struct block_dev *dev, const struct fat_boot *boot, uint8_t *head,
                            struct fs_probe *out)
{
    uint64_t at = boot->root_offset;

    str_copy_field(out->label, sizeof(out->label), (const uint8_t *)boot->label,
                   strlen(boot->label));
    if (boot->kind == FAT_32) {
        at = boot->data_offset + (uint64_t)(boot->root_cluster - 2) * boot->cluster_bytes;
    }
    uint32_t len = MIN(boot->cluster_bytes, (uint32_t)HEAD_BYTES);
    if (boot->kind != FAT_32) {
        len = MIN(boot->root_entries * FAT_DIR_ENTRY_BYTES, (uint32_t)HEAD_BYTES);
    }
    if (block_read_bytes(dev, at, len, head) != 0) {
        return;
    }
    for (uint32_t i = 0; i < len && head[i] != 0; i += FAT_DIR_ENTRY_BYTES) {
        uint8_t attr = head[i + 11] & 0x3f;

        if (head[i] != 0xe5 && attr != FAT_DIR_LONG && (attr & FAT_DIR_LABEL)) {
            str_copy_field(out->label, sizeof(out->label), head + i, 11);
            return;
        }
    }
}

/* Volumes that have a boot sector. A damaged one of FAT is named only when last is true: it may be
 * what another format has left behind. */
static int probe_boot_sector(struct block_dev *dev, uint8_t *head, bool last, struct fs_probe *out)
{
    struct fat_boot boot;

    if (memcmp(head + 3, "EXFAT   ", 8) == 0) {
        str_copy(out->type, sizeof(out->type), "exFAT");
        str_format(out->uuid, sizeof(out->uuid), "%04X-%04X", load_le16(head + 102),
                   load_le16(head + 100));
        return 0;
    }
    if (memcmp(head + 3, "NTFS    ", 8) == 0) {
        str_copy(out->type, sizeof(out->type), "NTFS");
        str_format(out->uuid, sizeof(out->uuid), "%016llX",
                   (unsigned long long)load_le64(head + 72));
        return 0;
    }
    int err = fat_boot_read(dev, &boot, true);
    if (err == -EPROTO) {
        if (last) {
            str_copy(out->type, sizeof(out->type), "FAT, damaged");
        }
        return 0;
    }
    if (err) {
        return err == -ENOTSUP ? 0 : err;
    }
    str_copy(out->type, sizeof(out->type), fat_kind_name(boot.kind));
    str_format(out->uuid, sizeof(out->uuid), "%04X-%04X", (unsigned)(boot.volume_id >> 16),
               (unsigned)(boot.volume_id & 0xffff));
    out->readable = boot.kind == FAT_32;
    probe_fat_label(dev, &boot, head, out);
    return 0;
}

/* A good boot sector comes first: formats that have none clear the place, while FAT leaves the
 * places of other formats as they were. */
static int probe_all(struct block_dev *dev, uint8_t *head, struct fs_probe *out)
{
    int err = probe_boot_sector(dev, head, false, out);

    if (!err && out->type[0] == '\0') {
        err = probe_marks(dev, head, out);
    }
    if (!err && out->type[0] == '\0') {
        probe_ext(head, out);
    }
    if (!err && out->type[0] == '\0') {
        probe_lvm(head, out);
    }
    if (!err && out->type[0] == '\0') {
        err = probe_boot_sector(dev, head, true, out);
    }
    return err;
}

int fs_probe(struct block_dev *dev, struct fs_probe *out)
{
    const struct block_info *info = block_info(dev);

    *out = (struct fs_probe){ 0 };
    if (info->block_count * info->block_bytes < HEAD_BYTES) {
        return 0;
    }
    uint8_t *head = heap_alloc(1, HEAD_BYTES);
    if (!head) {
        return -ENOMEM;
    }
    int err = block_read_bytes(dev, 0, HEAD_BYTES, head);
    if (!err) {
        err = probe_all(dev, head, out);
    }
    heap_free(head);
    return err;
}
