/*
 * apps/bench/chooser.h - the next I/O of a job that is not plain: trims, several block sizes,
 * distributions, holes. What pattern.h does for plain jobs in a few instructions, this does for all
 * others, out of line.
 *
 * Offsets and sizes are bytes, from the start of the job's region. With a map, each unit of the
 * region comes exactly once in a pass: if all I/Os have one size by a permutation, otherwise by a
 * permutation of the units and a bit for each, and then an I/O that would run into a unit that was
 * done already is cut short there, as in fio.
 *
 * One CPU at a time; memory is taken by init.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/pattern.h"
#include "lib/choice.h"
#include "lib/compiler.h"
#include "lib/rng.h"

#define BENCH_CHOOSER_MAX_SPLITS 64

enum bench_distribution {
    BENCH_UNIFORM, /* "random" */
    BENCH_ZIPF,
    BENCH_PARETO,
    BENCH_NORMAL,
    BENCH_ZONED,   /* zones' sizes are percent of the region */
    BENCH_ZONED_ABS, /* zones' sizes are bytes */
};

struct bench_size_split {
    uint64_t bytes;
    unsigned percent;
};

struct bench_zone {
    unsigned access_percent;
    uint64_t size; /* percent or bytes; the last zone's 0: the rest */
};

struct bench_chooser_config {
    bool reads, writes, trims; /* in turn by chance; */
    bool trimwrite;            /* or each place trimmed and then written */
    unsigned rwmixread;        /* percent, if reads and others */
    bool random;
    bool norandommap;
    uint64_t seed;
    uint64_t region_bytes;
    /* per direction; only those that are used need to be set */
    uint64_t min_bytes[BENCH_DIRS], max_bytes[BENCH_DIRS]; /* equal: one size */
    const struct bench_size_split *splits[BENCH_DIRS];     /* or these, whose percent are 100 */
    unsigned split_count[BENCH_DIRS];
    uint64_t align_bytes[BENCH_DIRS];     /* blockalign; 0: not given */
    unsigned random_percent[BENCH_DIRS];  /* percentage_random */
    enum bench_distribution distribution; /* of random places */
    double param;                         /* theta, h, or the deviation in percent */
    double center;                        /* 0 .. 1; negative: none given, places are scattered */
    const struct bench_zone *zones;
    unsigned zone_count;
    uint64_t every;     /* rw=randX:N: a new random place only every N I/Os; 0: every one */
    uint64_t hole_bytes; /* rw=X:N: left out after each sequential I/O */
};

struct bench_chooser {
    struct bench_chooser_config config;
    uint64_t unit_bytes;   /* divides every size, and the places at which I/Os may begin */
    uint64_t units;        /* of the region */
    bool mapped;           /* each unit once */
    bool one_size;         /* and every I/O is one unit */
    uint64_t *map;         /* a bit for each unit done in this pass, or NULL */
    uint64_t map_left;     /* units not done */
    uint64_t read_below;
    uint64_t next[BENCH_DIRS]; /* sequential: bytes */
    uint64_t in_row;           /* I/Os still to come after the last random place */
    enum bench_dir last_dir;
    struct bench_pattern order; /* directions, and passes over the units */
    struct choice place;        /* distribution over the units */
    bool scatter;
    struct rng_permutation scattered;
    struct choice size[BENCH_DIRS];
    struct rng rng;
};

struct bench_chosen {
    enum bench_dir dir;
    uint64_t offset;
    uint64_t bytes;
};

/* splits and zones are lent until fini. 0; -EINVAL (a distribution without weight), -ENOMEM (the
 * map: a bit for each unit). */
int bench_chooser_init(struct bench_chooser *c, const struct bench_chooser_config *config)
    must_check;
void bench_chooser_fini(struct bench_chooser *c);

/* Begins again with the first I/O: the same sequence. */
void bench_chooser_restart(struct bench_chooser *c);

void bench_chooser_next(struct bench_chooser *c, struct bench_chosen *out);

/* The next I/O, of a direction that the caller chooses from those of the job. */
void bench_chooser_next_of(struct bench_chooser *c, enum bench_dir dir, struct bench_chosen *out);

/* The largest size of any I/O. */
uint64_t bench_chooser_max_bytes(const struct bench_chooser_config *config);
