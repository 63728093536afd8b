/*
 * drivers/nvme/nvme_log.h - log pages (NVMe 1.4 §5.14): any of them by number, and those of the
 * specification by name. Their structures: nvme_spec_log.h.
 *
 * A page that Identify Controller does not offer is not asked for: a drive notes every question
 * that it cannot answer in its error log. Nothing here needs an armed disk.
 *
 * All functions return 0; -ENOTSUP (not offered, nothing was sent: nvme_log_missing() tells why);
 * -EINVAL (arguments); -ENOMEM; or what nvme_admin() returns. res may be NULL. The controller's CPU
 * only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "drivers/nvme/nvme.h"

#define NVME_LOG_ENTRIES_MAX 256 /* of the error log: ELPE has eight bits */

struct nvme_log_request {
    uint64_t offset; /* bytes, a multiple of 4 */
    uint32_t nsid;   /* NVME_NSID_ALL: the whole controller */
    uint16_t lsi;    /* log specific identifier, for instance an endurance group */
    uint8_t lid;     /* enum nvme_log, or a vendor's */
    uint8_t lsp;     /* log specific field, 4 bits; goes with the first command of a long read */
    bool keep_event; /* RAE: an asynchronous event that points here stays unanswered */
};

/* len bytes, a multiple of 4, into buf, in as many commands as MDTS and the driver's buffer ask
 * for. Without LPA bit 2 the offset must be 0 and len at most 4096: -ENOTSUP. */
int nvme_log_read(struct nvme_ctrlr *ctrlr, const struct nvme_log_request *req, void *buf,
                  size_t len, struct nvme_result *res) must_check;

/* What is missing for this page to be read of namespace nsid, or NVME_ABILITY_COUNT when nothing
 * is. Numbers that NVMe 1.4 does not define are left to the drive. */
enum nvme_ability nvme_log_missing(const struct nvme_ctrlr *ctrlr, uint8_t lid, uint32_t nsid);

/* "Error Information", "vendor specific"; never NULL. */
const char *nvme_log_name(uint8_t lid);

/* The newest *count entries, at most ELPE + 1; *count becomes how many are in use. */
int nvme_log_error(struct nvme_ctrlr *ctrlr, struct nvme_error_entry *entries, unsigned *count,
                   struct nvme_result *res) must_check;

/* nsid: NVME_NSID_ALL, or one namespace where LPA bit 0 allows it. */
int nvme_log_smart(struct nvme_ctrlr *ctrlr, uint32_t nsid, struct nvme_smart_log *log,
                   struct nvme_result *res) must_check;

int nvme_log_firmware(struct nvme_ctrlr *ctrlr, struct nvme_firmware_log *log,
                      struct nvme_result *res) must_check;

/* Reading it empties it. nsids: NVME_NS_LIST_ENTRIES, zeros after the last. */
int nvme_log_changed_ns(struct nvme_ctrlr *ctrlr, uint32_t *nsids,
                        struct nvme_result *res) must_check;

int nvme_log_effects(struct nvme_ctrlr *ctrlr, struct nvme_effects_log *log,
                     struct nvme_result *res) must_check;

int nvme_log_self_test(struct nvme_ctrlr *ctrlr, struct nvme_self_test_log *log,
                       struct nvme_result *res) must_check;

int nvme_log_endurance(struct nvme_ctrlr *ctrlr, uint16_t group, struct nvme_endurance_log *log,
                       struct nvme_result *res) must_check;

int nvme_log_latency(struct nvme_ctrlr *ctrlr, uint16_t nvm_set, struct nvme_latency_log *log,
                     struct nvme_result *res) must_check;

/* The oldest notification, which is then forgotten; count 0: there is none. */
int nvme_log_reservation(struct nvme_ctrlr *ctrlr, struct nvme_reservation_log *log,
                         struct nvme_result *res) must_check;

int nvme_log_sanitize(struct nvme_ctrlr *ctrlr, struct nvme_sanitize_log *log,
                      struct nvme_result *res) must_check;

/* Telemetry. lid: NVME_LOG_TELEMETRY_HOST or _CONTROLLER. capture: the controller takes the data
 * anew (host-initiated only, else -EINVAL). The data is read with nvme_log_read() from offset 512;
 * controller-initiated data is kept until a read without keep_event. */
int nvme_log_telemetry(struct nvme_ctrlr *ctrlr, uint8_t lid, bool capture,
                       struct nvme_telemetry_header *log, struct nvme_result *res) must_check;

/* Persistent events: the header; NVME_PERSISTENT_ESTABLISH makes the controller keep what it will
 * say until _RELEASE (log NULL) or a reset, and whoever establishes releases. A context that
 * somebody has left behind is released first. The events are read with nvme_log_read(), LSP
 * NVME_PERSISTENT_READ, from offset 512. */
int nvme_log_persistent(struct nvme_ctrlr *ctrlr, enum nvme_persistent_lsp action,
                        struct nvme_persistent_header *log, struct nvme_result *res) must_check;

int nvme_log_lba_status(struct nvme_ctrlr *ctrlr, struct nvme_lba_status_header *log,
                        struct nvme_result *res) must_check;

/* The entry of the error log for the command that was answered with res: the newest with the same
 * queue, identifier and status. 0; -ENOENT (there is none); else as above. Sends one command. */
int nvme_log_find_error(struct nvme_ctrlr *ctrlr, const struct nvme_result *res,
                        struct nvme_error_entry *out) must_check;
