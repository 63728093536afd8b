/*
 * tests/model/model_log_events.c - the Persistent Event log (NVMe 1.4 §5.14.1.13): what happened to
 * the drive, and the reporting context that keeps it still while it is read.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

enum { HEADER = 512, EVENT_HEADER = 24 };
enum {
    EVENT_SMART = 0x01,
    EVENT_POWER_ON = 0x04,
    EVENT_FORMAT_START = 0x07,
    EVENT_FORMAT_DONE = 0x08,
    EVENT_SANITIZE_START = 0x09,
    EVENT_SANITIZE_DONE = 0x0a,
    EVENT_SET_FEATURE = 0x0b,
    EVENT_TELEMETRY = 0x0c,
};

void log_event(struct nvme_model *m, uint8_t type, const void *data, unsigned len)
{
    struct logs *l = &m->logs;
    size_t total = EVENT_HEADER + (size_t)len;

    if (l->events_len + total > l->events_cap) {
        l->events_cap = 2 * (l->events_cap + total);
        l->events = realloc(l->events, l->events_cap);
        assert(l->events);
    }
    uint8_t *p = l->events + l->events_len;
    memset(p, 0, EVENT_HEADER);
    p[0] = type;
    p[1] = 1;
    p[2] = EVENT_HEADER - 3;
    put_le(p + 4, 2, 1);
    put_le(p + 6, 6, m->now_ns / 1000000);
    put_le(p + 22, 2, len);
    memcpy(p + EVENT_HEADER, data, len);
    l->events_len += total;
    l->event_count++;
}

/* The newest event first. */
static void put_events(const struct logs *l, uint8_t *end)
{
    for (size_t at = 0; at < l->events_len;) {
        const uint8_t *p = l->events + at;
        size_t total = EVENT_HEADER + (size_t)(p[22] | p[23] << 8);

        end -= total;
        memcpy(end, p, total);
        at += total;
    }
}

uint8_t *log_persistent_make(struct nvme_model *m, size_t *len)
{
    const struct logs *l = &m->logs;
    uint8_t id[4096];
    uint16_t status = identify_fill(m, 1, 0, id);

    *len = HEADER + l->events_len;
    uint8_t *p = calloc(1, *len);
    assert(p && status == ST_OK);
    p[0] = LID_PERSISTENT;
    put_le(p + 4, 4, l->event_count);
    put_le(p + 8, 8, *len);
    p[16] = 1;
    put_le(p + 18, 2, HEADER - 20);
    put_le(p + 20, 6, m->now_ns / 1000000);
    put_le(p + 28, 8, m->cfg.health.power_on_hours);
    put_le(p + 44, 8, l->power_cycles);
    memcpy(p + 52, id + IDC_VID, 4);
    memcpy(p + 56, id + IDC_SN, 20);
    memcpy(p + 76, id + IDC_MN, 40);
    memcpy(p + 116, id + IDC_SUBNQN, 256);
    put_le(p + 480, 2, 1 << EVENT_SMART | 1 << EVENT_POWER_ON | 1 << EVENT_FORMAT_START |
                           1 << EVENT_FORMAT_DONE | 1 << EVENT_SANITIZE_START |
                           1 << EVENT_SANITIZE_DONE | 1 << EVENT_SET_FEATURE |
                           1 << EVENT_TELEMETRY);
    put_events(l, p + *len);
    return p;
}

uint16_t log_persistent_context(struct nvme_model *m, unsigned action)
{
    struct logs *l = &m->logs;

    switch (action) {
    case 0:
        return l->context ? ST_OK : ST_SEQUENCE;
    case 1:
        if (l->context) {
            return ST_SEQUENCE;
        }
        l->context = log_persistent_make(m, &l->context_len);
        return ST_OK;
    case 2:
        free(l->context);
        l->context = NULL;
        return ST_OK;
    default:
        return ST_INVALID_FIELD | ST_DNR;
    }
}

static void note_format(struct nvme_model *m, const struct cmd *cmd)
{
    uint8_t start[12] = { 0 }, done[12] = { 0 };

    put_le(start, 4, cmd->dw[1]);
    put_le(start + 8, 4, cmd->dw[10]);
    log_event(m, EVENT_FORMAT_START, start, sizeof(start));
    put_le(done, 4, cmd->dw[1]);
    log_event(m, EVENT_FORMAT_DONE, done, sizeof(done));
}

/* What an admin command that succeeded adds. The end of a sanitize is noted by who runs it. */
void log_note_event_of(struct nvme_model *m, const struct cmd *cmd)
{
    uint8_t data[16] = { 0 };

    switch (cmd->opcode) {
    case ADM_SET_FEATURES:
        put_le(data, 4, 2); /* two dwords of the command follow */
        put_le(data + 4, 4, cmd->dw[10]);
        put_le(data + 8, 4, cmd->dw[11]);
        log_event(m, EVENT_SET_FEATURE, data, 12);
        break;
    case 0x80:
        note_format(m, cmd);
        break;
    case 0x84: {
        uint8_t id[4096];
        uint16_t status = identify_fill(m, 1, 0, id);

        assert(status == ST_OK);
        memcpy(data, id + IDC_SANICAP, 4);
        put_le(data + 4, 4, cmd->dw[10]);
        put_le(data + 8, 4, cmd->dw[11]);
        log_event(m, EVENT_SANITIZE_START, data, 12);
        break;
    }
    case ADM_GET_LOG:
        if ((cmd->dw[10] & 0xfff) == (LID_TELEMETRY_HOST | 1 << 8)) {
            log_event(m, EVENT_TELEMETRY, m->logs.telemetry[0], 512);
        }
        break;
    default:
        break;
    }
}

/* §5.14.1.13.1.4: the firmware revision, and one entry of the list of resets. */
static void note_power_on_or_reset(struct nvme_model *m)
{
    uint8_t data[44] = { 0 };

    memcpy(data, m->logs.slots[0], 8);
    put_le(data + 8, 2, 1);
    put_le(data + 24, 4, m->logs.power_cycles);
    put_le(data + 28, 8, m->now_ns / 1000000);
    log_event(m, EVENT_POWER_ON, data, sizeof(data));
}

void log_power_on(struct nvme_model *m)
{
    uint8_t smart[512] = { 0 };

    m->logs.power_cycles++;
    free(m->logs.context);
    m->logs.context = NULL;
    log_fill_smart(m, UINT32_MAX, smart);
    log_event(m, EVENT_SMART, smart, sizeof(smart));
}

void log_enabled(struct nvme_model *m)
{
    free(m->logs.context);
    m->logs.context = NULL;
    note_power_on_or_reset(m);
}
