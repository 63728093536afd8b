/*
 * arch/x86_64/image.h - the kernel image: bounds from boot/linker.ld, facts from boot/entry.asm.
 */
#pragma once

#include <stdint.h>

/* Virtual addresses; text is [image_start, text_end), then constants, then data up to image_end. */
extern char image_start[], text_end[], rodata_end[], image_end[];

extern const uint64_t image_phys;     /* where the boot loader put image_start */
extern const uint64_t boot_tsc;       /* the time-stamp counter at entry */
extern const uint32_t boot_magic;     /* eax at entry */
extern const uint32_t boot_info_addr; /* ebx at entry */

/* The first page tables, in use ever since. */
extern uint64_t boot_pml4[512], boot_pdpt_low[512], boot_pd_low[4 * 512], boot_pt_window[];
extern char boot_stack_guard[], boot_stack_top[];

static inline uint64_t image_bytes(void)
{
    return (uint64_t)(image_end - image_start);
}
