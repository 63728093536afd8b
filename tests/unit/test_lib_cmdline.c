/*
 * tests/unit/test_lib_cmdline.c - words, values and quotes on the kernel's command line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cmdline.h"
#include "lib/compiler.h"

static void test_values(void **state)
{
    static const struct {
        const char *line;
        const char *key;
        const char *value; /* NULL: not there */
    } cases[] = {
        {"", "run", NULL},
        {"   \t ", "run", NULL},
        {"nosmp", "nosmp", ""},
        {"nosmp noirq", "noirq", ""},
        {"nosmpx", "nosmp", NULL},
        {"nosm", "nosmp", NULL},
        {"xnosmp", "nosmp", NULL},
        {"run=list", "run", "list"},
        {"a=1 run=list b=2", "run", "list"},
        {"run=\"list; lspci\" nosmp", "run", "list; lspci"},
        {"\"run=list; lspci\" nosmp", "run", "list; lspci"}, /* as GRUB passes it */
        {"\"run=list; lspci\" nosmp", "nosmp", ""},
        {"ru\"n=a \"b", "run", "a b"},
        {"run=\"nosmp\"", "nosmp", NULL},
        {"run=a=b=c", "run", "a=b=c"},
        {"run=", "run", ""},
        {"=x", "", "x"},
        {"run=1 run=2", "run", "1"},
        {"run=\\\"x\\\" y", "run", "\"x\""},
        {"run=a\\ b", "run", "a b"},
        {"run=\"open", "run", "open"},
        {"run=a\\", "run", "a\\"},
        {"\"\" run=x", "run", "x"},
        {"run.x=1", "run", NULL},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        char value[64];
        bool found = cmdline_get(cases[i].line, cases[i].key, value, sizeof(value));
        assert_int_equal(found, cases[i].value != NULL);
        assert_string_equal(value, cases[i].value ? cases[i].value : "");
        assert_int_equal(cmdline_has(cases[i].line, cases[i].key), found);
    }
}

static void test_long_value_is_cut(void **state)
{
    char value[5];

    (void)state;
    assert_true(cmdline_get("run=abcdefgh", "run", value, sizeof(value)));
    assert_string_equal(value, "abcd");
    assert_true(cmdline_get("run=abcdefgh", "run", value, 1));
    assert_string_equal(value, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_long_value_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
