/*
 * tests/unit/test_apps_nvme_directive.c - Directives and Keep Alive, in the driver and typed into a
 * shell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_directive.h"
#include "drivers/nvme/nvme_gate.h"
#include "lib/errno.h"
#include "tests/unit/typed_lines.h"

static const struct model_patch keep_alive_patch = {.cns = 1, .offset = 320, .len = 2, .value = 10};
static int set_up(void **state)
{
    struct model_config drives[2] = {model_default_config(), model_default_config()};
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drives[0].directives = true;
    drives[0].patches = &keep_alive_patch;
    drives[0].patch_count = 1;
    cfg.drives = drives;
    cfg.drive_count = 2;
    ha = host_appliance_create(&cfg);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

static void streams(void **state)
{
    (void)state;
    says("nvme dir-receive nvme0n1", "directives supported    : 0x3\n"
                                     "directives enabled      : 0x1\n");
    refuses("nvme dir-receive nvme0n1 -D 1", -EIO, "Directive Receive: Invalid Field in Command");
    refuses("nvme dir-send nvme0n1 -T 1 -e 1", -EROFS, "nvme0n1 is not armed");
    says("nvme dir-receive nvme0n1", "enabled      : 0x1\n");
    says("nvme dir-send nvme0n1 -T 1 -e 1 --serial=CAR0001", "dir-send: type:0 operation:1");
    says("nvme dir-receive nvme0n1 -o json", "\"enabled\" : 3");
    says("nvme dir-receive nvme0n1 -D 1", "max streams limit       : 4\n");
    says("nvme dir-receive nvme0n1 -D 1 -O 3 -r 3", "streams allocated       : 3\n");
    says("nvme dir-receive nvme0n1 -D 1", "streams available       : 1\n");
    says("nvme dir-receive nvme0n1 -D 1 -O 3 -r 3", "streams allocated       : 4\n");
    says("nvme dir-send nvme0 -n 1 -D 1 -O 2 --serial=CAR0001", "type:1 operation:2");
    says("nvme dir-receive nvme0n1 -D 1", "streams available       : 4\n");
    says("nvme dir-receive nvme0n1 -D 1 -l 4", "04 00 04 00");
}

static void refusals(void **state)
{
    (void)state;
    refuses("nvme dir-receive nvme1n1", -ENOTSUP, "OACS bit 5");
    refuses("nvme dir-send nvme1n1 -T 1 -e 1 --serial=CAR0001", -ENOTSUP, "OACS bit 5");
    refuses("nvme dir-receive nvme0", -EINVAL, "name a namespace");
    refuses("nvme dir-send nvme0n1 -T 1 -e 2", -ERANGE, "1");
    refuses("nvme dir-send nvme0n1 -T 0 -e 1 --serial=CAR0001", -EIO, "Invalid Field");
    assert_int_equal(model_counters(ha->hosts[1]->model)->by_opcode[0][0x19], 0);
    assert_int_equal(model_counters(ha->hosts[1]->model)->by_opcode[0][0x1a], 0);
}

static void typed_functions(void **state)
{
    (void)state;
    struct nvme_ctrlr *c = ha->app.ctrlrs[0].nvme;
    struct nvme_directive_parameters p;
    struct nvme_stream_parameters s;

    assert_int_equal(nvme_directive_enable(c, 1, NVME_DIRECTIVE_STREAMS, true, NULL), -EROFS);
    assert_int_equal(nvme_ctrlr_arm(c, "CAR0001"), 0);
    assert_int_equal(nvme_directive_enable(c, 1, NVME_DIRECTIVE_STREAMS, true, NULL), 0);
    assert_int_equal(nvme_directive_parameters(c, 1, &p, NULL), 0);
    assert_int_equal(p.enabled[0], 3);
    assert_int_equal(nvme_stream_parameters(c, 1, &s, NULL), 0);
    assert_int_equal(s.msl, 4);
    assert_int_equal(s.sws, 8);
    assert_int_equal(nvme_directive_enable(c, 1, NVME_DIRECTIVE_STREAMS, false, NULL), 0);
    assert_int_equal(nvme_stream_parameters(c, 1, &s, NULL), -EIO);
    assert_int_equal(nvme_directive_parameters(ha->app.ctrlrs[1].nvme, 1, &p, NULL), -ENOTSUP);
}

static void idle(uint64_t ns)
{
    uint64_t end = host_clock_peek(&ha->clock) + ns;
    while (host_clock_peek(&ha->clock) < end) {
        appliance_settle(&ha->app);
        host_clock_relax(&ha->clock);
    }
}

/* Sent by the idle shell once somebody has set the timer, and no longer than that. */
static void keep_alive(void **state)
{
    (void)state;
    const struct model_counters *count = model_counters(ha->hosts[0]->model);

    assert_int_equal(nvme_keep_alive(ha->app.ctrlrs[1].nvme, NULL), -ENOTSUP);
    assert_int_equal(nvme_keep_alive(ha->app.ctrlrs[0].nvme, NULL), 0);
    assert_int_equal(count->keep_alives, 1);
    idle(10 * NS_PER_S);
    assert_int_equal(count->keep_alives, 1);
    says("nvme set-feature nvme0 -f 0xf -v 2000 --serial=CAR0001", "");
    idle(10 * NS_PER_S);
    assert_in_range(count->keep_alives, 9, 12);
    says("nvme set-feature nvme0 -f 0xf -v 0 --serial=CAR0001", "");
    uint64_t before = count->keep_alives;
    idle(10 * NS_PER_S);
    assert_int_equal(count->keep_alives, before);
    says("nvme set-feature nvme0 -f 0xf -v 2000 --serial=CAR0001", "");
    says("nvme reset nvme0", "");
    before = count->keep_alives;
    idle(10 * NS_PER_S); /* the reset has ended the timer */
    assert_int_equal(count->keep_alives, before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(streams),
        TEST(refusals),
        TEST(typed_functions),
        TEST(keep_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
