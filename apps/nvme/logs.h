/*
 * apps/nvme/logs.h - what the commands that show log pages share.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/nvme/commands.h"
#include "apps/nvme/fields.h"
#include "apps/nvme/show.h"
#include "drivers/nvme/nvme_log.h"

/* Says why log page lid (of namespace nsid) could not be read: not offered, by the field that says
 * so, or in the device's words. Returns err. */
int nvme_log_fail(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr, uint8_t lid,
                  uint32_t nsid, int err, const struct nvme_result *res);

/* A page of len bytes, or an error that has been said; the caller's to free. What is asked for is
 * what req says. */
int nvme_log_get(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                 const struct nvme_log_request *req, size_t len, void **page) must_check;

/* Bytes as `hexdump -C` shows them, the first at address; as JSON, an array "data" of texts with 16
 * bytes each in hexadecimal. */
void nvme_log_show_bytes(struct show *s, const void *data, size_t len, uint64_t address);

/* The lower half of 16 little-endian bytes, all ones when the number does not fit. */
uint64_t nvme_u128_low(const uint8_t value[16]);

/* "35 C (308 K, 95 F)" for Kelvin, as text; JSON has the Kelvin. */
void nvme_show_temperature(struct show *s, const char *name, const char *key, unsigned kelvin);

/* "Invalid Field in Command (sct 0, sc 02h)", and where in the command, into buf: the parameter
 * that an entry of the error log blames, or "" when it blames none. */
void nvme_error_location(const struct nvme_error_entry *e, char *buf, size_t cap);
