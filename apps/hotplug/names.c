/*
 * apps/hotplug/names.c - which number a drive gets.
 */
#include "apps/hotplug/internal.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

static int make_room(struct hotplug *h, unsigned count)
{
    unsigned room = MAX(2 * h->drive_room, 8U);

    if (count <= h->drive_room) {
        return 0;
    }
    room = MAX(room, count);
    struct hotplug_drive *larger = heap_alloc(room, sizeof(*larger));
    if (!larger) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < h->drive_count; i++) {
        larger[i] = h->drives[i];
    }
    heap_free(h->drives);
    h->drives = larger;
    h->drive_room = room;
    return 0;
}

int hotplug_name_note(struct hotplug *h, unsigned number, const char *serial, const char *model)
{
    int err = make_room(h, number + 1);

    if (err) {
        return err;
    }
    h->drive_count = MAX(h->drive_count, number + 1);
    str_copy(h->drives[number].serial, sizeof(h->drives[number].serial), serial ? serial : "");
    str_copy(h->drives[number].model, sizeof(h->drives[number].model), model ? model : "");
    return 0;
}

static bool is_in_use(const struct appliance *app, unsigned number)
{
    char name[8];

    str_format(name, sizeof(name), "nvme%u", number);
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        if (strcmp(app->ctrlrs[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

int hotplug_name_choose(struct hotplug *h, const char *serial, const char *model)
{
    for (unsigned i = 0; serial && serial[0] && i < h->drive_count; i++) {
        if (strcmp(h->drives[i].serial, serial) == 0 && strcmp(h->drives[i].model, model) == 0 &&
            !is_in_use(h->app, i)) {
            return (int)i;
        }
    }
    if (h->drive_count > HOTPLUG_MAX_NUMBER) {
        return -ENOSPC;
    }
    unsigned number = h->drive_count;
    int err = hotplug_name_note(h, number, serial, model);
    return err ? err : (int)number;
}
