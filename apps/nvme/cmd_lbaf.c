/*
 * apps/nvme/cmd_lbaf.c - `lbaf`: which block sizes a disk has, and changing between them.
 */
#include "apps/commands.h"
#include "apps/nvme/format_run.h"
#include "apps/nvme/show.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"

#define BLOCK_BYTES_MIN 512

enum { OPT_SET, OPT_OUTPUT, OPT_SERIAL };
static const struct shell_option lbaf_options[] = {
    [OPT_SET] = {"set", 0, SHELL_NUMBER, 65536, "format to 512 or 4096 bytes, or LBA format N"},
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    [OPT_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

static void show_one(struct show *s, const struct nvme_id_ns *id, unsigned index)
{
    static const char *const performance[] = {"best", "better", "good", "degraded"};
    uint32_t lbaf = id->lbaf[index];
    bool in_use = FIELD_GET(NVME_FLBAS_FORMAT, id->flbas) == index;
    unsigned metadata = (unsigned)FIELD_GET(NVME_LBAF_MS, lbaf);
    const char *rp = performance[FIELD_GET(NVME_LBAF_RP, lbaf)];
    uint64_t data = nvme_lbaf_bytes(lbaf);

    show_title(s, "%6u  %5llu bytes  %8u bytes  %-11s  %s", index, (unsigned long long)data,
               metadata, rp, in_use ? "in use" : "");
    show_open_object(s, NULL, NULL);
    show_json_u64(s, "lbaf", index);
    show_json_u64(s, "data_bytes", data);
    show_json_u64(s, "metadata_bytes", metadata);
    show_json_u64(s, "rp", FIELD_GET(NVME_LBAF_RP, lbaf));
    show_json_text(s, "performance", rp);
    show_json_u64(s, "in_use", in_use);
    show_close_object(s);
}

static int show_all(struct shell *sh, const char *command, const struct nvme_id_ns *id)
{
    struct show s;
    int err = show_begin(&s, sh, command, sh->values[OPT_OUTPUT].text);

    if (err) {
        return err;
    }
    show_title(&s, "FORMAT         DATA        METADATA  PERFORMANCE");
    show_open_array(&s, "formats", NULL);
    s.indent = 0;
    for (unsigned i = 0; i <= id->nlbaf && i < NVME_LBAF_COUNT_MAX; i++) {
        if (nvme_lbaf_bytes(id->lbaf[i])) {
            show_one(&s, id, i);
        }
    }
    show_close_array(&s);
    show_end(&s);
    return 0;
}

static int set_format(struct shell *sh, const char *command, const struct nvme_target *target,
                      const struct nvme_id_ns *id)
{
    uint64_t wanted = sh->values[OPT_SET].number;
    struct nvme_format format = {.lbaf = (uint8_t)wanted};
    int err = nvme_require(sh, command, target->ctrlr, NVME_CAN_FORMAT);

    if (err) {
        return err;
    }
    if (wanted >= BLOCK_BYTES_MIN) {
        int found = manage_find_lbaf(id, wanted);
        if (found < 0) {
            return shell_fail(sh, command, -EINVAL,
                              "%s has no format with blocks of %llu bytes and no metadata",
                              target->name, (unsigned long long)wanted);
        }
        format.lbaf = (uint8_t)found;
    } else if (wanted >= NVME_LBAF_COUNT_MAX) {
        return shell_fail(sh, command, -EINVAL,
                          "--set takes bytes of a block, or the number of a format (0 to %u)",
                          id->nlbaf);
    }
    if (format.lbaf == FIELD_GET(NVME_FLBAS_FORMAT, id->flbas)) {
        out_printf(sh->out, "%s has format %u already; nothing was done\n", target->name,
                   format.lbaf);
        return 0;
    }
    err = format_announce(sh, command, target, id, &format, &sh->values[OPT_SERIAL]);
    if (!err) {
        err = format_send(sh, command, target->ctrlr, target->nsid, &format, 0);
    }
    if (!err) {
        out_printf(sh->out, "%s has LBA format %u now\n", target->name, format.lbaf);
    }
    return err;
}

static int lbaf_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_target target;
    struct nvme_id_ns *id;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], NULL, &target);
    if (err) {
        return err;
    }
    if (!target.ns) {
        return shell_fail(sh, argv[0], -EINVAL, "%s is a controller; name one of its disks",
                          target.name);
    }
    id = heap_alloc(1, sizeof(*id));
    if (!id) {
        return -ENOMEM;
    }
    err = manage_identify_ns(sh, argv[0], &target, id);
    if (!err) {
        err = sh->values[OPT_SET].given ? set_format(sh, argv[0], &target, id)
                                        : show_all(sh, argv[0], id);
    }
    heap_free(id);
    return err;
}

const struct shell_cmd cmd_lbaf = {
    .name = "lbaf",
    .usage = "lbaf DISK [--set=512|4096|N] [-o json]",
    .summary = "list the block sizes a disk can have, or change to another",
    .details = "PERFORMANCE is what the drive says of its formats, compared with each other.\n"
               "--set formats the disk: everything on it is lost, which is shown before, and it\n"
               "has to be armed or --serial given.\n",
    .example = "lbaf nvme0n1",
    .complete = COMPLETE_DISK,
    .options = lbaf_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = lbaf_run,
};
