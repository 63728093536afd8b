/*
 * apps/shell/commands.c - the one table of commands, sorted by name.
 */
#include "apps/commands.h"

const struct shell_cmd *const shell_commands[] = {
    &cmd_arm,      &cmd_bench,    &cmd_cat,      &cmd_cd,       &cmd_cpus,     &cmd_crc32,
    &cmd_disarm,   &cmd_dmesg,    &cmd_eject,    &cmd_erase,    &cmd_events,   &cmd_flush,
    &cmd_health,
    &cmd_help,     &cmd_hexdump,  &cmd_lbaf,     &cmd_list,     &cmd_ls,       &cmd_lsblk,
    &cmd_lspci,    &cmd_mem,      &cmd_nvme,     &cmd_power,    &cmd_poweroff, &cmd_pwd,
    &cmd_read,     &cmd_reboot,   &cmd_rescan,   &cmd_uptime,   &cmd_write,
    NULL,
};
