/*
 * lib/assert.h - assert() for our own bugs. It is compiled in always, and is never used on input:
 * what comes from a disk, a controller, the boot loader or a person is answered with an error.
 */
#pragma once

/* Ends the program: the kernel panics with a back-trace, a host test aborts. Supplied by
 * arch/x86_64/panic.c in the kernel and by tests/model/host_assert.c on the host. */
_Noreturn void assert_fail(const char *expr, const char *file, int line, const char *func);

#undef assert
#define assert(expr) \
    ((expr) ? (void)0 : assert_fail(#expr, __FILE__, __LINE__, __func__))
