/*
 * apps/nvme/id_ctrl.c - Identify Controller in words (NVMe 1.4 §5.15.2.2), in the names and the
 * order of nvme-cli.
 */
#include "apps/nvme/fields.h"

#include "lib/compiler.h"

#define NAME_WIDTH 10

#define NAMED(text, member, how)                                                                   \
    {                                                                                              \
        text, offsetof(struct nvme_id_ctrl, member), sizeof(((struct nvme_id_ctrl *)0)->member),   \
            how                                                                                    \
    }
#define DEC(member)  NAMED(#member, member, NVME_FIELD_DEC)
#define HEX(member)  NAMED(#member, member, NVME_FIELD_HEX)
#define BIG(member)  NAMED(#member, member, NVME_FIELD_BIG)
#define TEXT(member) NAMED(#member, member, NVME_FIELD_TEXT)

static const struct nvme_field id_ctrl_fields[] = {
    HEX(vid),
    HEX(ssvid),
    TEXT(sn),
    TEXT(mn),
    TEXT(fr),
    DEC(rab),
    NAMED("ieee", ieee, NVME_FIELD_OUI),
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
    NAMED("fguid", fguid, NVME_FIELD_UUID),
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
    NAMED("icsvscc", nvscc, NVME_FIELD_DEC),
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

/* Power in the unit a scale names: 1 is 0.0001 W, 2 is 0.01 W, anything else is "not reported". */
static void print_watts(struct out *out, uint64_t scale, unsigned val)
{
    if (scale == 1) {
        out_printf(out, "%u.%04uW", val / 10000, val % 10000);
    } else if (scale == 2) {
        out_printf(out, "%u.%02uW", val / 100, val % 100);
    } else {
        out_puts(out, "-");
    }
}

static void print_power_state(struct out *out, unsigned index, const struct nvme_psd *psd)
{
    uint64_t workload = FIELD_GET(NVME_PSD_APW, psd->apw_aps);

    out_printf(out, "ps   %4u : mp:", index);
    print_watts(out, (psd->flags & NVME_PSD_FLAGS_MXPS) ? 1 : 2, psd->mp);
    out_printf(out, " %s enlat:%u exlat:%u rrt:%u rrl:%u\n",
               psd->flags & NVME_PSD_FLAGS_NOPS ? "non-operational" : "operational",
               (unsigned)psd->enlat, (unsigned)psd->exlat, psd->rrt, psd->rrl);
    out_printf(out, "            rwt:%u rwl:%u idle_power:", psd->rwt, psd->rwl);
    print_watts(out, FIELD_GET(NVME_PSD_SCALE, psd->ips), psd->idlp);
    out_puts(out, " active_power:");
    print_watts(out, FIELD_GET(NVME_PSD_SCALE, psd->apw_aps), psd->actp);
    if (workload) {
        out_printf(out, "\n            active_power_workload:%u\n", (unsigned)workload);
    } else {
        out_puts(out, "\n            active_power_workload:-\n");
    }
}

void nvme_id_ctrl_print(struct out *out, const struct nvme_id_ctrl *id)
{
    unsigned states = MIN((unsigned)id->npss + 1, (unsigned)ARRAY_SIZE(id->psd));

    out_puts(out, "NVME Identify Controller:\n");
    nvme_fields_print(out, id_ctrl_fields, ARRAY_SIZE(id_ctrl_fields), id, NAME_WIDTH);
    for (unsigned i = 0; i < states; i++) {
        print_power_state(out, i, &id->psd[i]);
    }
}
