/*
 * boot/disks.h - from PCI functions to disks with partitions.
 */
#pragma once

#include "apps/appliance.h"
#include "drivers/nvme/nvme.h"
#include "drivers/pci/pci.h"

/* Stops every NVMe controller the firmware left running, and takes network adapters the access to
 * memory. Allocates nothing. */
void disks_quiesce(const struct pci_access *access);

/* Attaches every NVMe controller of app->pci, adds its namespaces to app->blocks and reads their
 * partition tables. What fails is named and skipped. */
void disks_attach(struct appliance *app, const struct nvme_options *opt);

/* A RAM disk "ram0" of zeroes. */
void disks_add_ramdisk(struct appliance *app, uint64_t bytes);
