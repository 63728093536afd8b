/*
 * arch/x86_64/heap.c - memory for set-up time, from whole pages.
 *
 * Each piece has a header of one alignment unit before it. Small pieces come in powers of two, cut
 * from pages that stay with their size; large ones are pages of their own and go back.
 */
#include <stdint.h>

#include "lib/heap.h"

#include "lib/assert.h"
#include "lib/spinlock.h"
#include "lib/string.h"

#include "arch/x86_64/pages.h"

#define HEADER_BYTES   64 /* keeps the alignment the contract promises */
#define SMALLEST_BYTES 128
#define CLASSES        5 /* 128, 256, 512, 1024, 2048 with their header */
#define CLASS_PAGES    4 /* are cut up at a time */
#define MAGIC_USED     UINT64_C(0x5ca1ab1ecafe0001)
#define MAGIC_FREE     UINT64_C(0x5ca1ab1ecafe0000)

struct piece {
    uint64_t magic;
    uint64_t bytes; /* as asked for */
    uint64_t pages; /* 0: small */
    unsigned size_class;
    struct piece *next; /* while free */
};
static_assert(sizeof(struct piece) <= HEADER_BYTES, "fits before the piece");

static struct spinlock lock;
static struct piece *free_pieces[CLASSES]; /* guarded by lock */
static uint64_t used_bytes;                /* guarded by lock */

static void *piece_memory(struct piece *piece)
{
    return (char *)piece + HEADER_BYTES;
}

static bool refill(unsigned size_class)
{
    size_t step = (size_t)SMALLEST_BYTES << size_class;
    char *mem = pages_alloc(CLASS_PAGES, PAGE_BYTES);

    if (!mem) {
        return false;
    }
    for (size_t at = 0; at < CLASS_PAGES * PAGE_BYTES; at += step) {
        struct piece *piece = (struct piece *)(void *)(mem + at);
        piece->magic = MAGIC_FREE;
        piece->size_class = size_class;
        piece->next = free_pieces[size_class];
        free_pieces[size_class] = piece;
    }
    return true;
}

static struct piece *take_small(size_t bytes)
{
    unsigned size_class = 0;

    while (((size_t)SMALLEST_BYTES << size_class) < bytes) {
        size_class++;
    }
    if (!free_pieces[size_class] && !refill(size_class)) {
        return NULL;
    }
    struct piece *piece = free_pieces[size_class];
    assert(piece->magic == MAGIC_FREE);
    free_pieces[size_class] = piece->next;
    memset(piece_memory(piece), 0, ((size_t)SMALLEST_BYTES << size_class) - HEADER_BYTES);
    return piece;
}

static struct piece *take_large(size_t bytes)
{
    size_t count = ALIGN_UP(bytes, PAGE_BYTES) / PAGE_BYTES;
    struct piece *piece = pages_alloc(count, PAGE_BYTES);

    if (piece) {
        piece->pages = count;
    }
    return piece;
}

void *heap_alloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes) ||
        bytes > SIZE_MAX - HEADER_BYTES - PAGE_BYTES) {
        return NULL;
    }
    size_t whole = bytes + HEADER_BYTES;
    spin_lock(&lock);
    struct piece *piece =
        whole <= (size_t)SMALLEST_BYTES << (CLASSES - 1) ? take_small(whole) : take_large(whole);
    if (piece) {
        piece->magic = MAGIC_USED;
        piece->bytes = bytes;
        used_bytes += bytes;
    }
    spin_unlock(&lock);
    return piece ? piece_memory(piece) : NULL;
}

void heap_free(void *ptr)
{
    if (!ptr) {
        return;
    }
    struct piece *piece = (struct piece *)(void *)((char *)ptr - HEADER_BYTES);
    spin_lock(&lock);
    assert(piece->magic == MAGIC_USED);
    used_bytes -= piece->bytes;
    piece->magic = MAGIC_FREE;
    if (piece->pages) {
        pages_free(piece, piece->pages);
    } else {
        piece->next = free_pieces[piece->size_class];
        free_pieces[piece->size_class] = piece;
    }
    spin_unlock(&lock);
}

size_t heap_used_bytes(void)
{
    spin_lock(&lock);
    size_t bytes = used_bytes;
    spin_unlock(&lock);
    return bytes;
}
