/*
 * tests/model/model_spec.h - the numbers of NVM Express 1.4 as the software controller knows them.
 *
 * Written from the specification and kept apart from drivers/nvme/nvme_spec.h on purpose: a wrong
 * offset in one of the two makes the tests fail instead of agreeing with itself.
 */
#pragma once

/* Controller registers, NVMe 1.4 §3.1 */
enum {
    REG_CAP = 0x00, /* 64 bits */
    REG_VS = 0x08,
    REG_INTMS = 0x0c,
    REG_INTMC = 0x10,
    REG_CC = 0x14,
    REG_CSTS = 0x1c,
    REG_NSSR = 0x20,
    REG_AQA = 0x24,
    REG_ASQ = 0x28, /* 64 bits */
    REG_ACQ = 0x30, /* 64 bits */
    REG_CMBLOC = 0x38,
    REG_CMBSZ = 0x3c,
    REG_BPINFO = 0x40,
    REG_BPRSEL = 0x44,
    REG_BPMBL = 0x48, /* 64 bits */
    REG_CMBMSC = 0x50, /* 64 bits */
    REG_CMBSTS = 0x58,
    REG_PMRCAP = 0xe00,
    REG_PMRMSC_HIGH = 0xe18,
    REG_DOORBELLS = 0x1000,
};

/* CC: bit positions, §3.1.5 */
enum {
    CC_EN = 1 << 0,
    CC_CSS_AT = 4,
    CC_MPS_AT = 7,
    CC_AMS_AT = 11,
    CC_SHN_AT = 14,
    CC_IOSQES_AT = 16,
    CC_IOCQES_AT = 20,
};
#define CC_RESERVED 0xff00000eU

/* CSTS, §3.1.6 */
enum {
    CSTS_RDY = 1,
    CSTS_CFS = 2,
    CSTS_SHST_BUSY = 4,
    CSTS_SHST_DONE = 8,
    CSTS_SHST = 12,
    CSTS_NSSRO = 16,
};

#define NSSR_MAGIC 0x4e564d65U

/* Admin opcodes, figure 139 */
enum {
    ADM_DELETE_SQ = 0x00,
    ADM_CREATE_SQ = 0x01,
    ADM_GET_LOG = 0x02,
    ADM_DELETE_CQ = 0x04,
    ADM_CREATE_CQ = 0x05,
    ADM_IDENTIFY = 0x06,
    ADM_ABORT = 0x08,
    ADM_SET_FEATURES = 0x09,
    ADM_GET_FEATURES = 0x0a,
    ADM_ASYNC_EVENT = 0x0c,
    ADM_NS_MANAGEMENT = 0x0d,
    ADM_FIRMWARE_COMMIT = 0x10,
    ADM_FIRMWARE_DOWNLOAD = 0x11,
    ADM_SELF_TEST = 0x14,
    ADM_NS_ATTACHMENT = 0x15,
    ADM_KEEP_ALIVE = 0x18,
    ADM_DIRECTIVE_SEND = 0x19,
    ADM_DIRECTIVE_RECEIVE = 0x1a,
    ADM_DOORBELL_BUFFER = 0x7c,
    ADM_FORMAT = 0x80,
    ADM_SECURITY_SEND = 0x81,
    ADM_SECURITY_RECEIVE = 0x82,
    ADM_SANITIZE = 0x84,
    ADM_GET_LBA_STATUS = 0x86,
};

/* NVM opcodes, figure 347 */
enum {
    NVM_FLUSH = 0x00,
    NVM_WRITE = 0x01,
    NVM_READ = 0x02,
    NVM_WRITE_UNCORRECTABLE = 0x04,
    NVM_COMPARE = 0x05,
    NVM_WRITE_ZEROES = 0x08,
    NVM_DSM = 0x09,
    NVM_VERIFY = 0x0c,
    NVM_RESV_REGISTER = 0x0d,
    NVM_RESV_REPORT = 0x0e,
    NVM_RESV_ACQUIRE = 0x11,
    NVM_RESV_RELEASE = 0x15,
    NVM_COPY = 0x19,
};

/* Status: code in bits 7:0, type in 10:8, more in 13, do not retry in 14. §4.6.1 */
enum {
    ST_OK = 0x000,
    ST_INVALID_OPCODE = 0x001,
    ST_INVALID_FIELD = 0x002,
    ST_CID_CONFLICT = 0x003,
    ST_DATA_TRANSFER = 0x004,
    ST_INTERNAL = 0x006,
    ST_ABORT_REQUESTED = 0x007,
    ST_ABORT_SQ_DELETION = 0x008,
    ST_FAILED_FUSED = 0x009,
    ST_MISSING_FUSED = 0x00a,
    ST_INVALID_NS = 0x00b,
    ST_SEQUENCE = 0x00c,
    ST_SGL_LENGTH = 0x00f,
    ST_SGL_TYPE = 0x011,
    ST_CMB_USE = 0x012,
    ST_PRP_OFFSET = 0x013,
    ST_ATOMIC_EXCEEDED = 0x014,
    ST_HOST_ID_INCONSISTENT = 0x018,
    ST_SANITIZE_FAILED = 0x01c,
    ST_SANITIZE_IN_PROGRESS = 0x01d,
    ST_WRITE_PROTECTED = 0x020,
    ST_LBA_RANGE = 0x080,
    ST_CAPACITY = 0x081,
    ST_NS_NOT_READY = 0x082,
    ST_RESERVATION_CONFLICT = 0x083,
    ST_FORMAT_IN_PROGRESS = 0x084,
    ST_CQ_INVALID = 0x100,
    ST_QID_INVALID = 0x101,
    ST_QSIZE_INVALID = 0x102,
    ST_ABORT_LIMIT = 0x103,
    ST_AER_LIMIT = 0x105,
    ST_FIRMWARE_SLOT = 0x106,
    ST_FIRMWARE_IMAGE = 0x107,
    ST_VECTOR_INVALID = 0x108,
    ST_LOG_INVALID = 0x109,
    ST_INVALID_FORMAT = 0x10a,
    ST_FIRMWARE_NEEDS_POWER_CYCLE = 0x10b,
    ST_QUEUE_DELETION = 0x10c,
    ST_FEATURE_NOT_SAVEABLE = 0x10d,
    ST_FEATURE_NOT_CHANGEABLE = 0x10e,
    ST_FEATURE_NOT_NS = 0x10f,
    ST_FIRMWARE_NEEDS_SUBSYSTEM_RESET = 0x110,
    ST_FIRMWARE_NEEDS_RESET = 0x111,
    ST_OVERLAPPING_RANGE = 0x114,
    ST_NS_CAPACITY = 0x115,
    ST_NS_ID = 0x116,
    ST_NS_ATTACHED = 0x118,
    ST_NS_NOT_ATTACHED = 0x11a,
    ST_NO_THIN = 0x11b,
    ST_CTRLR_LIST = 0x11c,
    ST_SELF_TEST_IN_PROGRESS = 0x11d,
    ST_PROTECTION_INVALID = 0x181,
    ST_READ_ONLY_RANGE = 0x182,
    ST_SIZE_LIMIT = 0x183,
    ST_WRITE_FAULT = 0x280,
    ST_UNRECOVERED_READ = 0x281,
    ST_GUARD = 0x282,
    ST_APP_TAG = 0x283,
    ST_REF_TAG = 0x284,
    ST_COMPARE = 0x285,
    ST_DNR = 0x4000,
};

/* Feature identifiers, figure 271 */
enum {
    FEAT_POWER = 0x02,
    FEAT_TEMPERATURE = 0x04,
    FEAT_VOLATILE_CACHE = 0x06,
    FEAT_NUMBER_OF_QUEUES = 0x07,
    FEAT_COALESCING = 0x08,
    FEAT_VECTOR_CONFIG = 0x09,
    FEAT_ASYNC_EVENT = 0x0b,
    FEAT_APST = 0x0c,
    FEAT_HMB = 0x0d,
    FEAT_TIMESTAMP = 0x0e,
    FEAT_HCTM = 0x10,
    FEAT_HOST_ID = 0x81,
    FEAT_WRITE_PROTECT = 0x84,
};
enum { WP_UNTIL_POWER_CYCLE = 2, WP_PERMANENT = 3 };

/* Log page identifiers, figure 194 */
enum {
    LID_ERROR = 0x01,
    LID_SMART = 0x02,
    LID_FIRMWARE = 0x03,
    LOG_CHANGED_NAMESPACES = 0x04,
    LID_EFFECTS = 0x05,
    LID_SELF_TEST = 0x06,
    LID_TELEMETRY_HOST = 0x07,
    LID_TELEMETRY_CONTROLLER = 0x08,
    LID_ENDURANCE = 0x09,
    LID_LATENCY = 0x0a,
    LID_PERSISTENT = 0x0d,
    LID_LBA_STATUS = 0x0e,
    LID_RESERVATION = 0x80,
    LID_SANITIZE = 0x81,
    LID_VENDOR = 0xc0,
};

/* Identify Controller byte offsets, figure 247 */
enum {
    IDC_VID = 0,
    IDC_SSVID = 2,
    IDC_SN = 4,
    IDC_MN = 24,
    IDC_FR = 64,
    IDC_IEEE = 73,
    IDC_MDTS = 77,
    IDC_CNTLID = 78,
    IDC_VER = 80,
    IDC_RTD3E = 88,
    IDC_OAES = 92,
    IDC_CTRATT = 96,
    IDC_CNTRLTYPE = 111,
    IDC_ACL = 258,
    IDC_AERL = 259,
    IDC_FRMW = 260,
    IDC_LPA = 261,
    IDC_ELPE = 262,
    IDC_NPSS = 263,
    IDC_APSTA = 265,
    IDC_WCTEMP = 266,
    IDC_CCTEMP = 268,
    IDC_HMPRE = 272,
    IDC_HMMIN = 276,
    IDC_KAS = 320,
    IDC_HCTMA = 322,
    IDC_MNTMT = 324,
    IDC_MXTMT = 326,
    IDC_MTFA = 270,
    IDC_TNVMCAP = 280,
    IDC_UNVMCAP = 296,
    IDC_EDSTT = 316,
    IDC_FWUG = 319,
    IDC_SANICAP = 328,
    IDC_HMMINDS = 332,
    IDC_HMMAXD = 336,
    IDC_ENDGIDMAX = 340,
    IDC_PELS = 352,
    IDC_SQES = 512,
    IDC_CQES = 513,
    IDC_NN = 516,
    IDC_OACS = 256,
    IDC_ONCS = 520,
    IDC_FUSES = 522,
    IDC_FNA = 524,
    IDC_VWC = 525,
    IDC_NWPC = 531,
    IDC_ACWU = 532,
    IDC_SGLS = 536,
    IDC_SUBNQN = 768,
    IDC_PSD0 = 2048,
};

/* Identify Namespace byte offsets, figure 245 */
enum {
    IDN_NSZE = 0,
    IDN_NCAP = 8,
    IDN_NUSE = 16,
    IDN_NLBAF = 25,
    IDN_FLBAS = 26,
    IDN_MC = 27,
    IDN_DPC = 28,
    IDN_DPS = 29,
    IDN_RESCAP = 31,
    IDN_FPI = 32,
    IDN_DLFEAT = 33,
    IDN_NVMCAP = 48,
    IDN_MSSRL = 74,
    IDN_MCL = 76,
    IDN_MSRC = 80,
    IDN_NSATTR = 99,
    IDN_NGUID = 104,
    IDN_EUI64 = 120,
    IDN_LBAF0 = 128,
};
