/*
 * drivers/nvme/nvme_recorder.h - the flight recorder: the last commands of each queue of a
 * controller, with their times and what became of them.
 *
 * It costs nothing per command. The submission ring still holds the commands, the completion ring
 * the answers; the identifiers, which do not come again soon, say what belongs together. The time
 * comes from marks that are made once per batch. How far back that goes: as many commands as the
 * ring has entries, answers as long as their entries are not used again, times for 64 batches.
 * Rings are emptied by a reset: the driver logs what there is before it resets a controller that
 * has failed. The commands of a submission queue in the controller memory buffer are not shown.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/nvme/nvme.h"

struct nvme_record {
    uint64_t number;    /* of the commands of its queue since attach, from 0 */
    uint64_t posted_ns; /* when its batch began; 0: not known any more */
    struct nvme_sqe cmd;
    enum { NVME_RECORD_OUTSTANDING, NVME_RECORD_ANSWERED, NVME_RECORD_UNKNOWN } state;
    uint16_t status;       /* when answered, as struct nvme_result */
    uint64_t answered_ns;  /* the answer had been seen at that time; 0: not known */
};

/* The command that was posted back commands before the newest of a queue: 0 is the admin queue, n
 * that of CPU n - 1. False: that is not recorded. Not while another CPU uses the queue, if the
 * answer has to be exact. */
bool nvme_recorder_get(const struct nvme_ctrlr *ctrlr, unsigned queue, unsigned back,
                       struct nvme_record *out) must_check;

/* "command 12h: Read nsid 1 lba 8 ...: not answered" */
void nvme_record_format(const struct nvme_record *record, bool admin, char *buf, size_t cap);

/* Per queue its state and its last commands, the newest first; for a person. After a panic too: it
 * takes no lock, allocates nothing and reads memory only. */
void nvme_recorder_dump(const struct nvme_ctrlr *ctrlr, struct out *out, unsigned commands);
