/*
 * apps/bench/options_table.h - the table of options, for the files that parse by it.
 */
#pragma once

#include <stdint.h>

#include "apps/bench/options.h"
#include "lib/compiler.h"
#include "lib/out.h"

enum option_type {
    OPTION_TEXT,         /* char[], max is its size in bytes */
    OPTION_NUMBER,       /* uint64_t in min..max */
    OPTION_NUMBERS,      /* uint64_t[BENCH_DIRS] */
    OPTION_SIZE,         /* uint64_t of bytes in min..max */
    OPTION_SIZES,        /* uint64_t[BENCH_DIRS] */
    OPTION_BLOCK_SIZES,  /* struct bench_range[BENCH_DIRS], from one size each */
    OPTION_BLOCK_RANGES, /* the same, from ranges */
    OPTION_EXTENT,       /* struct bench_extent; percents allowed */
    OPTION_TIME,         /* uint64_t of nanoseconds; unit counts for a bare number */
    OPTION_FLAG,         /* bool; no value means yes */
    OPTION_CHOICE,       /* unsigned, one of words */
    OPTION_BITS,         /* unsigned, words or-ed by bits; several with commas */
    OPTION_RW,           /* unsigned, with what may follow a colon */
    OPTION_PERCENTILE,   /* uint64_t in HISTOGRAM_PERCENT */
    OPTION_PERCENTILES,  /* struct bench_percentiles */
    OPTION_SPLITS,       /* struct bench_splits[BENCH_DIRS] */
    OPTION_DISTRIBUTION, /* struct bench_distribution_choice */
    OPTION_STEADY,       /* struct bench_steadystate */
    OPTION_CPUS,         /* struct bench_cpus */
    OPTION_BYTES,        /* struct bench_bytes */
    OPTION_ERRORS,       /* struct bench_ignored */
    OPTION_FIXED,        /* of fio; only the value text is possible here */
    OPTION_IGNORED,      /* accepted, because pasted jobs have it, with a note why */
    OPTION_ABSENT,       /* refused with the reason why */
};

struct option {
    const char *name, *alias;
    enum option_type type;
    uint16_t offset;        /* in struct bench_options */
    uint16_t given_offset;  /* of a bool that notes that it was set; 0: none */
    const char *text;       /* default, in the words a person would use; NULL: zero */
    const char *const *words; /* NULL-terminated, in the order of the values */
    const unsigned *bits;     /* OPTION_BITS: the value of each word */
    uint64_t min, max;
    uint64_t unit_ns;
    const char *help;       /* meaning, or why it is of no use */
};

extern const struct option bench_option_table[];
extern const unsigned bench_option_count;
extern const char *const bench_rw_words[];

/* One value on its way into a field. */
struct setting {
    const struct option *option;
    const char *value;
    struct bench_options *opt;
    void *field;
    struct out *err;
};

/* options_values.c: parses s->value by the type of its option. 0, or -EINVAL after saying on
 * s->err what is allowed; the field is then unchanged. */
int option_set_value(const struct setting *s) must_check;

/* Says "name=value: allowed". Returns -EINVAL. */
int option_refuse(const struct setting *s, const char *allowed);
int option_refuse_range(const struct setting *s);

/* A size, in the powers of the job's kb_base. As parse_size(). */
int option_parse_size(const struct setting *s, const char *text, uint64_t *out) must_check;

/* Cuts text at its first separator: the piece goes to piece (NUL-terminated). Returns what
 * follows the separator, or NULL when there was none. A piece that does not fit is cut to "?",
 * which nothing accepts. */
const char *option_piece(const char *text, char separator, char *piece, unsigned piece_bytes);

/* A number with a decimal point, not negative, at *at, which is moved past it. */
bool option_take_decimal(const char **at, double *out);

/* Calls one for each direction of "a,b,c" by fio's rules: an empty piece leaves the direction as
 * it is, and the last piece counts for the directions that follow unless a comma ends it. */
int option_each_dir(const struct setting *s,
                    int (*one)(const struct setting *s, const char *piece, unsigned dir,
                               void *ctx), void *ctx) must_check;

/* options_lists.c */
int option_set_splits(const struct setting *s) must_check;
int option_set_distribution(const struct setting *s) must_check;
int option_set_steady(const struct setting *s) must_check;
int option_set_cpus(const struct setting *s) must_check;
int option_set_bytes(const struct setting *s) must_check;
int option_set_errors(const struct setting *s) must_check;
