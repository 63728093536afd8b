/*
 * tests/fuzz/device_data.c - what a command's data is, and where it goes.
 */
#include "tests/fuzz/device_internal.h"

#include <stdlib.h>

#include "lib/assert.h"

#define NS_BLOCKS       4096
#define TRANSFER_MAX    (4U << 20)
#define PATCHES_MAX     16

/* How long the data of a command is, and whether it goes to the host: 0: it has none. */
struct transfer {
    size_t len;
    bool to_host;
};

static struct transfer admin_transfer(const struct nvme_sqe *sqe)
{
    switch (sqe->opcode) {
    case NVME_ADM_IDENTIFY:
        return (struct transfer){NVME_IDENTIFY_BYTES, true};
    case NVME_ADM_GET_LOG_PAGE:
        return (struct transfer){
            (size_t)(FIELD_GET(NVME_GET_LOG_CDW10_NUMDL, sqe->cdw10) |
                     FIELD_GET(NVME_GET_LOG_CDW11_NUMDU, sqe->cdw11) << 16) * 4 + 4, true};
    case NVME_ADM_GET_LBA_STATUS:
        return (struct transfer){(size_t)sqe->cdw12 * 4 + 4, true};
    case NVME_ADM_DIRECTIVE_RECEIVE:
        return (struct transfer){sqe->prp1 ? (size_t)sqe->cdw10 * 4 + 4 : 0, true};
    case NVME_ADM_SECURITY_RECEIVE:
        return (struct transfer){sqe->cdw11, true};
    case NVME_ADM_GET_FEATURES: /* of those that have data, the longest has so many bytes */
        return (struct transfer){sqe->prp1 ? NVME_IDENTIFY_BYTES : 0, true};
    default:
        return (struct transfer){0, false};
    }
}

static struct transfer io_transfer(const struct fuzz_device *dev, const struct nvme_sqe *sqe)
{
    unsigned shift = sqe->nsid < DEVICE_NAMESPACES ? dev->block_shift[sqe->nsid] : 0;
    size_t block_bytes = shift ? (size_t)1 << shift : 0;

    switch (sqe->opcode) {
    case NVME_IO_READ:
    case NVME_IO_WRITE:
    case NVME_IO_COMPARE:
        return (struct transfer){((sqe->cdw12 & 0xffff) + 1) * block_bytes,
                                 sqe->opcode == NVME_IO_READ};
    case NVME_IO_RESERVATION_REPORT:
        return (struct transfer){(size_t)sqe->cdw10 * 4 + 4, true};
    default:
        return (struct transfer){0, false};
    }
}

/* --- contents --------------------------------------------------------------------------------- */

static void good_controller(struct nvme_id_ctrl *id)
{
    memcpy(id->sn, "FUZZ0001            ", sizeof(id->sn));
    memcpy(id->mn, "Fuzzed drive                            ", sizeof(id->mn));
    memcpy(id->fr, "1.0     ", sizeof(id->fr));
    id->mdts = 5;
    id->ver = 0x10400;
    id->rtd3e = 1000000;
    id->oaes = 0xff00;
    id->ctratt = 0xff;
    id->rrls = 0xffff;
    id->oacs = 0x03ff & ~0x0100;
    id->acl = 3;
    id->aerl = 3;
    id->frmw = 0x17;
    id->lpa = 0x1f;
    id->elpe = 7;
    id->npss = 4;
    id->apsta = 1;
    id->hmpre = 64;
    id->hmmin = 16;
    id->edstt = 2;
    id->kas = 1;
    id->hctma = 1;
    id->sanicap = 7;
    id->nsetidmax = 1;
    id->endgidmax = 1;
    id->pels = 1;
    id->sqes = 0x66;
    id->cqes = 0x44;
    id->nn = 4;
    id->oncs = 0x1ff;
    id->fuses = 1;
    id->vwc = 7;
    id->nwpc = 7;
    id->sgls = 1;
}

static void good_namespace(struct nvme_id_ns *id, uint32_t nsid)
{
    if (nsid > 2) {
        return;
    }
    id->nsze = NS_BLOCKS;
    id->ncap = NS_BLOCKS;
    id->nuse = NS_BLOCKS / 2;
    id->nsfeat = 0x1f;
    id->nlbaf = 1;
    id->flbas = nsid == 2;
    id->lbaf[0] = (uint32_t)FIELD_PREP(NVME_LBAF_LBADS, 9);
    id->lbaf[1] = (uint32_t)FIELD_PREP(NVME_LBAF_LBADS, 12);
    id->rescap = 0xff;
    id->mssrl = 64;
    id->mcl = 64;
    id->msrc = 7;
}

static void good_identify(uint8_t *page, const struct nvme_sqe *sqe)
{
    static const uint8_t descriptor[4] = {3, 16};
    static const uint32_t namespaces[2] = {1, 2};

    switch (FIELD_GET(NVME_IDENTIFY_CDW10_CNS, sqe->cdw10)) {
    case NVME_CNS_NAMESPACE:
    case NVME_CNS_ALLOCATED_NAMESPACE:
        good_namespace((struct nvme_id_ns *)(void *)page, sqe->nsid);
        break;
    case NVME_CNS_CONTROLLER:
        good_controller((struct nvme_id_ctrl *)(void *)page);
        break;
    case NVME_CNS_ACTIVE_NAMESPACES:
    case NVME_CNS_ALLOCATED_NAMESPACES:
        if (sqe->nsid < 2) {
            memcpy(page, namespaces + sqe->nsid, sizeof(namespaces) - 4 * sqe->nsid);
        }
        break;
    case NVME_CNS_NAMESPACE_DESCRIPTORS:
        memcpy(page, descriptor, sizeof(descriptor));
        memset(page + sizeof(descriptor), (int)sqe->nsid, 16);
        break;
    default:
        break;
    }
}

/* Changes from the input: single places, or all of it. */
static void overlay(struct fuzz_input *in, uint8_t *data, size_t len)
{
    for (unsigned i = 0; i < PATCHES_MAX; i++) {
        uint8_t choice = fuzz_u8(in);

        if (choice == 0) {
            return;
        }
        if (choice == 0xff) {
            (void)fuzz_bytes(in, data, MIN(len, (size_t)fuzz_u16(in)));
        } else if (choice == 0xfe) {
            memset(data, fuzz_u8(in), len);
        } else {
            size_t at = fuzz_u16(in) % len;

            (void)fuzz_bytes(in, data + at, MIN(len - at, (size_t)(choice & 0x0f) + 1));
        }
    }
}

/* A driver will take blocks of this size for what the namespace has. */
static void note_block_size(struct fuzz_device *dev, const struct nvme_sqe *sqe,
                            const struct nvme_id_ns *id)
{
    unsigned format = (unsigned)FIELD_GET(NVME_FLBAS_FORMAT, id->flbas);
    unsigned lbads = (unsigned)FIELD_GET(NVME_LBAF_LBADS, id->lbaf[format]);

    if (FIELD_GET(NVME_IDENTIFY_CDW10_CNS, sqe->cdw10) == NVME_CNS_NAMESPACE && lbads >= 9 &&
        lbads <= 16 && sqe->nsid < DEVICE_NAMESPACES) {
        uint8_t *shift = &dev->block_shift[sqe->nsid];

        *shift = *shift ? MIN(*shift, (uint8_t)lbads) : (uint8_t)lbads;
    }
}

/* --- the way through memory ------------------------------------------------------------------- */

static void move(struct fuzz_device *dev, uint64_t iova, uint8_t *data, size_t len, bool to_host)
{
    uint8_t *memory = device_dma(dev, iova, len);

    if (to_host) {
        memcpy(memory, data, len);
    } else {
        memcpy(data, memory, len);
    }
}

static size_t page_part(uint64_t iova, size_t len)
{
    return MIN(len, (size_t)(NVME_PAGE_BYTES - iova % NVME_PAGE_BYTES));
}

/* The pages of a list, and of those it is chained to (§4.3). */
static void move_list(struct fuzz_device *dev, uint64_t list, uint8_t *data, size_t len,
                      bool to_host)
{
    size_t done = 0;

    while (done < len) {
        uint64_t entry;
        bool chain = list % NVME_PAGE_BYTES == NVME_PAGE_BYTES - sizeof(entry) &&
                     len - done > NVME_PAGE_BYTES;

        memcpy(&entry, device_dma(dev, list, sizeof(entry)), sizeof(entry));
        assert(entry % NVME_PAGE_BYTES == 0 || (chain && entry % sizeof(entry) == 0));
        if (chain) {
            list = entry;
            continue;
        }
        size_t part = MIN(len - done, (size_t)NVME_PAGE_BYTES);
        move(dev, entry, data + done, part, to_host);
        done += part;
        list += sizeof(entry);
    }
}

static void move_all(struct fuzz_device *dev, const struct nvme_sqe *sqe, uint8_t *data, size_t len,
                     bool to_host)
{
    if (FIELD_GET(NVME_SQE_PSDT, sqe->flags)) { /* one data block descriptor in the command */
        assert((uint32_t)sqe->prp2 >= len && sqe->prp2 >> 56 == 0);
        move(dev, sqe->prp1, data, len, to_host);
        return;
    }
    size_t first = page_part(sqe->prp1, len);

    assert(sqe->prp1 % 4 == 0);
    move(dev, sqe->prp1, data, first, to_host);
    if (len - first > NVME_PAGE_BYTES) {
        move_list(dev, sqe->prp2, data + first, len - first, to_host);
    } else if (len > first) {
        assert(sqe->prp2 % NVME_PAGE_BYTES == 0);
        move(dev, sqe->prp2, data + first, len - first, to_host);
    }
}

void device_transfer(struct fuzz_device *dev, unsigned qid, const struct nvme_sqe *sqe)
{
    struct transfer t = qid == 0 ? admin_transfer(sqe) : io_transfer(dev, sqe);

    if (t.len == 0 || t.len > TRANSFER_MAX) {
        return;
    }
    uint8_t *data = calloc(1, t.len);
    assert(data);
    if (t.to_host) {
        if (qid == 0 && sqe->opcode == NVME_ADM_IDENTIFY) {
            good_identify(data, sqe);
        }
        overlay(dev->in, data, t.len);
        if (qid == 0 && sqe->opcode == NVME_ADM_IDENTIFY) {
            note_block_size(dev, sqe, (const struct nvme_id_ns *)(const void *)data);
        }
    }
    move_all(dev, sqe, data, t.len, t.to_host);
    free(data);
}
