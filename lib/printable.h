/*
 * lib/printable.h - text from foreign media, made safe for a terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A control character: C0, DEL or C1, which a terminal could obey. */
static inline bool code_is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/* Replaces control characters and bytes that are not valid UTF-8 by '?' each, in place; the text
 * gets no longer. Returns whether there were any. */
bool str_make_printable(char *text);

/* Copies the field of len bytes (ended by a zero byte or by its length; trailing blanks are cut)
 * as printable text. Always terminates; what does not fit is cut. */
void str_copy_field(char *dst, size_t cap, const uint8_t *field, size_t len);
