/*
 * apps/nvme/id_ns.c - Identify Namespace in words (NVMe 1.4 §5.15.2.1), in the names and the order
 * of nvme-cli.
 */
#include "apps/nvme/fields.h"

#include "lib/compiler.h"

#define NAME_WIDTH 8

#define NAMED(text, member, how)                                                                   \
    {                                                                                              \
        text, offsetof(struct nvme_id_ns, member), sizeof(((struct nvme_id_ns *)0)->member), how   \
    }
#define DEC(member) NAMED(#member, member, NVME_FIELD_DEC)
#define HEX(member) NAMED(#member, member, NVME_FIELD_HEX)

static const struct nvme_field first_fields[] = {
    HEX(nsze),   HEX(ncap),   HEX(nuse),
    HEX(nsfeat), DEC(nlbaf),  HEX(flbas),
    HEX(mc),     HEX(dpc),    HEX(dps),
    HEX(nmic),   HEX(rescap), HEX(fpi),
    DEC(dlfeat), DEC(nawun),  DEC(nawupf),
    DEC(nacwu),  DEC(nabsn),  DEC(nabo),
    DEC(nabspf), DEC(noiob),  NAMED("nvmcap", nvmcap, NVME_FIELD_BIG),
};

/* These mean something only when NSFEAT says so. */
static const struct nvme_field optimal_fields[] = {
    DEC(npwg), DEC(npwa), DEC(npdg), DEC(npda), DEC(nows),
};

static const struct nvme_field last_fields[] = {
    DEC(anagrpid),
    DEC(nsattr),
    DEC(nvmsetid),
    DEC(endgid),
    NAMED("nguid", nguid, NVME_FIELD_RAW),
    NAMED("eui64", eui64, NVME_FIELD_RAW),
};

void nvme_id_ns_print(struct out *out, const struct nvme_id_ns *id)
{
    unsigned formats = MIN((unsigned)id->nlbaf + 1, (unsigned)ARRAY_SIZE(id->lbaf));
    unsigned used = (unsigned)FIELD_GET(NVME_FLBAS_FORMAT, id->flbas);

    nvme_fields_print(out, first_fields, ARRAY_SIZE(first_fields), id, NAME_WIDTH);
    if (id->nsfeat & NVME_NSFEAT_OPTPERF) {
        nvme_fields_print(out, optimal_fields, ARRAY_SIZE(optimal_fields), id, NAME_WIDTH);
    }
    nvme_fields_print(out, last_fields, ARRAY_SIZE(last_fields), id, NAME_WIDTH);
    for (unsigned i = 0; i < formats; i++) {
        uint32_t lbaf = id->lbaf[i];
        out_printf(out, "lbaf %2u : ms:%-3u lbads:%-2u rp:%#x%s\n", i,
                   (unsigned)FIELD_GET(NVME_LBAF_MS, lbaf),
                   (unsigned)FIELD_GET(NVME_LBAF_LBADS, lbaf),
                   (unsigned)FIELD_GET(NVME_LBAF_RP, lbaf), i == used ? " (in use)" : "");
    }
}
