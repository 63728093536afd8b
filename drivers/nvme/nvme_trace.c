/*
 * drivers/nvme/nvme_trace.c - every submission and completion as one line of words.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"

static void trace_line(const struct nvme_qpair *qp, unsigned cid, const char *text)
{
    struct nvme_ctrlr *c = qp->ctrlr;

    if (c->trace) {
        uint64_t now_ns = nvme_now(c);

        out_printf(
            c->trace, "[%5llu.%06llu] %s q%u cid %u: %s\n", (unsigned long long)(now_ns / NS_PER_S),
            (unsigned long long)(now_ns % NS_PER_S / NS_PER_US), c->name, qp->qid, cid, text);
    }
}

/* Its first block is in CDW10 and CDW11, their number in CDW12; or it is a flush. */
static bool has_range(uint8_t opcode)
{
    return opcode <= NVME_IO_COMPARE || opcode == NVME_IO_WRITE_ZEROES || opcode == NVME_IO_VERIFY;
}

void nvme_sqe_format(bool admin, const struct nvme_sqe *sqe, char *buf, size_t cap)
{
    char name[48], rest[80] = "";

    nvme_opcode_format(admin, sqe->opcode, name, sizeof(name));
    if (admin) {
        str_format(rest, sizeof(rest), " cdw10 %08xh cdw11 %08xh", sqe->cdw10, sqe->cdw11);
    } else if (sqe->opcode == NVME_IO_DSM) {
        str_format(rest, sizeof(rest), " %s ranges %u",
                   sqe->cdw11 & NVME_DSM_CDW11_AD ? "deallocate," : "hints,",
                   (unsigned)FIELD_GET(NVME_DSM_CDW10_NR, sqe->cdw10) + 1);
    } else if (!has_range(sqe->opcode)) {
        str_format(rest, sizeof(rest), " cdw10 %08xh cdw11 %08xh cdw12 %08xh", sqe->cdw10,
                   sqe->cdw11, sqe->cdw12);
    } else if (sqe->opcode != NVME_IO_FLUSH) {
        str_format(rest, sizeof(rest), " lba %llu blocks %u%s",
                   (unsigned long long)sqe->cdw11 << 32 | sqe->cdw10,
                   (unsigned)FIELD_GET(NVME_RW_CDW12_NLB, sqe->cdw12) + 1,
                   FIELD_GET(NVME_RW_CDW12_FUA, sqe->cdw12) ? " fua" : "");
    }
    bool sgl = FIELD_GET(NVME_SQE_PSDT, sqe->flags) != 0;
    str_format(buf, cap, "%s nsid %u%s %s %llxh %s %llxh", name, sqe->nsid, rest,
               sgl ? "sgl address" : "prp1", (unsigned long long)sqe->prp1,
               sgl ? "length" : "prp2", (unsigned long long)sqe->prp2);
}

void nvme_trace_submission(const struct nvme_qpair *qp, const struct nvme_sqe *sqe)
{
    char text[160];

    nvme_sqe_format(qp->qid == 0, sqe, text, sizeof(text));
    trace_line(qp, sqe->cid, text);
}

void nvme_trace_completion(const struct nvme_qpair *qp, uint32_t dw0, uint32_t dw3)
{
    char status[96], text[128];

    nvme_status_format((uint16_t)FIELD_GET(NVME_CQE_DW3_STATUS, dw3), status, sizeof(status));
    str_format(text, sizeof(text), "-> %s, dw0 %08xh", status, dw0);
    trace_line(qp, FIELD_GET(NVME_CQE_DW3_CID, dw3), text);
}

void nvme_trace(struct nvme_ctrlr *ctrlr, struct out *out)
{
    if (!out) {
        atomic_fetch_and(&ctrlr->attention, ~NVME_ATTENTION_TRACE);
    }
    ctrlr->trace = out;
    if (out) {
        atomic_fetch_or(&ctrlr->attention, NVME_ATTENTION_TRACE);
    }
}
