/*
 * tests/unit/test_apps_host.c - the appliance in a process: what other tests of commands stand on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_appliance.h"

static void says(struct host_appliance *ha, const char *line, int err, const char *words)
{
    int got = host_appliance_run(ha, line);
    if (got != err || !strstr(ha->text, words)) {
        fail_msg("%s: %s\n%s", line, errno_name(got), ha->text);
    }
}

static void one_drive(void **state)
{
    uint8_t block[512];
    (void)state;

    struct host_appliance *ha = host_appliance_create(NULL);
    says(ha, "list", 0, "CAR0001");
    memset(block, 'x', sizeof(block));
    model_media_write(ha->hosts[0]->model, 1, 512 * 7, block, sizeof(block));
    says(ha, "hexdump nvme0n1 7 1", 0, "78 78 78 78");
    says(ha, "write nvme0n1 9 1 --pattern=0xab", -EROFS, "arm");
    says(ha, "arm nvme0n1 CAR0001", 0, "");
    says(ha, "write nvme0n1 9 1 --pattern=0xab", 0, "");
    model_media_read(ha->hosts[0]->model, 1, 512 * 9, block, sizeof(block));
    assert_int_equal(block[0], 0xab);
    assert_int_equal(block[511], 0xab);
    says(ha, "nonsense", -ENOENT, "nonsense");
    host_appliance_destroy(ha);
}

static void several_drives_and_cpus(void **state)
{
    struct model_config drives[3];
    struct host_appliance_config cfg = host_appliance_default_config();
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        drives[i] = model_default_config();
    }
    drives[1].ns[0].lbads = 12;
    drives[1].serial = "SECOND";
    drives[2].serial = "BROKEN";
    drives[2].css = 0x40; /* no NVM command set: it does not come up */
    cfg.drives = drives;
    cfg.drive_count = 3;
    cfg.ram_disk_blocks = 64;
    cfg.cpus = 3;
    struct host_appliance *ha = host_appliance_create(&cfg);
    assert_int_equal(ha->app.ctrlr_count, 3);
    assert_null(ha->app.ctrlrs[2].nvme);
    assert_int_equal(ha->app.ctrlrs[2].err, -ENODEV);
    says(ha, "list", 0, "SECOND");
    says(ha, "lsblk", 0, "ram0");
    says(ha, "cpus", 0, "2");
    host_appliance_destroy(ha);
}

static void a_benchmark_in_virtual_time(void **state)
{
    struct host_appliance_config cfg = host_appliance_default_config();
    (void)state;

    cfg.cpus = 3;
    struct host_appliance *ha = host_appliance_create(&cfg);
    says(ha, "bench --filename=nvme0n1 --rw=randread --bs=4k --iodepth=8 --size=1m", 0, "IOPS");
    says(ha,
         "bench --filename=nvme0n1 --rw=randread --bs=4k --iodepth=8 --numjobs=2 --size=1m "
         "--group_reporting",
         0, "IOPS");
    host_appliance_destroy(ha);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_drive),
        cmocka_unit_test(several_drives_and_cpus),
        cmocka_unit_test(a_benchmark_in_virtual_time),
    };
    return cmocka_run_group_tests_name("host appliance", tests, NULL, NULL);
}
