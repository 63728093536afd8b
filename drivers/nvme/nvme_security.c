/*
 * drivers/nvme/nvme_security.c - Security Send and Receive.
 */
#include "drivers/nvme/nvme_security.h"

#include "lib/bitfield.h"
#include "lib/errno.h"

static int run(struct nvme_ctrlr *ctrlr, uint8_t opcode, enum nvme_dir dir,
               const struct nvme_security *security, struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = opcode,
        .nsid = security->nsid,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_SECURITY_CDW10_NSSF, security->nssf) |
                            FIELD_PREP(NVME_SECURITY_CDW10_SPSP, security->spsp) |
                            FIELD_PREP(NVME_SECURITY_CDW10_SECP, security->secp)),
        .cdw11 = (uint32_t)security->len,
    };

    *res = (struct nvme_result){0};
    if (!nvme_can(ctrlr, NVME_CAN_SECURITY)) {
        return -ENOTSUP;
    }
    return nvme_admin(ctrlr, &cmd, security->len ? dir : NVME_NO_DATA, security->data,
                      security->len, res);
}

int nvme_security_send(struct nvme_ctrlr *ctrlr, const struct nvme_security *security,
                       struct nvme_result *res)
{
    return run(ctrlr, NVME_ADM_SECURITY_SEND, NVME_TO_DEVICE, security, res);
}

int nvme_security_receive(struct nvme_ctrlr *ctrlr, const struct nvme_security *security,
                          struct nvme_result *res)
{
    return run(ctrlr, NVME_ADM_SECURITY_RECEIVE, NVME_TO_HOST, security, res);
}
