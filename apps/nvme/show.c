/*
 * apps/nvme/show.c - reports as text or as JSON.
 */
#include "apps/nvme/show.h"

#include "lib/errno.h"
#include "lib/string.h"

#define NAME_WIDTH  24
#define INDENT      2
#define BIG_DIGITS  39 /* of 2^128 - 1 in decimal */

int show_begin(struct show *s, struct shell *sh, const char *command, const char *format)
{
    bool json = format && strcmp(format, "json") == 0;

    if (format && !json && strcmp(format, "normal") != 0) {
        return shell_fail(sh, command, -EINVAL, "--output-format is normal or json, not '%s'",
                          format);
    }
    *s = (struct show){.out = sh->out, .json = json, .name_width = NAME_WIDTH};
    if (json) {
        json_begin(&s->j, s->out);
        json_open_object(&s->j, NULL);
    }
    return 0;
}

void show_end(struct show *s)
{
    if (s->json) {
        json_close_object(&s->j);
        json_end(&s->j);
    }
}

static const char *key_of(const char *name, const char *key)
{
    return key ? key : name;
}

static void put_name(struct show *s, const char *name)
{
    out_printf(s->out, "%*s%-*s: ", (int)s->indent, "", s->name_width, name);
}

void show_u64(struct show *s, const char *name, const char *key, uint64_t value)
{
    show_number_as(s, name, key, value, "%llu", (unsigned long long)value);
}

void show_hex(struct show *s, const char *name, const char *key, uint64_t value)
{
    show_number_as(s, name, key, value, "%#llx", (unsigned long long)value);
}

void show_text(struct show *s, const char *name, const char *key, const char *value)
{
    show_text_as(s, name, key, value, "%s", value);
}

static void put_line(struct show *s, const char *name, const char *fmt, va_list args)
    printf_like(3, 0);
static void put_line(struct show *s, const char *name, const char *fmt, va_list args)
{
    put_name(s, name);
    out_vprintf(s->out, fmt, args);
    out_puts(s->out, "\n");
}

void show_number_as(struct show *s, const char *name, const char *key, uint64_t value,
                    const char *fmt, ...)
{
    va_list args;

    if (s->json) {
        json_u64(&s->j, key_of(name, key), value);
        return;
    }
    va_start(args, fmt);
    put_line(s, name, fmt, args);
    va_end(args);
}

void show_text_as(struct show *s, const char *name, const char *key, const char *value,
                  const char *fmt, ...)
{
    va_list args;

    if (s->json) {
        json_string(&s->j, key_of(name, key), value);
        return;
    }
    va_start(args, fmt);
    put_line(s, name, fmt, args);
    va_end(args);
}

/* Long division by ten, a byte at a time from the top: no 128-bit arithmetic is needed. */
static const char *format_u128(const uint8_t bytes[16], char text[BIG_DIGITS + 1])
{
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
    return text + at;
}

void show_u128(struct show *s, const char *name, const char *key, const uint8_t value[16])
{
    char text[BIG_DIGITS + 1];
    const char *digits = format_u128(value, text);

    if (s->json) {
        json_number(&s->j, key_of(name, key), digits);
    } else {
        put_name(s, name);
        out_printf(s->out, "%s\n", digits);
    }
}

void show_title(struct show *s, const char *fmt, ...)
{
    va_list args;

    if (!s->json) {
        out_printf(s->out, "%*s", (int)s->indent, "");
        va_start(args, fmt);
        out_vprintf(s->out, fmt, args);
        va_end(args);
        out_puts(s->out, "\n");
    }
}

void show_json_u64(struct show *s, const char *key, uint64_t value)
{
    if (s->json) {
        json_u64(&s->j, key, value);
    }
}

void show_json_text(struct show *s, const char *key, const char *value)
{
    if (s->json) {
        json_string(&s->j, key, value);
    }
}

void show_bits(struct show *s, uint64_t value, unsigned hi, unsigned lo, const char *fmt, ...)
{
    va_list args;

    if (!s->json) {
        uint64_t mask = (UINT64_C(2) << (hi - lo)) - 1;

        out_printf(s->out, "%*s  [%u:%u] : %#llx\t", (int)s->indent, "", hi, lo,
                   (unsigned long long)(value >> lo & mask));
        va_start(args, fmt);
        out_vprintf(s->out, fmt, args);
        va_end(args);
        out_puts(s->out, "\n");
    }
}

static void open_text(struct show *s, const char *title)
{
    if (title) {
        show_title(s, "%s", title);
    }
    s->indent += INDENT;
}

void show_open_object(struct show *s, const char *key, const char *title)
{
    if (s->json) {
        json_open_object(&s->j, key);
    } else {
        open_text(s, title);
    }
}

void show_close_object(struct show *s)
{
    if (s->json) {
        json_close_object(&s->j);
    } else {
        s->indent -= INDENT;
    }
}

void show_open_array(struct show *s, const char *key, const char *title)
{
    if (s->json) {
        json_open_array(&s->j, key);
    } else {
        open_text(s, title);
    }
}

void show_close_array(struct show *s)
{
    if (s->json) {
        json_close_array(&s->j);
    } else {
        s->indent -= INDENT;
    }
}
