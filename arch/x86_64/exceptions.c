/*
 * arch/x86_64/exceptions.c - the interrupt descriptor table, and what CPU exceptions lead to.
 */
#include "arch/x86_64/exceptions.h"

#include "lib/bitfield.h"

#include "arch/x86_64/nmi.h"
#include "arch/x86_64/panic.h"
#include "arch/x86_64/percpu.h"

#define SEL_CODE64     0x08
#define GATE_INTERRUPT UINT16_C(0x8e00) /* present, ring 0, interrupts off on entry */

/* Intel SDM vol. 3 §6.14.1. */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t ist_and_type[2];
    uint32_t offset_high;
    uint32_t reserved;
};
static_assert(sizeof(struct gate) == 16, "Intel SDM vol. 3 figure 6-8");

struct table_register {
    uint16_t unused[3]; /* puts limit and base side by side */
    uint16_t limit;
    uint64_t base;
};

extern const uint64_t isr_table[VECTOR_COUNT]; /* isr.asm */

static struct gate idt[VECTOR_COUNT] __attribute__((aligned(16)));

static void set_gate(unsigned vector, uint16_t ist)
{
    uint64_t entry = isr_table[vector];

    idt[vector] = (struct gate){
        .offset_low = (uint16_t)entry,
        .selector = SEL_CODE64,
        .ist_and_type = {(uint16_t)(GATE_INTERRUPT | ist), (uint16_t)(entry >> 16)},
        .offset_high = (uint32_t)(entry >> 32),
    };
}

void exceptions_init(void)
{
    for (unsigned i = 0; i < VECTOR_COUNT; i++) {
        set_gate(i, 0);
    }
    set_gate(EXCEPTION_NMI, IST_NMI);
    set_gate(EXCEPTION_DOUBLE_FAULT, IST_DOUBLE_FAULT);
    set_gate(EXCEPTION_MACHINE_CHECK, IST_MACHINE_CHECK);
}

void exceptions_load_idt(void)
{
    struct table_register idtr = {.limit = sizeof(idt) - 1, .base = (uintptr_t)idt};
    __asm__ volatile("lidt %0" : : "m"(idtr.limit), "m"(idtr) : "memory");
}

const char *exception_name(unsigned vector)
{
    static const char *const names[EXCEPTION_COUNT] = {
        [0] = "divide error",
        [1] = "debug exception",
        [2] = "non-maskable interrupt",
        [3] = "breakpoint",
        [4] = "overflow",
        [5] = "bound range exceeded",
        [6] = "invalid opcode",
        [7] = "FPU not available",
        [8] = "double fault",
        [10] = "invalid task state",
        [11] = "segment not present",
        [12] = "stack segment fault",
        [13] = "general protection",
        [14] = "page fault",
        [16] = "x87 floating-point error",
        [17] = "alignment check",
        [18] = "machine check",
        [19] = "SIMD floating-point error",
        [20] = "virtualization exception",
        [21] = "control protection",
    };
    return vector < EXCEPTION_COUNT && names[vector] ? names[vector] : "reserved exception";
}

void exception_handle(struct trap_frame *frame)
{
    if (frame->vector == EXCEPTION_NMI) {
        nmi_handle(frame);
        return;
    }
    panic_exception(frame);
}
