/*
 * lib/cmdline.h - the kernel's command line: words, some of them key=value.
 *
 * Words are separated by blanks. Double quotes keep blanks together anywhere in a word and are
 * dropped; a backslash takes the next character as it is. So run="a; b" and "run=a; b" (which is
 * what GRUB makes of the first) are the same word.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A word that is key: true. */
bool cmdline_has(const char *line, const char *key);

/* The value of the first word key=value, or "" for the word key alone. Returns false, and leaves
 * value empty, when there is none; what does not fit into cap bytes is cut. */
bool cmdline_get(const char *line, const char *key, char *value, size_t cap);
