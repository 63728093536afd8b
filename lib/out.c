/*
 * lib/out.c - formatted text. Text is gathered on the stack and handed over in pieces, so that a
 * console takes its lock once per line and not once per character.
 */
#include "lib/out.h"

#include <stdint.h>

#include "lib/string.h"

#define GATHER_BYTES 256
#define MAX_PRECISION_F 9
#define DOUBLE_DIGITS 320 /* the largest double has 309 digits before the point */

enum length { LEN_INT, LEN_CHAR, LEN_SHORT, LEN_LONG };

/* One conversion specification, taken apart. */
struct spec {
    bool left, zero, plus, space, alt, group;
    int width;
    int precision; /* -1: none was given */
    enum length length;
    char conversion;
};

struct gather {
    struct out *out;
    size_t len;
    char text[GATHER_BYTES];
};

static void gather_flush(struct gather *g)
{
    if (g->len > 0) {
        g->out->write(g->out, g->text, g->len);
        g->len = 0;
    }
}

static void gather_text(struct gather *g, const char *text, size_t len)
{
    while (len > 0) {
        size_t part = MIN(len, GATHER_BYTES - g->len);

        memcpy(g->text + g->len, text, part);
        g->len += part;
        text += part;
        len -= part;
        if (g->len == GATHER_BYTES) {
            gather_flush(g);
        }
    }
}

static void gather_fill(struct gather *g, char c, size_t count)
{
    for (; count > 0; count--) {
        gather_text(g, &c, 1);
    }
}

/* A sign or radix prefix, leading zeros and the body, set in the field's width. */
static void gather_field(struct gather *g, const struct spec *spec, const char *prefix,
                         size_t zeros, const char *body, size_t len)
{
    size_t used = strlen(prefix) + zeros + len;
    size_t padding = spec->width > 0 && (size_t)spec->width > used ? (size_t)spec->width - used : 0;

    if (spec->zero && !spec->left) {
        zeros += padding;
        padding = 0;
    }
    if (!spec->left) {
        gather_fill(g, ' ', padding);
    }
    gather_text(g, prefix, strlen(prefix));
    gather_fill(g, '0', zeros);
    gather_text(g, body, len);
    if (spec->left) {
        gather_fill(g, ' ', padding);
    }
}

static const char *sign_of(const struct spec *spec, bool negative)
{
    return negative ? "-" : spec->plus ? "+" : spec->space ? " " : "";
}

/* Digits of value, least significant last, ending at end. Returns their start; none for zero. */
static char *put_digits(char *end, uint64_t value, unsigned base, bool upper, bool group)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

    for (unsigned count = 0; value != 0; value /= base, count++) {
        if (group && count > 0 && count % 3 == 0) {
            *--end = ',';
        }
        *--end = digits[value % base];
    }
    return end;
}

static uint64_t next_unsigned(const struct spec *spec, va_list *args)
{
    switch (spec->length) {
    case LEN_LONG:
        return va_arg(*args, uint64_t);
    case LEN_SHORT:
        return (unsigned short)va_arg(*args, unsigned);
    case LEN_CHAR:
        return (unsigned char)va_arg(*args, unsigned);
    default:
        return va_arg(*args, unsigned);
    }
}

static int64_t next_signed(const struct spec *spec, va_list *args)
{
    switch (spec->length) {
    case LEN_LONG:
        return va_arg(*args, int64_t);
    case LEN_SHORT:
        return (short)va_arg(*args, int);
    case LEN_CHAR:
        return (signed char)va_arg(*args, int);
    default:
        return va_arg(*args, int);
    }
}

static void format_integer(struct gather *g, struct spec spec, const char *prefix, uint64_t value,
                           unsigned base)
{
    char text[32];
    char *end = text + sizeof(text);
    char *start = put_digits(end, value, base, spec.conversion == 'X', spec.group && base == 10);
    size_t len = (size_t)(end - start);
    size_t wanted = spec.precision < 0 ? 1 : (size_t)spec.precision;
    size_t zeros = wanted > len ? wanted - len : 0;

    if (spec.precision >= 0) {
        spec.zero = false;
    }
    if (spec.alt && base == 8 && zeros == 0) {
        zeros = 1;
    }
    gather_field(g, &spec, prefix, zeros, start, len);
}

static void format_signed(struct gather *g, const struct spec *spec, int64_t value)
{
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

    format_integer(g, *spec, sign_of(spec, value < 0), magnitude, 10);
}

static void format_unsigned(struct gather *g, const struct spec *spec, uint64_t value)
{
    switch (spec->conversion) {
    case 'x':
        format_integer(g, *spec, spec->alt && value != 0 ? "0x" : "", value, 16);
        break;
    case 'X':
        format_integer(g, *spec, spec->alt && value != 0 ? "0X" : "", value, 16);
        break;
    case 'o':
        format_integer(g, *spec, "", value, 8);
        break;
    default:
        format_integer(g, *spec, "", value, 10);
        break;
    }
}

static void format_string(struct gather *g, const struct spec *spec, const char *text)
{
    struct spec plain = *spec;

    plain.zero = false;
    text = text ? text : "(null)";
    size_t len = spec->precision < 0 ? strlen(text) : strnlen(text, (size_t)spec->precision);
    gather_field(g, &plain, "", 0, text, len);
}

/* The decimal digits of mantissa * 2^exponent, exponent >= 0, ending at end. The number is kept in
 * limbs of nine digits and doubled 29 times at once. */
static char *put_large(char *end, uint64_t mantissa, int exponent, bool group)
{
    enum { LIMB = 1000000000, LIMBS = DOUBLE_DIGITS / 9 + 1 };
    uint32_t limbs[LIMBS] = { (uint32_t)(mantissa % LIMB), (uint32_t)(mantissa / LIMB) };
    unsigned used = 2;
    unsigned count = 0;

    while (exponent > 0) {
        int step = MIN(exponent, 29);
        uint64_t carry = 0;

        for (unsigned i = 0; i < used || carry != 0; i++) {
            carry += (uint64_t)limbs[i] << step;
            limbs[i] = (uint32_t)(carry % LIMB);
            carry /= LIMB;
            used = MAX(used, i + 1);
        }
        exponent -= step;
    }
    while (used > 1 && limbs[used - 1] == 0) {
        used--;
    }
    for (unsigned i = 0; i < used; i++) {
        uint32_t limb = limbs[i];

        for (unsigned d = 0; i + 1 < used ? d < 9 : limb != 0; d++, limb /= 10, count++) {
            if (group && count > 0 && count % 3 == 0) {
                *--end = ',';
            }
            *--end = (char)('0' + limb % 10);
        }
    }
    return end;
}

/* Splits mantissa * 2^-shift, shift > 0, into its whole part and its fraction times 10^precision,
 * rounded half away from zero. Nothing is lost: 53 bits times 10^9 are fewer than 84. */
static uint64_t split_fraction(uint64_t mantissa, unsigned shift, uint64_t scale,
                               uint64_t *fraction)
{
    uint64_t whole = shift < 64 ? mantissa >> shift : 0;
    uint64_t rest = shift < 64 ? mantissa & ((UINT64_C(1) << shift) - 1) : mantissa;
    unsigned less = shift - 1;

    *fraction = 0;
    if (less < 95) {
        /* Shifted one less, rounded, and shifted on. By halves: for a shift of 128 bits by a
         * variable some compilers call a function of a library, which there is none of here. */
        unsigned __int128 scaled = (unsigned __int128)rest * scale;
        uint64_t high = (uint64_t)(scaled >> 64), low = (uint64_t)scaled;
        uint64_t part = less == 0   ? low
                        : less < 64 ? high << (64 - less) | low >> less
                                    : high >> (less - 64);

        *fraction = (part + 1) / 2;
    }
    if (*fraction == scale) {
        *fraction = 0;
        whole++;
    }
    return whole;
}

static void format_double(struct gather *g, struct spec spec, double value)
{
    char text[DOUBLE_DIGITS * 4 / 3 + MAX_PRECISION_F + 2];
    unsigned precision = spec.precision < 0 ? 6 : (unsigned)MIN(spec.precision, MAX_PRECISION_F);
    char *end = text + sizeof(text);
    char *start = end - precision - 1; /* the place of the point */
    uint64_t bits, fraction = 0;

    memcpy(&bits, &value, sizeof(bits));
    int exponent = (int)(bits >> 52 & 0x7ff);
    uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
    const char *sign = sign_of(&spec, bits >> 63 != 0);

    if (exponent == 0x7ff) {
        spec.zero = false;
        gather_field(g, &spec, sign, 0, mantissa ? "nan" : "inf", 3);
        return;
    }
    mantissa |= exponent ? UINT64_C(1) << 52 : 0;
    exponent = (exponent ? exponent : 1) - 1075;
    char *point = start;
    if (exponent >= 0) {
        start = put_large(start, mantissa, exponent, spec.group);
    } else {
        uint64_t scale = 1;

        for (unsigned i = 0; i < precision; i++) {
            scale *= 10;
        }
        uint64_t whole = split_fraction(mantissa, (unsigned)-exponent, scale, &fraction);
        start = put_digits(start, whole, 10, false, spec.group);
    }
    if (start == point) {
        *--start = '0';
    }
    *point = '.';
    for (char *p = end; p > point + 1; fraction /= 10) {
        *--p = (char)('0' + fraction % 10);
    }
    end = precision == 0 && !spec.alt ? point : end;
    gather_field(g, &spec, sign, 0, start, (size_t)(end - start));
}

/* A number in a format, or * for the next argument. */
static int take_count(const char **fmt, va_list *args)
{
    int value = 0;

    if (**fmt == '*') {
        (*fmt)++;
        return va_arg(*args, int);
    }
    for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++) {
        value = MIN(value * 10 + (**fmt - '0'), 100000);
    }
    return value;
}

static void take_flags(const char **fmt, struct spec *spec)
{
    for (;; (*fmt)++) {
        switch (**fmt) {
        case '-':
            spec->left = true;
            break;
        case '0':
            spec->zero = true;
            break;
        case '+':
            spec->plus = true;
            break;
        case ' ':
            spec->space = true;
            break;
        case '#':
            spec->alt = true;
            break;
        case '\'':
            spec->group = true;
            break;
        default:
            return;
        }
    }
}

static void take_length(const char **fmt, struct spec *spec)
{
    switch (**fmt) {
    case 'h':
        spec->length = (*fmt)[1] == 'h' ? LEN_CHAR : LEN_SHORT;
        *fmt += spec->length == LEN_CHAR ? 2 : 1;
        break;
    case 'l':
        spec->length = LEN_LONG;
        *fmt += (*fmt)[1] == 'l' ? 2 : 1;
        break;
    case 'z':
    case 'j':
    case 't':
        spec->length = LEN_LONG;
        (*fmt)++;
        break;
    default:
        break;
    }
}

/* Takes the specification behind a "%" apart and moves *fmt behind it. */
static struct spec take_spec(const char **fmt, va_list *args)
{
    struct spec spec = { .precision = -1 };

    take_flags(fmt, &spec);
    spec.width = take_count(fmt, args);
    if (spec.width < 0) {
        spec.left = true;
        spec.width = spec.width == INT32_MIN ? INT32_MAX : -spec.width;
    }
    if (**fmt == '.') {
        (*fmt)++;
        spec.precision = take_count(fmt, args);
    }
    take_length(fmt, &spec);
    spec.conversion = **fmt;
    if (**fmt != '\0') {
        (*fmt)++;
    }
    return spec;
}

static void format_one(struct gather *g, struct spec *spec, va_list *args)
{
    char c;

    switch (spec->conversion) {
    case 'd':
    case 'i':
        format_signed(g, spec, next_signed(spec, args));
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        format_unsigned(g, spec, next_unsigned(spec, args));
        break;
    case 'c':
        c = (char)va_arg(*args, int);
        spec->zero = false;
        gather_field(g, spec, "", 0, &c, 1);
        break;
    case 's':
        format_string(g, spec, va_arg(*args, const char *));
        break;
    case 'p':
        format_integer(g, *spec, "0x", (uintptr_t)va_arg(*args, void *), 16);
        break;
    case 'f':
    case 'F':
        format_double(g, *spec, va_arg(*args, double));
        break;
    case '%':
        gather_text(g, "%", 1);
        break;
    default: /* a mistake in the format; it shows where it is */
        gather_text(g, "%?", 2);
        break;
    }
}

void out_write(struct out *out, const char *text, size_t len)
{
    if (len > 0) {
        out->write(out, text, len);
    }
}

void out_puts(struct out *out, const char *text)
{
    out_write(out, text, strlen(text));
}

void out_printf(struct out *out, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    out_vprintf(out, fmt, args);
    va_end(args);
}

void out_vprintf(struct out *out, const char *fmt, va_list list)
{
    struct gather g;
    va_list args; /* a va_list that is a parameter cannot be passed on by address */

    g.out = out;
    g.len = 0;
    va_copy(args, list);
    while (*fmt != '\0') {
        const char *percent = strchr(fmt, '%');
        size_t plain = percent ? (size_t)(percent - fmt) : strlen(fmt);

        gather_text(&g, fmt, plain);
        fmt += plain;
        if (percent) {
            fmt++;
            struct spec spec = take_spec(&fmt, &args);
            format_one(&g, &spec, &args);
        }
    }
    gather_flush(&g);
    va_end(args);
}

static void out_buf_write(struct out *out, const char *text, size_t len)
{
    struct out_buf *ob = container_of(out, struct out_buf, out);
    size_t room = ob->cap > ob->len ? ob->cap - ob->len - 1 : 0;

    if (len > room) {
        ob->truncated = true;
        len = room;
    }
    if (ob->cap > 0) {
        memcpy(ob->buf + ob->len, text, len);
        ob->len += len;
        ob->buf[ob->len] = '\0';
    }
}

void out_buf_init(struct out_buf *ob, char *buf, size_t cap)
{
    *ob = (struct out_buf){ .out = { out_buf_write }, .buf = buf, .cap = cap };
    if (cap > 0) {
        buf[0] = '\0';
    }
}

/* An out_buf that also counts what it was given. */
struct counted_buf {
    struct out out;
    struct out_buf kept;
    size_t total;
};

static void counted_write(struct out *out, const char *text, size_t len)
{
    struct counted_buf *cb = container_of(out, struct counted_buf, out);

    cb->total += len;
    out_buf_write(&cb->kept.out, text, len);
}

size_t str_vformat(char *buf, size_t cap, const char *fmt, va_list args)
{
    struct counted_buf cb = { .out = { counted_write } };

    out_buf_init(&cb.kept, buf, cap);
    out_vprintf(&cb.out, fmt, args);
    return cb.total;
}

size_t str_format(char *buf, size_t cap, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    size_t total = str_vformat(buf, cap, fmt, args);
    va_end(args);
    return total;
}
