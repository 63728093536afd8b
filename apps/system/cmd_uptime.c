/*
 * apps/system/cmd_uptime.c - `uptime`: how long the machine has been running.
 */
#include "apps/commands.h"

static int uptime_run(struct shell *sh, int argc, char **argv)
{
    const struct machine *m = sh->app->machine;
    uint64_t now_ns = m->now_ns(m->ctx);
    uint64_t seconds = now_ns / NS_PER_S;
    uint64_t days = seconds / 86400;

    (void)argc;
    (void)argv;
    out_puts(sh->out, "up ");
    if (days > 0) {
        out_printf(sh->out, "%llu day%s ", (unsigned long long)days, days == 1 ? "" : "s");
    }
    out_printf(sh->out, "%02u:%02u:%02u.%03u\n", (unsigned)(seconds / 3600 % 24),
               (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60),
               (unsigned)(now_ns % NS_PER_S / NS_PER_MS));
    return 0;
}

const struct shell_cmd cmd_uptime = {
    .name = "uptime",
    .usage = "uptime",
    .summary = "show the time since power-on",
    .example = "uptime",
    .run = uptime_run,
};
