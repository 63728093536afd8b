/*
 * tests/model/model_erase.c - Format NVM and Sanitize (NVMe 1.4 §5.23, §5.24, §8.15).
 */
#include "tests/model/model_internal.h"

#include "lib/string.h"

enum { SANITIZE_EXIT = 1, SANITIZE_BLOCK = 2, SANITIZE_OVERWRITE = 3, SANITIZE_CRYPTO = 4 };
enum { STATE_NEVER, STATE_DONE, STATE_RUNNING, STATE_FAILED, STATE_DONE_DEALLOCATED };
#define GLOBAL_ERASED 0x100

/* --- format ----------------------------------------------------------------------------------- */

static void format_one(struct nvme_model *m, struct ns *ns, uint32_t cdw10)
{
    uint32_t lbaf = m->cfg.offer.lbafs[cdw10 & 15];
    uint64_t bytes = ns->cfg.blocks << ns->cfg.lbads;

    if (!m->cfg.offer.erase_lies) {
        media_free(ns);
    }
    ns->formats = ++m->formats;
    ns->cfg.format = cdw10 & 15;
    ns->cfg.lbads = (uint8_t)(lbaf >> 16);
    ns->cfg.metadata_bytes = (uint16_t)lbaf;
    ns->cfg.extended = cdw10 >> 4 & 1;
    ns->cfg.blocks = bytes >> ns->cfg.lbads;
}

static uint16_t check_format(const struct nvme_model *m, uint32_t cdw10)
{
    unsigned index = cdw10 & 15, pi = cdw10 >> 5 & 7, ses = cdw10 >> 9 & 7;
    uint32_t lbaf = m->cfg.offer.lbafs[index];

    if (index >= m->cfg.offer.lbaf_count || ses > 2 ||
        (ses == 2 && !(m->cfg.offer.fna & 1 << 2))) {
        return (index >= m->cfg.offer.lbaf_count ? ST_INVALID_FORMAT : ST_INVALID_FIELD) | ST_DNR;
    }
    if (pi && (pi > 3 || !(m->cfg.offer.dpc & 1 << (pi - 1)) || (lbaf & 0xffff) < 8)) {
        return ST_INVALID_FORMAT | ST_DNR;
    }
    return ST_OK;
}

uint16_t format_run(struct nvme_model *m, struct cmd *cmd)
{
    uint32_t cdw10 = cmd->dw[10], nsid = cmd->dw[1];
    unsigned ses = cdw10 >> 9 & 7;
    bool all = nsid == UINT32_MAX || m->cfg.offer.fna & 1;
    bool erase_all = ses && m->cfg.offer.fna & 2;
    uint16_t status = check_format(m, cdw10);

    if (status) {
        return status;
    }
    for (unsigned i = 0; i < m->cfg.ns_count; i++) {
        if ((all || m->ns[i].cfg.nsid == nsid) && features_write_protected(m, m->ns[i].cfg.nsid)) {
            return ST_WRITE_PROTECTED | ST_DNR;
        }
    }
    self_test_end(m, 4);
    for (unsigned i = 0; i < m->cfg.ns_count; i++) {
        struct ns *ns = &m->ns[i];

        if (all || ns->cfg.nsid == nsid) {
            format_one(m, ns, cdw10);
        } else if (erase_all && !m->cfg.offer.erase_lies) {
            media_free(ns);
        }
    }
    return ST_OK;
}

/* --- sanitize --------------------------------------------------------------------------------- */

/* Admin commands and log pages that are allowed meanwhile (§8.15). */
static bool is_allowed(const struct cmd *cmd)
{
    uint8_t lid = (uint8_t)cmd->dw[10];

    if (!cmd->admin) {
        return cmd->opcode == NVM_FLUSH;
    }
    switch (cmd->opcode) {
    case ADM_GET_LOG:
        return lid == 1 || lid == 2 || lid == 4 || lid == 0x80 || lid == 0x81;
    case ADM_DELETE_SQ:
    case ADM_CREATE_SQ:
    case ADM_DELETE_CQ:
    case ADM_CREATE_CQ:
    case ADM_IDENTIFY:
    case ADM_ABORT:
    case ADM_SET_FEATURES:
    case ADM_GET_FEATURES:
    case ADM_ASYNC_EVENT:
    case ADM_KEEP_ALIVE:
    case ADM_DOORBELL_BUFFER:
        return true;
    default:
        return false;
    }
}

uint16_t sanitize_gate(const struct nvme_model *m, const struct cmd *cmd)
{
    const struct manage *g = &m->manage;

    if (g->sanitize_end_ns && !is_allowed(cmd)) {
        return ST_SANITIZE_IN_PROGRESS;
    }
    if (g->sanitize_failed && !is_allowed(cmd) && !(cmd->admin && cmd->opcode == ADM_SANITIZE)) {
        return ST_SANITIZE_FAILED | ST_DNR;
    }
    return ST_OK;
}

static unsigned passes_of(uint32_t cdw10)
{
    unsigned passes = cdw10 >> 4 & 15;

    return passes ? passes : 16;
}

uint16_t sanitize_run(struct nvme_model *m, struct cmd *cmd)
{
    struct manage *g = &m->manage;
    uint32_t cdw10 = cmd->dw[10];
    unsigned action = cdw10 & 7;
    static const uint8_t bit[] = { [SANITIZE_BLOCK] = 1, [SANITIZE_OVERWRITE] = 2,
                                   [SANITIZE_CRYPTO] = 0 };

    if (action < SANITIZE_EXIT || action > SANITIZE_CRYPTO) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (action == SANITIZE_EXIT) {
        if (g->sanitize_failed && !g->sanitize_unrestricted) {
            return ST_SANITIZE_FAILED | ST_DNR;
        }
        g->sanitize_failed = false;
        return ST_OK;
    }
    if (!(m->cfg.offer.sanicap >> bit[action] & 1) ||
        (g->sanitize_failed && !g->sanitize_unrestricted && cdw10 & 8)) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (m->logs.next_slot) {
        return ST_FIRMWARE_NEEDS_RESET | ST_DNR;
    }
    self_test_end(m, 9);
    g->sanitize_failed = false;
    g->sanitize_unrestricted = cdw10 & 8;
    g->sanitize_start_ns = m->now_ns;
    unsigned passes = action == SANITIZE_OVERWRITE ? passes_of(cdw10) : 1;
    g->sanitize_end_ns = m->now_ns + m->cfg.offer.sanitize_ns * passes;
    m->logs.sanitize_cdw10 = cdw10;
    m->sanitize_pattern = cmd->dw[11];
    m->logs.sanitize_progress = 0;
    m->logs.sanitize_status = STATE_RUNNING;
    return ST_OK;
}

/* What the blocks read as afterwards: zero where they are deallocated. */
static void erase_media(struct nvme_model *m, uint32_t cdw10)
{
    bool keep = cdw10 >> 9 & 1;
    unsigned action = cdw10 & 7;
    uint32_t pattern = m->sanitize_pattern;

    if (cdw10 >> 8 & 1 && passes_of(cdw10) % 2 == 0) {
        pattern = ~pattern; /* inverted between passes: the last of an even number */
    }
    for (unsigned i = 0; i < m->cfg.ns_count; i++) {
        media_free(&m->ns[i]);
        if (keep && action == SANITIZE_OVERWRITE) {
            m->ns[i].media.fill = pattern;
        } else if (keep && action == SANITIZE_CRYPTO) {
            m->ns[i].media.fill = (uint32_t)rng_next(&m->rng) | 1; /* another key: noise */
        }
    }
}

static void finish(struct nvme_model *m)
{
    uint32_t cdw10 = m->logs.sanitize_cdw10;
    bool fails = m->cfg.offer.sanitize_fails;
    unsigned passes = (cdw10 & 7) == SANITIZE_OVERWRITE && !fails ? passes_of(cdw10) : 0;

    m->manage.sanitize_end_ns = 0;
    m->manage.sanitize_failed = fails;
    m->logs.sanitize_progress = UINT16_MAX;
    m->logs.sanitize_status = (uint16_t)((fails ? STATE_FAILED : STATE_DONE | GLOBAL_ERASED) |
                                         (passes & 31) << 3);
    if (!fails && !m->cfg.offer.erase_lies) {
        erase_media(m, cdw10);
    }
}

void sanitize_step(struct nvme_model *m)
{
    const struct manage *g = &m->manage;
    uint64_t length = g->sanitize_end_ns - g->sanitize_start_ns;

    if (!g->sanitize_end_ns) {
        return;
    }
    if (m->now_ns >= g->sanitize_end_ns) {
        finish(m);
        return;
    }
    m->logs.sanitize_progress = (uint16_t)((m->now_ns - g->sanitize_start_ns) * 65535 / length);
}
