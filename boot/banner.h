/*
 * boot/banner.h - what a person sees first: the machine and its disks.
 */
#pragma once

#include "apps/appliance.h"
#include "boot/multiboot2.h"

void banner_print(const struct appliance *app, const struct boot_info *info, struct out *out);
