/*
 * apps/files/cmd_hexdump.c - `hexdump`: bytes of a file or of blocks, in the shape of `hexdump -C`.
 */
#include "apps/commands.h"
#include "apps/files/files.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define READ_BYTES 65536
#define PRINT_BYTES 64 /* between two looks for Ctrl-C: a line takes 7 ms at 115200 baud */

static int dump_source(struct shell *sh, const char *command, struct source *src,
                       uint64_t offset, uint64_t len, uint8_t *buf)
{
    struct dump dump;

    dump_init(&dump, sh->out, src->base_bytes + offset);
    while (len > 0) {
        size_t part = (size_t)MIN((uint64_t)READ_BYTES, len);
        int err = source_read(src, offset, buf, part);

        if (err) {
            return source_fail(sh, command, src, offset, err);
        }
        for (size_t at = 0; at < part; at += PRINT_BYTES) {
            dump_put(&dump, buf + at, MIN(part - at, (size_t)PRINT_BYTES));
            if (shell_interrupted(sh)) {
                return -EINTR;
            }
        }
        offset += part;
        len -= part;
    }
    dump_end(&dump);
    return 0;
}

/* Cuts the range that the options ask for out of the source's. */
static int apply_options(struct shell *sh, const char *command, const struct source *src,
                         const char *offset_text, const char *len_text, uint64_t *offset,
                         uint64_t *len)
{
    int err = 0;

    *offset = 0;
    if (offset_text) {
        err = shell_parse_u64(sh, command, "offset", offset_text, src->size_bytes, offset);
    }
    *len = src->size_bytes - *offset;
    if (!err && len_text) {
        uint64_t wanted = 0;

        err = shell_parse_u64(sh, command, "length", len_text, UINT64_MAX, &wanted);
        *len = MIN(*len, wanted);
    }
    return err;
}

static int hexdump_run(struct shell *sh, int argc, char **argv)
{
    static const char *const valid[] = { "--offset=BYTES", "--length=BYTES", NULL };
    const char *offset_text, *len_text;
    uint64_t offset, len;
    struct source src;

    shell_take_option(&argc, argv, "offset", &offset_text);
    shell_take_option(&argc, argv, "length", &len_text);
    int err = shell_reject_options(sh, argc, argv, valid);
    if (err) {
        return err;
    }
    if (argc < 2 || argc > 4) {
        return shell_fail(sh, argv[0], -EINVAL, "say what to dump: PATH, or DISK LBA COUNT");
    }
    /* With options, DISK alone is the whole of it, so that they have something to cut from. */
    err = source_open(sh, argc, argv, offset_text || len_text, &src);
    if (err) {
        return err;
    }
    err = apply_options(sh, argv[0], &src, offset_text, len_text, &offset, &len);
    if (!err) {
        uint8_t *buf = heap_alloc(1, READ_BYTES);

        err = buf ? dump_source(sh, argv[0], &src, offset, len, buf) : -ENOMEM;
        heap_free(buf);
    }
    source_close(&src);
    return err;
}

const struct shell_cmd cmd_hexdump = {
    .name = "hexdump",
    .usage = "hexdump PATH | hexdump DISK [LBA COUNT] [--offset=BYTES] [--length=BYTES]",
    .summary = "show bytes of a file or of blocks",
    .details = "Addresses are bytes from the start of the file or disk. \"*\" stands for lines\n"
               "like the one above. DISK alone is its first block; with options, the whole disk.\n",
    .example = "hexdump nvme0n1 0 1",
    .complete = COMPLETE_PATH,
    .min_args = 1,
    .max_args = 5,
    .run = hexdump_run,
};
