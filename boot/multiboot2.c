/*
 * boot/multiboot2.c - walks the tags of the boot information (Multiboot2 §3.6).
 */
#include "boot/multiboot2.h"

#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/string.h"

enum {
    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_LOADER_NAME = 2,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_EFI32 = 11,
    TAG_EFI64 = 12,
    TAG_SMBIOS = 13,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
    TAG_EFI_MEMORY_MAP = 17,
};

#define LIST_HEADER_BYTES 8 /* total_size, reserved */
#define TAG_HEADER_BYTES  8 /* type, size */
#define TAG_ALIGN         8
#define SMBIOS_HEADER_BYTES 8 /* version, reserved */
#define MAP_HEADER_BYTES  8  /* entry_size, entry_version */
#define MAP_ENTRY_BYTES   20 /* base_addr, length, type; entry_size may be more */
#define MODULE_BYTES      8  /* mod_start, mod_end */
#define RESERVED          2

/* Copies at most len bytes up to a zero byte. False when something was cut. */
static bool copy_text(char *dst, size_t cap, const uint8_t *text, size_t len)
{
    len = strnlen((const char *)text, len);
    size_t fit = MIN(len, cap - 1);
    memcpy(dst, text, fit);
    dst[fit] = '\0';
    return fit == len;
}

static int parse_map(const uint8_t *body, size_t len, struct boot_info *out)
{
    if (len < MAP_HEADER_BYTES) {
        return -EPROTO;
    }
    uint32_t stride = load_le32(body);
    if (stride < MAP_ENTRY_BYTES) {
        return -EPROTO;
    }
    for (size_t at = MAP_HEADER_BYTES; len - at >= stride; at += stride) {
        memmap_add(&out->map, load_le64(body + at), load_le64(body + at + 8),
                   load_le32(body + at + 16));
    }
    return 0;
}

static int parse_module(const uint8_t *body, size_t len, struct boot_info *out)
{
    if (len < MODULE_BYTES) {
        return -EPROTO;
    }
    uint32_t base = load_le32(body);
    uint32_t end = load_le32(body + 4);
    if (end < base) {
        return -EPROTO;
    }
    if (out->module_count == BOOT_MAX_MODULES) {
        out->modules_dropped++;
        memmap_add(&out->map, base, end - base, RESERVED);
        return 0;
    }
    struct boot_module *module = &out->modules[out->module_count++];
    module->base = base;
    module->bytes = end - base;
    (void)copy_text(module->name, sizeof(module->name), body + MODULE_BYTES, len - MODULE_BYTES);
    return 0;
}

static int parse_tag(uint32_t type, const uint8_t *body, size_t len, struct boot_info *out)
{
    switch (type) {
    case TAG_CMDLINE:
        out->cmdline_cut = !copy_text(out->cmdline, sizeof(out->cmdline), body, len);
        return 0;
    case TAG_LOADER_NAME:
        (void)copy_text(out->loader, sizeof(out->loader), body, len);
        return 0;
    case TAG_MODULE:
        return parse_module(body, len, out);
    case TAG_MEMORY_MAP:
        return parse_map(body, len, out);
    case TAG_EFI32:
    case TAG_EFI64:
    case TAG_EFI_MEMORY_MAP:
        out->efi = true;
        return 0;
    case TAG_SMBIOS: /* version and six reserved bytes come before the entry point */
        if (len > SMBIOS_HEADER_BYTES) {
            out->smbios_entry_bytes = (uint32_t)MIN(len - SMBIOS_HEADER_BYTES,
                                                    sizeof(out->smbios_entry));
            memcpy(out->smbios_entry, body + SMBIOS_HEADER_BYTES, out->smbios_entry_bytes);
        }
        return 0;
    case TAG_ACPI_OLD:
        out->has_rsdp1 = len >= sizeof(out->rsdp1);
        memcpy(out->rsdp1, body, MIN(len, sizeof(out->rsdp1)));
        return 0;
    case TAG_ACPI_NEW:
        out->has_rsdp2 = len >= sizeof(out->rsdp2);
        memcpy(out->rsdp2, body, MIN(len, sizeof(out->rsdp2)));
        return 0;
    default:
        return 0;
    }
}

int multiboot2_parse(const void *mbi, uint64_t avail, struct boot_info *out)
{
    const uint8_t *list = mbi;

    memset(out, 0, sizeof(*out));
    if (avail < LIST_HEADER_BYTES) {
        return -EPROTO;
    }
    uint64_t total = load_le32(list);
    if (total > avail || total > MULTIBOOT2_MAX_BYTES) {
        return -EPROTO;
    }
    for (uint64_t at = LIST_HEADER_BYTES; at + TAG_HEADER_BYTES <= total;) {
        uint32_t type = load_le32(list + at);
        uint64_t size = load_le32(list + at + 4);
        if (size < TAG_HEADER_BYTES || size > total - at) {
            return -EPROTO;
        }
        if (type == TAG_END) {
            return 0;
        }
        int err = parse_tag(type, list + at + TAG_HEADER_BYTES, size - TAG_HEADER_BYTES, out);
        if (err) {
            return err;
        }
        at += ALIGN_UP(size, TAG_ALIGN);
    }
    return -EPROTO; /* no end tag */
}
