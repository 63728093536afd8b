/*
 * apps/nvme/id_ns.c - Identify Namespace in words (NVMe 1.4 §5.15.2.1), in the names and the order
 * of nvme-cli.
 */
#include "apps/nvme/fields.h"

#include "lib/compiler.h"

#define NAME_WIDTH 8

#define DEC(member) NVME_FIELD(struct nvme_id_ns, member, DEC)
#define HEX(member) NVME_FIELD(struct nvme_id_ns, member, HEX)

static const struct nvme_field first_fields[] = {
    HEX(nsze),   HEX(ncap),   HEX(nuse),
    HEX(nsfeat), DEC(nlbaf),  HEX(flbas),
    HEX(mc),     HEX(dpc),    HEX(dps),
    HEX(nmic),   HEX(rescap), HEX(fpi),
    DEC(dlfeat), DEC(nawun),  DEC(nawupf),
    DEC(nacwu),  DEC(nabsn),  DEC(nabo),
    DEC(nabspf), DEC(noiob),  NVME_FIELD(struct nvme_id_ns, nvmcap, BIG),
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
    NVME_FIELD(struct nvme_id_ns, nguid, RAW),
    NVME_FIELD(struct nvme_id_ns, eui64, RAW),
};

static void show_format(struct show *s, unsigned index, uint32_t lbaf, bool used)
{
    unsigned ms = (unsigned)FIELD_GET(NVME_LBAF_MS, lbaf);
    unsigned lbads = (unsigned)FIELD_GET(NVME_LBAF_LBADS, lbaf);
    unsigned rp = (unsigned)FIELD_GET(NVME_LBAF_RP, lbaf);

    if (!s->json) {
        out_printf(s->out, "lbaf %2u : ms:%-3u lbads:%-2u rp:%#x%s\n", index, ms, lbads, rp,
                   used ? " (in use)" : "");
        return;
    }
    show_open_object(s, NULL, NULL);
    show_json_u64(s, "ms", ms);
    show_json_u64(s, "ds", lbads);
    show_json_u64(s, "rp", rp);
    show_close_object(s);
}

void nvme_id_ns_show(struct show *s, const struct nvme_id_ns *id, bool human)
{
    unsigned formats = MIN((unsigned)id->nlbaf + 1, (unsigned)ARRAY_SIZE(id->lbaf));
    unsigned used = (unsigned)FIELD_GET(NVME_FLBAS_FORMAT, id->flbas);

    s->name_width = NAME_WIDTH;
    nvme_fields_show(s, first_fields, ARRAY_SIZE(first_fields), id, human);
    if (id->nsfeat & NVME_NSFEAT_OPTPERF) {
        nvme_fields_show(s, optimal_fields, ARRAY_SIZE(optimal_fields), id, human);
    }
    nvme_fields_show(s, last_fields, ARRAY_SIZE(last_fields), id, human);
    if (s->json) {
        show_open_array(s, "lbafs", NULL);
    }
    for (unsigned i = 0; i < formats; i++) {
        show_format(s, i, id->lbaf[i], i == used);
    }
    if (s->json) {
        show_close_array(s);
    }
}
