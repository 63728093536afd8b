/*
 * drivers/nvme/nvme_selftest.h - Device Self-test (NVMe 1.4 §5.8, §8.11): the drive examines itself
 * while it stays in service. How far it is, and the results, says the log page 06h
 * (nvme_log_self_test()).
 */
#pragma once

#include "drivers/nvme/nvme.h"

/* Starts a test of namespace nsid, of all (NVME_NSID_ALL), or of the controller alone (0), or
 * aborts the one under way. Returns at once. 0; -ENOTSUP (OACS bit 4), -EINVAL (no such code;
 * nothing was sent); as nvme_admin. */
int nvme_self_test(struct nvme_ctrlr *ctrlr, uint32_t nsid, enum nvme_stc code,
                   struct nvme_result *res) must_check;

/* "completed without error", ... for the result in bits 3:0 of an entry; never NULL. */
const char *nvme_self_test_result_text(unsigned result);
