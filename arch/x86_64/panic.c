/*
 * arch/x86_64/panic.c - the end: says what happened and where, stops every CPU.
 */
#include "arch/x86_64/panic.h"

#include <stdatomic.h>
#include <stdint.h>

#include "lib/assert.h"
#include "lib/log.h"
#include "lib/string.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/exceptions.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/percpu.h"
#include "arch/x86_64/power.h"
#include "arch/x86_64/symbols.h"

#define BACKTRACE_MAX   4096 /* frames */
#define BACKTRACE_LINES 32
#define LAST_LINES      12
#define LINE_BYTES      160

/* Page fault error code (Intel SDM vol. 3 figure 4-12). */
#define PF_PRESENT  0x01
#define PF_WRITE    0x02
#define PF_RESERVED 0x08
#define PF_FETCH    0x10

/* Only the compiler reads it, on entry to and return from functions with arrays. */
uintptr_t __stack_chk_guard = 0x9e3779b97f4a7c15;

static struct out *output;
static enum panic_action action;
static atomic_bool in_progress;

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

void panic_set_action(enum panic_action new_action)
{
    action = new_action;
}

bool panic_in_progress(void)
{
    return atomic_load_explicit(&in_progress, memory_order_acquire);
}

void panic_seed_canary(void)
{
    /* A zero byte stops string functions that run over the end. */
    __stack_chk_guard = (rdtsc() * UINT64_C(0x9e3779b97f4a7c15)) & ~UINT64_C(0xff);
}

/* The first CPU here goes on; the others stop. */
static void stop_others(void)
{
    cpu_cli();
    if (atomic_exchange_explicit(&in_progress, true, memory_order_acq_rel)) {
        cpu_halt_forever();
    }
    apic_nmi_others();
    log_break_lock();
}

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

/* back: bytes before addr that surely lie in the function. A return address may be the first byte
 * of the next one, when the call was the last instruction. */
static void print_address(struct out *out, uint64_t addr, unsigned back)
{
    uint64_t offset;
    const char *name = symbol_find(addr - back, &offset);

    out_printf(out, "  %016llx", (unsigned long long)addr);
    if (name) {
        out_printf(out, " %s+0x%llx", name, (unsigned long long)(offset + back));
    }
    out_puts(out, "\n");
}

static bool is_readable(const uint64_t *word)
{
    return IS_ALIGNED((uintptr_t)word, sizeof(*word)) && paging_phys(word) != UINT64_MAX;
}

/* Each frame begins with the caller's frame pointer, then the return address. Recursion is told
 * once. */
static void print_backtrace(struct out *out, uint64_t rip, uint64_t rbp)
{
    uint64_t last = 0;
    unsigned lines = 0;
    unsigned repeats = 0;

    out_puts(out, "back-trace:\n");
    if (rip != 0) {
        print_address(out, rip, 0);
    }
    for (unsigned i = 0; i < BACKTRACE_MAX && lines < BACKTRACE_LINES; i++) {
        const uint64_t *frame = (const uint64_t *)rbp;
        if (rbp == 0 || !is_readable(frame) || !is_readable(frame + 1) || frame[1] == 0) {
            break;
        }
        if (frame[1] == last) {
            repeats++;
        } else {
            if (repeats > 0) {
                out_printf(out, "  (%u more times)\n", repeats);
            }
            print_address(out, frame[1], 1);
            last = frame[1];
            repeats = 0;
            lines++;
        }
        if (frame[0] <= rbp) {
            break;
        }
        rbp = frame[0];
    }
    if (repeats > 0) {
        out_printf(out, "  (%u more times)\n", repeats);
    }
}

static void print_headline(struct out *out)
{
    const struct percpu *pc = percpu_self();
    out_printf(out, "\n\n*** Carillon has stopped on CPU %u: ", pc ? pc->index : 0);
}

_Noreturn static void finish(struct out *out)
{
    print_last_messages(out);
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

/* Where nothing can be printed the machine just stops. */
static struct out *begin(void)
{
    stop_others();
    if (!output) {
        cpu_halt_forever();
    }
    /* From here on also messages go where no lock can be held by a CPU that was stopped. */
    log_set_sink(output, LOG_WARN);
    print_headline(output);
    return output;
}

void panic(const char *fmt, ...)
{
    struct out *out = begin();
    va_list args;

    va_start(args, fmt);
    out_vprintf(out, fmt, args);
    va_end(args);
    out_puts(out, "\n");
    print_backtrace(out, 0, (uintptr_t)__builtin_frame_address(0));
    finish(out);
}

void assert_fail(const char *expr, const char *file, int line, const char *func)
{
    panic("assertion failed: %s (%s:%d, %s)", expr, file, line, func);
}

void __stack_chk_fail(void)
{
    panic("a function wrote past the end of an array on its stack");
}

/* The page below the stack of a CPU is not mapped. */
static const struct percpu *stack_owner(uint64_t addr)
{
    for (unsigned i = 0; i < SMP_MAX_CPUS && percpu[i]; i++) {
        uint64_t low = (uintptr_t)percpu[i]->stack_low;
        if (addr < low && addr >= low - 4096) {
            return percpu[i];
        }
    }
    return NULL;
}

static void print_memory_fault(struct out *out, uint64_t error)
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

static void print_registers(struct out *out, const struct trap_frame *f)
{
    const struct {
        const char *name;
        uint64_t val;
    } regs[] = {
        {"rax", f->rax}, {"rbx", f->rbx},    {"rcx", f->rcx},     {"rdx", f->rdx},
        {"rsi", f->rsi}, {"rdi", f->rdi},    {"rbp", f->rbp},     {"rsp", f->rsp},
        {"r8", f->r8},   {"r9", f->r9},      {"r10", f->r10},     {"r11", f->r11},
        {"r12", f->r12}, {"r13", f->r13},    {"r14", f->r14},     {"r15", f->r15},
        {"rip", f->rip}, {"rfl", f->rflags}, {"cr2", read_cr2()}, {"cr3", read_cr3()},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
        out_printf(out, "  %-3s %016llx", regs[i].name, (unsigned long long)regs[i].val);
        if (i % 4 == 3) {
            out_puts(out, "\n");
        }
    }
}

void panic_exception(const struct trap_frame *frame)
{
    struct out *out = begin();
    const struct percpu *owner = NULL;

    out_puts(out, exception_name((unsigned)frame->vector));
    if (frame->vector == EXCEPTION_PAGE_FAULT) {
        print_memory_fault(out, frame->error);
        owner = stack_owner(read_cr2());
    } else if (frame->vector == EXCEPTION_DOUBLE_FAULT) {
        owner = stack_owner(read_cr2());
    } else if (frame->error != 0) {
        out_printf(out, ": error code 0x%llx", (unsigned long long)frame->error);
    }
    if (owner) {
        out_printf(out, ": stack overflow of CPU %u", owner->index);
    }
    out_puts(out, "\n");
    if (frame->vector == EXCEPTION_MACHINE_CHECK) {
        exceptions_print_machine_checks(out);
    }
    print_registers(out, frame);
    print_backtrace(out, frame->rip, frame->rbp);
    finish(out);
}
