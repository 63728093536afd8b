/*
 * apps/files/cmd_ls.c - `ls`: what is in a directory, and below it.
 */
#include "apps/commands.h"
#include "apps/files/files.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define MAX_DEPTH 16

/* A directory still to be listed. */
struct pending {
    struct pending *next;
    unsigned depth;
    char path[];
};

struct listing {
    struct shell *sh;
    const struct pending *dir;
    struct pending **tail; /* where the next subdirectory goes: before what waits already */
    bool recursive;
    bool too_deep;
};

static void print_entry(struct out *out, const struct fs_entry *entry)
{
    const struct fs_time *t = &entry->modified;

    if (entry->is_dir) {
        out_printf(out, "%12s", "-");
    } else {
        out_printf(out, "%12llu", (unsigned long long)entry->size_bytes);
    }
    if (t->year != 0) {
        out_printf(out, "  %04u-%02u-%02u %02u:%02u", t->year, t->month, t->day, t->hour,
                   t->minute);
    } else {
        out_printf(out, "  %16s", "-");
    }
    out_printf(out, "  %s%s\n", entry->name, entry->is_dir ? "/" : "");
}

static struct pending *make_pending(const char *dir, const char *name, unsigned depth)
{
    size_t cap = strlen(dir) + strlen(name) + 2;
    struct pending *pending = heap_alloc(1, sizeof(*pending) + cap);

    if (pending) {
        size_t len = strlen(dir);
        bool slash = len > 0 && dir[len - 1] != '/' && name[0] != '\0';

        str_format(pending->path, cap, "%s%s%s", dir, slash ? "/" : "", name);
        pending->depth = depth;
    }
    return pending;
}

static int list_entry(void *arg, const struct fs_entry *entry)
{
    struct listing *listing = arg;

    if (shell_interrupted(listing->sh)) {
        return -EINTR;
    }
    print_entry(listing->sh->out, entry);
    if (!listing->recursive || !entry->is_dir) {
        return 0;
    }
    if (listing->dir->depth >= MAX_DEPTH) {
        listing->too_deep = true;
        return 0;
    }
    struct pending *sub = make_pending(listing->dir->path, entry->name, listing->dir->depth + 1);
    if (!sub) {
        return -ENOMEM;
    }
    sub->next = *listing->tail;
    *listing->tail = sub;
    listing->tail = &sub->next;
    return 0;
}

/* Lists dirs, one after the other, and with recursive the directories found in them. A damaged one
 * is said and does not keep the others from being listed. */
static int list_all(struct shell *sh, const char *command, struct pending **dirs, bool recursive)
{
    bool first = true;
    int result = 0;

    while (*dirs && result != -EINTR) {
        struct pending *dir = *dirs;
        struct listing listing = {
            .sh = sh, .dir = dir, .tail = dirs, .recursive = recursive
        };

        *dirs = dir->next;
        if (recursive) {
            out_printf(sh->out, "%s%s:\n", first ? "" : "\n", dir->path);
        }
        int err = fs_list(sh->app->fs, dir->path, list_entry, &listing);
        if (err) {
            err = files_explain(sh, command, dir->path, err);
        }
        if (listing.too_deep) {
            out_printf(sh->out, "(directories below this depth of %d are not listed)\n",
                       MAX_DEPTH);
        }
        result = result && err != -EINTR ? result : err;
        first = false;
        heap_free(dir);
    }
    return result;
}

static int ls_run(struct shell *sh, int argc, char **argv)
{
    static const char *const valid[] = { "-R", NULL };
    char path[FS_PATH_BYTES];
    struct fs_entry entry;
    bool recursive = false;
    int kept = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-R") == 0) {
            recursive = true;
        } else {
            argv[kept++] = argv[i];
        }
    }
    int err = shell_reject_options(sh, kept, argv, valid);
    if (!err && kept > 2) {
        err = shell_fail(sh, argv[0], -EINVAL, "takes one PATH; put one with blanks in quotes");
    }
    if (!err) {
        err = files_resolve(sh, argv[0], kept > 1 ? argv[1] : "", path);
    }
    if (err) {
        return err;
    }
    err = fs_stat(sh->app->fs, path, &entry);
    if (err) {
        return files_explain(sh, argv[0], path, err);
    }
    if (!entry.is_dir) {
        print_entry(sh->out, &entry);
        return 0;
    }
    struct pending *dirs = make_pending(path, "", 1);
    if (!dirs) {
        return -ENOMEM;
    }
    err = list_all(sh, argv[0], &dirs, recursive);
    while (dirs) {
        struct pending *next = dirs->next;

        heap_free(dirs);
        dirs = next;
    }
    return err;
}

const struct shell_cmd cmd_ls = {
    .name = "ls",
    .usage = "ls [-R] [PATH]",
    .summary = "list a directory: size in bytes, date, name",
    .details = "PATH is DISK:/DIR, or relative to the place chosen with `cd`. Directories end in\n"
               "\"/\". With -R the directories below are listed too, at most 16 deep.\n",
    .example = "ls nvme0n1:/",
    .complete = COMPLETE_PATH,
    .max_args = 3,
    .run = ls_run,
};
