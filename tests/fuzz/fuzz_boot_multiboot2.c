/*
 * tests/fuzz/fuzz_boot_multiboot2.c - any bytes as what the boot loader tells, and the map of
 * memory that comes of it: nothing reserved is ever given away.
 */
#include <stddef.h>
#include <stdint.h>

#include "boot/multiboot2.h"
#include "lib/assert.h"
#include "lib/string.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t cap)
{
    assert(strnlen(text, cap) < cap);
}

static void check_info(const struct boot_info *info)
{
    check_text(info->cmdline, sizeof(info->cmdline));
    check_text(info->loader, sizeof(info->loader));
    assert(info->module_count <= BOOT_MAX_MODULES);
    assert(info->smbios_entry_bytes <= sizeof(info->smbios_entry));
    for (unsigned i = 0; i < info->module_count; i++) {
        check_text(info->modules[i].name, sizeof(info->modules[i].name));
        assert(info->modules[i].base + info->modules[i].bytes >= info->modules[i].base);
    }
}

static void check_usable(const struct memmap *map, const struct rangeset *set, uint64_t floor)
{
    uint64_t end = 0;

    assert(set->count <= MEMMAP_MAX_RANGES);
    for (unsigned i = 0; i < set->count; i++) {
        const struct rangeset_range *r = &set->ranges[i];

        assert(r->base >= floor && r->base < r->end && (i == 0 || r->base > end));
        assert(r->base % MEMMAP_PAGE_BYTES == 0 && r->end % MEMMAP_PAGE_BYTES == 0);
        end = r->end;
        for (unsigned j = 0; j < map->count; j++) {
            const struct memmap_range *bad = &map->ranges[j];

            assert(bad->bytes > 0 && bad->base + (bad->bytes - 1) >= bad->base);
            assert(bad->type == MEMMAP_AVAILABLE || bad->base >= r->end ||
                   bad->base + (bad->bytes - 1) < r->base);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct boot_info info;
    static struct rangeset set;

    if (multiboot2_parse(data, size, &info) == 0) {
        assert(size >= 8);
    }
    check_info(&info);
    memmap_usable(&info.map, 1 << 20, &set);
    check_usable(&info.map, &set, 1 << 20);
    for (unsigned i = 0; i < info.module_count && info.modules[i].bytes; i++) {
        rangeset_remove(&set, info.modules[i].base, info.modules[i].base + info.modules[i].bytes);
    }
    if (set.count) {
        assert(rangeset_bytes(&set) > 0);
    }
    return 0;
}
