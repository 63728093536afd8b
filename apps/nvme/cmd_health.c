/*
 * apps/nvme/cmd_health.c - `health`: is this drive to be trusted, and if not, why.
 */
#include "apps/commands.h"
#include "apps/nvme/health.h"
#include "apps/nvme/logs.h"
#include "lib/errno.h"
#include "lib/heap.h"

#define ENTRIES 64

enum { OPT_OUTPUT };
static const struct shell_option options[] = {
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

struct evidence {
    struct nvme_smart_log smart;
    struct nvme_self_test_log self_test;
    struct nvme_sanitize_log sanitize;
    struct nvme_error_entry errors[ENTRIES];
};

/* Reads what there is and judges it; without SMART and the error log there is no verdict. */
static int judge(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                 struct evidence *e, struct health *h)
{
    unsigned count = ENTRIES;
    struct nvme_result res;
    int err = nvme_log_smart(ctrlr, NVME_NSID_ALL, &e->smart, &res);

    if (err) {
        return nvme_log_fail(sh, command, ctrlr, NVME_LOG_SMART, NVME_NSID_ALL, err, &res);
    }
    err = nvme_log_error(ctrlr, e->errors, &count, &res);
    if (err) {
        return nvme_log_fail(sh, command, ctrlr, NVME_LOG_ERROR, NVME_NSID_ALL, err, &res);
    }
    health_judge_smart(h, &e->smart, nvme_id_ctrl(ctrlr));
    health_judge_errors(h, e->errors, count);
    if (nvme_log_self_test(ctrlr, &e->self_test, NULL) == 0) {
        health_judge_self_test(h, &e->self_test);
    }
    if (nvme_log_sanitize(ctrlr, &e->sanitize, NULL) == 0) {
        health_judge_sanitize(h, &e->sanitize);
    }
    return 0;
}

static void judge_machine(struct health *h, const struct appliance_ctrlr *ctrlr)
{
    const struct nvme_info *info = nvme_info(ctrlr->nvme);
    struct pci_link link;

    health_judge_firmware(h, info->model, info->firmware);
    if (ctrlr->pci) {
        pci_link_info(ctrlr->pci, &link);
        health_judge_link(h, &link);
    }
}

static void report_json(struct show *s, const struct nvme_ctrlr *ctrlr, const struct health *h)
{
    const struct nvme_info *info = nvme_info(ctrlr);

    show_json_text(s, "device", nvme_name(ctrlr));
    show_json_text(s, "model", info->model);
    show_json_text(s, "serial", info->serial);
    show_json_text(s, "firmware", info->firmware);
    show_json_text(s, "verdict", health_verdict_name(h->verdict));
    show_open_array(s, "findings", NULL);
    for (unsigned i = 0; i < h->count; i++) {
        show_open_object(s, NULL, NULL);
        show_json_text(s, "level", health_verdict_name(h->findings[i].level));
        show_json_text(s, "text", h->findings[i].text);
        show_close_object(s);
    }
    show_close_array(s);
}

static void report_text(struct show *s, const struct nvme_ctrlr *ctrlr, const struct health *h,
                        const struct nvme_smart_log *smart)
{
    const struct nvme_info *info = nvme_info(ctrlr);

    show_title(s, "%s (%s, serial %s, firmware %s): %s", nvme_name(ctrlr), info->model,
               info->serial, info->firmware, health_verdict_name(h->verdict));
    for (unsigned i = 0; i < h->count; i++) {
        show_title(s, "  %-7s %s", health_verdict_name(h->findings[i].level), h->findings[i].text);
    }
    if (h->verdict == HEALTH_OK && smart->spare_thresh) {
        show_title(s, "  Spare %u %%, life used %u %%: nothing speaks against it.",
                   smart->avail_spare, smart->percent_used);
    } else if (h->verdict == HEALTH_OK) {
        show_title(s, "  Life used %u %%, spare blocks not reported: nothing speaks against it.",
                   smart->percent_used);
    }
}

static int health_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_target t;
    struct show s;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], NULL, &t);
    err = err ? err : show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (err) {
        return err;
    }
    struct evidence *e = heap_alloc(1, sizeof(*e));
    struct health *h = heap_alloc(1, sizeof(*h));
    err = e && h ? judge(sh, argv[0], t.ctrlr, e, h) : -ENOMEM;
    if (!err) {
        judge_machine(h, appliance_find_ctrlr(sh->app, nvme_name(t.ctrlr)));
        if (s.json) {
            report_json(&s, t.ctrlr, h);
        } else {
            report_text(&s, t.ctrlr, h, &e->smart);
        }
        show_end(&s);
    }
    heap_free(h);
    heap_free(e);
    return err;
}

const struct shell_cmd cmd_health = {
    .name = "health",
    .usage = "health DISK|CTRL [-o json]",
    .summary = "whether a drive can be trusted: OK, WATCH or REPLACE, and why",
    .details = "Judges SMART, the error log, the last self-test and sanitize, the link, and\n"
               "firmware that is known to do harm. WATCH: keep a backup and look again.\n"
               "REPLACE: the drive itself, or its wear, says that it will fail.\n",
    .example = "health nvme0n1",
    .complete = COMPLETE_DISK,
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = health_run,
};
