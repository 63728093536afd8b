/*
 * apps/bench/eta.h - fio's live line: what runs, how far, how fast, how long still.
 *
 *   Jobs: 2 (f=2): [r(2)][20.0%][r=562MiB/s][r=144k IOPS][eta 00m:12s]
 *
 * CPU 0 only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/bench/run.h"
#include "lib/out.h"

#define BENCH_ETA_PERIOD_NS NS_PER_S

struct bench_eta_line {
    struct out *out;
    bool enabled;
    bool redraw;          /* end with CR, so that the next line overwrites this one */
    uint64_t newline_ns;  /* with redraw: a line end this often; 0: never */
    uint64_t next_ns;     /* when the next line is due */
    uint64_t last_ns;
    uint64_t line_ended_ns;
    uint64_t ios[BENCH_DIRS], bytes[BENCH_DIRS]; /* at the last line */
    unsigned width;       /* of the line that stands on the screen; 0: none does */
};

/* redraw: as in the structure. */
void bench_eta_init(struct bench_eta_line *eta, struct out *out, bool enabled, bool redraw,
                    uint64_t newline_ns);

/* Prints a line if one is due. */
void bench_eta_update(struct bench_eta_line *eta, const struct bench_run *run, uint64_t now_ns);

/* Wipes the line, so that what follows begins at the left of an empty line. */
void bench_eta_finish(struct bench_eta_line *eta);
