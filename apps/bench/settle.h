/*
 * apps/bench/settle.h - a pause between a completion and the next doorbell, for emulated disks at
 * depth 1.
 *
 * An emulator that has just completed the only command in flight first finishes its turn and then
 * goes to sleep. A doorbell that comes before it has finished waits for a lock, one that comes
 * after it has fallen asleep has to wake it; in between it costs nothing (docs/bench.md, "Emulated
 * disks"). Where that gap lies depends on the host and on what else it does, so it is searched for
 * while I/O runs: every pause of a list is tried for one window now and then, and the one with the
 * highest rate is used in all other windows. On hardware any pause only costs time.
 *
 * One CPU at a time; plain memory, all zero: no pause.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BENCH_SETTLE_CHOICES 8
#define BENCH_SETTLE_STEP_NS 400 /* choice n pauses n times as long */

struct bench_settle {
    uint64_t ns;     /* the pause now */
    bool searching;  /* false: it stays */
    unsigned choice; /* in use */
    unsigned trial;  /* the choice that was tried last out of turn */
    unsigned windows;
    uint64_t rate[BENCH_SETTLE_CHOICES]; /* I/Os per second */
    uint64_t begun_ns;                   /* this window; 0: there was none */
    uint64_t begun_ios;
};

/* Begins a search with no pause. */
void bench_settle_search(struct bench_settle *s);

/* To be called about every 10 ms with the number of I/Os so far: ends a window. */
void bench_settle_tick(struct bench_settle *s, uint64_t ios, uint64_t now_ns);
