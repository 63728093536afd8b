/*
 * apps/files/cmd_read.c - `read`: reads blocks, says how long it took, and shows how they begin.
 */
#include "apps/commands.h"
#include "apps/files/files.h"
#include "apps/system/size_text.h"
#include "lib/crc32.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define SHOWN_BYTES 64

void files_print_speed(struct out *out, uint64_t bytes, uint64_t elapsed_ns)
{
    char size[SIZE_TEXT_BYTES];
    double seconds = (double)MAX(elapsed_ns, UINT64_C(1)) / (double)NS_PER_S;

    size_text_binary(bytes, size, sizeof(size));
    out_printf(out, "%llu bytes (%s) in %.6f s, %.1f MB/s", (unsigned long long)bytes, size,
               seconds, (double)bytes / 1e6 / seconds);
}

/* What is found out on the way. */
struct reading {
    uint64_t elapsed_ns; /* of the transfers alone */
    uint32_t crc;
    uint8_t start[SHOWN_BYTES];
};

static int read_blocks(struct shell *sh, struct block_dev *dev, uint64_t lba, uint64_t count,
                       uint8_t *buf, struct reading *reading)
{
    const struct machine *machine = sh->app->machine;
    const struct block_info *info = block_info(dev);
    uint64_t chunk = FILES_CHUNK_BYTES / info->block_bytes;
    bool first = true;

    while (count > 0) {
        uint64_t part = MIN(chunk, count);
        uint64_t start_ns = machine->now_ns(machine->ctx);
        int err = block_read(dev, lba, part, buf);

        if (err) {
            return shell_fail(sh, "read", err, "%s: reading LBA %llu to %llu failed: %s",
                              info->name, (unsigned long long)lba,
                              (unsigned long long)(lba + part - 1), errno_text(err));
        }
        reading->elapsed_ns += machine->now_ns(machine->ctx) - start_ns;
        reading->crc = crc32(reading->crc, buf, (size_t)part * info->block_bytes);
        if (first) {
            memcpy(reading->start, buf, SHOWN_BYTES);
        }
        first = false;
        lba += part;
        count -= part;
        if (shell_interrupted(sh)) {
            return -EINTR;
        }
    }
    return 0;
}

static int read_run(struct shell *sh, int argc, char **argv)
{
    struct reading reading = { 0 };
    struct block_dev *dev;
    uint64_t lba, count;
    struct dump dump;
    int err = shell_reject_options(sh, argc, argv, NULL);

    if (!err) {
        err = shell_find_disk(sh, argv[0], argv[1], &dev);
    }
    if (!err) {
        err = files_parse_range(sh, argv[0], dev, argv[2], argv[3], &lba, &count);
    }
    if (err) {
        return err;
    }
    uint8_t *buf = heap_alloc(1, FILES_CHUNK_BYTES);
    if (!buf) {
        return -ENOMEM;
    }
    err = read_blocks(sh, dev, lba, count, buf, &reading);
    heap_free(buf);
    if (err) {
        return err;
    }
    const struct block_info *info = block_info(dev);
    dump_init(&dump, sh->out, lba * info->block_bytes);
    dump_put(&dump, reading.start, SHOWN_BYTES);
    out_printf(sh->out, "%s: read %llu block%s from LBA %llu: ", info->name,
               (unsigned long long)count, count == 1 ? "" : "s", (unsigned long long)lba);
    files_print_speed(sh->out, count * info->block_bytes, reading.elapsed_ns);
    out_printf(sh->out, ", crc32 %08x\n", (unsigned)reading.crc);
    return 0;
}

const struct shell_cmd cmd_read = {
    .name = "read",
    .usage = "read DISK LBA COUNT",
    .summary = "read blocks: time, speed, checksum and the first bytes",
    .details = "LBA and COUNT are in logical blocks. The first 64 bytes are shown; `hexdump`\n"
               "shows all. MB/s are millions of bytes, for the transfers alone, one at a time.\n",
    .example = "read nvme0n1 0 8",
    .complete = COMPLETE_DISK,
    .min_args = 3,
    .max_args = 3,
    .run = read_run,
};
