/*
 * boot/hotplug.h - what apps/hotplug needs of this machine.
 */
#pragma once

#include "apps/appliance.h"
#include "boot/multiboot2.h"

/* From now on controllers come and go. opt is copied. When app's bus and controllers are there. */
void hotplug_start(struct appliance *app, const struct boot_info *info,
                   const struct nvme_options *opt);
