/*
 * apps/nvme/cmd_nvme.c - `nvme SUBCOMMAND`: what a controller says of itself, and its trace.
 */
#include "apps/commands.h"
#include "apps/nvme/fields.h"
#include "apps/nvme/show_regs.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

struct subcommand {
    const char *name;
    const char *usage;
    int min_args, max_args; /* after the subcommand's name */
    int (*run)(struct shell *sh, int argc, char **argv);
};

/* --- identify -------------------------------------------------------------------------------- */

/* Asks the device anew: capacity and counters change. *buf is the caller's to free. */
static int identify(struct shell *sh, struct nvme_ctrlr *ctrlr, uint8_t cns, uint32_t nsid,
                    void **buf)
{
    struct nvme_result result = {.status = 0};
    char status[80];

    *buf = heap_alloc(1, NVME_IDENTIFY_BYTES);
    if (!*buf) {
        return -ENOMEM;
    }
    int err = nvme_identify(ctrlr, cns, nsid, *buf, &result);
    if (err) {
        heap_free(*buf);
        *buf = NULL;
        if (result.status) {
            nvme_status_format(result.status, status, sizeof(status));
            return shell_fail(sh, "nvme", err, "%s refused Identify: %s", nvme_name(ctrlr), status);
        }
        return shell_fail(sh, "nvme", err, "%s: Identify failed: %s", nvme_name(ctrlr),
                          errno_text(err));
    }
    return 0;
}

static int run_id_ctrl(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;
    void *buf;

    (void)argc;
    int err = shell_find_ctrlr(sh, "nvme", argv[1], &ctrlr);
    if (err) {
        return err;
    }
    err = identify(sh, ctrlr, NVME_CNS_CONTROLLER, 0, &buf);
    if (err) {
        return err;
    }
    nvme_id_ctrl_print(sh->out, buf);
    heap_free(buf);
    return 0;
}

static int run_id_ns(struct shell *sh, int argc, char **argv)
{
    struct nvme_ns *ns;
    void *buf;

    (void)argc;
    int err = shell_find_ns(sh, "nvme", argv[1], &ns);
    if (err) {
        return err;
    }
    err = identify(sh, ns->ctrlr, NVME_CNS_NAMESPACE, ns->nsid, &buf);
    if (err) {
        return err;
    }
    out_printf(sh->out, "NVME Identify Namespace %u:\n", (unsigned)ns->nsid);
    nvme_id_ns_print(sh->out, buf);
    heap_free(buf);
    return 0;
}

static int run_list_ns(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;

    (void)argc;
    int err = shell_find_ctrlr(sh, "nvme", argv[1], &ctrlr);
    if (err) {
        return err;
    }
    for (unsigned i = 0; i < nvme_ns_count(ctrlr); i++) {
        out_printf(sh->out, "[%4u]:%#x\n", i, (unsigned)nvme_ns_at(ctrlr, i)->nsid);
    }
    if (nvme_ns_count(ctrlr) == 0) {
        out_printf(sh->out, "%s has no active namespace.\n", nvme_name(ctrlr));
    }
    return 0;
}

/* --- registers ------------------------------------------------------------------------------- */

static uint64_t read_reg(void *ctx, uint32_t off, unsigned width)
{
    const struct nvme_ctrlr *ctrlr = ctx;
    return width == 8 ? nvme_reg_read64(ctrlr, off) : nvme_reg_read32(ctrlr, off);
}

static int run_show_regs(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;

    (void)argc;
    int err = shell_find_ctrlr(sh, "nvme", argv[1], &ctrlr);
    if (err) {
        return err;
    }
    if (nvme_reg_read32(ctrlr, NVME_REG_CSTS) == UINT32_MAX) {
        return shell_fail(sh, "nvme", -ENXIO, "%s does not answer: its registers read all ones",
                          nvme_name(ctrlr));
    }
    struct nvme_reg_reader reader = {.ctx = ctrlr, .read = read_reg};
    nvme_regs_print(sh->out, &reader);
    return 0;
}

/* --- trace ----------------------------------------------------------------------------------- */

/* The trace outlives the command, so it goes to the console rather than to sh->out. */
static int run_trace(struct shell *sh, int argc, char **argv)
{
    struct appliance *app = sh->app;
    const char *word = argv[argc - 1];
    struct nvme_ctrlr *only = NULL;

    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0) {
        return shell_fail(sh, "nvme", -EINVAL, "trace '%s': say 'on' or 'off'", word);
    }
    if (argc == 3) {
        int err = shell_find_ctrlr(sh, "nvme", argv[1], &only);
        if (err) {
            return err;
        }
    }
    struct out *console = app->console ? &app->console->out : sh->out;
    struct out *to = strcmp(word, "on") == 0 ? console : NULL;
    unsigned traced = 0;
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        struct nvme_ctrlr *ctrlr = app->ctrlrs[i].nvme;
        if (ctrlr && (!only || ctrlr == only)) {
            nvme_trace(ctrlr, to);
            traced++;
        }
    }
    if (traced == 0) {
        return shell_fail(sh, "nvme", -ENODEV, "there is no NVMe controller to trace");
    }
    if (to) {
        out_puts(sh->out, "Commands are shown on the console until 'nvme trace off'.\n");
    }
    return 0;
}

/* --- statistics ------------------------------------------------------------------------------ */

static int run_stats(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;
    struct nvme_qpair *qp;

    (void)argc;
    int err = shell_find_ctrlr(sh, "nvme", argv[1], &ctrlr);
    if (err) {
        return err;
    }
    out_printf(sh->out, "%4s %6s %6s %12s %12s %11s %11s %10s %8s %8s %8s\n", "CPU", "depth",
               "in use", "commands", "completions", "SQ doorbell", "CQ doorbell", "interrupts",
               "missed", "errors", "bad CQEs");
    for (unsigned i = 0; (qp = nvme_qpair_at(ctrlr, i)) != NULL; i++) {
        struct nvme_qpair_stats s;
        nvme_qpair_stats(qp, &s);
        out_printf(sh->out, "%4u %6u %6u %12llu %12llu %11llu %11llu %10llu %8llu %8llu %8llu\n", i,
                   nvme_qpair_depth(qp), nvme_qpair_outstanding(qp), (unsigned long long)s.commands,
                   (unsigned long long)s.completions, (unsigned long long)s.sq_doorbells,
                   (unsigned long long)s.cq_doorbells, (unsigned long long)s.interrupts,
                   (unsigned long long)s.missed_interrupts, (unsigned long long)s.errors,
                   (unsigned long long)s.bad_completions);
        if (nvme_info(ctrlr)->shadow_doorbells) {
            out_printf(sh->out, "     shadow doorbells: written %llu times; %llu times nothing "
                       "happened and the register was written\n",
                       (unsigned long long)s.shadow_writes, (unsigned long long)s.shadow_kicks);
        }
    }
    return 0;
}

/* --- the command ----------------------------------------------------------------------------- */

static const struct subcommand subcommands[] = {
    {"id-ctrl", "nvme id-ctrl CTRL", 1, 1, run_id_ctrl},
    {"id-ns", "nvme id-ns DISK", 1, 1, run_id_ns},
    {"list-ns", "nvme list-ns CTRL", 1, 1, run_list_ns},
    {"show-regs", "nvme show-regs CTRL", 1, 1, run_show_regs},
    {"stats", "nvme stats CTRL", 1, 1, run_stats},
    {"trace", "nvme trace [CTRL] on|off", 1, 2, run_trace},
};

static const char *const subcommand_names[] = {"id-ctrl", "id-ns", "list-ns", "show-regs",
                                               "stats",   "trace", NULL};

static int nvme_run(struct shell *sh, int argc, char **argv)
{
    for (unsigned i = 0; i < ARRAY_SIZE(subcommands); i++) {
        const struct subcommand *sub = &subcommands[i];
        if (strcmp(argv[1], sub->name) != 0) {
            continue;
        }
        if (argc - 2 < sub->min_args || argc - 2 > sub->max_args) {
            return shell_fail(sh, "nvme", -EINVAL, "usage: %s", sub->usage);
        }
        return sub->run(sh, argc - 1, argv + 1);
    }
    return shell_fail(sh, "nvme", -EINVAL,
                      "no subcommand '%s'; there are id-ctrl, id-ns, list-ns, show-regs, stats "
                      "and trace",
                      argv[1]);
}

const struct shell_cmd cmd_nvme = {
    .name = "nvme",
    .usage = "nvme id-ctrl|list-ns|show-regs|stats CTRL | id-ns DISK | trace [CTRL] on|off",
    .summary = "show what an NVMe controller says of itself; trace its commands",
    .details = "id-ctrl CTRL         every field of Identify Controller\n"
               "id-ns DISK           every field of Identify Namespace\n"
               "list-ns CTRL         the identifiers of the active namespaces\n"
               "show-regs CTRL       every register, its fields in words\n"
               "stats CTRL           what each queue pair has done\n"
               "trace [CTRL] on|off  each submission and completion as a line on the console; "
               "slow\n"
               "CTRL is a name such as nvme0, DISK one such as nvme0n1. Names and order of fields "
               "are nvme-cli's.\n",
    .example = "nvme id-ctrl nvme0",
    .complete = COMPLETE_SUBCOMMAND,
    .subcommands = subcommand_names,
    .min_args = 1,
    .max_args = 3,
    .run = nvme_run,
};
