/*
 * arch/x86_64/backtrace.h - who has called whom, from the chain of frame pointers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/out.h"

#define BACKTRACE_LINES 32

struct backtrace {
    unsigned count;
    struct {
        uint64_t addr;
        unsigned repeats;  /* the same return address came so often again: recursion */
    } at[BACKTRACE_LINES]; /* the innermost first */
    bool begins_at_rip;    /* at[0] is an instruction, not a return address */
};

/* From the instruction at rip (0: unknown) in a function with frame pointer rbp. Reads what is
 * mapped only, touches no SSE register and takes no lock: also for NMIs. */
void backtrace_take(struct backtrace *bt, uint64_t rip, uint64_t rbp);

/* A line each, with names. */
void backtrace_print(struct out *out, const struct backtrace *bt);

/* The innermost with its address, and the names of max callers, on one line that is not ended. */
void backtrace_print_short(struct out *out, const struct backtrace *bt, unsigned max);
