/*
 * drivers/nvme/nvme_sanitize.h - Sanitize (NVMe 1.4 §5.24, §8.15): erases everything the drive
 * holds, in all namespaces and in the areas no command can reach.
 *
 * It runs by itself once it is started: a reset or a loss of power interrupts it, and it goes on
 * afterwards. While it runs, and after it has failed, nearly every other command is refused. How
 * far it is, and how it ended, says the log page 81h (nvme_log_sanitize()).
 */
#pragma once

#include "drivers/nvme/nvme.h"

struct nvme_sanitize {
    enum nvme_sanact action;
    bool unrestricted;  /* AUSE: a failure can be left without another try */
    bool keep_blocks;   /* NDAS: blocks are not deallocated afterwards */
    /* of an overwrite */
    unsigned passes;    /* 1 to 16 */
    bool invert;        /* the pattern between passes */
    uint32_t pattern;
};

/* Is it offered? 0; -ENOTSUP, -EINVAL; why then says in words which field of Identify says so. */
int nvme_sanitize_check(const struct nvme_ctrlr *ctrlr, const struct nvme_sanitize *sanitize,
                        char *why, size_t cap) must_check;

/* Starts it; returns as soon as it runs. 0; -ENOTSUP, -EINVAL (nothing was sent); as nvme_admin. */
int nvme_sanitize_start(struct nvme_ctrlr *ctrlr, const struct nvme_sanitize *sanitize,
                        struct nvme_result *res) must_check;

/* How many seconds the drive says that it takes; 0: it does not say. */
uint32_t nvme_sanitize_estimate_s(const struct nvme_sanitize_log *log,
                                  const struct nvme_sanitize *sanitize);

/* How much is done, in 1/100 of a per cent. */
unsigned nvme_sanitize_permyriad(const struct nvme_sanitize_log *log);

/* "has completed", "is in progress" ...; never NULL. */
const char *nvme_sanitize_status_text(const struct nvme_sanitize_log *log);
