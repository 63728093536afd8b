/*
 * arch/x86_64/apic.h - local APICs, the I/O APICs and the 8259s that must be silent (Intel SDM
 * vol. 3 chapter 10; 82093AA; 8259A).
 *
 * x2APIC mode is used when the firmware has switched to it or the CPU offers it, because then all
 * identifiers can be reached; otherwise the registers at the address of the MADT.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/acpi_tables.h"
#include "lib/compiler.h"

/* Vectors that are not given out. 0x20..0x2f belong to the 8259s, which are masked. */
#define VECTOR_8259       0x20
#define VECTOR_FIRST_FREE 0x30
#define VECTOR_LAST_FREE  0xdf
#define VECTOR_ISA        0xe0 /* + ISA interrupt number */
#define VECTOR_WAKE       0xf0 /* another CPU has a job for this one, or is done with its own */
#define VECTOR_TIMER      0xf1
#define VECTOR_APIC_ERROR 0xf2
#define VECTOR_SPURIOUS   0xff

/* Read by boot/ap_entry.asm. */
extern uint8_t apic_mode_x2;
extern volatile uint32_t *apic_mmio;

/* The 8259s moved away from the exceptions and masked. */
void pic_disable(void);

/* Chooses the mode, maps the registers and sets the calling CPU's APIC up. 0, or -ENODEV (the
 * registers cannot be mapped); then there are no interrupts and no other CPUs. */
int apic_init(uint64_t mmio_phys, bool allow_x2apic) must_check;
/* The same for each further CPU. */
void apic_init_cpu(void);

uint32_t apic_id(void); /* the calling CPU's */
void apic_eoi(void);
void apic_ipi(uint32_t id, uint8_t vector);
void apic_send_init(uint32_t id);
void apic_send_startup(uint32_t id, uint8_t page);
void apic_send_nmi(uint32_t id);
/* An NMI to every CPU but this one. Nothing happens before apic_init(). */
void apic_nmi_others(void);

/* Measures the timer against the clock; takes about 2 ms. */
void apic_calibrate_timer(void);
/* One VECTOR_TIMER interrupt after ns; false when the timer was not calibrated. */
bool apic_arm_timer(uint64_t ns);

/* Masks every input of every I/O APIC. */
void ioapic_init(const struct acpi_madt *madt);
/* Sends an ISA interrupt to VECTOR_ISA + irq on the CPU with this identifier (at most 255).
 * 0 or -ENODEV (no I/O APIC has that input, or it cannot reach the CPU). */
int ioapic_route_isa(const struct acpi_madt *madt, unsigned irq, uint32_t id) must_check;
