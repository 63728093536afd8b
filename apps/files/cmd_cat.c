/*
 * apps/files/cmd_cat.c - `cat`: a text file, as text.
 *
 * A terminal obeys control characters, so a file does not get to send any but line feed and tab.
 */
#include "apps/commands.h"
#include "apps/files/files.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/printable.h"
#include "lib/string.h"
#include "lib/utf8.h"

#define READ_BYTES 16384
#define PRINT_BYTES 256 /* between two looks for Ctrl-C */

struct text {
    struct out *out;
    uint64_t strange; /* bytes that were not text */
    char last;
};

/* Prints the text in buf and returns how many bytes were used: all but the beginning of a code
 * point that is not whole yet, unless this is the end. */
static size_t print_text(struct text *text, const char *buf, size_t len, bool end)
{
    size_t at = 0;

    while (at < len) {
        uint32_t code = 0;
        unsigned bytes = utf8_decode(buf + at, len - at, &code);

        if (bytes == 0 && !end && len - at < UTF8_MAX_BYTES && (uint8_t)buf[at] >= 0xc2) {
            break;
        }
        if (code == '\r') {
            at += bytes;
            continue;
        }
        if (bytes == 0 || (code_is_control(code) && code != '\n' && code != '\t')) {
            text->strange += MAX(bytes, 1u);
            text->last = '?';
            out_puts(text->out, "?");
        } else {
            text->last = buf[at];
            out_write(text->out, buf + at, bytes);
        }
        at += MAX(bytes, 1u);
    }
    return at;
}

static int print_file(struct shell *sh, const char *command, struct source *src, char *buf,
                      struct text *text)
{
    uint64_t offset = 0;
    size_t kept = 0;

    while (offset < src->size_bytes) {
        size_t len = (size_t)MIN((uint64_t)READ_BYTES, src->size_bytes - offset);
        int err = source_read(src, offset, buf + kept, len);

        if (err) {
            return source_fail(sh, command, src, offset, err);
        }
        offset += len;
        len += kept;
        size_t at = 0;
        while (at < len) {
            size_t part = MIN(len - at, (size_t)PRINT_BYTES);
            bool end = offset == src->size_bytes && at + part == len;
            size_t used = print_text(text, buf + at, part, end);

            if (shell_interrupted(sh)) {
                return -EINTR;
            }
            at += used;
            if (used < part && at + UTF8_MAX_BYTES > len) {
                break; /* the rest comes with the next read */
            }
        }
        kept = len - at;
        memmove(buf, buf + at, kept);
    }
    return 0;
}

static int cat_run(struct shell *sh, int argc, char **argv)
{
    struct text text = { .out = sh->out, .last = '\n' };
    struct source src;

    if (block_find(sh->app->blocks, argv[1])) {
        return shell_fail(sh, argv[0], -EISDIR, "%s is a disk; say %s:/FILE, or use `hexdump`",
                          argv[1], argv[1]);
    }
    int err = source_open(sh, argc, argv, false, &src);
    if (err) {
        return err;
    }
    char *buf = heap_alloc(1, READ_BYTES + UTF8_MAX_BYTES);
    if (!buf) {
        source_close(&src);
        return -ENOMEM;
    }
    err = print_file(sh, argv[0], &src, buf, &text);
    if (text.last != '\n') {
        out_puts(sh->out, "\n");
    }
    if (text.strange > 0) {
        out_printf(sh->out, "(%llu bytes are not text and are shown as '?'; `hexdump` shows "
                   "them)\n", (unsigned long long)text.strange);
    }
    heap_free(buf);
    source_close(&src);
    return err;
}

const struct shell_cmd cmd_cat = {
    .name = "cat",
    .usage = "cat PATH",
    .summary = "show a text file",
    .details = "Text is UTF-8. Bytes that are not, and control characters, are shown as '?'.\n",
    .example = "cat nvme0n1:/README.TXT",
    .complete = COMPLETE_PATH,
    .min_args = 1,
    .max_args = 1,
    .run = cat_run,
};
