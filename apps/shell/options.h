/*
 * apps/shell/options.h - options of a command, parsed and explained from one table.
 *
 * As nvme-cli's: "--lbaf=1", "--lbaf 1", "-l 1", "-l1", "-l=1"; flags "--human-readable", "-H".
 * "--" ends them. What is left over are the command's arguments. An unknown option is an error
 * that names the nearest one; so are a missing or a bad value, and an option given twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

struct shell;
struct shell_cmd;
struct out;

#define SHELL_MAX_OPTIONS 24

enum shell_option_type {
    SHELL_FLAG,   /* no value */
    SHELL_NUMBER, /* 4096, 0x1000, 4k; at most .max */
    SHELL_TEXT,
};

struct shell_option {
    const char *name; /* "namespace-id"; NULL ends a table */
    char letter;      /* 'n', or 0 */
    uint8_t type;     /* enum shell_option_type */
    uint32_t max;     /* of a number; 0: no limit */
    const char *help; /* one line, no full stop */
};

/* What was typed for the option of the same index in the command's table. */
struct shell_value {
    bool given;
    uint64_t number;  /* SHELL_NUMBER; 0 when not given */
    const char *text; /* as typed, NULL when not given; lives as long as the command runs */
};

/* Those that many commands have; they mean the same everywhere. */
#define SHELL_OPTION_OUTPUT {"output-format", 'o', SHELL_TEXT, 0, "normal or json"}
#define SHELL_OPTION_HUMAN  {"human-readable", 'H', SHELL_FLAG, 0, "explain each bit in words"}
#define SHELL_OPTION_SERIAL                                                                        \
    {"serial", 0, SHELL_TEXT, 0, "the drive's serial number: allows this one command"}
#define SHELL_OPTION_NSID {"namespace-id", 'n', SHELL_NUMBER, UINT32_MAX, "namespace identifier"}

/* Takes the options of cmd out of argv[1..] into values[SHELL_MAX_OPTIONS]. What is wrong has been
 * said. 0, -EINVAL, -ERANGE. */
int shell_options_parse(struct shell *sh, const struct shell_cmd *cmd, int *argc, char **argv,
                        struct shell_value *values) must_check;

/* One line for each option of cmd. */
void shell_options_print(struct out *out, const struct shell_cmd *cmd);
