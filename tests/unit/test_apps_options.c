/*
 * tests/unit/test_apps_options.c - options of commands, parsed from a made-up table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apps/shell/shell.h"
#include "apps/shell/token.h"
#include "lib/errno.h"

static struct shell sh;
static struct out_buf text;
static char text_bytes[4096];

static struct {
    int argc;
    char word[2][32];
    struct shell_value values[3];
} got;

static int probe_run(struct shell *shell, int argc, char **argv)
{
    got.argc = argc;
    for (int i = 1; i < argc && i <= 2; i++) {
        snprintf(got.word[i - 1], sizeof(got.word[0]), "%s", argv[i]);
    }
    memcpy(got.values, shell->values, sizeof(got.values));
    return 0;
}

static const struct shell_option probe_options[] = {
    {"lbaf", 'l', SHELL_NUMBER, 15, "index of a format"},
    {"human-readable", 'H', SHELL_FLAG, 0, "in words"},
    {"serial", 0, SHELL_TEXT, 0, "a serial number"},
    {0},
};

static const struct shell_cmd probe = {
    .name = "probe", .usage = "probe A [B]", .summary = "s", .example = "probe a",
    .options = probe_options, .min_args = 1, .max_args = 2, .run = probe_run,
};

static int run_probe(const char *line)
{
    struct token_words words;

    out_buf_init(&text, text_bytes, sizeof(text_bytes));
    memset(&sh, 0, sizeof(sh));
    sh.out = &text.out;

    memset(&got, 0, sizeof(got));
    assert_int_equal(token_split(line, strlen(line), &words), 0);
    return shell_run_command(&sh, &probe, words.argc, words.argv);
}

static void options_are_parsed_from_their_table(void **state)
{
    static const char *const same[] = {
        "probe a -l 3 -H --serial=X1",
        "probe -l3 --serial X1 a -H",
        "probe --lbaf=3 -H a --serial=X1",
        "probe --human-readable --lbaf 0x3 a --serial X1", "probe -l=3 --serial=X1 -H -- a",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        assert_int_equal(run_probe(same[i]), 0);
        assert_int_equal(got.argc, 2);
        assert_string_equal(got.word[0], "a");
        assert_true(got.values[0].given && got.values[1].given && got.values[2].given);
        assert_int_equal(got.values[0].number, 3);
    }
    assert_int_equal(run_probe("probe a -1"), 0); /* not an option: a number */
    assert_string_equal(got.word[1], "-1");
    assert_false(got.values[0].given || got.values[1].given);
    assert_null(got.values[2].text);
    assert_int_equal(run_probe("probe -- -H"), 0);
    assert_string_equal(got.word[0], "-H");
    assert_int_equal(run_probe("probe - a"), 0);
}

static void bad_options_are_explained(void **state)
{
    static const struct {
        const char *line, *text;
        int err;
    } bad[] = {
        {"probe a --lbaff=1", "no option '--lbaff=1'; did you mean '--lbaf'?", -EINVAL},
        {"probe a -x", "no option '-x'; there are:\n  -l, --lbaf=NUM", -EINVAL},
        {"probe a -l", "--lbaf needs a value: index of a format", -EINVAL},
        {"probe a --lbaf=", "--lbaf needs a value", -EINVAL},
        {"probe a --lbaf=5x", "'5x' is not a number", -EINVAL},
        {"probe a --lbaf=16", "over the limit of 15", -ERANGE},
        {"probe a -l 1 --lbaf=1", "--lbaf is given twice", -EINVAL},
        {"probe a -H=1", "--human-readable takes no value", -EINVAL},
        {"probe -H", "takes at least 1 argument", -EINVAL},
        {"probe a b c", "takes at most 2 arguments", -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(run_probe(bad[i].line), bad[i].err);
        assert_int_equal(got.argc, 0); /* it was not run */
        if (!strstr(text_bytes, bad[i].text)) {
            fail_msg("%s: no '%s' in '%s'", bad[i].line, bad[i].text, text_bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_parsed_from_their_table),
        cmocka_unit_test(bad_options_are_explained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
