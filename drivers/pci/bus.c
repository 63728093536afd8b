/*
 * drivers/pci/bus.c - the list of functions, kept true while functions come and go.
 */
#include "drivers/pci/pci.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

static unsigned place_of(const struct pci_function *f)
{
    return (unsigned)f->bus << 8 | (unsigned)f->dev << 3 | f->fn;
}

int pci_bus_add(struct pci_bus *bus, const struct pci_function *f)
{
    struct pci_function *larger = heap_alloc(bus->count + 1, sizeof(*larger));
    unsigned at = 0;

    if (!larger) {
        return -ENOMEM;
    }
    while (at < bus->count && place_of(&bus->functions[at]) < place_of(f)) {
        larger[at] = bus->functions[at];
        at++;
    }
    larger[at] = *f;
    larger[at].access = &bus->access;
    for (; at < bus->count; at++) {
        larger[at + 1] = bus->functions[at];
    }
    heap_free(bus->functions);
    bus->functions = larger;
    bus->count++;
    return 0;
}

void pci_bus_drop(struct pci_bus *bus, unsigned index)
{
    assert(index < bus->count);
    bus->count--;
    for (unsigned i = index; i < bus->count; i++) {
        bus->functions[i] = bus->functions[i + 1];
    }
}

const struct pci_function *pci_bus_find(const struct pci_bus *bus, uint8_t number, uint8_t dev,
                                        uint8_t fn)
{
    for (unsigned i = 0; i < bus->count; i++) {
        const struct pci_function *f = &bus->functions[i];

        if (f->bus == number && f->dev == dev && f->fn == fn) {
            return f;
        }
    }
    return NULL;
}

const struct pci_function *pci_bus_bridge(const struct pci_bus *bus, uint8_t number)
{
    for (unsigned i = 0; i < bus->count; i++) {
        const struct pci_function *f = &bus->functions[i];

        if (f->bridge && f->secondary_bus == number && number != 0) {
            return f;
        }
    }
    return NULL;
}
