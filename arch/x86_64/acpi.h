/*
 * arch/x86_64/acpi.h - finds the ACPI tables in memory; lib/acpi_tables.h reads them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/acpi_tables.h"
#include "lib/compiler.h"

struct acpi {
    bool has_madt, has_fadt, has_s5;
    struct acpi_madt madt;
    struct acpi_fadt fadt;
    uint64_t hpet_phys; /* 0: none */
    uint8_t s5_typ_a, s5_typ_b;
    const uint8_t *dsdt; /* NULL: none */
    uint32_t dsdt_bytes;
};

/* The RSDP in the places where a BIOS puts it: the first KiB of the EBDA, and 0xE0000..0xFFFFF.
 * ebda: its segment from the BIOS data area. NULL: none. */
const uint8_t *acpi_scan_rsdp(uint16_t ebda_segment);

/* Reads the tables. 0, or -ENODEV (no usable RSDP or root table); a damaged table is logged and,
 * where only its checksum is wrong, used. */
int acpi_init(const uint8_t *rsdp, size_t len) must_check;

const struct acpi *acpi_get(void);
