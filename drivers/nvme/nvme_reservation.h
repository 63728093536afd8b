/*
 * drivers/nvme/nvme_reservation.h - reservations of a namespace that several hosts share (NVMe 1.4
 * §6.10 to §6.13, §8.8), and the identifier by which a drive knows this host (§5.21.1.19).
 *
 * Threads: as nvme_io_command(). Each function is -ENOTSUP when the controller has no reservations
 * (ONCS bit 5), and otherwise returns as nvme_io_command() with *res filled in; changes need an
 * armed namespace.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/nvme/nvme.h"

struct nvme_resv_request {
    uint8_t action;   /* RREGA, RACQA, RRELA: what they are called is in nvme_spec_nvm.h */
    uint8_t type;     /* enum nvme_resv_type; acquire and release */
    uint8_t cptpl;    /* register: 0 no change, 2 forget, 3 keep the state through power loss */
    bool ignore_key;  /* IEKEY: the current key is not compared */
    uint64_t key;     /* current reservation key, CRKEY */
    uint64_t new_key; /* register: the new one, NRKEY; acquire: the one to preempt, PRKEY */
};

int nvme_resv_register(struct nvme_qpair *qp, struct nvme_ns *ns,
                       const struct nvme_resv_request *request, struct nvme_result *res)
    must_check;
int nvme_resv_acquire(struct nvme_qpair *qp, struct nvme_ns *ns,
                      const struct nvme_resv_request *request, struct nvme_result *res) must_check;
int nvme_resv_release(struct nvme_qpair *qp, struct nvme_ns *ns,
                      const struct nvme_resv_request *request, struct nvme_result *res) must_check;

/* The report into buf, len bytes long, a multiple of 4 and at least a header: a struct
 * nvme_resv_status (of which the short form has the first 24 bytes), and as many registered
 * controllers as fit. extended must be what the host identifier is: 16 bytes or 8. */
int nvme_resv_report(struct nvme_qpair *qp, struct nvme_ns *ns, bool extended, void *buf,
                     size_t len, struct nvme_result *res) must_check;

/* Registered controllers in a report that are really there, in len bytes. */
unsigned nvme_resv_count(const void *report, size_t len, bool extended);
/* Number index of them, in the extended form. */
struct nvme_resv_entry nvme_resv_at(const void *report, bool extended, unsigned index);

/* This host's identifier, all zero: it has none. *extended: it is 16 bytes long, not 8. */
int nvme_host_id_get(struct nvme_ctrlr *ctrlr, uint8_t id[16], bool *extended,
                     struct nvme_result *res) must_check;
/* Gives this host an identifier; the whole controller must be armed. */
int nvme_host_id_set(struct nvme_ctrlr *ctrlr, const uint8_t id[16], bool extended,
                     struct nvme_result *res) must_check;
