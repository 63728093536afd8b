/*
 * drivers/pci/pci_regs.h - offsets and fields of PCI configuration space: the header (PCI 3.0
 * §6.1), power management (PCI PM 1.2 §3.2), MSI-X (PCI 3.0 §6.8.2) and PCI Express (PCIe 5.0
 * §7.5.3).
 */
#pragma once

#include "lib/bitfield.h"

/* Header, types 0 and 1 (PCI 3.0 §6.1; PCI-to-PCI Bridge 1.2 §3.2). */
#define PCI_ID           0x00 /* vendor and device */
#define PCI_COMMAND      0x04
#define PCI_STATUS       0x06
#define PCI_CLASS        0x08 /* revision, programming interface, sub-class, base class */
#define PCI_HEADER       0x0c /* header type in bits 23:16 */
#define PCI_BAR0         0x10
#define PCI_BUS_NUMBERS  0x18 /* type 1 */
#define PCI_SECONDARY    0x1c /* type 1: I/O window, secondary status above it */
#define PCI_MEMORY       0x20 /* type 1: memory window */
#define PCI_PREFETCH     0x24 /* type 1: prefetchable memory window */
#define PCI_PREFETCH_BASE_HIGH  0x28
#define PCI_PREFETCH_LIMIT_HIGH 0x2c
#define PCI_SUBSYSTEM    0x2c /* type 0 */
#define PCI_CAP_POINTER  0x34
#define PCI_CAP_FIRST    0x40 /* the header ends here: no capability lies below */
#define PCI_CONFIG_BYTES 256

#define PCI_ID_VENDOR GENMASK64(15, 0)
#define PCI_ID_DEVICE GENMASK64(31, 16)

#define PCI_COMMAND_IO         BIT64(0)
#define PCI_COMMAND_MEMORY     BIT64(1)
#define PCI_COMMAND_BUS_MASTER BIT64(2)
#define PCI_COMMAND_INTX_OFF   BIT64(10)
#define PCI_STATUS_CAP_LIST    BIT64(4)

#define PCI_CLASS_REVISION GENMASK64(7, 0)
#define PCI_CLASS_PROG_IF  GENMASK64(15, 8)
#define PCI_CLASS_SUB      GENMASK64(23, 16)
#define PCI_CLASS_BASE     GENMASK64(31, 24)

#define PCI_HEADER_TYPE          GENMASK64(22, 16)
#define PCI_HEADER_MULTIFUNCTION BIT64(23)
#define PCI_HEADER_TYPE_DEVICE   0
#define PCI_HEADER_TYPE_BRIDGE   1

#define PCI_BUS_SECONDARY   GENMASK64(15, 8)
#define PCI_BUS_SUBORDINATE GENMASK64(23, 16)

/* Windows of a bridge (PCI-to-PCI Bridge 1.2 §3.2.5.6 to 10): bits 31:20 of the first and of the
 * last address. */
#define PCI_WINDOW_BASE  GENMASK64(15, 4)
#define PCI_WINDOW_LIMIT GENMASK64(31, 20)
#define PCI_WINDOW_TYPE  GENMASK64(3, 0) /* prefetchable only */
#define PCI_WINDOW_64    1

/* Base address registers (PCI 3.0 §6.2.5.1). */
#define PCI_BAR_IS_IO        BIT64(0)
#define PCI_BAR_TYPE         GENMASK64(2, 1)
#define PCI_BAR_TYPE_32      0
#define PCI_BAR_TYPE_64      2
#define PCI_BAR_PREFETCHABLE BIT64(3)
#define PCI_BAR_MEM_ADDR     GENMASK64(63, 4)
#define PCI_BAR_IO_ADDR      GENMASK64(31, 2)

/* Capabilities (PCI 3.0 appendix H). */
#define PCI_CAP_ID      GENMASK64(7, 0)
#define PCI_CAP_NEXT    GENMASK64(15, 8)
#define PCI_CAP_ID_PM   0x01
#define PCI_CAP_ID_MSI  0x05
#define PCI_CAP_ID_PCIE 0x10
#define PCI_CAP_ID_MSIX 0x11

/* Power management (PCI PM 1.2 §3.2.4). */
#define PCI_PM_CSR               0x04
#define PCI_PM_CSR_STATE         GENMASK64(1, 0)
#define PCI_PM_CSR_NO_SOFT_RESET BIT64(3)
#define PCI_PM_CSR_PME_STATUS    BIT64(15) /* write one to clear */
#define PCI_PM_STATE_D0          0

/* MSI-X (PCI 3.0 §6.8.2). */
#define PCI_MSIX_CONTROL               0x02
#define PCI_MSIX_CONTROL_SIZE_0B       GENMASK64(10, 0)
#define PCI_MSIX_CONTROL_FUNCTION_MASK BIT64(14)
#define PCI_MSIX_CONTROL_ENABLE        BIT64(15)
#define PCI_MSIX_TABLE                 0x04
#define PCI_MSIX_TABLE_BIR             GENMASK64(2, 0)
#define PCI_MSIX_TABLE_OFFSET          GENMASK64(31, 3)
#define PCI_MSIX_ENTRY_BYTES           16
#define PCI_MSIX_ENTRY_ADDR_LOW        0x00
#define PCI_MSIX_ENTRY_ADDR_HIGH       0x04
#define PCI_MSIX_ENTRY_DATA            0x08
#define PCI_MSIX_ENTRY_CONTROL         0x0c
#define PCI_MSIX_ENTRY_MASKED          BIT64(0) /* the rest is reserved: preserve */

/* PCI Express (PCIe 5.0 §7.5.3). */
#define PCI_EXP_FLAGS                 0x02
#define PCI_EXP_FLAGS_TYPE            GENMASK64(7, 4)
#define PCI_EXP_FLAGS_SLOT            BIT64(8) /* the port has a slot */
#define PCI_EXP_TYPE_ROOT_PORT        0x4
#define PCI_EXP_TYPE_DOWNSTREAM_PORT  0x6
#define PCI_EXP_TYPE_RC_ENDPOINT      0x9
#define PCI_EXP_TYPE_RC_COLLECTOR     0xa
#define PCI_EXP_DEVICE_CAP            0x04
#define PCI_EXP_DEVICE_CAP_PAYLOAD    GENMASK64(2, 0)
#define PCI_EXP_DEVICE_CAP_FLR        BIT64(28) /* function level reset */
#define PCI_EXP_DEVICE_CONTROL        0x08      /* device status above it */
#define PCI_EXP_DEVICE_CONTROL_PAYLOAD GENMASK64(7, 5)
#define PCI_EXP_DEVICE_CONTROL_FLR    BIT64(15)
#define PCI_EXP_DEVICE_STATUS         0x0a
#define PCI_EXP_DEVICE_STATUS_PENDING BIT64(5) /* transactions */
#define PCI_EXP_LINK_CAP              0x0c
#define PCI_EXP_LINK_CONTROL          0x10
#define PCI_EXP_LINK_STATUS           0x12
#define PCI_EXP_SLOT_CAP              0x14
#define PCI_EXP_SLOT_CONTROL          0x18            /* slot status above it */
#define PCI_EXP_SLOT_STATUS           0x1a
#define PCI_EXP_BYTES                 0x1c            /* up to here, with a slot */
#define PCI_EXP_LINK_SPEED            GENMASK64(3, 0) /* in link capabilities and link status */
#define PCI_EXP_LINK_WIDTH            GENMASK64(9, 4)
#define PCI_EXP_LINK_CAP_ACTIVE       BIT64(20) /* it reports an active data link layer in: */
#define PCI_EXP_LINK_STATUS_ACTIVE    BIT64(13)
#define PCI_EXP_SLOT_CAP_BUTTON       BIT64(0)
#define PCI_EXP_SLOT_CAP_POWER        BIT64(1) /* a power controller */
#define PCI_EXP_SLOT_CAP_HOT_PLUG     BIT64(6)
#define PCI_EXP_SLOT_CAP_NO_COMPLETED BIT64(18) /* commands take effect at once */
#define PCI_EXP_SLOT_CAP_NUMBER       GENMASK64(31, 19)
#define PCI_EXP_SLOT_CONTROL_LIGHT    GENMASK64(9, 8) /* the power indicator */
#define PCI_EXP_SLOT_LIGHT_ON         1
#define PCI_EXP_SLOT_LIGHT_BLINK      2
#define PCI_EXP_SLOT_LIGHT_OFF        3
#define PCI_EXP_SLOT_CONTROL_POWER_OFF BIT64(10)
#define PCI_EXP_SLOT_STATUS_BUTTON    BIT64(0) /* this and the next four are cleared by ones */
#define PCI_EXP_SLOT_STATUS_FAULT     BIT64(1)
#define PCI_EXP_SLOT_STATUS_PRESENCE_CHANGED BIT64(3)
#define PCI_EXP_SLOT_STATUS_COMPLETED BIT64(4)
#define PCI_EXP_SLOT_STATUS_PRESENT   BIT64(6)
#define PCI_EXP_SLOT_STATUS_LINK_CHANGED BIT64(8)
