/*
 * boot/board.h - struct machine (drivers/machine.h) on the real machine.
 */
#pragma once

#include "boot/multiboot2.h"
#include "drivers/machine.h"

/* info is borrowed for ever. Call when clock, pages and CPUs are there. */
const struct machine *board_machine(const struct boot_info *info);
