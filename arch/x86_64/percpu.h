/*
 * arch/x86_64/percpu.h - what each CPU has for itself, reached through gs.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#include "arch/x86_64/backtrace.h"
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

/* Of percpu.trace: nobody asked, the next NMI writes it, it is written. */
enum trace_state { TRACE_NONE, TRACE_WANTED, TRACE_TAKEN };

/* What the watchdog knows of a CPU; see watchdog.c for who writes. */
struct watch {
    uint64_t seen_alive;  /* its last sign of life that was seen */
    unsigned quiet_s;     /* looks since then, one a second */
    unsigned tell_at_s;   /* the next report is due then */
    unsigned told_s;      /* what the last report said; 0: there was none since it was alive */
    atomic_uint woke_s;   /* it went on after so long, to be said */
    atomic_int state;     /* enum watch_state */
    unsigned state_looks; /* in that state */
};

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
    uint64_t timer_armed_ns; /* when the local timer will fire; 0: it is not armed */

    /* who counts a vector; written under the vector lock, read by this CPU's handlers */
    _Atomic(atomic_uint *) counter[VECTOR_COUNT];

    /* the mailbox: the state hands the rest from the giver to this CPU and back */
    atomic_int job_state;
    void (*job)(void *arg);
    void *job_arg;
    _Atomic(const char *) job_what;

    /* where this CPU was when it was asked, or stopped by a panic of another one */
    atomic_int trace_state; /* enum trace_state */
    atomic_bool stopped;
    atomic_bool panicked_too;
    struct backtrace trace;

    struct watch watch; /* of this CPU, by the one that watches it */
    uint64_t last_look_ns; /* when this CPU looked after the one it watches */

    uint64_t gdt[5];
    struct tss tss;
    char *ist_memory;

    /* The counter at its last sign of life; on a line of its own, because it is written often. */
    _Atomic uint64_t alive_tsc cache_aligned;
} cache_aligned;

extern struct percpu *percpu[SMP_MAX_CPUS]; /* by CPU number; NULL past the last */

static inline struct percpu *percpu_self(void)
{
    struct percpu *self;
    __asm__("movq %%gs:0, %0" : "=r"(self));
    return self;
}

/* A sign of life, for the watchdog. Also safe where an interrupt could come between. */
static inline void percpu_note_alive(uint64_t tsc)
{
    __asm__ volatile("movq %0, %%gs:%c1" : : "r"(tsc), "i"(offsetof(struct percpu, alive_tsc)));
}

/* The stacks of NMI, double fault and machine check, each with a page below it that
 * percpu_guard_ist() takes away. */
#define PERCPU_IST_COUNT 3
#define PERCPU_IST_GUARD 4096
#define PERCPU_IST_STACK 8192
#define PERCPU_IST_BYTES (PERCPU_IST_COUNT * (PERCPU_IST_GUARD + PERCPU_IST_STACK))

/* Makes pc the calling CPU's: descriptor tables, task state, gs, interrupt descriptor table.
 * ist_memory: PERCPU_IST_BYTES, aligned to a page. */
void percpu_load(struct percpu *pc, char *ist_memory);

/* Once paging_init() has been called. */
void percpu_guard_ist(const struct percpu *pc);

/* Where an interrupt stack begins; ist: IST_NMI, ... */
char *percpu_ist_top(const struct percpu *pc, unsigned ist);

/* "the stack of CPU 1", "the NMI stack of CPU 1": whose guard page addr lies in, or false. */
bool percpu_name_guard(uint64_t addr, char *text, size_t cap);
