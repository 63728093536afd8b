/*
 * tests/fuzz/fuzz_lib_smbios.c - any bytes as SMBIOS tables: the texts end and are printable.
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/assert.h"
#include "lib/smbios.h"
#include "lib/string.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text)
{
    for (size_t i = 0; text[i]; i++) {
        assert(i < SMBIOS_TEXT_BYTES && text[i] >= ' ' && text[i] <= '~');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct smbios_system system;
    uint64_t table;
    uint32_t bytes;

    if (smbios_parse_system(data, size, &system) == 0) {
        check(system.manufacturer);
        check(system.product);
        check(system.serial);
    }
    int at = smbios_find_entry(data, size);
    if (at >= 0) {
        assert(smbios_parse_entry(data + at, size - (size_t)at, &table, &bytes) == 0 ||
               size - (size_t)at > SMBIOS_ENTRY_BYTES);
    }
    return 0;
}
