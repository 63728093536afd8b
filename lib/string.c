/*
 * lib/string.c - memory and string functions for the kernel, where there is no C library.
 *
 * Nothing here uses SSE registers, because interrupt handlers may copy and fill too. The empty asm
 * statements in the loops keep the compiler from replacing a loop by a call to the very function
 * that contains it.
 */
#include "lib/string.h"

#include <stdint.h>

#if !__STDC_HOSTED__ /* the unit test compiles this file under other names */
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#endif

#define BARRIER() __asm__ volatile("" ::: "memory")

/* From here on the string instructions are faster than a loop. */
#define BULK_BYTES 64

void *memcpy(void *restrict dst, const void *restrict src, size_t len)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    if (len >= BULK_BYTES) {
        size_t words = len / 8;

        __asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(words) : : "memory");
        len %= 8;
    }
    for (; len > 0; len--) {
        *d++ = *s++;
        BARRIER();
    }
    return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    /* Upwards is right unless the destination begins inside the source. */
    if ((uintptr_t)d - (uintptr_t)s >= len) {
        if (len >= BULK_BYTES) {
            size_t words = len / 8;

            __asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(words) : : "memory");
            len %= 8;
        }
        for (; len > 0; len--) {
            *d++ = *s++;
            BARRIER();
        }
        return dst;
    }
    for (; len % 8 != 0; len--) {
        d[len - 1] = s[len - 1];
        BARRIER();
    }
    for (; len > 0; len -= 8) {
        uint64_t word;

        __builtin_memcpy(&word, s + len - 8, 8);
        __builtin_memcpy(d + len - 8, &word, 8);
        BARRIER();
    }
    return dst;
}

void *memset(void *dst, int byte, size_t len)
{
    uint8_t *d = dst;

    if (len >= BULK_BYTES) {
        size_t words = len / 8;
        uint64_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);

        __asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
        len %= 8;
    }
    for (; len > 0; len--) {
        *d++ = (uint8_t)byte;
        BARRIER();
    }
    return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a;
    const uint8_t *y = b;

    for (; len >= 8; len -= 8, x += 8, y += 8) {
        uint64_t u, v;

        __builtin_memcpy(&u, x, 8);
        __builtin_memcpy(&v, y, 8);
        if (u != v) {
            u = __builtin_bswap64(u);
            v = __builtin_bswap64(v);
            return u < v ? -1 : 1;
        }
    }
    for (; len > 0; len--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

void *memchr(const void *s, int byte, size_t len)
{
    for (const uint8_t *p = s; len > 0; len--, p++) {
        if (*p == (uint8_t)byte) {
            return (void *)(uintptr_t)p;
        }
    }
    return NULL;
}

size_t strlen(const char *s)
{
    size_t len = 0;

    while (s[len] != '\0') {
        len++;
        BARRIER();
    }
    return len;
}

size_t strnlen(const char *s, size_t max)
{
    size_t len = 0;

    while (len < max && s[len] != '\0') {
        len++;
        BARRIER();
    }
    return len;
}

int strcmp(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
    for (; max > 0; max--, a++, b++) {
        if (*a != *b || *a == '\0') {
            return (uint8_t)*a - (uint8_t)*b;
        }
    }
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c) {
            return (char *)(uintptr_t)s;
        }
        if (*s == '\0') {
            return NULL;
        }
    }
}

char *strrchr(const char *s, int c)
{
    const char *last = NULL;

    for (;; s++) {
        if (*s == (char)c) {
            last = s;
        }
        if (*s == '\0') {
            return (char *)(uintptr_t)last;
        }
    }
}

char *strstr(const char *haystack, const char *needle)
{
    size_t len = strlen(needle);

    for (;; haystack++) {
        if (strncmp(haystack, needle, len) == 0) {
            return (char *)(uintptr_t)haystack;
        }
        if (*haystack == '\0') {
            return NULL;
        }
    }
}
