/*
 * apps/watch.c - events of the controllers: in the log, and what has to be done about them.
 *
 * An event becomes a line of the log, which the console shows. A drive that sends many gets a few
 * lines in ten seconds, and one that says how many more there were.
 */
#include "apps/appliance.h"

#include "apps/hotplug/hotplug.h"
#include "lib/errno.h"
#include "lib/log.h"

#define LINES_AT_ONCE 3
#define QUIET_NS      (10 * NS_PER_S)

static void say(struct appliance_ctrlr *ctrlr, const struct nvme_event *event)
{
    struct appliance_watch *watch = &ctrlr->watch;
    char text[128];

    if (event->time_ns - watch->since_ns >= QUIET_NS && watch->untold == 0) {
        watch->since_ns = event->time_ns;
        watch->lines = 0;
    }
    if (watch->lines == LINES_AT_ONCE) {
        watch->untold++;
        return;
    }
    watch->lines++;
    nvme_event_format(event, text, sizeof(text));
    log_warn("%s: event: %s", ctrlr->name, text);
}

static void on_event(void *ctx, struct nvme_ctrlr *nvme, const struct nvme_event *event)
{
    struct appliance *app = ctx;
    struct appliance_ctrlr *ctrlr = appliance_find_ctrlr(app, nvme_name(nvme));

    if (!ctrlr) {
        return;
    }
    if (event->type == NVME_EVENT_NOTICE && event->info == NVME_EVENT_NOTICE_NAMESPACES) {
        ctrlr->watch.rescan_wanted = true;
    }
    if (!app->quiet_events) {
        say(ctrlr, event);
    }
}

void appliance_watch_ctrlr(struct appliance *app, struct appliance_ctrlr *ctrlr)
{
    if (ctrlr->nvme && nvme_event_listen(ctrlr->nvme, on_event, app)) {
        log_error("%s: its events are not watched: too many listen", ctrlr->name);
    }
}

void appliance_watch_events(struct appliance *app)
{
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        appliance_watch_ctrlr(app, &app->ctrlrs[i]);
    }
}

void appliance_poll(struct appliance *app)
{
    hotplug_check(app);
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        struct appliance_ctrlr *ctrlr = &app->ctrlrs[i];
        struct appliance_watch *watch = &ctrlr->watch;

        if (!ctrlr->nvme) {
            continue;
        }
        nvme_events_poll(ctrlr->nvme);
        if (watch->untold > 0 && nvme_now_ns(ctrlr->nvme) - watch->since_ns >= QUIET_NS) {
            log_warn("%s: %llu more events in the last %u s (`events` counts them)", ctrlr->name,
                     (unsigned long long)watch->untold, (unsigned)(QUIET_NS / NS_PER_S));
            watch->untold = 0;
        }
    }
}

void appliance_settle(struct appliance *app)
{
    appliance_poll(app);
    hotplug_settle(app);
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        struct appliance_ctrlr *ctrlr = &app->ctrlrs[i];

        if (!ctrlr->nvme || !ctrlr->watch.rescan_wanted) {
            continue;
        }
        ctrlr->watch.rescan_wanted = false;
        int err = appliance_rescan_namespaces(app, ctrlr->nvme);
        if (err < 0) {
            log_error("%s: its namespaces could not be looked at again: %s", ctrlr->name,
                      errno_text(err));
        }
    }
}

void appliance_forget_volumes(struct appliance *app, const struct nvme_ctrlr *nvme)
{
    struct block_dev *dev;

    for (unsigned i = 0; app->fs && (dev = block_at(app->blocks, i)); i++) {
        const struct nvme_ns *ns = block_nvme_ns(dev);

        if (ns && ns->ctrlr == nvme) {
            fs_forget(app->fs, dev);
        }
    }
}

int appliance_rescan_namespaces(struct appliance *app, struct nvme_ctrlr *nvme)
{
    appliance_forget_volumes(app, nvme);
    int changes = nvme_rescan_namespaces(nvme);
    if (changes < 0) {
        return changes;
    }
    int err = block_nvme_refresh(app->blocks, nvme);
    return err < 0 ? err : changes;
}
