/*
 * tests/model/model_log_smart.c - the log pages that count and describe: SMART, endurance group,
 * commands supported and effects, telemetry (NVMe 1.4 §5.14.1.2, .5, .7 to .9).
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

#define HOUR_NS  UINT64_C(3600000000000)

/* --- SMART ------------------------------------------------------------------------------------ */

static struct usage usage_of(const struct nvme_model *m, uint32_t nsid)
{
    struct usage sum = { 0 };

    for (unsigned i = 0; i < m->cfg.ns_count; i++) {
        const struct ns *ns = &m->ns[i];

        if (nsid == 0 || nsid == UINT32_MAX || ns->cfg.nsid == nsid) {
            sum.units_read += ns->usage.units_read;
            sum.units_written += ns->usage.units_written;
            sum.reads += ns->usage.reads;
            sum.writes += ns->usage.writes;
        }
    }
    return sum;
}

void log_fill_smart(struct nvme_model *m, uint32_t nsid, uint8_t *p)
{
    const struct model_health *h = &m->cfg.health;
    struct usage usage = usage_of(m, nsid);

    p[0] = h->critical_warning;
    put_le(p + 1, 2, m->temperature_k);
    p[3] = h->spare;
    p[4] = h->spare_threshold;
    p[5] = h->percent_used;
    put_le(p + 32, 8, (usage.units_read + 999) / 1000);
    put_le(p + 48, 8, (usage.units_written + 999) / 1000);
    put_le(p + 64, 8, usage.reads);
    put_le(p + 80, 8, usage.writes);
    put_le(p + 112, 8, m->logs.power_cycles);
    put_le(p + 128, 8, h->power_on_hours + m->now_ns / HOUR_NS);
    put_le(p + 144, 8, m->logs.unsafe_shutdowns);
    put_le(p + 160, 8, h->media_errors + m->logs.media_errors);
    put_le(p + 176, 8, m->logs.error_count);
    put_le(p + 192, 4, h->warning_minutes);
    put_le(p + 196, 4, h->critical_minutes);
    for (unsigned i = 0; i < 8; i++) {
        put_le(p + 200 + (size_t)2 * i, 2, h->sensors_k[i]);
    }
}

void log_fill_endurance(struct nvme_model *m, uint8_t *p)
{
    const struct model_health *h = &m->cfg.health;
    struct usage usage = usage_of(m, UINT32_MAX);

    p[0] = h->critical_warning & 5;
    p[3] = h->spare;
    p[4] = h->spare_threshold;
    p[5] = h->percent_used;
    put_le(p + 32, 8, 600000); /* 600 TB */
    put_le(p + 48, 8, (usage.units_read * 512 + 999999999) / 1000000000);
    put_le(p + 64, 8, (usage.units_written * 512 + 999999999) / 1000000000);
    put_le(p + 80, 8, (usage.units_written * 512 + 999999999) / 1000000000);
    put_le(p + 96, 8, usage.reads);
    put_le(p + 112, 8, usage.writes);
    put_le(p + 128, 8, h->media_errors + m->logs.media_errors);
    put_le(p + 144, 8, m->logs.error_count);
}

/* --- effects ---------------------------------------------------------------------------------- */

enum { CSUPP = 1, LBCC = 2, NCC = 4, NIC = 8, CCC = 16, ALONE_NS = 1 << 16, ALONE = 2 << 16 };

/* The commands of the specification: what they do, and the bit of Identify Controller that says
 * that they are there; mask 0: they always are. */
struct command {
    bool admin;
    uint8_t opcode;
    uint32_t effects;
    uint16_t at; /* byte of Identify Controller */
    uint8_t mask;
};

static const struct command commands[] = {
    {true, ADM_DELETE_SQ, CSUPP, 0, 0},
    {true, ADM_CREATE_SQ, CSUPP, 0, 0},
    {true, ADM_GET_LOG, CSUPP, 0, 0},
    {true, ADM_DELETE_CQ, CSUPP, 0, 0},
    {true, ADM_CREATE_CQ, CSUPP, 0, 0},
    {true, ADM_IDENTIFY, CSUPP, 0, 0},
    {true, ADM_ABORT, CSUPP, 0, 0},
    {true, ADM_SET_FEATURES, CSUPP | CCC, 0, 0},
    {true, ADM_GET_FEATURES, CSUPP, 0, 0},
    {true, ADM_ASYNC_EVENT, CSUPP, 0, 0},
    {true, 0x0d, CSUPP | NIC | NCC, IDC_OACS, 1 << 3},      /* Namespace Management */
    {true, 0x10, CSUPP | CCC | ALONE, IDC_OACS, 1 << 2},    /* Firmware Commit */
    {true, 0x11, CSUPP, IDC_OACS, 1 << 2},                  /* Firmware Image Download */
    {true, 0x14, CSUPP, IDC_OACS, 1 << 4},                  /* Device Self-test */
    {true, 0x15, CSUPP | NIC, IDC_OACS, 1 << 3},            /* Namespace Attachment */
    {true, 0x19, CSUPP, IDC_OACS, 1 << 5},                  /* Directive Send, Receive */
    {true, 0x1a, CSUPP, IDC_OACS, 1 << 5},
    {true, ADM_DOORBELL_BUFFER, CSUPP, IDC_OACS + 1, 1},
    {true, 0x80, CSUPP | LBCC | NCC | ALONE_NS, IDC_OACS, 1 << 1}, /* Format NVM */
    {true, 0x81, CSUPP | LBCC, IDC_OACS, 1},                /* Security Send, Receive */
    {true, 0x82, CSUPP, IDC_OACS, 1},
    {true, 0x84, CSUPP | LBCC | ALONE, IDC_SANICAP, 7},     /* Sanitize */
    {true, 0x86, CSUPP, IDC_OACS + 1, 1 << 1},              /* Get LBA Status */
    {false, NVM_FLUSH, CSUPP, 0, 0},
    {false, NVM_WRITE, CSUPP | LBCC, 0, 0},
    {false, NVM_READ, CSUPP, 0, 0},
    {false, 0x04, CSUPP | LBCC, IDC_ONCS, 1 << 1},          /* Write Uncorrectable */
    {false, NVM_COMPARE, CSUPP, IDC_ONCS, 1},
    {false, NVM_WRITE_ZEROES, CSUPP | LBCC, IDC_ONCS, 1 << 3},
    {false, NVM_DSM, CSUPP | LBCC, IDC_ONCS, 1 << 2},
    {false, 0x0c, CSUPP, IDC_ONCS, 1 << 7},                 /* Verify */
    {false, 0x0d, CSUPP, IDC_ONCS, 1 << 5},                 /* reservations */
    {false, 0x0e, CSUPP, IDC_ONCS, 1 << 5},
    {false, 0x11, CSUPP, IDC_ONCS, 1 << 5},
    {false, 0x15, CSUPP, IDC_ONCS, 1 << 5},
    {false, 0x19, CSUPP | LBCC, IDC_ONCS + 1, 1},           /* Copy */
};

void log_fill_effects(struct nvme_model *m, uint8_t *p)
{
    uint8_t id[4096];
    uint16_t status = identify_fill(m, 1, 0, id);

    assert(status == ST_OK);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        const struct command *c = &commands[i];

        if (c->mask == 0 || id[c->at] & c->mask) {
            put_le(p + (c->admin ? 0 : 1024) + (size_t)4 * c->opcode, 4, c->effects);
        }
    }
    for (unsigned i = 0; i < m->cfg.effect_count; i++) {
        const struct model_effect *e = &m->cfg.effects[i];

        put_le(p + (e->admin ? 0 : 1024) + (size_t)4 * e->opcode, 4, e->effects);
    }
}

uint32_t log_effects_of(struct nvme_model *m, bool admin, uint8_t opcode)
{
    for (unsigned i = 0; i < m->cfg.effect_count; i++) {
        if (m->cfg.effects[i].admin == admin && m->cfg.effects[i].opcode == opcode) {
            return m->cfg.effects[i].effects;
        }
    }
    return 0;
}

/* --- telemetry -------------------------------------------------------------------------------- */

enum { AREA1_BLOCKS = 2, AREA2_BLOCKS = 5, AREA3_BLOCKS = 300, BLOCK = 512 };

size_t log_telemetry_bytes(const struct nvme_model *m)
{
    (void)m;
    return (size_t)(1 + AREA3_BLOCKS) * BLOCK;
}

/* The blocks hold the SMART log of the moment in their first, and numbers by position, so that a
 * reader which takes a wrong piece is noticed. */
void log_capture_telemetry(struct nvme_model *m, unsigned which)
{
    struct logs *l = &m->logs;
    uint8_t generation = l->telemetry[which] ? (uint8_t)(l->telemetry[which][383] + 1) : 1;
    uint8_t *p = calloc(1, log_telemetry_bytes(m));

    assert(p);
    free(l->telemetry[which]);
    l->telemetry[which] = p;
    p[0] = which ? LID_TELEMETRY_CONTROLLER : LID_TELEMETRY_HOST;
    put_le(p + 5, 3, 0x525400);
    put_le(p + 8, 2, AREA1_BLOCKS);
    put_le(p + 10, 2, AREA2_BLOCKS);
    put_le(p + 12, 2, AREA3_BLOCKS);
    p[382] = m->cfg.telemetry_waits;
    p[383] = generation;
    memcpy(p + 384, which ? "self check" : "asked for", which ? 10 : 9);
    log_fill_smart(m, UINT32_MAX, p + BLOCK);
    for (size_t i = (size_t)2 * BLOCK; i < log_telemetry_bytes(m); i++) {
        p[i] = (uint8_t)(i * 11 + (i >> 9) + generation);
    }
}
