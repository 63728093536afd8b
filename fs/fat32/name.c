/*
 * fs/fat32/name.c - short names, long names, and when two names are the same (FAT §6 and §7).
 */
#include "fs/fat32/fat32.h"

#include "lib/bytes.h"
#include "lib/printable.h"
#include "lib/string.h"
#include "lib/utf8.h"

/* A slot of a long name (FAT §7). */
#define SLOT_ORDER 0
#define SLOT_TYPE 12
#define SLOT_CHECKSUM 13
#define ORDER_LAST 0x40 /* set in the slot that is stored first and holds the name's end */
#define ORDER_NUMBER 0x3f

/* A short entry. */
#define BASE_BYTES 8
#define SHORT_BYTES 11
#define SHORT_FLAGS 12
#define FLAG_LOWER_BASE 0x08
#define FLAG_LOWER_EXTENSION 0x10
#define KANJI_E5 0x05 /* stands for E5h, which would mark the entry as deleted */

/* Code page 437 from 80h on. FAT does not record its code page; this one is the most common. */
static const uint16_t code_page[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
    0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
    0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
    0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192,
    0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba,
    0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556,
    0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
    0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
    0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
    0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
    0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
    0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229,
    0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
    0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

/* Where in a slot its 13 units are. */
static const uint8_t unit_offsets[FAT_SLOT_UNITS] = { 1,  3,  5,  7,  9,  14, 16,
                                                      18, 20, 22, 24, 28, 30 };

uint8_t fat_name_checksum(const uint8_t *short_name)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < SHORT_BYTES; i++) {
        sum = (uint8_t)((uint8_t)(sum << 7 | sum >> 1) + short_name[i]);
    }
    return sum;
}

/* --- long names ------------------------------------------------------------------------------- */

void fat_long_name_reset(struct fat_long_name *name)
{
    name->slots = 0;
}

void fat_long_name_add(struct fat_long_name *name, const uint8_t *entry)
{
    uint8_t number = entry[SLOT_ORDER] & ORDER_NUMBER;

    if (entry[SLOT_ORDER] & ORDER_LAST) {
        name->slots = number;
        name->next = number;
        name->checksum = entry[SLOT_CHECKSUM];
    }
    if (name->slots == 0 || number == 0 || number > FAT_MAX_SLOTS || number != name->next ||
        entry[SLOT_CHECKSUM] != name->checksum || entry[SLOT_TYPE] != 0) {
        fat_long_name_reset(name);
        return;
    }
    name->next--;
    for (unsigned i = 0; i < FAT_SLOT_UNITS; i++) {
        name->units[name->next * FAT_SLOT_UNITS + i] = load_le16(entry + unit_offsets[i]);
    }
}

/* A character Windows refuses in every name, or one a terminal could obey. */
static bool is_forbidden(uint32_t code)
{
    return code_is_control(code) || (code < 0x80 && strchr("\"*/:<>?\\|", (int)code));
}

static bool is_name_allowed(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return false;
    }
    for (size_t i = 0; i < len;) {
        uint32_t code = 0;
        unsigned bytes = utf8_decode(name + i, len - i, &code);

        if (bytes == 0 || is_forbidden(code)) {
            return false;
        }
        i += bytes;
    }
    return true;
}

bool fat_long_name_finish(const struct fat_long_name *name, const uint8_t *short_entry, char *buf,
                          size_t cap)
{
    uint8_t bytes[(FAT_NAME_UNITS + 1) * 2];
    unsigned len = 0;

    if (name->slots == 0 || name->next != 0 ||
        name->checksum != fat_name_checksum(short_entry)) {
        return false;
    }
    unsigned most = name->slots * FAT_SLOT_UNITS;
    while (len < most && name->units[len] != 0) {
        len++;
    }
    /* The end must lie in the slot marked as last, or slots are left over. */
    if (len > FAT_NAME_UNITS || len + FAT_SLOT_UNITS < most) {
        return false;
    }
    for (unsigned i = 0; i < len; i++) {
        store_le16(bytes + 2 * i, name->units[i]);
    }
    store_le16(bytes + 2 * len, 0);
    return utf8_from_utf16le(bytes, len + 1, buf, cap) == 0 && is_name_allowed(buf);
}

/* --- short names ------------------------------------------------------------------------------ */

static char *put_short_char(char *to, char *end, uint8_t byte, bool lower)
{
    uint32_t code = byte < 0x80 ? byte : code_page[byte - 0x80];
    char bytes[UTF8_MAX_BYTES];

    if (is_forbidden(code) || code == '.') {
        code = '_';
    }
    if (lower && code >= 'A' && code <= 'Z') {
        code += 'a' - 'A';
    }
    unsigned len = utf8_encode(code, bytes);
    if (len < (size_t)(end - to)) {
        memcpy(to, bytes, len);
        to += len;
    }
    return to;
}

static unsigned trimmed_length(const uint8_t *field, unsigned len)
{
    while (len > 0 && field[len - 1] == ' ') {
        len--;
    }
    return len;
}

void fat_short_name(const uint8_t *entry, bool lower, char *buf, size_t cap)
{
    unsigned base = trimmed_length(entry, BASE_BYTES);
    unsigned extension = trimmed_length(entry + BASE_BYTES, SHORT_BYTES - BASE_BYTES);
    char *to = buf;
    char *end = buf + cap;

    for (unsigned i = 0; i < base; i++) {
        uint8_t byte = i == 0 && entry[0] == KANJI_E5 ? 0xe5 : entry[i];

        to = put_short_char(to, end, byte, lower && (entry[SHORT_FLAGS] & FLAG_LOWER_BASE));
    }
    if (base == 0) {
        to = put_short_char(to, end, '_', false);
    }
    if (extension > 0 && end - to > 1) {
        *to++ = '.';
    }
    for (unsigned i = 0; i < extension; i++) {
        to = put_short_char(to, end, entry[BASE_BYTES + i],
                            lower && (entry[SHORT_FLAGS] & FLAG_LOWER_EXTENSION));
    }
    *to = '\0';
}

/* --- comparing -------------------------------------------------------------------------------- */

/* Simple case folding for the alphabets that have it as a plain shift: Latin, Greek, Cyrillic. */
static uint32_t fold(uint32_t code)
{
    if ((code >= 'A' && code <= 'Z') || (code >= 0xc0 && code <= 0xde && code != 0xd7) ||
        (code >= 0x391 && code <= 0x3a9) || (code >= 0x410 && code <= 0x42f)) {
        return code + 0x20;
    }
    if (code >= 0x400 && code <= 0x40f) {
        return code + 0x50;
    }
    if (code == 0x178) {
        return 0xff;
    }
    if ((code >= 0x100 && code <= 0x12f) || (code >= 0x132 && code <= 0x137) ||
        (code >= 0x14a && code <= 0x177)) {
        return code | 1; /* Latin Extended-A: the capital letter is the even one */
    }
    if ((code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17e)) {
        return code + (code & 1); /* and here the odd one */
    }
    return code;
}

bool fat_name_equal(const char *name, const char *typed, size_t len)
{
    size_t name_len = strlen(name);

    while (name_len > 0 && len > 0) {
        uint32_t a = 0, b = 0;
        unsigned a_bytes = utf8_decode(name, name_len, &a);
        unsigned b_bytes = utf8_decode(typed, len, &b);

        if (a_bytes == 0 || b_bytes == 0 || fold(a) != fold(b)) {
            return false;
        }
        name += a_bytes;
        name_len -= a_bytes;
        typed += b_bytes;
        len -= b_bytes;
    }
    return name_len == 0 && len == 0;
}
