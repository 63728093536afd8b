/*
 * lib/acpi_tables.h - the ACPI tables the kernel needs, read from bytes (ACPI 6.3 §5.2).
 *
 * Pure functions over a table and the length that can be read; every field is checked against it.
 * Fields that were added later are used only when the table is long enough and they are not zero.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define ACPI_HEADER_BYTES 36 /* of every table but the RSDP and the FACS */
#define ACPI_MAX_CPUS     256
#define ACPI_MAX_IOAPICS  16
#define ACPI_ISA_IRQS     16

/* The bytes of a table add up to zero. */
bool acpi_checksum_ok(const uint8_t *table, size_t len);

/* The addresses of the root tables in an RSDP of len bytes (20 or 36). *xsdt is 0 when the RSDP is
 * of ACPI 1.0 or its extended part is damaged. 0 or -EPROTO (signature or checksum). */
int acpi_parse_rsdp(const uint8_t *rsdp, size_t len, uint32_t *rsdt, uint64_t *xsdt) must_check;

/* Length in a table's header, or 0 when the header makes no sense. */
uint32_t acpi_table_bytes(const uint8_t *header);

/* Entry number index of an RSDT (4-byte entries) or an XSDT (8-byte entries), or 0 past the end. */
uint64_t acpi_root_entry(const uint8_t *root, size_t len, unsigned entry_bytes, unsigned index);

struct acpi_ioapic {
    uint32_t addr;
    uint32_t gsi_base;
};

/* Where an ISA interrupt arrives. */
struct acpi_irq {
    uint32_t gsi;
    bool active_low;
    bool level;
};

struct acpi_madt {
    uint64_t lapic_addr;
    unsigned cpu_count;
    unsigned cpus_dropped;               /* enabled, beyond ACPI_MAX_CPUS */
    unsigned cpus_disabled;              /* listed, and not there */
    uint32_t cpu_apic_id[ACPI_MAX_CPUS]; /* of the enabled CPUs, each once */
    unsigned ioapic_count;
    struct acpi_ioapic ioapic[ACPI_MAX_IOAPICS];
    struct acpi_irq isa[ACPI_ISA_IRQS]; /* overrides are in, the rest is the identity */
};

/* 0 or -EPROTO (too short, or an entry without length; what came before it is in out). */
int acpi_parse_madt(const uint8_t *madt, size_t len, struct acpi_madt *out) must_check;

enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };

/* A register (§5.2.3.2). */
struct acpi_gas {
    uint8_t space;
    uint8_t bits;
    uint64_t addr; /* 0: there is none */
};

struct acpi_fadt {
    uint64_t dsdt;
    struct acpi_gas pm_timer;
    bool pm_timer_32bit;
    struct acpi_gas pm1a_control, pm1b_control;
    uint16_t smi_command; /* port; 0: always in ACPI mode */
    uint8_t acpi_enable;
    struct acpi_gas reset;
    uint8_t reset_value;
    bool has_reset;
    bool hw_reduced;
    struct acpi_gas sleep_control;
};

/* 0 or -EPROTO (too short). */
int acpi_parse_fadt(const uint8_t *fadt, size_t len, struct acpi_fadt *out) must_check;

/* Physical address of the HPET's registers, or 0. */
uint64_t acpi_parse_hpet(const uint8_t *hpet, size_t len);

/* Looks for the package _S5_ in a DSDT or SSDT: the sleep types for PM1a and PM1b. */
bool acpi_find_s5(const uint8_t *table, size_t len, uint8_t *typ_a, uint8_t *typ_b);
