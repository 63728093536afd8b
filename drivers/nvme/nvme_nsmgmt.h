/*
 * drivers/nvme/nvme_nsmgmt.h - Namespace Management and Attachment (NVMe 1.4 §5.20, §5.19, §8.12).
 *
 * A namespace is created, then attached to controllers, and only then can it be used. After each of
 * these the namespaces must be looked at again (nvme_rescan_namespaces). All need the whole
 * controller armed. All: 0; -ENOTSUP (OACS bit 3); -EINVAL; or as nvme_admin.
 */
#pragma once

#include "drivers/nvme/nvme.h"

struct nvme_ns_wish {
    uint64_t size, capacity; /* logical blocks: NSZE, NCAP */
    uint8_t flbas;           /* NVME_FLBAS_*; the formats: Identify Namespace of NVME_NSID_ALL */
    uint8_t dps;             /* NVME_DPS_* */
    uint8_t nmic;            /* NVME_NMIC_* */
    uint32_t anagrpid;       /* 0: the controller chooses, as for the next */
    uint16_t nvmsetid;
};

/* *nsid: of the new namespace, which is attached to no controller. */
int nvme_ns_create(struct nvme_ctrlr *ctrlr, const struct nvme_ns_wish *wish, uint32_t *nsid,
                   struct nvme_result *res) must_check;

/* NVME_NSID_ALL: every namespace of the subsystem. */
int nvme_ns_delete(struct nvme_ctrlr *ctrlr, uint32_t nsid, struct nvme_result *res) must_check;

/* Attaches nsid to the count controllers in ids, which ascend, or detaches it from them. */
int nvme_ns_attach(struct nvme_ctrlr *ctrlr, uint32_t nsid, bool attach, const uint16_t *ids,
                   unsigned count, struct nvme_result *res) must_check;

/* The formats and capabilities that all namespaces have in common (Identify of NVME_NSID_ALL). */
int nvme_ns_common(struct nvme_ctrlr *ctrlr, struct nvme_id_ns *id, struct nvme_result *res)
    must_check;

/* In which steps namespaces are best made, for LBA format lbaf. All zero: the drive does not say
 * (CTRATT bit 7), or refuses to. */
struct nvme_ns_granularity nvme_ns_granularity(struct nvme_ctrlr *ctrlr, unsigned lbaf);
