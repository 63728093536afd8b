/*
 * arch/x86_64/pci_cf8.h - PCI configuration space by port I/O (PCI 3.0 §3.2.2.3.2): segment 0, the
 * first 256 bytes of each function.
 */
#pragma once

#include <stdint.h>

/* Dwords; off is a multiple of 4. Safe on every CPU: address and data go under one lock. */
uint32_t pci_cf8_read32(void *ctx, uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off);
void pci_cf8_write32(void *ctx, uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off, uint32_t val);

/* One byte, without the lock: for resets. */
void pci_cf8_write8(uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off, uint8_t val);
