/*
 * drivers/nvme/nvme_hmb.c - Host Memory Buffer (NVMe 1.4 §8.9): memory of ours that a drive without
 * its own asks for, to keep its tables in. It is the drive's alone from the command that lends it
 * until a command that ends that has completed, or the controller is disabled; it is neither read
 * nor written here in between. What the drive left in it is still there after a reset, and offered
 * again as it was (memory return).
 *
 * What is lent is what the drive prefers (HMPRE) within the option host_memory_bytes, and not less
 * than it can use at all (HMMIN): then it gets nothing.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"

#define UNIT_BYTES      UINT64_C(4096)            /* of HMPRE, HMMIN and HMMINDS */
#define LIST_ENTRIES    (NVME_PAGE_BYTES / sizeof(struct nvme_hmb_descriptor))
#define CHUNK_MAX_BYTES (UINT64_C(16) * MIB)

static void free_chunks(struct nvme_ctrlr *c)
{
    for (unsigned i = 0; i < c->hmb.chunk_count; i++) {
        nvme_dma_free(c, &c->hmb.chunks[i]);
    }
    c->hmb.chunk_count = 0;
    c->hmb.bytes = 0;
}

void nvme_hmb_free(struct nvme_ctrlr *c)
{
    free_chunks(c);
    nvme_dma_free(c, &c->hmb.list);
    heap_free(c->hmb.chunks);
    c->hmb = (struct nvme_hmb){0};
    c->info.host_memory_bytes = 0;
    c->info.host_memory_chunks = 0;
}

/* Up to wanted bytes in pieces of chunk_bytes, the last one as small as smallest. */
static void alloc_chunks(struct nvme_ctrlr *c, uint64_t wanted, uint64_t chunk_bytes,
                         uint64_t smallest, unsigned most)
{
    struct nvme_hmb *hmb = &c->hmb;

    while (hmb->bytes < wanted && hmb->chunk_count < most) {
        uint64_t bytes = MIN(chunk_bytes, wanted - hmb->bytes);

        if (bytes < smallest ||
            nvme_dma_alloc(c, bytes, NVME_PAGE_BYTES, &hmb->chunks[hmb->chunk_count]) != 0) {
            return;
        }
        hmb->chunk_count++;
        hmb->bytes += bytes;
    }
}

/* Large pieces first, smaller ones when there is no room for those. 0, -ENOMEM. */
static int alloc_buffer(struct nvme_ctrlr *c, uint64_t wanted, uint64_t least)
{
    uint64_t smallest = MAX((uint64_t)c->id.hmminds, UINT64_C(1)) * UNIT_BYTES;
    unsigned limit = c->id.hmmaxd ? c->id.hmmaxd : LIST_ENTRIES;
    unsigned most = MIN(limit, (unsigned)LIST_ENTRIES);
    uint64_t first = MAX(MIN(wanted, CHUNK_MAX_BYTES), smallest);

    c->hmb.chunks = heap_alloc(most, sizeof(c->hmb.chunks[0]));
    if (!c->hmb.chunks ||
        nvme_dma_alloc(c, NVME_PAGE_BYTES, NVME_PAGE_BYTES, &c->hmb.list) != 0) {
        return -ENOMEM;
    }
    /* A list too short for such pieces may still do for larger ones. */
    if (first < wanted && wanted / first >= most) {
        first = ALIGN_UP(wanted / most + UNIT_BYTES, UNIT_BYTES);
    }
    for (uint64_t bytes = first; bytes >= smallest; bytes = ALIGN_DOWN(bytes / 2, UNIT_BYTES)) {
        alloc_chunks(c, wanted, bytes, smallest, most);
        if (c->hmb.bytes && c->hmb.bytes >= least) {
            return 0;
        }
        free_chunks(c);
    }
    return -ENOMEM;
}

static void fill_list(struct nvme_ctrlr *c)
{
    struct nvme_hmb_descriptor *list = c->hmb.list.va;

    for (unsigned i = 0; i < c->hmb.chunk_count; i++) {
        list[i] = (struct nvme_hmb_descriptor){
            .badd = c->hmb.chunks[i].iova,
            .bsize = (uint32_t)(c->hmb.chunks[i].len / NVME_PAGE_BYTES),
        };
    }
}

/* Everything there is to lend. False: nothing is, and why has been logged. */
static bool prepare(struct nvme_ctrlr *c)
{
    uint64_t preferred = c->id.hmpre * UNIT_BYTES, least = c->id.hmmin * UNIT_BYTES;
    uint64_t most = ALIGN_DOWN(c->opt.host_memory_bytes, UNIT_BYTES);

    if (preferred == 0 || c->opt.host_memory_bytes == 0) {
        return false;
    }
    if (most < MAX(least, UNIT_BYTES)) {
        log_warn("%s: wants at least %llu KiB of host memory, %llu KiB may be lent: none is",
                 c->name, (unsigned long long)(least / KIB), (unsigned long long)(most / KIB));
        return false;
    }
    if (alloc_buffer(c, MIN(preferred, most), least) != 0) {
        log_warn("%s: no memory to lend, of the %llu KiB that it wants", c->name,
                 (unsigned long long)(preferred / KIB));
        nvme_hmb_free(c);
        return false;
    }
    fill_list(c);
    return true;
}

static int set_buffer(struct nvme_ctrlr *c, uint64_t flags, struct nvme_result *res)
{
    bool enable = flags & NVME_HMB_EHM;
    const struct nvme_sqe cmd = {
        .opcode = NVME_ADM_SET_FEATURES,
        .cdw10 = (uint32_t)FIELD_PREP(NVME_SET_FEATURES_CDW10_FID, NVME_FEAT_HOST_MEMORY_BUFFER),
        .cdw11 = (uint32_t)flags,
        .cdw12 = enable ? (uint32_t)(c->hmb.bytes / NVME_PAGE_BYTES) : 0,
        .cdw13 = enable ? (uint32_t)c->hmb.list.iova : 0,
        .cdw14 = enable ? (uint32_t)(c->hmb.list.iova >> 32) : 0,
        .cdw15 = enable ? c->hmb.chunk_count : 0,
    };

    return nvme_admin_run(c, &cmd, NVME_NO_DATA, NULL, 0, res);
}

int nvme_hmb_enable(struct nvme_ctrlr *c)
{
    struct nvme_result res;
    char status[96];
    bool returned = c->hmb.chunk_count != 0; /* lent before the reset, and left alone since */
    int err;

    c->hmb.enabled = false;
    if (!returned && !prepare(c)) {
        return 0;
    }
    err = set_buffer(c, NVME_HMB_EHM | (returned ? NVME_HMB_MR : 0), &res);
    if (err && res.status && returned) {
        err = set_buffer(c, NVME_HMB_EHM, &res);
    }
    if (err && res.status) {
        nvme_status_format(res.status, status, sizeof(status));
        log_warn("%s: the host memory it asked for was refused: %s", c->name, status);
        nvme_hmb_free(c);
        return 0;
    }
    if (err) {
        return err; /* it has failed; the memory stays until it is quiet */
    }
    c->hmb.enabled = true;
    c->info.host_memory_bytes = c->hmb.bytes;
    c->info.host_memory_chunks = c->hmb.chunk_count;
    if (!returned) {
        log_info("%s: %llu KiB of memory lent to it", c->name,
                 (unsigned long long)(c->hmb.bytes / KIB));
    }
    return 0;
}

void nvme_hmb_disable(struct nvme_ctrlr *c)
{
    struct nvme_result res;

    if (!c->hmb.enabled) {
        return;
    }
    c->hmb.enabled = false;
    if (set_buffer(c, 0, &res) != 0 && res.status) {
        log_warn("%s: does not return the memory lent to it: %s", c->name,
                 nvme_status_name(res.status));
    }
}
