/*
 * apps/commands.h - every shell command, one per source file under apps/. The table that the shell
 * searches is apps/shell/commands.c; a command is added there and here.
 */
#pragma once

#include "apps/shell/shell.h"

extern const struct shell_cmd cmd_arm;
extern const struct shell_cmd cmd_bench;
extern const struct shell_cmd cmd_cat;
extern const struct shell_cmd cmd_cd;
extern const struct shell_cmd cmd_cpus;
extern const struct shell_cmd cmd_crc32;
extern const struct shell_cmd cmd_disarm;
extern const struct shell_cmd cmd_dmesg;
extern const struct shell_cmd cmd_eject;
extern const struct shell_cmd cmd_erase;
extern const struct shell_cmd cmd_events;
extern const struct shell_cmd cmd_flush;
extern const struct shell_cmd cmd_health;
extern const struct shell_cmd cmd_help;
extern const struct shell_cmd cmd_hexdump;
extern const struct shell_cmd cmd_lbaf;
extern const struct shell_cmd cmd_list;
extern const struct shell_cmd cmd_ls;
extern const struct shell_cmd cmd_lsblk;
extern const struct shell_cmd cmd_lspci;
extern const struct shell_cmd cmd_mem;
extern const struct shell_cmd cmd_nvme;
extern const struct shell_cmd cmd_power;
extern const struct shell_cmd cmd_poweroff;
extern const struct shell_cmd cmd_pwd;
extern const struct shell_cmd cmd_read;
extern const struct shell_cmd cmd_reboot;
extern const struct shell_cmd cmd_rescan;
extern const struct shell_cmd cmd_uptime;
extern const struct shell_cmd cmd_write;
