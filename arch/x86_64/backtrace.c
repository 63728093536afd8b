/*
 * arch/x86_64/backtrace.c - who has called whom, from the chain of frame pointers.
 */
#include "arch/x86_64/backtrace.h"

#include "lib/compiler.h"

#include "arch/x86_64/paging.h"
#include "arch/x86_64/symbols.h"

#define FRAMES_MAX 4096

static bool is_readable(const uint64_t *word)
{
    return IS_ALIGNED((uintptr_t)word, sizeof(*word)) && paging_phys(word) != UINT64_MAX;
}

static void add(struct backtrace *bt, uint64_t addr)
{
    bt->at[bt->count].addr = addr;
    bt->at[bt->count].repeats = 0;
    bt->count++;
}

/* Each frame begins with the caller's frame pointer, then the return address. */
void backtrace_take(struct backtrace *bt, uint64_t rip, uint64_t rbp)
{
    bt->count = 0;
    bt->begins_at_rip = rip != 0;
    if (rip != 0) {
        add(bt, rip);
    }
    for (unsigned i = 0; i < FRAMES_MAX; i++) {
        const uint64_t *frame = (const uint64_t *)rbp;
        if (rbp == 0 || !is_readable(frame) || !is_readable(frame + 1) || frame[1] == 0) {
            return;
        }
        if (bt->count > bt->begins_at_rip && bt->at[bt->count - 1].addr == frame[1]) {
            bt->at[bt->count - 1].repeats++;
        } else if (bt->count < BACKTRACE_LINES) {
            add(bt, frame[1]);
        } else {
            return;
        }
        if (frame[0] <= rbp) {
            return;
        }
        rbp = frame[0];
    }
}

/* A return address may be the first byte of the next function, when the call was the last
 * instruction of its own. */
static const char *name_at(const struct backtrace *bt, unsigned i, uint64_t *offset)
{
    uint64_t back = i == 0 && bt->begins_at_rip ? 0 : 1;
    const char *name = symbol_find(bt->at[i].addr - back, offset);

    *offset += back;
    return name;
}

static void print_address(struct out *out, const struct backtrace *bt, unsigned i)
{
    uint64_t offset = 0;
    const char *name = name_at(bt, i, &offset);

    out_printf(out, "%016llx", (unsigned long long)bt->at[i].addr);
    if (name) {
        out_printf(out, " %s+0x%llx", name, (unsigned long long)offset);
    }
}

void backtrace_print(struct out *out, const struct backtrace *bt)
{
    for (unsigned i = 0; i < bt->count; i++) {
        out_puts(out, "  ");
        print_address(out, bt, i);
        out_puts(out, "\n");
        if (bt->at[i].repeats > 0) {
            out_printf(out, "  (%u more times)\n", bt->at[i].repeats);
        }
    }
}

void backtrace_print_short(struct out *out, const struct backtrace *bt, unsigned max)
{
    if (bt->count > 0) {
        print_address(out, bt, 0);
    }
    for (unsigned i = 1; i < bt->count && i <= max; i++) {
        uint64_t offset = 0;
        const char *name = name_at(bt, i, &offset);
        out_printf(out, " < %s", name ? name : "?");
    }
}
