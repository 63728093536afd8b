/*
 * lib/smbios.h - who made this machine, from the System Management BIOS tables (DSP0134 3.x): the
 * entry points of versions 2.1 and 3.0, and the System Information structure (type 1).
 *
 * Pure functions over bytes and the length that can be read. Nothing in them is trusted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define SMBIOS_TEXT_BYTES 65
#define SMBIOS_TABLE_MAX_BYTES (1024 * 1024) /* one that claims more is not believed */
#define SMBIOS_ENTRY_BYTES 32 /* of the longer entry point */

/* Unprintable bytes become '?', blanks at the end are cut; empty when the machine does not say. */
struct smbios_system {
    char manufacturer[SMBIOS_TEXT_BYTES];
    char product[SMBIOS_TEXT_BYTES];
    char serial[SMBIOS_TEXT_BYTES];
};

/* Where the structures lie: the entry point is len bytes long at most. 0, or -EPROTO (no anchor, a
 * wrong length or checksum). */
int smbios_parse_entry(const uint8_t *entry, size_t len, uint64_t *table, uint32_t *table_bytes)
    must_check;

/* Looks for an entry point at every 16th byte of area, as it lies in segment F0000h. Its offset,
 * or -ENOENT. */
int smbios_find_entry(const uint8_t *area, size_t len) must_check;

/* The first System Information among the structures. 0; -ENOENT (there is none, or what is before
 * it makes no sense); out is empty then. */
int smbios_parse_system(const uint8_t *table, size_t len, struct smbios_system *out) must_check;
