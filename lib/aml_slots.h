/*
 * lib/aml_slots.h - finds out from the ACPI tables of QEMU which of its hot-plug selectors belongs
 * to which PCI bus.
 *
 * QEMU names each bus with slots that ACPI switches by an integer object BSEL in the device that
 * the bus lies behind (QEMU docs/specs/acpi_pci_hotplug). To find these the nesting of devices and
 * scopes is followed; nothing is interpreted. Nothing in the table is trusted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define AML_SLOTS_MAX_DEPTH 8

struct aml_slots_bus {
    uint32_t selector;
    unsigned depth;                    /* bridges between the root bus and this one */
    uint8_t path[AML_SLOTS_MAX_DEPTH]; /* each as device << 3 | function */
};

/* Fills at most room entries from aml, len bytes: a DSDT or SSDT without its header. Returns how
 * many. */
unsigned aml_slots_find(const uint8_t *aml, size_t len, struct aml_slots_bus *buses, unsigned room);
