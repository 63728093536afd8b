/*
 * tests/model/model_firmware.c - Firmware Image Download and Commit (NVMe 1.4 §5.12, §5.11). An
 * image is good when it begins with "CARFW:" and a revision of eight characters, and was sent
 * without a hole from its beginning.
 */
#include "tests/model/model_internal.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/string.h"

#define MAGIC     "CARFW:"
#define MAGIC_LEN 6

static unsigned slot_count(const struct nvme_model *m)
{
    return m->cfg.offer.frmw >> 1 & 7;
}

uint16_t firmware_download(struct nvme_model *m, struct cmd *cmd)
{
    struct manage *g = &m->manage;
    uint32_t offset = cmd->dw[11] * 4, len = (uint32_t)cmd->bytes;
    uint32_t unit = m->cfg.offer.fwug == 0xff ? 4 : m->cfg.offer.fwug * 4096U;

    if (unit && (offset % unit || (len % unit && len > unit))) {
        model_violate(m, "firmware piece of %u bytes at %u, the granularity is %u", len, offset,
                      unit);
        return ST_INVALID_FIELD | ST_DNR;
    }
    for (unsigned i = 0; i < g->piece_count; i++) {
        if (offset < g->pieces[i].offset + g->pieces[i].len && g->pieces[i].offset < offset + len) {
            return ST_OVERLAPPING_RANGE | ST_DNR;
        }
    }
    assert(g->piece_count < MODEL_MAX_PIECES);
    if (offset + len > g->image_bytes) {
        g->image = realloc(g->image, offset + len);
        assert(g->image);
        memset(g->image + g->image_bytes, 0, offset + len - g->image_bytes);
        g->image_bytes = offset + len;
    }
    if (!prp_from_host(m, cmd, g->image + offset, UINT64_MAX)) {
        return ST_DATA_TRANSFER;
    }
    g->pieces[g->piece_count++] = (struct piece){ offset, len };
    return ST_OK;
}

static bool image_is_good(const struct manage *g)
{
    uint64_t sent = 0;

    for (unsigned i = 0; i < g->piece_count; i++) {
        sent += g->pieces[i].len; /* they do not overlap: a hole makes the sum too small */
    }
    return sent == g->image_bytes && sent >= MAGIC_LEN + 8 &&
           memcmp(g->image, MAGIC, MAGIC_LEN) == 0;
}

static void discard(struct manage *g)
{
    free(g->image);
    g->image = NULL;
    g->image_bytes = 0;
    g->piece_count = 0;
}

static void run_slot(struct nvme_model *m, unsigned slot)
{
    m->logs.active_slot = (uint8_t)slot;
    m->logs.next_slot = 0;
    str_copy(m->firmware, sizeof(m->firmware), m->logs.slots[slot - 1]);
    for (size_t len = strlen(m->firmware); len > 0 && m->firmware[len - 1] == ' '; len--) {
        m->firmware[len - 1] = '\0';
    }
}

static uint16_t replace(struct nvme_model *m, unsigned slot)
{
    char *revision = m->logs.slots[slot - 1];

    if (slot == 1 && m->cfg.offer.frmw & 1) {
        return ST_FIRMWARE_SLOT | ST_DNR;
    }
    if (!image_is_good(&m->manage)) {
        discard(&m->manage);
        return ST_FIRMWARE_IMAGE | ST_DNR;
    }
    memcpy(revision, m->manage.image + MAGIC_LEN, 8);
    revision[8] = '\0';
    discard(&m->manage);
    return ST_OK;
}

uint16_t firmware_commit(struct nvme_model *m, struct cmd *cmd)
{
    unsigned slot = cmd->dw[10] & 7, action = cmd->dw[10] >> 3 & 7;

    if (action > 3) {
        return ST_INVALID_FIELD | ST_DNR; /* it has no boot partitions */
    }
    if (slot == 0) {
        slot = slot_count(m); /* the controller's choice */
    }
    if (slot > slot_count(m)) {
        return ST_FIRMWARE_SLOT | ST_DNR;
    }
    if (action <= 1 || (action == 3 && m->manage.piece_count)) {
        uint16_t status = replace(m, slot);
        if (status) {
            return status;
        }
    }
    if (action == 0) {
        return ST_OK;
    }
    if (m->logs.slots[slot - 1][0] == '\0') {
        return ST_FIRMWARE_IMAGE | ST_DNR;
    }
    if (action == 3 && m->cfg.offer.frmw & 1 << 4) {
        run_slot(m, slot);
        return ST_OK;
    }
    m->logs.next_slot = (uint8_t)slot;
    return m->cfg.offer.commit_status;
}

void firmware_activate(struct nvme_model *m)
{
    discard(&m->manage);
    if (m->logs.next_slot) {
        run_slot(m, m->logs.next_slot);
    }
}
