/*
 * arch/x86_64/percpu.c - what each CPU has for itself: descriptors, task state, gs.
 */
#include "arch/x86_64/percpu.h"

#include "lib/bitfield.h"
#include "lib/out.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/exceptions.h"
#include "arch/x86_64/paging.h"

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

char *percpu_ist_top(const struct percpu *pc, unsigned ist)
{
    return pc->ist_memory + ist * (PERCPU_IST_GUARD + PERCPU_IST_STACK);
}

static uintptr_t ist_guard(const struct percpu *pc, unsigned ist)
{
    return (uintptr_t)percpu_ist_top(pc, ist) - PERCPU_IST_STACK - PERCPU_IST_GUARD;
}

void percpu_guard_ist(const struct percpu *pc)
{
    for (unsigned ist = 1; ist <= PERCPU_IST_COUNT; ist++) {
        paging_unmap_page((void *)ist_guard(pc, ist));
    }
}

bool percpu_name_guard(uint64_t addr, char *text, size_t cap)
{
    static const char *const names[PERCPU_IST_COUNT + 1] = {"", "NMI ", "double fault ",
                                                            "machine check "};
    uintptr_t page = ALIGN_DOWN(addr, PERCPU_IST_GUARD);

    for (unsigned i = 0; i < SMP_MAX_CPUS && percpu[i]; i++) {
        uintptr_t guards[] = {(uintptr_t)percpu[i]->stack_low - PERCPU_IST_GUARD,
                              ist_guard(percpu[i], 1), ist_guard(percpu[i], 2),
                              ist_guard(percpu[i], 3)};
        for (unsigned g = 0; g < ARRAY_SIZE(guards); g++) {
            if (page == guards[g]) {
                str_format(text, cap, "the %sstack of CPU %u", names[g], i);
                return true;
            }
        }
    }
    return false;
}

void percpu_load(struct percpu *pc, char *ist_memory)
{
    uintptr_t tss = (uintptr_t)&pc->tss;

    pc->self = pc;
    pc->ist_memory = ist_memory;
    for (unsigned ist = 1; ist <= PERCPU_IST_COUNT; ist++) {
        set_ist(&pc->tss, ist, percpu_ist_top(pc, ist));
    }
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
