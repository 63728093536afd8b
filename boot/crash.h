/*
 * boot/crash.h - provoked crashes, to see that they are reported: crash=KIND on the command line.
 *
 *     null    reads through a null pointer         text   writes to the kernel's code
 *     data    executes data                        stack  recurses without end
 *     div     divides by zero                      assert fails an assertion
 *     canary  writes past an array on the stack    ap     any of them, on another CPU: ap-null, ...
 */
#pragma once

/* Does not return when kind is one of these; says what there is otherwise. */
void crash_provoke(const char *kind);
