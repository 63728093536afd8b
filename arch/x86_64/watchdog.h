/*
 * arch/x86_64/watchdog.h - notices a CPU that is stuck, and says where.
 *
 * A CPU that has work gives a sign of life each time it asks for the time, which every loop that
 * waits or measures does many times a second; it costs one store. Once a second each CPU's timer
 * interrupt looks at the CPU after it (the last one at CPU 0). One that has given no sign of life
 * for the limit is named with its back-trace, which an NMI fetches without stopping it; again after
 * twice that time, and so on; and once more when it goes on.
 *
 * CPU 0 writes the report to the log. When it does not come to that within two seconds, be it that
 * it is the stuck one, the CPU that watches writes straight to the serial line.
 *
 * What is not seen: a machine of one CPU that is stuck with interrupts off, and a CPU that is stuck
 * at the same time as the one that watches it.
 */
#pragma once

#include <stdint.h>

#define WATCHDOG_DEFAULT_S 10
#define WATCHDOG_MAX_S     86400

/* Before the other CPUs start. limit_s: seconds; 0 switches it off. */
void watchdog_init(unsigned limit_s);

/* The calling CPU begins to look after the next. */
void watchdog_start_cpu(void);

/* The machine is about to end: nobody is stuck any more. */
void watchdog_stop(void);

/* In the timer interrupt, with what it interrupted. */
void watchdog_tick(uint64_t rip, uint64_t rbp);

/* On CPU 0, not in an interrupt: writes what was found to the log. */
void watchdog_report(void);
