/*
 * apps/nvme/cmd_rw.c - `nvme read`, `write`, `compare`: blocks with their metadata and protection
 * information, which is generated and checked here unless the drive does it.
 */
#include "apps/nvme/blocks.h"
#include "apps/nvme/logs.h"
#include "lib/crc32.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define PIECE_BYTES (128 * 1024)
#define SHOWN_BYTES (1024 * 1024) /* what read shows at most */

enum {
    OPT_START, OPT_COUNT, OPT_PRINFO, OPT_REF, OPT_APP, OPT_MASK, OPT_LR, OPT_FUA, OPT_NSID,
    OPT_DATA_SIZE, OPT_OUTPUT, OPT_DATA = OPT_OUTPUT, OPT_PATTERN, OPT_METADATA, OPT_SERIAL,
    OPT_THEN_WRITE
};

#define COMMON_OPTIONS                                                                             \
    [OPT_START] = BLOCKS_OPTION_START, [OPT_COUNT] = BLOCKS_OPTION_COUNT,                          \
    [OPT_PRINFO] = BLOCKS_OPTION_PRINFO, [OPT_REF] = BLOCKS_OPTION_REF,                            \
    [OPT_APP] = BLOCKS_OPTION_APP, [OPT_MASK] = BLOCKS_OPTION_MASK, [OPT_LR] = BLOCKS_OPTION_LR,   \
    [OPT_FUA] = BLOCKS_OPTION_FUA, [OPT_NSID] = SHELL_OPTION_NSID,                                 \
    [OPT_DATA_SIZE] = {"data-size", 'z', SHELL_NUMBER, 0, "bytes: refused unless it fits the range"}
#define DATA_OPTIONS                                                                               \
    [OPT_DATA] = {"data", 'd', SHELL_TEXT, 0, "a file, such as nvme1n1p1:/data.bin"},              \
    [OPT_PATTERN] = {"pattern", 0, SHELL_TEXT, 0, "bytes to repeat instead: 0xHEX, at most 64"},   \
    [OPT_METADATA] = {"metadata", 'M', SHELL_TEXT, 0, "a file with the metadata of all blocks"},   \
    [OPT_SERIAL] = SHELL_OPTION_SERIAL

static const struct shell_option read_options[] = {
    COMMON_OPTIONS, [OPT_OUTPUT] = SHELL_OPTION_OUTPUT, {0},
};
static const struct shell_option write_options[] = {
    COMMON_OPTIONS, DATA_OPTIONS, {0},
};
static const struct shell_option compare_options[] = {
    COMMON_OPTIONS,
    DATA_OPTIONS,
    [OPT_THEN_WRITE] = {"then-write", 0, SHELL_TEXT, 0,
                        "0xHEX: write it if the comparison holds, as one fused operation"},
    {0},
};

/* What the three share. */
struct rw {
    struct blocks b;
    struct nvme_nvm nvm;
    struct blocks_data data, metadata;
    uint8_t *buf, *meta; /* of one piece */
};

static uint64_t piece_blocks(const struct nvme_ns *ns)
{
    return MAX(PIECE_BYTES / ns->block_bytes, 1U);
}

/* most_bytes: what may be in memory at once; 0: the range is done in pieces. */
static int take(struct rw *rw, struct shell *sh, char **argv, enum nvme_ability ability,
                uint64_t most_bytes)
{
    const struct shell_value *v = sh->values;
    int err = blocks_find_ns(&rw->b, sh, argv, &v[OPT_NSID], ability);

    err = err ? err : blocks_take_range(&rw->b, &v[OPT_START], &v[OPT_COUNT]);
    if (err) {
        return err;
    }
    uint64_t bytes = rw->b.count * rw->b.ns->block_bytes;
    if (v[OPT_DATA_SIZE].given && v[OPT_DATA_SIZE].number != bytes) {
        return shell_fail(sh, argv[0], -EINVAL, "--data-size=%llu: the range has %llu bytes",
                          (unsigned long long)v[OPT_DATA_SIZE].number, (unsigned long long)bytes);
    }
    rw->nvm = (struct nvme_nvm){
        .ns = rw->b.ns, .lba = rw->b.lba, .count = rw->b.count,
        .flags = (uint8_t)((v[OPT_FUA].given ? NVME_NVM_FUA : 0) |
                           (v[OPT_LR].given ? NVME_NVM_LR : 0)),
    };
    /* A drive that made the information itself, as PRACT asks it to, would compare nothing. */
    err = blocks_take_tags(&rw->b, OPT_PRINFO, ability == NVME_CAN_COMPARE ? 7 : 15, &rw->nvm);
    if (err) {
        return err;
    }
    if (most_bytes && bytes > most_bytes) {
        return shell_fail(sh, argv[0], -EINVAL, "at most %llu blocks at a time",
                          (unsigned long long)(most_bytes / rw->b.ns->block_bytes));
    }
    uint64_t blocks = most_bytes ? rw->b.count : MIN(rw->b.count, piece_blocks(rw->b.ns));
    rw->buf = heap_alloc(blocks, rw->b.ns->block_bytes);
    rw->meta = heap_alloc(blocks, MAX(rw->b.ns->metadata_bytes, 1U));
    rw->nvm.data = rw->buf;
    rw->nvm.metadata = rw->meta;
    return rw->buf && rw->meta ? 0 : -ENOMEM;
}

static void drop(struct rw *rw)
{
    blocks_data_close(&rw->data);
    blocks_data_close(&rw->metadata);
    heap_free(rw->buf);
    heap_free(rw->meta);
}

/* --- read ------------------------------------------------------------------------------------- */

static int check_protection(const struct rw *rw, const struct nvme_nvm *piece)
{
    uint8_t checks = piece->prinfo & 7 ? piece->prinfo & 7 : NVME_PRINFO_GUARD | NVME_PRINFO_REF;
    struct nvme_pi_mismatch m;

    if (nvme_pi_check(piece->ns, checks, &piece->tags, piece->data, piece->metadata,
                      (uint32_t)piece->count, &m)) {
        return 0;
    }
    return shell_fail(rw->b.sh, rw->b.command, -EIO,
                      "protection information of LBA %llu is wrong: its %s is %#x, and %#x was "
                      "expected", (unsigned long long)(piece->lba + m.block), m.field,
                      (unsigned)m.found, (unsigned)m.expected);
}

static int show_read(struct rw *rw)
{
    const struct nvme_nvm *nvm = &rw->nvm;
    const struct nvme_ns *ns = nvm->ns;
    size_t bytes = (size_t)nvm->count * ns->block_bytes;
    bool has_metadata = nvme_pi_moves_metadata(ns, nvm->prinfo);
    bool has_protection = has_metadata && nvme_pi_type(ns);
    struct show s;
    char range[80];

    int err = show_begin(&s, rw->b.sh, rw->b.command, rw->b.sh->values[OPT_OUTPUT].text);
    if (err) {
        return err;
    }
    blocks_format(nvm->lba, nvm->count, range, sizeof(range));
    show_title(&s, "%s of %sn%u:", range, nvme_name(ns->ctrlr), (unsigned)ns->nsid);
    show_json_u64(&s, "slba", nvm->lba);
    show_json_u64(&s, "blocks", nvm->count);
    show_json_u64(&s, "bytes", bytes);
    nvme_log_show_bytes(&s, rw->buf, bytes, 0);
    show_hex(&s, "crc32", NULL, crc32(0, rw->buf, bytes));
    if (has_metadata) {
        show_open_object(&s, "metadata", "metadata:");
        nvme_log_show_bytes(&s, rw->meta, (size_t)nvm->count * ns->metadata_bytes, 0);
        show_close_object(&s);
    }
    if (has_protection) {
        show_text(&s, "protection", NULL, "checked");
    }
    show_end(&s);
    return 0;
}

static int read_run(struct shell *sh, int argc, char **argv)
{
    struct rw rw = {0};

    (void)argc;
    int err = take(&rw, sh, argv, NVME_ABILITY_COUNT, SHOWN_BYTES);
    if (err) {
        drop(&rw);
        return err;
    }
    const struct blocks_run run = {
        .run = nvme_nvm_read, .what = "Read", .piece = rw.nvm.count,
    };
    err = blocks_each(&rw.b, &rw.nvm, &run);
    if (!err && nvme_pi_moves_metadata(rw.b.ns, rw.nvm.prinfo) && nvme_pi_type(rw.b.ns)) {
        err = check_protection(&rw, &rw.nvm);
    }
    err = err ? err : show_read(&rw);
    drop(&rw);
    return err;
}

/* --- write and compare ------------------------------------------------------------------------ */

static int open_data(struct rw *rw)
{
    const struct shell_value none = {0}, *v = rw->b.sh->values;
    const struct nvme_ns *ns = rw->b.ns;
    int err = blocks_data_open(&rw->data, &rw->b, &v[OPT_DATA], &v[OPT_PATTERN],
                               rw->b.count * ns->block_bytes);

    if (err || !v[OPT_METADATA].given) {
        return err;
    }
    if (!nvme_pi_moves_metadata(ns, rw->nvm.prinfo)) {
        return shell_fail(rw->b.sh, rw->b.command, -EINVAL,
                          "no metadata travels with these blocks, so --metadata has no use");
    }
    return blocks_data_open(&rw->metadata, &rw->b, &v[OPT_METADATA], &none,
                            rw->b.count * ns->metadata_bytes);
}

/* Data, and metadata: from a file, or else protection information, or zeros. */
static int fill_piece(void *ctx, struct nvme_nvm *piece, uint64_t done)
{
    struct rw *rw = ctx;
    const struct nvme_ns *ns = piece->ns;
    size_t meta_bytes = (size_t)piece->count * ns->metadata_bytes;
    int err = blocks_data_read(&rw->data, done * ns->block_bytes, rw->buf,
                               (size_t)piece->count * ns->block_bytes);

    if (err || !nvme_pi_moves_metadata(ns, piece->prinfo)) {
        return err;
    }
    if (rw->metadata.file) {
        return blocks_data_read(&rw->metadata, done * ns->metadata_bytes, rw->meta, meta_bytes);
    }
    memset(rw->meta, 0, meta_bytes);
    if (nvme_pi_type(ns)) {
        nvme_pi_generate(ns, &piece->tags, rw->buf, rw->meta, (uint32_t)piece->count);
    }
    return 0;
}

static int announce(const struct rw *rw, const char *act)
{
    const struct nvme_nvm_span span = {.lba = rw->b.lba, .count = rw->b.count};

    return blocks_announce(&rw->b, &span, 1, act, "what is there is overwritten",
                           &rw->b.sh->values[OPT_SERIAL]);
}

static int write_run(struct shell *sh, int argc, char **argv)
{
    struct rw rw = {0};
    char range[80];

    (void)argc;
    int err = take(&rw, sh, argv, NVME_ABILITY_COUNT, 0);
    err = err ? err : open_data(&rw);
    err = err ? err : announce(&rw, "Write to");
    if (!err) {
        const struct blocks_run run = {
            .run = nvme_nvm_write, .what = "Write", .piece = piece_blocks(rw.b.ns), .ctx = &rw,
            .before = fill_piece,
        };
        err = blocks_each(&rw.b, &rw.nvm, &run);
        blocks_changed(&rw.b);
    }
    if (!err) {
        blocks_format(rw.b.lba, rw.b.count, range, sizeof(range));
        out_printf(sh->out, "write: Success, %s\n", range);
    }
    drop(&rw);
    return err;
}

/* --- compare ---------------------------------------------------------------------------------- */

/* Both halves of a fused pair say why they ended; only the comparison's answer is of interest. */
static int run_fused(struct rw *rw)
{
    struct nvme_nvm write = rw->nvm;
    struct blocks_data pattern;
    const struct shell_value none = {0};
    int err = blocks_data_open(&pattern, &rw->b, &none, &rw->b.sh->values[OPT_THEN_WRITE], 0);

    err = err ? err : nvme_require(rw->b.sh, rw->b.command, rw->b.ns->ctrlr,
                                   NVME_CAN_COMPARE_AND_WRITE);
    if (!err && rw->b.count > nvme_nvm_fused_max(rw->b.ns)) {
        err = shell_fail(rw->b.sh, rw->b.command, -EINVAL,
                         "a fused compare and write has at most %u blocks here (ACWU or NACWU)",
                         (unsigned)nvme_nvm_fused_max(rw->b.ns));
    }
    err = err ? err : fill_piece(rw, &rw->nvm, 0);
    err = err ? err : announce(rw, "Compare, then Write to");
    if (err) {
        return err;
    }
    size_t bytes = (size_t)rw->b.count * rw->b.ns->block_bytes;
    write.data = heap_alloc(1, bytes);
    if (!write.data) {
        return -ENOMEM;
    }
    err = blocks_data_read(&pattern, 0, write.data, bytes);
    if (!err && nvme_pi_moves_metadata(rw->b.ns, write.prinfo)) {
        err = shell_fail(rw->b.sh, rw->b.command, -ENOTSUP,
                         "--then-write is for blocks without metadata");
    }
    if (!err) {
        err = nvme_nvm_compare_and_write(nvme_qpair_at(rw->b.ns->ctrlr, 0), &rw->nvm, &write);
        blocks_changed(&rw->b);
        if (err) {
            err = blocks_explain(&rw->b, "Compare", err,
                                 rw->nvm.res.status ? &rw->nvm.res : &write.res);
        }
    }
    heap_free(write.data);
    return err;
}

static int compare_run(struct shell *sh, int argc, char **argv)
{
    bool then_write = sh->values[OPT_THEN_WRITE].given;
    struct rw rw = {0};
    char range[80];

    (void)argc;
    int err = take(&rw, sh, argv, NVME_CAN_COMPARE, then_write ? PIECE_BYTES : 0);
    err = err ? err : open_data(&rw);
    if (!err && then_write) {
        err = run_fused(&rw);
    } else if (!err) {
        const struct blocks_run run = {
            .run = nvme_nvm_compare, .what = "Compare", .piece = piece_blocks(rw.b.ns),
            .ctx = &rw, .before = fill_piece,
        };
        err = blocks_each(&rw.b, &rw.nvm, &run);
    }
    if (!err) {
        blocks_format(rw.b.lba, rw.b.count, range, sizeof(range));
        out_printf(sh->out, "compare: Success, %s hold the same%s\n", range,
                   then_write ? ", and were written" : "");
    }
    drop(&rw);
    return err;
}

const struct shell_cmd nvme_cmd_read = {
    .name = "read",
    .usage = "nvme read DISK -s LBA [-c COUNT] [-p PRINFO] [-r REF] [-a TAG] [-m MASK] [-l] [-f] "
             "[-o json]",
    .summary = "show blocks, with metadata where they have it",
    .details = "At most 1 MiB at a time. Metadata is shown unless the drive strips it (--prinfo\n"
               "bit 3); protection information that travels is checked here as well.\n",
    .example = "nvme read nvme0n1 --start-block=0 --block-count=0",
    .complete = COMPLETE_DISK,
    .options = read_options,
    .min_args = 1,
    .max_args = 1,
    .run = read_run,
};

const struct shell_cmd nvme_cmd_write = {
    .name = "write",
    .usage = "nvme write DISK -s LBA [-c COUNT] --data=FILE|--pattern=0xHEX [--metadata=FILE] "
             "[-p PRINFO] [-r REF] [-a TAG] [-l] [-f] [--serial=S]",
    .summary = "write blocks from a file or a pattern",
    .details = "Metadata comes from a file, or is protection information made here, or zeros.\n",
    .example = "nvme write nvme0n1 -s 0 -c 7 --pattern=0xcafe --serial=SERIAL",
    .complete = COMPLETE_DISK,
    .options = write_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = write_run,
};

const struct shell_cmd nvme_cmd_compare = {
    .name = "compare",
    .usage = "nvme compare DISK -s LBA [-c COUNT] --data=FILE|--pattern=0xHEX [--metadata=FILE] "
             "[--then-write=0xHEX --serial=S]",
    .summary = "let the drive compare blocks with a file or a pattern",
    .details = "--then-write makes it one fused operation with a write: nothing comes between,\n"
               "and nothing is written where the blocks differ. That needs an armed disk.\n",
    .example = "nvme compare nvme0n1 -s 0 -c 7 --pattern=0xcafe",
    .complete = COMPLETE_DISK,
    .options = compare_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = compare_run,
};
