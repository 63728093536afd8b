/*
 * apps/files/files.h - what the commands on disks and files share.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/shell/shell.h"

/* One buffer for all long transfers. */
#define FILES_CHUNK_BYTES ((size_t)1 << 20)

/* --- path.c ----------------------------------------------------------------------------------- */

/* Makes an absolute path, FS_PATH_BYTES long, of what was typed. A disk's name alone means its
 * root; "" means the place chosen with cd. What is wrong has been said. */
int files_resolve(struct shell *sh, const char *command, const char *typed, char *path) must_check;

/* Says why something could not be done with path, naming what is there instead, and returns err. */
int files_explain(struct shell *sh, const char *command, const char *path, int err);

/* --- source.c --------------------------------------------------------------------------------- */

/* Bytes to look at: a file, or blocks of a disk. */
struct source {
    char label[FS_PATH_BYTES]; /* what to call it in the output */
    struct fs_file *file;      /* or NULL: */
    struct block_dev *dev;
    uint64_t base_bytes;       /* where it begins on dev */
    uint64_t size_bytes;
};

/* PATH, or DISK LBA COUNT, or DISK alone: argv[1] and on. whole_disk: DISK alone is all of it, else
 * its first block. What is wrong has been said. */
int source_open(struct shell *sh, int argc, char **argv, bool whole_disk, struct source *out)
    must_check;
/* len bytes at offset, which lie inside. */
int source_read(struct source *src, uint64_t offset, void *buf, size_t len) must_check;
void source_close(struct source *src);
/* Says that reading at offset failed and returns err. */
int source_fail(struct shell *sh, const char *command, const struct source *src, uint64_t offset,
                int err);

/* Reads LBA and COUNT as typed and checks them against dev; the limits are said. */
int files_parse_range(struct shell *sh, const char *command, struct block_dev *dev,
                      const char *lba_text, const char *count_text, uint64_t *lba,
                      uint64_t *count) must_check;

/* --- dump.c ----------------------------------------------------------------------------------- */

/* Bytes in the shape of `hexdump -C`: 16 a line, lines like the one before squeezed to "*". */
struct dump {
    struct out *out;
    uint64_t address; /* of the next byte */
    unsigned used;    /* bytes waiting in line */
    bool has_last, squeezing;
    uint8_t line[16], last[16];
};

void dump_init(struct dump *dump, struct out *out, uint64_t address);
void dump_put(struct dump *dump, const void *data, size_t len);
void dump_end(struct dump *dump); /* the rest, and the address after it */

/* --- the rest --------------------------------------------------------------------------------- */

/* cmd_lsblk.c: the table for every disk, or for disk and its partitions. */
void lsblk_print(struct out *out, struct block_registry *blocks, struct block_dev *disk);
/* The same for one namespace of ctrlr, or for all of them (ns NULL). */
void lsblk_print_nvme(struct out *out, struct block_registry *blocks,
                      const struct nvme_ctrlr *ctrlr, const struct nvme_ns *ns);

/* cmd_read.c: "1048576 bytes (1 MiB) in 0.003 s, 349.5 MB/s". */
void files_print_speed(struct out *out, uint64_t bytes, uint64_t elapsed_ns);

/* cmd_rescan.c: forgets what is mounted from the disk that dev is or lies on. */
void files_forget_disk(struct shell *sh, struct block_dev *dev);
