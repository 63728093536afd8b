/*
 * drivers/nvme/nvme_feature.h - Get and Set Features, NVMe 1.4 §5.13 and §5.21: every feature of
 * that edition in one table, and the two commands that read and change them.
 *
 * A value may be asked for as it is, as it was delivered (default), as it is after the next reset
 * (saved), and for what may be done to it (supported capabilities). After a reset the drive goes
 * back to what is saved; the driver does not set anything again but its own queues, events and Host
 * Memory Buffer.
 *
 * Threads: the controller's own CPU.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/nvme/nvme.h"

/* How the number in a field is meant. */
enum nvme_feature_unit {
    NVME_UNIT_NONE,
    NVME_UNIT_ZERO_BASED,
    NVME_UNIT_POWER_OF_TWO, /* 7: no limit */
    NVME_UNIT_100_US,
    NVME_UNIT_100_MS,
    NVME_UNIT_MS,
    NVME_UNIT_KELVIN,
    NVME_UNIT_WORDS,        /* see words */
};

/* A bit field of a feature's value. */
struct nvme_feature_field {
    const char *name;  /* "Power State", NULL ends a list */
    const char *key;   /* the specification's abbreviation: "PS" */
    const char *words; /* "Disabled|Enabled": what each number means, from 0 */
    uint8_t hi, lo;
    uint8_t unit;      /* enum nvme_feature_unit */
};

struct nvme_feature_info {
    const char *name; /* as nvme-cli prints it */
    const struct nvme_feature_field *fields; /* of DW0 of Get Features, and of Set Features */
    uint32_t selector;   /* bits of CDW11 that choose one of several values, also for Get */
    uint16_t data_bytes; /* of its data structure; 0: the value is a dword */
    uint8_t fid;         /* enum nvme_feature */
    uint8_t ability;     /* enum nvme_ability that it needs, NVME_ABILITY_COUNT: none */
    bool per_namespace;
    bool in_cdw12;       /* Set Features takes the value there; CDW11 only selects */
    bool get_only_data;  /* Set Features has no data structure */
};

/* In order of fid; at() gives NULL past the last. */
const struct nvme_feature_info *nvme_feature_at(unsigned index);
/* NULL: reserved, or a vendor's. */
const struct nvme_feature_info *nvme_feature_find(uint8_t fid);
/* By name or the beginning of one ("volatile-write-cache", "timestamp"): letter case does not
 * matter, '-' and '_' are blanks. NULL: none, or more than one that begins so. */
const struct nvme_feature_info *nvme_feature_named(const char *name);

struct nvme_feature_request {
    uint8_t fid;
    uint32_t nsid;  /* of a feature that is per namespace, 0 otherwise */
    uint32_t cdw11; /* Set: the value; Get: bits that select, see above */
    uint32_t cdw12, cdw13, cdw14, cdw15; /* Set only */
    void *data;     /* len bytes, borrowed; NULL with len 0 */
    size_t len;
    enum nvme_select select; /* Get only */
    bool save;      /* Set only: keep it over resets and power cycles */
};

/* What the controller would have to offer for this request and does not, by its Identify data:
 * the first, or NVME_ABILITY_COUNT when nothing is missing. set: Set Features. */
enum nvme_ability nvme_feature_lacks(const struct nvme_ctrlr *ctrlr,
                                     const struct nvme_feature_request *request, bool set);

/* Reads a feature; the value is in res->dw0, and as much of its data structure as fits in len bytes
 * in data. Whatever the controller has to say, it says into memory of the driver's. 0; -ENOTSUP
 * (nvme_feature_lacks: nothing was sent); -ENOMEM, or as nvme_admin. */
int nvme_get_feature(struct nvme_ctrlr *ctrlr, const struct nvme_feature_request *request,
                     struct nvme_result *res) must_check;

/* Changes a feature. 0; -ENOTSUP as above; -EINVAL (data of another length than the feature has);
 * -EROFS (the controller, or the namespace of one that is per namespace, is not armed); -EPERM
 * (Number of Queues and Host Memory Buffer are the driver's own); or as nvme_admin. */
int nvme_set_feature(struct nvme_ctrlr *ctrlr, const struct nvme_feature_request *request,
                     struct nvme_result *res) must_check;

/* --- typed ------------------------------------------------------------------------------------ */

/* The current power state, and a change to another (§5.21.1.2). It must be at most NPSS, or
 * -EINVAL. A non-operational state ends with the next command that needs the media. */
int nvme_get_power_state(struct nvme_ctrlr *ctrlr, unsigned *state, struct nvme_result *res)
    must_check;
int nvme_set_power_state(struct nvme_ctrlr *ctrlr, unsigned state, struct nvme_result *res)
    must_check;

/* Autonomous Power State Transition (§5.21.1.12): on or off, and the 32 entries of its table. */
int nvme_get_apst(struct nvme_ctrlr *ctrlr, bool *enabled, uint64_t table[NVME_APST_STATES],
                  struct nvme_result *res) must_check;
int nvme_set_apst(struct nvme_ctrlr *ctrlr, bool enable, uint64_t table[NVME_APST_STATES],
                  struct nvme_result *res) must_check;
/* A table for a drive that has none: from each state to the next deeper non-operational one, after
 * fifty times what going there and back takes. All zeros when the drive has no such state. */
void nvme_apst_default(const struct nvme_ctrlr *ctrlr, uint64_t table[NVME_APST_STATES]);

/* Interrupts may be held back until threshold (1 to 256) completions are there or time_us (at most
 * 25500, in steps of 100) has passed; 0 us or a threshold of 1 switches that off (§5.21.1.8). */
int nvme_set_interrupt_coalescing(struct nvme_ctrlr *ctrlr, unsigned threshold, unsigned time_us,
                                  struct nvme_result *res) must_check;
/* Whether vector is left out of it (§5.21.1.9). */
int nvme_set_vector_coalescing(struct nvme_ctrlr *ctrlr, uint16_t vector, bool coalesce,
                               struct nvme_result *res) must_check;
