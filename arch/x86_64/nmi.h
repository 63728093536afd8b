/*
 * arch/x86_64/nmi.h - non-maskable interrupts: ours, which stop a CPU after a panic or ask where it
 * is without stopping it, and those of the hardware.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct trap_frame;

/* Runs in the NMI; returns unless this CPU is to stop. */
void nmi_handle(const struct trap_frame *frame);

/* The CPU writes where it is to percpu[cpu]->trace, whatever it does. nmi_trace_taken() says that
 * it has. */
void nmi_ask_trace(unsigned cpu);
bool nmi_trace_taken(unsigned cpu);

/* How many NMIs of the hardware came since the last call, all of them without a fatal reason; and
 * since the start. */
unsigned nmi_take(void);
unsigned nmi_total(void);
