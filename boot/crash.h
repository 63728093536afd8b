/*
 * boot/crash.h - provoked crashes, to see that they are reported: crash=KIND on the command line.
 *
 *     null    reads through a null pointer         text    writes to the kernel's code
 *     data    executes data                        stack   recurses without end
 *     div     divides by zero                      assert  fails an assertion
 *     canary  writes past an array on the stack    report  fails, and again while that is reported
 *     nmi-stack, df-stack, mc-stack                overflows that interrupt stack
 *     spin    loops for ever                       spin-cli the same with interrupts off
 *     ap-...  any of them, on CPU 1: ap-null, ...  both    fails on two CPUs at once
 *     deaf    fails while CPU 1 cannot be reached
 */
#pragma once

/* Does not return when kind is one of these, but for those of CPU 1 that the machine survives; says
 * what there is otherwise. */
void crash_provoke(const char *kind);
