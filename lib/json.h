/*
 * lib/json.h - writes JSON as it comes, without a tree and without memory: to a serial line as
 * well as to a string. The layout is the one fio uses: two blanks a level, "key" : value, one
 * value a line, numbers with a fraction always with six decimals.
 *
 *     json_begin(&j, out);
 *     json_open_object(&j, NULL);
 *     json_u64(&j, "runtime", 5001);
 *     json_open_array(&j, "jobs");
 *     json_close_array(&j);
 *     json_close_object(&j);
 *     json_end(&j);
 *
 * key is NULL inside an array and at the top, and a text inside an object. A wrong nesting is the
 * caller's bug and asserted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/out.h"

#define JSON_MAX_DEPTH 16

struct json {
    struct out *out;
    unsigned depth;
    bool is_array[JSON_MAX_DEPTH];
    bool has_member[JSON_MAX_DEPTH];
};

void json_begin(struct json *j, struct out *out);
/* Everything is closed; ends the last line. */
void json_end(struct json *j);

void json_open_object(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_open_array(struct json *j, const char *key);
void json_close_array(struct json *j);

void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);
/* digits: a number as JSON writes it, for those that fit no type. */
void json_number(struct json *j, const char *key, const char *digits);
/* Six decimals. What is not a number, which JSON cannot say, becomes 0. */
void json_double(struct json *j, const char *key, double value);
/* Quotes, backslashes and control characters are escaped; the rest is taken to be UTF-8. */
void json_string(struct json *j, const char *key, const char *value);
