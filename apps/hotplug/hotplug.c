/*
 * apps/hotplug/hotplug.c - noticing that controllers are gone, and taking them out of service.
 */
#include "apps/hotplug/internal.h"
#include "drivers/pci/pci_regs.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/string.h"

#define CHECK_NS (500 * NS_PER_MS) /* a device that is gone is noticed within so long */
#define SLOTS_NS NS_PER_S
#define LOOK_NS  NS_PER_S

uint64_t hotplug_now_ns(const struct hotplug *h)
{
    return h->app->machine->now_ns(h->app->machine->ctx);
}

/* --- the list --------------------------------------------------------------------------------- */

/* The controllers that the boot has found keep their numbers. */
static int note_names(struct hotplug *h)
{
    for (unsigned i = 0; i < h->app->ctrlr_count; i++) {
        const struct appliance_ctrlr *c = &h->app->ctrlrs[i];
        const struct nvme_info *info = c->nvme ? nvme_info(c->nvme) : NULL;
        uint64_t number;

        if (parse_u64_max(c->name + strlen("nvme"), HOTPLUG_MAX_NUMBER, &number)) {
            continue;
        }
        int err = hotplug_name_note(h, (unsigned)number, info ? info->serial : NULL,
                                    info ? info->model : NULL);
        if (err) {
            return err;
        }
    }
    return 0;
}

int hotplug_create(struct appliance *app, const struct hotplug_ops *ops)
{
    struct hotplug *h = heap_alloc(1, sizeof(*h));

    if (!h) {
        return -ENOMEM;
    }
    h->app = app;
    h->ops = *ops;
    if (note_names(h)) {
        heap_free(h->drives);
        heap_free(h);
        return -ENOMEM;
    }
    hotplug_slots_find(h);
    app->hotplug = h;
    return 0;
}

void hotplug_destroy(struct appliance *app)
{
    if (app->hotplug) {
        heap_free(app->hotplug->drives);
        heap_free(app->hotplug);
        app->hotplug = NULL;
    }
}

/* --- gone ------------------------------------------------------------------------------------- */

static bool is_there(const struct appliance_ctrlr *c)
{
    if (c->nvme) {
        return nvme_present(c->nvme);
    }
    return !c->pci || pci_read32(c->pci, PCI_ID) != UINT32_MAX;
}

void hotplug_note_removed(struct appliance_ctrlr *ctrlr)
{
    ctrlr->removed = true;
    if (!ctrlr->nvme) {
        log_warn("%s: removed: it had not come up, and is gone", ctrlr->name);
        return;
    }
    const struct nvme_info *info = nvme_info(ctrlr->nvme);
    nvme_note_removed(ctrlr->nvme);
    log_error("%s: removed: %s, serial %s, is gone without having been shut down", ctrlr->name,
              info->model, info->serial);
}

void hotplug_take_out(struct hotplug *h, struct appliance_ctrlr *ctrlr)
{
    if (ctrlr->nvme) {
        appliance_forget_volumes(h->app, ctrlr->nvme);
        (void)block_nvme_remove(h->app->blocks, ctrlr->nvme);
        h->ops.detach(h->ops.ctx, ctrlr->nvme);
    }
    appliance_drop_ctrlr(h->app, ctrlr);
}

static void check_all(struct hotplug *h)
{
    for (unsigned i = 0; i < h->app->ctrlr_count; i++) {
        struct appliance_ctrlr *c = &h->app->ctrlrs[i];

        if (!c->removed && !is_there(c)) {
            hotplug_note_removed(c);
        }
    }
}

static void take_out_removed(struct hotplug *h)
{
    bool any = false;

    for (unsigned i = 0; i < h->app->ctrlr_count;) {
        struct appliance_ctrlr *c = &h->app->ctrlrs[i];

        if (c->removed) {
            hotplug_forget_function(h, c->pci); /* something else may be there already */
            hotplug_take_out(h, c);
            any = true;
        } else {
            i++;
        }
    }
    if (any) {
        hotplug_forget_absent(h);
    }
}

void hotplug_check(struct appliance *app)
{
    struct hotplug *h = app->hotplug;

    if (!h) {
        return;
    }
    uint64_t now_ns = hotplug_now_ns(h);
    if (now_ns >= h->next_check_ns) {
        h->next_check_ns = now_ns + CHECK_NS;
        check_all(h);
    }
    if (now_ns >= h->next_slots_ns) {
        h->next_slots_ns = now_ns + SLOTS_NS;
        hotplug_slots_check(h);
    }
}

void hotplug_between(struct appliance *app)
{
    if (app->hotplug) {
        check_all(app->hotplug);
        take_out_removed(app->hotplug);
    }
}

void hotplug_settle(struct appliance *app)
{
    struct hotplug *h = app->hotplug;

    if (!h) {
        return;
    }
    take_out_removed(h);
    hotplug_slots_act(h);
    uint64_t now_ns = hotplug_now_ns(h);
    if (now_ns >= h->next_look_ns) {
        (void)hotplug_look(h, false);
        h->next_look_ns = hotplug_now_ns(h) + LOOK_NS;
    }
}

unsigned hotplug_rescan(struct appliance *app)
{
    struct hotplug *h = app->hotplug;

    if (!h) {
        return 0;
    }
    hotplug_between(app);
    hotplug_forget_absent(h);
    for (unsigned i = 0; i < h->slot_count; i++) {
        const struct hotplug_slot *s = &h->slots[i];

        if (s->state.occupied && !s->state.powered) {
            (void)hotplug_slot_on(h, &h->slots[i]);
        }
    }
    return hotplug_look(h, true);
}
