/*
 * boot/crash.c - provoked crashes.
 */
#include "boot/crash.h"

#include <stdint.h>

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/smp.h"

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

static const struct {
    const char *kind;
    void (*run)(void);
} crashes[] = {
    {"null", crash_null},     {"text", crash_text}, {"data", crash_data},
    {"stack", crash_stack},   {"div", crash_div},   {"assert", crash_assert},
    {"canary", crash_canary},
};

static void run_on_ap(void *arg)
{
    void (*const *run)(void) = arg;
    (*run)();
}

void crash_provoke(const char *kind)
{
    bool on_ap = str_starts_with(kind, "ap-");
    const char *what = on_ap ? kind + 3 : kind;

    for (unsigned i = 0; i < ARRAY_SIZE(crashes); i++) {
        if (strcmp(crashes[i].kind, what) != 0) {
            continue;
        }
        static void (*run)(void);
        run = crashes[i].run;
        if (!on_ap) {
            run();
        } else if (smp_run(1, "crash", run_on_ap, &run) == 0) {
            clock_delay_ns(NS_PER_S);
        }
    }
    log_warn("crash=%s: not one of null text data stack div assert canary (or ap-null, ...)", kind);
}
