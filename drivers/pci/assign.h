/*
 * drivers/pci/assign.h - addresses for the memory of a function that was added at run time, and
 * which no firmware has set up.
 */
#pragma once

#include "drivers/pci/pci.h"
#include "lib/compiler.h"
#include "lib/memmap.h"

/*
 * Gives each memory BAR of f an address: in a window of the bridge above it, or, on a root bus, in
 * one of holes, and there only in one in which the firmware has put memory of a function already:
 * that is known to lead to PCI. What has an address that can stay keeps it. Nothing that bus knows
 * of is overlapped. Lets the bridges above forward memory accesses both ways, and sets the largest
 * payload to what they use. I/O ports are not assigned, and f's memory decoding must be off. f: not
 * on the list of bus yet; holes NULL: there are none.
 * 0; -ENOSPC (no room, which was logged): f must not be enabled.
 */
int pci_assign(const struct pci_bus *bus, const struct rangeset *holes, struct pci_function *f)
    must_check;
