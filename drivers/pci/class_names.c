/*
 * drivers/pci/class_names.c - what a class code stands for (PCI Code and ID Assignment 1.11 §1).
 */
#include "drivers/pci/pci.h"

#define ANY (-1)

/* The first match counts: special cases stand before the general word of their class. */
static const struct {
    int16_t base, sub, prog_if;
    const char *name;
} class_names[] = {
    {0x00, 0x01, ANY, "VGA-compatible device (old)"},
    {0x00, ANY, ANY, "Device without a class"},
    {0x01, 0x00, ANY, "SCSI controller"},
    {0x01, 0x01, ANY, "IDE controller"},
    {0x01, 0x02, ANY, "Floppy disk controller"},
    {0x01, 0x04, ANY, "RAID controller"},
    {0x01, 0x05, ANY, "ATA controller"},
    {0x01, 0x06, 0x01, "SATA controller (AHCI)"},
    {0x01, 0x06, ANY, "SATA controller"},
    {0x01, 0x07, ANY, "SAS controller"},
    {0x01, 0x08, 0x03, "NVMe administrative controller"},
    {0x01, 0x08, ANY, "Non-Volatile memory controller"},
    {0x01, 0x09, ANY, "Universal flash storage controller"},
    {0x01, ANY, ANY, "Mass storage controller"},
    {0x02, 0x00, ANY, "Ethernet controller"},
    {0x02, 0x07, ANY, "InfiniBand controller"},
    {0x02, 0x08, ANY, "Fabric controller"},
    {0x02, 0x80, ANY, "Network controller"},
    {0x02, ANY, ANY, "Network controller"},
    {0x03, 0x00, ANY, "VGA controller"},
    {0x03, 0x02, ANY, "3D controller"},
    {0x03, ANY, ANY, "Display controller"},
    {0x04, 0x03, ANY, "High definition audio"},
    {0x04, ANY, ANY, "Multimedia device"},
    {0x05, 0x02, ANY, "CXL memory device"},
    {0x05, ANY, ANY, "Memory controller"},
    {0x06, 0x00, ANY, "Host bridge"},
    {0x06, 0x01, ANY, "ISA bridge"},
    {0x06, 0x04, ANY, "PCI bridge"},
    {0x06, 0x07, ANY, "CardBus bridge"},
    {0x06, 0x09, ANY, "Semi-transparent PCI bridge"},
    {0x06, ANY, ANY, "Bridge"},
    {0x07, 0x00, ANY, "Serial port"},
    {0x07, 0x01, ANY, "Parallel port"},
    {0x07, ANY, ANY, "Communication controller"},
    {0x08, 0x00, ANY, "Interrupt controller"},
    {0x08, 0x05, ANY, "SD host controller"},
    {0x08, 0x06, ANY, "IOMMU"},
    {0x08, 0x07, ANY, "Root complex event collector"},
    {0x08, ANY, ANY, "System device"},
    {0x09, ANY, ANY, "Input device"},
    {0x0a, ANY, ANY, "Docking station"},
    {0x0b, ANY, ANY, "Processor"},
    {0x0c, 0x03, 0x00, "USB controller (UHCI)"},
    {0x0c, 0x03, 0x10, "USB controller (OHCI)"},
    {0x0c, 0x03, 0x20, "USB controller (EHCI)"},
    {0x0c, 0x03, 0x30, "USB controller (xHCI)"},
    {0x0c, 0x03, 0x40, "USB4 host interface"},
    {0x0c, 0x03, ANY, "USB controller"},
    {0x0c, 0x05, ANY, "SMBus controller"},
    {0x0c, 0x07, ANY, "IPMI interface"},
    {0x0c, ANY, ANY, "Serial bus controller"},
    {0x0d, ANY, ANY, "Wireless controller"},
    {0x0e, ANY, ANY, "Intelligent I/O controller"},
    {0x0f, ANY, ANY, "Satellite communication controller"},
    {0x10, ANY, ANY, "Encryption controller"},
    {0x11, ANY, ANY, "Signal processing controller"},
    {0x12, ANY, ANY, "Processing accelerator"},
    {0x13, ANY, ANY, "Non-essential instrumentation"},
    {0x40, ANY, ANY, "Co-processor"},
};

static bool matches(int16_t wanted, uint8_t code)
{
    return wanted == ANY || wanted == code;
}

const char *pci_class_name(uint8_t base_class, uint8_t sub_class, uint8_t prog_if)
{
    for (unsigned i = 0; i < ARRAY_SIZE(class_names); i++) {
        if (class_names[i].base == base_class && matches(class_names[i].sub, sub_class) &&
            matches(class_names[i].prog_if, prog_if)) {
            return class_names[i].name;
        }
    }
    return "Device of an unknown class";
}
