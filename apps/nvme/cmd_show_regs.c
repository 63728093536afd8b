/*
 * apps/nvme/cmd_show_regs.c - `nvme show-regs`: the registers as they are now.
 */
#include "apps/nvme/commands.h"
#include "apps/nvme/show_regs.h"
#include "lib/errno.h"

static uint64_t read_reg(void *ctx, uint32_t off, unsigned width)
{
    const struct nvme_ctrlr *ctrlr = ctx;
    return width == 8 ? nvme_reg_read64(ctrlr, off) : nvme_reg_read32(ctrlr, off);
}

static int show_regs_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (err) {
        return err;
    }
    if (nvme_reg_read32(ctrlr, NVME_REG_CSTS) == UINT32_MAX) {
        return shell_fail(sh, argv[0], -ENXIO, "%s does not answer: its registers read all ones",
                          nvme_name(ctrlr));
    }
    struct nvme_reg_reader reader = {.ctx = ctrlr, .read = read_reg};
    nvme_regs_print(sh->out, &reader);
    return 0;
}

const struct shell_cmd nvme_cmd_show_regs = {
    .name = "show-regs",
    .usage = "nvme show-regs CTRL",
    .summary = "every register, its fields in words",
    .example = "nvme show-regs nvme0",
    .complete = COMPLETE_CTRLR,
    .min_args = 1,
    .max_args = 1,
    .run = show_regs_run,
};
