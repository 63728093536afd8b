/*
 * drivers/nvme/nvme_nvm.h - the NVM command set (NVMe 1.4 §6), synchronously and whole: with force
 * unit access, protection information and metadata, and with ranges of any length, which are split
 * where a command can hold no more. What the controller does not offer is refused before it is
 * sent, as is a range that does not lie in the namespace.
 *
 * Threads: as nvme_io_command().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/nvme/nvme.h"
#include "drivers/nvme/nvme_pi.h"

#define NVME_NVM_FUA  0x01 /* force unit access */
#define NVME_NVM_LR   0x02 /* limited retry */
#define NVME_NVM_DEAC 0x04 /* Write Zeroes: may deallocate */

/* One command on a range of blocks, or as many as the range needs. */
struct nvme_nvm {
    struct nvme_ns *ns;
    uint64_t lba;
    uint64_t count;     /* logical blocks, not zero-based; 0 is an error */
    uint8_t flags;      /* NVME_NVM_* */
    uint8_t prinfo;     /* NVME_PRINFO_*; 0 on a namespace without protection information */
    struct nvme_pi_tags tags;
    void *data;         /* count * ns->block_bytes; not used by commands without data */
    void *metadata;     /* count * ns->metadata_bytes, apart from the data whatever the layout on
                           the wire; NULL: it is not wanted (read) or does not travel */
    uint64_t done;      /* out: blocks of the commands that succeeded, from the first on */
    struct nvme_result res; /* out: of the last command */
};

/* Whether [lba, lba + count) is a range of ns, and not empty. */
bool nvme_nvm_in_range(const struct nvme_ns *ns, uint64_t lba, uint64_t count);

/*
 * Each returns 0 or an errno with res and done filled in: -EINVAL (an empty range, one that does
 * not lie in ns, metadata is missing, PRINFO without protection information); -ENOTSUP (not
 * offered, or ns has no usable geometry); otherwise as nvme_io_command(). A range that was split
 * has been done up to done when there is an error.
 */
int nvme_nvm_read(struct nvme_qpair *qp, struct nvme_nvm *nvm) must_check;
int nvme_nvm_write(struct nvme_qpair *qp, struct nvme_nvm *nvm) must_check;
int nvme_nvm_compare(struct nvme_qpair *qp, struct nvme_nvm *nvm) must_check;
int nvme_nvm_verify(struct nvme_qpair *qp, struct nvme_nvm *nvm) must_check;
int nvme_nvm_write_zeroes(struct nvme_qpair *qp, struct nvme_nvm *nvm) must_check;
int nvme_nvm_write_uncorrectable(struct nvme_qpair *qp, struct nvme_nvm *nvm) must_check;

/* Compares the blocks of compare and, if they are the same, writes those of write, which has the
 * same range: fused, so nothing comes in between (§6.2.1). Never split: at most
 * nvme_nvm_fused_max() blocks, else -EINVAL. What the comparison found out is compare->res. */
int nvme_nvm_compare_and_write(struct nvme_qpair *qp, struct nvme_nvm *compare,
                               struct nvme_nvm *write) must_check;
uint32_t nvme_nvm_fused_max(const struct nvme_ns *ns);

/* Makes durable what was written to nsid, or to all namespaces (NVME_NSID_ALL: one command where
 * VWC bits 2:1 are 11b, else one for each). */
int nvme_nvm_flush(struct nvme_qpair *qp, struct nvme_ctrlr *ctrlr, uint32_t nsid,
                   struct nvme_result *res) must_check;

/* A range with what a command may say about it. */
struct nvme_nvm_span {
    uint64_t lba;
    uint64_t count;   /* logical blocks, not zero-based */
    uint32_t context; /* Dataset Management: context attributes */
};

/* Dataset Management (§6.7): any number of ranges, at most 256 a command (fewer where the
 * controller says so). attributes: NVME_DSM_CDW11_*. *done: spans told completely. */
int nvme_nvm_dsm(struct nvme_qpair *qp, struct nvme_ns *ns, const struct nvme_nvm_span *spans,
                 unsigned count, uint32_t attributes, struct nvme_result *res, unsigned *done)
    must_check;

/* Copies the blocks of spans, one after the other, to lba: any number and length, split by MSSRL,
 * MCL and MSRC of the namespace. Spans that overlap the destination are -EINVAL. *done: blocks
 * copied. On a namespace with protection information the device checks it and makes it anew. */
int nvme_nvm_copy(struct nvme_qpair *qp, struct nvme_ns *ns, uint64_t lba,
                  const struct nvme_nvm_span *spans, unsigned count, uint8_t flags,
                  struct nvme_result *res, uint64_t *done) must_check;

/* Get LBA Status (§5.27): which of count blocks may be unreadable, into buf, len bytes long: a
 * struct nvme_lba_status and as many descriptors as fit. count 0: to the end of the namespace, as
 * for more than 65535. action: NVME_LBA_STATUS_SCAN or _TRACKED. The descriptors are checked to lie
 * in buf. -EPROTO: they do not. */
int nvme_nvm_lba_status(struct nvme_ns *ns, uint64_t lba, uint64_t count, uint8_t action,
                        void *buf, size_t len, struct nvme_result *res) must_check;
