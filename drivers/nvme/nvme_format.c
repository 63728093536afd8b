/*
 * drivers/nvme/nvme_format.c - Format NVM, and how far it is.
 */
#include "drivers/nvme/nvme_format.h"

#include "drivers/nvme/nvme_internal.h"
#include "lib/errno.h"
#include "lib/out.h"

#define PROTECTION_BYTES 8
#define SIDE_WAIT_NS     (20 * NS_PER_MS)

static int check_protection(const struct nvme_id_ns *id, const struct nvme_format *f,
                            unsigned metadata, char *why, size_t cap)
{
    uint64_t place = f->pi_first ? NVME_DPC_FIRST : NVME_DPC_LAST;

    if (f->pi > 3 || !(FIELD_GET(NVME_DPC_TYPES, id->dpc) & 1U << (f->pi - 1))) {
        str_format(why, cap, "the namespace does not offer protection type %u (DPC is %#x)", f->pi,
                   id->dpc);
        return -ENOTSUP;
    }
    if (!(id->dpc & place)) {
        str_format(why, cap, "protection in the %s eight bytes is not offered (DPC is %#x)",
                   f->pi_first ? "first" : "last", id->dpc);
        return -ENOTSUP;
    }
    if (metadata < PROTECTION_BYTES) {
        str_format(why, cap, "LBA format %u has %u bytes of metadata, protection needs %u", f->lbaf,
                   metadata, PROTECTION_BYTES);
        return -EINVAL;
    }
    return 0;
}

uint64_t nvme_lbaf_bytes(uint32_t lbaf)
{
    unsigned lbads = (unsigned)FIELD_GET(NVME_LBAF_LBADS, lbaf);

    return lbads > 0 && lbads < 64 ? UINT64_C(1) << lbads : 0;
}

int nvme_format_check(const struct nvme_ctrlr *ctrlr, const struct nvme_id_ns *id,
                      const struct nvme_format *format, char *why, size_t cap)
{
    if (format->lbaf > id->nlbaf || format->lbaf >= NVME_LBAF_COUNT_MAX) {
        str_format(why, cap, "there is no LBA format %u, the last is %u (NLBAF)", format->lbaf,
                   id->nlbaf);
        return -EINVAL;
    }
    if (format->ses > NVME_SES_CRYPTO) {
        str_format(why, cap, "there is no secure erase setting %u", format->ses);
        return -EINVAL;
    }
    if (format->ses == NVME_SES_CRYPTO && !nvme_can(ctrlr, NVME_CAN_FORMAT_CRYPTO)) {
        str_format(why, cap, "%s does not offer %s: %s of Identify Controller is 0",
                   nvme_name(ctrlr), nvme_ability_name(NVME_CAN_FORMAT_CRYPTO),
                   nvme_ability_field(NVME_CAN_FORMAT_CRYPTO));
        return -ENOTSUP;
    }
    uint32_t lbaf = id->lbaf[format->lbaf];
    unsigned metadata = (unsigned)FIELD_GET(NVME_LBAF_MS, lbaf);
    if (nvme_lbaf_bytes(lbaf) == 0) {
        str_format(why, cap, "LBA format %u is not in use by this drive (LBADS is %u)",
                   format->lbaf, (unsigned)FIELD_GET(NVME_LBAF_LBADS, lbaf));
        return -ENOTSUP;
    }
    if (metadata && !(id->mc & (format->extended ? NVME_MC_EXTENDED : NVME_MC_SEPARATE))) {
        str_format(why, cap, "metadata in %s buffer is not offered (MC is %#x)",
                   format->extended ? "the data" : "a separate", id->mc);
        return -ENOTSUP;
    }
    return format->pi ? check_protection(id, format, metadata, why, cap) : 0;
}

const char *nvme_format_reaches_all(const struct nvme_ctrlr *ctrlr, enum nvme_ses ses)
{
    if (ctrlr->id.fna & NVME_FNA_FORMAT_ALL) {
        return "FNA bit 0";
    }
    return ses != NVME_SES_NONE && ctrlr->id.fna & NVME_FNA_ERASE_ALL ? "FNA bit 1" : NULL;
}

int nvme_format(struct nvme_ctrlr *ctrlr, uint32_t nsid, const struct nvme_format *format,
                const struct nvme_patience *patience, struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_FORMAT_NVM,
        .nsid = nsid,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_FORMAT_CDW10_LBAF, format->lbaf) |
                            FIELD_PREP(NVME_FORMAT_CDW10_MSET, format->extended) |
                            FIELD_PREP(NVME_FORMAT_CDW10_PI, format->pi) |
                            FIELD_PREP(NVME_FORMAT_CDW10_PIL, format->pi_first) |
                            FIELD_PREP(NVME_FORMAT_CDW10_SES, format->ses)),
    };

    if (!nvme_can(ctrlr, NVME_CAN_FORMAT)) {
        return -ENOTSUP;
    }
    return nvme_admin_patient(ctrlr, &cmd, NVME_NO_DATA, NULL, 0, patience, res);
}

/* Asks for the namespace again, beside the command under way: its own identifier, its own buffer,
 * and nobody waits long for it. */
static int ask(struct nvme_ctrlr *c, uint32_t nsid)
{
    struct nvme_sqe cmd = {
        .opcode = NVME_ADM_IDENTIFY,
        .nsid = nsid,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_IDENTIFY_CDW10_CNS, NVME_CNS_NAMESPACE),
    };

    if (!c->side_data.va) {
        int err = nvme_dma_alloc(c, NVME_IDENTIFY_BYTES, NVME_PAGE_BYTES, &c->side_data);
        if (err) {
            return err;
        }
    }
    cmd.prp1 = c->side_data.iova;
    c->admin_side = (struct nvme_admin_cmd){.outstanding = true, .cid = NVME_ADMIN_CID_SIDE};
    nvme_admin_put(c, &cmd, NVME_ADMIN_CID_SIDE);
    nvme_admin_ring(c);
    return 0;
}

int nvme_format_progress(struct nvme_ctrlr *ctrlr, uint32_t nsid)
{
    uint64_t deadline_ns = nvme_now(ctrlr) + SIDE_WAIT_NS;

    if (!ctrlr->admin_side.outstanding) {
        int err = ask(ctrlr, nsid);
        if (err) {
            return err;
        }
    }
    while (ctrlr->admin_side.outstanding && nvme_now(ctrlr) < deadline_ns) {
        if (!nvme_admin_reap(ctrlr)) {
            nvme_relax(ctrlr);
        }
    }
    if (ctrlr->admin_side.outstanding) {
        return -EAGAIN;
    }
    const struct nvme_id_ns *id = ctrlr->side_data.va;
    if (ctrlr->admin_side.res.status || !(id->fpi & NVME_FPI_PRESENT)) {
        return -ENOTSUP;
    }
    return (int)FIELD_GET(NVME_FPI_REMAINING, id->fpi);
}
