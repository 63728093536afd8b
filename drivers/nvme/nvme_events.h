/*
 * drivers/nvme/nvme_events.h - asynchronous events of a controller (NVMe 1.4 §5.2). Included by
 * nvme.h.
 *
 * The driver keeps up to four Asynchronous Event Requests with the controller (never more than
 * AERL + 1), from attach on, and again after every reset. Each completion is an event. It is told
 * to the listeners by nvme_events_poll() and nowhere else, so a listener may use the controller.
 * After that the log page the event points to is read once, which lets the controller report the
 * next event of that type (§5.2), and the request is posted again. What is reported was chosen by
 * Asynchronous Event Configuration: every health warning, and every notice that Identify offers.
 *
 * All functions: the controller's CPU only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "drivers/nvme/nvme_spec.h"
#include "lib/compiler.h"

struct nvme_ctrlr;

struct nvme_event {
    uint64_t time_ns; /* when it was delivered, platform time */
    uint8_t type;     /* enum nvme_event_type, or reserved */
    uint8_t info;     /* by type; enum nvme_event_..._info */
    uint8_t lid;      /* the log page that tells more; 0: none */
};

typedef void (*nvme_event_fn)(void *ctx, struct nvme_ctrlr *ctrlr, const struct nvme_event *event);

/* fn(ctx, ...) is called for every event from now on, until unlisten with the same two or detach.
 * It must not detach the controller. 0, or -ENOSPC (four listen already). */
int nvme_event_listen(struct nvme_ctrlr *ctrlr, nvme_event_fn fn, void *ctx) must_check;
void nvme_event_unlisten(struct nvme_ctrlr *ctrlr, nvme_event_fn fn, void *ctx);

/*
 * What the controller's CPU has to do now and then, while others run I/O too: sends the Aborts and
 * Keep Alives that are due, and delivers what has arrived: at most four events in one call, and at
 * most 64 in a second, however many the controller has. When nothing has arrived it costs one read
 * of memory. Returns the number delivered. A controller that does not answer meanwhile is
 * recovered, as by nvme_admin().
 */
unsigned nvme_events_poll(struct nvme_ctrlr *ctrlr);

/* How often each kind of event has come since attach, or since the last clear. */
struct nvme_event_count {
    struct nvme_event last;
    uint64_t count;
};
/* index from 0; NULL past the last kind. Live until the next clear. */
const struct nvme_event_count *nvme_event_count_at(const struct nvme_ctrlr *ctrlr, unsigned index);
void nvme_event_counts_clear(struct nvme_ctrlr *ctrlr);

/* Requests that are with the controller now. */
unsigned nvme_event_requests(const struct nvme_ctrlr *ctrlr);

/* "health: temperature above or below a threshold (SMART log)" into buf. */
void nvme_event_format(const struct nvme_event *event, char *buf, size_t cap);
