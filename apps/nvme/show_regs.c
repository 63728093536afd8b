/*
 * apps/nvme/show_regs.c - the controller registers in words (NVMe 1.4 §3.1), in nvme-cli's order.
 */
#include "apps/nvme/show_regs.h"

#include "drivers/nvme/nvme_spec.h"
#include "lib/compiler.h"

enum field_kind {
    KIND_NUMBER,
    KIND_HEX,
    KIND_YES,        /* one bit */
    KIND_COUNT_0B,   /* zero-based count */
    KIND_LOG2_BYTES, /* 2^n bytes */
    KIND_PAGE,       /* 2^(12 + n) bytes */
    KIND_STRIDE,     /* 2^(2 + n) bytes */
    KIND_SIZE_UNIT,  /* 2^(12 + 4 n) bytes */
    KIND_500MS,      /* n half seconds */
    KIND_ADDRESS,    /* the field in place: its low bits are zero */
    KIND_WORDS,      /* words[n] */
};

struct reg_field {
    uint64_t mask;
    const char *name; /* the specification's */
    const char *what;
    enum field_kind kind;
    const char *const *words; /* KIND_WORDS: NULL-terminated */
};

struct reg {
    const char *name;
    uint32_t off;
    uint8_t width; /* bytes */
    const struct reg_field *fields;
    unsigned field_count;
};

static const char *const words_css[] = {"NVM command set", "reserved",   "reserved",
                                        "reserved",        "reserved",   "reserved",
                                        "all supported",   "admin only", NULL};
static const char *const words_ams[] = {"round robin", "weighted round robin with urgent class",
                                        "reserved",    "reserved",
                                        "reserved",    "reserved",
                                        "reserved",    "vendor specific",
                                        NULL};
static const char *const words_shn[] = {"none", "normal", "abrupt", "reserved", NULL};
static const char *const words_shst[] = {"normal operation", "occurring", "complete", "reserved",
                                         NULL};
static const char *const words_brs[] = {"never read", "in progress", "complete", "error", NULL};
static const char *const words_pmrtu[] = {"500 ms", "minutes", "reserved", "reserved", NULL};
static const char *const words_hsts[] = {"normal",     "restore error", "read only",
                                         "unreliable", "reserved",      "reserved",
                                         "reserved",   "reserved",      NULL};

static const struct reg_field cap_fields[] = {
    {NVME_CAP_CMBS, "CMBS", "Controller memory buffer supported", KIND_YES, NULL},
    {NVME_CAP_PMRS, "PMRS", "Persistent memory region supported", KIND_YES, NULL},
    {NVME_CAP_MPSMAX, "MPSMAX", "Largest memory page", KIND_PAGE, NULL},
    {NVME_CAP_MPSMIN, "MPSMIN", "Smallest memory page", KIND_PAGE, NULL},
    {NVME_CAP_BPS, "BPS", "Boot partitions supported", KIND_YES, NULL},
    {NVME_CAP_CSS_NVM, "CSS", "NVM command set supported", KIND_YES, NULL},
    {NVME_CAP_CSS_NONE, "CSS", "No I/O command set", KIND_YES, NULL},
    {NVME_CAP_NSSRS, "NSSRS", "NVM subsystem reset supported", KIND_YES, NULL},
    {NVME_CAP_DSTRD, "DSTRD", "Doorbell stride", KIND_STRIDE, NULL},
    {NVME_CAP_TO, "TO", "Time-out to become ready", KIND_500MS, NULL},
    {NVME_CAP_AMS_WRR, "AMS", "Weighted round robin supported", KIND_YES, NULL},
    {NVME_CAP_AMS_VS, "AMS", "Vendor specific arbitration supported", KIND_YES, NULL},
    {NVME_CAP_CQR, "CQR", "Contiguous queues required", KIND_YES, NULL},
    {NVME_CAP_MQES, "MQES", "Most queue entries", KIND_COUNT_0B, NULL},
};
static const struct reg_field vs_fields[] = {
    {NVME_VS_MJR, "MJR", "Major version", KIND_NUMBER, NULL},
    {NVME_VS_MNR, "MNR", "Minor version", KIND_NUMBER, NULL},
    {NVME_VS_TER, "TER", "Tertiary version", KIND_NUMBER, NULL},
};
static const struct reg_field cc_fields[] = {
    {NVME_CC_IOCQES, "IOCQES", "I/O completion entry", KIND_LOG2_BYTES, NULL},
    {NVME_CC_IOSQES, "IOSQES", "I/O submission entry", KIND_LOG2_BYTES, NULL},
    {NVME_CC_SHN, "SHN", "Shutdown notification", KIND_WORDS, words_shn},
    {NVME_CC_AMS, "AMS", "Arbitration mechanism", KIND_WORDS, words_ams},
    {NVME_CC_MPS, "MPS", "Memory page", KIND_PAGE, NULL},
    {NVME_CC_CSS, "CSS", "I/O command set", KIND_WORDS, words_css},
    {NVME_CC_EN, "EN", "Enabled", KIND_YES, NULL},
};
static const struct reg_field csts_fields[] = {
    {NVME_CSTS_PP, "PP", "Processing paused", KIND_YES, NULL},
    {NVME_CSTS_NSSRO, "NSSRO", "NVM subsystem reset occurred", KIND_YES, NULL},
    {NVME_CSTS_SHST, "SHST", "Shutdown status", KIND_WORDS, words_shst},
    {NVME_CSTS_CFS, "CFS", "Fatal status", KIND_YES, NULL},
    {NVME_CSTS_RDY, "RDY", "Ready", KIND_YES, NULL},
};
static const struct reg_field aqa_fields[] = {
    {NVME_AQA_ACQS, "ACQS", "Admin completion queue entries", KIND_COUNT_0B, NULL},
    {NVME_AQA_ASQS, "ASQS", "Admin submission queue entries", KIND_COUNT_0B, NULL},
};
static const struct reg_field asq_fields[] = {
    {NVME_ASQ_ASQB, "ASQB", "Admin submission queue base", KIND_ADDRESS, NULL},
};
static const struct reg_field acq_fields[] = {
    {NVME_ACQ_ACQB, "ACQB", "Admin completion queue base", KIND_ADDRESS, NULL},
};
static const struct reg_field cmbloc_fields[] = {
    {NVME_CMBLOC_OFST, "OFST", "Offset in units of CMBSZ.SZU", KIND_HEX, NULL},
    {NVME_CMBLOC_CQDA, "CQDA", "Queue dword alignment", KIND_YES, NULL},
    {NVME_CMBLOC_CDMMMS, "CDMMMS", "Data and metadata in mixed memory", KIND_YES, NULL},
    {NVME_CMBLOC_CDPCILS, "CDPCILS", "Pointers and commands independent", KIND_YES, NULL},
    {NVME_CMBLOC_CDPMLS, "CDPMLS", "Pointers to mixed locations", KIND_YES, NULL},
    {NVME_CMBLOC_CQPDS, "CQPDS", "Queues physically discontiguous", KIND_YES, NULL},
    {NVME_CMBLOC_CQMMS, "CQMMS", "Queues in mixed memory", KIND_YES, NULL},
    {NVME_CMBLOC_BIR, "BIR", "Base address register", KIND_NUMBER, NULL},
};
static const struct reg_field cmbsz_fields[] = {
    {NVME_CMBSZ_SZ, "SZ", "Size in units of SZU", KIND_NUMBER, NULL},
    {NVME_CMBSZ_SZU, "SZU", "Size unit", KIND_SIZE_UNIT, NULL},
    {NVME_CMBSZ_WDS, "WDS", "Write data supported", KIND_YES, NULL},
    {NVME_CMBSZ_RDS, "RDS", "Read data supported", KIND_YES, NULL},
    {NVME_CMBSZ_LISTS, "LISTS", "PRP and SGL lists supported", KIND_YES, NULL},
    {NVME_CMBSZ_CQS, "CQS", "Completion queues supported", KIND_YES, NULL},
    {NVME_CMBSZ_SQS, "SQS", "Submission queues supported", KIND_YES, NULL},
};
static const struct reg_field bpinfo_fields[] = {
    {NVME_BPINFO_ABPID, "ABPID", "Active boot partition", KIND_NUMBER, NULL},
    {NVME_BPINFO_BRS, "BRS", "Boot read", KIND_WORDS, words_brs},
    {NVME_BPINFO_BPSZ, "BPSZ", "Boot partition size in units of 128 KiB", KIND_NUMBER, NULL},
};
static const struct reg_field bprsel_fields[] = {
    {NVME_BPRSEL_BPID, "BPID", "Boot partition", KIND_NUMBER, NULL},
    {NVME_BPRSEL_BPROF, "BPROF", "Read offset in units of 4 KiB", KIND_NUMBER, NULL},
    {NVME_BPRSEL_BPRSZ, "BPRSZ", "Read size in units of 4 KiB", KIND_NUMBER, NULL},
};
static const struct reg_field bpmbl_fields[] = {
    {NVME_BPMBL_BMBBA, "BMBBA", "Boot partition memory buffer", KIND_ADDRESS, NULL},
};
static const struct reg_field cmbmsc_fields[] = {
    {NVME_CMBMSC_CBA, "CBA", "Controller base address", KIND_ADDRESS, NULL},
    {NVME_CMBMSC_CMSE, "CMSE", "Memory space enabled", KIND_YES, NULL},
    {NVME_CMBMSC_CRE, "CRE", "Capability registers enabled", KIND_YES, NULL},
};
static const struct reg_field cmbsts_fields[] = {
    {NVME_CMBSTS_CBAI, "CBAI", "Controller base address invalid", KIND_YES, NULL},
};
static const struct reg_field pmrcap_fields[] = {
    {NVME_PMRCAP_CMSS, "CMSS", "Controller memory space supported", KIND_YES, NULL},
    {NVME_PMRCAP_PMRTO, "PMRTO", "Time-out in units of PMRTU", KIND_NUMBER, NULL},
    {NVME_PMRCAP_PMRWBM, "PMRWBM", "Write barrier mechanisms", KIND_HEX, NULL},
    {NVME_PMRCAP_PMRTU, "PMRTU", "Time unit", KIND_WORDS, words_pmrtu},
    {NVME_PMRCAP_BIR, "BIR", "Base address register", KIND_NUMBER, NULL},
    {NVME_PMRCAP_WDS, "WDS", "Write data supported", KIND_YES, NULL},
    {NVME_PMRCAP_RDS, "RDS", "Read data supported", KIND_YES, NULL},
};
static const struct reg_field pmrctl_fields[] = {
    {NVME_PMRCTL_EN, "EN", "Enabled", KIND_YES, NULL},
};
static const struct reg_field pmrsts_fields[] = {
    {NVME_PMRSTS_CBAI, "CBAI", "Controller base address invalid", KIND_YES, NULL},
    {NVME_PMRSTS_HSTS, "HSTS", "Health", KIND_WORDS, words_hsts},
    {NVME_PMRSTS_NRDY, "NRDY", "Not ready", KIND_YES, NULL},
    {NVME_PMRSTS_ERR, "ERR", "Error", KIND_HEX, NULL},
};
static const struct reg_field pmrebs_fields[] = {
    {NVME_PMREBS_PMRWBZ, "PMRWBZ", "Elasticity buffer in units of PMRSZU", KIND_NUMBER, NULL},
    {NVME_PMREBS_RBB, "RBB", "Reads bypass the buffer", KIND_YES, NULL},
    {NVME_PMREBS_PMRSZU, "PMRSZU", "Size unit code", KIND_NUMBER, NULL},
};
static const struct reg_field pmrswtp_fields[] = {
    {NVME_PMRSWTP_PMRSWTV, "PMRSWTV", "Sustained write throughput", KIND_NUMBER, NULL},
    {NVME_PMRSWTP_PMRSWTU, "PMRSWTU", "Throughput unit code", KIND_NUMBER, NULL},
};
static const struct reg_field pmrmsc_fields[] = {
    {NVME_PMRMSC_CBA, "CBA", "Controller base address", KIND_ADDRESS, NULL},
    {NVME_PMRMSC_CMSE, "CMSE", "Memory space enabled", KIND_YES, NULL},
};

#define REG(text, where, bytes, list)                                                              \
    {                                                                                              \
        text, where, bytes, list, ARRAY_SIZE(list)                                                 \
    }
#define PLAIN_REG(text, where)                                                                     \
    {                                                                                              \
        text, where, 4, NULL, 0                                                                    \
    }

static const struct reg regs[] = {
    REG("cap", NVME_REG_CAP, 8, cap_fields),
    REG("version", NVME_REG_VS, 4, vs_fields),
    PLAIN_REG("intms", NVME_REG_INTMS),
    PLAIN_REG("intmc", NVME_REG_INTMC),
    REG("cc", NVME_REG_CC, 4, cc_fields),
    REG("csts", NVME_REG_CSTS, 4, csts_fields),
    PLAIN_REG("nssr", NVME_REG_NSSR),
    REG("aqa", NVME_REG_AQA, 4, aqa_fields),
    REG("asq", NVME_REG_ASQ, 8, asq_fields),
    REG("acq", NVME_REG_ACQ, 8, acq_fields),
    REG("cmbloc", NVME_REG_CMBLOC, 4, cmbloc_fields),
    REG("cmbsz", NVME_REG_CMBSZ, 4, cmbsz_fields),
    REG("bpinfo", NVME_REG_BPINFO, 4, bpinfo_fields),
    REG("bprsel", NVME_REG_BPRSEL, 4, bprsel_fields),
    REG("bpmbl", NVME_REG_BPMBL, 8, bpmbl_fields),
    REG("cmbmsc", NVME_REG_CMBMSC, 8, cmbmsc_fields),
    REG("cmbsts", NVME_REG_CMBSTS, 4, cmbsts_fields),
    REG("pmrcap", NVME_REG_PMRCAP, 4, pmrcap_fields),
    REG("pmrctl", NVME_REG_PMRCTL, 4, pmrctl_fields),
    REG("pmrsts", NVME_REG_PMRSTS, 4, pmrsts_fields),
    REG("pmrebs", NVME_REG_PMREBS, 4, pmrebs_fields),
    REG("pmrswtp", NVME_REG_PMRSWTP, 4, pmrswtp_fields),
    REG("pmrmsc", NVME_REG_PMRMSC, 8, pmrmsc_fields),
};

static void print_power_of_two(struct out *out, unsigned log2)
{
    out_printf(out, "%llu bytes", 1ULL << log2);
}

static void print_field(struct out *out, const struct reg_field *field, uint64_t val)
{
    uint64_t n = FIELD_GET(field->mask, val);

    out_printf(out, "\t%s (%s): ", field->what, field->name);
    switch (field->kind) {
    case KIND_NUMBER:
        out_printf(out, "%llu", (unsigned long long)n);
        break;
    case KIND_HEX:
        out_printf(out, "%#llx", (unsigned long long)n);
        break;
    case KIND_YES:
        out_puts(out, n ? "Yes" : "No");
        break;
    case KIND_COUNT_0B:
        out_printf(out, "%llu", (unsigned long long)n + 1);
        break;
    case KIND_LOG2_BYTES:
        print_power_of_two(out, (unsigned)n);
        break;
    case KIND_PAGE:
        print_power_of_two(out, 12 + (unsigned)n);
        break;
    case KIND_STRIDE:
        print_power_of_two(out, 2 + (unsigned)n);
        break;
    case KIND_SIZE_UNIT:
        if (n > 6) {
            out_puts(out, "reserved");
        } else {
            print_power_of_two(out, 12 + 4 * (unsigned)n);
        }
        break;
    case KIND_500MS:
        out_printf(out, "%llu ms", (unsigned long long)n * 500);
        break;
    case KIND_ADDRESS:
        out_printf(out, "%#llx", (unsigned long long)(val & field->mask));
        break;
    case KIND_WORDS:
        out_printf(out, "%s", field->words[n]);
        break;
    }
    out_puts(out, "\n");
}

/* A 64-bit register at an offset that is not a multiple of 8 (PMRMSC) takes two accesses. */
static uint64_t read_reg(const struct nvme_reg_reader *reader, const struct reg *reg)
{
    if (IS_ALIGNED(reg->off, (uint32_t)reg->width)) {
        return reader->read(reader->ctx, reg->off, reg->width);
    }
    uint64_t low = reader->read(reader->ctx, reg->off, 4);
    return reader->read(reader->ctx, reg->off + 4, 4) << 32 | low;
}

void nvme_regs_print(struct out *out, const struct nvme_reg_reader *reader)
{
    for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
        uint64_t val = read_reg(reader, &regs[i]);
        out_printf(out, "%-8s: %llx\n", regs[i].name, (unsigned long long)val);
        for (unsigned j = 0; j < regs[i].field_count; j++) {
            print_field(out, &regs[i].fields[j], val);
        }
    }
}
