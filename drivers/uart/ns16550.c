/*
 * drivers/uart/ns16550.c - the serial line (PC16550D data sheet).
 */
#include "drivers/uart/ns16550.h"

#include "lib/errno.h"
#include "lib/string.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/io.h"

/* Registers, as offsets from the port. */
#define REG_DATA    0 /* RBR, THR; the divisor's low byte while LCR.DLAB is set */
#define REG_IER     1 /* the divisor's high byte likewise */
#define REG_IIR_FCR 2
#define REG_LCR     3
#define REG_MCR     4
#define REG_LSR     5
#define REG_SCRATCH 7

#define IER_RECEIVED 0x01
#define FCR_ENABLE   0xc7 /* FIFOs on and cleared, interrupt at 14 bytes or after a pause */
#define LCR_8N1      0x03
#define LCR_DLAB     0x80
#define MCR_ON       0x0b /* DTR, RTS, and OUT2, which lets the interrupt through */
#define LSR_RECEIVED 0x01
#define LSR_OVERRUN  0x02 /* a byte found the receive FIFO full and is lost */
#define LSR_EMPTY    0x20 /* the transmit FIFO has room for all its bytes */
#define LSR_ABSENT   0xff

#define FIFO_BYTES     16
#define DIVISOR_115200 1
#define DRAIN_MAX      64 /* bytes taken at a time: a line that never ends must not hold the CPU */

/* 16 bytes take 1.4 ms. A virtual line may wait for its reader much longer; a dead one must not
 * hold the machine for ever. Before the clock runs, reads of the register are counted. */
#define EMPTY_WAIT_NS    (2 * NS_PER_S)
#define EMPTY_WAIT_READS 2000000

static uint8_t read_reg(const struct ns16550 *uart, unsigned reg)
{
    return io_in8((uint16_t)(uart->port + reg));
}

static void write_reg(const struct ns16550 *uart, unsigned reg, uint8_t val)
{
    io_out8((uint16_t)(uart->port + reg), val);
}

static bool is_empty(const struct ns16550 *uart)
{
    uint8_t lsr = read_reg(uart, REG_LSR);

    if (lsr != LSR_ABSENT && (lsr & LSR_OVERRUN)) {
        console_input_lost(uart->console); /* the bit is gone once it is read */
    }
    return lsr != LSR_ABSENT && (lsr & LSR_EMPTY);
}

static bool wait_empty(struct ns16550 *uart)
{
    if (is_empty(uart)) {
        uart->dead = false;
        return true;
    }
    uint64_t end_ns = clock_now_ns() + EMPTY_WAIT_NS;
    for (unsigned i = 0; !uart->dead; i++) {
        if (is_empty(uart)) {
            return true;
        }
        uart->dead = clock_tsc_hz() != 0 ? clock_now_ns() > end_ns : i > EMPTY_WAIT_READS;
        cpu_pause();
    }
    return false;
}

static void ns16550_write(struct ns16550 *uart, const char *text, size_t len)
{
    while (len > 0) {
        if (!wait_empty(uart)) {
            atomic_fetch_add_explicit(&uart->lost, (unsigned)len, memory_order_relaxed);
            return;
        }
        size_t fit = MIN(len, (size_t)FIFO_BYTES);
        for (size_t i = 0; i < fit; i++) {
            write_reg(uart, REG_DATA, (uint8_t)text[i]);
        }
        text += fit;
        len -= fit;
    }
}

static void dev_write(struct console_device *dev, const char *text, size_t len)
{
    ns16550_write(container_of(dev, struct ns16550, dev), text, len);
}

static void raw_write(struct out *out, const char *text, size_t len)
{
    struct ns16550 *uart = container_of(out, struct ns16550, raw);

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            ns16550_write(uart, "\r", 1);
        }
        ns16550_write(uart, text + i, 1);
    }
}

/* The console allows one producer at a time: interrupts are off here. */
static void drain(struct ns16550 *uart)
{
    for (unsigned i = 0; i < DRAIN_MAX; i++) {
        uint8_t lsr = read_reg(uart, REG_LSR);
        if (lsr == LSR_ABSENT) {
            return;
        }
        if (lsr & LSR_OVERRUN) {
            console_input_lost(uart->console);
        }
        if (!(lsr & LSR_RECEIVED)) {
            return;
        }
        console_input(uart->console, read_reg(uart, REG_DATA));
    }
}

/* Also when there are interrupts: one that is lost must not make the machine deaf. */
static void dev_poll(struct console_device *dev)
{
    bool on = irq_save();
    drain(container_of(dev, struct ns16550, dev));
    irq_restore(on);
}

/* The scratch register keeps what is written to it; where nothing is, all bits read one. */
static bool is_present(const struct ns16550 *uart)
{
    static const uint8_t patterns[] = {0x5a, 0xa5};

    for (unsigned i = 0; i < ARRAY_SIZE(patterns); i++) {
        write_reg(uart, REG_SCRATCH, patterns[i]);
        if (read_reg(uart, REG_SCRATCH) != patterns[i]) {
            return false;
        }
    }
    return read_reg(uart, REG_LSR) != LSR_ABSENT;
}

int ns16550_init(struct ns16550 *uart, uint16_t port, struct console *console)
{
    memset(uart, 0, sizeof(*uart));
    uart->port = port;
    uart->console = console;
    uart->dev.write = dev_write;
    uart->dev.poll = dev_poll;
    uart->raw.write = raw_write;
    if (!is_present(uart)) {
        return -ENODEV;
    }
    write_reg(uart, REG_IER, 0);
    write_reg(uart, REG_LCR, LCR_DLAB);
    write_reg(uart, REG_DATA, DIVISOR_115200);
    write_reg(uart, REG_IER, DIVISOR_115200 >> 8);
    write_reg(uart, REG_LCR, LCR_8N1);
    write_reg(uart, REG_IIR_FCR, FCR_ENABLE);
    write_reg(uart, REG_MCR, MCR_ON);
    return 0;
}

void ns16550_enable_irq(struct ns16550 *uart)
{
    write_reg(uart, REG_IER, IER_RECEIVED);
}

void ns16550_interrupt(void *arg)
{
    struct ns16550 *uart = arg;

    (void)read_reg(uart, REG_IIR_FCR); /* which acknowledges it */
    drain(uart);
}
