/*
 * apps/nvme/blocks.h - what the commands on ranges of blocks share: which blocks, what lies there,
 * with which tags, and where data comes from.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/nvme/commands.h"
#include "apps/nvme/show.h"
#include "drivers/nvme/nvme_nvm.h"
#include "fs/fs.h"

/* The options that they have in common, with nvme-cli's letters. A count is zero-based, as there:
 * 0 is one block. */
#define BLOCKS_OPTION_START {"start-block", 's', SHELL_NUMBER, 0, "first block"}
#define BLOCKS_OPTION_COUNT                                                                        \
    {"block-count", 'c', SHELL_NUMBER, 0, "blocks behind the first: zero-based, 0 is one block"}
#define BLOCKS_OPTION_PRINFO                                                                       \
    {"prinfo", 'p', SHELL_NUMBER, 15, "8 drive makes it, +4 check guard, +2 app tag, +1 ref tag"}
#define BLOCKS_OPTION_REF  {"ref-tag", 'r', SHELL_NUMBER, UINT32_MAX, "reference tag of the first"}
#define BLOCKS_OPTION_APP  {"app-tag", 'a', SHELL_NUMBER, UINT16_MAX, "application tag"}
#define BLOCKS_OPTION_MASK {"app-tag-mask", 'm', SHELL_NUMBER, UINT16_MAX, "its bits that count"}
#define BLOCKS_OPTION_LR   {"limited-retry", 'l', SHELL_FLAG, 0, "do not try hard"}
#define BLOCKS_OPTION_FUA  {"force-unit-access", 'f', SHELL_FLAG, 0, "from, to the medium itself"}

/* Blocks named by a device and --namespace-id, --start-block and --block-count; checked to lie in
 * the namespace. What is wrong has been said. */
struct blocks {
    struct shell *sh;
    const char *command;
    struct nvme_target target;
    struct nvme_ns *ns;
    uint64_t lba, count; /* not zero-based */
};
/* argv: the command and the device. ability: what the command needs, or NVME_ABILITY_COUNT. */
int blocks_find_ns(struct blocks *b, struct shell *sh, char **argv, const struct shell_value *nsid,
                   enum nvme_ability ability) must_check;
int blocks_take_range(struct blocks *b, const struct shell_value *start,
                      const struct shell_value *count) must_check;
/* Refuses a range that is not in b->ns. */
int blocks_check(const struct blocks *b, uint64_t lba, uint64_t count) must_check;

/* As nvme_explain. */
int blocks_explain(const struct blocks *b, const char *what, int err,
                   const struct nvme_result *res);

/* Shows what lies in count ranges, which act ("Write Zeroes to") is about to destroy; partitions
 * that they touch are named. As nvme_danger_announce. */
int blocks_announce(const struct blocks *b, const struct nvme_nvm_span *spans, unsigned count,
                    const char *act, const char *effect, const struct shell_value *serial)
    must_check;

/* After blocks were changed: nothing that was remembered of the disk is true any more. */
void blocks_changed(const struct blocks *b);

/* Protection information as the options --prinfo, --ref-tag, --app-tag and --app-tag-mask say, or
 * all that the namespace has. The options stand in the command's table in this order, first: the
 * index of --prinfo. allowed: what the command may have of PRINFO. */
int blocks_take_tags(const struct blocks *b, unsigned first, uint8_t allowed, struct nvme_nvm *nvm)
    must_check;

/* Runs run on the range of nvm in pieces of at most piece blocks, until the end, an error (said)
 * or Ctrl-C. what: the command's name in the specification. */
struct blocks_run {
    int (*run)(struct nvme_qpair *qp, struct nvme_nvm *nvm);
    const char *what;
    uint64_t piece;
    void *ctx;
    /* Makes the data of a piece that begins done blocks into the range; NULL: there is none. */
    int (*before)(void *ctx, struct nvme_nvm *piece, uint64_t done);
};
int blocks_each(const struct blocks *b, struct nvme_nvm *nvm, const struct blocks_run *run)
    must_check;

/* Data for a command: a file, or a pattern that is repeated. */
struct blocks_data {
    struct blocks *b;
    struct fs_file *file; /* or NULL: */
    char path[FS_PATH_BYTES];
    uint8_t pattern[64];
    unsigned pattern_len;
};
/* file, pattern: options of which exactly one is given; the file has bytes bytes at least. */
int blocks_data_open(struct blocks_data *d, struct blocks *b, const struct shell_value *file,
                     const struct shell_value *pattern, uint64_t bytes) must_check;
int blocks_data_read(struct blocks_data *d, uint64_t offset, void *buf, size_t len) must_check;
void blocks_data_close(struct blocks_data *d);

/* "LBA 5", "LBA 0 to 7 (8 blocks)" */
void blocks_format(uint64_t lba, uint64_t count, char *buf, size_t cap);

/* "1,2,0x30" into at most max numbers; *count: how many. name: the option's. */
int blocks_parse_list(const struct blocks *b, const char *name, const struct shell_value *value,
                      uint64_t *numbers, unsigned max, unsigned *count) must_check;
