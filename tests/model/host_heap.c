/*
 * tests/model/host_heap.c - lib/heap.h on malloc, counted, with a programmable failure.
 */
#include "tests/model/host_heap.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/heap.h"

struct header {
    size_t bytes;
    char pad[64 - sizeof(size_t)]; /* keeps what follows aligned to 64 */
};

/* One heap per program, as in the kernel; atomic because tests run controllers in threads. */
static atomic_size_t used;
static atomic_uint calls;
static atomic_uint fail_at;
static atomic_bool fail_after; /* and all that follow */

void host_heap_fail_at(unsigned n)
{
    fail_at = n;
    fail_after = false;
    calls = 0;
}

void host_heap_fail_from(unsigned n)
{
    host_heap_fail_at(n);
    fail_after = n > 0;
}

unsigned host_heap_calls(void)
{
    return calls;
}

void *heap_alloc(size_t count, size_t size)
{
    size_t bytes;
    unsigned call = atomic_fetch_add(&calls, 1) + 1;

    bool fails = call == fail_at || (fail_after && call > fail_at);

    if (fails || __builtin_mul_overflow(count, size, &bytes) ||
        bytes > SIZE_MAX - sizeof(struct header) - 64) {
        return NULL;
    }
    size_t whole = (sizeof(struct header) + bytes + 63) & ~(size_t)63;
    struct header *h = aligned_alloc(64, whole);
    if (!h) {
        return NULL;
    }
    memset(h, 0, whole);
    h->bytes = bytes;
    atomic_fetch_add(&used, bytes);
    return h + 1;
}

void heap_free(void *ptr)
{
    if (ptr) {
        struct header *h = (struct header *)ptr - 1;
        atomic_fetch_sub(&used, h->bytes);
        free(h);
    }
}

size_t heap_used_bytes(void)
{
    return used;
}
