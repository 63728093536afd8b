/*
 * apps/bench/options.c - words to options by the table, and what the table tells about itself.
 */
#include "apps/bench/options.h"

#include "apps/bench/options_table.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define WORD_BYTES 32      /* the longest option name, with its end */
#define EXPANDED_BYTES 256
#define MAX_SUGGEST 4      /* a name further away than this is no suggestion */

/* --- names ------------------------------------------------------------------------------------ */

static const struct option *find_option(const char *name)
{
    for (unsigned i = 0; i < bench_option_count; i++) {
        const struct option *o = &bench_option_table[i];
        if (strcmp(o->name, name) == 0 || (o->alias != NULL && strcmp(o->alias, name) == 0)) {
            return o;
        }
    }
    return NULL;
}

static int unknown_option(const char *name, struct out *err)
{
    const struct option *best = NULL;
    unsigned best_distance = MAX_SUGGEST;
    for (unsigned i = 0; i < bench_option_count; i++) {
        const struct option *o = &bench_option_table[i];
        unsigned distance = str_distance(name, o->name, MAX_SUGGEST);
        bool near = distance < best_distance && distance * 2 < strlen(name);
        if (o->type != OPTION_ABSENT && near) {
            best = o;
            best_distance = distance;
        }
    }
    out_printf(err, "there is no option \"%s\"", name);
    if (best != NULL) {
        out_printf(err, "; did you mean %s?\n", best->name);
    } else {
        out_puts(err, "; \"bench --help\" lists them\n");
    }
    return -EINVAL;
}

/* Splits "--name=value" into name (of WORD_BYTES) and the value, NULL when there is no "=". */
static const char *split_word(const char *word, char *name)
{
    if (word[0] == '-' && word[1] == '-') {
        word += 2;
    }
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    len = MIN(len, (size_t)WORD_BYTES - 1);
    memcpy(name, word, len);
    name[len] = '\0';
    return equals != NULL ? equals + 1 : NULL;
}

bool bench_options_known(const char *word)
{
    char name[WORD_BYTES];
    split_word(word, name);
    return find_option(name) != NULL;
}

/* --- what was said ---------------------------------------------------------------------------- */

static size_t given_length(const struct option *o, const char *value)
{
    return strlen(o->name) + (value != NULL ? 1 + strlen(value) : 0) + 1;
}

static void note_given(struct bench_given *given, const struct option *o, const char *value)
{
    str_format(given->text + given->bytes, sizeof(given->text) - given->bytes, "%s%s%s", o->name,
               value != NULL ? "=" : "", value != NULL ? value : "");
    given->bytes += (unsigned)given_length(o, value);
}

unsigned bench_given_next(const struct bench_given *given, unsigned at, char *name,
                          unsigned name_bytes, const char **value)
{
    if (at >= given->bytes) {
        return 0;
    }
    const char *word = given->text + at;
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    len = MIN(len, (size_t)name_bytes - 1);
    memcpy(name, word, len);
    name[len] = '\0';
    *value = equals != NULL ? equals + 1 : NULL;
    return at + (unsigned)strlen(word) + 1;
}

bool bench_options_given(const struct bench_options *opt, const char *name)
{
    char found[WORD_BYTES];
    const char *value;
    unsigned at = 0;
    while ((at = bench_given_next(&opt->given, at, found, sizeof(found), &value)) != 0) {
        if (strcmp(found, name) == 0) {
            return true;
        }
    }
    return false;
}

/* --- setting ---------------------------------------------------------------------------------- */

static bool has_field(const struct option *o)
{
    return o->type != OPTION_FIXED && o->type != OPTION_IGNORED && o->type != OPTION_ABSENT;
}

void bench_options_init(struct bench_options *opt)
{
    memset(opt, 0, sizeof(*opt));
    for (unsigned i = 0; i < bench_option_count; i++) {
        const struct option *o = &bench_option_table[i];
        if (has_field(o) && o->text != NULL) {
            struct setting s = {.option = o, .value = o->text, .opt = opt,
                                .field = (char *)opt + o->offset};
            int rc = option_set_value(&s);
            assert(rc == 0);
        }
    }
}

/* In fio a log's name may be left out: the job's is then taken. */
static bool value_may_be_missing(const struct option *o)
{
    return o->type == OPTION_FLAG || str_starts_with(o->name, "write_");
}

static const char *implied_value(const struct option *o, const struct bench_options *opt)
{
    return o->type == OPTION_FLAG ? "1" : opt->name;
}

static struct bench_variables known_variables = {.ncpus = 1, .pagesize = 4096};

void bench_options_set_variables(const struct bench_variables *variables)
{
    known_variables = *variables;
}

/* Parses the value of an option that has one, after working out what is to be. */
static int set_value(struct bench_options *opt, const struct option *o, const char *value,
                     struct out *err)
{
    char expanded[EXPANDED_BYTES];
    struct setting s = {.option = o, .value = value, .opt = opt,
                        .field = (char *)opt + o->offset, .err = err};
    bool text = o->type == OPTION_TEXT || o->type == OPTION_BYTES;
    if (!text && bench_expression_has(value)) {
        const char *why;
        unsigned base = opt->kb_base == BENCH_KB_1000 ? 1000 : 1024;
        int rc = bench_expression_expand(value, &known_variables, base, expanded,
                                         sizeof(expanded), &why);
        if (rc != 0) {
            return option_refuse(&s, why);
        }
        s.value = expanded;
    }
    return option_set_value(&s);
}

static bool has_sizes(const struct option *o)
{
    switch (o->type) {
    case OPTION_SIZE:
    case OPTION_SIZES:
    case OPTION_BLOCK_SIZES:
    case OPTION_BLOCK_RANGES:
    case OPTION_EXTENT:
    case OPTION_RW:
    case OPTION_SPLITS:
    case OPTION_DISTRIBUTION:
    case OPTION_STEADY:
        return true;
    default:
        return false;
    }
}

/* The sizes that this section has already set, anew: the meaning of their units has changed. */
static int set_sizes_again(struct bench_options *opt, struct out *err)
{
    char name[WORD_BYTES];
    const char *value;
    unsigned at = opt->given.global_bytes;
    while ((at = bench_given_next(&opt->given, at, name, sizeof(name), &value)) != 0) {
        const struct option *o = find_option(name);
        if (value == NULL || o == NULL || !has_sizes(o)) {
            continue;
        }
        int rc = set_value(opt, o, value, err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* What an option changes beside its own field. */
static int follow_up(struct bench_options *opt, const struct option *o, struct out *err)
{
    if (strcmp(o->name, "rwmixwrite") == 0) {
        opt->rwmixread = 100 - opt->rwmixread;
    }
    if (o->given_offset != 0) {
        *(bool *)((char *)opt + o->given_offset) = true;
    }
    return strcmp(o->name, "kb_base") == 0 ? set_sizes_again(opt, err) : 0;
}

int bench_options_set(struct bench_options *opt, const char *word, struct out *note,
                      struct out *err)
{
    char name[WORD_BYTES];
    const char *value = split_word(word, name);
    const struct option *o = find_option(name);
    if (o == NULL) {
        return unknown_option(name, err);
    }
    if (o->type == OPTION_ABSENT) {
        out_printf(err, "%s is an option of fio that is not here: %s\n", name, o->help);
        return -EINVAL;
    }
    if (o->type == OPTION_IGNORED) {
        out_printf(note, "%s%s%s\n", name, value != NULL ? "=" : "", value != NULL ? value : "");
        return 0;
    }
    if ((value == NULL && !value_may_be_missing(o)) || (value != NULL && value[0] == '\0')) {
        out_printf(err, "%s needs a value, as in %s=...\n", name, name);
        return -EINVAL;
    }
    if (opt->given.bytes + given_length(o, value) > sizeof(opt->given.text)) {
        out_printf(err, "%s: too much was said about one job; %u bytes are allowed\n", name,
                   BENCH_GIVEN_BYTES);
        return -EINVAL;
    }
    int rc = set_value(opt, o, value != NULL ? value : implied_value(o, opt), err);
    if (rc != 0) {
        return rc;
    }
    note_given(&opt->given, o, value);
    return follow_up(opt, o, err);
}

static int parse_words(struct bench_options *jobs, struct bench_options *globals, int count,
                       char *const *words, struct out *note, struct out *err)
{
    int used = 0;
    struct bench_options *now = globals;
    for (int i = 0; i < count; i++) {
        char name[WORD_BYTES];
        const char *value = split_word(words[i], name);
        if (strcmp(name, "name") == 0 && value != NULL) {
            if (strcmp(value, "global") == 0) {
                now = globals;
                continue;
            }
            if (used == BENCH_MAX_JOBS) {
                out_printf(err, "at most %d jobs are allowed\n", BENCH_MAX_JOBS);
                return -EINVAL;
            }
            now = &jobs[used++];
            *now = *globals;
            now->given.global_bytes = now->given.bytes;
        }
        int rc = bench_options_set(now, words[i], note, err);
        if (rc != 0) {
            return rc;
        }
    }
    if (used == 0) {
        jobs[used++] = *globals;
    }
    return used;
}

int bench_options_parse(struct bench_options *jobs, int count, char *const *words,
                        struct out *note, struct out *err)
{
    struct bench_options *globals = heap_alloc(1, sizeof(*globals));
    if (globals == NULL) {
        out_puts(err, "there is no memory for the options\n");
        return -ENOMEM;
    }
    bench_options_init(globals);
    int used = parse_words(jobs, globals, count, words, note, err);
    heap_free(globals);
    return used;
}

/* --- help ------------------------------------------------------------------------------------- */

static const char *type_name(const struct option *o)
{
    static const char *const names[] = {
        [OPTION_TEXT] = "text",
        [OPTION_NUMBER] = "number",
        [OPTION_NUMBERS] = "number, or read,write,trim",
        [OPTION_SIZE] = "size",
        [OPTION_SIZES] = "size, or read,write,trim",
        [OPTION_BLOCK_SIZES] = "size, or read,write,trim",
        [OPTION_BLOCK_RANGES] = "range of sizes, or read,write,trim",
        [OPTION_EXTENT] = "size or N%",
        [OPTION_TIME] = "time",
        [OPTION_FLAG] = "0 or 1",
        [OPTION_CHOICE] = "word",
        [OPTION_BITS] = "words with commas",
        [OPTION_RW] = "word, or word:N",
        [OPTION_PERCENTILE] = "percent",
        [OPTION_PERCENTILES] = "list of percents",
        [OPTION_SPLITS] = "list of size/percent, or read,write,trim",
        [OPTION_DISTRIBUTION] = "word with arguments",
        [OPTION_STEADY] = "word:limit",
        [OPTION_CPUS] = "list of numbers and ranges",
        [OPTION_BYTES] = "bytes",
        [OPTION_ERRORS] = "lists of names, read,write,verify",
        [OPTION_FIXED] = "has only one value here",
        [OPTION_IGNORED] = "not used here",
        [OPTION_ABSENT] = "of fio, but not here",
    };
    return names[o->type];
}

static const char *unit_name(const struct option *o)
{
    return o->unit_ns == NS_PER_S ? "s" : o->unit_ns == NS_PER_MS ? "ms"
                                      : o->unit_ns == NS_PER_US ? "us" : "ns";
}

static void help_range(const struct option *o, struct out *out)
{
    switch (o->type) {
    case OPTION_NUMBER:
    case OPTION_NUMBERS:
    case OPTION_SIZE:
    case OPTION_SIZES:
    case OPTION_BLOCK_SIZES:
    case OPTION_BLOCK_RANGES:
    case OPTION_SPLITS:
    case OPTION_EXTENT:
        out_printf(out, "  range        %llu to %llu\n", (unsigned long long)o->min,
                   (unsigned long long)o->max);
        break;
    case OPTION_TIME:
        out_printf(out, "  range        0 to %llu %s; a bare number counts %s\n",
                   (unsigned long long)(o->max / o->unit_ns), unit_name(o), unit_name(o));
        break;
    case OPTION_TEXT:
        out_printf(out, "  range        up to %llu bytes\n", (unsigned long long)o->max - 1);
        break;
    default:
        break;
    }
}

static void help_one(const struct option *o, struct out *out)
{
    out_printf(out, "%s: %s\n", o->name, o->help);
    if (o->alias != NULL) {
        out_printf(out, "  also called  %s\n", o->alias);
    }
    out_printf(out, "  type         %s\n", type_name(o));
    if (o->words != NULL) {
        out_puts(out, "  allowed     ");
        for (unsigned i = 0; o->words[i] != NULL; i++) {
            out_printf(out, " %s", o->words[i]);
        }
        out_puts(out, "\n");
    }
    help_range(o, out);
    if (o->text != NULL && o->text[0] != '\0') {
        out_printf(out, "  default      %s\n", o->text);
    } else if (o->type == OPTION_NUMBER || o->type == OPTION_FLAG || o->type == OPTION_TIME) {
        out_puts(out, "  default      0\n");
    }
}

int bench_options_help(const char *name, struct out *out, struct out *err)
{
    if (name != NULL) {
        const struct option *o = find_option(name);
        if (o == NULL) {
            return unknown_option(name, err);
        }
        help_one(o, out);
        return 0;
    }
    for (unsigned i = 0; i < bench_option_count; i++) {
        const struct option *o = &bench_option_table[i];
        if (has_field(o)) {
            out_printf(out, "  %-27s%s\n", o->name, o->help);
        }
    }
    out_puts(out, "Options of fio that mean nothing without an operating system (ioengine, direct, "
                  "...)\nare accepted with a note; \"help bench NAME\" explains any of them.\n");
    return 0;
}

/* --- rw --------------------------------------------------------------------------------------- */

const char *bench_rw_name(unsigned rw)
{
    assert(rw <= BENCH_RANDTRIMWRITE);
    return bench_rw_words[rw];
}

bool bench_rw_reads(unsigned rw)
{
    return rw == BENCH_READ || rw == BENCH_RANDREAD || rw == BENCH_RW || rw == BENCH_RANDRW;
}

bool bench_rw_writes(unsigned rw)
{
    return rw == BENCH_WRITE || rw == BENCH_RANDWRITE || rw == BENCH_RW || rw == BENCH_RANDRW ||
           rw == BENCH_TRIMWRITE || rw == BENCH_RANDTRIMWRITE;
}

bool bench_rw_trims(unsigned rw)
{
    return rw >= BENCH_TRIM && rw <= BENCH_RANDTRIMWRITE;
}

bool bench_rw_uses(unsigned rw, enum bench_dir dir)
{
    return dir == BENCH_DIR_READ ? bench_rw_reads(rw)
           : dir == BENCH_DIR_WRITE ? bench_rw_writes(rw) : bench_rw_trims(rw);
}

bool bench_rw_is_random(unsigned rw)
{
    return rw == BENCH_RANDREAD || rw == BENCH_RANDWRITE || rw == BENCH_RANDRW ||
           rw == BENCH_RANDTRIM || rw == BENCH_RANDTRIMWRITE;
}
