/*
 * lib/cmdline.c - the kernel's command line: words, some of them key=value.
 */
#include "lib/cmdline.h"

#include "lib/string.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One character of the word at *s, without its quoting, or 0 at the word's end. */
static char next_char(const char **s, bool *quoted)
{
    for (;;) {
        char c = **s;
        if (c == '\0' || (!*quoted && is_blank(c))) {
            return '\0';
        }
        (*s)++;
        if (c == '"') {
            *quoted = !*quoted;
            continue;
        }
        if (c == '\\' && **s != '\0') {
            c = *(*s)++;
        }
        return c;
    }
}

/* Reads the word at *s and moves behind it. Whether it is key, alone or before "=". */
static bool match_word(const char **s, const char *key, char *value, size_t cap)
{
    bool quoted = false;
    bool same = true;
    bool in_value = false;
    size_t len = 0;
    char c;

    while ((c = next_char(s, &quoted)) != '\0') {
        if (in_value) {
            if (same && len + 1 < cap) {
                value[len++] = c;
            }
        } else if (c == '=') {
            in_value = true;
            same = same && *key == '\0';
        } else {
            same = same && c == *key;
            key += *key != '\0';
        }
    }
    same = same && *key == '\0';
    if (cap > 0) {
        value[same ? len : 0] = '\0';
    }
    return same;
}

bool cmdline_get(const char *line, const char *key, char *value, size_t cap)
{
    if (cap > 0) {
        value[0] = '\0';
    }
    for (;;) {
        while (is_blank(*line)) {
            line++;
        }
        if (*line == '\0') {
            return false;
        }
        if (match_word(&line, key, value, cap)) {
            return true;
        }
    }
}

bool cmdline_has(const char *line, const char *key)
{
    char value[1];

    return cmdline_get(line, key, value, sizeof(value));
}
