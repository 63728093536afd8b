/*
 * arch/x86_64/ioapic.c - I/O APICs: every input masked, then the few that are wanted routed
 * (82093AA data sheet §3).
 */
#include "arch/x86_64/apic.h"

#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/log.h"

#include "arch/x86_64/paging.h"

#define IOAPIC_BYTES 0x20
#define REG_SELECT   0
#define REG_WINDOW   4 /* in dwords: at 10h */

#define IOAPIC_VERSION    1
#define IOAPIC_TABLE      0x10 /* two dwords an entry */
#define VERSION_MAX_ENTRY GENMASK64(23, 16)
#define ENTRY_ACTIVE_LOW  BIT64(13)
#define ENTRY_LEVEL       BIT64(15)
#define ENTRY_MASKED      BIT64(16)
#define ENTRY_HIGH_DEST   GENMASK64(31, 24)

static volatile uint32_t *registers[ACPI_MAX_IOAPICS];
static unsigned inputs[ACPI_MAX_IOAPICS];

static uint32_t read_reg(unsigned n, uint32_t reg)
{
    registers[n][REG_SELECT] = reg;
    return registers[n][REG_WINDOW];
}

static void write_reg(unsigned n, uint32_t reg, uint32_t val)
{
    registers[n][REG_SELECT] = reg;
    registers[n][REG_WINDOW] = val;
}

void ioapic_init(const struct acpi_madt *madt)
{
    for (unsigned n = 0; n < madt->ioapic_count; n++) {
        registers[n] = paging_map_mmio(madt->ioapic[n].addr, IOAPIC_BYTES);
        if (!registers[n]) {
            log_warn("I/O APIC at 0x%x cannot be mapped", madt->ioapic[n].addr);
            continue;
        }
        inputs[n] = (unsigned)FIELD_GET(VERSION_MAX_ENTRY, read_reg(n, IOAPIC_VERSION)) + 1;
        for (unsigned i = 0; i < inputs[n]; i++) {
            write_reg(n, IOAPIC_TABLE + 2 * i, ENTRY_MASKED);
        }
    }
}

int ioapic_route_isa(const struct acpi_madt *madt, unsigned irq, uint32_t id)
{
    if (irq >= ACPI_ISA_IRQS || id > 255) {
        return -ENODEV;
    }
    const struct acpi_irq *isa = &madt->isa[irq];
    for (unsigned n = 0; n < madt->ioapic_count; n++) {
        uint32_t base = madt->ioapic[n].gsi_base;
        if (!registers[n] || isa->gsi < base || isa->gsi - base >= inputs[n]) {
            continue;
        }
        uint32_t entry = IOAPIC_TABLE + 2 * (isa->gsi - base);
        uint64_t low = VECTOR_ISA + irq;
        low |= isa->active_low ? ENTRY_ACTIVE_LOW : 0;
        low |= isa->level ? ENTRY_LEVEL : 0;
        write_reg(n, entry + 1, (uint32_t)FIELD_PREP(ENTRY_HIGH_DEST, id));
        write_reg(n, entry, (uint32_t)low);
        return 0;
    }
    return -ENODEV;
}
