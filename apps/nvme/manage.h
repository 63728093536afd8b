/*
 * apps/nvme/manage.h - what the commands that change a drive share: waiting with a line of
 * progress, and looking at the namespaces again afterwards.
 */
#pragma once

#include "apps/nvme/commands.h"
#include "drivers/nvme/nvme_sanitize.h"

/* One line that says how far something is: redrawn for a person, and for a log a new line whenever
 * a tenth more is done or a minute has passed. */
struct progress {
    struct shell *sh;
    const char *what;     /* "nvme0: sanitize" */
    uint64_t started_ns;
    uint64_t said_ns;
    unsigned said_permyriad;
    bool said;            /* something; a redrawn line is open */
};
#define PROGRESS_UNKNOWN UINT32_MAX

void progress_begin(struct progress *p, struct shell *sh, const char *what);
/* permyriad: done, in 1/100 of a per cent; PROGRESS_UNKNOWN: only the time is shown. */
void progress_show(struct progress *p, unsigned permyriad);
/* Ends the line. */
void progress_end(struct progress *p);

uint64_t manage_now_ns(const struct shell *sh);
/* False: Ctrl-C came. */
bool manage_sleep_ms(struct shell *sh, unsigned ms);

/* Looks at the namespaces of ctrlr and their partitions again, after what changes them; what fails
 * is said. Handles of namespaces and disks taken before may be stale afterwards. */
void manage_follow(struct shell *sh, struct nvme_ctrlr *ctrlr);

/* The namespace with this identifier, or NULL. */
struct nvme_ns *manage_ns(struct nvme_ctrlr *ctrlr, uint32_t nsid);

/* Identify data to choose a format from: of namespace nsid, or what all have in common. What is
 * wrong has been said. */
int manage_identify_ns(struct shell *sh, const char *command, const struct nvme_target *target,
                       struct nvme_id_ns *id) must_check;

/* The LBA format with block_bytes and no metadata that performs best, or -ENOENT. */
int manage_find_lbaf(const struct nvme_id_ns *id, uint64_t block_bytes);

/* Waits until the sanitize has ended, with progress, and tells how; Ctrl-C leaves it running and
 * says so. log: its last state. 0, -EIO (it has failed), -EINTR, or why the log cannot be read. */
int manage_wait_sanitize(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                         struct nvme_sanitize_log *log) must_check;

/* "12 s", "3 min 20 s", "2 h 5 min" */
#define DURATION_TEXT_BYTES 24
const char *manage_duration(uint64_t seconds, char *buf, size_t cap);
