/*
 * tests/model/host_heap.h - makes heap_alloc fail on demand.
 */
#pragma once

/* The n-th heap_alloc from now (1-based) and only that one returns NULL; 0: none. */
void host_heap_fail_at(unsigned n);

/* heap_alloc calls since the last host_heap_fail_at(). */
unsigned host_heap_calls(void);
