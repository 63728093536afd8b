/*
 * tests/model/model_reservation.c - reservations (NVMe 1.4 §6.10 to §6.13, §8.8) with several
 * hosts: the one that uses the driver, and others that a test plays with model_reserve().
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

enum { REGISTER = 0, UNREGISTER = 1, REPLACE = 2 }; /* RREGA */
enum { ACQUIRE = 0, PREEMPT = 1, PREEMPT_ABORT = 2 }; /* RACQA */
enum { RELEASE = 0, CLEAR = 1 };                      /* RRELA */

/* --- who is registered ------------------------------------------------------------------------ */

static int index_of(const struct reservation *r, const uint8_t *host)
{
    for (unsigned i = 0; i < r->count; i++) {
        if (memcmp(r->registrants[i].host, host, sizeof(r->registrants[i].host)) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool all_hold(const struct reservation *r)
{
    return r->type == 5 || r->type == 6;
}

static bool holds(const struct reservation *r, int index)
{
    return r->type && index >= 0 && (all_hold(r) || r->registrants[index].holder);
}

static void end_reservation(struct reservation *r)
{
    r->type = 0;
    for (unsigned i = 0; i < r->count; i++) {
        r->registrants[i].holder = false;
    }
}

static void unregister(struct reservation *r, int index)
{
    if (r->registrants[index].holder) {
        end_reservation(r);
    }
    r->registrants[index] = r->registrants[--r->count];
    if (r->count == 0) {
        end_reservation(r);
    }
}

/* --- the commands ----------------------------------------------------------------------------- */

static uint16_t do_register(struct reservation *r, const uint8_t *host, uint16_t cntlid,
                            uint32_t dw10, const uint64_t keys[2])
{
    int at = index_of(r, host);
    bool ignore = dw10 & 8;
    unsigned action = dw10 & 7;

    if (action > REPLACE) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    bool fits = at >= 0 && (ignore || r->registrants[at].key == keys[0]);
    if ((action == REGISTER && at >= 0 && r->registrants[at].key != keys[1]) ||
        (action == UNREGISTER && !fits) || (action == REPLACE && !fits && !(ignore && at < 0))) {
        return ST_RESERVATION_CONFLICT;
    }
    if (dw10 >> 30 >= 2) {
        r->ptpl = dw10 >> 30 & 1;
    }
    r->generation++;
    if (action == UNREGISTER) {
        unregister(r, at);
        return ST_OK;
    }
    if (at < 0) {
        assert(r->count < ARRAY_SIZE(r->registrants));
        at = (int)r->count++;
        r->registrants[at] = (struct registrant){ .cntlid = cntlid };
        memcpy(r->registrants[at].host, host, sizeof(r->registrants[at].host));
    }
    r->registrants[at].key = keys[1];
    return ST_OK;
}

static uint16_t take(struct reservation *r, int at, uint8_t type)
{
    end_reservation(r);
    r->type = type;
    r->registrants[at].holder = !all_hold(r);
    return ST_OK;
}

static uint16_t preempt(struct reservation *r, const uint8_t *host, uint8_t type, uint64_t key)
{
    bool takes_over = false;

    for (unsigned i = 0; i < r->count; i++) {
        takes_over |= r->registrants[i].holder && r->registrants[i].key == key;
    }
    takes_over |= all_hold(r) && key == 0;
    if (key == 0 && !all_hold(r)) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    for (int i = (int)r->count - 1; i >= 0; i--) {
        if (memcmp(r->registrants[i].host, host, sizeof(r->registrants[i].host)) != 0 &&
            (r->registrants[i].key == key || key == 0)) {
            unregister(r, i);
        }
    }
    r->generation++;
    return takes_over ? take(r, index_of(r, host), type) : ST_OK;
}

static uint16_t do_acquire(struct reservation *r, const uint8_t *host, uint32_t dw10,
                           const uint64_t keys[2])
{
    int at = index_of(r, host);
    uint8_t type = (uint8_t)(dw10 >> 8);

    if ((dw10 & 7) > PREEMPT_ABORT || type == 0 || type > 6 || dw10 & 8) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (at < 0 || r->registrants[at].key != keys[0]) {
        return ST_RESERVATION_CONFLICT;
    }
    if ((dw10 & 7) != ACQUIRE) {
        return preempt(r, host, type, keys[1]);
    }
    if (r->type && (!holds(r, at) || r->type != type)) {
        return ST_RESERVATION_CONFLICT;
    }
    return take(r, at, type);
}

static uint16_t do_release(struct reservation *r, const uint8_t *host, uint32_t dw10,
                           const uint64_t keys[2])
{
    int at = index_of(r, host);

    if ((dw10 & 7) > CLEAR || dw10 & 8) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (at < 0 || r->registrants[at].key != keys[0]) {
        return ST_RESERVATION_CONFLICT;
    }
    if ((dw10 & 7) == CLEAR) {
        end_reservation(r);
        r->count = 0;
        r->generation++;
        return ST_OK;
    }
    if (!holds(r, at)) {
        return ST_OK;
    }
    if (r->type != (dw10 >> 8 & 0xff)) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    end_reservation(r);
    return ST_OK;
}

static uint16_t reserve(struct ns *ns, const uint8_t *host, uint16_t cntlid, uint8_t opcode,
                        uint32_t dw10, const uint64_t keys[2])
{
    switch (opcode) {
    case NVM_RESV_REGISTER:
        return do_register(&ns->reservation, host, cntlid, dw10, keys);
    case NVM_RESV_ACQUIRE:
        return do_acquire(&ns->reservation, host, dw10, keys);
    default:
        return do_release(&ns->reservation, host, dw10, keys);
    }
}

uint16_t model_reserve(struct nvme_model *m, uint32_t nsid, uint8_t host, uint8_t opcode,
                       uint32_t dw10, uint64_t key, uint64_t other_key)
{
    const uint8_t id[16] = { host };
    const uint64_t keys[2] = { key, other_key };
    return reserve(media_ns(m, nsid), id, 2, opcode, dw10, keys);
}

/* --- the report ------------------------------------------------------------------------------- */

static uint16_t report(struct nvme_model *m, struct cmd *cmd, const struct ns *ns)
{
    const struct reservation *r = &ns->reservation;
    bool extended = cmd->dw[11] & 1;
    size_t header = extended ? 64 : 24, entry = extended ? 64 : 24;
    uint8_t page[64 + 64 * ARRAY_SIZE(r->registrants)] = { 0 };
    uint8_t *data = calloc(1, cmd->bytes);

    assert(data);
    put_le(page, 4, r->generation);
    page[4] = r->type;
    put_le(page + 5, 2, r->count);
    page[9] = r->ptpl;
    for (unsigned i = 0; i < r->count; i++) {
        const struct registrant *reg = &r->registrants[i];
        uint8_t *p = page + header + i * entry;
        put_le(p, 2, reg->cntlid);
        p[2] = holds(r, (int)i);
        put_le(p + (extended ? 8 : 16), 8, reg->key);
        memcpy(p + (extended ? 16 : 8), reg->host, extended ? 16 : 8);
    }
    memcpy(data, page, MIN(cmd->bytes, sizeof(page)));
    bool ok = prp_to_host(m, cmd, data, UINT64_MAX);
    free(data);
    return ok ? ST_OK : ST_DATA_TRANSFER;
}

/* --- from io ---------------------------------------------------------------------------------- */

uint16_t reservation_begin(struct nvme_model *m, struct cmd *cmd)
{
    uint8_t host[16];

    switch (cmd->opcode) {
    case NVM_RESV_REPORT:
        if ((cmd->dw[11] & 1) != features_host_id(m, host)) {
            return ST_HOST_ID_INCONSISTENT | ST_DNR;
        }
        return prp_walk(m, cmd, ((uint64_t)cmd->dw[10] + 1) * 4);
    case NVM_RESV_RELEASE:
        return prp_walk(m, cmd, 8);
    default:
        return prp_walk(m, cmd, 16);
    }
}

uint16_t reservation_run(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    uint64_t keys[2] = { 0, 0 };
    uint8_t host[16];

    if (cmd->opcode == NVM_RESV_REPORT) {
        return report(m, cmd, ns);
    }
    features_host_id(m, host);
    if (mem_is_zero(host, sizeof(host))) {
        return ST_INVALID_FIELD | ST_DNR; /* no host identifier */
    }
    if (!prp_from_host(m, cmd, keys, UINT64_MAX)) {
        return ST_DATA_TRANSFER;
    }
    return reserve(ns, host, 1, cmd->opcode, cmd->dw[10], keys);
}

uint16_t reservation_conflict(struct nvme_model *m, const struct cmd *cmd, const struct ns *ns)
{
    const struct reservation *r = &ns->reservation;
    uint8_t host[16];
    bool reads = cmd->opcode == NVM_READ || cmd->opcode == NVM_COMPARE || cmd->opcode == NVM_VERIFY;
    bool writes = !reads && cmd->opcode <= NVM_DSM;

    writes |= cmd->opcode == NVM_COPY;
    if (r->type == 0 || (!reads && !writes)) {
        return ST_OK;
    }
    features_host_id(m, host);
    int at = index_of(r, host);
    bool registrants_too = r->type >= 3;
    bool allowed = registrants_too ? at >= 0 : holds(r, at);
    bool excludes_reads = r->type % 2 == 0;
    return allowed || (reads && !excludes_reads) ? ST_OK : ST_RESERVATION_CONFLICT;
}
