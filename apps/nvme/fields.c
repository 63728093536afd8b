/*
 * apps/nvme/fields.c - prints data structures of the specification from tables.
 */
#include "apps/nvme/fields.h"

#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/printable.h"
#include "lib/string.h"

/* Decimal digits of 2^128 - 1. */
#define BIG_DIGITS 39

#define TEXT_BYTES_MAX 256 /* SUBNQN */

static uint64_t load_le(const uint8_t *bytes, unsigned width)
{
    uint64_t val = 0;

    for (unsigned i = width; i-- > 0;) {
        val = val << 8 | bytes[i];
    }
    return val;
}

/* Long division by ten, a byte at a time from the top: no 128-bit arithmetic is needed. */
static void print_big(struct out *out, const uint8_t bytes[16])
{
    char text[BIG_DIGITS + 1];
    uint8_t rest[16];
    unsigned at = BIG_DIGITS;

    memcpy(rest, bytes, sizeof(rest));
    text[at] = '\0';
    do {
        unsigned remainder = 0;
        for (unsigned i = sizeof(rest); i-- > 0;) {
            unsigned val = remainder << 8 | rest[i];
            rest[i] = (uint8_t)(val / 10);
            remainder = val % 10;
        }
        text[--at] = (char)('0' + remainder);
    } while (!mem_is_zero(rest, sizeof(rest)));
    out_puts(out, text + at);
}

static void print_text(struct out *out, const uint8_t *bytes, unsigned width)
{
    char text[TEXT_BYTES_MAX + 1];

    assert(width <= TEXT_BYTES_MAX);
    str_copy_field(text, sizeof(text), bytes, width);
    out_puts(out, text);
}

static void print_bytes(struct out *out, const uint8_t *bytes, unsigned width, bool hyphens)
{
    for (unsigned i = 0; i < width; i++) {
        if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10)) {
            out_puts(out, "-");
        }
        out_printf(out, "%02x", bytes[i]);
    }
}

static void print_value(struct out *out, const struct nvme_field *field, const uint8_t *bytes)
{
    switch (field->format) {
    case NVME_FIELD_DEC:
        out_printf(out, "%llu", (unsigned long long)load_le(bytes, field->width));
        break;
    case NVME_FIELD_HEX:
        out_printf(out, "%#llx", (unsigned long long)load_le(bytes, field->width));
        break;
    case NVME_FIELD_BIG:
        print_big(out, bytes);
        break;
    case NVME_FIELD_TEXT:
        print_text(out, bytes, field->width);
        break;
    case NVME_FIELD_OUI:
        out_printf(out, "%0*llx", 2 * field->width,
                   (unsigned long long)load_le(bytes, field->width));
        break;
    case NVME_FIELD_RAW:
        print_bytes(out, bytes, field->width, false);
        break;
    case NVME_FIELD_UUID:
        print_bytes(out, bytes, field->width, true);
        break;
    }
}

void nvme_fields_print(struct out *out, const struct nvme_field *fields, unsigned count,
                       const void *data, unsigned name_width)
{
    for (unsigned i = 0; i < count; i++) {
        out_printf(out, "%-*s: ", (int)name_width, fields[i].name);
        print_value(out, &fields[i], (const uint8_t *)data + fields[i].off);
        out_puts(out, "\n");
    }
}
