/*
 * apps/nvme/target.c - what the commands below `nvme` share: whom a person means, what a controller
 * offers, and why it said no.
 */
#include "apps/nvme/commands.h"
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

int nvme_explain(struct shell *sh, const char *command, const struct nvme_ctrlr *ctrlr,
                 const char *what, int err, const struct nvme_result *res)
{
    char status[96];

    if (res && res->status) {
        nvme_status_format(res->status, status, sizeof(status));
        return shell_fail(sh, command, err, "%s refused %s: %s", nvme_name(ctrlr), what, status);
    }
    return shell_fail(sh, command, err, "%s: %s failed: %s", nvme_name(ctrlr), what,
                      errno_text(err));
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
