/*
 * arch/x86_64/pages.h - physical pages of 4 KiB. All RAM is mapped one to one, so an address from
 * here is both virtual and physical. Safe on every CPU; not in interrupt context.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define PAGE_BYTES UINT64_C(4096)

/* count contiguous zeroed pages, aligned to align bytes (a power of two >= PAGE_BYTES), below
 * 4 GiB when there is room there (some devices cannot reach more), or NULL. */
void *pages_alloc(size_t count, size_t align) must_check;
void pages_free(void *pages, size_t count);

uint64_t pages_total_bytes(void);
uint64_t pages_free_bytes(void);

/* Opens the allocator on the usable ranges; what lies above 4 GiB is mapped on the way. Once. */
struct rangeset;
void pages_init(const struct rangeset *usable);
