/*
 * apps/nvme/commands.c - the table of the commands below `nvme`, sorted by name.
 */
#include "apps/nvme/commands.h"

const struct shell_cmd *const nvme_commands[] = {
    &nvme_cmd_id_ctrl,
    &nvme_cmd_id_ns,
    &nvme_cmd_list_ns,
    &nvme_cmd_reset,
    &nvme_cmd_resume,
    &nvme_cmd_show_regs,
    &nvme_cmd_shutdown,
    &nvme_cmd_stats,
    &nvme_cmd_subsystem_reset,
    &nvme_cmd_trace,
    NULL,
};
