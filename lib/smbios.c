/*
 * lib/smbios.c - who made this machine.
 */
#include "lib/smbios.h"

#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/string.h"

#define SEARCH_STEP     16
#define ENTRY2_MIN      31 /* bytes: 1Eh was written by mistake in version 2.1, 1Fh is meant */
#define ENTRY3_MIN      24
#define HEADER_BYTES    4
#define TYPE_SYSTEM     1
#define TYPE_END        127
#define SYSTEM_SERIAL   7 /* offset of the last string number that is used */

static bool sums_to_zero(const uint8_t *bytes, size_t len)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum == 0;
}

int smbios_parse_entry(const uint8_t *entry, size_t len, uint64_t *table, uint32_t *table_bytes)
{
    if (len >= ENTRY3_MIN && memcmp(entry, "_SM3_", 5) == 0) {
        if (entry[6] < ENTRY3_MIN || entry[6] > len || !sums_to_zero(entry, entry[6])) {
            return -EPROTO;
        }
        *table_bytes = load_le32(entry + 12); /* the most there can be */
        *table = load_le64(entry + 16);
        return 0;
    }
    if (len < ENTRY2_MIN || memcmp(entry, "_SM_", 4) != 0 || entry[5] < ENTRY2_MIN - 1 ||
        entry[5] > len || !sums_to_zero(entry, entry[5]) || memcmp(entry + 16, "_DMI_", 5) != 0) {
        return -EPROTO;
    }
    *table_bytes = load_le16(entry + 22);
    *table = load_le32(entry + 24);
    return 0;
}

int smbios_find_entry(const uint8_t *area, size_t len)
{
    uint64_t table;
    uint32_t bytes;

    for (size_t at = 0; at < len; at += SEARCH_STEP) {
        if (smbios_parse_entry(area + at, MIN(len - at, (size_t)SMBIOS_ENTRY_BYTES), &table,
                               &bytes) == 0) {
            return (int)at;
        }
    }
    return -ENOENT;
}

/* Where the strings of a structure end: behind two zero bytes. 0: not inside len. */
static size_t end_of_strings(const uint8_t *table, size_t len, size_t at)
{
    for (; at + 1 < len; at++) {
        if (table[at] == 0 && table[at + 1] == 0) {
            return at + 2;
        }
    }
    return 0;
}

/* String number, counted from 1, of those between at and end. */
static void copy_string(const uint8_t *table, size_t at, size_t end, unsigned number, char *out)
{
    size_t len = 0;

    out[0] = '\0';
    if (number == 0) {
        return;
    }
    while (--number > 0 && at < end) {
        while (at < end && table[at]) {
            at++;
        }
        at++;
    }
    for (; at < end && table[at] && len + 1 < SMBIOS_TEXT_BYTES; at++) {
        out[len++] = table[at] >= ' ' && table[at] <= '~' ? (char)table[at] : '?';
    }
    while (len > 0 && out[len - 1] == ' ') {
        len--;
    }
    out[len] = '\0';
}

int smbios_parse_system(const uint8_t *table, size_t len, struct smbios_system *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t at = 0; at + HEADER_BYTES <= len;) {
        uint8_t type = table[at], bytes = table[at + 1];

        if (bytes < HEADER_BYTES || bytes > len - at || type == TYPE_END) {
            break;
        }
        size_t strings = at + bytes, end = end_of_strings(table, len, strings);
        if (end == 0) {
            break;
        }
        if (type == TYPE_SYSTEM && bytes > SYSTEM_SERIAL) {
            copy_string(table, strings, end, table[at + 4], out->manufacturer);
            copy_string(table, strings, end, table[at + 5], out->product);
            copy_string(table, strings, end, table[at + SYSTEM_SERIAL], out->serial);
            return 0;
        }
        at = end;
    }
    return -ENOENT;
}
