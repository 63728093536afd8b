/*
 * apps/shell/shell.c - reads a line, finds the command, runs it, prints what went wrong.
 */
#include "apps/shell/shell.h"

#include "apps/shell/complete.h"
#include "apps/shell/line.h"
#include "apps/shell/nearest.h"
#include "apps/shell/token.h"
#include "lib/errno.h"
#include "lib/string.h"

#define CTRL_C 0x03

static_assert(SHELL_LINE_BYTES == LINE_BYTES, "the editor holds a line of the shell");
static_assert(SHELL_MAX_ARGS + 1 == TOKEN_MAX_WORDS, "the command word comes in addition");

const struct shell_cmd *shell_find_command(const char *name)
{
    for (const struct shell_cmd *const *cmd = shell_commands; *cmd; cmd++) {
        if (strcmp((*cmd)->name, name) == 0) {
            return *cmd;
        }
    }
    return NULL;
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
    return sh->app->console && console_interrupted(sh->app->console);
}

static int unknown_command(struct shell *sh, const char *name)
{
    struct nearest nearest = nearest_to(name);

    for (const struct shell_cmd *const *cmd = shell_commands; *cmd; cmd++) {
        nearest_offer(&nearest, (*cmd)->name);
    }
    if (nearest.best) {
        return shell_fail(sh, "shell", -ENOENT,
                          "no command called '%s'; did you mean '%s'? ('help' lists all)", name,
                          nearest.best);
    }
    return shell_fail(sh, "shell", -ENOENT, "no command called '%s' ('help' lists all)", name);
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

static int run_words(struct shell *sh, int argc, char **argv)
{
    const struct shell_cmd *cmd = shell_find_command(argv[0]);
    unsigned count = (unsigned)argc - 1;

    if (!cmd) {
        return unknown_command(sh, argv[0]);
    }
    if (count < cmd->min_args || count > cmd->max_args) {
        return wrong_count(sh, cmd, count);
    }
    int err = cmd->run(sh, argc, argv);
    if (err && err != -EINTR && !sh->explained) {
        out_printf(sh->out, "%s: %s\n", cmd->name, errno_text(err));
    }
    return err;
}

static int run_command(struct shell *sh, const char *text, size_t len)
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
    } while (byte >= 0 && byte != CTRL_C);
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
            err = run_command(sh, text, len);
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

void shell_init(struct shell *sh, struct appliance *app, struct out *out)
{
    memset(sh, 0, sizeof(*sh));
    sh->app = app;
    sh->out = out;
}

int shell_run_line(struct shell *sh, const char *line)
{
    return run_all(sh, line, false);
}

void shell_run_script(struct shell *sh, const char *script)
{
    if (script) {
        run_all(sh, script, true);
    }
}

void shell_interact(struct shell *sh)
{
    static struct line line; /* its history is too large for a stack */
    const struct machine *machine = sh->app->machine;

    line_init(&line, sh->out, SHELL_PROMPT, shell_complete_line, sh);
    sh->interactive = true;
    line_start(&line);
    for (;;) {
        int byte = console_getc(sh->app->console);

        if (byte >= 0) {
            if (line_input(&line, (uint8_t)byte) == LINE_DONE) {
                shell_run_line(sh, line.text);
                line_start(&line);
            }
        } else if (machine->relax) {
            machine->relax(machine->ctx);
        } else {
            return;
        }
    }
}
