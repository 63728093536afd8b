/*
 * drivers/nvme/nvme_spec_registers.h - the controller registers of NVMe 1.4 §3.1: offsets and
 * fields. Included by nvme_spec.h. Bit numbers are those the specification prints.
 */
#pragma once

#include "lib/bitfield.h"

/* CAP, controller capabilities, 64 bits, §3.1.1 */
#define NVME_REG_CAP     0x00
#define NVME_CAP_MQES    GENMASK64(15, 0)  /* maximum queue entries supported, zero-based */
#define NVME_CAP_CQR     GENMASK64(16, 16) /* contiguous queues required */
#define NVME_CAP_AMS     GENMASK64(18, 17) /* arbitration mechanisms supported */
#define NVME_CAP_AMS_WRR GENMASK64(17, 17) /* weighted round robin with urgent class */
#define NVME_CAP_AMS_VS  GENMASK64(18, 18)
#define NVME_CAP_TO      GENMASK64(31, 24) /* time-out of EN to RDY, units of 500 ms */
#define NVME_CAP_DSTRD   GENMASK64(35, 32) /* doorbell stride, 2^(2 + DSTRD) bytes */
#define NVME_CAP_NSSRS   GENMASK64(36, 36) /* NVM subsystem reset supported */
#define NVME_CAP_CSS     GENMASK64(44, 37) /* command sets supported */
#define NVME_CAP_CSS_NVM GENMASK64(37, 37)
#define NVME_CAP_CSS_SETS GENMASK64(43, 43) /* several, after 1.4: Identify CNS 06h is there */
#define NVME_CAP_CSS_NONE GENMASK64(44, 44) /* no I/O command set */
#define NVME_CAP_BPS     GENMASK64(45, 45) /* boot partition support */
#define NVME_CAP_MPSMIN  GENMASK64(51, 48) /* smallest memory page, 2^(12 + MPSMIN) bytes */
#define NVME_CAP_MPSMAX  GENMASK64(55, 52) /* largest memory page, 2^(12 + MPSMAX) bytes */
#define NVME_CAP_PMRS    GENMASK64(56, 56) /* persistent memory region supported */
#define NVME_CAP_CMBS    GENMASK64(57, 57) /* controller memory buffer supported */

/* VS, version, §3.1.2 */
#define NVME_REG_VS 0x08
#define NVME_VS_TER GENMASK64(7, 0)
#define NVME_VS_MNR GENMASK64(15, 8)
#define NVME_VS_MJR GENMASK64(31, 16)

/* INTMS and INTMC, interrupt mask set and clear, a bit a vector, not for MSI-X, §3.1.3, §3.1.4 */
#define NVME_REG_INTMS 0x0c
#define NVME_REG_INTMC 0x10

/* CC, controller configuration, §3.1.5 */
#define NVME_REG_CC    0x14
#define NVME_CC_EN     GENMASK64(0, 0)
#define NVME_CC_CSS    GENMASK64(6, 4)   /* command set selected */
#define NVME_CC_MPS    GENMASK64(10, 7)  /* memory page, 2^(12 + MPS) bytes */
#define NVME_CC_AMS    GENMASK64(13, 11) /* arbitration mechanism selected */
#define NVME_CC_SHN    GENMASK64(15, 14) /* shutdown notification */
#define NVME_CC_IOSQES GENMASK64(19, 16) /* log2 of a submission entry's bytes */
#define NVME_CC_IOCQES GENMASK64(23, 20) /* log2 of a completion entry's bytes */
#define NVME_CC_CSS_NVM 0 /* values of CC.CSS */
#define NVME_CC_CSS_ADMIN_ONLY 7
#define NVME_CC_AMS_RR 0 /* values of CC.AMS */
#define NVME_CC_AMS_WRR 1
#define NVME_CC_SHN_NONE 0 /* values of CC.SHN */
#define NVME_CC_SHN_NORMAL 1
#define NVME_CC_SHN_ABRUPT 2

/* CSTS, controller status, §3.1.6 */
#define NVME_REG_CSTS   0x1c
#define NVME_CSTS_RDY   GENMASK64(0, 0)
#define NVME_CSTS_CFS   GENMASK64(1, 1) /* controller fatal status */
#define NVME_CSTS_SHST  GENMASK64(3, 2) /* shutdown status */
#define NVME_CSTS_NSSRO GENMASK64(4, 4) /* NVM subsystem reset occurred, write 1 to clear */
#define NVME_CSTS_PP    GENMASK64(5, 5) /* processing paused */
#define NVME_CSTS_SHST_NORMAL 0 /* values of CSTS.SHST */
#define NVME_CSTS_SHST_OCCURRING 1
#define NVME_CSTS_SHST_COMPLETE 2

/* NSSR, NVM subsystem reset, §3.1.7 */
#define NVME_REG_NSSR  0x20
#define NVME_NSSR_NSSRC GENMASK64(31, 0)
#define NVME_NSSR_RESET 0x4e564d65 /* "NVMe" */

/* AQA, admin queue attributes, §3.1.8; sizes are zero-based */
#define NVME_REG_AQA  0x24
#define NVME_AQA_ASQS GENMASK64(11, 0)
#define NVME_AQA_ACQS GENMASK64(27, 16)

/* ASQ and ACQ, admin queue base addresses, 64 bits, §3.1.9, §3.1.10 */
#define NVME_REG_ASQ  0x28
#define NVME_ASQ_ASQB GENMASK64(63, 12)
#define NVME_REG_ACQ  0x30
#define NVME_ACQ_ACQB GENMASK64(63, 12)

/* CMBLOC, controller memory buffer location, §3.1.11 */
#define NVME_REG_CMBLOC     0x38
#define NVME_CMBLOC_BIR     GENMASK64(2, 0) /* base address register */
#define NVME_CMBLOC_CQMMS   GENMASK64(3, 3) /* queues in mixed memory */
#define NVME_CMBLOC_CQPDS   GENMASK64(4, 4) /* queue physically discontiguous */
#define NVME_CMBLOC_CDPMLS  GENMASK64(5, 5) /* data pointer mixed locations */
#define NVME_CMBLOC_CDPCILS GENMASK64(6, 6) /* data pointer and command independent locations */
#define NVME_CMBLOC_CDMMMS  GENMASK64(7, 7) /* data and metadata mixed memory */
#define NVME_CMBLOC_CQDA    GENMASK64(8, 8) /* queue dword alignment */
#define NVME_CMBLOC_OFST    GENMASK64(31, 12)

/* CMBSZ, controller memory buffer size, §3.1.12 */
#define NVME_REG_CMBSZ   0x3c
#define NVME_CMBSZ_SQS   GENMASK64(0, 0) /* submission queues */
#define NVME_CMBSZ_CQS   GENMASK64(1, 1) /* completion queues */
#define NVME_CMBSZ_LISTS GENMASK64(2, 2) /* PRP and SGL lists */
#define NVME_CMBSZ_RDS   GENMASK64(3, 3) /* read data */
#define NVME_CMBSZ_WDS   GENMASK64(4, 4) /* write data */
#define NVME_CMBSZ_SZU   GENMASK64(11, 8) /* size unit, 2^(12 + 4 * SZU) bytes */
#define NVME_CMBSZ_SZ    GENMASK64(31, 12)

/* BPINFO, BPRSEL, BPMBL: boot partitions, §3.1.13 to §3.1.15 */
#define NVME_REG_BPINFO   0x40
#define NVME_BPINFO_BPSZ  GENMASK64(14, 0)  /* units of 128 KiB */
#define NVME_BPINFO_BRS   GENMASK64(25, 24) /* boot read status */
#define NVME_BPINFO_ABPID GENMASK64(31, 31) /* active boot partition */
#define NVME_REG_BPRSEL   0x44
#define NVME_BPRSEL_BPRSZ GENMASK64(9, 0)   /* units of 4 KiB */
#define NVME_BPRSEL_BPROF GENMASK64(29, 10) /* units of 4 KiB */
#define NVME_BPRSEL_BPID  GENMASK64(31, 31)
#define NVME_REG_BPMBL    0x48
#define NVME_BPMBL_BMBBA  GENMASK64(63, 12)

/* CMBMSC, controller memory buffer memory space control, 64 bits, §3.1.16 */
#define NVME_REG_CMBMSC  0x50
#define NVME_CMBMSC_CRE  GENMASK64(0, 0) /* capabilities registers enabled */
#define NVME_CMBMSC_CMSE GENMASK64(1, 1) /* memory space enable */
#define NVME_CMBMSC_CBA  GENMASK64(63, 12)

/* CMBSTS, controller memory buffer status, §3.1.17 */
#define NVME_REG_CMBSTS  0x58
#define NVME_CMBSTS_CBAI GENMASK64(0, 0) /* controller base address invalid */

/* PMRCAP, persistent memory region capabilities, §3.1.18 */
#define NVME_REG_PMRCAP    0xe00
#define NVME_PMRCAP_RDS    GENMASK64(3, 3)
#define NVME_PMRCAP_WDS    GENMASK64(4, 4)
#define NVME_PMRCAP_BIR    GENMASK64(7, 5)
#define NVME_PMRCAP_PMRTU  GENMASK64(9, 8)   /* time units: 0 500 ms, 1 minutes */
#define NVME_PMRCAP_PMRWBM GENMASK64(13, 10) /* write barrier mechanisms */
#define NVME_PMRCAP_PMRTO  GENMASK64(23, 16) /* time-out in PMRTU */
#define NVME_PMRCAP_CMSS   GENMASK64(24, 24) /* controller memory space supported */

/* PMRCTL, persistent memory region control, §3.1.19 */
#define NVME_REG_PMRCTL 0xe04
#define NVME_PMRCTL_EN  GENMASK64(0, 0)

/* PMRSTS, persistent memory region status, §3.1.20 */
#define NVME_REG_PMRSTS  0xe08
#define NVME_PMRSTS_ERR  GENMASK64(7, 0)
#define NVME_PMRSTS_NRDY GENMASK64(8, 8) /* not ready */
#define NVME_PMRSTS_HSTS GENMASK64(11, 9) /* health status */
#define NVME_PMRSTS_CBAI GENMASK64(12, 12)

/* PMREBS, persistent memory region elasticity buffer size, §3.1.21 */
#define NVME_REG_PMREBS    0xe0c
#define NVME_PMREBS_PMRSZU GENMASK64(3, 0)
#define NVME_PMREBS_RBB    GENMASK64(4, 4) /* read bypass behaviour */
#define NVME_PMREBS_PMRWBZ GENMASK64(31, 8)

/* PMRSWTP, persistent memory region sustained write throughput, §3.1.22 */
#define NVME_REG_PMRSWTP     0xe10
#define NVME_PMRSWTP_PMRSWTU GENMASK64(3, 0)
#define NVME_PMRSWTP_PMRSWTV GENMASK64(31, 8)

/* PMRMSC, persistent memory region memory space control, §3.1.23. 64 bits at an offset that is not
 * a multiple of 8: to be accessed as two halves. */
#define NVME_REG_PMRMSC  0xe14
#define NVME_PMRMSC_CMSE GENMASK64(1, 1)
#define NVME_PMRMSC_CBA  GENMASK64(63, 12)

/* Doorbells of queue y, §3.1.24 and §3.1.25. dstrd: CAP.DSTRD */
#define NVME_REG_DOORBELLS 0x1000
#define NVME_REG_SQTDBL(y, dstrd) (NVME_REG_DOORBELLS + (2 * (uint32_t)(y)) * (4U << (dstrd)))
#define NVME_REG_CQHDBL(y, dstrd) (NVME_REG_DOORBELLS + (2 * (uint32_t)(y) + 1) * (4U << (dstrd)))
#define NVME_SQTDBL_SQT GENMASK64(15, 0)
#define NVME_CQHDBL_CQH GENMASK64(15, 0)
