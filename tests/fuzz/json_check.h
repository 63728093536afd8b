/*
 * tests/fuzz/json_check.h - whether a text is one JSON value (RFC 8259), strictly: nothing before
 * or after it but blanks, valid UTF-8 in strings, no name twice in one object.
 */
#pragma once

#include <stdbool.h>

/* NULL: it is; otherwise what is wrong at the place *at. */
const char *json_check(const char *text, const char **at);
