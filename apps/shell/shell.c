/*
 * apps/shell/shell.c - reads a line, finds the command, runs it, prints what went wrong.
 */
#include "apps/shell/shell.h"

#include "apps/hotplug/hotplug.h"
#include "apps/shell/complete.h"
#include "apps/shell/line.h"
#include "apps/shell/nearest.h"
#include "apps/shell/token.h"
#include "drivers/nvme/nvme_gate.h"
#include "lib/errno.h"
#include "lib/string.h"

#define CTRL_C 0x03
#define ARMED_BYTES 40 /* of names before the prompt */

static_assert(SHELL_LINE_BYTES == LINE_BYTES, "the editor holds a line of the shell");
static_assert(SHELL_MAX_ARGS + 1 == TOKEN_MAX_WORDS, "the command word comes in addition");

const struct shell_cmd *shell_find_in(const struct shell_cmd *const *table, const char *name)
{
    for (const struct shell_cmd *const *cmd = table; *cmd; cmd++) {
        if (strcmp((*cmd)->name, name) == 0) {
            return *cmd;
        }
    }
    return NULL;
}

const struct shell_cmd *shell_find_command(const char *name)
{
    return shell_find_in(shell_commands, name);
}

int shell_fail(struct shell *sh, const char *command, int err, const char *fmt, ...)
{
    va_list args;

    out_printf(sh->out, "%s: ", command);
    va_start(args, fmt);
    out_vprintf(sh->out, fmt, args);
    va_end(args);
    out_puts(sh->out, "\n");
    sh->explained = true;
    return err;
}

void shell_usage(struct shell *sh, const struct shell_cmd *cmd)
{
    out_printf(sh->out, "usage:   %s\nexample: %s\n", cmd->usage, cmd->example);
}

bool shell_interrupted(struct shell *sh)
{
    appliance_poll(sh->app);
    return sh->app->console && console_interrupted(sh->app->console);
}

/* who: "shell", or the command whose table was searched; list: the command that shows it. */
static int unknown_command(struct shell *sh, const struct shell_cmd *const *table, const char *who,
                           const char *list, const char *name)
{
    struct nearest nearest = nearest_to(name);

    for (const struct shell_cmd *const *cmd = table; *cmd; cmd++) {
        nearest_offer(&nearest, (*cmd)->name);
    }
    if (nearest.best) {
        return shell_fail(sh, who, -ENOENT,
                          "no command called '%s'; did you mean '%s'? ('%s' lists all)", name,
                          nearest.best, list);
    }
    return shell_fail(sh, who, -ENOENT, "no command called '%s' ('%s' lists all)", name, list);
}

static int wrong_count(struct shell *sh, const struct shell_cmd *cmd, unsigned count)
{
    bool too_few = count < cmd->min_args;
    unsigned limit = too_few ? cmd->min_args : cmd->max_args;
    int err;

    if (limit == 0) {
        err = shell_fail(sh, cmd->name, -EINVAL, "takes no arguments");
    } else {
        err = shell_fail(sh, cmd->name, -EINVAL, "takes at %s %u argument%s, not %u",
                         too_few ? "least" : "most", limit, limit == 1 ? "" : "s", count);
    }
    shell_usage(sh, cmd);
    return err;
}

/* What --serial has allowed was for one command. */
static void end_arming(struct shell *sh)
{
    if (sh->armed_for_command) {
        nvme_ctrlr_disarm(sh->armed_for_command);
    }
    if (sh->armed_ns_for_command) {
        nvme_ns_disarm(sh->armed_ns_for_command);
    }
    sh->armed_for_command = NULL;
    sh->armed_ns_for_command = NULL;
}

static int run_sub(struct shell *sh, const struct shell_cmd *cmd, int argc, char **argv)
{
    const struct shell_cmd *sub = shell_find_in(cmd->subs, argv[1]);
    char list[32];

    if (!sub) {
        str_format(list, sizeof(list), "help %s", cmd->name);
        return unknown_command(sh, cmd->subs, cmd->name, list, argv[1]);
    }
    return shell_run_command(sh, sub, argc - 1, argv + 1);
}

int shell_run_command(struct shell *sh, const struct shell_cmd *cmd, int argc, char **argv)
{
    if (cmd->options) {
        int err = shell_options_parse(sh, cmd, &argc, argv, sh->values);
        if (err) {
            return err;
        }
    }
    unsigned count = (unsigned)argc - 1;
    if (count < cmd->min_args || count > cmd->max_args) {
        return wrong_count(sh, cmd, count);
    }
    if (cmd->subs) {
        return run_sub(sh, cmd, argc, argv);
    }
    int err = cmd->run(sh, argc, argv);
    end_arming(sh);
    if (err && err != -EINTR && !sh->explained) {
        shell_fail(sh, cmd->name, err, "%s", errno_text(err));
    }
    return err;
}

static int run_words(struct shell *sh, int argc, char **argv)
{
    const struct shell_cmd *cmd = shell_find_command(argv[0]);

    return cmd ? shell_run_command(sh, cmd, argc, argv)
               : unknown_command(sh, shell_commands, "shell", "help", argv[0]);
}

static int run_text(struct shell *sh, const char *text, size_t len)
{
    struct token_words words;

    sh->explained = false;
    switch (token_split(text, len, &words)) {
    case 0:
        return words.argc > 0 ? run_words(sh, words.argc, words.argv) : 0;
    case -EINVAL:
        return shell_fail(sh, "shell", -EINVAL, "a %s quote is not closed",
                          words.quote == '"' ? "double" : "single");
    case -ERANGE:
        return shell_fail(sh, "shell", -ERANGE, "a command takes at most %d arguments",
                          SHELL_MAX_ARGS);
    case -ENAMETOOLONG:
        return shell_fail(sh, "shell", -ENAMETOOLONG, "a command is at most %d bytes long",
                          SHELL_LINE_BYTES - 1);
    default:
        return shell_fail(sh, "shell", -EILSEQ, "the line is not valid UTF-8");
    }
}

/* Ctrl-C has done its work: it, and what was typed before it, is not for the next prompt. */
static void discard_interrupt(struct shell *sh)
{
    int byte;

    if (!sh->app->console) {
        return;
    }
    do {
        byte = console_getc(sh->app->console);
        sh->input_gap |= byte == -EOVERFLOW;
    } while ((byte >= 0 && byte != CTRL_C) || byte == -EOVERFLOW);
    console_clear_interrupt(sh->app->console);
}

static bool is_blank_text(const char *text, size_t len)
{
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r')) {
        len--;
    }
    return len == 0;
}

/* Runs every command in text, until Ctrl-C. */
static int run_all(struct shell *sh, const char *text, bool echo)
{
    int err = 0;

    if (sh->app->console) {
        console_clear_interrupt(sh->app->console);
    }
    for (;;) {
        while (*text == ' ' || *text == '\t') {
            text++;
        }
        size_t len = token_command_len(text);
        if (!is_blank_text(text, len)) {
            if (echo) {
                out_printf(sh->out, "%s%.*s\n", SHELL_PROMPT, (int)len, text);
            }
            hotplug_between(sh->app);
            err = run_text(sh, text, len);
            sh->last_error = err;
            if (err == -EINTR || shell_interrupted(sh)) {
                if (!sh->explained) {
                    out_puts(sh->out, "^C\n");
                }
                discard_interrupt(sh);
                return err;
            }
        }
        text += len;
        if (*text == '\0') {
            return err;
        }
        text++;
    }
}

/* Messages of other CPUs go their way: the line belongs to the CPU of the shell. */
static void write_notice(struct out *out, const char *text, size_t len)
{
    struct shell *sh = container_of(out, struct shell, notices);
    const struct machine *machine = sh->app->machine;
    struct line *line = sh->line;

    if (!line || machine->cpu_self(machine->ctx) != 0) {
        out_write(sh->out, text, len);
        return;
    }
    sh->line = NULL; /* it is not there while it is hidden */
    line_hide(line);
    out_write(sh->out, text, len);
    line_show(line);
    sh->line = line;
}

void shell_init(struct shell *sh, struct appliance *app, struct out *out)
{
    memset(sh, 0, sizeof(*sh));
    sh->app = app;
    sh->out = out;
    sh->notices.write = write_notice;
}

int shell_run_line(struct shell *sh, const char *line)
{
    return run_all(sh, line, false);
}

void shell_run_script(struct shell *sh, const char *script)
{
    if (script) {
        sh->unattended = true;
        run_all(sh, script, true);
        sh->unattended = false;
    }
}

/* Adds what is armed of ctrlr to list: its own name, or those of its namespaces. */
static void append_armed(const struct appliance_ctrlr *ctrlr, char *list, size_t cap)
{
    char name[24];

    if (!ctrlr->nvme) {
        return;
    }
    if (nvme_ctrlr_armed(ctrlr->nvme)) {
        str_append(list, cap, " ");
        str_append(list, cap, ctrlr->name);
        return;
    }
    for (unsigned i = 0; i < nvme_ns_count(ctrlr->nvme); i++) {
        const struct nvme_ns *ns = nvme_ns_at(ctrlr->nvme, i);

        if (ns->armed) {
            str_format(name, sizeof(name), " %sn%u", ctrlr->name, (unsigned)ns->nsid);
            str_append(list, cap, name);
        }
    }
}

/* What can be written to stands before the prompt, "[armed: nvme0n1] carillon> ". */
static void make_prompt(const struct appliance *app, char *prompt, size_t cap)
{
    char list[ARMED_BYTES] = "";

    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        append_armed(&app->ctrlrs[i], list, sizeof(list));
    }
    bool cut = strlen(list) == sizeof(list) - 1;
    str_format(prompt, cap, "%s%s%s%s%s", list[0] ? "[armed:" : "", list, cut ? "..." : "",
               list[0] ? "] " : "", SHELL_PROMPT);
}

/* Input was lost: neither what was typed of this line nor what is left of it is the line that was
 * meant. */
static void drop_line(struct shell *sh, struct line *line)
{
    unsigned lost = atomic_exchange(&sh->app->console->dropped, 0);

    out_printf(sh->out,
               "\nshell: %u bytes of input were lost: they came faster than they were taken. "
               "Nothing is run before the next Enter or Ctrl-C.\n",
               lost);
    sh->input_gap = false;
    sh->skipping = true;
    line_start(line);
}

/* True while a line is skipped of which a part was lost. */
static bool skips(struct shell *sh, int byte)
{
    bool skipped = sh->skipping;

    if (byte == '\r' || byte == '\n' || byte == CTRL_C) {
        sh->skipping = false;
    }
    return skipped;
}

void shell_interact(struct shell *sh)
{
    static struct line line; /* its history is too large for a stack */
    static char prompt[ARMED_BYTES + 32];
    const struct machine *machine = sh->app->machine;

    make_prompt(sh->app, prompt, sizeof(prompt));
    line_init(&line, sh->out, prompt, shell_complete_line, sh);
    sh->interactive = true;
    line_start(&line);
    for (;;) {
        int byte = console_getc(sh->app->console);

        if (byte == -EOVERFLOW || sh->input_gap) {
            drop_line(sh, &line);
        }
        if (byte >= 0 && skips(sh, byte)) {
            continue;
        }
        if (byte == -EOVERFLOW) {
            continue;
        }
        if (byte >= 0) {
            if (line_input(&line, (uint8_t)byte) == LINE_DONE) {
                shell_run_line(sh, line.text);
                make_prompt(sh->app, prompt, sizeof(prompt));
                line_start(&line);
            }
        } else if (machine->relax) {
            sh->line = &line;
            appliance_settle(sh->app);
            sh->line = NULL;
            machine->relax(machine->ctx);
        } else {
            return;
        }
    }
}
