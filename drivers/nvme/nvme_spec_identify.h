/*
 * drivers/nvme/nvme_spec_identify.h - the data structures of Identify, NVMe 1.4 §5.15.2, with the
 * specification's field names. Included by nvme_spec.h. Numbers are little-endian, as the CPU's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/bitfield.h"
#include "lib/compiler.h"

#define NVME_IDENTIFY_BYTES 4096

/* Controller or Namespace Structure, CDW10 bits 7:0, §5.15.1 */
enum nvme_cns {
    NVME_CNS_NAMESPACE = 0x00,
    NVME_CNS_CONTROLLER = 0x01,
    NVME_CNS_ACTIVE_NAMESPACES = 0x02,   /* up to 1024 ids above the given one, ascending */
    NVME_CNS_NAMESPACE_DESCRIPTORS = 0x03,
    NVME_CNS_NVM_SETS = 0x04,
    NVME_CNS_COMMAND_SET_CONTROLLER = 0x06, /* ratified after 1.4 */
    NVME_CNS_ALLOCATED_NAMESPACES = 0x10,
    NVME_CNS_ALLOCATED_NAMESPACE = 0x11,
    NVME_CNS_NAMESPACE_CONTROLLERS = 0x12,
    NVME_CNS_CONTROLLERS = 0x13,
    NVME_CNS_PRIMARY_CONTROLLER = 0x14,
    NVME_CNS_SECONDARY_CONTROLLERS = 0x15,
    NVME_CNS_NAMESPACE_GRANULARITY = 0x16,
    NVME_CNS_UUIDS = 0x17,
};

/* Power State Descriptor, §5.15.2.2 (figure "Power State Descriptor Data Structure") */
struct nvme_psd {
    uint16_t mp;  /* maximum power, 0.01 W, or 0.0001 W with MXPS */
    uint8_t reserved_2;
    uint8_t flags; /* NVME_PSD_FLAGS_* */
    uint32_t enlat; /* entry latency, us */
    uint32_t exlat; /* exit latency, us */
    uint8_t rrt, rrl, rwt, rwl; /* relative read/write throughput/latency, bits 4:0 */
    uint16_t idlp; /* idle power in units of ips */
    uint8_t ips;   /* NVME_PSD_SCALE */
    uint8_t reserved_19;
    uint16_t actp; /* active power in units of aps */
    uint8_t apw_aps; /* NVME_PSD_APW, NVME_PSD_SCALE */
    uint8_t reserved_23[9];
};
#define NVME_PSD_FLAGS_MXPS GENMASK64(0, 0) /* max power scale */
#define NVME_PSD_FLAGS_NOPS GENMASK64(1, 1) /* non-operational state */
#define NVME_PSD_APW        GENMASK64(2, 0) /* active power workload */
#define NVME_PSD_SCALE      GENMASK64(7, 6) /* 0 none, 1 0.0001 W, 2 0.01 W */
static_assert(sizeof(struct nvme_psd) == 32, "power state descriptor");
static_assert(offsetof(struct nvme_psd, idlp) == 16, "psd.idlp");
static_assert(offsetof(struct nvme_psd, actp) == 20, "psd.actp");

/* Identify Controller, CNS 01h, §5.15.2.2 */
struct nvme_id_ctrl {
    uint16_t vid;     /* PCI vendor */
    uint16_t ssvid;   /* PCI subsystem vendor */
    char sn[20];      /* serial number, ASCII, blank padded */
    char mn[40];      /* model number */
    char fr[8];       /* firmware revision */
    uint8_t rab;      /* recommended arbitration burst, log2 */
    uint8_t ieee[3];  /* OUI, little-endian */
    uint8_t cmic;     /* multi-path and namespace sharing */
    uint8_t mdts;     /* max data transfer size, 2^mdts of CAP.MPSMIN pages; 0: none */
    uint16_t cntlid;  /* controller id */
    uint32_t ver;     /* as the VS register */
    uint32_t rtd3r;   /* RTD3 resume latency, us */
    uint32_t rtd3e;   /* RTD3 entry latency, us */
    uint32_t oaes;    /* optional asynchronous events */
    uint32_t ctratt;  /* controller attributes */
    uint16_t rrls;    /* read recovery levels */
    uint8_t reserved_102[9];
    uint8_t cntrltype; /* NVME_CNTRLTYPE_* */
    uint8_t fguid[16];
    uint16_t crdt1, crdt2, crdt3; /* command retry delay, 100 ms */
    uint8_t reserved_134[106];
    uint8_t reserved_240[13];
    uint8_t nvmsr;    /* NVM subsystem report, NVMe-MI */
    uint8_t vwci;     /* VPD write cycles */
    uint8_t mec;      /* management endpoint capabilities */
    uint16_t oacs;    /* NVME_OACS_* */
    uint8_t acl;      /* abort command limit, zero-based */
    uint8_t aerl;     /* asynchronous event request limit, zero-based */
    uint8_t frmw;     /* firmware updates */
    uint8_t lpa;      /* log page attributes */
    uint8_t elpe;     /* error log entries, zero-based */
    uint8_t npss;     /* power states, zero-based */
    uint8_t avscc;
    uint8_t apsta;
    uint16_t wctemp;  /* warning composite temperature, K */
    uint16_t cctemp;  /* critical composite temperature, K */
    uint16_t mtfa;    /* maximum time for firmware activation, 100 ms */
    uint32_t hmpre;   /* host memory buffer, preferred, 4 KiB units */
    uint32_t hmmin;   /* host memory buffer, minimum */
    uint8_t tnvmcap[16]; /* total NVM capacity, bytes */
    uint8_t unvmcap[16]; /* unallocated NVM capacity, bytes */
    uint32_t rpmbs;
    uint16_t edstt;   /* extended device self-test time, minutes */
    uint8_t dsto;
    uint8_t fwug;     /* firmware update granularity, 4 KiB; 0 unknown, FFh none */
    uint16_t kas;     /* keep alive support, 100 ms */
    uint16_t hctma;
    uint16_t mntmt, mxtmt; /* K */
    uint32_t sanicap; /* sanitize capabilities */
    uint32_t hmminds;
    uint16_t hmmaxd;
    uint16_t nsetidmax;
    uint16_t endgidmax;
    uint8_t anatt;    /* s */
    uint8_t anacap;
    uint32_t anagrpmax;
    uint32_t nanagrpid;
    uint32_t pels;    /* persistent event log size, 64 KiB */
    uint8_t reserved_356[156];
    uint8_t sqes;     /* submission entry size: required 3:0, maximum 7:4, log2 */
    uint8_t cqes;     /* completion entry size likewise */
    uint16_t maxcmd;
    uint32_t nn;      /* number of namespaces: the largest valid id */
    uint16_t oncs;    /* NVME_ONCS_* */
    uint16_t fuses;
    uint8_t fna;      /* format NVM attributes */
    uint8_t vwc;      /* NVME_VWC_* */
    uint16_t awun;    /* atomic write unit normal, blocks, zero-based */
    uint16_t awupf;   /* atomic write unit power fail */
    uint8_t nvscc;
    uint8_t nwpc;     /* namespace write protection capabilities */
    uint16_t acwu;
    uint8_t reserved_534[2];
    uint32_t sgls;
    uint32_t mnan;    /* maximum number of allowed namespaces */
    uint8_t reserved_544[224];
    char subnqn[256]; /* NVM subsystem qualified name, UTF-8, zero terminated */
    uint8_t reserved_1024[768];
    uint32_t ioccsz, iorcsz; /* NVMe over Fabrics only, to msdbd */
    uint16_t icdoff;
    uint8_t fcatt;
    uint8_t msdbd;
    uint8_t reserved_1804[244];
    struct nvme_psd psd[32];
    uint8_t vs[1024]; /* vendor specific */
};
#define NVME_SQES_REQUIRED GENMASK64(3, 0)
#define NVME_SQES_MAXIMUM  GENMASK64(7, 4)
#define NVME_CMIC_MULTI_PORT GENMASK64(0, 0)
#define NVME_CMIC_MULTI_CTRL GENMASK64(1, 1)
#define NVME_CMIC_SRIOV      GENMASK64(2, 2)
#define NVME_CMIC_ANA        GENMASK64(3, 3)
enum nvme_cntrltype {
    NVME_CNTRLTYPE_NOT_REPORTED = 0,
    NVME_CNTRLTYPE_IO = 1,
    NVME_CNTRLTYPE_DISCOVERY = 2,
    NVME_CNTRLTYPE_ADMIN = 3,
};
#define NVME_OAES_NAMESPACE  GENMASK64(8, 8) /* Namespace Attribute Notices */
#define NVME_CTRATT_ENDURANCE_GROUPS GENMASK64(4, 4)
#define NVME_CTRATT_PREDICTABLE_LATENCY GENMASK64(5, 5)
#define NVME_OACS_SECURITY   GENMASK64(0, 0)
#define NVME_OACS_FORMAT     GENMASK64(1, 1)
#define NVME_OACS_FIRMWARE   GENMASK64(2, 2)
#define NVME_OACS_NAMESPACE  GENMASK64(3, 3)
#define NVME_OACS_SELF_TEST  GENMASK64(4, 4)
#define NVME_OACS_DIRECTIVES GENMASK64(5, 5)
#define NVME_OACS_MI         GENMASK64(6, 6)
#define NVME_OACS_VIRTUALIZATION GENMASK64(7, 7)
#define NVME_OACS_DOORBELL_BUFFER GENMASK64(8, 8)
#define NVME_OACS_LBA_STATUS GENMASK64(9, 9)
#define NVME_ONCS_COMPARE    GENMASK64(0, 0)
#define NVME_ONCS_WRITE_UNCORRECTABLE GENMASK64(1, 1)
#define NVME_ONCS_DSM        GENMASK64(2, 2)
#define NVME_ONCS_WRITE_ZEROES GENMASK64(3, 3)
#define NVME_ONCS_SAVE_FEATURES GENMASK64(4, 4)
#define NVME_ONCS_RESERVATIONS GENMASK64(5, 5)
#define NVME_ONCS_TIMESTAMP  GENMASK64(6, 6)
#define NVME_ONCS_VERIFY     GENMASK64(7, 7)
#define NVME_ONCS_COPY       GENMASK64(8, 8) /* ratified after 1.4 */
#define NVME_FUSES_COMPARE_WRITE GENMASK64(0, 0)
#define NVME_LPA_SMART_PER_NS GENMASK64(0, 0)
#define NVME_LPA_EFFECTS     GENMASK64(1, 1)
#define NVME_LPA_EXTENDED    GENMASK64(2, 2) /* offsets, and lengths of 32 bits */
#define NVME_LPA_TELEMETRY   GENMASK64(3, 3)
#define NVME_LPA_PERSISTENT  GENMASK64(4, 4)
#define NVME_APSTA_PRESENT   GENMASK64(0, 0)
#define NVME_HCTMA_PRESENT   GENMASK64(0, 0)
#define NVME_NWPC_PRESENT    GENMASK64(0, 0)
#define NVME_NWPC_POWER_CYCLE GENMASK64(1, 1) /* protection until the next power cycle */
#define NVME_NWPC_PERMANENT  GENMASK64(2, 2)
#define NVME_CTRATT_HOST_ID_128 GENMASK64(0, 0)
#define NVME_CTRATT_NOPPM    GENMASK64(1, 1) /* non-operational power state permissive mode */
#define NVME_CTRATT_READ_RECOVERY GENMASK64(3, 3)
#define NVME_SGLS_SUPPORT    GENMASK64(1, 0) /* 0 none, 1 no alignment needed, 2 dword aligned */
#define NVME_VWC_PRESENT     GENMASK64(0, 0)
#define NVME_VWC_FLUSH_ALL   GENMASK64(2, 1) /* flush with NSID FFFFFFFFh: 10b no, 11b yes */
#define NVME_FRMW_SLOT1_READ_ONLY GENMASK64(0, 0)
#define NVME_FRMW_SLOTS      GENMASK64(3, 1)
#define NVME_FRMW_NO_RESET   GENMASK64(4, 4)
#define NVME_FNA_FORMAT_ALL  GENMASK64(0, 0)
#define NVME_FNA_ERASE_ALL   GENMASK64(1, 1)
#define NVME_FNA_CRYPTO      GENMASK64(2, 2)
#define NVME_SANICAP_CRYPTO  GENMASK64(0, 0)
#define NVME_SANICAP_BLOCK   GENMASK64(1, 1)
#define NVME_SANICAP_OVERWRITE GENMASK64(2, 2)
static_assert(sizeof(struct nvme_id_ctrl) == NVME_IDENTIFY_BYTES, "identify controller");
static_assert(offsetof(struct nvme_id_ctrl, mdts) == 77, "id_ctrl.mdts");
static_assert(offsetof(struct nvme_id_ctrl, ver) == 80, "id_ctrl.ver");
static_assert(offsetof(struct nvme_id_ctrl, rtd3e) == 88, "id_ctrl.rtd3e");
static_assert(offsetof(struct nvme_id_ctrl, cntrltype) == 111, "id_ctrl.cntrltype");
static_assert(offsetof(struct nvme_id_ctrl, crdt1) == 128, "id_ctrl.crdt1");
static_assert(offsetof(struct nvme_id_ctrl, nvmsr) == 253, "id_ctrl.nvmsr");
static_assert(offsetof(struct nvme_id_ctrl, oacs) == 256, "id_ctrl.oacs");
static_assert(offsetof(struct nvme_id_ctrl, hmpre) == 272, "id_ctrl.hmpre");
static_assert(offsetof(struct nvme_id_ctrl, tnvmcap) == 280, "id_ctrl.tnvmcap");
static_assert(offsetof(struct nvme_id_ctrl, kas) == 320, "id_ctrl.kas");
static_assert(offsetof(struct nvme_id_ctrl, sanicap) == 328, "id_ctrl.sanicap");
static_assert(offsetof(struct nvme_id_ctrl, pels) == 352, "id_ctrl.pels");
static_assert(offsetof(struct nvme_id_ctrl, sqes) == 512, "id_ctrl.sqes");
static_assert(offsetof(struct nvme_id_ctrl, nn) == 516, "id_ctrl.nn");
static_assert(offsetof(struct nvme_id_ctrl, vwc) == 525, "id_ctrl.vwc");
static_assert(offsetof(struct nvme_id_ctrl, sgls) == 536, "id_ctrl.sgls");
static_assert(offsetof(struct nvme_id_ctrl, subnqn) == 768, "id_ctrl.subnqn");
static_assert(offsetof(struct nvme_id_ctrl, ioccsz) == 1792, "id_ctrl.ioccsz");
static_assert(offsetof(struct nvme_id_ctrl, psd) == 2048, "id_ctrl.psd");
static_assert(offsetof(struct nvme_id_ctrl, vs) == 3072, "id_ctrl.vs");

/* Identify Namespace, CNS 00h, §5.15.2.1 */
struct nvme_id_ns {
    uint64_t nsze;    /* size, logical blocks */
    uint64_t ncap;    /* capacity, logical blocks */
    uint64_t nuse;    /* utilization, logical blocks */
    uint8_t nsfeat;   /* NVME_NSFEAT_* */
    uint8_t nlbaf;    /* LBA formats, zero-based */
    uint8_t flbas;    /* NVME_FLBAS_* */
    uint8_t mc;       /* metadata capabilities */
    uint8_t dpc;      /* end-to-end data protection capabilities */
    uint8_t dps;      /* NVME_DPS_* */
    uint8_t nmic;     /* NVME_NMIC_* */
    uint8_t rescap;
    uint8_t fpi;      /* format progress */
    uint8_t dlfeat;   /* deallocate logical block features */
    uint16_t nawun, nawupf, nacwu; /* atomic write sizes, blocks, zero-based */
    uint16_t nabsn, nabo, nabspf;
    uint16_t noiob;   /* optimal I/O boundary, blocks; 0: none */
    uint8_t nvmcap[16]; /* bytes */
    uint16_t npwg, npwa, npdg, npda, nows; /* preferred granularities, blocks, zero-based */
    uint16_t mssrl;   /* Copy, ratified after 1.4: blocks in one source range, */
    uint32_t mcl;     /* in all of a command, */
    uint8_t msrc;     /* and source ranges, zero-based */
    uint8_t reserved_81[11];
    uint32_t anagrpid;
    uint8_t reserved_96[3];
    uint8_t nsattr;   /* NVME_NSATTR_* */
    uint16_t nvmsetid;
    uint16_t endgid;
    uint8_t nguid[16];
    uint8_t eui64[8];
    uint32_t lbaf[16]; /* NVME_LBAF_* */
    uint8_t reserved_192[192];
    uint8_t vs[3712];
};
#define NVME_NSFEAT_THIN      GENMASK64(0, 0)
#define NVME_NSFEAT_ATOMIC    GENMASK64(1, 1)
#define NVME_NSFEAT_DEALLOC_ERROR GENMASK64(2, 2)
#define NVME_NSFEAT_ID_REUSE  GENMASK64(3, 3) /* set: EUI64 and NGUID are never reused */
#define NVME_NSFEAT_OPTPERF   GENMASK64(4, 4)
#define NVME_FLBAS_FORMAT     GENMASK64(3, 0) /* index of the format in use */
#define NVME_FLBAS_EXTENDED   GENMASK64(4, 4) /* metadata at the end of each block's data */
#define NVME_MC_EXTENDED      GENMASK64(0, 0) /* metadata in the data buffer */
#define NVME_MC_SEPARATE      GENMASK64(1, 1) /* in a buffer of its own */
#define NVME_DPC_TYPES        GENMASK64(2, 0) /* protection types 1 to 3 */
#define NVME_DPC_FIRST        GENMASK64(3, 3) /* in the first eight bytes of metadata */
#define NVME_DPC_LAST         GENMASK64(4, 4)
#define NVME_DPS_TYPE         GENMASK64(2, 0) /* protection information type, 0: none */
#define NVME_DPS_FIRST        GENMASK64(3, 3) /* it is in the first eight bytes of the metadata */
#define NVME_NMIC_SHARED      GENMASK64(0, 0)
#define NVME_NSATTR_WRITE_PROTECTED GENMASK64(0, 0)
#define NVME_DLFEAT_READ      GENMASK64(2, 0) /* deallocated reads: 0 unknown, 1 00h, 2 FFh */
#define NVME_DLFEAT_WZ_DEAC   GENMASK64(3, 3)
#define NVME_LBAF_MS          GENMASK64(15, 0)  /* metadata bytes per block */
#define NVME_LBAF_LBADS       GENMASK64(23, 16) /* log2 of the data bytes per block */
#define NVME_LBAF_RP          GENMASK64(25, 24) /* relative performance, 0 best */
#define NVME_LBAF_COUNT_MAX   16
static_assert(sizeof(struct nvme_id_ns) == NVME_IDENTIFY_BYTES, "identify namespace");
static_assert(offsetof(struct nvme_id_ns, nsfeat) == 24, "id_ns.nsfeat");
static_assert(offsetof(struct nvme_id_ns, flbas) == 26, "id_ns.flbas");
static_assert(offsetof(struct nvme_id_ns, dps) == 29, "id_ns.dps");
static_assert(offsetof(struct nvme_id_ns, noiob) == 46, "id_ns.noiob");
static_assert(offsetof(struct nvme_id_ns, nvmcap) == 48, "id_ns.nvmcap");
static_assert(offsetof(struct nvme_id_ns, mcl) == 76, "id_ns.mcl");
static_assert(offsetof(struct nvme_id_ns, msrc) == 80, "id_ns.msrc");
static_assert(offsetof(struct nvme_id_ns, anagrpid) == 92, "id_ns.anagrpid");
static_assert(offsetof(struct nvme_id_ns, nsattr) == 99, "id_ns.nsattr");
static_assert(offsetof(struct nvme_id_ns, nguid) == 104, "id_ns.nguid");
static_assert(offsetof(struct nvme_id_ns, eui64) == 120, "id_ns.eui64");
static_assert(offsetof(struct nvme_id_ns, lbaf) == 128, "id_ns.lbaf");
static_assert(offsetof(struct nvme_id_ns, vs) == 384, "id_ns.vs");

/* Namespace Identification Descriptor, CNS 03h, §5.15.2.4: a header followed by nidl bytes; the
 * list ends with a header whose nidl is 0, or with the page. */
struct nvme_ns_id_desc {
    uint8_t nidt; /* NVME_NIDT_* */
    uint8_t nidl; /* bytes that follow the header */
    uint8_t reserved_2[2];
};
enum nvme_nidt {
    NVME_NIDT_EUI64 = 1, /* 8 bytes */
    NVME_NIDT_NGUID = 2, /* 16 bytes */
    NVME_NIDT_UUID = 3,  /* 16 bytes */
};
static_assert(sizeof(struct nvme_ns_id_desc) == 4, "namespace identification descriptor");

#define NVME_NS_LIST_ENTRIES 1024 /* ids in a namespace list page, §4.10 */
#define NVME_NSID_ALL UINT32_C(0xffffffff)
