/*
 * apps/bench/expression.h - arithmetic and the reserved words in values of options, as in
 * size=(4*1024)k, numjobs=$ncpus and size=8*$mb_memory. Pure, but for the machine's figures.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

/* What $ncpus, $pagesize and $mb_memory stand for. */
struct bench_variables {
    uint64_t ncpus, pagesize, mb_memory;
};

/* Is there anything in it to be worked out? */
bool bench_expression_has(const char *value);

/* Writes value to out with the words replaced and each parenthesis worked out; a value that had a
 * word in it and still has + * / is then worked out as a whole. Numbers are whole and not negative,
 * with k, m, g, t, p as powers of base (1000 or 1024); operators are + - * / %. 0; -EINVAL, then
 * *why says what is wrong. */
int bench_expression_expand(const char *value, const struct bench_variables *variables,
                            unsigned base, char *out, size_t out_bytes, const char **why)
    must_check;
