/*
 * drivers/nvme/nvme_retry.c - which commands are worth another try, and when (NVMe 1.4 §4.6.1,
 * Command Retry Delay and Do Not Retry).
 *
 * Only nvme_io_sync() tries again: who posts commands himself (the benchmark) shows what the drive
 * does. A Flush is not tried again after an error: the second one could succeed although data of
 * the first is lost.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/log.h"

#define CRDT_UNIT_NS     (100 * NS_PER_MS)
#define DELAY_MAX_NS     (10 * NS_PER_S)
#define NOT_READY_NS     (100 * NS_PER_MS) /* doubled at each try */
#define BEHAVIOR_BYTES   512

/* The controller did nothing yet, and says that it will be able to later. */
static bool is_not_ready(uint16_t status)
{
    switch (FIELD_GET(NVME_STATUS_CODE, status)) {
    case NVME_SC_NAMESPACE_NOT_READY:
    case NVME_SC_COMMAND_INTERRUPTED:
        return true;
    default:
        return FIELD_GET(NVME_STATUS_SCT, status) == NVME_SCT_PATH;
    }
}

static bool is_worth_it(const struct nvme_io *io, int err)
{
    if (!io->status) {
        /* Ended by a reset that another command has caused. What was armed is not any more. */
        return err == -ECANCELED && io->opcode == NVME_IO_READ;
    }
    if (FIELD_GET(NVME_STATUS_DNR, io->status)) {
        return false;
    }
    if (is_not_ready(io->status)) {
        return true;
    }
    return io->opcode != NVME_IO_FLUSH && (err == -EIO || err == -ENODATA);
}

static uint64_t delay_ns(const struct nvme_ctrlr *c, uint16_t status, unsigned tries)
{
    const uint16_t delays[] = {0, c->id.crdt1, c->id.crdt2, c->id.crdt3};
    uint64_t wanted_ns = delays[FIELD_GET(NVME_STATUS_CRD, status)] * CRDT_UNIT_NS;

    if (wanted_ns == 0 && is_not_ready(status)) {
        wanted_ns = NOT_READY_NS << tries;
    }
    return MIN(wanted_ns, DELAY_MAX_NS);
}

bool nvme_retry(struct nvme_ctrlr *c, const struct nvme_io *io, int err, unsigned *tries)
{
    if (*tries >= c->opt.retries || !is_worth_it(io, err)) {
        return false;
    }
    nvme_wait(c, delay_ns(c, io->status, *tries));
    ++*tries;
    c->retries++;
    return true;
}

void nvme_retry_note(struct nvme_ctrlr *c, const struct nvme_io *io, int err, unsigned tries)
{
    char name[32];

    if (tries == 0) {
        return;
    }
    nvme_opcode_format(false, io->opcode, name, sizeof(name));
    c->retried_ok += err == 0;
    log_warn("%s: namespace %u: %s of %u blocks at %llu %s %u more tr%s", c->name, io->ns->nsid,
             name, io->nlb, (unsigned long long)io->lba,
             err == 0 ? "succeeded after" : "still failed after", tries, tries == 1 ? "y" : "ies");
}

/* Without Advanced Command Retry Enable no delay is ever named (§5.21.1.22). */
void nvme_retry_enable(struct nvme_ctrlr *c)
{
    uint8_t behavior[BEHAVIOR_BYTES];
    struct nvme_sqe cmd = {.opcode = NVME_ADM_GET_FEATURES, .cdw10 = NVME_FEAT_HOST_BEHAVIOR};

    if (!(c->id.crdt1 | c->id.crdt2 | c->id.crdt3) ||
        nvme_admin_run(c, &cmd, NVME_TO_HOST, behavior, sizeof(behavior), NULL) || behavior[0]) {
        return;
    }
    behavior[0] = 1;
    cmd.opcode = NVME_ADM_SET_FEATURES;
    if (nvme_admin_run(c, &cmd, NVME_TO_DEVICE, behavior, sizeof(behavior), NULL)) {
        log_info("%s: no retry delays: Host Behavior Support was refused", c->name);
    }
}
