/*
 * drivers/nvme/nvme_command.h - any I/O command on a queue pair, synchronously, with its data and
 * metadata copied through memory of the driver. For commands that are rare; reads and writes that
 * matter for their speed go through nvme_post().
 *
 * Threads: the queue pair's own CPU, which is the controller's (a failed controller is recovered),
 * and every other queue is idle.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "drivers/nvme/nvme.h"

struct nvme_command {
    struct nvme_sqe cmd;   /* opcode, nsid, cdw2, cdw3 and cdw10..15 are taken as they are; flags
                              must be 0, identifier and pointers are filled in */
    enum nvme_dir dir;     /* of data and metadata; NVME_NO_DATA: there are none */
    void *data;            /* len bytes, any memory and alignment */
    size_t len;
    void *metadata;        /* metadata_len bytes: a separate metadata buffer (MPTR), or NULL */
    size_t metadata_len;
    struct nvme_result res; /* out */
};

/* The longest data of one command: MDTS, and what a queue's PRP lists can describe. */
size_t nvme_command_max_bytes(const struct nvme_ctrlr *ctrlr);

/* Runs command and waits for its end; timeout_ns 0: the controller's I/O time-out. Returns 0 or an
 * errno with res filled in; -EROFS, -EPERM (nvme_gate.h: what it can destroy is not armed);
 * -EINVAL (flags, more data than nvme_command_max_bytes(), data and dir do not match); -EBUSY
 * (other commands are outstanding on qp); -ENOMEM; -ETIMEDOUT, -ECANCELED (the controller had to be
 * reset and is in service again); -ESHUTDOWN. */
int nvme_io_command(struct nvme_qpair *qp, struct nvme_command *command, uint64_t timeout_ns)
    must_check;

/* Runs two commands as one fused operation (NVMe 1.4 §6.2): posted next to each other, told to the
 * controller together, each completed by itself. Returns the error of the first when it failed,
 * else that of the second. As above. */
int nvme_io_fused(struct nvme_qpair *qp, struct nvme_command pair[2], uint64_t timeout_ns)
    must_check;
