/*
 * arch/x86_64/acpi.c - finds the ACPI tables in memory (ACPI 6.3 §5.2).
 */
#include "arch/x86_64/acpi.h"

#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"

#include "arch/x86_64/paging.h"

#define BIOS_AREA_BASE 0xe0000
#define BIOS_AREA_END  0x100000
#define EBDA_BYTES     1024
#define RSDP_ALIGN     16
#define RSDP_BYTES     36
#define MAX_TABLES     256

static struct acpi acpi;

const struct acpi *acpi_get(void)
{
    return &acpi;
}

static const uint8_t *scan(uint64_t base, uint64_t end)
{
    for (uint64_t at = base; at + RSDP_BYTES <= end; at += RSDP_ALIGN) {
        const uint8_t *p = (const uint8_t *)at;
        uint32_t rsdt;
        uint64_t xsdt;
        if (acpi_parse_rsdp(p, RSDP_BYTES, &rsdt, &xsdt) == 0) {
            return p;
        }
    }
    return NULL;
}

const uint8_t *acpi_scan_rsdp(uint16_t ebda_segment)
{
    uint64_t ebda = (uint64_t)ebda_segment << 4;
    const uint8_t *rsdp = NULL;

    if (ebda >= 0x80000 && ebda < 0xa0000) {
        rsdp = scan(ebda, ebda + EBDA_BYTES);
    }
    return rsdp ? rsdp : scan(BIOS_AREA_BASE, BIOS_AREA_END);
}

/* A whole table, or NULL when it makes no sense. */
static const uint8_t *map_table(uint64_t phys, uint32_t *len)
{
    const uint8_t *header = phys ? paging_map_firmware(phys, ACPI_HEADER_BYTES) : NULL;

    *len = header ? acpi_table_bytes(header) : 0;
    if (*len == 0) {
        return NULL;
    }
    const uint8_t *table = paging_map_firmware(phys, *len);
    if (table && !acpi_checksum_ok(table, *len)) {
        log_warn("ACPI table %.4s has a wrong checksum; it is used all the same",
                 (const char *)table);
    }
    return table;
}

static void find_s5(const uint8_t *table, uint32_t len)
{
    if (!acpi.has_s5) {
        acpi.has_s5 = acpi_find_s5(table, len, &acpi.s5_typ_a, &acpi.s5_typ_b);
    }
}

static void use_fadt(const uint8_t *table, uint32_t len)
{
    acpi.has_fadt = acpi_parse_fadt(table, len, &acpi.fadt) == 0;
    if (!acpi.has_fadt) {
        log_warn("the ACPI table FACP is too short");
        return;
    }
    uint32_t dsdt_len;
    const uint8_t *dsdt = map_table(acpi.fadt.dsdt, &dsdt_len);
    if (dsdt) {
        acpi.dsdt = dsdt;
        acpi.dsdt_bytes = dsdt_len;
        find_s5(dsdt, dsdt_len);
    }
}

static void use_table(const uint8_t *table, uint32_t len)
{
    if (memcmp(table, "APIC", 4) == 0 && !acpi.has_madt) {
        acpi.has_madt = true;
        if (acpi_parse_madt(table, len, &acpi.madt)) {
            log_warn("the ACPI table APIC breaks off; %u CPUs were read", acpi.madt.cpu_count);
        }
    } else if (memcmp(table, "FACP", 4) == 0 && !acpi.has_fadt) {
        use_fadt(table, len);
    } else if (memcmp(table, "HPET", 4) == 0) {
        acpi.hpet_phys = acpi_parse_hpet(table, len);
    } else if (memcmp(table, "SSDT", 4) == 0) {
        find_s5(table, len);
    }
}

/* Reads every table of an RSDT or XSDT; false when it is not one. */
static bool walk_root(uint64_t phys, const char *signature, unsigned entry_bytes)
{
    uint32_t root_len;
    const uint8_t *root = map_table(phys, &root_len);

    if (!root || memcmp(root, signature, 4) != 0) {
        return false;
    }
    for (unsigned i = 0; i < MAX_TABLES; i++) {
        if (ACPI_HEADER_BYTES + (i + 1) * entry_bytes > root_len) {
            break;
        }
        uint32_t len;
        const uint8_t *table = map_table(acpi_root_entry(root, root_len, entry_bytes, i), &len);
        if (table) {
            log_debug("ACPI table %.4s, %u bytes", (const char *)table, len);
            use_table(table, len);
        }
    }
    return true;
}

int acpi_init(const uint8_t *rsdp, size_t len)
{
    uint32_t rsdt;
    uint64_t xsdt;

    if (acpi_parse_rsdp(rsdp, len, &rsdt, &xsdt)) {
        return -ENODEV;
    }
    if (xsdt != 0 && walk_root(xsdt, "XSDT", 8)) {
        return 0;
    }
    return walk_root(rsdt, "RSDT", 4) ? 0 : -ENODEV;
}
