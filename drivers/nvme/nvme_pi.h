/*
 * drivers/nvme/nvme_pi.h - end-to-end protection information (NVMe 1.4 §8.3): generated and checked
 * by the host, for types 1 to 3, at the end or the beginning of the metadata. Pure functions.
 *
 * Data are whole blocks, metadata follows them in a buffer of its own, whatever the namespace's
 * layout on the wire is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/nvme/nvme.h"

/* The type in use: 1 to 3, or 0 when there is none (or it does not fit into the metadata). */
unsigned nvme_pi_type(const struct nvme_ns *ns);

/* Blocks travel with their metadata when the command says prinfo; otherwise the controller makes it
 * and takes it away (PRACT with metadata that is nothing but protection information). */
bool nvme_pi_moves_metadata(const struct nvme_ns *ns, uint8_t prinfo);

/* What PRINFO and tags a plain read or write of lba should carry: the controller inserts and checks
 * all that the type has. 0 for a namespace without protection information. */
uint8_t nvme_pi_default_prinfo(const struct nvme_ns *ns);

struct nvme_pi_tags {
    uint32_t ref;   /* of the first block; counts on with each block for types 1 and 2 */
    uint16_t app;
    uint16_t mask;  /* bits of app that are compared */
};

/* Writes protection information into the metadata of count blocks. */
void nvme_pi_generate(const struct nvme_ns *ns, const struct nvme_pi_tags *tags, const void *data,
                      void *metadata, uint32_t count);

struct nvme_pi_mismatch {
    uint32_t block;    /* index of the first block that is wrong */
    const char *field; /* "guard", "application tag", "reference tag" */
    uint32_t found, expected;
};

/* Checks what prinfo says (NVME_PRINFO_GUARD, _APP, _REF). A block whose application tag is FFFFh
 * (type 3: and reference tag FFFFFFFFh) is not checked, as after a format. True: all is well. */
bool nvme_pi_check(const struct nvme_ns *ns, uint8_t prinfo, const struct nvme_pi_tags *tags,
                   const void *data, const void *metadata, uint32_t count,
                   struct nvme_pi_mismatch *mismatch) must_check;
