/*
 * boot/multiboot2.h - what the boot loader tells, copied into memory of our own (Multiboot2 §3.6).
 *
 * GRUB puts its list wherever there was room: below 1 MiB under UEFI, behind the kernel under a
 * BIOS. So it is read once, first of all, and never again. No length in it is trusted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "lib/memmap.h"

#define MULTIBOOT2_MAGIC     0x36d76289    /* in eax at entry */
#define MULTIBOOT2_MAX_BYTES (1024 * 1024) /* a list that claims more is refused */

#define BOOT_CMDLINE_BYTES 4096
#define BOOT_MAX_MODULES   16
#define BOOT_RSDP1_BYTES   20
#define BOOT_RSDP2_BYTES   36
#define BOOT_SMBIOS_BYTES  32

struct boot_module {
    uint64_t base; /* physical */
    uint64_t bytes;
    char name[64];
};

struct boot_info {
    char cmdline[BOOT_CMDLINE_BYTES];
    bool cmdline_cut; /* it was longer */
    char loader[64];
    bool efi; /* started by UEFI firmware */
    struct memmap map;
    unsigned module_count;
    unsigned modules_dropped; /* beyond BOOT_MAX_MODULES; their memory is marked reserved in map */
    struct boot_module modules[BOOT_MAX_MODULES];
    uint32_t smbios_entry_bytes; /* of the SMBIOS entry point; 0: none was given */
    uint8_t smbios_entry[BOOT_SMBIOS_BYTES];
    bool has_rsdp1, has_rsdp2; /* ACPI 1.0, ACPI 2.0 and later */
    uint8_t rsdp1[BOOT_RSDP1_BYTES];
    uint8_t rsdp2[BOOT_RSDP2_BYTES];
};

/* Reads the list at mbi, of which avail bytes can be read. out is overwritten. 0, or -EPROTO (the
 * list breaks its own format; what came before that place is in out). */
int multiboot2_parse(const void *mbi, uint64_t avail, struct boot_info *out) must_check;
