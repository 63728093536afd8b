/*
 * drivers/machine.h - the machine as applications see it: time, CPUs, memory, power. The kernel
 * fills one (boot/kmain.c from arch/x86_64), a host test fills one with threads and malloc.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "lib/out.h"
#include "lib/smbios.h"

struct machine_cpu {
    unsigned index;    /* 0 is the CPU that booted and runs the shell */
    uint32_t apic_id;
    bool online;
    bool busy;         /* runs a job now */
    const char *what;  /* what the job is called, or "shell", "idle", "did not start" */
};

struct machine_memory {
    uint64_t total_bytes;    /* usable RAM in the boot loader's map */
    uint64_t free_bytes;     /* pages nobody has */
    uint64_t kernel_bytes;   /* the kernel image with its data */
    uint64_t heap_bytes;     /* given out by heap_alloc */
    uint64_t dma_bytes;      /* lent to devices */
};

struct machine {
    void *ctx;
    const char *firmware;    /* "BIOS" or "UEFI" */
    const char *cpu_model;   /* CPUID brand string */
    const char *cmdline;     /* the kernel's command line */
    const struct smbios_system *system; /* who made it; NULL: it does not say */
    uint64_t tsc_hz;
    const char *tsc_source;  /* what the TSC was calibrated against, in words */

    uint64_t (*now_ns)(void *ctx); /* monotonic since power-on, same on every CPU */

    unsigned (*cpu_count)(void *ctx);  /* CPUs listed by the firmware as enabled, started or not */
    void (*cpu_info)(void *ctx, unsigned cpu, struct machine_cpu *out);
    unsigned (*cpu_self)(void *ctx);

    /* Runs fn(arg) once on another CPU (never 0, never the caller's); returns at once. arg is lent
     * until cpu_idle(cpu) is true. what names the job for `cpus`. 0, -EBUSY, -ENODEV (no such CPU
     * or not online). */
    int (*cpu_run)(void *ctx, unsigned cpu, const char *what, void (*fn)(void *arg), void *arg)
        must_check;
    bool (*cpu_idle)(void *ctx, unsigned cpu);

    /* One turn of a loop that waits for another CPU, a key or for time to pass: may sleep for up to
     * a millisecond. */
    void (*relax)(void *ctx);

    /* One turn of a loop that polls memory a device writes. NULL: nothing to do, which is what
     * hardware wants; with a software device it lets the device work. */
    void (*spin)(void *ctx);

    void (*memory_info)(void *ctx, struct machine_memory *out);
    void (*memory_map)(void *ctx, struct out *out); /* the firmware's map, a line per range */

    /* Neither returns in the kernel. */
    void (*reboot)(void *ctx);
    void (*power_off)(void *ctx);
};
