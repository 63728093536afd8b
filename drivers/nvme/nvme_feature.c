/*
 * drivers/nvme/nvme_feature.c - Get and Set Features (NVMe 1.4 §5.13, §5.21).
 */
#include "drivers/nvme/nvme_feature.h"

#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define APST_PATIENCE 50 /* idle time against the time to go there and back */

enum nvme_ability nvme_feature_lacks(const struct nvme_ctrlr *ctrlr,
                                     const struct nvme_feature_request *request, bool set)
{
    const struct nvme_feature_info *info = nvme_feature_find(request->fid);
    enum nvme_ability wanted[3] = {NVME_ABILITY_COUNT, NVME_ABILITY_COUNT, NVME_ABILITY_COUNT};

    if (info) {
        wanted[0] = info->ability;
    }
    if (set ? request->save : request->select != NVME_SELECT_CURRENT) {
        wanted[1] = NVME_CAN_SAVE_FEATURES;
    }
    if (request->fid == NVME_FEAT_HOST_IDENTIFIER && (request->cdw11 & NVME_HOST_ID_EXHID)) {
        wanted[2] = NVME_CAN_HOST_ID_128;
    }
    if (request->fid == NVME_FEAT_NAMESPACE_WRITE_PROTECTION && set) {
        uint64_t state = FIELD_GET(NVME_WRITE_PROTECT_STATE, request->cdw11);

        wanted[2] = state == NVME_WRITE_PROTECT_UNTIL_POWER_CYCLE
                        ? NVME_CAN_WRITE_PROTECT_POWER_CYCLE
                    : state == NVME_WRITE_PROTECT_PERMANENT ? NVME_CAN_WRITE_PROTECT_PERMANENT
                                                            : NVME_ABILITY_COUNT;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
        if (wanted[i] != NVME_ABILITY_COUNT && !nvme_can(ctrlr, wanted[i])) {
            return wanted[i];
        }
    }
    return NVME_ABILITY_COUNT;
}

int nvme_get_feature(struct nvme_ctrlr *ctrlr, const struct nvme_feature_request *request,
                     struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_GET_FEATURES,
        .nsid = request->nsid,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_GET_FEATURES_CDW10_FID, request->fid) |
                            FIELD_PREP(NVME_GET_FEATURES_CDW10_SEL, request->select)),
        .cdw11 = request->cdw11,
    };

    if (res) {
        *res = (struct nvme_result){0};
    }
    if (request->len > NVME_FEATURE_DATA_MAX_BYTES) {
        return -EINVAL;
    }
    if (nvme_feature_lacks(ctrlr, request, false) != NVME_ABILITY_COUNT) {
        return -ENOTSUP;
    }
    /* A whole page is always there: a vendor's feature may have data that nobody knows of. */
    uint8_t *page = heap_alloc(1, NVME_FEATURE_DATA_MAX_BYTES);
    if (!page) {
        return -ENOMEM;
    }
    int err = nvme_admin(ctrlr, &cmd, NVME_TO_HOST, page, NVME_FEATURE_DATA_MAX_BYTES, res);
    if (!err && request->len) {
        memcpy(request->data, page, request->len);
    }
    heap_free(page);
    return err;
}

/* Bytes that Set Features must send for this feature; -1: as many as the caller likes. */
static int64_t data_wanted(const struct nvme_feature_request *request)
{
    const struct nvme_feature_info *info = nvme_feature_find(request->fid);

    if (!info) {
        return -1;
    }
    if (request->fid == NVME_FEAT_HOST_IDENTIFIER) {
        return request->cdw11 & NVME_HOST_ID_EXHID ? 16 : 8;
    }
    return info->get_only_data ? 0 : info->data_bytes;
}

/* What the driver has read of a namespace follows what was changed. */
static void note_write_protection(struct nvme_ctrlr *ctrlr,
                                  const struct nvme_feature_request *request)
{
    struct nvme_ns *ns;

    for (unsigned i = 0; (ns = nvme_ns_at(ctrlr, i)); i++) {
        if (ns->nsid == request->nsid || request->nsid == NVME_NSID_ALL) {
            bool on = FIELD_GET(NVME_WRITE_PROTECT_STATE, request->cdw11) != 0;

            ns->id.nsattr = (uint8_t)((ns->id.nsattr & ~NVME_NSATTR_WRITE_PROTECTED) |
                                      FIELD_PREP(NVME_NSATTR_WRITE_PROTECTED, on));
        }
    }
}

int nvme_set_feature(struct nvme_ctrlr *ctrlr, const struct nvme_feature_request *request,
                     struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_SET_FEATURES,
        .nsid = request->nsid,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_SET_FEATURES_CDW10_FID, request->fid) |
                            FIELD_PREP(NVME_SET_FEATURES_CDW10_SV, request->save)),
        .cdw11 = request->cdw11,
        .cdw12 = request->cdw12,
        .cdw13 = request->cdw13,
        .cdw14 = request->cdw14,
        .cdw15 = request->cdw15,
    };
    int64_t wanted = data_wanted(request);

    if (res) {
        *res = (struct nvme_result){0};
    }
    if (wanted >= 0 ? request->len != (uint64_t)wanted
                    : request->len > NVME_FEATURE_DATA_MAX_BYTES) {
        return -EINVAL;
    }
    if (nvme_feature_lacks(ctrlr, request, true) != NVME_ABILITY_COUNT) {
        return -ENOTSUP;
    }
    int err = nvme_admin(ctrlr, &cmd, request->len ? NVME_TO_DEVICE : NVME_NO_DATA, request->data,
                         request->len, res);
    if (!err && request->fid == NVME_FEAT_NAMESPACE_WRITE_PROTECTION) {
        note_write_protection(ctrlr, request);
    }
    return err;
}

/* --- typed ------------------------------------------------------------------------------------ */

int nvme_get_power_state(struct nvme_ctrlr *ctrlr, unsigned *state, struct nvme_result *res)
{
    const struct nvme_feature_request request = {.fid = NVME_FEAT_POWER_MANAGEMENT};
    struct nvme_result own;
    int err = nvme_get_feature(ctrlr, &request, res ? res : &own);

    if (!err) {
        *state = (unsigned)FIELD_GET(NVME_POWER_PS, (res ? res : &own)->dw0);
    }
    return err;
}

int nvme_set_power_state(struct nvme_ctrlr *ctrlr, unsigned state, struct nvme_result *res)
{
    const struct nvme_feature_request request = {
        .fid = NVME_FEAT_POWER_MANAGEMENT,
        .cdw11 = (uint32_t)FIELD_PREP(NVME_POWER_PS, state),
    };

    if (state > nvme_id_ctrl(ctrlr)->npss || state >= ARRAY_SIZE(nvme_id_ctrl(ctrlr)->psd)) {
        return -EINVAL;
    }
    return nvme_set_feature(ctrlr, &request, res);
}

int nvme_get_apst(struct nvme_ctrlr *ctrlr, bool *enabled, uint64_t table[NVME_APST_STATES],
                  struct nvme_result *res)
{
    const struct nvme_feature_request request = {
        .fid = NVME_FEAT_AUTONOMOUS_POWER_STATE,
        .data = table,
        .len = NVME_APST_STATES * sizeof(table[0]),
    };
    struct nvme_result own;
    int err = nvme_get_feature(ctrlr, &request, res ? res : &own);

    if (!err) {
        *enabled = FIELD_GET(NVME_APST_ENABLE, (res ? res : &own)->dw0);
    }
    return err;
}

int nvme_set_apst(struct nvme_ctrlr *ctrlr, bool enable, uint64_t table[NVME_APST_STATES],
                  struct nvme_result *res)
{
    const struct nvme_feature_request request = {
        .fid = NVME_FEAT_AUTONOMOUS_POWER_STATE,
        .cdw11 = (uint32_t)FIELD_PREP(NVME_APST_ENABLE, enable),
        .data = table,
        .len = NVME_APST_STATES * sizeof(table[0]),
    };

    return nvme_set_feature(ctrlr, &request, res);
}

void nvme_apst_default(const struct nvme_ctrlr *ctrlr, uint64_t table[NVME_APST_STATES])
{
    const struct nvme_id_ctrl *id = nvme_id_ctrl(ctrlr);
    uint64_t entry = 0;

    memset(table, 0, NVME_APST_STATES * sizeof(table[0]));
    for (unsigned i = MIN((unsigned)id->npss + 1, (unsigned)NVME_APST_STATES); i-- > 0;) {
        const struct nvme_psd *psd = &id->psd[i];

        table[i] = entry;
        if (psd->flags & NVME_PSD_FLAGS_NOPS) {
            uint64_t both_us = (uint64_t)psd->enlat + psd->exlat;
            uint64_t idle_ms = (both_us * APST_PATIENCE + 999) / 1000;
            uint64_t bounded_ms = MIN(MAX(idle_ms, UINT64_C(1)), NVME_APST_ITPT_MAX_MS);

            entry = FIELD_PREP(NVME_APST_ITPS, i) | FIELD_PREP(NVME_APST_ITPT, bounded_ms);
        }
    }
}

int nvme_set_interrupt_coalescing(struct nvme_ctrlr *ctrlr, unsigned threshold, unsigned time_us,
                                  struct nvme_result *res)
{
    if (threshold < 1 || threshold > 256 || time_us % 100 || time_us > 25500) {
        return -EINVAL;
    }
    const struct nvme_feature_request request = {
        .fid = NVME_FEAT_INTERRUPT_COALESCING,
        .cdw11 = (uint32_t)(FIELD_PREP(NVME_COALESCING_THR, threshold - 1) |
                            FIELD_PREP(NVME_COALESCING_TIME, time_us / 100)),
    };
    return nvme_set_feature(ctrlr, &request, res);
}

int nvme_set_vector_coalescing(struct nvme_ctrlr *ctrlr, uint16_t vector, bool coalesce,
                               struct nvme_result *res)
{
    const struct nvme_feature_request request = {
        .fid = NVME_FEAT_INTERRUPT_VECTOR_CONFIG,
        .cdw11 = (uint32_t)(FIELD_PREP(NVME_VECTOR_IV, vector) |
                            FIELD_PREP(NVME_VECTOR_CD, !coalesce)),
    };

    return nvme_set_feature(ctrlr, &request, res);
}
