/*
 * lib/heap.h - memory for set-up time: mounts, job tables, registries. Never used on the I/O path.
 * The kernel supplies it from whole pages (arch/x86_64/heap.c), the host tests from malloc with
 * a programmable failure (tests/model/host_heap.c).
 */
#pragma once

#include <stddef.h>

#include "lib/compiler.h"

/* count * size zeroed bytes, aligned to 64, or NULL (also when the product overflows). */
void *heap_alloc(size_t count, size_t size) must_check;

/* Gives back what heap_alloc returned; NULL is allowed. */
void heap_free(void *ptr);

/* Bytes handed out and not given back; tests demand that it returns to where it was. */
size_t heap_used_bytes(void);
