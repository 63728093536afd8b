/*
 * drivers/nvme/nvme_pci.h - where the portable NVMe driver meets PCI, paging and interrupts. The
 * only part of drivers/nvme that knows the kernel.
 */
#pragma once

#include "drivers/nvme/nvme.h"
#include "drivers/pci/pci.h"
#include "lib/compiler.h"

/* The function is an NVMe I/O controller (class 01.08.02). */
bool nvme_pci_is_controller(const struct pci_function *f);

/* Stops a controller the firmware left running (CC.EN = 0, SHN untouched, then waits for
 * CSTS.RDY = 0 at most CAP.TO), before any page is handed out: its queues may lie in memory the
 * boot loader calls free. Maps the registers by itself. 0, -ENODEV (BAR unassigned, gone),
 * -ETIMEDOUT (bus mastering was taken away instead). */
int nvme_pci_quiesce(const struct pci_function *f) must_check;

/* Enables the function, maps its BAR uncached, prepares MSI-X and attaches the driver. f is copied;
 * its access is borrowed until nvme_pci_detach(). As nvme_attach, and -ENODEV for a BAR that is
 * not assigned. */
int nvme_pci_attach(const char *name, const struct pci_function *f, const struct nvme_options *opt,
                    struct nvme_ctrlr **out) must_check;

/* Detaches the driver (nvme_detach) and takes the function its access to memory. Everything is
 * given back, also when the function is not there any more. */
void nvme_pci_detach(struct nvme_ctrlr *ctrlr);

/* Memory that is lent to NVMe controllers now. Any CPU may ask. */
uint64_t nvme_pci_dma_bytes(void);
