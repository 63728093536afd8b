/*
 * lib/printable.c - text from foreign media, made safe for a terminal.
 */
#include "lib/printable.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "lib/utf8.h"

bool str_make_printable(char *text)
{
    size_t len = strlen(text);
    size_t from = 0, to = 0;
    bool changed = false;

    while (from < len) {
        uint32_t code = 0;
        unsigned bytes = utf8_decode(text + from, len - from, &code);

        if (bytes == 0 || code_is_control(code)) {
            text[to++] = '?';
            from += MAX(bytes, 1u);
            changed = true;
            continue;
        }
        memmove(text + to, text + from, bytes);
        to += bytes;
        from += bytes;
    }
    text[to] = '\0';
    return changed;
}

void str_copy_field(char *dst, size_t cap, const uint8_t *field, size_t len)
{
    const uint8_t *end = memchr(field, 0, len);

    if (end) {
        len = (size_t)(end - field);
    }
    while (len > 0 && field[len - 1] == ' ') {
        len--;
    }
    len = MIN(len, cap - 1);
    memcpy(dst, field, len);
    dst[len] = '\0';
    str_make_printable(dst);
}
