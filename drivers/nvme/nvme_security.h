/*
 * drivers/nvme/nvme_security.h - Security Send and Receive (NVMe 1.4 §5.24, §5.25): the payloads of
 * security protocols such as TCG's, to and from a drive. What they mean is the protocol's affair.
 *
 * Threads: the controller's own CPU.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "drivers/nvme/nvme.h"

struct nvme_security {
    uint8_t secp;  /* security protocol; 00h tells which there are */
    uint16_t spsp; /* protocol specific */
    uint8_t nssf;  /* NVMe specific, of protocol EAh */
    uint32_t nsid; /* where the protocol distinguishes them; otherwise 0 */
    void *data;    /* len bytes, borrowed */
    size_t len;
};

/* -ENOTSUP: the controller has no such commands (OACS bit 0). Sending may lock, unlock or erase the
 * drive and needs the whole controller armed. Otherwise as nvme_admin. */
int nvme_security_send(struct nvme_ctrlr *ctrlr, const struct nvme_security *security,
                       struct nvme_result *res) must_check;
int nvme_security_receive(struct nvme_ctrlr *ctrlr, const struct nvme_security *security,
                          struct nvme_result *res) must_check;
