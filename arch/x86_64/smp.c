/*
 * arch/x86_64/smp.c - starts the other CPUs (Intel SDM vol. 3 §8.4.4) and gives them jobs.
 *
 * A CPU finds its place by its APIC identifier (boot/ap_entry.asm), so that all can be started at
 * once and a late one does no harm: its stack, its descriptors and the page it starts on stay.
 */
#include "arch/x86_64/smp.h"

#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/string.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/exceptions.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/machine_check.h"
#include "arch/x86_64/pages.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/percpu.h"
#include "arch/x86_64/watchdog.h"

#define STACK_PAGES    16 /* and one more below, taken away */
#define INIT_WAIT_NS   (10 * NS_PER_MS)
#define STARTUP_GAP_NS (200 * NS_PER_US)
#define ONLINE_WAIT_NS (200 * NS_PER_MS)

/* Arming the timer is a slow register write, so a sleep takes what is armed already if that comes
 * early enough, and long sleeps go in pieces of this length. */
#define TIMER_PIECE_NS (10 * NS_PER_MS)
#define TIMER_MIN_NS   (2 * NS_PER_US)

#define MSR_TSC_ADJUST        0x3b
#define CPUID7_EBX_TSC_ADJUST BIT64(1)

/* Read by boot/ap_entry.asm: one for each CPU number. */
struct smp_slot {
    uint32_t apic_id;
    uint32_t reserved;
    char *stack_top; /* NULL: this CPU shall not start */
};
static_assert(sizeof(struct smp_slot) == 16, "ap_entry.asm steps so far");
struct smp_slot smp_slots[SMP_MAX_CPUS];
uint32_t smp_slot_count;

/* boot/ap_entry.asm */
extern const char ap_start[], ap_end[], ap_field_cr3[], ap_gdtr[], ap_far[];

static struct percpu boot_cpu;
static char boot_ist[PERCPU_IST_BYTES] __attribute__((aligned(4096)));
static unsigned cpu_count = 1;
static const char *offline_why = "did not start";

unsigned smp_self(void)
{
    return percpu_self()->index;
}

unsigned smp_count(void)
{
    return cpu_count;
}

bool smp_online(unsigned cpu)
{
    return cpu < cpu_count && percpu[cpu] &&
           atomic_load_explicit(&percpu[cpu]->online, memory_order_acquire);
}

uint32_t smp_apic_id(unsigned cpu)
{
    return cpu < cpu_count ? smp_slots[cpu].apic_id : 0;
}

bool smp_idle(unsigned cpu)
{
    return !smp_online(cpu) ||
           atomic_load_explicit(&percpu[cpu]->job_state, memory_order_acquire) == JOB_NONE;
}

bool smp_busy(unsigned cpu)
{
    return cpu == 0 || !smp_idle(cpu);
}

const char *smp_what(unsigned cpu)
{
    if (cpu == 0) {
        return "shell";
    }
    if (!smp_online(cpu)) {
        return offline_why;
    }
    const char *what = atomic_load_explicit(&percpu[cpu]->job_what, memory_order_acquire);
    return smp_idle(cpu) || !what ? "idle" : what;
}

void smp_init_boot_cpu(void)
{
    percpu[0] = &boot_cpu;
    boot_cpu.stack_low = boot_stack_guard + PAGE_BYTES;
    boot_cpu.stack_high = boot_stack_top;
    atomic_store_explicit(&boot_cpu.online, true, memory_order_release);
    exceptions_init();
    percpu_load(&boot_cpu, boot_ist);
}

void smp_guard_boot_cpu(void)
{
    percpu_guard_ist(&boot_cpu);
}

void smp_note_boot_apic_id(uint32_t apic_id)
{
    boot_cpu.apic_id = apic_id;
    smp_slots[0].apic_id = apic_id;
}

/* --- starting -------------------------------------------------------------------------------- */

/* Memory of CPU number cpu. false: out of memory. */
static bool prepare_cpu(unsigned cpu)
{
    struct percpu *pc = heap_alloc(1, sizeof(*pc));
    char *stack = pages_alloc(1 + STACK_PAGES, PAGE_BYTES);
    char *ist = pages_alloc(PERCPU_IST_BYTES / PAGE_BYTES, PAGE_BYTES);

    if (!pc || !stack || !ist) {
        log_error("no memory to start CPU %u", cpu);
        return false;
    }
    paging_unmap_page(stack);
    pc->ist_memory = ist;
    percpu_guard_ist(pc);
    pc->index = cpu;
    pc->apic_id = smp_slots[cpu].apic_id;
    pc->stack_low = stack + PAGE_BYTES;
    pc->stack_high = pc->stack_low + STACK_PAGES * PAGE_BYTES;
    percpu[cpu] = pc;
    smp_slots[cpu].stack_top = pc->stack_high;
    return true;
}

/* Puts the start code and its fields into place. */
static void install_trampoline(uint64_t page)
{
    char *mem = (char *)page;

    memcpy(mem, ap_start, (size_t)(ap_end - ap_start));
    uint32_t cr3 = paging_root();
    memcpy(mem + (ap_field_cr3 - ap_start), &cr3, sizeof(cr3));
    /* The base in the descriptor register (after its 16-bit limit) and the far jump's target. */
    char *const fields[] = {mem + (ap_gdtr - ap_start) + 2, mem + (ap_far - ap_start)};
    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
        uint32_t offset;
        memcpy(&offset, fields[i], sizeof(offset));
        offset += (uint32_t)page;
        memcpy(fields[i], &offset, sizeof(offset));
    }
    paging_make_executable(mem);
}

static unsigned count_missing(void)
{
    unsigned missing = 0;

    for (unsigned i = 1; i < cpu_count; i++) {
        missing += smp_slots[i].stack_top && !smp_online(i);
    }
    return missing;
}

static void send_to_missing(void (*send)(uint32_t id, uint8_t arg), uint8_t arg)
{
    for (unsigned i = 1; i < cpu_count; i++) {
        if (smp_slots[i].stack_top && !smp_online(i)) {
            send(smp_slots[i].apic_id, arg);
        }
    }
}

static void send_init(uint32_t id, uint8_t unused)
{
    (void)unused;
    apic_send_init(id);
}

static void wait_online(uint64_t ns)
{
    uint64_t end_ns = clock_now_ns() + ns;

    while (count_missing() > 0 && clock_now_ns() < end_ns) {
        cpu_pause();
    }
}

/* Firmware may have set the counters of single CPUs off. */
static void align_tsc(bool store)
{
    static uint64_t adjust;

    if (cpuid(0, 0).eax < 7 || !(cpuid(7, 0).ebx & CPUID7_EBX_TSC_ADJUST)) {
        return;
    }
    if (store) {
        adjust = rdmsr(MSR_TSC_ADJUST);
    } else if (rdmsr(MSR_TSC_ADJUST) != adjust) {
        wrmsr(MSR_TSC_ADJUST, adjust);
    }
}

void smp_start(const uint32_t *apic_ids, unsigned count, uint64_t trampoline, bool start,
               const char *why)
{
    offline_why = start ? "did not start" : why;
    for (unsigned i = 0; i < count && cpu_count < SMP_MAX_CPUS; i++) {
        if (apic_ids[i] != smp_slots[0].apic_id) {
            smp_slots[cpu_count++].apic_id = apic_ids[i];
        }
    }
    if (!start || cpu_count == 1) {
        return;
    }
    for (unsigned i = 1; i < cpu_count && prepare_cpu(i); i++) {
    }
    align_tsc(true);
    install_trampoline(trampoline);
    smp_slot_count = cpu_count;
    uint8_t page = (uint8_t)(trampoline / PAGE_BYTES);
    send_to_missing(send_init, 0);
    clock_delay_ns(INIT_WAIT_NS);
    send_to_missing(apic_send_startup, page);
    wait_online(STARTUP_GAP_NS);
    send_to_missing(apic_send_startup, page);
    wait_online(ONLINE_WAIT_NS);
    for (unsigned i = 1; i < cpu_count; i++) {
        if (!smp_online(i)) {
            log_warn("CPU %u (APIC identifier %u) did not start; going on without it", i,
                     smp_slots[i].apic_id);
        }
    }
}

/* --- jobs ------------------------------------------------------------------------------------ */

static void run_job(struct percpu *pc)
{
    atomic_store_explicit(&pc->job_state, JOB_RUNNING, memory_order_relaxed);
    machine_check_poll();
    pc->job(pc->job_arg);
    atomic_store_explicit(&pc->job_state, JOB_NONE, memory_order_release);
    apic_ipi(percpu[0]->apic_id, VECTOR_WAKE);
}

void smp_enter(unsigned cpu)
{
    struct percpu *pc = percpu[cpu];

    percpu_load(pc, pc->ist_memory);
    apic_init_cpu();
    align_tsc(false);
    machine_check_init(true);
    watchdog_start_cpu();
    atomic_store_explicit(&pc->online, true, memory_order_release);
    for (;;) {
        cpu_cli();
        if (atomic_load_explicit(&pc->job_state, memory_order_acquire) == JOB_POSTED) {
            cpu_sti();
            run_job(pc);
        } else {
            cpu_sti_hlt();
        }
    }
}

int smp_run(unsigned cpu, const char *what, void (*fn)(void *arg), void *arg)
{
    int none = JOB_NONE;

    if (cpu == 0 || cpu == smp_self() || !smp_online(cpu)) {
        return -ENODEV;
    }
    struct percpu *pc = percpu[cpu];
    if (!atomic_compare_exchange_strong_explicit(&pc->job_state, &none, JOB_CLAIMED,
                                                 memory_order_acquire, memory_order_relaxed)) {
        return -EBUSY;
    }
    pc->job = fn;
    pc->job_arg = arg;
    atomic_store_explicit(&pc->alive_tsc, rdtsc(), memory_order_relaxed);
    atomic_store_explicit(&pc->job_what, what, memory_order_relaxed);
    atomic_store_explicit(&pc->job_state, JOB_POSTED, memory_order_release);
    apic_ipi(pc->apic_id, VECTOR_WAKE);
    return 0;
}

/* --- sleeping -------------------------------------------------------------------------------- */

bool smp_arm_timer(uint64_t now_ns, uint64_t wake_ns)
{
    if (!apic_arm_timer(MAX(wake_ns - now_ns, TIMER_MIN_NS))) {
        return false;
    }
    percpu_self()->timer_armed_ns = wake_ns;
    return true;
}

/* With interrupts off: whether a timer interrupt will come by deadline_ns or soon. */
static bool ensure_timer(struct percpu *pc, uint64_t now_ns, uint64_t deadline_ns)
{
    uint64_t wake_ns = MIN(deadline_ns, now_ns + TIMER_PIECE_NS);

    /* An armed time that has passed without its interrupt would be the last one for ever. */
    if (pc->timer_armed_ns > now_ns && pc->timer_armed_ns <= wake_ns) {
        return true;
    }
    /* What is armed for a little later than a far deadline's piece is good enough. */
    if (pc->timer_armed_ns > now_ns && pc->timer_armed_ns <= wake_ns + TIMER_PIECE_NS &&
        wake_ns != deadline_ns) {
        return true;
    }
    return smp_arm_timer(now_ns, wake_ns);
}

void smp_sleep(const atomic_uint *count, unsigned seen, uint64_t deadline_ns)
{
    struct percpu *pc = percpu_self();

    cpu_cli();
    uint64_t now_ns = clock_now_ns();
    if (atomic_load_explicit(count, memory_order_acquire) == seen && now_ns < deadline_ns &&
        ensure_timer(pc, now_ns, deadline_ns)) {
        cpu_sti_hlt();
    } else {
        cpu_sti();
        cpu_pause();
    }
}

void smp_nap(uint64_t ns)
{
    static const atomic_uint never = 0;

    smp_sleep(&never, 0, clock_now_ns() + ns);
}
