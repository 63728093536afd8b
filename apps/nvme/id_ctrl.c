/*
 * apps/nvme/id_ctrl.c - Identify Controller in words (NVMe 1.4 §5.15.2.2), in the names and the
 * order of nvme-cli.
 */
#include "apps/nvme/fields.h"

#include "lib/compiler.h"

#define NAME_WIDTH 10

#define DEC(member)  NVME_FIELD(struct nvme_id_ctrl, member, DEC)
#define HEX(member)  NVME_FIELD(struct nvme_id_ctrl, member, HEX)
#define BIG(member)  NVME_FIELD(struct nvme_id_ctrl, member, BIG)
#define TEXT(member) NVME_FIELD(struct nvme_id_ctrl, member, TEXT)
#define BITS(member) NVME_FIELD_BITS(struct nvme_id_ctrl, member, HEX)
#define KELVIN(member)                                                                             \
    {                                                                                              \
        .name = #member, .off = offsetof(struct nvme_id_ctrl, member), .width = 2,                 \
        .format = NVME_FIELD_DEC, .explain = explain_kelvin,                                       \
    }
/* nvme-cli's name for the byte that 1.4 calls NVSCC. */
#define ICSVSCC                                                                                    \
    {                                                                                              \
        .name = "icsvscc", .off = offsetof(struct nvme_id_ctrl, nvscc), .width = 1,                \
        .format = NVME_FIELD_DEC,                                                                  \
    }

/* The fields of which --human-readable explains the bits. */
static const struct nvme_bit bits_cmic[] = {
    {3, 3, "asymmetric namespace access reporting?"},
    {2, 2, "of an SR-IOV virtual function"},
    {1, 1, "several controllers in the subsystem"},
    {0, 0, "several ports in the subsystem"},
    {0},
};
static const struct nvme_bit bits_oaes[] = {
    {14, 14, "endurance group event notices?"},
    {13, 13, "LBA status information notices?"},
    {12, 12, "predictable latency event notices?"},
    {11, 11, "asymmetric access change notices?"},
    {9, 9, "firmware activation notices?"},
    {8, 8, "namespace attribute notices?"},
    {0},
};
static const struct nvme_bit bits_ctratt[] = {
    {9, 9, "UUID list?"},
    {8, 8, "SQ associations?"},
    {7, 7, "namespace granularity?"},
    {6, 6, "traffic based keep alive?"},
    {5, 5, "predictable latency mode?"},
    {4, 4, "endurance groups?"},
    {3, 3, "read recovery levels?"},
    {2, 2, "NVM sets?"},
    {1, 1, "non-operational power state permissive mode?"},
    {0, 0, "128-bit host identifier?"},
    {0},
};
static const struct nvme_bit bits_oacs[] = {
    {9, 9, "Get LBA Status?"},
    {8, 8, "Doorbell Buffer Config?"},
    {7, 7, "Virtualization Management?"},
    {6, 6, "NVMe-MI Send and Receive?"},
    {5, 5, "Directives?"},
    {4, 4, "Device Self-test?"},
    {3, 3, "Namespace Management and Attachment?"},
    {2, 2, "Firmware Commit and Download?"},
    {1, 1, "Format NVM?"},
    {0, 0, "Security Send and Receive?"},
    {0},
};
static const struct nvme_bit bits_frmw[] = {
    {4, 4, "firmware activation without a reset?"},
    {3, 1, "firmware slots"},
    {0, 0, "slot 1 is read-only"},
    {0},
};
static const struct nvme_bit bits_lpa[] = {
    {4, 4, "Persistent Event log?"},
    {3, 3, "Telemetry logs?"},
    {2, 2, "log pages by offset?"},
    {1, 1, "Commands Supported and Effects log?"},
    {0, 0, "SMART log per namespace?"},
    {0},
};
static const struct nvme_bit bits_avscc[] = {
    {0, 0, "admin vendor commands use the standard format"},
    {0},
};
static const struct nvme_bit bits_apsta[] = {
    {0, 0, "Autonomous Power State Transitions?"},
    {0},
};
static const struct nvme_bit bits_hctma[] = {
    {0, 0, "Host Controlled Thermal Management?"},
    {0},
};
static const struct nvme_bit bits_sanicap[] = {
    {31, 30, "media after a no-deallocate sanitize: 1 not modified, 2 modified"},
    {29, 29, "no-deallocate is inhibited"},
    {2, 2, "Overwrite?"},
    {1, 1, "Block Erase?"},
    {0, 0, "Crypto Erase?"},
    {0},
};
static const struct nvme_bit bits_anacap[] = {
    {7, 7, "group identifiers may be 0 to ANAGRPMAX"},
    {6, 6, "the group of a namespace stays"},
    {4, 4, "ANA change state?"},
    {3, 3, "ANA persistent loss state?"},
    {2, 2, "ANA inaccessible state?"},
    {1, 1, "ANA non-optimized state?"},
    {0, 0, "ANA optimized state?"},
    {0},
};
static const struct nvme_bit bits_sqes[] = {
    {7, 4, "largest submission entry, log2 of bytes"},
    {3, 0, "required submission entry, log2 of bytes"},
    {0},
};
static const struct nvme_bit bits_cqes[] = {
    {7, 4, "largest completion entry, log2 of bytes"},
    {3, 0, "required completion entry, log2 of bytes"},
    {0},
};
static const struct nvme_bit bits_oncs[] = {
    {8, 8, "Copy?"},
    {7, 7, "Verify?"},
    {6, 6, "Timestamp?"},
    {5, 5, "Reservations?"},
    {4, 4, "Save and Select of features?"},
    {3, 3, "Write Zeroes?"},
    {2, 2, "Dataset Management?"},
    {1, 1, "Write Uncorrectable?"},
    {0, 0, "Compare?"},
    {0},
};
static const struct nvme_bit bits_fuses[] = {
    {0, 0, "fused Compare and Write?"},
    {0},
};
static const struct nvme_bit bits_fna[] = {
    {2, 2, "cryptographic erase by Format NVM?"},
    {1, 1, "an erase reaches all namespaces"},
    {0, 0, "a format reaches all namespaces"},
    {0},
};
static const struct nvme_bit bits_vwc[] = {
    {2, 1, "Flush with NSID FFFFFFFFh: 2 not supported, 3 supported"},
    {0, 0, "volatile write cache is present"},
    {0},
};
static const struct nvme_bit bits_nwpc[] = {
    {2, 2, "permanent write protection?"},
    {1, 1, "write protection until the next power cycle?"},
    {0, 0, "namespace write protection?"},
    {0},
};
static const struct nvme_bit bits_sgls[] = {
    {21, 21, "transport SGL data block?"},
    {20, 20, "SGL offsets?"},
    {19, 19, "an SGL descriptor as metadata pointer?"},
    {18, 18, "SGLs longer than the data?"},
    {17, 17, "metadata in one contiguous buffer?"},
    {16, 16, "SGL bit bucket?"},
    {2, 2, "keyed SGLs?"},
    {1, 0, "SGLs: 0 not supported, 1 any alignment, 2 dwords"},
    {0},
};

static void explain_kelvin(struct show *s, uint64_t value)
{
    show_bits(s, value, 15, 0, "%lld C", (long long)value - 273);
}

static const struct nvme_field id_ctrl_fields[] = {
    HEX(vid),
    HEX(ssvid),
    TEXT(sn),
    TEXT(mn),
    TEXT(fr),
    DEC(rab),
    NVME_FIELD(struct nvme_id_ctrl, ieee, OUI),
    BITS(cmic),
    DEC(mdts),
    HEX(cntlid),
    HEX(ver),
    HEX(rtd3r),
    HEX(rtd3e),
    BITS(oaes),
    BITS(ctratt),
    HEX(rrls),
    DEC(cntrltype),
    NVME_FIELD(struct nvme_id_ctrl, fguid, UUID),
    DEC(crdt1),
    DEC(crdt2),
    DEC(crdt3),
    DEC(nvmsr),
    DEC(vwci),
    DEC(mec),
    BITS(oacs),
    DEC(acl),
    DEC(aerl),
    BITS(frmw),
    BITS(lpa),
    DEC(elpe),
    DEC(npss),
    BITS(avscc),
    BITS(apsta),
    KELVIN(wctemp),
    KELVIN(cctemp),
    DEC(mtfa),
    DEC(hmpre),
    DEC(hmmin),
    BIG(tnvmcap),
    BIG(unvmcap),
    HEX(rpmbs),
    DEC(edstt),
    DEC(dsto),
    DEC(fwug),
    DEC(kas),
    BITS(hctma),
    DEC(mntmt),
    DEC(mxtmt),
    BITS(sanicap),
    DEC(hmminds),
    DEC(hmmaxd),
    DEC(nsetidmax),
    DEC(endgidmax),
    DEC(anatt),
    NVME_FIELD_BITS(struct nvme_id_ctrl, anacap, DEC),
    DEC(anagrpmax),
    DEC(nanagrpid),
    DEC(pels),
    BITS(sqes),
    BITS(cqes),
    DEC(maxcmd),
    DEC(nn),
    BITS(oncs),
    BITS(fuses),
    BITS(fna),
    BITS(vwc),
    DEC(awun),
    DEC(awupf),
    ICSVSCC,
    NVME_FIELD_BITS(struct nvme_id_ctrl, nwpc, DEC),
    DEC(acwu),
    BITS(sgls),
    DEC(mnan),
    TEXT(subnqn),
    DEC(ioccsz),
    DEC(iorcsz),
    DEC(icdoff),
    HEX(fcatt),
    DEC(msdbd),
};

void nvme_format_watts(char *text, size_t cap, uint64_t scale, unsigned val)
{
    if (scale == 1) {
        str_format(text, cap, "%u.%04uW", val / 10000, val % 10000);
    } else if (scale == 2) {
        str_format(text, cap, "%u.%02uW", val / 100, val % 100);
    } else {
        str_format(text, cap, "-");
    }
}

static void print_power_state(struct out *out, unsigned index, const struct nvme_psd *psd)
{
    uint64_t workload = FIELD_GET(NVME_PSD_APW, psd->apw_aps);
    char max[16], idle[16], active[16];

    nvme_format_watts(max, sizeof(max), psd->flags & NVME_PSD_FLAGS_MXPS ? 1 : 2, psd->mp);
    nvme_format_watts(idle, sizeof(idle), FIELD_GET(NVME_PSD_SCALE, psd->ips), psd->idlp);
    nvme_format_watts(active, sizeof(active), FIELD_GET(NVME_PSD_SCALE, psd->apw_aps), psd->actp);
    out_printf(out, "ps   %4u : mp:%s %s enlat:%u exlat:%u rrt:%u rrl:%u\n", index, max,
               psd->flags & NVME_PSD_FLAGS_NOPS ? "non-operational" : "operational",
               (unsigned)psd->enlat, (unsigned)psd->exlat, psd->rrt, psd->rrl);
    out_printf(out, "            rwt:%u rwl:%u idle_power:%s active_power:%s\n", psd->rwt, psd->rwl,
               idle, active);
    if (workload) {
        out_printf(out, "            active_power_workload:%u\n", (unsigned)workload);
    } else {
        out_puts(out, "            active_power_workload:-\n");
    }
}

/* The members and units of nvme-cli's JSON. */
static void json_power_state(struct show *s, const struct nvme_psd *psd)
{
    show_open_object(s, NULL, NULL);
    show_json_u64(s, "max_power", psd->mp);
    show_json_u64(s, "max_power_scale", FIELD_GET(NVME_PSD_FLAGS_MXPS, psd->flags));
    show_json_u64(s, "non-operational_state", FIELD_GET(NVME_PSD_FLAGS_NOPS, psd->flags));
    show_json_u64(s, "entry_lat", psd->enlat);
    show_json_u64(s, "exit_lat", psd->exlat);
    show_json_u64(s, "read_tput", psd->rrt);
    show_json_u64(s, "read_lat", psd->rrl);
    show_json_u64(s, "write_tput", psd->rwt);
    show_json_u64(s, "write_lat", psd->rwl);
    show_json_u64(s, "idle_power", psd->idlp);
    show_json_u64(s, "idle_scale", FIELD_GET(NVME_PSD_SCALE, psd->ips));
    show_json_u64(s, "active_power", psd->actp);
    show_json_u64(s, "active_power_work", FIELD_GET(NVME_PSD_APW, psd->apw_aps));
    show_json_u64(s, "active_scale", FIELD_GET(NVME_PSD_SCALE, psd->apw_aps));
    show_close_object(s);
}

void nvme_id_ctrl_show(struct show *s, const struct nvme_id_ctrl *id, bool human)
{
    unsigned states = MIN((unsigned)id->npss + 1, (unsigned)ARRAY_SIZE(id->psd));

    s->name_width = NAME_WIDTH;
    show_title(s, "NVME Identify Controller:");
    nvme_fields_show(s, id_ctrl_fields, ARRAY_SIZE(id_ctrl_fields), id, human);
    if (s->json) {
        show_open_array(s, "psds", NULL);
    }
    for (unsigned i = 0; i < states; i++) {
        if (s->json) {
            json_power_state(s, &id->psd[i]);
        } else {
            print_power_state(s->out, i, &id->psd[i]);
        }
    }
    if (s->json) {
        show_close_array(s);
    }
}
