/*
 * drivers/pci/pci_internal.h - what the files of drivers/pci share. Nobody else includes it.
 */
#pragma once

#include "drivers/pci/pci.h"

/* Writes the addresses that pci_scan found into the BARs again. */
void pci_restore_bars(const struct pci_function *f);
