/*
 * apps/appliance.c - finding controllers by name, and shutting them down.
 */
#include "apps/appliance.h"

#include "lib/errno.h"
#include "lib/string.h"

struct appliance_ctrlr *appliance_find_ctrlr(struct appliance *app, const char *name)
{
    if (str_starts_with(name, "/dev/")) {
        name += 5;
    }
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        struct appliance_ctrlr *ctrlr = &app->ctrlrs[i];
        size_t len = strlen(ctrlr->name);

        if (len == 0 || strncmp(name, ctrlr->name, len) != 0) {
            continue;
        }
        if (name[len] == '\0' ||
            (name[len] == 'n' && name[len + 1] >= '0' && name[len + 1] <= '9')) {
            return ctrlr;
        }
    }
    return NULL;
}

void appliance_drop_ctrlr(struct appliance *app, struct appliance_ctrlr *ctrlr)
{
    app->ctrlr_count--;
    for (; ctrlr < &app->ctrlrs[app->ctrlr_count]; ctrlr++) {
        *ctrlr = ctrlr[1];
        ctrlr->pci = ctrlr->pci ? &ctrlr->function : NULL;
    }
}

void appliance_shutdown(struct appliance *app, struct out *out)
{
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        struct appliance_ctrlr *ctrlr = &app->ctrlrs[i];

        if (!ctrlr->nvme || ctrlr->removed) {
            continue;
        }
        int err = nvme_shutdown(ctrlr->nvme);
        if (err) {
            out_printf(out, "%s: no orderly shutdown: %s\n", ctrlr->name, errno_text(err));
        } else {
            out_printf(out, "%s: shut down\n", ctrlr->name);
        }
    }
}
