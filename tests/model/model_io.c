/*
 * tests/model/model_io.c - the I/O commands (NVMe 1.4 §6): which there are, what they must name,
 * and who does them.
 */
#include "tests/model/model_internal.h"

#define NSID_ALL UINT32_MAX

uint64_t io_first_lba(const struct cmd *cmd)
{
    return cmd->dw[10] | (uint64_t)cmd->dw[11] << 32;
}

uint64_t io_block_count(const struct cmd *cmd)
{
    return (cmd->dw[12] & 0xffff) + 1;
}

static bool is_offered(const struct nvme_model *m, uint8_t opcode)
{
    switch (opcode) {
    case NVM_FLUSH:
    case NVM_READ:
    case NVM_WRITE:
    case NVM_COMPARE:
    case NVM_WRITE_ZEROES:
    case NVM_DSM:
        return true;
    case NVM_WRITE_UNCORRECTABLE:
        return m->cfg.write_uncorrectable;
    case NVM_VERIFY:
        return m->cfg.verify;
    case NVM_COPY:
        return m->cfg.copy;
    case NVM_RESV_REGISTER:
    case NVM_RESV_REPORT:
    case NVM_RESV_ACQUIRE:
    case NVM_RESV_RELEASE:
        return m->cfg.reservations;
    default:
        return false;
    }
}

/* A vendor's command that has effects does nothing here. */
static bool is_vendors(struct nvme_model *m, uint8_t opcode)
{
    return opcode >= 0x80 && log_effects_of(m, false, opcode);
}

/* Copy and Dataset Management have their ranges in a list. */
static bool has_range(uint8_t opcode)
{
    return opcode == NVM_READ || opcode == NVM_WRITE || opcode == NVM_COMPARE ||
           opcode == NVM_WRITE_ZEROES || opcode == NVM_WRITE_UNCORRECTABLE || opcode == NVM_VERIFY;
}

static bool is_inside(const struct cmd *cmd, const struct ns *ns)
{
    return io_first_lba(cmd) < ns->cfg.blocks &&
           io_block_count(cmd) <= ns->cfg.blocks - io_first_lba(cmd);
}

static uint16_t begin_on_namespace(struct nvme_model *m, struct cmd *cmd, struct ns *ns)
{
    uint16_t status = reservation_conflict(m, cmd, ns);

    if (status) {
        return status;
    }
    if (cmd->dw[2] || cmd->dw[3]) {
        model_violate(m, "reserved DW2 or DW3 of command %u is not zero", cmd->cid);
    }
    if (has_range(cmd->opcode) && !is_inside(cmd, ns)) {
        return ST_LBA_RANGE | ST_DNR;
    }
    switch (cmd->opcode) {
    case NVM_FLUSH:
        return ST_OK;
    case NVM_READ:
    case NVM_WRITE:
    case NVM_COMPARE:
        return nvm_begin_transfer(m, cmd, ns);
    case NVM_RESV_REGISTER:
    case NVM_RESV_REPORT:
    case NVM_RESV_ACQUIRE:
    case NVM_RESV_RELEASE:
        return reservation_begin(m, cmd);
    default:
        return ranges_begin(m, cmd, ns);
    }
}

uint16_t io_begin(struct nvme_model *m, struct cmd *cmd)
{
    uint32_t nsid = cmd->dw[1];
    struct ns *ns = media_ns(m, nsid);
    uint16_t status = manage_begin(m, cmd);

    if (status) {
        return status;
    }
    if (cmd->opcode == NVM_FLUSH && nsid == NSID_ALL) {
        return m->cfg.flush_all == 2 ? ST_INVALID_NS | ST_DNR : ST_OK;
    }
    if (!ns) {
        return (nsid == 0 || nsid > identify_nn(m) ? ST_INVALID_NS : ST_INVALID_FIELD) | ST_DNR;
    }
    cmd->formats = ns->formats;
    if (is_vendors(m, cmd->opcode)) {
        return ST_OK;
    }
    return is_offered(m, cmd->opcode) ? begin_on_namespace(m, cmd, ns)
                                      : ST_INVALID_OPCODE | ST_DNR;
}

/* Those that write protection forbids. */
static bool changes_media(const struct cmd *cmd)
{
    return cmd->opcode == NVM_WRITE || cmd->opcode == NVM_WRITE_UNCORRECTABLE ||
           cmd->opcode == NVM_WRITE_ZEROES || cmd->opcode == NVM_DSM ||
           cmd->opcode == NVM_COPY;
}

uint16_t io_run(struct nvme_model *m, struct cmd *cmd)
{
    struct ns *ns = media_ns(m, cmd->dw[1]);

    if (!ns && !(cmd->opcode == NVM_FLUSH && cmd->dw[1] == NSID_ALL)) {
        return ST_INVALID_NS | ST_DNR; /* it was removed meanwhile */
    }
    if (ns && ns->formats != cmd->formats) {
        return ST_INVALID_FIELD | ST_DNR; /* it has another format now */
    }
    if (ns && has_range(cmd->opcode) && !is_inside(cmd, ns)) {
        return ST_LBA_RANGE | ST_DNR; /* it has become smaller */
    }
    if (changes_media(cmd) && features_write_protected(m, cmd->dw[1])) {
        return ST_WRITE_PROTECTED | ST_DNR;
    }
    prp_check_unchanged(m, cmd);
    if (changes_media(cmd) && has_range(cmd->opcode)) {
        cache_before_write(m, ns, io_first_lba(cmd), io_block_count(cmd));
    }
    m->count.fua += cmd->opcode <= NVM_READ && cmd->dw[12] >> 30 & 1;
    if (is_vendors(m, cmd->opcode)) {
        cmd->result = cmd->dw[10];
        return ST_OK;
    }
    switch (cmd->opcode) {
    case NVM_READ:
        return nvm_read(m, cmd, ns);
    case NVM_WRITE:
        return nvm_write(m, cmd, ns);
    case NVM_COMPARE:
        return nvm_compare(m, cmd, ns);
    case NVM_FLUSH:
        m->count.flushes++;
        if (!cmd->rule || cmd->rule->action != MODEL_DO_FORGET) {
            features_flushed(m);
            cache_flush(m, cmd->dw[1]);
        }
        return ST_OK;
    case NVM_RESV_REGISTER:
    case NVM_RESV_REPORT:
    case NVM_RESV_ACQUIRE:
    case NVM_RESV_RELEASE:
        return reservation_run(m, cmd, ns);
    default:
        return ranges_run(m, cmd, ns);
    }
}
