/*
 * tests/unit/test_apps_serial.c - what a serial line can do to the shell: floods, garbage, endless
 * lines, and Ctrl-C at any instant. Nothing hangs, nothing is run that was not typed, and what was
 * lost is told.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apps/shell/line.h"
#include "lib/errno.h"
#include "lib/rng.h"
#include "lib/utf8.h"
#include "tests/model/host_appliance.h"

#define FLOOD_BYTES (1024 * 1024)

static struct host_appliance *ha;

/* --- a line that sends whenever the machine waits -------------------------------------------- */

static struct {
    const char *bytes;
    size_t len, at;
    struct rng rng;
    unsigned most; /* bytes at a time */
} sender;

static void send_some(void *ctx)
{
    size_t burst = rng_below(&sender.rng, sender.most) + 1;

    (void)ctx;
    for (; burst > 0 && sender.at < sender.len; burst--) {
        console_input(&ha->console, (uint8_t)sender.bytes[sender.at++]);
    }
    if (sender.at == sender.len) {
        ha->machine.machine.relax = NULL; /* the end of the input ends shell_interact() */
    }
}

static void converse(const char *bytes, size_t len, unsigned most, uint64_t seed)
{
    sender.bytes = bytes;
    sender.len = len;
    sender.at = 0;
    sender.most = most;
    rng_seed(&sender.rng, seed);
    ha->machine.machine.relax = send_some;
    out_buf_init(&ha->out, ha->text, sizeof(ha->text));
    shell_interact(&ha->shell);
}

static int set_up(void **state)
{
    (void)state;
    ha = host_appliance_create(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

/* --- floods ---------------------------------------------------------------------------------- */

/* Every name that the shell did not know must be one that was typed, in the order it was typed. */
static unsigned check_names(void)
{
    static const char before[] = "no command called '";
    unsigned count = 0;
    long last = -1;

    for (const char *at = ha->text; (at = strstr(at, before)); count++) {
        char name[16] = "";
        at += strlen(before);
        assert_int_equal(sscanf(at, "%15[^']", name), 1);
        assert_int_equal(strlen(name), 7);
        assert_int_equal(name[0], 'q');
        for (unsigned i = 1; i < 7; i++) {
            assert_true(isdigit((unsigned char)name[i]));
        }
        long number = strtol(name + 1, NULL, 10);
        assert_true(number > last);
        last = number;
    }
    return count;
}

static char *numbered_lines(size_t *len)
{
    unsigned count = FLOOD_BYTES / 8;
    char *bytes = malloc(FLOOD_BYTES + 1);

    for (unsigned i = 0; i < count; i++) {
        snprintf(bytes + 8 * i, 9, "q%06u\r", i);
    }
    *len = 8 * (size_t)count;
    return bytes;
}

static void a_flood_runs_only_what_was_typed(void **state)
{
    size_t len;
    char *bytes = numbered_lines(&len);
    (void)state;

    for (uint64_t seed = 1; seed <= 2; seed++) {
        converse(bytes, len, 20000, seed);
        unsigned ran = check_names();
        assert_true(ran > 100 && ran < len / 8);
        assert_non_null(strstr(ha->text, "bytes of input were lost"));
        converse("\rlist\r", 6, 10, seed);
        assert_non_null(strstr(ha->text, "CAR0001"));
    }
    free(bytes);
}

static void slow_input_is_not_lost(void **state)
{
    size_t len;
    char *bytes = numbered_lines(&len);
    (void)state;

    converse(bytes, 8 * 500, CONSOLE_INPUT_BYTES / 2, 1);
    assert_int_equal(check_names(), 500);
    assert_null(strstr(ha->text, "lost"));
    free(bytes);
}

static void the_halves_of_two_lines_do_not_meet(void **state)
{
    static char bytes[CONSOLE_INPUT_BYTES + 200];
    (void)state;

    /* The line is cut where the ring is full; what comes later is the end of another one. */
    memset(bytes, ' ', sizeof(bytes));
    memcpy(bytes + CONSOLE_INPUT_BYTES - 3, "cpu", 3);
    memcpy(bytes + CONSOLE_INPUT_BYTES, "lost", 4);
    for (size_t i = 0; i < CONSOLE_INPUT_BYTES + 4; i++) {
        console_input(&ha->console, (uint8_t)bytes[i]);
    }
    converse("s\rlist\r", 7, 1, 1);
    assert_non_null(strstr(ha->text, "4 bytes of input were lost"));
    assert_null(strstr(ha->text, "APIC"));        /* "cpus" has not been run */
    assert_non_null(strstr(ha->text, "CAR0001")); /* and the next line has */
}

static void a_byte_lost_by_the_device_ends_its_line(void **state)
{
    (void)state;
    host_appliance_type(ha, "cp");
    console_input_lost(&ha->console);
    converse("us\rlist\r", 8, 1, 1);
    assert_non_null(strstr(ha->text, "1 bytes of input were lost"));
    assert_null(strstr(ha->text, "APIC"));
    assert_non_null(strstr(ha->text, "CAR0001"));
}

/* --- garbage --------------------------------------------------------------------------------- */

static size_t random_piece(struct rng *rng, char *out)
{
    static const char *const pieces[] = {
        "\x1b",
        "\x1b[",
        "\x1b[1;5",
        "\x1bO",
        "\x1b[[",
        "\xc3",
        "\xe2\x82",
        "\xf0\x9f\x98",
        "\xff\xfe",
        "\x80\x80",
        "\xc0\xaf",
        "\xed\xa0\x80",
        "\x03",
        "\t",
        "\t\t",
        "\r\n",
        "\n\r",
        "\x1b[A",
        "\x1b[B",
        "\x7f",
        "\x15",
        "\x17",
        "\x0c",
        "list",
        "lsblk;",
        "'",
        "\"",
        ";;;",
        "read nvme0n1 0 1",
        "nvme id-ctrl nvme0",
        "help ",
        "\xc2\x85",
        "\x1b]0;title\x07",
    };
    unsigned which = (unsigned)rng_below(rng, ARRAY_SIZE(pieces) + 3);

    if (which < ARRAY_SIZE(pieces)) {
        size_t len = strlen(pieces[which]);
        memcpy(out, pieces[which], len);
        return len;
    }
    if (which == ARRAY_SIZE(pieces)) {
        memset(out, 0, 40);
        return 40;
    }
    if (which == ARRAY_SIZE(pieces) + 1) {
        memset(out, 'x', 1500); /* longer than a line may be */
        return 1500;
    }
    for (unsigned i = 0; i < 20; i++) {
        out[i] = (char)rng_next(rng);
    }
    return 20;
}

static void garbage_does_no_harm(void **state)
{
    static char bytes[64 * 1024];
    (void)state;

    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct rng rng;
        size_t len = 0;

        rng_seed(&rng, seed);
        while (len < sizeof(bytes) - 2000) {
            len += random_piece(&rng, bytes + len);
        }
        converse(bytes, len, 300, seed);
        assert_true(ha->out.truncated || utf8_is_valid(ha->text, strlen(ha->text)));
        converse("\x03\rlist\r", 7, 10, seed);
        assert_non_null(strstr(ha->text, "CAR0001"));
    }
}

static void an_endless_line_is_refused_whole(void **state)
{
    char *bytes = malloc(FLOOD_BYTES);
    (void)state;

    memset(bytes, 'x', FLOOD_BYTES);
    converse(bytes, FLOOD_BYTES, 3000, 1);
    assert_null(strstr(ha->text, "no command"));
    converse("\x03list\r", 6, 10, 1);
    assert_non_null(strstr(ha->text, "CAR0001"));
    free(bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_flood_runs_only_what_was_typed),
        TEST(slow_input_is_not_lost),
        TEST(the_halves_of_two_lines_do_not_meet),
        TEST(a_byte_lost_by_the_device_ends_its_line),
        TEST(garbage_does_no_harm),
        TEST(an_endless_line_is_refused_whole),
    };
    return cmocka_run_group_tests_name("serial line", tests, NULL, NULL);
}
