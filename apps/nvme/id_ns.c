/*
 * apps/nvme/id_ns.c - Identify Namespace in words (NVMe 1.4 §5.15.2.1), in the names and the order
 * of nvme-cli.
 */
#include "apps/nvme/fields.h"

#include "drivers/nvme/nvme_format.h"
#include "lib/compiler.h"

#define NAME_WIDTH 8

#define DEC(member) NVME_FIELD(struct nvme_id_ns, member, DEC)
#define HEX(member) NVME_FIELD(struct nvme_id_ns, member, HEX)
#define BITS(member, how) NVME_FIELD_BITS(struct nvme_id_ns, member, how)

/* The fields of which --human-readable explains the bits. */
static const struct nvme_bit bits_nsfeat[] = {
    {4, 4, "NPWG, NPWA, NPDG, NPDA and NOWS are defined"},
    {3, 3, "EUI64 and NGUID are never used again"},
    {2, 2, "error for deallocated or unwritten blocks?"},
    {1, 1, "atomic sizes of this namespace are defined"},
    {0, 0, "thin provisioning?"},
    {0},
};
static const struct nvme_bit bits_flbas[] = {
    {4, 4, "metadata is at the end of each block's data"},
    {3, 0, "LBA format in use"},
    {0},
};
static const struct nvme_bit bits_mc[] = {
    {1, 1, "metadata in a separate buffer?"},
    {0, 0, "metadata at the end of the data?"},
    {0},
};
static const struct nvme_bit bits_dpc[] = {
    {4, 4, "protection information in the last eight bytes?"},
    {3, 3, "protection information in the first eight bytes?"},
    {2, 2, "protection information type 3?"},
    {1, 1, "protection information type 2?"},
    {0, 0, "protection information type 1?"},
    {0},
};
static const struct nvme_bit bits_dps[] = {
    {3, 3, "protection information is in the first eight bytes"},
    {2, 0, "protection information type, 0 none"},
    {0},
};
static const struct nvme_bit bits_nmic[] = {
    {0, 0, "shared by several controllers"},
    {0},
};
static const struct nvme_bit bits_rescap[] = {
    {7, 7, "Ignore Existing Key as in 1.3"},
    {6, 6, "Exclusive Access - All Registrants?"},
    {5, 5, "Write Exclusive - All Registrants?"},
    {4, 4, "Exclusive Access - Registrants Only?"},
    {3, 3, "Write Exclusive - Registrants Only?"},
    {2, 2, "Exclusive Access?"},
    {1, 1, "Write Exclusive?"},
    {0, 0, "Persist Through Power Loss?"},
    {0},
};
static const struct nvme_bit bits_fpi[] = {
    {7, 7, "format progress indicator?"},
    {6, 0, "per cent of a format that remain"},
    {0},
};
static const struct nvme_bit bits_dlfeat[] = {
    {4, 4, "guard of deallocated blocks is the CRC of what is read"},
    {3, 3, "deallocation by Write Zeroes?"},
    {2, 0, "deallocated blocks read as: 0 not reported, 1 00h, 2 FFh"},
    {0},
};
static const struct nvme_bit bits_nsattr[] = {
    {0, 0, "write protected"},
    {0},
};

static const struct nvme_field first_fields[] = {
    HEX(nsze),   HEX(ncap),   HEX(nuse),
    BITS(nsfeat, HEX), DEC(nlbaf),  BITS(flbas, HEX),
    BITS(mc, HEX),     BITS(dpc, HEX),    BITS(dps, HEX),
    BITS(nmic, HEX),   BITS(rescap, HEX), BITS(fpi, HEX),
    BITS(dlfeat, DEC), DEC(nawun),  DEC(nawupf),
    DEC(nacwu),  DEC(nabsn),  DEC(nabo),
    DEC(nabspf), DEC(noiob),  NVME_FIELD(struct nvme_id_ns, nvmcap, BIG),
};

/* These mean something only when NSFEAT says so. */
static const struct nvme_field optimal_fields[] = {
    DEC(npwg), DEC(npwa), DEC(npdg), DEC(npda), DEC(nows),
};

static const struct nvme_field last_fields[] = {
    DEC(anagrpid),
    BITS(nsattr, DEC),
    DEC(nvmsetid),
    DEC(endgid),
    NVME_FIELD(struct nvme_id_ns, nguid, RAW),
    NVME_FIELD(struct nvme_id_ns, eui64, RAW),
};

static void show_format(struct show *s, unsigned index, uint32_t lbaf, bool used, bool human)
{
    static const char *const performance[] = {"Best", "Better", "Good", "Degraded"};
    unsigned ms = (unsigned)FIELD_GET(NVME_LBAF_MS, lbaf);
    unsigned lbads = (unsigned)FIELD_GET(NVME_LBAF_LBADS, lbaf);
    unsigned rp = (unsigned)FIELD_GET(NVME_LBAF_RP, lbaf);

    if (!s->json && human) {
        out_printf(s->out,
                   "LBA Format %2u : Metadata Size: %-3u bytes - Data Size: %llu bytes - Relative "
                   "Performance: %#x %s%s\n", index, ms,
                   (unsigned long long)nvme_lbaf_bytes(lbaf), rp, performance[rp],
                   used ? " (in use)" : "");
        return;
    }
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
        show_format(s, i, id->lbaf[i], i == used, human);
    }
    if (s->json) {
        show_close_array(s);
    }
}
