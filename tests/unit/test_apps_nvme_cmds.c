/*
 * tests/unit/test_apps_nvme_cmds.c - `list`, `nvme` and `cpus` typed into a shell whose disks are
 * software controllers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/nvme/commands.h"
#include "drivers/nvme/nvme_gate.h"
#include "lib/errno.h"
#include "tests/unit/typed_lines.h"

static int one_drive(void **state)
{
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drive.serial = "SERIAL7";
    drive.model = "Made-up drive";
    drive.firmware = "1.2.3";
    drive.sq_grant = 1;
    drive.cq_grant = 1;
    cfg.drives = &drive;
    cfg.cpus = 3;
    ha = host_appliance_create(&cfg);
    return 0;
}

static int two_drives(void **state)
{
    struct model_config drives[2] = {model_default_config(), model_default_config()};
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drives[0].ns_count = 3;
    drives[0].ns[1] = (struct model_ns_config){.nsid = 2, .blocks = 1 << 18, .lbads = 12};
    drives[0].ns[2] = (struct model_ns_config){
        .nsid = 5, .blocks = 4096, .lbads = 9, .metadata_bytes = 8, .extended = true};
    drives[1].css = 0; /* speaks no command set we know */
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

static void test_list(void **state)
{
    (void)state;
    says("list", "Node             PCI      SN                   Model");
    says("list", "\n---------------- -------- ");
    says("list", "\nnvme0n1          -        SERIAL7              Made-up drive                 "
                 "           0x1        ");
    says("list", " 67.11  MB  512   B +  0 B   1.2.3\n");
}

static void test_list_remarks(void **state)
{
    (void)state;
    says("list", "\nnvme0n2 ");
    says("list", "  4 KiB +  0 B");
    says("list", "\nnvme0n5 cannot be used: ");
    says("list", "\nnvme1 did not come up: ");
}

static void test_identify(void **state)
{
    (void)state;
    says("nvme id-ctrl nvme0", "NVME Identify Controller:\n");
    says("nvme id-ctrl /dev/nvme0", "\nsn        : SERIAL7\nmn        : Made-up drive\n"
                                    "fr        : 1.2.3\n");
    says("nvme id-ctrl nvme0", "\nps      0 : mp:");
    says("nvme id-ns nvme0n1", "NVME Identify Namespace 1:\nnsze    : 0x20000\n");
    says("nvme id-ns nvme0n1", "\nlbaf  0 : ms:0   lbads:9  rp:0");
    says("nvme list-ns nvme0", "[   0]:0x1\n");
}

static void test_identify_fails(void **state)
{
    static const struct model_rule rule = {.on = MODEL_ON_ADMIN,
                                           .match = 0x06,
                                           .sub = MODEL_ANY,
                                           .action = MODEL_DO_STATUS,
                                           .value = 0x4002};

    (void)state;
    model_add_rule(ha->hosts[0]->model, &rule);
    refuses("nvme id-ctrl nvme0", -EIO, "nvme0 refused Identify: Invalid Field in Command");
    says("nvme id-ctrl nvme0", "\nsn        : SERIAL7\n");
}

static void test_several_namespaces(void **state)
{
    (void)state;
    says("nvme list-ns nvme0", "[   0]:0x1\n[   1]:0x2\n[   2]:0x5\n");
    says("nvme id-ns nvme0n2", "NVME Identify Namespace 2:\nnsze    : 0x40000\n");
    says("nvme id-ns nvme0n5", "NVME Identify Namespace 5:\n"); /* also one that is no disk */
    refuses("nvme id-ctrl nvme1", ha->app.ctrlrs[1].err, "nvme1 did not come up");
}

static void test_show_regs(void **state)
{
    (void)state;
    says("nvme show-regs nvme0", "\tMost queue entries (MQES): 1024\n");
    says("nvme show-regs nvme0", "\n\tEnabled (EN): Yes\n");
    says("nvme show-regs nvme0", "\n\tReady (RDY): Yes\n");
    says("nvme show-regs nvme0", "\n\tI/O submission entry (IOSQES): 64 bytes\n");
}

static void test_show_regs_gone(void **state)
{
    (void)state;
    ha->forgiving = true; /* it is pulled out without a word */
    model_unplug(ha->hosts[0]->model, true);
    refuses("nvme show-regs nvme0", -ENXIO, "does not answer");
}

static void test_stats(void **state)
{
    (void)state;
    says("nvme stats nvme0", " CPU  depth in use     commands");
    says("nvme stats nvme0", "\n   0    255      0 ");
    says("nvme stats nvme0", "\n adm ");
    says("nvme stats nvme0 -o json", "\"last_failure\" : \"\"");
}

/* Troubles are counted, and shown when there are any. */
static void test_stats_of_a_bad_day(void **state)
{
    struct nvme_model *m = ha->hosts[0]->model;
    const struct model_rule refuse = {
        .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY, .action = MODEL_DO_STATUS,
        .value = 0x281};
    const struct model_rule fatal = {
        .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY, .action = MODEL_DO_CFS};

    (void)state;
    model_add_rule(m, &refuse);
    says("crc32 nvme0n1 0 1", "b2aa7578");
    model_clear_rules(m);
    says("nvme stats nvme0", "\nCPU 0: 1 commands ended with an error\n");
    says("nvme stats nvme0", "\nretries: 1, commands that succeeded by them: 1\n");
    model_add_rule(m, &fatal);
    says("crc32 nvme0n1 0 1", "b2aa7578");
    model_clear_rules(m);
    says("nvme stats nvme0", "\nresets: 1, of these because of a failure: 1\n");
    says("nvme stats nvme0", "s ago: it reports a fatal status (CSTS.CFS)\n");
    says("nvme stats nvme0 -o json", "\"resets_forced\" : 1");
}

static void test_recorder(void **state)
{
    (void)state;
    says("crc32 nvme0n1 7 1", "b2aa7578");
    says("nvme recorder nvme0", "Read nsid 1 lba 7 blocks 1 ");
    says("crc32 nvme0n1 8 1", "b2aa7578");
    says("nvme recorder nvme0 --count=2", ": success, seen ");
    says("nvme recorder nvme0 -o json", "\"state\" : \"answered\"");
    refuses("nvme recorder nvme0 -o xml", -EINVAL, "normal or json");
}

static void test_timeouts(void **state)
{
    (void)state;
    says("nvme timeouts nvme0 --io=2500", ": 2500 ms\n");
    says("nvme timeouts nvme0", ": 2500 ms\n");
    says("nvme timeouts nvme0 -o json", "\"io_ms\" : 2500");
    says("nvme timeouts nvme0", "resets in a minute      : 8\n");
    says("nvme timeouts nvme0 --resets=3 -o json", "\"max_resets\" : 3");
    refuses("nvme timeouts nvme0 --resets=17", -ERANGE, "resets");
    refuses("nvme timeouts nvme0 --io=9", -ERANGE, "--io is 10 to 3600000 milliseconds");
    refuses("nvme timeouts nvme0 --admin=0", -ERANGE, "--admin is 10 to");
}

/* A console device that keeps what it is sent. */
static struct {
    struct console_device dev;
    char text[4096];
} screen;

static void screen_write(struct console_device *dev, const char *text, size_t len)
{
    size_t used = strlen(screen.text);

    (void)dev;
    assert_true(used + len < sizeof(screen.text));
    memcpy(screen.text + used, text, len);
}

static void test_trace(void **state)
{
    (void)state;
    memset(&screen, 0, sizeof(screen));
    screen.dev.write = screen_write;
    console_attach(&ha->console, &screen.dev);
    says("nvme trace on", "on the console until 'nvme trace off'");
    says("nvme id-ctrl nvme0", "SERIAL7");
    assert_non_null(strstr(screen.text, "nvme0 q0 cid "));
    assert_non_null(strstr(screen.text, "Identify"));
    says("nvme trace off", "");
    memset(screen.text, 0, sizeof(screen.text));
    says("nvme id-ctrl nvme0", "SERIAL7");
    assert_string_equal(screen.text, "");
    says("nvme trace nvme0 on", "");
    says("nvme trace nvme0 off", "");
    refuses("nvme trace nvme0", -EINVAL, "say 'on' or 'off'");
    refuses("nvme trace nvme7 on", -ENODEV, "nvme7");
}

static void test_mistakes(void **state)
{
    (void)state;
    refuses("nvme", -EINVAL, "usage:");
    refuses("nvme id-crtl nvme0", -ENOENT, "did you mean 'id-ctrl'? ('help nvme' lists all)");
    refuses("nvme id-ctrl", -EINVAL, "usage:   nvme id-ctrl CTRL");
    refuses("nvme id-ns nvme0n9", -ENODEV, "nvme0n9");
    refuses("nvme id-ns nvme0", -EINVAL, "a disk such as nvme0n1, or --namespace-id");
    refuses("nvme id-ctrl nvme3", -ENODEV, "nvme3");
}

static void test_identify_as_json(void **state)
{
    (void)state;
    says("nvme id-ctrl nvme0 -o json", "{\n  \"vid\" : ");
    says("nvme id-ctrl nvme0 --output-format=json", "\"sn\" : \"SERIAL7\",\n");
    says("nvme id-ctrl nvme0 -o json", "\"psds\" : [\n    {\n      \"max_power\" : 900,\n");
    says("nvme id-ns -o json nvme0n1", "\"lbafs\" : [\n    {\n      \"ms\" : 0,\n");
    refuses("nvme id-ns -o xml nvme0n1", -EINVAL, "normal or json, not 'xml'");
}

static void test_arming_a_controller(void **state)
{
    struct nvme_ctrlr *ctrlr = ha->app.ctrlrs[0].nvme;

    (void)state;
    refuses("arm nvme0 SERIAL", -EINVAL, "which stays read-only");
    assert_false(nvme_ctrlr_armed(ctrlr));
    says("arm /dev/nvme0 SERIAL7", "\nnvme0n1 ");
    assert_true(nvme_ctrlr_armed(ctrlr));
    says("lsblk", " armed ");
    says("disarm nvme0n1", "read-only");
    assert_false(nvme_ctrlr_armed(ctrlr));
    says("arm nvme0 SERIAL7", "All of nvme0 is armed");
    says("disarm nvme0", "all its namespaces are read-only");
    assert_false(nvme_ctrlr_armed(ctrlr));
    says("lsblk", " read-only ");
}

static void test_help_of_nvme_commands(void **state)
{
    char line[64];

    (void)state;
    says("help nvme", "\n  id-ctrl              every field of Identify Controller\n");
    for (const struct shell_cmd *const *cmd = nvme_commands; *cmd; cmd++) {
        str_format(line, sizeof(line), "help nvme %s", (*cmd)->name);
        says(line, (*cmd)->usage);
        says(line, (*cmd)->example);
        if ((*cmd)->options) {
            says(line, (*cmd)->options[0].help);
        }
        says("help nvme", (*cmd)->summary);
    }
    refuses("help nvme nosuch", -ENOENT, "no command 'nosuch'");
}

static void test_cpus(void **state)
{
    (void)state;
    says("cpus", "\n  0        ");
    says("cpus", "  nvme0\n");
    says("cpus", "nvme0 has 1 I/O queue pair for 3 CPUs: its jobs run on CPU 0 only.\n");
}

static void test_poweroff(void **state)
{
    (void)state;
    says("poweroff", "nvme0: shut down\nPower off.\n");
    assert_int_equal(ha->machine.power_offs, 1);
    assert_int_equal(model_counters(ha->hosts[0]->model)->shutdowns, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_list_remarks, two_drives, tear_down),
        cmocka_unit_test_setup_teardown(test_identify, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_identify_fails, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_several_namespaces, two_drives, tear_down),
        cmocka_unit_test_setup_teardown(test_show_regs, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_show_regs_gone, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_stats, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_stats_of_a_bad_day, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_recorder, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_timeouts, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_trace, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_mistakes, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_identify_as_json, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_arming_a_controller, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_help_of_nvme_commands, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_cpus, one_drive, tear_down),
        cmocka_unit_test_setup_teardown(test_poweroff, one_drive, tear_down),
    };
    return cmocka_run_group_tests_name("apps nvme commands", tests, NULL, NULL);
}
