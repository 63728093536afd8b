/*
 * tests/unit/test_apps_bench_verify.c - verifying, whole, on the software controller: what is right
 * passes, whatever is wrong is found and called by its name; and fio, where it is installed, and we
 * verify each other's disks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_appliance.h"

#define IMAGE_BYTES (256 * 1024)

static struct host_appliance *ha;

static void replace(unsigned lbads)
{
    struct host_appliance_config config = host_appliance_default_config();
    struct model_config drive = model_default_config();
    char line[80];
    drive.ns[0].lbads = (uint8_t)lbads;
    drive.ns[0].blocks = UINT64_C(64 * 1024 * 1024) >> lbads;
    config.drives = &drive;
    if (ha != NULL) {
        host_appliance_destroy(ha);
    }
    ha = host_appliance_create(&config);
    snprintf(line, sizeof(line), "arm nvme0n1 '%s'", nvme_info(ha->app.ctrlrs[0].nvme)->serial);
    assert_int_equal(host_appliance_run(ha, line), 0);
}

static int setup(void **state)
{
    (void)state;
    replace(9);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    ha = NULL;
    return 0;
}

static struct nvme_model *model(void)
{
    return ha->hosts[0]->model;
}

static void run(const char *line)
{
    int rc = host_appliance_run(ha, line);
    if (rc != 0) {
        fail_msg("%s: %d\n%s", line, rc, ha->text);
    }
}

static void find_wrong(const char *line)
{
    int rc = host_appliance_run(ha, line);
    if (rc != -EILSEQ) {
        fail_msg("%s: %d\n%s", line, rc, ha->text);
    }
}

static void has(const char *text)
{
    if (strstr(ha->text, text) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", text, ha->text);
    }
}

static void has_not(const char *text)
{
    if (strstr(ha->text, text) != NULL) {
        fail_msg("\"%s\" is in:\n%s", text, ha->text);
    }
}

static void get(uint64_t offset, void *buf, size_t len)
{
    model_media_read(model(), 1, offset, buf, len);
}

static void put(uint64_t offset, const void *buf, size_t len)
{
    model_media_write(model(), 1, offset, buf, len);
}

static void flip(uint64_t offset, unsigned bits)
{
    uint8_t byte;
    get(offset, &byte, 1);
    byte ^= (uint8_t)bits;
    put(offset, &byte, 1);
}

/* --- what is right ---------------------------------------------------------------------------- */

static void check_round_trip(const char *how, unsigned reads)
{
    char line[300], total[60];
    snprintf(line, sizeof(line), "bench verify=crc32c %s", how);
    run(line);
    has_not("are wrong");
    snprintf(total, sizeof(total), "total=%u,", reads);
    has(total);
}

static void good_round_trips(void **state)
{
    (void)state;
    for (unsigned lbads = 9; lbads <= 12; lbads += 3) {
        replace(lbads);
        check_round_trip("rw=write size=256k", 64);
        check_round_trip("rw=randwrite size=256k iodepth=16", 64);
        check_round_trip("rw=randwrite size=256k bs=16k verify_interval=4k iodepth=4", 16);
        check_round_trip("rw=randwrite size=256k offset=1m verify_pattern=0xdeadbeef", 64);
        check_round_trip("rw=write size=64k verify=pattern verify_pattern='0x01%o\"ab\"'", 16);
        run("bench rw=read size=64k verify=pattern verify_pattern='0x01%o\"ab\"'");
        run("bench rw=write size=64k verify=crc32c do_verify=0");
        has("total=0,16,");
        run("bench rw=randread size=64k verify=crc32c iodepth=8");
        run("bench rw=write size=64k verify=crc32c verify_only");
        has("total=16,0,");
    }
}

/* Places that are written more than once, at a depth at which writes could pass one another. */
static void overwriting_is_understood(void **state)
{
    (void)state;
    run("bench rw=randwrite size=64k io_size=1m norandommap iodepth=16 verify=crc32c");
    has_not("are wrong");
    run("bench rw=write size=64k loops=3 iodepth=8 verify=crc32c");
    has_not("are wrong");
    run("bench rw=randwrite size=256k bssplit=512/30:4k/40:8k/30 norandommap iodepth=16 "
        "io_size=1m verify=crc32c");
    has_not("are wrong");
    run("bench rw=randrw size=256k iodepth=16 verify=crc32c");
    has_not("are wrong");
    run("bench rw=randrw norandommap size=64k io_size=512k iodepth=16 verify=crc32c");
    has_not("are wrong");
}

/* Rates are those of the writing; reading back has a time of its own. */
static void reading_back_is_not_writing(void **state)
{
    unsigned write_ms = 0, read_ms = 0;
    (void)state;
    run("bench rw=write size=64k rate_iops=,400 rate_iops_min=,300 verify=crc32c");
    has("total=16,16,");
    const char *at = strstr(ha->text, "write: IOPS=");
    assert_non_null(at);
    assert_int_equal(sscanf(strstr(at, "(64.0KiB/") + 9, "%u", &write_ms), 1);
    at = strstr(ha->text, "read: IOPS=");
    assert_non_null(at);
    assert_int_equal(sscanf(strstr(at, "(64.0KiB/") + 9, "%u", &read_ms), 1);
    assert_in_range(write_ms, 35, 45);
    assert_in_range(read_ms, 1, 45);
}

static void a_backlog_is_verified_on_the_way(void **state)
{
    (void)state;
    run("bench rw=randwrite size=256k iodepth=4 verify=crc32c verify_backlog=8");
    has("total=64,64,");
    run("bench rw=randwrite size=64k io_size=512k norandommap iodepth=4 verify=crc32c "
        "verify_backlog=8 verify_backlog_batch=3");
    has_not("are wrong");
}

/* --- what is wrong ---------------------------------------------------------------------------- */

#define WRITE "bench rw=write size=64k verify=crc32c do_verify=0"
#define READ "bench rw=read size=64k iodepth=4 verify=crc32c continue_on_error=verify"
#define READ_FATAL "bench rw=read size=64k verify=crc32c"

static void a_flipped_bit(void **state)
{
    (void)state;
    run(WRITE);
    flip(3 * 4096 + 1000, 0x10);
    find_wrong(READ_FATAL);
    has("nvme0n1: 4096 bytes at byte 12288 (LBA 24): one bit flipped: ");
    has("first wrong byte: 1000 of the block, ");
    has("bit 4 is flipped\n");
    has("data crc32c: the header says 0x");
    has("verify: bench: 1 of 4 blocks are wrong: 1 one bit flipped\n");
    run("bench rw=write size=64k verify=crc32c do_verify=0 verify_pattern=0x55");
    flip(5 * 4096 + 4095, 0x80);
    find_wrong(READ_FATAL);
    has("first wrong byte: 4095 of the block, ");
    has("bit 7 is flipped\n");
}

/* Without headers nothing is known of what is read. */
static void nothing_is_wrong_with_null(void **state)
{
    (void)state;
    run("bench rw=write size=64k verify=null");
    has("issued rwts: total=16,16,0,0");
    flip(3 * 4096, 0x10);
    run("bench rw=read size=64k verify=null");
}

static void damaged_data(void **state)
{
    uint8_t noise[100];
    (void)state;
    run(WRITE);
    memset(noise, 0xa5, sizeof(noise));
    put(4096 + 2000, noise, sizeof(noise));
    find_wrong(READ_FATAL);
    has("at byte 4096 (LBA 8): damaged data: the header is right, the data behind it is not");
    has("first wrong byte: 2000 of the block, ");
    has("the last is 2099\n");
    has("    received +0007d0  a5 a5 a5");
}

static void zeroed_blocks(void **state)
{
    static const uint8_t zeroes[4096];
    (void)state;
    run(WRITE);
    put(2 * 4096, zeroes, sizeof(zeroes));
    find_wrong(READ_FATAL);
    has("at byte 8192 (LBA 16): all zeroes: nothing was written here, or the write was lost");
    has("first wrong byte: 0 of the block, expected ca, received 00; ");
}

/* The power went after the first 40 writes: these can be verified, in the job's own order. */
static void what_a_cut_off_job_wrote(void **state)
{
    (void)state;
    run("bench rw=randwrite size=256k iodepth=4 verify=crc32c do_verify=0 number_ios=40");
    has("issued rwts: total=0,40,0,0");
    run("bench rw=randwrite size=256k iodepth=4 verify=crc32c verify_only number_ios=40");
    has("issued rwts: total=40,0,0,0");
    find_wrong("bench rw=randwrite size=256k iodepth=4 verify=crc32c verify_only number_ios=41");
    has(": all zeroes: nothing was written here");
}

static void foreign_data(void **state)
{
    uint8_t noise[4096];
    (void)state;
    run(WRITE);
    memset(noise, 'x', sizeof(noise));
    put(0, noise, sizeof(noise));
    find_wrong(READ_FATAL);
    has("at byte 0 (LBA 0): foreign data: no header begins here: magic is 0x7878, 0xacca was");
}

static void damaged_headers(void **state)
{
    static const struct {
        unsigned at;
        const char *words;
    } cases[] = {
        {1, "field magic: expected 0xacca, received 0xad"},
        {4, "field len: expected 0x1000, received 0x1001"},
        {17, "field offset: expected 0x1000, received 0x1100"},
        {26, "first wrong byte: 26 of the block"},
        {37, "first wrong byte: 37 of the block"},
        {41, "first wrong byte: 41 of the block"},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run(WRITE);
        flip(4096 + cases[i].at, 1);
        find_wrong(READ_FATAL);
        has("at byte 4096 (LBA 8): damaged header: the header does not have the checksums");
        has(cases[i].words);
    }
}

static void misplaced_and_swapped_blocks(void **state)
{
    uint8_t a[4096], b[4096];
    (void)state;
    run(WRITE);
    get(4096, a, sizeof(a));
    get(5 * 4096, b, sizeof(b));
    put(5 * 4096, a, sizeof(a));
    find_wrong(READ_FATAL);
    has("at byte 20480 (LBA 40): misplaced: a good header of the block at byte 4096 (LBA 8)\n");
    has("field offset: expected 0x5000, received 0x1000\n");
    put(4096, b, sizeof(b));
    int rc = host_appliance_run(ha, READ);
    (void)rc;
    has("the blocks at bytes 4096 and 20480 are swapped\n");
    has("verify: bench: 2 of 16 blocks are wrong: 2 misplaced\n");
}

static void another_format(void **state)
{
    (void)state;
    run(WRITE " verify_interval=1k");
    find_wrong(READ_FATAL);
    has("other format: a good header, of another way to verify or another verify_interval");
    has("field len: expected 0x1000, received 0x400\n");
}

/* A write that the drive loses: what was there before is good, but old. */
static void stale_blocks(void **state)
{
    const struct model_rule rule = {.on = MODEL_ON_IO, .match = NVME_IO_WRITE, .sub = MODEL_ANY,
                                    .nth = 4, .action = MODEL_DO_FORGET};
    (void)state;
    run(WRITE);
    model_add_rule(model(), &rule);
    find_wrong("bench rw=write size=64k verify=crc32c");
    has("at byte 12288 (LBA 24): stale: a good block of this place, but not the one written");
    has("field rand_seed: expected 0x");
    has("1 of 4 blocks are wrong: 1 stale\n");
    has("err=84 (verify found wrong data)");
}

static void lost_and_corrupted_on_the_way(void **state)
{
    const struct model_rule lost = {.on = MODEL_ON_IO, .match = NVME_IO_WRITE, .sub = MODEL_ANY,
                                    .nth = 3, .action = MODEL_DO_FORGET};
    const struct model_rule half = {.on = MODEL_ON_IO, .match = NVME_IO_WRITE, .sub = MODEL_ANY,
                                    .nth = 5, .action = MODEL_DO_SHORT};
    const struct model_rule moved = {.on = MODEL_ON_IO, .match = NVME_IO_WRITE, .sub = MODEL_ANY,
                                     .nth = 9, .action = MODEL_DO_MISPLACE, .value = 40};
    const struct model_rule bad = {.on = MODEL_ON_IO, .match = NVME_IO_WRITE, .sub = MODEL_ANY,
                                   .nth = 7, .action = MODEL_DO_CORRUPT};
    (void)state;
    model_add_rule(model(), &lost);
    model_add_rule(model(), &half);
    model_add_rule(model(), &bad);
    model_add_rule(model(), &moved);
    int rc = host_appliance_run(ha, "bench rw=write size=64k verify=crc32c "
                                    "continue_on_error=verify");
    (void)rc;
    has("4 of 16 blocks are wrong: 2 all zeroes, 1 damaged header, 1 damaged data\n");
    has("first wrong byte: 2048 of the block");
}

/* A write that the drive puts elsewhere is missed where it belongs, and found where it is. */
static void a_write_to_the_wrong_place(void **state)
{
    const struct model_rule rule = {.on = MODEL_ON_IO, .match = NVME_IO_WRITE, .sub = MODEL_ANY,
                                    .nth = 10, .action = MODEL_DO_MISPLACE, .value = 16};
    (void)state;
    run(WRITE " verify_interval=512");
    model_add_rule(model(), &rule);
    int rc = host_appliance_run(ha, "bench rw=write size=64k number_ios=10 verify=crc32c "
                                    "verify_interval=512");
    assert_int_equal(rc, -EILSEQ);
    has("stale: a good block of this place");
    rc = host_appliance_run(ha, "bench rw=read size=64k verify=crc32c verify_interval=512 "
                                "continue_on_error=verify");
    (void)rc;
    has("at byte 45056 (LBA 88): misplaced: a good header of the block at byte 36864 (LBA 72)");
}

static void patterns_that_differ(void **state)
{
    (void)state;
    run("bench rw=write size=64k verify=pattern verify_pattern=0xdeadbeef do_verify=0");
    flip(4096 + 77, 0x03);
    find_wrong("bench rw=read size=64k verify=pattern verify_pattern=0xdeadbeef verify_dump");
    has("at byte 4096 (LBA 8): damaged data: it is not the pattern\n");
    has("first wrong byte: 77 of the block, expected ad, received ae; 1 bytes differ");
    has("the first wrong block, whole:\n");
    has("    received +000ff0  de ad be ef");
}

/* After the first wrong block nothing is written any more. */
static void a_fatal_difference_stops_writing(void **state)
{
    const struct model_rule rule = {.on = MODEL_ON_IO, .match = NVME_IO_WRITE, .sub = MODEL_ANY,
                                    .nth = 4, .action = MODEL_DO_CORRUPT};
    (void)state;
    model_add_rule(model(), &rule);
    find_wrong("bench rw=write size=64k verify=crc32c verify_backlog=4 verify_fatal "
               "continue_on_error=all");
    has("1 of 4 blocks are wrong");
    assert_int_equal(model_counters(model())->by_opcode[1][NVME_IO_WRITE], 4);
}

/* --- contents --------------------------------------------------------------------------------- */

static unsigned count_zeroes(uint64_t offset, unsigned len)
{
    uint8_t buf[4096];
    unsigned n = 0;
    get(offset, buf, len);
    for (unsigned i = 0; i < len; i++) {
        n += buf[i] == 0;
    }
    return n;
}

static void contents_are_as_asked(void **state)
{
    uint8_t a[4096], b[4096];
    (void)state;
    run("bench rw=write size=64k buffer_compress_percentage=50");
    assert_in_range(count_zeroes(0, 4096), 2048, 2048 + 64);
    assert_int_equal(count_zeroes(256, 256), 256);
    run("bench rw=write size=64k buffer_compress_percentage=30 buffer_compress_chunk=4k "
        "buffer_pattern=0xdeadbeef");
    get(2867, a, 12);
    assert_memory_equal(a, "\xde\xad\xbe\xef\xde\xad\xbe\xef\xde\xad\xbe\xef", 12);
    run("bench rw=write size=64k buffer_pattern='\"abc\"'");
    get(3 * 4096, a, 8);
    assert_memory_equal(a, "abcabcab", 8);
    run("bench rw=write size=64k refill_buffers");
    get(0, a, sizeof(a));
    get(4096, b, sizeof(b));
    unsigned same = 0;
    for (unsigned i = 0; i < sizeof(a); i++) {
        same += a[i] == b[i];
    }
    assert_true(same < 200);
}

/* --- fio -------------------------------------------------------------------------------------- */

static char image[40]; /* a name nobody else uses */

static bool fio_there(void)
{
    return system("fio --version >/dev/null 2>&1") == 0;
}

/* 0: it ran and found nothing wrong. It is judged by its words: with verify_interval below bs, fio
 * 3.33 says what it found and then ends with success. */
static int fio(const char *how)
{
    char line[600];
    snprintf(line, sizeof(line), "fio --name=x --filename=%s --size=%d --ioengine=sync "
             "--verify_state_save=0 %s >%s.out 2>&1 && ! grep -q 'verify failed' %s.out", image,
             IMAGE_BYTES, how, image, image);
    return system(line);
}

static void image_to_disk(void)
{
    static uint8_t data[IMAGE_BYTES];
    FILE *f = fopen(image, "rb");
    assert_non_null(f);
    assert_int_equal(fread(data, 1, sizeof(data), f), sizeof(data));
    fclose(f);
    put(0, data, sizeof(data));
}

static void disk_to_image(void)
{
    static uint8_t data[IMAGE_BYTES];
    FILE *f = fopen(image, "wb");
    assert_non_null(f);
    get(0, data, sizeof(data));
    assert_int_equal(fwrite(data, 1, sizeof(data), f), sizeof(data));
    fclose(f);
}

static const char *const ways[] = {
    "--bs=4k --verify=crc32c",
    "--bs=512 --verify=crc32c",
    "--bs=16k --verify=crc32c --verify_interval=1k",
    "--bs=4k --verify=crc32c --verify_pattern=0xdeadbeef",
    "--bs=4k --verify=pattern --verify_pattern=0xdeadbeef",
    "--bs=8k --verify=pattern --verify_pattern=%o",
    "--bs=4k --verify=crc32c-intel",
    "--bs=4k --verify=crc64",
    "--bs=4k --verify=crc32",
    "--bs=4k --verify=crc16",
    "--bs=8k --verify=crc7 --verify_interval=512",
};

static void fio_writes_and_we_verify(void **state)
{
    char line[300];
    (void)state;
    if (!fio_there()) {
        skip();
    }
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        snprintf(line, sizeof(line), "%s --rw=randwrite --do_verify=0", ways[i]);
        assert_int_equal(fio(line), 0);
        image_to_disk();
        snprintf(line, sizeof(line), "bench --name=x --rw=randread --size=256k --iodepth=8 %s",
                 ways[i]);
        run(line);
        flip(32768 + 300, 0x40);
        find_wrong(line);
        has(": one bit flipped: ");
        has("bit 6 is flipped\n");
    }
    unlink(image);
}

static void we_write_and_fio_verifies(void **state)
{
    char line[300];
    (void)state;
    if (!fio_there()) {
        skip();
    }
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        snprintf(line, sizeof(line), "bench --name=x --rw=randwrite --size=256k --iodepth=8 "
                 "--do_verify=0 %s", ways[i]);
        run(line);
        disk_to_image();
        snprintf(line, sizeof(line), "%s --rw=read", ways[i]);
        assert_int_equal(fio(line), 0);
        snprintf(line, sizeof(line), "%s --rw=write --verify_only", ways[i]);
        assert_int_equal(fio(line), 0);
        flip(32768 + 300, 0x40);
        disk_to_image();
        snprintf(line, sizeof(line), "%s --rw=read", ways[i]);
        assert_int_not_equal(fio(line), 0);
    }
    unlink(image);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_round_trips),
        TEST(overwriting_is_understood),
        TEST(reading_back_is_not_writing),
        TEST(a_backlog_is_verified_on_the_way),
        TEST(a_flipped_bit),
        TEST(nothing_is_wrong_with_null),
        TEST(damaged_data),
        TEST(zeroed_blocks),
        TEST(what_a_cut_off_job_wrote),
        TEST(foreign_data),
        TEST(damaged_headers),
        TEST(misplaced_and_swapped_blocks),
        TEST(another_format),
        TEST(stale_blocks),
        TEST(lost_and_corrupted_on_the_way),
        TEST(a_write_to_the_wrong_place),
        TEST(patterns_that_differ),
        TEST(a_fatal_difference_stops_writing),
        TEST(contents_are_as_asked),
        TEST(fio_writes_and_we_verify),
        TEST(we_write_and_fio_verifies),
    };
    snprintf(image, sizeof(image), "/tmp/carillon-verify-%d", (int)getpid());
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char output[sizeof(image) + 4];
    snprintf(output, sizeof(output), "%s.out", image);
    unlink(output);
    unlink(image);
    return failed;
}
