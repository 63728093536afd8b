/*
 * apps/shell/args.c - what commands do with their arguments: options, numbers, names of devices.
 */
#include "apps/shell/nearest.h"
#include "apps/shell/shell.h"
#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/string.h"

#define LIST_AT_MOST 12 /* more names than this are not listed in an error */
#define LIST_BYTES 512

/* The value of "--name=value", "name=value" or "--name", or NULL when arg is something else. */
static const char *option_value(const char *arg, const char *name)
{
    bool dashes = str_starts_with(arg, "--");
    const char *rest = dashes ? arg + 2 : arg;

    if (!str_starts_with(rest, name)) {
        return NULL;
    }
    rest += strlen(name);
    if (*rest == '=') {
        return rest + 1;
    }
    return dashes && *rest == '\0' ? rest : NULL;
}

void shell_take_option(int *argc, char **argv, const char *name, const char **value)
{
    int kept = 1;

    *value = NULL;
    for (int i = 1; i < *argc; i++) {
        const char *found = option_value(argv[i], name);

        if (found) {
            *value = found; /* of several, the last one counts */
        } else {
            argv[kept++] = argv[i];
        }
    }
    if (*argc > 0) {
        *argc = kept;
        argv[kept] = NULL;
    }
}

/* "-x" and "--x", but not "-1", which is a number that somebody else will refuse. */
static bool looks_like_option(const char *arg)
{
    return arg[0] == '-' && arg[1] != '\0' && !(arg[1] >= '0' && arg[1] <= '9');
}

int shell_reject_options(struct shell *sh, int argc, char **argv, const char *const *valid)
{
    for (int i = 1; i < argc; i++) {
        char names[LIST_BYTES] = "";

        if (!looks_like_option(argv[i])) {
            continue;
        }
        for (const char *const *name = valid; name && *name; name++) {
            str_append(names, sizeof(names), name == valid ? "" : ", ");
            str_append(names, sizeof(names), *name);
        }
        if (names[0] == '\0') {
            return shell_fail(sh, argv[0], -EINVAL, "no option '%s'; there are none", argv[i]);
        }
        return shell_fail(sh, argv[0], -EINVAL, "no option '%s'; valid: %s", argv[i], names);
    }
    return 0;
}

/* A name that is not there: which one is near, and all there are when they are few. */
struct name_error {
    struct nearest nearest;
    unsigned count;
    char list[LIST_BYTES];
};

static void name_error_offer(struct name_error *e, const char *name)
{
    nearest_offer(&e->nearest, name);
    if (e->count < LIST_AT_MOST) {
        str_append(e->list, sizeof(e->list), e->count == 0 ? "" : ", ");
        str_append(e->list, sizeof(e->list), name);
    }
    e->count++;
}

/* kind: "disk", in the singular. */
static int name_error_report(struct shell *sh, const char *command, const char *kind,
                             const char *typed, const struct name_error *e)
{
    char hint[64] = "";
    char all[LIST_BYTES + 32] = "";

    if (e->count == 0) {
        return shell_fail(sh, command, -ENODEV, "no %s called '%s': there is none at all", kind,
                          typed);
    }
    if (e->nearest.best) {
        str_format(hint, sizeof(hint), "; did you mean '%s'?", e->nearest.best);
    }
    if (e->count <= LIST_AT_MOST) {
        str_format(all, sizeof(all), " (%ss: %s)", kind, e->list);
    }
    return shell_fail(sh, command, -ENODEV, "no %s called '%s'%s%s", kind, typed, hint, all);
}

static const char *without_dev(const char *name)
{
    return str_starts_with(name, "/dev/") ? name + 5 : name;
}

int shell_find_disk(struct shell *sh, const char *command, const char *name,
                    struct block_dev **out)
{
    struct block_registry *blocks = sh->app->blocks;
    struct name_error e = { .nearest = nearest_to(without_dev(name)) };
    struct block_dev *dev = block_find(blocks, name);

    if (dev) {
        *out = dev;
        return 0;
    }
    for (unsigned i = 0; (dev = block_at(blocks, i)) != NULL; i++) {
        name_error_offer(&e, block_info(dev)->name);
    }
    return name_error_report(sh, command, "disk", name, &e);
}

int shell_find_ctrlr(struct shell *sh, const char *command, const char *name,
                     struct nvme_ctrlr **out)
{
    struct appliance *app = sh->app;
    struct name_error e = { .nearest = nearest_to(without_dev(name)) };
    struct appliance_ctrlr *ctrlr = appliance_find_ctrlr(app, name);

    if (!ctrlr) {
        for (unsigned i = 0; i < app->ctrlr_count; i++) {
            name_error_offer(&e, app->ctrlrs[i].name);
        }
        return name_error_report(sh, command, "controller", name, &e);
    }
    if (!ctrlr->nvme) {
        return shell_fail(sh, command, ctrlr->err, "%s did not come up: %s ('dmesg' tells more)",
                          ctrlr->name, errno_text(ctrlr->err));
    }
    *out = ctrlr->nvme;
    return 0;
}

/* The namespace of ctrlr that a name such as nvme0n1 or nvme0n1p2 means. It may be one that is not
 * usable as a disk. */
static struct nvme_ns *named_ns(struct nvme_ctrlr *ctrlr, const char *name)
{
    const char *digits = without_dev(name) + strlen(nvme_name(ctrlr));
    char number[16];
    uint64_t nsid;

    if (*digits != 'n' || !str_copy(number, sizeof(number), digits + 1)) {
        return NULL;
    }
    char *partition = strchr(number, 'p');
    if (partition) {
        *partition = '\0';
    }
    if (parse_u64_max(number, UINT32_MAX, &nsid)) {
        return NULL;
    }
    for (unsigned i = 0; i < nvme_ns_count(ctrlr); i++) {
        struct nvme_ns *ns = nvme_ns_at(ctrlr, i);

        if (ns->nsid == nsid) {
            return ns;
        }
    }
    return NULL;
}

int shell_find_ns(struct shell *sh, const char *command, const char *name, struct nvme_ns **out)
{
    struct block_dev *dev = block_find(sh->app->blocks, name);
    struct appliance_ctrlr *ctrlr = appliance_find_ctrlr(sh->app, name);

    *out = dev ? block_nvme_ns(dev) : NULL;
    if (!*out && ctrlr && ctrlr->nvme) {
        *out = named_ns(ctrlr->nvme, name);
    }
    if (*out) {
        return 0;
    }
    if (dev) {
        return shell_fail(sh, command, -ENODEV, "%s is not an NVMe namespace", name);
    }
    int err = shell_find_disk(sh, command, name, &dev);
    return err ? err : -ENODEV;
}

int shell_parse_u64(struct shell *sh, const char *command, const char *what, const char *text,
                    uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    int err = parse_size(text, &value);

    if (err == -EINVAL) {
        return shell_fail(sh, command, err,
                          "%s '%s' is not a number; 4096, 0x1000 and 4k are some",
                          what, text);
    }
    if (err || value > max) {
        return shell_fail(sh, command, -ERANGE, "%s %s is over the limit of %llu", what, text,
                          (unsigned long long)max);
    }
    *out = value;
    return 0;
}
