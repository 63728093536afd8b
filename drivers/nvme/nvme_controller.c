/*
 * drivers/nvme/nvme_controller.c - a controller's life: attach, identify, shutdown, detach.
 */
#include "drivers/nvme/nvme_internal.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/string.h"

#define READY_TIMEOUT_UNIT_NS   (500 * NS_PER_MS)  /* of CAP.TO */
#define SHUTDOWN_TIMEOUT_MIN_NS (5 * NS_PER_S)
#define SHUTDOWN_TIMEOUT_MAX_NS (60 * NS_PER_S)

/* The registers before anything is written: can this controller be driven at all? */
static int check_registers(struct nvme_ctrlr *c)
{
    const char *name = c->name;

    if (c->quirks & NVME_QUIRK_REFUSE) {
        log_error("%s: device %04x:%04x departs from NVMe in ways that are not supported", name,
                  c->plat.vendor_id, c->plat.device_id);
        return -ENOTSUP;
    }
    if (c->plat.bar_bytes < NVME_REG_DOORBELLS) {
        log_error("%s: the register BAR has %llu bytes, too few for doorbells", name,
                  (unsigned long long)c->plat.bar_bytes);
        return -ENODEV;
    }
    uint64_t cap = nvme_read64(c, NVME_REG_CAP);
    uint32_t vs = nvme_read32(c, NVME_REG_VS);

    /* Either half of CAP has reserved bits, and a working controller sets bits in either. */
    bool ones = (uint32_t)cap == UINT32_MAX || cap >> 32 == UINT32_MAX || vs == UINT32_MAX;

    if (ones || (uint32_t)cap == 0 || cap >> 32 == 0 || vs == 0) {
        log_error("%s: the registers read all %s: there is no controller", name,
                  ones ? "ones" : "zeros");
        return -ENODEV;
    }
    c->info.cap = cap;
    c->info.vs = vs;
    c->dstrd = (uint32_t)FIELD_GET(NVME_CAP_DSTRD, cap);
    /* One unit more than CAP.TO: it may be zero, and clocks differ. */
    c->ready_timeout_ns = (FIELD_GET(NVME_CAP_TO, cap) + 1) * READY_TIMEOUT_UNIT_NS;
    if (!FIELD_GET(NVME_CAP_CSS_NVM, cap)) {
        log_error("%s: the controller does not support the NVM command set", name);
        return -ENODEV;
    }
    if (FIELD_GET(NVME_CAP_MPSMIN, cap) > NVME_PAGE_SHIFT - 12) {
        log_error("%s: memory pages of 4 KiB are not supported, the smallest are 2^%u bytes", name,
                  12 + (unsigned)FIELD_GET(NVME_CAP_MPSMIN, cap));
        return -ENOTSUP;
    }
    /* The admin queue and one I/O queue pair, at the least. */
    if (c->plat.bar_bytes < NVME_REG_CQHDBL(1, c->dstrd) + sizeof(uint32_t)) {
        log_error("%s: the register BAR of %llu bytes ends before the doorbells (stride %u)", name,
                  (unsigned long long)c->plat.bar_bytes, 4U << c->dstrd);
        return -ENODEV;
    }
    return 0;
}

static int disable_at_attach(struct nvme_ctrlr *c)
{
    int err;

    c->info.was_enabled = FIELD_GET(NVME_CC_EN, nvme_read32(c, NVME_REG_CC));
    err = nvme_disable(c);
    if (err && nvme_csts_is_gone(c, nvme_read32(c, NVME_REG_CSTS))) {
        log_error("%s: the registers do not answer: the device is gone", c->name);
    } else if (err) {
        log_error("%s: still ready %llu ms after being disabled", c->name,
                  (unsigned long long)(c->ready_timeout_ns / NS_PER_MS));
    }
    return err;
}

/* --- identify ------------------------------------------------------------------------------- */

/* A fixed-width field as a C string: trailing blanks cut, unprintable bytes as '?'. */
static void copy_text(char *dst, const char *src, size_t len)
{
    while (len && (src[len - 1] == ' ' || src[len - 1] == '\0')) {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        dst[i] = src[i] >= ' ' && src[i] <= '~' ? src[i] : '?';
    }
    dst[len] = '\0';
}

/* An entry of 2^shift bytes lies within what SQES or CQES allow. Some drives leave it zero. */
static bool entry_size_fits(uint8_t sizes, unsigned shift)
{
    return sizes == 0 || (FIELD_GET(NVME_SQES_REQUIRED, sizes) <= shift &&
                          FIELD_GET(NVME_SQES_MAXIMUM, sizes) >= shift);
}

static int check_id_ctrl(const struct nvme_ctrlr *c, const struct nvme_id_ctrl *id)
{
    if (id->cntrltype == NVME_CNTRLTYPE_DISCOVERY || id->cntrltype == NVME_CNTRLTYPE_ADMIN) {
        log_error("%s: controller type %u is not an I/O controller", c->name, id->cntrltype);
        return -ENODEV;
    }
    if (!entry_size_fits(id->sqes, NVME_SQE_SHIFT) || !entry_size_fits(id->cqes, NVME_CQE_SHIFT)) {
        log_error("%s: identify data makes no sense: queue entry sizes SQES %02Xh, CQES %02Xh",
                  c->name, id->sqes, id->cqes);
        return -EPROTO;
    }
    if (mem_is_zero(id, sizeof(*id))) {
        log_error("%s: identify data makes no sense: all zeros", c->name);
        return -EPROTO;
    }
    return 0;
}

int nvme_identify_controller(struct nvme_ctrlr *c, struct nvme_id_ctrl *id)
{
    struct nvme_result res;
    char status[96];
    int err = nvme_admin_identify(c, NVME_CNS_CONTROLLER, 0, id, &res);

    if (err && res.status) {
        nvme_status_format(res.status, status, sizeof(status));
        log_error("%s: Identify Controller was refused: %s", c->name, status);
        return -EIO;
    }
    return err ? err : check_id_ctrl(c, id);
}

/* What a person wants to know of Identify Controller. */
static void note_identity(struct nvme_ctrlr *c)
{
    const struct nvme_id_ctrl *id = &c->id;

    copy_text(c->info.serial, id->sn, sizeof(id->sn));
    copy_text(c->info.model, id->mn, sizeof(id->mn));
    copy_text(c->info.firmware, id->fr, sizeof(id->fr));
    c->info.volatile_cache = FIELD_GET(NVME_VWC_PRESENT, id->vwc);
    c->use_sgl = c->opt.sgl && nvme_can(c, NVME_CAN_SGL);
    c->info.sgl = c->use_sgl;
    /* MDTS counts pages of CAP.MPSMIN, which is 4 KiB here. 2^31 and more is no limit to us. */
    c->info.max_transfer_bytes = id->mdts > 0 && id->mdts < 31 - NVME_PAGE_SHIFT
                                     ? UINT32_C(1) << (NVME_PAGE_SHIFT + id->mdts)
                                     : 0;
}

int nvme_identify_again(struct nvme_ctrlr *c)
{
    struct nvme_id_ctrl *id = c->id_again;
    int err = nvme_identify_controller(c, id);

    if (!err && (memcmp(id->sn, c->id.sn, sizeof(id->sn)) != 0 ||
                 memcmp(id->mn, c->id.mn, sizeof(id->mn)) != 0)) {
        log_error("%s: another device answers now", c->name);
        err = -ENODEV;
    }
    if (!err) {
        c->id = *id;
        note_identity(c); /* the firmware may be a newer one */
    }
    return err;
}

static int identify_at_attach(struct nvme_ctrlr *c)
{
    int err = nvme_identify_controller(c, &c->id);

    if (err) {
        return err;
    }
    note_identity(c);
    log_info("%s: %s, serial %s, firmware %s, NVMe %u.%u, ready after %llu ms", c->name,
             c->info.model, c->info.serial, c->info.firmware,
             (unsigned)FIELD_GET(NVME_VS_MJR, c->info.vs),
             (unsigned)FIELD_GET(NVME_VS_MNR, c->info.vs),
             (unsigned long long)(c->info.ready_ns / NS_PER_MS));
    return 0;
}

/* --- attach, shutdown, detach --------------------------------------------------------------- */

struct nvme_options nvme_default_options(void)
{
    return (struct nvme_options){
        .max_io_qpairs = 64,
        .io_entries = 1024,
        .io_timeout_ns = 30 * NS_PER_S,
        .admin_timeout_ns = 60 * NS_PER_S,
        .retries = 4,
        .max_resets = 8,
        .host_memory_bytes = 64 * MIB,
    };
}

/* Frees c. Memory the device may still write to is kept, see nvme_dma_free. */
static void ctrlr_free(struct nvme_ctrlr *c)
{
    if (c->kept_bytes) {
        log_error("%s: %llu KiB of memory stay with the device, which does not become quiet",
                  c->name, (unsigned long long)(c->kept_bytes / KIB));
    }
    nvme_dma_check_end(c);
    heap_free(c->id_again);
    heap_free(c->effects);
    heap_free(c);
}

/* Whatever state it is in, it must not reach our memory when that is freed. */
static void quiet_for_free(struct nvme_ctrlr *c)
{
    if (!c->disabled && nvme_disable(c) == -ETIMEDOUT) {
        log_error("%s: does not become quiet: CSTS.RDY stays 1", c->name);
        c->dead_err = -ETIMEDOUT;
    }
}

static struct nvme_ctrlr *ctrlr_alloc(const char *name, const struct platform *plat,
                                      const struct nvme_options *opt)
{
    const struct nvme_options defaults = nvme_default_options();
    struct nvme_ctrlr *c = heap_alloc(1, sizeof(*c));

    struct nvme_id_ctrl *again = heap_alloc(1, sizeof(*again));

    if (!c || !again) {
        log_error("%s: out of memory", name);
        heap_free(again);
        heap_free(c);
        return NULL;
    }
    c->id_again = again;
    str_copy(c->name, sizeof(c->name), name);
    c->plat = *plat;
    nvme_dma_check_begin(c);
    c->opt = *opt;
    if (!c->opt.io_timeout_ns) {
        c->opt.io_timeout_ns = defaults.io_timeout_ns;
    }
    if (!c->opt.admin_timeout_ns) {
        c->opt.admin_timeout_ns = defaults.admin_timeout_ns;
    }
    if (!c->opt.max_resets) {
        c->opt.max_resets = defaults.max_resets;
    }
    c->opt.max_resets = MIN(c->opt.max_resets, (unsigned)NVME_RESETS_REMEMBERED);
    c->quirks = nvme_quirks_of(plat->vendor_id, plat->device_id);
    c->info.emulated = c->quirks & NVME_QUIRK_EMULATED;
    return c;
}

/* From the first Identify to I/O. What was made stays, for the caller to free. */
static int make_usable(struct nvme_ctrlr *c)
{
    nvme_retry_enable(c);
    int err = nvme_hmb_enable(c); /* first: without it the drive may be slow */

    if (!err) {
        err = nvme_qpairs_create(c);
    }
    if (!err) {
        err = nvme_namespaces_scan(c, &c->namespaces);
    }
    return err ? err : nvme_events_enable(c);
}

int nvme_attach(const char *name, const struct platform *plat, const struct nvme_options *opt,
                struct nvme_ctrlr **out)
{
    struct nvme_ctrlr *c = ctrlr_alloc(name, plat, opt);
    int err;

    *out = NULL;
    if (!c) {
        return -ENOMEM;
    }
    err = check_registers(c);
    if (err) {
        goto err_registers;
    }
    err = disable_at_attach(c);
    if (err) {
        goto err_disable;
    }
    err = nvme_admin_init(c);
    if (err) {
        goto err_admin;
    }
    err = nvme_enable(c);
    if (err) {
        goto err_enable;
    }
    err = identify_at_attach(c);
    if (err) {
        goto err_identify;
    }
    err = make_usable(c);
    if (err) {
        goto err_usable;
    }
    *out = c;
    return 0;

err_usable:
err_identify:
err_enable:
    quiet_for_free(c);
    nvme_cmb_disable(c);
    nvme_ns_list_free(&c->namespaces);
    nvme_qpairs_free(c);
    nvme_hmb_free(c);
    nvme_admin_fini(c);
err_admin:
    if (err == -ENOMEM) {
        log_error("%s: out of memory", c->name);
    }
err_disable:
err_registers:
    ctrlr_free(c);
    return err == -ESHUTDOWN || err == -EINVAL || err == -ENXIO ? -EIO : err;
}

/* Tells the controller to store what it has and waits for its word (§7.6.2). */
static int notify_shutdown(struct nvme_ctrlr *c)
{
    uint64_t wanted_ns = MIN((uint64_t)c->id.rtd3e * NS_PER_US, SHUTDOWN_TIMEOUT_MAX_NS);
    uint64_t timeout_ns = MAX(wanted_ns, SHUTDOWN_TIMEOUT_MIN_NS);
    int err;

    nvme_write32(c, NVME_REG_CC, c->cc | (uint32_t)FIELD_PREP(NVME_CC_SHN, NVME_CC_SHN_NORMAL));
    err = nvme_wait_csts(c, NVME_CSTS_SHST, FIELD_PREP(NVME_CSTS_SHST, NVME_CSTS_SHST_COMPLETE),
                         timeout_ns, false);
    if (err) {
        log_error("%s: shutdown was not completed: %s", c->name,
                  err == -ENODEV ? "the device is gone" : "no answer in time");
    }
    return err;
}

int nvme_shutdown(struct nvme_ctrlr *ctrlr)
{
    unsigned before = atomic_fetch_or(&ctrlr->attention, NVME_ATTENTION_STOPPED);
    int err = 0;

    if (ctrlr->shut_down) {
        return 0;
    }
    ctrlr->shut_down = true;
    nvme_disarm_for(ctrlr, "it is shut down");
    if (before & NVME_ATTENTION_STOPPED) {
        err = -ESHUTDOWN;
    } else {
        for (unsigned i = 0; i < ctrlr->info.io_qpairs; i++) {
            (void)nvme_delete_queues(ctrlr->io_qpairs[i]); /* it is about to be disabled */
        }
        nvme_hmb_disable(ctrlr);
        err = atomic_load(&ctrlr->failed) ? -ESHUTDOWN : notify_shutdown(ctrlr);
    }
    atomic_store(&ctrlr->failed, false);
    quiet_for_free(ctrlr);
    nvme_end_all(ctrlr);
    nvme_events_reset(ctrlr);
    if (err == 0 && !ctrlr->disabled) {
        err = -ETIMEDOUT;
    }
    return err == -ENODEV ? -ESHUTDOWN : err;
}

void nvme_detach(struct nvme_ctrlr *ctrlr)
{
    if (!ctrlr) {
        return;
    }
    (void)nvme_shutdown(ctrlr); /* what there is to say has been logged */
    nvme_cmb_disable(ctrlr);
    nvme_ns_list_free(&ctrlr->namespaces);
    nvme_ns_list_free(&ctrlr->gone);
    nvme_qpairs_free(ctrlr);
    nvme_hmb_free(ctrlr);
    nvme_admin_fini(ctrlr);
    ctrlr_free(ctrlr);
}

bool nvme_is_shut_down(const struct nvme_ctrlr *ctrlr)
{
    return ctrlr->shut_down;
}

/* --- questions ------------------------------------------------------------------------------ */

const char *nvme_name(const struct nvme_ctrlr *ctrlr)
{
    return ctrlr->name;
}

void nvme_rename(struct nvme_ctrlr *ctrlr, const char *name)
{
    str_copy(ctrlr->name, sizeof(ctrlr->name), name);
}

const struct nvme_info *nvme_info(const struct nvme_ctrlr *ctrlr)
{
    return &ctrlr->info;
}

const struct nvme_id_ctrl *nvme_id_ctrl(const struct nvme_ctrlr *ctrlr)
{
    return &ctrlr->id;
}

uint32_t nvme_reg_read32(const struct nvme_ctrlr *ctrlr, uint32_t off)
{
    return off + sizeof(uint32_t) <= ctrlr->plat.bar_bytes ? nvme_read32(ctrlr, off) : UINT32_MAX;
}

uint64_t nvme_reg_read64(const struct nvme_ctrlr *ctrlr, uint32_t off)
{
    return off + sizeof(uint64_t) <= ctrlr->plat.bar_bytes ? nvme_read64(ctrlr, off) : UINT64_MAX;
}

int nvme_dma_alloc(struct nvme_ctrlr *ctrlr, size_t len, size_t align, struct dma_buf *out)
{
    return ctrlr->plat.dma_alloc(ctrlr->plat.ctx, len, align, out);
}

void nvme_dma_free(struct nvme_ctrlr *ctrlr, struct dma_buf *buf)
{
    if (!buf->va) {
        return;
    }
    /* A controller that was given up and did not become quiet may still write to its memory. */
    if (ctrlr->disabled || !ctrlr->dead_err) {
        ctrlr->plat.dma_free(ctrlr->plat.ctx, buf);
    } else {
        ctrlr->kept_bytes += buf->len;
        *buf = (struct dma_buf){0};
    }
}

uint64_t nvme_dma_addr(struct nvme_ctrlr *ctrlr, const void *va, size_t len)
{
    return ctrlr->plat.dma_addr(ctrlr->plat.ctx, va, len);
}

uint64_t nvme_now_ns(const struct nvme_ctrlr *ctrlr)
{
    return nvme_now(ctrlr);
}
