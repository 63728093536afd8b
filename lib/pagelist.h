/*
 * lib/pagelist.h - free pages as a list of runs, sorted by address, kept in the free pages
 * themselves: it needs no memory of its own and takes any amount.
 *
 * The caller locks. Addresses are those of the memory itself, which must be mapped and writable.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define PAGELIST_PAGE_BYTES 4096

struct pagelist_run;

struct pagelist {
    struct pagelist_run *first;
    uint64_t free_pages;
};

/* Gives the pages at mem (aligned, count > 0) to the list. Pages that are in the list already are
 * a bug: assert. */
void pagelist_free(struct pagelist *list, void *mem, size_t count);

/* The lowest count contiguous pages, aligned to align bytes (a power of two, at least a page), or
 * NULL. Their contents are whatever they are. */
void *pagelist_alloc(struct pagelist *list, size_t count, size_t align) must_check;
