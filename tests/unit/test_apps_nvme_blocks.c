/*
 * tests/unit/test_apps_nvme_blocks.c - read, write, compare, verify, write-zeroes, write-uncor,
 * dsm, copy, flush and get-lba-status, typed into a shell whose drive is the software controller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/crc32.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/model/model_spec.h"
#include "tests/unit/fat_image.h"
#include "tests/unit/gpt_image.h"
#include "tests/unit/typed_lines.h"

#define SERIAL " --serial=CAR0001"
#define LAST 131071 /* of namespace 1 */

static unsigned sent(uint8_t opcode)
{
    return model_counters(model())->by_opcode[1][opcode];
}

/* Namespace 1: plain; 2: protection type 1 in 8 bytes; 3: type 1 at the end of 16 bytes, inside the
 * data; 4: 2^33 blocks; 5: 4 KiB blocks. */
static int start(void **state)
{
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drive.write_uncorrectable = drive.verify = drive.copy = drive.fused = drive.lba_status = true;
    drive.acwu_0b = 7;
    drive.ns_count = 5;
    for (unsigned i = 0; i < 5; i++) {
        drive.ns[i] = (struct model_ns_config){
            .nsid = i + 1, .blocks = LAST + 1, .lbads = 9, .mssrl = 16, .mcl = 64, .msrc_0b = 7};
    }
    drive.ns[1].metadata_bytes = 8;
    drive.ns[1].pi_type = 1;
    drive.ns[2].metadata_bytes = 16;
    drive.ns[2].pi_type = 1;
    drive.ns[2].extended = true;
    drive.ns[3].blocks = UINT64_C(1) << 33;
    drive.ns[4].lbads = 12;
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

static void fill(uint32_t nsid, uint64_t offset, size_t len, uint8_t first)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)(first + i % 251);
        model_media_write(model(), nsid, offset + i, &byte, 1);
    }
}

static void expect_bytes(uint32_t nsid, uint64_t offset, size_t len, uint8_t byte)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t seen;
        model_media_read(model(), nsid, offset + i, &seen, 1);
        assert_int_equal(seen, byte);
    }
}

/* --- read ------------------------------------------------------------------------------------- */

static void test_read(void **state)
{
    uint8_t block[1024];
    char crc[40];

    (void)state;
    fill(1, 512 * 7, 1024, 3);
    model_media_read(model(), 1, 512 * 7, block, sizeof(block));
    says("nvme read nvme0n1 -s 7", "LBA 7 of nvme0n1:\n00000000  03 04 05 06 ");
    assert_null(strstr(ha->text, "00000200  "));
    says("nvme read nvme0n1 -s 7 -c 1", "LBA 7 to 8 (2 blocks) of nvme0n1:\n");
    str_format(crc, sizeof(crc), ": 0x%x\n", crc32(0, block, sizeof(block)));
    says("nvme read /dev/nvme0n1 --start-block=7 --block-count=1 --data-size=1024", crc);
    says("nvme read nvme0 -n 1 -s 7 -o json", "\"slba\" : 7,\n  \"blocks\" : 1,\n");
    assert_non_null(strstr(ha->text, "\"data\" : [\n    \"030405060708090a0b0c0d0e0f101112\","));
    assert_non_null(strstr(ha->text, "\"crc32\" : "));
    says("nvme read nvme0n1 -s 131071 -f -l", "LBA 131071 of");
    says("nvme read nvme0n4 -s 0xffffffff -c 1", "LBA 4294967295 to 4294967296 (2 blocks)");
}

static void test_read_mistakes(void **state)
{
    uint64_t before = model_counters(model())->io_commands;

    (void)state;
    refuses("nvme read nvme0n1 -s 131072", -EINVAL, "whose blocks are 0 to 131071; nothing was");
    refuses("nvme read nvme0n1 -s 131071 -c 1", -EINVAL, "2 blocks from LBA 131071 do not lie in");
    refuses("nvme read nvme0n1 -s 0xffffffffffffffff", -EINVAL, "do not lie in");
    refuses("nvme read nvme0n1 -c 0xffffffffffffffff", -EINVAL, "at least one block");
    refuses("nvme read nvme0n1 -s 0 -z 1024", -EINVAL, "the range has 512 bytes");
    refuses("nvme read nvme0n1 -s 0 -c 2048", -EINVAL, "at most 2048 blocks at a time");
    refuses("nvme read nvme0n1 -s 0 -p 8", -EINVAL, "has no protection information (DPS is 0)");
    refuses("nvme read nvme0n1 -s 0 -r 5", -EINVAL, "has no protection information");
    refuses("nvme read nvme0n1 -p 16", -ERANGE, "prinfo");
    refuses("nvme read nvme0 -s 0", -EINVAL, "nvme0 has no such namespace: name one, such as");
    refuses("nvme read nvme0n9 -s 0", -ENODEV, "nvme0n9");
    refuses("nvme read nvme0n1 -s 0 -o xml", -EINVAL, "normal or json");
    assert_true(model_counters(model())->io_commands <= before + 1); /* bad -o: read, not shown */
}

static void test_read_errors(void **state)
{
    (void)state;
    model_media_spoil(model(), 1, 600);
    refuses("nvme read nvme0n1 -s 500 -c 511", -ENODATA,
            "nvme0 refused Read at LBA 500: Unrecovered Read Error");
    refuses("nvme verify nvme0n1 -s 600", -ENODATA, "refused Verify at LBA 600");
}

/* --- what lies there -------------------------------------------------------------------------- */

static void test_what_is_touched_is_named(void **state)
{
    static const struct {
        const char *range, *touched;
    } cases[] = {
        {"-s 0", "the partition table."},      {"-s 33", "the partition table."},
        {"-s 34", "no partition."},            {"-s 2047", "no partition."},
        {"-s 2048", "nvme0n1p1."},             {"-s 4095 -c 1", "nvme0n1p1."},
        {"-s 4096", "no partition."},          {"-s 33 -c 2015", "the partition table, nvme0n1p1"},
        {"-s 131038", "no partition."},        {"-s 131039", "the partition table."},
        {"-s 131071", "the partition table."},
    };
    const size_t edge = (size_t)64 * 512;
    uint8_t *disk = calloc(LAST + 1, 512);
    char line[96];

    (void)state;
    assert_non_null(disk);
    struct gpt_image image = gpt_image_make(disk, LAST + 1, 512);
    gpt_image_put(&image, 0, 2048, 4095, "data");
    gpt_image_seal(&image, 0);
    gpt_image_seal(&image, 1);
    model_media_write(model(), 1, 0, disk, edge);
    model_media_write(model(), 1, (uint64_t)512 * (LAST + 1) - edge,
                      disk + (size_t)512 * (LAST + 1) - edge, edge);
    free(disk);
    host_appliance_rescan(ha);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        str_format(line, sizeof(line), "nvme write-zeroes nvme0n1 %s", cases[i].range);
        refuses(line, -EROFS, "which touches ");
        if (!strstr(ha->text, cases[i].touched)) {
            fail_msg("%s: not \"%s\" in:\n%s", line, cases[i].touched, ha->text);
        }
    }
}

/* --- write ------------------------------------------------------------------------------------ */

static void test_write(void **state)
{
    (void)state;
    fill(1, 512 * 9, 3 * 512, 1);
    says("nvme write nvme0n1 -s 10 -c 0 --pattern=0xcafe" SERIAL,
         "Write to LBA 10: what is there is overwritten, which touches no partition.");
    assert_non_null(strstr(ha->text, "write: Success, LBA 10\n"));
    expect_bytes(1, 512 * 10, 1, 0xca);
    expect_bytes(1, 512 * 11 - 1, 1, 0xfe);
    says("nvme read nvme0n1 -s 9", "00000000  01 02 03 ");
    says("nvme read nvme0n1 -s 11", "00000000  15 16 "); /* 1 + 1024 % 251 */
    says("arm nvme0n1 CAR0001", "");
    says("nvme write nvme0n1 -s 131071 --data=ram0:/BIG.BIN -f", "write: Success, LBA 131071\n");
    expect_bytes(1, UINT64_C(512) * LAST, 1, fat_image_big_byte(0));
    assert_int_equal(model_counters(model())->fua, 1);
    refuses("nvme write nvme0n1 -s 0 -c 9 --data=ram0:/BIG.BIN", -EINVAL,
            "has 4708 bytes, and 5120 are needed");
    refuses("nvme write nvme0n1 -s 0", -EINVAL, "--data=FILE on a FAT32 volume or --pattern");
    refuses("nvme write nvme0n1 -s 0 --pattern=xyz", -EINVAL, "two hexadecimal digits");
    refuses("nvme write nvme0n1 -s 0 --data=ram0:/NO.BIN", -ENOENT, "NO.BIN");
    refuses("nvme write nvme0n1 -s 131071 -c 1 --pattern=0x00", -EINVAL, "do not lie in");
    refuses("nvme write nvme0n1 -s 0 --pattern=0x00 --serial=WRONG", -EROFS, "'WRONG' is not");
}

static void test_write_of_many_pieces(void **state)
{
    (void)state;
    says("nvme write nvme0n4 -s 0xffffff00 -c 999 --pattern=0x010203" SERIAL,
         "write: Success, LBA 4294967040 to 4294968039 (1000 blocks)");
    for (unsigned i = 0; i < 1000; i += 111) { /* the pattern runs on over commands */
        uint64_t at = UINT64_C(512) * i;
        expect_bytes(4, UINT64_C(0xffffff00) * 512 + at, 1, (uint8_t)(1 + at % 3));
    }
    expect_bytes(4, UINT64_C(0xffffff00) * 512 - 1, 1, 0);
    expect_bytes(4, (UINT64_C(0xffffff00) + 1000) * 512, 1, 0);
    says("nvme write nvme0n5 -s 131071 --pattern=0x77" SERIAL, "Success");
    expect_bytes(5, UINT64_C(4096) * LAST, 4096, 0x77);
    expect_bytes(5, UINT64_C(4096) * LAST - 1, 1, 0);
}

/* --- compare ---------------------------------------------------------------------------------- */

static void test_compare(void **state)
{
    (void)state;
    says("nvme write nvme0n1 -s 5 -c 299 --pattern=0x0102030405" SERIAL, "Success");
    says("nvme compare nvme0n1 -s 5 -c 299 --pattern=0x0102030405",
         "compare: Success, LBA 5 to 304 (300 blocks) hold the same\n");
    refuses("nvme compare nvme0n1 -s 5 -c 300 --pattern=0x0102030405", -EIO,
            "256 blocks were done before LBA 261.\ncompare: nvme0 refused Compare at LBA 261: "
            "Compare Failure");
    says("nvme write nvme0n1 -s 400 -c 7 --data=ram0:/BIG.BIN" SERIAL, "Success");
    says("nvme compare nvme0n1 -s 400 -c 7 --data=ram0:/BIG.BIN", "hold the same");
}

static void test_compare_then_write(void **state)
{
    uint64_t fingerprint;

    (void)state;
    fingerprint = model_fingerprint(model());
    refuses("nvme compare nvme0n1 -s 3 --pattern=0x00 --then-write=0xaa", -EROFS, "not armed");
    assert_true(model_fingerprint(model()) == fingerprint);
    says("nvme compare nvme0n1 -s 3 -c 7 --pattern=0x00 --then-write=0xaa" SERIAL,
         "hold the same, and were written");
    expect_bytes(1, 512 * 3, 8 * 512, 0xaa);
    refuses("nvme compare nvme0n1 -s 3 --pattern=0x00 --then-write=0xbb" SERIAL, -EIO,
            "refused Compare: Compare Failure");
    refuses("nvme compare nvme0n1 -s 3 -c 8 --pattern=0xaa --then-write=0xbb" SERIAL, -EINVAL,
            "at most 8 blocks here (ACWU or NACWU)");
    expect_bytes(1, 512 * 3, 8 * 512, 0xaa);
}

/* --- blocks without data ---------------------------------------------------------------------- */

static void test_zeroes_and_uncorrectable(void **state)
{
    (void)state;
    fill(1, 512 * 20, 512 * 5, 1);
    says("nvme write-zeroes nvme0n1 -s 21 -c 2" SERIAL,
         "Write Zeroes to LBA 21 to 23 (3 blocks): what is there becomes zero");
    expect_bytes(1, 512 * 21, 3 * 512, 0);
    says("nvme read nvme0n1 -s 20", "00000000  01 02 03 ");
    says("nvme write-zeroes nvme0n1 -s 20 -d" SERIAL, "write-zeroes: Success, LBA 20\n");
    expect_bytes(1, 512 * 20, 512, 0);
    says("nvme write-uncor nvme0n1 -s 22" SERIAL, "cannot be read any more until it is written");
    assert_true(model_media_spoiled(model(), 1, 22));
    assert_false(model_media_spoiled(model(), 1, 21));
    assert_false(model_media_spoiled(model(), 1, 23));
    says("nvme get-lba-status nvme0n1", "DSLBA: 0x16, NLB: 1, Status: 0");
    says("nvme get-lba-status nvme0n1 -s 23 -o json", "\"nlsd\" : 0,\n  \"cmpc\" : 2,");
    says("nvme get-lba-status nvme0n1 -s 22 -l 1 -o json", "\"dslba\" : 22,\n      \"nlb\" : 1,");
    refuses("nvme get-lba-status nvme0n1 -s 131072", -EINVAL, "do not lie in");
    says("nvme write nvme0n1 -s 22 --pattern=0x11" SERIAL, "Success");
    says("nvme verify nvme0n1 -s 0 -c 131071", "verify: Success, LBA 0 to 131071 (131072 blocks)");
    says("nvme write-zeroes nvme0n1 -c 131071" SERIAL, "LBA 0 to 131071 (131072 blocks)");
    expect_bytes(1, 512 * 22, 512, 0);
    refuses("nvme write-zeroes nvme0n1 -c 131072" SERIAL, -EINVAL, "131073 blocks from LBA 0");
    refuses("nvme write-uncor nvme0n1 -s 131072" SERIAL, -EINVAL, "do not lie in");
    refuses("nvme write-zeroes nvme0n2 -s 0 -p 4" SERIAL, -EINVAL, "this command has 8 at most");
}

static void test_flush(void **state)
{
    (void)state;
    says("nvme flush nvme0n1", "NVMe Flush: success, nvme0n1\n");
    assert_int_equal(model_counters(model())->flushes, 1);
    says("nvme flush nvme0", "NVMe Flush: success, all namespaces of nvme0\n");
    assert_int_equal(model_counters(model())->flushes, 6);
    refuses("nvme flush nvme0 -n 77", -ENXIO, "refused Flush: Invalid Namespace or Format");
}

/* --- lists ------------------------------------------------------------------------------------ */

static void test_dsm(void **state)
{
    (void)state;
    fill(1, 0, 512 * 8, 1);
    says("nvme dsm nvme0n1 -s 1,4 -b 2,1 -d" SERIAL,
         "Dataset Management of 2 ranges, the first LBA 1 to 2 (2 blocks): what is there is lost");
    assert_non_null(strstr(ha->text, "NVMe DSM: success, 2 ranges\n"));
    expect_bytes(1, 512, 1024, 0);
    expect_bytes(1, 512 * 4, 512, 0);
    says("nvme read nvme0n1 -s 0", "00000000  01 02 03 ");
    says("nvme read nvme0n1 -s 3", "00000000  1f 20 ");
    says("nvme read nvme0n1 -s 5", "00000000  33 34 ");
    says("nvme dsm nvme0n1 -s 0 -b 1 -r -a 0x11" SERIAL, "hints change no data");
    says("nvme read nvme0n1 -s 0", "00000000  01 02 03 ");
    refuses("nvme dsm nvme0n1 -s 0 -b 1" SERIAL, -EINVAL, "--ad deallocates");
    refuses("nvme dsm nvme0n1 -s 0,1 -b 1 -d" SERIAL, -EINVAL, "--slbs has 2 numbers and --blocks");
    refuses("nvme dsm nvme0n1 -d" SERIAL, -EINVAL, "give one of each");
    refuses("nvme dsm nvme0n1 -s 0,131071 -b 1,2 -d" SERIAL, -EINVAL, "2 blocks from LBA 131071");
    refuses("nvme dsm nvme0n1 -s 0 -b 0 -d" SERIAL, -EINVAL, "at least one block");
    refuses("nvme dsm nvme0n1 -s 0,x -b 1,1 -d" SERIAL, -EINVAL, "slbs");
    assert_int_equal(sent(NVM_DSM), 2);
}

static void test_copy(void **state)
{
    (void)state;
    fill(1, 0, 512 * 3, 1);
    says("nvme copy nvme0n1 -d 100 -s 1,0 -b 2,1" SERIAL,
         "Copy to LBA 100 to 102 (3 blocks): what is there is overwritten");
    assert_non_null(strstr(ha->text, "NVMe Copy: success, to LBA 100 to 102 (3 blocks)\n"));
    says("nvme read nvme0n1 -s 102", "00000000  01 02 03 ");
    says("nvme read nvme0n1 -s 100", "00000000  0b 0c ");
    says("nvme copy nvme0n1 -d 200 -s 0 -b 40" SERIAL, "success"); /* MSSRL is 16 */
    refuses("nvme copy nvme0n1 -d 2 -s 0 -b 3" SERIAL, -EINVAL, "overlaps the destination");
    refuses("nvme copy nvme0n1 -d 131070 -s 0 -b 3" SERIAL, -EINVAL, "3 blocks from LBA 131070");
    refuses("nvme copy nvme0n1 -d 0 -s 131071 -b 2" SERIAL, -EINVAL, "2 blocks from LBA 131071");
    model_media_spoil(model(), 1, 20);
    refuses("nvme copy nvme0n1 -d 300 -s 18 -b 4" SERIAL, -ENODATA,
            "0 blocks were copied.\ncopy: nvme0 refused Copy: Unrecovered Read Error");
}

/* --- metadata --------------------------------------------------------------------------------- */

static void test_protection_made_by_the_drive(void **state)
{
    (void)state;
    says("nvme write nvme0n2 -s 40 -c 3 --pattern=0x55" SERIAL, "Success");
    says("nvme read nvme0n2 -s 40 -c 3", "55 55");
    assert_null(strstr(ha->text, "metadata"));
    says("nvme verify nvme0n2 -s 40 -c 3", "Success");
    says("crc32 nvme0n2 40 4", ""); /* it is a disk, too */
    says("nvme read nvme0n2 -s 41 -p 0", "metadata:\n");
    assert_non_null(strstr(ha->text, "protection              : checked"));
    says("nvme read nvme0n2 -s 41 -p 0 -o json", "\"metadata\" : {");
    says("nvme write-zeroes nvme0n2 -s 41" SERIAL, "Success");
    says("nvme verify nvme0n2 -s 40 -c 3", "Success");
    says("nvme copy nvme0n2 -d 90 -s 40 -b 2" SERIAL, "success");
    says("nvme verify nvme0n2 -s 90 -c 1", "Success");
}

static void test_protection_made_here(void **state)
{
    uint8_t meta[16];

    (void)state;
    says("nvme write nvme0n3 -s 70000 -c 1 --pattern=0x66 -p 5 -a 0x1234" SERIAL, "Success");
    model_metadata_read(model(), 3, 70001, meta);
    assert_int_equal(meta[8 + 2] << 8 | meta[8 + 3], 0x1234);
    assert_int_equal(meta[8 + 5] << 16 | meta[8 + 6] << 8 | meta[8 + 7], 70001);
    says("nvme read nvme0n3 -s 70000 -c 1 -p 7 -a 0x1234 -m 0xffff", "protection              : ");
    says("nvme compare nvme0n3 -s 70000 -c 1 --pattern=0x66 -p 5 -a 0x1234", "hold the same");
    refuses("nvme read nvme0n3 -s 70000 -p 2 -a 0x1235 -m 0xffff", -EIO,
            "Application Tag Check Error");
    meta[8] ^= 1;
    model_metadata_write(model(), 3, 70001, meta);
    refuses("nvme read nvme0n3 -s 70001 -p 4", -EIO, "End-to-end Guard Check Error");
    refuses("nvme read nvme0n3 -s 70001 -p 0", -EIO,
            "protection information of LBA 70001 is wrong: its guard is 0x");
    says("nvme read nvme0n3 -s 70001 -p 1", "checked");
    says("nvme write nvme0n3 -s 0 --pattern=0x11 --metadata=ram0:/BIG.BIN -p 0" SERIAL, "Success");
    model_metadata_read(model(), 3, 0, meta);
    assert_int_equal(meta[15], fat_image_big_byte(15));
    refuses("nvme write nvme0n2 -s 0 --pattern=0x11 --metadata=ram0:/BIG.BIN" SERIAL, -EINVAL,
            "--metadata has no use");
}

/* --- refusals --------------------------------------------------------------------------------- */

static void test_not_armed_nothing_changes(void **state)
{
    static const char *const lines[] = {
        "nvme write nvme0n1 -s 0 --pattern=0x11", "nvme write nvme0 -n 1 -s 0 --data=ram0:/BIG.BIN",
        "nvme write nvme0n1 -s 0 --pattern=0x11 -f -l", "nvme write-zeroes nvme0n1 -s 0",
        "nvme write-zeroes nvme0n1 -s 0 -c 131071 -d", "nvme write-uncor nvme0n1 -s 0",
        "nvme dsm nvme0n1 -s 0 -b 1 -d", "nvme dsm nvme0n1 -s 0 -b 1 -w",
        "nvme copy nvme0n1 -d 0 -s 9 -b 1", "nvme write nvme0n3 -s 0 --pattern=0x11 -p 0",
        "nvme compare nvme0n1 -s 0 --pattern=0x00 --then-write=0x11",
        "nvme write nvme0n1 -s 0 --pattern=0x11 --serial=CAR0002",
        "nvme write-zeroes nvme0n1 -s 0 --serial=CAR", "nvme dsm nvme0n1 -s 0 -b 1 -d --serial=X",
    };
    uint64_t before;

    (void)state;
    fill(1, 0, 512 * 10, 7);
    before = model_fingerprint(model());
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        refuses(lines[i], -EROFS, "nothing was done");
        assert_true(model_fingerprint(model()) == before);
    }
    assert_int_equal(sent(NVM_WRITE) + sent(NVM_WRITE_ZEROES) + sent(NVM_DSM) + sent(NVM_COPY) +
                         sent(NVM_WRITE_UNCORRECTABLE), 0);
    ha->shell.unattended = true; /* a script has to name the drive even when it is armed */
    says("arm nvme0n1 CAR0001", "");
    refuses("nvme write-zeroes nvme0n1 -s 0", -EROFS, "a script has to say --serial=SERIAL");
    assert_true(model_fingerprint(model()) == before);
    says("nvme write-zeroes nvme0n1 -s 0" SERIAL, "Success");
    assert_false(model_fingerprint(model()) == before);
}

static void test_not_offered(void **state)
{
    static const struct {
        const char *line, *text;
    } rows[] = {
        {"nvme verify nvme0n1 -s 0", "does not offer Verify: ONCS bit 7"},
        {"nvme write-uncor nvme0n1 -s 0" SERIAL, "does not offer Write Uncorrectable: ONCS bit 1"},
        {"nvme copy nvme0n1 -d 9 -s 0 -b 1" SERIAL, "does not offer Copy: ONCS bit 8"},
        {"nvme get-lba-status nvme0n1", "does not offer Get LBA Status: OACS bit 9"},
        {"nvme compare nvme0n1 -s 0 --pattern=0x00 --then-write=0x11" SERIAL,
         "does not offer fused Compare and Write: FUSES bit 0"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        refuses(rows[i].line, -ENOTSUP, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read, start, stop),
        cmocka_unit_test_setup_teardown(test_read_mistakes, start, stop),
        cmocka_unit_test_setup_teardown(test_read_errors, start, stop),
        cmocka_unit_test_setup_teardown(test_what_is_touched_is_named, start, stop),
        cmocka_unit_test_setup_teardown(test_write, start, stop),
        cmocka_unit_test_setup_teardown(test_write_of_many_pieces, start, stop),
        cmocka_unit_test_setup_teardown(test_compare, start, stop),
        cmocka_unit_test_setup_teardown(test_compare_then_write, start, stop),
        cmocka_unit_test_setup_teardown(test_zeroes_and_uncorrectable, start, stop),
        cmocka_unit_test_setup_teardown(test_flush, start, stop),
        cmocka_unit_test_setup_teardown(test_dsm, start, stop),
        cmocka_unit_test_setup_teardown(test_copy, start, stop),
        cmocka_unit_test_setup_teardown(test_protection_made_by_the_drive, start, stop),
        cmocka_unit_test_setup_teardown(test_protection_made_here, start, stop),
        cmocka_unit_test_setup_teardown(test_not_armed_nothing_changes, start, stop),
        cmocka_unit_test_setup_teardown(test_not_offered, start_bare, stop),
    };
    return cmocka_run_group_tests_name("apps nvme blocks", tests, NULL, NULL);
}
