/*
 * drivers/nvme/nvme_gate.h - what a command can destroy, and whether a person has allowed that.
 *
 * Every public way to the controller passes this gate (docs/decisions/0004): a command that can
 * change data or the state of a drive is sent only when the namespace it reaches, or the whole
 * controller when it reaches more, was armed by the serial number in this boot. Arming ends at
 * disarm, reset, shutdown or removal. Commands are judged by their opcode and fields; vendor's ones
 * by the Commands Supported and Effects log (NVMe 1.4 §5.14.1.5) when the controller has it, and
 * what is not known there counts as destructive.
 *
 * Threads: the controller's own CPU.
 */
#pragma once

#include <stdbool.h>

#include "drivers/nvme/nvme.h"

enum nvme_harm {
    NVME_HARMLESS,         /* reads only */
    NVME_HARMS_NAMESPACE,  /* data or settings of the namespace it names */
    NVME_HARMS_CONTROLLER, /* more than one namespace, or the drive's own state */
    NVME_HARMS_DRIVER,     /* queues, doorbells and memory that the driver has lent: never allowed
                              from outside it */
};

/* What cmd can do; admin: which command set it belongs to. May ask the controller for its effects
 * log, once. */
enum nvme_harm nvme_command_harm(struct nvme_ctrlr *ctrlr, bool admin, const struct nvme_sqe *cmd);

/* May cmd be sent? 0; -EROFS (what it reaches is not armed); -EPERM (it would harm the driver). */
int nvme_gate(struct nvme_ctrlr *ctrlr, bool admin, const struct nvme_sqe *cmd) must_check;

/* Allows changing everything behind the controller, its namespaces included, when serial is the
 * controller's, compared whole and exactly. 0, or -EINVAL (another serial; nothing changes). */
int nvme_ctrlr_arm(struct nvme_ctrlr *ctrlr, const char *serial) must_check;
/* The controller and all its namespaces are read-only again. */
void nvme_ctrlr_disarm(struct nvme_ctrlr *ctrlr);
bool nvme_ctrlr_armed(const struct nvme_ctrlr *ctrlr);
