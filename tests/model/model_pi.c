/*
 * tests/model/model_pi.c - end-to-end protection information (NVMe 1.4 §8.3), bit by bit and apart
 * from the driver's.
 */
#include "tests/model/model_internal.h"

enum { PRACT = 8, GUARD = 4, APP = 2, REF = 1, TUPLE = 8 };

struct pi_want pi_want_of(const struct cmd *cmd)
{
    return (struct pi_want){
        .prinfo = cmd->dw[12] >> 26 & 15,
        .ref = cmd->dw[14],
        .app = (uint16_t)cmd->dw[15],
        .mask = (uint16_t)(cmd->dw[15] >> 16),
    };
}

uint16_t pi_check_fields(const struct ns *ns, const struct pi_want *want, uint64_t lba)
{
    if (!ns->cfg.pi_type || !(want->prinfo & REF)) {
        return ST_OK;
    }
    if (ns->cfg.pi_type == 3 || (ns->cfg.pi_type == 1 && want->ref != (uint32_t)lba)) {
        return ST_PROTECTION_INVALID | ST_DNR;
    }
    return ST_OK;
}

bool pi_strips(const struct ns *ns, uint8_t prinfo)
{
    return ns->cfg.pi_type && prinfo & PRACT && ns->cfg.metadata_bytes == TUPLE;
}

static size_t data_bytes(const struct ns *ns)
{
    return (size_t)1 << ns->cfg.lbads;
}

static size_t tuple_at(const struct ns *ns)
{
    return data_bytes(ns) + (ns->cfg.pi_first ? 0 : ns->cfg.metadata_bytes - TUPLE);
}

static uint16_t crc(const uint8_t *bytes, size_t len)
{
    uint32_t value = 0;

    for (size_t bit = 0; bit < len * 8; bit++) {
        uint32_t in = bytes[bit / 8] >> (7 - bit % 8) & 1;
        value = value << 1 ^ ((value >> 15 & 1) != in ? 0x18bb7 : 0);
        value &= 0xffff;
    }
    return (uint16_t)value;
}

static uint64_t get_be(const uint8_t *at, unsigned len)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < len; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static void put_be(uint8_t *at, unsigned len, uint64_t value)
{
    for (unsigned i = len; i-- > 0; value >>= 8) {
        at[i] = (uint8_t)value;
    }
}

static uint32_t ref_of(const struct ns *ns, const struct pi_want *want, uint64_t index)
{
    return want->ref + (ns->cfg.pi_type == 3 ? 0 : (uint32_t)index);
}

uint16_t pi_check(const struct ns *ns, const struct pi_want *want, uint64_t index,
                  const uint8_t *block)
{
    if (!ns->cfg.pi_type || !(want->prinfo & 7)) {
        return ST_OK;
    }
    const uint8_t *tuple = block + tuple_at(ns);
    uint64_t app = get_be(tuple + 2, 2), ref = get_be(tuple + 4, 4);
    if (app == 0xffff && (ns->cfg.pi_type != 3 || ref == 0xffffffff)) {
        return ST_OK;
    }
    if (want->prinfo & GUARD && get_be(tuple, 2) != crc(block, tuple_at(ns))) {
        return ST_GUARD;
    }
    if (want->prinfo & APP && (app & want->mask) != (want->app & want->mask)) {
        return ST_APP_TAG;
    }
    return want->prinfo & REF && ref != ref_of(ns, want, index) ? ST_REF_TAG : ST_OK;
}

void pi_insert(const struct ns *ns, const struct pi_want *want, uint64_t index, uint8_t *block)
{
    if (!ns->cfg.pi_type || !(want->prinfo & PRACT)) {
        return;
    }
    uint8_t *tuple = block + tuple_at(ns);
    put_be(tuple, 2, crc(block, tuple_at(ns)));
    put_be(tuple + 2, 2, want->app);
    put_be(tuple + 4, 4, ref_of(ns, want, index));
}
