/*
 * arch/x86_64/percpu.c - what each CPU has for itself: descriptors, task state, gs.
 */
#include "arch/x86_64/percpu.h"

#include "lib/bitfield.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/exceptions.h"

/* Descriptors (Intel SDM vol. 3 §3.4.5). */
#define GDT_CODE64 UINT64_C(0x00af9b000000ffff)
#define GDT_DATA   UINT64_C(0x00cf93000000ffff)
#define GDT_TSS    UINT64_C(0x0000890000000000) /* present, available 64-bit task state */
#define SEL_TSS    0x18

/* What the PAT register holds after reset: index 3 (PCD and PWT) is uncached. */
#define PAT_VALUE UINT64_C(0x0007040600070406)

/* All SSE exceptions masked, rounding to nearest: firmware may leave something else. */
#define MXCSR_DEFAULT 0x1f80

struct percpu *percpu[SMP_MAX_CPUS];

/* What lgdt reads: no padding between the two. */
struct table_register {
    uint16_t unused[3]; /* puts limit and base side by side */
    uint16_t limit;
    uint64_t base;
};

static void set_ist(struct tss *tss, unsigned number, const char *top)
{
    tss->ist[(number - 1) * 2] = (uint32_t)(uintptr_t)top;
    tss->ist[(number - 1) * 2 + 1] = (uint32_t)((uintptr_t)top >> 32);
}

void percpu_load(struct percpu *pc, char *ist_memory)
{
    uintptr_t tss = (uintptr_t)&pc->tss;

    pc->self = pc;
    set_ist(&pc->tss, IST_NMI, ist_memory + PERCPU_IST_STACK);
    set_ist(&pc->tss, IST_DOUBLE_FAULT, ist_memory + 2 * PERCPU_IST_STACK);
    set_ist(&pc->tss, IST_MACHINE_CHECK, ist_memory + 3 * PERCPU_IST_STACK);
    pc->tss.iomap_base = (uint32_t)sizeof(struct tss) << 16;

    pc->gdt[1] = GDT_CODE64;
    pc->gdt[2] = GDT_DATA;
    pc->gdt[3] = GDT_TSS | (sizeof(struct tss) - 1) | FIELD_PREP(GENMASK64(39, 16), tss) |
                 FIELD_PREP(GENMASK64(63, 56), tss >> 24);
    pc->gdt[4] = tss >> 32;

    struct table_register gdtr = {.limit = sizeof(pc->gdt) - 1, .base = (uintptr_t)pc->gdt};
    __asm__ volatile("lgdt %0" : : "m"(gdtr.limit), "m"(gdtr) : "memory");
    __asm__ volatile("ltr %w0" : : "r"(SEL_TSS) : "memory");
    exceptions_load_idt();
    uint32_t mxcsr = MXCSR_DEFAULT;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
    wrmsr(MSR_GS_BASE, (uintptr_t)pc);
    wrmsr(MSR_PAT, PAT_VALUE);
}
