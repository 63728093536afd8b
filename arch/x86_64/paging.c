/*
 * arch/x86_64/paging.c - the address space (Intel SDM vol. 3 chapter 4, four levels).
 *
 * Tables are reached at their own addresses, but for those inside the kernel image, which are not
 * mapped one to one and are reached through the window.
 *
 * Other CPUs are not told of changes. Pages are taken away before other CPUs run or from memory
 * they have never touched; registers below 4 GiB change from cached to uncached, where a stale
 * translation is harmless, because the MTRRs say uncached too.
 */
#include "arch/x86_64/paging.h"

#include <stdbool.h>
#include <stddef.h>

#include "lib/assert.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/spinlock.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/pages.h"

#define ENTRIES      512
#define LARGE_BYTES  (2 * MIB)
#define PTE_PRESENT  BIT64(0)
#define PTE_WRITE    BIT64(1)
#define PTE_PWT      BIT64(3)
#define PTE_PCD      BIT64(4)
#define PTE_LARGE    BIT64(7) /* not in the lowest level */
#define PTE_NX       BIT64(63)
#define PTE_ADDR     GENMASK64(51, 12)
#define PTE_TABLE    (PTE_PRESENT | PTE_WRITE)
#define PTE_RAM      (PTE_PRESENT | PTE_WRITE | PTE_NX)
#define PTE_MMIO     (PTE_RAM | PTE_PWT | PTE_PCD) /* PAT index 3: uncached */
#define PTE_FIRMWARE (PTE_PRESENT | PTE_NX)

#define WINDOW_PAGES   (2 * ENTRIES) /* as in boot/layout.inc */
#define EARLY_TABLES   64
#define LOWER_HALF_END BIT64(47) /* above are the addresses of the kernel window */
#define MAPPED_LOW     (4 * GIB) /* by boot/entry.asm */

static struct spinlock lock; /* guards the tables and the pool */
static bool allocator_open;
static uint64_t early_tables[EARLY_TABLES][ENTRIES] __attribute__((aligned(4096)));
static unsigned early_used;

static bool in_image(const void *va)
{
    return (const char *)va >= image_start && (const char *)va < image_end;
}

static uint64_t table_phys(const uint64_t *table)
{
    if (in_image(table)) {
        return image_phys + (uint64_t)((const char *)table - image_start);
    }
    return (uintptr_t)table;
}

static uint64_t *table_at(uint64_t entry)
{
    uint64_t phys = entry & PTE_ADDR;

    if (phys >= image_phys && phys < image_phys + image_bytes()) {
        return (uint64_t *)(void *)(image_start + (phys - image_phys));
    }
    return (uint64_t *)phys;
}

static uint64_t *alloc_table(void)
{
    if (allocator_open) {
        return pages_alloc(1, PAGE_BYTES);
    }
    return early_used < EARLY_TABLES ? early_tables[early_used++] : NULL;
}

/* Bytes that one entry of a level covers: 4 KiB, 2 MiB, 1 GiB, 512 GiB. */
static uint64_t level_bytes(unsigned level)
{
    return PAGE_BYTES << (9 * level);
}

static unsigned level_index(uint64_t va, unsigned level)
{
    return (unsigned)(va / level_bytes(level)) % ENTRIES;
}

/* Replaces a large page by a table of smaller ones that say the same. */
static bool split(uint64_t *entry, unsigned level)
{
    uint64_t *table = alloc_table();

    if (!table) {
        return false;
    }
    uint64_t flags = *entry & ~PTE_ADDR;
    if (level == 1) {
        flags &= ~PTE_LARGE;
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        table[i] = (*entry & PTE_ADDR) + i * level_bytes(level - 1);
        table[i] |= flags;
    }
    *entry = table_phys(table) | PTE_TABLE;
    return true;
}

/* The entry for va at a level, with every table above it made. NULL: out of memory. */
static uint64_t *entry_for(uint64_t va, unsigned level)
{
    uint64_t *table = boot_pml4;

    for (unsigned l = 3; l > level; l--) {
        uint64_t *entry = &table[level_index(va, l)];
        if (!(*entry & PTE_PRESENT)) {
            const uint64_t *below = alloc_table();
            if (!below) {
                return NULL;
            }
            *entry = table_phys(below) | PTE_TABLE;
        } else if ((*entry & PTE_LARGE) && !split(entry, l)) {
            return NULL;
        }
        table = table_at(*entry);
    }
    return &table[level_index(va, level)];
}

static bool map_small(uint64_t phys, uint64_t flags)
{
    uint64_t *entry = entry_for(phys, 0);

    if (!entry) {
        return false;
    }
    if (*entry != (phys | flags)) {
        *entry = phys | flags;
        invlpg(phys);
    }
    return true;
}

/* Pages of [base, end) with flags, at their own address. */
static bool map_range(uint64_t base, uint64_t end, uint64_t flags)
{
    bool ok = true;

    spin_lock(&lock);
    for (uint64_t at = ALIGN_DOWN(base, PAGE_BYTES); at < end && ok; at += PAGE_BYTES) {
        ok = map_small(at, flags);
    }
    spin_unlock(&lock);
    return ok;
}

static bool is_addressable(uint64_t phys, uint64_t bytes)
{
    uint64_t bits = cpuid(0x80000008, 0).eax & 0xff;
    uint64_t end = MIN(bits < 47 ? BIT64(bits) : LOWER_HALF_END, LOWER_HALF_END);

    return bytes > 0 && phys < end && bytes <= end - phys;
}

volatile void *paging_map_mmio(uint64_t phys, uint64_t bytes)
{
    if (!is_addressable(phys, bytes) || !map_range(phys, phys + bytes, PTE_MMIO)) {
        return NULL;
    }
    return (volatile void *)phys;
}

uint64_t paging_phys(const void *address)
{
    uint64_t va = (uintptr_t)address;
    const uint64_t *table = boot_pml4;

    if (va >= LOWER_HALF_END && va < ~(LOWER_HALF_END - 1)) {
        return UINT64_MAX; /* not canonical */
    }
    for (unsigned level = 3;; level--) {
        uint64_t entry = table[level_index(va, level)];
        if (!(entry & PTE_PRESENT)) {
            return UINT64_MAX;
        }
        if (level == 0 || (entry & PTE_LARGE)) {
            uint64_t mask = level_bytes(level) - 1;
            return (entry & PTE_ADDR & ~mask) | (va & mask);
        }
        table = table_at(entry);
    }
}

/* What the kernel has taken away for itself is no table of the firmware. */
static bool is_mapped(uint64_t phys, uint64_t bytes)
{
    for (uint64_t at = ALIGN_DOWN(phys, PAGE_BYTES); at < phys + bytes; at += PAGE_BYTES) {
        if (paging_phys((const void *)at) != at) {
            return false;
        }
    }
    return true;
}

const void *paging_map_firmware(uint64_t phys, uint64_t bytes)
{
    if (!is_addressable(phys, bytes)) {
        return NULL;
    }
    if (phys + bytes > MAPPED_LOW && !map_range(phys, phys + bytes, PTE_FIRMWARE)) {
        return NULL;
    }
    return is_mapped(phys, bytes) ? (const void *)phys : NULL;
}

int paging_map_ram(uint64_t base, uint64_t end)
{
    uint64_t at = MAX(base, MAPPED_LOW);
    bool ok = true;

    spin_lock(&lock);
    while (at < end && ok) {
        if (IS_ALIGNED(at, LARGE_BYTES) && end - at >= LARGE_BYTES) {
            uint64_t *entry = entry_for(at, 1);
            ok = entry != NULL;
            if (ok) {
                *entry = at | PTE_RAM | PTE_LARGE;
            }
            at += LARGE_BYTES;
        } else {
            ok = map_small(at, PTE_RAM);
            at += PAGE_BYTES;
        }
    }
    spin_unlock(&lock);
    return ok ? 0 : -ENOMEM;
}

/* At boot the pool has room for these, later the allocator: its absence is our own bug. */
static void change_page(const void *page, uint64_t flags)
{
    uint64_t va = (uintptr_t)page;

    spin_lock(&lock);
    uint64_t *entry = entry_for(va, 0);
    assert(entry);
    *entry = flags ? (*entry & PTE_ADDR) | flags : 0;
    invlpg(va);
    spin_unlock(&lock);
}

void paging_unmap_page(void *page)
{
    change_page(page, 0);
}

void paging_make_executable(void *page)
{
    change_page(page, PTE_PRESENT);
}

/* Each part of the image with its own rights; what the window shows beyond the image goes. */
static void protect_window(void)
{
    for (unsigned i = 0; i < WINDOW_PAGES; i++) {
        const char *page = image_start + i * PAGE_BYTES;
        uint64_t flags = page < text_end     ? PTE_PRESENT
                         : page < rodata_end ? PTE_PRESENT | PTE_NX
                                             : PTE_RAM;
        bool gone = page >= image_end || page == boot_stack_guard;
        boot_pt_window[i] = gone ? 0 : (boot_pt_window[i] & PTE_ADDR) | flags;
    }
}

void paging_init(void)
{
    protect_window();
    for (unsigned i = 0; i < 4 * ENTRIES; i++) {
        boot_pd_low[i] |= PTE_NX;
    }
    write_cr3(read_cr3());
    paging_unmap_page((void *)0);
    /* Through the one-to-one map the image would be writable. */
    for (uint64_t at = 0; at < image_bytes(); at += PAGE_BYTES) {
        paging_unmap_page((void *)(image_phys + at));
    }
    write_cr3(read_cr3());
}

void paging_use_allocator(void)
{
    allocator_open = true;
}

uint32_t paging_root(void)
{
    return (uint32_t)table_phys(boot_pml4);
}
