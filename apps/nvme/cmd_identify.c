/*
 * apps/nvme/cmd_identify.c - `nvme id-ctrl`, `id-ns` and `list-ns`: what a controller says
 * of itself and its namespaces (NVMe 1.4 §5.15).
 */
#include "apps/nvme/commands.h"
#include "apps/nvme/fields.h"
#include "lib/errno.h"
#include "lib/heap.h"

enum { OPT_OUTPUT, OPT_HUMAN };
static const struct shell_option show_options[] = {
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    [OPT_HUMAN] = SHELL_OPTION_HUMAN,
    {0},
};

/* Asks the device anew: capacity and counters change. *buf is the caller's to free. */
static int identify(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr, uint8_t cns,
                    uint32_t nsid, void **buf)
{
    struct nvme_result result = {.status = 0};

    *buf = heap_alloc(1, NVME_IDENTIFY_BYTES);
    if (!*buf) {
        return -ENOMEM;
    }
    int err = nvme_identify(ctrlr, cns, nsid, *buf, &result);
    if (err) {
        heap_free(*buf);
        *buf = NULL;
        return nvme_explain(sh, command, ctrlr, "Identify", err, &result);
    }
    return 0;
}

static int id_ctrl_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;
    struct show s;
    void *buf;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (!err) {
        err = identify(sh, argv[0], ctrlr, NVME_CNS_CONTROLLER, 0, &buf);
    }
    if (err) {
        return err;
    }
    err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (!err) {
        nvme_id_ctrl_show(&s, buf, sh->values[OPT_HUMAN].given);
        show_end(&s);
    }
    heap_free(buf);
    return err;
}

static int id_ns_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ns *ns;
    struct show s;
    void *buf;

    (void)argc;
    int err = shell_find_ns(sh, argv[0], argv[1], &ns);
    if (!err) {
        err = identify(sh, argv[0], ns->ctrlr, NVME_CNS_NAMESPACE, ns->nsid, &buf);
    }
    if (err) {
        return err;
    }
    err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (!err) {
        show_title(&s, "NVME Identify Namespace %u:", (unsigned)ns->nsid);
        nvme_id_ns_show(&s, buf, sh->values[OPT_HUMAN].given);
        show_end(&s);
    }
    heap_free(buf);
    return err;
}

static int list_ns_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
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

const struct shell_cmd nvme_cmd_id_ctrl = {
    .name = "id-ctrl",
    .usage = "nvme id-ctrl CTRL [-o json]",
    .summary = "every field of Identify Controller",
    .example = "nvme id-ctrl nvme0",
    .complete = COMPLETE_CTRLR,
    .options = show_options,
    .min_args = 1,
    .max_args = 1,
    .run = id_ctrl_run,
};

const struct shell_cmd nvme_cmd_id_ns = {
    .name = "id-ns",
    .usage = "nvme id-ns DISK [-o json]",
    .summary = "every field of Identify Namespace",
    .example = "nvme id-ns nvme0n1",
    .complete = COMPLETE_DISK,
    .options = show_options,
    .min_args = 1,
    .max_args = 1,
    .run = id_ns_run,
};

const struct shell_cmd nvme_cmd_list_ns = {
    .name = "list-ns",
    .usage = "nvme list-ns CTRL",
    .summary = "the identifiers of the active namespaces",
    .example = "nvme list-ns nvme0",
    .complete = COMPLETE_CTRLR,
    .min_args = 1,
    .max_args = 1,
    .run = list_ns_run,
};
