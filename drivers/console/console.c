/*
 * drivers/console/console.c - every input and output device of the person, seen as one.
 *
 * console_input() runs in interrupt context while the same CPU may hold the lock for output, so
 * input takes no lock: head belongs to the producer, tail to the shell.
 */
#include "drivers/console/console.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define CTRL_C 0x03

static_assert(IS_POWER_OF_TWO(CONSOLE_INPUT_BYTES), "head and tail wrap by masking");

static void write_to_all(struct console *con, const char *text, size_t len)
{
    for (unsigned i = 0; i < con->device_count; i++) {
        con->devices[i]->write(con->devices[i], text, len);
    }
}

static void console_write(struct out *out, const char *text, size_t len)
{
    struct console *con = container_of(out, struct console, out);

    spin_lock(&con->lock);
    while (len > 0) {
        const char *newline = memchr(text, '\n', len);
        size_t plain = newline ? (size_t)(newline - text) : len;

        if (plain > 0) {
            write_to_all(con, text, plain);
        }
        if (newline) {
            write_to_all(con, "\r\n", 2);
            plain++;
        }
        text += plain;
        len -= plain;
    }
    spin_unlock(&con->lock);
}

static void poll_devices(struct console *con)
{
    for (unsigned i = 0; i < con->device_count; i++) {
        if (con->devices[i]->poll) {
            con->devices[i]->poll(con->devices[i]);
        }
    }
}

void console_init(struct console *con)
{
    memset(con, 0, sizeof(*con));
    con->out.write = console_write;
}

void console_attach(struct console *con, struct console_device *dev)
{
    spin_lock(&con->lock);
    assert(con->device_count < CONSOLE_MAX_DEVICES);
    con->devices[con->device_count++] = dev;
    spin_unlock(&con->lock);
}

void console_input_lost(struct console *con)
{
    atomic_fetch_add_explicit(&con->dropped, 1, memory_order_relaxed);
    atomic_store_explicit(&con->gap, true, memory_order_release);
}

void console_input(struct console *con, uint8_t byte)
{
    unsigned head = atomic_load_explicit(&con->head, memory_order_relaxed);
    unsigned tail = atomic_load_explicit(&con->tail, memory_order_acquire);

    if (byte == CTRL_C) {
        atomic_store_explicit(&con->interrupted, true, memory_order_release);
    }
    /* Nothing is taken behind a gap that the reader has not heard of: two halves of different lines
     * must not become one. */
    if (head - tail == CONSOLE_INPUT_BYTES ||
        atomic_load_explicit(&con->gap, memory_order_acquire)) {
        console_input_lost(con);
        return;
    }
    con->input[head % CONSOLE_INPUT_BYTES] = byte;
    atomic_store_explicit(&con->head, head + 1, memory_order_release);
}

int console_getc(struct console *con)
{
    unsigned tail = atomic_load_explicit(&con->tail, memory_order_relaxed);

    poll_devices(con);
    /* In this order: the gap comes behind everything that is there when it is seen. */
    bool gap = atomic_load_explicit(&con->gap, memory_order_acquire);
    if (tail == atomic_load_explicit(&con->head, memory_order_acquire)) {
        if (gap) {
            atomic_store_explicit(&con->gap, false, memory_order_release);
        }
        return gap ? -EOVERFLOW : -EAGAIN;
    }
    int byte = con->input[tail % CONSOLE_INPUT_BYTES];
    atomic_store_explicit(&con->tail, tail + 1, memory_order_release);
    return byte;
}

bool console_interrupted(struct console *con)
{
    poll_devices(con);
    return atomic_load_explicit(&con->interrupted, memory_order_acquire);
}

void console_clear_interrupt(struct console *con)
{
    atomic_store_explicit(&con->interrupted, false, memory_order_release);
}
