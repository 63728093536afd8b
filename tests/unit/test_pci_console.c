/*
 * tests/unit/test_pci_console.c - drivers/console: order, newlines, the input ring, Ctrl-C.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/console/console.h"
#include "lib/errno.h"

struct fake_device {
    struct console_device dev;
    struct console *con;
    char text[16384];
    size_t len;
    const char *typed; /* what poll finds */
};

static void fake_write(struct console_device *dev, const char *text, size_t len)
{
    struct fake_device *fake = container_of(dev, struct fake_device, dev);

    assert_true(fake->len + len < sizeof(fake->text));
    memcpy(fake->text + fake->len, text, len);
    fake->len += len;
}

static void fake_poll(struct console_device *dev)
{
    struct fake_device *fake = container_of(dev, struct fake_device, dev);

    while (fake->typed && *fake->typed != '\0') {
        console_input(fake->con, (uint8_t)*fake->typed++);
    }
}

static struct console con;
static struct fake_device one, two;

static int set_up(void **state)
{
    (void)state;
    memset(&one, 0, sizeof(one));
    memset(&two, 0, sizeof(two));
    one.dev.write = two.dev.write = fake_write;
    two.dev.poll = fake_poll;
    one.con = two.con = &con;
    console_init(&con);
    return 0;
}

static void every_device_gets_everything(void **state)
{
    (void)state;
    out_puts(&con.out, "lost: nobody listens\n");
    console_attach(&con, &one.dev);
    console_attach(&con, &two.dev);
    out_printf(&con.out, "a\n\nb%d\nc", 1);
    assert_string_equal(one.text, "a\r\n\r\nb1\r\nc");
    assert_string_equal(two.text, one.text);
}

static void input_comes_in_order_and_keeps_the_oldest(void **state)
{
    (void)state;
    assert_int_equal(console_getc(&con), -EAGAIN);
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < CONSOLE_INPUT_BYTES + 5; i++) {
            console_input(&con, (uint8_t)(i % 251 + 4));
        }
        assert_int_equal(atomic_load(&con.dropped), 5 * (round + 1));
        for (unsigned i = 0; i < CONSOLE_INPUT_BYTES; i++) {
            assert_int_equal(console_getc(&con), i % 251 + 4);
        }
        assert_int_equal(console_getc(&con), -EOVERFLOW);
        assert_int_equal(console_getc(&con), -EAGAIN);
    }
    console_input(&con, 0xff);
    assert_int_equal(console_getc(&con), 0xff);
    assert_false(console_interrupted(&con));
}

static void nothing_follows_a_gap_before_it_is_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CONSOLE_INPUT_BYTES + 1; i++) {
        console_input(&con, 'a');
    }
    assert_int_equal(console_getc(&con), 'a');
    console_input(&con, 'b'); /* there is room, but it would stand next to what came before */
    for (unsigned i = 1; i < CONSOLE_INPUT_BYTES; i++) {
        assert_int_equal(console_getc(&con), 'a');
    }
    assert_int_equal(console_getc(&con), -EOVERFLOW);
    console_input(&con, 'c');
    assert_int_equal(console_getc(&con), 'c');
    assert_int_equal(atomic_load(&con.dropped), 2);
    console_input_lost(&con);
    console_input(&con, 'd');
    assert_int_equal(console_getc(&con), -EOVERFLOW);
    assert_int_equal(console_getc(&con), -EAGAIN);
}

static void ctrl_c_is_seen_without_reading(void **state)
{
    (void)state;
    console_input(&con, 'x');
    console_input(&con, 0x03);
    assert_true(console_interrupted(&con));
    assert_true(console_interrupted(&con));
    console_clear_interrupt(&con);
    assert_false(console_interrupted(&con));
    assert_int_equal(console_getc(&con), 'x');
    assert_int_equal(console_getc(&con), 0x03);
    for (unsigned i = 0; i < CONSOLE_INPUT_BYTES; i++) {
        console_input(&con, 'y');
    }
    console_input(&con, 0x03); /* there is no room for it, and still it counts */
    assert_true(console_interrupted(&con));
}

static void devices_without_interrupt_are_polled(void **state)
{
    (void)state;
    console_attach(&con, &one.dev);
    console_attach(&con, &two.dev);
    two.typed = "ab\003";
    assert_int_equal(console_getc(&con), 'a');
    assert_true(console_interrupted(&con));
    console_clear_interrupt(&con);
    two.typed = "\003";
    assert_true(console_interrupted(&con));
}

static void *writer(void *arg)
{
    for (int i = 0; i < 100; i++) {
        out_printf(&con.out, "<%s %s %s>\n", (char *)arg, (char *)arg, (char *)arg);
    }
    return NULL;
}

static void lines_of_two_cpus_do_not_mix(void **state)
{
    static char names[][8] = { "aaaaa", "bbbbb" };
    pthread_t threads[2];

    (void)state;
    console_attach(&con, &one.dev);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, writer, names[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    size_t line = strlen("<aaaaa aaaaa aaaaa>\r\n");
    assert_int_equal(one.len, 200 * line);
    for (size_t at = 0; at < one.len; at += line) {
        bool a = memcmp(one.text + at, "<aaaaa aaaaa aaaaa>\r\n", line) == 0;
        bool b = memcmp(one.text + at, "<bbbbb bbbbb bbbbb>\r\n", line) == 0;

        assert_true(a || b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_device_gets_everything, set_up),
        cmocka_unit_test_setup(input_comes_in_order_and_keeps_the_oldest, set_up),
        cmocka_unit_test_setup(nothing_follows_a_gap_before_it_is_told, set_up),
        cmocka_unit_test_setup(ctrl_c_is_seen_without_reading, set_up),
        cmocka_unit_test_setup(devices_without_interrupt_are_polled, set_up),
        cmocka_unit_test_setup(lines_of_two_cpus_do_not_mix, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
