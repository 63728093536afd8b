/*
 * apps/nvme/target.c - what the commands below `nvme` share: whom a person means, what a controller
 * offers, and why it said no.
 */
#include "apps/nvme/logs.h"
#include "lib/errno.h"
#include "lib/string.h"

static struct nvme_ns *ns_with_id(struct nvme_ctrlr *ctrlr, uint32_t nsid)
{
    for (unsigned i = 0; i < nvme_ns_count(ctrlr); i++) {
        if (nvme_ns_at(ctrlr, i)->nsid == nsid) {
            return nvme_ns_at(ctrlr, i);
        }
    }
    return NULL;
}

int nvme_find_target(struct shell *sh, const char *command, const char *name,
                     const struct shell_value *nsid, struct nvme_target *out)
{
    bool has_nsid = nsid && nsid->given;
    int err = shell_find_ctrlr(sh, command, name, &out->ctrlr);

    if (err) {
        return err;
    }
    out->ns = NULL;
    out->nsid = has_nsid ? (uint32_t)nsid->number : NVME_NSID_ALL;
    out->name = str_starts_with(name, "/dev/") ? name + 5 : name;
    if (strcmp(out->name, nvme_name(out->ctrlr)) == 0) {
        out->ns = has_nsid ? ns_with_id(out->ctrlr, out->nsid) : NULL;
        return 0;
    }
    err = shell_find_ns(sh, command, name, &out->ns);
    if (err) {
        return err;
    }
    if (has_nsid && out->nsid != out->ns->nsid) {
        return shell_fail(sh, command, -EINVAL, "%s is namespace %u, but --namespace-id says %u",
                          out->name, (unsigned)out->ns->nsid, (unsigned)out->nsid);
    }
    out->nsid = out->ns->nsid;
    return 0;
}

/* Whether the LBA of an entry means anything: errors of media, and of ranges. */
static bool is_about_blocks(uint16_t status)
{
    return FIELD_GET(NVME_STATUS_SCT, status) == NVME_SCT_MEDIA ||
           FIELD_GET(NVME_STATUS_CODE, status) == NVME_SC_LBA_OUT_OF_RANGE;
}

/* What the drive's error log adds to a status, when it has an entry for the command. */
static void show_error_entry(struct shell *sh, struct nvme_ctrlr *ctrlr,
                             const struct nvme_result *res)
{
    struct nvme_error_entry e;
    char where[64];

    if (nvme_failed(ctrlr) || nvme_log_find_error(ctrlr, res, &e) != 0) {
        return;
    }
    nvme_error_location(&e, where, sizeof(where));
    out_printf(sh->out, "  Error %llu of its error log", (unsigned long long)e.error_count);
    if (where[0]) {
        out_printf(sh->out, "; the parameter is %s", where);
    }
    if (is_about_blocks(res->status)) {
        out_printf(sh->out, "; the first block is %llu", (unsigned long long)e.lba);
    }
    if (e.nsid) {
        out_printf(sh->out, "; namespace %#x", (unsigned)e.nsid);
    }
    if (e.vs) {
        out_printf(sh->out, "; the vendor's log page %02Xh tells more", e.vs);
    }
    out_puts(sh->out, ".\n");
}

int nvme_explain(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr, const char *what,
                 int err, const struct nvme_result *res)
{
    char status[96];

    if (!res || !res->status) {
        return shell_fail(sh, command, err, "%s: %s failed: %s", nvme_name(ctrlr), what,
                          errno_text(err));
    }
    nvme_status_format(res->status, status, sizeof(status));
    shell_fail(sh, command, err, "%s refused %s: %s", nvme_name(ctrlr), what, status);
    out_printf(sh->out, "  %s\n", nvme_status_meaning(res->status));
    show_error_entry(sh, ctrlr, res);
    return err;
}

int nvme_require(struct shell *sh, const char *command, const struct nvme_ctrlr *ctrlr,
                 enum nvme_ability ability)
{
    if (nvme_can(ctrlr, ability)) {
        return 0;
    }
    return shell_fail(sh, command, -ENOTSUP, "%s does not offer %s: %s of Identify Controller is 0",
                      nvme_name(ctrlr), nvme_ability_name(ability), nvme_ability_field(ability));
}
