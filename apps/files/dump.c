/*
 * apps/files/dump.c - bytes in the shape of `hexdump -C`.
 */
#include "apps/files/files.h"

#include "lib/string.h"

#define LINE_BYTES 16

void dump_init(struct dump *dump, struct out *out, uint64_t address)
{
    *dump = (struct dump){ .out = out, .address = address };
}

static void print_line(const struct dump *dump, uint64_t address, unsigned len)
{
    char text[LINE_BYTES * 4 + 48];
    struct out_buf ob;

    out_buf_init(&ob, text, sizeof(text));
    out_printf(&ob.out, "%08llx ", (unsigned long long)address);
    for (unsigned i = 0; i < LINE_BYTES; i++) {
        const char *gap = i % 8 == 0 ? " " : "";

        if (i < len) {
            out_printf(&ob.out, "%s%02x ", gap, dump->line[i]);
        } else {
            out_printf(&ob.out, "%s   ", gap);
        }
    }
    out_puts(&ob.out, " |");
    for (unsigned i = 0; i < len; i++) {
        uint8_t byte = dump->line[i];

        out_printf(&ob.out, "%c", byte >= ' ' && byte <= '~' ? byte : '.');
    }
    out_puts(&ob.out, "|\n");
    out_write(dump->out, text, ob.len);
}

static void flush_line(struct dump *dump)
{
    uint64_t address = dump->address - dump->used;

    if (dump->used == LINE_BYTES && dump->has_last &&
        memcmp(dump->line, dump->last, LINE_BYTES) == 0) {
        if (!dump->squeezing) {
            out_puts(dump->out, "*\n");
        }
        dump->squeezing = true;
    } else {
        print_line(dump, address, dump->used);
        dump->squeezing = false;
        dump->has_last = dump->used == LINE_BYTES;
        memcpy(dump->last, dump->line, LINE_BYTES);
    }
    dump->used = 0;
}

void dump_put(struct dump *dump, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    while (len > 0) {
        size_t part = MIN(len, (size_t)(LINE_BYTES - dump->used));

        memcpy(dump->line + dump->used, bytes, part);
        dump->used += (unsigned)part;
        dump->address += part;
        bytes += part;
        len -= part;
        if (dump->used == LINE_BYTES) {
            flush_line(dump);
        }
    }
}

void dump_end(struct dump *dump)
{
    if (dump->used > 0) {
        flush_line(dump);
    }
    out_printf(dump->out, "%08llx\n", (unsigned long long)dump->address);
}
