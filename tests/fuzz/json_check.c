/*
 * tests/fuzz/json_check.c - a strict reader of JSON that keeps nothing.
 */
#include "tests/fuzz/json_check.h"

#include <stddef.h>
#include <string.h>

#include "lib/compiler.h"
#include "lib/utf8.h"

#define MAX_DEPTH 32
#define MAX_NAMES 1024 /* of one object; more are not compared */

struct reader {
    const char *at;
    const char *wrong;
    unsigned depth;
};

static bool value(struct reader *r);

static bool fail(struct reader *r, const char *what)
{
    if (!r->wrong) {
        r->wrong = what;
    }
    return false;
}

static void blanks(struct reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool escape(struct reader *r)
{
    char c = *++r->at;

    if (c == '\0' || !strchr("\"\\/bfnrtu", c)) {
        return fail(r, "an unknown escape");
    }
    for (unsigned i = 0; c == 'u' && i < 4; i++) {
        if (!is_hex(*++r->at)) {
            return fail(r, "a short \\u");
        }
    }
    return true;
}

static bool string(struct reader *r)
{
    if (*r->at != '"') {
        return fail(r, "no string");
    }
    const char *begin = ++r->at;
    for (; *r->at != '"'; r->at++) {
        if ((unsigned char)*r->at < ' ') {
            return fail(r, "a control character, or the end, in a string");
        }
        if (*r->at == '\\' && !escape(r)) {
            return false;
        }
    }
    if (!utf8_is_valid(begin, (size_t)(r->at - begin))) {
        return fail(r, "a string that is not UTF-8");
    }
    r->at++;
    return true;
}

static bool digits(struct reader *r)
{
    if (!is_digit(*r->at)) {
        return fail(r, "no digit");
    }
    while (is_digit(*r->at)) {
        r->at++;
    }
    return true;
}

static bool number(struct reader *r)
{
    r->at += *r->at == '-';
    if (*r->at == '0' && is_digit(r->at[1])) {
        return fail(r, "a leading zero");
    }
    if (!digits(r)) {
        return false;
    }
    if (*r->at == '.') {
        r->at++;
        if (!digits(r)) {
            return false;
        }
    }
    if (*r->at == 'e' || *r->at == 'E') {
        r->at++;
        r->at += *r->at == '-' || *r->at == '+';
        return digits(r);
    }
    return true;
}

/* A name, and that it is not one of those before it. */
static bool name(struct reader *r, const char **names, size_t *lens, unsigned *count)
{
    const char *begin = r->at;

    if (!string(r)) {
        return false;
    }
    size_t len = (size_t)(r->at - begin);
    for (unsigned i = 0; i < *count; i++) {
        if (lens[i] == len && memcmp(names[i], begin, len) == 0) {
            return fail(r, "a name twice in one object");
        }
    }
    if (*count < MAX_NAMES) {
        names[*count] = begin;
        lens[(*count)++] = len;
    }
    return true;
}

static bool members(struct reader *r, bool named, char end)
{
    const char *names[MAX_NAMES];
    size_t lens[MAX_NAMES];
    unsigned count = 0;

    r->at++;
    blanks(r);
    if (*r->at == end) {
        r->at++;
        return true;
    }
    for (;;) {
        if (named) {
            if (!name(r, names, lens, &count)) {
                return false;
            }
            blanks(r);
            if (*r->at++ != ':') {
                return fail(r, "no colon");
            }
        }
        if (!value(r)) {
            return false;
        }
        if (*r->at == end) {
            r->at++;
            return true;
        }
        if (*r->at++ != ',') {
            return fail(r, "no comma");
        }
        blanks(r);
    }
}

static bool word(struct reader *r, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(r->at, text, len) != 0) {
        return fail(r, "no value");
    }
    r->at += len;
    return true;
}

static bool value(struct reader *r)
{
    bool ok;

    if (++r->depth > MAX_DEPTH) {
        return fail(r, "too deep");
    }
    blanks(r);
    switch (*r->at) {
    case '{':
        ok = members(r, true, '}');
        break;
    case '[':
        ok = members(r, false, ']');
        break;
    case '"':
        ok = string(r);
        break;
    case 't':
        ok = word(r, "true");
        break;
    case 'f':
        ok = word(r, "false");
        break;
    case 'n':
        ok = word(r, "null");
        break;
    default:
        ok = number(r);
        break;
    }
    blanks(r);
    r->depth--;
    return ok;
}

const char *json_check(const char *text, const char **at)
{
    struct reader r = {.at = text};

    if (value(&r) && *r.at != '\0') {
        (void)fail(&r, "something after the value");
    }
    *at = r.at;
    return r.wrong;
}
