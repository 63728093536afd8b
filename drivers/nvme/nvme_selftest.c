/*
 * drivers/nvme/nvme_selftest.c - Device Self-test.
 */
#include "drivers/nvme/nvme_selftest.h"

#include "lib/bitfield.h"
#include "lib/errno.h"

int nvme_self_test(struct nvme_ctrlr *ctrlr, uint32_t nsid, enum nvme_stc code,
                   struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_DEVICE_SELF_TEST,
        .nsid = nsid,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_SELF_TEST_CDW10_STC, code),
    };

    if (!nvme_can(ctrlr, NVME_CAN_SELF_TEST)) {
        return -ENOTSUP;
    }
    if (code != NVME_STC_SHORT && code != NVME_STC_EXTENDED && code != NVME_STC_VENDOR &&
        code != NVME_STC_ABORT) {
        return -EINVAL;
    }
    return nvme_admin(ctrlr, &cmd, NVME_NO_DATA, NULL, 0, res);
}

const char *nvme_self_test_result_text(unsigned result)
{
    static const char *const texts[] = {
        "completed without error",
        "aborted by a Device Self-test command",
        "aborted by a reset of the controller",
        "aborted because a namespace was taken away",
        "aborted by a Format NVM command",
        "not completed: a fatal or unknown error",
        "completed, and a segment failed that is not known",
        "completed, and a segment failed",
        "aborted for an unknown reason",
        "aborted by a sanitize operation",
    };

    return result < ARRAY_SIZE(texts) ? texts[result] : "ended in a way that is not defined";
}
