/*
 * tests/unit/test_apps_erase.c - `erase`: the method it chooses, what it proves, drives that lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/compiler.h"
#include "lib/errno.h"
#include "tests/unit/typed_lines.h"

#define SECOND UINT64_C(1000000000)
#define SERIAL " --serial=CAR0001"

/* Something at the start, in the middle and at the end of both namespaces. */
static void fill(void)
{
    static const struct {
        uint32_t nsid;
        uint64_t blocks;
    } spaces[] = {{1, 4096}, {2, 2048}};
    uint8_t block[512];

    for (unsigned i = 0; i < ARRAY_SIZE(spaces); i++) {
        for (uint64_t lba = 0; lba < spaces[i].blocks; lba++) {
            memset(block, (int)lba, sizeof(block));
            block[0] = (uint8_t)~lba; /* not blank */
            model_media_write(model(), spaces[i].nsid, lba * 512, block, sizeof(block));
        }
    }
}

static unsigned bytes_left(uint32_t nsid, uint64_t blocks)
{
    uint8_t block[512];
    unsigned left = 0;

    for (uint64_t lba = 0; lba < blocks; lba++) {
        model_media_read(model(), nsid, lba * 512, block, sizeof(block));
        for (unsigned i = 0; i < sizeof(block); i++) {
            left += block[i] != 0;
        }
    }
    return left;
}

static int open_drive(const struct model_offer *offer, unsigned ns_count)
{
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    drive.ns_count = ns_count;
    drive.ns[0].blocks = 4096;
    drive.ns[1] = (struct model_ns_config){.nsid = 2, .blocks = 2048, .lbads = 9};
    drive.offer = *offer;
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    fill();
    return 0;
}

static const struct model_offer everything = {
    .format = true, .lbafs = {9U << 16, 12U << 16}, .lbaf_count = 2, .fna = 4,
    .format_ns = SECOND, .sanicap = 7, .sanitize_ns = 3 * SECOND,
};

static int start(void **state)
{
    (void)state;
    return open_drive(&everything, 2);
}

static int start_formats_all(void **state)
{
    struct model_offer offer = everything;

    (void)state;
    offer.fna = 3;
    return open_drive(&offer, 2);
}

static int start_bare(void **state)
{
    static const struct model_offer nothing;

    (void)state;
    return open_drive(&nothing, 2);
}

static int stop(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

static void test_a_disk_is_erased_without_the_others(void **state)
{
    (void)state;
    says("erase nvme0n1 --dry-run", "* format-crypto        Format with cryptographic erase\n");
    assert_non_null(strstr(ha->text, "  sanitize-block       Sanitize by block erase; reaches"));
    refuses("erase nvme0n1", -EROFS, "nvme0n1 is not armed, so nothing was done");
    says("erase nvme0n1" SERIAL, "Method                          : Format with cryptographic");
    assert_int_equal(bytes_left(1, 4096), 0);
    assert_int_not_equal(bytes_left(2, 2048), 0);
    assert_non_null(strstr(ha->text, "-----BEGIN ERASE CERTIFICATE-----\n"));
    assert_non_null(strstr(ha->text, "Machine serial                  : M-0001\n"));
    assert_non_null(strstr(ha->text, "Drive serial                    : CAR0001\n"));
    assert_non_null(strstr(ha->text, "Capacity in bytes               : 2097152\n"));
    assert_non_null(strstr(ha->text, "Result                          : ERASED\n"));
    assert_non_null(strstr(ha->text, "-----BEGIN ERASE CERTIFICATE JSON-----\n{"));
    assert_non_null(strstr(ha->text, "\"result\" : \"erased\""));
    assert_non_null(strstr(ha->text, "\"samples\" : 1056"));
    assert_non_null(strstr(ha->text, "\"samples_blank\" : 1056"));
    assert_non_null(strstr(ha->text, "\"samples_same\" : 0"));
}

static void test_a_drive_is_sanitized(void **state)
{
    (void)state;
    refuses("arm nvme0n1 CAR0001; erase nvme0", -EROFS, "with ALL 2 namespaces, as it says in");
    assert_int_not_equal(bytes_left(1, 4096), 0);
    says("erase nvme0 --verify=full" SERIAL, "Method                          : Sanitize by block");
    assert_non_null(strstr(ha->text, "Sanitize status (SSTAT)         : 0x101\n"));
    assert_non_null(strstr(ha->text, "\"blocks_read\" : 4096"));
    assert_non_null(strstr(ha->text, "\"blocks_read\" : 2048"));
    assert_int_equal(bytes_left(1, 4096) + bytes_left(2, 2048), 0);
}

static void test_each_method_by_name(void **state)
{
    static const char *const lines[] = {
        "erase nvme0 --method=sanitize-block" SERIAL,
        "erase nvme0 --method=sanitize-crypto" SERIAL,
        "erase nvme0 --method=format-crypto" SERIAL,
        "erase nvme0 --method=format" SERIAL,
        "erase nvme0 --method=sanitize-overwrite --verify=10" SERIAL,
        "erase nvme0 --method=zeroes --verify=100" SERIAL,
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
        fill();
        says(lines[i], "Result                          : ERASED\n");
        assert_int_equal(bytes_left(1, 4096) + bytes_left(2, 2048), 0);
    }
}

static void test_a_named_disk_may_mean_all(void **state)
{
    (void)state;
    says("erase nvme0n1 --dry-run", "* zeroes               Writing zeroes to every block\n");
    refuses("arm nvme0n1 CAR0001; erase nvme0n1 --method=format", -EROFS,
            "with ALL 2 namespaces, as it says in FNA bit 0:");
    assert_int_not_equal(bytes_left(2, 2048), 0);
    says("erase nvme0n1 --method=format" SERIAL, "Namespaces                      : 2\n");
    assert_int_equal(bytes_left(1, 4096) + bytes_left(2, 2048), 0);
}

static void test_a_drive_that_lies_is_found_out(void **state)
{
    static const char *const lines[] = {
        "erase nvme0 --method=sanitize-block" SERIAL,
        "erase nvme0 --method=sanitize-crypto" SERIAL,
        "erase nvme0 --method=format" SERIAL,
    };

    (void)state;
    model_offer(model())->erase_lies = true;
    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
        refuses(lines[i], -EIO, "NOT PROVEN: samples still hold what they held before");
        assert_non_null(strstr(ha->text, "\"result\" : \"not proven\""));
    }
}

static void test_a_failed_sanitize_is_no_erasure(void **state)
{
    (void)state;
    model_offer(model())->sanitize_fails = true;
    refuses("erase nvme0" SERIAL, -EIO, "the sanitize has failed; the drive is NOT erased");
    assert_null(strstr(ha->text, "BEGIN ERASE CERTIFICATE"));
}

static void test_zeroes_when_nothing_is_offered(void **state)
{
    (void)state;
    says("erase nvme0n2" SERIAL, "Method                          : Writing zeroes");
    assert_int_equal(bytes_left(2, 2048), 0);
    assert_int_not_equal(bytes_left(1, 4096), 0);
    assert_non_null(strstr(ha->text, "areas that no command reaches"));
    refuses("erase nvme0n1 --method=sanitize-block" SERIAL, -ENOTSUP, "SANICAP bit 1 of Identify");
    refuses("erase nvme0n1 --method=nonsense" SERIAL, -EINVAL, "there is no method 'nonsense'");
    refuses("erase nvme0n1 --verify=101" SERIAL, -ERANGE, "--verify");
    refuses("erase nvme0n1 --serial=CAR0002", -EROFS, "is not the serial number");
    assert_int_not_equal(bytes_left(1, 4096), 0);
}

static void test_zeroes_that_fail_say_how_far_they_came(void **state)
{
    static const struct model_rule rule = {.on = MODEL_ON_IO, .match = 1, .sub = MODEL_ANY,
                                           .nth = 3, .action = MODEL_DO_STATUS, .value = 0x4280};

    (void)state;
    model_add_rule(model(), &rule);
    refuses("erase nvme0n1" SERIAL, -EIO, "the rest is NOT erased");
    assert_null(strstr(ha->text, "BEGIN ERASE CERTIFICATE"));
}

static uint64_t now_ns(void)
{
    return host_clock_peek(&ha->clock);
}

/* A thousand samples are a thousand waits, if silence is taken for an unreadable block. */
static void test_a_silent_drive_is_not_asked_for_each_sample(void **state)
{
    struct model_rule silence = {.on = MODEL_ON_IO, .match = 2, .sub = MODEL_ANY,
                                 .count = MODEL_FOREVER, .action = MODEL_DO_DROP};
    uint64_t start_ns = now_ns();

    (void)state;
    model_add_rule(model(), &silence);
    assert_int_not_equal(host_appliance_run(ha, "erase nvme0n2 --method=zeroes" SERIAL), 0);
    assert_non_null(strstr(ha->text, "Nothing was erased"));
    assert_null(strstr(ha->text, "BEGIN ERASE CERTIFICATE"));
    assert_true(now_ns() - start_ns < UINT64_C(300) * 1000000000);
}

static void test_a_drive_silent_afterwards_proves_nothing(void **state)
{
    struct model_rule silence = {.on = MODEL_ON_IO, .match = 2, .sub = MODEL_ANY, .nth = 2500,
                                 .count = MODEL_FOREVER, .action = MODEL_DO_DROP};

    (void)state;
    model_add_rule(model(), &silence);
    assert_int_not_equal(host_appliance_run(ha, "erase nvme0" SERIAL), 0);
    assert_non_null(strstr(ha->text, "has succeeded, and cannot be proven: no answer"));
    assert_null(strstr(ha->text, "BEGIN ERASE CERTIFICATE"));
}

#define TEST(name, with) cmocka_unit_test_setup_teardown(name, with, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_disk_is_erased_without_the_others, start),
        TEST(test_a_drive_is_sanitized, start),
        TEST(test_each_method_by_name, start),
        TEST(test_a_named_disk_may_mean_all, start_formats_all),
        TEST(test_a_drive_that_lies_is_found_out, start),
        TEST(test_a_failed_sanitize_is_no_erasure, start),
        TEST(test_zeroes_when_nothing_is_offered, start_bare),
        TEST(test_zeroes_that_fail_say_how_far_they_came, start_bare),
        TEST(test_a_silent_drive_is_not_asked_for_each_sample, start),
        TEST(test_a_drive_silent_afterwards_proves_nothing, start),
    };
    return cmocka_run_group_tests_name("apps erase", tests, NULL, NULL);
}
