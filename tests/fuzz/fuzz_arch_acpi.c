/*
 * tests/fuzz/fuzz_arch_acpi.c - ACPI: the input is the memory that the firmware has left behind,
 * with an RSDP at its beginning. All of arch/x86_64/acpi.c and lib/acpi_tables.c runs on it.
 *
 * The first byte says whether the checksum of the RSDP is mended. Each table is handed out in
 * memory of exactly its length, so that the sanitizer sees a read past its end.
 */
#include <stdlib.h>

#include "arch/x86_64/acpi.c" // NOLINT(bugprone-suspicious-include): the file itself is under test

#include "lib/assert.h"

#define MEMORY_BASE 0x1000
#define COPIES_MAX  1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    const uint8_t *bytes;
    size_t len;
    void *copies[COPIES_MAX];
    unsigned count;
} firmware;

const void *paging_map_firmware(uint64_t phys, uint64_t bytes)
{
    if (phys < MEMORY_BASE || phys - MEMORY_BASE > firmware.len ||
        bytes > firmware.len - (phys - MEMORY_BASE) || firmware.count == COPIES_MAX) {
        return NULL;
    }
    uint8_t *copy = malloc(bytes ? bytes : 1);
    assert(copy);
    memcpy(copy, firmware.bytes + (phys - MEMORY_BASE), bytes);
    firmware.copies[firmware.count++] = copy;
    return copy;
}

static void mend(uint8_t *rsdp, size_t len)
{
    uint8_t sum = 0;

    rsdp[8] = 0;
    for (unsigned i = 0; i < 20; i++) {
        sum = (uint8_t)(sum + rsdp[i]);
    }
    rsdp[8] = (uint8_t)-sum;
    if (len >= RSDP_BYTES) {
        rsdp[32] = 0;
        sum = 0;
        for (unsigned i = 0; i < RSDP_BYTES; i++) {
            sum = (uint8_t)(sum + rsdp[i]);
        }
        rsdp[32] = (uint8_t)-sum;
    }
}

static void check(const struct acpi *tables)
{
    const struct acpi_madt *madt = &tables->madt;

    assert(madt->cpu_count <= ACPI_MAX_CPUS && madt->ioapic_count <= ACPI_MAX_IOAPICS);
    for (unsigned i = 0; i < madt->cpu_count; i++) {
        for (unsigned j = 0; j < i; j++) {
            assert(madt->cpu_apic_id[i] != madt->cpu_apic_id[j]);
        }
    }
    assert(!tables->has_s5 || (tables->s5_typ_a < 8 && tables->s5_typ_b < 8));
    assert(!tables->fadt.has_reset || tables->fadt.reset.addr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t rsdp[RSDP_BYTES];

    if (size < 1) {
        return 0;
    }
    size_t len = MIN(size - 1, sizeof(rsdp));
    memcpy(rsdp, data + 1, len);
    if ((data[0] & 1) && len >= 20) {
        mend(rsdp, len);
    }
    firmware.bytes = data + 1;
    firmware.len = size - 1;
    memset(&acpi, 0, sizeof(acpi));
    if (acpi_init(rsdp, len) == 0) {
        check(acpi_get());
    }
    while (firmware.count) {
        free(firmware.copies[--firmware.count]);
    }
    return 0;
}
