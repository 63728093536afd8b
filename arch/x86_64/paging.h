/*
 * arch/x86_64/paging.h - the address space: RAM one to one, the kernel image at its link address
 * with text read-only and data no-execute, page 0 and the page under each stack unmapped.
 */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"

/* Maps device registers uncached at their own address (any physical address, also far above RAM)
 * and returns it. Mapping a range again is harmless. NULL: no memory for page tables, or the range
 * is beyond what the CPU can address. */
volatile void *paging_map_mmio(uint64_t phys, uint64_t bytes) must_check;

/* Takes one mapped page away, so that touching it faults: stack guards. */
void paging_unmap_page(void *page);

/* Physical address of a mapped kernel or RAM address, or UINT64_MAX. */
uint64_t paging_phys(const void *va);

/* Puts the rights of each part of the kernel image into force, forbids execution elsewhere, and
 * takes page 0, the image's physical pages and the guard of the first stack away. Once, on the
 * first CPU. Until paging_use_allocator() tables come from a small pool inside the image, so that
 * registers can be mapped before any other page may be touched. */
void paging_init(void);
void paging_use_allocator(void);

/* Maps RAM at its own address: whole pages at or above 4 GiB (what lies below is mapped from the
 * start). 0 or -ENOMEM, then nothing above the last page mapped may be used. */
int paging_map_ram(uint64_t base, uint64_t end) must_check;

/* Tables of the firmware, cached; as paging_map_mmio. NULL also where page 0, the kernel image or a
 * guard page is. */
const void *paging_map_firmware(uint64_t phys, uint64_t bytes) must_check;

/* Makes one page below 4 GiB executable and read-only. */
void paging_make_executable(void *page);

/* The value for CR3; below 4 GiB. */
uint32_t paging_root(void);
