/*
 * apps/nvme/cmd_hmb.c - `nvme hmb`: the memory that a drive asks for and what was lent to it
 * (Host Memory Buffer, NVMe 1.4 §8.9).
 */
#include "apps/nvme/commands.h"
#include "apps/nvme/show.h"
#include "drivers/nvme/nvme_feature.h"
#include "lib/errno.h"

#define UNIT_BYTES UINT64_C(4096)

enum { OPT_OUTPUT };
static const struct shell_option hmb_options[] = {
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

static void show_kib(struct show *s, const char *name, const char *key, uint64_t bytes)
{
    show_number_as(s, name, key, bytes, "%llu KiB", (unsigned long long)(bytes / KIB));
}

static int hmb_run(struct shell *sh, int argc, char **argv)
{
    const struct nvme_feature_request get = {.fid = NVME_FEAT_HOST_MEMORY_BUFFER};
    struct nvme_result res = {.status = 0};
    struct nvme_ctrlr *ctrlr;
    struct show s;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (!err) {
        err = nvme_require(sh, argv[0], ctrlr, NVME_CAN_HOST_MEMORY);
    }
    if (err) {
        return err;
    }
    err = nvme_get_feature(ctrlr, &get, &res);
    if (err) {
        return nvme_explain(sh, argv[0], ctrlr, "Get Features", err, &res);
    }
    err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (err) {
        return err;
    }
    const struct nvme_id_ctrl *id = nvme_id_ctrl(ctrlr);
    s.name_width = 30;
    show_title(&s, "Host Memory Buffer of %s:", nvme_name(ctrlr));
    show_kib(&s, "preferred (HMPRE)", "preferred_bytes", id->hmpre * UNIT_BYTES);
    show_kib(&s, "at least (HMMIN)", "minimum_bytes", id->hmmin * UNIT_BYTES);
    show_kib(&s, "smallest piece (HMMINDS)", "minimum_piece_bytes", id->hmminds * UNIT_BYTES);
    show_u64(&s, "most pieces (HMMAXD), 0: any", "maximum_pieces", id->hmmaxd);
    show_kib(&s, "lent", "lent_bytes", nvme_info(ctrlr)->host_memory_bytes);
    show_u64(&s, "in pieces", "lent_pieces", nvme_info(ctrlr)->host_memory_chunks);
    show_number_as(&s, "in use by the drive (EHM)", "enabled", res.dw0 & NVME_HMB_EHM, "%s",
                   res.dw0 & NVME_HMB_EHM ? "yes" : "no");
    show_end(&s);
    return 0;
}

const struct shell_cmd nvme_cmd_hmb = {
    .name = "hmb",
    .usage = "nvme hmb CTRL [-o json]",
    .summary = "memory that a drive asks for, and what was lent to it",
    .details = "Drives without memory of their own keep tables in the machine's. It is lent at\n"
               "the start, at most 64 MiB and an eighth of what is free; the word nohmb on the\n"
               "kernel's command line prevents it.\n",
    .example = "nvme hmb nvme0",
    .complete = COMPLETE_CTRLR,
    .options = hmb_options,
    .min_args = 1,
    .max_args = 1,
    .run = hmb_run,
};
