/*
 * apps/shell/cmd_cd.c - cd and pwd: the place that relative paths begin at.
 */
#include "apps/commands.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Makes an absolute path of what was typed. The name of a disk alone means its root. */
static int resolve_place(struct shell *sh, const char *typed, char *path, size_t cap)
{
    char root[BLOCK_NAME_BYTES + 2];
    struct block_dev *dev = block_find(sh->app->blocks, typed);

    if (dev) {
        str_format(root, sizeof(root), "%s:", block_info(dev)->name);
        typed = root;
    }
    return fs_resolve(sh->cwd, typed, path, cap);
}

static int run_cd(struct shell *sh, int argc, char **argv)
{
    struct fs_entry entry;
    char path[FS_PATH_BYTES];

    if (argc == 1) {
        sh->cwd[0] = '\0';
        return 0;
    }
    int err = resolve_place(sh, argv[1], path, sizeof(path));
    if (err == -EINVAL) {
        return shell_fail(sh, argv[0], err,
                          "'%s' is relative, and no place is chosen; say DISK:/DIR", argv[1]);
    }
    if (!err) {
        err = fs_stat(sh->app->fs, path, &entry);
    }
    if (!err && !entry.is_dir) {
        err = -ENOTDIR;
    }
    char *colon = err == -ENODEV ? strchr(path, ':') : NULL;
    if (colon) {
        struct block_dev *dev;

        *colon = '\0';
        int why = shell_find_disk(sh, argv[0], path, &dev);
        return why ? why : err;
    }
    if (err == -ENOTDIR) {
        return shell_fail(sh, argv[0], err, "%s is not a directory", path);
    }
    if (err) {
        return shell_fail(sh, argv[0], err, "%s: %s", argv[1], errno_text(err));
    }
    str_copy(sh->cwd, sizeof(sh->cwd), path);
    return 0;
}

static int run_pwd(struct shell *sh, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (sh->cwd[0] == '\0') {
        out_puts(sh->out, "no place is chosen; 'cd DISK:/DIR' chooses one\n");
    } else {
        out_printf(sh->out, "%s\n", sh->cwd);
    }
    return 0;
}

const struct shell_cmd cmd_cd = {
    .name = "cd",
    .usage = "cd [DISK:[/DIR] | DIR]",
    .summary = "choose the place that relative paths begin at",
    .details = "DIR may be .. and may begin with / for the root of the same disk. Without an\n"
               "argument no place is chosen any more.\n",
    .example = "cd nvme0n1p1:/",
    .complete = COMPLETE_PATH,
    .max_args = 1,
    .run = run_cd,
};

const struct shell_cmd cmd_pwd = {
    .name = "pwd",
    .usage = "pwd",
    .summary = "show the place that relative paths begin at",
    .example = "pwd",
    .max_args = 0,
    .run = run_pwd,
};
