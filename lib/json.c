/*
 * lib/json.c - a streaming writer; see the header.
 */
#include "lib/json.h"

#include "lib/assert.h"

#define INDENT 2

static void put_text(struct out *out, const char *text)
{
    out_puts(out, "\"");
    for (const char *from = text;; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        out_write(out, from, (size_t)(text - from));
        from = text + 1;
        if (c == '\0') {
            break;
        }
        if (c == '"' || c == '\\') {
            out_printf(out, "\\%c", c);
        } else {
            out_printf(out, "\\u%04x", c);
        }
    }
    out_puts(out, "\"");
}

/* Everything that stands before a value: the comma, the line, the key. */
static void put_key(struct json *j, const char *key)
{
    if (j->depth == 0) {
        assert(key == NULL);
        return;
    }
    unsigned level = j->depth - 1;
    assert((key == NULL) == j->is_array[level]);
    out_printf(j->out, "%s\n%*s", j->has_member[level] ? "," : "", (int)(j->depth * INDENT), "");
    j->has_member[level] = true;
    if (key != NULL) {
        put_text(j->out, key);
        out_puts(j->out, " : ");
    }
}

static void open(struct json *j, const char *key, bool is_array)
{
    put_key(j, key);
    assert(j->depth < JSON_MAX_DEPTH);
    j->is_array[j->depth] = is_array;
    j->has_member[j->depth] = false;
    j->depth++;
    out_puts(j->out, is_array ? "[" : "{");
}

static void close(struct json *j, bool is_array)
{
    assert(j->depth > 0 && j->is_array[j->depth - 1] == is_array);
    j->depth--;
    out_printf(j->out, "\n%*s%s", (int)(j->depth * INDENT), "", is_array ? "]" : "}");
}

void json_begin(struct json *j, struct out *out)
{
    *j = (struct json){.out = out};
}

void json_end(struct json *j)
{
    assert(j->depth == 0);
    out_puts(j->out, "\n");
}

void json_open_object(struct json *j, const char *key)
{
    open(j, key, false);
}

void json_close_object(struct json *j)
{
    close(j, false);
}

void json_open_array(struct json *j, const char *key)
{
    open(j, key, true);
}

void json_close_array(struct json *j)
{
    close(j, true);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
    put_key(j, key);
    out_printf(j->out, "%llu", (unsigned long long)value);
}

void json_i64(struct json *j, const char *key, int64_t value)
{
    put_key(j, key);
    out_printf(j->out, "%lld", (long long)value);
}

void json_number(struct json *j, const char *key, const char *digits)
{
    put_key(j, key);
    out_puts(j->out, digits);
}

void json_double(struct json *j, const char *key, double value)
{
    /* Only infinities and what is not a number differ from themselves less themselves. */
    bool finite = value - value == 0;
    put_key(j, key);
    out_printf(j->out, "%.6f", finite ? value : 0.0);
}

void json_string(struct json *j, const char *key, const char *value)
{
    put_key(j, key);
    put_text(j->out, value);
}
