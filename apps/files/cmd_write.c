/*
 * apps/files/cmd_write.c - `write` and `flush`: fills blocks with a pattern, and makes it durable.
 */
#include "apps/commands.h"
#include "apps/files/files.h"
#include "apps/system/size_text.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/parse.h"
#include "lib/string.h"

#define PATTERN_BYTES 64

struct writing {
    struct shell *sh;
    struct block_dev *dev;
    uint64_t lba, count;
    uint8_t pattern[PATTERN_BYTES];
    unsigned pattern_len;
    uint8_t *data; /* the pattern, again and again: a chunk and one pattern more */
    uint8_t *back; /* a chunk read back, or NULL: no verifying */
    uint64_t elapsed_ns;
};

static int parse_pattern(struct shell *sh, const char *text, struct writing *w)
{
    if (!text) {
        return shell_fail(sh, "write", -EINVAL,
                          "say what to write: --pattern=0xHEX, 1 to %d bytes, such as "
                          "--pattern=0xdeadbeef", PATTERN_BYTES);
    }
    w->pattern_len = PATTERN_BYTES;
    int err = parse_hex_bytes(text, w->pattern, &w->pattern_len);
    if (err || w->pattern_len == 0) {
        return shell_fail(sh, "write", err ? err : -EINVAL,
                          "pattern '%s' is not 1 to %d bytes, each of two hexadecimal digits",
                          text, PATTERN_BYTES);
    }
    return 0;
}

/* The pattern runs on from the start of the range, so a chunk may begin inside it. */
static const uint8_t *data_at(const struct writing *w, uint64_t offset)
{
    return w->data + offset % w->pattern_len;
}

static int fail_at(struct writing *w, const char *what, uint64_t done, uint64_t part, int err)
{
    return shell_fail(w->sh, "write", err, "%s: %s LBA %llu to %llu failed: %s",
                      block_info(w->dev)->name, what, (unsigned long long)(w->lba + done),
                      (unsigned long long)(w->lba + done + part - 1), errno_text(err));
}

static int verify(struct writing *w, uint64_t done, uint64_t part)
{
    const struct block_info *info = block_info(w->dev);
    uint32_t block_bytes = info->block_bytes;
    const uint8_t *expected = data_at(w, done * block_bytes);
    int err = block_read(w->dev, w->lba + done, part, w->back);

    if (err) {
        return fail_at(w, "reading back", done, part, err);
    }
    for (uint64_t i = 0; i < part; i++) {
        if (memcmp(w->back + i * block_bytes, expected + i * block_bytes, block_bytes) != 0) {
            return shell_fail(w->sh, "write", -EIO,
                              "%s: LBA %llu reads back different from what was written",
                              info->name, (unsigned long long)(w->lba + done + i));
        }
    }
    return 0;
}

static int write_blocks(struct writing *w)
{
    const struct machine *machine = w->sh->app->machine;
    uint32_t block_bytes = block_info(w->dev)->block_bytes;
    uint64_t done = 0;

    while (done < w->count) {
        uint64_t part = MIN(FILES_CHUNK_BYTES / block_bytes, w->count - done);
        uint64_t start_ns = machine->now_ns(machine->ctx);
        int err = block_write(w->dev, w->lba + done, part, data_at(w, done * block_bytes));

        if (err) {
            return fail_at(w, "writing", done, part, err);
        }
        w->elapsed_ns += machine->now_ns(machine->ctx) - start_ns;
        if (w->back) {
            err = verify(w, done, part);
        }
        done += part;
        if (!err && done < w->count && shell_interrupted(w->sh)) {
            out_printf(w->sh->out, "%s: stopped after %llu of %llu blocks\n",
                       block_info(w->dev)->name, (unsigned long long)done,
                       (unsigned long long)w->count);
            err = -EINTR;
        }
        if (err) {
            return err;
        }
    }
    return 0;
}

static void announce(const struct writing *w)
{
    const struct block_info *info = block_info(w->dev);
    struct out *out = w->sh->out;
    char size[SIZE_TEXT_BYTES];

    size_text_binary(w->count * info->block_bytes, size, sizeof(size));
    out_printf(out, "%s: writing %llu block%s of %u bytes (%s), LBA %llu to %llu, with ",
               info->name, (unsigned long long)w->count, w->count == 1 ? "" : "s",
               (unsigned)info->block_bytes, size, (unsigned long long)w->lba,
               (unsigned long long)(w->lba + w->count - 1));
    for (unsigned i = 0; i < w->pattern_len; i++) {
        out_printf(out, "%02x", w->pattern[i]);
    }
    out_puts(out, w->back ? ", and reading it back\n" : "\n");
}

static int run_writing(struct writing *w)
{
    const struct block_info *info = block_info(w->dev);

    assert(w->pattern_len > 0);
    for (size_t i = 0; i < FILES_CHUNK_BYTES + w->pattern_len; i++) {
        w->data[i] = w->pattern[i % w->pattern_len];
    }
    announce(w);
    int err = write_blocks(w);
    /* What is mounted from here may be gone, also when only a part was written. */
    files_forget_disk(w->sh, w->dev);
    if (err) {
        return err;
    }
    out_printf(w->sh->out, "%s: wrote ", info->name);
    files_print_speed(w->sh->out, w->count * info->block_bytes, w->elapsed_ns);
    out_puts(w->sh->out, w->back ? ", read back the same\n" : "\n");
    return 0;
}

static int parse_write(struct shell *sh, int argc, char **argv, struct writing *w,
                       bool *want_verify)
{
    static const char *const valid[] = { "--pattern=0xHEX", "--verify", NULL };
    const char *pattern, *verify_text;

    shell_take_option(&argc, argv, "pattern", &pattern);
    shell_take_option(&argc, argv, "verify", &verify_text);
    *want_verify = verify_text != NULL;
    if (verify_text && verify_text[0] != '\0' && parse_bool(verify_text, want_verify) != 0) {
        return shell_fail(sh, argv[0], -EINVAL, "--verify is yes or no, not '%s'", verify_text);
    }
    int err = shell_reject_options(sh, argc, argv, valid);
    if (err) {
        return err;
    }
    if (argc != 4) {
        return shell_fail(sh, argv[0], -EINVAL, "say where to write: DISK LBA COUNT");
    }
    err = shell_find_disk(sh, argv[0], argv[1], &w->dev);
    if (!err) {
        err = files_parse_range(sh, argv[0], w->dev, argv[2], argv[3], &w->lba, &w->count);
    }
    return err ? err : parse_pattern(sh, pattern, w);
}

static int write_run(struct shell *sh, int argc, char **argv)
{
    struct writing w = { .sh = sh };
    bool want_verify;
    int err = parse_write(sh, argc, argv, &w, &want_verify);

    if (err) {
        return err;
    }
    const struct block_info *info = block_info(w.dev);
    if (!info->armed) {
        const char *disk = info->parent ? block_info(info->parent)->name : info->name;

        return shell_fail(sh, argv[0], -EROFS,
                          "%s is not armed, so nothing was written; `arm %s SERIAL` allows it "
                          "(`list` shows the serial number)", info->name, disk);
    }
    w.data = heap_alloc(1, FILES_CHUNK_BYTES + PATTERN_BYTES);
    if (want_verify) {
        w.back = heap_alloc(1, FILES_CHUNK_BYTES);
    }
    err = w.data && (w.back || !want_verify) ? run_writing(&w) : -ENOMEM;
    heap_free(w.back);
    heap_free(w.data);
    return err;
}

static int flush_run(struct shell *sh, int argc, char **argv)
{
    struct block_dev *dev;
    int err = shell_reject_options(sh, argc, argv, NULL);

    if (!err) {
        err = shell_find_disk(sh, argv[0], argv[1], &dev);
    }
    if (err) {
        return err;
    }
    const struct block_info *info = block_info(dev);
    err = block_flush(dev);
    if (err) {
        return shell_fail(sh, argv[0], err, "%s: %s", info->name, errno_text(err));
    }
    out_printf(sh->out, "%s: flushed%s\n", info->name,
               info->volatile_cache ? "" : " (it has no volatile cache)");
    return 0;
}

const struct shell_cmd cmd_write = {
    .name = "write",
    .usage = "write DISK LBA COUNT --pattern=0xHEX [--verify]",
    .summary = "fill blocks with a repeated pattern",
    .details = "The disk must be armed. The pattern, 1 to 64 bytes, begins at LBA and is\n"
               "repeated. --verify reads everything back and compares. `flush` makes it durable;\n"
               "after writing over a partition table, `rescan`.\n",
    .example = "write nvme0n1 0 1 --pattern=0xdeadbeef --verify",
    .complete = COMPLETE_DISK,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 5,
    .run = write_run,
};

const struct shell_cmd cmd_flush = {
    .name = "flush",
    .usage = "flush DISK",
    .summary = "make what was written durable",
    .example = "flush nvme0n1",
    .complete = COMPLETE_DISK,
    .min_args = 1,
    .max_args = 1,
    .run = flush_run,
};
