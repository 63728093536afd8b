/*
 * apps/shell/token.h - splits what a person typed into commands and words.
 *
 * Words are separated by blanks. 'single quotes' keep everything, "double quotes" everything but
 * \" and \\. A quoted part may stand inside a word. ";" and the end of a line end a command, "#" at
 * the start of a word begins a comment that lasts to the end of the line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "apps/shell/line.h"
#include "lib/compiler.h"

#define TOKEN_MAX_WORDS 65 /* a command and 64 arguments */

struct token_words {
    int argc;
    char *argv[TOKEN_MAX_WORDS + 1]; /* into text; NULL after the last */
    size_t start[TOKEN_MAX_WORDS];   /* where each word begins in the command */
    bool in_word;                    /* the command ends inside or right behind its last word */
    char quote;                      /* the quote that is open at the end, or 0 */
    bool in_comment;                 /* the command ends inside a comment */
    char text[LINE_BYTES];
};

/* Bytes of the first command in text, without the ";" or line end behind it. */
size_t token_command_len(const char *text);

/* Splits one command of len bytes. 0; -EINVAL (a quote is not closed; what was found stands in
 * words all the same), -ERANGE (too many words), -ENAMETOOLONG (LINE_BYTES or more),
 * -EILSEQ (not UTF-8). */
int token_split(const char *text, size_t len, struct token_words *words) must_check;
