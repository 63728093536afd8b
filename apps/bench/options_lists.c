/*
 * apps/bench/options_lists.c - values that are lists with a grammar of their own.
 */
#include "apps/bench/options_table.h"

#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/string.h"

#define PIECE_BYTES 64
#define MAX_ERRNO 133
#define BLANK UINT32_MAX /* a percentage left out */

/* A whole decimal number such as 1.25 with nothing behind it. */
static bool parse_decimal(const char *text, double *out)
{
    return option_take_decimal(&text, out) && text[0] == '\0';
}

/* --- bssplit ---------------------------------------------------------------------------------- */

/* Percents left out (BLANK) share what the others leave over: the first get the odd ones. False
 * if they do not add up to 100. */
static bool share_rest(unsigned *percent, unsigned count)
{
    unsigned sum = 0;
    unsigned blanks = 0;
    for (unsigned i = 0; i < count; i++) {
        blanks += percent[i] == BLANK;
        sum += percent[i] == BLANK ? 0 : percent[i];
    }
    if (sum > 100 || (sum < 100 && blanks == 0)) {
        return false;
    }
    unsigned rest = 100 - sum;
    for (unsigned i = 0, k = 0; i < count; i++) {
        if (percent[i] == BLANK) {
            percent[i] = rest / blanks + (k < rest % blanks);
            k++;
        }
    }
    return true;
}

static int take_split(const struct setting *s, const char *text, uint64_t *bytes,
                      unsigned *percent)
{
    char size[PIECE_BYTES];
    uint64_t part = BLANK;
    const char *rest = option_piece(text, '/', size, sizeof(size));
    bool blank = rest == NULL || rest[0] == '\0';
    if (option_parse_size(s, size, bytes) != 0 ||
        (!blank && parse_u64_max(rest, 100, &part) != 0)) {
        return option_refuse(s, "sizes with a percentage, as in 4k/60:64k/40");
    }
    if (*bytes < s->option->min || *bytes > s->option->max) {
        return option_refuse_range(s);
    }
    *percent = (unsigned)part;
    return 0;
}

static int set_splits_of_dir(const struct setting *s, const char *piece, unsigned dir, void *ctx)
{
    struct bench_splits *splits = &((struct bench_splits *)s->field)[dir];
    bool store = *(bool *)ctx;
    uint64_t bytes[BENCH_CHOOSER_MAX_SPLITS] = {0};
    unsigned percent[BENCH_CHOOSER_MAX_SPLITS] = {0};
    unsigned count = 0;
    char one[PIECE_BYTES];
    while (piece != NULL) {
        if (count == BENCH_CHOOSER_MAX_SPLITS) {
            return option_refuse(s, "at most 64 sizes for a direction");
        }
        piece = option_piece(piece, ':', one, sizeof(one));
        int rc = take_split(s, one, &bytes[count], &percent[count]);
        if (rc != 0) {
            return rc;
        }
        count++;
    }
    if (!share_rest(percent, count)) {
        return option_refuse(s, "the percentages of a direction must add up to 100");
    }
    for (unsigned i = 0; store && i < count; i++) {
        splits->split[i] = (struct bench_size_split){bytes[i], percent[i]};
        splits->count = count;
    }
    return 0;
}

int option_set_splits(const struct setting *s)
{
    bool store = false;
    int rc = option_each_dir(s, set_splits_of_dir, &store);
    if (rc == 0) {
        store = true;
        rc = option_each_dir(s, set_splits_of_dir, &store);
    }
    return rc;
}

/* --- random_distribution ---------------------------------------------------------------------- */

static const char zones_allowed[] =
    "zones are ACCESS/SIZE with colons, percentages that add up to 100, as in "
    "zoned:60/10:30/20:10/70 or zoned_abs:60/20g:40/";

static int take_zone(const struct setting *s, const char *text, bool bytes, unsigned *access,
                     uint64_t *size)
{
    char first[PIECE_BYTES];
    uint64_t percent = BLANK;
    const char *second = option_piece(text, '/', first, sizeof(first));
    if (second == NULL || (first[0] != '\0' && parse_u64_max(first, 100, &percent) != 0)) {
        return option_refuse(s, zones_allowed);
    }
    *access = (unsigned)percent;
    *size = 0;
    if (second[0] == '\0') {
        return 0;
    }
    int rc = bytes ? option_parse_size(s, second, size) : parse_u64_max(second, 100, size);
    return rc != 0 || *size == 0 ? option_refuse(s, zones_allowed) : 0;
}

/* Only the last zone may leave its size out, and percents of sizes make 100 at most. */
static bool zone_sizes_fit(const uint64_t *size, unsigned count, bool bytes)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        if ((size[i] == 0 && i + 1 < count) || __builtin_add_overflow(sum, size[i], &sum)) {
            return false;
        }
    }
    bool rest = size[count - 1] == 0;
    return bytes || (rest ? sum < 100 : sum == 100);
}

static int set_zones(const struct setting *s, const char *list, bool bytes)
{
    struct bench_distribution_choice *d = s->field;
    unsigned access[BENCH_MAX_ZONES] = {0};
    uint64_t size[BENCH_MAX_ZONES] = {0};
    char one[PIECE_BYTES];
    unsigned count = 0;
    while (list != NULL) {
        if (count == BENCH_MAX_ZONES) {
            return option_refuse(s, "at most 256 zones");
        }
        list = option_piece(list, ':', one, sizeof(one));
        int rc = take_zone(s, one, bytes, &access[count], &size[count]);
        if (rc != 0) {
            return rc;
        }
        count++;
    }
    if (!share_rest(access, count) || !zone_sizes_fit(size, count, bytes)) {
        return option_refuse(s, zones_allowed);
    }
    d->kind = bytes ? BENCH_ZONED_ABS : BENCH_ZONED;
    d->zone_count = count;
    for (unsigned i = 0; i < count; i++) {
        d->zone[i] = (struct bench_zone){access[i], size[i]};
    }
    return 0;
}

static const struct shape {
    const char *name;
    enum bench_distribution kind;
    double param;      /* if left out */
    double below;      /* param is above 0 and below this */
    const char *allowed;
} shapes[] = {
    {"zipf", BENCH_ZIPF, 1.1, 100, "zipf:THETA[:CENTER] with a THETA above 0 that is not 1"},
    {"pareto", BENCH_PARETO, 0.2, 1, "pareto:H[:CENTER] with an H above 0 and below 1"},
    {"normal", BENCH_NORMAL, 0, 100.000001,
     "normal:DEVIATION[:CENTER] with a DEVIATION above 0 and at most 100 percent"},
};

static int set_shape(const struct setting *s, const struct shape *shape, const char *args)
{
    struct bench_distribution_choice *d = s->field;
    char one[PIECE_BYTES];
    double param = shape->param;
    double center = -1;
    if (args != NULL) {
        args = option_piece(args, ':', one, sizeof(one));
        if (!parse_decimal(one, &param)) {
            return option_refuse(s, shape->allowed);
        }
    }
    if (args != NULL && (!parse_decimal(args, &center) || center > 1)) {
        return option_refuse(s, "CENTER is a part of the region, 0 to 1");
    }
    bool excluded = shape->kind == BENCH_ZIPF && param > 0.999999 && param < 1.000001;
    if (param <= 0 || param >= shape->below || excluded) {
        return option_refuse(s, shape->allowed);
    }
    d->kind = shape->kind;
    d->param = param;
    d->center = shape->kind == BENCH_NORMAL && center < 0 ? 0.5 : center;
    d->zone_count = 0;
    return 0;
}

int option_set_distribution(const struct setting *s)
{
    struct bench_distribution_choice *d = s->field;
    char word[PIECE_BYTES];
    const char *args = option_piece(s->value, ':', word, sizeof(word));
    if (strchr(s->value, ',') != NULL) {
        return option_refuse(s, "one distribution for all directions is allowed");
    }
    if (strcmp(word, "random") == 0 && args == NULL) {
        d->kind = BENCH_UNIFORM;
        return 0;
    }
    if ((strcmp(word, "zoned") == 0 || strcmp(word, "zoned_abs") == 0) && args != NULL) {
        return set_zones(s, args, strcmp(word, "zoned_abs") == 0);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(shapes); i++) {
        /* "gauss" is what old jobs call it */
        if (strcmp(word, shapes[i].name) == 0 ||
            (shapes[i].kind == BENCH_NORMAL && strcmp(word, "gauss") == 0)) {
            return set_shape(s, &shapes[i], args);
        }
    }
    return option_refuse(s, "allowed is random, zipf:THETA, pareto:H, normal:PERCENT, zoned:..., "
                            "zoned_abs:...");
}

/* --- steadystate ------------------------------------------------------------------------------ */

int option_set_steady(const struct setting *s)
{
    static const struct { const char *name; bool bandwidth, slope; } kinds[] = {
        {"iops", false, false}, {"iops_slope", false, true},
        {"bw", true, false},    {"bw_slope", true, true},
    };
    char word[PIECE_BYTES];
    const char *limit = option_piece(s->value, ':', word, sizeof(word));
    struct bench_steadystate steady = {.given = true};
    unsigned i = 0;
    while (i < ARRAY_SIZE(kinds) && strcmp(word, kinds[i].name) != 0) {
        i++;
    }
    if (i == ARRAY_SIZE(kinds) || limit == NULL) {
        return option_refuse(s, "allowed is iops, iops_slope, bw or bw_slope, a colon and a "
                                "limit, as in iops:2%");
    }
    steady.bandwidth = kinds[i].bandwidth;
    steady.slope = kinds[i].slope;
    uint64_t bytes;
    const char *at = limit;
    bool number = option_take_decimal(&at, &steady.limit);
    if (number && strcmp(at, "%") == 0) {
        steady.percent = true;
    } else if (steady.bandwidth && option_parse_size(s, limit, &bytes) == 0) {
        steady.limit = (double)bytes / (double)KIB; /* samples are KiB/s */
    } else if (!number || at[0] != '\0' || steady.bandwidth) {
        return option_refuse(s, "the limit is a number, of bw a size, or percent as in 0.5%");
    }
    *(struct bench_steadystate *)s->field = steady;
    return 0;
}

/* --- cpus_allowed ----------------------------------------------------------------------------- */

int option_set_cpus(const struct setting *s)
{
    struct bench_cpus cpus = {.given = true};
    char one[PIECE_BYTES];
    char low[PIECE_BYTES];
    for (const char *rest = s->value; rest != NULL;) {
        uint64_t first, last;
        rest = option_piece(rest, ',', one, sizeof(one));
        const char *high = option_piece(one, '-', low, sizeof(low));
        if (parse_u64_max(low, BENCH_MAX_CPUS - 1, &first) != 0 ||
            parse_u64_max(high != NULL ? high : low, BENCH_MAX_CPUS - 1, &last) != 0 ||
            first > last) {
            return option_refuse(s, "numbers of CPUs from 0 to 255, as in 0,2,4-7");
        }
        for (uint64_t cpu = first; cpu <= last; cpu++) {
            cpus.mask[cpu / 64] |= UINT64_C(1) << cpu % 64;
        }
    }
    *(struct bench_cpus *)s->field = cpus;
    return 0;
}

/* --- verify_pattern, buffer_pattern ----------------------------------------------------------- */

static bool add_byte(struct bench_bytes *b, unsigned byte)
{
    if (b->count == BENCH_PATTERN_BYTES) {
        return false;
    }
    b->byte[b->count++] = (uint8_t)byte;
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 0xdeadbeef: the bytes as they stand; an odd digit in front is a byte of its own. */
static const char *take_hex(const char *p, struct bench_bytes *b)
{
    unsigned digits = 0;
    while (hex_digit(p[digits]) >= 0) {
        digits++;
    }
    unsigned byte = 0;
    bool high = digits % 2 == 0;
    for (unsigned i = 0; i < digits; i++, high = !high) {
        byte = (high ? 0 : byte << 4) | (unsigned)hex_digit(p[i]);
        if (!high && !add_byte(b, byte)) {
            return NULL;
        }
    }
    return digits > 0 ? p + digits : NULL;
}

/* A number: its bytes, the lowest first, as few as it takes. */
static const char *take_number(const char *p, struct bench_bytes *b)
{
    uint64_t value = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (uint64_t)(*p - '0');
        if (value > UINT32_MAX) {
            return NULL;
        }
    }
    do {
        if (!add_byte(b, value & 0xff)) {
            return NULL;
        }
        value >>= 8;
    } while (value != 0);
    return p;
}

static const char *take_quoted(const char *p, struct bench_bytes *b)
{
    char quote = *p++;
    for (; *p != quote; p++) {
        if (*p == '\0' || !add_byte(b, (uint8_t)*p)) {
            return NULL;
        }
    }
    return p + 1;
}

static const char *take_offset(const char *p, struct bench_bytes *b)
{
    b->offset_at[b->count / 64] |= UINT64_C(1) << b->count % 64;
    for (unsigned i = 0; i < sizeof(uint64_t); i++) {
        if (!add_byte(b, 0)) {
            return NULL;
        }
    }
    return p + strlen("%o");
}

int option_set_bytes(const struct setting *s)
{
    struct bench_bytes bytes = {0};
    const char *p = s->value;
    while (p != NULL && *p != '\0') {
        if (*p == '-') {
            p++;
        } else if (*p == '"' || *p == '\'') {
            p = take_quoted(p, &bytes);
        } else if (str_starts_with(p, "%o") && bytes.count < BENCH_PATTERN_BYTES) {
            p = take_offset(p, &bytes);
        } else if (str_starts_with(p, "0x") || str_starts_with(p, "0X")) {
            p = take_hex(p + 2, &bytes);
        } else {
            p = *p >= '0' && *p <= '9' ? take_number(p, &bytes) : NULL;
        }
    }
    if (p == NULL || bytes.count == 0) {
        return option_refuse(s, "up to 512 bytes: 0xdeadbeef, \"text\" in quotes, numbers below "
                                "2^32, %o for the offset, joined by -");
    }
    *(struct bench_bytes *)s->field = bytes;
    return 0;
}

/* --- ignore_error ----------------------------------------------------------------------------- */

static uint64_t errno_of(const char *text)
{
    uint64_t value;
    for (int err = 1; err <= MAX_ERRNO; err++) {
        if (strcmp(errno_name(err), text) == 0) {
            return (uint64_t)err;
        }
    }
    return parse_u64_max(text, MAX_ERRNO, &value) == 0 ? value : 0;
}

static int take_errors(const struct setting *s, const char *list, uint16_t *out)
{
    char one[PIECE_BYTES];
    memset(out, 0, BENCH_MAX_IGNORED * sizeof(*out));
    for (unsigned n = 0; list != NULL && list[0] != '\0'; n++) {
        list = option_piece(list, ':', one, sizeof(one));
        if (n == BENCH_MAX_IGNORED || errno_of(one) == 0) {
            return option_refuse(s, "for each of read,write,verify up to 8 names such as EIO or "
                                    "numbers, with colons");
        }
        out[n] = (uint16_t)errno_of(one);
    }
    return 0;
}

int option_set_errors(const struct setting *s)
{
    struct bench_ignored ignored = {0};
    uint16_t *const kinds[] = {ignored.read, ignored.write, ignored.verify};
    char list[PIECE_BYTES * 2];
    const char *rest = s->value;
    for (unsigned i = 0; rest != NULL; i++) {
        if (i == ARRAY_SIZE(kinds)) {
            return option_refuse(s, "at most three lists: read,write,verify");
        }
        rest = option_piece(rest, ',', list, sizeof(list));
        int rc = take_errors(s, list, kinds[i]);
        if (rc != 0) {
            return rc;
        }
    }
    *(struct bench_ignored *)s->field = ignored;
    return 0;
}
