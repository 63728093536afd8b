/*
 * arch/x86_64/nmi.c - non-maskable interrupts.
 */
#include "arch/x86_64/nmi.h"

#include <stdatomic.h>

#include "lib/hwerror.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/backtrace.h"
#include "arch/x86_64/exceptions.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/panic.h"
#include "arch/x86_64/percpu.h"

#define PORT_SYSTEM_CONTROL_B 0x61

static atomic_uint fresh; /* of the hardware, not taken yet */
static atomic_uint total;

void nmi_handle(const struct trap_frame *frame)
{
    struct percpu *pc = percpu_self();

    if (panic_in_progress()) {
        panic_stop_here(frame);
        return; /* this CPU is the one that reports */
    }
    if (atomic_load_explicit(&pc->trace_state, memory_order_acquire) == TRACE_WANTED) {
        backtrace_take(&pc->trace, frame->rip, frame->rbp);
        atomic_store_explicit(&pc->trace_state, TRACE_TAKEN, memory_order_release);
        return;
    }
    uint8_t port61 = io_in8(PORT_SYSTEM_CONTROL_B);
    if (hwerror_nmi_is_fatal(port61)) {
        panic_nmi(frame, port61);
    }
    atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&fresh, 1, memory_order_release);
}

void nmi_ask_trace(unsigned cpu)
{
    atomic_store_explicit(&percpu[cpu]->trace_state, TRACE_WANTED, memory_order_release);
    apic_send_nmi(percpu[cpu]->apic_id);
}

bool nmi_trace_taken(unsigned cpu)
{
    return atomic_load_explicit(&percpu[cpu]->trace_state, memory_order_acquire) == TRACE_TAKEN;
}

unsigned nmi_take(void)
{
    return atomic_exchange_explicit(&fresh, 0, memory_order_acquire);
}

unsigned nmi_total(void)
{
    return atomic_load_explicit(&total, memory_order_relaxed);
}
