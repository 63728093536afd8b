/*
 * lib/spinlock.h - a test-and-set lock for the few places where two CPUs meet. Nothing on the I/O
 * path takes one. Not recursive; not taken by interrupt handlers.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/assert.h"

struct spinlock {
    atomic_bool held;
};

static inline void spin_lock(struct spinlock *lock)
{
    while (atomic_exchange_explicit(&lock->held, true, memory_order_acquire)) {
        while (atomic_load_explicit(&lock->held, memory_order_relaxed)) {
            __builtin_ia32_pause();
        }
    }
}

static inline void spin_unlock(struct spinlock *lock)
{
    assert(atomic_load_explicit(&lock->held, memory_order_relaxed));
    atomic_store_explicit(&lock->held, false, memory_order_release);
}

static inline void spin_assert_held(struct spinlock *lock)
{
    assert(atomic_load_explicit(&lock->held, memory_order_relaxed));
}
