/*
 * lib/string.h - the C string functions the project uses (lib/string.c in the kernel, the C
 * library on the host), and a few safe ones of our own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/compiler.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
void *memchr(const void *s, int byte, size_t len);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *haystack, const char *needle);

/* Copies src and always terminates. Returns false when it had to be cut to fit cap bytes. */
bool str_copy(char *dst, size_t cap, const char *src);

/* Appends src likewise. */
bool str_append(char *dst, size_t cap, const char *src);

bool str_starts_with(const char *s, const char *prefix);

/* Compares without regard to ASCII case; the order is that of the lower-case letters. */
int str_casecmp(const char *a, const char *b);

/* Levenshtein distance of two names, at most cap; used to suggest the name a person meant. */
unsigned str_distance(const char *a, const char *b, unsigned cap);

/* All len bytes are zero. */
bool mem_is_zero(const void *s, size_t len);

#if !__STDC_HOSTED__
/* A freestanding compiler takes these for functions like any other. Under their builtin names it
 * knows them again: eight bytes are then copied by one instruction and not by a call. */
#define memcpy(dst, src, len) __builtin_memcpy(dst, src, len)
#define memmove(dst, src, len) __builtin_memmove(dst, src, len)
#define memset(dst, byte, len) __builtin_memset(dst, byte, len)
#define memcmp(a, b, len) __builtin_memcmp(a, b, len)
#define strlen(s) __builtin_strlen(s)
#endif
