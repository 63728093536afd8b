/*
 * tests/unit/test_apps_bench_trim.c - trim_percentage and what belongs to it, on the software
 * controller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme.h"
#include "lib/errno.h"
#include "tests/model/host_appliance.h"

static struct host_appliance *ha;

static int setup(void **state)
{
    (void)state;
    ha = host_appliance_create(NULL);
    return host_appliance_run(ha, "arm nvme0n1 CAR0001");
}

static int teardown(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

static void run(const char *line)
{
    int rc = host_appliance_run(ha, line);
    if (rc != 0) {
        fail_msg("%s: %d\n%s", line, rc, ha->text);
    }
}

static void has(const char *text)
{
    if (strstr(ha->text, text) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", text, ha->text);
    }
}

static void issued(unsigned *reads, unsigned *writes, unsigned *trims)
{
    const char *at = strstr(ha->text, "issued rwts: total=");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "issued rwts: total=%u,%u,%u", reads, writes, trims), 3);
}

#define TRIMS "bench rw=randwrite size=1m iodepth=8 verify=crc32c trim_backlog=16 "

/* Half of what is written is trimmed a little later; the rest is verified, and what was trimmed
 * only if asked for. */
static void written_blocks_are_trimmed(void **state)
{
    unsigned reads, writes, trims;
    (void)state;
    run(TRIMS "trim_percentage=50");
    issued(&reads, &writes, &trims);
    assert_int_equal(writes, 256);
    assert_in_range(trims, 100, 156);
    assert_int_equal(reads, 256 - trims);
    run(TRIMS "trim_percentage=50 trim_verify_zero");
    issued(&reads, &writes, &trims);
    assert_int_equal(writes, 256);
    assert_in_range(trims, 100, 156);
    assert_int_equal(reads, 256);
    run(TRIMS "trim_percentage=50 trim_verify_zero verify_backlog=8 norandommap");
    issued(&reads, &writes, &trims);
    assert_in_range(trims, 100, 156);
    run(TRIMS "trim_percentage=100 trim_backlog_batch=4");
    issued(&reads, &writes, &trims);
    assert_int_equal(trims, 64); /* 4 of each 16 */
    run(TRIMS "trim_percentage=0");
    issued(&reads, &writes, &trims);
    assert_int_equal(trims, 0);
}

static void a_trim_that_does_nothing_is_found(void **state)
{
    const struct model_rule rule = {.on = MODEL_ON_IO, .match = NVME_IO_DSM, .sub = MODEL_ANY,
                                    .nth = 3, .action = MODEL_DO_FORGET};
    (void)state;
    model_add_rule(ha->hosts[0]->model, &rule);
    assert_int_equal(host_appliance_run(ha, TRIMS "trim_percentage=50 trim_verify_zero"), -EILSEQ);
    has(": not trimmed: this was deallocated, and yet does not read as zeroes\n");
    has("    first wrong byte: 0 of the block, expected 00, received ca; ");
    has(" blocks are wrong: 1 not trimmed\n");
    assert_null(strstr(ha->text, "field "));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(written_blocks_are_trimmed),
        TEST(a_trim_that_does_nothing_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
