/*
 * drivers/nvme/nvme_sanitize.c - Sanitize, and what its log page says.
 */
#include "drivers/nvme/nvme_sanitize.h"

#include "drivers/nvme/nvme_internal.h"
#include "lib/errno.h"
#include "lib/out.h"

#define PASSES_MAX 16

static int missing(const struct nvme_ctrlr *ctrlr, enum nvme_ability ability, char *why, size_t cap)
{
    if (nvme_can(ctrlr, ability)) {
        return 0;
    }
    str_format(why, cap, "%s does not offer %s: %s of Identify Controller is 0", nvme_name(ctrlr),
               nvme_ability_name(ability), nvme_ability_field(ability));
    return -ENOTSUP;
}

int nvme_sanitize_check(const struct nvme_ctrlr *ctrlr, const struct nvme_sanitize *sanitize,
                        char *why, size_t cap)
{
    static const enum nvme_ability needed[] = {
        [NVME_SANACT_EXIT_FAILURE] = NVME_CAN_SANITIZE,
        [NVME_SANACT_BLOCK] = NVME_CAN_SANITIZE_BLOCK,
        [NVME_SANACT_OVERWRITE] = NVME_CAN_SANITIZE_OVERWRITE,
        [NVME_SANACT_CRYPTO] = NVME_CAN_SANITIZE_CRYPTO,
    };

    if (sanitize->action < NVME_SANACT_EXIT_FAILURE || sanitize->action > NVME_SANACT_CRYPTO) {
        str_format(why, cap, "there is no sanitize action %u", sanitize->action);
        return -EINVAL;
    }
    if (sanitize->action == NVME_SANACT_OVERWRITE &&
        (sanitize->passes < 1 || sanitize->passes > PASSES_MAX)) {
        str_format(why, cap, "an overwrite has 1 to %u passes, not %u", PASSES_MAX,
                   sanitize->passes);
        return -EINVAL;
    }
    int err = missing(ctrlr, needed[sanitize->action], why, cap);
    if (!err && sanitize->keep_blocks && sanitize->action != NVME_SANACT_EXIT_FAILURE &&
        ctrlr->id.sanicap & NVME_SANICAP_NDI) {
        str_format(why, cap, "%s does not obey No-Deallocate: SANICAP bit 29 of Identify "
                   "Controller is 1", nvme_name(ctrlr));
        err = -ENOTSUP;
    }
    return err;
}

int nvme_sanitize_start(struct nvme_ctrlr *ctrlr, const struct nvme_sanitize *sanitize,
                        struct nvme_result *res)
{
    bool overwrite = sanitize->action == NVME_SANACT_OVERWRITE;
    /* 0 passes on the wire are 16. */
    unsigned passes = overwrite ? sanitize->passes % PASSES_MAX : 0;
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_SANITIZE,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_SANITIZE_CDW10_SANACT, sanitize->action) |
                            FIELD_PREP(NVME_SANITIZE_CDW10_AUSE, sanitize->unrestricted) |
                            FIELD_PREP(NVME_SANITIZE_CDW10_OWPASS, passes) |
                            FIELD_PREP(NVME_SANITIZE_CDW10_OIPBP, overwrite && sanitize->invert) |
                            FIELD_PREP(NVME_SANITIZE_CDW10_NDAS, sanitize->keep_blocks)),
        .cdw11 = overwrite ? sanitize->pattern : 0,
    };
    char why[128];
    int err = nvme_sanitize_check(ctrlr, sanitize, why, sizeof(why));

    return err ? err : nvme_admin(ctrlr, &cmd, NVME_NO_DATA, NULL, 0, res);
}

uint32_t nvme_sanitize_estimate_s(const struct nvme_sanitize_log *log,
                                  const struct nvme_sanitize *sanitize)
{
    static const uint8_t place[] = {
        [NVME_SANACT_OVERWRITE] = 0, [NVME_SANACT_BLOCK] = 1, [NVME_SANACT_CRYPTO] = 2,
    };
    uint32_t seconds;

    if (sanitize->action <= NVME_SANACT_EXIT_FAILURE || sanitize->action > NVME_SANACT_CRYPTO) {
        return 0;
    }
    seconds = log->estimate_s[place[sanitize->action] + (sanitize->keep_blocks ? 3 : 0)];
    return seconds == NVME_SANITIZE_NO_ESTIMATE ? 0 : seconds;
}

unsigned nvme_sanitize_permyriad(const struct nvme_sanitize_log *log)
{
    return log->sprog == UINT16_MAX ? 10000 : (unsigned)log->sprog * 10000 / 65536;
}

const char *nvme_sanitize_status_text(const struct nvme_sanitize_log *log)
{
    static const char *const texts[] = {
        [NVME_SANITIZE_NEVER] = "was never started",
        [NVME_SANITIZE_DONE] = "has completed",
        [NVME_SANITIZE_RUNNING] = "is in progress",
        [NVME_SANITIZE_FAILED] = "has failed",
        [NVME_SANITIZE_DONE_DEALLOCATED] = "has completed, and deallocated what it was to keep",
    };
    unsigned status = (unsigned)FIELD_GET(NVME_SANITIZE_STATUS, log->sstat);

    return status < ARRAY_SIZE(texts) ? texts[status] : "is in a state that is not defined";
}
