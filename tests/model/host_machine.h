/*
 * tests/model/host_machine.h - struct machine (drivers/machine.h) for host tests: CPU 0 is the
 * test's own thread, every other CPU a thread that exists while it has a job.
 *
 * One machine per test thread: cpu_self() is kept per thread.
 */
#pragma once

#include <pthread.h>

#include "drivers/machine.h"
#include "tests/model/host_clock.h"

#define HOST_MAX_CPUS 16

struct host_cpu {
    pthread_t thread;
    bool joinable;
    atomic_bool idle;
    unsigned index;
    const char *what;
    void (*fn)(void *arg);
    void *arg;
};

struct host_machine {
    struct machine machine; /* give this to the appliance */
    struct host_clock *clock;
    unsigned cpu_count;
    struct host_cpu cpus[HOST_MAX_CPUS];
    unsigned reboots, power_offs; /* how often they were asked for */
};

/* clock is borrowed until fini. cpu_count: 1..HOST_MAX_CPUS. */
void host_machine_init(struct host_machine *hm, struct host_clock *clock, unsigned cpu_count);
/* Waits for jobs that still run. */
void host_machine_fini(struct host_machine *hm);
