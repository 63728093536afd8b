/*
 * apps/nvme/cmd_blocks.c - `nvme verify`, `write-zeroes`, `write-uncor`, `flush`: commands on
 * blocks that move no data.
 */
#include "apps/nvme/blocks.h"
#include "lib/errno.h"

#define PIECE_BLOCKS (64 * 65536) /* between two looks at Ctrl-C */

enum { OPT_START, OPT_COUNT, OPT_PRINFO, OPT_REF, OPT_APP, OPT_MASK, OPT_LR, OPT_FUA, OPT_NSID,
       OPT_SERIAL, OPT_DEAC };

#define TAG_OPTIONS                                                                                \
    [OPT_START] = BLOCKS_OPTION_START, [OPT_COUNT] = BLOCKS_OPTION_COUNT,                          \
    [OPT_PRINFO] = BLOCKS_OPTION_PRINFO, [OPT_REF] = BLOCKS_OPTION_REF,                            \
    [OPT_APP] = BLOCKS_OPTION_APP, [OPT_MASK] = BLOCKS_OPTION_MASK, [OPT_LR] = BLOCKS_OPTION_LR,   \
    [OPT_FUA] = BLOCKS_OPTION_FUA, [OPT_NSID] = SHELL_OPTION_NSID

static const struct shell_option verify_options[] = {TAG_OPTIONS, {0}};
static const struct shell_option zeroes_options[] = {
    TAG_OPTIONS,
    [OPT_SERIAL] = SHELL_OPTION_SERIAL,
    [OPT_DEAC] = {"deac", 'd', SHELL_FLAG, 0, "the drive may deallocate them"},
    {0},
};

enum { UNCOR_START, UNCOR_COUNT, UNCOR_NSID, UNCOR_SERIAL };
static const struct shell_option uncor_options[] = {
    [UNCOR_START] = BLOCKS_OPTION_START,
    [UNCOR_COUNT] = BLOCKS_OPTION_COUNT,
    [UNCOR_NSID] = SHELL_OPTION_NSID,
    [UNCOR_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

static const struct shell_option flush_options[] = {SHELL_OPTION_NSID, {0}};

/* What makes the commands differ. */
struct kind {
    const char *what;
    int (*run)(struct nvme_qpair *qp, struct nvme_nvm *nvm);
    enum nvme_ability ability;
    uint8_t prinfo; /* what it may have of it */
    const char *effect; /* NULL: it changes nothing */
};

static int run_kind(struct blocks *b, const struct kind *kind, struct nvme_nvm *nvm,
                    const struct shell_value *serial)
{
    const struct nvme_nvm_span span = {.lba = b->lba, .count = b->count};
    const struct blocks_run run = {.run = kind->run, .what = kind->what, .piece = PIECE_BLOCKS};
    char range[80];
    int err = 0;

    str_format(range, sizeof(range), "%s to", kind->what);
    nvm->ns = b->ns;
    nvm->lba = b->lba;
    nvm->count = b->count;
    if (kind->effect) {
        err = blocks_announce(b, &span, 1, range, kind->effect, serial);
    }
    if (err) {
        return err;
    }
    err = blocks_each(b, nvm, &run);
    if (kind->effect) {
        blocks_changed(b);
    }
    if (!err) {
        blocks_format(b->lba, b->count, range, sizeof(range));
        out_printf(b->sh->out, "%s: Success, %s\n", b->command, range);
    }
    return err;
}

static int run_with_tags(struct shell *sh, char **argv, const struct kind *kind, uint8_t flags)
{
    const struct shell_value *v = sh->values;
    struct nvme_nvm nvm = {0};
    struct blocks b;
    int err = blocks_find_ns(&b, sh, argv, &v[OPT_NSID], kind->ability);

    err = err ? err : blocks_take_range(&b, &v[OPT_START], &v[OPT_COUNT]);
    err = err ? err : blocks_take_tags(&b, OPT_PRINFO, kind->prinfo, &nvm);
    if (err) {
        return err;
    }
    nvm.flags = (uint8_t)(flags | (v[OPT_FUA].given ? NVME_NVM_FUA : 0) |
                          (v[OPT_LR].given ? NVME_NVM_LR : 0));
    return run_kind(&b, kind, &nvm, kind->effect ? &v[OPT_SERIAL] : NULL);
}

static int verify_run(struct shell *sh, int argc, char **argv)
{
    static const struct kind kind = {
        .what = "Verify", .run = nvme_nvm_verify, .ability = NVME_CAN_VERIFY,
        .prinfo = NVME_PRINFO_GUARD | NVME_PRINFO_APP | NVME_PRINFO_REF,
    };

    (void)argc;
    return run_with_tags(sh, argv, &kind, 0);
}

static int write_zeroes_run(struct shell *sh, int argc, char **argv)
{
    static const struct kind kind = {
        .what = "Write Zeroes", .run = nvme_nvm_write_zeroes, .ability = NVME_CAN_WRITE_ZEROES,
        .prinfo = NVME_PRINFO_PRACT, .effect = "what is there becomes zero",
    };

    (void)argc;
    return run_with_tags(sh, argv, &kind, sh->values[OPT_DEAC].given ? NVME_NVM_DEAC : 0);
}

static int write_uncor_run(struct shell *sh, int argc, char **argv)
{
    static const struct kind kind = {
        .what = "Write Uncorrectable", .run = nvme_nvm_write_uncorrectable,
        .ability = NVME_CAN_WRITE_UNCORRECTABLE,
        .effect = "what is there cannot be read any more until it is written again",
    };
    const struct shell_value *v = sh->values;
    struct nvme_nvm nvm = {0};
    struct blocks b;

    (void)argc;
    int err = blocks_find_ns(&b, sh, argv, &v[UNCOR_NSID], kind.ability);
    err = err ? err : blocks_take_range(&b, &v[UNCOR_START], &v[UNCOR_COUNT]);
    return err ? err : run_kind(&b, &kind, &nvm, &v[UNCOR_SERIAL]);
}

static int flush_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_target t;
    struct nvme_result res;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], &sh->values[0], &t);
    if (err) {
        return err;
    }
    err = nvme_nvm_flush(nvme_qpair_at(t.ctrlr, 0), t.ctrlr, t.nsid, &res);
    if (err) {
        return nvme_explain(sh, argv[0], t.ctrlr, "Flush", err, &res);
    }
    out_printf(sh->out, "NVMe Flush: success, %s%s\n",
               t.nsid == NVME_NSID_ALL ? "all namespaces of " : "", t.name);
    return 0;
}

const struct shell_cmd nvme_cmd_verify = {
    .name = "verify",
    .usage = "nvme verify DISK -s LBA [-c COUNT] [-p PRINFO] [-r REF] [-a TAG] [-m MASK] [-l] [-f]",
    .summary = "let the drive read blocks and check them, without transferring them",
    .example = "nvme verify nvme0n1 --start-block=0 --block-count=1023",
    .complete = COMPLETE_DISK,
    .options = verify_options,
    .min_args = 1,
    .max_args = 1,
    .run = verify_run,
};

const struct shell_cmd nvme_cmd_write_zeroes = {
    .name = "write-zeroes",
    .usage = "nvme write-zeroes DISK -s LBA [-c COUNT] [-d] [-p PRINFO] [-r REF] [-a TAG] [-l] "
             "[-f] [--serial=S]",
    .summary = "let the drive set blocks to zero",
    .example = "nvme write-zeroes nvme0n1 -s 2048 -c 7 --serial=SERIAL",
    .complete = COMPLETE_DISK,
    .options = zeroes_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = write_zeroes_run,
};

const struct shell_cmd nvme_cmd_write_uncor = {
    .name = "write-uncor",
    .usage = "nvme write-uncor DISK -s LBA [-c COUNT] [--serial=S]",
    .summary = "mark blocks as unreadable until they are written",
    .example = "nvme write-uncor nvme0n1 -s 2048 -c 0 --serial=SERIAL",
    .complete = COMPLETE_DISK,
    .options = uncor_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = write_uncor_run,
};

const struct shell_cmd nvme_cmd_flush = {
    .name = "flush",
    .usage = "nvme flush DISK|CTRL [-n NSID]",
    .summary = "make durable what was written to a namespace, or to all of them",
    .example = "nvme flush nvme0n1",
    .complete = COMPLETE_DISK,
    .options = flush_options,
    .min_args = 1,
    .max_args = 1,
    .run = flush_run,
};
