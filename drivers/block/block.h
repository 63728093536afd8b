/*
 * drivers/block/block.h - disks as file systems and commands see them.
 *
 * Units: an lba or a count is in logical blocks of this device; what is in bytes says so in its
 * name. Errors: negative errno, of which callers must tell apart only -EIO, -EROFS (not armed, or
 * a read-only device), -ENODATA (media unreadable), -ENXIO (device gone), -EINVAL (the caller's
 * mistake; nothing was done).
 *
 * Threads: CPU 0 only. A registry is one machine's disks; handles live until the registry is
 * destroyed. Everything is read-only until it is armed by the serial number of the whole disk.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

#define BLOCK_NAME_BYTES 24

struct block_registry;
struct block_dev;

struct block_info {
    char name[BLOCK_NAME_BYTES]; /* "nvme0n1", "nvme0n1p1", "ram0"; unique */
    uint64_t block_count;
    uint32_t block_bytes;        /* power of two, 512..65536 */
    bool armed;                  /* writing is allowed now */
    bool volatile_cache;         /* a write is durable only after block_flush() */
    char serial[21], model[41];  /* of the whole disk; may be empty */

    /* partitions; whole disks have part_index 0 and parent NULL */
    struct block_dev *parent;    /* the whole disk */
    uint64_t first_lba;          /* on the parent */
    unsigned part_index;         /* 1-based */
    char part_type[40];          /* "EFI system", "Linux filesystem", "FAT32 (LBA)", a GUID, ... */
    char part_label[109];        /* GPT name as UTF-8; empty for MBR */
};

/* How a device does its work. Ranges are checked and counts non-zero when these are called; buf is
 * any memory. The driver splits as it needs. */
struct block_ops {
    int (*read)(void *ctx, uint64_t lba, uint32_t count, void *buf);
    int (*write)(void *ctx, uint64_t lba, uint32_t count, const void *buf);
    int (*flush)(void *ctx);                         /* NULL: nothing to flush */
    int (*arm)(void *ctx, const char *serial);       /* 0 or -EINVAL; NULL: always armed */
    void (*disarm)(void *ctx);
    bool (*armed)(void *ctx);                        /* NULL: always armed */
    void (*destroy)(void *ctx);                      /* NULL: ctx is not owned */
};

int block_registry_create(struct block_registry **out) must_check; /* 0 or -ENOMEM */
void block_registry_destroy(struct block_registry *reg);

/* Adds a whole disk; info's name, size, cache, serial and model are copied; ctx is lent until the
 * registry is destroyed. 0, -EEXIST, -EINVAL (block size, empty name), -ENOMEM. */
int block_add(struct block_registry *reg, const struct block_info *info,
              const struct block_ops *ops, void *ctx, struct block_dev **out) must_check;

/* Adds the partition [first_lba, first_lba + count) of parent as "<parent>p<index>". info gives
 * part_index, part_type and part_label. -EINVAL when it does not lie inside the parent. */
int block_add_partition(struct block_registry *reg, struct block_dev *parent, uint64_t first_lba,
                        uint64_t count, const struct block_info *info, struct block_dev **out)
    must_check;

/* Takes every partition of a disk out of the registry (before a rescan). */
void block_remove_partitions(struct block_registry *reg, struct block_dev *parent);

/* Takes a whole disk and its partitions out of the registry. Its name is free again; handles of it
 * stay valid until the registry is destroyed, and every access to them is -ENXIO. */
void block_remove(struct block_registry *reg, struct block_dev *disk);

/* Removes every disk with these ops whose ctx mine() recognises, as block_remove() does, and
 * destroys the ctx of each, also of those removed earlier: what is behind them is about to end.
 * Handles stay valid. Returns how many whole disks were in the registry. */
unsigned block_sever(struct block_registry *reg, const struct block_ops *ops,
                     bool (*mine)(void *ctx, const void *arg), const void *arg);

/* A whole disk has another size now. Its partitions are taken out as by block_remove_partitions().
 * -EINVAL: it is a partition, or no size for a disk; nothing changes. */
int block_resize(struct block_registry *reg, struct block_dev *disk, uint64_t block_count)
    must_check;

/* Devices in the order they were added, each disk followed by its partitions; NULL past the end. */
struct block_dev *block_at(struct block_registry *reg, unsigned index);
/* By name, "/dev/" in front allowed; NULL when there is none. */
struct block_dev *block_find(struct block_registry *reg, const char *name);

const struct block_info *block_info(struct block_dev *dev); /* armed is kept up to date */

/* For those who know what is behind a disk (bench): the ops and ctx of the whole disk. */
void *block_context(struct block_dev *dev, const struct block_ops **ops);

/* Whole blocks; buf: count * block_bytes, any alignment. On an error the blocks written are
 * unspecified. A range that does not lie inside the device, or count 0, is -EINVAL. */
int block_read(struct block_dev *dev, uint64_t lba, uint64_t count, void *buf) must_check;
int block_write(struct block_dev *dev, uint64_t lba, uint64_t count, const void *buf) must_check;

/* Bytes at any offset. Writing reads and writes back the blocks it covers only in part. */
int block_read_bytes(struct block_dev *dev, uint64_t offset, size_t len_bytes, void *buf)
    must_check;
int block_write_bytes(struct block_dev *dev, uint64_t offset, size_t len_bytes, const void *buf)
    must_check;

/* Returns once every write that completed before this call is on stable media. */
int block_flush(struct block_dev *dev) must_check;

/* Allows, forbids writing to the whole disk that dev is or lies on. arm: 0, -EINVAL (another
 * serial; the disk stays as it was), -ENXIO. */
int block_arm(struct block_dev *dev, const char *serial) must_check;
void block_disarm(struct block_dev *dev);

/* --- devices ---------------------------------------------------------------------------------- */

/* block_mem.c: a RAM disk of zeroes with the given geometry, always armed unless serial is set. */
int block_mem_create(struct block_registry *reg, const char *name, uint64_t block_count,
                     uint32_t block_bytes, const char *serial, struct block_dev **out) must_check;
/* Its memory, block_count * block_bytes long. For tests. */
void *block_mem_data(struct block_dev *dev);

struct nvme_ctrlr;
struct nvme_ns;
/* block_nvme.c: adds every usable namespace of ctrlr as "<name>n<nsid>". Returns how many, or
 * -ENOMEM. ctrlr is lent until the registry is destroyed. */
int block_nvme_add(struct block_registry *reg, struct nvme_ctrlr *ctrlr) must_check;
/* Does for the disks of ctrlr what nvme_rescan_namespaces() has done for its namespaces: a disk
 * whose namespace is gone is removed, one of another size resized, a new namespace added; and reads
 * the partition table of each that is new or resized. Volumes on disks of ctrlr must have been
 * forgotten (fs_forget). Returns how many were added, removed or resized, or -ENOMEM. */
int block_nvme_refresh(struct block_registry *reg, struct nvme_ctrlr *ctrlr) must_check;
/* Takes out every disk of ctrlr and gives back what belongs to it, before it is detached. Volumes
 * on them must have been forgotten (fs_forget). Returns how many disks there were. */
unsigned block_nvme_remove(struct block_registry *reg, const struct nvme_ctrlr *ctrlr);
/* The namespace behind a disk or partition, or NULL when it is not NVMe, or was removed with its
 * controller. */
struct nvme_ns *block_nvme_ns(struct block_dev *dev);

/* --- partition.c ------------------------------------------------------------------------------ */

enum partition_scheme {
    PARTITIONS_NONE, PARTITIONS_MBR, PARTITIONS_GPT,
    PARTITIONS_GPT_BACKUP,  /* the primary header or array is bad, the backup was used */
    PARTITIONS_DAMAGED,     /* a protective MBR, and no valid GPT: nothing is added */
};

/* Reads the partition table of a whole disk and adds its partitions, replacing earlier ones. What
 * is wrong with the table is logged in words. Returns the scheme, or a negative errno when the
 * disk cannot be read. UEFI 2.8 §5.3; MBR with a bounded walk of extended partitions. */
int partition_scan(struct block_registry *reg, struct block_dev *disk) must_check;

/* The scheme partition_scan found on a disk. */
enum partition_scheme partition_scheme(struct block_dev *disk);
void partition_note_scheme(struct block_dev *disk, enum partition_scheme scheme);
