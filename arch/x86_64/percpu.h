/*
 * arch/x86_64/percpu.h - what each CPU has for itself, reached through gs.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#include "arch/x86_64/smp.h"

#define VECTOR_COUNT 256

/* Task state segment in long mode (Intel SDM vol. 3 §7.7): 32-bit words, because its 64-bit fields
 * are not aligned. */
struct tss {
    uint32_t reserved_0;
    uint32_t rsp[6];
    uint32_t reserved_28[2];
    uint32_t ist[14]; /* pairs of low and high half of IST1..IST7 */
    uint32_t reserved_92[2];
    uint32_t iomap_base; /* in the upper 16 bits */
};
static_assert(sizeof(struct tss) == 104, "Intel SDM vol. 3 figure 7-11");

enum job_state { JOB_NONE, JOB_CLAIMED, JOB_POSTED, JOB_RUNNING };

struct percpu {
    struct percpu *self; /* at offset 0: see percpu_self() */
    unsigned index;
    uint32_t apic_id;
    char *stack_low; /* the lowest mapped byte; a guard page lies below */
    char *stack_high;

    /* written by this CPU only */
    atomic_bool online;
    atomic_uint spurious; /* interrupts nobody asked for */
    atomic_uint nmis;
    uint64_t timer_armed_ns; /* when the local timer will fire; 0: it is not armed */

    /* who counts a vector; written under the vector lock, read by this CPU's handlers */
    _Atomic(atomic_uint *) counter[VECTOR_COUNT];

    /* the mailbox: the state hands the rest from the giver to this CPU and back */
    atomic_int job_state;
    void (*job)(void *arg);
    void *job_arg;
    _Atomic(const char *) job_what;

    uint64_t gdt[5];
    struct tss tss;
} cache_aligned;

extern struct percpu *percpu[SMP_MAX_CPUS]; /* by CPU number; NULL past the last */

static inline struct percpu *percpu_self(void)
{
    struct percpu *self;
    __asm__("movq %%gs:0, %0" : "=r"(self));
    return self;
}

/* Makes pc the calling CPU's: descriptor tables, task state, gs, interrupt descriptor table.
 * ist_memory: PERCPU_IST_BYTES for the stacks of NMI, double fault and machine check. */
#define PERCPU_IST_STACK 8192
#define PERCPU_IST_BYTES (3 * PERCPU_IST_STACK)
void percpu_load(struct percpu *pc, char *ist_memory);
