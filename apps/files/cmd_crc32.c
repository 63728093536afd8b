/*
 * apps/files/cmd_crc32.c - `crc32`: zlib's checksum of a file or of blocks.
 */
#include "apps/commands.h"
#include "apps/files/files.h"
#include "lib/crc32.h"
#include "lib/errno.h"
#include "lib/heap.h"

static int checksum(struct shell *sh, const char *command, struct source *src, uint8_t *buf)
{
    uint64_t offset = 0;
    uint32_t crc = 0;

    while (offset < src->size_bytes) {
        size_t len = (size_t)MIN((uint64_t)FILES_CHUNK_BYTES, src->size_bytes - offset);
        int err = source_read(src, offset, buf, len);

        if (err) {
            return source_fail(sh, command, src, offset, err);
        }
        crc = crc32(crc, buf, len);
        offset += len;
        if (shell_interrupted(sh)) {
            return -EINTR;
        }
    }
    out_printf(sh->out, "%08x  %s\n", (unsigned)crc, src->label);
    return 0;
}

static int crc32_run(struct shell *sh, int argc, char **argv)
{
    struct source src;
    int err = source_open(sh, argc, argv, true, &src);

    if (err) {
        return err;
    }
    uint8_t *buf = heap_alloc(1, FILES_CHUNK_BYTES);
    err = buf ? checksum(sh, argv[0], &src, buf) : -ENOMEM;
    heap_free(buf);
    source_close(&src);
    return err;
}

const struct shell_cmd cmd_crc32 = {
    .name = "crc32",
    .usage = "crc32 PATH | crc32 DISK [LBA COUNT]",
    .summary = "checksum of a file or of blocks, as zlib computes it",
    .details = "Eight hexadecimal digits, then the name. DISK alone is the whole disk.\n",
    .example = "crc32 nvme0n1 0 8",
    .complete = COMPLETE_PATH,
    .min_args = 1,
    .max_args = 3,
    .run = crc32_run,
};
