/*
 * drivers/nvme/nvme_reservation.c - reservations and the host identifier.
 */
#include "drivers/nvme/nvme_reservation.h"

#include "drivers/nvme/nvme_command.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/string.h"

#define HOST_ID_BYTES       16
#define SHORT_HOST_ID_BYTES 8

static int run(struct nvme_qpair *qp, const struct nvme_ns *ns, uint8_t opcode,
               const struct nvme_resv_request *request, unsigned keys, struct nvme_result *res)
{
    uint64_t data[2] = {request->key, request->new_key};
    struct nvme_command command = {
        .cmd = {
            .opcode = opcode,
            .nsid = ns->nsid,
            .cdw10 = (uint32_t)(FIELD_PREP(NVME_RESV_CDW10_ACTION, request->action) |
                                FIELD_PREP(NVME_RESV_CDW10_IEKEY, request->ignore_key) |
                                FIELD_PREP(NVME_RESV_CDW10_RTYPE, request->type) |
                                FIELD_PREP(NVME_RESV_CDW10_CPTPL, request->cptpl)),
        },
        .dir = NVME_TO_DEVICE,
        .data = data,
        .len = keys * sizeof(data[0]),
    };

    *res = (struct nvme_result){0};
    if (!nvme_can(ns->ctrlr, NVME_CAN_RESERVATIONS)) {
        return -ENOTSUP;
    }
    int err = nvme_io_command(qp, &command, 0);
    *res = command.res;
    return err;
}

int nvme_resv_register(struct nvme_qpair *qp, struct nvme_ns *ns,
                       const struct nvme_resv_request *request, struct nvme_result *res)
{
    return run(qp, ns, NVME_IO_RESERVATION_REGISTER, request, 2, res);
}

int nvme_resv_acquire(struct nvme_qpair *qp, struct nvme_ns *ns,
                      const struct nvme_resv_request *request, struct nvme_result *res)
{
    return run(qp, ns, NVME_IO_RESERVATION_ACQUIRE, request, 2, res);
}

int nvme_resv_release(struct nvme_qpair *qp, struct nvme_ns *ns,
                      const struct nvme_resv_request *request, struct nvme_result *res)
{
    return run(qp, ns, NVME_IO_RESERVATION_RELEASE, request, 1, res);
}

static size_t header_bytes(bool extended)
{
    return extended ? sizeof(struct nvme_resv_status) : NVME_RESV_SHORT_HEADER_BYTES;
}

static size_t entry_bytes(bool extended)
{
    return extended ? sizeof(struct nvme_resv_entry) : sizeof(struct nvme_resv_entry_short);
}

int nvme_resv_report(struct nvme_qpair *qp, struct nvme_ns *ns, bool extended, void *buf,
                     size_t len, struct nvme_result *res)
{
    struct nvme_command command = {
        .cmd = {
            .opcode = NVME_IO_RESERVATION_REPORT,
            .nsid = ns->nsid,
            .cdw10 = (uint32_t)(len / 4 - 1),
            .cdw11 = (uint32_t)FIELD_PREP(NVME_RESV_CDW11_EDS, extended),
        },
        .dir = NVME_TO_HOST,
        .data = buf,
        .len = len,
    };

    *res = (struct nvme_result){0};
    if (!nvme_can(ns->ctrlr, NVME_CAN_RESERVATIONS)) {
        return -ENOTSUP;
    }
    if (len % 4 || len < header_bytes(extended)) {
        return -EINVAL;
    }
    int err = nvme_io_command(qp, &command, 0);
    *res = command.res;
    return err;
}

unsigned nvme_resv_count(const void *report, size_t len, bool extended)
{
    const uint8_t *regctl = (const uint8_t *)report + offsetof(struct nvme_resv_status, regctl);
    unsigned claimed = regctl[0] | (unsigned)regctl[1] << 8;
    size_t room = (len - header_bytes(extended)) / entry_bytes(extended);

    return (unsigned)MIN((size_t)claimed, room);
}

struct nvme_resv_entry nvme_resv_at(const void *report, bool extended, unsigned index)
{
    const uint8_t *at =
        (const uint8_t *)report + header_bytes(extended) + index * entry_bytes(extended);
    struct nvme_resv_entry_short small;
    struct nvme_resv_entry entry = {0};

    if (extended) {
        memcpy(&entry, at, sizeof(entry));
        return entry;
    }
    memcpy(&small, at, sizeof(small));
    entry.cntlid = small.cntlid;
    entry.rcsts = small.rcsts;
    entry.rkey = small.rkey;
    memcpy(entry.hostid, &small.hostid, sizeof(small.hostid));
    return entry;
}

/* --- the host identifier ---------------------------------------------------------------------- */

static int feature(struct nvme_ctrlr *ctrlr, uint8_t opcode, bool extended, void *data,
                   struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = opcode,
        .cdw10 = NVME_FEAT_HOST_IDENTIFIER,
        .cdw11 = (uint32_t)FIELD_PREP(NVME_HOSTID_CDW11_EXHID, extended),
    };
    bool gets = opcode == NVME_ADM_GET_FEATURES;

    *res = (struct nvme_result){0};
    if (!nvme_can(ctrlr, NVME_CAN_RESERVATIONS)) {
        return -ENOTSUP;
    }
    return nvme_admin(ctrlr, &cmd, gets ? NVME_TO_HOST : NVME_TO_DEVICE, data,
                      extended ? HOST_ID_BYTES : SHORT_HOST_ID_BYTES, res);
}

int nvme_host_id_get(struct nvme_ctrlr *ctrlr, uint8_t id[16], bool *extended,
                     struct nvme_result *res)
{
    *extended = true;
    memset(id, 0, HOST_ID_BYTES);
    int err = feature(ctrlr, NVME_ADM_GET_FEATURES, true, id, res);

    if (err && res->status) { /* it may have the short form only */
        *extended = false;
        memset(id, 0, HOST_ID_BYTES);
        err = feature(ctrlr, NVME_ADM_GET_FEATURES, false, id, res);
    }
    return err;
}

int nvme_host_id_set(struct nvme_ctrlr *ctrlr, const uint8_t id[16], bool extended,
                     struct nvme_result *res)
{
    uint8_t own[HOST_ID_BYTES];

    memcpy(own, id, sizeof(own));
    return feature(ctrlr, NVME_ADM_SET_FEATURES, extended, own, res);
}
