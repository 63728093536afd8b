/*
 * tests/fuzz/fuzz_nvme_device.c - the driver against a device whose every answer is the fuzzer's:
 * attach, whatever a host may ask for, recovery, detach.
 *
 * Whatever the device does, nothing crashes, every call comes back within the time that the header
 * promises, each I/O ends exactly once, and nothing is left behind.
 */
#include <stdlib.h>

#include "drivers/nvme/nvme.h"
#include "drivers/nvme/nvme_directive.h"
#include "drivers/nvme/nvme_feature.h"
#include "drivers/nvme/nvme_log.h"
#include "drivers/nvme/nvme_nvm.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "tests/fuzz/device.h"

#define IOS           12
#define MEMORY_BYTES  (40 * KIB)
#define OPERATIONS    24
#define IO_TIMEOUT    (2 * NS_PER_S)
#define ADMIN_TIMEOUT (3 * NS_PER_S)
/* The longest a call may take besides what the device was granted for late answers: two resets
 * (RDY twice within CAP.TO at most), shutdown, and commands that end in a time-out. */
#define READY_MAX_NS  (256 * 500 * NS_PER_MS)
#define CALL_MAX_NS   (8 * READY_MAX_NS + 60 * NS_PER_S + 64 * (IO_TIMEOUT + 2 * ADMIN_TIMEOUT))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tracked {
    struct nvme_io io; /* first: done() gets a pointer to it */
    bool lent;
};

static struct fuzz_device dev;
static struct nvme_ctrlr *ctrlr;
static struct tracked ios[IOS];
static struct dma_buf memory;
static uint8_t page[64 * 1024];

static void done(struct nvme_io *io)
{
    struct tracked *t = (struct tracked *)io;

    assert(t->lent); /* once, and only for what was taken */
    t->lent = false;
}

/* Half of the choices are a good range, the others anything. */
static void choose_range(struct fuzz_input *in, const struct nvme_ns *ns, uint64_t *lba,
                         uint64_t *count)
{
    uint8_t choice = fuzz_u8(in);

    *lba = choice & 1 ? fuzz_u64(in) : ns->block_count ? fuzz_u16(in) % ns->block_count : 0;
    *count = choice & 2 ? fuzz_u32(in) : 1U + (choice >> 2) % 8;
}

static struct nvme_ns *choose_ns(struct fuzz_input *in)
{
    unsigned count = nvme_ns_count(ctrlr);

    return count ? nvme_ns_at(ctrlr, fuzz_u8(in) % count) : NULL;
}

static struct nvme_qpair *choose_qp(struct fuzz_input *in)
{
    return nvme_qpair_at(ctrlr, fuzz_u8(in) % MAX(nvme_info(ctrlr)->io_qpairs, 1U));
}

static void fill_io(struct fuzz_input *in, struct nvme_io *io, struct nvme_ns *ns)
{
    static const uint8_t opcodes[] = {NVME_IO_READ, NVME_IO_WRITE, NVME_IO_FLUSH, NVME_IO_DSM};
    uint64_t count;

    *io = (struct nvme_io){.ns = ns, .done = done};
    choose_range(in, ns, &io->lba, &count);
    io->opcode = opcodes[fuzz_u8(in) % ARRAY_SIZE(opcodes)];
    io->nlb = (uint32_t)count;
    io->iova = memory.iova + (uint64_t)(fuzz_u8(in) & 0x3f) * 4;
    /* Lengths that the memory lent does not have are the caller's own fault. */
    if (ns->block_shift == 0 || (uint64_t)io->nlb << ns->block_shift > memory.len - 256) {
        io->nlb = io->opcode == NVME_IO_DSM ? io->nlb : 1;
    }
    if (io->opcode == NVME_IO_FLUSH) {
        io->nlb = 0;
    }
}

static void post_some(struct fuzz_input *in)
{
    struct nvme_qpair *qp = choose_qp(in);
    struct nvme_ns *ns = choose_ns(in);

    for (unsigned i = 0; qp && ns && i < IOS; i++) {
        if (ios[i].lent) {
            continue;
        }
        fill_io(in, &ios[i].io, ns);
        ios[i].lent = true; /* done() may run in a reap that another post leads to */
        if (nvme_post(qp, &ios[i].io)) {
            ios[i].lent = false;
            break;
        }
    }
    if (qp) {
        nvme_ring(qp);
    }
}

static void reap_some(struct fuzz_input *in)
{
    struct nvme_qpair *qp = choose_qp(in);
    unsigned turns = 1 + fuzz_u8(in);

    for (unsigned i = 0; qp && i < turns; i++) {
        if (nvme_reap(qp, 8) < 0) {
            return;
        }
        if (turns & 1) {
            nvme_sleep(qp, nvme_now_ns(ctrlr) + NS_PER_S);
        } else {
            dev.plat.relax(&dev);
        }
    }
}

static int io_sync(struct fuzz_input *in)
{
    struct nvme_qpair *qp = choose_qp(in);
    struct nvme_ns *ns = choose_ns(in);
    struct nvme_io io;

    if (!qp || !ns) {
        return 0;
    }
    fill_io(in, &io, ns);
    return nvme_io_sync(qp, &io, true);
}

static int any_admin(struct fuzz_input *in)
{
    struct nvme_sqe cmd = {.opcode = fuzz_u8(in), .nsid = fuzz_u8(in)};
    struct nvme_result res;

    cmd.cdw10 = fuzz_u32(in);
    cmd.cdw11 = fuzz_u8(in);
    if (cmd.opcode == NVME_ADM_IDENTIFY || cmd.opcode == NVME_ADM_GET_FEATURES) {
        return nvme_admin(ctrlr, &cmd, NVME_TO_HOST, page, NVME_IDENTIFY_BYTES, &res);
    }
    if (cmd.opcode == NVME_ADM_GET_LOG_PAGE) {
        cmd.cdw10 &= 0x00ffffff; /* numd: up to 1 KiB */
        cmd.cdw11 = 0;
        return nvme_admin(ctrlr, &cmd, NVME_TO_HOST, page, ((cmd.cdw10 >> 16) + 1) * 4, &res);
    }
    return nvme_admin(ctrlr, &cmd, NVME_NO_DATA, NULL, 0, &res);
}

static int any_log(struct fuzz_input *in)
{
    struct nvme_log_request req = {.lid = fuzz_u8(in), .nsid = NVME_NSID_ALL};
    struct nvme_result res;
    size_t len = (fuzz_u16(in) % sizeof(page) / 4 + 1) * 4;

    req.offset = (uint64_t)fuzz_u8(in) * 4;
    return nvme_log_read(ctrlr, &req, page, MIN(len, sizeof(page)), &res);
}

static int any_nvm(struct fuzz_input *in)
{
    struct nvme_qpair *qp = choose_qp(in);
    struct nvme_nvm nvm = {.ns = choose_ns(in), .data = page, .metadata = page + sizeof(page) / 2};

    if (!qp || !nvm.ns) {
        return 0;
    }
    choose_range(in, nvm.ns, &nvm.lba, &nvm.count);
    nvm.count = nvm.count % 4;
    if (nvm.ns->block_bytes > 4096 || nvm.ns->metadata_bytes > 4096) {
        return 0; /* the memory for it is too small */
    }
    switch (fuzz_u8(in) % 6) {
    case 0:
        return nvme_nvm_read(qp, &nvm);
    case 1:
        return nvme_nvm_verify(qp, &nvm);
    case 2:
        return nvme_nvm_write_zeroes(qp, &nvm);
    case 3:
        return nvme_nvm_compare(qp, &nvm);
    case 4:
        return nvme_nvm_lba_status(nvm.ns, nvm.lba, nvm.count, NVME_LBA_STATUS_TRACKED, page, 4096,
                                   &nvm.res);
    default:
        return nvme_nvm_write(qp, &nvm);
    }
}

static int any_feature(struct fuzz_input *in)
{
    struct nvme_feature_request request = {.fid = fuzz_u8(in), .select = fuzz_u8(in) & 3};
    struct nvme_result res;
    bool set = fuzz_u8(in) & 1;

    request.cdw11 = fuzz_u32(in);
    return set ? nvme_set_feature(ctrlr, &request, &res) : nvme_get_feature(ctrlr, &request, &res);
}

static bool all_back(void)
{
    for (unsigned i = 0; i < IOS; i++) {
        if (ios[i].lent) {
            return false;
        }
    }
    return true;
}

/* Only when nothing is outstanding, as the header asks. */
static int change_shape(struct fuzz_input *in)
{
    if (!all_back()) {
        return -EBUSY;
    }
    switch (fuzz_u8(in) % 3) {
    case 0:
        return nvme_qpairs_set(ctrlr, fuzz_u8(in) % 5, fuzz_u8(in) % 70);
    case 1:
        return nvme_subsystem_reset(ctrlr);
    default:
        return nvme_rescan_namespaces(ctrlr);
    }
}

static int operate(struct fuzz_input *in)
{
    struct nvme_ns *ns;
    bool aborted;

    switch (fuzz_u8(in) % 14) {
    case 0:
        post_some(in);
        return 0;
    case 1:
        reap_some(in);
        return 0;
    case 2:
        return io_sync(in);
    case 3:
        return any_admin(in);
    case 4:
        return any_log(in);
    case 5:
        return any_nvm(in);
    case 6:
        return any_feature(in);
    case 7:
        return change_shape(in);
    case 8:
        nvme_events_poll(ctrlr);
        return 0;
    case 9:
        return nvme_recover(ctrlr);
    case 10:
        ns = choose_ns(in);
        return ns ? nvme_ns_arm(ns, nvme_info(ctrlr)->serial) : 0;
    case 11:
        return nvme_abort(ctrlr, fuzz_u8(in) & 3, fuzz_u16(in), &aborted);
    case 12:
        return choose_qp(in) ? nvme_irq_enable(choose_qp(in), fuzz_u8(in) & 1) : 0;
    default:
        (void)nvme_shutdown(ctrlr);
        assert(all_back());
        return nvme_resume(ctrlr);
    }
}

static void live(struct fuzz_input *in)
{
    for (unsigned i = 0; i < OPERATIONS && in->at < in->len; i++) {
        uint64_t start_ns = dev.now_ns, granted_ns = dev.granted_ns;
        int err = operate(in);

        assert(err <= 0 || err < 4096); /* an errno, or a small number */
        assert(dev.now_ns - start_ns <= CALL_MAX_NS + dev.granted_ns - granted_ns);
        if (nvme_failed(ctrlr)) {
            err = nvme_recover(ctrlr);
            assert(all_back());
            assert(err <= 0 && !nvme_failed(ctrlr));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {.data = data, .len = size};
    struct nvme_options opt = nvme_default_options();
    size_t heap = heap_used_bytes();
    uint8_t choice;

    memset(ios, 0, sizeof(ios));
    fuzz_device_init(&dev, &in, false);
    choice = fuzz_u8(&in);
    opt.max_io_qpairs = 1 + choice % 4;
    opt.io_entries = 2 + fuzz_u8(&in) % 40;
    opt.io_timeout_ns = IO_TIMEOUT;
    opt.admin_timeout_ns = ADMIN_TIMEOUT;
    opt.host_memory_bytes = choice & 0x10 ? 64 * KIB : 0;
    opt.poll_only = choice & 0x20;
    opt.sgl = choice & 0x40;
    opt.shadow_doorbells = choice & 0x80;
    log_reset();
    int err = nvme_attach("nvme0", &dev.plat, &opt, &ctrlr);
    assert((err == 0) == (ctrlr != NULL));
    /* Every step has its time, and there are as many steps as the input has answers. */
    assert(dev.now_ns <= dev.granted_ns + READY_MAX_NS * 4 + CALL_MAX_NS);
    if (!err) {
        dev.alloc_fails_at = 0;
        err = nvme_dma_alloc(ctrlr, MEMORY_BYTES, NVME_PAGE_BYTES, &memory);
        if (!err) {
            live(&in);
            (void)nvme_shutdown(ctrlr);
            assert(all_back());
            nvme_dma_free(ctrlr, &memory);
        }
        nvme_detach(ctrlr);
    }
    fuzz_device_fini(&dev);
    assert(heap_used_bytes() == heap);
    return 0;
}
