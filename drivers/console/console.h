/*
 * drivers/console/console.h - every input and output device of the person, seen as one.
 *
 * Input bytes are pushed by interrupt handlers (or a test) into a ring and taken by the shell on
 * CPU 0. Ctrl-C (0x03) is noted the moment it arrives, so a command that never reads input still
 * sees it. Output goes to every attached device, complete and in order; a device that is slow
 * makes the writer wait, and never loses a byte. "\n" is sent as CR LF.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "lib/out.h"
#include "lib/spinlock.h"

#define CONSOLE_INPUT_BYTES 4096 /* a power of two; the oldest unread bytes are kept when full */
#define CONSOLE_MAX_DEVICES 4

/* An output device. write takes all of text before it returns, or gives up on a dead device. */
struct console_device {
    void (*write)(struct console_device *dev, const char *text, size_t len);
    /* Moves what the device has received into console_input(); for machines without its interrupt.
     * NULL when it needs none. */
    void (*poll)(struct console_device *dev);
};

struct console {
    struct out out; /* write here; any CPU */

    /* guarded by lock */
    struct spinlock lock;
    struct console_device *devices[CONSOLE_MAX_DEVICES];
    unsigned device_count;

    /* one producer (the CPU that takes the input interrupt), one consumer (the shell) */
    atomic_uint head;
    atomic_uint tail;
    uint8_t input[CONSOLE_INPUT_BYTES];
    atomic_uint dropped;      /* input bytes that were lost: they found the ring full, or the device
                                 lost them */
    atomic_bool gap;          /* behind what is in the ring something is missing */
    atomic_bool interrupted;  /* Ctrl-C was seen and not yet taken */
};

void console_init(struct console *con);
void console_attach(struct console *con, struct console_device *dev);

/* A byte was typed. Callable in interrupt context, by one producer at a time; uses no SSE. */
void console_input(struct console *con, uint8_t byte);

/* The device has lost a byte; likewise. */
void console_input_lost(struct console *con);

/* The next byte; -EAGAIN when there is none; -EOVERFLOW, once, where bytes were lost: what comes
 * then does not belong to what came before. Polls the devices that ask for it. */
int console_getc(struct console *con);

/* Ctrl-C arrived since the last console_clear_interrupt(). Polls likewise. */
bool console_interrupted(struct console *con);
void console_clear_interrupt(struct console *con);
