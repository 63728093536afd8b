/*
 * apps/shell/cmd_help.c - help: what there is, and how each command is used.
 */
#include "apps/commands.h"
#include "apps/shell/nearest.h"
#include "lib/errno.h"
#include "lib/string.h"

static void list_table(struct shell *sh, const struct shell_cmd *const *table, int name_width)
{
    for (const struct shell_cmd *const *cmd = table; *cmd; cmd++) {
        out_printf(sh->out, "%s %-*s %s\n", (*cmd)->danger == SHELL_SAFE ? " " : "!", name_width,
                   (*cmd)->name, (*cmd)->summary);
    }
}

static void list_all(struct shell *sh)
{
    list_table(sh, shell_commands, 10);
    out_puts(sh->out,
             "\n'help NAME' tells more about one of them. Disks are called nvme0n1, partitions\n"
             "nvme0n1p1, files nvme0n1p1:/dir/file; names with blanks stand in quotes. Tab\n"
             "completes, Ctrl-C stops a command, and \";\" separates commands on a line.\n");
}

static void tell_about(struct shell *sh, const struct shell_cmd *cmd)
{
    static const char *const dangers[] = {
        [SHELL_CHANGES_DATA] = "destroys data: needs an armed disk, or its --serial",
        [SHELL_CHANGES_DRIVE] = "changes the drive: it has to be armed, or named by --serial",
    };

    out_printf(sh->out, "%s: %s\n", cmd->name, cmd->summary);
    shell_usage(sh, cmd);
    if (cmd->danger != SHELL_SAFE) {
        out_printf(sh->out, "danger:  %s\n", dangers[cmd->danger]);
    }
    if (cmd->details) {
        out_printf(sh->out, "\n%s", cmd->details);
    }
    if (cmd->options) {
        out_puts(sh->out, "\n");
        shell_options_print(sh->out, cmd);
    }
    if (cmd->subs) {
        out_puts(sh->out, "\n");
        list_table(sh, cmd->subs, 20);
        out_printf(sh->out, "\n'help %s NAME' tells more about one of them; ! marks what destroys "
                   "or changes something.\n", cmd->name);
    }
}

/* `help COMMAND TOPIC`. */
static int tell_topic(struct shell *sh, const struct shell_cmd *cmd, const char *topic)
{
    if (cmd->help) {
        return cmd->help(sh, topic);
    }
    if (!cmd->subs) {
        return shell_fail(sh, "help", -EINVAL, "%s has no topics; 'help %s' tells all", cmd->name,
                          cmd->name);
    }
    const struct shell_cmd *sub = shell_find_in(cmd->subs, topic);
    if (!sub) {
        return shell_fail(sh, "help", -ENOENT, "%s has no command '%s'; 'help %s' lists all",
                          cmd->name, topic, cmd->name);
    }
    tell_about(sh, sub);
    return 0;
}

static int run_help(struct shell *sh, int argc, char **argv)
{
    if (argc == 1) {
        list_all(sh);
        return 0;
    }
    const struct shell_cmd *cmd = shell_find_command(argv[1]);
    if (cmd && argc > 2) {
        return tell_topic(sh, cmd, argv[2]);
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
