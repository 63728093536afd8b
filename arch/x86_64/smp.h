/*
 * arch/x86_64/smp.h - the CPUs and their jobs; drivers/machine.h is the view of it that
 * applications have.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

#define SMP_MAX_CPUS 256

unsigned smp_self(void);

/* Sleeps the calling CPU (HLT) while *count == seen, at most until deadline_ns; may return early.
 * A timer interrupt bounds the sleep. No wake-up is lost between the test and the HLT. */
void smp_sleep(const atomic_uint *count, unsigned seen, uint64_t deadline_ns);

/* Makes the calling CPU number 0: descriptors, exceptions, gs. The very first thing. */
void smp_init_boot_cpu(void);

/* Takes the pages below its interrupt stacks away; once paging_init() has been called. */
void smp_guard_boot_cpu(void);

/* Number 0's APIC identifier, once there is an APIC. */
void smp_note_boot_apic_id(uint32_t apic_id);

/* Starts the other CPUs of the list with a page of real-mode memory at trampoline (below 1 MiB);
 * each enters its worker loop. One that does not come is named and stays offline. start false:
 * they are numbered and left alone, for the reason why. */
void smp_start(const uint32_t *apic_ids, unsigned count, uint64_t trampoline, bool start,
               const char *why);

unsigned smp_count(void); /* CPUs listed, started or not */
bool smp_online(unsigned cpu);
bool smp_busy(unsigned cpu);
uint32_t smp_apic_id(unsigned cpu);
const char *smp_what(unsigned cpu);

/* As machine.cpu_run and machine.cpu_idle. */
int smp_run(unsigned cpu, const char *what, void (*fn)(void *arg), void *arg) must_check;
bool smp_idle(unsigned cpu);

/* With interrupts off: the calling CPU's timer interrupt comes at wake_ns, and no earlier one does.
 * false: its timer was not calibrated. */
bool smp_arm_timer(uint64_t now_ns, uint64_t wake_ns);

/* Sleeps until any interrupt, at most ns. */
void smp_nap(uint64_t ns);

/* Called by boot/ap_entry.asm. */
_Noreturn void smp_enter(unsigned cpu);
