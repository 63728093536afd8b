/*
 * apps/system/size_text.c - sizes as people read them.
 */
#include "apps/system/size_text.h"

#include "lib/compiler.h"
#include "lib/out.h"

const char *size_text_binary(uint64_t bytes, char *buf, size_t cap)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;
    uint64_t scale = 1;

    while (unit + 1 < ARRAY_SIZE(units) && bytes / scale >= KIB) {
        scale *= KIB;
        unit++;
    }
    if (bytes % scale == 0) {
        str_format(buf, cap, "%llu %s", (unsigned long long)(bytes / scale), units[unit]);
    } else {
        str_format(buf, cap, "%.2f %s", (double)bytes / (double)scale, units[unit]);
    }
    return buf;
}

const char *size_text_decimal(uint64_t bytes, char *buf, size_t cap)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    unsigned unit = 0;
    double value = (double)bytes;

    /* 999.995 would be rounded to 1000.00. */
    while (unit + 1 < ARRAY_SIZE(units) && value >= 999.995) {
        value /= 1000;
        unit++;
    }
    str_format(buf, cap, "%6.2f %3s", value, units[unit]);
    return buf;
}
