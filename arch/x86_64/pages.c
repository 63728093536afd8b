/*
 * arch/x86_64/pages.c - physical pages: a lock around lib/pagelist.h.
 */
#include "arch/x86_64/pages.h"

#include "lib/log.h"
#include "lib/memmap.h"
#include "lib/pagelist.h"
#include "lib/spinlock.h"

#include "arch/x86_64/paging.h"

#define ALWAYS_MAPPED (4 * GIB)

static_assert(PAGE_BYTES == PAGELIST_PAGE_BYTES, "the same pages");

static struct spinlock lock;
static struct pagelist list; /* guarded by lock */
static uint64_t total_bytes;

static void add_range(uint64_t base, uint64_t end)
{
    if (base < end) {
        pages_free((void *)base, (end - base) / PAGE_BYTES);
        total_bytes += end - base;
    }
}

void pages_init(const struct rangeset *usable)
{
    for (unsigned i = 0; i < usable->count; i++) {
        add_range(usable->ranges[i].base, MIN(usable->ranges[i].end, ALWAYS_MAPPED));
    }
    paging_use_allocator();
    for (unsigned i = 0; i < usable->count; i++) {
        uint64_t base = MAX(usable->ranges[i].base, ALWAYS_MAPPED);
        uint64_t end = usable->ranges[i].end;
        if (base >= end) {
            continue;
        }
        if (paging_map_ram(base, end)) {
            log_warn("no memory for page tables: the memory from 0x%llx on stays unused",
                     (unsigned long long)base);
            return;
        }
        add_range(base, end);
    }
}

void *pages_alloc(size_t count, size_t align)
{
    spin_lock(&lock);
    void *pages = pagelist_alloc(&list, count, align);
    spin_unlock(&lock);
    if (pages) {
        void *at = pages;
        size_t words = count * PAGE_BYTES / sizeof(uint64_t);
        __asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0) : "memory");
    }
    return pages;
}

void pages_free(void *pages, size_t count)
{
    spin_lock(&lock);
    pagelist_free(&list, pages, count);
    spin_unlock(&lock);
}

uint64_t pages_total_bytes(void)
{
    return total_bytes;
}

uint64_t pages_free_bytes(void)
{
    spin_lock(&lock);
    uint64_t bytes = list.free_pages * PAGE_BYTES;
    spin_unlock(&lock);
    return bytes;
}
