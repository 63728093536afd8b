/*
 * arch/x86_64/power.c - switching off by ACPI S5 (ACPI 6.3 §4.8.3.2, §7.4.2), and the ladder of
 * resets: ACPI register, chipset, keyboard controller, triple fault.
 */
#include "arch/x86_64/power.h"

#include <stdint.h>

#include "lib/log.h"

#include "arch/x86_64/acpi.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/pci_cf8.h"
#include "arch/x86_64/watchdog.h"

#define PM1_SCI_EN  0x0001
#define PM1_SLP_TYP GENMASK64(12, 10)
#define PM1_SLP_EN  BIT64(13)

/* Sleep control register of hardware-reduced ACPI (§4.8.3.7). */
#define SLEEP_TYP GENMASK64(4, 2)
#define SLEEP_EN  BIT64(5)

#define ACPI_MODE_NS  (3 * NS_PER_S) /* for the firmware to hand over */
#define POWER_OFF_NS  (5 * NS_PER_S)
#define RESET_STEP_NS (20 * NS_PER_MS)

#define PORT_RESET_CONTROL 0xcf9
#define RESET_CONTROL_HARD 0x02
#define RESET_CONTROL_GO   0x06
#define PORT_KEYBOARD      0x64
#define KEYBOARD_FULL      0x02
#define KEYBOARD_RESET     0xfe
#define KEYBOARD_TRIES     10

/* Also panics come here, where the clock may not be calibrated: count as well. */
static void pause_ns(uint64_t ns)
{
    if (clock_tsc_hz() != 0) {
        clock_delay_ns(ns);
        return;
    }
    for (unsigned i = 0; i < 1000000; i++) {
        cpu_pause();
    }
}

static void write_register(const struct acpi_gas *gas, uint8_t val)
{
    if (gas->space == ACPI_SPACE_IO) {
        io_out8((uint16_t)gas->addr, val);
    } else if (gas->space == ACPI_SPACE_MEMORY) {
        volatile uint8_t *reg = paging_map_mmio(gas->addr, 1);
        if (reg) {
            *reg = val;
        }
    } else if (gas->space == ACPI_SPACE_PCI) {
        /* Device, function and offset on bus 0 (table 5-1). */
        pci_cf8_write8(0, (gas->addr >> 32) & 0x1f, (gas->addr >> 16) & 7, gas->addr & 0xff, val);
    }
}

static void enter_acpi_mode(const struct acpi_fadt *fadt)
{
    uint16_t pm1a = (uint16_t)fadt->pm1a_control.addr;

    if (fadt->smi_command == 0 || fadt->acpi_enable == 0 || (io_in16(pm1a) & PM1_SCI_EN)) {
        return;
    }
    io_out8(fadt->smi_command, fadt->acpi_enable);
    for (uint64_t waited = 0; waited < ACPI_MODE_NS && !(io_in16(pm1a) & PM1_SCI_EN);
         waited += NS_PER_MS) {
        pause_ns(NS_PER_MS);
    }
}

/* The type first and the enable bit in a second write, which some chipsets need. */
static void sleep_by_port(const struct acpi_gas *control, uint8_t typ)
{
    uint16_t port = (uint16_t)control->addr;

    if (port == 0 || control->space != ACPI_SPACE_IO) {
        return;
    }
    uint64_t val = io_in16(port) & ~(PM1_SLP_TYP | PM1_SLP_EN);
    val |= FIELD_PREP(PM1_SLP_TYP, typ);
    io_out16(port, (uint16_t)val);
    io_out16(port, (uint16_t)(val | PM1_SLP_EN));
}

void power_off(void)
{
    const struct acpi *acpi = acpi_get();

    watchdog_stop();
    cpu_cli();
    if (acpi->has_fadt && acpi->has_s5 && acpi->fadt.hw_reduced) {
        write_register(&acpi->fadt.sleep_control,
                       (uint8_t)(FIELD_PREP(SLEEP_TYP, acpi->s5_typ_a) | SLEEP_EN));
    } else if (acpi->has_fadt && acpi->has_s5) {
        enter_acpi_mode(&acpi->fadt);
        sleep_by_port(&acpi->fadt.pm1a_control, acpi->s5_typ_a);
        sleep_by_port(&acpi->fadt.pm1b_control, acpi->s5_typ_b);
    }
    if (acpi->has_s5) {
        pause_ns(POWER_OFF_NS);
    }
    log_error("the machine did not switch itself off; it is safe to switch it off now");
    cpu_halt_forever();
}

static void reset_by_keyboard(void)
{
    for (unsigned i = 0; i < KEYBOARD_TRIES; i++) {
        uint8_t status = io_in8(PORT_KEYBOARD);
        if (status == 0xff) {
            return; /* there is none */
        }
        if (!(status & KEYBOARD_FULL)) {
            io_out8(PORT_KEYBOARD, KEYBOARD_RESET);
        }
        pause_ns(NS_PER_MS);
    }
}

/* An exception without a table to look it up in resets the CPU. */
static void reset_by_fault(void)
{
    struct {
        uint16_t limit;
        uint64_t base __attribute__((aligned(2)));
    } none = {0, 0};

    __asm__ volatile("lidt %0; int3" : : "m"(none));
}

void power_reset(void)
{
    const struct acpi_fadt *fadt = &acpi_get()->fadt;

    watchdog_stop();
    cpu_cli();
    if (fadt->has_reset) {
        write_register(&fadt->reset, fadt->reset_value);
        pause_ns(RESET_STEP_NS);
    }
    io_out8(PORT_RESET_CONTROL, RESET_CONTROL_HARD);
    pause_ns(50 * NS_PER_US);
    io_out8(PORT_RESET_CONTROL, RESET_CONTROL_GO);
    pause_ns(RESET_STEP_NS);
    reset_by_keyboard();
    reset_by_fault();
    cpu_halt_forever();
}
