/*
 * apps/nvme/health.h - judges a drive by what it reports of itself. The rules are written down in
 * docs/nvme.md.
 */
#pragma once

#include <stdbool.h>

#include "drivers/nvme/nvme_log.h"
#include "drivers/pci/pci.h"
#include "lib/compiler.h"

#define HEALTH_FINDINGS_MAX 24

enum health_verdict { HEALTH_OK, HEALTH_WATCH, HEALTH_REPLACE };

struct health_finding {
    enum health_verdict level; /* HEALTH_OK: only to know */
    char text[128];
};

struct health {
    enum health_verdict verdict; /* the worst of the findings */
    unsigned count;
    struct health_finding findings[HEALTH_FINDINGS_MAX];
};

/* Each adds what it finds; all may be called in any order on a zeroed struct. */
void health_judge_smart(struct health *h, const struct nvme_smart_log *log,
                        const struct nvme_id_ctrl *id);
/* The newest count entries of the error log. */
void health_judge_errors(struct health *h, const struct nvme_error_entry *entries, unsigned count);
void health_judge_self_test(struct health *h, const struct nvme_self_test_log *log);
void health_judge_sanitize(struct health *h, const struct nvme_sanitize_log *log);
void health_judge_link(struct health *h, const struct pci_link *link);
/* model and firmware: as in struct nvme_info. */
void health_judge_firmware(struct health *h, const char *model, const char *firmware);

/* "OK", "WATCH", "REPLACE" */
const char *health_verdict_name(enum health_verdict verdict);
