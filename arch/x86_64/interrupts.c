/*
 * arch/x86_64/interrupts.c - device interrupts as counters.
 */
#include "arch/x86_64/interrupts.h"

#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/spinlock.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/percpu.h"
#include "arch/x86_64/watchdog.h"

/* Message address and data (Intel SDM vol. 3 §11.11): fixed delivery, edge triggered. */
#define MESSAGE_BASE UINT64_C(0xfee00000)
#define MESSAGE_DEST GENMASK64(19, 12)
#define MAX_DEST     254 /* 255 is everybody */

#define ISA_IRQS          16
#define SPURIOUS_8259     (VECTOR_8259 + 7)
#define SPURIOUS_8259_TWO (VECTOR_8259 + 15)

static struct spinlock vector_lock; /* guards who has which vector */

static struct {
    void (*handler)(void *arg);
    void *arg;
} isa[ISA_IRQS];

int interrupts_alloc(unsigned cpu, atomic_uint *count)
{
    struct percpu *pc = cpu < SMP_MAX_CPUS ? percpu[cpu] : NULL;
    int vector = -ENOSPC;

    if (!pc || pc->apic_id > MAX_DEST || !(apic_mode_x2 || apic_mmio)) {
        return -ENOTSUP;
    }
    spin_lock(&vector_lock);
    for (int v = VECTOR_FIRST_FREE; v <= VECTOR_LAST_FREE && vector < 0; v++) {
        if (!atomic_load_explicit(&pc->counter[v], memory_order_relaxed)) {
            atomic_store_explicit(&pc->counter[v], count, memory_order_release);
            vector = v;
        }
    }
    spin_unlock(&vector_lock);
    return vector;
}

void interrupts_free(unsigned cpu, int vector)
{
    assert(cpu < SMP_MAX_CPUS && percpu[cpu]);
    assert(vector >= VECTOR_FIRST_FREE && vector <= VECTOR_LAST_FREE);
    spin_lock(&vector_lock);
    atomic_store_explicit(&percpu[cpu]->counter[vector], NULL, memory_order_release);
    spin_unlock(&vector_lock);
}

void interrupts_message(unsigned cpu, int vector, uint64_t *addr, uint32_t *data)
{
    *addr = MESSAGE_BASE | FIELD_PREP(MESSAGE_DEST, percpu[cpu]->apic_id);
    *data = (uint32_t)vector;
}

void interrupts_handle_isa(unsigned irq, void (*handler)(void *arg), void *arg)
{
    assert(irq < ISA_IRQS);
    isa[irq].arg = arg;
    isa[irq].handler = handler;
}

static void note_spurious(struct percpu *pc)
{
    atomic_fetch_add_explicit(&pc->spurious, 1, memory_order_relaxed);
}

static void count_device(struct percpu *pc, unsigned vector)
{
    atomic_uint *count = atomic_load_explicit(&pc->counter[vector], memory_order_acquire);

    if (count) {
        atomic_fetch_add_explicit(count, 1, memory_order_release);
    } else {
        note_spurious(pc);
    }
}

void interrupt_dispatch(unsigned vector, uint64_t rip, uint64_t rbp)
{
    struct percpu *pc = percpu_self();

    switch (vector) {
    case VECTOR_SPURIOUS:
    case SPURIOUS_8259:
    case SPURIOUS_8259_TWO:
        note_spurious(pc); /* nothing is in service: no end of interrupt */
        return;
    case VECTOR_TIMER:
        pc->timer_armed_ns = 0;
        watchdog_tick(rip, rbp);
        break;
    case VECTOR_WAKE:
        break;
    default:
        if (vector >= VECTOR_ISA && vector < VECTOR_ISA + ISA_IRQS &&
            isa[vector - VECTOR_ISA].handler) {
            isa[vector - VECTOR_ISA].handler(isa[vector - VECTOR_ISA].arg);
        } else {
            count_device(pc, vector);
        }
    }
    apic_eoi();
}
