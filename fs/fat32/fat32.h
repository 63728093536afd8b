/*
 * fs/fat32/fat32.h - the FAT32 driver, inside.
 *
 * FAT: Microsoft FAT specification, August 2005 ("FAT §n" below). The parts, one noun a file:
 * boot.c the boot sector, chain.c the file allocation table, name.c short and long names, dir.c
 * directories, file.c file data, fat32.c the driver for fs.h.
 *
 * Nothing on the medium is believed. A volume that contradicts itself is answered with -EPROTO
 * and one log line in words; data is never made up, and no walk is longer than the volume.
 * Threads: CPU 0 only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/block/block.h"
#include "fs/fs.h"
#include "lib/compiler.h"

#define FAT_BOOT_BYTES 512 /* the part of the boot sector that is looked at */
#define FAT_DIR_ENTRY_BYTES 32
#define FAT_DIR_MAX_ENTRIES 65536 /* FAT §6: a directory is at most 2 MiB */

extern const struct fs_driver fat32_driver;

/* --- boot.c ----------------------------------------------------------------------------------- */

enum fat_kind { FAT_12, FAT_16, FAT_32 };

/* The geometry of a volume, checked. Offsets are bytes from its start. */
struct fat_boot {
    enum fat_kind kind;
    uint32_t sector_bytes;
    uint32_t cluster_bytes;
    uint32_t cluster_count; /* data clusters: numbers 2 to cluster_count + 1 */
    uint32_t root_cluster;  /* FAT32 */
    uint32_t root_entries;  /* FAT12, FAT16 */
    uint32_t volume_id;
    uint64_t fat_offset;    /* of the FAT that counts */
    uint64_t fat_bytes;
    uint64_t root_offset;   /* of the root directory */
    uint64_t data_offset;   /* of cluster 2 */
    uint64_t total_bytes;
    char label[12];         /* the boot sector's; empty for "NO NAME" */
};

/* Checks the first 512 bytes of a volume. 0; -ENOTSUP: no FAT boot sector at all; -EPROTO: one that
 * makes no sense, with *why in words. That it fits the device is for the caller to see. */
int fat_boot_parse(const uint8_t *sector, struct fat_boot *out, const char **why) must_check;

/* The boot sector of dev, or its backup copy when the first is damaged (logged). As above; or an
 * error of the device. cluster_count is cut to what dev holds (logged). quiet: log nothing. */
int fat_boot_read(struct block_dev *dev, struct fat_boot *out, bool quiet) must_check;

/* "FAT32" */
const char *fat_kind_name(enum fat_kind kind);

/* --- chain.c ---------------------------------------------------------------------------------- */

#define FAT_WINDOW_BYTES 16384

struct fat_volume {
    struct block_dev *dev;
    struct fat_boot boot;
    uint64_t window_at;     /* byte of the FAT the window begins with; UINT64_MAX: nothing read */
    uint8_t *window;        /* FAT_WINDOW_BYTES */
};

#define FAT_CHAIN_END 0 /* no cluster has this number */

bool fat_is_cluster(const struct fat_volume *vol, uint32_t cluster);
uint64_t fat_cluster_offset(const struct fat_volume *vol, uint32_t cluster);

/* What follows cluster: a valid cluster, or FAT_CHAIN_END. -EPROTO (a free, bad or impossible
 * link; logged) or an error of the device. */
int fat_chain_next(struct fat_volume *vol, uint32_t cluster, uint32_t *next) must_check;

/* Walks the chain from first to its end and counts its clusters. -EPROTO also when it runs in a
 * circle. what names the object in the log. */
int fat_chain_measure(struct fat_volume *vol, uint32_t first, const char *what, uint32_t *count)
    must_check;

/* --- name.c ----------------------------------------------------------------------------------- */

#define FAT_NAME_UNITS 255
#define FAT_SLOT_UNITS 13
#define FAT_MAX_SLOTS 20

/* Collects the slots of a long name, which precede their short entry. */
struct fat_long_name {
    uint16_t units[FAT_MAX_SLOTS * FAT_SLOT_UNITS];
    uint8_t slots; /* of the name; 0: none is being collected */
    uint8_t next;  /* number of the slot awaited; 0: complete */
    uint8_t checksum;
};

void fat_long_name_reset(struct fat_long_name *name);
/* entry: 32 bytes with attribute 0Fh. A slot that does not fit resets the name. */
void fat_long_name_add(struct fat_long_name *name, const uint8_t *entry);
/* The name as UTF-8, when it is complete, belongs to the short entry and has only characters a
 * name may have. */
bool fat_long_name_finish(const struct fat_long_name *name, const uint8_t *short_entry, char *buf,
                          size_t cap);

/* The 8.3 name of an entry as UTF-8 (code page 437). Characters that no name may have become "_".
 * lower: honour the flags by which Windows keeps lower-case names short. */
void fat_short_name(const uint8_t *entry, bool lower, char *buf, size_t cap);

/* FAT's checksum of the 11 bytes of a short name (FAT §7.2). */
uint8_t fat_name_checksum(const uint8_t *short_name);

/* name equals the first len bytes of typed, without regard to case. Both are UTF-8. */
bool fat_name_equal(const char *name, const char *typed, size_t len);

/* --- dir.c ------------------------------------------------------------------------------------ */

/* A file or directory as its entry describes it. */
struct fat_node {
    struct fs_entry entry;
    uint32_t first_cluster; /* 0: none; the root has its own */
    bool is_root;
};

/* Calls fn for every file and directory in dir, in order; fn's value other than 0 ends it. */
int fat_dir_walk(struct fat_volume *vol, const struct fat_node *dir,
                 int (*fn)(void *arg, const struct fat_node *node), void *arg) must_check;

/* Finds "/a/b". -ENOENT, -ENOTDIR, -ENAMETOOLONG (deeper than FAT_MAX_DEPTH), -EPROTO. */
#define FAT_MAX_DEPTH 128
int fat_find(struct fat_volume *vol, const char *path, struct fat_node *out) must_check;

/* --- file.c ----------------------------------------------------------------------------------- */

struct fat_file;

/* Opens what node describes, after its chain has been walked to its end and found good. */
int fat_file_open(struct fat_volume *vol, const struct fat_node *node, struct fat_file **out)
    must_check;
int fat_file_read(struct fat_file *file, uint64_t offset, void *buf, size_t len) must_check;
void fat_file_close(struct fat_file *file);
