/*
 * boot/qemu_slots.c - slots that QEMU switches by ACPI.
 */
#include "boot/qemu_slots.h"

#include "lib/aml_slots.h"
#include "lib/errno.h"

#include "arch/x86_64/acpi.h"
#include "arch/x86_64/fw_cfg.h"
#include "arch/x86_64/io.h"

#define VENDOR_INTEL  0x8086
#define HOST_I440FX   0x1237
#define HOST_Q35      0x29c0
#define PORTS_I440FX  0xae00
#define PORTS_Q35     0x0cc0

/* From the first port on; one bit for each device of the bus that is selected. */
#define PORT_DOWN   0x04 /* read: the device is to be removed */
#define PORT_EJECT  0x08 /* write: remove it */
#define PORT_SELECT 0x10

#define MAX_BUSES 64

static struct aml_slots_bus buses[MAX_BUSES];
static unsigned bus_count;
static uint16_t ports;

bool qemu_slots_find(const struct pci_bus *bus)
{
    const struct pci_function *host = pci_bus_find(bus, 0, 0, 0);
    const struct acpi *acpi = acpi_get();

    if (!host || host->vendor_id != VENDOR_INTEL || !acpi->dsdt ||
        acpi->dsdt_bytes < ACPI_HEADER_BYTES || !fw_cfg_is_present()) {
        return false;
    }
    ports = host->device_id == HOST_I440FX ? PORTS_I440FX
            : host->device_id == HOST_Q35  ? PORTS_Q35
                                           : 0;
    bus_count = ports ? aml_slots_find(acpi->dsdt + ACPI_HEADER_BYTES,
                                       acpi->dsdt_bytes - ACPI_HEADER_BYTES, buses, MAX_BUSES)
                      : 0;
    return bus_count > 0;
}

/* The number of the bus that an entry means, or -1: nothing leads there. */
static int number_of(const struct pci_bus *bus, const struct aml_slots_bus *entry)
{
    uint8_t number = 0;

    for (unsigned i = 0; i < entry->depth; i++) {
        const struct pci_function *bridge =
            pci_bus_find(bus, number, entry->path[i] >> 3, entry->path[i] & 7);

        if (!bridge || !bridge->bridge || bridge->secondary_bus == 0) {
            return -1;
        }
        number = bridge->secondary_bus;
    }
    return number;
}

/* False: no slot. */
static bool select_bus(const struct pci_bus *bus, const struct pci_function *f)
{
    for (unsigned i = 0; i < bus_count; i++) {
        if (number_of(bus, &buses[i]) == f->bus) {
            io_out32(ports + PORT_SELECT, buses[i].selector);
            return true;
        }
    }
    return false;
}

bool qemu_slots_asks(const struct pci_bus *bus, const struct pci_function *f)
{
    if (!select_bus(bus, f)) {
        return false;
    }
    uint32_t down = io_in32(ports + PORT_DOWN);
    return down != UINT32_MAX && down & UINT32_C(1) << f->dev;
}

int qemu_slots_eject(const struct pci_bus *bus, const struct pci_function *f)
{
    if (!select_bus(bus, f)) {
        return -ENOTSUP;
    }
    io_out32(ports + PORT_EJECT, UINT32_C(1) << f->dev);
    return 0;
}
