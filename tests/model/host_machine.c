/*
 * tests/model/host_machine.c - a machine of threads and made-up memory.
 */
#include "tests/model/host_machine.h"

#include <string.h>

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"

static _Thread_local unsigned self;

static uint64_t hm_now_ns(void *ctx)
{
    struct host_machine *hm = ctx;
    return host_clock_now(hm->clock);
}

static unsigned hm_cpu_count(void *ctx)
{
    struct host_machine *hm = ctx;
    return hm->cpu_count;
}

static void hm_cpu_info(void *ctx, unsigned cpu, struct machine_cpu *out)
{
    struct host_machine *hm = ctx;
    struct host_cpu *c = &hm->cpus[cpu];

    assert(cpu < hm->cpu_count);
    bool busy = cpu == 0 || !atomic_load(&c->idle);
    *out = (struct machine_cpu){
        .index = cpu,
        .apic_id = cpu,
        .online = true,
        .busy = busy,
        .what = cpu == 0 ? "shell" : busy ? c->what : "idle",
    };
}

static unsigned hm_cpu_self(void *ctx)
{
    (void)ctx;
    return self;
}

static void *cpu_main(void *arg)
{
    struct host_cpu *c = arg;
    self = c->index;
    c->fn(c->arg);
    atomic_store(&c->idle, true);
    return NULL;
}

static void join(struct host_cpu *c)
{
    if (c->joinable) {
        pthread_join(c->thread, NULL);
        c->joinable = false;
    }
}

static int hm_cpu_run(void *ctx, unsigned cpu, const char *what, void (*fn)(void *arg), void *arg)
{
    struct host_machine *hm = ctx;

    assert(cpu != 0 && cpu != self);
    if (cpu >= hm->cpu_count) {
        return -ENODEV;
    }
    struct host_cpu *c = &hm->cpus[cpu];
    if (!atomic_load(&c->idle)) {
        return -EBUSY;
    }
    join(c);
    c->what = what;
    c->fn = fn;
    c->arg = arg;
    atomic_store(&c->idle, false);
    if (pthread_create(&c->thread, NULL, cpu_main, c)) {
        atomic_store(&c->idle, true);
        return -ENODEV;
    }
    c->joinable = true;
    return 0;
}

static bool hm_cpu_idle(void *ctx, unsigned cpu)
{
    struct host_machine *hm = ctx;
    return cpu < hm->cpu_count && atomic_load(&hm->cpus[cpu].idle);
}

static void hm_relax(void *ctx)
{
    struct host_machine *hm = ctx;
    host_clock_relax(hm->clock);
}

static void hm_memory_info(void *ctx, struct machine_memory *out)
{
    (void)ctx;
    *out = (struct machine_memory){
        .total_bytes = 256 * MIB,
        .free_bytes = 200 * MIB,
        .kernel_bytes = 400 * KIB,
        .heap_bytes = heap_used_bytes(),
    };
}

static void hm_memory_map(void *ctx, struct out *out)
{
    (void)ctx;
    out_printf(out, "%016x-%016x usable\n", 0x100000, 0xfffffff);
}

static void hm_reboot(void *ctx)
{
    struct host_machine *hm = ctx;
    hm->reboots++;
}

static void hm_power_off(void *ctx)
{
    struct host_machine *hm = ctx;
    hm->power_offs++;
}

static const struct smbios_system made_up = {
    .manufacturer = "Carillon tests", .product = "Host", .serial = "M-0001"};

void host_machine_init(struct host_machine *hm, struct host_clock *clock, unsigned cpu_count)
{
    assert(cpu_count >= 1 && cpu_count <= HOST_MAX_CPUS);
    memset(hm, 0, sizeof(*hm));
    hm->clock = clock;
    hm->cpu_count = cpu_count;
    for (unsigned i = 0; i < HOST_MAX_CPUS; i++) {
        hm->cpus[i].index = i;
        atomic_store(&hm->cpus[i].idle, i != 0);
    }
    self = 0;
    hm->machine = (struct machine){
        .ctx = hm,
        .firmware = "BIOS",
        .cpu_model = "Host test CPU",
        .cmdline = "",
        .system = &made_up,
        .tsc_hz = NS_PER_S,
        .tsc_source = "nothing: time is virtual",
        .now_ns = hm_now_ns,
        .cpu_count = hm_cpu_count,
        .cpu_info = hm_cpu_info,
        .cpu_self = hm_cpu_self,
        .cpu_run = hm_cpu_run,
        .cpu_idle = hm_cpu_idle,
        .relax = hm_relax,
        .spin = hm_relax,
        .memory_info = hm_memory_info,
        .memory_map = hm_memory_map,
        .reboot = hm_reboot,
        .power_off = hm_power_off,
    };
}

void host_machine_fini(struct host_machine *hm)
{
    for (unsigned i = 1; i < hm->cpu_count; i++) {
        join(&hm->cpus[i]);
    }
}
