/*
 * apps/hotplug/look.c - functions that are gone, and functions that are new.
 *
 * Once a second one read is made for each place where a device can appear: below each port one
 * device, where a machine is virtual every place of its root buses. Slots that tell whether they
 * are occupied are asked instead (slots.c).
 */
#include "apps/hotplug/internal.h"
#include "drivers/pci/assign.h"
#include "drivers/pci/pci_regs.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"

#define BUSES     256
#define DEVICES   32
#define FUNCTIONS 8
#define ADDRESS_BYTES 12

struct look {
    struct hotplug *h;
    bool everywhere;
    unsigned added;
};

static void format_address(const struct pci_function *f, char *text)
{
    str_format(text, ADDRESS_BYTES, "%02x:%02x.%x", f->bus, f->dev, f->fn);
}

static struct appliance_ctrlr *ctrlr_at(struct appliance *app, uint8_t bus, uint8_t dev, uint8_t fn)
{
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        const struct pci_function *f = app->ctrlrs[i].pci;

        if (f && f->bus == bus && f->dev == dev && f->fn == fn) {
            return &app->ctrlrs[i];
        }
    }
    return NULL;
}

void hotplug_forget_absent(struct hotplug *h)
{
    struct pci_bus *bus = h->app->pci;

    for (unsigned i = bus ? bus->count : 0; i > 0; i--) {
        const struct pci_function *f = &bus->functions[i - 1];

        if (pci_read32(f, PCI_ID) == UINT32_MAX && !ctrlr_at(h->app, f->bus, f->dev, f->fn)) {
            pci_bus_drop(bus, i - 1);
        }
    }
    hotplug_slots_find(h);
}

void hotplug_forget_function(struct hotplug *h, const struct pci_function *f)
{
    struct pci_bus *bus = h->app->pci;

    for (unsigned i = 0; bus && f && i < bus->count; i++) {
        const struct pci_function *known = &bus->functions[i];

        if (known->bus == f->bus && known->dev == f->dev && known->fn == f->fn) {
            pci_bus_drop(bus, i);
            return;
        }
    }
}

/* --- bringing into service -------------------------------------------------------------------- */

static int name_it(struct hotplug *h, struct appliance_ctrlr *c)
{
    const struct nvme_info *info = c->nvme ? nvme_info(c->nvme) : NULL;
    int number = hotplug_name_choose(h, info ? info->serial : NULL, info ? info->model : NULL);

    if (number < 0) {
        return number;
    }
    str_format(c->name, sizeof(c->name), "nvme%d", number);
    if (c->nvme) {
        nvme_rename(c->nvme, c->name);
    }
    return 0;
}

static void announce(struct appliance *app, const struct appliance_ctrlr *c)
{
    const struct nvme_info *info = nvme_info(c->nvme);
    char address[ADDRESS_BYTES];
    int disks = block_nvme_refresh(app->blocks, c->nvme);

    format_address(&c->function, address);
    if (disks < 0) {
        log_error("%s: its namespaces could not be added: %s", c->name, errno_text(disks));
    }
    log_warn("%s: added: %s, serial %s, at %s: %d disk%s", c->name, info->model, info->serial,
             address, MAX(disks, 0), disks == 1 ? "" : "s");
}

/* f is on the list of the bus and has its addresses. */
static void attach(struct look *look, const struct pci_function *f)
{
    struct hotplug *h = look->h;
    struct appliance *app = h->app;
    char address[ADDRESS_BYTES];

    format_address(f, address);
    if (app->ctrlr_count == APPLIANCE_MAX_CTRLRS) {
        log_error("%s: more than %u NVMe controllers: it is left out", address,
                  APPLIANCE_MAX_CTRLRS);
        return;
    }
    struct appliance_ctrlr *c = &app->ctrlrs[app->ctrlr_count];
    *c = (struct appliance_ctrlr){.function = *f, .pci = &c->function};
    c->err = h->ops.attach(h->ops.ctx, address, f, &c->nvme);
    int err = name_it(h, c);
    if (err) {
        log_error("%s: no name is left for it", address);
        if (c->nvme) {
            h->ops.detach(h->ops.ctx, c->nvme);
        }
        return;
    }
    app->ctrlr_count++;
    if (c->err) {
        log_error("%s: added at %s, and does not come up: %s", c->name, address,
                  errno_text(c->err));
        return;
    }
    appliance_watch_ctrlr(app, c);
    announce(app, c);
    look->added++;
}

/* A function that is new. */
static void add(struct look *look, struct pci_function *f)
{
    struct hotplug *h = look->h;
    bool ours = h->ops.accepts(f);
    char address[ADDRESS_BYTES];

    format_address(f, address);
    int err = ours ? pci_assign(h->app->pci, h->ops.holes, f) : 0;
    bool placed = err == 0;
    err = pci_bus_add(h->app->pci, f); /* also without addresses, so that it is tried only once */
    if (err) {
        log_error("%s: added, and left out: %s", address, errno_text(err));
    } else if (ours && placed) {
        attach(look, f);
    } else if (!ours) {
        log_warn("%s: added: %s: it is not used%s", address,
                 pci_class_name(f->base_class, f->sub_class, f->prog_if),
                 f->bridge ? ", nor what is behind it before the next start" : "");
    }
}

/* Known, there, and out of service: it did not come up, had no addresses, or was ejected. */
static void try_again(struct look *look, const struct pci_function *known)
{
    struct hotplug *h = look->h;
    struct appliance_ctrlr *c = ctrlr_at(h->app, known->bus, known->dev, known->fn);
    struct pci_function f;

    if (!h->ops.accepts(known) || (c && c->nvme)) {
        return;
    }
    if (c) {
        appliance_drop_ctrlr(h->app, c);
    }
    for (unsigned i = 0; i < h->app->pci->count; i++) {
        if (&h->app->pci->functions[i] == known) {
            f = *known;
            pci_bus_drop(h->app->pci, i);
            if (pci_probe(&h->app->pci->access, f.bus, f.dev, f.fn, &f)) {
                add(look, &f);
            }
            return;
        }
    }
}

/* --- looking ---------------------------------------------------------------------------------- */

/* The device at one place. */
static void look_at(struct look *look, uint8_t bus, uint8_t dev)
{
    struct appliance *app = look->h->app;
    unsigned count = 1;

    for (unsigned fn = 0; fn < count; fn++) {
        const struct pci_function *known = pci_bus_find(app->pci, bus, dev, (uint8_t)fn);
        struct pci_function f;

        if (known) {
            count = fn == 0 && known->multifunction ? FUNCTIONS : count;
            if (look->everywhere) {
                try_again(look, known);
            } else if (pci_read32(known, PCI_ID) == UINT32_MAX &&
                       !ctrlr_at(app, bus, dev, (uint8_t)fn)) {
                hotplug_forget_absent(look->h);
            }
        } else if (pci_probe(&app->pci->access, bus, dev, (uint8_t)fn, &f)) {
            count = fn == 0 && f.multifunction ? FUNCTIONS : count;
            add(look, &f);
        }
    }
}

/* The slot of the port to a bus, or NULL. */
static const struct hotplug_slot *slot_of_bus(const struct hotplug *h, uint8_t bus)
{
    for (unsigned i = 0; i < h->slot_count; i++) {
        if (h->slots[i].slot.port.secondary_bus == bus) {
            return &h->slots[i];
        }
    }
    return NULL;
}

/* How many devices there can be on a bus; 0: nothing can have been added. */
static unsigned devices_of_bus(const struct look *look, const struct pci_function *bridge,
                               uint8_t bus)
{
    const struct hotplug_slot *slot = slot_of_bus(look->h, bus);

    /* Where the platform itself manages slots, their registers may say nothing. */
    if (slot && !look->h->ops.any_place) {
        return slot->state.occupied && slot->state.powered && slot->state.link;
    }
    if (bridge && bridge->cap_pcie) {
        uint64_t type = FIELD_GET(
            PCI_EXP_FLAGS_TYPE, pci_read16(bridge, (uint8_t)(bridge->cap_pcie + PCI_EXP_FLAGS)));
        if (type == PCI_EXP_TYPE_ROOT_PORT || type == PCI_EXP_TYPE_DOWNSTREAM_PORT) {
            return 1;
        }
    }
    return look->everywhere || look->h->ops.any_place ? DEVICES : 0;
}

/* A root bus is one that no bridge leads to and on which there is something. */
static bool is_root_bus(const struct pci_bus *bus, unsigned number)
{
    for (unsigned i = 0; i < bus->count; i++) {
        if (bus->functions[i].bus == number) {
            return true;
        }
    }
    return false;
}

unsigned hotplug_look(struct hotplug *h, bool everywhere)
{
    struct look look = {.h = h, .everywhere = everywhere};
    const struct pci_bus *bus = h->app->pci;

    for (unsigned number = 0; bus && number < BUSES; number++) {
        const struct pci_function *bridge = pci_bus_bridge(bus, (uint8_t)number);

        if (!bridge && !is_root_bus(bus, number)) {
            continue;
        }
        unsigned devices = devices_of_bus(&look, bridge, (uint8_t)number);
        for (unsigned dev = 0; dev < devices; dev++) {
            look_at(&look, (uint8_t)number, (uint8_t)dev);
        }
    }
    return look.added;
}
