/*
 * lib/compiler.h - names for the compiler features the project uses, and nothing else.
 */
#pragma once

#include <stddef.h>

#ifdef __cppcheck__ /* which cannot read it on a pointer to a function */
#define must_check
#else
#define must_check __attribute__((warn_unused_result))
#endif
#define printf_like(fmt, first) __attribute__((format(printf, fmt, first)))
#define cache_aligned __attribute__((aligned(64)))
#define hot_inline static inline __attribute__((always_inline))

/* In C17 the name is a macro of <assert.h>, which product code does not include. */
#ifndef static_assert
#define static_assert _Static_assert
#endif

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

/* The smaller and the larger of two values of one type; arguments are evaluated once. */
#define MIN(a, b) \
    ({ __typeof__(a) min_a = (a); __typeof__(b) min_b = (b); min_a < min_b ? min_a : min_b; })
#define MAX(a, b) \
    ({ __typeof__(a) max_a = (a); __typeof__(b) max_b = (b); max_a > max_b ? max_a : max_b; })

/* align: a power of two. */
#define ALIGN_UP(x, align) (((x) + ((__typeof__(x))(align) - 1)) & ~((__typeof__(x))(align) - 1))
#define ALIGN_DOWN(x, align) ((x) & ~((__typeof__(x))(align) - 1))
#define IS_ALIGNED(x, align) (((x) & ((__typeof__(x))(align) - 1)) == 0)
#define IS_POWER_OF_TWO(x) ((x) != 0 && ((x) & ((x) - 1)) == 0)

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)
