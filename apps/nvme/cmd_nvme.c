/*
 * apps/nvme/cmd_nvme.c - `nvme COMMAND`: nvme-cli's commands, each a shell_cmd of its own.
 */
#include "apps/commands.h"
#include "apps/nvme/commands.h"

const struct shell_cmd cmd_nvme = {
    .name = "nvme",
    .usage = "nvme COMMAND CTRL|DISK [OPTION...]",
    .summary = "ask and administer NVMe drives, as nvme-cli does",
    .details = "CTRL is a name such as nvme0, DISK one such as nvme0n1; /dev/ may stand before\n"
               "it. Names, options and output are nvme-cli's. Ranges are in logical blocks.\n",
    .example = "nvme id-ctrl nvme0",
    .complete = COMPLETE_SUBCOMMAND,
    .subs = nvme_commands,
    .min_args = 1,
    .max_args = SHELL_MAX_ARGS,
};
