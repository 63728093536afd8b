/*
 * drivers/nvme/nvme_pi.c - end-to-end protection information by the host.
 */
#include "drivers/nvme/nvme_pi.h"

#include "lib/bitfield.h"
#include "lib/crc16.h"

#define APP_TAG_UNCHECKED 0xffff
#define REF_TAG_UNCHECKED UINT32_C(0xffffffff)

struct pi_tuple {
    uint16_t guard, app;
    uint32_t ref;
};

unsigned nvme_pi_type(const struct nvme_ns *ns)
{
    unsigned type = (unsigned)FIELD_GET(NVME_DPS_TYPE, ns->id.dps);

    return type <= 3 && ns->metadata_bytes >= NVME_PI_BYTES ? type : 0;
}

bool nvme_pi_moves_metadata(const struct nvme_ns *ns, uint8_t prinfo)
{
    bool made_by_device = nvme_pi_type(ns) && prinfo & NVME_PRINFO_PRACT &&
                          ns->metadata_bytes == NVME_PI_BYTES;

    return ns->metadata_bytes && !made_by_device;
}

uint8_t nvme_pi_default_prinfo(const struct nvme_ns *ns)
{
    switch (nvme_pi_type(ns)) {
    case 0:
        return 0;
    case 3: /* whose reference tag means nothing to the device */
        return NVME_PRINFO_PRACT | NVME_PRINFO_GUARD;
    default:
        return NVME_PRINFO_PRACT | NVME_PRINFO_GUARD | NVME_PRINFO_REF;
    }
}

/* Where it lies in the metadata. */
static uint32_t pi_offset(const struct nvme_ns *ns)
{
    return FIELD_GET(NVME_DPS_FIRST, ns->id.dps) ? 0 : ns->metadata_bytes - NVME_PI_BYTES;
}

/* Metadata before the protection information is guarded, too; behind it, it is not. */
static uint16_t guard_of(const struct nvme_ns *ns, const uint8_t *block, const uint8_t *metadata)
{
    uint16_t crc = crc16_t10dif(0, block, ns->block_bytes);

    return crc16_t10dif(crc, metadata, pi_offset(ns));
}

static uint32_t ref_of(const struct nvme_ns *ns, const struct nvme_pi_tags *tags, uint32_t block)
{
    return nvme_pi_type(ns) == 3 ? tags->ref : tags->ref + block;
}

void nvme_pi_generate(const struct nvme_ns *ns, const struct nvme_pi_tags *tags, const void *data,
                      void *metadata, uint32_t count)
{
    const uint8_t *block = data;
    uint8_t *meta = metadata;

    for (uint32_t i = 0; i < count; i++, block += ns->block_bytes, meta += ns->metadata_bytes) {
        uint8_t *pi = meta + pi_offset(ns);
        uint16_t guard = guard_of(ns, block, meta);
        uint32_t ref = ref_of(ns, tags, i);

        pi[0] = (uint8_t)(guard >> 8);
        pi[1] = (uint8_t)guard;
        pi[2] = (uint8_t)(tags->app >> 8);
        pi[3] = (uint8_t)tags->app;
        pi[4] = (uint8_t)(ref >> 24);
        pi[5] = (uint8_t)(ref >> 16);
        pi[6] = (uint8_t)(ref >> 8);
        pi[7] = (uint8_t)ref;
    }
}

static struct pi_tuple tuple_at(const uint8_t *pi)
{
    return (struct pi_tuple){
        .guard = (uint16_t)(pi[0] << 8 | pi[1]),
        .app = (uint16_t)(pi[2] << 8 | pi[3]),
        .ref = (uint32_t)pi[4] << 24 | (uint32_t)pi[5] << 16 | (uint32_t)pi[6] << 8 | pi[7],
    };
}

/* Remembers the first of found and expected that differ. */
static bool same(struct nvme_pi_mismatch *m, const char *field, uint32_t found, uint32_t expected)
{
    m->field = field;
    m->found = found;
    m->expected = expected;
    return found == expected;
}

bool nvme_pi_check(const struct nvme_ns *ns, uint8_t prinfo, const struct nvme_pi_tags *tags,
                   const void *data, const void *metadata, uint32_t count,
                   struct nvme_pi_mismatch *mismatch)
{
    const uint8_t *block = data, *meta = metadata;
    unsigned type = nvme_pi_type(ns);

    for (uint32_t i = 0; i < count; i++, block += ns->block_bytes, meta += ns->metadata_bytes) {
        struct pi_tuple pi = tuple_at(meta + pi_offset(ns));

        mismatch->block = i;
        if (pi.app == APP_TAG_UNCHECKED && (type != 3 || pi.ref == REF_TAG_UNCHECKED)) {
            continue;
        }
        if ((prinfo & NVME_PRINFO_GUARD &&
             !same(mismatch, "guard", pi.guard, guard_of(ns, block, meta))) ||
            (prinfo & NVME_PRINFO_APP &&
             !same(mismatch, "application tag", pi.app & tags->mask, tags->app & tags->mask)) ||
            (prinfo & NVME_PRINFO_REF && type != 3 &&
             !same(mismatch, "reference tag", pi.ref, ref_of(ns, tags, i)))) {
            return false;
        }
    }
    return true;
}
