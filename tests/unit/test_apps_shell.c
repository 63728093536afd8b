/*
 * tests/unit/test_apps_shell.c - the shell on a fake machine with RAM disks: finding and running
 * commands, errors in words, scripts, Ctrl-C, completion; and the table of all commands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apps/commands.h"
#include "apps/shell/complete.h"
#include "apps/shell/token.h"
#include "lib/errno.h"
#include "tests/model/host_appliance.h"

/* --- a machine ---------------------------------------------------------------------------- */

static struct {
    struct console_device dev;
    char text[32768];
    size_t len;
    const char *typed;        /* what poll finds, a byte at a time */
    const char *interrupt_at; /* Ctrl-C is pressed when this has been printed */
} serial;

static struct machine machine; /* without relax: shell_interact returns */
static struct console console;
static struct appliance app;
static struct shell sh;

static void serial_write(struct console_device *dev, const char *text, size_t len)
{
    (void)dev;
    assert_true(serial.len + len < sizeof(serial.text));
    memcpy(serial.text + serial.len, text, len);
    serial.len += len;
    serial.text[serial.len] = '\0';
    if (serial.interrupt_at && strstr(serial.text, serial.interrupt_at)) {
        serial.interrupt_at = NULL;
        console_input(&console, 'x');
        console_input(&console, 0x03);
    }
}

static void serial_poll(struct console_device *dev)
{
    (void)dev;
    if (serial.typed && *serial.typed != '\0') {
        console_input(&console, (uint8_t)*serial.typed++);
    }
}

static int set_up(void **state)
{
    struct block_dev *dev;
    struct block_info part = { .part_index = 1 };

    (void)state;
    memset(&serial, 0, sizeof(serial));
    memset(&app, 0, sizeof(app));
    serial.dev.write = serial_write;
    serial.dev.poll = serial_poll;
    console_init(&console);
    console_attach(&console, &serial.dev);
    app.machine = &machine;
    app.console = &console;
    assert_int_equal(block_registry_create(&app.blocks), 0);
    assert_int_equal(block_mem_create(app.blocks, "ram0", 64, 512, NULL, &dev), 0);
    assert_int_equal(block_add_partition(app.blocks, dev, 8, 8, &part, &dev), 0);
    assert_int_equal(block_mem_create(app.blocks, "ram11", 64, 512, NULL, &dev), 0);
    assert_int_equal(fs_create(app.blocks, &app.fs), 0);
    strcpy(app.ctrlrs[0].name, "nvme0");
    strcpy(app.ctrlrs[1].name, "nvme10");
    app.ctrlrs[0].err = app.ctrlrs[1].err = -ETIMEDOUT;
    app.ctrlr_count = 2;
    shell_init(&sh, &app, &console.out);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fs_destroy(app.fs);
    block_registry_destroy(app.blocks);
    return 0;
}

/* What was printed since the last call, with plain newlines. */
static const char *printed(void)
{
    static char text[sizeof(serial.text)];
    size_t len = 0;

    for (size_t i = 0; i < serial.len; i++) {
        if (serial.text[i] != '\r' || serial.text[i + 1] != '\n') {
            text[len++] = serial.text[i];
        }
    }
    text[len] = '\0';
    serial.len = 0;
    serial.text[0] = '\0';
    return text;
}

static void check_line(const char *line, int err, const char *expected)
{
    assert_int_equal(shell_run_line(&sh, line), err);
    assert_int_equal(sh.last_error, err);
    assert_string_equal(printed(), expected);
}

static void check_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("'%s' is not in '%s'", part, text);
    }
}

/* --- running ------------------------------------------------------------------------------ */

static void unknown_commands_are_answered_with_near_ones(void **state)
{
    (void)state;
    check_line("lits", -ENOENT,
               "shell: no command called 'lits'; did you mean 'list'? ('help' lists all)\n");
    check_line("powerof", -ENOENT,
               "shell: no command called 'powerof'; did you mean 'poweroff'? ('help' lists all)\n");
    check_line("up", -ENOENT,
               "shell: no command called 'up'; did you mean 'uptime'? ('help' lists all)\n");
    check_line("xyzzy", -ENOENT, "shell: no command called 'xyzzy' ('help' lists all)\n");
    check_line("''", -ENOENT, "shell: no command called '' ('help' lists all)\n");
    check_line("help hepl", -ENOENT, "help: no command called 'hepl'; did you mean 'help'?\n");
    check_line("help qqq", -ENOENT, "help: no command called 'qqq'; 'help' lists all\n");
}

static void counts_of_arguments_are_checked(void **state)
{
    (void)state;
    check_line("pwd x", -EINVAL,
               "pwd: takes no arguments\nusage:   pwd\nexample: pwd\n");
    check_line("help a b c", -EINVAL,
               "help: takes at most 2 arguments, not 3\nusage:   help [COMMAND [TOPIC]]\n"
               "example: help read\n");
    assert_int_equal(shell_run_line(&sh, "read ram0"), -EINVAL);
    check_has(printed(), "read: takes at least 3 arguments, not 1\nusage:   read DISK LBA COUNT");
}

static void bad_lines_are_refused(void **state)
{
    char text[300] = "pwd";

    (void)state;
    check_line("pwd 'x", -EINVAL, "shell: a single quote is not closed\n");
    check_line("pwd \"x", -EINVAL, "shell: a double quote is not closed\n");
    check_line("pwd \xff", -EILSEQ, "shell: the line is not valid UTF-8\n");
    for (int i = 0; i < 65; i++) {
        strcat(text, " x");
    }
    check_line(text, -ERANGE, "shell: a command takes at most 64 arguments\n");
}

static void commands_on_a_line_run_in_order(void **state)
{
    (void)state;
    check_line("", 0, "");
    check_line(" ;; # nothing", 0, "");
    check_line("xx1; pwd ;xx2", -ENOENT,
               "shell: no command called 'xx1' ('help' lists all)\n"
               "no place is chosen; 'cd DISK:/DIR' chooses one\n"
               "shell: no command called 'xx2' ('help' lists all)\n");
    check_line("xx1; pwd", 0,
               "shell: no command called 'xx1' ('help' lists all)\n"
               "no place is chosen; 'cd DISK:/DIR' chooses one\n");
}

static void a_script_is_echoed_as_if_typed(void **state)
{
    (void)state;
    shell_run_script(&sh, NULL);
    shell_run_script(&sh, "");
    shell_run_script(&sh, "  ; ");
    assert_string_equal(printed(), "");
    shell_run_script(&sh, "pwd; cd ''x ;\npwd # again\n");
    assert_string_equal(printed(), "carillon> pwd\n"
                                   "no place is chosen; 'cd DISK:/DIR' chooses one\n"
                                   "carillon> cd ''x \n"
                                   "cd: 'x' is relative, and no place is chosen; say DISK:/DIR\n"
                                   "carillon> pwd # again\n"
                                   "no place is chosen; 'cd DISK:/DIR' chooses one\n");
}

static void ctrl_c_ends_a_script(void **state)
{
    (void)state;
    serial.interrupt_at = "carillon> pwd";
    shell_run_script(&sh, "pwd; help; help");
    assert_string_equal(printed(), "carillon> pwd\n"
                                   "no place is chosen; 'cd DISK:/DIR' chooses one\n"
                                   "^C\n");
    /* Nothing of it is left for the next command or the prompt. */
    assert_false(console_interrupted(&console));
    assert_int_equal(console_getc(&console), -EAGAIN);
    check_line("pwd", 0, "no place is chosen; 'cd DISK:/DIR' chooses one\n");
}

static void a_person_is_served(void **state)
{
    (void)state;
    serial.typed = "pw\t\r\nnonse\x03\x04pwx\x7f\x64\r";
    shell_interact(&sh);
    assert_string_equal(printed(), "carillon> pwd \n"
                                   "no place is chosen; 'cd DISK:/DIR' chooses one\n"
                                   "carillon> nonse^C\n"
                                   "carillon> pwx\b\x1b[Kd\n"
                                   "no place is chosen; 'cd DISK:/DIR' chooses one\n"
                                   "carillon> ");
    assert_true(sh.interactive);
}

/* --- arguments ---------------------------------------------------------------------------- */

static void options_are_taken_out(void **state)
{
    char words[8][24] = {"write", "--pattern=0x5", "ram0",      "bs=4k",
                         "--now", "now",           "pattern=7", "--x"};
    char *argv[9];
    int argc = 8;
    const char *value;
    static const char *const valid[] = { "--pattern", "--now", NULL };

    (void)state;
    for (int i = 0; i < 8; i++) {
        argv[i] = words[i];
    }
    argv[8] = NULL;
    shell_take_option(&argc, argv, "pattern", &value);
    assert_string_equal(value, "7");
    assert_int_equal(argc, 6);
    shell_take_option(&argc, argv, "bs", &value);
    assert_string_equal(value, "4k");
    shell_take_option(&argc, argv, "no", &value);
    assert_null(value);
    shell_take_option(&argc, argv, "now", &value);
    assert_string_equal(value, "");
    assert_int_equal(argc, 4);
    assert_string_equal(argv[2], "now");
    assert_null(argv[4]);
    shell_take_option(&argc, argv, "ow", &value);
    assert_null(value);
    assert_int_equal(shell_reject_options(&sh, argc, argv, valid), -EINVAL);
    assert_string_equal(printed(), "write: no option '--x'; valid: --pattern, --now\n");
    assert_int_equal(shell_reject_options(&sh, argc, argv, NULL), -EINVAL);
    assert_string_equal(printed(), "write: no option '--x'; there are none\n");
    assert_int_equal(shell_reject_options(&sh, 3, argv, NULL), 0);
    strcpy(argv[1], "-1");
    strcpy(argv[2], "-");
    assert_int_equal(shell_reject_options(&sh, 3, argv, NULL), 0);
    strcpy(argv[2], "-R");
    assert_int_equal(shell_reject_options(&sh, 3, argv, NULL), -EINVAL);
}

static void disks_and_controllers_are_found_by_name(void **state)
{
    struct block_dev *dev = NULL;
    struct nvme_ctrlr *ctrlr;
    struct nvme_ns *ns;

    (void)state;
    assert_int_equal(shell_find_disk(&sh, "read", "/dev/ram0p1", &dev), 0);
    assert_string_equal(block_info(dev)->name, "ram0p1");
    assert_int_equal(shell_find_disk(&sh, "read", "ram1", &dev), -ENODEV);
    assert_string_equal(printed(), "read: no disk called 'ram1'; did you mean 'ram11'? "
                                   "(disks: ram0, ram0p1, ram11)\n");
    assert_int_equal(shell_find_disk(&sh, "read", "floppy", &dev), -ENODEV);
    assert_string_equal(printed(),
                        "read: no disk called 'floppy' (disks: ram0, ram0p1, ram11)\n");
    assert_int_equal(shell_find_ns(&sh, "nvme", "ram0", &ns), -ENODEV);
    assert_string_equal(printed(), "nvme: ram0 is not an NVMe namespace\n");
    assert_int_equal(shell_find_ctrlr(&sh, "nvme", "/dev/nvme10", &ctrlr), -ETIMEDOUT);
    assert_string_equal(printed(), "nvme: nvme10 did not come up: no answer within the deadline "
                                   "('dmesg' tells more)\n");
    assert_int_equal(shell_find_ctrlr(&sh, "nvme", "nvme1", &ctrlr), -ENODEV);
    assert_string_equal(printed(), "nvme: no controller called 'nvme1'; did you mean 'nvme10'? "
                                   "(controllers: nvme0, nvme10)\n");
    app.ctrlr_count = 0;
    assert_int_equal(shell_find_ctrlr(&sh, "nvme", "nvme0", &ctrlr), -ENODEV);
    assert_string_equal(printed(), "nvme: no controller called 'nvme0': there is none at all\n");
}

static void a_namespace_belongs_to_its_controller(void **state)
{
    (void)state;
    assert_ptr_equal(appliance_find_ctrlr(&app, "nvme0n1"), &app.ctrlrs[0]);
    assert_ptr_equal(appliance_find_ctrlr(&app, "/dev/nvme10n3p2"), &app.ctrlrs[1]);
    assert_ptr_equal(appliance_find_ctrlr(&app, "nvme10"), &app.ctrlrs[1]);
    assert_null(appliance_find_ctrlr(&app, "nvme1"));
    assert_null(appliance_find_ctrlr(&app, "nvme0x"));
    assert_null(appliance_find_ctrlr(&app, "nvme0n"));
    assert_null(appliance_find_ctrlr(&app, ""));
}

static void many_disks_are_not_listed(void **state)
{
    struct block_dev *dev;
    char name[BLOCK_NAME_BYTES];

    (void)state;
    for (int i = 20; i < 40; i++) {
        snprintf(name, sizeof(name), "ram%d", i);
        assert_int_equal(block_mem_create(app.blocks, name, 8, 512, NULL, &dev), 0);
    }
    assert_int_equal(shell_find_disk(&sh, "read", "ramm39", &dev), -ENODEV);
    assert_string_equal(printed(), "read: no disk called 'ramm39'; did you mean 'ram39'?\n");
}

static void controllers_are_found_and_shut_down(void **state)
{
    struct host_appliance *ha = host_appliance_create(NULL);
    struct nvme_ctrlr *ctrlr = NULL;
    struct nvme_ns *ns = NULL;

    (void)state;
    assert_int_equal(shell_find_ctrlr(&ha->shell, "nvme", "/dev/nvme0", &ctrlr), 0);
    assert_string_equal(nvme_name(ctrlr), "nvme0");
    assert_int_equal(shell_find_ns(&ha->shell, "nvme", "/dev/nvme0n1", &ns), 0);
    assert_ptr_equal(ns, nvme_ns_at(ctrlr, 0));
    assert_int_equal(shell_find_ns(&ha->shell, "nvme", "nvme0n7", &ns), -ENODEV);
    assert_string_equal(ha->text, "nvme: no disk called 'nvme0n7'; did you mean 'nvme0n1'? "
                                  "(disks: nvme0n1)\n");
    out_buf_init(&ha->out, ha->text, sizeof(ha->text));
    appliance_shutdown(&ha->app, &ha->out.out);
    assert_string_equal(ha->text, "nvme0: shut down\n");
    host_appliance_destroy(ha);
}

static void numbers_are_explained(void **state)
{
    uint64_t value = 5;

    (void)state;
    assert_int_equal(shell_parse_u64(&sh, "read", "COUNT", "4k", 4096, &value), 0);
    assert_int_equal(value, 4096);
    assert_int_equal(shell_parse_u64(&sh, "read", "COUNT", "4097", 4096, &value), -ERANGE);
    assert_string_equal(printed(), "read: COUNT 4097 is over the limit of 4096\n");
    assert_int_equal(shell_parse_u64(&sh, "read", "LBA", "abc", 4096, &value), -EINVAL);
    check_has(printed(), "read: LBA 'abc' is not a number");
    assert_int_equal(value, 4096);
}

/* --- completion --------------------------------------------------------------------------- */

static void check_tab(const char *typed, const char *expected, unsigned count)
{
    static struct line_completion found;
    char text[2 * LINE_BYTES];
    size_t cursor = strlen(typed);

    memset(&found, 0, sizeof(found));
    shell_complete_line(&sh, typed, cursor, &found);
    assert_true(found.from <= cursor);
    snprintf(text, sizeof(text), "%.*s%s", (int)found.from, typed, found.text);
    if (found.count != count || (count > 0 && strcmp(text, expected) != 0)) {
        fail_msg("'%s': '%s' (%u matches)", typed, text, found.count);
    }
}

static void tab_offers_what_fits(void **state)
{
    (void)state;
    check_tab("lsb", "lsblk ", 1);
    check_tab("pwd; lsb", "pwd; lsblk ", 1);
    check_tab("re", "re", 3);
    check_tab("re x;powero", "re x;poweroff ", 1);
    check_tab("xq", "", 0);
    check_tab("help powero", "help poweroff ", 1);
    check_tab("pwd ", "", 0);
    check_tab("nosuch r", "", 0);
    check_tab("arm r", "arm ram", 3);
    check_tab("arm ram0", "arm ram0", 2);
    check_tab("arm ram1", "arm ram11 ", 1);
    check_tab("arm /dev/ram1", "arm /dev/ram11 ", 1);
    check_tab("arm 'ram1", "arm \"ram11\" ", 1);
    check_tab("cd ram0", "cd ram0", 2);
    check_tab("cd ram1", "cd ram11:", 1);
    check_tab("cd ram11:x", "", 0);
    check_tab("nvme id-c", "nvme id-ctrl ", 1);
    check_tab("nvme id-ctrl nvme1", "nvme id-ctrl nvme10 ", 1);
    check_tab("nvme id-ctrl nvme1 --out", "nvme id-ctrl nvme1 --output-format=", 1);
    check_tab("nvme id-ctrl --h", "nvme id-ctrl --human-readable ", 1);
    check_tab("nvme id-ns ram1", "nvme id-ns ram11 ", 1);
    check_tab("pwd # r", "", 0);
    check_tab("pwd \xff", "", 0);
}

/* --- the table ---------------------------------------------------------------------------- */

#define WANT(condition)                                   \
    do {                                                  \
        if (!(condition)) {                               \
            fail_msg("%s: %s", cmd->name, #condition);    \
        }                                                 \
    } while (0)

/* The example is a line of this command that the shell would run. start: its words with a blank. */
static void check_example(const struct shell_cmd *cmd, const char *start, bool is_sub)
{
    struct shell_value values[SHELL_MAX_OPTIONS];
    struct token_words words;
    size_t len = token_command_len(cmd->example);

    WANT(token_split(cmd->example, len, &words) == 0);
    WANT(strncmp(cmd->example, start, strlen(start)) == 0 ||
         (words.argc == 1 && strcmp(cmd->example, cmd->name) == 0));
    int argc = words.argc - is_sub;
    if (cmd->options) {
        WANT(shell_options_parse(&sh, cmd, &argc, words.argv + is_sub, values) == 0);
    }
    WANT((unsigned)argc - 1 >= cmd->min_args);
    WANT((unsigned)argc - 1 <= cmd->max_args);
}

/* prefix: what stands before the names of this table on a line, "" or "nvme ". */
static void check_table(const struct shell_cmd *const *table, const char *prefix)
{
    const char *previous = "";
    char start[64];

    for (const struct shell_cmd *const *p = table; *p; p++) {
        const struct shell_cmd *cmd = *p;
        size_t summary = strlen(cmd->summary);

        WANT(strcmp(previous, cmd->name) < 0);
        previous = cmd->name;
        size_t len = (size_t)snprintf(start, sizeof(start), "%s%s ", prefix, cmd->name);
        WANT(strncmp(cmd->usage, start, len) == 0 || strcmp(cmd->usage, cmd->name) == 0);
        WANT(summary > 0 && summary <= 67 && cmd->summary[summary - 1] != '.');
        WANT(!cmd->details || cmd->details[strlen(cmd->details) - 1] == '\n');
        WANT(cmd->max_args >= cmd->min_args && cmd->max_args <= SHELL_MAX_ARGS);
        WANT((cmd->run == NULL) == (cmd->subs != NULL));
        WANT((cmd->complete == COMPLETE_SUBCOMMAND) == (cmd->subcommands || cmd->subs));
        if (cmd->subs) {
            check_table(cmd->subs, start);
        }
        check_example(cmd, start, prefix[0] != '\0');
    }
}

static void the_tables_are_in_order(void **state)
{
    (void)state;
    check_table(shell_commands, "");
}

static void help_tells_everything(void **state)
{
    (void)state;
    assert_int_equal(shell_run_line(&sh, "help"), 0);
    char text[8192];
    snprintf(text, sizeof(text), "%s", printed());
    for (const struct shell_cmd *const *cmd = shell_commands; *cmd; cmd++) {
        char line[200];

        snprintf(line, sizeof(line), "%s %-10s %s\n",
                 (*cmd)->danger == SHELL_SAFE ? " " : "!", (*cmd)->name, (*cmd)->summary);
        check_has(text, line);
        snprintf(line, sizeof(line), "help %s", (*cmd)->name);
        assert_int_equal(shell_run_line(&sh, line), 0);
        const char *one = printed();
        check_has(one, (*cmd)->usage);
        check_has(one, (*cmd)->example);
        check_has(one, (*cmd)->details ? (*cmd)->details : (*cmd)->summary);
    }
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_true(strchr(line, '\n') - line < 80);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unknown_commands_are_answered_with_near_ones),
        TEST(counts_of_arguments_are_checked),
        TEST(bad_lines_are_refused),
        TEST(commands_on_a_line_run_in_order),
        TEST(a_script_is_echoed_as_if_typed),
        TEST(ctrl_c_ends_a_script),
        TEST(a_person_is_served),
        TEST(options_are_taken_out),
        TEST(disks_and_controllers_are_found_by_name),
        TEST(a_namespace_belongs_to_its_controller),
        TEST(many_disks_are_not_listed),
        TEST(controllers_are_found_and_shut_down),
        TEST(numbers_are_explained),
        TEST(tab_offers_what_fits),
        TEST(the_tables_are_in_order),
        TEST(help_tells_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
