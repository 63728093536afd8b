/*
 * apps/hotplug/cmd_eject.c - `eject`: a controller is to be pulled out.
 */
#include "apps/commands.h"
#include "apps/hotplug/hotplug.h"
#include "lib/errno.h"

static int eject_run(struct shell *sh, int argc, char **argv)
{
    struct appliance_ctrlr *ctrlr = appliance_find_ctrlr(sh->app, argv[1]);
    struct nvme_ctrlr *nvme;

    (void)argc;
    if (!ctrlr) {
        return shell_find_ctrlr(sh, argv[0], argv[1], &nvme);
    }
    int err = hotplug_eject(sh->app, ctrlr, sh->out);
    if (err == -ENOTSUP) {
        return shell_fail(sh, argv[0], err, "controllers do not come and go on this machine");
    }
    if (err) {
        return shell_fail(sh, argv[0], err, "no orderly removal: %s", errno_text(err));
    }
    return 0;
}

const struct shell_cmd cmd_eject = {
    .name = "eject",
    .usage = "eject CTRL",
    .summary = "shut a controller down and switch its slot off, to pull it out",
    .details = "Its disks disappear. Other controllers in the same slot go with it. A slot that\n"
               "cannot be switched off keeps its power, and `rescan` brings the drive back. What\n"
               "is put in later is noticed within a second or two, and is read-only.\n",
    .example = "eject nvme0",
    .complete = COMPLETE_CTRLR,
    .min_args = 1,
    .max_args = 1,
    .run = eject_run,
};
