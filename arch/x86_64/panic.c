/*
 * arch/x86_64/panic.c - the end: says what happened and where, stops every CPU.
 *
 * The report is a list of parts. What a part needs is kept in static memory, so that a fault inside
 * one - on whatever stack it is then handled - skips that part and goes on with the next.
 */
#include "arch/x86_64/panic.h"

#include <stdatomic.h>
#include <stdint.h>

#include "lib/assert.h"
#include "lib/hwerror.h"
#include "lib/log.h"
#include "lib/string.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/backtrace.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/exceptions.h"
#include "arch/x86_64/machine_check.h"
#include "arch/x86_64/percpu.h"
#include "arch/x86_64/power.h"

#define LAST_LINES    12
#define LINE_BYTES    160
#define CAUSE_BYTES   320
#define SHORT_CALLERS 4
#define STOP_WAIT_NS  NS_PER_S /* an emulated CPU may have to wait for its turn */

/* Page fault error code (Intel SDM vol. 3 figure 4-12). */
#define PF_PRESENT  0x01
#define PF_WRITE    0x02
#define PF_RESERVED 0x08
#define PF_FETCH    0x10

#define NOBODY (-1)

/* Only the compiler reads it, on entry to and return from functions with arrays. */
uintptr_t __stack_chk_guard = 0x9e3779b97f4a7c15;

static struct out *output;
static enum panic_action action;
static void (*extra_report)(struct out *out);
static atomic_int reporter = NOBODY; /* the number of the CPU that panicked first */

/* What the report says; written by the reporter before its first part. */
static struct {
    char cause[CAUSE_BYTES];
    bool has_frame;
    struct trap_frame frame;
    uint64_t cr2;
    struct backtrace trace;
    unsigned next_part;
    bool finishing;
} report;

/* Keeps the last lines written to it. */
struct tail {
    struct out out;
    unsigned line; /* lines begun so far */
    size_t len;    /* of the current one */
    char text[LAST_LINES][LINE_BYTES];
};

void panic_set_output(struct out *out)
{
    output = out;
}

struct out *panic_output(void)
{
    return output;
}

void panic_set_action(enum panic_action new_action)
{
    action = new_action;
}

void panic_set_report(void (*fn)(struct out *out))
{
    extra_report = fn;
}

bool panic_in_progress(void)
{
    return atomic_load_explicit(&reporter, memory_order_acquire) != NOBODY;
}

void panic_seed_canary(void)
{
    /* A zero byte stops string functions that run over the end. */
    __stack_chk_guard = (rdtsc() * UINT64_C(0x9e3779b97f4a7c15)) & ~UINT64_C(0xff);
}

/* --- other CPUs ------------------------------------------------------------------------------ */

_Noreturn static void stop_self(struct percpu *pc)
{
    atomic_store_explicit(&pc->stopped, true, memory_order_release);
    cpu_halt_forever();
}

void panic_stop_here(const struct trap_frame *frame)
{
    struct percpu *pc = percpu_self();

    if ((unsigned)atomic_load_explicit(&reporter, memory_order_acquire) == pc->index) {
        return;
    }
    if (!atomic_load_explicit(&pc->panicked_too, memory_order_relaxed)) {
        backtrace_take(&pc->trace, frame->rip, frame->rbp);
    }
    stop_self(pc);
}

/* Two CPUs have panicked: the later one leaves word of where, and stops. */
_Noreturn static void stop_too(uint64_t rip, uint64_t rbp)
{
    struct percpu *pc = percpu_self();

    atomic_store_explicit(&pc->panicked_too, true, memory_order_relaxed);
    backtrace_take(&pc->trace, rip, rbp);
    stop_self(pc);
}

static bool has_stopped(unsigned cpu)
{
    return atomic_load_explicit(&percpu[cpu]->stopped, memory_order_acquire);
}

static bool must_stop(unsigned cpu)
{
    return cpu != (unsigned)atomic_load(&reporter) && smp_online(cpu);
}

static void wait_stopped(void)
{
    uint64_t end_ns = clock_peek_ns() + STOP_WAIT_NS;

    for (unsigned i = 0; i < smp_count(); i++) {
        while (must_stop(i) && !has_stopped(i) && clock_peek_ns() < end_ns) {
            cpu_pause();
        }
    }
}

static void print_others(struct out *out)
{
    bool any = false;

    for (unsigned i = 0; i < smp_count(); i++) {
        if (!must_stop(i)) {
            continue;
        }
        if (!any) {
            out_puts(out, "other CPUs:\n");
            any = true;
        }
        out_printf(out, "  CPU %u (%s): ", i, smp_what(i));
        if (has_stopped(i)) {
            bool too = atomic_load_explicit(&percpu[i]->panicked_too, memory_order_relaxed);
            out_puts(out, too ? "panicked as well, " : "");
            backtrace_print_short(out, &percpu[i]->trace, SHORT_CALLERS);
            out_puts(out, "\n");
        } else {
            out_puts(out, "does not answer, and may still run\n");
        }
    }
}

/* --- the parts of the report ----------------------------------------------------------------- */

static void tail_write(struct out *out, const char *text, size_t len)
{
    struct tail *tail = container_of(out, struct tail, out);

    for (size_t i = 0; i < len; i++) {
        char *line = tail->text[tail->line % LAST_LINES];
        if (text[i] == '\n') {
            line[tail->len] = '\0';
            tail->line++;
            tail->len = 0;
        } else if (tail->len < LINE_BYTES - 1) {
            line[tail->len++] = text[i];
        }
    }
}

static void print_last_messages(struct out *out)
{
    static struct tail tail = {.out.write = tail_write};

    log_dump(&tail.out);
    unsigned first = tail.line > LAST_LINES ? tail.line - LAST_LINES : 0;
    out_puts(out, "last messages:\n");
    for (unsigned i = first; i < tail.line; i++) {
        out_printf(out, "  %s\n", tail.text[i % LAST_LINES]);
    }
}

static void print_headline(struct out *out)
{
    out_printf(out, "\n\n*** Carillon has stopped on CPU %u: %s\n", (unsigned)reporter,
               report.cause);
}

static void print_machine_checks(struct out *out)
{
    if (report.has_frame && report.frame.vector == EXCEPTION_MACHINE_CHECK) {
        machine_check_print(out);
    }
}

static void print_registers(struct out *out)
{
    const struct trap_frame *f = &report.frame;

    if (!report.has_frame) {
        return;
    }
    const struct {
        const char *name;
        uint64_t val;
    } regs[] = {
        {"rax", f->rax}, {"rbx", f->rbx},    {"rcx", f->rcx},     {"rdx", f->rdx},
        {"rsi", f->rsi}, {"rdi", f->rdi},    {"rbp", f->rbp},     {"rsp", f->rsp},
        {"r8", f->r8},   {"r9", f->r9},      {"r10", f->r10},     {"r11", f->r11},
        {"r12", f->r12}, {"r13", f->r13},    {"r14", f->r14},     {"r15", f->r15},
        {"rip", f->rip}, {"rfl", f->rflags}, {"cr2", report.cr2}, {"cr3", read_cr3()},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
        out_printf(out, "  %-3s %016llx", regs[i].name, (unsigned long long)regs[i].val);
        if (i % 4 == 3) {
            out_puts(out, "\n");
        }
    }
}

static void print_backtrace(struct out *out)
{
    out_puts(out, "back-trace:\n");
    backtrace_print(out, &report.trace);
}

static void print_extra(struct out *out)
{
    if (extra_report) {
        extra_report(out);
    }
}

static void (*const parts[])(struct out *out) = {
    print_headline, print_machine_checks, print_registers, print_backtrace,
    print_others,   print_last_messages,  print_extra,
};

_Noreturn static void finish(struct out *out)
{
    if (report.finishing) {
        cpu_halt_forever(); /* the last step has failed, too */
    }
    report.finishing = true;
    switch (action) {
    case PANIC_REBOOT:
        out_puts(out, "Restarting (panic=reboot).\n");
        power_reset();
    case PANIC_POWER_OFF:
        out_puts(out, "Switching off (panic=poweroff).\n");
        power_off();
    case PANIC_HALT:
        break;
    }
    out_puts(out, "The machine is halted. Switch it off or reset it.\n");
    cpu_halt_forever();
}

_Noreturn static void print_parts(void)
{
    if (!output) {
        cpu_halt_forever();
    }
    while (report.next_part < ARRAY_SIZE(parts)) {
        parts[report.next_part++](output);
    }
    finish(output);
}

/* --- ways in --------------------------------------------------------------------------------- */

/* True for the first CPU, whose report this will be. A fault of the report itself does not return,
 * nor does a CPU that comes second. */
static void begin(uint64_t rip, uint64_t rbp, const char *nested_what)
{
    const struct percpu *pc = percpu_self();
    int self = pc ? (int)pc->index : 0;
    int nobody = NOBODY;

    cpu_cli();
    if (atomic_compare_exchange_strong(&reporter, &nobody, self)) {
        apic_nmi_others();
        wait_stopped();
        log_break_lock();
        if (output) {
            /* Messages now also go where no lock can be held by a CPU that was stopped. */
            log_set_sink(output, LOG_WARN);
        }
        backtrace_take(&report.trace, rip, rbp);
        return;
    }
    if (nobody != self) {
        stop_too(rip, rbp);
    }
    log_break_lock();
    if (output && !report.finishing) {
        struct backtrace *where = &percpu_self()->trace;

        backtrace_take(where, rip, rbp);
        out_printf(output, "\n(this part of the report failed: %s, at ", nested_what);
        backtrace_print_short(output, where, SHORT_CALLERS);
        out_puts(output, ")\n");
    }
    print_parts();
}

void panic(const char *fmt, ...)
{
    char cause[CAUSE_BYTES];
    va_list args;

    va_start(args, fmt);
    str_vformat(cause, sizeof(cause), fmt, args);
    va_end(args);
    begin(0, (uintptr_t)__builtin_frame_address(0), cause);
    str_copy(report.cause, sizeof(report.cause), cause);
    print_parts();
}

void assert_fail(const char *expr, const char *file, int line, const char *func)
{
    panic("assertion failed: %s (%s:%d, %s)", expr, file, line, func);
}

void __stack_chk_fail(void)
{
    panic("a function wrote past the end of an array on its stack");
}

static void describe_memory_fault(struct out *out, uint64_t error)
{
    uint64_t addr = read_cr2();
    const char *access = error & PF_FETCH ? "execute" : error & PF_WRITE ? "write" : "read";
    const char *why = error & PF_RESERVED  ? "reserved bits are set in the page tables"
                      : error & PF_PRESENT ? "the page forbids it"
                                           : "no page is mapped there";

    out_printf(out, ": %s at address 0x%llx: %s", access, (unsigned long long)addr, why);
    if (addr < 4096) {
        out_puts(out, " (null pointer)");
    }
}

static void describe_exception(struct out *out, const struct trap_frame *frame)
{
    char guard[48];
    bool on_memory =
        frame->vector == EXCEPTION_PAGE_FAULT || frame->vector == EXCEPTION_DOUBLE_FAULT;

    out_puts(out, exception_name((unsigned)frame->vector));
    if (frame->vector == EXCEPTION_PAGE_FAULT) {
        describe_memory_fault(out, frame->error);
    } else if (frame->error != 0) {
        out_printf(out, ": error code 0x%llx", (unsigned long long)frame->error);
    }
    if (on_memory && percpu_name_guard(read_cr2(), guard, sizeof(guard))) {
        out_printf(out, ": %s has overflowed", guard);
    }
}

_Noreturn static void report_exception(const struct trap_frame *frame, const char *why)
{
    struct out_buf cause;

    begin(frame->rip, frame->rbp, exception_name((unsigned)frame->vector));
    report.frame = *frame;
    report.cr2 = read_cr2();
    report.has_frame = true;
    out_buf_init(&cause, report.cause, sizeof(report.cause));
    describe_exception(&cause.out, frame);
    out_puts(&cause.out, why);
    print_parts();
}

void panic_exception(const struct trap_frame *frame)
{
    report_exception(frame, "");
}

void panic_nmi(const struct trap_frame *frame, uint8_t port61)
{
    char why[64];

    str_format(why, sizeof(why), ": %s", hwerror_nmi_reason(port61));
    report_exception(frame, why);
}
