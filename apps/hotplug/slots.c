/*
 * apps/hotplug/slots.c - slots: their buttons, their power, and orderly removal.
 */
#include "apps/hotplug/internal.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"

#define BUTTON_NS (5 * NS_PER_S)

/* --- which there are -------------------------------------------------------------------------- */

void hotplug_slots_find(struct hotplug *h)
{
    const struct pci_bus *bus = h->app->pci;
    unsigned kept = 0;

    for (unsigned i = 0; i < h->slot_count; i++) {
        const struct pci_function *port = &h->slots[i].slot.port;

        if (pci_bus_find(bus, port->bus, port->dev, port->fn)) {
            h->slots[kept++] = h->slots[i];
        }
    }
    h->slot_count = kept;
    for (unsigned i = 0; bus && i < bus->count && h->slot_count < HOTPLUG_MAX_SLOTS; i++) {
        struct hotplug_slot *s = &h->slots[h->slot_count];
        bool known = false;

        for (unsigned j = 0; j < kept; j++) {
            const struct pci_function *port = &h->slots[j].slot.port;

            known |= port->bus == bus->functions[i].bus && port->dev == bus->functions[i].dev &&
                     port->fn == bus->functions[i].fn;
        }
        if (!known && pci_slot_init(&bus->functions[i], &s->slot)) {
            s->state = pci_slot_look(&s->slot);
            /* What happened before we came has been seen by looking at every function. */
            s->state.changed = s->state.button = s->state.fault = false;
            s->out_at_ns = 0;
            h->slot_count++;
        }
    }
}

static bool is_in(const struct appliance_ctrlr *c, const struct hotplug_slot *s)
{
    const struct pci_function *port = &s->slot.port;

    return c->pci && c->pci->bus >= port->secondary_bus && c->pci->bus <= port->subordinate_bus;
}

static bool is_at(const struct appliance_ctrlr *c, uint8_t bus, uint8_t dev)
{
    return c->pci && c->pci->bus == bus && c->pci->dev == dev;
}

/* The names of the controllers in a slot, "nvme0 nvme1", or "nothing that is used". */
static const char *names_in(const struct hotplug *h, const struct hotplug_slot *s, char *text,
                            size_t cap)
{
    text[0] = '\0';
    for (unsigned i = 0; i < h->app->ctrlr_count; i++) {
        if (is_in(&h->app->ctrlrs[i], s)) {
            str_append(text, cap, text[0] ? " " : "");
            str_append(text, cap, h->app->ctrlrs[i].name);
        }
    }
    return text[0] ? text : "nothing that is used";
}

/* --- orderly ---------------------------------------------------------------------------------- */

/* 0, or -ETIMEDOUT: it may still hold what was written, and stays until this is asked for again. */
static int shut_down(struct hotplug *h, struct appliance_ctrlr *c)
{
    if (!c->nvme) {
        log_warn("%s: removed: it had not come up", c->name);
        hotplug_take_out(h, c);
        return 0;
    }
    const struct nvme_info *info = nvme_info(c->nvme);
    int err = nvme_shutdown(c->nvme);
    if (err == -ETIMEDOUT) {
        c->overdue = true;
        log_error("%s: stays: it has not said in time that everything is stored; removed when that "
                  "is asked for again", c->name);
        return err;
    }
    if (!err && !c->overdue) {
        log_warn("%s: removed: %s, serial %s, was shut down in order", c->name, info->model,
                 info->serial);
    } else {
        log_error("%s: removed: %s, serial %s, without an orderly shutdown: it had failed", c->name,
                  info->model, info->serial);
    }
    hotplug_take_out(h, c);
    return 0;
}

/* Those in the slot s, or, when s is NULL, those of the device at bus and dev. */
static int shut_down_all(struct hotplug *h, const struct hotplug_slot *s, uint8_t bus, uint8_t dev)
{
    int result = 0;

    for (unsigned i = 0; i < h->app->ctrlr_count;) {
        struct appliance_ctrlr *c = &h->app->ctrlrs[i];
        bool here = s ? is_in(c, s) : is_at(c, bus, dev);
        int err = here ? shut_down(h, c) : 0;

        i += !here || err; /* the next one has taken its place otherwise */
        result = result ? result : err;
    }
    return result;
}

static int switch_off(struct hotplug *h, struct hotplug_slot *s)
{
    int err = pci_slot_power(&s->slot, false);

    s->state = pci_slot_look(&s->slot);
    s->out_at_ns = 0;
    hotplug_forget_absent(h);
    return err;
}

int hotplug_slot_on(struct hotplug *h, struct hotplug_slot *s)
{
    int err = pci_slot_power(&s->slot, true);

    if (err) {
        log_error("slot %u was switched on, and has no link: %s", s->slot.number, errno_text(err));
    }
    s->state = pci_slot_look(&s->slot);
    s->state.changed = s->state.button = false;
    h->next_look_ns = 0;
    return err;
}

/* Everything in the slot goes, and its power. As hotplug_eject. */
static int empty_slot(struct hotplug *h, struct hotplug_slot *s)
{
    unsigned number = s->slot.number;
    int err = shut_down_all(h, s, 0, 0);

    s->out_at_ns = 0;
    if (err) {
        log_error("slot %u stays switched on", number);
        pci_slot_blink(&s->slot, false);
        return err;
    }
    if (!s->slot.has_power) {
        return -ENOTSUP;
    }
    err = switch_off(h, s); /* s may be another one now */
    if (!err) {
        log_warn("slot %u is switched off", number);
    }
    return err;
}

/* --- events ----------------------------------------------------------------------------------- */

static void say_asked(struct appliance_ctrlr *c)
{
    if (!c->removal_asked && !c->removed) {
        c->removal_asked = true;
        log_warn("%s: its removal is asked for: done as soon as no command runs (Ctrl-C ends one)",
                 c->name);
    }
}

static void say_pressed(struct hotplug *h, struct hotplug_slot *s)
{
    char names[64];

    names_in(h, s, names, sizeof(names));
    if (s->out_at_ns) {
        s->out_at_ns = 0;
        pci_slot_blink(&s->slot, false);
        log_warn("slot %u: its button was pressed again: %s stays", s->slot.number, names);
        return;
    }
    s->out_at_ns = hotplug_now_ns(h) + BUTTON_NS;
    pci_slot_blink(&s->slot, true);
    log_warn("slot %u: its button was pressed: %s is removed in %u s, or when the running command "
             "ends; press again to keep it",
             s->slot.number, names, (unsigned)(BUTTON_NS / NS_PER_S));
}

static void check_slot(struct hotplug *h, struct hotplug_slot *s)
{
    bool was_occupied = s->state.occupied, changed = s->state.changed, button = s->state.button;

    s->state = pci_slot_look(&s->slot);
    if (s->state.changed && was_occupied) {
        /* Whatever is there now is not what was attached. */
        for (unsigned i = 0; i < h->app->ctrlr_count; i++) {
            if (is_in(&h->app->ctrlrs[i], s) && !h->app->ctrlrs[i].removed) {
                hotplug_note_removed(&h->app->ctrlrs[i]);
            }
        }
        s->out_at_ns = 0;
    } else if (s->state.button && s->state.occupied && s->state.powered && !s->state.changed) {
        s->state.button = false;
        say_pressed(h, s);
    }
    if (s->state.fault) {
        log_error("slot %u: it reports a fault of its power", s->slot.number);
    }
    s->state.changed |= changed;
    s->state.button |= button;
}

void hotplug_slots_check(struct hotplug *h)
{
    for (unsigned i = 0; i < h->slot_count; i++) {
        check_slot(h, &h->slots[i]);
    }
    for (unsigned i = 0; h->ops.slot_asks && i < h->app->ctrlr_count; i++) {
        struct appliance_ctrlr *c = &h->app->ctrlrs[i];

        if (c->pci && h->ops.slot_asks(h->ops.ctx, c->pci)) {
            say_asked(c);
        }
    }
}

/* True: slots may have another order now. */
static bool act_on_slot(struct hotplug *h, struct hotplug_slot *s)
{
    bool woken = s->state.changed || s->state.button;

    if (s->out_at_ns && hotplug_now_ns(h) >= s->out_at_ns) {
        (void)empty_slot(h, s);
        return true;
    }
    s->state.changed = s->state.button = false;
    if (woken && s->state.occupied && !s->state.powered) {
        (void)hotplug_slot_on(h, s);
    } else if (woken && !s->state.occupied && s->state.powered && s->slot.has_power) {
        (void)switch_off(h, s);
        return true;
    } else if (woken) {
        h->next_look_ns = 0;
    }
    return false;
}

/* One there was asked for already and did not shut down. */
static bool is_overdue(const struct hotplug *h, const struct pci_function *f)
{
    for (unsigned i = 0; i < h->app->ctrlr_count; i++) {
        if (h->app->ctrlrs[i].overdue && is_at(&h->app->ctrlrs[i], f->bus, f->dev)) {
            return true;
        }
    }
    return false;
}

/* Functions whose removal the platform is asked for, used or not. */
static bool act_on_request(struct hotplug *h)
{
    const struct pci_bus *bus = h->app->pci;

    for (unsigned i = 0; bus && h->ops.slot_asks && i < bus->count; i++) {
        struct pci_function f = bus->functions[i];

        if (f.fn == 0 && h->ops.slot_asks(h->ops.ctx, &f) && !is_overdue(h, &f)) {
            int err = shut_down_all(h, NULL, f.bus, f.dev);

            if (!err) {
                err = h->ops.slot_eject(h->ops.ctx, &f);
            }
            hotplug_forget_absent(h);
            return err == 0;
        }
    }
    return false;
}

void hotplug_slots_act(struct hotplug *h)
{
    for (unsigned i = 0; i < h->slot_count; i++) {
        if (act_on_slot(h, &h->slots[i])) {
            return; /* the rest in the next turn */
        }
    }
    uint64_t now_ns = hotplug_now_ns(h);
    if (now_ns >= h->next_requests_ns) {
        h->next_requests_ns = now_ns + NS_PER_S / 2;
        while (act_on_request(h)) {
        }
    }
}

/* --- by hand ---------------------------------------------------------------------------------- */

static struct hotplug_slot *slot_of(struct hotplug *h, const struct appliance_ctrlr *c)
{
    for (unsigned i = 0; i < h->slot_count; i++) {
        if (is_in(c, &h->slots[i])) {
            return &h->slots[i];
        }
    }
    return NULL;
}

int hotplug_eject(struct appliance *app, struct appliance_ctrlr *ctrlr, struct out *out)
{
    struct hotplug *h = app->hotplug;

    if (!h || !ctrlr->pci) {
        return -ENOTSUP;
    }
    struct pci_function f = ctrlr->function;
    char name[sizeof(ctrlr->name)];
    str_copy(name, sizeof(name), ctrlr->name);
    struct hotplug_slot *s = slot_of(h, ctrlr);
    int err = shut_down_all(h, s, f.bus, f.dev);
    if (err) {
        out_printf(out, "%s has not stored everything in time: its slot stays switched on\n", name);
        return err;
    }
    err = h->ops.slot_eject ? h->ops.slot_eject(h->ops.ctx, &f) : -ENOTSUP;
    if (err && s) {
        err = empty_slot(h, s);
    }
    hotplug_forget_absent(h);
    out_printf(out, "%s is out of service; its slot %s\n", name,
               err ? "cannot be switched off. Not pulled out, it comes back by `rescan`"
                   : "is switched off");
    return 0;
}
