/*
 * drivers/nvme/nvme_quirks.c - devices known to need care, by PCI vendor and device.
 */
#include "drivers/nvme/nvme_internal.h"

struct quirk {
    uint16_t vendor_id;
    uint16_t device_id;
    uint32_t flags;
};

/*
 * MQES of 0: nvme_pci_enable() there. QEMU: its documentation of the nvme device ("use-intel-id").
 * MQES of 0: nvme_pci_enable() there; QEMU: its documentation of the nvme device ("use-intel-id").
 */
static const struct quirk quirks[] = {
    {0x106b, 0x2001, NVME_QUIRK_REFUSE}, /* Apple: needs 128-byte entries or depth 2 */
    {0x106b, 0x2003, NVME_QUIRK_REFUSE},
    {0x106b, 0x2005, NVME_QUIRK_REFUSE},
    {0x126f, 0x2263, NVME_QUIRK_NO_NS_DESC},                          /* Silicon Motion SM2263 */
    {0x144d, 0xa821, NVME_QUIRK_READY_DELAY | NVME_QUIRK_MQES_ZERO},  /* Samsung PM1725 */
    {0x144d, 0xa822, NVME_QUIRK_READY_DELAY | NVME_QUIRK_MQES_ZERO},  /* Samsung PM1725a */
    {0x1b4b, 0x1092, NVME_QUIRK_NO_NS_DESC},                          /* Lexar 256 GB */
    {0x1bb1, 0x0100, NVME_QUIRK_READY_DELAY | NVME_QUIRK_NO_NS_DESC}, /* Seagate Nytro */
    {0x1c58, 0x0003, NVME_QUIRK_READY_DELAY},                         /* HGST */
    {0x1c58, 0x0023, NVME_QUIRK_READY_DELAY},                         /* WDC SN200 */
    {0x1c5f, 0x0540, NVME_QUIRK_READY_DELAY},                         /* Memblaze PBlaze4 */
    {0x1b36, 0x0010, NVME_QUIRK_EMULATED},                            /* QEMU */
    {0x8086, 0x5845, NVME_QUIRK_EMULATED | NVME_QUIRK_NO_ACTIVE_LIST}, /* QEMU of long ago */
};

uint32_t nvme_quirks_of(uint16_t vendor_id, uint16_t device_id)
{
    for (size_t i = 0; i < ARRAY_SIZE(quirks); i++) {
        if (quirks[i].vendor_id == vendor_id && quirks[i].device_id == device_id) {
            return quirks[i].flags;
        }
    }
    return 0;
}
