/*
 * apps/nvme/manage.c - waiting with a line of progress, and looking at the namespaces again.
 */
#include "apps/nvme/manage.h"

#include "drivers/nvme/nvme_format.h"
#include "drivers/nvme/nvme_log.h"
#include "drivers/nvme/nvme_nsmgmt.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"

#define STEP_PERMYRIAD 1000
#define SAY_AGAIN_NS   (60 * NS_PER_S)
#define POLL_MS        1000

uint64_t manage_now_ns(const struct shell *sh)
{
    return sh->app->machine->now_ns(sh->app->machine->ctx);
}

bool manage_sleep_ms(struct shell *sh, unsigned ms)
{
    const struct machine *machine = sh->app->machine;
    uint64_t end_ns = manage_now_ns(sh) + ms * NS_PER_MS;

    while (manage_now_ns(sh) < end_ns) {
        if (shell_interrupted(sh)) {
            return false;
        }
        if (machine->relax) {
            machine->relax(machine->ctx);
        }
    }
    return !shell_interrupted(sh);
}

const char *manage_duration(uint64_t seconds, char *buf, size_t cap)
{
    unsigned long long s = seconds;

    if (s < 60) {
        str_format(buf, cap, "%llu s", s);
    } else if (s < 3600) {
        str_format(buf, cap, "%llu min %llu s", s / 60, s % 60);
    } else {
        str_format(buf, cap, "%llu h %llu min", s / 3600, s / 60 % 60);
    }
    return buf;
}

/* --- progress --------------------------------------------------------------------------------- */

void progress_begin(struct progress *p, struct shell *sh, const char *what)
{
    *p = (struct progress){.sh = sh, .what = what, .started_ns = manage_now_ns(sh)};
}

void progress_show(struct progress *p, unsigned permyriad)
{
    uint64_t now_ns = manage_now_ns(p->sh);
    bool further = permyriad != PROGRESS_UNKNOWN && permyriad >= p->said_permyriad + STEP_PERMYRIAD;
    char elapsed[DURATION_TEXT_BYTES];

    if (!p->sh->interactive && p->said && !further && now_ns - p->said_ns < SAY_AGAIN_NS) {
        return;
    }
    manage_duration((now_ns - p->started_ns) / NS_PER_S, elapsed, sizeof(elapsed));
    out_printf(p->sh->out, "%s%s: ", p->sh->interactive ? "\r" : "", p->what);
    if (permyriad != PROGRESS_UNKNOWN) {
        out_printf(p->sh->out, "%u.%02u %% done, ", permyriad / 100, permyriad % 100);
        p->said_permyriad = permyriad;
    }
    out_printf(p->sh->out, "%s%s", elapsed, p->sh->interactive ? "\x1b[K" : "\n");
    p->said = true;
    p->said_ns = now_ns;
}

void progress_end(struct progress *p)
{
    if (p->said && p->sh->interactive) {
        out_puts(p->sh->out, "\n");
    }
    p->said = false;
}

/* --- namespaces ------------------------------------------------------------------------------- */

struct nvme_ns *manage_ns(struct nvme_ctrlr *ctrlr, uint32_t nsid)
{
    for (unsigned i = 0; i < nvme_ns_count(ctrlr); i++) {
        if (nvme_ns_at(ctrlr, i)->nsid == nsid) {
            return nvme_ns_at(ctrlr, i);
        }
    }
    return NULL;
}

void manage_follow(struct shell *sh, struct nvme_ctrlr *ctrlr)
{
    struct block_registry *blocks = sh->app->blocks;
    struct block_dev *dev;
    int err = appliance_rescan_namespaces(sh->app, ctrlr);

    if (err < 0) {
        out_printf(sh->out, "%s: its namespaces could not be looked at again: %s\n",
                   nvme_name(ctrlr), errno_text(err));
    }
    /* A namespace that was erased may look as before to the driver: its partitions are gone. */
    for (unsigned i = 0; (dev = block_at(blocks, i)); i++) {
        const struct nvme_ns *ns = block_nvme_ns(dev);

        if (ns && ns->ctrlr == ctrlr && !block_info(dev)->parent) {
            block_remove_partitions(blocks, dev);
            int scheme = partition_scan(blocks, dev);
            if (scheme < 0) {
                log_warn("%s: the partition table could not be read: %s", block_info(dev)->name,
                         errno_text(scheme));
            }
        }
    }
}

int manage_identify_ns(struct shell *sh, const char *command, const struct nvme_target *target,
                       struct nvme_id_ns *id)
{
    struct nvme_ctrlr *ctrlr = target->ctrlr;
    struct nvme_result res = {0};
    uint32_t nsid = target->nsid;

    /* A drive may offer namespace management and still refuse to tell what all have in common. */
    if (nsid == NVME_NSID_ALL && nvme_ns_count(ctrlr) > 0) {
        nsid = nvme_ns_at(ctrlr, 0)->nsid;
    } else if (nsid == NVME_NSID_ALL && !nvme_can(ctrlr, NVME_CAN_MANAGE_NAMESPACES)) {
        return shell_fail(sh, command, -ENODEV, "%s has no active namespace", nvme_name(ctrlr));
    }
    int err = nvme_identify(ctrlr, NVME_CNS_NAMESPACE, nsid, id, &res);
    return err ? nvme_explain(sh, command, ctrlr, "Identify", err, &res) : 0;
}

int manage_find_lbaf(const struct nvme_id_ns *id, uint64_t block_bytes)
{
    unsigned best_performance = 4;
    int best = -ENOENT;

    for (unsigned i = 0; i <= id->nlbaf && i < NVME_LBAF_COUNT_MAX; i++) {
        unsigned performance = (unsigned)FIELD_GET(NVME_LBAF_RP, id->lbaf[i]);

        if (nvme_lbaf_bytes(id->lbaf[i]) == block_bytes &&
            FIELD_GET(NVME_LBAF_MS, id->lbaf[i]) == 0 && performance < best_performance) {
            best_performance = performance;
            best = (int)i;
        }
    }
    return best;
}

/* --- sanitize --------------------------------------------------------------------------------- */

int manage_wait_sanitize(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                         struct nvme_sanitize_log *log)
{
    struct progress progress;
    struct nvme_result res = {0};
    char what[32];
    int err;

    str_format(what, sizeof(what), "%s: sanitize", nvme_name(ctrlr));
    progress_begin(&progress, sh, what);
    for (;;) {
        err = nvme_log_sanitize(ctrlr, log, &res);
        if (err || FIELD_GET(NVME_SANITIZE_STATUS, log->sstat) != NVME_SANITIZE_RUNNING) {
            break;
        }
        progress_show(&progress, nvme_sanitize_permyriad(log));
        if (!manage_sleep_ms(sh, POLL_MS)) {
            progress_end(&progress);
            return shell_fail(sh, command, -EINTR,
                              "no longer watched: the drive goes on by itself, through resets and "
                              "losses of power; `nvme sanitize-log %s` shows how far it is",
                              nvme_name(ctrlr));
        }
    }
    progress_end(&progress);
    if (err) {
        return nvme_explain(sh, command, ctrlr, "the Sanitize Status log", err, &res);
    }
    return FIELD_GET(NVME_SANITIZE_STATUS, log->sstat) == NVME_SANITIZE_FAILED ? -EIO : 0;
}
