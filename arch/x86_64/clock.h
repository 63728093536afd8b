/*
 * arch/x86_64/clock.h - time from the TSC, calibrated at boot, in nanoseconds since power-on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Asking for the time is also the sign of life that the watchdog looks for (watchdog.h). */
uint64_t clock_now_ns(void);
uint64_t clock_peek_ns(void); /* the same without being one: for interrupt handlers */
void clock_delay_ns(uint64_t ns); /* spins */

/* Calibrates the TSC against the best clock there is (about 12 ms). Until then the time is zero.
 * pm_timer_port, hpet_phys: 0 when the machine has none. Warns when no clock was found. */
struct clock_sources {
    uint64_t hpet_phys;
    uint16_t pm_timer_port;
    bool pm_timer_32bit;
};
void clock_init(const struct clock_sources *sources);

uint64_t clock_tsc_hz(void);
const char *clock_tsc_source(void); /* what it was calibrated against, in words */
