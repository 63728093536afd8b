/*
 * apps/system/cmd_power.c - `reboot` and `poweroff`. Both shut the disks down first, so that what
 * they hold in volatile caches and tables is written.
 */
#include "apps/commands.h"

static int reboot_run(struct shell *sh, int argc, char **argv)
{
    const struct machine *m = sh->app->machine;

    (void)argc;
    (void)argv;
    appliance_shutdown(sh->app, sh->out);
    out_puts(sh->out, "Restarting.\n");
    m->reboot(m->ctx);
    return 0;
}

static int poweroff_run(struct shell *sh, int argc, char **argv)
{
    const struct machine *m = sh->app->machine;

    (void)argc;
    (void)argv;
    appliance_shutdown(sh->app, sh->out);
    out_puts(sh->out, "Power off.\n");
    m->power_off(m->ctx);
    return 0;
}

const struct shell_cmd cmd_reboot = {
    .name = "reboot",
    .usage = "reboot",
    .summary = "shut the disks down and restart the machine",
    .example = "reboot",
    .run = reboot_run,
};

const struct shell_cmd cmd_poweroff = {
    .name = "poweroff",
    .usage = "poweroff",
    .summary = "shut the disks down and switch the machine off",
    .example = "poweroff",
    .run = poweroff_run,
};
