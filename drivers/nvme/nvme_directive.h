/*
 * drivers/nvme/nvme_directive.h - Directives (NVMe 1.4 §9): what a namespace offers of them,
 * Streams on and off, and the two commands as they are. Keep Alive (§5.18) is here, too.
 *
 * All functions: the controller's CPU; -ENOTSUP when the controller does not offer them, before
 * anything is sent; otherwise as nvme_admin(). res may be NULL.
 */
#pragma once

#include "drivers/nvme/nvme.h"

enum nvme_directive_type {
    NVME_DIRECTIVE_IDENTIFY = 0,
    NVME_DIRECTIVE_STREAMS = 1,
};
/* Operations; receive and send count by themselves. */
enum nvme_directive_operation {
    NVME_DIRECTIVE_IDENTIFY_RECEIVE_PARAMETERS = 1,
    NVME_DIRECTIVE_IDENTIFY_SEND_ENABLE = 1,
    NVME_DIRECTIVE_STREAMS_RECEIVE_PARAMETERS = 1,
    NVME_DIRECTIVE_STREAMS_RECEIVE_STATUS = 2,
    NVME_DIRECTIVE_STREAMS_RECEIVE_ALLOCATE = 3,
    NVME_DIRECTIVE_STREAMS_SEND_RELEASE_ONE = 1,
    NVME_DIRECTIVE_STREAMS_SEND_RELEASE_ALL = 2,
};

/* What is the same in both commands. */
struct nvme_directive {
    uint32_t nsid;
    uint8_t type;      /* enum nvme_directive_type */
    uint8_t operation; /* enum nvme_directive_operation */
    uint16_t specific; /* of the type: a stream's identifier */
    uint32_t cdw12;    /* of the operation */
};

/* Directive Receive, §5.9: len bytes, a multiple of 4, to data; Send, §5.10, the other way. len 0:
 * no data. -EINVAL: a length that is none. Send: -EROFS, the namespace is not armed. */
int nvme_directive_receive(struct nvme_ctrlr *ctrlr, const struct nvme_directive *directive,
                           void *data, size_t len, struct nvme_result *res) must_check;
int nvme_directive_send(struct nvme_ctrlr *ctrlr, const struct nvme_directive *directive,
                        const void *data, size_t len, struct nvme_result *res) must_check;

/* Identify, Return Parameters, §9.2.1.1: a bit for each type. */
struct nvme_directive_parameters {
    uint8_t supported[32];
    uint8_t enabled[32];
    uint8_t reserved_64[4032];
};
static_assert(sizeof(struct nvme_directive_parameters) == 4096, "directive parameters");

/* Streams, Return Parameters, §9.3.1.1 */
struct nvme_stream_parameters {
    uint16_t msl;  /* streams of the subsystem */
    uint16_t nssa; /* of these not in use */
    uint16_t nsso; /* open */
    uint8_t nssc;
    uint8_t reserved_7[9];
    uint32_t sws;  /* write size, logical blocks */
    uint16_t sgs;  /* granularity, in write sizes */
    uint16_t nsa;  /* allocated to the namespace */
    uint16_t nso;  /* open in the namespace */
    uint8_t reserved_26[6];
};
static_assert(sizeof(struct nvme_stream_parameters) == 32, "stream parameters");
static_assert(offsetof(struct nvme_stream_parameters, sws) == 16, "stream_parameters.sws");
static_assert(offsetof(struct nvme_stream_parameters, nsa) == 22, "stream_parameters.nsa");

int nvme_directive_parameters(struct nvme_ctrlr *ctrlr, uint32_t nsid,
                              struct nvme_directive_parameters *out, struct nvme_result *res)
    must_check;
/* Switches a type on or off for a namespace, which must be armed. */
int nvme_directive_enable(struct nvme_ctrlr *ctrlr, uint32_t nsid, uint8_t type, bool on,
                          struct nvme_result *res) must_check;
int nvme_stream_parameters(struct nvme_ctrlr *ctrlr, uint32_t nsid,
                           struct nvme_stream_parameters *out, struct nvme_result *res) must_check;

/* Keep Alive. Once the Keep Alive Timer feature was set through nvme_admin(), nvme_events_poll()
 * sends one whenever half of that time has passed, until it is set to 0 or the controller reset. */
int nvme_keep_alive(struct nvme_ctrlr *ctrlr, struct nvme_result *res) must_check;
