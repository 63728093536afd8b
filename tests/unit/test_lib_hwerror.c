/*
 * tests/unit/test_lib_hwerror.c - machine checks and reasons of NMIs in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/compiler.h"
#include "lib/hwerror.h"

static void machine_checks_are_told_in_words(void **state)
{
    static const struct {
        uint64_t status;
        const char *text;
    } cases[] = {
        {0x9000000000000001, "corrected: unclassified"},
        {0xb200000000000005, "uncorrected: internal parity error; CPU state corrupt"},
        {0xb000000000000400, "uncorrected: internal timer expired"},
        {0x9000000000000e0b, "corrected: I/O error"},
        {0x9000000000001e0b, "corrected: I/O error"}, /* the filter bit changes nothing */
        {0x900000000000000e, "corrected: cache hierarchy, level 2"},
        {0x9000000000000011, "corrected: address translation (TLB), level 1"},
        {0x900000000000009f, "corrected: memory controller: read"},
        {0xbc000000000000c3, "uncorrected: memory controller: scrub on channel 3"},
        {0x90000000000000a0, "corrected: memory controller: write on channel 0"},
        {0xd000000000000135, "corrected: cache, level 1; other errors were lost"},
        {0x9000000000000137, "corrected: cache, level 3"},
        {0xb200000000000800, "uncorrected: bus or interconnect, level 0; CPU state corrupt"},
        {0x9000000000000200, "corrected: code 0200h"},
        {0x9000000000008000, "corrected: code 8000h"},
        {0x9000000000000000, "corrected: code 0000h"},
    };
    char text[128];
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t status = cases[i].status;
        bool corrupt = strstr(cases[i].text, "corrupt") != NULL;

        status = corrupt ? status | MC_STATUS_PCC : status & ~MC_STATUS_PCC;
        hwerror_format_machine_check(status, text, sizeof(text));
        assert_string_equal(text, cases[i].text);
    }
}

static void every_code_fits_and_is_terminated(void **state)
{
    char text[20];
    (void)state;

    for (uint32_t code = 0; code <= UINT16_MAX; code++) {
        memset(text, 'x', sizeof(text));
        hwerror_format_machine_check(MC_STATUS_VALID | MC_STATUS_UC | code, text, sizeof(text));
        assert_non_null(memchr(text, '\0', sizeof(text)));
    }
}

static void only_an_nmi_with_a_reason_is_fatal(void **state)
{
    (void)state;
    assert_true(hwerror_nmi_is_fatal(0x80));
    assert_true(hwerror_nmi_is_fatal(0x40));
    assert_true(hwerror_nmi_is_fatal(0xff));
    assert_false(hwerror_nmi_is_fatal(0x3f)); /* the timer's and the speaker's bits */
    assert_false(hwerror_nmi_is_fatal(0));
    assert_non_null(strstr(hwerror_nmi_reason(0xb0), "SERR"));
    assert_null(strstr(hwerror_nmi_reason(0xb0), "I/O check"));
    assert_non_null(strstr(hwerror_nmi_reason(0x40), "IOCHK"));
    assert_non_null(strstr(hwerror_nmi_reason(0xc0), "I/O check"));
    assert_non_null(strstr(hwerror_nmi_reason(0xc0), "SERR"));
    assert_non_null(strstr(hwerror_nmi_reason(0x20), "no cause"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_checks_are_told_in_words),
        cmocka_unit_test(every_code_fits_and_is_terminated),
        cmocka_unit_test(only_an_nmi_with_a_reason_is_fatal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
