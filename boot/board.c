/*
 * boot/board.c - struct machine on the real machine: CPU, clock, memory, power.
 */
#include "boot/board.h"

#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/hwerror.h"
#include "lib/log.h"
#include "lib/string.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/machine_check.h"
#include "arch/x86_64/nmi.h"
#include "arch/x86_64/pages.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/power.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/watchdog.h"

#include "drivers/nvme/nvme_pci.h"

#define LOOK_NS     (100 * NS_PER_MS) /* after NMIs and stuck CPUs */
#define NMI_LINE_NS (5 * NS_PER_S)
#define BANKS_NS    (10 * NS_PER_S) /* between two looks for corrected hardware errors */
#define RELAX_NS    NS_PER_MS       /* bounds the echo of a key whose interrupt was lost */
#define BRAND_BYTES 49              /* CPUID leaves 80000002h..80000004h, and a terminator */

static char cpu_model[BRAND_BYTES];

static uint64_t now_ns(void *ctx)
{
    (void)ctx;
    return clock_now_ns();
}

static unsigned cpu_count(void *ctx)
{
    (void)ctx;
    return smp_count();
}

static void cpu_info(void *ctx, unsigned cpu, struct machine_cpu *out)
{
    (void)ctx;
    *out = (struct machine_cpu){
        .index = cpu,
        .apic_id = smp_apic_id(cpu),
        .online = smp_online(cpu),
        .busy = smp_busy(cpu),
        .what = smp_what(cpu),
    };
}

static unsigned cpu_self(void *ctx)
{
    (void)ctx;
    return smp_self();
}

static int cpu_run(void *ctx, unsigned cpu, const char *what, void (*fn)(void *arg), void *arg)
{
    (void)ctx;
    return smp_run(cpu, what, fn, arg);
}

static bool cpu_idle(void *ctx, unsigned cpu)
{
    (void)ctx;
    return smp_idle(cpu);
}

/* Of the hardware, with no reason to stop. One line for all that came in the last seconds. */
static void report_nmis(uint64_t now)
{
    static uint64_t next_ns;

    if (now < next_ns) {
        return;
    }
    unsigned count = nmi_take();
    if (count > 0) {
        next_ns = now + NMI_LINE_NS;
        log_warn("%u non-maskable interrupt%s: %s; %u since the start", count,
                 count == 1 ? "" : "s", hwerror_nmi_reason(0), nmi_total());
    }
}

static void look_after_machine(void)
{
    static uint64_t next_ns, next_banks_ns;
    uint64_t now = clock_now_ns();

    if (now < next_ns) {
        return;
    }
    next_ns = now + LOOK_NS;
    report_nmis(now);
    watchdog_report();
    if (now >= next_banks_ns) {
        next_banks_ns = now + BANKS_NS;
        machine_check_poll();
    }
}

static void relax(void *ctx)
{
    (void)ctx;
    if (smp_self() == 0) {
        look_after_machine();
    }
    smp_nap(RELAX_NS);
}

static void memory_info(void *ctx, struct machine_memory *out)
{
    (void)ctx;
    *out = (struct machine_memory){
        .total_bytes = pages_total_bytes(),
        .free_bytes = pages_free_bytes(),
        .kernel_bytes = image_bytes(),
        .heap_bytes = heap_used_bytes(),
        .dma_bytes = nvme_pci_dma_bytes(),
    };
}

static void memory_map(void *ctx, struct out *out)
{
    const struct boot_info *info = ctx;

    for (unsigned i = 0; i < info->map.count; i++) {
        const struct memmap_range *range = &info->map.ranges[i];
        out_printf(out, "%016llx-%016llx  %s (%u)\n", (unsigned long long)range->base,
                   (unsigned long long)(range->base + range->bytes - 1),
                   memmap_type_name(range->type), range->type);
    }
    if (info->map.dropped > 0) {
        out_printf(out, "%u more ranges found no room\n", info->map.dropped);
    }
}

static void reboot(void *ctx)
{
    (void)ctx;
    power_reset();
}

static void switch_off(void *ctx)
{
    (void)ctx;
    power_off();
}

static void read_cpu_model(void)
{
    str_copy(cpu_model, sizeof(cpu_model), "x86-64 CPU");
    if (cpuid(0x80000000, 0).eax < 0x80000004) {
        return;
    }
    char brand[BRAND_BYTES] = "";
    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid part = cpuid(0x80000002 + i, 0);
        memcpy(brand + 16 * i, &part, sizeof(part));
    }
    const char *text = brand;
    while (*text == ' ') {
        text++;
    }
    if (*text != '\0') {
        str_copy(cpu_model, sizeof(cpu_model), text);
    }
}

/* Where the entry point lies under a BIOS, when the boot loader has not passed it on. */
#define SMBIOS_SEGMENT       0xf0000
#define SMBIOS_SEGMENT_BYTES 0x10000

/* Who made the machine, or NULL. */
static const struct smbios_system *read_system(const struct boot_info *info)
{
    static struct smbios_system system;
    const uint8_t *entry = info->smbios_entry;
    size_t len = info->smbios_entry_bytes;
    uint32_t bytes;
    uint64_t phys;

    if (len == 0 && !info->efi) {
        const uint8_t *area = paging_map_firmware(SMBIOS_SEGMENT, SMBIOS_SEGMENT_BYTES);
        int at = area ? smbios_find_entry(area, SMBIOS_SEGMENT_BYTES) : -ENOENT;

        if (at >= 0) {
            entry = area + at;
            len = MIN((size_t)SMBIOS_ENTRY_BYTES, (size_t)(SMBIOS_SEGMENT_BYTES - at));
        }
    }
    if (smbios_parse_entry(entry, len, &phys, &bytes) != 0 || bytes > SMBIOS_TABLE_MAX_BYTES) {
        return NULL;
    }
    const uint8_t *table = paging_map_firmware(phys, bytes);
    return table && smbios_parse_system(table, bytes, &system) == 0 ? &system : NULL;
}

const struct machine *board_machine(const struct boot_info *info)
{
    static struct machine machine;

    read_cpu_model();
    machine = (struct machine){
        .ctx = (void *)(uintptr_t)info,
        .firmware = info->efi ? "UEFI" : "BIOS",
        .cpu_model = cpu_model,
        .cmdline = info->cmdline,
        .system = read_system(info),
        .tsc_hz = clock_tsc_hz(),
        .tsc_source = clock_tsc_source(),
        .now_ns = now_ns,
        .cpu_count = cpu_count,
        .cpu_info = cpu_info,
        .cpu_self = cpu_self,
        .cpu_run = cpu_run,
        .cpu_idle = cpu_idle,
        .relax = relax,
        .memory_info = memory_info,
        .memory_map = memory_map,
        .reboot = reboot,
        .power_off = switch_off,
    };
    return &machine;
}
