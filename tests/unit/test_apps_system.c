/*
 * tests/unit/test_apps_system.c - the system commands on a made-up machine and a made-up PCI bus.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_pci.h"

#include "apps/commands.h"
#include "apps/system/size_text.h"
#include "lib/errno.h"
#include "lib/log.h"

static struct {
    struct machine machine;
    uint64_t now_ns;
    unsigned reboots, power_offs;
} fake;

static struct fake_pci pci;
static struct appliance app;
static struct shell sh;
static struct out_buf text;
static char text_bytes[8192];

static uint64_t fake_now(void *ctx)
{
    (void)ctx;
    return fake.now_ns;
}

static unsigned fake_cpu_count(void *ctx)
{
    (void)ctx;
    return 3;
}

static void fake_cpu_info(void *ctx, unsigned cpu, struct machine_cpu *out)
{
    static const struct machine_cpu cpus[] = {
        {.index = 0, .apic_id = 0, .online = true, .busy = true, .what = "shell"},
        {.index = 1, .apic_id = 2, .online = true, .busy = false, .what = "idle"},
        {.index = 2, .apic_id = 4, .online = false, .busy = false, .what = "did not start"},
    };
    (void)ctx;
    *out = cpus[cpu];
}

static void fake_memory_info(void *ctx, struct machine_memory *out)
{
    (void)ctx;
    *out = (struct machine_memory){.total_bytes = 64 * MIB,
                                   .free_bytes = 60 * MIB + 512 * KIB,
                                   .kernel_bytes = 300 * KIB,
                                   .heap_bytes = 1000,
                                   .dma_bytes = 0};
}

static void fake_memory_map(void *ctx, struct out *out)
{
    (void)ctx;
    out_puts(out, "the map\n");
}

static void fake_reboot(void *ctx)
{
    (void)ctx;
    fake.reboots++;
}

static void fake_power_off(void *ctx)
{
    (void)ctx;
    fake.power_offs++;
}

static int set_up(void **state)
{
    (void)state;
    memset(&pci, 0, sizeof(pci));
    memset(&app, 0, sizeof(app));
    memset(&fake, 0, sizeof(fake));
    fake.machine = (struct machine){
        .cpu_model = "A CPU of some kind",
        .tsc_hz = 2500000000,
        .tsc_source = "the PM timer",
        .now_ns = fake_now,
        .cpu_count = fake_cpu_count,
        .cpu_info = fake_cpu_info,
        .memory_info = fake_memory_info,
        .memory_map = fake_memory_map,
        .reboot = fake_reboot,
        .power_off = fake_power_off,
    };
    app.machine = &fake.machine;
    out_buf_init(&text, text_bytes, sizeof(text_bytes));
    shell_init(&sh, &app, &text.out);
    return 0;
}

/* Runs a command of one or two words; what it printed is in text_bytes. */
static int run(const struct shell_cmd *cmd, const char *arg)
{
    char name[16], word[32];
    char *argv[] = {name, word, NULL};

    str_format(name, sizeof(name), "%s", cmd->name);
    str_format(word, sizeof(word), "%s", arg ? arg : "");
    out_buf_init(&text, text_bytes, sizeof(text_bytes));
    int err = cmd->run(&sh, arg ? 2 : 1, argv);
    assert_false(text.truncated);
    return err;
}

static void test_lspci(void **state)
{
    struct pci_access access = fake_access(&pci);
    struct pci_bus bus;

    (void)state;
    struct fake_function *port = fake_add(&pci, 0, 2, 0, 0x000c1b36, 0x06040000);
    port->reg[PCI_HEADER / 4] = FIELD_PREP(PCI_HEADER_TYPE, PCI_HEADER_TYPE_BRIDGE);
    port->reg[PCI_BUS_NUMBERS / 4] = 0x00030100;
    struct fake_function *nvme = fake_add(&pci, 1, 0, 0, 0x00101b36, 0x01080202);
    fake_bar64(nvme, 0, UINT64_C(0xe000000000), 16384);
    fake_bar32(nvme, 2, 0xc041, 64);
    fake_bar32(nvme, 3, 0, 4096);
    fake_cap(nvme, 0x80, PCI_CAP_ID_PCIE, 0x0002);
    nvme->reg[0x8c / 4] = 0x00000044;
    nvme->reg[0x90 / 4] = 0x00210000;
    assert_int_equal(pci_scan(&bus, &access), 0);
    app.pci = &bus;
    app.ctrlr_count = 1;
    app.ctrlrs[0] = (struct appliance_ctrlr){
        .name = "nvme0", .nvme = NULL, .err = -ETIMEDOUT, .pci = &bus.functions[1]};

    assert_int_equal(run(&cmd_lspci, NULL), 0);
    assert_string_equal(text_bytes,
                        "00:02.0  1b36:000c  PCI bridge to bus 01-03\n"
                        "01:00.0  1b36:0010  Non-Volatile memory controller"
                        "  [nvme0: no answer within the deadline]\n"
                        "        BAR0  0xe000000000, 16 KiB, 64-bit memory\n"
                        "        BAR2  0xc040, 64 B, I/O ports\n"
                        "        BAR3  not assigned by the firmware, 4 KiB, 32-bit memory\n"
                        "        link  2.5 GT/s x2, at most 16 GT/s x4 (runs below what it can)\n");
    pci_release(&bus);
}

static void test_lspci_empty(void **state)
{
    struct pci_bus bus = {.count = 0};

    (void)state;
    assert_int_equal(run(&cmd_lspci, NULL), 0);
    assert_string_equal(text_bytes, "No PCI function was found.\n");
    app.pci = &bus;
    assert_int_equal(run(&cmd_lspci, NULL), 0);
    assert_string_equal(text_bytes, "No PCI function was found.\n");
}

static void test_cpus(void **state)
{
    (void)state;
    assert_int_equal(run(&cmd_cpus, NULL), 0);
    assert_string_equal(text_bytes, "A CPU of some kind\n"
                                    "TSC 2500.000 MHz, calibrated against the PM timer\n"
                                    "\n"
                                    "CPU  APIC ID  State    Runs              Queue pairs\n"
                                    "---  -------  -------  ----------------  -----------\n"
                                    "  0        0  busy     shell             -\n"
                                    "  1        2  online   idle              -\n"
                                    "  2        4  offline  did not start     -\n");
}

static void test_mem(void **state)
{
    (void)state;
    assert_int_equal(run(&cmd_mem, NULL), 0);
    assert_string_equal(text_bytes, "total            64 MiB\n"
                                    "free          60.50 MiB\n"
                                    "kernel          300 KiB\n"
                                    "heap             1000 B\n"
                                    "devices             0 B\n");
    assert_int_equal(run(&cmd_mem, "map"), 0);
    assert_string_equal(text_bytes, "the map\n");
    assert_int_equal(run(&cmd_mem, "mop"), -EINVAL);
    assert_non_null(strstr(text_bytes, "'mop'"));
}

static void test_uptime(void **state)
{
    (void)state;
    fake.now_ns = UINT64_C(61) * NS_PER_S + 7 * NS_PER_MS;
    assert_int_equal(run(&cmd_uptime, NULL), 0);
    assert_string_equal(text_bytes, "up 00:01:01.007\n");
    fake.now_ns = (2 * 86400 + 3 * 3600 + 4 * 60 + 5) * NS_PER_S;
    assert_int_equal(run(&cmd_uptime, NULL), 0);
    assert_string_equal(text_bytes, "up 2 days 03:04:05.000\n");
    fake.now_ns = UINT64_C(86400) * NS_PER_S;
    assert_int_equal(run(&cmd_uptime, NULL), 0);
    assert_string_equal(text_bytes, "up 1 day 00:00:00.000\n");
}

static void test_dmesg(void **state)
{
    (void)state;
    log_reset();
    log_info("something happened");
    assert_int_equal(run(&cmd_dmesg, NULL), 0);
    assert_non_null(strstr(text_bytes, "something happened\n"));
    log_reset();
}

static void test_power(void **state)
{
    (void)state;
    assert_int_equal(run(&cmd_reboot, NULL), 0);
    assert_int_equal(fake.reboots, 1);
    assert_int_equal(run(&cmd_poweroff, NULL), 0);
    assert_int_equal(fake.reboots, 1);
    assert_int_equal(fake.power_offs, 1);
}

static void test_list_without_controllers(void **state)
{
    (void)state;
    assert_int_equal(run(&cmd_list, NULL), 0);
    assert_string_equal(text_bytes, "No NVMe controller was found.\n");
    struct pci_function raid = {
        .bus = 0, .dev = 0x17, .vendor_id = 0x8086, .base_class = 1, .sub_class = 4};
    struct pci_bus bus = {.functions = &raid, .count = 1};
    app.pci = &bus;
    assert_int_equal(run(&cmd_list, NULL), 0);
    assert_non_null(strstr(text_bytes, "\nThe RAID controller 00:17.0 may hide NVMe disks"));
    app.ctrlr_count = 1;
    app.ctrlrs[0] = (struct appliance_ctrlr){.name = "nvme0", .nvme = NULL, .err = -ETIMEDOUT};
    assert_int_equal(run(&cmd_list, NULL), 0);
    assert_non_null(strstr(text_bytes, "nvme0 did not come up: no answer within the deadline"));
}

static void test_size_text(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *binary, *decimal;
    } cases[] = {
        {0, "0 B", "  0.00   B"},
        {512, "512 B", "512.00   B"},
        {1023, "1023 B", "  1.02  kB"},
        {1024, "1 KiB", "  1.02  kB"},
        {1536, "1.50 KiB", "  1.54  kB"},
        {999994, "976.56 KiB", "999.99  kB"},
        {999996, "976.56 KiB", "  1.00  MB"},
        {UINT64_C(1024209543168), "953.87 GiB", "  1.02  TB"},
        {8 * GIB, "8 GiB", "  8.59  GB"},
        {UINT64_MAX, "16.00 EiB", " 18.45  EB"},
    };
    char buf[SIZE_TEXT_BYTES];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_string_equal(size_text_binary(cases[i].bytes, buf, sizeof(buf)), cases[i].binary);
        assert_string_equal(size_text_decimal(cases[i].bytes, buf, sizeof(buf)), cases[i].decimal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lspci, set_up),
        cmocka_unit_test_setup(test_lspci_empty, set_up),
        cmocka_unit_test_setup(test_cpus, set_up),
        cmocka_unit_test_setup(test_mem, set_up),
        cmocka_unit_test_setup(test_uptime, set_up),
        cmocka_unit_test_setup(test_dmesg, set_up),
        cmocka_unit_test_setup(test_power, set_up),
        cmocka_unit_test_setup(test_list_without_controllers, set_up),
        cmocka_unit_test(test_size_text),
    };
    return cmocka_run_group_tests_name("apps system", tests, NULL, NULL);
}
