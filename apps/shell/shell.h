/*
 * apps/shell/shell.h - reads a line, finds the command, runs it, prints what went wrong.
 *
 * A command gets its arguments already split (quotes removed, UTF-8 checked) and writes to
 * sh->out only. It returns 0 or a negative errno. When it returns an error and has not explained
 * it itself with shell_fail(), the shell prints "<command>: <errno_text>". Long commands ask
 * shell_interrupted() at least ten times a second and end with -EINTR.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/appliance.h"
#include "apps/shell/options.h"
#include "lib/compiler.h"
#include "lib/out.h"

#define SHELL_PROMPT "carillon> "
#define SHELL_LINE_BYTES 1024
#define SHELL_MAX_ARGS 64

struct line;

struct shell {
    struct appliance *app;
    struct out *out;
    struct out notices; /* whole lines that come by themselves; a line being typed stays whole */
    struct line *line;  /* which is being typed now; NULL: none */
    char cwd[FS_PATH_BYTES]; /* "" or "nvme0n1p1:/dir" */
    bool explained;          /* the running command has said what is wrong */
    bool interactive;        /* a person is at the console: live lines may be redrawn with CR */
    bool unattended;         /* the line comes from a script, and nobody reads what is announced */
    struct shell_value values[SHELL_MAX_OPTIONS]; /* what was typed for the options of the running
                                                     command, by their index in its table */
    struct nvme_ctrlr *armed_for_command; /* by --serial, until the command ends; or NULL */
    struct nvme_ns *armed_ns_for_command;
    bool input_gap; /* input was lost, and nobody has been told */
    bool skipping;  /* up to the next line end: what was lost belongs to that line */
    int last_error;
};

/* What Tab offers for an argument. */
enum shell_complete {
    COMPLETE_NOTHING,
    COMPLETE_COMMAND,
    COMPLETE_CTRLR,     /* nvme0 */
    COMPLETE_DISK,      /* nvme0n1, nvme0n1p1 */
    COMPLETE_PATH,      /* disks and paths */
    COMPLETE_SUBCOMMAND /* one of subcommands or subs */
};

/* What a command can destroy. `help` shows it; what is marked refuses unarmed disks. */
enum shell_danger {
    SHELL_SAFE,
    SHELL_CHANGES_DATA,  /* user data */
    SHELL_CHANGES_DRIVE, /* settings, firmware, keys or namespaces of a drive */
};

struct shell_cmd {
    const char *name;
    const char *usage;   /* "read DISK LBA COUNT": everything after the prompt */
    const char *summary; /* one line for `help`, no full stop */
    const char *details; /* more for `help NAME`: lines that end in \n, or NULL */
    const char *example; /* a line that works as it stands with a disk nvme0n1 */
    enum shell_complete complete;
    const char *const *subcommands; /* words it may begin with: NULL-terminated, or NULL */
    const struct shell_cmd *const *subs; /* commands of its own: NULL-terminated, or NULL */
    const struct shell_option *options;  /* taken out before run, into sh->values; or NULL */
    enum shell_danger danger;
    unsigned min_args, max_args;    /* without the command word and the options of the table above;
                                       SHELL_MAX_ARGS: any number */
    int (*run)(struct shell *sh, int argc, char **argv); /* argv[0] is the command word; NULL when
                                                            there are subs */
    /* `help NAME TOPIC`: explains topic, or says what there is and returns an error. NULL: the
     * command has no topics. */
    int (*help)(struct shell *sh, const char *topic);
};

/* commands.c: every command, sorted by name, NULL at the end. */
extern const struct shell_cmd *const shell_commands[];

/* Prints "<argv[0]>: <text>" as the one explanation of the failure and returns err. */
int shell_fail(struct shell *sh, const char *command, int err, const char *fmt, ...)
    printf_like(4, 5);

/* Ctrl-C was pressed since the command began. Events of the drives are taken meanwhile. */
bool shell_interrupted(struct shell *sh);

/* Takes "--name=value" or "name=value" or "--name" (value "") out of argv when present; *value is
 * NULL when it is not. argc and argv shrink. */
void shell_take_option(int *argc, char **argv, const char *name, const char **value);

/* Refuses what is left of argv[1..] and begins with "-", naming the valid options: valid is a
 * NULL-terminated list as they are typed ("--pattern", "-R"), or NULL when there are none. To be
 * called after the last shell_take_option(). 0 or -EINVAL. */
int shell_reject_options(struct shell *sh, int argc, char **argv, const char *const *valid)
    must_check;

/* Prints the usage line and the example of a command, as the shell does for too few arguments. */
void shell_usage(struct shell *sh, const struct shell_cmd *cmd);

/* The command called name, or NULL. */
const struct shell_cmd *shell_find_command(const char *name);
/* The same in a table of commands (shell_cmd.subs). */
const struct shell_cmd *shell_find_in(const struct shell_cmd *const *table, const char *name);

/* Takes out the options, counts the arguments and runs cmd, or the one of cmd->subs that argv[1]
 * names; argv[0] is its name. Says what went wrong, and ends what --serial allowed. */
int shell_run_command(struct shell *sh, const struct shell_cmd *cmd, int argc, char **argv);

/* The block device or controller a person named, or an error that lists the nearest valid names. */
int shell_find_disk(struct shell *sh, const char *command, const char *name,
                    struct block_dev **out) must_check;
int shell_find_ctrlr(struct shell *sh, const char *command, const char *name,
                     struct nvme_ctrlr **out) must_check;
/* A whole namespace such as nvme0n1 (or a partition: its namespace). */
int shell_find_ns(struct shell *sh, const char *command, const char *name, struct nvme_ns **out)
    must_check;

/* A number or a size argument; what is wrong and the limit are said. */
int shell_parse_u64(struct shell *sh, const char *command, const char *what, const char *text,
                    uint64_t max, uint64_t *out) must_check;

void shell_init(struct shell *sh, struct appliance *app, struct out *out);

/* Runs one line (not echoed). Several commands are separated by ";". Returns the last error. */
int shell_run_line(struct shell *sh, const char *line);

/* Echoes the prompt and each command of script as if typed, and runs it; "" and NULL do nothing. */
void shell_run_script(struct shell *sh, const char *script);

/* The interactive loop on app->console; while no input comes it calls machine->relax. It does not
 * return, except on a machine without relax (a test's), when the input has ended. */
void shell_interact(struct shell *sh);
