/*
 * lib/pagelist.c - free pages as a list of runs in the pages themselves.
 *
 * A run's header lies in its first page. Allocation takes the lowest place that fits, so that low
 * memory, which every device reaches, is used first and long runs survive at the top.
 */
#include "lib/pagelist.h"

#include "lib/assert.h"

#define RUN_MAGIC UINT64_C(0x7e1f5ee9a9e5ca11)

struct pagelist_run {
    uint64_t magic; /* a stray write into free memory is found out */
    struct pagelist_run *next;
    size_t count;
};

static char *run_end(struct pagelist_run *run)
{
    return (char *)run + run->count * PAGELIST_PAGE_BYTES;
}

static struct pagelist_run *make_run(void *mem, size_t count, struct pagelist_run *next)
{
    struct pagelist_run *run = mem;

    *run = (struct pagelist_run){RUN_MAGIC, next, count};
    return run;
}

void pagelist_free(struct pagelist *list, void *mem, size_t count)
{
    struct pagelist_run *prev = NULL;
    struct pagelist_run *next = list->first;
    char *end = (char *)mem + count * PAGELIST_PAGE_BYTES;

    assert(count > 0 && IS_ALIGNED((uintptr_t)mem, PAGELIST_PAGE_BYTES));
    while (next && (char *)next < (char *)mem) {
        assert(next->magic == RUN_MAGIC);
        prev = next;
        next = next->next;
    }
    assert(!prev || run_end(prev) <= (char *)mem);
    assert(!next || end <= (char *)next);

    list->free_pages += count;
    if (next && end == (char *)next) {
        count += next->count;
        next = next->next;
    }
    if (prev && run_end(prev) == (char *)mem) {
        prev->count += count;
        prev->next = next;
        return;
    }
    struct pagelist_run *run = make_run(mem, count, next);
    if (prev) {
        prev->next = run;
    } else {
        list->first = run;
    }
}

void *pagelist_alloc(struct pagelist *list, size_t count, size_t align)
{
    struct pagelist_run **link = &list->first;

    assert(count > 0 && IS_POWER_OF_TWO(align) && align >= PAGELIST_PAGE_BYTES);
    for (struct pagelist_run *run = *link; run; link = &run->next, run = run->next) {
        assert(run->magic == RUN_MAGIC);
        size_t skip = (size_t)(ALIGN_UP((uintptr_t)run, align) - (uintptr_t)run);
        size_t before = skip / PAGELIST_PAGE_BYTES;
        if (before >= run->count || run->count - before < count) {
            continue;
        }
        char *mem = (char *)run + skip;
        size_t after = run->count - before - count;
        struct pagelist_run *next = run->next;
        if (after > 0) {
            next = make_run(mem + count * PAGELIST_PAGE_BYTES, after, next);
        }
        if (before > 0) {
            run->count = before;
            run->next = next;
        } else {
            *link = next;
        }
        list->free_pages -= count;
        return mem;
    }
    return NULL;
}
