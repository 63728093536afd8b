/*
 * lib/text.c - the string functions of our own, the same in the kernel and on the host.
 */
#include "lib/string.h"

#include <stdint.h>

/* Names longer than this are not compared by distance; no name a person types is. */
#define DISTANCE_MAX_LEN 63

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (uint8_t)c;
}

bool str_copy(char *dst, size_t cap, const char *src)
{
    if (cap == 0) {
        return false;
    }
    dst[0] = '\0';
    return str_append(dst, cap, src);
}

bool str_append(char *dst, size_t cap, const char *src)
{
    size_t used = strnlen(dst, cap);

    if (used == cap) {
        return false; /* not terminated: there is nothing to append to */
    }
    size_t len = strlen(src);
    bool fits = len < cap - used;
    if (!fits) {
        len = cap - used - 1;
    }
    memmove(dst + used, src, len);
    dst[used + len] = '\0';
    return fits;
}

bool str_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

int str_casecmp(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) - lower(*b);
}

unsigned str_distance(const char *a, const char *b, unsigned cap)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    unsigned row[DISTANCE_MAX_LEN + 1]; /* distances of the prefixes of b to the prefix of a */

    if (a_len > DISTANCE_MAX_LEN || b_len > DISTANCE_MAX_LEN) {
        return strcmp(a, b) == 0 ? 0 : cap;
    }
    for (unsigned j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
            unsigned shorter = MIN(row[j], row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = MIN(replaced, shorter);
        }
    }
    return MIN(row[b_len], cap);
}

bool mem_is_zero(const void *s, size_t len)
{
    const uint8_t *p = s;

    for (; len >= 8; len -= 8, p += 8) {
        uint64_t word;

        memcpy(&word, p, 8);
        if (word != 0) {
            return false;
        }
    }
    for (; len > 0; len--, p++) {
        if (*p != 0) {
            return false;
        }
    }
    return true;
}
