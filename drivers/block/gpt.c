/*
 * drivers/block/gpt.c - the GUID partition table as bytes (UEFI 2.8 §5.3).
 */
#include "drivers/block/gpt.h"

#include "lib/bytes.h"
#include "lib/crc32.h"
#include "lib/errno.h"
#include "lib/out.h"
#include "lib/printable.h"
#include "lib/string.h"
#include "lib/utf8.h"

/* Offsets in the header (UEFI 2.8 §5.3.2, table 21). */
#define HEADER_REVISION 8
#define HEADER_SIZE 12
#define HEADER_CRC 16
#define HEADER_MY_LBA 24
#define HEADER_ALTERNATE_LBA 32
#define HEADER_FIRST_USABLE 40
#define HEADER_LAST_USABLE 48
#define HEADER_ENTRY_LBA 72
#define HEADER_ENTRY_COUNT 80
#define HEADER_ENTRY_BYTES 84
#define HEADER_ENTRY_CRC 88

#define REVISION_MAJOR 1 /* in the upper 16 bits */

/* Offsets in an entry (§5.3.3, table 22). */
#define ENTRY_FIRST_LBA 32
#define ENTRY_LAST_LBA 40
#define ENTRY_NAME 56
#define ENTRY_NAME_UNITS 36
#define ENTRY_MIN_BYTES 128

static const char signature[] = "EFI PART";

/* Types by the text of their GUID. */
static const struct {
    char guid[GPT_GUID_TEXT];
    const char *name;
} type_names[] = {
    { "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "EFI system" },
    { "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "Microsoft basic data" },
    { "E3C9E316-0B5C-4DB8-817D-F92DF00215AE", "Microsoft reserved" },
    { "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC", "Windows recovery" },
    { "5808C8AA-7E8F-42E0-85D2-E1E90434CFB3", "Windows LDM metadata" },
    { "AF9B60A0-1431-4F62-BC68-3311714A69AD", "Windows LDM data" },
    { "E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D", "Windows storage spaces" },
    { "21686148-6449-6E6F-744E-656564454649", "BIOS boot" },
    { "0FC63DAF-8483-4772-8E79-3D69D8477DE4", "Linux filesystem" },
    { "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "Linux swap" },
    { "E6D6D379-F507-44C2-A23C-238F2A3DF928", "Linux LVM" },
    { "A19D880F-05FC-4D3B-A006-743F0F84911E", "Linux RAID" },
    { "CA7D7CCB-63ED-4C53-861C-1742536059CC", "Linux LUKS" },
    { "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "Linux root (x86-64)" },
    { "933AC7E1-2EB4-4F13-B844-0E14E2AEF915", "Linux home" },
    { "BC13C2FF-59E6-4262-A352-B275FD6F7172", "Linux extended boot" },
    { "7C3457EF-0000-11AA-AA11-00306543ECAC", "Apple APFS" },
    { "48465300-0000-11AA-AA11-00306543ECAC", "Apple HFS+" },
    { "516E7CB6-6ECF-11D6-8FF8-00022D09712B", "FreeBSD UFS" },
    { "516E7CBA-6ECF-11D6-8FF8-00022D09712B", "FreeBSD ZFS" },
    { "6A898CC3-1DD2-11B2-99A6-080020736631", "Solaris /usr, ZFS" },
    { "024DEE41-33E7-11D3-9D69-0008C781F39F", "MBR partition scheme" },
};

bool gpt_has_signature(const uint8_t *block)
{
    return memcmp(block, signature, 8) == 0;
}

/* The checksum covers the header with its own field taken as zero. */
static uint32_t header_crc(const uint8_t *block, uint32_t header_bytes)
{
    static const uint8_t zero[4];
    uint32_t crc = crc32(0, block, HEADER_CRC);

    crc = crc32(crc, zero, sizeof(zero));
    return crc32(crc, block + HEADER_CRC + sizeof(zero),
                 header_bytes - HEADER_CRC - sizeof(zero));
}

/* What is wrong with the fields of a header whose checksum is right, or NULL. */
static const char *find_fault(const struct gpt_header *header, uint64_t lba, uint64_t disk_blocks)
{
    if (header->my_lba != lba) {
        return "it says it lies in another block";
    }
    if (header->entry_bytes < ENTRY_MIN_BYTES || header->entry_bytes > GPT_MAX_ENTRY_BYTES ||
        !IS_POWER_OF_TWO(header->entry_bytes)) {
        return "its entry size is not 128 times a power of two, at most 4096";
    }
    if (header->entry_count == 0 || header->entry_count > GPT_MAX_ENTRIES) {
        return "its number of entries is not 1 to 1024";
    }
    if (header->first_usable_lba > header->last_usable_lba) {
        return "its usable blocks end before they start";
    }
    if (header->entry_lba == 0 || header->entry_lba >= disk_blocks ||
        header->entry_blocks > disk_blocks - header->entry_lba) {
        return "its entry array lies outside the disk";
    }
    if (lba >= header->entry_lba && lba - header->entry_lba < header->entry_blocks) {
        return "its entry array covers the header itself";
    }
    return NULL;
}

int gpt_header_parse(const uint8_t *block, uint32_t block_bytes, uint64_t lba,
                     uint64_t disk_blocks, struct gpt_header *out, const char **why)
{
    uint32_t header_bytes = load_le32(block + HEADER_SIZE);

    *why = NULL;
    if (!gpt_has_signature(block)) {
        *why = "there is no signature";
    } else if (load_le32(block + HEADER_REVISION) >> 16 != REVISION_MAJOR) {
        *why = "its revision is not 1.x";
    } else if (header_bytes < GPT_HEADER_MIN_BYTES || header_bytes > block_bytes) {
        *why = "its header size is not 92 to the block size";
    } else if (load_le32(block + HEADER_CRC) != header_crc(block, header_bytes)) {
        *why = "its checksum is wrong";
    }
    if (*why) {
        return -EPROTO;
    }

    *out = (struct gpt_header){
        .my_lba = load_le64(block + HEADER_MY_LBA),
        .alternate_lba = load_le64(block + HEADER_ALTERNATE_LBA),
        .first_usable_lba = load_le64(block + HEADER_FIRST_USABLE),
        .last_usable_lba = load_le64(block + HEADER_LAST_USABLE),
        .entry_lba = load_le64(block + HEADER_ENTRY_LBA),
        .entry_count = load_le32(block + HEADER_ENTRY_COUNT),
        .entry_bytes = load_le32(block + HEADER_ENTRY_BYTES),
        .entry_crc = load_le32(block + HEADER_ENTRY_CRC),
    };
    uint64_t array_bytes = (uint64_t)out->entry_count * out->entry_bytes;
    out->entry_blocks = array_bytes / block_bytes + (array_bytes % block_bytes != 0);
    *why = find_fault(out, lba, disk_blocks);
    return *why ? -EPROTO : 0;
}

bool gpt_array_is_intact(const struct gpt_header *header, const uint8_t *array)
{
    size_t len = (size_t)header->entry_count * header->entry_bytes;

    return crc32(0, array, len) == header->entry_crc;
}

int gpt_entry_parse(const struct gpt_header *header, const uint8_t *array, uint32_t index,
                    uint64_t disk_blocks, struct gpt_entry *out, const char **why)
{
    const uint8_t *entry = array + (size_t)index * header->entry_bytes;

    *why = NULL;
    if (mem_is_zero(entry, GPT_GUID_BYTES)) {
        return -ENOENT;
    }
    memcpy(out->type_guid, entry, GPT_GUID_BYTES);
    out->first_lba = load_le64(entry + ENTRY_FIRST_LBA);
    out->last_lba = load_le64(entry + ENTRY_LAST_LBA);
    /* A half surrogate becomes a replacement character, which is good enough: the name is for
     * people only. */
    int err = utf8_from_utf16le(entry + ENTRY_NAME, ENTRY_NAME_UNITS, out->label,
                                sizeof(out->label));
    (void)err;
    str_make_printable(out->label);
    if (out->last_lba < out->first_lba) {
        *why = "it ends before it starts";
    } else if (out->last_lba >= disk_blocks) {
        *why = "it reaches beyond the end of the disk";
    }
    return *why ? -EPROTO : 0;
}

static bool ranges_meet(uint64_t first_a, uint64_t last_a, uint64_t first_b, uint64_t last_b)
{
    return first_a <= last_b && first_b <= last_a;
}

bool gpt_overlaps_table(const struct gpt_header *header, uint64_t first_lba, uint64_t last_lba)
{
    return first_lba == 0 || ranges_meet(first_lba, last_lba, header->my_lba, header->my_lba) ||
           ranges_meet(first_lba, last_lba, header->entry_lba,
                       header->entry_lba + header->entry_blocks - 1);
}

void gpt_guid_format(const uint8_t guid[GPT_GUID_BYTES], char buf[GPT_GUID_TEXT])
{
    str_format(buf, GPT_GUID_TEXT, "%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X",
               (unsigned)load_le32(guid), load_le16(guid + 4), load_le16(guid + 6), guid[8],
               guid[9], guid[10], guid[11], guid[12], guid[13], guid[14], guid[15]);
}

void gpt_type_format(const uint8_t guid[GPT_GUID_BYTES], char *buf, uint32_t cap)
{
    char text[GPT_GUID_TEXT];

    gpt_guid_format(guid, text);
    for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
        if (strcmp(text, type_names[i].guid) == 0) {
            str_copy(buf, cap, type_names[i].name);
            return;
        }
    }
    str_copy(buf, cap, text);
}
