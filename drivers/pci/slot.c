/*
 * drivers/pci/slot.c - slots of PCI Express ports.
 *
 * Every write to the control register is a command, and the next one must wait until the slot has
 * confirmed it (PCIe 5.0 §6.7.3.2), for at most a second. Configuration access has dwords only, so
 * clearing events writes the control register too.
 */
#include "drivers/pci/slot.h"

#include "lib/errno.h"

#include "drivers/pci/pci_regs.h"

#define POLL_NS         (10 * NS_PER_MS)
#define COMMAND_POLLS   100
#define LINK_POLLS      100
#define POWER_OFF_NS    NS_PER_S          /* before it may be switched on again */
#define AFTER_LINK_NS   (100 * NS_PER_MS) /* before the first configuration access */

#define EVENTS                                                                                     \
    (PCI_EXP_SLOT_STATUS_BUTTON | PCI_EXP_SLOT_STATUS_FAULT |                                      \
     PCI_EXP_SLOT_STATUS_PRESENCE_CHANGED | PCI_EXP_SLOT_STATUS_LINK_CHANGED)

bool pci_slot_init(const struct pci_function *f, struct pci_slot *out)
{
    if (!f->bridge || !f->cap_pcie || f->cap_pcie + PCI_EXP_BYTES > PCI_CONFIG_BYTES) {
        return false;
    }
    uint16_t flags = pci_read16(f, (uint8_t)(f->cap_pcie + PCI_EXP_FLAGS));
    uint64_t type = FIELD_GET(PCI_EXP_FLAGS_TYPE, flags);
    uint32_t cap = pci_read32(f, (uint8_t)(f->cap_pcie + PCI_EXP_SLOT_CAP));
    uint32_t link = pci_read32(f, (uint8_t)(f->cap_pcie + PCI_EXP_LINK_CAP));

    if ((type != PCI_EXP_TYPE_ROOT_PORT && type != PCI_EXP_TYPE_DOWNSTREAM_PORT) ||
        !(flags & PCI_EXP_FLAGS_SLOT) || !(cap & PCI_EXP_SLOT_CAP_HOT_PLUG) || cap == UINT32_MAX) {
        return false;
    }
    *out = (struct pci_slot){
        .port = *f,
        .number = (unsigned)FIELD_GET(PCI_EXP_SLOT_CAP_NUMBER, cap),
        .has_power = cap & PCI_EXP_SLOT_CAP_POWER,
        .has_button = cap & PCI_EXP_SLOT_CAP_BUTTON,
        .reports_link = link & PCI_EXP_LINK_CAP_ACTIVE,
        .confirms = !(cap & PCI_EXP_SLOT_CAP_NO_COMPLETED),
    };
    return true;
}

static uint32_t read_slot(const struct pci_slot *slot)
{
    return pci_read32(&slot->port, (uint8_t)(slot->port.cap_pcie + PCI_EXP_SLOT_CONTROL));
}

/* One command; clear: bits of the status to be cleared by it. */
static void command(const struct pci_slot *slot, uint32_t control, uint64_t clear)
{
    const struct pci_access *access = slot->port.access;

    clear |= PCI_EXP_SLOT_STATUS_COMPLETED;
    pci_write32(&slot->port, (uint8_t)(slot->port.cap_pcie + PCI_EXP_SLOT_CONTROL),
                (uint32_t)(clear << 16) | (control & 0xffff));
    for (unsigned i = 0; slot->confirms && access->delay_ns && i < COMMAND_POLLS; i++) {
        if (read_slot(slot) & (PCI_EXP_SLOT_STATUS_COMPLETED << 16)) {
            return;
        }
        access->delay_ns(access->ctx, POLL_NS);
    }
}

static bool link_is_up(const struct pci_slot *slot)
{
    uint16_t status =
        pci_read16(&slot->port, (uint8_t)(slot->port.cap_pcie + PCI_EXP_LINK_STATUS));

    return !slot->reports_link || status & PCI_EXP_LINK_STATUS_ACTIVE;
}

struct pci_slot_state pci_slot_look(const struct pci_slot *slot)
{
    uint32_t both = read_slot(slot);
    uint64_t status = both >> 16;

    if (both == UINT32_MAX) {
        return (struct pci_slot_state){.occupied = false};
    }
    if (status & EVENTS) {
        command(slot, both, status & EVENTS);
    }
    return (struct pci_slot_state){
        .occupied = status & PCI_EXP_SLOT_STATUS_PRESENT,
        .powered = !slot->has_power || !(both & PCI_EXP_SLOT_CONTROL_POWER_OFF),
        .link = link_is_up(slot),
        .button = slot->has_button && status & PCI_EXP_SLOT_STATUS_BUTTON,
        .changed = status & PCI_EXP_SLOT_STATUS_PRESENCE_CHANGED,
        .fault = status & PCI_EXP_SLOT_STATUS_FAULT,
    };
}

static void set_light(const struct pci_slot *slot, uint32_t control, unsigned light)
{
    control &= (uint32_t)~PCI_EXP_SLOT_CONTROL_LIGHT;
    command(slot, control | (uint32_t)FIELD_PREP(PCI_EXP_SLOT_CONTROL_LIGHT, light), 0);
}

int pci_slot_power(const struct pci_slot *slot, bool on)
{
    const struct pci_access *access = slot->port.access;

    if (!slot->has_power || !access->delay_ns) {
        return -ENOTSUP;
    }
    uint32_t control = read_slot(slot) & 0xffff;
    if (!on) {
        set_light(slot, control | (uint32_t)PCI_EXP_SLOT_CONTROL_POWER_OFF, PCI_EXP_SLOT_LIGHT_OFF);
        (void)pci_slot_look(slot); /* what follows at once is our own doing; a new card is not */
        access->delay_ns(access->ctx, POWER_OFF_NS);
        return 0;
    }
    set_light(slot, control & (uint32_t)~PCI_EXP_SLOT_CONTROL_POWER_OFF, PCI_EXP_SLOT_LIGHT_ON);
    for (unsigned i = 0; i < LINK_POLLS; i++) {
        if (link_is_up(slot)) {
            access->delay_ns(access->ctx, AFTER_LINK_NS);
            return 0;
        }
        access->delay_ns(access->ctx, POLL_NS);
    }
    return -ETIMEDOUT;
}

void pci_slot_blink(const struct pci_slot *slot, bool on)
{
    set_light(slot, read_slot(slot) & 0xffff,
              on ? PCI_EXP_SLOT_LIGHT_BLINK : PCI_EXP_SLOT_LIGHT_ON);
}
