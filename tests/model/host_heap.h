/*
 * tests/model/host_heap.h - makes heap_alloc fail on demand.
 */
#pragma once

/* The n-th heap_alloc from now (1-based) and only that one returns NULL; 0: none. */
void host_heap_fail_at(unsigned n);

/* The n-th and every one after it. */
void host_heap_fail_from(unsigned n);

/* heap_alloc calls since the last of these. */
unsigned host_heap_calls(void);
