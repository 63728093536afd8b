/*
 * tests/unit/test_apps_nvme_manage.c - format, lbaf, sanitize, firmware, self-test and namespaces,
 * typed into a shell whose drive is the software controller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_gate.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/unit/fat_image.h"
#include "tests/unit/typed_lines.h"

#define LBAF(ms, lbads, rp) ((ms) | (uint32_t)(lbads) << 16 | (uint32_t)(rp) << 24)
#define SECOND UINT64_C(1000000000)
#define SERIAL " --serial=CAR0001"

static void lacks(const char *text)
{
    if (strstr(ha->text, text)) {
        fail_msg("\"%s\" in:\n%s", text, ha->text);
    }
}

static unsigned sent(uint8_t opcode)
{
    return model_counters(model())->by_opcode[0][opcode];
}

static void wait_s(unsigned seconds)
{
    host_clock_run_until(&ha->clock, host_clock_peek(&ha->clock) + seconds * SECOND);
}

/* A person who presses Ctrl-C at a time. */
static uint64_t ctrl_c_ns;

static void press_when_due(void *ctx, uint64_t now_ns)
{
    (void)ctx;
    if (now_ns >= ctrl_c_ns) {
        ctrl_c_ns = UINT64_MAX;
        console_input(&ha->console, 0x03);
    }
}

static uint64_t next_press(void *ctx)
{
    (void)ctx;
    return ctrl_c_ns;
}

static void press_ctrl_c_in(uint64_t ns)
{
    ctrl_c_ns = host_clock_peek(&ha->clock) + ns;
}

static struct model_config full_drive(void)
{
    struct model_config drive = model_default_config();

    drive.nn = 8;
    drive.ns_count = 2;
    drive.ns[1] = (struct model_ns_config){.nsid = 2, .blocks = 32768, .lbads = 9};
    drive.offer = (struct model_offer){
        .format = true,
        .lbafs = {LBAF(0, 9, 2), LBAF(8, 9, 3), LBAF(0, 12, 0), LBAF(64, 12, 1)},
        .lbaf_count = 4,
        .mc = 3,
        .dpc = 0x1f,
        .fna = 4,
        .format_ns = 30 * SECOND,
        .sanicap = 7,
        .sanitize_ns = 20 * SECOND,
        .frmw = 1 | 3 << 1 | 1 << 4,
        .fwug = 1,
        .self_test = true,
        .edstt = 2,
        .short_ns = 5 * SECOND,
        .extended_ns = 120 * SECOND,
        .namespaces = true,
        .capacity_bytes = UINT64_C(256) << 20,
        .granularity_bytes = 1 << 20,
    };
    return drive;
}

static int start(void **state)
{
    struct model_config drive = full_drive();
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    ctrl_c_ns = UINT64_MAX;
    host_clock_join(&ha->clock, &(struct host_clock_member){&ctrl_c_ns, press_when_due,
                                                            next_press});
    return 0;
}

/* Formats of 2^255 and 2^63 byte blocks: what the drive says is foreign, and no exponent. */
static int start_absurd(void **state)
{
    static const struct model_patch patches[] = {
        {.cns = 0, .offset = 128 + 3 * 4, .len = 4, .value = 0x00ff0000},
        {.cns = 0, .offset = 128 + 2 * 4, .len = 4, .value = 0x003f0000},
    };
    struct model_config drive = full_drive();
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drive.patches = patches;
    drive.patch_count = ARRAY_SIZE(patches);
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
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

static void put_byte(uint32_t nsid, uint64_t at, uint8_t value)
{
    model_media_write(model(), nsid, at, &value, 1);
}

static uint8_t get_byte(uint32_t nsid, uint64_t at)
{
    uint8_t value;

    model_media_read(model(), nsid, at, &value, 1);
    return value;
}

/* --- format and lbaf -------------------------------------------------------------------------- */

static void test_format(void **state)
{
    (void)state;
    put_byte(1, 131072 * 512 - 1, 0x5a);
    put_byte(2, 0, 0xa5);
    refuses("nvme format nvme0n1 -l 2", -EROFS, "nvme0n1 is not armed, so nothing was done");
    says("nvme format nvme0n1 -l 2 -s 1" SERIAL,
         "Format to blocks of 4096 bytes and 0 bytes of metadata: all user data on it is erased.");
    assert_non_null(strstr(ha->text, "nvme0: format: 1"));
    assert_non_null(strstr(ha->text, "% done"));
    assert_non_null(strstr(ha->text, "Success formatting namespace:1\n"));
    assert_int_equal(get_byte(1, 131072 * 512 - 1), 0);
    assert_int_equal(get_byte(2, 0), 0xa5);
    says("lsblk", "nvme0n1               64 MiB   4096");
    refuses("nvme format nvme0n1 -l 0", -EROFS, "not armed"); /* --serial was for one command */
    says("nvme format nvme0n1 --block-size=512" SERIAL, "Success formatting namespace:1");
    says("lsblk", "nvme0n1               64 MiB    512");
    /* without -l and -b the format stays */
    says("nvme format nvme0n1 -s 2" SERIAL, "changing the key");
    says("lsblk", "nvme0n1               64 MiB    512");
}

static void test_format_with_metadata_and_protection(void **state)
{
    (void)state;
    says("nvme format nvme0n1 -l 1 -i 1 -m 1" SERIAL, "Success");
    says("nvme id-ns nvme0n1", "flbas   : 0x11");
    refuses("nvme format nvme0n1 -l 0 -i 1" SERIAL, -EINVAL,
            "LBA format 0 has 0 bytes of metadata, protection needs 8");
    says("nvme format nvme0n1 -l 0" SERIAL, "Success");
    says("lsblk", "nvme0n1               64 MiB    512");
}

static void test_format_reaches_all(void **state)
{
    (void)state;
    put_byte(2, 0, 1);
    says("nvme format nvme0" SERIAL, "with ALL 2 namespaces:");
    assert_int_equal(get_byte(2, 0), 0);
    model_offer(model())->fna = 2;
    assert_int_equal(nvme_recover(ha->app.ctrlrs[0].nvme), 0);
    put_byte(2, 0, 1);
    refuses("arm nvme0n1 CAR0001; nvme format nvme0n1 -s 1", -EROFS,
            "with ALL 2 namespaces, as it says in FNA bit 1:");
    assert_non_null(strstr(ha->text, "nvme0n2 "));
    assert_non_null(strstr(ha->text, "nvme0 is not armed"));
    assert_int_equal(get_byte(2, 0), 1);
    says("nvme format nvme0n1 -s 1" SERIAL, "Success");
    assert_int_equal(get_byte(2, 0), 0);
}

static void test_format_refusals(void **state)
{
    (void)state;
    refuses("nvme format nvme0n1 -l 4" SERIAL, -EINVAL, "no LBA format 4, the last is 3 (NLBAF)");
    refuses("nvme format nvme0n1 -l 0 -b 512" SERIAL, -EINVAL, "both given");
    refuses("nvme format nvme0n1 -b 1024" SERIAL, -EINVAL, "no LBA format has blocks of 1024");
    refuses("nvme format nvme0n1 -l 2 --serial=CAR0002", -EROFS,
            "--serial='CAR0002' is not the serial number of nvme0n1");
    model_offer(model())->fna = 0;
    assert_int_equal(nvme_recover(ha->app.ctrlrs[0].nvme), 0);
    refuses("nvme format nvme0n1 -s 2" SERIAL, -ENOTSUP, "FNA bit 2 of Identify Controller is 0");
    assert_int_equal(sent(0x80), 0);
    static const struct model_rule rule = {.on = MODEL_ON_ADMIN, .match = 0x80, .sub = MODEL_ANY,
                                           .action = MODEL_DO_STATUS, .value = 0x410a};
    model_add_rule(model(), &rule);
    refuses("nvme format nvme0n1 -l 2" SERIAL, -EIO, "nvme0 refused Format NVM: Invalid Format");
}

static void test_what_speaks_against_it_is_said(void **state)
{
    (void)state;
    model_health(model())->critical_warning = 8;
    refuses("nvme format nvme0n1", -EROFS, "its media can only be read (SMART critical warning");
    assert_non_null(strstr(ha->text, "if power is lost meanwhile, it has to be done again"));
}

static void test_lbaf(void **state)
{
    (void)state;
    says("lbaf nvme0n1", "     0    512 bytes         0 bytes  good         in use\n");
    says("lbaf nvme0n1", "     2   4096 bytes         0 bytes  best         \n");
    says("lbaf nvme0n1 -o json", "\"data_bytes\" : 4096");
    refuses("lbaf nvme0", -EINVAL, "is a controller; name one of its disks");
    says("lbaf nvme0n1 --set=512", "has format 0 already");
    refuses("lbaf nvme0n1 --set=4096", -EROFS, "not armed");
    refuses("lbaf nvme0n1 --set=100" SERIAL, -EINVAL, "--set takes bytes of a block, or");
    refuses("lbaf nvme0n1 --set=2048" SERIAL, -EINVAL, "no format with blocks of 2048");
    assert_int_equal(sent(0x80), 0);
    says("lbaf nvme0n1 --set=4096" SERIAL, "nvme0n1 has LBA format 2 now");
    says("lbaf nvme0n1", "     2   4096 bytes         0 bytes  best         in use\n");
    says("lbaf nvme0n1 --set=0" SERIAL, "nvme0n1 has LBA format 0 now");
}

static void test_absurd_formats(void **state)
{
    (void)state;
    says("lbaf nvme0n1", "     2  9223372036854775808 bytes");
    assert_null(strstr(ha->text, "     3 "));
    refuses("nvme format nvme0n1 -l 3" SERIAL, -ENOTSUP, "LBA format 3 is not in use");
    refuses("nvme create-ns nvme0 -s 8 -f 3" SERIAL, -EINVAL, "LBA format 3 is not in use");
    refuses("nvme create-ns nvme0 -s 8 -f 2" SERIAL, -EINVAL, "are over 2^64 bytes");
    refuses("nvme create-ns nvme0 -s 8 -b 2048" SERIAL, -EINVAL, "no LBA format with blocks");
    assert_int_equal(sent(0x80) + sent(0x0d), 0);
}

/* --- sanitize --------------------------------------------------------------------------------- */

static void test_sanitize(void **state)
{
    (void)state;
    put_byte(1, 0, 1);
    put_byte(2, 32768 * 512 - 1, 1);
    refuses("arm nvme0n1 CAR0001; nvme sanitize nvme0 -a 2", -EROFS,
            "with ALL 2 namespaces, as it says in SANICAP:");
    assert_non_null(strstr(ha->text, "after a reset or a loss of power it goes on"));
    assert_int_equal(sent(0x84), 0);
    says("nvme sanitize nvme0 -a start-block-erase" SERIAL, "nvme0: sanitize: 0.00 % done, 0 s\n");
    assert_non_null(strstr(ha->text, "nvme0: the last sanitize has completed (log 81h: SSTAT 0x101"
                                     ", SPROG 65535, SCDW10 0x2)."));
    assert_non_null(strstr(ha->text, "Global Data Erased: yes"));
    assert_int_equal(get_byte(1, 0), 0);
    assert_int_equal(get_byte(2, 32768 * 512 - 1), 0);
}

static void test_sanitize_overwrites(void **state)
{
    uint8_t bytes[4];

    (void)state;
    says("nvme sanitize nvme0 -a 3 -n 2 -p 0xdeadbeef -d" SERIAL, "Overwrite passes completed: 2.");
    model_media_read(model(), 1, 4096, bytes, 4);
    assert_memory_equal(bytes, "\xef\xbe\xad\xde", 4);
    refuses("nvme sanitize nvme0 -a 2 -n 2" SERIAL, -EINVAL, "belong to start-overwrite");
    refuses("nvme sanitize nvme0" SERIAL, -EINVAL, "--sanact says what to do");
    refuses("nvme sanitize nvme0 -a 7" SERIAL, -EINVAL, "--sanact='7': it is 1 to 4");
}

static void test_sanitize_goes_on_after_ctrl_c(void **state)
{
    (void)state;
    put_byte(1, 0, 1);
    says("nvme sanitize nvme0 -a 4 --no-wait" SERIAL, "the sanitize runs");
    refuses("nvme sanitize nvme0 -a 4" SERIAL, nvme_status_errno(0x1d),
            "nvme0 refused Sanitize: Sanitize In Progress");
    assert_int_not_equal(host_appliance_run(ha, "read nvme0n1 0 1"), 0);
    wait_s(21);
    assert_int_equal(get_byte(1, 0), 0);
    press_ctrl_c_in(2 * SECOND);
    refuses("nvme sanitize nvme0 -a 4" SERIAL, -EINTR, "no longer watched: the drive goes on");
    wait_s(21);
    says("nvme sanitize nvme0 -a 4" SERIAL, "has completed");
}

static void test_sanitize_fails(void **state)
{
    (void)state;
    model_offer(model())->sanitize_fails = true;
    refuses("nvme sanitize nvme0 -a 2 -u" SERIAL, -EIO, "the last sanitize has failed");
    assert_non_null(strstr(ha->text, "Global Data Erased: no"));
    assert_int_not_equal(host_appliance_run(ha, "read nvme0n1 0 1"), 0);
    says("nvme sanitize nvme0 -a exit-failure" SERIAL, "nvme0 has left the failure mode.");
    assert_int_equal(host_appliance_run(ha, "read nvme0n1 0 1"), 0);
}

static void test_power_is_lost_during_a_sanitize(void **state)
{
    (void)state;
    put_byte(1, 0, 1);
    says("nvme sanitize nvme0 -a 2 --no-wait" SERIAL, "the sanitize runs");
    wait_s(5);
    assert_int_equal(nvme_recover(ha->app.ctrlrs[0].nvme), 0);
    assert_int_not_equal(host_appliance_run(ha, "read nvme0n1 0 1"), 0); /* it goes on */
    wait_s(16);
    assert_int_equal(get_byte(1, 0), 0);
    assert_int_equal(host_appliance_run(ha, "read nvme0n1 0 1"), 0);
}

/* --- firmware --------------------------------------------------------------------------------- */

/* A FAT32 volume on namespace 1, whose BIG.BIN begins as a good image does. */
static void make_image(const char *revision)
{
    static uint8_t volume[FAT_IMAGE_SECTORS * 512];
    struct fat_image fat = fat_image_make(volume, 512);
    uint8_t *file = fat_image_cluster(&fat, fat_image_big_chain[0]);

    memcpy(file, "CARFW:", 6);
    memcpy(file + 6, revision, 8);
    model_media_write(model(), 1, 0, volume, sizeof(volume));
    host_appliance_rescan(ha);
}

static void test_firmware(void **state)
{
    (void)state;
    make_image("2.1     ");
    refuses("nvme fw-download nvme0 -f nvme0n1:/BIG.BIN", -EROFS, "nvme0 is not armed");
    refuses("nvme fw-commit nvme0 -s 2 -a 1", -EROFS, "Keep the power on until it has ended");
    assert_int_equal(sent(0x11) + sent(0x10), 0);
    says("nvme fw-download nvme0 -f nvme0n1:/BIG.BIN" SERIAL, "Firmware download success\n");
    assert_non_null(strstr(ha->text, "Download of a firmware image of 4.60 KiB"));
    lacks("nvme0n1 "); /* no data is reached */
    says("nvme fw-commit nvme0 -s 2 -a 1" SERIAL, "Success committing firmware action:1 slot:2\n"
                                                  "It is activated by the next reset: `nvme reset "
                                                  "nvme0`.\n");
    assert_string_equal(model_firmware(model()), "1.0");
    assert_int_equal(nvme_recover(ha->app.ctrlrs[0].nvme), 0);
    assert_string_equal(model_firmware(model()), "2.1");
    says("list", "2.1\n");
    says("nvme fw-activate nvme0 -s 1 -a 3" SERIAL, "nvme0 runs firmware 1.0 now.");
}

static void test_firmware_refusals(void **state)
{
    (void)state;
    make_image("2.1     ");
    refuses("nvme fw-download nvme0" SERIAL, -EINVAL, "--fw names the image");
    refuses("nvme fw-download nvme0 -f nvme0n1:/NO.BIN" SERIAL, -ENOENT, "NO.BIN");
    refuses("nvme fw-download nvme0 -f nvme0n1:/BIG.BIN -x 4000" SERIAL, -EINVAL,
            "pieces of a multiple of 4096 bytes (FWUG)");
    refuses("nvme fw-download nvme0 -f nvme0n1:/BIG.BIN -o 3" SERIAL, -EINVAL, "no multiple");
    assert_int_equal(sent(0x11), 0);
    refuses("nvme fw-commit nvme0 -s 1 -a 0" SERIAL, -EROFS, "slot 1 of nvme0 is read-only");
    refuses("nvme fw-commit nvme0 -s 4 -a 0" SERIAL, -EINVAL, "has 3 firmware slots");
    refuses("nvme fw-commit nvme0 -s 2 -a 4" SERIAL, -EINVAL, "no commit action 4");
    assert_int_equal(sent(0x10), 0);
    refuses("nvme fw-commit nvme0 -s 3 -a 2" SERIAL, nvme_status_errno(0x107),
            "nvme0 refused Firmware Commit: Invalid Firmware Image");
}

static void test_power_is_lost_before_a_commit(void **state)
{
    (void)state;
    make_image("2.1     ");
    says("nvme fw-download nvme0 -f nvme0n1:/BIG.BIN -x 4096" SERIAL, "success");
    assert_int_equal(sent(0x11), 2);
    assert_int_equal(nvme_recover(ha->app.ctrlrs[0].nvme), 0);
    refuses("nvme fw-commit nvme0 -s 2 -a 1" SERIAL, nvme_status_errno(0x107), "Invalid Firmware");
    assert_string_equal(model_firmware(model()), "1.0");
}

/* --- self-test -------------------------------------------------------------------------------- */

static void test_self_test(void **state)
{
    (void)state;
    says("nvme device-self-test nvme0 -s 1 --wait", "Short Device self-test started\n"
                                                    "nvme0: self-test: 0.00 % done, 0 s\n");
    assert_non_null(strstr(ha->text, "Self-test completed without error (result 0), at 100 "
                                     "power-on hours.\n"));
    says("nvme device-self-test nvme0n1 -s extended", "takes 2 minutes (EDSTT)");
    refuses("nvme device-self-test nvme0 -s 1", nvme_status_errno(0x11d),
            "nvme0 refused Device Self-test: Device Self-test In Progress");
    says("nvme device-self-test nvme0 -s f", "Aborting device self-test operation");
    model_offer(model())->self_test_result = 7;
    refuses("nvme device-self-test nvme0 -s 1 -w", -EIO, "Failing LBA: 0x1234\n");
    assert_non_null(strstr(ha->text, "The first segment that failed: 3.\n"));
    press_ctrl_c_in(2 * SECOND);
    refuses("nvme device-self-test nvme0 -s 1 -w", -EINTR, "no longer watched");
    refuses("nvme device-self-test nvme0", -EINVAL, "--self-test-code is 1 (short)");
    refuses("nvme device-self-test nvme0 -s 9", -EINVAL, "not 9");
}

/* --- namespaces ------------------------------------------------------------------------------- */

static void test_namespaces(void **state)
{
    (void)state;
    refuses("nvme create-ns nvme0 -s 8192", -EROFS, "nvme0 is not armed");
    says("nvme create-ns nvme0 -s 8k -b 4096" SERIAL, "create-ns: Success, created nsid:3\n");
    assert_non_null(strstr(ha->text, "Create a namespace of 32 MiB (8192 blocks of 4096 bytes): it "
                                     "takes capacity that is free, of 176 MiB (UNVMCAP)."));
    says("nvme attach-ns nvme0 -n 3" SERIAL, "attach-ns: Success, nsid:3");
    says("lsblk", "nvme0n3               32 MiB   4096");
    put_byte(3, 0, 7);
    says("nvme detach-ns nvme0 -n 3" SERIAL, "it disappears here; what it holds stays");
    says("lsblk", "nvme0n2");
    lacks("nvme0n3");
    says("nvme attach-ns nvme0 -n 3 -c 0x1" SERIAL, "Success");
    assert_int_equal(get_byte(3, 0), 7);
    says("nvme create-ns nvme0 -s 2049 -o json" SERIAL, "\"nsid\" : 4");
    assert_non_null(strstr(ha->text, "no multiple of 1 MiB, the granularity of this drive"));
    says("nvme delete-ns nvme0n3" SERIAL, "Delete namespace 3: all data on it is lost");
    says("lsblk", "nvme0n2");
    lacks("nvme0n3");
    says("nvme delete-ns nvme0 -n 0xffffffff" SERIAL, "with ALL 2 namespaces");
    says("list", "nvme0 (serial CAR0001) has no active namespace");
}

static void test_namespace_refusals(void **state)
{
    (void)state;
    refuses("nvme create-ns nvme0" SERIAL, -EINVAL, "--nsze says how many blocks");
    refuses("nvme create-ns nvme0 -s 1 -f 9" SERIAL, -EINVAL, "no LBA format 9, the last is 3");
    refuses("nvme create-ns nvme0 -s 1 -c 2" SERIAL, -EINVAL, "--ncap is 1 to --nsze");
    refuses("nvme create-ns nvme0 -s 1 -f 1 -b 512" SERIAL, -EINVAL, "both given");
    refuses("nvme delete-ns nvme0" SERIAL, -EINVAL, "--namespace-id says which");
    refuses("nvme attach-ns nvme0 -n 0xffffffff" SERIAL, -EINVAL, "--namespace-id says which");
    refuses("nvme attach-ns nvme0 -n 1 -c 2,1" SERIAL, -EINVAL, "has to ascend");
    refuses("nvme attach-ns nvme0 -n 1 -c x" SERIAL, -EINVAL, "--controllers");
    assert_int_equal(sent(0x0d) + sent(0x15), 0);
    refuses("nvme attach-ns nvme0 -n 1" SERIAL, nvme_status_errno(0x118),
            "nvme0 refused Namespace Attachment: Namespace Already Attached");
    refuses("nvme create-ns nvme0 -s 1g" SERIAL, nvme_status_errno(0x115),
            "Namespace Insufficient Capacity");
}

/* --- what is not offered ---------------------------------------------------------------------- */

static void test_not_offered(void **state)
{
    static const struct {
        const char *line, *text;
    } cases[] = {
        {"nvme format nvme0n1" SERIAL, "does not offer Format NVM: OACS bit 1"},
        {"lbaf nvme0n1 --set=4096" SERIAL, "does not offer Format NVM: OACS bit 1"},
        {"nvme sanitize nvme0 -a 2" SERIAL, "SANICAP bit 1"},
        {"nvme fw-download nvme0 -f x" SERIAL, "Firmware Download and Commit: OACS bit 2"},
        {"nvme fw-commit nvme0" SERIAL, "OACS bit 2"},
        {"nvme device-self-test nvme0 -s 1", "Device Self-test: OACS bit 4"},
        {"nvme create-ns nvme0 -s 1" SERIAL, "OACS bit 3"},
        {"nvme delete-ns nvme0 -n 1" SERIAL, "OACS bit 3"},
        {"nvme attach-ns nvme0 -n 1" SERIAL, "OACS bit 3"},
        {"nvme detach-ns nvme0 -n 1" SERIAL, "OACS bit 3"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        refuses(cases[i].line, -ENOTSUP, cases[i].text);
    }
    static const uint8_t opcodes[] = {0x0d, 0x10, 0x11, 0x14, 0x15, 0x80, 0x84};
    for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++) {
        assert_int_equal(sent(opcodes[i]), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_format),
        TEST(test_format_with_metadata_and_protection),
        TEST(test_format_reaches_all),
        TEST(test_format_refusals),
        TEST(test_what_speaks_against_it_is_said),
        TEST(test_lbaf),
        TEST(test_sanitize),
        TEST(test_sanitize_overwrites),
        TEST(test_sanitize_goes_on_after_ctrl_c),
        TEST(test_sanitize_fails),
        TEST(test_power_is_lost_during_a_sanitize),
        TEST(test_firmware),
        TEST(test_firmware_refusals),
        TEST(test_power_is_lost_before_a_commit),
        TEST(test_self_test),
        TEST(test_namespaces),
        TEST(test_namespace_refusals),
        cmocka_unit_test_setup_teardown(test_not_offered, start_bare, stop),
        cmocka_unit_test_setup_teardown(test_absurd_formats, start_absurd, stop),
    };
    return cmocka_run_group_tests_name("apps nvme manage", tests, NULL, NULL);
}
