/*
 * drivers/pci/reset.c - function level reset (PCIe 5.0 §6.6.2), and what any reset makes a
 * function lose.
 */
#include "drivers/pci/pci.h"

#include "lib/errno.h"

#include "drivers/pci/pci_internal.h"
#include "drivers/pci/pci_regs.h"

#define FLR_RECOVERY_NS (100 * NS_PER_MS) /* the function may be silent for so long */
#define FLR_POLL_NS     (10 * NS_PER_MS)
#define RETURN_POLL_NS  FLR_POLL_NS
#define RETURN_POLLS    100 /* devices are known to take longer than they may */

/* A function with transactions on their way must not be reset before they are over. */
static void wait_for_transactions(const struct pci_function *f)
{
    for (unsigned i = 0; i < FLR_RECOVERY_NS / FLR_POLL_NS; i++) {
        uint16_t status = pci_read16(f, (uint8_t)(f->cap_pcie + PCI_EXP_DEVICE_STATUS));
        if (!(status & PCI_EXP_DEVICE_STATUS_PENDING)) {
            return;
        }
        f->access->delay_ns(f->access->ctx, FLR_POLL_NS);
    }
}

void pci_save(const struct pci_function *f, struct pci_saved *out)
{
    *out = (struct pci_saved){ .command = pci_read16(f, PCI_COMMAND) };
    if (f->cap_pcie) {
        out->device_control = pci_read16(f, (uint8_t)(f->cap_pcie + PCI_EXP_DEVICE_CONTROL));
        out->link_control = pci_read16(f, (uint8_t)(f->cap_pcie + PCI_EXP_LINK_CONTROL));
    }
}

int pci_restore(const struct pci_function *f, const struct pci_saved *saved)
{
    uint32_t id = (uint32_t)f->device_id << 16 | f->vendor_id;

    if (!f->access->delay_ns) {
        return -ENOTSUP;
    }
    for (unsigned i = 0; pci_read32(f, PCI_ID) != id; i++) {
        if (i == RETURN_POLLS) {
            return -ENODEV;
        }
        f->access->delay_ns(f->access->ctx, RETURN_POLL_NS);
    }
    if (f->cap_pcie) {
        /* The largest payload must be what the ports above use, or packets are malformed. */
        pci_write16(f, (uint8_t)(f->cap_pcie + PCI_EXP_DEVICE_CONTROL), saved->device_control);
        pci_write16(f, (uint8_t)(f->cap_pcie + PCI_EXP_LINK_CONTROL), saved->link_control);
    }
    pci_restore_bars(f);
    pci_write16(f, PCI_COMMAND, saved->command);
    return 0;
}

bool pci_is_enabled(const struct pci_function *f, const struct pci_saved *saved)
{
    return (pci_read16(f, PCI_COMMAND) & saved->command) == saved->command;
}

int pci_reset_function(const struct pci_function *f)
{
    struct pci_saved saved;

    if (!f->cap_pcie || !f->access->delay_ns ||
        !(pci_read32(f, (uint8_t)(f->cap_pcie + PCI_EXP_DEVICE_CAP)) & PCI_EXP_DEVICE_CAP_FLR)) {
        return -ENOTSUP;
    }
    pci_save(f, &saved);
    /* Nothing new is begun while the old ends. */
    pci_write16(f, PCI_COMMAND, PCI_COMMAND_INTX_OFF);
    wait_for_transactions(f);
    pci_write16(f, (uint8_t)(f->cap_pcie + PCI_EXP_DEVICE_CONTROL),
                saved.device_control | (uint16_t)PCI_EXP_DEVICE_CONTROL_FLR);
    f->access->delay_ns(f->access->ctx, FLR_RECOVERY_NS);
    return pci_restore(f, &saved);
}
