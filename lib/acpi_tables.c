/*
 * lib/acpi_tables.c - the ACPI tables the kernel needs, read from bytes.
 */
#include "lib/acpi_tables.h"

#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/string.h"

/* RSDP (ACPI 6.3 §5.2.5.3) */
#define RSDP1_BYTES   20
#define RSDP2_BYTES   36
#define RSDP_REVISION 15
#define RSDP_RSDT     16
#define RSDP_XSDT     24

/* MADT (§5.2.12) */
#define MADT_LAPIC_ADDR 36
#define MADT_ENTRIES    44
enum { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_LAPIC_ADDR64 = 5, MADT_X2APIC = 9 };
#define MADT_ENABLED    0x1
#define APIC_ID_NONE    0xff       /* in a LAPIC entry */
#define X2APIC_ID_NONE  0xffffffff /* in an x2APIC entry */
#define INTI_POLARITY   0x3
#define INTI_ACTIVE_LOW 0x3
#define INTI_TRIGGER    0xc
#define INTI_LEVEL      0xc

/* FADT (§5.2.9) */
#define FADT_DSDT          40
#define FADT_SMI_CMD       48
#define FADT_ACPI_ENABLE   52
#define FADT_PM1A_CNT      64
#define FADT_PM1B_CNT      68
#define FADT_PM_TMR        76
#define FADT_FLAGS         112
#define FADT_RESET_REG     116
#define FADT_RESET_VALUE   128
#define FADT_X_DSDT        140
#define FADT_X_PM1A_CNT    172
#define FADT_X_PM1B_CNT    184
#define FADT_X_PM_TMR      208
#define FADT_SLEEP_CONTROL 244
#define FADT_MIN_BYTES     116 /* that of ACPI 1.0 */
#define FADT_TMR_VAL_EXT   0x100
#define FADT_RESET_REG_SUP 0x400
#define FADT_HW_REDUCED    0x100000
#define GAS_BYTES          12

/* HPET description table (IA-PC HPET 1.0a §3.2.4) */
#define HPET_ADDRESS 40

/* AML (§20.2) */
#define AML_PACKAGE 0x12
#define AML_BYTE    0x0a
#define AML_ZERO    0x00
#define AML_ONE     0x01

bool acpi_checksum_ok(const uint8_t *table, size_t len)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + table[i]);
    }
    return sum == 0;
}

int acpi_parse_rsdp(const uint8_t *rsdp, size_t len, uint32_t *rsdt, uint64_t *xsdt)
{
    if (len < RSDP1_BYTES || memcmp(rsdp, "RSD PTR ", 8) != 0 ||
        !acpi_checksum_ok(rsdp, RSDP1_BYTES)) {
        return -EPROTO;
    }
    *rsdt = load_le32(rsdp + RSDP_RSDT);
    *xsdt = 0;
    if (rsdp[RSDP_REVISION] >= 2 && len >= RSDP2_BYTES && acpi_checksum_ok(rsdp, RSDP2_BYTES)) {
        *xsdt = load_le64(rsdp + RSDP_XSDT);
    }
    return 0;
}

uint32_t acpi_table_bytes(const uint8_t *header)
{
    uint32_t len = load_le32(header + 4);
    return len >= ACPI_HEADER_BYTES && len <= 16 * MIB ? len : 0;
}

uint64_t acpi_root_entry(const uint8_t *root, size_t len, unsigned entry_bytes, unsigned index)
{
    size_t at = ACPI_HEADER_BYTES + (size_t)index * entry_bytes;

    if (at + entry_bytes > len) {
        return 0;
    }
    return entry_bytes == 8 ? load_le64(root + at) : load_le32(root + at);
}

/* A CPU can be listed as a LAPIC and as an x2APIC. */
static void add_cpu(struct acpi_madt *madt, uint32_t apic_id, uint32_t flags)
{
    /* The Online Capable flag of later versions marks CPUs that are not there yet. */
    if (!(flags & MADT_ENABLED)) {
        madt->cpus_disabled++;
        return;
    }
    for (unsigned i = 0; i < madt->cpu_count; i++) {
        if (madt->cpu_apic_id[i] == apic_id) {
            return;
        }
    }
    if (madt->cpu_count == ACPI_MAX_CPUS) {
        madt->cpus_dropped++;
        return;
    }
    madt->cpu_apic_id[madt->cpu_count++] = apic_id;
}

static void add_override(struct acpi_madt *madt, const uint8_t *e)
{
    uint16_t flags = load_le16(e + 8);

    if (e[2] == 0 && e[3] < ACPI_ISA_IRQS) {
        madt->isa[e[3]] = (struct acpi_irq){
            .gsi = load_le32(e + 4),
            .active_low = (flags & INTI_POLARITY) == INTI_ACTIVE_LOW,
            .level = (flags & INTI_TRIGGER) == INTI_LEVEL,
        };
    }
}

static void parse_madt_entry(struct acpi_madt *madt, const uint8_t *e, uint8_t len)
{
    switch (e[0]) {
    case MADT_LAPIC:
        if (len >= 8 && e[3] != APIC_ID_NONE) {
            add_cpu(madt, e[3], load_le32(e + 4));
        }
        break;
    case MADT_X2APIC:
        if (len >= 16 && load_le32(e + 4) != X2APIC_ID_NONE) {
            add_cpu(madt, load_le32(e + 4), load_le32(e + 8));
        }
        break;
    case MADT_IOAPIC:
        if (len >= 12 && madt->ioapic_count < ACPI_MAX_IOAPICS) {
            madt->ioapic[madt->ioapic_count++] =
                (struct acpi_ioapic){load_le32(e + 4), load_le32(e + 8)};
        }
        break;
    case MADT_OVERRIDE:
        if (len >= 10) {
            add_override(madt, e);
        }
        break;
    case MADT_LAPIC_ADDR64:
        if (len >= 12) {
            madt->lapic_addr = load_le64(e + 4);
        }
        break;
    default:
        break;
    }
}

int acpi_parse_madt(const uint8_t *madt, size_t len, struct acpi_madt *out)
{
    memset(out, 0, sizeof(*out));
    for (unsigned i = 0; i < ACPI_ISA_IRQS; i++) {
        out->isa[i].gsi = i;
    }
    if (len < MADT_ENTRIES) {
        return -EPROTO;
    }
    out->lapic_addr = load_le32(madt + MADT_LAPIC_ADDR);
    for (size_t at = MADT_ENTRIES; at + 2 <= len; at += madt[at + 1]) {
        if (madt[at + 1] < 2 || madt[at + 1] > len - at) {
            return -EPROTO;
        }
        parse_madt_entry(out, madt + at, madt[at + 1]);
    }
    return 0;
}

/* The extended register at x_off if the table has it and it is not zero, else the port at off. */
static struct acpi_gas register_at(const uint8_t *fadt, size_t len, unsigned x_off, unsigned off)
{
    struct acpi_gas gas = {ACPI_SPACE_IO, 0, 0};

    if (x_off + GAS_BYTES <= len && load_le64(fadt + x_off + 4) != 0) {
        return (struct acpi_gas){fadt[x_off], fadt[x_off + 1], load_le64(fadt + x_off + 4)};
    }
    if (off != 0) {
        gas.addr = load_le32(fadt + off);
    }
    return gas;
}

int acpi_parse_fadt(const uint8_t *fadt, size_t len, struct acpi_fadt *out)
{
    memset(out, 0, sizeof(*out));
    if (len < FADT_MIN_BYTES) {
        return -EPROTO;
    }
    uint32_t flags = load_le32(fadt + FADT_FLAGS);
    out->dsdt = load_le32(fadt + FADT_DSDT);
    if (FADT_X_DSDT + 8 <= len && load_le64(fadt + FADT_X_DSDT) != 0) {
        out->dsdt = load_le64(fadt + FADT_X_DSDT);
    }
    out->smi_command = (uint16_t)load_le32(fadt + FADT_SMI_CMD);
    out->acpi_enable = fadt[FADT_ACPI_ENABLE];
    out->pm1a_control = register_at(fadt, len, FADT_X_PM1A_CNT, FADT_PM1A_CNT);
    out->pm1b_control = register_at(fadt, len, FADT_X_PM1B_CNT, FADT_PM1B_CNT);
    out->pm_timer = register_at(fadt, len, FADT_X_PM_TMR, FADT_PM_TMR);
    out->pm_timer_32bit = flags & FADT_TMR_VAL_EXT;
    out->hw_reduced = flags & FADT_HW_REDUCED;
    out->sleep_control = register_at(fadt, len, FADT_SLEEP_CONTROL, 0);
    if ((flags & FADT_RESET_REG_SUP) && FADT_RESET_VALUE < len) {
        out->reset = register_at(fadt, len, FADT_RESET_REG, 0);
        out->reset_value = fadt[FADT_RESET_VALUE];
        out->has_reset = out->reset.addr != 0;
    }
    return 0;
}

uint64_t acpi_parse_hpet(const uint8_t *hpet, size_t len)
{
    if (len < HPET_ADDRESS + GAS_BYTES || hpet[HPET_ADDRESS] != ACPI_SPACE_MEMORY) {
        return 0;
    }
    return load_le64(hpet + HPET_ADDRESS + 4);
}

/* A small integer of a package at *at. False: something else. */
static bool aml_small_integer(const uint8_t *aml, size_t len, size_t *at, uint8_t *value)
{
    if (*at >= len) {
        return false;
    }
    uint8_t op = aml[(*at)++];
    if (op == AML_ZERO || op == AML_ONE) {
        *value = op;
        return true;
    }
    if (op == AML_BYTE && *at < len) {
        *value = aml[(*at)++];
        return true;
    }
    return false;
}

bool acpi_find_s5(const uint8_t *table, size_t len, uint8_t *typ_a, uint8_t *typ_b)
{
    for (size_t i = ACPI_HEADER_BYTES; i + 7 <= len; i++) {
        if (memcmp(table + i, "_S5_", 4) != 0 || table[i + 4] != AML_PACKAGE) {
            continue;
        }
        /* The package's length field has 1 to 4 bytes (bits 7:6 of the first), then a count. */
        size_t at = i + 5;
        at += 1 + (table[at] >> 6) + 1;
        uint8_t a;
        uint8_t b;
        if (aml_small_integer(table, len, &at, &a) && aml_small_integer(table, len, &at, &b)) {
            *typ_a = a & 7;
            *typ_b = b & 7;
            return true;
        }
    }
    return false;
}
