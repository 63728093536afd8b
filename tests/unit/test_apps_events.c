/*
 * tests/unit/test_apps_events.c - events of the drives as a person sees them, and disks that
 * follow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apps/shell/line.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "tests/model/host_appliance.h"

enum { HEALTH = 1, NOTICE = 2, SMART = 2 };

static struct host_appliance *ha;
static struct nvme_model *model;
static char log_text[65536];
static struct out_buf log_out;

static int set_up(void **state)
{
    (void)state;
    ha = host_appliance_create(NULL);
    model = ha->hosts[0]->model;
    out_buf_init(&log_out, log_text, sizeof(log_text));
    log_set_sink(&log_out.out, LOG_WARN);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_set_sink(NULL, LOG_WARN);
    host_appliance_destroy(ha);
    return 0;
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (; (text = strstr(text, what)); text += strlen(what)) {
        n++;
    }
    return n;
}

/* Some turns of the idle shell. */
static void idle(uint64_t ns)
{
    uint64_t end = host_clock_peek(&ha->clock) + ns;
    while (host_clock_peek(&ha->clock) < end) {
        appliance_settle(&ha->app);
        host_clock_relax(&ha->clock);
    }
}

static void an_event_is_a_line_of_the_log(void **state)
{
    (void)state;
    model_raise_event(model, HEALTH, 1, SMART);
    idle(NS_PER_MS);
    assert_non_null(strstr(log_text, "warning: nvme0: event: health: a temperature is beyond its "
                                     "threshold, log page 02h\n"));
    assert_int_equal(host_appliance_run(ha, "dmesg"), 0);
    assert_int_equal(count(ha->text, "nvme0: event: health"), 1);
}

static void commands_that_last_take_events_too(void **state)
{
    (void)state;
    model_raise_event(model, HEALTH, 0, SMART);
    idle(0);
    assert_false(shell_interrupted(&ha->shell));
    host_clock_run_until(&ha->clock, host_clock_peek(&ha->clock) + NS_PER_MS);
    assert_false(shell_interrupted(&ha->shell));
    assert_int_equal(count(log_text, "reliability of the NVM is compromised"), 1);
}

/* Many events: three lines in ten seconds, and how many more there were. */
static void a_storm_gets_few_lines(void **state)
{
    (void)state;
    uint64_t end = host_clock_peek(&ha->clock) + 30 * NS_PER_S;
    while (host_clock_peek(&ha->clock) < end) {
        model_raise_event(model, HEALTH, 1, SMART);
        idle(20 * NS_PER_MS);
    }
    idle(11 * NS_PER_S);
    assert_in_range(count(log_text, "temperature"), 6, 12);
    assert_in_range(count(log_text, "more events in the last 10 s"), 2, 4);
    log_out.len = 0;
    log_text[0] = '\0';
    idle(60 * NS_PER_S);
    assert_string_equal(log_text, "");
    model_raise_event(model, HEALTH, 1, SMART);
    idle(NS_PER_MS);
    assert_int_equal(count(log_text, "temperature"), 1);
}

static void disks_follow_the_namespaces(void **state)
{
    (void)state;
    struct model_ns_config more = { .nsid = 2, .blocks = 4096, .lbads = 12 };
    model_ns_set(model, &more);
    idle(10 * NS_PER_MS);
    assert_int_equal(host_appliance_run(ha, "crc32 nvme0n2 4095 1"), 0);
    assert_non_null(strstr(log_text, "notice: namespaces have changed"));
    model_ns_remove(model, 1);
    idle(10 * NS_PER_MS);
    assert_int_equal(host_appliance_run(ha, "list"), 0);
    assert_null(strstr(ha->text, "nvme0n1"));
    assert_non_null(strstr(ha->text, "nvme0n2"));
    assert_int_equal(host_appliance_run(ha, "crc32 nvme0n1 0 1"), -ENODEV);
    model_ns_set(model, &(struct model_ns_config){ .nsid = 1, .blocks = 100, .lbads = 9 });
    idle(10 * NS_PER_MS);
    assert_int_equal(host_appliance_run(ha, "crc32 nvme0n1 99 1"), 0);
}

/* A command runs: what it may hold is left alone until it has ended. */
static void not_in_the_middle_of_a_command(void **state)
{
    (void)state;
    model_ns_remove(model, 1);
    host_clock_run_until(&ha->clock, host_clock_peek(&ha->clock) + NS_PER_MS);
    assert_false(shell_interrupted(&ha->shell));
    assert_non_null(strstr(log_text, "namespaces have changed"));
    assert_non_null(block_find(ha->app.blocks, "nvme0n1"));
    appliance_settle(&ha->app);
    assert_null(block_find(ha->app.blocks, "nvme0n1"));
}

static void a_message_at_the_prompt(void **state)
{
    (void)state;
    struct line line;

    line_init(&line, ha->shell.out, SHELL_PROMPT, NULL, NULL);
    out_buf_init(&ha->out, ha->text, sizeof(ha->text));
    log_set_sink(&ha->shell.notices, LOG_WARN);
    line_start(&line);
    line_input(&line, 'a');
    ha->shell.line = &line;
    model_raise_event(model, HEALTH, 2, SMART);
    idle(NS_PER_MS);
    ha->shell.line = NULL;
    const char *message = strstr(ha->text, "\r\x1b[K[");
    assert_non_null(message);
    assert_non_null(strstr(message, "below its threshold, log page 02h\ncaril\x1b[Klon> a"));
    assert_string_equal(strrchr(ha->text, '>'), "> a\x1b[K");
    log_warn("without a line"); /* goes out as it is */
    assert_string_equal(strrchr(ha->text, '\n') - 14, "without a line\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_a_line_of_the_log),
        TEST(commands_that_last_take_events_too),
        TEST(a_storm_gets_few_lines),
        TEST(disks_follow_the_namespaces),
        TEST(not_in_the_middle_of_a_command),
        TEST(a_message_at_the_prompt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
