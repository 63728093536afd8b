/*
 * apps/nvme/cmd_spans.c - `nvme dsm`, `copy`, `get-lba-status`: lists of ranges.
 */
#include "apps/nvme/blocks.h"
#include "lib/errno.h"
#include "lib/heap.h"

#define SPANS_MAX 256

/* --- dsm -------------------------------------------------------------------------------------- */

enum { DSM_SLBS, DSM_BLOCKS, DSM_CTX, DSM_AD, DSM_IDW, DSM_IDR, DSM_NSID, DSM_SERIAL };
static const struct shell_option dsm_options[] = {
    [DSM_SLBS] = {"slbs", 's', SHELL_TEXT, 0, "first blocks of the ranges: 0,4096,8192"},
    [DSM_BLOCKS] = {"blocks", 'b', SHELL_TEXT, 0, "blocks in each range: 8,8,1 (not zero-based)"},
    [DSM_CTX] = {"ctx-attrs", 'a', SHELL_TEXT, 0, "context attributes of each range"},
    [DSM_AD] = {"ad", 'd', SHELL_FLAG, 0, "deallocate (trim)"},
    [DSM_IDW] = {"idw", 'w', SHELL_FLAG, 0, "a hint: will be written as a whole"},
    [DSM_IDR] = {"idr", 'r', SHELL_FLAG, 0, "a hint: will be read as a whole"},
    [DSM_NSID] = SHELL_OPTION_NSID,
    [DSM_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

/* Ranges from lists of equal length; context may be absent. Each is checked. */
static int take_spans(const struct blocks *b, const struct shell_value *slbs,
                      const struct shell_value *blocks, const struct shell_value *context,
                      struct nvme_nvm_span *spans, unsigned *count)
{
    uint64_t *lists = heap_alloc(3 * SPANS_MAX, sizeof(*lists));
    unsigned starts, lengths, contexts;

    if (!lists) {
        return -ENOMEM;
    }
    int err = blocks_parse_list(b, "slbs", slbs, lists, SPANS_MAX, &starts);
    err = err ? err
              : blocks_parse_list(b, "blocks", blocks, lists + SPANS_MAX, SPANS_MAX, &lengths);
    err = err ? err : blocks_parse_list(b, "ctx-attrs", context, lists + 2 * SPANS_MAX, SPANS_MAX,
                                        &contexts);
    if (!err && (starts == 0 || starts != lengths || (contexts && contexts != starts))) {
        err = shell_fail(b->sh, b->command, -EINVAL,
                         "--slbs has %u numbers and --blocks %u: give one of each for every range",
                         starts, lengths);
    }
    for (unsigned i = 0; i < starts && !err; i++) {
        spans[i] = (struct nvme_nvm_span){
            .lba = lists[i], .count = lists[SPANS_MAX + i],
            .context = contexts ? (uint32_t)lists[2 * SPANS_MAX + i] : 0,
        };
        err = blocks_check(b, spans[i].lba, spans[i].count);
    }
    *count = starts;
    heap_free(lists);
    return err;
}

static int run_dsm(struct blocks *b, const struct nvme_nvm_span *spans, unsigned count)
{
    const struct shell_value *v = b->sh->values;
    uint32_t attributes = (v[DSM_AD].given ? (uint32_t)NVME_DSM_CDW11_AD : 0) |
                          (v[DSM_IDW].given ? (uint32_t)NVME_DSM_CDW11_IDW : 0) |
                          (v[DSM_IDR].given ? (uint32_t)NVME_DSM_CDW11_IDR : 0);
    struct nvme_result res;
    unsigned done;

    int err = blocks_announce(b, spans, count, "Dataset Management of",
                              v[DSM_AD].given ? "what is there is lost" : "hints change no data",
                              &v[DSM_SERIAL]);
    if (err) {
        return err;
    }
    err = nvme_nvm_dsm(nvme_qpair_at(b->ns->ctrlr, 0), b->ns, spans, count, attributes, &res,
                       &done);
    blocks_changed(b);
    if (err) {
        return blocks_explain(b, "Dataset Management", err, &res);
    }
    out_printf(b->sh->out, "NVMe DSM: success, %u range%s\n", done, done == 1 ? "" : "s");
    return 0;
}

static int dsm_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *v = sh->values;
    struct nvme_nvm_span *spans = heap_alloc(SPANS_MAX, sizeof(*spans));
    struct blocks b;
    unsigned count;

    (void)argc;
    if (!spans) {
        return -ENOMEM;
    }
    int err = blocks_find_ns(&b, sh, argv, &v[DSM_NSID], NVME_CAN_DSM);
    if (!err && !v[DSM_AD].given && !v[DSM_IDW].given && !v[DSM_IDR].given) {
        err = shell_fail(sh, argv[0], -EINVAL, "say what for: --ad deallocates, --idr and --idw "
                                               "are hints");
    }
    err = err ? err : take_spans(&b, &v[DSM_SLBS], &v[DSM_BLOCKS], &v[DSM_CTX], spans, &count);
    err = err ? err : run_dsm(&b, spans, count);
    heap_free(spans);
    return err;
}

/* --- copy ------------------------------------------------------------------------------------- */

enum { COPY_SDLBA, COPY_SLBS, COPY_BLOCKS, COPY_LR, COPY_FUA, COPY_NSID, COPY_SERIAL };
static const struct shell_option copy_options[] = {
    [COPY_SDLBA] = {"sdlba", 'd', SHELL_NUMBER, 0, "first block of the destination"},
    [COPY_SLBS] = {"slbs", 's', SHELL_TEXT, 0, "first blocks of the sources: 0,4096"},
    [COPY_BLOCKS] = {"blocks", 'b', SHELL_TEXT, 0, "blocks in each source: 8,8 (not zero-based)"},
    [COPY_LR] = BLOCKS_OPTION_LR,
    [COPY_FUA] = BLOCKS_OPTION_FUA,
    [COPY_NSID] = SHELL_OPTION_NSID,
    [COPY_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

/* Where the sources come to lie; a source there would be overwritten while it is read. */
static int take_destination(struct blocks *b, const struct nvme_nvm_span *spans, unsigned count,
                            struct nvme_nvm_span *to)
{
    *to = (struct nvme_nvm_span){.lba = b->sh->values[COPY_SDLBA].number};
    for (unsigned i = 0; i < count; i++) {
        to->count = MIN(to->count + spans[i].count, b->ns->block_count + 1); /* is refused below */
    }
    int err = blocks_check(b, to->lba, to->count);
    for (unsigned i = 0; i < count && !err; i++) {
        if (spans[i].lba < to->lba + to->count && to->lba < spans[i].lba + spans[i].count) {
            err = shell_fail(b->sh, b->command, -EINVAL,
                             "the source at LBA %llu overlaps the destination",
                             (unsigned long long)spans[i].lba);
        }
    }
    return err;
}

static int run_copy(struct blocks *b, const struct nvme_nvm_span *spans, unsigned count)
{
    const struct shell_value *v = b->sh->values;
    uint8_t flags = (uint8_t)((v[COPY_FUA].given ? NVME_NVM_FUA : 0) |
                              (v[COPY_LR].given ? NVME_NVM_LR : 0));
    struct nvme_nvm_span to;
    struct nvme_result res;
    char range[80];
    uint64_t done;

    int err = take_destination(b, spans, count, &to);
    err = err ? err : blocks_announce(b, &to, 1, "Copy to", "what is there is overwritten",
                                      &v[COPY_SERIAL]);
    if (err) {
        return err;
    }
    err = nvme_nvm_copy(nvme_qpair_at(b->ns->ctrlr, 0), b->ns, to.lba, spans, count, flags, &res,
                        &done);
    blocks_changed(b);
    if (err) {
        out_printf(b->sh->out, "%llu blocks were copied.\n", (unsigned long long)done);
        return blocks_explain(b, "Copy", err, &res);
    }
    blocks_format(to.lba, to.count, range, sizeof(range));
    out_printf(b->sh->out, "NVMe Copy: success, to %s\n", range);
    return 0;
}

static int copy_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *v = sh->values, none = {0};
    struct nvme_nvm_span *spans = heap_alloc(SPANS_MAX, sizeof(*spans));
    struct blocks b;
    unsigned count;

    (void)argc;
    if (!spans) {
        return -ENOMEM;
    }
    int err = blocks_find_ns(&b, sh, argv, &v[COPY_NSID], NVME_CAN_COPY);
    if (!err && (b.ns->id.mssrl == 0 || b.ns->id.mcl == 0)) {
        err = shell_fail(sh, argv[0], -ENOTSUP,
                         "%s lets no block be copied: MSSRL and MCL of Identify Namespace are %u "
                         "and %u", b.target.name, b.ns->id.mssrl, (unsigned)b.ns->id.mcl);
    }
    err = err ? err : take_spans(&b, &v[COPY_SLBS], &v[COPY_BLOCKS], &none, spans, &count);
    err = err ? err : run_copy(&b, spans, count);
    heap_free(spans);
    return err;
}

/* --- get-lba-status --------------------------------------------------------------------------- */

enum { LBA_START, LBA_MAX_DW, LBA_ACTION, LBA_RANGE, LBA_NSID, LBA_OUTPUT };
static const struct shell_option lba_options[] = {
    [LBA_START] = {"start-lba", 's', SHELL_NUMBER, 0, "first block to look at"},
    [LBA_MAX_DW] = {"max-dw", 'm', SHELL_NUMBER, 16383, "dwords of the answer, zero-based"},
    [LBA_ACTION] = {"action", 'a', SHELL_NUMBER, 255, "0x11 what is known (default), 0x10 a scan"},
    [LBA_RANGE] = {"range-len", 'l', SHELL_NUMBER, UINT16_MAX, "blocks to look at; 0: to the end"},
    [LBA_NSID] = SHELL_OPTION_NSID,
    [LBA_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

static int show_lba_status(struct shell *sh, const char *command, const void *buf)
{
    const struct nvme_lba_status *list = buf;
    const struct nvme_lba_status_desc *desc = (const void *)(list + 1);
    struct show s;

    int err = show_begin(&s, sh, command, sh->values[LBA_OUTPUT].text);
    if (err) {
        return err;
    }
    show_u64(&s, "Number of LBA Status Descriptors(NLSD)", "nlsd", list->nlsd);
    show_number_as(&s, "Completion Condition(CMPC)", "cmpc", list->cmpc, "%u %s", list->cmpc,
                   list->cmpc == NVME_LBA_STATUS_BY_LENGTH  ? "the answer is full"
                   : list->cmpc == NVME_LBA_STATUS_BY_RANGE ? "the whole range"
                                                            : "");
    show_open_array(&s, "lbas", NULL);
    for (uint32_t i = 0; i < list->nlsd; i++) {
        show_open_object(&s, NULL, NULL);
        show_title(&s, "DSLBA: %#llx, NLB: %u, Status: %#x", (unsigned long long)desc[i].dslba,
                   (unsigned)desc[i].nlb, desc[i].status);
        show_json_u64(&s, "dslba", desc[i].dslba);
        show_json_u64(&s, "nlb", desc[i].nlb);
        show_json_u64(&s, "status", desc[i].status);
        show_close_object(&s);
    }
    show_close_array(&s);
    show_end(&s);
    return 0;
}

static int get_lba_status_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *v = sh->values;
    size_t len = v[LBA_MAX_DW].given ? ((size_t)v[LBA_MAX_DW].number + 1) * 4 : 4096;
    uint8_t action = v[LBA_ACTION].given ? (uint8_t)v[LBA_ACTION].number : NVME_LBA_STATUS_TRACKED;
    struct nvme_result res;
    struct blocks b;

    (void)argc;
    int err = blocks_find_ns(&b, sh, argv, &v[LBA_NSID], NVME_CAN_LBA_STATUS);
    err = err ? err : blocks_check(&b, v[LBA_START].number, MAX(v[LBA_RANGE].number, UINT64_C(1)));
    if (!err && len < sizeof(struct nvme_lba_status)) {
        err = shell_fail(sh, argv[0], -EINVAL, "--max-dw is at least 1: two dwords");
    }
    if (err) {
        return err;
    }
    void *buf = heap_alloc(1, len);
    if (!buf) {
        return -ENOMEM;
    }
    err = nvme_nvm_lba_status(b.ns, v[LBA_START].number, v[LBA_RANGE].number, action, buf, len,
                              &res);
    err = err ? blocks_explain(&b, "Get LBA Status", err, &res)
              : show_lba_status(sh, argv[0], buf);
    heap_free(buf);
    return err;
}

const struct shell_cmd nvme_cmd_dsm = {
    .name = "dsm",
    .usage = "nvme dsm DISK -s LBA,... -b BLOCKS,... -d|-w|-r [-a ATTR,...] [--serial=S]",
    .summary = "deallocate (trim) ranges, or give hints about them",
    .details = "Up to 256 ranges, as many as a line has room for. Counts are not zero-based.\n",
    .example = "nvme dsm nvme0n1 -s 0,4096 -b 8,8 -d --serial=SERIAL",
    .complete = COMPLETE_DISK,
    .options = dsm_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = dsm_run,
};

const struct shell_cmd nvme_cmd_copy = {
    .name = "copy",
    .usage = "nvme copy DISK -d LBA -s LBA,... -b BLOCKS,... [-l] [-f] [--serial=S]",
    .summary = "let the drive copy ranges to one place",
    .details = "The sources come to lie one behind the other. Counts are not zero-based; what is\n"
               "longer than the drive's limits (MSSRL, MCL, MSRC) takes several commands.\n",
    .example = "nvme copy nvme0n1 -d 8192 -s 0,4096 -b 8,8 --serial=SERIAL",
    .complete = COMPLETE_DISK,
    .options = copy_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = copy_run,
};

const struct shell_cmd nvme_cmd_get_lba_status = {
    .name = "get-lba-status",
    .usage = "nvme get-lba-status DISK [-s LBA] [-l COUNT] [-a ACTION] [-m DWORDS] [-o json]",
    .summary = "blocks that the drive believes to be unreadable",
    .example = "nvme get-lba-status nvme0n1",
    .complete = COMPLETE_DISK,
    .options = lba_options,
    .min_args = 1,
    .max_args = 1,
    .run = get_lba_status_run,
};
