/*
 * arch/x86_64/pci_cf8.c - PCI configuration space by port I/O.
 */
#include "arch/x86_64/pci_cf8.h"

#include "lib/bitfield.h"
#include "lib/spinlock.h"

#include "arch/x86_64/io.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc

#define ADDRESS_ENABLE   BIT64(31)
#define ADDRESS_BUS      GENMASK64(23, 16)
#define ADDRESS_DEVICE   GENMASK64(15, 11)
#define ADDRESS_FUNCTION GENMASK64(10, 8)
#define ADDRESS_REGISTER GENMASK64(7, 2)

static struct spinlock lock; /* between the address and the data */

static void select_register(uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off)
{
    io_out32(PORT_ADDRESS,
             (uint32_t)(ADDRESS_ENABLE | FIELD_PREP(ADDRESS_BUS, bus) |
                        FIELD_PREP(ADDRESS_DEVICE, dev) | FIELD_PREP(ADDRESS_FUNCTION, fn) |
                        FIELD_PREP(ADDRESS_REGISTER, off >> 2)));
}

uint32_t pci_cf8_read32(void *ctx, uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off)
{
    (void)ctx;
    spin_lock(&lock);
    select_register(bus, dev, fn, off);
    uint32_t val = io_in32(PORT_DATA);
    spin_unlock(&lock);
    return val;
}

void pci_cf8_write32(void *ctx, uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off, uint32_t val)
{
    (void)ctx;
    spin_lock(&lock);
    select_register(bus, dev, fn, off);
    io_out32(PORT_DATA, val);
    spin_unlock(&lock);
}

void pci_cf8_write8(uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off, uint8_t val)
{
    select_register(bus, dev, fn, off);
    io_out8((uint16_t)(PORT_DATA + (off & 3)), val);
}
