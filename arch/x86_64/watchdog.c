/*
 * arch/x86_64/watchdog.c - notices a CPU that is stuck, and says where.
 *
 * percpu.watch belongs to the CPU that watches, until its state is WATCH_FOUND; then whoever sets
 * WATCH_PRINTING prints and sets WATCH_QUIET, which gives it back.
 *
 * Looks are counted, not measured: when a virtual machine was paused, the time may have jumped for
 * all of its CPUs.
 */
#include "arch/x86_64/watchdog.h"

#include <stdatomic.h>

#include "lib/compiler.h"
#include "lib/log.h"

#include "arch/x86_64/backtrace.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/nmi.h"
#include "arch/x86_64/panic.h"
#include "arch/x86_64/percpu.h"

#define LOOK_NS    NS_PER_S
#define PATIENCE   2 /* looks until the watcher writes the report itself */
#define LINE_BYTES 160

enum watch_state { WATCH_QUIET, WATCH_ASKED, WATCH_FOUND, WATCH_PRINTING };

static atomic_uint limit_s; /* 0: off */

void watchdog_init(unsigned new_limit_s)
{
    atomic_store_explicit(&limit_s, new_limit_s, memory_order_relaxed);
}

void watchdog_stop(void)
{
    atomic_store_explicit(&limit_s, 0, memory_order_relaxed);
}

static bool is_on(void)
{
    return atomic_load_explicit(&limit_s, memory_order_relaxed) != 0;
}

void watchdog_start_cpu(void)
{
    if (is_on()) {
        bool on = irq_save();
        uint64_t now_ns = clock_now_ns();
        smp_arm_timer(now_ns, now_ns + LOOK_NS);
        irq_restore(on);
    }
}

/* --- looking --------------------------------------------------------------------------------- */

static struct percpu *watched_by(unsigned watcher)
{
    for (unsigned i = watcher + 1; i < smp_count(); i++) {
        if (smp_online(i)) {
            return percpu[i];
        }
    }
    return percpu[0];
}

static void note_alive(struct watch *w, uint64_t alive)
{
    if (w->told_s > 0) {
        atomic_store_explicit(&w->woke_s, w->quiet_s, memory_order_relaxed);
    }
    w->seen_alive = alive;
    w->quiet_s = 0;
    w->told_s = 0;
    w->tell_at_s = atomic_load_explicit(&limit_s, memory_order_relaxed);
}

static void set_state(struct watch *w, enum watch_state state)
{
    w->state_looks = 0;
    atomic_store_explicit(&w->state, (int)state, memory_order_release);
}

/* A CPU that has no work sleeps and owes nothing. */
static void look(struct percpu *pc)
{
    struct watch *w = &pc->watch;
    uint64_t alive = atomic_load_explicit(&pc->alive_tsc, memory_order_relaxed);

    if (!smp_busy(pc->index) || alive != w->seen_alive) {
        note_alive(w, alive);
        return;
    }
    w->quiet_s++;
    if (w->quiet_s >= w->tell_at_s) {
        w->told_s = w->quiet_s;
        w->tell_at_s *= 2;
        set_state(w, WATCH_ASKED);
        nmi_ask_trace(pc->index);
    }
}

static void print_stuck(struct out *out, const struct percpu *pc)
{
    out_printf(out, "CPU %u (%s) is stuck: no sign of life for %u s; it is at\n", pc->index,
               smp_what(pc->index), pc->watch.told_s);
    if (nmi_trace_taken(pc->index)) {
        backtrace_print(out, &pc->trace);
    } else {
        out_puts(out, "  an unknown place: it does not answer an NMI either\n");
    }
}

static bool claim(struct watch *w)
{
    int found = WATCH_FOUND;

    return atomic_compare_exchange_strong_explicit(&w->state, &found, WATCH_PRINTING,
                                                   memory_order_acquire, memory_order_relaxed);
}

/* CPU 0 is busy, or is the stuck one. The code that was interrupted may hold the locks of the log
 * and the console, and has values in the SSE registers. */
static void print_directly(const struct percpu *pc)
{
    struct out *out = panic_output();
    struct fpu_state fpu;

    if (out) {
        fpu_save(&fpu);
        out_puts(out, "\nwarning: ");
        print_stuck(out, pc);
        fpu_restore(&fpu);
    }
}

static void go_on(struct percpu *pc, struct percpu *self, uint64_t rip, uint64_t rbp)
{
    struct watch *w = &pc->watch;

    w->state_looks++;
    switch (atomic_load_explicit(&w->state, memory_order_acquire)) {
    case WATCH_QUIET:
        look(pc);
        break;
    case WATCH_ASKED:
        if (pc == self) {
            /* An NMI would have shown this handler. */
            backtrace_take(&pc->trace, rip, rbp);
        }
        set_state(w, WATCH_FOUND);
        break;
    case WATCH_FOUND:
        if (w->state_looks >= PATIENCE && claim(w)) {
            print_directly(pc);
            set_state(w, WATCH_QUIET);
        }
        break;
    default:
        break;
    }
}

void watchdog_tick(uint64_t rip, uint64_t rbp)
{
    struct percpu *self = percpu_self();

    if (!is_on()) {
        return;
    }
    uint64_t now_ns = clock_peek_ns();
    if (now_ns - self->last_look_ns >= LOOK_NS) {
        self->last_look_ns = now_ns;
        go_on(watched_by(self->index), self, rip, rbp);
    }
    smp_arm_timer(now_ns, now_ns + LOOK_NS);
}

/* --- telling --------------------------------------------------------------------------------- */

/* Makes a message of each line. */
struct lines {
    struct out out;
    size_t len;
    char text[LINE_BYTES];
};

static void lines_write(struct out *out, const char *text, size_t len)
{
    struct lines *lines = container_of(out, struct lines, out);

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            log_warn("%.*s", (int)lines->len, lines->text);
            lines->len = 0;
        } else if (lines->len < sizeof(lines->text)) {
            lines->text[lines->len++] = text[i];
        }
    }
}

void watchdog_report(void)
{
    struct lines lines = {.out.write = lines_write};

    for (unsigned i = 0; i < smp_count(); i++) {
        if (!smp_online(i)) {
            continue;
        }
        struct watch *w = &percpu[i]->watch;
        if (claim(w)) {
            print_stuck(&lines.out, percpu[i]);
            set_state(w, WATCH_QUIET);
        }
        unsigned woke_s = atomic_load_explicit(&w->woke_s, memory_order_relaxed);
        if (woke_s > 0) {
            atomic_store_explicit(&w->woke_s, 0, memory_order_relaxed);
            log_warn("CPU %u goes on after %u s", i, woke_s);
        }
    }
}
