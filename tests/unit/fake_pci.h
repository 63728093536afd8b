/*
 * tests/unit/fake_pci.h - a made-up PCI bus: functions with 256 bytes of configuration space, each
 * with its own mask of bits that can be written.
 */
#pragma once

#include <string.h>

#include "lib/compiler.h"

#include "drivers/pci/pci.h"
#include "drivers/pci/pci_regs.h"

#define FAKE_PCI_MAX 16

struct fake_function {
    uint8_t bus, dev, fn;
    uint32_t reg[64];
    uint32_t writable[64];
    uint32_t clear_by_one[64]; /* bits that writing one clears */
    uint32_t set_by_write[64]; /* bits that are set after each write */
};

struct fake_pci {
    struct fake_function functions[FAKE_PCI_MAX];
    unsigned count;
    unsigned reads;
    unsigned bar_writes_while_decoding; /* what a driver must never do to a live function */
    uint64_t delayed_ns;
};

static inline struct fake_function *fake_find(struct fake_pci *pci, uint8_t bus, uint8_t dev,
                                              uint8_t fn)
{
    for (unsigned i = 0; i < pci->count; i++) {
        struct fake_function *f = &pci->functions[i];
        if (f->bus == bus && f->dev == dev && f->fn == fn) {
            return f;
        }
    }
    return NULL;
}

static inline uint32_t fake_read32(void *ctx, uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off)
{
    struct fake_pci *pci = ctx;
    struct fake_function *f = fake_find(pci, bus, dev, fn);

    pci->reads++;
    return f ? f->reg[off / 4] : UINT32_MAX;
}

static inline void fake_write32(void *ctx, uint8_t bus, uint8_t dev, uint8_t fn, uint8_t off,
                                uint32_t val)
{
    struct fake_pci *pci = ctx;
    struct fake_function *f = fake_find(pci, bus, dev, fn);

    if (!f) {
        return;
    }
    uint32_t *reg = &f->reg[off / 4];
    if (off >= PCI_BAR0 && off < PCI_BAR0 + 24 && f->writable[off / 4] && val != *reg &&
        (f->reg[PCI_COMMAND / 4] & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY))) {
        pci->bar_writes_while_decoding++;
    }
    *reg &= ~(f->clear_by_one[off / 4] & val);
    *reg = (*reg & ~f->writable[off / 4]) | (val & f->writable[off / 4]);
    *reg |= f->set_by_write[off / 4];
}

static inline void fake_delay(void *ctx, uint64_t ns)
{
    struct fake_pci *pci = ctx;
    pci->delayed_ns += ns;
}

static inline struct pci_access fake_access(struct fake_pci *pci)
{
    return (struct pci_access){
        .ctx = pci, .read32 = fake_read32, .write32 = fake_write32, .delay_ns = fake_delay};
}

/* class_code: base, sub, interface, revision, as in the register. */
static inline struct fake_function *fake_add(struct fake_pci *pci, uint8_t bus, uint8_t dev,
                                             uint8_t fn, uint32_t id, uint32_t class_code)
{
    struct fake_function *f = &pci->functions[pci->count++];

    memset(f, 0, sizeof(*f));
    f->bus = bus;
    f->dev = dev;
    f->fn = fn;
    f->reg[PCI_ID / 4] = id;
    f->reg[PCI_CLASS / 4] = class_code;
    f->reg[PCI_COMMAND / 4] = PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
    f->writable[PCI_COMMAND / 4] = 0x0507;
    f->clear_by_one[PCI_COMMAND / 4] = 0xf9000000;
    return f;
}

static inline void fake_bar32(struct fake_function *f, unsigned bar, uint32_t val, uint32_t bytes)
{
    f->reg[PCI_BAR0 / 4 + bar] = val;
    f->writable[PCI_BAR0 / 4 + bar] = ~(bytes - 1) & ~(val & PCI_BAR_IS_IO ? 3U : 15U);
}

static inline void fake_bar64(struct fake_function *f, unsigned bar, uint64_t val, uint64_t bytes)
{
    uint64_t writable = ~(bytes - 1) & ~UINT64_C(15);

    val |= 4;
    f->reg[PCI_BAR0 / 4 + bar] = (uint32_t)val;
    f->reg[PCI_BAR0 / 4 + bar + 1] = (uint32_t)(val >> 32);
    f->writable[PCI_BAR0 / 4 + bar] = (uint32_t)writable;
    f->writable[PCI_BAR0 / 4 + bar + 1] = (uint32_t)(writable >> 32);
}

/* Adds a capability at off to the front of the list. */
static inline void fake_cap(struct fake_function *f, uint8_t off, uint8_t id, uint16_t upper)
{
    uint32_t next = f->reg[PCI_CAP_POINTER / 4];

    f->reg[PCI_COMMAND / 4] |= (uint32_t)PCI_STATUS_CAP_LIST << 16;
    f->reg[off / 4] = (uint32_t)upper << 16 | next << 8 | id;
    f->reg[PCI_CAP_POINTER / 4] = off;
}
