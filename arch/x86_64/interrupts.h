/*
 * arch/x86_64/interrupts.h - exceptions, and device interrupts as counters.
 *
 * A device interrupt does one thing: it adds one to a word its owner named, and tells the local
 * APIC that it is done. So nothing of a driver runs in interrupt context, and handlers need no SSE.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "lib/compiler.h"

/* A free vector of that CPU; each interrupt adds one to *count. The vector number (32..239) or
 * -ENOSPC, or -ENOTSUP when a message cannot be aimed at that CPU (APIC id above 254). */
int interrupts_alloc(unsigned cpu, atomic_uint *count) must_check;
void interrupts_free(unsigned cpu, int vector);

/* Message address and data that raise vector on cpu (Intel SDM vol. 3 §11.11). */
void interrupts_message(unsigned cpu, int vector, uint64_t *addr, uint32_t *data);

/* handler(arg) runs in interrupt context on CPU 0 for each ISA interrupt irq, from the time an I/O
 * APIC routes it (apic.h). For the serial line, whose bytes would be lost otherwise. */
void interrupts_handle_isa(unsigned irq, void (*handler)(void *arg), void *arg);

/* Called by isr.asm; rip and rbp are those of the code that was interrupted. */
void interrupt_dispatch(unsigned vector, uint64_t rip, uint64_t rbp);
