/*
 * apps/shell/token.c - splits what a person typed into commands and words.
 */
#include "apps/shell/token.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "lib/utf8.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_escaped(const char *text, size_t left)
{
    return text[0] == '\\' && left > 1 && (text[1] == '"' || text[1] == '\\');
}

size_t token_command_len(const char *text)
{
    char quote = '\0';
    bool comment = false;
    size_t i;

    for (i = 0; text[i] != '\0' && text[i] != '\n'; i++) {
        if (comment) {
            continue;
        }
        if (quote != '\0') {
            if (quote == '"' && is_escaped(text + i, 2)) {
                i++;
            } else if (text[i] == quote) {
                quote = '\0';
            }
        } else if (text[i] == '"' || text[i] == '\'') {
            quote = text[i];
        } else if (text[i] == ';') {
            break;
        } else if (text[i] == '#' && (i == 0 || is_blank(text[i - 1]))) {
            comment = true;
        }
    }
    return i;
}

/* Copies the word at text to *end, without its quotes. Returns the bytes it takes in text. */
static size_t take_word(const char *text, size_t len, char **end, char *quote)
{
    size_t i;

    *quote = '\0';
    for (i = 0; i < len; i++) {
        if (*quote == '\0' && is_blank(text[i])) {
            break;
        }
        if (*quote == '\0' && (text[i] == '"' || text[i] == '\'')) {
            *quote = text[i];
        } else if (*quote != '\0' && text[i] == *quote) {
            *quote = '\0';
        } else {
            if (*quote == '"' && is_escaped(text + i, len - i)) {
                i++;
            }
            *(*end)++ = text[i];
        }
    }
    *(*end)++ = '\0';
    return i;
}

int token_split(const char *text, size_t len, struct token_words *words)
{
    char *end = words->text;
    size_t i = 0;

    words->argc = 0;
    words->argv[0] = NULL;
    words->in_word = false;
    words->quote = '\0';
    words->in_comment = false;
    if (len >= LINE_BYTES) {
        return -ENAMETOOLONG;
    }
    if (!utf8_is_valid(text, len)) {
        return -EILSEQ;
    }
    for (;;) {
        while (i < len && is_blank(text[i])) {
            i++;
        }
        if (i == len || text[i] == '#') {
            break;
        }
        if (words->argc == TOKEN_MAX_WORDS) {
            return -ERANGE;
        }
        words->start[words->argc] = i;
        words->argv[words->argc++] = end;
        words->argv[words->argc] = NULL;
        i += take_word(text + i, len - i, &end, &words->quote);
        words->in_word = i == len;
    }
    words->in_comment = i < len;
    return words->quote != '\0' ? -EINVAL : 0;
}
