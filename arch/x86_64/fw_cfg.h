/*
 * arch/x86_64/fw_cfg.h - files that QEMU passes to the guest (-fw_cfg name=...,string=...).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/compiler.h"

/* The machine is QEMU's. */
bool fw_cfg_is_present(void);

/* Reads a file as text: at most cap - 1 bytes, terminated. Its length, or -ENODEV (not under
 * QEMU), -ENOENT, -EOVERFLOW (longer; buf has the beginning). */
int fw_cfg_read_text(const char *name, char *buf, size_t cap) must_check;
