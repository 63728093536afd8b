/*
 * arch/x86_64/clock.c - time from the TSC, calibrated against a clock with a known rate.
 *
 * In order of trust: the crystal's rate from CPUID, the HPET, the ACPI timer, the PIT. Every loop
 * is bounded by a number of reads, because each of these clocks is missing or stopped somewhere.
 */
#include "arch/x86_64/clock.h"

#include <stddef.h>

#include "lib/bitfield.h"
#include "lib/compiler.h"
#include "lib/log.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/percpu.h"

#define RUNS      3
#define RUN_PARTS 250     /* of a second: 4 ms each */
#define MAX_READS 2000000 /* of a reference in one run; a read takes 100 ns or more */
#define BRACKETS  4
#define GUESS_HZ  UINT64_C(2000000000)

#define CPUID_TSC       0x15
#define CPUID_FREQUENCY 0x16
#define CPUID_POWER     0x80000007
#define POWER_INVARIANT BIT64(8)

/* IA-PC HPET 1.0a §2.3 */
#define HPET_BYTES         0x400
#define HPET_PERIOD        1 /* dwords */
#define HPET_CONFIG        4
#define HPET_COUNTER       60
#define HPET_ENABLE        BIT64(0)
#define HPET_MIN_PERIOD_FS UINT64_C(1000000)
#define HPET_MAX_PERIOD_FS UINT64_C(100000000)
#define FS_PER_S           UINT64_C(1000000000000000)

#define PM_TIMER_HZ 3579545 /* ACPI 6.3 §4.8.3.3 */

#define PIT_HZ        1193182
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
#define PIT_ONE_SHOT  0xb0 /* channel 2, low then high byte, mode 0 */
#define PORT_B        0x61
#define PORT_B_GATE   0x01
#define PORT_B_SPEAK  0x02
#define PORT_B_OUT    0x20

struct reference {
    const char *name;
    uint64_t (*read)(void);
    uint64_t hz;
    uint64_t mask; /* of the bits that count */
};

struct sample {
    uint64_t tsc;
    uint64_t ticks;
};

static uint64_t tsc_hz;
static uint64_t ns_per_tick_32; /* times 2^32; 0: not calibrated */
static const char *source = "nothing yet";
static volatile uint32_t *hpet;
static uint16_t pm_timer_port;

static uint64_t ns_of(uint64_t tsc)
{
    return (uint64_t)((unsigned __int128)(tsc - boot_tsc) * ns_per_tick_32 >> 32);
}

uint64_t clock_now_ns(void)
{
    uint64_t tsc = rdtsc();

    percpu_note_alive(tsc);
    return ns_of(tsc);
}

uint64_t clock_peek_ns(void)
{
    return ns_of(rdtsc());
}

void clock_delay_ns(uint64_t ns)
{
    uint64_t end_ns = clock_now_ns() + ns;

    while (clock_now_ns() < end_ns) {
        cpu_pause();
    }
}

uint64_t clock_tsc_hz(void)
{
    return tsc_hz;
}

const char *clock_tsc_source(void)
{
    return source;
}

static uint64_t read_hpet(void)
{
    return hpet[HPET_COUNTER];
}

static uint64_t read_pm_timer(void)
{
    return io_in32(pm_timer_port);
}

/* Reads both clocks at the same time, as near as a few tries come. */
static struct sample take_sample(const struct reference *ref)
{
    struct sample best = {0, 0};
    uint64_t best_gap = UINT64_MAX;

    for (unsigned i = 0; i < BRACKETS; i++) {
        uint64_t before = rdtsc();
        uint64_t ticks = ref->read();
        uint64_t gap = rdtsc() - before;
        if (gap < best_gap) {
            best_gap = gap;
            best = (struct sample){before + gap / 2, ticks};
        }
    }
    return best;
}

/* The TSC's rate by one run, or 0 when the reference does not move. */
static uint64_t measure_once(const struct reference *ref)
{
    uint64_t wanted = ref->hz / RUN_PARTS;
    struct sample first = take_sample(ref);

    for (unsigned i = 0; i < MAX_READS; i++) {
        if (((ref->read() - first.ticks) & ref->mask) >= wanted) {
            struct sample last = take_sample(ref);
            uint64_t ticks = (last.ticks - first.ticks) & ref->mask;
            return (last.tsc - first.tsc) * ref->hz / ticks;
        }
    }
    return 0;
}

static uint64_t median_of_3(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t low = MIN(a, b);
    uint64_t high = MAX(a, b);
    uint64_t below = MIN(high, c);
    return MAX(low, below);
}

static uint64_t measure(const struct reference *ref)
{
    uint64_t hz[RUNS];

    for (unsigned i = 0; i < RUNS; i++) {
        hz[i] = measure_once(ref);
        if (hz[i] == 0) {
            return 0;
        }
    }
    return median_of_3(hz[0], hz[1], hz[2]);
}

static bool open_hpet(const struct clock_sources *sources, struct reference *ref)
{
    if (sources->hpet_phys == 0) {
        return false;
    }
    hpet = paging_map_mmio(sources->hpet_phys, HPET_BYTES);
    if (!hpet) {
        return false;
    }
    uint64_t period_fs = hpet[HPET_PERIOD];
    if (period_fs < HPET_MIN_PERIOD_FS || period_fs > HPET_MAX_PERIOD_FS) {
        return false;
    }
    hpet[HPET_CONFIG] |= HPET_ENABLE;
    *ref = (struct reference){"HPET", read_hpet, FS_PER_S / period_fs, UINT32_MAX};
    return true;
}

static bool open_pm_timer(const struct clock_sources *sources, struct reference *ref)
{
    if (sources->pm_timer_port == 0) {
        return false;
    }
    pm_timer_port = sources->pm_timer_port;
    *ref = (struct reference){"ACPI timer", read_pm_timer, PM_TIMER_HZ,
                              sources->pm_timer_32bit ? UINT32_MAX : 0xffffff};
    return true;
}

/* TSC ticks while the PIT counts down and raises its output, or 0. */
static uint64_t time_pit(uint16_t count)
{
    io_out8(PIT_COMMAND, PIT_ONE_SHOT);
    io_out8(PIT_CHANNEL_2, (uint8_t)count);
    io_out8(PIT_CHANNEL_2, (uint8_t)(count >> 8));
    uint64_t start = rdtsc();
    if (io_in8(PORT_B) & PORT_B_OUT) {
        return 0; /* the output is up before it can be: there is no PIT */
    }
    for (unsigned i = 0; i < MAX_READS; i++) {
        if (io_in8(PORT_B) & PORT_B_OUT) {
            return rdtsc() - start;
        }
    }
    return 0;
}

/* The difference of a long and a short count: what starting and looking cost is in both. */
static uint64_t measure_pit(void)
{
    uint16_t count = PIT_HZ / RUN_PARTS;
    uint8_t port_b = io_in8(PORT_B);

    io_out8(PORT_B, (uint8_t)((port_b & ~PORT_B_SPEAK) | PORT_B_GATE));
    uint64_t one = time_pit(count);
    uint64_t three = one != 0 ? time_pit((uint16_t)(3 * count)) : 0;
    io_out8(PORT_B, port_b);
    return three > one ? (three - one) * PIT_HZ / (2 * count) : 0;
}

/* Crystal rate times ratio, when the CPU tells both. */
static uint64_t rate_from_crystal(void)
{
    if (cpuid(0, 0).eax < CPUID_TSC) {
        return 0;
    }
    struct cpuid ratio = cpuid(CPUID_TSC, 0);
    if (ratio.eax == 0 || ratio.ebx == 0 || ratio.ecx == 0) {
        return 0;
    }
    return (uint64_t)ratio.ecx * ratio.ebx / ratio.eax;
}

/* The rate on the label: rounded, and better than nothing. */
static uint64_t rate_from_label(void)
{
    if (cpuid(0, 0).eax < CPUID_FREQUENCY) {
        return 0;
    }
    return (uint64_t)(cpuid(CPUID_FREQUENCY, 0).eax & 0xffff) * 1000000;
}

static bool nearly_equal(uint64_t a, uint64_t b)
{
    return MAX(a, b) - MIN(a, b) <= MAX(a, b) / 100;
}

/* The first reference that counts, or NULL. */
static const struct reference *find_reference(const struct clock_sources *sources)
{
    static struct reference ref;

    if (open_hpet(sources, &ref) && measure_once(&ref) != 0) {
        return &ref;
    }
    if (open_pm_timer(sources, &ref) && measure_once(&ref) != 0) {
        return &ref;
    }
    return NULL;
}

static void set_rate(uint64_t hz, const char *name)
{
    tsc_hz = hz;
    source = name;
    ns_per_tick_32 = (NS_PER_S << 32) / hz;
}

static void choose_rate(const struct clock_sources *sources)
{
    uint64_t crystal = rate_from_crystal();
    uint64_t label = rate_from_label();
    const struct reference *ref = find_reference(sources);
    uint64_t measured = ref ? measure(ref) : measure_pit();
    const char *name = ref ? ref->name : "PIT";

    if (crystal != 0 && (measured == 0 || nearly_equal(crystal, measured))) {
        set_rate(crystal, "CPUID (crystal and ratio)");
    } else if (measured != 0) {
        if (crystal != 0) {
            log_warn("CPUID says that the TSC runs at %llu Hz, the %s says %llu Hz; using that",
                     (unsigned long long)crystal, name, (unsigned long long)measured);
        }
        set_rate(measured, name);
    } else if (label != 0) {
        set_rate(label, "CPUID (nominal rate)");
    } else {
        set_rate(GUESS_HZ, "nothing: 2 GHz assumed");
        log_warn("no clock found to calibrate the TSC against: every time shown is a guess");
    }
}

void clock_init(const struct clock_sources *sources)
{
    choose_rate(sources);
    if (cpuid(0x80000000, 0).eax < CPUID_POWER || !(cpuid(CPUID_POWER, 0).edx & POWER_INVARIANT)) {
        log_debug("the CPU does not promise a constant TSC rate");
    }
}
