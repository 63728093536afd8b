/*
 * apps/bench/source.h - from the words of a command to jobs: typed options, job files on disks and
 * job files that the boot loader brought. CPU 0 only.
 */
#pragma once

#include "apps/bench/options.h"
#include "apps/shell/shell.h"
#include "lib/compiler.h"
#include "lib/out.h"

#define BENCH_MAX_SECTIONS 16

/* What was said, without the words that are for the command itself. */
struct bench_words {
    const char *const *sections; /* --section=NAME, of section_count */
    unsigned section_count;
    int count;
    char *const *word;           /* options, and names of job files */
};

/* Is it the name of a job file rather than an option? It then has a dot, a slash or a colon in it
 * and no "=", or a boot-loader module is called so. */
bool bench_is_jobfile(const struct appliance *app, const char *word);

/* Fills jobs (room for BENCH_MAX_JOBS). Options beside a job file count for each of its jobs, after
 * its own. A filename that names several disks becomes a job for each. Returns how many, or a
 * negative errno after one line on err. note as in bench_options_set(). */
int bench_read_jobs(struct shell *sh, const struct bench_words *words, struct bench_options *jobs,
                    struct out *note, struct out *err) must_check;

/* "note: ioengine=libaio, direct=1 ignored (...)": one line for all the ignored options that stand
 * in note, each with a line end; nothing if there are none. note is changed. */
void bench_say_note(struct out *out, char *note);

/* The jobs as a command line that does the same (--showcmd). */
void bench_show_command(struct out *out, const struct bench_options *jobs, unsigned count);
