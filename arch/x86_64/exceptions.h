/*
 * arch/x86_64/exceptions.h - the interrupt descriptor table, and what CPU exceptions lead to.
 */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"

/* Interrupt stacks in the task state: for events that can come on a broken stack. */
#define IST_NMI           1
#define IST_DOUBLE_FAULT  2
#define IST_MACHINE_CHECK 3

#define EXCEPTION_NMI           2
#define EXCEPTION_DOUBLE_FAULT  8
#define EXCEPTION_PAGE_FAULT    14
#define EXCEPTION_MACHINE_CHECK 18
#define EXCEPTION_COUNT         32

/* What isr.asm pushes, lowest address first, and what the CPU pushed before it. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector;
    uint64_t error;
    uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(struct trap_frame) == 22 * 8, "isr.asm pushes so much");

/* Fills the table: once, before the first exceptions_load_idt(). */
void exceptions_init(void);
void exceptions_load_idt(void);

/* "page fault", ... */
const char *exception_name(unsigned vector);

/* Called by isr.asm. */
void exception_handle(struct trap_frame *frame);
