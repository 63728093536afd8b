/*
 * tests/model/host_clock.c - virtual or real time for host tests.
 */
#include "tests/model/host_clock.h"

#include <sched.h>
#include <time.h>

#include "lib/assert.h"
#include "lib/compiler.h"

#define FIRST_STRIDE_NS 500
#define LAST_STRIDE_NS  UINT64_C(5000000)

static uint64_t monotonic_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void host_clock_init(struct host_clock *clock, bool real)
{
    *clock = (struct host_clock){ .real = real, .query_ns = 100 };
    atomic_store(&clock->virtual_ns, NS_PER_MS);
    atomic_store(&clock->stride_ns, FIRST_STRIDE_NS);
    clock->real_start_ns = monotonic_ns();
}

void host_clock_join(struct host_clock *clock, const struct host_clock_member *member)
{
    assert(clock->member_count < HOST_CLOCK_MEMBERS);
    clock->members[clock->member_count++] = *member;
}

void host_clock_leave(struct host_clock *clock, const void *ctx)
{
    for (unsigned i = 0; i < clock->member_count; i++) {
        if (clock->members[i].ctx == ctx) {
            clock->members[i] = clock->members[--clock->member_count];
            return;
        }
    }
}

uint64_t host_clock_peek(const struct host_clock *clock)
{
    return clock->real ? monotonic_ns() - clock->real_start_ns + NS_PER_MS
                       : atomic_load(&clock->virtual_ns);
}

static void step_all(struct host_clock *clock, uint64_t now_ns)
{
    for (unsigned i = 0; i < clock->member_count; i++) {
        clock->members[i].step(clock->members[i].ctx, now_ns);
    }
}

/* Moves virtual time forward to then, if it is not there yet. */
static void advance_to(struct host_clock *clock, uint64_t then_ns)
{
    uint64_t now = atomic_load(&clock->virtual_ns);
    while (now < then_ns &&
           !atomic_compare_exchange_weak(&clock->virtual_ns, &now, then_ns)) {
    }
}

uint64_t host_clock_now(struct host_clock *clock)
{
    if (!clock->real) {
        atomic_fetch_add(&clock->virtual_ns, clock->query_ns);
    }
    uint64_t now = host_clock_peek(clock);
    step_all(clock, now);
    return now;
}

static uint64_t next_of_all(struct host_clock *clock)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < clock->member_count; i++) {
        uint64_t theirs = clock->members[i].next_ns(clock->members[i].ctx);
        next = MIN(next, theirs);
    }
    return next;
}

void host_clock_relax(struct host_clock *clock)
{
    if (clock->real) {
        sched_yield();
        step_all(clock, host_clock_peek(clock));
        return;
    }
    uint64_t now = host_clock_peek(clock);
    uint64_t next = next_of_all(clock);
    uint64_t stride = atomic_load(&clock->stride_ns);

    if (next <= now + stride) {
        advance_to(clock, MAX(next, now + 50));
        atomic_store(&clock->stride_ns, FIRST_STRIDE_NS);
    } else {
        advance_to(clock, now + stride);
        atomic_store(&clock->stride_ns, MIN(stride * 2, LAST_STRIDE_NS));
    }
    step_all(clock, host_clock_peek(clock));
}

void host_clock_run_until(struct host_clock *clock, uint64_t until_ns)
{
    for (;;) {
        uint64_t now = host_clock_peek(clock);
        step_all(clock, now);
        if (now >= until_ns) {
            return;
        }
        uint64_t next = next_of_all(clock);
        if (clock->real) {
            sched_yield();
        } else {
            next = MAX(next, now + 1);
            advance_to(clock, MIN(next, until_ns));
        }
    }
}
