/*
 * boot/disks.c - from PCI functions to disks with partitions.
 */
#include "boot/disks.h"

#include "lib/errno.h"
#include "lib/log.h"
#include "lib/out.h"

#include "drivers/nvme/nvme_pci.h"

#define CLASS_NETWORK       0x02
#define RAMDISK_BLOCK_BYTES 512

static int quiesce_one(void *arg, const struct pci_function *f)
{
    (void)arg;
    if (f->base_class == CLASS_NETWORK) {
        /* After a start from the network it may still receive into memory that is ours now. */
        pci_set_bus_master(f, false);
    }
    if (nvme_pci_is_controller(f)) {
        /* What did not stop has lost its access to memory, and says so when it is attached. */
        int err = nvme_pci_quiesce(f);
        if (err) {
            log_debug("%02x:%02x.%x: not stopped: %s", f->bus, f->dev, f->fn, errno_text(err));
        }
    }
    return 0;
}

void disks_quiesce(const struct pci_access *access)
{
    int err = pci_walk(access, quiesce_one, NULL);
    if (err) {
        log_error("PCI could not be searched for controllers to stop: %s", errno_text(err));
    }
}

static void scan_partitions(struct appliance *app)
{
    for (unsigned i = 0;; i++) {
        struct block_dev *dev = block_at(app->blocks, i);
        if (!dev) {
            return;
        }
        const struct block_info *info = block_info(dev);
        if (info->parent || partition_scheme(dev) != PARTITIONS_NONE) {
            continue;
        }
        int scheme = partition_scan(app->blocks, dev);
        if (scheme < 0) {
            log_warn("%s: the partition table could not be read: %s", info->name,
                     errno_text(scheme));
        }
    }
}

static void attach_one(struct appliance *app, const struct pci_function *f,
                       const struct nvme_options *opt)
{
    struct appliance_ctrlr *c = &app->ctrlrs[app->ctrlr_count];

    *c = (struct appliance_ctrlr){.function = *f, .pci = &c->function};
    str_format(c->name, sizeof(c->name), "nvme%u", app->ctrlr_count);
    app->ctrlr_count++;
    c->err = nvme_pci_attach(c->name, f, opt, &c->nvme);
    if (c->err) {
        log_warn("%s (%02x:%02x.%x) is left out: %s", c->name, f->bus, f->dev, f->fn,
                 errno_text(c->err));
        return;
    }
    int added = block_nvme_add(app->blocks, c->nvme);
    if (added < 0) {
        log_error("%s: its namespaces could not be added: %s", c->name, errno_text(added));
    }
}

void disks_attach(struct appliance *app, const struct nvme_options *opt)
{
    for (unsigned i = 0; i < app->pci->count; i++) {
        const struct pci_function *f = &app->pci->functions[i];
        if (!nvme_pci_is_controller(f)) {
            continue;
        }
        if (app->ctrlr_count == APPLIANCE_MAX_CTRLRS) {
            log_warn("more than %u NVMe controllers: the rest is left out", APPLIANCE_MAX_CTRLRS);
            break;
        }
        attach_one(app, f, opt);
    }
    scan_partitions(app);
}

void disks_add_ramdisk(struct appliance *app, uint64_t bytes)
{
    struct block_dev *dev;

    int err = block_mem_create(app->blocks, "ram0", bytes / RAMDISK_BLOCK_BYTES,
                               RAMDISK_BLOCK_BYTES, NULL, &dev);
    if (err) {
        log_error("ramdisk=: no RAM disk of %llu bytes: %s", (unsigned long long)bytes,
                  errno_text(err));
    }
}
