/*
 * tests/unit/test_lib_acpi_tables.c - ACPI tables as firmware writes them, good and bad.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/acpi_tables.h"
#include "lib/bytes.h"
#include "lib/errno.h"

static uint8_t table[8192];
static size_t used;
static struct acpi_madt madt;
static struct acpi_fadt fadt;

static int reset(void **state)
{
    (void)state;
    memset(table, 0, sizeof(table));
    used = 44;
    return 0;
}

static void add(size_t len, const uint8_t *bytes)
{
    memcpy(table + used, bytes, len);
    used += len;
}

static void add_lapic(uint8_t id, uint32_t flags)
{
    add(8, (const uint8_t[]){0, 8, 0, id, (uint8_t)flags, 0, 0, 0});
}

static void add_x2apic(uint32_t id, uint32_t flags)
{
    uint8_t e[16] = {9, 16};
    store_le32(e + 4, id);
    store_le32(e + 8, flags);
    add(sizeof(e), e);
}

/* In memory of exactly its size, so that ASan sees a byte too far. */
static int parse_madt(size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    memcpy(copy, table, len);
    int err = acpi_parse_madt(copy, len, &madt);
    free(copy);
    return err;
}

static void test_madt_cpus(void **state)
{
    (void)state;
    store_le32(table + 36, 0xfee00000);
    add_lapic(2, 1);
    add_lapic(0, 1);
    add_lapic(4, 0);    /* disabled */
    add_lapic(6, 2);    /* only capable of being put online later */
    add_lapic(0xff, 1); /* no identifier */
    add_x2apic(2, 1);   /* the same CPU again */
    add_x2apic(300, 1);
    add_x2apic(UINT32_MAX, 1);
    add(4, (const uint8_t[]){0x7f, 4, 1, 2}); /* unknown */
    assert_int_equal(parse_madt(used), 0);
    assert_int_equal(madt.cpu_count, 3);
    assert_int_equal(madt.cpu_apic_id[0], 2);
    assert_int_equal(madt.cpu_apic_id[1], 0);
    assert_int_equal(madt.cpu_apic_id[2], 300);
    assert_int_equal(madt.cpus_disabled, 2);
    assert_int_equal(madt.lapic_addr, 0xfee00000);
}

static void test_madt_more_cpus_than_fit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ACPI_MAX_CPUS - 6; i++) {
        add_x2apic(1000 + i, 1);
    }
    for (unsigned i = 0; i < 8; i++) {
        add_lapic((uint8_t)i, 1);
    }
    assert_int_equal(parse_madt(used), 0);
    assert_int_equal(madt.cpu_count, ACPI_MAX_CPUS);
    assert_int_equal(madt.cpus_dropped, 2);
}

static void test_madt_interrupts(void **state)
{
    (void)state;
    add(12, (const uint8_t[]){1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0});
    add(12, (const uint8_t[]){1, 12, 1, 0, 0, 0x10, 0xc0, 0xfe, 24, 0, 0, 0});
    add(10, (const uint8_t[]){2, 10, 0, 0, 2, 0, 0, 0, 0, 0});     /* IRQ 0 at input 2 */
    add(10, (const uint8_t[]){2, 10, 0, 9, 9, 0, 0, 0, 0x0f, 0});  /* low, level */
    add(10, (const uint8_t[]){2, 10, 0, 16, 1, 0, 0, 0, 0x0f, 0}); /* no ISA interrupt */
    add(12, (const uint8_t[]){5, 12, 0, 0, 0, 0, 0, 0xfe, 1, 0, 0, 0});
    assert_int_equal(parse_madt(used), 0);
    assert_int_equal(madt.ioapic_count, 2);
    assert_int_equal(madt.ioapic[1].addr, 0xfec01000);
    assert_int_equal(madt.ioapic[1].gsi_base, 24);
    assert_int_equal(madt.isa[0].gsi, 2);
    assert_int_equal(madt.isa[4].gsi, 4);
    assert_false(madt.isa[4].active_low || madt.isa[4].level);
    assert_true(madt.isa[9].active_low && madt.isa[9].level);
    assert_int_equal(madt.lapic_addr, 0x1fe000000);
}

static void test_madt_broken(void **state)
{
    (void)state;
    add_lapic(0, 1);
    add(2, (const uint8_t[]){0, 0}); /* no length: would never end */
    add_lapic(1, 1);
    assert_int_equal(parse_madt(used), -EPROTO);
    assert_int_equal(madt.cpu_count, 1);
    reset(NULL);
    add_lapic(0, 1);
    add_lapic(1, 1);
    for (size_t len = 0; len < used; len++) {
        int err = parse_madt(len);
        assert_true(err == 0 || err == -EPROTO);
        assert_true(madt.cpu_count <= 1);
    }
    reset(NULL);
    add(4, (const uint8_t[]){9, 4, 0, 0}); /* too short for its type */
    assert_int_equal(parse_madt(used), 0);
    assert_int_equal(madt.cpu_count, 0);
}

static void make_fadt(void)
{
    store_le32(table + 40, 0x1000); /* DSDT */
    store_le32(table + 48, 0xb2);   /* SMI_CMD */
    table[52] = 2;                  /* ACPI_ENABLE */
    store_le32(table + 64, 0x604);  /* PM1a control */
    store_le32(table + 76, 0x608);  /* PM timer */
    store_le32(table + 112, 0x400 | 0x100);
    table[116] = ACPI_SPACE_IO;
    store_le64(table + 120, 0xcf9);
    table[128] = 0xf;
}

static void test_fadt_versions(void **state)
{
    (void)state;
    make_fadt();
    store_le64(table + 140, 0x2000); /* X_DSDT */
    table[172] = ACPI_SPACE_MEMORY;
    store_le64(table + 176, 0xfed00000); /* X_PM1a control */

    /* ACPI 1.0: nothing that came later counts. */
    assert_int_equal(acpi_parse_fadt(table, 116, &fadt), 0);
    assert_int_equal(fadt.dsdt, 0x1000);
    assert_int_equal(fadt.pm1a_control.addr, 0x604);
    assert_false(fadt.has_reset);

    assert_int_equal(acpi_parse_fadt(table, 244, &fadt), 0);
    assert_int_equal(fadt.dsdt, 0x2000);
    assert_int_equal(fadt.pm1a_control.space, ACPI_SPACE_MEMORY);
    assert_int_equal(fadt.pm1a_control.addr, 0xfed00000);
    assert_int_equal(fadt.pm_timer.addr, 0x608); /* X_ field zero: the old one */
    assert_true(fadt.pm_timer_32bit);
    assert_true(fadt.has_reset);
    assert_int_equal(fadt.reset.addr, 0xcf9);
    assert_int_equal(fadt.reset_value, 0xf);
    assert_int_equal(fadt.smi_command, 0xb2);
    assert_false(fadt.hw_reduced);

    assert_int_equal(acpi_parse_fadt(table, 115, &fadt), -EPROTO);
}

static void test_s5(void **state)
{
    static const struct {
        uint8_t bytes[16];
        size_t len;
        bool found;
        uint8_t a, b;
    } cases[] = {
        {{'_', 'S', '5', '_', 0x12, 0x06, 4, 0, 0, 0, 0}, 11, true, 0, 0},
        {{'_', 'S', '5', '_', 0x12, 0x0a, 4, 0x0a, 5, 0x0a, 7, 0, 0}, 13, true, 5, 7},
        /* a length of two bytes */
        {{'_', 'S', '5', '_', 0x12, 0x4b, 0, 4, 0x0a, 5, 1, 0, 0}, 13, true, 5, 1},
        {{'_', 'S', '5', '_', 0x10, 0x06, 4, 0, 0, 0, 0}, 11, false, 0, 0},    /* no package */
        {{'_', 'S', '5', '_', 0x12, 0x06, 4, 0x0b, 1, 0, 0}, 11, false, 0, 0}, /* a word */
        {{'_', 'S', '5', '_', 0x12, 0xc6, 4}, 7, false, 0, 0},                 /* ends too early */
        {{'_', 'S', '5', '_', 0x12, 0x06, 1, 0x0a}, 8, false, 0, 0},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t len = ACPI_HEADER_BYTES + 3 + cases[i].len;
        uint8_t *dsdt = calloc(1, len);
        uint8_t a = 9;
        uint8_t b = 9;
        memcpy(dsdt + ACPI_HEADER_BYTES + 3, cases[i].bytes, cases[i].len);
        assert_int_equal(acpi_find_s5(dsdt, len, &a, &b), cases[i].found);
        if (cases[i].found) {
            assert_int_equal(a, cases[i].a);
            assert_int_equal(b, cases[i].b);
        }
        for (size_t cut = 0; cut < len; cut++) {
            (void)acpi_find_s5(dsdt, cut, &a, &b);
        }
        free(dsdt);
    }
}

static void fix_checksum(uint8_t *at, uint8_t *first, size_t len)
{
    uint8_t sum = 0;

    *at = 0;
    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + first[i]);
    }
    *at = (uint8_t)(0x100 - sum);
}

static void test_rsdp(void **state)
{
    uint8_t rsdp[36] = "RSD PTR ";
    uint32_t rsdt;
    uint64_t xsdt;

    (void)state;
    store_le32(rsdp + 16, 0x7fe1000);
    store_le64(rsdp + 24, UINT64_C(0x123456789));
    fix_checksum(rsdp + 8, rsdp, 20);
    assert_int_equal(acpi_parse_rsdp(rsdp, 20, &rsdt, &xsdt), 0);
    assert_int_equal(rsdt, 0x7fe1000);
    assert_int_equal(xsdt, 0);
    assert_int_equal(acpi_parse_rsdp(rsdp, 19, &rsdt, &xsdt), -EPROTO);

    rsdp[15] = 2;
    fix_checksum(rsdp + 8, rsdp, 20);
    fix_checksum(rsdp + 32, rsdp, 36);
    assert_int_equal(acpi_parse_rsdp(rsdp, 36, &rsdt, &xsdt), 0);
    assert_int_equal(xsdt, UINT64_C(0x123456789));
    rsdp[32]++; /* the extended part is damaged: the old one still serves */
    assert_int_equal(acpi_parse_rsdp(rsdp, 36, &rsdt, &xsdt), 0);
    assert_int_equal(xsdt, 0);
    rsdp[8]++;
    assert_int_equal(acpi_parse_rsdp(rsdp, 36, &rsdt, &xsdt), -EPROTO);
}

static void test_root_and_header(void **state)
{
    (void)state;
    store_le32(table + 36, 0x1000);
    store_le32(table + 40, 0x2000);
    assert_int_equal(acpi_root_entry(table, 44, 4, 0), 0x1000);
    assert_int_equal(acpi_root_entry(table, 44, 4, 1), 0x2000);
    assert_int_equal(acpi_root_entry(table, 44, 4, 2), 0);
    assert_int_equal(acpi_root_entry(table, 44, 8, 0), UINT64_C(0x200000001000));
    assert_int_equal(acpi_root_entry(table, 43, 8, 0), 0);
    store_le32(table + 4, 35);
    assert_int_equal(acpi_table_bytes(table), 0);
    store_le32(table + 4, UINT32_MAX);
    assert_int_equal(acpi_table_bytes(table), 0);
    store_le32(table + 4, 36);
    assert_int_equal(acpi_table_bytes(table), 36);
}

static void test_hpet(void **state)
{
    (void)state;
    store_le64(table + 44, 0xfed00000);
    assert_int_equal(acpi_parse_hpet(table, 56), 0xfed00000);
    assert_int_equal(acpi_parse_hpet(table, 51), 0);
    table[40] = ACPI_SPACE_IO;
    assert_int_equal(acpi_parse_hpet(table, 56), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_madt_cpus, reset),
        cmocka_unit_test_setup(test_madt_more_cpus_than_fit, reset),
        cmocka_unit_test_setup(test_madt_interrupts, reset),
        cmocka_unit_test_setup(test_madt_broken, reset),
        cmocka_unit_test_setup(test_fadt_versions, reset),
        cmocka_unit_test_setup(test_s5, reset),
        cmocka_unit_test_setup(test_rsdp, reset),
        cmocka_unit_test_setup(test_root_and_header, reset),
        cmocka_unit_test_setup(test_hpet, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
