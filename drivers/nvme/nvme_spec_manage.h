/*
 * drivers/nvme/nvme_spec_manage.h - the commands that change a drive rather than its data:
 * Format NVM, Sanitize, Firmware, Device Self-test, Namespace Management. What tells how they went
 * are log pages (nvme_spec_log.h). Included by nvme_spec.h. Numbers are little-endian.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/bitfield.h"
#include "lib/compiler.h"

/* Format NVM, §5.23 */
#define NVME_FORMAT_CDW10_LBAF GENMASK64(3, 0) /* index of the LBA format */
#define NVME_FORMAT_CDW10_MSET GENMASK64(4, 4) /* metadata in the data buffer */
#define NVME_FORMAT_CDW10_PI   GENMASK64(7, 5) /* protection information type */
#define NVME_FORMAT_CDW10_PIL  GENMASK64(8, 8) /* it is in the first eight bytes */
#define NVME_FORMAT_CDW10_SES  GENMASK64(11, 9) /* enum nvme_ses */
enum nvme_ses {
    NVME_SES_NONE = 0,
    NVME_SES_USER_DATA = 1,
    NVME_SES_CRYPTO = 2,
};
/* Format Progress Indicator of Identify Namespace, §5.15.2.1 */
#define NVME_FPI_REMAINING GENMASK64(6, 0) /* per cent that remain to be formatted */
#define NVME_FPI_PRESENT   GENMASK64(7, 7)

/* Sanitize, §5.24 */
#define NVME_SANITIZE_CDW10_SANACT GENMASK64(2, 0) /* enum nvme_sanact */
#define NVME_SANITIZE_CDW10_AUSE   GENMASK64(3, 3) /* allow unrestricted exit of a failure */
#define NVME_SANITIZE_CDW10_OWPASS GENMASK64(7, 4) /* overwrite passes; 0: 16 */
#define NVME_SANITIZE_CDW10_OIPBP  GENMASK64(8, 8) /* invert the pattern between passes */
#define NVME_SANITIZE_CDW10_NDAS   GENMASK64(9, 9) /* do not deallocate afterwards */
enum nvme_sanact {
    NVME_SANACT_EXIT_FAILURE = 1,
    NVME_SANACT_BLOCK = 2,
    NVME_SANACT_OVERWRITE = 3,
    NVME_SANACT_CRYPTO = 4,
};
#define NVME_SANICAP_NDI GENMASK64(29, 29) /* No-Deallocate After Sanitize is not obeyed */

/* Firmware Image Download, §5.12, and Firmware Commit, §5.11 */
#define NVME_FW_COMMIT_CDW10_FS   GENMASK64(2, 0) /* slot; 0: the controller chooses */
#define NVME_FW_COMMIT_CDW10_CA   GENMASK64(5, 3) /* enum nvme_fw_action */
#define NVME_FW_COMMIT_CDW10_BPID GENMASK64(31, 31)
enum nvme_fw_action {
    NVME_FW_REPLACE = 0,           /* put the downloaded image into the slot */
    NVME_FW_REPLACE_ACTIVATE = 1,  /* and activate it at the next reset */
    NVME_FW_ACTIVATE = 2,          /* activate what the slot has at the next reset */
    NVME_FW_ACTIVATE_NOW = 3,      /* without a reset */
    NVME_FW_REPLACE_BOOT = 6,      /* boot partition */
    NVME_FW_ACTIVATE_BOOT = 7,
};
#define NVME_FWUG_UNKNOWN 0x00
#define NVME_FWUG_NONE    0xff
#define NVME_FW_SLOTS_MAX 7

/* Device Self-test, §5.8 */
#define NVME_SELF_TEST_CDW10_STC GENMASK64(3, 0) /* enum nvme_stc */
enum nvme_stc {
    NVME_STC_SHORT = 0x1,
    NVME_STC_EXTENDED = 0x2,
    NVME_STC_VENDOR = 0xe,
    NVME_STC_ABORT = 0xf,
};

/* Namespace Management, §5.20, and Namespace Attachment, §5.19 */
#define NVME_NS_MANAGE_CDW10_SEL GENMASK64(3, 0)
#define NVME_NS_MANAGE_CREATE    0
#define NVME_NS_MANAGE_DELETE    1
#define NVME_NS_ATTACH_CDW10_SEL GENMASK64(3, 0)
#define NVME_NS_ATTACH           0
#define NVME_NS_DETACH           1

/* Controller List, §4.11 */
#define NVME_CTRLR_LIST_MAX 2047
struct nvme_ctrlr_list {
    uint16_t count;
    uint16_t id[NVME_CTRLR_LIST_MAX]; /* ascending */
};
static_assert(sizeof(struct nvme_ctrlr_list) == 4096, "controller list");

/* Namespace Granularity List, CNS 16h, §5.15.2.12 */
struct nvme_ns_granularity {
    uint64_t size_bytes, capacity_bytes; /* 0: not reported */
};
struct nvme_ns_granularity_list {
    uint32_t attributes; /* NVME_NS_GRANULARITY_* */
    uint8_t count_0b;
    uint8_t reserved_5[27];
    struct nvme_ns_granularity entry[16];
    uint8_t reserved_288[3808];
};
#define NVME_NS_GRANULARITY_PER_FORMAT GENMASK64(0, 0) /* entry i is that of LBA format i */
#define NVME_CTRATT_NS_GRANULARITY     GENMASK64(7, 7)
static_assert(sizeof(struct nvme_ns_granularity_list) == 4096, "namespace granularity list");
