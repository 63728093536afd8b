/*
 * drivers/pci/link.c - how fast and wide a PCI Express link is, and could be (PCIe 5.0 §7.5.3.6,
 * §7.5.3.8). A disk in the wrong slot is the commonest reason for half the speed.
 */
#include "drivers/pci/pci.h"

#include "drivers/pci/pci_regs.h"

/* Megatransfers per second by link speed code; 0: no such code. */
static const unsigned link_mtps[] = {0, 2500, 5000, 8000, 16000, 32000, 64000};

static unsigned speed_of(uint32_t reg)
{
    uint64_t code = FIELD_GET(PCI_EXP_LINK_SPEED, reg);
    return code < ARRAY_SIZE(link_mtps) ? link_mtps[code] : 0;
}

void pci_link_info(const struct pci_function *f, struct pci_link *out)
{
    *out = (struct pci_link){.present = false};
    if (!f->cap_pcie) {
        return;
    }
    /* What is part of the root complex has no link, whatever its registers say. */
    uint16_t flags = pci_read16(f, (uint8_t)(f->cap_pcie + PCI_EXP_FLAGS));
    uint64_t type = FIELD_GET(PCI_EXP_FLAGS_TYPE, flags);
    if (type == PCI_EXP_TYPE_RC_ENDPOINT || type == PCI_EXP_TYPE_RC_COLLECTOR) {
        return;
    }
    uint32_t cap = pci_read32(f, (uint8_t)(f->cap_pcie + PCI_EXP_LINK_CAP));
    uint16_t status = pci_read16(f, (uint8_t)(f->cap_pcie + PCI_EXP_LINK_STATUS));
    if (cap == UINT32_MAX || FIELD_GET(PCI_EXP_LINK_WIDTH, cap) == 0) {
        return;
    }
    *out = (struct pci_link){
        .present = true,
        .speed_mtps = speed_of(status),
        .speed_max_mtps = speed_of(cap),
        .width = (unsigned)FIELD_GET(PCI_EXP_LINK_WIDTH, status),
        .width_max = (unsigned)FIELD_GET(PCI_EXP_LINK_WIDTH, cap),
    };
}
