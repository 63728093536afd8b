/*
 * apps/system/cmd_events.c - `events`: what the drives have reported, and what they report now.
 */
#include "apps/commands.h"
#include "lib/errno.h"

enum { OPT_CLEAR, OPT_COUNTS };

static const struct shell_option options[] = {
    [OPT_CLEAR] = {"clear", 0, SHELL_FLAG, 0, "forget the counts"},
    [OPT_COUNTS] = {"counts", 'c', SHELL_FLAG, 0, "show the counts and end"},
    {NULL, 0, SHELL_FLAG, 0, NULL},
};

/* What a listener needs. */
struct watcher {
    struct out *out;
    uint64_t shown;
};

static void print_event(struct out *out, const char *name, const struct nvme_event *event)
{
    char text[128];

    nvme_event_format(event, text, sizeof(text));
    out_printf(out, "[%5llu.%03llu] %s: %s\n", (unsigned long long)(event->time_ns / NS_PER_S),
               (unsigned long long)(event->time_ns % NS_PER_S / NS_PER_MS), name, text);
}

static void on_event(void *ctx, struct nvme_ctrlr *ctrlr, const struct nvme_event *event)
{
    struct watcher *watcher = ctx;

    watcher->shown++;
    print_event(watcher->out, nvme_name(ctrlr), event);
}

static void print_counts(struct shell *sh, struct nvme_ctrlr *ctrlr)
{
    const struct nvme_event_count *kind;
    char text[128];

    for (unsigned i = 0; (kind = nvme_event_count_at(ctrlr, i)) != NULL; i++) {
        nvme_event_format(&kind->last, text, sizeof(text));
        out_printf(sh->out, "%s: %llu times, last at %llu.%03llu s: %s\n", nvme_name(ctrlr),
                   (unsigned long long)kind->count,
                   (unsigned long long)(kind->last.time_ns / NS_PER_S),
                   (unsigned long long)(kind->last.time_ns % NS_PER_S / NS_PER_MS), text);
    }
    if (!nvme_event_count_at(ctrlr, 0)) {
        out_printf(sh->out, "%s: no events yet\n", nvme_name(ctrlr));
    }
    if (nvme_event_requests(ctrlr) == 0) {
        out_printf(sh->out, "%s: cannot report events now (%s)\n", nvme_name(ctrlr),
                   nvme_is_shut_down(ctrlr) ? "it is shut down" : "it takes no requests for them");
    }
}

/* Until Ctrl-C. The log would say the same again on this console, so it is silent meanwhile. */
static int watch(struct shell *sh, struct nvme_ctrlr *only)
{
    struct appliance *app = sh->app;
    struct watcher watcher = {.out = sh->out};
    int err = 0;

    if (!app->console) {
        return shell_fail(sh, "events", -ENOTSUP, "nobody could end it here; say --counts");
    }
    for (unsigned i = 0; i < app->ctrlr_count && !err; i++) {
        struct nvme_ctrlr *ctrlr = app->ctrlrs[i].nvme;

        if (ctrlr && (!only || ctrlr == only)) {
            err = nvme_event_listen(ctrlr, on_event, &watcher);
        }
    }
    out_puts(sh->out, "Events are shown as they come; Ctrl-C ends.\n");
    app->quiet_events = true;
    while (!err && !shell_interrupted(sh)) {
        app->machine->relax(app->machine->ctx);
    }
    app->quiet_events = false;
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        if (app->ctrlrs[i].nvme) {
            nvme_event_unlisten(app->ctrlrs[i].nvme, on_event, &watcher);
        }
    }
    out_printf(sh->out, "%llu event%s\n", (unsigned long long)watcher.shown,
               watcher.shown == 1 ? "" : "s");
    return err ? err : -EINTR;
}

static int events_run(struct shell *sh, int argc, char **argv)
{
    struct appliance *app = sh->app;
    struct nvme_ctrlr *only = NULL;
    unsigned found = 0;

    if (argc > 1) {
        int err = shell_find_ctrlr(sh, argv[0], argv[1], &only);
        if (err) {
            return err;
        }
    }
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        struct nvme_ctrlr *ctrlr = app->ctrlrs[i].nvme;

        if (!ctrlr || (only && ctrlr != only)) {
            continue;
        }
        found++;
        if (sh->values[OPT_CLEAR].given) {
            nvme_event_counts_clear(ctrlr);
        } else {
            print_counts(sh, ctrlr);
        }
    }
    if (found == 0) {
        return shell_fail(sh, argv[0], -ENODEV, "there is no NVMe controller to report any");
    }
    if (sh->values[OPT_CLEAR].given || sh->values[OPT_COUNTS].given) {
        return 0;
    }
    return watch(sh, only);
}

const struct shell_cmd cmd_events = {
    .name = "events",
    .usage = "events [CTRL] [--counts|--clear]",
    .summary = "show what drives report by themselves, as it comes",
    .details = "Health warnings, errors, changed namespaces, firmware, sanitize and so on: first\n"
               "how often each has come so far, then each as it comes, until Ctrl-C. Without\n"
               "this command they are lines of the log, which the console shows.\n",
    .example = "events nvme0 --counts",
    .complete = COMPLETE_CTRLR,
    .options = options,
    .max_args = 1,
    .run = events_run,
};
