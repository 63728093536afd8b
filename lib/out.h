/*
 * lib/out.h - formatted text to wherever it should go. Every command writes to a struct out, so
 * the same code serves the serial console, the log, a file and a test that compares strings.
 *
 * Formats: d i u x X o c s p % with flags "-0+ #'", width, precision, * and the lengths hh h l ll
 * z j t; and f F for double with precision 0 to 9 (default 6), rounded half away from zero on the
 * exact decimal expansion, "inf" and "nan" in words. There is no n.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/compiler.h"

struct out {
    /* Takes len bytes of UTF-8. Must not fail: an endpoint that can lose bytes counts them. */
    void (*write)(struct out *out, const char *text, size_t len);
};

void out_write(struct out *out, const char *text, size_t len);
void out_puts(struct out *out, const char *text); /* as it is: no newline is added */
void out_printf(struct out *out, const char *fmt, ...) printf_like(2, 3);
void out_vprintf(struct out *out, const char *fmt, va_list args) printf_like(2, 0);

/* Text into memory. buf is borrowed for the life of the object and always terminated. */
struct out_buf {
    struct out out;
    char *buf;
    size_t cap;     /* bytes of buf, the terminator included */
    size_t len;     /* bytes written, without the terminator */
    bool truncated; /* something did not fit and was dropped */
};

void out_buf_init(struct out_buf *ob, char *buf, size_t cap);

/* As snprintf: returns the length the whole text would have had; buf is terminated if cap > 0. */
size_t str_format(char *buf, size_t cap, const char *fmt, ...) printf_like(3, 4);
size_t str_vformat(char *buf, size_t cap, const char *fmt, va_list args) printf_like(3, 0);
