/*
 * apps/bench/options_values.c - the kinds of values that options have, but for lists.
 */
#include "apps/bench/options_table.h"

#include "lib/errno.h"
#include "lib/histogram.h"
#include "lib/parse.h"
#include "lib/string.h"

#define PIECE_BYTES 64

int option_refuse(const struct setting *s, const char *allowed)
{
    out_printf(s->err, "%s=%s: %s\n", s->option->name, s->value, allowed);
    return -EINVAL;
}

int option_refuse_range(const struct setting *s)
{
    out_printf(s->err, "%s=%s: allowed is %llu to %llu\n", s->option->name, s->value,
               (unsigned long long)s->option->min, (unsigned long long)s->option->max);
    return -EINVAL;
}

const char *option_piece(const char *text, char separator, char *piece, unsigned piece_bytes)
{
    const char *end = strchr(text, separator);
    size_t len = end != NULL ? (size_t)(end - text) : strlen(text);
    if (len < piece_bytes) {
        memcpy(piece, text, len);
        piece[len] = '\0';
    } else {
        str_copy(piece, piece_bytes, "?");
    }
    return end != NULL ? end + 1 : NULL;
}

bool option_take_decimal(const char **at, double *out)
{
    const char *p = *at;
    double value = 0;
    double unit = 1;
    unsigned digits = 0;
    for (; *p >= '0' && *p <= '9' && digits < 15; p++, digits++) {
        value = value * 10 + (*p - '0');
    }
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9' && digits < 15; p++, digits++) {
            unit /= 10;
            value += (*p - '0') * unit;
        }
    }
    if (digits == 0 || (*p >= '0' && *p <= '9')) {
        return false;
    }
    *at = p;
    *out = value;
    return true;
}

int option_each_dir(const struct setting *s,
                    int (*one)(const struct setting *s, const char *piece, unsigned dir,
                               void *ctx), void *ctx)
{
    char piece[BENCH_GIVEN_BYTES / 2];
    const char *rest = s->value;
    unsigned dir = 0;
    bool ended_by_comma = false;
    piece[0] = '\0';
    while (rest != NULL) {
        if (dir == BENCH_DIRS) {
            return option_refuse(s, "at most three values: read,write,trim");
        }
        rest = option_piece(rest, ',', piece, sizeof(piece));
        ended_by_comma = piece[0] == '\0';
        if (!ended_by_comma) {
            int rc = one(s, piece, dir, ctx);
            if (rc != 0) {
                return rc;
            }
        }
        dir++;
    }
    for (; dir < BENCH_DIRS && !ended_by_comma; dir++) {
        int rc = one(s, piece, dir, ctx);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* --- numbers ---------------------------------------------------------------------------------- */

int option_parse_size(const struct setting *s, const char *text, uint64_t *out)
{
    return s->opt->kb_base == BENCH_KB_1000 ? parse_size_1000(text, out) : parse_size(text, out);
}

static const char not_a_size[] = "not a size; a number with k, m, g or t (powers of 1024)";

static int parse_value(const struct setting *s, bool size, const char *text, uint64_t *out)
{
    uint64_t value;
    int rc = size ? option_parse_size(s, text, &value) : parse_u64(text, &value);
    if (rc == -EINVAL) {
        return option_refuse(s, size ? not_a_size : "not a number");
    }
    if (rc != 0 || value < s->option->min || value > s->option->max) {
        return option_refuse_range(s);
    }
    *out = value;
    return 0;
}

static int set_number(const struct setting *s)
{
    return parse_value(s, s->option->type == OPTION_SIZE, s->value, s->field);
}

static int set_number_of_dir(const struct setting *s, const char *piece, unsigned dir, void *ctx)
{
    uint64_t *values = ctx;
    return parse_value(s, s->option->type == OPTION_SIZES, piece, &values[dir]);
}

static int set_numbers(const struct setting *s)
{
    uint64_t values[BENCH_DIRS];
    memcpy(values, s->field, sizeof(values));
    int rc = option_each_dir(s, set_number_of_dir, values);
    if (rc == 0) {
        memcpy(s->field, values, sizeof(values));
    }
    return rc;
}

static int set_block_size_of_dir(const struct setting *s, const char *piece, unsigned dir,
                                 void *ctx)
{
    struct bench_range *ranges = ctx;
    uint64_t value;
    int rc = parse_value(s, true, piece, &value);
    if (rc == 0) {
        ranges[dir] = (struct bench_range){value, value};
    }
    return rc;
}

/* "1k-4k" or "1k:4k", in either order. */
static int set_block_range_of_dir(const struct setting *s, const char *piece, unsigned dir,
                                  void *ctx)
{
    struct bench_range *ranges = ctx;
    char low[PIECE_BYTES];
    uint64_t a, b;
    char separator = strchr(piece, '-') != NULL ? '-' : ':';
    const char *high = option_piece(piece, separator, low, sizeof(low));
    if (high == NULL) {
        return option_refuse(s, "not a range; two sizes as in 4k-64k");
    }
    int rc = parse_value(s, true, low, &a);
    if (rc == 0) {
        rc = parse_value(s, true, high, &b);
    }
    if (rc == 0) {
        ranges[dir].min = MIN(a, b);
        ranges[dir].max = MAX(a, b);
    }
    return rc;
}

static int set_block_sizes(const struct setting *s)
{
    struct bench_range ranges[BENCH_DIRS];
    memcpy(ranges, s->field, sizeof(ranges));
    int rc = option_each_dir(s, s->option->type == OPTION_BLOCK_SIZES ? set_block_size_of_dir
                                                                      : set_block_range_of_dir,
                             ranges);
    if (rc == 0) {
        memcpy(s->field, ranges, sizeof(ranges));
        s->opt->bs_bytes = ranges[BENCH_DIR_READ].max;
    }
    return rc;
}

static int set_extent(const struct setting *s)
{
    struct bench_extent extent = {.given = true};
    char digits[PIECE_BYTES];
    size_t len = strlen(s->value);
    if (len > 1 && len < sizeof(digits) && s->value[len - 1] == '%') {
        memcpy(digits, s->value, len - 1);
        digits[len - 1] = '\0';
        extent.percent = true;
        if (parse_u64(digits, &extent.value) != 0 || extent.value > 100 ||
            (extent.value == 0 && s->option->min > 0)) {
            return option_refuse(s, "a part of the device is 1% to 100%");
        }
    } else {
        int rc = option_parse_size(s, s->value, &extent.value);
        if (rc == -EINVAL) {
            return option_refuse(s, "not a size; a number with k, m, g or t, or 1% to 100% of the "
                                    "device");
        }
        if (rc != 0 || extent.value < s->option->min || extent.value > s->option->max) {
            return option_refuse_range(s);
        }
    }
    *(struct bench_extent *)s->field = extent;
    return 0;
}

static int set_time(const struct setting *s)
{
    static const struct { uint64_t ns; const char *name; } units[] = {
        {NS_PER_S, "s"}, {NS_PER_MS, "ms"}, {NS_PER_US, "us"}, {1, "ns"},
    };
    uint64_t value;
    int rc = parse_time_ns(s->value, s->option->unit_ns, &value);
    if (rc == -EINVAL) {
        return option_refuse(s, "not a time; a number with ns, us, ms, s, m, h or d");
    }
    if (rc != 0 || value > s->option->max) {
        const char *unit = "";
        for (unsigned i = 0; i < ARRAY_SIZE(units); i++) {
            unit = units[i].ns == s->option->unit_ns ? units[i].name : unit;
        }
        out_printf(s->err, "%s=%s: at most %llu %s is allowed\n", s->option->name, s->value,
                   (unsigned long long)(s->option->max / s->option->unit_ns), unit);
        return -EINVAL;
    }
    *(uint64_t *)s->field = value;
    return 0;
}

/* --- words ------------------------------------------------------------------------------------ */

static int refuse_word(const struct setting *s)
{
    out_printf(s->err, "%s=%s: allowed is", s->option->name, s->value);
    for (unsigned i = 0; s->option->words[i] != NULL; i++) {
        out_printf(s->err, "%s %s", i > 0 ? "," : "", s->option->words[i]);
    }
    out_puts(s->err, "\n");
    return -EINVAL;
}

/* The place of word in the option's words, or -1. */
static int find_word(const struct option *o, const char *word)
{
    for (int i = 0; o->words[i] != NULL; i++) {
        if (strcmp(o->words[i], word) == 0) {
            return i;
        }
    }
    return -1;
}

static int set_choice(const struct setting *s)
{
    int i = find_word(s->option, s->value);
    if (i < 0) {
        return refuse_word(s);
    }
    *(unsigned *)s->field = (unsigned)i;
    return 0;
}

static int set_bits(const struct setting *s)
{
    char word[PIECE_BYTES];
    unsigned bits = 0;
    for (const char *rest = s->value; rest != NULL;) {
        rest = option_piece(rest, ',', word, sizeof(word));
        int i = find_word(s->option, word);
        if (i < 0) {
            return refuse_word(s);
        }
        bits |= s->option->bits[i];
    }
    *(unsigned *)s->field = bits;
    return 0;
}

/* rw=randread:8 and rw=read:8k. */
static int set_rw(const struct setting *s)
{
    char word[PIECE_BYTES];
    uint64_t every = 0;
    uint64_t hole = 0;
    const char *suffix = option_piece(s->value, ':', word, sizeof(word));
    if (strcmp(word, "readwrite") == 0) {
        str_copy(word, sizeof(word), "rw"); /* fio knows it by two names */
    }
    int i = find_word(s->option, word);
    if (i < 0) {
        return refuse_word(s);
    }
    if (suffix != NULL && bench_rw_is_random((unsigned)i)) {
        if (parse_u64_max(suffix, UINT32_MAX, &every) != 0 || every == 0) {
            return option_refuse(s, "after a random mode's colon stands a number of I/Os");
        }
    } else if (suffix != NULL && option_parse_size(s, suffix, &hole) != 0) {
        return option_refuse(s, "after a sequential mode's colon stands a size to leave out");
    }
    *(unsigned *)s->field = (unsigned)i;
    s->opt->rw_every = every;
    s->opt->rw_hole_bytes = hole;
    return 0;
}

static int set_text(const struct setting *s)
{
    if (strlen(s->value) >= s->option->max) {
        out_printf(s->err, "%s: at most %llu bytes are allowed\n", s->option->name,
                   (unsigned long long)s->option->max - 1);
        return -EINVAL;
    }
    str_copy(s->field, s->option->max, s->value);
    return 0;
}

static int set_flag(const struct setting *s)
{
    if (parse_bool(s->value, s->field) != 0) {
        return option_refuse(s, "allowed is 0 or 1, no or yes");
    }
    return 0;
}

static int set_fixed(const struct setting *s)
{
    if (strcmp(s->value, s->option->text) != 0) {
        out_printf(s->err, "%s=%s: only %s is possible: %s\n", s->option->name, s->value,
                   s->option->text, s->option->help);
        return -EINVAL;
    }
    return 0;
}

/* --- percentiles ------------------------------------------------------------------------------ */

/* One percentile such as 99.95 at *at, in millionths of a percent; *at is moved past it. */
static bool take_percentile(const char **at, unsigned *decimals, uint64_t *out)
{
    uint64_t value = 0;
    unsigned whole = 0;
    unsigned fraction = 0;
    const char *p = *at;
    for (; *p >= '0' && *p <= '9' && whole < 3; p++, whole++) {
        value = value * 10 + (uint64_t)(*p - '0');
    }
    uint64_t unit = HISTOGRAM_PERCENT;
    value *= unit;
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9' && unit > 1; p++, fraction++) {
            unit /= 10;
            value += (uint64_t)(*p - '0') * unit;
        }
    }
    if (whole == 0 || value == 0 || value > 100 * HISTOGRAM_PERCENT) {
        return false;
    }
    *decimals = MAX(*decimals, fraction);
    *out = value;
    *at = p;
    return true;
}

static void insert_sorted(struct bench_percentiles *list, uint64_t value)
{
    unsigned i = list->count++;
    for (; i > 0 && list->value[i - 1] > value; i--) {
        list->value[i] = list->value[i - 1];
    }
    list->value[i] = value;
}

static int set_percentiles(const struct setting *s)
{
    struct bench_percentiles list = {0};
    const char *at = s->value;
    for (;;) {
        uint64_t value;
        if (list.count == BENCH_MAX_PERCENTILES) {
            return option_refuse(s, "at most 20 percentiles");
        }
        if (!take_percentile(&at, &list.decimals, &value)) {
            break;
        }
        insert_sorted(&list, value);
        if (*at == '\0') {
            *(struct bench_percentiles *)s->field = list;
            return 0;
        }
        if (*at++ != ':') {
            break;
        }
    }
    return option_refuse(s, "numbers above 0 and at most 100 with up to 6 decimals, as in "
                            "50:99:99.9");
}

static int set_percentile(const struct setting *s)
{
    const char *at = s->value;
    unsigned decimals = 0;
    uint64_t value;
    if (!take_percentile(&at, &decimals, &value) || *at != '\0') {
        return option_refuse(s, "a number above 0 and at most 100 with up to 6 decimals");
    }
    *(uint64_t *)s->field = value;
    return 0;
}

int option_set_value(const struct setting *s)
{
    static int (*const setters[])(const struct setting *s) = {
        [OPTION_TEXT] = set_text,               [OPTION_NUMBER] = set_number,
        [OPTION_NUMBERS] = set_numbers,         [OPTION_SIZE] = set_number,
        [OPTION_SIZES] = set_numbers,           [OPTION_BLOCK_SIZES] = set_block_sizes,
        [OPTION_BLOCK_RANGES] = set_block_sizes, [OPTION_EXTENT] = set_extent,
        [OPTION_TIME] = set_time,               [OPTION_FLAG] = set_flag,
        [OPTION_CHOICE] = set_choice,           [OPTION_BITS] = set_bits,
        [OPTION_RW] = set_rw,                   [OPTION_PERCENTILE] = set_percentile,
        [OPTION_PERCENTILES] = set_percentiles, [OPTION_SPLITS] = option_set_splits,
        [OPTION_DISTRIBUTION] = option_set_distribution, [OPTION_STEADY] = option_set_steady,
        [OPTION_CPUS] = option_set_cpus,        [OPTION_BYTES] = option_set_bytes,
        [OPTION_ERRORS] = option_set_errors,    [OPTION_FIXED] = set_fixed,
    };
    return setters[s->option->type](s);
}
