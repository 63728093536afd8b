/*
 * drivers/block/mbr.h - the partition table of PC BIOSes as bytes. Pure: it reads no disk.
 *
 * The last two bytes of sector 0 are 55h AAh both in a master boot record and in the boot sector
 * of a FAT or NTFS volume, so mbr_classify() looks at both readings.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MBR_BYTES 512
#define MBR_SLOTS 4
#define MBR_TYPE_PROTECTIVE 0xee /* the whole disk belongs to a GPT (UEFI 2.8 §5.2.3) */

struct mbr_entry {
    uint8_t status;     /* 80h: active; 0: not; anything else: this is no table */
    uint8_t type;       /* 0: unused */
    uint32_t first_lba; /* of an extended table: relative */
    uint32_t count;
};

enum mbr_kind {
    MBR_NONE,       /* no signature, or no table */
    MBR_VOLUME,     /* the boot sector of a file system that fills the disk */
    MBR_TABLE,
    MBR_PROTECTIVE, /* a table in which some entry is of type EEh */
};

/* Reads the four entries of sector, 512 bytes, and says what it is on a disk of disk_blocks. */
enum mbr_kind mbr_classify(const uint8_t *sector, uint64_t disk_blocks,
                           struct mbr_entry out[MBR_SLOTS]);

/* An extended table's sector: reads its entries; false when the signature is missing. */
bool mbr_parse_extended(const uint8_t *sector, struct mbr_entry out[MBR_SLOTS]);

/* Types 05h, 0Fh and 85h: a chain of further tables. */
bool mbr_is_extended(uint8_t type);

/* "FAT32 (LBA)"; "type A5h" for a number without a name here. buf: 40 bytes or more. */
void mbr_type_format(uint8_t type, char *buf, uint32_t cap);
