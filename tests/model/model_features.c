/*
 * tests/model/model_features.c - Get and Set Features (NVMe 1.4 §5.13, §5.21): current, default and
 * saved values of each controller and namespace, what may be saved and changed, and what a feature
 * does.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

#define NSID_ALL    UINT32_MAX
#define SAVEABLE    1 /* capabilities, as Select 011b reports them */
#define NAMESPACE   2
#define CHANGEABLE  4
#define PERSISTENT  8 /* a reset leaves the current value alone */
#define CDW12       16 /* Set takes the value from there */

/* What there is (figures 275 and 276). An optional one is there when Identify Controller has a bit
 * of need_mask at byte need_at. */
struct row {
    uint8_t fid;
    uint8_t flags;
    uint16_t need_at;
    uint8_t need_mask;   /* 0: it is always there; OPTIONAL: see model_config.every_feature */
    uint16_t data_bytes;
    uint32_t selector;   /* of CDW11 */
    uint32_t value_mask; /* bits that are not reserved */
    uint32_t initial;
};
#define OPTIONAL 0xffff /* need_at of those that no Identify field announces */

#define SC (SAVEABLE | CHANGEABLE)
static const struct row rows[] = {
    { 0x01, SC, 0, 0, 0, 0, 0xffffff07, 0x00000002 },              /* arbitration */
    { 0x02, SC, 0, 0, 0, 0, 0xff, 0 },                             /* power management */
    { 0x03, SC | NAMESPACE | PERSISTENT, OPTIONAL, 0, 4096, 0, 0x3f, 0 }, /* LBA range type */
    { 0x04, SC, 0, 0, 0, 0x3f0000, 0xffff, 0 },                    /* temperature threshold */
    { 0x05, SC | NAMESPACE, 0, 0, 0, 0, 0x1ffff, 0 },              /* error recovery */
    { 0x06, SC, IDC_VWC, 1, 0, 0, 1, 1 },                          /* volatile write cache */
    { 0x08, SC, 0, 0, 0, 0, 0xffff, 0 },                           /* interrupt coalescing */
    { 0x09, SC, 0, 0, 0, 0xffff, 0x1ffff, 0 },                     /* vector configuration */
    { 0x0a, SC, 0, 0, 0, 0, 1, 0 },                                /* write atomicity normal */
    { 0x0b, CHANGEABLE, 0, 0, 0, 0, 0x7fff, 0 },                   /* event configuration */
    { 0x0c, SC, IDC_APSTA, 1, 256, 0, 1, 0 },                      /* power state transition */
    { 0x0e, CHANGEABLE, IDC_ONCS, 1 << 6, 8, 0, 0, 0 },            /* timestamp */
    { 0x0f, CHANGEABLE, IDC_KAS, 0xff, 0, 0, UINT32_MAX, 0 },      /* keep alive timer */
    { 0x10, SC, IDC_HCTMA, 1, 0, 0, UINT32_MAX, 0 },               /* thermal management */
    { 0x11, SC, IDC_CTRATT, 1 << 1, 0, 0, 1, 1 },                  /* non-operational power */
    { 0x12, SC | CDW12, IDC_CTRATT, 1 << 3, 0, 0xffff, 0xf, 4 },   /* read recovery level */
    { 0x13, SC | CDW12, IDC_CTRATT, 1 << 5, 512, 0xffff, 1, 0 },   /* predictable latency */
    { 0x14, CHANGEABLE | CDW12, IDC_CTRATT, 1 << 5, 0, 0xffff, 7, 0 }, /* its window */
    { 0x15, SC, IDC_OACS + 1, 1 << 1, 0, 0, UINT32_MAX, 0x00640064 }, /* LBA status */
    { 0x16, CHANGEABLE, OPTIONAL, 0, 512, 0, 0, 0 },               /* host behavior */
    { 0x17, SC, IDC_SANICAP, 7, 0, 0, 1, 0 },                      /* sanitize config */
    { 0x18, SC, IDC_CTRATT, 1 << 4, 0, 0xffff, 0xffffff, 0 },      /* endurance group events */
    { 0x80, SC | PERSISTENT, OPTIONAL, 0, 0, 0, 0xff, 0 },         /* software progress */
    { 0x81, CHANGEABLE, OPTIONAL, 0, 16, 1, 1, 0 },                /* host identifier */
    { 0x82, CHANGEABLE | NAMESPACE, IDC_ONCS, 1 << 5, 0, 0, 0xe, 0 }, /* reservation mask */
    { 0x83, SC | NAMESPACE | PERSISTENT, IDC_ONCS, 1 << 5, 0, 0, 1, 0 }, /* ... persistence */
    { 0x84, CHANGEABLE | NAMESPACE | PERSISTENT, IDC_NWPC, 1, 0, 0, 7, 0 }, /* write protection */
};

/* A value that was set. */
struct feature_value {
    struct feature_value *next;
    const struct row *row;
    uint32_t nsid, selector;
    uint32_t current, saved;
    bool is_saved;
    uint64_t set_ns;
    uint8_t data[4096], saved_data[4096];
};

static const struct row *row_of(uint8_t fid)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].fid == fid) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool offered(struct nvme_model *m, const struct row *row)
{
    uint8_t page[4096];

    if (row->need_at == OPTIONAL) {
        return m->cfg.every_feature || (row->fid == FEAT_HOST_ID && m->cfg.reservations);
    }
    if (row->need_mask == 0) {
        return true;
    }
    identify_fill(m, 1, 0, page);
    return page[row->need_at] & row->need_mask;
}

static uint32_t initial(const struct nvme_model *m, const struct row *row, uint32_t selector)
{
    if (row->fid == FEAT_TEMPERATURE) {
        bool over = (selector >> 20 & 3) == 0;
        return selector == 0 ? m->cfg.warning_k : over ? 0xffff : 0;
    }
    return row->initial | (row->value_mask & row->selector & selector);
}

static struct feature_value *find(const struct nvme_model *m, uint8_t fid, uint32_t nsid,
                                  uint32_t selector)
{
    struct feature_value *v = m->features;

    while (v && (v->row->fid != fid || v->nsid != nsid || v->selector != selector)) {
        v = v->next;
    }
    return v;
}

static struct feature_value *find_or_make(struct nvme_model *m, const struct row *row,
                                          uint32_t nsid, uint32_t selector)
{
    struct feature_value *v = find(m, row->fid, nsid, selector);

    if (!v) {
        v = calloc(1, sizeof(*v));
        assert(v);
        v->row = row;
        v->nsid = nsid;
        v->selector = selector;
        v->current = initial(m, row, selector);
        v->next = m->features;
        m->features = v;
    }
    return v;
}

bool features_host_id(const struct nvme_model *m, uint8_t id[16])
{
    const struct feature_value *v = find(m, FEAT_HOST_ID, 0, 0);

    memset(id, 0, 16);
    if (v) {
        memcpy(id, v->data, 16);
    }
    return v && v->current & 1;
}

uint32_t features_value(const struct nvme_model *m, uint8_t fid, uint32_t nsid, uint32_t selector)
{
    const struct feature_value *v = find(m, fid, nsid, selector);

    return v ? v->current : initial(m, row_of(fid), selector);
}

void features_free(struct nvme_model *m)
{
    while (m->features) {
        struct feature_value *v = m->features;
        m->features = v->next;
        free(v);
    }
}

void features_reset(struct nvme_model *m, bool power_cycle)
{
    for (struct feature_value *v = m->features; v; v = v->next) {
        bool ends = v->row->fid == FEAT_WRITE_PROTECT && v->current == WP_UNTIL_POWER_CYCLE;
        if (v->row->flags & PERSISTENT && !(power_cycle && ends)) {
            continue;
        }
        v->current = v->is_saved ? v->saved : initial(m, v->row, v->selector);
        memcpy(v->data, v->saved_data, sizeof(v->data));
        v->set_ns = m->now_ns;
    }
    m->blocks_unflushed = 0; /* lost, or written before the reset: not told apart */
    m->operational_state = 0;
}

/* --- effects ---------------------------------------------------------------------------------- */

/* 8, 6 and 4 W; 50 mW and 5 mW without I/O. */
const struct model_power_state model_power_states[MODEL_POWER_STATES] = {
    { 800, 0, 0, 0, 0 },
    { 600, 0, 0, 0, 1 },
    { 400, 0, 0, 0, 2 },
    { 5, 2, 2000, 3000, 3 },
    { 50, 3, 50000, 60000, 4 },
};

static uint64_t get_le(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;
    while (bytes-- > 0) {
        value = value << 8 | p[bytes];
    }
    return value;
}

/* The state in which an idle drive would be by now, without being told. */
static unsigned power_state_now(const struct nvme_model *m)
{
    unsigned state = features_value(m, FEAT_POWER, 0, 0) & 31;
    const struct feature_value *apst = find(m, FEAT_APST, 0, 0);

    if (apst && apst->current & 1) {
        uint64_t entry = get_le(apst->data + 8 * (size_t)state, 8);
        uint64_t idle_ms = entry >> 8 & 0xffffff;
        if (idle_ms && m->now_ns - m->last_io_ns >= idle_ms * 1000000) {
            state = entry >> 3 & 31;
        }
    }
    return state;
}

/* What the power state adds to an I/O command. A non-operational one ends with it. */
uint64_t features_io_delay(struct nvme_model *m)
{
    if (!m->cfg.every_feature) {
        return 0;
    }
    const struct model_power_state *ps = &model_power_states[power_state_now(m)];
    uint64_t delay_ns = ps->relative * m->cfg.latency_ns;
    if (ps->flags & 2) {
        delay_ns = ps->exit_us * UINT64_C(1000);
        find_or_make(m, row_of(FEAT_POWER), 0, 0)->current = m->operational_state;
    }
    m->last_io_ns = m->now_ns + delay_ns;
    return delay_ns;
}

uint64_t features_fingerprint(const struct nvme_model *m)
{
    uint64_t sum = 0;

    for (const struct feature_value *v = m->features; v; v = v->next) {
        if (v->set_ns || v->is_saved) {
            uint64_t value = v->current ^ (uint64_t)v->saved << 32;

            for (unsigned i = 0; i < sizeof(v->data); i++) {
                value = value * 31 + v->data[i];
            }
            sum += rng_mix(value, ((uint64_t)v->nsid << 8 | v->row->fid) + v->selector);
        }
    }
    return sum;
}

bool features_write_protected(const struct nvme_model *m, uint32_t nsid)
{
    return features_value(m, FEAT_WRITE_PROTECT, nsid, 0) != 0;
}

/* Blocks that were completed and would be lost with the power. */
void features_blocks_written(struct nvme_model *m, uint64_t count, bool fua)
{
    if (m->cfg.volatile_cache && !fua && features_value(m, FEAT_VOLATILE_CACHE, 0, 0)) {
        m->blocks_unflushed += count;
    }
}

void features_flushed(struct nvme_model *m)
{
    m->blocks_unflushed = 0;
}

uint64_t model_blocks_unflushed(const struct nvme_model *m)
{
    return m->blocks_unflushed;
}

/* An event of type health for the composite temperature (§5.2): beyond a threshold. */
static void judge_temperature(struct nvme_model *m)
{
    uint32_t over = features_value(m, FEAT_TEMPERATURE, 0, 0);
    uint32_t under = features_value(m, FEAT_TEMPERATURE, 0, 1 << 20);

    if (m->temperature_k >= over || m->temperature_k <= under) {
        model_raise_event(m, 1, 1, 2);
    }
}

void model_set_temperature(struct nvme_model *m, unsigned kelvin)
{
    m->temperature_k = kelvin;
    judge_temperature(m);
}

bool features_coalesces(const struct nvme_model *m, uint16_t vector, unsigned *count,
                        uint64_t *time_ns)
{
    uint32_t value = features_value(m, FEAT_COALESCING, 0, 0);

    *count = (value & 0xff) + 1;
    *time_ns = (value >> 8 & 0xff) * UINT64_C(100000);
    return *count > 1 && *time_ns &&
           !(features_value(m, FEAT_VECTOR_CONFIG, 0, vector) >> 16 & 1);
}

/* --- commands --------------------------------------------------------------------------------- */

static uint32_t data_bytes(const struct row *row, const struct cmd *cmd)
{
    return row->fid == FEAT_HOST_ID && !(cmd->dw[11] & 1) ? 8 : row->data_bytes;
}

static uint16_t begin_checks(struct nvme_model *m, const struct cmd *cmd, const struct row *row)
{
    if (!row || !offered(m, row)) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (row->flags & NAMESPACE && !media_ns(m, cmd->dw[1]) &&
        !(cmd->dw[1] == NSID_ALL && cmd->opcode == ADM_SET_FEATURES)) {
        return ST_INVALID_NS | ST_DNR;
    }
    if (row->fid == FEAT_VECTOR_CONFIG && (cmd->dw[11] & 0xffff) >= MAX(m->cfg.vectors, 1U)) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    return ST_OK;
}

uint16_t features_begin_get(struct nvme_model *m, struct cmd *cmd)
{
    uint8_t fid = (uint8_t)cmd->dw[10];
    const struct row *row = row_of(fid);

    if ((cmd->dw[10] >> 8 & 7) > 3) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (fid == FEAT_NUMBER_OF_QUEUES) {
        return ST_OK;
    }
    if (fid == FEAT_HMB && m->cfg.hmpre) {
        return prp_walk(m, cmd, 4096);
    }
    uint16_t status = begin_checks(m, cmd, row);
    if (status == ST_OK && row->data_bytes && (cmd->dw[10] >> 8 & 7) != 3) {
        status = prp_walk(m, cmd, data_bytes(row, cmd));
    }
    return status;
}

static void show_time_passed(const struct nvme_model *m, const struct feature_value *v,
                             uint8_t *data)
{
    uint64_t ms = get_le(v->data, 6) + (m->now_ns - v->set_ns) / 1000000;

    put_le(data, 6, ms);
    data[6] = v->data[6];
}

static uint16_t get_stored(struct nvme_model *m, struct cmd *cmd, const struct row *row)
{
    unsigned select = cmd->dw[10] >> 8 & 7;
    uint32_t selector = cmd->dw[11] & row->selector & (row->fid == FEAT_HOST_ID ? 0 : UINT32_MAX);
    uint32_t nsid = row->flags & NAMESPACE ? cmd->dw[1] : 0;
    const struct feature_value *v = find_or_make(m, row, nsid, selector);
    uint8_t data[4096] = { 0 };

    if (select == 3) {
        cmd->result = row->flags & (SAVEABLE | NAMESPACE | CHANGEABLE);
        return ST_OK;
    }
    if (select == 0) {
        cmd->result = row->fid == FEAT_POWER ? (v->current & ~31U) | power_state_now(m)
                                             : v->current;
        memcpy(data, v->data, sizeof(data));
        if (row->fid == FEAT_TIMESTAMP) {
            show_time_passed(m, v, data);
        }
    } else {
        bool saved = select == 2 && v->is_saved;
        cmd->result = saved ? v->saved : initial(m, row, selector);
        memcpy(data, v->saved_data, saved ? sizeof(data) : 0);
    }
    return cmd->bytes == 0 || prp_to_host(m, cmd, data, cmd->bytes) ? ST_OK : ST_DATA_TRANSFER;
}

uint16_t features_get(struct nvme_model *m, struct cmd *cmd)
{
    uint8_t fid = (uint8_t)cmd->dw[10];

    if (fid == FEAT_NUMBER_OF_QUEUES) {
        cmd->result = (cmd->dw[10] >> 8 & 7) == 3
                          ? CHANGEABLE
                          : (m->cfg.sq_grant - 1) | (m->cfg.cq_grant - 1) << 16;
        return ST_OK;
    }
    if (fid == FEAT_HMB) {
        return hmb_get(m, cmd);
    }
    return get_stored(m, cmd, row_of(fid));
}

uint16_t features_begin_set(struct nvme_model *m, struct cmd *cmd)
{
    uint8_t fid = (uint8_t)cmd->dw[10];
    const struct row *row = row_of(fid);

    if (fid == FEAT_NUMBER_OF_QUEUES || (fid == FEAT_HMB && m->cfg.hmpre)) {
        return ST_OK;
    }
    uint16_t status = begin_checks(m, cmd, row);
    if (status) {
        return status;
    }
    if (!(row->flags & NAMESPACE) && cmd->dw[1] != 0 && cmd->dw[1] != NSID_ALL) {
        return ST_FEATURE_NOT_NS | ST_DNR;
    }
    if (cmd->dw[10] >> 31 && !(row->flags & SAVEABLE)) {
        return ST_FEATURE_NOT_SAVEABLE | ST_DNR;
    }
    return row->data_bytes ? prp_walk(m, cmd, data_bytes(row, cmd)) : ST_OK;
}

/* Entries of the transition table: a non-operational state that there is, no reserved bits. */
static bool apst_ok(const uint8_t *table)
{
    for (unsigned i = 0; i < 32; i++) {
        uint64_t entry = get_le(table + 8 * (size_t)i, 8);
        unsigned to = entry >> 3 & 31;
        if (entry >> 32 || entry & 7 ||
            (entry && (to >= MODEL_POWER_STATES || !(model_power_states[to].flags & 2)))) {
            return false;
        }
    }
    return true;
}

static bool value_ok(const struct nvme_model *m, const struct row *row, uint32_t value,
                     const uint8_t *data)
{
    unsigned tmt1 = value >> 16, tmt2 = value & 0xffff;

    switch (row->fid) {
    case FEAT_POWER:
        return (value & 31) < (m->cfg.every_feature ? MODEL_POWER_STATES : 1);
    case FEAT_TEMPERATURE:
        return (value >> 20 & 3) < 2;
    case FEAT_APST:
        return apst_ok(data);
    case FEAT_HCTM:
        return (!tmt1 || (tmt1 >= MODEL_MNTMT_K && tmt1 <= MODEL_MXTMT_K)) &&
               (!tmt2 || (tmt2 >= MODEL_MNTMT_K && tmt2 <= MODEL_MXTMT_K)) &&
               (!tmt1 || !tmt2 || tmt1 < tmt2);
    case FEAT_WRITE_PROTECT:
        return value <= WP_PERMANENT;
    default:
        return true;
    }
}

static uint16_t store(struct nvme_model *m, const struct cmd *cmd, const struct row *row,
                      uint32_t nsid, const uint8_t *data)
{
    uint32_t value = row->flags & CDW12 ? cmd->dw[12] : cmd->dw[11];
    uint32_t selector = cmd->dw[11] & row->selector & (row->fid == FEAT_HOST_ID ? 0 : UINT32_MAX);
    struct feature_value *v = find_or_make(m, row, nsid, selector);

    if (row->fid == FEAT_WRITE_PROTECT && v->current >= WP_UNTIL_POWER_CYCLE) {
        return ST_FEATURE_NOT_CHANGEABLE | ST_DNR;
    }
    v->current = value & row->value_mask;
    memcpy(v->data, data, sizeof(v->data));
    v->set_ns = m->now_ns;
    if (row->fid == FEAT_TIMESTAMP) {
        v->data[6] = 1 << 1; /* its origin: Set Features */
    }
    if (cmd->dw[10] >> 31) {
        v->is_saved = true;
        v->saved = v->current;
        memcpy(v->saved_data, v->data, sizeof(v->saved_data));
    }
    return ST_OK;
}

static void take_effect(struct nvme_model *m, const struct row *row)
{
    unsigned state = features_value(m, FEAT_POWER, 0, 0) & 31;

    switch (row->fid) {
    case FEAT_POWER:
        m->operational_state = model_power_states[state].flags & 2 ? m->operational_state : state;
        m->last_io_ns = m->now_ns;
        break;
    case FEAT_APST:
        m->last_io_ns = m->now_ns;
        break;
    case FEAT_TEMPERATURE:
        judge_temperature(m);
        break;
    case FEAT_VOLATILE_CACHE: /* switched off, it is written out first */
        m->blocks_unflushed = 0;
        cache_flush(m, UINT32_MAX);
        break;
    default:
        break;
    }
}

uint16_t features_set(struct nvme_model *m, struct cmd *cmd)
{
    const struct row *row = row_of((uint8_t)cmd->dw[10]);
    uint8_t data[4096] = { 0 };
    uint16_t status = ST_OK;

    if (!row) {
        return hmb_set(m, cmd);
    }
    if (cmd->bytes && !prp_from_host(m, cmd, data, cmd->bytes)) {
        return ST_DATA_TRANSFER;
    }
    if (!value_ok(m, row, row->flags & CDW12 ? cmd->dw[12] : cmd->dw[11], data)) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (!(row->flags & NAMESPACE)) {
        status = store(m, cmd, row, 0, data);
    }
    for (unsigned i = 0; row->flags & NAMESPACE && i < m->cfg.ns_count && !status; i++) {
        if (cmd->dw[1] == NSID_ALL || cmd->dw[1] == m->ns[i].cfg.nsid) {
            status = store(m, cmd, row, m->ns[i].cfg.nsid, data);
        }
    }
    if (status == ST_OK) {
        take_effect(m, row);
    }
    return status;
}
