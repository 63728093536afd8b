/*
 * drivers/nvme/nvme_nsmgmt.c - making, removing, attaching and detaching namespaces.
 */
#include "drivers/nvme/nvme_nsmgmt.h"

#include "drivers/nvme/nvme_internal.h"
#include "lib/errno.h"
#include "lib/heap.h"

/* A drive may erase what it takes away before it answers. */
static const struct nvme_patience patience = {.timeout_ns = 600 * NS_PER_S};

static int send(struct nvme_ctrlr *ctrlr, const struct nvme_sqe *cmd, void *page,
                struct nvme_result *res)
{
    if (!nvme_can(ctrlr, NVME_CAN_MANAGE_NAMESPACES)) {
        return -ENOTSUP;
    }
    return nvme_admin_patient(ctrlr, cmd, page ? NVME_TO_DEVICE : NVME_NO_DATA, page,
                              page ? NVME_IDENTIFY_BYTES : 0, &patience, res);
}

int nvme_ns_create(struct nvme_ctrlr *ctrlr, const struct nvme_ns_wish *wish, uint32_t *nsid,
                   struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_NAMESPACE_MANAGEMENT,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_NS_MANAGE_CDW10_SEL, NVME_NS_MANAGE_CREATE),
    };
    struct nvme_result own = {0};
    struct nvme_id_ns *page;

    if (wish->size == 0 || wish->capacity == 0 || wish->capacity > wish->size) {
        return -EINVAL;
    }
    page = heap_alloc(1, sizeof(*page));
    if (!page) {
        return -ENOMEM;
    }
    page->nsze = wish->size;
    page->ncap = wish->capacity;
    page->flbas = wish->flbas;
    page->dps = wish->dps;
    page->nmic = wish->nmic;
    page->anagrpid = wish->anagrpid;
    page->nvmsetid = wish->nvmsetid;
    int err = send(ctrlr, &cmd, page, &own);
    heap_free(page);
    *nsid = own.dw0;
    if (res) {
        *res = own;
    }
    return err;
}

int nvme_ns_delete(struct nvme_ctrlr *ctrlr, uint32_t nsid, struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_NAMESPACE_MANAGEMENT,
        .nsid = nsid,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_NS_MANAGE_CDW10_SEL, NVME_NS_MANAGE_DELETE),
    };

    return send(ctrlr, &cmd, NULL, res);
}

int nvme_ns_attach(struct nvme_ctrlr *ctrlr, uint32_t nsid, bool attach, const uint16_t *ids,
                   unsigned count, struct nvme_result *res)
{
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_NAMESPACE_ATTACHMENT,
        .nsid = nsid,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_NS_ATTACH_CDW10_SEL,
                                      attach ? NVME_NS_ATTACH : NVME_NS_DETACH),
    };
    struct nvme_ctrlr_list *list;

    if (count == 0 || count > NVME_CTRLR_LIST_MAX) {
        return -EINVAL;
    }
    list = heap_alloc(1, sizeof(*list));
    if (!list) {
        return -ENOMEM;
    }
    list->count = (uint16_t)count;
    for (unsigned i = 0; i < count; i++) {
        list->id[i] = ids[i];
    }
    int err = send(ctrlr, &cmd, list, res);
    heap_free(list);
    return err;
}

int nvme_ns_common(struct nvme_ctrlr *ctrlr, struct nvme_id_ns *id, struct nvme_result *res)
{
    if (!nvme_can(ctrlr, NVME_CAN_MANAGE_NAMESPACES)) {
        return -ENOTSUP;
    }
    return nvme_identify(ctrlr, NVME_CNS_NAMESPACE, NVME_NSID_ALL, id, res);
}

struct nvme_ns_granularity nvme_ns_granularity(struct nvme_ctrlr *ctrlr, unsigned lbaf)
{
    struct nvme_ns_granularity found = {0};
    struct nvme_ns_granularity_list *list = heap_alloc(1, sizeof(*list));

    if (list && ctrlr->id.ctratt & NVME_CTRATT_NS_GRANULARITY &&
        nvme_identify(ctrlr, NVME_CNS_NAMESPACE_GRANULARITY, 0, list, NULL) == 0) {
        unsigned index = list->attributes & NVME_NS_GRANULARITY_PER_FORMAT ? lbaf : 0;

        if (index <= list->count_0b && index < ARRAY_SIZE(list->entry)) {
            found = list->entry[index];
        }
    }
    heap_free(list);
    return found;
}
