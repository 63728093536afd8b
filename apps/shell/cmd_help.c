/*
 * apps/shell/cmd_help.c - help: what there is, and how each command is used.
 */
#include "apps/commands.h"
#include "apps/shell/nearest.h"
#include "lib/errno.h"
#include "lib/string.h"

static void list_all(struct shell *sh)
{
    for (const struct shell_cmd *const *cmd = shell_commands; *cmd; cmd++) {
        out_printf(sh->out, "  %-10s %s\n", (*cmd)->name, (*cmd)->summary);
    }
    out_puts(sh->out,
             "\n'help NAME' tells more about one of them. Disks are called nvme0n1, partitions\n"
             "nvme0n1p1, files nvme0n1p1:/dir/file; names with blanks stand in quotes. Tab\n"
             "completes, Ctrl-C stops a command, and \";\" separates commands on a line.\n");
}

static void tell_about(struct shell *sh, const struct shell_cmd *cmd)
{
    out_printf(sh->out, "%s: %s\n", cmd->name, cmd->summary);
    shell_usage(sh, cmd);
    if (cmd->details) {
        out_printf(sh->out, "\n%s", cmd->details);
    }
}

static int run_help(struct shell *sh, int argc, char **argv)
{
    if (argc == 1) {
        list_all(sh);
        return 0;
    }
    const struct shell_cmd *cmd = shell_find_command(argv[1]);
    if (cmd && argc > 2) {
        return cmd->help ? cmd->help(sh, argv[2])
                         : shell_fail(sh, argv[0], -EINVAL, "%s has no topics; 'help %s' tells all",
                                      cmd->name, cmd->name);
    }
    if (cmd) {
        tell_about(sh, cmd);
        return 0;
    }
    struct nearest nearest = nearest_to(argv[1]);
    for (const struct shell_cmd *const *other = shell_commands; *other; other++) {
        nearest_offer(&nearest, (*other)->name);
    }
    if (nearest.best) {
        return shell_fail(sh, argv[0], -ENOENT, "no command called '%s'; did you mean '%s'?",
                          argv[1], nearest.best);
    }
    return shell_fail(sh, argv[0], -ENOENT, "no command called '%s'; 'help' lists all", argv[1]);
}

const struct shell_cmd cmd_help = {
    .name = "help",
    .usage = "help [COMMAND [TOPIC]]",
    .summary = "list all commands, or explain one",
    .example = "help read",
    .complete = COMPLETE_COMMAND,
    .max_args = 2,
    .run = run_help,
};
