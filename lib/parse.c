/*
 * lib/parse.c - numbers and words as people type them.
 */
#include "lib/parse.h"

#include <stddef.h>

#include "lib/errno.h"
#include "lib/string.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    { "", 1 },         { "b", 1 },
    { "k", KIB },      { "kb", KIB },        { "kib", KIB },
    { "m", MIB },      { "mb", MIB },        { "mib", MIB },
    { "g", GIB },      { "gb", GIB },        { "gib", GIB },
    { "t", GIB << 10 }, { "tb", GIB << 10 }, { "tib", GIB << 10 },
    { "p", GIB << 20 }, { "pb", GIB << 20 }, { "pib", GIB << 20 },
};

#define KILO UINT64_C(1000)

static const struct unit decimal_units[] = {
    { "k", KILO },      { "kb", KILO },
    { "m", KILO * KILO }, { "mb", KILO * KILO },
    { "g", KILO * KILO * KILO }, { "gb", KILO * KILO * KILO },
    { "t", KILO * KILO * KILO * KILO }, { "tb", KILO * KILO * KILO * KILO },
    { "p", KILO * KILO * KILO * KILO * KILO }, { "pb", KILO * KILO * KILO * KILO * KILO },
};

static const struct unit time_units[] = {
    { "ns", 1 },
    { "us", NS_PER_US },
    { "usec", NS_PER_US },
    { "ms", NS_PER_MS },
    { "msec", NS_PER_MS },
    { "s", NS_PER_S },
    { "m", 60 * NS_PER_S },
    { "h", 3600 * NS_PER_S },
    { "d", 86400 * NS_PER_S },
};

/* The value of a digit, or 16 for anything else. */
static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a' + 10);
    }
    if (c >= 'A' && c <= 'F') {
        return (unsigned)(c - 'A' + 10);
    }
    return 16;
}

static bool has_hex_prefix(const char *text)
{
    return text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

/* Reads the number at the start of text and points *rest behind it. */
static int take_number(const char *text, const char **rest, uint64_t *out)
{
    unsigned base = has_hex_prefix(text) ? 16 : 10;
    const char *p = base == 16 ? text + 2 : text;
    uint64_t value = 0;
    bool too_large = false;

    if (digit_value(*p) >= base) {
        return -EINVAL;
    }
    for (; digit_value(*p) < base; p++) {
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit_value(*p), &value)) {
            too_large = true;
        }
    }
    *rest = p;
    *out = value;
    return too_large ? -ERANGE : 0;
}

/* A number and the name of a unit, multiplied. */
static int parse_with_unit(const char *text, const struct unit *units, size_t unit_count,
                           uint64_t *out)
{
    const char *rest = text;
    uint64_t value = 0;
    int err = take_number(text, &rest, &value);

    if (err == -EINVAL) {
        return err;
    }
    for (size_t i = 0; i < unit_count; i++) {
        if (str_casecmp(rest, units[i].name) == 0) {
            if (err || __builtin_mul_overflow(value, units[i].factor, &value)) {
                return -ERANGE;
            }
            *out = value;
            return 0;
        }
    }
    return -EINVAL;
}

int parse_u64(const char *text, uint64_t *out)
{
    const char *rest = text;
    uint64_t value = 0;
    int err = take_number(text, &rest, &value);

    if (err == -EINVAL || *rest != '\0') {
        return -EINVAL;
    }
    if (!err) {
        *out = value;
    }
    return err;
}

int parse_u64_max(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    int err = parse_u64(text, &value);

    if (err) {
        return err;
    }
    if (value > max) {
        return -ERANGE;
    }
    *out = value;
    return 0;
}

int parse_size(const char *text, uint64_t *out)
{
    return parse_with_unit(text, size_units, ARRAY_SIZE(size_units), out);
}

int parse_size_1000(const char *text, uint64_t *out)
{
    int err = parse_with_unit(text, decimal_units, ARRAY_SIZE(decimal_units), out);
    return err == -EINVAL ? parse_size(text, out) : err;
}

int parse_time_ns(const char *text, uint64_t default_unit_ns, uint64_t *out)
{
    const struct unit none = { "", default_unit_ns };
    int err = parse_with_unit(text, time_units, ARRAY_SIZE(time_units), out);

    return err == -EINVAL ? parse_with_unit(text, &none, 1, out) : err;
}

int parse_bool(const char *text, bool *out)
{
    static const char *const words[][2] = {
        { "0", "1" }, { "no", "yes" }, { "false", "true" }, { "off", "on" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        for (unsigned value = 0; value < 2; value++) {
            if (str_casecmp(text, words[i][value]) == 0) {
                *out = value != 0;
                return 0;
            }
        }
    }
    return -EINVAL;
}

int parse_hex_bytes(const char *text, uint8_t *buf, unsigned *len)
{
    const char *digits = has_hex_prefix(text) ? text + 2 : text;
    size_t count = 0;

    while (digit_value(digits[count]) < 16) {
        count++;
    }
    if (digits[count] != '\0' || count == 0 || count % 2 != 0) {
        return -EINVAL;
    }
    if (count / 2 > *len) {
        return -ERANGE;
    }
    for (size_t i = 0; i < count / 2; i++) {
        buf[i] = (uint8_t)(digit_value(digits[2 * i]) * 16 + digit_value(digits[2 * i + 1]));
    }
    *len = (unsigned)(count / 2);
    return 0;
}
