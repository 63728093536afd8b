/*
 * drivers/nvme/nvme_gate.c - the gate before every command that could destroy something.
 */
#include "drivers/nvme/nvme_gate.h"

#include "drivers/nvme/nvme_feature.h"
#include "drivers/nvme/nvme_internal.h"
#include "drivers/nvme/nvme_log.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/string.h"

#define EFFECTS_THAT_HARM                                                                          \
    (NVME_EFFECTS_LBCC | NVME_EFFECTS_NCC | NVME_EFFECTS_NIC | NVME_EFFECTS_CCC)

/* --- what a command can do ------------------------------------------------------------------ */

/* The effects log, or NULL. It is asked for once in the life of a controller: asking one that has
 * none would leave an entry in its error log. */
static const struct nvme_effects_log *effects_of(struct nvme_ctrlr *c)
{
    if (!c->effects_asked && nvme_can(c, NVME_CAN_LOG_EFFECTS)) {
        c->effects_asked = true;
        c->effects = heap_alloc(1, sizeof(*c->effects));
        if (c->effects && nvme_log_effects(c, c->effects, NULL) != 0) {
            heap_free(c->effects);
            c->effects = NULL;
        }
    }
    return c->effects;
}

/* What the drive itself says of an opcode that the specification leaves to its vendor. */
static enum nvme_harm harm_by_effects(struct nvme_ctrlr *c, bool admin, uint8_t opcode)
{
    const struct nvme_effects_log *log = effects_of(c);
    uint32_t effects = !log ? 0 : admin ? log->acs[opcode] : log->iocs[opcode];

    if ((effects & NVME_EFFECTS_CSUPP) && !(effects & EFFECTS_THAT_HARM)) {
        return NVME_HARMLESS;
    }
    return NVME_HARMS_CONTROLLER;
}

static enum nvme_harm harm_of_set_features(const struct nvme_sqe *cmd)
{
    uint8_t fid = (uint8_t)FIELD_GET(NVME_SET_FEATURES_CDW10_FID, cmd->cdw10);
    const struct nvme_feature_info *info = nvme_feature_find(fid);

    switch (fid) {
    case NVME_FEAT_NUMBER_OF_QUEUES:   /* the driver's queues exist */
    case NVME_FEAT_HOST_MEMORY_BUFFER: /* would lend memory that nobody allocated */
        return NVME_HARMS_DRIVER;
    default:
        return info && info->per_namespace ? NVME_HARMS_NAMESPACE : NVME_HARMS_CONTROLLER;
    }
}

/* FNA says that formatting, or erasing, one namespace is done to all of them (§5.15.2.2). */
static enum nvme_harm harm_of_format(const struct nvme_ctrlr *c, const struct nvme_sqe *cmd)
{
    bool erases = FIELD_GET(NVME_FORMAT_CDW10_SES, cmd->cdw10) != 0;
    uint64_t reaches_all = NVME_FNA_FORMAT_ALL | (erases ? NVME_FNA_ERASE_ALL : 0);

    return c->id.fna & reaches_all ? NVME_HARMS_CONTROLLER : NVME_HARMS_NAMESPACE;
}

static enum nvme_harm harm_of_admin(struct nvme_ctrlr *c, const struct nvme_sqe *cmd)
{
    switch (cmd->opcode) {
    case NVME_ADM_GET_LOG_PAGE:
    case NVME_ADM_IDENTIFY:
    case NVME_ADM_ABORT:
    case NVME_ADM_GET_FEATURES:
    case NVME_ADM_DEVICE_SELF_TEST:
    case NVME_ADM_KEEP_ALIVE:
    case NVME_ADM_DIRECTIVE_RECEIVE:
    case NVME_ADM_MI_RECEIVE:
    case NVME_ADM_SECURITY_RECEIVE:
    case NVME_ADM_GET_LBA_STATUS:
        return NVME_HARMLESS;
    case NVME_ADM_DELETE_IO_SQ:
    case NVME_ADM_CREATE_IO_SQ:
    case NVME_ADM_DELETE_IO_CQ:
    case NVME_ADM_CREATE_IO_CQ:
    case NVME_ADM_ASYNC_EVENT_REQUEST:
    case NVME_ADM_DOORBELL_BUFFER_CONFIG:
        return NVME_HARMS_DRIVER;
    case NVME_ADM_SET_FEATURES:
        return harm_of_set_features(cmd);
    case NVME_ADM_FORMAT_NVM:
        return harm_of_format(c, cmd);
    case NVME_ADM_DIRECTIVE_SEND:
        return NVME_HARMS_NAMESPACE;
    case NVME_ADM_NAMESPACE_MANAGEMENT:
    case NVME_ADM_FIRMWARE_COMMIT:
    case NVME_ADM_FIRMWARE_DOWNLOAD:
    case NVME_ADM_NAMESPACE_ATTACHMENT:
    case NVME_ADM_VIRTUALIZATION_MANAGEMENT:
    case NVME_ADM_MI_SEND:
    case NVME_ADM_SECURITY_SEND:
    case NVME_ADM_SANITIZE:
        return NVME_HARMS_CONTROLLER;
    default:
        return harm_by_effects(c, true, cmd->opcode);
    }
}

static enum nvme_harm harm_of_io(struct nvme_ctrlr *c, const struct nvme_sqe *cmd)
{
    switch (cmd->opcode) {
    case NVME_IO_FLUSH:
    case NVME_IO_READ:
    case NVME_IO_COMPARE:
    case NVME_IO_VERIFY:
    case NVME_IO_RESERVATION_REPORT:
        return NVME_HARMLESS;
    case NVME_IO_WRITE:
    case NVME_IO_WRITE_UNCORRECTABLE:
    case NVME_IO_WRITE_ZEROES:
    case NVME_IO_DSM:
    case NVME_IO_COPY:
    case NVME_IO_RESERVATION_REGISTER:
    case NVME_IO_RESERVATION_ACQUIRE:
    case NVME_IO_RESERVATION_RELEASE:
        return NVME_HARMS_NAMESPACE;
    default:
        return harm_by_effects(c, false, cmd->opcode);
    }
}

enum nvme_harm nvme_command_harm(struct nvme_ctrlr *ctrlr, bool admin, const struct nvme_sqe *cmd)
{
    return admin ? harm_of_admin(ctrlr, cmd) : harm_of_io(ctrlr, cmd);
}

/* --- whether it is allowed ------------------------------------------------------------------ */

/* A namespace that is not known, or "all of them", is as much as the controller. */
static bool reach_is_armed(const struct nvme_ctrlr *c, uint32_t nsid)
{
    for (unsigned i = 0; i < c->namespaces.count; i++) {
        if (c->namespaces.entries[i]->ns.nsid == nsid) {
            return c->namespaces.entries[i]->ns.armed;
        }
    }
    return c->armed;
}

int nvme_gate(struct nvme_ctrlr *ctrlr, bool admin, const struct nvme_sqe *cmd)
{
    switch (nvme_command_harm(ctrlr, admin, cmd)) {
    case NVME_HARMLESS:
        return 0;
    case NVME_HARMS_NAMESPACE:
        return reach_is_armed(ctrlr, cmd->nsid) ? 0 : -EROFS;
    case NVME_HARMS_CONTROLLER:
        return ctrlr->armed ? 0 : -EROFS;
    default:
        return -EPERM;
    }
}

int nvme_ctrlr_arm(struct nvme_ctrlr *ctrlr, const char *serial)
{
    if (strcmp(serial, ctrlr->info.serial) != 0) {
        return -EINVAL;
    }
    ctrlr->armed = true;
    for (unsigned i = 0; i < ctrlr->namespaces.count; i++) {
        ctrlr->namespaces.entries[i]->ns.armed = true;
    }
    return 0;
}

void nvme_ctrlr_disarm(struct nvme_ctrlr *ctrlr)
{
    ctrlr->armed = false;
    for (unsigned i = 0; i < ctrlr->namespaces.count; i++) {
        ctrlr->namespaces.entries[i]->ns.armed = false;
    }
}

void nvme_disarm_for(struct nvme_ctrlr *c, const char *why)
{
    bool armed = c->armed;

    for (unsigned i = 0; i < c->namespaces.count; i++) {
        armed |= c->namespaces.entries[i]->ns.armed;
    }
    if (armed) {
        nvme_ctrlr_disarm(c);
        log_warn("%s: read-only again, as %s", c->name, why);
    }
}

bool nvme_ctrlr_armed(const struct nvme_ctrlr *ctrlr)
{
    return ctrlr->armed;
}

int nvme_ns_arm(struct nvme_ns *ns, const char *serial)
{
    if (ns->gone) {
        return -ENXIO;
    }
    if (strcmp(serial, ns->ctrlr->info.serial) != 0) {
        return -EINVAL;
    }
    ns->armed = true;
    return 0;
}

/* What was allowed for the whole controller is not any more: this namespace is a part of it. */
void nvme_ns_disarm(struct nvme_ns *ns)
{
    ns->armed = false;
    ns->ctrlr->armed = false;
}
