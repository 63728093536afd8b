/*
 * tests/unit/test_lib_log.c - lib/log and the checksums.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/crc32.h"
#include "lib/crc32c.h"
#include "lib/crc_any.h"
#include "lib/log.h"

static char dump_text[1 << 18];
static uint64_t time_ns;

static uint64_t fake_clock(void)
{
    return time_ns;
}

static const char *dump(void)
{
    static struct out_buf ob;

    out_buf_init(&ob, dump_text, sizeof(dump_text));
    log_dump(&ob.out);
    assert_false(ob.truncated);
    return dump_text;
}

static int fresh_log(void **state)
{
    (void)state;
    log_reset();
    return 0;
}

static void messages_come_back_in_order(void **state)
{
    (void)state;
    assert_string_equal(dump(), "");
    log_set_clock(fake_clock);
    time_ns = 1234567899;
    log_info("first %d", 1);
    time_ns = UINT64_C(123456789012345);
    log_error("second\n");
    log_warn("third\twith\x1b[2J");
    log_debug("fourth");
    assert_string_equal(dump(), "[    1.234567] first 1\n"
                                "[123456.789012] error: second\n"
                                "[123456.789012] warning: third with [2J\n"
                                "[123456.789012] fourth\n");
}

static void the_sink_gets_what_is_urgent_enough(void **state)
{
    char text[200];
    struct out_buf ob;

    (void)state;
    out_buf_init(&ob, text, sizeof(text));
    log_set_sink(&ob.out, LOG_WARN);
    log_info("no");
    log_warn("yes");
    assert_string_equal(text, "[    0.000000] warning: yes\n");
    log_set_sink(NULL, LOG_DEBUG);
    log_error("nobody");
    assert_string_equal(text, "[    0.000000] warning: yes\n");
}

static void a_long_message_is_cut(void **state)
{
    char text[2000];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_info("%s", text);
    const char *line = dump();
    assert_true(strlen(line) < 600);
    assert_string_equal(line + strlen(line) - 5, "a...\n");
}

static void the_oldest_messages_go_first(void **state)
{
    unsigned first, last = 0, expected;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        log_info("message %u%.*s", i, (int)(i % 50),
                 "..................................................");
    }
    char *line = strchr(dump(), ']');
    assert_int_equal(sscanf(line, "] message %u", &first), 1);
    assert_true(first > 18000 && first < 19900);
    expected = first;
    for (; line; line = strchr(line + 1, ']')) {
        assert_int_equal(sscanf(line, "] message %u", &last), 1);
        assert_int_equal(last, expected++);
    }
    assert_int_equal(last, 19999);
}

static void *chatter(void *arg)
{
    for (int i = 0; i < 3000; i++) {
        log_info("thread %s says %d and not more", (const char *)arg, i);
    }
    return NULL;
}

static void many_cpus_may_log(void **state)
{
    static char names[][2] = { "a", "b", "c" };
    pthread_t threads[3];
    int seen = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, chatter, names[i]), 0);
    }
    for (int i = 0; i < 5; i++) {
        dump();
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    char *save = NULL;
    dump();
    for (char *line = strtok_r(dump_text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char who;
        int n, end = 0;

        assert_int_equal(
            sscanf(line, "[ 0.000000] thread %c says %d and not more%n", &who, &n, &end), 2);
        assert_int_equal(line[end], '\0');
        seen++;
    }
    assert_true(seen > 500);
}

/* A bit at a time, as the definition says. */
static uint32_t plain_crc(uint32_t polynomial, const uint8_t *p, size_t len)
{
    uint32_t crc = ~0u;

    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) ? (crc >> 1) ^ polynomial : crc >> 1;
        }
    }
    return ~crc;
}

static void checksums_are_right(void **state)
{
    uint8_t data[300];

    (void)state;
    assert_int_equal(crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32(0, "", 0), 0);
    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * i + 3);
    }
    for (size_t len = 0; len < sizeof(data) - 3; len += 1 + len / 9) {
        for (size_t at = 0; at < 3; at++) {
            uint32_t expected = plain_crc(0xedb88320, data + at, len);

            assert_int_equal(crc32(0, data + at, len), expected);
            assert_int_equal(crc32c(0, data + at, len), plain_crc(0x82f63b78, data + at, len));
            size_t cut = len * 2 / 3;
            assert_int_equal(crc32(crc32(0, data + at, cut), data + at + cut, len - cut), expected);
        }
    }
}

static void checksums_of_any_kind(void **state)
{
    static const struct crc_any arc = {16, true, 0xa001};
    static const struct crc_any mmc = {7, false, 0x09};
    static const struct crc_any cksum = {32, false, 0x04c11db7};
    static const struct crc_any jones = {64, true, 0x95ac9329ac4bc9b5};
    static const struct crc_any xz = {64, true, 0xc96c5795d7870f42};

    (void)state;
    assert_int_equal(crc_any(&arc, "123456789", 9), 0xbb3d);
    assert_int_equal(crc_any(&mmc, "123456789", 9), 0x75);
    assert_int_equal(crc_any(&cksum, "123456789", 9), 0x89a1897f);
    assert_true(crc_any(&jones, "123456789", 9) == 0xe9c6d914c4b8d9ca);
    assert_int_equal(crc_any(&xz, "", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_of_any_kind),
        cmocka_unit_test_setup(messages_come_back_in_order, fresh_log),
        cmocka_unit_test_setup(the_sink_gets_what_is_urgent_enough, fresh_log),
        cmocka_unit_test_setup(a_long_message_is_cut, fresh_log),
        cmocka_unit_test_setup(the_oldest_messages_go_first, fresh_log),
        cmocka_unit_test_setup(many_cpus_may_log, fresh_log),
        cmocka_unit_test(checksums_are_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
