/*
 * drivers/nvme/nvme_nvm.c - the NVM command set: ranges of blocks with data, metadata and tags.
 */
#include "drivers/nvme/nvme_nvm.h"

#include "drivers/nvme/nvme_command.h"
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

/* Memory of ours for one command on a namespace whose data has to be taken apart. */
#define PART_BYTES_MAX (256 * 1024)

/* --- limits --------------------------------------------------------------------------------- */

static uint32_t limit_bytes(uint8_t log2_pages)
{
    return log2_pages == 0 || log2_pages > 19 ? 0 : UINT32_C(1) << (NVME_PAGE_SHIFT + log2_pages);
}

static void read_limits(struct nvme_ctrlr *c)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_IDENTIFY,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_IDENTIFY_CDW10_CNS, NVME_CNS_COMMAND_SET_CONTROLLER),
    };
    struct nvme_id_ctrl_nvm *id = heap_alloc(1, sizeof(*id));

    if (id && nvme_admin_run(c, &cmd, NVME_TO_HOST, id, sizeof(*id), NULL) == 0) {
        c->limits = (struct nvme_nvm_limits){
            .verify_bytes = limit_bytes(id->vsl),
            .write_zeroes_bytes = limit_bytes(id->wzsl),
            .write_uncorrectable_bytes = limit_bytes(id->wusl),
            .dsm_ranges = id->dmrl,
            .dsm_range_blocks = id->dmrsl,
            .dsm_blocks = id->dmsl,
        };
    }
    heap_free(id);
}

const struct nvme_nvm_limits *nvme_nvm_limits(struct nvme_ctrlr *c)
{
    if (!c->limits_asked && FIELD_GET(NVME_CAP_CSS_SETS, c->info.cap)) {
        c->limits_asked = true;
        read_limits(c);
    }
    return &c->limits;
}

static bool has_data(uint8_t opcode)
{
    return opcode == NVME_IO_READ || opcode == NVME_IO_WRITE || opcode == NVME_IO_COMPARE;
}

static bool is_extended(const struct nvme_ns *ns)
{
    return FIELD_GET(NVME_FLBAS_EXTENDED, ns->id.flbas) != 0;
}

/* Blocks of one command with data. */
static uint32_t most_with_data(const struct nvme_ns *ns, uint8_t prinfo)
{
    uint32_t bytes = ns->ctrlr->transfer_bytes;
    uint32_t per_block = ns->block_bytes;

    if (nvme_pi_moves_metadata(ns, prinfo)) {
        bytes = MIN(bytes, (uint32_t)PART_BYTES_MAX);
        per_block = is_extended(ns) ? per_block + ns->metadata_bytes
                                    : MAX(per_block, ns->metadata_bytes);
    }
    return MIN(bytes / per_block, (uint32_t)NVME_RW_BLOCKS_MAX);
}

static uint32_t most_blocks(const struct nvme_nvm *nvm, uint8_t opcode)
{
    const struct nvme_nvm_limits *limits;
    uint32_t bytes;

    if (has_data(opcode)) {
        return most_with_data(nvm->ns, nvm->prinfo);
    }
    limits = nvme_nvm_limits(nvm->ns->ctrlr);
    bytes = opcode == NVME_IO_VERIFY         ? limits->verify_bytes
            : opcode == NVME_IO_WRITE_ZEROES ? limits->write_zeroes_bytes
                                             : limits->write_uncorrectable_bytes;
    if (bytes == 0) {
        return NVME_RW_BLOCKS_MAX;
    }
    return MIN(MAX(bytes >> nvm->ns->block_shift, 1U), (uint32_t)NVME_RW_BLOCKS_MAX);
}

/* --- one command ---------------------------------------------------------------------------- */

static struct nvme_sqe make_sqe(const struct nvme_nvm *nvm, uint8_t opcode, uint64_t first,
                                uint32_t nlb)
{
    bool counts = nvme_pi_type(nvm->ns) != 3;
    uint64_t lba = nvm->lba + first;
    uint32_t nlb_0b = nlb - 1;

    return (struct nvme_sqe){
        .opcode = opcode,
        .nsid = nvm->ns->nsid,
        .cdw10 = (uint32_t)lba,
        .cdw11 = (uint32_t)(lba >> 32),
        .cdw12 = (uint32_t)(FIELD_PREP(NVME_RW_CDW12_NLB, nlb_0b) |
                            FIELD_PREP(NVME_RW_CDW12_DEAC, !!(nvm->flags & NVME_NVM_DEAC)) |
                            FIELD_PREP(NVME_RW_CDW12_PRINFO, nvm->prinfo) |
                            FIELD_PREP(NVME_RW_CDW12_FUA, !!(nvm->flags & NVME_NVM_FUA)) |
                            FIELD_PREP(NVME_RW_CDW12_LR, !!(nvm->flags & NVME_NVM_LR))),
        .cdw14 = nvm->tags.ref + (counts && nvme_pi_type(nvm->ns) ? (uint32_t)first : 0),
        .cdw15 = (uint32_t)(FIELD_PREP(NVME_RW_CDW15_LBAT, nvm->tags.app) |
                            FIELD_PREP(NVME_RW_CDW15_LBATM, nvm->tags.mask)),
    };
}

/* The data of a command as it travels, and where it comes from or goes to. */
struct part {
    const struct nvme_ns *ns;
    uint8_t *data, *metadata; /* the caller's; metadata may be NULL */
    uint8_t *own;             /* blocks with their metadata behind them, or metadata nobody wants */
    uint32_t nlb;
    bool extended;
};

static int part_begin(struct part *p, const struct nvme_nvm *nvm, uint64_t first, uint32_t nlb,
                      struct nvme_command *command)
{
    const struct nvme_ns *ns = nvm->ns;
    bool moves = nvme_pi_moves_metadata(ns, nvm->prinfo);
    size_t stride = ns->block_bytes + (size_t)ns->metadata_bytes;

    *p = (struct part){.ns = ns, .nlb = nlb, .extended = moves && is_extended(ns)};
    p->data = (uint8_t *)nvm->data + first * ns->block_bytes;
    if (nvm->metadata) {
        p->metadata = (uint8_t *)nvm->metadata + first * ns->metadata_bytes;
    }
    command->data = p->data;
    command->len = (size_t)nlb * ns->block_bytes;
    if (!moves) {
        return 0;
    }
    if (p->extended || !p->metadata) {
        p->own = heap_alloc(nlb, p->extended ? stride : ns->metadata_bytes);
        if (!p->own) {
            return -ENOMEM;
        }
    }
    if (!p->extended) {
        command->metadata = p->metadata ? p->metadata : p->own;
        command->metadata_len = (size_t)nlb * ns->metadata_bytes;
        return 0;
    }
    command->data = p->own;
    command->len = nlb * stride;
    for (uint32_t i = 0; i < nlb && command->dir == NVME_TO_DEVICE; i++) {
        memcpy(p->own + i * stride, p->data + (size_t)i * ns->block_bytes, ns->block_bytes);
        memcpy(p->own + i * stride + ns->block_bytes, p->metadata + (size_t)i * ns->metadata_bytes,
               ns->metadata_bytes);
    }
    return 0;
}

static void part_end(struct part *p, bool received)
{
    const struct nvme_ns *ns = p->ns;
    size_t stride = ns->block_bytes + (size_t)ns->metadata_bytes;

    for (uint32_t i = 0; i < p->nlb && p->extended && received; i++) {
        memcpy(p->data + (size_t)i * ns->block_bytes, p->own + i * stride, ns->block_bytes);
        if (p->metadata) {
            memcpy(p->metadata + (size_t)i * ns->metadata_bytes,
                   p->own + i * stride + ns->block_bytes, ns->metadata_bytes);
        }
    }
    heap_free(p->own);
}

static int run_part(struct nvme_qpair *qp, struct nvme_nvm *nvm, uint8_t opcode, uint32_t nlb)
{
    struct nvme_command command = {.cmd = make_sqe(nvm, opcode, nvm->done, nlb)};
    struct part part = {.ns = nvm->ns};
    int err = 0;

    if (has_data(opcode)) {
        command.dir = opcode == NVME_IO_READ ? NVME_TO_HOST : NVME_TO_DEVICE;
        err = part_begin(&part, nvm, nvm->done, nlb, &command);
    }
    if (!err) {
        err = nvme_io_command(qp, &command, 0);
        nvm->res = command.res;
    }
    part_end(&part, !err && opcode == NVME_IO_READ);
    return err;
}

/* --- ranges --------------------------------------------------------------------------------- */

bool nvme_nvm_in_range(const struct nvme_ns *ns, uint64_t lba, uint64_t count)
{
    return count > 0 && lba < ns->block_count && count <= ns->block_count - lba;
}

static int check(const struct nvme_nvm *nvm, uint8_t opcode)
{
    const struct nvme_ns *ns = nvm->ns;

    if (ns->block_bytes == 0 || ns->gone) {
        return ns->gone ? -ENXIO : -ENOTSUP;
    }
    if (!nvme_nvm_in_range(ns, nvm->lba, nvm->count) || (nvm->prinfo && !nvme_pi_type(ns)) ||
        !FIELD_FITS(NVME_RW_CDW12_PRINFO, nvm->prinfo)) {
        return -EINVAL;
    }
    if (has_data(opcode) &&
        (!nvm->data || (opcode != NVME_IO_READ && !nvm->metadata &&
                        nvme_pi_moves_metadata(ns, nvm->prinfo)))) {
        return -EINVAL;
    }
    return most_blocks(nvm, opcode) ? 0 : -ENOTSUP;
}

static int run(struct nvme_qpair *qp, struct nvme_nvm *nvm, uint8_t opcode)
{
    nvm->done = 0;
    nvm->res = (struct nvme_result){0};
    int err = check(nvm, opcode);

    while (!err && nvm->done < nvm->count) {
        uint32_t nlb = (uint32_t)MIN(nvm->count - nvm->done, (uint64_t)most_blocks(nvm, opcode));

        err = run_part(qp, nvm, opcode, nlb);
        nvm->done += err ? 0 : nlb;
    }
    return err;
}

static int run_if(struct nvme_qpair *qp, struct nvme_nvm *nvm, uint8_t opcode,
                  enum nvme_ability ability)
{
    nvm->done = 0;
    nvm->res = (struct nvme_result){0};
    return nvme_can(nvm->ns->ctrlr, ability) ? run(qp, nvm, opcode) : -ENOTSUP;
}

int nvme_nvm_read(struct nvme_qpair *qp, struct nvme_nvm *nvm)
{
    return run(qp, nvm, NVME_IO_READ);
}

int nvme_nvm_write(struct nvme_qpair *qp, struct nvme_nvm *nvm)
{
    return run(qp, nvm, NVME_IO_WRITE);
}

int nvme_nvm_compare(struct nvme_qpair *qp, struct nvme_nvm *nvm)
{
    return run_if(qp, nvm, NVME_IO_COMPARE, NVME_CAN_COMPARE);
}

int nvme_nvm_verify(struct nvme_qpair *qp, struct nvme_nvm *nvm)
{
    return run_if(qp, nvm, NVME_IO_VERIFY, NVME_CAN_VERIFY);
}

int nvme_nvm_write_zeroes(struct nvme_qpair *qp, struct nvme_nvm *nvm)
{
    return run_if(qp, nvm, NVME_IO_WRITE_ZEROES, NVME_CAN_WRITE_ZEROES);
}

int nvme_nvm_write_uncorrectable(struct nvme_qpair *qp, struct nvme_nvm *nvm)
{
    return run_if(qp, nvm, NVME_IO_WRITE_UNCORRECTABLE, NVME_CAN_WRITE_UNCORRECTABLE);
}

/* --- fused ---------------------------------------------------------------------------------- */

uint32_t nvme_nvm_fused_max(const struct nvme_ns *ns)
{
    bool own = FIELD_GET(NVME_NSFEAT_ATOMIC, ns->id.nsfeat) != 0;
    uint32_t atomic = (own ? ns->id.nacwu : ns->ctrlr->id.acwu) + 1U;

    return MIN(most_with_data(ns, 0), atomic);
}

int nvme_nvm_compare_and_write(struct nvme_qpair *qp, struct nvme_nvm *compare,
                               struct nvme_nvm *write)
{
    struct nvme_nvm *const nvms[2] = {compare, write};
    const uint8_t opcodes[2] = {NVME_IO_COMPARE, NVME_IO_WRITE};
    struct nvme_command pair[2] = {{.dir = NVME_TO_DEVICE}, {.dir = NVME_TO_DEVICE}};
    struct part parts[2] = {{.ns = compare->ns}, {.ns = write->ns}};
    int err = 0;

    if (!nvme_can(compare->ns->ctrlr, NVME_CAN_COMPARE_AND_WRITE)) {
        return -ENOTSUP;
    }
    if (compare->ns != write->ns || compare->lba != write->lba || compare->count != write->count ||
        compare->count > nvme_nvm_fused_max(compare->ns)) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < 2 && !err; i++) {
        uint32_t nlb = (uint32_t)nvms[i]->count;

        nvms[i]->done = 0;
        err = check(nvms[i], opcodes[i]);
        if (!err) {
            pair[i].cmd = make_sqe(nvms[i], opcodes[i], 0, nlb);
            err = part_begin(&parts[i], nvms[i], 0, nlb, &pair[i]);
        }
    }
    if (!err) {
        err = nvme_io_fused(qp, pair, 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        nvms[i]->res = pair[i].res;
        part_end(&parts[i], false);
    }
    write->done = err ? 0 : write->count;
    compare->done = pair[0].res.status || err ? 0 : compare->count;
    return err;
}

/* --- flush ---------------------------------------------------------------------------------- */

static int flush_one(struct nvme_qpair *qp, uint32_t nsid, struct nvme_result *res)
{
    struct nvme_command command = {.cmd = {.opcode = NVME_IO_FLUSH, .nsid = nsid}};
    int err = nvme_io_command(qp, &command, 0);

    *res = command.res;
    return err;
}

int nvme_nvm_flush(struct nvme_qpair *qp, struct nvme_ctrlr *ctrlr, uint32_t nsid,
                   struct nvme_result *res)
{
    bool takes_all = FIELD_GET(NVME_VWC_FLUSH_ALL, ctrlr->id.vwc) == 3;
    int err = 0;

    *res = (struct nvme_result){0};
    if (nsid != NVME_NSID_ALL || takes_all) {
        return flush_one(qp, nsid, res);
    }
    for (unsigned i = 0; i < nvme_ns_count(ctrlr) && !err; i++) {
        err = flush_one(qp, nvme_ns_at(ctrlr, i)->nsid, res);
    }
    return err;
}
