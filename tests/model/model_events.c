/*
 * tests/model/model_events.c - asynchronous events (NVMe 1.4 §5.2), and namespaces that come and go
 * while the controller is in service.
 */
#include "tests/model/model_internal.h"

#include "lib/assert.h"
#include "lib/string.h"

enum { EVENT_HEALTH = 1, EVENT_NOTICE = 2 };
enum { NOTICE_NAMESPACES = 0 };

/* Whether the host has asked for it: the bit of Asynchronous Event Configuration (§5.21.1.11). */
static bool configured(const struct nvme_model *m, unsigned type, unsigned info)
{
    static const uint8_t health_bit[] = { 2, 1, 0 }; /* reliability, temperature, spare */
    uint32_t config = features_value(m, FEAT_ASYNC_EVENT, 0, 0);

    if (type == EVENT_HEALTH) {
        return info < ARRAY_SIZE(health_bit) && config >> health_bit[info] & 1;
    }
    if (type == EVENT_NOTICE) {
        return config >> (8 + info) & 1;
    }
    return true;
}

static bool has_waiting_request(const struct nvme_model *m)
{
    return m->aer_count > 0;
}

bool events_due(const struct nvme_model *m)
{
    for (unsigned type = 0; type < ARRAY_SIZE(m->events); type++) {
        if (m->events[type].pending && !m->events[type].masked) {
            return has_waiting_request(m);
        }
    }
    return false;
}

void events_report(struct nvme_model *m)
{
    for (unsigned type = 0; type < ARRAY_SIZE(m->events); type++) {
        struct event *event = &m->events[type];
        if (!event->pending || event->masked || !model_async_event(m, event->dw0)) {
            continue;
        }
        event->pending = false;
        event->masked = true;
        event->lid = (uint8_t)(event->dw0 >> 16);
    }
}

void events_cleared(struct nvme_model *m, uint8_t lid)
{
    for (unsigned type = 0; type < ARRAY_SIZE(m->events); type++) {
        if (m->events[type].masked && m->events[type].lid == lid) {
            m->events[type].masked = false;
        }
    }
    if (lid == LOG_CHANGED_NAMESPACES) {
        memset(m->changed_ns, 0, sizeof(m->changed_ns));
    }
}

void events_fill_changed(const struct nvme_model *m, uint8_t *page)
{
    for (unsigned i = 0; i < ARRAY_SIZE(m->changed_ns); i++) {
        put_le(page + (size_t)4 * i, 4, m->changed_ns[i]);
    }
}

/* A reset forgets what was not reported, and that anything was. */
void events_reset(struct nvme_model *m)
{
    memset(m->events, 0, sizeof(m->events));
}

void model_raise_event(struct nvme_model *m, unsigned type, unsigned info, unsigned lid)
{
    if (configured(m, type, info)) {
        m->events[type].pending = true;
        m->events[type].dw0 = type | info << 8 | lid << 16;
    }
}

/* --- namespaces ------------------------------------------------------------------------------- */

/* In ascending order, each once (§5.14.1.4). */
static void note_changed(struct nvme_model *m, uint32_t nsid)
{
    unsigned at = 0;
    while (m->changed_ns[at] && m->changed_ns[at] < nsid) {
        at++;
    }
    if (m->changed_ns[at] != nsid) {
        memmove(&m->changed_ns[at + 1], &m->changed_ns[at],
                (ARRAY_SIZE(m->changed_ns) - at - 1) * sizeof(m->changed_ns[0]));
        m->changed_ns[at] = nsid;
    }
    model_raise_event(m, EVENT_NOTICE, NOTICE_NAMESPACES, LOG_CHANGED_NAMESPACES);
}

void model_ns_set(struct nvme_model *m, const struct model_ns_config *ns)
{
    struct ns *there = media_ns(m, ns->nsid);
    if (!there) {
        assert(m->cfg.ns_count < MODEL_MAX_NS);
        there = &m->ns[m->cfg.ns_count++];
        memset(there, 0, sizeof(*there));
    }
    if (there->cfg.lbads != ns->lbads || there->cfg.metadata_bytes != ns->metadata_bytes) {
        media_free(there);
        there->formats = ++m->formats;
    }
    there->cfg = *ns;
    note_changed(m, ns->nsid);
}

void model_ns_remove(struct nvme_model *m, uint32_t nsid)
{
    struct ns *ns = media_ns(m, nsid);
    assert(ns);
    media_free(ns);
    *ns = m->ns[--m->cfg.ns_count];
    memset(&m->ns[m->cfg.ns_count], 0, sizeof(*ns));
    note_changed(m, nsid);
}

void model_ns_new_identity(struct nvme_model *m, uint32_t nsid)
{
    struct ns *ns = media_ns(m, nsid);
    assert(ns);
    ns->generation++;
    note_changed(m, nsid);
}
