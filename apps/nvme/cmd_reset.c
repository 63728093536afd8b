/*
 * apps/nvme/cmd_reset.c - `nvme reset`, `subsystem-reset`, `shutdown`, `resume`: a controller goes
 * out of service and comes back, read-only, with the namespaces it has then.
 */
#include "apps/nvme/commands.h"
#include "lib/errno.h"
#include "lib/string.h"

/* After a controller has come back: its namespaces may be others. */
static int look_again(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr)
{
    int changes = appliance_rescan_namespaces(sh->app, ctrlr);

    if (changes < 0) {
        return shell_fail(sh, command, changes, "%s: its namespaces could not be looked at: %s",
                          nvme_name(ctrlr), errno_text(changes));
    }
    if (changes > 0) {
        out_printf(sh->out, "%s: %d namespace%s changed (`dmesg` tells which)\n", nvme_name(ctrlr),
                   changes, changes == 1 ? " has" : "s have");
    }
    return 0;
}

static int did_not_come_back(struct shell *sh, const char *command, const struct nvme_ctrlr *ctrlr,
                             int err)
{
    return shell_fail(sh, command, err, "%s did not come back: %s ('dmesg' tells more)",
                      nvme_name(ctrlr), errno_text(err));
}

static int reset_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (err) {
        return err;
    }
    err = nvme_recover(ctrlr);
    if (err == -EIO && nvme_is_shut_down(ctrlr)) {
        return shell_fail(sh, argv[0], err, "%s is shut down; `nvme resume %s` brings it back",
                          nvme_name(ctrlr), nvme_name(ctrlr));
    }
    if (err) {
        return did_not_come_back(sh, argv[0], ctrlr, err);
    }
    out_printf(sh->out, "%s was reset, and was ready after %llu ms\n", nvme_name(ctrlr),
               (unsigned long long)(nvme_info(ctrlr)->ready_ns / NS_PER_MS));
    return look_again(sh, argv[0], ctrlr);
}

static int shutdown_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (err) {
        return err;
    }
    bool was_down = nvme_is_shut_down(ctrlr);
    err = nvme_shutdown(ctrlr);
    if (err) {
        return shell_fail(sh, argv[0], err, "%s: no orderly shutdown: %s", nvme_name(ctrlr),
                          errno_text(err));
    }
    out_printf(sh->out, "%s %s; `nvme resume %s` brings it back\n", nvme_name(ctrlr),
               was_down ? "was shut down already" : "has stored what it had and is shut down",
               nvme_name(ctrlr));
    return 0;
}

static int resume_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (err) {
        return err;
    }
    if (!nvme_is_shut_down(ctrlr)) {
        return shell_fail(sh, argv[0], -EINVAL, "%s is not shut down", nvme_name(ctrlr));
    }
    err = nvme_resume(ctrlr);
    if (err) {
        return did_not_come_back(sh, argv[0], ctrlr, err);
    }
    out_printf(sh->out, "%s is in service again, read-only\n", nvme_name(ctrlr));
    return look_again(sh, argv[0], ctrlr);
}

/* --- the whole subsystem ---------------------------------------------------------------------- */

/* SUBNQN names the subsystem; one that is empty names nothing. */
static bool same_subsystem(const struct nvme_ctrlr *a, const struct nvme_ctrlr *b)
{
    const char *nqn = nvme_id_ctrl(a)->subnqn;
    size_t len = strnlen(nqn, sizeof(nvme_id_ctrl(a)->subnqn));

    return a == b || (len > 0 && memcmp(nqn, nvme_id_ctrl(b)->subnqn, len) == 0 &&
                      strnlen(nvme_id_ctrl(b)->subnqn, sizeof(nvme_id_ctrl(b)->subnqn)) == len);
}

/* The other controllers of the subsystem are shut down before and resumed after. Returns the first
 * error. */
static int for_siblings(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr, bool after)
{
    struct appliance *app = sh->app;
    int result = 0;

    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        struct nvme_ctrlr *other = app->ctrlrs[i].nvme;

        if (!other || other == ctrlr || !same_subsystem(ctrlr, other)) {
            continue;
        }
        int err;
        if (!after) {
            out_printf(sh->out, "%s belongs to the same subsystem: it is shut down before and "
                       "resumed after\n", nvme_name(other));
            err = nvme_shutdown(other);
        } else {
            err = nvme_resume(other);
            err = err ? did_not_come_back(sh, command, other, err)
                      : look_again(sh, command, other);
        }
        result = result ? result : err;
    }
    return result;
}

static int subsystem_reset_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (err) {
        return err;
    }
    if (!FIELD_GET(NVME_CAP_NSSRS, nvme_info(ctrlr)->cap)) {
        return shell_fail(sh, argv[0], -ENOTSUP,
                          "%s does not offer NVM Subsystem Reset: CAP.NSSRS is 0",
                          nvme_name(ctrlr));
    }
    if (nvme_is_shut_down(ctrlr)) {
        return shell_fail(sh, argv[0], -ESHUTDOWN, "%s is shut down; `nvme resume %s` first",
                          nvme_name(ctrlr), nvme_name(ctrlr));
    }
    err = for_siblings(sh, argv[0], ctrlr, false);
    if (err) {
        (void)for_siblings(sh, argv[0], ctrlr, true);
        return shell_fail(sh, argv[0], err, "nothing was reset, as a controller of the subsystem "
                          "could not be shut down: %s", errno_text(err));
    }
    err = nvme_subsystem_reset(ctrlr);
    int siblings = for_siblings(sh, argv[0], ctrlr, true);
    if (err) {
        return did_not_come_back(sh, argv[0], ctrlr, err);
    }
    out_printf(sh->out, "the subsystem of %s was reset\n", nvme_name(ctrlr));
    err = look_again(sh, argv[0], ctrlr);
    return err ? err : siblings;
}

#define ONE_CONTROLLER                                                                             \
    .complete = COMPLETE_CTRLR, .min_args = 1, .max_args = 1

const struct shell_cmd nvme_cmd_reset = {
    .name = "reset",
    .usage = "nvme reset CTRL",
    .summary = "reset a controller and bring it back",
    .details = "CC.EN is cleared and set again. What is armed on it is read-only afterwards.\n",
    .example = "nvme reset nvme0",
    ONE_CONTROLLER,
    .run = reset_run,
};

const struct shell_cmd nvme_cmd_subsystem_reset = {
    .name = "subsystem-reset",
    .usage = "nvme subsystem-reset CTRL",
    .summary = "reset the whole NVM subsystem of a controller",
    .details = "Every controller of the subsystem is reset, as at power-on; those that are\n"
               "attached here are shut down before and brought back after. Controllers of the\n"
               "subsystem that another machine uses are reset, too.\n",
    .example = "nvme subsystem-reset nvme0",
    ONE_CONTROLLER,
    .run = subsystem_reset_run,
};

const struct shell_cmd nvme_cmd_shutdown = {
    .name = "shutdown",
    .usage = "nvme shutdown CTRL",
    .summary = "shut a controller down, as before power is cut",
    .example = "nvme shutdown nvme0",
    ONE_CONTROLLER,
    .run = shutdown_run,
};

const struct shell_cmd nvme_cmd_resume = {
    .name = "resume",
    .usage = "nvme resume CTRL",
    .summary = "bring a controller back that was shut down",
    .example = "nvme resume nvme0",
    ONE_CONTROLLER,
    .run = resume_run,
};
