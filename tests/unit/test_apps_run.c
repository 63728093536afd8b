/*
 * tests/unit/test_apps_run.c - what the shell makes of the results of commands. The commands are
 * this test's own: it brings its own table, and that of apps/shell/commands.c is not linked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/shell/shell.h"
#include "lib/errno.h"
#include "lib/string.h"

static struct console console;
static struct appliance app;
static struct shell sh;
static struct out_buf ob;
static char output[2000];

static int run_args(struct shell *shell, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        out_printf(shell->out, "<%s>", argv[i]);
    }
    out_puts(shell->out, "\n");
    assert_null(argv[argc]);
    return 0;
}

static int run_io(struct shell *shell, int argc, char **argv)
{
    (void)shell;
    (void)argc;
    (void)argv;
    return -EIO;
}

static int run_said(struct shell *shell, int argc, char **argv)
{
    (void)argc;
    return shell_fail(shell, argv[0], -EINVAL, "number %d is %s", 5, "bad");
}

/* Works until Ctrl-C, which comes at its third look, in the middle of what was typed ahead. */
static int run_long(struct shell *shell, int argc, char **argv)
{
    for (int turn = 0; !shell_interrupted(shell); turn++) {
        assert_true(turn < 3);
        if (turn == 2) {
            console_input(&console, 'a');
            console_input(&console, 0x03);
            console_input(&console, 'b');
        }
    }
    return argc == 1 ? -EINTR : shell_fail(shell, argv[0], -EINTR, "stopped half-way");
}

/* Does not look, so that Ctrl-C comes too late for it. */
static int run_deaf(struct shell *shell, int argc, char **argv)
{
    (void)argc;
    console_input(&console, 0x03);
    out_printf(shell->out, "%s is done\n", argv[0]);
    return 0;
}

#define COMMAND(word) \
    &(const struct shell_cmd) { .name = #word, .usage = #word, .example = #word, .max_args = 64, \
                                .run = run_##word }

const struct shell_cmd *const shell_commands[] = {
    COMMAND(args), COMMAND(deaf), COMMAND(io), COMMAND(long), COMMAND(said), NULL,
};

static int set_up(void **state)
{
    (void)state;
    console_init(&console);
    memset(&app, 0, sizeof(app));
    app.console = &console;
    out_buf_init(&ob, output, sizeof(output));
    shell_init(&sh, &app, &ob.out);
    return 0;
}

static void check_script(const char *script, int err, const char *expected)
{
    out_buf_init(&ob, output, sizeof(output));
    assert_int_equal(shell_run_line(&sh, script), err);
    assert_int_equal(sh.last_error, err);
    assert_string_equal(output, expected);
}

static void words_reach_the_command(void **state)
{
    (void)state;
    check_script("args a 'b  c' \"d\\\"e\" '' \xc3\xa9 # f", 0,
                 "<args><a><b  c><d\"e><><\xc3\xa9>\n");
    check_script("  args;args b;", 0, "<args>\n<args><b>\n");
}

static void each_failure_is_told_once(void **state)
{
    (void)state;
    check_script("io", -EIO, "io: the device reported an error\n");
    check_script("said", -EINVAL, "said: number 5 is bad\n");
    check_script("said; io; args", 0,
                 "said: number 5 is bad\nio: the device reported an error\n<args>\n");
}

static void ctrl_c_is_told_once_and_ends_the_line(void **state)
{
    (void)state;
    check_script("long; args", -EINTR, "^C\n");
    assert_false(shell_interrupted(&sh));
    assert_int_equal(console_getc(&console), 'b');
    assert_int_equal(console_getc(&console), -EAGAIN);
    check_script("long told; args", -EINTR, "long: stopped half-way\n");
    assert_int_equal(console_getc(&console), 'b');
    check_script("deaf; args", 0, "deaf is done\n^C\n");
    check_script("args", 0, "<args>\n");
}

static void an_old_ctrl_c_does_not_count(void **state)
{
    (void)state;
    console_input(&console, 0x03);
    check_script("args", 0, "<args>\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(words_reach_the_command, set_up),
        cmocka_unit_test_setup(each_failure_is_told_once, set_up),
        cmocka_unit_test_setup(ctrl_c_is_told_once_and_ends_the_line, set_up),
        cmocka_unit_test_setup(an_old_ctrl_c_does_not_count, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
