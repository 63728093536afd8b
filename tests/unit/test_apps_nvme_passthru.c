/*
 * tests/unit/test_apps_nvme_passthru.c - admin-passthru, io-passthru, security-* and resv-*, typed
 * into a shell whose drive is the software controller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "tests/model/model_spec.h"
#include "tests/unit/fat_image.h"
#include "tests/unit/typed_lines.h"

#define SERIAL " --serial=CAR0001"
#define HOST_ID " --hostid=0x000102030405060708090a0b0c0d0e0f"

static uint64_t sent_all(void)
{
    return model_counters(model())->io_commands + model_counters(model())->admin_commands;
}

/* Vendor's commands: admin C1h and I/O 91h are harmless, C2h and 92h change something, 93h is not
 * in the effects log. */
static const struct model_effect effects[] = {
    {.admin = true, .opcode = 0xc1, .effects = 1},
    {.admin = true, .opcode = 0xc2, .effects = 3},
    {.admin = false, .opcode = 0x91, .effects = 1},
    {.admin = false, .opcode = 0x92, .effects = 3},
};

static int start(void **state)
{
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drive.lpa |= 1 << 1;
    drive.effects = effects;
    drive.effect_count = ARRAY_SIZE(effects);
    drive.reservations = drive.security = true;
    drive.ns_count = 2;
    drive.ns[1] = (struct model_ns_config){
        .nsid = 2, .blocks = 4096, .lbads = 9, .metadata_bytes = 16};
    cfg.drives = &drive;
    cfg.ram_disk_blocks = FAT_IMAGE_SECTORS;
    cfg.ram_disk_block_bytes = 512;
    ha = host_appliance_create(&cfg);
    fat_image_make(block_mem_data(ha->ram), 512);
    host_appliance_rescan(ha);
    return 0;
}

static int start_bare(void **state)
{
    (void)state;
    ha = host_appliance_create(NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

/* --- passthrough ------------------------------------------------------------------------------ */

static void test_reading(void **state)
{
    uint8_t byte = 0x42;

    (void)state;
    says("nvme admin-passthru nvme0 --opcode=6 --cdw10=1 --data-len=4096 --read",
         "Admin Command 06 is Success and result: 0x00000000\n00000000  34 12 f4 1a ");
    says("nvme admin-passthru nvme0 -O 6 --cdw10=1 -l 16 -r -o json", "\"opcode\" : 6,");
    assert_non_null(strstr(ha->text, "\"data\" : [\n    \"3412f41a43415230303031"));
    model_media_write(model(), 1, 512 * 3, &byte, 1);
    says("nvme io-passthru nvme0n1 -O 2 --cdw10=3 -l 512 -r", "\n00000000  42 00 ");
    says("nvme io-passthru nvme0 -n 1 -O 2 --cdw10=3 -l 512 -r -t 500", "\n00000000  42 00 ");
    says("nvme io-passthru nvme0n2 -O 2 --cdw10=3 -l 512 -m 16 -r", "metadata:\n");
    says("nvme io-passthru nvme0n1 -O 0", "IO Command 00 is Success");
    refuses("nvme io-passthru nvme0n1 -O 2 --cdw10=131072 -l 512 -r", -EIO,
            "nvme0 refused Read: LBA Out of Range");
    refuses("nvme admin-passthru nvme0 -O 6 --cdw10=0x55 -l 4096 -r", -EIO, "refused Identify: ");
}

static void test_showing(void **state)
{
    uint64_t before = sent_all();

    (void)state;
    says("nvme io-passthru nvme0n1 -O 1 --cdw10=5 --cdw12=7 --cdw15=0xab -l 4096 -w --dry-run",
         "opcode       : 01\nflags        : 00\nnsid         : 00000001\n");
    assert_non_null(strstr(ha->text, "data_len     : 00001000\n"));
    assert_non_null(strstr(ha->text, "cdw10        : 00000005\ncdw11        : 00000000\n"
                                     "cdw12        : 00000007\n"));
    assert_non_null(strstr(ha->text, "cdw15        : 000000ab\n"));
    says("nvme admin-passthru nvme0 -O 0x80 -d", "nsid         : 00000000\n");
    assert_true(sent_all() == before);
    says("nvme io-passthru nvme0n1 -O 0 -s", "opcode       : 00\n");
    assert_non_null(strstr(ha->text, "IO Command 00 is Success"));
}

static void test_writing(void **state)
{
    uint8_t byte;

    (void)state;
    says("nvme io-passthru nvme0n1 -O 1 --cdw10=5 --cdw12=1 -l 1024 -w -p 0x77" SERIAL,
         "Write to LBA 5 to 6 (2 blocks): what is there is lost, which touches no partition");
    model_media_read(model(), 1, 512 * 7 - 1, &byte, 1);
    assert_int_equal(byte, 0x77);
    says("nvme io-passthru nvme0n1 -O 1 --cdw10=9 -l 512 -w -i ram0:/BIG.BIN" SERIAL, "Success");
    model_media_read(model(), 1, 512 * 9 + 5, &byte, 1);
    assert_int_equal(byte, fat_image_big_byte(5));
    says("nvme io-passthru nvme0n1 -O 8 --cdw10=5" SERIAL, "Write Zeroes to LBA 5: ");
    model_media_read(model(), 1, 512 * 5, &byte, 1);
    assert_int_equal(byte, 0);
    refuses("nvme io-passthru nvme0n1 -O 1 --cdw10=131071 --cdw12=1 -l 1024 -w" SERIAL, -EINVAL,
            "2 blocks from LBA 131071 do not lie in nvme0n1");
}

static void test_vendors_commands(void **state)
{
    (void)state;
    says("nvme admin-passthru nvme0 -O 0xc1", "Admin Command c1 is Success");
    says("nvme io-passthru nvme0n1 -O 0x91 --cdw10=0x1234", "result: 0x00001234");
    refuses("nvme admin-passthru nvme0 -O 0xc2", -EROFS, "nvme0 is not armed, so nothing was done");
    refuses("nvme io-passthru nvme0n1 -O 0x92", -EROFS, "nvme0 is not armed");
    refuses("nvme io-passthru nvme0n1 -O 0x93", -EROFS, "nvme0 is not armed");
    says("nvme io-passthru nvme0n1 -O 0x92" SERIAL, "with ALL 2 namespaces");
    says("nvme admin-passthru nvme0 -O 0xc2" SERIAL, "Success");
    refuses("nvme io-passthru nvme0n1 -O 0x93" SERIAL, -ENOTSUP, "Invalid Command Opcode");
}

static void test_never_let_through(void **state)
{
    static const char *const lines[] = {
        "nvme admin-passthru nvme0 -O 1" SERIAL, "nvme admin-passthru nvme0 -O 0" SERIAL,
        "nvme admin-passthru nvme0 -O 4" SERIAL, "nvme admin-passthru nvme0 -O 5" SERIAL,
        "nvme admin-passthru nvme0 -O 0xc" SERIAL, "nvme admin-passthru nvme0 -O 0x7c" SERIAL,
        "nvme admin-passthru nvme0 -O 9 --cdw10=7" SERIAL,
        "nvme admin-passthru nvme0 -O 9 --cdw10=0xd" SERIAL,
    };
    uint64_t before = sent_all();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        refuses(lines[i], -EPERM, "the driver's own");
    }
    assert_true(sent_all() == before);
}

static void test_not_armed_nothing_changes(void **state)
{
    static const char *const lines[] = {
        "nvme io-passthru nvme0n1 -O 1 -l 512 -w", "nvme io-passthru nvme0n1 -O 4",
        "nvme io-passthru nvme0n1 -O 8", "nvme io-passthru nvme0n1 -O 9 --cdw11=4 -l 16 -w",
        "nvme io-passthru nvme0n1 -O 0x0d -l 16 -w", "nvme io-passthru nvme0n1 -O 0x11 -l 16 -w",
        "nvme io-passthru nvme0n1 -O 0x15 -l 8 -w", "nvme io-passthru nvme0n1 -O 0x19 -l 32 -w",
        "nvme io-passthru nvme0 -n 0xffffffff -O 1 -l 512 -w",
        "nvme admin-passthru nvme0 -O 0x80 -n 1", "nvme admin-passthru nvme0 -O 0x84",
        "nvme admin-passthru nvme0 -O 0x81 -l 16 -w", "nvme admin-passthru nvme0 -O 0x10",
        "nvme admin-passthru nvme0 -O 0x11 -l 4096 -w",
        "nvme admin-passthru nvme0 -O 0x0d -l 4096 -w",
        "nvme admin-passthru nvme0 -O 9 --cdw10=2",
        "nvme admin-passthru nvme0 -O 9 --cdw10=0x84 -n 1",
        "nvme admin-passthru nvme0 -O 0xff", "nvme admin-passthru nvme0 -O 0x33",
        "nvme admin-passthru nvme0 -O 0x80 -n 1 --serial=OTHER",
        "nvme security-send nvme0 -p 0xf0 -t 4 --pattern=0x11",
        ("nvme resv-register nvme0n1 -k 1" HOST_ID), "nvme resv-acquire nvme0n1 -c 1 -t 1",
        "nvme resv-release nvme0n1 -c 1 -t 1", "nvme resv-release nvme0n1 -c 1 -a 1",
    };
    uint64_t before = model_fingerprint(model());

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        refuses(lines[i], -EROFS, "nothing was done");
        assert_true(model_fingerprint(model()) == before);
    }
}

static void test_mistakes(void **state)
{
    uint64_t before = sent_all();

    (void)state;
    refuses("nvme io-passthru nvme0n1", -EINVAL, "--opcode says which command");
    refuses("nvme io-passthru nvme0n1 -O 2 -O 1", -EINVAL, "given twice");
    refuses("nvme io-passthru nvme0n1 -O 2 -f 1", -EINVAL, "--flags is 0");
    refuses("nvme io-passthru nvme0n1 -O 2 -l 512", -EINVAL, "--data-len=BYTES with --read or");
    refuses("nvme io-passthru nvme0n1 -O 2 -r", -EINVAL, "data has a length and a direction");
    refuses("nvme io-passthru nvme0n1 -O 2 -l 512 -r -w", -EINVAL, "data goes one way");
    refuses("nvme io-passthru nvme0n1 -O 2 -l 512 -r -p 1", -EINVAL, "are for --write");
    refuses("nvme io-passthru nvme0n1 -O 2 -l 262144 -r", -EINVAL, "131072 bytes in a command");
    refuses("nvme io-passthru nvme0n1 -O 0x100", -ERANGE, "opcode");
    refuses("nvme io-passthru nvme0n1 -O 1 -l 8192 -w -i ram0:/BIG.BIN" SERIAL, -EINVAL,
            "has 4708 bytes, and 8192 are needed");
    assert_true(sent_all() == before);
}

static void test_time_out(void **state)
{
    static const struct model_rule lost = {.on = MODEL_ON_IO, .match = NVM_FLUSH, .sub = MODEL_ANY,
                                           .action = MODEL_DO_DROP};

    (void)state;
    model_add_rule(model(), &lost);
    refuses("nvme io-passthru nvme0n1 -O 0 -t 20", -ETIMEDOUT, "nvme0: Flush failed: ");
    says("nvme io-passthru nvme0n1 -O 0 -t 20", "Success"); /* it was reset */
}

/* --- security --------------------------------------------------------------------------------- */

static void test_security(void **state)
{
    (void)state;
    says("nvme security-recv nvme0", "Success\n00000000  00 00 00 00 00 00 00 02  00 f0 ");
    says("nvme security-recv nvme0 -p 0 -t 16 -o json",
         "\"data\" : [\n    \"000000000000000200f0000000000000\"");
    says("nvme security-send nvme0 -p 0xf0 -s 0x1234 -t 100 --file=ram0:/BIG.BIN" SERIAL,
         "a security protocol may lock, unlock or erase the drive");
    assert_non_null(strstr(ha->text, "NVME Security Send Command Success, 100 bytes"));
    char first[16];
    str_format(first, sizeof(first), "00000000  %02x %02x", fat_image_big_byte(0),
               fat_image_big_byte(1));
    says("nvme security-recv nvme0 -p 0xf0 -s 0x1234 -t 100", first);
    refuses("nvme security-recv nvme0 -p 0xf0 -s 0x1235", -EIO, "refused Security Receive");
    refuses("nvme security-recv nvme0 -p 1", -EIO, "refused Security Receive: Invalid Field");
    refuses("nvme security-send nvme0 -p 0xf0 --pattern=0x11" SERIAL, -EINVAL, "--tl says");
    refuses("nvme security-send nvme0 -p 0xf0 -t 4" SERIAL, -EINVAL, "--data=FILE");
    refuses("nvme security-recv nvme0 -p 256", -ERANGE, "secp");
}

/* --- reservations ----------------------------------------------------------------------------- */

static void test_reservations(void **state)
{
    (void)state;
    refuses("nvme resv-register nvme0n1 -k 0x11" SERIAL, -EINVAL, "this host has no identifier");
    refuses("nvme resv-register nvme0n1 -k 0x11 --hostid=0x11" SERIAL, -EINVAL, "16 bytes");
    says("nvme resv-register nvme0n1 -k 0x11" HOST_ID SERIAL, "NVME Reservation Register success");
    says("nvme resv-report nvme0n1", "regctl                  : 1\n");
    assert_non_null(strstr(ha->text, "rkey                    : 0x11\n"));
    assert_non_null(strstr(ha->text, "hostid                  : "));
    says("nvme resv-acquire nvme0n1 -c 0x11 -t 1" SERIAL, "NVME Reservation Acquire success");
    says("nvme resv-report nvme0n1", "rtype                   : 1 (Write Exclusive)\n");
    assert_non_null(strstr(ha->text, "rcsts                   : 1 (holder)\n"));
    says("nvme resv-report nvme0n1 -o json", "\"regctlext\" : [\n    {\n      \"cntlid\" : 1,");
    assert_non_null(strstr(ha->text, "\"gen\" : 1,\n  \"rtype\" : 1,\n  \"regctl\" : 1,"));
    refuses("nvme resv-acquire nvme0n1 -c 0x12 -t 1" SERIAL, -EIO, "Reservation Conflict");
    refuses("nvme resv-release nvme0n1 -c 0x11 -t 2" SERIAL, -EIO, "Invalid Field");
    says("nvme resv-release nvme0n1 -c 0x11 -t 1" SERIAL, "NVME Reservation Release success");
    says("nvme resv-report nvme0n1", "rtype                   : 0 (none)\n");
    says("nvme resv-register nvme0n1 -r 2 -c 0x11 -k 0x22 -p 3" SERIAL, "success");
    says("nvme resv-report nvme0n1", "ptpls                   : 1\n");
    says("nvme resv-register nvme0n1 -r 1 -c 0x22" SERIAL, "success");
    says("nvme resv-report nvme0n1", "regctl                  : 0\n");
    refuses("nvme resv-acquire nvme0n1 -c 1" SERIAL, -EINVAL, "--rtype is 1 to 6");
    refuses("nvme resv-register nvme0n1 -k 1 -p 1" SERIAL, -EINVAL, "reserved");
    refuses("nvme resv-report nvme0n1 -d 3", -EINVAL, "--numd is at least 15");
}

/* Another host holds the namespace: what it may and may not do, until it is preempted. */
static void test_reservation_conflicts(void **state)
{
    static const struct {
        uint8_t type;
        bool reads, writes, registrant_reads, registrant_writes;
    } rows[] = {
        {1, true, false, true, false}, {2, false, false, false, false},
        {3, true, false, true, true},
        {4, false, false, true, true}, {5, true, false, true, true}, {6, false, false, true, true},
    };
    char line[80];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(model_reserve(model(), 1, 0xee, NVM_RESV_REGISTER, 0, 0, 0x99), 0);
        assert_int_equal(model_reserve(model(), 1, 0xee, NVM_RESV_ACQUIRE,
                                       (uint32_t)rows[i].type << 8, 0x99, 0), 0);
        for (unsigned registered = 0; registered < 2; registered++) {
            bool reads = registered ? rows[i].registrant_reads : rows[i].reads;
            bool writes = registered ? rows[i].registrant_writes : rows[i].writes;
            if (registered) {
                says("nvme resv-register nvme0n1 -k 0x11" HOST_ID SERIAL, "success");
            }
            if (reads) {
                says("nvme read nvme0n1 -s 0", "LBA 0");
            } else {
                refuses("nvme read nvme0n1 -s 0", -EIO, "Reservation Conflict");
            }
            if (writes) {
                says("nvme write nvme0n1 -s 0 --pattern=0x11" SERIAL, "Success");
            } else {
                refuses("nvme write nvme0n1 -s 0 --pattern=0x11" SERIAL, -EIO,
                        "Reservation Conflict");
                refuses("nvme dsm nvme0n1 -s 0 -b 1 -d" SERIAL, -EIO, "Reservation Conflict");
            }
        }
        str_format(line, sizeof(line), "nvme resv-acquire nvme0n1 -c 0x11 -t 1 -a 1 -p %s" SERIAL,
                   rows[i].type >= 5 ? "0" : "0x99");
        says(line, "success");
        says("nvme write nvme0n1 -s 0 --pattern=0x11" SERIAL, "Success");
        says("nvme resv-report nvme0n1", "regctl                  : 1\n");
        says("nvme resv-release nvme0n1 -c 0x11 -a 1" SERIAL, "success");
    }
}

static void test_not_offered(void **state)
{
    (void)state;
    refuses("nvme security-recv nvme0", -ENOTSUP, "does not offer Security Send and Receive: OACS");
    refuses("nvme security-send nvme0 -t 4 --pattern=0x11" SERIAL, -ENOTSUP, "OACS bit 0");
    refuses("nvme resv-report nvme0n1", -ENOTSUP, "does not offer Reservations: ONCS bit 5");
    refuses("nvme resv-register nvme0n1 -k 1" SERIAL, -ENOTSUP, "ONCS bit 5");
    refuses("nvme resv-acquire nvme0n1 -c 1 -t 1" SERIAL, -ENOTSUP, "ONCS bit 5");
    refuses("nvme resv-release nvme0n1 -c 1 -t 1" SERIAL, -ENOTSUP, "ONCS bit 5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reading, start, stop),
        cmocka_unit_test_setup_teardown(test_showing, start, stop),
        cmocka_unit_test_setup_teardown(test_writing, start, stop),
        cmocka_unit_test_setup_teardown(test_vendors_commands, start, stop),
        cmocka_unit_test_setup_teardown(test_never_let_through, start, stop),
        cmocka_unit_test_setup_teardown(test_not_armed_nothing_changes, start, stop),
        cmocka_unit_test_setup_teardown(test_mistakes, start, stop),
        cmocka_unit_test_setup_teardown(test_time_out, start, stop),
        cmocka_unit_test_setup_teardown(test_security, start, stop),
        cmocka_unit_test_setup_teardown(test_reservations, start, stop),
        cmocka_unit_test_setup_teardown(test_reservation_conflicts, start, stop),
        cmocka_unit_test_setup_teardown(test_not_offered, start_bare, stop),
    };
    return cmocka_run_group_tests_name("apps nvme passthru", tests, NULL, NULL);
}
