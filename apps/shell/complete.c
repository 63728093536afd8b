/*
 * apps/shell/complete.c - what Tab offers.
 *
 * The word before the cursor has two parts: one that stays ("filename=nvme0n1p1:/dir/") and one
 * that names are compared with. Both are without quotes; quotes are put back at the end.
 */
#include "apps/shell/complete.h"

#include "apps/shell/shell.h"
#include "apps/shell/token.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/utf8.h"

struct search {
    struct shell *sh;
    struct line_completion *out;
    const char *kept;    /* the part of the word that stays, kept_len bytes */
    size_t kept_len;
    const char *partial; /* the part to complete */
    bool fold_case;      /* FAT names are compared so */
    char suffix;         /* of the matches added now: ':' or 0; directories get '/' */
    char common[LINE_BYTES]; /* what all matches so far begin with, suffix included */
};

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_letter(const struct search *s, char a, char b)
{
    return a == b || (s->fold_case && fold(a) == fold(b));
}

static bool begins_with_partial(const struct search *s, const char *name)
{
    for (const char *p = s->partial; *p != '\0'; p++, name++) {
        if (!same_letter(s, *name, *p)) {
            return false;
        }
    }
    return true;
}

/* Shortens common to what name begins with too, at the start of a code point. */
static void keep_common(struct search *s, const char *name)
{
    size_t len = 0;

    while (s->common[len] != '\0' && same_letter(s, s->common[len], name[len])) {
        len++;
    }
    while (len > 0 && utf8_is_continuation((uint8_t)s->common[len])) {
        len--;
    }
    s->common[len] = '\0';
}

static void offer(struct search *s, const char *name, char suffix)
{
    struct line_completion *out = s->out;
    char whole[FS_NAME_BYTES + 2];

    if (!begins_with_partial(s, name)) {
        return;
    }
    str_format(whole, sizeof(whole), "%s%.1s", name, &suffix);
    if (out->count == 0) {
        str_copy(s->common, sizeof(s->common), whole);
    } else {
        keep_common(s, whole);
    }
    out->count++;
    size_t size = strlen(whole) + 1;
    if (size > sizeof(out->matches) - out->matches_len) {
        out->more = true;
        return;
    }
    memcpy(out->matches + out->matches_len, whole, size);
    out->matches_len += size;
}

static void offer_commands(struct search *s)
{
    for (const struct shell_cmd *const *cmd = shell_commands; *cmd; cmd++) {
        offer(s, (*cmd)->name, '\0');
    }
}

static void offer_ctrlrs(struct search *s)
{
    for (unsigned i = 0; i < s->sh->app->ctrlr_count; i++) {
        offer(s, s->sh->app->ctrlrs[i].name, '\0');
    }
}

static void offer_disks(struct search *s, char suffix)
{
    struct block_dev *dev;

    for (unsigned i = 0; (dev = block_at(s->sh->app->blocks, i)) != NULL; i++) {
        offer(s, block_info(dev)->name, suffix);
    }
}

/* Moves the border between what stays and what is completed. */
static void keep(struct search *s, size_t len)
{
    s->kept_len += len;
    s->partial += len;
}

static int offer_entry(void *arg, const struct fs_entry *entry)
{
    struct search *s = arg;

    if (!entry->hidden && !entry->system) {
        offer(s, entry->name, entry->is_dir ? '/' : '\0');
    }
    return 0;
}

static void offer_files(struct search *s)
{
    char typed[LINE_BYTES];
    char path[FS_PATH_BYTES];
    const char *slash = strrchr(s->partial, '/');
    const char *last = slash ? slash : strchr(s->partial, ':');
    size_t len = last ? (size_t)(last - s->partial) + 1 : 0;

    if (!last) {
        s->fold_case = false;
        offer_disks(s, ':');
    }
    str_format(typed, sizeof(typed), "%.*s", (int)len, s->partial);
    keep(s, len);
    s->fold_case = true;
    if (s->sh->app->fs && fs_resolve(s->sh->cwd, len > 0 ? typed : ".", path, sizeof(path)) == 0) {
        /* A directory that cannot be read has no names to offer, and the command will say why. */
        int err = fs_list(s->sh->app->fs, path, offer_entry, s);
        (void)err;
    }
}

static void offer_subcommands(struct search *s, const struct shell_cmd *cmd, int index)
{
    if (index == 1) {
        for (const char *const *name = cmd->subcommands; name && *name; name++) {
            offer(s, *name, '\0');
        }
        for (const struct shell_cmd *const *sub = cmd->subs; sub && *sub; sub++) {
            offer(s, (*sub)->name, '\0');
        }
    } else {
        offer_ctrlrs(s);
        offer_disks(s, '\0');
    }
}

static void offer_options(struct search *s, const struct shell_cmd *cmd)
{
    char name[64];

    for (const struct shell_option *o = cmd->options; o->name; o++) {
        str_format(name, sizeof(name), "--%s", o->name);
        offer(s, name, o->type == SHELL_FLAG ? '\0' : '=');
    }
}

/* Offers what fits as word number index of a command. */
static void offer_for(struct search *s, const struct shell_cmd *cmd, int index)
{
    const char *equals = strchr(s->partial, '=');

    if (cmd->options && s->partial[0] == '-' && !equals) {
        offer_options(s, cmd);
        return;
    }
    if (equals) {
        keep(s, (size_t)(equals - s->partial) + 1);
    }
    if (str_starts_with(s->partial, "/dev/")) {
        keep(s, 5);
    }
    switch (cmd->complete) {
    case COMPLETE_COMMAND:
        offer_commands(s);
        break;
    case COMPLETE_CTRLR:
        offer_ctrlrs(s);
        break;
    case COMPLETE_DISK:
        offer_disks(s, '\0');
        break;
    case COMPLETE_PATH:
        offer_files(s);
        break;
    case COMPLETE_SUBCOMMAND:
        offer_subcommands(s, cmd, index);
        break;
    default:
        break;
    }
}

static bool needs_quotes(const char *text)
{
    if (text[0] == '#') {
        return true;
    }
    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == ';' || *text == '\'' || *text == '"') {
            return true;
        }
    }
    return false;
}

/* Writes a word so that it can be split again: in double quotes, left open while it may go on. */
static bool write_word(char *out, size_t cap, const char *value, bool quoted, bool finished)
{
    size_t len = 0;

    if (quoted) {
        out[len++] = '"';
    }
    for (; *value != '\0' && len + 4 < cap; value++) {
        if (quoted && (*value == '"' || *value == '\\')) {
            out[len++] = '\\';
        }
        out[len++] = *value;
    }
    if (quoted && finished) {
        out[len++] = '"';
    }
    if (finished) {
        out[len++] = ' ';
    }
    out[len] = '\0';
    return *value == '\0';
}

/* Makes the replacement of the raw word from all that was found. */
static void finish(struct search *s, const char *raw, size_t raw_len)
{
    struct line_completion *out = s->out;
    char value[LINE_BYTES];
    size_t len = strlen(s->common);

    if (out->count == 0) {
        return;
    }
    size_t whole = str_format(value, sizeof(value), "%.*s%s", (int)s->kept_len, s->kept, s->common);
    char last = len > 0 ? s->common[len - 1] : '\0';
    bool finished = out->count == 1 && last != ':' && last != '/' && last != '=';
    bool adds = len > strlen(s->partial) || finished;
    bool quoted = needs_quotes(value) || memchr(raw, '"', raw_len) || memchr(raw, '\'', raw_len);

    if (!adds && strcmp(s->common, s->partial) == 0) {
        memcpy(out->text, raw, raw_len); /* as it was typed */
        out->text[raw_len] = '\0';
    } else if (whole >= sizeof(value) ||
               !write_word(out->text, sizeof(out->text), value, quoted, finished)) {
        out->count = 0;
    }
}

void shell_complete_line(void *ctx, const char *text, size_t cursor, struct line_completion *out)
{
    struct token_words words;
    struct search s = { .sh = ctx, .out = out };
    char before[LINE_BYTES];
    const char *command = before;
    size_t len;

    memcpy(before, text, cursor);
    before[cursor] = '\0';
    while (command[len = token_command_len(command)] != '\0') {
        command += len + 1;
    }
    while (*command == ' ') {
        command++;
        len--;
    }
    int err = token_split(command, len, &words);
    if ((err && err != -EINVAL) || words.in_comment) {
        return;
    }
    int index = words.in_word ? words.argc - 1 : words.argc;
    size_t start = words.in_word ? words.start[index] : len;
    out->from = (size_t)(command - before) + start;
    s.kept = words.in_word ? words.argv[index] : "";
    s.partial = s.kept;
    if (index == 0) {
        offer_commands(&s);
    } else {
        const struct shell_cmd *cmd = shell_find_command(words.argv[0]);

        if (cmd && cmd->subs && index > 1) {
            cmd = shell_find_in(cmd->subs, words.argv[1]);
            index--;
        }
        if (cmd) {
            offer_for(&s, cmd, index);
        }
    }
    finish(&s, command + start, len - start);
}
