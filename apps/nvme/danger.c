/*
 * apps/nvme/danger.c - before something is destroyed: what it is, and whether it is allowed.
 */
#include "apps/files/files.h"
#include "apps/nvme/commands.h"
#include "drivers/nvme/nvme_gate.h"
#include "drivers/nvme/nvme_log.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Is it enough that the namespace is armed? */
static bool of_ns(const struct nvme_danger *d)
{
    return d->ns && !d->needs_ctrlr;
}

static bool is_armed(const struct nvme_danger *d)
{
    return of_ns(d) ? d->ns->armed : nvme_ctrlr_armed(d->ctrlr);
}

/* "nvme0n1", or "nvme0" when the whole controller is meant: what `arm` would be given. */
static void format_reach(const struct nvme_danger *d, char *buf, size_t cap)
{
    if (of_ns(d)) {
        str_format(buf, cap, "%sn%u", nvme_name(d->ctrlr), (unsigned)d->ns->nsid);
    } else {
        str_copy(buf, cap, nvme_name(d->ctrlr));
    }
}

static void show_reach(struct shell *sh, const struct nvme_danger *d, const char *reach)
{
    const struct nvme_info *info = nvme_info(d->ctrlr);
    unsigned count = nvme_ns_count(d->ctrlr);

    if (d->spares_data) {
        out_printf(sh->out, "%s, %s, serial %s, firmware %s\n", reach, info->model, info->serial,
                   info->firmware);
        return;
    }
    if (d->ns) {
        out_printf(sh->out, "%sn%u of %s, serial %s:\n", nvme_name(d->ctrlr),
                   (unsigned)d->ns->nsid, info->model, info->serial);
        lsblk_print_nvme(sh->out, sh->app->blocks, d->ctrlr, d->ns);
        return;
    }
    if (count == 1) {
        out_printf(sh->out, "%s, %s, serial %s, with its only namespace", reach, info->model,
                   info->serial);
    } else {
        out_printf(sh->out, "%s, %s, serial %s, with ALL %u namespaces", reach, info->model,
                   info->serial, count);
    }
    out_printf(sh->out, "%s%s:\n", d->why_all ? ", as it says in " : "",
               d->why_all ? d->why_all : "");
    lsblk_print_nvme(sh->out, sh->app->blocks, d->ctrlr, NULL);
}

/* What the drive says against being changed; it is said, not decided, here. */
static void show_objections(struct shell *sh, const struct nvme_danger *d)
{
    struct nvme_smart_log smart;

    for (unsigned i = 0; i < nvme_ns_count(d->ctrlr); i++) {
        const struct nvme_ns *ns = nvme_ns_at(d->ctrlr, i);

        if ((!d->ns || d->ns == ns) && (ns->id.nsattr & NVME_NSATTR_WRITE_PROTECTED)) {
            out_printf(sh->out, "%sn%u is write protected (NSATTR bit 0): the drive will refuse.\n",
                       nvme_name(d->ctrlr), (unsigned)ns->nsid);
        }
    }
    if (!d->spares_data && nvme_log_smart(d->ctrlr, NVME_NSID_ALL, &smart, NULL) == 0 &&
        smart.critical_warning & NVME_SMART_WARN_READ_ONLY) {
        out_printf(sh->out, "%s says that its media can only be read (SMART critical warning bit "
                   "3): it may refuse, or not erase what it says it has.\n", nvme_name(d->ctrlr));
    }
}

static void show_act(struct shell *sh, const struct nvme_danger *d)
{
    out_printf(sh->out, "%s: %s.\n", d->act, d->effect);
    if (d->caution) {
        out_printf(sh->out, "%s\n", d->caution);
    }
    if (d->estimate_s) {
        out_printf(sh->out, "The drive says that this takes about %llu s.\n",
                   (unsigned long long)d->estimate_s);
    }
}

/* Arms what --serial names until the command has ended. */
static int arm_for_command(struct shell *sh, const char *command, const struct nvme_danger *d,
                           const char *reach)
{
    const char *serial = d->serial->text;
    int err = of_ns(d) ? nvme_ns_arm(d->ns, serial) : nvme_ctrlr_arm(d->ctrlr, serial);

    if (err) {
        return shell_fail(sh, command, -EROFS,
                          "--serial='%s' is not the serial number of %s; nothing was done", serial,
                          reach);
    }
    if (of_ns(d)) {
        sh->armed_ns_for_command = d->ns;
    } else {
        sh->armed_for_command = d->ctrlr;
    }
    return 0;
}

int nvme_danger_announce(struct shell *sh, const char *command, const struct nvme_danger *danger)
{
    bool has_serial = danger->serial && danger->serial->given;
    bool armed = is_armed(danger);
    char reach[32];

    format_reach(danger, reach, sizeof(reach));
    show_reach(sh, danger, reach);
    show_objections(sh, danger);
    show_act(sh, danger);
    if (has_serial && armed) {
        return strcmp(danger->serial->text, nvme_info(danger->ctrlr)->serial) == 0
                   ? 0
                   : shell_fail(sh, command, -EROFS,
                                "--serial='%s' is not the serial number of %s; nothing was done",
                                danger->serial->text, reach);
    }
    if (has_serial) {
        return arm_for_command(sh, command, danger, reach);
    }
    if (sh->unattended) {
        return shell_fail(sh, command, -EROFS,
                          "nobody is watching: a script has to say --serial=SERIAL of %s in the "
                          "command; nothing was done", reach);
    }
    if (!armed) {
        return shell_fail(sh, command, -EROFS,
                          "%s is not armed, so nothing was done; `arm %s SERIAL` or "
                          "--serial=SERIAL allows it (`list` shows the serial number)",
                          reach, reach);
    }
    return 0;
}
