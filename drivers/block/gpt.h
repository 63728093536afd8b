/*
 * drivers/block/gpt.h - the GUID partition table as bytes (UEFI 2.8 §5.3). Pure: it reads no disk.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

#define GPT_PRIMARY_LBA 1
#define GPT_HEADER_MIN_BYTES 92
#define GPT_MAX_ENTRIES 1024     /* real tables have 128; more than this is damage */
#define GPT_MAX_ENTRY_BYTES 4096 /* real tables have 128 */
#define GPT_GUID_BYTES 16
#define GPT_GUID_TEXT 37
#define GPT_LABEL_BYTES 109      /* 36 UTF-16 units as UTF-8 */

struct gpt_header {
    uint64_t my_lba, alternate_lba;
    uint64_t first_usable_lba, last_usable_lba;
    uint64_t entry_lba;    /* first block of the partition entry array */
    uint64_t entry_blocks; /* blocks of the array */
    uint32_t entry_count;
    uint32_t entry_bytes;  /* 128 * 2^n */
    uint32_t entry_crc;
};

struct gpt_entry {
    uint64_t first_lba, last_lba; /* inclusive */
    uint8_t type_guid[GPT_GUID_BYTES];
    char label[GPT_LABEL_BYTES];  /* printable UTF-8 */
};

/* The block begins with the signature of a header, good or bad. */
bool gpt_has_signature(const uint8_t *block);

/* Checks the block read from lba of a disk of disk_blocks blocks. 0, or -EPROTO with *why set to
 * what is wrong, in words. */
int gpt_header_parse(const uint8_t *block, uint32_t block_bytes, uint64_t lba,
                     uint64_t disk_blocks, struct gpt_header *out, const char **why) must_check;

/* The array's checksum is the one in the header. array: entry_count * entry_bytes. */
bool gpt_array_is_intact(const struct gpt_header *header, const uint8_t *array);

/* Entry index of the array. 0; -ENOENT (unused); -EPROTO with *why: it ends before it starts, or
 * lies outside a disk of disk_blocks. */
int gpt_entry_parse(const struct gpt_header *header, const uint8_t *array, uint32_t index,
                    uint64_t disk_blocks, struct gpt_entry *out, const char **why) must_check;

/* [first, last] covers a block of the header or of the entry array, or the protective MBR. */
bool gpt_overlaps_table(const struct gpt_header *header, uint64_t first_lba, uint64_t last_lba);

/* "EFI system" for a type GUID as on disk; a GUID as text when it has no name here. */
void gpt_type_format(const uint8_t guid[GPT_GUID_BYTES], char *buf, uint32_t cap);

/* "C12A7328-F81F-11D2-BA4B-00A0C93EC93B": the first three fields are little-endian on disk. */
void gpt_guid_format(const uint8_t guid[GPT_GUID_BYTES], char buf[GPT_GUID_TEXT]);
