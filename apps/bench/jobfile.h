/*
 * apps/bench/jobfile.h - fio's job files: sections of options, one job each.
 *
 *   [global]            defaults of the jobs below it; there may be several
 *   bs=4k
 *   [random reads]      a job; its name may have blanks
 *   rw=randread  ; and the rest of the line is a comment, as after #
 *   stonewall           a flag
 *
 * Everything is judged before anything runs. CPU 0 only.
 */
#pragma once

#include <stddef.h>

#include "apps/bench/options.h"
#include "lib/compiler.h"
#include "lib/out.h"

#define BENCH_JOBFILE_BYTES (64 * 1024) /* a larger file is refused */
#define BENCH_LINE_BYTES 1024           /* a longer line is refused */

struct bench_jobfile {
    const char *name;  /* for messages */
    const char *text;  /* any bytes, of unknown origin */
    size_t len;
    const char *const *sections; /* only these jobs, of section_count; NULL: all */
    unsigned section_count;
};

/* Adds the jobs of a file to jobs, which has room for room more. note as in bench_options_set().
 * Returns how many, or -EINVAL (-ENOMEM) after one line on err: "file:line: option: what is
 * allowed". */
int bench_jobfile_parse(const struct bench_jobfile *file, struct bench_options *jobs,
                        unsigned room, struct out *note, struct out *err) must_check;
