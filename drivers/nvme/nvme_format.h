/*
 * drivers/nvme/nvme_format.h - Format NVM (NVMe 1.4 §5.23): gives a namespace another block size,
 * metadata or protection, and erases it. Included by those who format.
 */
#pragma once

#include "drivers/nvme/nvme.h"

struct nvme_format {
    uint8_t lbaf;      /* index of the LBA format in Identify Namespace */
    bool extended;     /* metadata follows the data of each block in one buffer (MSET) */
    uint8_t pi;        /* protection information: type 1 to 3; 0: none */
    bool pi_first;     /* it is in the first eight bytes of the metadata (PIL) */
    enum nvme_ses ses; /* how what was there is erased */
};

/* Bytes of a block in an LBA format as Identify Namespace describes it. 0: it is not in use (LBADS
 * is 0), or makes no sense (LBADS above 63). */
uint64_t nvme_lbaf_bytes(uint32_t lbaf);

/* May id's namespace be formatted so? 0; -ENOTSUP (the controller does not offer it), -EINVAL; why
 * then says in words which field of Identify says so. Nothing is sent. */
int nvme_format_check(const struct nvme_ctrlr *ctrlr, const struct nvme_id_ns *id,
                      const struct nvme_format *format, char *why, size_t cap) must_check;

/* The field of Identify Controller that makes a format of one namespace one of all of them ("FNA
 * bit 0"), or NULL. */
const char *nvme_format_reaches_all(const struct nvme_ctrlr *ctrlr, enum nvme_ses ses);

/* Formats namespace nsid, or all of them (NVME_NSID_ALL). Returns when that is done, which can
 * last: patience says how long it may. Not checked: call nvme_format_check() before. Afterwards the
 * namespaces must be looked at again (nvme_rescan_namespaces). As nvme_admin_patient; -ENOTSUP. */
int nvme_format(struct nvme_ctrlr *ctrlr, uint32_t nsid, const struct nvme_format *format,
                const struct nvme_patience *patience, struct nvme_result *res) must_check;

/* From a tick of nvme_format(): how many per cent of the namespace remain to be formatted (FPI).
 * -ENOTSUP: the drive does not tell; -EAGAIN: not yet answered. */
int nvme_format_progress(struct nvme_ctrlr *ctrlr, uint32_t nsid) must_check;
