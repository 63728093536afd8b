/*
 * lib/utf8.c - UTF-8, checked strictly, and from UTF-16.
 */
#include "lib/utf8.h"

#include "lib/errno.h"
#include "lib/string.h"

static bool is_high_surrogate(uint32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(uint32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

unsigned utf8_decode(const char *text, size_t len, uint32_t *out)
{
    /* The smallest code point of each length: what is below it would be an overlong form. */
    static const uint32_t smallest[UTF8_MAX_BYTES + 1] = { 0, 0, 0x80, 0x800, 0x10000 };
    const uint8_t *p = (const uint8_t *)text;
    unsigned count;
    uint32_t code;

    if (len == 0) {
        return 0;
    }
    if (p[0] < 0x80) {
        count = 1;
        code = p[0];
    } else if ((p[0] & 0xe0) == 0xc0) {
        count = 2;
        code = p[0] & 0x1f;
    } else if ((p[0] & 0xf0) == 0xe0) {
        count = 3;
        code = p[0] & 0x0f;
    } else if ((p[0] & 0xf8) == 0xf0) {
        count = 4;
        code = p[0] & 0x07;
    } else {
        return 0;
    }
    if (len < count) {
        return 0;
    }
    for (unsigned i = 1; i < count; i++) {
        if (!utf8_is_continuation(p[i])) {
            return 0;
        }
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code < smallest[count] || code > 0x10ffff || is_high_surrogate(code) ||
        is_low_surrogate(code)) {
        return 0;
    }
    *out = code;
    return count;
}

unsigned utf8_encode(uint32_t code, char out[UTF8_MAX_BYTES])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (is_high_surrogate(code) || is_low_surrogate(code) || code > 0x10ffff) {
        return 0;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

bool utf8_is_valid(const char *text, size_t len)
{
    while (len > 0) {
        uint32_t code;
        unsigned count = utf8_decode(text, len, &code);

        if (count == 0) {
            return false;
        }
        text += count;
        len -= count;
    }
    return true;
}

size_t utf8_width(const char *text, size_t len)
{
    size_t width = 0;

    for (size_t i = 0; i < len; i++) {
        width += !utf8_is_continuation((uint8_t)text[i]);
    }
    return width;
}

/* The code point at unit *i of src, moving *i behind it. */
static uint32_t next_utf16(const uint8_t *src, size_t units, size_t *i, bool *unpaired)
{
    uint32_t unit = src[2 * *i] | (uint32_t)src[2 * *i + 1] << 8;

    (*i)++;
    if (is_high_surrogate(unit) && *i < units) {
        uint32_t low = src[2 * *i] | (uint32_t)src[2 * *i + 1] << 8;

        if (is_low_surrogate(low)) {
            (*i)++;
            return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
        *unpaired = true;
        return UTF8_REPLACEMENT;
    }
    return unit;
}

int utf8_from_utf16le(const uint8_t *src, size_t units, char *buf, size_t cap)
{
    size_t used = 0;
    size_t i = 0;
    bool unpaired = false;

    if (cap == 0) {
        return -EOVERFLOW;
    }
    while (i < units) {
        uint32_t code = next_utf16(src, units, &i, &unpaired);
        char bytes[UTF8_MAX_BYTES];
        unsigned count = utf8_encode(code, bytes);

        if (code == 0) {
            break;
        }
        if (count >= cap - used) {
            buf[used] = '\0';
            return -EOVERFLOW;
        }
        memcpy(buf + used, bytes, count);
        used += count;
    }
    buf[used] = '\0';
    return unpaired ? -EILSEQ : 0;
}
