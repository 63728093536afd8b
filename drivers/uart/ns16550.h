/*
 * drivers/uart/ns16550.h - the serial line: a 16550 at an I/O port, 115200 baud, 8 bits, no parity.
 *
 * Built without SSE, because its receive interrupt runs on top of anything.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "drivers/console/console.h"
#include "lib/compiler.h"

#define NS16550_COM1     0x3f8
#define NS16550_COM2     0x2f8
#define NS16550_COM1_IRQ 4
#define NS16550_COM2_IRQ 3

struct ns16550 {
    struct console_device dev; /* attach this to the console */
    struct out raw;            /* the same without any lock, for panics; adds CR to LF */
    struct console *console;   /* takes what is received; borrowed */
    uint16_t port;
    bool dead;        /* did not take a byte in time; tried again at each write */
    atomic_uint lost; /* bytes it did not take */
};

/* Looks for a 16550 at port and sets it up. 0 or -ENODEV. */
int ns16550_init(struct ns16550 *uart, uint16_t port, struct console *console) must_check;

/* Receive interrupts on; they call ns16550_interrupt. */
void ns16550_enable_irq(struct ns16550 *uart);
void ns16550_interrupt(void *uart);
