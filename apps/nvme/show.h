/*
 * apps/nvme/show.h - what a command reports, as text for a person or as JSON for a script, from one
 * description. As text each value is a line "name : value"; as JSON it is a member of the object
 * that is open. What only one of the two readers wants says so in its name.
 *
 *     struct show s;
 *     int err = show_begin(&s, sh, "smart-log", sh->values[OPT_OUTPUT].text);
 *     if (err) return err;                              // bad format: has been said
 *     show_title(&s, "Smart Log for NVME device:%s", name);
 *     show_hex(&s, "critical_warning", NULL, log->critical_warning);
 *     show_end(&s);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/shell/shell.h"
#include "lib/compiler.h"
#include "lib/json.h"

struct show {
    struct out *out;
    struct json j;
    bool json;
    int name_width;  /* of text lines; 0: 24. May be changed at any time */
    unsigned indent; /* blanks before text lines */
};

/* format: what --output-format says ("normal", "json"), or NULL. Opens the outer object.
 * 0, or -EINVAL (said). */
int show_begin(struct show *s, struct shell *sh, const char *command, const char *format)
    must_check;
void show_end(struct show *s);

/* In each of these, name is what text shows and key is JSON's, NULL: the same. */
void show_u64(struct show *s, const char *name, const char *key, uint64_t value);
void show_hex(struct show *s, const char *name, const char *key, uint64_t value); /* JSON: number */
void show_text(struct show *s, const char *name, const char *key, const char *value);
/* 16 little-endian bytes as a decimal number. */
void show_u128(struct show *s, const char *name, const char *key, const uint8_t value[16]);
/* A number for JSON beside the text that a person reads ("35 C (308 K)"). */
void show_number_as(struct show *s, const char *name, const char *key, uint64_t value,
                    const char *fmt, ...) printf_like(5, 6);
/* A text for JSON beside another one for a person. */
void show_text_as(struct show *s, const char *name, const char *key, const char *value,
                  const char *fmt, ...) printf_like(5, 6);

/* A line of text that JSON has not, with its indentation and end of line. */
void show_title(struct show *s, const char *fmt, ...) printf_like(2, 3);
/* A member that text has not. */
void show_json_u64(struct show *s, const char *key, uint64_t value);
void show_json_text(struct show *s, const char *key, const char *value);

/* One bit field in words, below the line of its byte: "  [4:4] : 0x1  Format NVM Supported". Only
 * text. value: the whole register or field; hi, lo: the bits. */
void show_bits(struct show *s, uint64_t value, unsigned hi, unsigned lo, const char *fmt, ...)
    printf_like(5, 6);

/* Nested objects and arrays of JSON; in text what is inside is indented by two blanks. key NULL: an
 * element of an array. title NULL: no line of text. */
void show_open_object(struct show *s, const char *key, const char *title);
void show_close_object(struct show *s);
void show_open_array(struct show *s, const char *key, const char *title);
void show_close_array(struct show *s);
