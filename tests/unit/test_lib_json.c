/*
 * tests/unit/test_lib_json.c - the layout of what the JSON writer writes, and its escapes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"

static char text[2048];
static struct out_buf out;
static struct json json;

static int setup(void **state)
{
    (void)state;
    out_buf_init(&out, text, sizeof(text));
    json_begin(&json, &out.out);
    return 0;
}

static void the_layout_is_fios(void **state)
{
    (void)state;
    json_open_object(&json, NULL);
    json_string(&json, "fio version", "fio-3.33");
    json_open_array(&json, "jobs");
    json_open_object(&json, NULL);
    json_u64(&json, "io_bytes", UINT64_MAX);
    json_double(&json, "iops", 157334.133173);
    json_close_object(&json);
    json_open_object(&json, NULL);
    json_i64(&json, "error", -5);
    json_close_object(&json);
    json_close_array(&json);
    json_open_array(&json, "iops");
    json_u64(&json, NULL, 1);
    json_u64(&json, NULL, 2);
    json_close_array(&json);
    json_close_object(&json);
    json_end(&json);
    assert_string_equal(text, "{\n"
                              "  \"fio version\" : \"fio-3.33\",\n"
                              "  \"jobs\" : [\n"
                              "    {\n"
                              "      \"io_bytes\" : 18446744073709551615,\n"
                              "      \"iops\" : 157334.133173\n"
                              "    },\n"
                              "    {\n"
                              "      \"error\" : -5\n"
                              "    }\n"
                              "  ],\n"
                              "  \"iops\" : [\n"
                              "    1,\n"
                              "    2\n"
                              "  ]\n"
                              "}\n");
}

static void empty_things_are_closed(void **state)
{
    (void)state;
    json_open_object(&json, NULL);
    json_open_array(&json, "a");
    json_close_array(&json);
    json_open_object(&json, "o");
    json_close_object(&json);
    json_close_object(&json);
    json_end(&json);
    assert_string_equal(text, "{\n  \"a\" : [\n  ],\n  \"o\" : {\n  }\n}\n");
}

static void texts_are_escaped(void **state)
{
    (void)state;
    json_open_object(&json, NULL);
    json_string(&json, "a\"b", "C:\\x\n\x01 \xc3\xa9");
    json_string(&json, "", "");
    json_close_object(&json);
    assert_string_equal(text, "{\n  \"a\\\"b\" : \"C:\\\\x\\u000a\\u0001 \xc3\xa9\",\n"
                              "  \"\" : \"\"\n}");
}

static void what_is_no_number_is_zero(void **state)
{
    (void)state;
    double zero = 0;
    json_open_array(&json, NULL);
    json_double(&json, NULL, zero / zero);
    json_double(&json, NULL, 1 / zero);
    json_double(&json, NULL, -0.5);
    json_close_array(&json);
    assert_string_equal(text, "[\n  0.000000,\n  0.000000,\n  -0.500000\n]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_layout_is_fios, setup),
        cmocka_unit_test_setup(empty_things_are_closed, setup),
        cmocka_unit_test_setup(texts_are_escaped, setup),
        cmocka_unit_test_setup(what_is_no_number_is_zero, setup),
    };
    return cmocka_run_group_tests_name("lib_json", tests, NULL, NULL);
}
