/*
 * boot/hotplug.c - what apps/hotplug needs of this machine: how a controller is attached, and
 * where the root buses have room.
 */
#include "boot/hotplug.h"

#include "lib/log.h"
#include "lib/memmap.h"

#include "arch/x86_64/fw_cfg.h"

#include "drivers/nvme/nvme_pci.h"

#include "apps/hotplug/hotplug.h"

#include "boot/qemu_slots.h"

/* Interrupt controllers, timers and the firmware lie above, whatever the map says of them. */
#define MMIO_END   UINT64_C(0xfec00000)
#define MMIO_BASE  (16 * MIB)
#define AFTER_RAM  (16 * MIB) /* firmware keeps things to itself there that no map shows */

static struct nvme_options options;
static struct rangeset holes;

static int attach(void *ctx, const char *name, const struct pci_function *f,
                  struct nvme_ctrlr **out)
{
    (void)ctx;
    return nvme_pci_attach(name, f, &options, out);
}

static void detach(void *ctx, struct nvme_ctrlr *nvme)
{
    (void)ctx;
    nvme_pci_detach(nvme);
}

static bool slot_asks(void *ctx, const struct pci_function *f)
{
    return qemu_slots_asks(ctx, f);
}

static int slot_eject(void *ctx, const struct pci_function *f)
{
    return qemu_slots_eject(ctx, f);
}

/* Addresses below 4 GiB that the memory map says nothing of. */
static void find_holes(const struct memmap *map)
{
    rangeset_add(&holes, MMIO_BASE, MMIO_END);
    for (unsigned i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        uint64_t after = range->type == MEMMAP_AVAILABLE ? AFTER_RAM : 0;

        rangeset_remove(&holes, ALIGN_DOWN(range->base, MIB),
                        ALIGN_UP(range->base + range->bytes, MIB) + after);
    }
    if (map->dropped > 0) {
        holes.count = 0; /* nobody knows what they were */
    }
}

void hotplug_start(struct appliance *app, const struct boot_info *info,
                   const struct nvme_options *opt)
{
    options = *opt;
    find_holes(&info->map);
    struct hotplug_ops ops = {
        .ctx = app->pci,
        .accepts = nvme_pci_is_controller,
        .attach = attach,
        .detach = detach,
        .holes = &holes,
        .any_place = fw_cfg_is_present(),
    };
    if (qemu_slots_find(app->pci)) {
        ops.slot_asks = slot_asks;
        ops.slot_eject = slot_eject;
    }
    if (hotplug_create(app, &ops)) {
        log_error("no memory for hot plug: controllers neither come nor go");
    }
}
