/*
 * tests/model/world.h - a disk, its driver, two owners of queues and everything that can happen to
 * them, in an order that a seed decides; judged by reference.h and by the model's referee.
 *
 * world_run() is one schedule: a world is made, some steps are taken, everything is brought to an
 * end, and the media is compared. The same seed is the same schedule.
 */
#pragma once

#include <setjmp.h>

#include "lib/rng.h"
#include "tests/model/host_rig.h"
#include "tests/model/reference.h"

#define WORLD_OPS    10
#define WORLD_QPAIRS 2

/* What may happen beside I/O, by the seed. */
enum world_weather {
    WORLD_FINE,      /* nothing: no I/O may end with an error */
    WORLD_REFUSALS,  /* statuses, with and without Do Not Retry */
    WORLD_LOSSES,    /* commands late beyond the time-out or never answered; Aborts of all kinds */
    WORLD_WRONG,     /* completions twice, late again, of nobody, torn, without interrupts */
    WORLD_FATAL,     /* CSTS.CFS, registers that do not answer, no bus mastering */
    WORLD_POWER,     /* power cuts, subsystem resets, shutdowns */
    WORLD_REMOVAL,   /* pulled out and plugged in again */
    WORLD_CHANGES,   /* namespaces shrink, grow, go and come; queues are made anew; events */
    WORLD_MIXED,     /* all of it */
    WORLD_WEATHERS,
};

struct world_op {
    struct nvme_io io;
    struct dma_buf buf;
    struct world *world;
    bool live, early;
    unsigned done;
    unsigned power_cuts; /* when it was posted */
    uint32_t id;         /* of what it writes */
    struct reference_flush flush;
};

struct world_counts {
    uint64_t schedules, steps, ios, errors, recoveries, deaths, power_cuts, removals, changes,
        flushes;
};

struct world {
    struct rig r;
    struct rng rng;
    uint64_t seed;
    unsigned step;
    enum world_weather weather;
    bool quiet;               /* a failure is expected: nothing is printed */
    const struct model_rule *lie; /* a fault that must be found out; NULL: none */
    struct nvme_ns *ns;
    uint64_t blocks;
    struct reference ref;
    struct world_op ops[WORLD_OPS];
    unsigned power_cuts, troubles;
    bool changed; /* the namespace has not its size */
    bool absent;  /* it is not there at all */
    bool excuse;  /* something has happened that may end I/O with an error */
    struct world_counts *counts;
    jmp_buf failed;
};

/* Runs schedule seed. lie: NULL, or a fault that makes the disk lie from the beginning. False: the
 * schedule has failed, which was printed with its seed and place unless quiet. */
bool world_run(uint64_t seed, const struct model_rule *lie, bool quiet,
               struct world_counts *counts);

/* --- for world*.c ----------------------------------------------------------------------------- */

/* Ends the schedule as failed unless ok. */
#define WORLD_MUST(w, ok) ((ok) ? (void)0 : world_fail(w, #ok, __FILE__, __LINE__))
_Noreturn void world_fail(struct world *w, const char *what, const char *file, int line);

uint64_t world_pick(struct world *w, uint64_t n); /* 0..n - 1 */
void world_attach(struct world *w);
/* What has ended is judged, and its op is free again. */
void world_collect(struct world *w);
/* Rings and reaps until nothing is outstanding; recovers on the way if need be. */
void world_drain(struct world *w);
/* The controller is brought back through a reset; if that is its end, a new one is attached. */
void world_recover(struct world *w);
/* A time after which a call that began at since_ns must have returned. */
void world_check_bound(struct world *w, uint64_t since_ns);
void world_step(struct world *w);
/* The world is as it should be: no faults, the drive in its place, its namespace whole. */
void world_calm(struct world *w);
