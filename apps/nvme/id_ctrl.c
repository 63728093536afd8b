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
/* nvme-cli's name for the byte that 1.4 calls NVSCC. */
#define ICSVSCC                                                                                    \
    {                                                                                              \
        .name = "icsvscc", .off = offsetof(struct nvme_id_ctrl, nvscc), .width = 1,                \
        .format = NVME_FIELD_DEC,                                                                  \
    }

static const struct nvme_field id_ctrl_fields[] = {
    HEX(vid),
    HEX(ssvid),
    TEXT(sn),
    TEXT(mn),
    TEXT(fr),
    DEC(rab),
    NVME_FIELD(struct nvme_id_ctrl, ieee, OUI),
    HEX(cmic),
    DEC(mdts),
    HEX(cntlid),
    HEX(ver),
    HEX(rtd3r),
    HEX(rtd3e),
    HEX(oaes),
    HEX(ctratt),
    HEX(rrls),
    DEC(cntrltype),
    NVME_FIELD(struct nvme_id_ctrl, fguid, UUID),
    DEC(crdt1),
    DEC(crdt2),
    DEC(crdt3),
    DEC(nvmsr),
    DEC(vwci),
    DEC(mec),
    HEX(oacs),
    DEC(acl),
    DEC(aerl),
    HEX(frmw),
    HEX(lpa),
    DEC(elpe),
    DEC(npss),
    HEX(avscc),
    HEX(apsta),
    DEC(wctemp),
    DEC(cctemp),
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
    HEX(hctma),
    DEC(mntmt),
    DEC(mxtmt),
    HEX(sanicap),
    DEC(hmminds),
    DEC(hmmaxd),
    DEC(nsetidmax),
    DEC(endgidmax),
    DEC(anatt),
    DEC(anacap),
    DEC(anagrpmax),
    DEC(nanagrpid),
    DEC(pels),
    HEX(sqes),
    HEX(cqes),
    DEC(maxcmd),
    DEC(nn),
    HEX(oncs),
    HEX(fuses),
    HEX(fna),
    HEX(vwc),
    DEC(awun),
    DEC(awupf),
    ICSVSCC,
    DEC(nwpc),
    DEC(acwu),
    HEX(sgls),
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
