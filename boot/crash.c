/*
 * boot/crash.c - provoked crashes.
 */
#include "boot/crash.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/exceptions.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/panic.h"
#include "arch/x86_64/percpu.h"

/* Hidden from the compiler, which would replace what is certain to fail by something else. */
static volatile uintptr_t zero;

static void crash_null(void)
{
    (void)*(volatile uint32_t *)zero;
}

static void crash_text(void)
{
    *(volatile char *)(image_start + zero) = 0;
}

static void crash_data(void)
{
    static volatile char code[16] = {(char)0xc3};
    void (*fn)(void) = (void (*)(void))((uintptr_t)code + zero);
    fn();
}

static uint64_t crash_stack_step(uint64_t depth)
{
    volatile uint64_t here[32];

    here[depth % 32] = depth;
    return zero == 0 ? crash_stack_step(depth + 1) + here[depth % 32] : depth;
}

static void crash_stack(void)
{
    log_debug("%llu", (unsigned long long)crash_stack_step(0));
}

static void crash_div(void)
{
    uint32_t quotient = 1;
    uint32_t rest = 0;
    __asm__ volatile("divl %2" : "+a"(quotient), "+d"(rest) : "r"((uint32_t)zero));
}

static void crash_assert(void)
{
    assert(zero != 0);
}

static void crash_canary(void)
{
    char buf[16];
    volatile char *p = buf + zero;

    for (unsigned i = 0; i < 48; i++) {
        p[i] = 'x';
    }
}

/* Runs the recursion on another stack. */
static void overflow_ist(unsigned ist)
{
    char *top = percpu_ist_top(percpu_self(), ist);

    __asm__ volatile("movq %0, %%rsp; xorl %%ebp, %%ebp; callq *%1"
                     :
                     : "r"(top), "r"(crash_stack)
                     : "memory");
    __builtin_unreachable();
}

static void crash_nmi_stack(void)
{
    overflow_ist(IST_NMI);
}

static void crash_df_stack(void)
{
    overflow_ist(IST_DOUBLE_FAULT);
}

static void crash_mc_stack(void)
{
    overflow_ist(IST_MACHINE_CHECK);
}

static void fail_in_report(struct out *out)
{
    out_puts(out, "a part that fails:\n");
    crash_null();
}

static void crash_report(void)
{
    panic_set_report(fail_in_report);
    crash_assert();
}

static void crash_spin(void)
{
    while (zero == 0) {
    }
}

static void crash_spin_cli(void)
{
    cpu_cli();
    crash_spin();
}

/* After INIT a CPU waits for a start-up message and hears nothing else. */
static void crash_deaf(void)
{
    apic_send_init(smp_apic_id(1));
    clock_delay_ns(NS_PER_MS);
    crash_assert();
}

static const struct {
    const char *kind;
    void (*run)(void);
    bool survived; /* on another CPU than the shell's */
} crashes[] = {
    {"null", crash_null, false},         {"text", crash_text, false},
    {"data", crash_data, false},         {"stack", crash_stack, false},
    {"div", crash_div, false},           {"assert", crash_assert, false},
    {"canary", crash_canary, false},     {"nmi-stack", crash_nmi_stack, false},
    {"df-stack", crash_df_stack, false}, {"mc-stack", crash_mc_stack, false},
    {"report", crash_report, false},     {"spin", crash_spin, true},
    {"spin-cli", crash_spin_cli, true},  {"deaf", crash_deaf, false},
};

static atomic_bool go;

static void run_on_ap(void *arg)
{
    void (*const *run)(void) = arg;

    while (!atomic_load(&go)) {
        cpu_pause();
    }
    (*run)();
}

static void run_crash(void (*fn)(void), bool on_ap, bool on_both, bool survived)
{
    static void (*run)(void);

    run = fn;
    if (on_ap && smp_run(1, "crash", run_on_ap, &run)) {
        log_warn("crash=: there is no CPU 1");
        return;
    }
    clock_delay_ns(10 * NS_PER_MS);
    atomic_store(&go, true);
    if (!on_ap || on_both) {
        run();
    }
    if (!survived) {
        clock_delay_ns(NS_PER_S);
    }
}

void crash_provoke(const char *kind)
{
    bool on_both = strcmp(kind, "both") == 0;
    bool on_ap = str_starts_with(kind, "ap-");
    const char *what = on_both ? "null" : on_ap ? kind + 3 : kind;

    for (unsigned i = 0; i < ARRAY_SIZE(crashes); i++) {
        if (strcmp(crashes[i].kind, what) == 0) {
            run_crash(crashes[i].run, on_ap || on_both, on_both, crashes[i].survived);
            return;
        }
    }
    log_warn("crash=%s: there is no such kind (docs/boot-options.md)", kind);
}
