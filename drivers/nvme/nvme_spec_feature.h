/*
 * drivers/nvme/nvme_spec_feature.h - values and data structures of Get and Set Features,
 * NVMe 1.4 §5.13 and §5.21.1, with the specification's field names. Included by nvme_spec.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/bitfield.h"
#include "lib/compiler.h"

/* Select, CDW10 bits 10:8 of Get Features, §5.13 */
enum nvme_select {
    NVME_SELECT_CURRENT = 0,
    NVME_SELECT_DEFAULT = 1,
    NVME_SELECT_SAVED = 2,
    NVME_SELECT_SUPPORTED = 3, /* DW0 is NVME_FEATURE_CAP_* then */
};
#define NVME_FEATURE_CAP_SAVEABLE   GENMASK64(0, 0)
#define NVME_FEATURE_CAP_NAMESPACE  GENMASK64(1, 1)
#define NVME_FEATURE_CAP_CHANGEABLE GENMASK64(2, 2)

#define NVME_FEATURE_DATA_MAX_BYTES 4096
#define NVME_FEATURE_VENDOR_FIRST   0xc0

/* CDW11 of Set Features and DW0 of Get Features, unless another dword is named */
#define NVME_POWER_PS          GENMASK64(4, 0)   /* Power Management, §5.21.1.2 */
#define NVME_POWER_WH          GENMASK64(7, 5)   /* workload hint */
#define NVME_TEMPERATURE_TMPTH GENMASK64(15, 0)  /* Temperature Threshold, §5.21.1.4: Kelvin */
#define NVME_TEMPERATURE_TMPSEL GENMASK64(19, 16) /* 0 composite, 1 to 8 a sensor, Fh all */
#define NVME_TEMPERATURE_THSEL GENMASK64(21, 20) /* 0 over, 1 under temperature */
#define NVME_COALESCING_THR    GENMASK64(7, 0)   /* Interrupt Coalescing, §5.21.1.8: zero-based */
#define NVME_COALESCING_TIME   GENMASK64(15, 8)  /* units of 100 us */
#define NVME_VECTOR_IV         GENMASK64(15, 0)  /* Interrupt Vector Configuration, §5.21.1.9 */
#define NVME_VECTOR_CD         GENMASK64(16, 16) /* coalescing disabled */
#define NVME_APST_ENABLE       GENMASK64(0, 0)   /* Autonomous Power State Transition, §5.21.1.12 */
#define NVME_HMB_EHM           GENMASK64(0, 0)   /* Host Memory Buffer, §5.21.1.13: enable */
#define NVME_HMB_MR            GENMASK64(1, 1)   /* memory return: it is the same as before */
#define NVME_HCTM_TMT2         GENMASK64(15, 0)  /* Host Controlled Thermal Management: Kelvin */
#define NVME_HCTM_TMT1         GENMASK64(31, 16)
#define NVME_NOPPME            GENMASK64(0, 0)   /* Non-Operational Power State Config */
#define NVME_HOST_ID_EXHID     GENMASK64(0, 0)   /* Host Identifier: 128 bits */
#define NVME_WRITE_PROTECT_STATE GENMASK64(2, 0) /* Namespace Write Protection */
enum nvme_write_protect {
    NVME_WRITE_PROTECT_NONE = 0,
    NVME_WRITE_PROTECT_ON = 1,
    NVME_WRITE_PROTECT_UNTIL_POWER_CYCLE = 2,
    NVME_WRITE_PROTECT_PERMANENT = 3,
};

/* An entry of the Autonomous Power State Transition table: one for each power state */
#define NVME_APST_STATES 32
#define NVME_APST_ITPS GENMASK64(7, 3)  /* idle transition power state */
#define NVME_APST_ITPT GENMASK64(31, 8) /* idle time prior to transition, ms; 0: none */
#define NVME_APST_ITPT_MAX_MS UINT64_C(0xffffff)

/* Host Memory Buffer, §5.21.1.13: an entry of the list that is lent, and what Get Features returns.
 * Sizes are in pages of CC.MPS. */
struct nvme_hmb_descriptor {
    uint64_t badd;  /* device address, page aligned */
    uint32_t bsize; /* pages */
    uint32_t reserved_12;
};
static_assert(sizeof(struct nvme_hmb_descriptor) == 16, "host memory buffer descriptor");
#define NVME_HMB_LIST_ALIGN 16

struct nvme_hmb_attributes {
    uint32_t hsize; /* pages */
    uint32_t hmdlal, hmdlau; /* device address of the list */
    uint32_t hmdlec; /* entries of the list */
    uint8_t reserved_16[4080];
};
static_assert(sizeof(struct nvme_hmb_attributes) == 4096, "host memory buffer attributes");

/* LBA Range Type, §5.21.1.3 */
struct nvme_lba_range {
    uint8_t type;       /* 0 general, 1 file system, 2 RAID, 3 cache, 4 page or swap file */
    uint8_t attributes; /* bit 0: may be overwritten, bit 1: to be hidden */
    uint8_t reserved_2[14];
    uint64_t slba;
    uint64_t nlb; /* zero-based */
    uint8_t guid[16];
    uint8_t reserved_48[16];
};
static_assert(sizeof(struct nvme_lba_range) == 64, "LBA range type");
#define NVME_LBA_RANGES_MAX 64

/* Timestamp, §5.21.1.14, in the eight bytes of data */
#define NVME_TIMESTAMP_MS     GENMASK64(47, 0) /* since 1970-01-01 UTC */
#define NVME_TIMESTAMP_SYNCH  GENMASK64(48, 48) /* may have stood still in between */
#define NVME_TIMESTAMP_ORIGIN GENMASK64(51, 49) /* 0 reset, 1 Set Features */

/* Predictable Latency Mode Config, §5.21.1.19 */
struct nvme_predictable_latency {
    uint16_t enable_event;
    uint8_t reserved_2[30];
    uint64_t dtwin_reads;
    uint64_t dtwin_writes;
    uint64_t dtwin_time_ms;
    uint8_t reserved_56[456];
};
static_assert(sizeof(struct nvme_predictable_latency) == 512, "predictable latency config");
