/*
 * apps/nvme/format_run.h - formatting as a person sees it, for `nvme format`, `lbaf` and `erase`.
 */
#pragma once

#include "apps/nvme/manage.h"
#include "drivers/nvme/nvme_format.h"

/* Checks format against id, shows what it would destroy, and whether that is allowed. As
 * nvme_danger_announce(); -ENOTSUP. */
int format_announce(struct shell *sh, const char *command, const struct nvme_target *target,
                    const struct nvme_id_ns *id, const struct nvme_format *format,
                    const struct shell_value *serial) must_check;

/* Formats, with progress, and looks at the namespaces again. timeout_ms 0: an hour. What went wrong
 * has been said. */
int format_send(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr, uint32_t nsid,
                const struct nvme_format *format, uint64_t timeout_ms) must_check;
