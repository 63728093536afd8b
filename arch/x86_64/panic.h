/*
 * arch/x86_64/panic.h - the end: says what happened and where, stops every CPU.
 *
 * Output goes straight to the device, polled and without locks, because nothing else can be relied
 * upon any more. Whoever panics first reports; other CPUs are stopped by NMI, and those that do not
 * answer are waited for for a second. A fault while reporting costs the part of the report it is
 * in, never what comes after it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "lib/out.h"

struct trap_frame;

/* out->write must need no lock and no interrupt. */
void panic_set_output(struct out *out);
struct out *panic_output(void); /* NULL: there is none */

/* fn adds what the machine's owner wants to know: the last part of the report. It runs on the CPU
 * that panicked, maybe on a small stack, and must take no lock. A fault in it ends that part. */
void panic_set_report(void (*fn)(struct out *out));

enum panic_action { PANIC_HALT, PANIC_REBOOT, PANIC_POWER_OFF };
void panic_set_action(enum panic_action action);

_Noreturn void panic(const char *fmt, ...) printf_like(1, 2);
_Noreturn void panic_exception(const struct trap_frame *frame);

/* A non-maskable interrupt after which nothing can be trusted (lib/hwerror.h). */
_Noreturn void panic_nmi(const struct trap_frame *frame, uint8_t port61);

/* A CPU has panicked; an NMI then means "stop": the calling CPU leaves word of where it was and
 * does not return, unless it is the one that reports. */
bool panic_in_progress(void);
void panic_stop_here(const struct trap_frame *frame);

/* Called by compiled code when a function's stack canary has changed. */
_Noreturn void __stack_chk_fail(void);

/* Gives the canary a value that differs from boot to boot. Its caller must not return. */
void panic_seed_canary(void);
