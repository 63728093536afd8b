/*
 * boot/kmain.c - the boot order.
 */
#include <stdint.h>

#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/string.h"

#include "arch/x86_64/acpi.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/fw_cfg.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/interrupts.h"
#include "arch/x86_64/machine_check.h"
#include "arch/x86_64/pages.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/panic.h"
#include "arch/x86_64/pci_cf8.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/watchdog.h"

#include "drivers/nvme/nvme_recorder.h"
#include "drivers/uart/ns16550.h"

#include "apps/shell/shell.h"

#include "boot/banner.h"
#include "boot/board.h"
#include "boot/crash.h"
#include "boot/disks.h"
#include "boot/hotplug.h"
#include "boot/multiboot2.h"

_Noreturn void kmain(void);

#define BDA_EBDA_SEGMENT 0x40e
#define LOW_MEMORY_END   0xa0000 /* the start page of the other CPUs lies below */
#define FIRST_USABLE     MIB     /* below, firmware writes where it wants */
#define SCRIPT_BYTES     4096
#define WORD_BYTES       64

#define RECORDED_COMMANDS 8 /* of each queue, in a crash report */

static struct boot_info info;
static struct console console;
static struct ns16550 uart;
static struct appliance app;
static struct shell shell;
static struct rangeset usable;
static uint16_t ebda_segment;
static int info_err;
static bool have_apic;

/* What lies in memory that is not ours, before anything else is touched. */
static void copy_boot_facts(void)
{
    info_err = -EPROTO;
    if (boot_magic == MULTIBOOT2_MAGIC) {
        info_err =
            multiboot2_parse((const void *)(uintptr_t)boot_info_addr, MULTIBOOT2_MAX_BYTES, &info);
    }
    uintptr_t bda = BDA_EBDA_SEGMENT;
    __asm__("" : "+r"(bda)); /* not a null pointer to the compiler */
    ebda_segment = *(const volatile uint16_t *)bda;
}

/* console=ttyS0 | ttyS1 | 0x3f8; anything after a comma is the speed, which is always 115200. */
static uint16_t console_port(void)
{
    char word[WORD_BYTES];
    uint64_t port;

    if (!cmdline_get(info.cmdline, "console", word, sizeof(word))) {
        return NS16550_COM1;
    }
    char *comma = strchr(word, ',');
    if (comma) {
        *comma = '\0';
    }
    if (strcmp(word, "ttyS1") == 0) {
        return NS16550_COM2;
    }
    if (str_starts_with(word, "0x") && parse_u64_max(word, UINT16_MAX - 7, &port) == 0) {
        return (uint16_t)port;
    }
    return NS16550_COM1;
}

static void start_console(void)
{
    console_init(&console);
    if (ns16550_init(&uart, console_port(), &console) == 0) {
        console_attach(&console, &uart.dev);
        panic_set_output(&uart.raw);
    }
    log_set_sink(&console.out, LOG_INFO);

    char word[WORD_BYTES];
    cmdline_get(info.cmdline, "panic", word, sizeof(word));
    panic_set_action(strcmp(word, "reboot") == 0     ? PANIC_REBOOT
                     : strcmp(word, "poweroff") == 0 ? PANIC_POWER_OFF
                                                     : PANIC_HALT);
}

static void check_boot_facts(void)
{
    if (boot_magic != MULTIBOOT2_MAGIC) {
        panic("not started by a multiboot2 boot loader (eax was 0x%x)", boot_magic);
    }
    if (info_err) {
        log_warn("the boot loader's list breaks off; what came before is used");
    }
    if (info.cmdline_cut) {
        log_warn("the command line is longer than %u bytes and was cut", BOOT_CMDLINE_BYTES - 1);
    }
    if (!memmap_is_available(&info.map, image_phys, image_bytes())) {
        panic("the boot loader put the kernel over memory of the firmware "
              "(0x%llx, %llu KiB)",
              (unsigned long long)image_phys, (unsigned long long)(image_bytes() / KIB));
    }
}

/* Usable memory: without the kernel, and without what the boot loader loaded. */
static void find_usable_memory(uint64_t floor)
{
    memmap_usable(&info.map, floor, &usable);
    rangeset_remove(&usable, image_phys, image_phys + image_bytes());
    for (unsigned i = 0; i < info.module_count; i++) {
        const struct boot_module *module = &info.modules[i];
        rangeset_remove(&usable, ALIGN_DOWN(module->base, PAGE_BYTES),
                        ALIGN_UP(module->base + module->bytes, PAGE_BYTES));
    }
}

static void read_acpi(void)
{
    const uint8_t *rsdp = info.has_rsdp2   ? info.rsdp2
                          : info.has_rsdp1 ? info.rsdp1
                          : info.efi       ? NULL
                                           : acpi_scan_rsdp(ebda_segment);
    size_t len = rsdp == info.rsdp1 ? sizeof(info.rsdp1) : sizeof(info.rsdp2);

    if (!rsdp || acpi_init(rsdp, len)) {
        log_warn("no ACPI tables: one CPU, no power-off by software");
    }
}

static void start_clock(void)
{
    const struct acpi *acpi = acpi_get();
    const struct acpi_gas *timer = &acpi->fadt.pm_timer;

    clock_init(&(struct clock_sources){
        .hpet_phys = acpi->hpet_phys,
        .pm_timer_port = timer->space == ACPI_SPACE_IO ? (uint16_t)timer->addr : 0,
        .pm_timer_32bit = acpi->fadt.pm_timer_32bit,
    });
    log_set_clock(clock_now_ns);
}

static void delay_ns(void *ctx, uint64_t ns)
{
    (void)ctx;
    clock_delay_ns(ns);
}

static const struct pci_access pci_ports = {
    .read32 = pci_cf8_read32,
    .write32 = pci_cf8_write32,
    .delay_ns = delay_ns,
};

/* After the controllers are quiet: their old queues may lie in memory that is called free. */
static void open_memory(void)
{
    find_usable_memory(FIRST_USABLE);
    pages_init(&usable);
    if (pages_total_bytes() == 0) {
        panic("the boot loader's map has no usable memory");
    }
}

static void route_serial_irq(void)
{
    unsigned irq = uart.port == NS16550_COM2 ? NS16550_COM2_IRQ : NS16550_COM1_IRQ;

    if (!have_apic || console.device_count == 0) {
        return;
    }
    interrupts_handle_isa(irq, ns16550_interrupt, &uart);
    if (ioapic_route_isa(&acpi_get()->madt, irq, apic_id())) {
        log_info("the serial line has no interrupt: it is polled");
        return;
    }
    ns16550_enable_irq(&uart);
}

/* watchdog=SECONDS; 0: off. */
static void start_watchdog(void)
{
    uint64_t limit_s = WATCHDOG_DEFAULT_S;
    char word[WORD_BYTES];

    if (cmdline_get(info.cmdline, "watchdog", word, sizeof(word)) &&
        parse_u64_max(word, WATCHDOG_MAX_S, &limit_s)) {
        log_error("watchdog=%s: not a number of seconds up to %u; it stays at %u", word,
                  WATCHDOG_MAX_S, WATCHDOG_DEFAULT_S);
        limit_s = WATCHDOG_DEFAULT_S;
    }
    watchdog_init((unsigned)limit_s);
    watchdog_start_cpu();
}

static void start_interrupts(void)
{
    const struct acpi *acpi = acpi_get();
    uint64_t lapic = acpi->has_madt && acpi->madt.lapic_addr ? acpi->madt.lapic_addr : 0xfee00000;
    char word[WORD_BYTES];

    pic_disable();
    cmdline_get(info.cmdline, "x2apic", word, sizeof(word));
    if (apic_init(lapic, strcmp(word, "off") != 0)) {
        log_error("the local APIC cannot be reached: no interrupts, one CPU");
        return;
    }
    have_apic = true;
    smp_note_boot_apic_id(apic_id());
    ioapic_init(&acpi->madt);
    cpu_sti();
    apic_calibrate_timer();
    route_serial_irq();
    machine_check_init(true);
    start_watchdog();
}

/* The highest usable page below 640 KiB and below the EBDA; 0: there is none. */
static uint64_t trampoline_page(void)
{
    uint64_t end = LOW_MEMORY_END;
    uint64_t ebda = (uint64_t)ebda_segment << 4;
    uint64_t page = 0;

    if (!info.efi && ebda >= 0x80000 && ebda < end) {
        end = ebda;
    }
    find_usable_memory(PAGE_BYTES);
    for (unsigned i = 0; i < usable.count && usable.ranges[i].base < end; i++) {
        uint64_t last = ALIGN_DOWN(MIN(usable.ranges[i].end, end), PAGE_BYTES);
        if (last >= usable.ranges[i].base + PAGE_BYTES) {
            page = last - PAGE_BYTES;
        }
    }
    return page;
}

static void start_cpus(void)
{
    const struct acpi_madt *madt = &acpi_get()->madt;
    uint64_t page = trampoline_page();
    bool nosmp = cmdline_has(info.cmdline, "nosmp");

    if (!have_apic || !acpi_get()->has_madt) {
        return;
    }
    if (page == 0 && madt->cpu_count > 1) {
        log_warn("no free page below 1 MiB: one CPU");
    }
    smp_start(madt->cpu_apic_id, madt->cpu_count, page, page != 0 && !nosmp,
              nosmp ? "not started (nosmp)" : "not started");
}

static void open_ramdisk(void)
{
    char word[WORD_BYTES];
    uint64_t bytes;

    if (!cmdline_get(info.cmdline, "ramdisk", word, sizeof(word))) {
        return;
    }
    if (parse_size(word, &bytes)) {
        log_error("ramdisk=%s: not a size; write for example ramdisk=16m", word);
        return;
    }
    disks_add_ramdisk(&app, bytes);
}

/* Queue pair n belongs to CPU n. */
static unsigned last_online_cpu(void)
{
    unsigned last = 0;

    for (unsigned i = 1; i < smp_count(); i++) {
        last = smp_online(i) ? i : last;
    }
    return last;
}

/* The last part of a crash report. */
static void report_controllers(struct out *out)
{
    for (unsigned i = 0; i < app.ctrlr_count; i++) {
        if (app.ctrlrs[i].nvme) {
            nvme_recorder_dump(app.ctrlrs[i].nvme, out, RECORDED_COMMANDS);
        }
    }
}

static void open_disks(void)
{
    struct nvme_options opt = nvme_default_options();
    static struct pci_bus bus;
    char dbbuf[4], sgl[4], cmb[4];

    opt.poll_only = !have_apic || cmdline_has(info.cmdline, "poll");
    opt.shadow_doorbells =
        cmdline_get(info.cmdline, "dbbuf", dbbuf, sizeof(dbbuf)) && strcmp(dbbuf, "1") == 0;
    if (cmdline_has(info.cmdline, "nohmb")) {
        opt.host_memory_bytes = 0;
    }
    opt.sgl = cmdline_get(info.cmdline, "sgl", sgl, sizeof(sgl)) && strcmp(sgl, "1") == 0;
    opt.cmb = cmdline_get(info.cmdline, "cmb", cmb, sizeof(cmb)) && strcmp(cmb, "1") == 0;
    opt.max_io_qpairs = MIN(opt.max_io_qpairs, last_online_cpu() + 1);
    int err = block_registry_create(&app.blocks);
    if (err) {
        panic("no memory for the list of disks");
    }
    err = pci_scan(&bus, &pci_ports);
    if (err) {
        log_error("PCI could not be searched: %s", errno_text(err));
    }
    app.pci = &bus;
    disks_attach(&app, &opt);
    panic_set_report(report_controllers);
    if (!cmdline_has(info.cmdline, "nohotplug")) {
        hotplug_start(&app, &info, &opt);
    }
    open_ramdisk();
    err = fs_create(app.blocks, &app.fs);
    if (err) {
        panic("no memory for the file systems");
    }
}

/* Their pages were kept out of the free memory by find_usable_memory(). */
static void list_modules(void)
{
    static_assert(BOOT_MAX_MODULES <= APPLIANCE_MAX_MODULES, "each has its place");
    for (unsigned i = 0; i < info.module_count; i++) {
        app.modules[i] = (struct appliance_module){
            .name = info.modules[i].name,
            .data = (const char *)(uintptr_t)info.modules[i].base,
            .len = info.modules[i].bytes,
        };
    }
    app.module_count = info.module_count;
}

static void crash_on_request(void)
{
    char word[WORD_BYTES];

    if (cmdline_get(info.cmdline, "crash", word, sizeof(word))) {
        crash_provoke(word);
    }
}

/* Unattended commands: first those of the virtual machine, then those of the command line. */
static void run_scripts(void)
{
    static char script[SCRIPT_BYTES];

    int len = fw_cfg_read_text("opt/carillon/run", script, sizeof(script));
    if (len == -EOVERFLOW) {
        log_error("opt/carillon/run is longer than %u bytes: it is not run", SCRIPT_BYTES - 1);
    } else if (len > 0) {
        shell_run_script(&shell, script);
    }
    if (cmdline_get(info.cmdline, "run", script, sizeof(script))) {
        shell_run_script(&shell, script);
    }
}

static void start_shell(void)
{
    shell_init(&shell, &app, &console.out);
    log_info("prompt after %llu ms", (unsigned long long)(clock_now_ns() / NS_PER_MS));
    log_set_sink(&shell.notices, LOG_WARN);
    run_scripts();
    shell_interact(&shell);
}

/* Called by boot/entry.asm on the first stack, with interrupts off. */
void kmain(void)
{
    copy_boot_facts();
    panic_seed_canary();
    smp_init_boot_cpu();
    start_console();
    check_boot_facts();
    paging_init();
    smp_guard_boot_cpu();
    read_acpi();
    start_clock();
    disks_quiesce(&pci_ports);
    open_memory();
    start_interrupts();
    start_cpus();
    app.machine = board_machine(&info);
    app.console = &console;
    open_disks();
    list_modules();
    banner_print(&app, &info, &console.out);
    crash_on_request();
    appliance_watch_events(&app);
    start_shell();
    panic("the shell ended");
}
