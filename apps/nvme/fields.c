/*
 * apps/nvme/fields.c - reports data structures of the specification from tables.
 */
#include "apps/nvme/fields.h"

#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/printable.h"
#include "lib/string.h"

#define TEXT_BYTES_MAX 256 /* SUBNQN */

static uint64_t load_le(const uint8_t *bytes, unsigned width)
{
    uint64_t val = 0;

    for (unsigned i = width; i-- > 0;) {
        val = val << 8 | bytes[i];
    }
    return val;
}

/* Bytes in hexadecimal, with the hyphens of a UUID or without. */
static void format_bytes(char *text, size_t cap, const uint8_t *bytes, unsigned width, bool hyphens)
{
    size_t len = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < width && len < cap; i++) {
        bool hyphen = hyphens && (i == 4 || i == 6 || i == 8 || i == 10);

        len += str_format(text + len, cap - len, "%s%02x", hyphen ? "-" : "", bytes[i]);
    }
}

static void show_field(struct show *s, const struct nvme_field *field, const uint8_t *bytes)
{
    char text[TEXT_BYTES_MAX + 1];

    assert(field->width <= TEXT_BYTES_MAX);
    switch (field->format) {
    case NVME_FIELD_DEC:
        show_u64(s, field->name, field->key, load_le(bytes, field->width));
        break;
    case NVME_FIELD_HEX:
        show_hex(s, field->name, field->key, load_le(bytes, field->width));
        break;
    case NVME_FIELD_BIG:
        show_u128(s, field->name, field->key, bytes);
        break;
    case NVME_FIELD_TEXT:
        str_copy_field(text, sizeof(text), bytes, field->width);
        show_text(s, field->name, field->key, text);
        break;
    case NVME_FIELD_OUI:
        show_number_as(s, field->name, field->key, load_le(bytes, field->width), "%0*llx",
                       2 * field->width, (unsigned long long)load_le(bytes, field->width));
        break;
    case NVME_FIELD_RAW:
    case NVME_FIELD_UUID:
        format_bytes(text, sizeof(text), bytes, field->width, field->format == NVME_FIELD_UUID);
        show_text(s, field->name, field->key, text);
        break;
    }
}

static void show_bit_table(struct show *s, const struct nvme_bit *bits, uint64_t value)
{
    for (; bits->text; bits++) {
        size_t len = strlen(bits->text);
        bool question = len && bits->text[len - 1] == '?';

        show_bits(s, value, bits->hi, bits->lo, "%.*s%s", (int)(question ? len - 1 : len),
                  bits->text, !question ? "" : value >> bits->lo & 1 ? " supported"
                                                                    : " not supported");
    }
}

void nvme_fields_show(struct show *s, const struct nvme_field *fields, unsigned count,
                      const void *data, bool human)
{
    for (unsigned i = 0; i < count; i++) {
        const struct nvme_field *field = &fields[i];
        const uint8_t *bytes = (const uint8_t *)data + field->off;
        uint64_t value = load_le(bytes, MIN((unsigned)field->width, 8U));

        show_field(s, field, bytes);
        if (!human || s->json || !(field->bits || field->explain)) {
            continue;
        }
        if (field->bits) {
            show_bit_table(s, field->bits, value);
        }
        if (field->explain) {
            field->explain(s, value);
        }
        out_puts(s->out, "\n");
    }
}
