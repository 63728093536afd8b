/*
 * drivers/pci/msix.c - where a function keeps its MSI-X table, and its master switches
 * (PCI 3.0 §6.8.2). The table itself is memory: its owner maps and writes it.
 */
#include "drivers/pci/pci.h"

#include "lib/errno.h"

#include "drivers/pci/pci_regs.h"

int pci_msix_info(const struct pci_function *f, struct pci_msix *out)
{
    if (!f->cap_msix) {
        return -ENOTSUP;
    }
    uint16_t control = pci_read16(f, (uint8_t)(f->cap_msix + PCI_MSIX_CONTROL));
    uint32_t table = pci_read32(f, (uint8_t)(f->cap_msix + PCI_MSIX_TABLE));
    struct pci_msix msix = {
        .count = (unsigned)FIELD_GET(PCI_MSIX_CONTROL_SIZE_0B, control) + 1,
        .bar = (unsigned)FIELD_GET(PCI_MSIX_TABLE_BIR, table),
        .table_off = (uint32_t)(table & PCI_MSIX_TABLE_OFFSET),
    };
    if (msix.bar >= ARRAY_SIZE(f->bar)) {
        return -EPROTO;
    }
    const struct pci_bar *bar = &f->bar[msix.bar];
    uint64_t table_bytes = (uint64_t)msix.count * PCI_MSIX_ENTRY_BYTES;
    if ((bar->kind != PCI_BAR_MEM32 && bar->kind != PCI_BAR_MEM64) || bar->addr == 0 ||
        msix.table_off + table_bytes > bar->bytes) {
        return -EPROTO;
    }
    *out = msix;
    return 0;
}

void pci_msix_control(const struct pci_function *f, bool enable, bool function_mask)
{
    if (!f->cap_msix) {
        return;
    }
    uint8_t off = (uint8_t)(f->cap_msix + PCI_MSIX_CONTROL);
    uint64_t control = pci_read16(f, off);
    control &= ~(PCI_MSIX_CONTROL_ENABLE | PCI_MSIX_CONTROL_FUNCTION_MASK);
    control |= FIELD_PREP(PCI_MSIX_CONTROL_ENABLE, enable);
    control |= FIELD_PREP(PCI_MSIX_CONTROL_FUNCTION_MASK, function_mask);
    pci_write16(f, off, (uint16_t)control);
}
