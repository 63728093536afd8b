/*
 * drivers/nvme/nvme_events.c - asynchronous events: asked for, kept until somebody polls, told to
 * listeners, and asked for again.
 *
 * A request is idle, waiting (with the controller) or arrived. Only nvme_events_poll() takes it
 * from arrived to idle and from idle to waiting: so a controller that answers each request at once
 * gets no more attention than one poll gives it.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/out.h"
#include "lib/string.h"

#define EVENTS_PER_WINDOW 64
#define WINDOW_NS         NS_PER_S

#define AEC_FROM_OAES                                                                              \
    (NVME_AEC_NAMESPACE | NVME_AEC_FIRMWARE | NVME_AEC_ANA | NVME_AEC_PREDICTABLE_LATENCY |        \
     NVME_AEC_LBA_STATUS | NVME_AEC_ENDURANCE_GROUP)
#define AEC_SMART_1_0 GENMASK64(4, 0) /* the critical warnings every version has */

static void put_request(struct nvme_ctrlr *c, unsigned index)
{
    const struct nvme_sqe cmd = { .opcode = NVME_ADM_ASYNC_EVENT_REQUEST };

    c->events.requests[index].state = NVME_REQUEST_WAITING;
    nvme_admin_put(c, &cmd, (uint16_t)(NVME_ADMIN_CID_EVENT + index));
}

static void post_idle_requests(struct nvme_ctrlr *c)
{
    for (unsigned i = 0; i < c->events.request_count; i++) {
        if (c->events.requests[i].state == NVME_REQUEST_IDLE) {
            put_request(c, i);
        }
    }
    nvme_admin_ring(c);
}

static int configure(struct nvme_ctrlr *c)
{
    uint64_t wanted = AEC_SMART_1_0 | (c->id.oaes & AEC_FROM_OAES);
    struct nvme_result res;

    if (FIELD_GET(NVME_LPA_TELEMETRY, c->id.lpa)) {
        wanted |= NVME_AEC_TELEMETRY;
    }
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_SET_FEATURES,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_SET_FEATURES_CDW10_FID, NVME_FEAT_ASYNC_EVENT_CONFIG),
        .cdw11 = (uint32_t)wanted,
    };
    int err = nvme_admin_run(c, &cmd, NVME_NO_DATA, NULL, 0, &res);
    if (err && res.status && !atomic_load(&c->failed)) {
        log_info("%s: Asynchronous Event Configuration was refused (%s); events come as the "
                 "controller chooses", c->name, nvme_status_name(res.status));
        return 0;
    }
    return err;
}

int nvme_events_enable(struct nvme_ctrlr *c)
{
    int err = configure(c);

    if (err) {
        return err;
    }
    c->events.request_count = MIN((unsigned)c->id.aerl + 1, (unsigned)NVME_EVENT_REQUESTS);
    post_idle_requests(c);
    return 0;
}

void nvme_events_reset(struct nvme_ctrlr *c)
{
    for (unsigned i = 0; i < NVME_EVENT_REQUESTS; i++) {
        struct nvme_event_request *request = &c->events.requests[i];

        if (request->state == NVME_REQUEST_WAITING) {
            request->state = NVME_REQUEST_IDLE;
        }
    }
    c->events.request_count = 0;
}

bool nvme_events_complete(struct nvme_ctrlr *c, uint16_t cid, uint16_t status, uint32_t dw0)
{
    struct nvme_events *e = &c->events;
    unsigned index = (unsigned)cid - NVME_ADMIN_CID_EVENT;

    if (index >= NVME_EVENT_REQUESTS || e->requests[index].state != NVME_REQUEST_WAITING) {
        return false;
    }
    e->requests[index].state = NVME_REQUEST_IDLE;
    if (!status) {
        e->requests[index] =
            (struct nvme_event_request){ .state = NVME_REQUEST_ARRIVED, .dw0 = dw0 };
        return true;
    }
    /* It takes fewer than it said, or none. It is not asked again before the next reset. */
    log_info("%s: an Asynchronous Event Request was refused (%s)", c->name,
             nvme_status_name(status));
    e->request_count = MIN(e->request_count, index);
    return true;
}

/* --- delivery --------------------------------------------------------------------------------- */

static void count_event(struct nvme_events *e, const struct nvme_event *event)
{
    for (unsigned i = 0; i < NVME_EVENT_KINDS; i++) {
        struct nvme_event_count *kind = &e->counts[i];
        bool fresh = i == e->kinds;
        bool same = kind->last.type == event->type && kind->last.info == event->info &&
                    kind->last.lid == event->lid;

        /* More kinds than anybody makes up share the last place. */
        if (fresh || same || i == NVME_EVENT_KINDS - 1) {
            e->kinds += fresh;
            kind->last = *event;
            kind->count++;
            return;
        }
    }
}

/* Bytes of a log page that are enough to have it read. */
static size_t log_bytes(uint8_t lid)
{
    switch (lid) {
    case NVME_LOG_ERROR:
        return 64;
    case NVME_LOG_CHANGED_NAMESPACES:
        return 4096;
    case NVME_LOG_PREDICTABLE_LATENCY_EVENTS:
    case NVME_LOG_ASYMMETRIC_ACCESS:
    case NVME_LOG_LBA_STATUS:
    case NVME_LOG_ENDURANCE_GROUP_EVENTS:
        return 16;
    case NVME_LOG_RESERVATION:
        return 64;
    default:
        return 512;
    }
}

/* Reads the log page that the event points to, which clears the event (§5.14.1: RAE = 0). What it
 * says is for those who ask for it. */
static void clear_event(struct nvme_ctrlr *c, uint8_t lid)
{
    size_t len = log_bytes(lid);
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_GET_LOG_PAGE,
        .nsid = NVME_NSID_ALL,
        .cdw10 = (uint32_t)(FIELD_PREP(NVME_GET_LOG_CDW10_LID, lid) |
                            FIELD_PREP(NVME_GET_LOG_CDW10_NUMDL, len / sizeof(uint32_t) - 1)),
    };
    struct nvme_result res = { 0 };
    void *page = heap_alloc(1, len);
    int err = page ? nvme_admin(c, &cmd, NVME_TO_HOST, page, len, &res) : -ENOMEM;

    heap_free(page);
    if (err) {
        log_debug("%s: reading log page %02Xh after an event: %s", c->name, lid,
                  res.status ? nvme_status_name(res.status) : errno_text(err));
    }
}

static void deliver(struct nvme_ctrlr *c, uint32_t dw0)
{
    const struct nvme_event event = {
        .time_ns = nvme_now(c),
        .type = (uint8_t)FIELD_GET(NVME_EVENT_DW0_TYPE, dw0),
        .info = (uint8_t)FIELD_GET(NVME_EVENT_DW0_INFO, dw0),
        .lid = (uint8_t)FIELD_GET(NVME_EVENT_DW0_LID, dw0),
    };

    count_event(&c->events, &event);
    for (unsigned i = 0; i < NVME_EVENT_LISTENERS; i++) {
        const struct nvme_event_listener *listener = &c->events.listeners[i];

        if (listener->fn) {
            listener->fn(listener->ctx, c, &event);
        }
    }
    if (event.lid) {
        clear_event(c, event.lid);
    }
}

/* A storm may use up what is delivered in a second; the rest waits for the next one. */
static bool may_deliver(struct nvme_ctrlr *c)
{
    struct nvme_events *e = &c->events;
    uint64_t now_ns = nvme_now(c);

    if (now_ns - e->window_ns >= WINDOW_NS) {
        e->window_ns = now_ns;
        e->in_window = 0;
    }
    if (e->in_window == EVENTS_PER_WINDOW) {
        return false;
    }
    e->in_window++;
    return true;
}

static unsigned deliver_arrived(struct nvme_ctrlr *c)
{
    unsigned delivered = 0;

    for (unsigned i = 0; i < NVME_EVENT_REQUESTS; i++) {
        struct nvme_event_request *request = &c->events.requests[i];

        if (request->state == NVME_REQUEST_ARRIVED && may_deliver(c)) {
            request->state = NVME_REQUEST_IDLE;
            deliver(c, request->dw0);
            delivered++;
        }
    }
    return delivered;
}

static bool any_arrived(const struct nvme_events *e)
{
    for (unsigned i = 0; i < NVME_EVENT_REQUESTS; i++) {
        if (e->requests[i].state == NVME_REQUEST_ARRIVED) {
            return true;
        }
    }
    return false;
}

unsigned nvme_events_poll(struct nvme_ctrlr *ctrlr)
{
    struct nvme_events *e = &ctrlr->events;
    unsigned delivered = 0;

    nvme_overdue_poll(ctrlr);
    if (atomic_load_explicit(&ctrlr->attention, memory_order_relaxed) & NVME_ATTENTION_STOPPED ||
        e->delivering || ctrlr->admin_sync.outstanding) {
        return 0; /* in the middle of another command: whoever waits for it may poll meanwhile */
    }
    nvme_keep_alive_poll(ctrlr);
    for (unsigned i = 0; i < NVME_EVENT_REQUESTS && nvme_admin_reap(ctrlr); i++) {
    }
    if (any_arrived(e)) {
        e->delivering = true;
        delivered = deliver_arrived(ctrlr);
        e->delivering = false;
        if (!(atomic_load(&ctrlr->attention) & NVME_ATTENTION_STOPPED)) {
            post_idle_requests(ctrlr);
        }
    }
    return delivered;
}

int nvme_event_listen(struct nvme_ctrlr *ctrlr, nvme_event_fn fn, void *ctx)
{
    for (unsigned i = 0; i < NVME_EVENT_LISTENERS; i++) {
        struct nvme_event_listener *listener = &ctrlr->events.listeners[i];

        if (!listener->fn) {
            *listener = (struct nvme_event_listener){ .fn = fn, .ctx = ctx };
            return 0;
        }
    }
    return -ENOSPC;
}

void nvme_event_unlisten(struct nvme_ctrlr *ctrlr, nvme_event_fn fn, void *ctx)
{
    for (unsigned i = 0; i < NVME_EVENT_LISTENERS; i++) {
        struct nvme_event_listener *listener = &ctrlr->events.listeners[i];

        if (listener->fn == fn && listener->ctx == ctx) {
            *listener = (struct nvme_event_listener){ 0 };
            return;
        }
    }
}

/* --- questions -------------------------------------------------------------------------------- */

const struct nvme_event_count *nvme_event_count_at(const struct nvme_ctrlr *ctrlr, unsigned index)
{
    return index < ctrlr->events.kinds ? &ctrlr->events.counts[index] : NULL;
}

void nvme_event_counts_clear(struct nvme_ctrlr *ctrlr)
{
    memset(ctrlr->events.counts, 0, sizeof(ctrlr->events.counts));
    ctrlr->events.kinds = 0;
}

unsigned nvme_event_requests(const struct nvme_ctrlr *ctrlr)
{
    unsigned waiting = 0;

    for (unsigned i = 0; i < NVME_EVENT_REQUESTS; i++) {
        waiting += ctrlr->events.requests[i].state == NVME_REQUEST_WAITING;
    }
    return waiting;
}

/* --- words ------------------------------------------------------------------------------------ */

struct event_words {
    uint8_t type;
    uint8_t info;
    const char *text;
};

/* §5.2.1 */
static const struct event_words words[] = {
    {NVME_EVENT_ERROR, 0, "write to a doorbell of no queue"},
    {NVME_EVENT_ERROR, 1, "invalid value in a doorbell"},
    {NVME_EVENT_ERROR, 2, "diagnostic failure"},
    {NVME_EVENT_ERROR, 3, "persistent internal error"},
    {NVME_EVENT_ERROR, 4, "transient internal error"},
    {NVME_EVENT_ERROR, 5, "firmware image could not be loaded"},
    {NVME_EVENT_HEALTH, NVME_EVENT_HEALTH_RELIABILITY, "reliability of the NVM is compromised"},
    {NVME_EVENT_HEALTH, NVME_EVENT_HEALTH_TEMPERATURE, "a temperature is beyond its threshold"},
    {NVME_EVENT_HEALTH, NVME_EVENT_HEALTH_SPARE, "available spare is below its threshold"},
    {NVME_EVENT_NOTICE, NVME_EVENT_NOTICE_NAMESPACES, "namespaces have changed"},
    {NVME_EVENT_NOTICE, NVME_EVENT_NOTICE_FIRMWARE, "firmware activation is starting"},
    {NVME_EVENT_NOTICE, NVME_EVENT_NOTICE_TELEMETRY, "new telemetry is available"},
    {NVME_EVENT_NOTICE, NVME_EVENT_NOTICE_ANA, "asymmetric namespace access has changed"},
    {NVME_EVENT_NOTICE, NVME_EVENT_NOTICE_PREDICTABLE_LATENCY,
     "predictable latency of an NVM set has changed"},
    {NVME_EVENT_NOTICE, NVME_EVENT_NOTICE_LBA_STATUS, "potentially unreadable blocks were found"},
    {NVME_EVENT_NOTICE, NVME_EVENT_NOTICE_ENDURANCE_GROUP, "an endurance group has an event"},
    {NVME_EVENT_COMMAND_SET, NVME_EVENT_RESERVATION, "a reservation notification is available"},
    {NVME_EVENT_COMMAND_SET, NVME_EVENT_SANITIZE, "sanitize has ended"},
    {NVME_EVENT_COMMAND_SET, NVME_EVENT_SANITIZE_DEALLOCATED,
     "sanitize has ended, with blocks deallocated against the request"},
};

static const char *type_name(uint8_t type)
{
    switch (type) {
    case NVME_EVENT_ERROR:
        return "error";
    case NVME_EVENT_HEALTH:
        return "health";
    case NVME_EVENT_NOTICE:
        return "notice";
    case NVME_EVENT_COMMAND_SET:
        return "NVM command set";
    case NVME_EVENT_VENDOR:
        return "vendor";
    default:
        return "reserved type";
    }
}

void nvme_event_format(const struct nvme_event *event, char *buf, size_t cap)
{
    const char *text = NULL;
    char code[24], log[24] = "";

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (words[i].type == event->type && words[i].info == event->info) {
            text = words[i].text;
        }
    }
    str_format(code, sizeof(code), "type %u, info %02Xh", event->type, event->info);
    if (event->lid) {
        str_format(log, sizeof(log), ", log page %02Xh", event->lid);
    }
    str_format(buf, cap, "%s: %s%s", type_name(event->type), text ? text : code, log);
}
