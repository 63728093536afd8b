/*
 * fs/fs.h - files on disks: "nvme0n1p1:/dir/file". Read-only in this version.
 *
 * Names are UTF-8, parts separated by "/"; FAT compares them without regard to case. Volumes are
 * mounted at first use and stay mounted until fs_forget(). Threads: CPU 0 only.
 *
 * Errors besides those of block.h: -ENOENT, -ENOTDIR, -EISDIR, -ENODEV (no such disk), -ENOTSUP (no
 * file system we can read on it), -EPROTO (the file system contradicts itself; the reason was
 * logged), -ENAMETOOLONG, -EILSEQ (a name that is not UTF-8), -ENOMEM.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/block/block.h"
#include "lib/compiler.h"

#define FS_NAME_BYTES 768 /* 255 UTF-16 units are at most 765 bytes of UTF-8 */
#define FS_PATH_BYTES 2048

struct fs;
struct fs_file;

struct fs_time { /* all zero: none was recorded */
    uint16_t year;
    uint8_t month, day, hour, minute, second;
};

struct fs_entry {
    char name[FS_NAME_BYTES];
    char short_name[13];  /* "README.TXT"; empty when the file system has none */
    bool is_dir, hidden, system, read_only;
    uint64_t size_bytes;
    struct fs_time modified;
};

/* What lies on a device, for `lsblk`, without mounting it. */
struct fs_probe {
    char type[16];  /* "FAT32", "FAT16", "exFAT", "NTFS", "ext4", ...; empty: nothing known */
    char label[64]; /* UTF-8 */
    char uuid[40];  /* "2A3B-4C5D" for FAT */
    bool readable;  /* fs_open can read it */
};

int fs_create(struct block_registry *reg, struct fs **out) must_check; /* reg is borrowed */
void fs_destroy(struct fs *fs);
/* Forgets the mount of dev, if any; open files of it must be closed. */
void fs_forget(struct fs *fs, struct block_dev *dev);

/* 0, also when nothing is known, or a read error. */
int fs_probe(struct block_dev *dev, struct fs_probe *out) must_check;

/* Combines a place ("nvme0n1p1:/dir", or "" for none) with what a person typed ("sub/file", "..",
 * "/x", "nvme1n1:/y", "nvme1n1:") into an absolute path without "." and ".." and with one "/"
 * after the colon. -EINVAL: relative, and there is no place. -ENAMETOOLONG. */
int fs_resolve(const char *cwd, const char *typed, char *out, size_t cap) must_check;

/* path: absolute, as fs_resolve makes it. */
int fs_stat(struct fs *fs, const char *path, struct fs_entry *out) must_check;

/* Calls fn for every entry of a directory except "." and "..", in the order on disk. fn returns
 * 0 to go on, anything else to end the walk with that value. */
int fs_list(struct fs *fs, const char *path,
            int (*fn)(void *arg, const struct fs_entry *entry), void *arg) must_check;

/* Opens a file for reading; close it with fs_close. */
int fs_open(struct fs *fs, const char *path, struct fs_file **out) must_check;
uint64_t fs_size(const struct fs_file *file);
/* Reads up to len bytes at offset; *got is less than len only at the end of the file. */
int fs_read(struct fs_file *file, uint64_t offset, void *buf, size_t len, size_t *got) must_check;
void fs_close(struct fs_file *file);

/* How a file system plugs in (fs/fat32 is the first). */
struct fs_driver {
    const char *type;
    /* 0: mine; -ENOTSUP: not mine; or a read error. */
    int (*mount)(struct block_dev *dev, void **volume);
    void (*unmount)(void *volume);
    int (*stat)(void *volume, const char *path, struct fs_entry *out); /* path begins with "/" */
    int (*list)(void *volume, const char *path, int (*fn)(void *, const struct fs_entry *),
                void *arg);
    int (*open)(void *volume, const char *path, void **handle, uint64_t *size_bytes);
    int (*read)(void *handle, uint64_t offset, void *buf, size_t len); /* inside the file */
    void (*close)(void *handle);
};
