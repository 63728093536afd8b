/*
 * tests/unit/test_apps_safety.c - no accident: every command that is marked as dangerous, found by
 * walking the tables of commands, in every form that must not be allowed. What proves it is the
 * drive: nothing that outlasts a loss of power has changed, and no command that changes was sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_gate.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "tests/model/host_appliance.h"
#include "tests/unit/fat_image.h"

#define SECOND UINT64_C(1000000000)

static struct host_appliance *ha;

/* A line for each dangerous command that would do harm if it were allowed. "%s" is where more
 * options go. A command that has no line here fails the test: write one. */
static const char *const harmful[] = {
    "erase nvme0%s",
    "erase nvme0n1%s --method=zeroes",
    "erase nvme0n1%s",
    "lbaf nvme0n1 --set=4096%s",
    "nvme admin-passthru nvme0 -O 0x80 -n 1%s",
    "nvme admin-passthru nvme0 -O 0xc5%s",
    "nvme attach-ns nvme0 -n 1%s",
    "nvme compare nvme0n1 -s 0 --pattern=0x00 --then-write=0xff%s",
    "nvme copy nvme0n1 -d 64 -s 0 -b 8%s",
    "nvme create-ns nvme0 -s 8192%s",
    "nvme delete-ns nvme0 -n 0xffffffff%s",
    "nvme delete-ns nvme0n1%s",
    "nvme detach-ns nvme0 -n 1%s",
    "nvme dir-send nvme0n1 -T 1 -e 1%s",
    "nvme dsm nvme0n1 -s 0 -b 8 -d%s",
    "nvme format nvme0 -s 1%s",
    "nvme format nvme0n1 -l 1%s",
    "nvme fw-activate nvme0 -s 2 -a 2%s",
    "nvme fw-commit nvme0 -s 2 -a 3%s",
    "nvme fw-download nvme0 -f nvme0n1:/BIG.BIN%s",
    "nvme io-passthru nvme0n1 -O 1 -l 512 -w%s",
    "nvme resv-acquire nvme0n1 -c 1 -t 1%s",
    "nvme resv-register nvme0n1 -k 1 --hostid=0x000102030405060708090a0b0c0d0e0f%s",
    "nvme resv-release nvme0n1 -c 1 -t 1%s",
    "nvme sanitize nvme0 -a 2%s",
    "nvme sanitize nvme0n1 -a 4 --no-wait%s",
    "nvme security-send nvme0 -p 0xf0 -t 4 --pattern=0x11%s",
    "nvme set-feature nvme0 -f 6 -v 0%s",
    "nvme set-feature nvme0n1 -f 5 -v 1%s",
    "nvme write nvme0n1 -s 0 --pattern=0xff%s",
    "nvme write-uncor nvme0n1 -s 0%s",
    "nvme write-zeroes nvme0n1 -s 0%s",
    "power nvme0 --state=1%s",
    "write nvme0n1 0 1 --pattern=0xff%s",
};

static struct nvme_model *model(void)
{
    return ha->hosts[0]->model;
}

static int start(void **state)
{
    static uint8_t volume[FAT_IMAGE_SECTORS * 512];
    struct model_config drives[2] = {model_default_config(), model_default_config()};
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drives[0].ns_count = 2;
    drives[0].nn = 8;
    drives[0].every_feature = true;
    drives[0].directives = true;
    drives[0].write_uncorrectable = drives[0].copy = drives[0].fused = true;
    drives[0].reservations = drives[0].security = true;
    drives[0].ns[0].mssrl = 16;
    drives[0].ns[0].mcl = 64;
    drives[0].ns[1] = (struct model_ns_config){.nsid = 2, .blocks = 4096, .lbads = 9};
    drives[0].offer = (struct model_offer){
        .format = true, .lbafs = {9U << 16, 12U << 16}, .lbaf_count = 2, .fna = 4, .sanicap = 7,
        .sanitize_ns = SECOND, .frmw = 3 << 1 | 1 << 4, .fwug = 1, .self_test = true,
        .namespaces = true, .capacity_bytes = UINT64_C(256) << 20,
    };
    drives[1].serial = "CAR0002";
    cfg.drives = drives;
    cfg.drive_count = 2;
    ha = host_appliance_create(&cfg);
    fat_image_make(volume, 512);
    model_media_write(model(), 1, 0, volume, sizeof(volume));
    host_appliance_rescan(ha);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

/* Commands sent that are not known to change nothing. */
static unsigned harmful_commands(void)
{
    static const uint8_t harmless[2][8] = {
        {0x02, 0x06, 0x08, 0x0a, 0x0c}, /* Get Log, Identify, Abort, Get Features, events */
        {0x00, 0x02, 0x05, 0x0c},       /* Flush, Read, Compare, Verify */
    };
    const struct model_counters *count = model_counters(model());
    unsigned sum = 0;

    for (unsigned set = 0; set < 2; set++) {
        for (unsigned opcode = 0; opcode < 256; opcode++) {
            bool reads = false;
            for (unsigned i = 0; i < ARRAY_SIZE(harmless[set]); i++) {
                reads |= harmless[set][i] == opcode && (i == 0 || opcode != 0);
            }
            sum += reads ? 0 : count->by_opcode[set][opcode];
        }
    }
    return sum;
}

static uint64_t fingerprint;
static unsigned sent;

static void remember(void)
{
    fingerprint = model_fingerprint(model());
    sent = harmful_commands();
}

static void nothing_has_changed(const char *line)
{
    if (model_fingerprint(model()) != fingerprint || harmful_commands() != sent) {
        fail_msg("\"%s\" has changed the drive, or tried to:\n%s", line, ha->text);
    }
}

/* Is it a line of this command? The words of those below nvme begin with that. */
static bool is_line_of(const char *template, const char *name, bool below_nvme)
{
    size_t len = strlen(name);
    const char *word = template + (below_nvme ? strlen("nvme ") : 0);

    return below_nvme == str_starts_with(template, "nvme ") && strncmp(word, name, len) == 0 &&
           word[len] == ' ';
}

static void run_form(const char *template, const char *option)
{
    char line[256];
    const char *gap = strstr(template, "%s");

    snprintf(line, sizeof(line), "%.*s%s%s", (int)(gap - template), template, option, gap + 2);
    int err = host_appliance_run(ha, line);
    nothing_has_changed(line);
    if (err == 0) {
        fail_msg("\"%s\" was not refused:\n%s", line, ha->text);
    }
}

/* Every form of every line of one command; returns how many lines it has. */
static unsigned try_command(const struct shell_cmd *cmd, bool below_nvme, const char *option)
{
    unsigned lines = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(harmful); i++) {
        if (is_line_of(harmful[i], cmd->name, below_nvme)) {
            lines++;
            run_form(harmful[i], option);
        }
    }
    return lines;
}

static unsigned try_table(const struct shell_cmd *const *table, bool below_nvme, const char *option)
{
    unsigned dangerous = 0;

    for (; *table; table++) {
        if ((*table)->subs) {
            dangerous += try_table((*table)->subs, true, option);
        } else if ((*table)->danger != SHELL_SAFE) {
            dangerous++;
            if (try_command(*table, below_nvme, option) == 0) {
                fail_msg("%s is marked as dangerous, and no line of harmful[] tries it",
                         (*table)->name);
            }
        }
    }
    return dangerous;
}

static bool takes_serial(const struct shell_cmd *cmd)
{
    for (const struct shell_option *o = cmd->options; o && o->name; o++) {
        if (strcmp(o->name, "serial") == 0) {
            return true;
        }
    }
    return false;
}

static void test_nothing_is_armed(void **state)
{
    (void)state;
    remember();
    assert_in_range(try_table(shell_commands, false, ""), 12, 100);
}

static void test_another_serial_number(void **state)
{
    static const char *const wrong[] = {
        " --serial=CAR0002", " --serial=CAR000", " --serial=CAR00011", " --serial=car0001",
        " --serial=*",
    };

    (void)state;
    remember();
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        try_table(shell_commands, false, wrong[i]);
    }
}

static void test_something_else_is_armed(void **state)
{
    (void)state;
    assert_int_equal(host_appliance_run(ha, "arm nvme0n2 CAR0001; arm nvme1 CAR0002"), 0);
    remember();
    try_table(shell_commands, false, "");
}

/* A disk that is armed is not its drive: what reaches more stays refused. */
static void test_a_disk_is_not_its_drive(void **state)
{
    static const char *const reach_more[] = {
        "nvme sanitize nvme0n1 -a 2", "nvme format nvme0 -s 1", "nvme fw-commit nvme0 -s 2 -a 3",
        "nvme delete-ns nvme0n1", "nvme create-ns nvme0 -s 8", "erase nvme0",
        "nvme detach-ns nvme0 -n 1",
    };

    (void)state;
    assert_int_equal(host_appliance_run(ha, "arm nvme0n1 CAR0001"), 0);
    remember();
    for (unsigned i = 0; i < ARRAY_SIZE(reach_more); i++) {
        assert_int_not_equal(host_appliance_run(ha, reach_more[i]), 0);
        nothing_has_changed(reach_more[i]);
    }
}

static void test_arming_ends(void **state)
{
    (void)state;
    assert_int_equal(host_appliance_run(ha, "arm nvme0 CAR0001; disarm nvme0"), 0);
    remember();
    try_table(shell_commands, false, "");
}

/* A script has to name the serial number in each command, whatever is armed. Those without the
 * option (write) are for armed disks, and a script arms them by serial number itself. */
static void script_table(const struct shell_cmd *const *table, bool below_nvme)
{
    for (; *table; table++) {
        if ((*table)->subs) {
            script_table((*table)->subs, true);
        } else if ((*table)->danger != SHELL_SAFE && takes_serial(*table)) {
            try_command(*table, below_nvme, "");
        }
    }
}

static void test_a_script_without_serial_numbers(void **state)
{
    (void)state;
    assert_int_equal(host_appliance_run(ha, "arm nvme0 CAR0001"), 0);
    remember();
    ha->shell.unattended = true;
    script_table(shell_commands, false);
    ha->shell.unattended = false;
}

/* A line that would be refused for another reason proves nothing: each does harm when the drive is
 * armed and its serial number is named. */
static void test_each_line_does_harm_when_it_is_allowed(void **state)
{
    stop(state);
    for (unsigned i = 0; i < ARRAY_SIZE(harmful); i++) {
        char name[32], line[256];
        bool below_nvme = str_starts_with(harmful[i], "nvme ");
        const char *word = harmful[i] + (below_nvme ? strlen("nvme ") : 0);
        const char *gap = strstr(harmful[i], "%s");

        snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, " "), word);
        const struct shell_cmd *cmd =
            below_nvme ? shell_find_in(shell_find_command("nvme")->subs, name)
                       : shell_find_command(name);
        assert_non_null(cmd);
        snprintf(line, sizeof(line), "%.*s%s%s", (int)(gap - harmful[i]), harmful[i],
                 takes_serial(cmd) ? " --serial=CAR0001" : "", gap + 2);
        start(state);
        assert_int_equal(host_appliance_run(ha, "arm nvme0 CAR0001"), 0);
        remember();
        (void)host_appliance_run(ha, line);
        if (harmful_commands() == sent) {
            fail_msg("\"%s\" does no harm even when it is allowed:\n%s", line, ha->text);
        }
        stop(state);
    }
    start(state);
}

/* The fingerprint can tell: what is allowed does change it. */
static void test_what_is_allowed_is_noticed(void **state)
{
    static const char *const lines[] = {
        "nvme format nvme0n1 -l 0 --serial=CAR0001",
        "nvme fw-download nvme0 -f nvme0n1:/BIG.BIN --serial=CAR0001",
        "nvme create-ns nvme0 -s 8192 --serial=CAR0001",
        "arm nvme0n1 CAR0001; write nvme0n1 4000 1 --pattern=0xff",
        "nvme sanitize nvme0 -a 2 --serial=CAR0001",
    };

    (void)state;
    for (unsigned i = ARRAY_SIZE(lines); i-- > 0;) {
        static uint8_t volume[FAT_IMAGE_SECTORS * 512];

        fat_image_make(volume, 512);
        model_media_write(model(), 1, 0, volume, sizeof(volume));
        host_appliance_rescan(ha);
        remember();
        assert_int_equal(host_appliance_run(ha, lines[i]), 0);
        assert_true(model_fingerprint(model()) != fingerprint);
        assert_true(harmful_commands() > sent);
        assert_int_equal(host_appliance_run(ha, "disarm nvme0"), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_armed),
        TEST(test_another_serial_number),
        TEST(test_something_else_is_armed),
        TEST(test_a_disk_is_not_its_drive),
        TEST(test_arming_ends),
        TEST(test_a_script_without_serial_numbers),
        TEST(test_each_line_does_harm_when_it_is_allowed),
        TEST(test_what_is_allowed_is_noticed),
    };
    return cmocka_run_group_tests_name("apps safety", tests, NULL, NULL);
}
