/*
 * arch/x86_64/panic.h - the end: says what happened and where, stops every CPU.
 *
 * Output goes straight to the device, polled and without locks, because nothing else can be relied
 * upon any more. Whoever panics first reports; other CPUs are stopped by NMI.
 */
#pragma once

#include <stdbool.h>

#include "lib/compiler.h"
#include "lib/out.h"

struct trap_frame;

/* out->write must need no lock and no interrupt. */
void panic_set_output(struct out *out);

enum panic_action { PANIC_HALT, PANIC_REBOOT, PANIC_POWER_OFF };
void panic_set_action(enum panic_action action);

_Noreturn void panic(const char *fmt, ...) printf_like(1, 2);
_Noreturn void panic_exception(const struct trap_frame *frame);

/* A CPU has panicked; an NMI then means "stop". */
bool panic_in_progress(void);

/* Called by compiled code when a function's stack canary has changed. */
_Noreturn void __stack_chk_fail(void);

/* Gives the canary a value that differs from boot to boot. Its caller must not return. */
void panic_seed_canary(void);
