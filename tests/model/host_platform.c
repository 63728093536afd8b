/*
 * tests/model/host_platform.c - memory, registers, time and interrupts for a driver under test.
 */
#include "tests/model/host_platform.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/errno.h"

#define GUARD_BYTES 64
#define GUARD       0xc3
#define POISON      0xde
/* Above 4 GiB, so that an address cut to 32 bits is noticed. */
#define FIRST_IOVA  UINT64_C(0x0000006a00000000)

struct host_region {
    uint64_t iova;
    uint8_t *va;
    size_t len;
    void *whole;       /* what malloc gave */
};

/* --- memory ----------------------------------------------------------------------------------- */

/* Index of the region that begins at or before iova, or -1. */
static int region_before(const struct host_platform *hp, uint64_t iova)
{
    int low = 0;
    int high = (int)hp->region_count - 1;
    while (low <= high) {
        int middle = (low + high) / 2;
        if (hp->regions[middle].iova <= iova) {
            low = middle + 1;
        } else {
            high = middle - 1;
        }
    }
    return high;
}

static void *region_at(const struct host_platform *hp, uint64_t iova, uint64_t len)
{
    int i = region_before(hp, iova);
    if (i < 0) {
        return NULL;
    }
    const struct host_region *r = &hp->regions[i];
    uint64_t offset = iova - r->iova;
    return offset <= r->len && len <= r->len - offset ? r->va + offset : NULL;
}

static void *bus_dma(void *ctx, uint64_t iova, uint64_t len)
{
    return region_at(ctx, iova, len);
}

/* Guards lie on both sides; the one in front is as large as the alignment. */
static int make_region(struct host_platform *hp, size_t len, size_t align, struct host_region *r)
{
    size_t front = MAX(align, (size_t)GUARD_BYTES);
    size_t whole = ALIGN_UP(front + len + GUARD_BYTES, front);
    uint8_t *memory = aligned_alloc(front, whole);
    if (!memory) {
        return -ENOMEM;
    }
    memset(memory, GUARD, whole);
    memset(memory + front, 0, len);
    /* An odd multiple of align: aligned as asked for, and not any better. */
    uint64_t iova = ALIGN_UP(hp->next_iova, (uint64_t)align * 2) + align;
    hp->next_iova = iova + len + 8192;
    *r = (struct host_region){ .iova = iova, .va = memory + front, .len = len, .whole = memory };
    return 0;
}

static int add_region(struct host_platform *hp, const struct host_region *r)
{
    if (hp->region_count == hp->region_cap) {
        unsigned cap = hp->region_cap ? hp->region_cap * 2 : 64;
        struct host_region *bigger = realloc(hp->regions, cap * sizeof(*bigger));
        if (!bigger) {
            return -ENOMEM;
        }
        hp->regions = bigger;
        hp->region_cap = cap;
    }
    hp->regions[hp->region_count++] = *r;
    return 0;
}

static int alloc_locked(struct host_platform *hp, size_t len, size_t align, struct dma_buf *out)
{
    struct host_region r;

    hp->allocs++;
    if (len == 0 || !IS_POWER_OF_TWO(align)) {
        model_violate(hp->model, "dma_alloc of %zu bytes aligned to %zu", len, align);
        return -ENOMEM;
    }
    if (hp->allocs == hp->fail_at || model_rule_for_alloc(hp->model)) {
        return -ENOMEM;
    }
    if (make_region(hp, len, align, &r)) {
        return -ENOMEM;
    }
    if (add_region(hp, &r)) {
        free(r.whole);
        return -ENOMEM;
    }
    hp->live++;
    hp->live_bytes += len;
    *out = (struct dma_buf){ .va = r.va, .iova = r.iova, .len = len };
    return 0;
}

static int hp_dma_alloc(void *ctx, size_t len, size_t align, struct dma_buf *out)
{
    struct host_platform *hp = ctx;
    pthread_mutex_lock(&hp->lock);
    int err = alloc_locked(hp, len, align, out);
    pthread_mutex_unlock(&hp->lock);
    return err;
}

/* All bytes are the first one, and that is right. */
static bool is_guard(const uint8_t *p, size_t len)
{
    return p[0] == GUARD && memcmp(p, p + 1, len - 1) == 0;
}

static bool guards_intact(const struct host_region *r)
{
    const uint8_t *front = r->whole;

    return is_guard(front, (size_t)(r->va - front)) && is_guard(r->va + r->len, GUARD_BYTES);
}

static void free_locked(struct host_platform *hp, struct dma_buf *buf)
{
    int i = region_before(hp, buf->iova);
    if (i < 0 || hp->regions[i].iova != buf->iova || hp->regions[i].va != buf->va ||
        hp->regions[i].len != buf->len) {
        model_violate(hp->model, "dma_free of %llxh, which is not a buffer",
                      (unsigned long long)buf->iova);
        return;
    }
    struct host_region r = hp->regions[i];
    model_memory_freed(hp->model, r.iova, r.len);
    if (!guards_intact(&r)) {
        model_violate(hp->model, "memory beside buffer %llxh was written",
                      (unsigned long long)r.iova);
    }
    memset(r.va, POISON, r.len);
    free(r.whole);
    hp->region_count--;
    memmove(&hp->regions[i], &hp->regions[i + 1],
            (hp->region_count - (unsigned)i) * sizeof(hp->regions[0]));
    hp->live--;
    hp->live_bytes -= r.len;
}

static void hp_dma_free(void *ctx, struct dma_buf *buf)
{
    struct host_platform *hp = ctx;
    pthread_mutex_lock(&hp->lock);
    free_locked(hp, buf);
    pthread_mutex_unlock(&hp->lock);
    *buf = (struct dma_buf){ 0 };
}

static uint64_t hp_dma_addr(void *ctx, const void *va, size_t len)
{
    struct host_platform *hp = ctx;
    uint64_t iova = UINT64_MAX;

    pthread_mutex_lock(&hp->lock);
    for (unsigned i = 0; i < hp->region_count; i++) {
        const struct host_region *r = &hp->regions[i];
        uintptr_t offset = (uintptr_t)va - (uintptr_t)r->va;
        if (offset < r->len && len <= r->len - offset) {
            iova = r->iova + offset;
            break;
        }
    }
    pthread_mutex_unlock(&hp->lock);
    return iova;
}

void *host_platform_at(struct host_platform *hp, uint64_t iova, uint64_t len)
{
    pthread_mutex_lock(&hp->lock);
    void *va = region_at(hp, iova, len);
    pthread_mutex_unlock(&hp->lock);
    return va;
}

/* --- registers -------------------------------------------------------------------------------- */

static uint64_t reg_read(struct host_platform *hp, uint32_t off, unsigned bytes)
{
    pthread_mutex_lock(&hp->lock);
    model_step(hp->model, host_clock_peek(hp->clock));
    uint64_t value = model_reg_read(hp->model, off, bytes);
    pthread_mutex_unlock(&hp->lock);
    return value;
}

static void reg_write(struct host_platform *hp, uint32_t off, unsigned bytes, uint64_t value)
{
    pthread_mutex_lock(&hp->lock);
    model_step(hp->model, host_clock_peek(hp->clock));
    model_reg_write(hp->model, off, bytes, value);
    pthread_mutex_unlock(&hp->lock);
}

static uint32_t hp_read32(void *ctx, uint32_t off)
{
    return (uint32_t)reg_read(ctx, off, 4);
}

static uint64_t hp_read64(void *ctx, uint32_t off)
{
    return reg_read(ctx, off, 8);
}

static void hp_write32(void *ctx, uint32_t off, uint32_t val)
{
    reg_write(ctx, off, 4, val);
}

static void hp_write64(void *ctx, uint32_t off, uint64_t val)
{
    reg_write(ctx, off, 8, val);
}

static int hp_bar_map(void *ctx, unsigned bar, uint64_t offset, uint64_t bytes,
                      struct dma_buf *out)
{
    struct host_platform *hp = ctx;
    void *va = model_cmb(hp->model, bar, offset, bytes);
    if (!va) {
        return -ENODEV;
    }
    *out = (struct dma_buf){ .va = va, .iova = MODEL_CMB_BUS_ADDR + offset, .len = bytes };
    return 0;
}

static int hp_restore(void *ctx)
{
    struct host_platform *hp = ctx;
    pthread_mutex_lock(&hp->lock);
    bool back = model_restore(hp->model);
    hp->unconfigured = false;
    pthread_mutex_unlock(&hp->lock);
    return back ? 0 : -ENODEV;
}

static bool hp_configured(void *ctx)
{
    const struct host_platform *hp = ctx;

    return !hp->unconfigured;
}

static bool hp_present(void *ctx)
{
    struct host_platform *hp = ctx;
    pthread_mutex_lock(&hp->lock);
    bool present = model_is_present(hp->model);
    pthread_mutex_unlock(&hp->lock);
    return present;
}

/* --- time ------------------------------------------------------------------------------------- */

static void member_step(void *ctx, uint64_t now_ns)
{
    struct host_platform *hp = ctx;
    pthread_mutex_lock(&hp->lock);
    model_step(hp->model, now_ns);
    pthread_mutex_unlock(&hp->lock);
}

static uint64_t member_next(void *ctx)
{
    struct host_platform *hp = ctx;
    pthread_mutex_lock(&hp->lock);
    uint64_t next = model_next_ns(hp->model);
    pthread_mutex_unlock(&hp->lock);
    return next;
}

static uint64_t hp_now_ns(void *ctx)
{
    struct host_platform *hp = ctx;
    return host_clock_now(hp->clock) + (uint64_t)atomic_load(&hp->skew_ns);
}

static void hp_relax(void *ctx)
{
    struct host_platform *hp = ctx;
    host_clock_relax(hp->clock);
}

/* --- interrupts ------------------------------------------------------------------------------- */

static void deliver(struct host_vector *v)
{
    if (v->count && !v->masked) {
        atomic_fetch_add(v->count, 1);
        v->pending = false;
    } else {
        v->pending = true;
    }
}

static void bus_irq(void *ctx, unsigned vec)
{
    struct host_platform *hp = ctx;
    deliver(&hp->vectors[vec]);
}

static int hp_irq_attach(void *ctx, unsigned vec, unsigned cpu, atomic_uint *count)
{
    struct host_platform *hp = ctx;
    int err = 0;

    pthread_mutex_lock(&hp->lock);
    if (vec >= hp->plat.irq_count) {
        model_violate(hp->model, "irq_attach of vector %u of %u", vec, hp->plat.irq_count);
        err = -ENOTSUP;
    } else if (hp->attach_refusal) {
        err = -(int)hp->attach_refusal;
    } else if (hp->vectors[vec].count) {
        err = -EBUSY;
    } else {
        hp->vectors[vec] = (struct host_vector){ .count = count, .cpu = cpu, .masked = true };
        hp->attached++;
    }
    pthread_mutex_unlock(&hp->lock);
    return err;
}

static void hp_irq_detach(void *ctx, unsigned vec)
{
    struct host_platform *hp = ctx;
    pthread_mutex_lock(&hp->lock);
    if (vec >= hp->plat.irq_count || !hp->vectors[vec].count) {
        model_violate(hp->model, "irq_detach of vector %u, which is not attached", vec);
    } else {
        hp->vectors[vec] = (struct host_vector){ 0 };
        hp->attached--;
    }
    pthread_mutex_unlock(&hp->lock);
}

static void hp_irq_mask(void *ctx, unsigned vec, bool masked)
{
    struct host_platform *hp = ctx;
    pthread_mutex_lock(&hp->lock);
    if (vec >= hp->plat.irq_count || !hp->vectors[vec].count) {
        model_violate(hp->model, "irq_mask of vector %u, which is not attached", vec);
    } else {
        struct host_vector *v = &hp->vectors[vec];
        v->masked = masked;
        if (!masked && v->pending) {
            deliver(v);
        }
    }
    pthread_mutex_unlock(&hp->lock);
}

static void hp_irq_wait(void *ctx, const atomic_uint *count, unsigned seen, uint64_t deadline_ns)
{
    struct host_platform *hp = ctx;

    hp->waits++;
    deadline_ns -= (uint64_t)atomic_load(&hp->skew_ns);
    while (atomic_load(count) == seen) {
        uint64_t now = host_clock_peek(hp->clock);
        if (now >= deadline_ns) {
            return;
        }
        uint64_t next = member_next(hp);
        next = MAX(next, now + 1);
        host_clock_run_until(hp->clock, MIN(next, deadline_ns));
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

struct host_platform *host_platform_create(const struct model_config *config,
                                           struct host_clock *clock)
{
    struct host_platform *hp = calloc(1, sizeof(*hp));
    if (!hp) {
        return NULL;
    }
    hp->model = model_create(config, &(struct model_bus){ hp, bus_dma, bus_irq });
    if (!hp->model) {
        free(hp);
        return NULL;
    }
    pthread_mutex_init(&hp->lock, NULL);
    hp->clock = clock;
    hp->next_iova = FIRST_IOVA;
    hp->plat = (struct platform){
        .ctx = hp,
        .read32 = hp_read32,
        .read64 = hp_read64,
        .write32 = hp_write32,
        .write64 = hp_write64,
        .restore = hp_restore,
        .configured = hp_configured,
        .present = hp_present,
        .bar_map = hp_bar_map,
        .bar_bytes = model_bar_bytes(hp->model),
        .dma_alloc = hp_dma_alloc,
        .dma_free = hp_dma_free,
        .dma_addr = hp_dma_addr,
        .now_ns = hp_now_ns,
        .relax = hp_relax,
        .irq_count = MIN(config->vectors, (unsigned)HOST_MAX_VECTORS),
        .irq_attach = hp_irq_attach,
        .irq_detach = hp_irq_detach,
        .irq_mask = hp_irq_mask,
        .irq_wait = hp_irq_wait,
    };
    host_clock_join(clock, &(struct host_clock_member){ hp, member_step, member_next });
    return hp;
}

void host_platform_destroy(struct host_platform *hp)
{
    if (!hp) {
        return;
    }
    host_clock_leave(hp->clock, hp);
    for (unsigned i = 0; i < hp->region_count; i++) {
        free(hp->regions[i].whole);
    }
    free(hp->regions);
    model_destroy(hp->model);
    pthread_mutex_destroy(&hp->lock);
    free(hp);
}
