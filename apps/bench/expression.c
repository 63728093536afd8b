/*
 * apps/bench/expression.c - a parser by descent over whole numbers.
 */
#include "apps/bench/expression.h"

#include "lib/errno.h"
#include "lib/out.h"
#include "lib/parse.h"
#include "lib/string.h"

#define NUMBER_BYTES 32
#define TEXT_BYTES 256
#define MAX_NESTING 16
#define OPERATORS "+*/" /* of a whole value; - and % have other meanings there */

struct expression {
    const char *at;
    unsigned base;
    unsigned nesting;
    const char *why; /* NULL: nothing is wrong */
};

static uint64_t take_sum(struct expression *e);

static uint64_t fail(struct expression *e, const char *why)
{
    e->why = e->why != NULL ? e->why : why;
    return 0;
}

static void skip_blanks(struct expression *e)
{
    while (*e->at == ' ' || *e->at == '\t') {
        e->at++;
    }
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint64_t take_number(struct expression *e)
{
    char text[NUMBER_BYTES];
    size_t len = 0;
    uint64_t value = 0;
    while (is_word(e->at[len])) {
        len++;
    }
    if (len == 0 || len >= sizeof(text)) {
        return fail(e, "a number is missing in the arithmetic");
    }
    memcpy(text, e->at, len);
    text[len] = '\0';
    e->at += len;
    int rc = e->base == 1000 ? parse_size_1000(text, &value) : parse_size(text, &value);
    return rc == 0 ? value : fail(e, "what is not a number stands in the arithmetic");
}

static uint64_t take_factor(struct expression *e)
{
    skip_blanks(e);
    if (*e->at != '(') {
        return take_number(e);
    }
    if (e->nesting == MAX_NESTING) {
        return fail(e, "parentheses are nested too deeply");
    }
    e->at++;
    e->nesting++;
    uint64_t value = take_sum(e);
    e->nesting--;
    skip_blanks(e);
    if (*e->at != ')') {
        return fail(e, "a ) is missing");
    }
    e->at++;
    return value;
}

static uint64_t take_product(struct expression *e)
{
    uint64_t value = take_factor(e);
    for (skip_blanks(e); e->why == NULL && *e->at != '\0' && strchr("*/%", *e->at) != NULL;
         skip_blanks(e)) {
        char operator = *e->at++;
        uint64_t right = take_factor(e);
        if (e->why != NULL) {
            return 0;
        }
        if (operator != '*' && right == 0) {
            return fail(e, "this would divide by zero");
        }
        if (operator == '*' && __builtin_mul_overflow(value, right, &value)) {
            return fail(e, "the result has more than 64 bits");
        }
        value = operator == '/' ? value / right : operator == '%' ? value % right : value;
    }
    return value;
}

static uint64_t take_sum(struct expression *e)
{
    uint64_t value = take_product(e);
    for (skip_blanks(e); e->why == NULL && (*e->at == '+' || *e->at == '-'); skip_blanks(e)) {
        bool minus = *e->at++ == '-';
        uint64_t right = take_product(e);
        if (minus ? right > value : __builtin_add_overflow(value, right, &value)) {
            return fail(e, minus ? "the result is below zero" : "the result has more than 64 bits");
        }
        value -= minus ? right : 0;
    }
    return value;
}

/* --- values ----------------------------------------------------------------------------------- */

struct word {
    const char *name;
    size_t offset;
};

static const struct word words[] = {
    {"$ncpus", offsetof(struct bench_variables, ncpus)},
    {"$pagesize", offsetof(struct bench_variables, pagesize)},
    {"$mb_memory", offsetof(struct bench_variables, mb_memory)},
};

bool bench_expression_has(const char *value)
{
    return strchr(value, '(') != NULL || strchr(value, '$') != NULL;
}

/* Copies value with the words replaced. False if it does not fit, or another word is there. */
static bool replace_words(const char *value, const struct bench_variables *variables, char *out,
                          size_t out_bytes, bool *any)
{
    size_t len = 0;
    out[0] = '\0';
    while (*value != '\0') {
        const struct word *word = NULL;
        for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
            word = str_starts_with(value, words[i].name) ? &words[i] : word;
        }
        if (word == NULL && *value == '$') {
            return false;
        }
        if (len + NUMBER_BYTES >= out_bytes) {
            return false;
        }
        if (word == NULL) {
            out[len++] = *value++;
            out[len] = '\0';
            continue;
        }
        uint64_t number = *(const uint64_t *)((const char *)variables + word->offset);
        str_format(out + len, out_bytes - len, "%llu", (unsigned long long)number);
        len = strlen(out);
        value += strlen(word->name);
        *any = true;
    }
    return true;
}

static bool has_operator(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr(OPERATORS, *text) != NULL) {
            return true;
        }
    }
    return false;
}

/* Works out each parenthesis of text, and copies the rest. */
static void work_out(struct expression *e, const char *text, char *out, size_t out_bytes)
{
    out[0] = '\0';
    while (*text != '\0' && e->why == NULL) {
        char piece[NUMBER_BYTES] = {*text, '\0'};
        if (*text == '(') {
            e->at = text;
            str_format(piece, sizeof(piece), "%llu", (unsigned long long)take_factor(e));
            text = e->at;
        } else {
            text++;
        }
        if (strlen(out) + strlen(piece) >= out_bytes) {
            fail(e, "the value is too long");
            return;
        }
        str_append(out, out_bytes, piece);
    }
}

int bench_expression_expand(const char *value, const struct bench_variables *variables,
                            unsigned base, char *out, size_t out_bytes, const char **why)
{
    char text[TEXT_BYTES], worked_out[TEXT_BYTES];
    bool any = false;
    struct expression e = {.base = base};
    if (!replace_words(value, variables, text, sizeof(text), &any)) {
        *why = "there are $ncpus, $pagesize and $mb_memory, and a value with one of them or with "
               "parentheses has at most 220 bytes";
        return -EINVAL;
    }
    work_out(&e, text, worked_out, MIN(sizeof(worked_out), out_bytes));
    if (e.why == NULL && any && has_operator(worked_out)) {
        e.at = worked_out;
        uint64_t result = take_sum(&e);
        if (e.why == NULL && *e.at != '\0') {
            fail(&e, "something follows the arithmetic");
        }
        str_format(out, out_bytes, "%llu", (unsigned long long)result);
    } else {
        str_copy(out, out_bytes, worked_out);
    }
    *why = e.why;
    return e.why == NULL ? 0 : -EINVAL;
}
