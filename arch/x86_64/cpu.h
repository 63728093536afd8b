/*
 * arch/x86_64/cpu.h - single instructions, and the registers they reach (Intel SDM vol. 2 and 4).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/bitfield.h"

#define MSR_APIC_BASE 0x1b
#define MSR_PAT       0x277
#define MSR_GS_BASE   0xc0000101

#define APIC_BASE_BSP    BIT64(8)
#define APIC_BASE_EXTD   BIT64(10)
#define APIC_BASE_ENABLE BIT64(11)
#define APIC_BASE_ADDR   GENMASK64(51, 12)

#define RFLAGS_IF BIT64(9)

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
    struct cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(sub));
    return r;
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo;
    uint32_t hi;
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
    return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t val)
{
    uint32_t lo = (uint32_t)val;
    uint32_t hi = (uint32_t)(val >> 32);
    __asm__ volatile("wrmsr" : : "c"(msr), "a"(lo), "d"(hi) : "memory");
}

static inline uint64_t rdtsc(void)
{
    uint32_t lo;
    uint32_t hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

static inline uint64_t read_cr2(void)
{
    uint64_t val;
    __asm__ volatile("movq %%cr2, %0" : "=r"(val));
    return val;
}

static inline uint64_t read_cr3(void)
{
    uint64_t val;
    __asm__ volatile("movq %%cr3, %0" : "=r"(val));
    return val;
}

static inline void write_cr3(uint64_t val)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"(val) : "memory");
}

static inline void invlpg(uint64_t va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline uint64_t read_rflags(void)
{
    uint64_t val;
    __asm__ volatile("pushfq; popq %0" : "=r"(val) : : "memory");
    return val;
}

static inline void cpu_cli(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline void cpu_sti(void)
{
    __asm__ volatile("sti" : : : "memory");
}

/* Interrupts on, and sleep until one comes. sti takes effect after the next instruction, so none
 * is lost between the two. */
static inline void cpu_sti_hlt(void)
{
    __asm__ volatile("sti; hlt" : : : "memory");
}

static inline void cpu_pause(void)
{
    __builtin_ia32_pause();
}

/* Interrupts off; returns whether they were on, for irq_restore. */
static inline bool irq_save(void)
{
    bool on = read_rflags() & RFLAGS_IF;
    cpu_cli();
    return on;
}

static inline void irq_restore(bool on)
{
    if (on) {
        cpu_sti();
    }
}

/* The FPU and SSE registers, for an interrupt handler that calls what may use them. */
struct fpu_state {
    uint8_t bytes[512];
} __attribute__((aligned(16)));

static inline void fpu_save(struct fpu_state *state)
{
    __asm__ volatile("fxsave64 %0" : "=m"(*state));
}

static inline void fpu_restore(const struct fpu_state *state)
{
    __asm__ volatile("fxrstor64 %0" : : "m"(*state) : "memory");
}

_Noreturn static inline void cpu_halt_forever(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt" : : : "memory");
    }
}
