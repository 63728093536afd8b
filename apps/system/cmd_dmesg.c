/*
 * apps/system/cmd_dmesg.c - `dmesg`: the messages since power-on.
 */
#include "apps/commands.h"
#include "lib/log.h"

static int dmesg_run(struct shell *sh, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    log_dump(sh->out);
    return 0;
}

const struct shell_cmd cmd_dmesg = {
    .name = "dmesg",
    .usage = "dmesg",
    .summary = "show what was logged since power-on",
    .details = "Times are seconds since power-on. The oldest messages are forgotten when there "
               "are too many.\n",
    .example = "dmesg",
    .run = dmesg_run,
};
