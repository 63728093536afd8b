/*
 * apps/shell/options.c - options of a command, parsed and explained from one table.
 */
#include "apps/shell/options.h"

#include "apps/shell/nearest.h"
#include "apps/shell/shell.h"
#include "lib/errno.h"
#include "lib/string.h"

#define HELP_COLUMN 30

struct parsing {
    struct shell *sh;
    const struct shell_cmd *cmd;
    int argc;
    char **argv;
    struct shell_value *values;
};

/* "-x" and "--x"; "-" alone and "-1" are arguments. */
static bool is_option(const char *arg)
{
    return arg[0] == '-' && arg[1] != '\0' && !(arg[1] >= '0' && arg[1] <= '9');
}

/* The option that arg names; *inline_value is what follows its name in the same word, or NULL. */
static const struct shell_option *find(const struct shell_cmd *cmd, const char *arg,
                                       const char **inline_value)
{
    bool is_long = arg[1] == '-';
    const char *equals = strchr(arg, '=');
    size_t name_len = is_long ? (equals ? (size_t)(equals - arg) : strlen(arg)) - 2 : 1;

    for (const struct shell_option *o = cmd->options; o->name; o++) {
        if (is_long && strlen(o->name) == name_len && strncmp(arg + 2, o->name, name_len) == 0) {
            *inline_value = equals ? equals + 1 : NULL;
            return o;
        }
        if (!is_long && o->letter == arg[1]) {
            *inline_value = arg[2] == '\0' ? NULL : arg[2] == '=' ? arg + 3 : arg + 2;
            return o;
        }
    }
    return NULL;
}

static int unknown(const struct parsing *p, const char *arg)
{
    const char *typed = arg;
    char name[64];

    while (*typed == '-') {
        typed++;
    }
    str_copy(name, sizeof(name), typed);
    char *equals = strchr(name, '=');
    if (equals) {
        *equals = '\0';
    }
    struct nearest nearest = nearest_to(name);
    for (const struct shell_option *o = p->cmd->options; o->name; o++) {
        nearest_offer(&nearest, o->name);
    }
    if (nearest.best && arg[1] == '-') {
        return shell_fail(p->sh, p->cmd->name, -EINVAL, "no option '%s'; did you mean '--%s'?", arg,
                          nearest.best);
    }
    int err = shell_fail(p->sh, p->cmd->name, -EINVAL, "no option '%s'; there are:", arg);
    shell_options_print(p->sh->out, p->cmd);
    return err;
}

static int set_value(const struct parsing *p, const struct shell_option *o, const char *text)
{
    struct shell_value *value = &p->values[o - p->cmd->options];
    char what[48];

    if (value->given) {
        return shell_fail(p->sh, p->cmd->name, -EINVAL, "--%s is given twice", o->name);
    }
    value->given = true;
    value->text = text;
    if (o->type != SHELL_NUMBER) {
        return 0;
    }
    str_format(what, sizeof(what), "--%s", o->name);
    return shell_parse_u64(p->sh, p->cmd->name, what, text, o->max ? o->max : UINT64_MAX,
                           &value->number);
}

/* The option in argv[*i]; *i is its last word afterwards. */
static int take(const struct parsing *p, int *i)
{
    const char *arg = p->argv[*i], *text = NULL;
    const struct shell_option *o = find(p->cmd, arg, &text);

    if (!o) {
        return unknown(p, arg);
    }
    if (o->type == SHELL_FLAG) {
        if (text) {
            return shell_fail(p->sh, p->cmd->name, -EINVAL, "--%s takes no value: '%s'", o->name,
                              arg);
        }
        return set_value(p, o, "");
    }
    if (!text && *i + 1 < p->argc) {
        text = p->argv[++*i];
    }
    if (!text || text[0] == '\0') {
        return shell_fail(p->sh, p->cmd->name, -EINVAL, "--%s needs a value: %s", o->name, o->help);
    }
    return set_value(p, o, text);
}

int shell_options_parse(struct shell *sh, const struct shell_cmd *cmd, int *argc, char **argv,
                        struct shell_value *values)
{
    const struct parsing p = {
        .sh = sh, .cmd = cmd, .argc = *argc, .argv = argv, .values = values,
    };
    bool ended = false;
    int kept = 1;

    memset(values, 0, SHELL_MAX_OPTIONS * sizeof(*values));
    for (int i = 1; i < *argc; i++) {
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (!ended && is_option(argv[i])) {
            int err = take(&p, &i);
            if (err) {
                return err;
            }
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    argv[kept] = NULL;
    return 0;
}

void shell_options_print(struct out *out, const struct shell_cmd *cmd)
{
    static const char *const values[] = {
        [SHELL_FLAG] = "", [SHELL_NUMBER] = "=NUM", [SHELL_TEXT] = "=TEXT",
    };

    for (const struct shell_option *o = cmd->options; o && o->name; o++) {
        char names[48];
        size_t len = o->letter ? str_format(names, sizeof(names), "-%c, ", o->letter)
                               : str_format(names, sizeof(names), "    ");

        str_format(names + len, sizeof(names) - len, "--%s%s", o->name, values[o->type]);
        out_printf(out, "  %-*s %s\n", HELP_COLUMN, names, o->help);
    }
}
