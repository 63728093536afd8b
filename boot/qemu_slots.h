/*
 * boot/qemu_slots.h - slots that QEMU switches by ACPI: the ports behind its AML methods, which we
 * have no interpreter for (QEMU docs/specs/acpi_pci_hotplug). On any other machine there are none.
 */
#pragma once

#include "drivers/pci/pci.h"
#include "lib/compiler.h"

/* True: the machine is QEMU's, and has such slots. bus: the list of functions. Once. */
bool qemu_slots_find(const struct pci_bus *bus);

/* The device of f is to be removed. */
bool qemu_slots_asks(const struct pci_bus *bus, const struct pci_function *f);

/* Removes it. 0, -ENOTSUP (no such slot). */
int qemu_slots_eject(const struct pci_bus *bus, const struct pci_function *f) must_check;
