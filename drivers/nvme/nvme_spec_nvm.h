/*
 * drivers/nvme/nvme_spec_nvm.h - dwords and data of the NVM command set (NVMe 1.4 §6), of
 * reservations, security and Get LBA Status, with the specification's field names. Included by
 * nvme_spec.h. Numbers are little-endian, as the CPU's, but for protection information.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/bitfield.h"
#include "lib/compiler.h"

/* Read, §6.9, and Write, §6.15; CDW10 to CDW12 alike in Compare, Verify, Write Zeroes and Write
 * Uncorrectable as far as they have the field */
#define NVME_RW_CDW12_NLB    GENMASK64(15, 0) /* logical blocks, zero-based */
#define NVME_RW_CDW12_DEAC   GENMASK64(25, 25) /* Write Zeroes: may deallocate */
#define NVME_RW_CDW12_PRINFO GENMASK64(29, 26) /* NVME_PRINFO_* */
#define NVME_RW_CDW12_FUA    GENMASK64(30, 30) /* force unit access */
#define NVME_RW_CDW12_LR     GENMASK64(31, 31) /* limited retry */
#define NVME_RW_CDW15_LBAT   GENMASK64(15, 0)  /* application tag, written or expected */
#define NVME_RW_CDW15_LBATM  GENMASK64(31, 16) /* its bits that count */
#define NVME_RW_BLOCKS_MAX   65536

/* Protection information, §8.3 */
#define NVME_PRINFO_PRACT 0x8 /* the controller inserts it, or strips it */
#define NVME_PRINFO_GUARD 0x4 /* check the guard, */
#define NVME_PRINFO_APP   0x2 /* the application tag, */
#define NVME_PRINFO_REF   0x1 /* the reference tag */
#define NVME_PI_BYTES     8   /* guard 2, application tag 2, reference tag 4: each big-endian */

/* Dataset Management, §6.7 */
#define NVME_DSM_CDW10_NR GENMASK64(7, 0) /* ranges, zero-based */
#define NVME_DSM_CDW11_IDR GENMASK64(0, 0) /* attribute: will be read as a whole */
#define NVME_DSM_CDW11_IDW GENMASK64(1, 1) /* will be written as a whole */
#define NVME_DSM_CDW11_AD GENMASK64(2, 2) /* deallocate */
#define NVME_DSM_RANGES_MAX 256

struct nvme_dsm_range {
    uint32_t context;
    uint32_t nlb;  /* logical blocks, not zero-based */
    uint64_t slba; /* the first */
};
static_assert(sizeof(struct nvme_dsm_range) == 16, "a range of Dataset Management");
static_assert(offsetof(struct nvme_dsm_range, slba) == 8, "nvme_dsm_range.slba");

/* Copy, ratified after 1.4: destination in CDW10 and CDW11 */
#define NVME_COPY_CDW12_NR      GENMASK64(7, 0)   /* source ranges, zero-based */
#define NVME_COPY_CDW12_DF      GENMASK64(11, 8)  /* descriptor format */
#define NVME_COPY_CDW12_PRINFOR GENMASK64(15, 12) /* for reading */
#define NVME_COPY_CDW12_PRINFOW GENMASK64(29, 26) /* for writing */
#define NVME_COPY_RANGES_MAX 256

struct nvme_copy_range { /* descriptor format 0 */
    uint8_t reserved_0[8];
    uint64_t slba;
    uint16_t nlb;     /* zero-based */
    uint8_t reserved_18[6];
    uint32_t eilbrt;  /* expected initial reference tag */
    uint16_t elbat;   /* expected application tag, and its bits that count */
    uint16_t elbatm;
};
static_assert(sizeof(struct nvme_copy_range) == 32, "a source range of Copy");
static_assert(offsetof(struct nvme_copy_range, nlb) == 16, "nvme_copy_range.nlb");
static_assert(offsetof(struct nvme_copy_range, eilbrt) == 24, "nvme_copy_range.eilbrt");

/* Limits of the NVM command set, Identify CNS 06h for command set 0, ratified after 1.4 */
struct nvme_id_ctrl_nvm {
    uint8_t vsl;    /* Verify, 2^vsl of CAP.MPSMIN pages; 0: no limit; the same for the next two */
    uint8_t wzsl;   /* Write Zeroes */
    uint8_t wusl;   /* Write Uncorrectable */
    uint8_t dmrl;   /* ranges of a Dataset Management command; 0: no limit, as for the next two */
    uint32_t dmrsl; /* logical blocks in one of its ranges */
    uint64_t dmsl;  /* logical blocks in all of them */
    uint8_t reserved_16[4080];
};
static_assert(sizeof(struct nvme_id_ctrl_nvm) == 4096, "identify, NVM command set limits");

/* Reservations, §6.10 to §6.13 */
#define NVME_RESV_CDW10_ACTION GENMASK64(2, 0) /* RREGA, RACQA, RRELA */
#define NVME_RESV_CDW10_IEKEY  GENMASK64(3, 3) /* ignore the existing key */
#define NVME_RESV_CDW10_RTYPE  GENMASK64(15, 8)
#define NVME_RESV_CDW10_CPTPL  GENMASK64(31, 30) /* 2 clear, 3 set persistence through power loss */
#define NVME_RESV_CDW11_EDS    GENMASK64(0, 0) /* report: extended data structure */
#define NVME_RESV_RCSTS_HOLDER GENMASK64(0, 0)

enum nvme_resv_type {
    NVME_RESV_WRITE_EXCLUSIVE = 1,
    NVME_RESV_EXCLUSIVE_ACCESS = 2,
    NVME_RESV_WRITE_EXCLUSIVE_REGISTRANTS = 3,
    NVME_RESV_EXCLUSIVE_ACCESS_REGISTRANTS = 4,
    NVME_RESV_WRITE_EXCLUSIVE_ALL = 5,
    NVME_RESV_EXCLUSIVE_ACCESS_ALL = 6,
};

/* Reservation Status, extended: a header and one entry for each registered controller. Byte arrays
 * where a number is not aligned. */
struct nvme_resv_status {
    uint32_t gen;
    uint8_t rtype;
    uint8_t regctl[2];
    uint8_t reserved_7[2];
    uint8_t ptpls;
    uint8_t reserved_10[54];
};
struct nvme_resv_entry {
    uint16_t cntlid;
    uint8_t rcsts;
    uint8_t reserved_3[5];
    uint64_t rkey;
    uint8_t hostid[16];
    uint8_t reserved_32[32];
};
static_assert(sizeof(struct nvme_resv_status) == 64, "extended reservation status");
static_assert(sizeof(struct nvme_resv_entry) == 64, "extended registered controller");
static_assert(offsetof(struct nvme_resv_entry, rkey) == 8, "nvme_resv_entry.rkey");
static_assert(offsetof(struct nvme_resv_entry, hostid) == 16, "nvme_resv_entry.hostid");

/* The same with 64-bit host identifiers: the header's first 24 bytes, and: */
struct nvme_resv_entry_short {
    uint16_t cntlid;
    uint8_t rcsts;
    uint8_t reserved_3[5];
    uint64_t hostid;
    uint64_t rkey;
};
#define NVME_RESV_SHORT_HEADER_BYTES 24
static_assert(sizeof(struct nvme_resv_entry_short) == 24, "registered controller");

#define NVME_HOSTID_CDW11_EXHID GENMASK64(0, 0) /* 16 bytes of host identifier, not 8 */

/* Security Send, §5.25, and Receive, §5.24: CDW11 is the length in bytes */
#define NVME_SECURITY_CDW10_NSSF GENMASK64(7, 0)
#define NVME_SECURITY_CDW10_SPSP GENMASK64(23, 8)
#define NVME_SECURITY_CDW10_SECP GENMASK64(31, 24)

/* Get LBA Status, §5.27: first block in CDW10 and CDW11, CDW12 the dwords wanted, zero-based */
#define NVME_LBA_STATUS_CDW13_RL    GENMASK64(15, 0) /* blocks to look at; 0: to the end */
#define NVME_LBA_STATUS_CDW13_ATYPE GENMASK64(31, 24)
#define NVME_LBA_STATUS_SCAN    0x10 /* tracked and untracked, by a scan */
#define NVME_LBA_STATUS_TRACKED 0x11

struct nvme_lba_status {
    uint32_t nlsd; /* descriptors */
    uint8_t cmpc;  /* NVME_LBA_STATUS_BY_LENGTH, _BY_RANGE: why there are no more */
    uint8_t reserved_5[3];
};
enum { NVME_LBA_STATUS_BY_LENGTH = 1, NVME_LBA_STATUS_BY_RANGE = 2 };
struct nvme_lba_status_desc {
    uint64_t dslba;
    uint32_t nlb; /* logical blocks */
    uint8_t reserved_12;
    uint8_t status;
    uint8_t reserved_14[2];
};
static_assert(sizeof(struct nvme_lba_status) == 8, "LBA status descriptor list");
static_assert(sizeof(struct nvme_lba_status_desc) == 16, "LBA status descriptor");
static_assert(offsetof(struct nvme_lba_status_desc, status) == 13, "nvme_lba_status_desc.status");
