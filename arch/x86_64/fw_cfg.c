/*
 * arch/x86_64/fw_cfg.c - files that QEMU passes to the guest, by port I/O (QEMU docs/specs/fw_cfg).
 */
#include "arch/x86_64/fw_cfg.h"

#include <stdint.h>

#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/string.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/io.h"

#define PORT_SELECT 0x510
#define PORT_DATA   0x511

#define ITEM_SIGNATURE 0x00
#define ITEM_DIRECTORY 0x19

/* A directory entry: size, selector (both big-endian), reserved, name. */
#define ENTRY_BYTES  64
#define ENTRY_SELECT 4
#define ENTRY_NAME   8
#define MAX_ENTRIES  1024

#define CPUID1_ECX_HYPERVISOR BIT64(31)

static uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)load_be16(p) << 16 | load_be16(p + 2);
}

static void read_bytes(void *buf, size_t len)
{
    uint8_t *p = buf;

    for (size_t i = 0; i < len; i++) {
        p[i] = io_in8(PORT_DATA);
    }
}

/* A real machine may have anything at these ports, so they are only tried in a virtual one. */
bool fw_cfg_is_present(void)
{
    char signature[4];

    if (!(cpuid(1, 0).ecx & CPUID1_ECX_HYPERVISOR)) {
        return false;
    }
    io_out16(PORT_SELECT, ITEM_SIGNATURE);
    read_bytes(signature, sizeof(signature));
    return memcmp(signature, "QEMU", sizeof(signature)) == 0;
}

int fw_cfg_read_text(const char *name, char *buf, size_t cap)
{
    uint8_t count_be[4];
    uint8_t entry[ENTRY_BYTES];

    buf[0] = '\0';
    if (!fw_cfg_is_present()) {
        return -ENODEV;
    }
    io_out16(PORT_SELECT, ITEM_DIRECTORY);
    read_bytes(count_be, sizeof(count_be));
    uint32_t count = MIN(load_be32(count_be), (uint32_t)MAX_ENTRIES);
    for (uint32_t i = 0; i < count; i++) {
        read_bytes(entry, sizeof(entry));
        entry[ENTRY_BYTES - 1] = '\0';
        if (strcmp((const char *)entry + ENTRY_NAME, name) != 0) {
            continue;
        }
        size_t size = load_be32(entry);
        size_t fit = MIN(size, cap - 1);
        io_out16(PORT_SELECT, load_be16(entry + ENTRY_SELECT));
        read_bytes(buf, fit);
        buf[fit] = '\0';
        return fit < size ? -EOVERFLOW : (int)fit;
    }
    return -ENOENT;
}
