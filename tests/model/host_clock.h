/*
 * tests/model/host_clock.h - the time of a host test: virtual by default, so that a time-out of a
 * minute costs a moment; or real, for tests that people watch.
 *
 * Virtual time passes when somebody asks for it (a little each time, as reading a clock takes time)
 * and when somebody waits (to the next thing that will happen, in steps that grow while nothing
 * does). Everything that lives in this time is a member and is told of its passing. Any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define HOST_CLOCK_MEMBERS 16

struct host_clock_member {
    void *ctx;
    void (*step)(void *ctx, uint64_t now_ns); /* do what is due */
    uint64_t (*next_ns)(void *ctx);           /* when something will be due; UINT64_MAX: never */
};

struct host_clock {
    bool real;
    uint64_t query_ns;       /* virtual time that passes at each look at the clock */
    _Atomic uint64_t virtual_ns;
    _Atomic uint64_t stride_ns; /* of the next idle turn */
    uint64_t real_start_ns;
    struct host_clock_member members[HOST_CLOCK_MEMBERS];
    unsigned member_count;
};

void host_clock_init(struct host_clock *clock, bool real);
void host_clock_join(struct host_clock *clock, const struct host_clock_member *member);
void host_clock_leave(struct host_clock *clock, const void *ctx);

/* The time, without letting any pass or anything happen. */
uint64_t host_clock_peek(const struct host_clock *clock);

/* The time, after query_ns have passed and what was due has happened. */
uint64_t host_clock_now(struct host_clock *clock);

/* One turn of a waiting loop: on to the next thing due, at most one stride. */
void host_clock_relax(struct host_clock *clock);

/* Lets time pass until then, with everything on the way happening at its time. */
void host_clock_run_until(struct host_clock *clock, uint64_t until_ns);
